"""A metric read from sums: its value in every period, with interval, terms, and spread between buckets."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retention_kit.measures.intervals import newcombe, normal_quantile, wilson
from retention_kit.measures.scorecard_result import Unit
from retention_kit.measures.scorecard_sums import quotient, spread, total

__all__ = [
    "Bounds",
    "Other",
    "Reading",
    "counted",
    "jackknifed",
    "net_share",
    "ratio",
    "share",
    "share_difference",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Bounds = Callable[[float], tuple[Floats, Floats]]


@dataclass(frozen=True, eq=False)
class Reading:
    """A metric in every period.

    Attributes
    ----------
    values : ndarray
        As of `Sums`, shape (1 + buckets, period): of all customers, and without each bucket.
    used : ndarray of bool
        Which buckets have customers, shape (bucket, period).
    terms : tuple of ndarray
        The numbers the value is made of, per period.
    customers : ndarray of int
        Customers behind the value, per period.
    bounds : callable
        Returns the ends of the interval per period at a confidence level.
    """

    values: Floats
    used: Mask
    terms: tuple[NDArray[np.number], ...]
    customers: Ints
    bounds: Bounds

    def difference(self, now: int, then: int) -> tuple[float, float, int]:
        """Return one period's value less another's, its standard error, and the buckets it rests on."""
        change = self.values[:, now] - self.values[:, then]
        either = self.used[:, now] | self.used[:, then]
        return float(change[0]), float(spread(change[1:], either)), int(either.sum())


@dataclass(frozen=True, eq=False)
class Other:
    """A variant of a metric: its name, unit and reading, and what the data must have for it."""

    name: str
    unit: Unit
    reading: Reading
    needs: str = ""


def jackknifed(
    values: Floats,
    used: Mask,
    terms: tuple[NDArray[np.number], ...],
    customers: Ints,
    *,
    least: float = -np.inf,
    most: float = np.inf,
) -> Reading:
    """Return a number made of sums, whatever the formula, with the jackknife's interval.

    Its ends go no further than ``least`` and ``most``, unless the number itself does.
    """

    def bounds(level: float) -> tuple[Floats, Floats]:
        half = normal_quantile(level) * spread(values[1:], used)
        low, high = values[0] - half, values[0] + half
        return np.maximum(low, np.minimum(values[0], least)), np.minimum(high, np.maximum(values[0], most))

    return Reading(values, used, terms, customers, bounds)


def ratio(
    top: NDArray[np.number],
    bottom: NDArray[np.number],
    customers: Ints | None = None,
    *,
    scale: int = 1,
    most: float = np.inf,
) -> Reading:
    """Return one sum divided by another, with the jackknife's interval.

    Parameters
    ----------
    top, bottom : ndarray
        Columns of `Sums`.
    customers : ndarray of int, optional
        Customers behind it, likewise; by default what it is divided by.
    scale : int
        What to divide the first sum by in the end: whole numbers add up exactly.
    most : float
        What the quotient cannot exceed, as 1 for a share of revenue, where no sum is negative.
    """
    values = quotient(top, bottom) / scale
    used = bottom[0] - bottom[1:] != 0
    people = (bottom if customers is None else customers)[0].astype(np.int64)
    positive = bool(np.all(top >= 0) and np.all(bottom >= 0))
    return jackknifed(
        values,
        used,
        (top[0] / scale, bottom[0]),
        people,
        least=0 if positive else -np.inf,
        most=most if positive else np.inf,
    )


def share(part: Ints, whole: Ints) -> Reading:
    """Return a share of customers, with Wilson's interval."""
    found = ratio(part, whole)

    def bounds(level: float) -> tuple[Floats, Floats]:
        return wilson(part[0], whole[0], level=level)

    return Reading(found.values, found.used, (part[0], whole[0]), found.customers, bounds)


def share_difference(part: Ints, whole: Ints, other_part: Ints, other_whole: Ints) -> Reading:
    """Return the difference of two shares of different customers, with Newcombe's interval."""
    first, second = ratio(part, whole), ratio(other_part, other_whole)

    def bounds(level: float) -> tuple[Floats, Floats]:
        return newcombe(part[0], whole[0], other_part[0], other_whole[0], level=level)

    return Reading(
        first.values - second.values,
        first.used | second.used,
        (first.values[0], second.values[0]),
        first.customers + second.customers,
        bounds,
    )


def counted(sums: Ints, customers: Ints, *, scale: int = 1, first: int = 0) -> Reading:
    """Return a total from the period ``first`` on: an exact number, whose change alone has an interval."""
    values = total(sums) / scale
    values[:, :first] = np.nan
    none = np.full(values.shape[1], np.nan)
    everywhere = np.ones((len(values) - 1, values.shape[1]), dtype=bool)
    return Reading(values, everywhere, (values[0],), customers[0], lambda _: (none, none))


def net_share(up: Ints, down: Ints, whole: Ints, *, plain: bool = False) -> Reading:
    """Return the share of those in favour less that of those against.

    Parameters
    ----------
    up, down, whole : ndarray of int
        In favour, against, and all who answered.
    plain : bool
        The plain margin z √((p + d − (p − d)²) / n), which is too narrow in small samples, instead of the
        adjusted Wald interval, which adds ¾, 1½ and ¾ to those in favour, between and against.

    References
    ----------
    Rocks (2016), The American Statistician 70, 365-372.
    """
    found = ratio(up - down, whole)
    extra = 0.0 if plain else 0.75

    def bounds(level: float) -> tuple[Floats, Floats]:
        trials = whole[0] + 4 * extra
        p, d = quotient(up[0] + extra, trials), quotient(down[0] + extra, trials)
        if not plain:
            p = np.where(whole[0] > 0, p, np.nan)
        half = normal_quantile(level) * np.sqrt(quotient(p + d - (p - d) ** 2, trials))
        return np.maximum(p - d - half, -1.0), np.minimum(p - d + half, 1.0)

    terms = (up[0], down[0], whole[0])
    return Reading(found.values, found.used, terms, found.customers, bounds)
