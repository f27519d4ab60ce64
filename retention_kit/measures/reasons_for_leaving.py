"""Reasons for leaving: which few of them account for most of the customers and revenue lost."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.data.dataset import Dataset
from retention_kit.data.departure_statements import departures
from retention_kit.data.engine import literal
from retention_kit.errors import DataError, ParameterError
from retention_kit.measures.counting import MONEY_UNITS, UNKNOWN
from retention_kit.measures.intervals import BUCKETS, jackknife, wilson
from retention_kit.measures.movement_counting import decimals, known, movers, units

__all__ = ["OTHER", "ReasonsForLeaving", "reasons_for_leaving"]

OTHER = "(all other reasons)"

_COLUMNS = (
    "reason, bucket, count(*) AS customers, "
    f"CAST(COALESCE(sum(monthly_amount), 0) * {MONEY_UNITS} AS BIGINT) AS revenue"
)

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ReasonsForLeaving:
    """Why customers left, the weightiest reasons first.

    Attributes
    ----------
    by_customers, by_revenue : pyarrow.Table
        One row per ``reason``: ``customers`` who left, ``customers_share``, ``revenue_lost`` (money per
        month, in decimals), ``revenue_share``, each share with ``_ci_low`` and ``_ci_high``, and
        ``cumulative_share`` of this and all rows above, of customers in the one table and of revenue in
        the other. The rarer reasons are one row, and customers whose reason is not known are the last.
        ``by_revenue`` has no rows, and the columns of money are missing, where there are no amounts.
    customers : int
        How many left.
    undecided : int
        Customers whose last subscription ended so lately that another may still continue it.
    grace_days : int
        A subscription that begins at most so many days after the last one ended continues it.
    currency : str
        ISO code of the money; empty for none.
    as_of : date
        Last day counted.
    notes : tuple of str
        What a reader has to know.
    sql : str
        The statement that produced the counts, over the canonical tables.
    """

    by_customers: pa.Table
    by_revenue: pa.Table
    customers: int
    undecided: int
    grace_days: int
    currency: str
    as_of: date
    notes: tuple[str, ...]
    sql: str


def reasons_for_leaving(
    dataset: Dataset,
    *,
    since: str = "",
    until: str = "",
    segment: str = "",
    grace_days: int = -1,
    most: int = 20,
    level: float = 0.95,
) -> ReasonsForLeaving:
    """List the reasons for leaving by the customers and by the monthly revenue that they cost.

    A customer leaves on the day on which its last subscription ends, if none begins within ``grace_days``.
    Each customer counts once, with its latest departure of the days asked for, even if it came back
    later. The revenue lost is that of the subscriptions that ended that day; the reason is that
    of the dearest of them. Shares of customers have Wilson's interval, shares of revenue that of the
    delete-a-group jackknife.

    Parameters
    ----------
    dataset : Dataset
        An open dataset with subscriptions.
    since, until : str
        First and last day of the departures, YYYY-MM-DD; empty: all up to the as-of date.
    segment : str
        Count only customers with this at their first subscription, ``attribute=value``; empty for all.
    grace_days : int
        Days between two subscriptions that do not end a customer; -1: as the dataset says.
    most : int
        Reasons listed by name, 1 or more; the others are taken together.
    level : float
        Confidence level of the intervals.

    Raises
    ------
    ParameterError
        When a day cannot be read, or a number is out of range.
    ColumnError
        When an attribute does not exist.
    DataError
        When there are no subscriptions, or nobody left on these days.
    """
    if grace_days < -1 or most < 1:
        name, value = ("grace_days", grace_days) if grace_days < -1 else ("most", most)
        raise ParameterError(f"{name}={value} is not allowed.", todo="Choose 0 or more; most: 1 or more.")
    grace = dataset.config.grace_days if grace_days == -1 else grace_days
    first, last = _day("since", since, date.min), min(_day("until", until, dataset.as_of), dataset.as_of)
    chosen = movers(dataset, basis="subscriptions", segment=segment, why="reasons for leaving")
    columns = dataset.columns("subscriptions")
    money = "monthly_amount" in columns
    statement = departures(
        as_of=dataset.as_of,
        grace_days=grace,
        people=chosen.people,
        segments=chosen.segments,
        has_reason="reason" in columns,
        money=money,
    )
    view = chosen.view(f"departures_{grace}", statement)
    between = f"left_day BETWEEN DATE {literal(first)} AND DATE {literal(last)}"
    # A later departure of the same days takes this one's place.
    latest = f"(next_left_day IS NULL OR next_left_day > DATE {literal(last)})"
    rows, sql = chosen.rows(view, _COLUMNS, more=f"is_decided AND {between} AND {latest}", required=False)
    undecided, _ = chosen.rows(
        view, "count(*) AS customers", more=f"NOT is_decided AND {between}", required=False
    )
    if not rows.num_rows:
        raise DataError(
            f"No customer left from {since or 'the first day'} to {last}, as far as can be told.",
            todo="Widen the days or segment; where departures are missing, map ended_at.",
        )
    reasons = _Reasons(rows, most, level)
    waiting = int(units(undecided["customers"]).sum())
    return ReasonsForLeaving(
        by_customers=reasons.pareto("customers", money=money),
        by_revenue=reasons.pareto("revenue", money=money)
        if money
        else reasons.pareto("customers", money=False)[:0],
        customers=int(reasons.customers.sum()),
        undecided=waiting,
        grace_days=grace,
        currency=dataset.currency,
        as_of=dataset.as_of,
        notes=(*_notes(dataset, reasons, waiting, grace), *chosen.notes),
        sql=sql,
    )


def _day(name: str, text: str, default: date) -> date:
    if not text:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ParameterError(f"{name}={text!r} is no day.", todo="Write it as YYYY-MM-DD.") from None


class _Reasons:
    """Customers and revenue lost per reason and bucket of customers."""

    def __init__(self, rows: pa.Table, most: int, level: float) -> None:
        """Count rows of reason and bucket; the ``most`` frequent reasons keep their names."""
        coded = rows["reason"].combine_chunks().fill_null(UNKNOWN).dictionary_encode()
        names, place = coded.dictionary.to_pylist(), coded.indices.to_numpy().astype(np.int64)
        size = np.bincount(place, weights=units(rows["customers"]), minlength=len(names))
        named = sorted(set(names) - {UNKNOWN}, key=lambda name: (-size[names.index(name)], name))
        self.different = len(named)
        # A row of its own for one other reason would only hide its name.
        self.names = named if len(named) <= most + 1 else [*named[:most], OTHER]
        self.names += [UNKNOWN] * (UNKNOWN in names)
        rank = {name: i for i, name in enumerate(self.names)}
        index = np.array([rank.get(name, rank.get(OTHER, 0)) for name in names])[place], units(rows["bucket"])
        self.customers, self.revenue = np.zeros((2, len(self.names), BUCKETS), dtype=np.int64)
        np.add.at(self.customers, index, units(rows["customers"]))
        np.add.at(self.revenue, index, units(rows["revenue"]))
        self.level = level

    def pareto(self, weight: str, *, money: bool) -> pa.Table:
        """Return the reasons with the heaviest first, by ``customers`` or by ``revenue``."""
        people, lost = self.customers.sum(axis=1), self.revenue.sum(axis=1)
        heavy, other = (people, lost) if weight == "customers" else (lost, people)
        pooled = [name in (OTHER, UNKNOWN) for name in self.names]
        order = sorted(
            range(len(self.names)),
            key=lambda i: (pooled[i], self.names[i] == UNKNOWN, -heavy[i], -other[i], self.names[i]),
        )
        total = people.sum()
        low, high = wilson(people, total, level=self.level)
        buckets = np.broadcast_to(self.revenue.sum(axis=0)[:, None], self.revenue.T.shape)
        share, share_low, share_high = (
            np.clip(end, 0, 1) if money else np.full(len(people), np.nan)
            for end in jackknife(self.revenue.T, buckets, level=self.level)
        )
        columns = {
            "reason": pa.array(self.names, pa.string()),
            "customers": pa.array(people),
            "customers_share": pa.array(people / total),
            "customers_share_ci_low": known(low),
            "customers_share_ci_high": known(high),
            "revenue_lost": decimals(lost) if money else pa.nulls(len(lost), pa.decimal128(38, 4)),
            "revenue_share": known(share),
            "revenue_share_ci_low": known(share_low),
            "revenue_share_ci_high": known(share_high),
        }
        cumulative = np.cumsum(heavy[order]) / max(heavy.sum(), 1)
        return pa.table(columns).take(order).append_column("cumulative_share", pa.array(cumulative))


def _notes(dataset: Dataset, reasons: _Reasons, undecided: int, grace: int) -> list[str]:
    notes = []
    if UNKNOWN in reasons.names:
        unknown = int(reasons.customers[-1].sum())
        notes.append(f"Of {reasons.customers.sum():,} customers who left, {unknown:,} gave no reason.")
    if OTHER in reasons.names:
        few = reasons.different - (reasons.names.index(OTHER))
        notes.append(f"The {few:,} rarest of {reasons.different:,} reasons are taken together.")
    if undecided:
        notes.append(
            f"{undecided:,} customers whose subscription ended in the last {grace:,} days up to "
            f"{dataset.as_of} are left out: they may still continue it."
        )
    return notes
