"""Purchases to come month by month, and what they count today."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retention_kit.errors import ParameterError
from retention_kit.models.purchase_law import PurchaseLaw
from retention_kit.models.purchase_rows import MONTH_DAYS, UNIT_DAYS, distinct_pairs

__all__ = ["discount_factors", "discounted_purchases", "month_ends", "monthly_purchases"]

Floats = NDArray[np.float64]


def month_ends(law: PurchaseLaw, months: int) -> Floats:
    """Return when months 0, 1, ..., ``months`` from now end, in the unit of the law; a month is 1/12 year.

    Raises
    ------
    ParameterError
        When there is no month.
    """
    if months < 1:
        raise ParameterError(f"A horizon of {months!r} months is none.", todo="Give whole months from 1.")
    return np.arange(months + 1.0) * (MONTH_DAYS / UNIT_DAYS[law.unit])


def discount_factors(months: int, *, annual_rate: float) -> Floats:
    """Return what one unit of money at the end of months 1, 2, ... counts today: (1 + d)^(-month / 12).

    Parameters
    ----------
    months : int
        Number of months.
    annual_rate : float
        d, a fraction per year, above -1.

    Returns
    -------
    ndarray, shape (months,)

    Raises
    ------
    ParameterError
        When the rate is none.

    Examples
    --------
    >>> [round(float(factor), 4) for factor in discount_factors(12, annual_rate=0.21)[[0, 5, 11]]]
    [0.9842, 0.9091, 0.8264]
    """
    if not (np.isfinite(annual_rate) and annual_rate > -1):
        raise ParameterError(
            f"annual_rate={annual_rate!r} is no discount rate.", todo="Give a fraction, such as 0.10."
        )
    return np.asarray((1.0 + annual_rate) ** (-np.arange(1, months + 1) / 12))


def monthly_purchases(
    law: PurchaseLaw, months: int, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
) -> Floats:
    """Return the purchases to expect of each customer in each of the months from now.

    Parameters
    ----------
    law : PurchaseLaw
        Or a fit, which is one.
    months : int
        How many.
    frequency, recency, age : array_like
        Histories, in the unit of the law.

    Returns
    -------
    ndarray, shape (months, ...)
        Of the shape of the customers, behind the months.
    """
    return np.diff(law.expected_purchases(month_ends(law, months), frequency, recency, age), axis=0)


def discounted_purchases(
    law: PurchaseLaw,
    months: int,
    frequency: ArrayLike,
    recency: ArrayLike,
    age: ArrayLike,
    *,
    annual_rate: float,
) -> Floats:
    """Return the purchases to expect of each customer, each worth what it counts today.

    Those of a month count at its end, so that already the first month's are discounted once.

    Parameters
    ----------
    law : PurchaseLaw
        Or a fit, which is one.
    months : int
        Horizon.
    frequency, recency, age : array_like
        Histories, in the unit of the law; 0, 0, 0 for a new customer, without its first purchase.
    annual_rate : float
        Discount rate, a fraction per year.

    Returns
    -------
    ndarray
        Of the shape of the customers.
    """
    ends, factors = month_ends(law, months), discount_factors(months, annual_rate=annual_rate)
    alive = law.probability_alive(frequency, recency, age)
    x, ages, place = distinct_pairs(*np.broadcast_arrays(frequency, age, alive)[:2])
    # Once for each pair: customers are many, and each has months.
    values = factors @ np.diff(law.purchases_while_alive(ends, x, ages), axis=0)
    return np.asarray(alive * values[place])
