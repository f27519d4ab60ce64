"""Net and gross revenue retention: what the customers of a year ago bring today."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.data.dataset import Dataset
from retention_kit.data.revenue_window_statements import largest
from retention_kit.errors import ParameterError
from retention_kit.measures.counting import MONEY_UNITS
from retention_kit.measures.intervals import jackknife, wilson
from retention_kit.measures.movement_counting import (
    Basis,
    Movers,
    Periods,
    decimals,
    known,
    movers,
    periods_of,
    require_money,
    units,
)
from retention_kit.measures.revenue_retention_sums import MONEY, PEOPLE, summed, windows_of

__all__ = ["RevenueRetention", "revenue_retention"]

_TOP = 10  # customers
_SCHEMA = pa.schema(
    [
        ("period_index", pa.int64()),
        ("period", pa.string()),
        ("ends_on", pa.date32()),
        *((name, pa.decimal128(38, 4)) for name in MONEY),
        *((f"{name}_customers", pa.int64()) for name in PEOPLE),
        *(
            (f"{rate}{suffix}", pa.float64())
            for rate in ("nrr", "grr", "nrr_with_returns", "customer_retention_rate")
            for suffix in ("", "_ci_low", "_ci_high")
        ),
    ]
)

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RevenueRetention:
    """What customers who had revenue a year ago bring today, month end by month end.

    Attributes
    ----------
    table : pyarrow.Table
        One row per complete month that lies far enough from the first: ``period_index``, ``period``,
        ``ends_on`` (last day); in money (decimals) ``opening``, ``closing`` (of the customers who opened with
        revenue), ``kept`` (of each the smaller of the two), ``back`` (closing revenue of customers who
        opened without, but had some before); ``opened_customers`` and ``stayed_customers`` (who opened with
        revenue, and who of them still have some); as fractions ``nrr`` (closing / opening), ``grr`` (kept /
        opening), ``nrr_with_returns`` (the vendor variant, (closing + back) / opening) and
        ``customer_retention_rate`` (stayed / opened), each with ``_ci_low`` and ``_ci_high``; rates are
        missing where nobody opened with revenue.
    top_ten : pyarrow.Table
        The customers with the largest opening revenue at the last row's month end, at most ten, without
        their names: ``rank``, ``opening``, ``closing``, ``opening_share``.
    nrr_without_top_ten : float or None
        Net revenue retention of all other customers at that month end.
    basis : {"subscriptions", "orders"}
        Whether revenue is the monthly amount at the month end, or what was ordered in the window before.
    window_months : int
        Distance between opening and closing.
    currency : str
        ISO code of the money; empty for none.
    as_of : date
        Last day counted.
    notes : tuple of str
        What a reader has to know.
    sql : str
        The statements that produced the sums, over the canonical tables.
    """

    table: pa.Table
    top_ten: pa.Table
    nrr_without_top_ten: float | None
    basis: Basis
    window_months: int
    currency: str
    as_of: date
    notes: tuple[str, ...]
    sql: str

    @property
    def top_ten_share(self) -> float | None:
        """Share of the opening revenue that the ten largest customers had; None without a month end."""
        shares = self.top_ten["opening_share"].to_pylist()
        return sum(shares) if shares else None


def revenue_retention(
    dataset: Dataset,
    *,
    basis: Basis = "subscriptions",
    segment: str = "",
    window_months: int = 12,
    level: float = 0.95,
) -> RevenueRetention:
    """Compare each customer's revenue at the end of every month with its revenue twelve months before.

    NRR = sum of closing revenue of the customers who opened with revenue / sum of their opening revenue;
    GRR = sum of min(closing, opening) / sum of opening, at most 1. *subscriptions*: opening is the recurring
    revenue per month at the month end twelve months before, closing that at the month end. *orders*:
    closing is the revenue of the twelve months that end there, opening that of the twelve months before,
    so that two years are needed. Who had no opening revenue counts in neither; the vendor
    variant lets revenue of those who had left before and came back offset what was lost. Intervals are
    those of the delete-a-group jackknife over 100 buckets of customers, of the share of customers Wilson's.

    Parameters
    ----------
    dataset : Dataset
        An open dataset; only months that are over by its as-of date are shown.
    basis : {"subscriptions", "orders"}
        Whose revenue.
    segment : str
        Count only customers with this at their first order or subscription, ``attribute=value``.
    window_months : int
        Months between opening and closing, from 1 to 60; 12 is what the rates are known for.
    level : float
        Confidence level of the intervals.

    Returns
    -------
    RevenueRetention
        Without rows, and with the reason among the notes, where the data are too short.

    Raises
    ------
    ParameterError
        When ``window_months`` is out of range.
    ColumnError
        When an attribute does not exist.
    DataError
        When the dataset has no such table or no amounts, or no customer is selected.

    Examples
    --------
    >>> from retention_kit import open_dataset
    >>> found = revenue_retention(open_dataset("cdnow"), basis="orders", window_months=9).table.to_pylist()
    >>> [(row["period"], round(row["nrr"], 3), round(row["grr"], 3)) for row in found]
    [('Jun 1998', 0.41, 0.285)]
    """
    if not 1 <= window_months <= 60:
        raise ParameterError(
            f"window_months={window_months} is not allowed.", todo="Choose from 1 to 60; 12 is usual."
        )
    chosen = movers(dataset, basis=basis, segment=segment, why="revenue retention")
    require_money(chosen, "revenue retention")
    periods = periods_of(chosen.ledger, "month")
    first = window_months * (2 if basis == "orders" else 1) - (basis == "orders")
    ends = range(first, periods.complete)
    notes = [*_notes(basis, window_months), *chosen.notes]
    if not len(ends):
        notes.append(
            f"{first + 1} complete months are needed, and there are {periods.complete}: revenue "
            "retention cannot be told yet."
        )
        empty = pa.schema([("rank", pa.int64()), *((n, _SCHEMA.field(n).type) for n in MONEY[:2])])
        top = empty.append(pa.field("opening_share", pa.float64())).empty_table()
        found, others, sql = _SCHEMA.empty_table(), None, ""
    else:
        sums, sql = summed(chosen, ends, window_months)
        found = _table(periods, ends, sums, level)
        top, others = _top_ten(chosen, ends[-1], window_months, sums)
    return RevenueRetention(
        found, top, others, basis, window_months, dataset.currency, dataset.as_of, tuple(notes), sql
    )


def _table(periods: Periods, ends: Sequence[int], sums: dict[str, Ints], level: float) -> pa.Table:
    keys = {name: periods.columns()[name][list(ends)] for name in ("period_index", "period", "ends_on")}
    opening = sums["opening"]
    columns = keys | {name: decimals(sums[name].sum(axis=0)) for name in MONEY}
    columns |= {f"{name}_customers": sums[name].sum(axis=0) for name in PEOPLE}
    rates = {"nrr": sums["closing"], "grr": sums["kept"], "nrr_with_returns": sums["closing"] + sums["back"]}
    for name, top in rates.items():
        rate, low, high = jackknife(top, opening, level=level)
        most = 1.0 if name == "grr" else np.inf  # beyond its range a rate means nothing
        columns |= _rate(name, rate, np.clip(low, 0, most), np.clip(high, 0, most))
    stayed, opened = sums["stayed"].sum(axis=0), sums["opened"].sum(axis=0)
    share = stayed / np.where(opened > 0, opened, np.nan)
    columns |= _rate("customer_retention_rate", share, *wilson(stayed, opened, level=level))
    return pa.table(columns, schema=_SCHEMA)


def _rate(name: str, *values: NDArray[np.float64]) -> dict[str, pa.Array]:
    return {
        f"{name}{end}": known(part) for end, part in zip(("", "_ci_low", "_ci_high"), values, strict=True)
    }


def _top_ten(chosen: Movers, end: int, months: int, sums: dict[str, Ints]) -> tuple[pa.Table, float | None]:
    """The ten customers with the largest opening revenue at a month end, and NRR without them."""
    statement = largest(
        windows=windows_of(chosen, [end], months),
        end=end,
        people=chosen.people,
        segments=chosen.segments,
        most=_TOP,
    )
    view = chosen.view(f"largest_{months}_{end}", statement)
    columns = [f"CAST({name} * {MONEY_UNITS} AS BIGINT) AS {name}" for name in ("opening", "closing")]
    rows, _ = chosen.rows(view, ", ".join(["bucket", "place", *columns]), required=False)
    opening, closing = (units(rows[name]) for name in ("opening", "closing"))
    first = np.lexsort((-closing, -opening))[:_TOP]
    opening, closing = opening[first], closing[first]
    all_opening, all_closing = (int(sums[name][:, -1].sum()) for name in ("opening", "closing"))
    table = pa.table(
        {
            "rank": np.arange(1, len(opening) + 1),
            "opening": decimals(opening),
            "closing": decimals(closing),
            "opening_share": opening / max(all_opening, 1),
        }
    )
    others = all_opening - int(opening.sum())
    return table, (all_closing - int(closing.sum())) / others if others else None


def _notes(basis: Basis, months: int) -> list[str]:
    if basis == "subscriptions":
        return [f"Monthly amounts at a month end against those {months} months before."]
    return [f"Revenue of {months} months against the same customers' revenue of the {months} months before."]
