"""The likelihood of lifetimes given renewal counts, and where it is highest."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retention_kit.models.lifetimes import Lifetime
from retention_kit.models.renewals import RenewalCounts

__all__ = ["Peak", "SmoothLifetime", "highest_point", "log_likelihood"]

Floats = NDArray[np.float64]
_CHANCES = 1e-200, 700.0  # logs of chances, their sign turned, with which one can still reckon
_DIFFERENCE = 1e-4  # at which the gradient is differenced, in logs of the parameters
_FLAT = 1e-10  # curvature, as a share of the steepest, that is no more than rounding
_LONGEST = 2.0  # step in the log of a parameter
_SHARES = 0.2 ** np.arange(6.0)  # of a step, all tried at once
_ROUNDS = 100
_LEVEL = 1e-6  # gain in log-likelihood at which a climb is over; one more step follows at the top
_SETTLED = 1e-7  # log-likelihood that a further step could still gain
_SAME = 1e-3, 1e-9  # by which two starts may differ and still agree: log-likelihood, and share of it
_MARGIN = 1e-3  # logs of the parameters nearer than this to a bound lie on it


class SmoothLifetime(Lifetime, Protocol):
    """A lifetime whose parameters have to be searched for."""

    def slopes(self, ages: Floats, parameters: Floats) -> Floats:
        """Derivatives of ``log_stay(ages - 1, ages)`` by the logs of the parameters; shape (k, ..., T)."""


@dataclass(frozen=True)
class Peak:
    """The highest point of a likelihood, found from several starts.

    Attributes
    ----------
    logs : ndarray, shape (k,)
        Logs of the parameters.
    covariance : ndarray, shape (k, k)
        Of the logs: the inverse of the observed information; missing (NaN) where there is no peak.
    log_likelihood : float
        Log-likelihood there.
    inside : bool
        Whether it is a peak: level, curved downwards in every direction, and within the bounds.
    starts, agreeing : int
        How many searches were made, and how many of them ended as high.
    """

    logs: Floats
    covariance: Floats
    log_likelihood: float
    inside: bool
    starts: int
    agreeing: int


def log_likelihood(counts: RenewalCounts, log_stay: Floats) -> Floats:
    """Return the log-likelihood of the counts, given the logs of the chances to stay each period.

    Parameters
    ----------
    counts : RenewalCounts
        Customers at risk and lost per period.
    log_stay : ndarray, shape (..., T)
        Log of the chance to stay in period 1, ..., T for who began it.

    Returns
    -------
    ndarray, shape (...)
        Sum over periods of losses times log churn and renewals times log retention.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        leave = np.log(-np.expm1(log_stay))
        terms = np.where(counts.losses > 0, counts.losses * leave, 0.0)
        terms += np.where(counts.renewals > 0, counts.renewals * log_stay, 0.0)
    return np.asarray(terms.sum(axis=-1))


def highest_point(lifetime: SmoothLifetime, counts: RenewalCounts, starts: Floats, bounds: Floats) -> Peak:
    """Climb the likelihood from several starts at once and describe the highest point reached.

    Newton's method, uphill also where the likelihood is not curved downwards; the Hessian is
    differenced from the gradient.

    Parameters
    ----------
    lifetime : SmoothLifetime
        The model.
    counts : RenewalCounts
        Customers at risk and lost per period.
    starts : ndarray, shape (m, k)
        Logs of the parameters to start from.
    bounds : ndarray, shape (2, k)
        Least and greatest logs of the parameters.

    Returns
    -------
    Peak
    """
    climb = _Climb(lifetime, counts)
    points = np.clip(starts, *bounds)
    heights = climb.height(points)
    climbing = np.arange(len(points))
    for _ in range(_ROUNDS):
        steps, _ = climb.steps(points[climbing])
        trials = np.clip(points[climbing] + _SHARES[:, None, None] * steps, *bounds)
        reached = climb.height(trials)
        chosen = reached.argmax(axis=0), np.arange(len(climbing))
        gains = reached[chosen] - heights[climbing]
        better = gains > 0
        points[climbing[better]] = trials[chosen][better]
        heights[climbing[better]] = reached[chosen][better]
        climbing = climbing[gains > _LEVEL]
        if not climbing.size:
            break
    best = int(heights.argmax())
    agreeing = int((heights >= heights[best] - _SAME[0] - _SAME[1] * abs(heights[best])).sum())
    step, covariance = (found[0] for found in climb.steps(points[[best]]))
    point = np.clip(points[best] + step, *bounds) if np.isfinite(covariance).all() else points[best]
    step, covariance = (found[0] for found in climb.steps(point[None]))
    within = ((point > bounds[0] + _MARGIN) & (point < bounds[1] - _MARGIN)).all()
    gain = climb.gradient(point) @ step / 2
    inside = bool(within and np.isfinite(covariance).all() and gain < _SETTLED)
    return Peak(point, covariance, float(climb.height(point)), inside, len(points), agreeing)


@dataclass(frozen=True)
class _Climb:
    """Height, gradient and next step at many points; points have the shape (..., k)."""

    lifetime: SmoothLifetime
    counts: RenewalCounts

    def height(self, points: Floats) -> Floats:
        ages, parameters = self._ages, self._parameters(points)
        return log_likelihood(self.counts, self.lifetime.log_stay(ages - 1, ages, parameters))

    def gradient(self, points: Floats) -> Floats:
        ages, parameters = self._ages, self._parameters(points)
        stay = self.lifetime.log_stay(ages - 1, ages, parameters)
        odds = np.expm1(np.clip(-stay, *_CHANCES))
        slopes = self.lifetime.slopes(ages, parameters)
        return np.moveaxis((slopes * (self.counts.renewals - self.counts.losses / odds)).sum(axis=-1), 0, -1)

    def steps(self, points: Floats) -> tuple[Floats, Floats]:
        """The step to the top of the nearest parabola, and the covariance, missing where there is none."""
        shifts = _DIFFERENCE * np.eye(points.shape[-1])[:, None, :]
        rows = (self.gradient(points + shifts) - self.gradient(points - shifts)) / (2 * _DIFFERENCE)
        information = -(np.moveaxis(rows, 0, 1) + np.moveaxis(rows, 0, 2)) / 2
        # Scaled to ones on the diagonal, so that rounding is told from a flat direction at any size.
        scale = np.sqrt(np.abs(np.diagonal(information, axis1=1, axis2=2))) + np.finfo(float).tiny
        values, vectors = np.linalg.eigh(information / scale[:, :, None] / scale[:, None, :])
        level = np.maximum(np.abs(values), _FLAT)[:, None, :]
        inverse = (vectors / level) @ np.moveaxis(vectors, 1, 2) / scale[:, :, None] / scale[:, None, :]
        steps = (inverse @ self.gradient(points)[:, :, None])[:, :, 0]
        length = np.abs(steps).max(axis=1, keepdims=True) / _LONGEST
        covariance = np.where(values[:, :1, None] > _FLAT, inverse, np.nan)
        return steps / np.maximum(length, 1.0), covariance

    @property
    def _ages(self) -> Floats:
        return np.arange(1.0, self.counts.periods + 1)

    @staticmethod
    def _parameters(points: Floats) -> Floats:
        return np.moveaxis(np.exp(points), -1, 0)[..., None]
