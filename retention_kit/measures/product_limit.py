"""The numbers under a survival curve: product limit, Greenwood's variance, and the log-log band."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "ROUNDING",
    "first_reached",
    "greenwood_steps",
    "hazards",
    "log_log_band",
    "product_limit",
]

ROUNDING = 1e-12  # a product of shares that misses a half by less is a half

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def product_limit(events: ArrayLike, at_risk: ArrayLike) -> Floats:
    """Return the product of 1 - events / at risk along the last axis; where nobody is at risk, as before."""
    product: Floats = np.cumprod(1.0 - hazards(events, at_risk), axis=-1, dtype=np.float64)
    return product


def log_log_band(survival: ArrayLike, error: ArrayLike, z: float) -> tuple[Floats, Floats]:
    """Return the band of a share on the log-log scale: it stays within 0 and 1.

    Parameters
    ----------
    survival, error : array_like
        Shares and their standard errors.
    z : float
        Normal quantile of the level.

    Returns
    -------
    low, high : ndarray
        At a share of 1, 1 and 1; missing (NaN) at 0.
    """
    share = np.asarray(survival, dtype=float)
    inside = (share > 0) & (share < 1)
    held = np.where(inside, share, 0.5)
    spread = np.exp(z * np.where(inside, error, 0.0) / (held * np.abs(np.log(held))))
    edge = np.where(share == 1, 1.0, np.nan)
    return np.where(inside, held**spread, edge), np.where(inside, held ** (1 / spread), edge)


def first_reached(times: Ints, reached: NDArray[np.bool_]) -> int | None:
    """Return the first of ``times`` at which something is reached, or None."""
    return int(times[np.argmax(reached)]) if reached.any() else None


def hazards(events: ArrayLike, at_risk: ArrayLike) -> Floats:
    """Return the share of those at risk who leave, 0 where nobody is at risk."""
    d, n = np.asarray(events, dtype=float), np.asarray(at_risk, dtype=float)
    shares: Floats = np.divide(d, n, out=np.zeros(np.broadcast_shapes(d.shape, n.shape)), where=n > 0)
    return shares


def greenwood_steps(events: Ints, at_risk: Ints) -> Floats:
    """What each time adds to the variance of the logarithm of survival; infinite where all leave."""
    d, n = events.astype(float), at_risk.astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        steps: Floats = np.where(d > 0, d / (n * (n - d)), 0.0)
    return steps
