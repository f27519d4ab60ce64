"""Pictures the size of a word, without axes: how a number went, and how many there are of each size."""

from collections.abc import Sequence
from itertools import groupby
from math import isfinite

__all__ = ["bars", "sparkline"]

_WIDTH, _HEIGHT, _MARGIN = 120, 30, 3  # pixels


def sparkline(values: Sequence[float | None]) -> str:
    """Return values in the order of time as a small SVG line in the colour of the text, last one dotted.

    Gaps stay gaps. The line is hidden from screen readers: the numbers stand beside it.

    Parameters
    ----------
    values : sequence of float or None
        In any unit; None and what is not finite is not known.

    Returns
    -------
    str
        Empty with fewer than two known values, which make no line.

    Examples
    --------
    >>> sparkline([1.0])
    ''
    >>> sparkline([0, 1]).count("<polyline")
    1
    """
    known = [(i, float(value)) for i, value in enumerate(values) if value is not None and isfinite(value)]
    if len(known) < 2:
        return ""
    low, high = min(value for _, value in known), max(value for _, value in known)
    across = (_WIDTH - 2 * _MARGIN) / (len(values) - 1)
    up = (_HEIGHT - 2 * _MARGIN) / (high - low) if high > low else 0.0

    def placed(point: tuple[int, float]) -> tuple[str, str]:
        i, value = point
        y = _HEIGHT - _MARGIN - (value - low) * up if up else _HEIGHT / 2
        return f"{_MARGIN + i * across:.1f}", f"{y:.1f}"

    # Points in a row have the same distance between their place among the known and among all.
    runs = [[point for _, point in run] for _, run in groupby(enumerate(known), lambda at: at[1][0] - at[0])]
    lines = "".join(
        f'<polyline points="{" ".join(",".join(placed(point)) for point in run)}"/>'
        for run in runs
        if len(run) > 1
    )
    x, y = placed(known[-1])
    return (
        f'<svg class="rk-spark" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
        f'aria-hidden="true">{lines}<circle cx="{x}" cy="{y}" r="2.5"/></svg>'
    )


def bars(counts: Sequence[int]) -> str:
    """Return counts of neighbouring classes as a small SVG of bars in the colour of the text.

    It is hidden from screen readers, as the line is; without any count it is empty.

    Examples
    --------
    >>> bars([0, 0])
    ''
    >>> bars([1, 0, 2]).count("<rect")
    2
    """
    most = max(counts, default=0)
    if not most:
        return ""
    wide, tall = (_WIDTH - 2 * _MARGIN) / len(counts), _HEIGHT - 2 * _MARGIN
    drawn = "".join(
        f'<rect x="{_MARGIN + i * wide:.1f}" y="{_HEIGHT - _MARGIN - tall * count / most:.1f}" '
        f'width="{wide * 0.8:.1f}" height="{tall * count / most:.1f}" fill="currentColor"/>'
        for i, count in enumerate(counts)
        if count
    )
    return (
        f'<svg class="rk-spark" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
        f'aria-hidden="true">{drawn}</svg>'
    )
