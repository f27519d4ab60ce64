"""Stickiness: in how many days, weeks or months of a period customers are active."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.data.calendar import Calendar, Grain
from retention_kit.data.dataset import Dataset
from retention_kit.data.ledger import GRAINS
from retention_kit.data.movement_statements import active_parts
from retention_kit.errors import ParameterError
from retention_kit.measures.intervals import wilson
from retention_kit.measures.movement_counting import Periods, known, movers, periods_of, units

__all__ = ["Stickiness", "stickiness"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Stickiness:
    """How many of a period's parts customers are active in.

    Attributes
    ----------
    table : pyarrow.Table
        One row per period and number of parts, from 1 to as many as the period has begun: ``period_index``,
        ``period``, ``status`` (``complete`` or ``partial``), ``customers`` (active in the period),
        ``active_periods`` (the number of parts, k), ``exactly`` and ``at_least`` (customers active in exactly
        k, and in k or more), ``exactly_share`` and ``at_least_share`` of the customers, each with ``_ci_low``
        and ``_ci_high``; shares are missing where nobody was active.
    grain, sub_grain : str
        Lengths of a period, and of its parts.
    as_of : date
        Last day counted.
    notes : tuple of str
        What a reader has to know.
    sql : str
        The statement that produced the counts, over the canonical tables.
    """

    table: pa.Table
    grain: Grain
    sub_grain: Grain
    as_of: date
    notes: tuple[str, ...]
    sql: str

    def period(self, index: int) -> pa.Table:
        """Return the rows of one period."""
        return self.table.filter(pa.array(self.table["period_index"].to_numpy() == index))


def stickiness(
    dataset: Dataset,
    *,
    grain: Grain = "month",
    sub_grain: Grain = "day",
    segment: str = "",
    level: float = 0.95,
) -> Stickiness:
    """Say in how many parts of a period its customers were active: exactly k, and at least k.

    A customer is active in a part with at least one qualifying order. The shares are of the customers
    who were active in the period, with Wilson's interval. A week that lies in two months counts in each
    in which the customer ordered on one of its days.

    Parameters
    ----------
    dataset : Dataset
        An open dataset; its as-of date is the last day counted.
    grain, sub_grain : str
        Lengths of a period, and of its parts, which are shorter.
    segment : str
        Count only customers with this at their first order, ``attribute=value``; empty for all.
    level : float
        Confidence level of the intervals.

    Raises
    ------
    ParameterError
        When the parts are not shorter than the period.
    ColumnError
        When an attribute does not exist.
    DataError
        When there are no orders, or no customer is selected.

    Examples
    --------
    >>> from retention_kit import open_dataset
    >>> found = stickiness(open_dataset("cdnow"), grain="quarter", sub_grain="month").table.to_pylist()
    >>> [round(row["at_least_share"], 3) for row in found[:3]]
    [1.0, 0.135, 0.014]
    """
    if GRAINS.index(sub_grain) >= GRAINS.index(grain):
        raise ParameterError(
            f"A {sub_grain} is no part of a {grain}.",
            todo=f"Choose sub_grain from: {', '.join(GRAINS[: GRAINS.index(grain)]) or 'none; raise grain'}.",
        )
    chosen = movers(dataset, basis="orders", segment=segment, why="stickiness")
    periods = periods_of(chosen.ledger, grain)
    parts = _parts(chosen.ledger.calendar, periods, sub_grain)
    statement = active_parts(
        grain=grain,
        sub_grain=sub_grain,
        longest=int(parts.max()),
        people=chosen.people,
        segments=chosen.segments,
    )
    view = chosen.view(f"parts_{grain}_{sub_grain}", statement)
    rows, sql = chosen.rows(view, "period_index, active_periods, CAST(sum(customers) AS BIGINT) AS customers")
    counts = np.zeros((periods.count, int(parts.max()) + 1), dtype=np.int64)
    counts[units(rows["period_index"]), units(rows["active_periods"])] = units(rows["customers"])
    notes = [f"Shares of the customers who were active in the {grain}; others are not counted."]
    return Stickiness(
        table=_table(periods, parts, counts, level),
        grain=grain,
        sub_grain=sub_grain,
        as_of=dataset.as_of,
        notes=(*notes, *periods.notes(dataset.as_of), *chosen.notes),
        sql=sql,
    )


def _parts(calendar: Calendar, periods: Periods, sub_grain: Grain) -> Ints:
    """How many parts each period has begun by the as-of date."""
    whole, part = (calendar.days(grain)["period_index"].to_numpy() for grain in (periods.grain, sub_grain))
    seen = calendar.days("day")["day"].to_numpy() <= np.datetime64(calendar.as_of)
    whole, part = whole[seen], part[seen]
    index = np.arange(periods.count)
    first = np.searchsorted(whole, index)
    last = np.searchsorted(whole, index, side="right") - 1
    count: Ints = (part[last] - part[first] + 1).astype(np.int64)
    return count


def _table(periods: Periods, parts: Ints, counts: Ints, level: float) -> pa.Table:
    period = np.repeat(np.arange(periods.count), parts)
    k = np.arange(len(period)) - np.repeat(np.cumsum(parts) - parts, parts) + 1
    at_least = np.cumsum(counts[:, ::-1], axis=1)[:, ::-1]
    customers = at_least[period, 1]
    columns = {name: periods.columns()[name][period] for name in ("period_index", "period", "status")}
    columns |= {"customers": customers, "active_periods": k}
    found = {"exactly": counts[period, k], "at_least": at_least[period, k]}
    columns |= found
    base = np.where(customers > 0, customers, np.nan)
    for name, hits in found.items():
        low, high = wilson(hits, customers, level=level)
        columns |= {
            f"{name}_share": known(hits / base),
            f"{name}_share_ci_low": known(low),
            f"{name}_share_ci_high": known(high),
        }
    return pa.table(columns)
