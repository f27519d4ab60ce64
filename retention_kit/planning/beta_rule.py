"""Means over a beta distribution, exact to about seven digits whatever its shape.

Unlike Gaussian quadrature (`models.purchase_quadrature`), nodes take no eigenvalues, so that many draws of
the parameters cost little; and one grid of nodes serves distributions that differ in their shape.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["beta_weights", "log_odds_grid", "log_odds_moments"]

Floats = NDArray[np.float64]
_REACH = 54  # nodes on either side
_STEP = 0.5  # standard deviations, or log odds where one is wider
_FURTHEST = 15.0  # log odds; a centre beyond it is moved there, since the tails are summed in closed form


def log_odds_moments(a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of the log odds of a beta-distributed share."""
    from scipy.special import digamma, zeta

    return np.asarray(digamma(a) - digamma(b)), np.sqrt(zeta(2.0, a) + zeta(2.0, b))


def log_odds_grid(a: Floats, b: Floats) -> Floats:
    """Return evenly spaced log odds on which means over beta distributions are taken.

    In the log odds y the density is a smooth bump with tails exp(a y) and exp(-b y), and a smooth
    function of the share stays smooth; so sums over even steps converge faster than any power of the
    step. Poles at log odds of +-pi i leave an error of about exp(-2 pi^2 / step), and functions as steep as
    high powers of the share its root: 1e-8 with half a standard deviation, at most 0.5, for a step.

    Parameters
    ----------
    a, b : ndarray, shape (n,)
        Of each distribution, positive.

    Returns
    -------
    ndarray, shape (n, 109)

    References
    ----------
    Trefethen and Weideman (2014), "The exponentially convergent trapezoidal rule", SIAM Review 56(3),
    385-458.
    """
    centre, spread = log_odds_moments(a, b)
    step = _STEP * np.minimum(spread, 1.0)
    centre = np.where(spread < 1, centre, np.clip(centre, -_FURTHEST, _FURTHEST))
    return np.asarray(centre[:, None] + step[:, None] * np.arange(-_REACH, _REACH + 1))


def beta_weights(log_odds: Floats, a: ArrayLike, b: ArrayLike) -> Floats:
    """Return the weights with which values at evenly spaced log odds make a mean over a beta distribution.

    What lies beyond the ends of the grid, where the share is next to 0 or 1, counts at the ends.

    Parameters
    ----------
    log_odds : ndarray, shape (..., m)
        Evenly spaced and rising.
    a, b : array_like
        Of the distribution; broadcast against the leading axes.

    Returns
    -------
    ndarray, shape (..., m)
        They sum to 1.
    """
    first, second = np.asarray(a)[..., None], np.asarray(b)[..., None]
    logs = -first * np.logaddexp(0.0, -log_odds) - second * np.logaddexp(0.0, log_odds)
    step = log_odds[..., 1:2] - log_odds[..., :1]
    logs[..., :1] -= np.log(-np.expm1(-first * step))  # the geometric series of the tail
    logs[..., -1:] -= np.log(-np.expm1(-second * step))
    weights = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))
