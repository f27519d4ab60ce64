"""Survival curves: how many are still there after a time, from counts of who left and who is still there.

Everything is computed from counts per duration, so that a million customers cost no more than a thousand.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retention_kit.errors import DataError, listing
from retention_kit.measures.intervals import normal_quantile
from retention_kit.measures.product_limit import (
    greenwood_steps,
    log_log_band,
    product_limit,
)
from retention_kit.measures.survival_result import SurvivalCurve

__all__ = ["survival_curve"]

Ints = NDArray[np.int64]


def survival_curve(
    durations: ArrayLike,
    events: ArrayLike,
    censored: ArrayLike,
    entered: ArrayLike = 0,
    *,
    level: float = 0.95,
) -> SurvivalCurve:
    """Return the share of customers still there after each time, whether or not all have been seen to leave.

    Kaplan and Meier's product limit: S(t) is the product over times up to t of 1 - d/n, with d who leave
    and n at risk just before. Whoever is seen for the last time at t is at risk at t; whoever
    is first seen at t, having started earlier, is at risk from the next time on (left truncation). The
    band is that of the log-log transform with Greenwood's variance.

    Parameters
    ----------
    durations : array_like of int
        Times since the start, in periods, 0 or more; in any order, repeated times are added up.
    events : array_like of int
        Customers who leave after that duration.
    censored : array_like of int
        Customers who are still there when last seen, after that duration.
    entered : array_like of int
        Customers who are first seen after that duration. They are among those who leave or are censored
        later; all others are seen from their start.
    level : float
        Confidence level of the intervals, between 0 and 1.

    Returns
    -------
    SurvivalCurve
        Without times where nobody was observed.

    Raises
    ------
    DataError
        When counts are no whole numbers from 0 up, differ in length, or more leave than came.

    References
    ----------
    Kaplan & Meier (1958), Journal of the American Statistical Association 53, 457-481.
    Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, section 1.4.
    Brookmeyer & Crowley (1982), Biometrics 38, 29-41.
    Klein & Moeschberger (2003), Survival Analysis, sections 4.2 to 4.6.

    Examples
    --------
    >>> curve = survival_curve([1, 2, 3], events=[2, 1, 0], censored=[0, 1, 6])
    >>> [round(float(share), 4) for share in curve.survival]
    [0.8, 0.7, 0.7]
    """
    z = normal_quantile(level)
    columns = {"durations": durations, "events": events, "censored": censored, "entered": entered}
    length = np.shape(durations)
    ages, left, last_seen, first_seen = (_counts(name, column, length) for name, column in columns.items())
    used = left + last_seen + first_seen > 0
    times, place = np.unique(ages[used], return_inverse=True)
    sums = np.zeros((3, len(times)), dtype=np.int64)
    for row, column in zip(sums, (left, last_seen, first_seen), strict=True):
        np.add.at(row, place, column[used])
    d, c, e = sums
    gone = d + c
    at_risk = gone.sum() - e.sum() + (np.cumsum(e) - e) - (np.cumsum(gone) - gone)
    short = times[at_risk < gone]
    if len(short) or gone.sum() < e.sum():
        when = f" (first: after {listing(short)})" if len(short) else ""
        raise DataError(
            f"More customers leave or are last seen than were there before{when}.",
            todo="Count each customer who entered late once more, where it leaves or is last seen.",
        )
    survival = product_limit(d, at_risk)
    variance = np.cumsum(greenwood_steps(d, at_risk))
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = log_log_band(survival, survival * np.sqrt(variance), z)
    for array in (times, at_risk, *(parts := (d, c, e)), survival, low, high):
        array.setflags(write=False)
    notes = tuple(_notes(times, at_risk, d, e))
    return SurvivalCurve(times, at_risk, *parts, survival, low, high, level, notes)


def _counts(name: str, values: ArrayLike, shape: tuple[int, ...]) -> Ints:
    found = np.asarray(values)
    if len(shape) != 1 or found.shape not in (shape, ()):
        raise DataError(
            f"{name} has the shape {found.shape}, durations have {shape}.",
            todo="Give one count per duration.",
        )
    numbers = found.astype(float)
    wrong = numbers[~((numbers >= 0) & (numbers == np.floor(numbers)) & np.isfinite(numbers))]
    if wrong.size:
        raise DataError(
            f"{name} has {wrong.size:,} values other than 0, 1, 2, … (first: {listing(wrong)}).",
            todo="Count customers, and durations in whole periods.",
        )
    return np.broadcast_to(numbers.astype(np.int64), shape)


def _notes(times: Ints, at_risk: Ints, events: Ints, entered: Ints) -> list[str]:
    notes = []
    seen = np.flatnonzero(at_risk > 0)
    if len(seen) and seen[0] > 0:
        notes.append(
            f"Nobody was under observation before {times[seen[0] - 1]:,} periods: "
            "the curve is that of customers who got that far."
        )
    emptied = np.flatnonzero((events == at_risk) & (events > 0) & (np.cumsum(entered[::-1])[::-1] > 0))
    if len(emptied):
        notes.append(
            f"At {times[emptied[0]]:,} periods all who were under observation left, and others came later: "
            "the curve stays at 0 although these were still there. Start it where more are at risk."
        )
    return notes
