"""What chance alone leaves open, for known parameters: variances of purchases and of what is spent."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retention_kit.models.purchase_quadrature import beta_means

if TYPE_CHECKING:
    from retention_kit.models.purchase_law import PurchaseLaw
    from retention_kit.models.spend_result import SpendFit

__all__ = ["purchase_squares", "spend_moments", "stay_variance"]

Floats = NDArray[np.float64]
_SMALL = 1e-5  # chance to leave over the length of time, below which differences cancel
_LEAST_SHAPE = 0.5  # of a rate of spending, less 2: below it the variance has no bound


def purchase_squares(law: "PurchaseLaw", horizon: float, frequency: ArrayLike, age: ArrayLike) -> Floats:
    """Return the mean square of the purchases of a customer who is known to be still there.

    With N purchases made if nobody left, G(z) = E[z^N] = (1 + (1 - z) t / (alpha + T))^-(r + x), and the
    customer leaving at each purchase with the chance p, E[Y^2] is the sum over j of (2 j - 1) (1 - p)^(j - 1)
    P(N >= j) = 2 ((1 - G) / p^2 - (1 - p) G' / p) - (1 - G) / p, with G and G' at 1 - p; of it the mean over
    p is taken.

    Parameters
    ----------
    law : PurchaseLaw
        Or a fit.
    horizon : float
        Time from now, in the law's unit.
    frequency, age : ndarray, shape (n,)
        Histories of customers.

    Returns
    -------
    ndarray, shape (n,)
    """
    x = np.asarray(frequency, dtype=float)

    def squares(p: Floats, shape: Floats, ratio: Floats) -> Floats:
        least = _SMALL / (1 + ratio)
        p = np.maximum(p, least)
        reach = p * ratio
        none = np.exp(-shape * np.log1p(reach))
        some = -np.expm1(-shape * np.log1p(reach))
        slope = shape * ratio * none / (1 + reach)
        return np.asarray(2 * (some / p - slope) / p + 2 * slope - some / p)

    ratio = (horizon / (law.alpha + np.asarray(age, dtype=float)))[None]
    means = beta_means(squares, law.r + x, ratio, a=law.a, b=law.b + x + law.first)[0]
    return np.asarray(np.maximum(means, 0.0))


def spend_moments(fit: "SpendFit", frequency: Floats, spend: Floats) -> tuple[Floats, Floats]:
    """Return the mean square of a customer's own mean spend, and the mean variance about it.

    Parameters
    ----------
    fit : SpendFit
        A Gamma-Gamma law.
    frequency, spend : ndarray, shape (n,)
        Repeat purchases, and what one customer spent on them together.

    Returns
    -------
    tuple of ndarray, shape (n,)
        Currency squared.
    """
    shape, rate = fit.p * frequency + fit.q, fit.v + spend
    scale = rate / (shape - 1)
    own = scale * rate / np.maximum(shape - 2, _LEAST_SHAPE)
    return fit.p**2 * own, fit.p * own


def stay_variance(stay: Floats, weights: Floats) -> Floats:
    """Return the variance of what is paid while a customer stays.

    Parameters
    ----------
    stay : ndarray, shape (..., months)
        Chance to be there after each month.
    weights : ndarray, shape (months,)
        What a month in which the customer is there counts.

    Returns
    -------
    ndarray, shape (...)
    """
    before = np.cumsum(weights) - weights
    squares = stay @ (weights * (weights + 2 * before))
    return np.asarray(np.maximum(squares - (stay @ weights) ** 2, 0.0))
