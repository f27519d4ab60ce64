"""Cohorts by the quarter, or the year, of the first order."""

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

__all__ = ["cohort_labels"]

Ints = NDArray[np.int64]
_MOST = 24  # quarters


def cohort_labels(as_of: date, age_days: Ints) -> tuple[tuple[str, ...], tuple[date, ...], Ints]:
    """Return names and first days of cohorts, and which one each age belongs to.

    Calendar quarters; years where there would be more than 24 quarters.

    >>> cohort_labels(date(2024, 12, 31), np.array([0, 100]))[0]
    ('2024 Q3', '2024 Q4')
    """
    ages, place = np.unique(age_days, return_inverse=True)
    days = [as_of - timedelta(days=int(age)) for age in ages]
    quarters = [(day.year, (day.month - 1) // 3) for day in days]
    yearly = len(set(quarters)) > _MOST
    keys = [(year, -1) for year, _ in quarters] if yearly else quarters
    found = sorted(set(keys))
    at = np.array([found.index(key) for key in keys], dtype=np.int64)
    labels = tuple(f"{year} Q{quarter + 1}" if quarter >= 0 else f"{year}" for year, quarter in found)
    starts = tuple(date(year, 3 * max(quarter, 0) + 1, 1) for year, quarter in found)
    return labels, starts, at[place]
