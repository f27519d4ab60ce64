"""Arithmetic of constant retention, beside what customers who differ make of the same points."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retention_kit.errors import ParameterError
from retention_kit.planning.comparison_result import Likely, likely
from retention_kit.planning.customer_base import CustomerBase
from retention_kit.planning.flows import discount_factors
from retention_kit.planning.levers import Levers, saved_share_of

__all__ = ["PointsCard", "multiple_change", "points_card", "retention_multiple"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PointsCard:
    """What some points of yearly retention are worth, as relative changes in discounted margin.

    Attributes
    ----------
    points : float
        Fraction: 0.05 for 5 points.
    retention : float
        Yearly retention of today's active customers.
    saved_share : float or None
        Share of departures that must be prevented for it; None where fewer leave than that.
    constant_forever, constant_over_horizon : float or None
        By the arithmetic of constant retention: by the year and without end, as it is quoted; and by the
        month over the horizon, so that it differs from the model in one thing, that customers are alike.
    today, new : Likely or None
        By the fitted model over the horizon: today's customers, and a new one after the first purchase.
    reason : str
        Why nothing can be said.
    """

    points: float
    retention: float
    saved_share: float | None
    constant_forever: float | None
    constant_over_horizon: float | None
    today: Likely | None
    new: Likely | None
    reason: str


def retention_multiple(retention: ArrayLike, *, discount_rate: float, periods: float | None = None) -> Floats:
    """Return how many margins a customer is worth if everyone always stays with the same chance.

    r / (1 + i - r): the sum of (r / (1 + i))^t over t = 1, 2, ...; with ``periods`` only so many terms.

    Parameters
    ----------
    retention : array_like
        Per period, from 0 to 1.
    discount_rate : float
        Per period, at least 0.
    periods : float, optional
        Where the sum ends.

    Returns
    -------
    ndarray
        Infinite where nobody leaves, nothing is discounted and there is no end.

    Raises
    ------
    ParameterError
        A share or the rate is out of its range.

    References
    ----------
    Gupta and Lehmann (2003), "Customers as assets", Journal of Interactive Marketing 17(1), 9-24.

    Examples
    --------
    >>> print(f"{retention_multiple(0.9, discount_rate=0.1):.2f}")
    4.50
    """
    share = np.asarray(retention, dtype=float)
    if not ((share >= 0) & (share <= 1)).all() or not 0 <= discount_rate < np.inf:
        raise ParameterError(
            f"retention={retention!r} with discount_rate={discount_rate!r} makes no multiple.",
            todo="Give a retention from 0 to 1, and a discount rate of at least 0, per period.",
        )
    step = share / (1 + discount_rate)
    if periods is None:
        with np.errstate(divide="ignore"):
            return np.asarray(step / (1 - step))
    endless = step == 1
    return np.where(endless, periods, step * (1 - step**periods) / np.where(endless, 1.0, 1 - step))


def multiple_change(
    retention: float, points: float, *, discount_rate: float, periods: float | None = None
) -> float:
    """Return the relative change of `retention_multiple` that some points of retention make.

    >>> print(f"{multiple_change(0.8, 0.05, discount_rate=0.1):.3f}")
    0.275
    """
    before, after = retention_multiple(
        [retention, retention + points], discount_rate=discount_rate, periods=periods
    )
    return float(after / before - 1)


def points_card(
    base: CustomerBase, levers: Levers, *, points: float = 0.05, level: float = 0.95
) -> PointsCard:
    """Return what some points of yearly retention are worth, by shortcut and by the fitted model.

    Parameters
    ----------
    base : CustomerBase
        The customers.
    levers : Levers
        Its discount rate and horizon are used.
    points : float
        Fraction, more than 0.
    level : float
        Confidence level of the model's figures, which hold the parameters only.

    Raises
    ------
    ParameterError
        ``points`` is not between 0 and 1.
    """
    if not 0 < points < 1:
        raise ParameterError(
            f"points={points!r} is out of range.", todo="Give a fraction between 0 and 1: 0.05 for 5 points."
        )
    retention = base.yearly_retention
    saved = saved_share_of(points, retention)
    if saved is None:
        reason = (
            f"Only {1 - retention:.1%} of active customers leave within a year, no more than {points:.1%}."
        )
        return PointsCard(points, retention, None, None, None, None, None, reason.replace("%", " %"))
    months, rate = int(levers.horizon_months), levers.discount_rate
    discount, share = discount_factors(rate, months)[1:], np.array([saved])
    changes = []
    for revenue in (
        lambda u: base.revenue(months, u, 0.0).sum(axis=1),
        lambda u: base.revenue_of_new(months, u)[:, 1:],
    ):
        changes.append(likely(revenue(share) @ discount / (revenue(np.zeros(1)) @ discount) - 1, level=level))
    return PointsCard(
        points,
        retention,
        saved,
        multiple_change(retention, points, discount_rate=rate),
        _monthly_change(retention, points, discount_rate=rate, months=months),
        changes[0],
        changes[1],
        "",
    )


def _monthly_change(retention: float, points: float, *, discount_rate: float, months: int) -> float:
    before, after = retention_multiple(
        np.array([retention, retention + points]) ** (1 / 12),
        discount_rate=(1 + discount_rate) ** (1 / 12) - 1,
        periods=months,
    )
    return float(after / before - 1)
