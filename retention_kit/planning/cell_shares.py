"""Shares of cohorts that are expected to buy in periods to come."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retention_kit.models.purchase_quadrature import beta_means
from retention_kit.models.purchase_rows import UNIT_DAYS, distinct_pairs

if TYPE_CHECKING:
    from retention_kit.measures.purchase_rows import PurchaseRows
    from retention_kit.models.purchase_law import PurchaseLaw

__all__ = ["CellShares", "cell_shares"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Days = NDArray[np.datetime64]
_TOGETHER = 6  # periods


@dataclass(frozen=True, eq=False)
class CellShares:
    """Expected shares of cohorts with a purchase in a period.

    Attributes
    ----------
    rate : ndarray, shape (cohorts, periods)
        Fractions; 0 for a cohort of nobody.
    customers : ndarray, shape (cohorts,)
        Customers of each cohort.
    """

    rate: Floats
    customers: Floats


def cell_shares(
    law: "PurchaseLaw", rows: "PurchaseRows", known_until: date, cohorts: Days, starts: Days, ends: Days
) -> CellShares:
    """Return the share of each cohort that is expected to buy in each period.

    Parameters
    ----------
    law : PurchaseLaw
        Or a fit.
    rows : PurchaseRows
        Histories up to ``known_until``.
    known_until : date
        Last day of the histories.
    cohorts : ndarray of days, shape (cohorts + 1,)
        First day of each cohort, and of what follows the last one.
    starts, ends : ndarray of days, shape (periods,)
        First day of each period, and of the one after it; all after ``known_until``.
    """
    unit = UNIT_DAYS[law.unit]
    after = np.datetime64(known_until) + np.timedelta64(1, "D")
    first = np.datetime64(known_until) - rows.age_days.astype("timedelta64[D]")
    place = np.searchsorted(cohorts, first, side="right") - 1
    inside = (place >= 0) & (place < cohorts.size - 1)
    number = cohorts.size - 1
    people = np.where(inside, rows.customers, 0).astype(float)
    place = np.clip(place, 0, number - 1)
    sizes = np.bincount(place, weights=people, minlength=number)
    alive = law.probability_alive(rows.frequency, rows.recency_days / unit, rows.age_days / unit)
    x, ages, pair = distinct_pairs(rows.frequency, rows.age_days / unit)
    begin, over = (np.asarray((days - after).astype(float) / unit) for days in (starts, ends))
    rate = np.zeros((number, starts.size))
    for first_column in range(0, starts.size, _TOGETHER):
        some = slice(first_column, first_column + _TOGETHER)
        chances = _active(law, begin[some], over[some], x, ages)
        for column, chance in enumerate(chances, start=first_column):
            rate[:, column] = np.bincount(place, weights=people * alive * chance[pair], minlength=number)
    return CellShares(rate / np.maximum(sizes, 1.0)[:, None], sizes.astype(float))


def _active(law: "PurchaseLaw", begin: Floats, over: Floats, x: Ints, ages: Floats) -> Floats:
    """Chance of a purchase in each of several times ahead, of customers who are still there.

    As `PurchaseLaw.probability_active`, for all times with one quadrature.
    """
    count = begin.size
    scale: Floats = np.asarray(law.alpha + ages, dtype=np.float64)
    shapes, left = (np.asarray(x, dtype=np.float64) + start for start in (law.r, law.b + law.first))

    def active(p: Floats, shape: Floats, ratio: Floats) -> Floats:
        there = np.log1p(p * ratio[:count])
        silent = np.log1p(p * ratio[:count] + ratio[count:])
        chance = -np.expm1(-shape * (silent - there)) * np.exp(-shape * there)
        return np.concatenate([chance, chance])

    ratios: Floats = np.concatenate([np.divide.outer(begin, scale), np.divide.outer(over - begin, scale)])
    return beta_means(active, shapes, ratios, a=law.a, b=left)[:count]
