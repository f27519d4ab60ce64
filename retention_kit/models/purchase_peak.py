"""Where a smooth log-likelihood is highest, and whether it is a parabola there."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Hill", "Peak", "climbed", "drops", "turned_covariance"]

Floats = NDArray[np.float64]
_ROUNDS = 200
_HALVINGS = 12
_LONGEST = 2.0  # step along an axis
_FLAT = 1e-10  # curvature, as a share of the steepest, that is no more than rounding
_LEAST = 1e-6  # root of a curvature, of which no coordinate needs a smaller one
_LEVEL = 1e-9, 1e-14  # gain in log-likelihood at which a climb is over, and share of it
_MARGIN = 1e-3  # nearer than this to a bound, a coordinate lies on it


@dataclass(frozen=True)
class Hill:
    """A log-likelihood: its value at a point, and value, gradient and Hessian."""

    value: Callable[[Floats], float]
    shape: Callable[[Floats], tuple[float, Floats, Floats]]


@dataclass(frozen=True, eq=False)
class Peak:
    """The highest point that was reached.

    Attributes
    ----------
    point : ndarray, shape (k,)
        Coordinates.
    value : float
        Log-likelihood there.
    covariance : ndarray, shape (k, k)
        Inverse of the observed information over the free coordinates; missing (NaN) for the others, and
        everywhere unless the hill is curved downwards in all of them.
    at_bounds : ndarray of bool, shape (k,)
        Coordinates that ran against a bound.
    """

    point: Floats
    value: float
    covariance: Floats
    at_bounds: NDArray[np.bool_]

    @property
    def inside(self) -> bool:
        """Whether it is a peak: within the bounds, and curved downwards in every direction."""
        return bool(not self.at_bounds.any() and np.isfinite(self.covariance).all())


def climbed(hill: Hill, start: Floats, bounds: Floats, *, held: Iterable[int] = ()) -> Peak:
    """Climb from a start by Newton's method, uphill also where the hill is not curved downwards.

    Parameters
    ----------
    hill : Hill
        The log-likelihood.
    start : ndarray, shape (k,)
        Where to begin.
    bounds : ndarray, shape (2, k)
        Least and greatest coordinates.
    held : iterable of int
        Coordinates that stay as in ``start``.

    Returns
    -------
    Peak
    """
    point = np.clip(start, *bounds)
    movable = np.ones(point.size, dtype=bool)
    movable[list(held)] = False
    value, gradient, hessian = hill.shape(point)
    for _ in range(_ROUNDS):
        outward = ((point <= bounds[0]) & (gradient < 0)) | ((point >= bounds[1]) & (gradient > 0))
        free = movable & ~outward
        step = np.zeros_like(point)
        step[free] = _step(gradient[free], hessian[np.ix_(free, free)])
        step /= max(np.abs(step).max(initial=0.0) / _LONGEST, 1.0)
        if gradient @ step / 2 < _LEVEL[0] + _LEVEL[1] * abs(value):
            break
        for _ in range(_HALVINGS):
            trial = np.clip(point + step, *bounds)
            reached = hill.value(trial)
            if reached > value:
                break
            step /= 2
        else:
            break
        point = trial
        value, gradient, hessian = hill.shape(point)
    near = (point <= bounds[0] + _MARGIN) | (point >= bounds[1] - _MARGIN)
    at_bounds = near & movable
    free = movable & ~near
    covariance = np.full((point.size, point.size), np.nan)
    covariance[np.ix_(free, free)] = _covariance(hessian[np.ix_(free, free)])
    return Peak(point, value, covariance, at_bounds)


def drops(hill: Hill, peak: Peak, bounds: Floats) -> Floats:
    """Return by how much the log-likelihood falls two standard errors away, both ways along each axis.

    The axes are those of the ellipse that the covariance draws. Where the hill is the parabola that its
    peak promises, each fall is 2. Steps end at the bounds.

    Returns
    -------
    ndarray, shape (2, m)
        For the m free coordinates; without any where there is no covariance.
    """
    free = np.isfinite(np.diag(peak.covariance))
    values, vectors = np.linalg.eigh(peak.covariance[np.ix_(free, free)])
    falls = np.empty((2, values.size))
    for axis, (variance, vector) in enumerate(zip(values, vectors.T, strict=True)):
        for way, sign in enumerate((-2.0, 2.0)):
            moved = peak.point.copy()
            moved[free] += sign * np.sqrt(max(variance, 0.0)) * vector
            falls[way, axis] = peak.value - hill.value(np.clip(moved, *bounds))
    return falls


def turned_covariance(peak: Peak, slopes: Floats, *, held: Iterable[int] = ()) -> Floats:
    """Return the covariance of quantities from their derivatives by the coordinates (delta method).

    Parameters
    ----------
    peak : Peak
        Coordinates and their covariance.
    slopes : ndarray, shape (m, k)
        Derivatives of m quantities.
    held : iterable of int
        Coordinates that are known, not estimated.

    Returns
    -------
    ndarray, shape (m, m)
        Missing (NaN) for quantities that depend on a coordinate whose variance is.
    """
    free = np.isfinite(np.diag(peak.covariance))
    covariance = slopes[:, free] @ peak.covariance[np.ix_(free, free)] @ slopes[:, free].T
    unknown = [at for at in np.flatnonzero(~free) if at not in set(held)]
    missing = (slopes[:, unknown] != 0).any(axis=1)
    covariance[missing] = covariance[:, missing] = np.nan
    covariance.flags.writeable = False
    return np.asarray(covariance)


def _scaled(information: Floats) -> tuple[Floats, Floats, Floats]:
    # Ones on the diagonal, so that rounding is told from a flat direction at any size.
    scale = np.maximum(np.sqrt(np.abs(np.diag(information))), _LEAST)
    values, vectors = np.linalg.eigh(information / scale[:, None] / scale)
    return values, vectors, scale


def _step(gradient: Floats, hessian: Floats) -> Floats:
    values, vectors, scale = _scaled(-hessian)
    steps = vectors.T @ (gradient / scale) / np.maximum(np.abs(values), _FLAT)
    return np.asarray(vectors @ steps / scale)


def _covariance(hessian: Floats) -> Floats:
    values, vectors, scale = _scaled(-hessian)
    if not values.size or values[0] <= _FLAT:
        return np.full_like(hessian, np.nan)
    return np.asarray((vectors / values) @ vectors.T / scale[:, None] / scale)
