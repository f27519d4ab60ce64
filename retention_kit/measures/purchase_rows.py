"""Distinct purchase histories and sums spent: what purchase models are fitted to."""

from dataclasses import dataclass, fields, replace
from math import prod
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["UNIT_DAYS", "PurchaseRows", "SpendRows", "Unit", "chosen_rows", "row_order"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Unit = Literal["day", "week"]
UNIT_DAYS = {"day": 1, "week": 7}
_ONE_NUMBER = 2**62
_Rows = TypeVar("_Rows", "PurchaseRows", "SpendRows")


@dataclass(frozen=True, eq=False)
class PurchaseRows:
    """Distinct purchase histories: one entry per history in every array, in a fixed order.

    Attributes
    ----------
    group : ndarray of int
        Which value of the breakdown, a position in the summary's ``groups``.
    frequency : ndarray of int
        Repeat purchase days, x.
    recency_days, age_days : ndarray of int
        From the first purchase to the last, t_x, and to the end of the calibration, T.
    customers : ndarray of int
        How many customers have this history.
    spend, margin : ndarray
        What they spent, and the margin of it, on all their repeat purchase days together; currency.
    later_purchases : ndarray of int
        Their purchase days after the calibration.
    later_spend : ndarray
        What they spent on those; currency.
    unit : {"day", "week"}
        Unit of ``recency`` and ``age``.
    """

    group: Ints
    frequency: Ints
    recency_days: Ints
    age_days: Ints
    customers: Ints
    spend: Floats
    margin: Floats
    later_purchases: Ints
    later_spend: Floats
    unit: Unit

    @property
    def recency(self) -> Floats:
        """t_x in ``unit``."""
        return self.recency_days / UNIT_DAYS[self.unit]

    @property
    def age(self) -> Floats:
        """T in ``unit``."""
        return self.age_days / UNIT_DAYS[self.unit]

    def of(self, group: int) -> "PurchaseRows":
        """Return the rows of one group."""
        return chosen_rows(self, self.group == group)


@dataclass(frozen=True, eq=False)
class SpendRows:
    """What repeat buyers spent: one entry per distinct sum and number of purchases, in a fixed order.

    Attributes
    ----------
    group : ndarray of int
        Which value of the breakdown.
    frequency : ndarray of int
        Repeat purchase days, x, from 1.
    spend : ndarray
        What one customer spent on them together, above 0; currency.
    customers : ndarray of int
        How many customers.
    """

    group: Ints
    frequency: Ints
    spend: Floats
    customers: Ints

    def of(self, group: int) -> "SpendRows":
        """Return the rows of one group."""
        return chosen_rows(self, self.group == group)


def row_order(*keys: Ints) -> Ints:
    """Return the order in which sums are the same however the engine returned the rows."""
    sizes = [int(key.max(initial=0) - key.min(initial=0)) + 1 for key in keys]
    if prod(sizes) >= _ONE_NUMBER:
        return np.lexsort(keys[::-1])
    # One number a row is sorted several times as fast as several.
    code = np.zeros(keys[0].size, dtype=np.int64)
    for key, size in zip(keys, sizes, strict=True):
        code = code * size + (key - key.min(initial=0))
    return np.argsort(code)


def chosen_rows(rows: _Rows, which: NDArray[Any]) -> _Rows:
    """Return some of the rows, or all in another order; their arrays cannot be changed."""
    arrays = {part.name: getattr(rows, part.name) for part in fields(rows)}
    kept = {name: values[which] for name, values in arrays.items() if isinstance(values, np.ndarray)}
    for values in kept.values():
        values.flags.writeable = False
    return replace(rows, **kept)
