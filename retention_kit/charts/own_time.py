"""What charts over a customer's own time have in common: days across, shares up, numbers at risk below."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit import formats
from retention_kit.charts import churn_words as words
from retention_kit.charts.chart import Chart, chart
from retention_kit.measures.survival_result import Estimate, SurvivalCurve

__all__ = ["Row", "curve_rows", "interval_title", "numbers_at_risk", "point", "some", "timed"]

_MOST_POINTS = 85  # of a curve: more no eye can tell apart
_BELOW, _ROW = 326, 15  # pixels from the top of a curve to the first number at risk, and between rows

Row = dict[str, Any]


def timed(
    name: str,
    *,
    title: str,
    subtitle: str,
    described: str,
    x_title: str,
    value_title: str,
    customers_title: str,
    level: float,
    longest: int,
    data: Mapping[str, Sequence[Row]],
    table: pa.Table,
    more: Mapping[str, Any] | None = None,
) -> Chart:
    """Return a chart over a customer's own time."""
    return chart(
        name,
        title=title,
        subtitle=subtitle,
        description=f"{title}. {described}",
        words={
            "x_title": x_title,
            "value_title": value_title,
            "customers_title": customers_title,
            "interval_title": interval_title(level),
            "longest": repr(longest),
            "format": ".0%",
            **(more or {}),
        },
        data=data,
        table=table,
    )


def interval_title(level: float) -> str:
    return f"{level * 100:g} % interval"


def point(time: int, found: Estimate, customers: int) -> Row:
    ends = {"ci_low": found.ci_low, "ci_high": found.ci_high}
    return {
        "time": time,
        "column": formats.count(time),
        "value": found.value,
        "text": formats.value(found.value, "share"),
        "interval": formats.interval(found.ci_low, found.ci_high, "share"),
        "customers": customers,
        **{name: end for name, end in ends.items() if end is not None},
    }


def some(times: Sequence[int], shares: Sequence[float]) -> NDArray[np.int64]:
    """Places of the points that are drawn: evenly spaced along the curve, from the first to the last."""
    across, down = np.asarray(times, dtype=float), np.asarray(shares, dtype=float)
    steps = np.abs(np.diff(across)) / max(np.ptp(across), 1.0)
    steps += np.abs(np.diff(down)) / max(float(np.ptp(down)), 1e-9)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0.0, along[-1], _MOST_POINTS)
    places = np.searchsorted(along, wanted - 1e-9).clip(0, len(along) - 1)
    return np.unique(np.append(places, len(along) - 1)).astype(np.int64)


def curve_rows(curve: SurvivalCurve) -> list[Row]:
    changes = np.unique(np.concatenate([[0], curve.times[curve.events > 0], [curve.last_time]]))
    times = changes[some(changes.tolist(), curve.survival_at(changes).tolist())]
    at_risk = curve.at_risk_at(times)
    return [
        point(int(time), words.share_at(curve, int(time)), int(people))
        for time, people in zip(times, at_risk, strict=True)
    ]


def numbers_at_risk(curves: Mapping[str, SurvivalCurve]) -> dict[str, list[Row]]:
    """Numbers at risk below the axis, at round times."""
    longest = max(curve.last_time for curve in curves.values())
    step = _round_step(longest)
    numbers, names = [], []
    for place, (name, curve) in enumerate(curves.items()):
        below = _BELOW + _ROW * place
        names.append({"below": below, "text": name if len(name) <= 12 else f"{name[:11]}…"})
        for time in range(0, longest + 1, step):
            # At time 0 all those are there who are watched from their start.
            people = int(curve.at_risk_at([max(time, 0)])[0])
            numbers.append({"time": time, "below": below, "text": formats.count(people), "group": name})
    return {"at_risk": numbers, "risk_names": names}


def _round_step(longest: int) -> int:
    """A round number of days, of which six to twelve reach the longest time."""
    for step in (1, 2, 5, 10, 20, 30, 60, 90, 180, 365, 730, 1825):
        if longest / step <= 12:
            return step
    return 3650
