"""How many renewals are still to come, discounted: the sum of an endless series, cut nowhere."""

from collections.abc import Callable

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import ArrayLike, NDArray

from retention_kit.errors import ParameterError

__all__ = ["constant_churn_residual", "discounted_sum"]

Floats = NDArray[np.float64]
_COUNTED = 64  # terms that are added one by one
_FAR = 1e13  # periods; what lies beyond follows a power of time
_FADED = 45.0  # times the discount rate: a flow so far away is worth less than rounding
_PANEL, _NODES = 0.25, 8  # width in logs of time, and Gauss-Legendre nodes in each
_LEAST_RATE = 1e-6


def constant_churn_residual(retention: ArrayLike, *, discount_rate: float) -> Floats:
    """Return the discounted renewals still to come if everyone always stayed with the same chance.

    The usual shortcut, r (1 + d) / (1 + d - r), counted just before a renewal falls due. It takes
    customers to be alike, and so undervalues those who have already stayed for long.

    Parameters
    ----------
    retention : array_like
        Share of customers that renews, from 0 to 1.
    discount_rate : float
        Per period, at least 0.

    Returns
    -------
    ndarray
        Expected number of renewals, in periods; infinite where nobody leaves and nothing is discounted.

    Raises
    ------
    ParameterError
        The discount rate is negative or no number.

    References
    ----------
    Fader and Hardie (2010), "Customer-base valuation in a contractual setting: the perils of ignoring
    heterogeneity", Marketing Science 29(1), 85-93.

    Examples
    --------
    >>> print(f"{constant_churn_residual(0.8, discount_rate=0.1):.4f}")
    2.9333
    """
    growth = 1 + _checked_rate(discount_rate)
    share = np.asarray(retention, dtype=float)
    with np.errstate(divide="ignore"):
        return np.asarray(share * growth / (growth - share))


def discounted_sum(log_stay: Callable[[Floats], Floats], discount_rate: float) -> Floats:
    """Return the sum over k = 1, 2, ... of exp(log_stay(k)) / (1 + d)^(k - 1).

    The first terms are added; the others are an integral over the log of time, with the corrections of
    Euler and Maclaurin where it begins.

    Parameters
    ----------
    log_stay : callable
        Takes numbers of periods ahead, shape (m, 1), not only whole ones; returns logs of chances, shape
        (m, n), which fall smoothly from period 1 on.
    discount_rate : float
        Per period, at least 0.

    Returns
    -------
    ndarray, shape (n,)
        Infinite where the sum has no limit, or none that 10^13 periods show.

    Raises
    ------
    ParameterError
        The discount rate is negative, no number, or too small to be told from 0.
    """
    delta = np.log1p(_checked_rate(discount_rate))

    def terms(ages: Floats) -> Floats:
        return np.asarray(np.exp(log_stay(ages[:, None]) - delta * (ages[:, None] - 1)))

    total = np.asarray(terms(np.arange(1.0, _COUNTED + 1)).sum(axis=0))
    far = _FAR if delta == 0 else _FADED / delta
    if far <= _COUNTED:
        return total
    # The sum over k > K is the integral from K, less f/2 + f'/12 - f'''/720 there.
    b2, b1, here, a1, a2 = terms(_COUNTED + np.arange(-2.0, 3.0))
    slope, third = (8 * (a1 - b1) - (a2 - b2)) / 12, (a2 - 2 * a1 + 2 * b1 - b2) / 2
    ages, widths = _nodes(far)
    total += (widths * ages) @ terms(ages) - here / 2 - slope / 12 + third / 720
    return total if delta else total + _tail(log_stay)


def _nodes(far: float) -> tuple[Floats, Floats]:
    """Ages between the terms that are added and ``far``, and the log of time that each stands for."""
    edges = np.linspace(np.log(_COUNTED), np.log(far), int(np.log(far / _COUNTED) / _PANEL) + 2)
    at, weight = leggauss(_NODES)
    half = np.diff(edges)[:, None] / 2
    return np.exp((edges[:-1, None] + half * (1 + at)).ravel()), (half * weight).ravel()


def _tail(log_stay: Callable[[Floats], Floats]) -> Floats:
    """What lies beyond the last age, where the chance falls with a power of time if it falls at all."""
    before, last = log_stay(_FAR * np.array([[1 / np.e], [1.0]]))
    with np.errstate(divide="ignore", invalid="ignore"):
        power = before - last
        tail = np.where(power > 1, _FAR * np.exp(last) / (power - 1), np.inf)
    return np.asarray(np.where(np.exp(last) > 0, tail, 0.0))


def _checked_rate(discount_rate: float) -> float:
    """Return a discount rate that can be used, or say why it cannot."""
    if not (discount_rate == 0 or _LEAST_RATE <= discount_rate < np.inf):
        raise ParameterError(
            f"discount_rate={discount_rate!r} is no rate per period.",
            todo=f"Give 0, or a fraction from {_LEAST_RATE:g}: 0.1 for 10 %; "
            "a yearly rate d is (1 + d) ** (1 / 12) - 1 per month.",
        )
    return float(discount_rate)
