"""Intervals for shares, differences of shares, and everything else.

Shares of customers use Wilson's score interval, their differences Newcombe's hybrid score interval;
sums and ratios, whose spread no formula gives, use the delete-a-group jackknife.
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retention_kit.errors import ParameterError

__all__ = ["BUCKETS", "jackknife", "newcombe", "normal_quantile", "wilson"]

BUCKETS = 100  # groups of customers that the jackknife leaves out in turn

Floats = NDArray[np.float64]


def wilson(successes: ArrayLike, trials: ArrayLike, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the range in which the true share of customers lies.

    Parameters
    ----------
    successes, trials : array_like
        Counts of the same shape, ``0 <= successes <= trials``.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    low, high : ndarray
        Fractions; missing (NaN) where ``trials`` is 0.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22, 209-212.

    Examples
    --------
    >>> low, high = wilson(81, 263)
    >>> print(f"{low:.4f} {high:.4f}")
    0.2553 0.3662
    """
    z = normal_quantile(level)
    x = np.asarray(successes, dtype=float)
    n = np.where(np.asarray(trials) > 0, trials, np.nan).astype(float)
    share = x / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # At the ends the interval reaches 0 and 1 exactly; rounding must not push it off them.
    low = np.where(x == 0, np.where(np.isnan(n), np.nan, 0.0), centre - half)
    high = np.where(x == n, 1.0, centre + half)
    return np.maximum(low, 0.0), np.minimum(high, 1.0)


def newcombe(
    successes: ArrayLike,
    trials: ArrayLike,
    other_successes: ArrayLike,
    other_trials: ArrayLike,
    *,
    level: float = 0.95,
) -> tuple[Floats, Floats]:
    """Return the range of the difference between two shares of different customers.

    Parameters
    ----------
    successes, trials : array_like
        Counts of the first group.
    other_successes, other_trials : array_like
        Counts of the group that is subtracted.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    low, high : ndarray
        Differences of fractions, from -1 to 1; missing where either group is empty.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 873-890, method 10.

    Examples
    --------
    >>> low, high = newcombe(56, 70, 48, 80)
    >>> print(f"{low:.4f} {high:.4f}")
    0.0524 0.3339
    """
    first_low, first_high = wilson(successes, trials, level=level)
    other_low, other_high = wilson(other_successes, other_trials, level=level)
    first = np.asarray(successes) / np.where(np.asarray(trials) > 0, trials, np.nan)
    other = np.asarray(other_successes) / np.where(np.asarray(other_trials) > 0, other_trials, np.nan)
    low = first - other - np.hypot(first - first_low, other_high - other)
    high = first - other + np.hypot(first_high - first, other - other_low)
    return low, high


def jackknife(
    numerator: ArrayLike, denominator: ArrayLike, *, level: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Return a ratio of sums over customers, and the range in which it lies.

    Each bucket of customers is left out in turn; the spread of the ratios that remain is the spread
    of the ratio. Buckets without customers say nothing and are not counted.

    Parameters
    ----------
    numerator, denominator : array_like
        Sums per bucket, buckets along the first axis; the other axes are independent ratios.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    ratio, low, high : ndarray
        Missing (NaN) where the denominator is 0; the range is missing below two buckets.

    References
    ----------
    Kott (2001), Journal of Official Statistics 17, 521-526.
    """
    tops = np.asarray(numerator, dtype=float)
    bottoms = np.asarray(denominator, dtype=float)
    top, bottom = tops.sum(axis=0), bottoms.sum(axis=0)
    used = bottoms != 0
    groups = used.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(bottom != 0, top / bottom, np.nan)
        without = np.where(used, (top - tops) / (bottom - bottoms), 0.0)
        mean = without.sum(axis=0) / groups
        squares = np.where(used, (without - mean) ** 2, 0.0).sum(axis=0)
        error = np.where(groups > 1, np.sqrt((groups - 1) / groups * squares), np.nan)
    half = normal_quantile(level) * error
    return ratio, ratio - half, ratio + half


def normal_quantile(level: float) -> float:
    """Return the distance, in standard errors, of an interval's ends at a confidence level."""
    if not 0 < level < 1:
        raise ParameterError(f"level={level!r} is no confidence level.", todo="Choose one between 0 and 1.")
    return NormalDist().inv_cdf((1 + level) / 2)
