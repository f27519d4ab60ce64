"""Parameters of purchase models as uncertain as the data leave them: draws behind every band."""

import numpy as np
from numpy.typing import NDArray

from retention_kit.models.gathering import gathered
from retention_kit.models.purchase_likelihood import PurchaseLikelihood
from retention_kit.models.purchase_limits import BOUNDS, as_law
from retention_kit.models.purchase_peak import Hill, Peak, climbed

__all__ = ["importance_draws", "purchase_draws"]

Floats = NDArray[np.float64]
_FREEDOM = 4  # degrees of it that proposals have: tails that no likelihood outruns
_PROPOSED = 4  # for each draw that is kept
_LEAST = 1000  # proposals
_ROUNDS = 3  # in which proposals learn from the ones before
_ALIKE = 1e6  # r of customers who are all alike


def purchase_draws(
    likelihood: PurchaseLikelihood, peak: Peak, size: int, *, normal: bool, rng: np.random.Generator
) -> Floats:
    """Return draws of r, alpha, a and b; shape (4, size).

    Parameters
    ----------
    likelihood : PurchaseLikelihood
        Of the whole model.
    peak : Peak
        Where it is highest; read where the draws are normal.
    size : int
        Number of draws.
    normal : bool
        Whether the covariance says all; else they are weighted by the likelihood.
    rng : numpy.random.Generator
        Source of randomness.
    """
    rows = likelihood.rows
    if not rows.frequency.any():
        # Jeffreys' prior for a rate of which no event was seen; at least a unit of time was.
        exposure = max(float(rows.customers @ rows.age), 1.0)
        rate = np.maximum(rng.gamma(0.5, 1 / exposure, size), np.finfo(float).tiny)
        one = np.ones(size)
        return np.array([_ALIKE * one, _ALIKE / rate, 0 * one, one])
    if normal:
        points = rng.multivariate_normal(peak.point, peak.covariance, size, method="eigh")
    else:
        # The draws only spread: close histories taken together tell by how much.
        few = PurchaseLikelihood(gathered(rows), likelihood.first, likelihood.scale)
        points = importance_draws(
            _posterior(few), np.array([0.0, 0.0, -1.0, 0.5]), BOUNDS, size=size, rng=rng
        )
    points = np.clip(points, *BOUNDS)
    return np.array([as_law("", point, likelihood.scale) for point in points]).T


def importance_draws(
    hill: Hill, start: Floats, bounds: Floats, *, size: int, rng: np.random.Generator
) -> Floats:
    """Return draws in proportion to the height of a hill (sampling-importance-resampling).

    Proposals follow a multivariate t law about the top, and then about the weighted mean of the ones
    before, so that a hill that is no parabola is covered too.

    Parameters
    ----------
    hill : Hill
        Log of the density, up to a constant.
    start : ndarray, shape (k,)
        Where to begin to look for its top.
    bounds : ndarray, shape (2, k)
        Outside them the density is 0.
    size : int
        Number of draws.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray, shape (size, k)

    References
    ----------
    Rubin (1988), Bayesian Statistics 3, 395-402. Cappé, Guillin, Marin and Robert (2004), "Population
    Monte Carlo", Journal of Computational and Graphical Statistics 13(4), 907-929.
    """
    top = climbed(hill, start, bounds)
    centre = top.point
    spread = top.covariance if np.isfinite(top.covariance).all() else np.eye(centre.size)
    count = max(_PROPOSED * size, _LEAST)
    for _ in range(_ROUNDS):
        values, vectors = np.linalg.eigh(spread)
        root = vectors * np.sqrt(np.maximum(values, 1e-12))
        steps = rng.standard_normal((count, centre.size))
        steps /= np.sqrt(rng.chisquare(_FREEDOM, count) / _FREEDOM)[:, None]
        points = centre + steps @ root.T
        proposed = -(_FREEDOM + centre.size) / 2 * np.log1p((steps**2).sum(axis=1) / _FREEDOM)
        inside = ((points > bounds[0]) & (points < bounds[1])).all(axis=1)
        heights = np.full(count, -np.inf)
        heights[inside] = [hill.value(point) for point in points[inside]]
        weights = np.exp(heights - proposed - (heights - proposed).max())
        weights /= weights.sum()
        centre = weights @ points
        spread = (points - centre).T @ ((points - centre) * weights[:, None])
    return np.asarray(points[rng.choice(count, size, p=weights)])


def _posterior(likelihood: PurchaseLikelihood) -> Hill:
    """The likelihood with even odds for the mean chance to leave, 1 / (1 + r) and 1 / (1 + a + b)."""

    def even(point: Floats) -> tuple[float, Floats, Floats]:
        shares = 1 / (1 + np.exp(-point[1:]))
        both = shares * (1 - shares)
        return (
            float(np.log(both).sum()),
            np.concatenate([[0.0], 1 - 2 * shares]),
            np.diag(np.concatenate([[0.0], -2 * both])),
        )

    def shape(point: Floats) -> tuple[float, Floats, Floats]:
        value, gradient, hessian = likelihood.shape(point)
        more = even(point)
        return value + more[0], gradient + more[1], hessian + more[2]

    return Hill(lambda point: likelihood.value(point) + even(point)[0], shape)
