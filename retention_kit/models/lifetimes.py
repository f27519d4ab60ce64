"""Distributions of how many periods a contract lasts, each by its chance of staying.

The five belong together: customers differ in their churn (beta) or are all alike, and the churn of each
is constant or changes with age by a power ``c``. The last one is the limit in which customers either
leave at the first renewal or never.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, digamma

__all__ = ["BOUNDS", "LIFETIMES", "Lifetime"]

Floats = NDArray[np.float64]
_FAR = 30.0  # from here on the series for the logarithm of the gamma function is exact to rounding


class Lifetime(Protocol):
    """A distribution of lifetimes in whole periods."""

    @property
    def title(self) -> str:
        """What people call it."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the parameters, all positive."""

    def log_stay(self, start: ArrayLike, end: ArrayLike, parameters: Floats) -> Floats:
        """Log of the chance to be there after ``end`` periods for who was there after ``start``.

        ``parameters`` has one row per symbol; what follows is broadcast against the ages.
        """


@dataclass(frozen=True)
class BetaLifetime:
    """Churn differs between customers by a beta distribution: S(t) = B(alpha, beta + t^c) / B(alpha, beta).

    References
    ----------
    Fader and Hardie (2007), "How to project customer retention", Journal of Interactive Marketing 21(1),
    76-90 (c = 1, shifted beta-geometric). Fader, Hardie, Liu, Davin and Steenburgh
    (2018), "How to project customer retention revisited: the role of duration dependence", Journal of
    Interactive Marketing 43, 1-16 (beta discrete Weibull).
    """

    title: str
    symbols: tuple[str, ...]

    def log_stay(self, start: ArrayLike, end: ArrayLike, parameters: Floats) -> Floats:
        """Log of the chance to be there after ``end`` periods for who was there after ``start``."""
        alpha, beta, power = _three(parameters)
        begun = np.asarray(start, dtype=float) ** power
        return _log_beta_step(alpha, beta + begun, np.asarray(end, dtype=float) ** power - begun)

    def slopes(self, ages: Floats, parameters: Floats) -> Floats:
        """Derivatives of ``log_stay(ages - 1, ages)`` by the logs of the parameters; shape (k, T)."""
        alpha, beta, power = _three(parameters)
        steps = np.append(ages[0] - 1.0, ages)
        reached = steps**power
        alone, both = digamma(beta + reached), digamma(alpha + beta + reached)
        slopes = [-alpha * np.diff(both), beta * np.diff(alone - both)]
        if len(self.symbols) > 2:
            stretched = power * reached * np.log(np.maximum(steps, 1.0))  # age 0 stays 0 whatever c is
            slopes.append(np.diff((alone - both) * stretched))
        return np.array(slopes)


@dataclass(frozen=True)
class DiscreteWeibull:
    """All customers are alike, and churn changes with age: S(t) = exp(-rate * t^c).

    References
    ----------
    Nakagawa and Osaki (1975), "The discrete Weibull distribution", IEEE Transactions on Reliability
    R-24, 300-301.
    """

    title: str = "discrete Weibull"
    symbols: tuple[str, ...] = ("rate", "c")

    def log_stay(self, start: ArrayLike, end: ArrayLike, parameters: Floats) -> Floats:
        """Log of the chance to be there after ``end`` periods for who was there after ``start``."""
        rate, power = parameters
        step = np.asarray(end, dtype=float) ** power - np.asarray(start, dtype=float) ** power
        return np.asarray(-rate * step)

    def slopes(self, ages: Floats, parameters: Floats) -> Floats:
        """Derivatives of ``log_stay(ages - 1, ages)`` by the logs of the parameters; shape (2, T)."""
        rate, power = parameters
        steps = np.append(ages[0] - 1.0, ages)
        reached = steps**power
        stretched = power * reached * np.log(np.maximum(steps, 1.0))
        return np.array([-rate * np.diff(reached), -rate * np.diff(stretched)])


@dataclass(frozen=True)
class ConstantChurn:
    """Every customer leaves in every period with the same chance: S(t) = (1 - churn)^t."""

    title: str = "constant churn"
    symbols: tuple[str, ...] = ("churn",)

    def log_stay(self, start: ArrayLike, end: ArrayLike, parameters: Floats) -> Floats:
        """Log of the chance to be there after ``end`` periods for who was there after ``start``."""
        return _log_power(1 - parameters[0], np.asarray(end, dtype=float) - np.asarray(start, dtype=float))


@dataclass(frozen=True)
class LeaversAndStayers:
    """A share of customers leaves at the first renewal, the others never: S(t) = 1 - leavers, t >= 1."""

    title: str = "leavers and stayers"
    symbols: tuple[str, ...] = ("leavers",)

    def log_stay(self, start: ArrayLike, end: ArrayLike, parameters: Floats) -> Floats:
        """Log of the chance to be there after ``end`` periods for who was there after ``start``."""
        first = np.minimum(np.asarray(end, dtype=float), 1.0) - np.minimum(
            np.asarray(start, dtype=float), 1.0
        )
        return _log_power(1 - parameters[0], first)


LIFETIMES: dict[str, Lifetime] = {
    "beta_weibull": BetaLifetime("beta-Weibull", ("alpha", "beta", "c")),
    "shifted_beta_geometric": BetaLifetime("shifted beta-geometric", ("alpha", "beta")),
    "discrete_weibull": DiscreteWeibull(),
    "constant_churn": ConstantChurn(),
    "leavers_and_stayers": LeaversAndStayers(),
}

# Least and greatest logs of the parameters that are searched for; what lies outside is a limit.
BOUNDS = {"alpha": (-16.0, 14.0), "beta": (-16.0, 14.0), "c": (-3.0, 2.5), "rate": (-20.0, 7.0)}


def _three(parameters: Floats) -> tuple[Floats, Floats, Floats]:
    alpha, beta = parameters[:2]
    return alpha, beta, parameters[2] if len(parameters) > 2 else np.ones(())


def _log_power(share: Floats, times: Floats) -> Floats:
    """The log of share ** times, where nothing to the power of nothing is 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(times == 0, 0.0, np.log(share) * times))


def _log_beta_step(alpha: Floats, beta: Floats, step: Floats) -> Floats:
    """The log of B(alpha, beta + step) / B(alpha, beta), without the loss of digits at large beta."""
    far = np.maximum(beta, _FAR)
    total = alpha + far
    # Stirling's formula, with what cancels taken out by hand: every term is of the size of alpha.
    series = (far - 0.5) * np.log1p(step / far * (alpha / (total + step)))
    series -= alpha * np.log1p(step / total) + step * np.log1p(alpha / (far + step))
    series += _remainder(far + step) - _remainder(far) - _remainder(total + step) + _remainder(total)
    near = betaln(alpha, beta + step) - betaln(alpha, beta)
    return np.asarray(np.where(beta >= _FAR, series, near))


def _remainder(z: Floats) -> Floats:
    """What Stirling's formula leaves of the log of the gamma function, for z of at least 30."""
    inverse = 1 / z
    square = inverse * inverse
    return inverse * (1 / 12 - square * (1 / 360 - square / 1260))
