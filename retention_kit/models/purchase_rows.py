"""Purchase histories as models take them: repeat purchases, recency, age, and how many customers."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retention_kit.errors import DataError, listing

__all__ = [
    "MONTH_DAYS",
    "UNIT_DAYS",
    "PurchaseCounts",
    "PurchaseHistories",
    "checked_rows",
    "distinct_pairs",
    "distinct_rows",
    "histories",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
UNIT_DAYS = {"day": 1, "week": 7}
MONTH_DAYS = 365.25 / 12
_MOST_PURCHASES = 1_000_000
_MOST_CUSTOMERS = 2**53


class PurchaseCounts(Protocol):
    """What a fit reads: distinct histories and how many customers have each; times in ``unit``."""

    @property
    def frequency(self) -> NDArray[Any]:
        """Repeat purchase days, x."""

    @property
    def recency(self) -> NDArray[Any]:
        """Time from the first purchase to the last, t_x."""

    @property
    def age(self) -> NDArray[Any]:
        """Time from the first purchase to the end of the data, T."""

    @property
    def customers(self) -> NDArray[Any]:
        """Customers with this history."""

    @property
    def unit(self) -> Literal["day", "week"]:
        """Unit of time."""


@dataclass(frozen=True, eq=False)
class PurchaseHistories:
    """Histories that were checked.

    Parameters
    ----------
    frequency : ndarray of int, shape (n,)
        Repeat purchase days of a customer, x.
    recency, age : ndarray, shape (n,)
        Times from the first purchase to the last one and to the end of the data, t_x and T.
    customers : ndarray of int, shape (n,)
        How many customers have this history.
    unit : {"day", "week"}
        Unit of both times.
    """

    frequency: Ints
    recency: Floats
    age: Floats
    customers: Ints
    unit: Literal["day", "week"] = "week"

    def every(self, step: int) -> "PurchaseHistories":
        """Return one row of every ``step``."""
        at = slice(step // 2, None, step)
        return PurchaseHistories(
            self.frequency[at], self.recency[at], self.age[at], self.customers[at], self.unit
        )


def checked_rows(rows: PurchaseCounts) -> PurchaseHistories:
    """Return distinct histories, without rows of nobody, or say what is wrong.

    Raises
    ------
    DataError
        When there are no customers, or a history is none.
    """
    if rows.unit not in UNIT_DAYS:
        raise DataError(f"Times in {rows.unit!r} are not known.", todo=f"Allowed: {', '.join(UNIT_DAYS)}.")
    x, recency, age = histories(rows.frequency, rows.recency, rows.age)
    customers = np.asarray(rows.customers, dtype=float)
    if customers.shape != x.shape:
        raise DataError(
            f"There are {customers.size:,} counts of customers for {x.size:,} histories.",
            todo="Give one count per history.",
        )
    _refuse(
        ~((customers >= 0) & (customers <= _MOST_CUSTOMERS) & (customers == np.round(customers))),
        customers,
        "counts of customers are no counts",
        "Give whole numbers from 0.",
    )
    some = customers > 0
    if not some.any():
        raise DataError("There are no customers to fit a model to.", todo="Give at least one history.")
    number, x, recency, age = distinct_rows(customers[some], x[some], recency[some], age[some])
    return PurchaseHistories(x.astype(np.int64), recency, age, number.astype(np.int64), rows.unit)


def distinct_rows(customers: Floats, *keys: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Return customers and keys with one entry per distinct key, in rising order.

    A fit is then the same, to the last digit, however the customers were told apart.

    >>> [part.tolist() for part in distinct_rows(np.array([2.0, 1.0, 5.0]), np.array([3, 0, 3]))]
    [[1.0, 7.0], [0, 3]]
    """
    if not customers.size or _new(keys).all():
        return customers, *keys
    order = np.lexsort(keys[::-1])
    keys = tuple(key[order] for key in keys)
    starts = np.flatnonzero(np.append(True, _new(keys)))
    return np.add.reduceat(customers[order], starts), *(key[starts] for key in keys)


def _new(keys: tuple[NDArray[Any], ...]) -> NDArray[np.bool_]:
    """Whether each row but the first lies behind the one before it, by the first key that differs."""
    behind, same = np.zeros(keys[0].size - 1, bool), np.ones(keys[0].size - 1, bool)
    for key in keys:
        behind |= same & (key[1:] > key[:-1])
        same &= key[1:] == key[:-1]
    return behind


def histories(frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> tuple[Ints, Floats, Floats]:
    """Return x, t_x and T as arrays of one shape, or say which history is impossible.

    Raises
    ------
    DataError
        When a number of purchases is no whole number from 0 to a million, or not 0 <= t_x <= T.
    """
    given = (np.asarray(frequency, dtype=float), np.asarray(recency, float), np.asarray(age, float))
    try:
        x, last, total = np.broadcast_arrays(*given)
    except ValueError:
        shapes = ", ".join(str(values.shape) for values in given)
        raise DataError(
            f"Frequency, recency and age have the shapes {shapes}.", todo="Give one of each per customer."
        ) from None
    _refuse(
        ~((x >= 0) & (x <= _MOST_PURCHASES) & (x == np.round(x))),
        x,
        "numbers of repeat purchases are no such numbers",
        f"Give whole numbers from 0 to {_MOST_PURCHASES:,}.",
    )
    _refuse(
        ~((last >= 0) & (last <= total) & np.isfinite(total)),
        last,
        "recencies are negative, missing or beyond the age",
        "Count both from the first purchase, up to the last one and up to the end of the data.",
    )
    _refuse(
        (x == 0) != (last == 0),
        x,
        "histories have repeat purchases without recency, or recency without repeat purchases",
        "Count days with purchases: a repeat purchase is on a later day than the first one.",
    )
    return x.astype(np.int64), last, total


def distinct_pairs(frequency: ArrayLike, age: ArrayLike) -> tuple[Ints, Floats, Ints]:
    """Return the distinct pairs of x and T, in two arrays, and the place of each history among them.

    What a customer buys while it is there depends on these two alone, and there are few of them.
    """
    x, total = np.broadcast_arrays(np.asarray(frequency), np.asarray(age, dtype=float))
    histories(x, np.where(x > 0, total, 0.0), total)
    ages, at_age = np.unique(total, return_inverse=True)
    code = x.astype(np.int64) * max(ages.size, 1) + at_age.reshape(x.shape)
    pairs, place = np.unique(code, return_inverse=True)
    return pairs // max(ages.size, 1), ages[pairs % max(ages.size, 1)], place.reshape(x.shape)


def _refuse(wrong: NDArray[np.bool_], values: Floats, sentence: str, todo: str) -> None:
    if wrong.any():
        shown = [f"{value:g}" for value in values[wrong][:6]]
        raise DataError(f"{wrong.sum():,} of {wrong.size:,} {sentence} (first: {listing(shown)}).", todo=todo)
