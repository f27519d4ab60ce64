"""Targets: a path from a baseline to a goal, and how far the actual values follow it."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from retention_kit import formats
from retention_kit.data.calendar import Grain
from retention_kit.data.dataset import Dataset
from retention_kit.data.ledger import open_ledger
from retention_kit.definitions import DEFINITIONS
from retention_kit.errors import ParameterError, did_you_mean
from retention_kit.measures.scorecard import scorecard
from retention_kit.measures.scorecard_periods import day_of
from retention_kit.measures.scorecard_result import Scorecard, Tile, Unit
from retention_kit.measures.survival_result import Estimate

__all__ = ["TargetPath", "target_path"]

_SCHEMA = pa.schema(
    [
        ("period", pa.string()),
        ("starts_on", pa.date32()),
        *((name, pa.float64()) for name in ("path", "actual", "ci_low", "ci_high", "gap")),
        ("status", pa.string()),
    ]
)


@dataclass(frozen=True, eq=False)
class TargetPath:
    """A path to a goal, and the actual values.

    Attributes
    ----------
    metric, unit : str
        What is meant to change, and its unit.
    goal : float
        What it is to be.
    baseline, due : str
        Labels of the periods in which the path begins, and by which the goal is to be reached.
    table : pyarrow.Table
        One row per period from the baseline on: ``period``, ``starts_on``, ``path`` (a straight line from the
        baseline's value to the goal), ``actual``, ``ci_low``, ``ci_high``, ``gap`` (actual less path), and
        ``status``: ``ahead`` or ``behind`` where the whole interval is on that side of the path, ``on the
        path`` where it holds the path. Missing where a period is not over.
    sentence : str
        Where the metric stands in the last complete period.
    grain : str
        Length of a period.
    as_of : date
        Last day counted.
    notes : tuple of str
        What a reader has to know.
    """

    metric: str
    unit: Unit
    goal: float
    baseline: str
    due: str
    table: pa.Table
    sentence: str
    grain: Grain
    as_of: date
    notes: tuple[str, ...]


def target_path(
    dataset: Dataset,
    metric: str,
    *,
    goal: float | None = None,
    baseline: str = "",
    due: str = "",
    grain: Grain = "month",
    segment: str = "",
    level: float = 0.95,
) -> TargetPath:
    """Draw a path from a baseline to a goal, period by period, and set the actual values against it.

    Parameters
    ----------
    dataset : Dataset
        An open dataset with orders.
    metric : str
        Key of a metric of the scorecard that has a value per period.
    goal : float, optional
        What it is to be, in the metric's unit (rates as fractions); else the dataset's target, which is
        meant for periods of the dataset's ``target_grain``.
    baseline : str
        A day of the period in which the path begins, YYYY-MM-DD; empty for the last period before the year
        that holds the last complete one, or the first with a value.
    due : str
        A day of the period by which the goal is to be reached; empty for the last of that year.
    grain, segment, level
        As for `scorecard`.

    Raises
    ------
    ParameterError
        When the metric has no values over time, there is no goal, the baseline has no value, or the goal is
        due no later than the baseline.

    Examples
    --------
    >>> from retention_kit import open_dataset
    >>> path = target_path(open_dataset("cdnow"), "purchase_frequency", goal=2.0, grain="quarter")
    >>> path.baseline, path.due, path.table.num_rows
    ('1997 Q4', '1998 Q4', 5)
    """
    card = scorecard(dataset, grain=grain, segment=segment, level=level)
    tile = _tile(card, metric)
    goal = tile.target if goal is None else goal
    if goal is None:
        raise _no_goal(dataset, metric, grain)
    actual = tile.sparkline.to_pylist()
    first, last = _ends(dataset, grain, card, actual, baseline, due)
    calendar = replace(open_ledger(dataset).calendar, as_of=last[1])
    periods = calendar.periods(grain).slice(first, last[0] + 1 - first).to_pylist()
    start = actual[first]["value"] if first < len(actual) else None
    if start is None:
        raise ParameterError(
            f"{metric} has no value in {periods[0]['label']}, where the path would begin.",
            todo="Choose another baseline.",
        )
    rows = []
    for step, period in enumerate(periods):
        path = start + (goal - start) * step / (len(periods) - 1)
        row = {"period": period["label"], "starts_on": period["starts_on"], "path": path}
        if first + step < len(actual) and actual[first + step]["value"] is not None:
            row |= _standing(actual[first + step], path, tile.higher_is_better)
        rows.append(row)
    table = pa.Table.from_pylist(rows, schema=_SCHEMA)
    return TargetPath(
        metric=metric,
        unit=tile.unit,
        goal=goal,
        baseline=rows[0]["period"],
        due=rows[-1]["period"],
        table=table,
        sentence=_sentence(rows, tile, goal, grain, card.currency),
        grain=grain,
        as_of=dataset.as_of,
        notes=card.notes,
    )


def _no_goal(dataset: Dataset, metric: str, grain: Grain) -> ParameterError:
    meant = dataset.config.target_grain
    if metric in dataset.config.targets and grain != meant:
        return ParameterError(
            f"The targets of {dataset.title} are meant for a {meant}, and the periods shown are {grain}s.",
            todo=f"Choose {meant} as the period, or set target_grain in the dataset file.",
        )
    return ParameterError(
        f"There is no goal for {metric}.", todo=f"Give one, or set {metric} in [targets] of the dataset."
    )


def _tile(card: Scorecard, metric: str) -> Tile:
    known = [key for key, tile in card.tiles.items() if tile.sparkline.num_rows]
    if metric not in known:
        raise ParameterError(
            f"{metric!r} has no values over time. {did_you_mean(metric, known)}".strip(),
            todo=f"Choose from: {', '.join(known)}.",
        )
    return card.tiles[metric]


def _ends(
    dataset: Dataset, grain: Grain, card: Scorecard, actual: list[dict[str, Any]], baseline: str, due: str
) -> tuple[int, tuple[int, date]]:
    """Index of the first period; index of the last one, and a day of it."""
    calendar = open_ledger(dataset).calendar
    year = calendar.periods("year").slice(calendar.index_of("year", card.period.last_day), 1).to_pylist()[0]
    if baseline:
        first = calendar.index_of(grain, day_of("baseline", baseline))
    else:
        known = [place for place, row in enumerate(actual) if row["value"] is not None]
        before = calendar.index_of(grain, year["starts_on"] - timedelta(days=1))
        first = before if before in known else next(iter(known), 0)
    day = day_of("due", due) if due else year["ends_on"] - timedelta(days=1)
    last = calendar.index_of(grain, day)
    if not 0 <= first < last:
        raise ParameterError(
            f"baseline={baseline or 'the first period'} and due={due or day} leave no period between them.",
            todo=f"The data begin on {dataset.first_day}; choose a later day for due.",
        )
    return first, (last, day)


def _standing(row: dict[str, Any], path: float, higher_is_better: bool | None) -> dict[str, Any]:
    value = row["value"]
    low, high = (value if row[end] is None else row[end] for end in ("ci_low", "ci_high"))
    status = "on the path"
    if low > path or high < path:
        status = "ahead" if (low > path) == (higher_is_better is not False) else "behind"
    return {
        "actual": value,
        "ci_low": row["ci_low"],
        "ci_high": row["ci_high"],
        "gap": value - path,
        "status": status,
    }


_STANDING = {
    "ahead": "is ahead of it",
    "behind": "is behind it",
    "on the path": "is not clearly off it",
}


def _sentence(rows: list[dict[str, Any]], tile: Tile, goal: float, grain: str, currency: str) -> str:
    last = [row for row in rows if "actual" in row][-1]
    begin, path, wanted = (
        formats.value(value, tile.unit, currency=currency) for value in (rows[0]["path"], last["path"], goal)
    )
    actual = formats.with_interval(
        Estimate(last["actual"], last["ci_low"], last["ci_high"]), tile.unit, currency=currency
    )
    ends = [formats.in_period(row["period"], grain) for row in (rows[0], rows[-1])]
    leads = f"{DEFINITIONS[tile.metric].name}: the path leads from {begin} {ends[0]} to {wanted} {ends[1]}."
    if last is rows[0]:
        return f"{leads} No period since then is over."
    asked = f"{formats.begun(formats.in_period(last['period'], grain))} it asks for {path}"
    standing = _STANDING[last["status"]]
    if last["ci_low"] is None and last["actual"] == last["path"]:
        standing = "is just that"
    return f"{leads} {asked}; the actual value, {actual}, {standing}."
