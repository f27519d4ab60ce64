"""What customers bought up to a day and after it: what a back-test of purchase forecasts counts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.data.dataset import Dataset
from retention_kit.data.holdout_statements import (
    histories_at,
    holdout_counted,
    spends_counted,
    weeks_counted,
)
from retention_kit.data.purchase_statements import MONEY_UNITS
from retention_kit.errors import DataError
from retention_kit.measures.purchase_rows import row_order
from retention_kit.measures.purchase_selection import PurchaseSelection

__all__ = [
    "PurchaseHoldout",
    "PurchaseWeeks",
    "WeeklyHistories",
    "purchase_histories_at",
    "purchase_holdout",
    "purchase_spends",
    "purchase_weeks",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PurchaseHoldout:
    """Customers per history and per purchases after it; one entry per combination, in a fixed order.

    Attributes
    ----------
    frequency, recency_days, age_days : ndarray of int
        Repeat purchase days, and days from the first purchase to the last and to the end of the calibration.
    recent_purchases : ndarray of int
        Repeat purchase days in the time just before the end of the calibration.
    later_purchases : ndarray of int
        Purchase days after it.
    customers : ndarray of int
        How many customers.
    spend, later_spend : ndarray
        What they spent on all their repeat days together, before and after; currency.
    """

    frequency: Ints
    recency_days: Ints
    age_days: Ints
    recent_purchases: Ints
    later_purchases: Ints
    customers: Ints
    spend: Floats
    later_spend: Floats


@dataclass(frozen=True, eq=False)
class PurchaseWeeks:
    """Repeat purchases by week of the first purchase and week of the purchase.

    Attributes
    ----------
    anchor : date
        Last day of week 0.
    first_week, week : ndarray of int
        Weeks relative to that one; later ones are positive.
    new_customers, repeat_purchases : ndarray of int
        Customers who first bought, and purchase days of those who had bought before.
    """

    anchor: date
    first_week: Ints
    week: Ints
    new_customers: Ints
    repeat_purchases: Ints

    def came(self, origin: int, weeks: int) -> int:
        """Return the purchases in so many weeks after week ``origin``, of customers who had begun by then."""
        counted = (self.first_week <= origin) & (self.week > origin) & (self.week <= origin + weeks)
        return int(self.repeat_purchases[counted].sum())


@dataclass(frozen=True, eq=False)
class WeeklyHistories:
    """Distinct histories up to a day and their customers, times in weeks, in a fixed order."""

    frequency: Ints
    recency: Floats
    age: Floats
    customers: Ints
    unit: Literal["week"] = "week"


def purchase_histories_at(
    dataset: Dataset, ends: Sequence[date], *, segment: str = ""
) -> list[WeeklyHistories]:
    """Return what customers had bought up to each of several days.

    Parameters
    ----------
    dataset, segment
        As for `purchase_holdout`.
    ends : sequence of date
        The days; by each of them somebody of the selection has bought.

    Returns
    -------
    list of WeeklyHistories
        One for each day.

    Raises
    ------
    ColumnError, DataError
        As `purchase_holdout`.
    """
    if not ends:
        return []
    chosen = PurchaseSelection.of(dataset, segment, "", None, "week")
    found = _counted(
        chosen, lambda value: histories_at(days=chosen.days, ends=ends, condition=chosen.condition(value))
    )
    names = ("origin", "frequency", "recency_days", "age_days", "customers")
    columns = [_integers(found, name) for name in names]
    order = row_order(*columns[:4])
    origin, x, recency, age, customers = (column[order] for column in columns)
    bounds = np.searchsorted(origin, np.arange(len(ends) + 1))
    return [
        WeeklyHistories(x[a:b], recency[a:b] / 7, age[a:b] / 7, customers[a:b])
        for a, b in pairwise(bounds.tolist())
    ]


def purchase_holdout(
    dataset: Dataset, *, calibration_end: date, recent_days: int, segment: str = ""
) -> PurchaseHoldout:
    """Return customers by what they had bought up to a day, and by what they bought after it.

    Parameters
    ----------
    dataset : Dataset
        An open dataset with orders.
    calibration_end : date
        Last day of the histories.
    recent_days : int
        Length of the time just before it whose purchases are counted apart.
    segment : str
        Count only customers with this at their first order, ``attribute=value``; empty for all.

    Returns
    -------
    PurchaseHoldout

    Raises
    ------
    ColumnError
        When the attribute does not exist.
    DataError
        When there are no orders, or no customer is selected.
    """
    chosen = PurchaseSelection.of(dataset, segment, "", calibration_end, "week")

    def statement(value: str) -> str:
        return holdout_counted(
            days=chosen.days,
            until=calibration_end,
            recent_days=recent_days,
            money=dataset.has_amount,
            condition=chosen.condition(value),
        )

    found = _counted(chosen, statement)
    names = ("frequency", "recency_days", "age_days", "recent_purchases", "later_purchases")
    columns = {name: _integers(found, name) for name in (*names, "customers", "spend_units", "later_units")}
    order = np.lexsort([columns[name] for name in reversed(names)])
    columns = {name: values[order] for name, values in columns.items()}
    return PurchaseHoldout(
        frequency=columns["frequency"],
        recency_days=columns["recency_days"],
        age_days=columns["age_days"],
        recent_purchases=columns["recent_purchases"],
        later_purchases=columns["later_purchases"],
        customers=columns["customers"],
        spend=columns["spend_units"] / MONEY_UNITS,
        later_spend=columns["later_units"] / MONEY_UNITS,
    )


def purchase_spends(dataset: Dataset, *, segment: str = "") -> tuple[Ints, Ints, Ints, Floats, Ints]:
    """Return customers by history and by what each spent on repeat days, up to the as-of date.

    Parameters
    ----------
    dataset, segment
        As for `purchase_holdout`.

    Returns
    -------
    tuple of ndarray, shape (n,)
        Repeat purchase days; days from the first purchase to the last, and to the as-of date; what one
        customer spent on repeat days (currency; 0 without amounts); customers. In a fixed order.
    """
    chosen = PurchaseSelection.of(dataset, segment, "", None, "week")
    found = _counted(chosen, lambda value: spends_counted(histories=chosen.histories(value)))
    columns = [
        _integers(found, name)
        for name in ("frequency", "recency_days", "age_days", "spend_units", "customers")
    ]
    order = np.lexsort(columns[3::-1])
    x, recency, age, units, customers = (column[order] for column in columns)
    return x, recency, age, units / MONEY_UNITS, customers


def purchase_weeks(dataset: Dataset, *, anchor: date, segment: str = "") -> PurchaseWeeks:
    """Return repeat purchases by week of the first purchase and week of the purchase.

    Parameters
    ----------
    dataset, segment
        As for `purchase_holdout`.
    anchor : date
        Last day of week 0. The week that the as-of date cuts is left out.

    Returns
    -------
    PurchaseWeeks

    Raises
    ------
    ColumnError, DataError
        As `purchase_holdout`.
    """
    chosen = PurchaseSelection.of(dataset, segment, "", None, "week")

    def statement(value: str) -> str:
        return weeks_counted(days=chosen.days, anchor=anchor, condition=chosen.condition(value))

    found = _counted(chosen, statement)
    names = ("first_week", "week", "new_customers", "repeat_purchases")
    columns = {name: _integers(found, name) for name in names}
    over = columns["week"] <= (dataset.as_of - anchor).days // 7
    order = np.lexsort((columns["week"], columns["first_week"]))
    order = order[over[order]]
    return PurchaseWeeks(anchor, *(columns[name][order] for name in names))


def _counted(chosen: PurchaseSelection, statement: Callable[[str], str]) -> pa.Table:
    found, _ = chosen.run(statement)
    if not found.num_rows:
        raise DataError(
            f"No customer of this selection had bought by {chosen.until}.",
            todo="Widen segment, or let calibration_end be later.",
        )
    return found


def _integers(found: pa.Table, name: str) -> Ints:
    values: Ints = found[name].cast(pa.int64()).to_numpy()
    return values
