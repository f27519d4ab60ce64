"""How far forecasts have been off on the user's own data, as a spread of outcomes around a forecast."""

from dataclasses import dataclass
from functools import lru_cache
from math import exp, hypot, isfinite, log1p, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from retention_kit.errors import ParameterError

__all__ = ["ForecastError", "quantiles_of_triangle"]

Floats = NDArray[np.float64]
_OUTCOMES = 32  # equally likely ratios of what came to what was forecast


@dataclass(frozen=True)
class ForecastError:
    """Relative errors (actual - forecast) / forecast of a back-test, by how far ahead the forecast reached.

    Attributes
    ----------
    months : tuple of float
        Horizons that were tested, rising.
    mean, sd : tuple of float
        Mean and standard deviation of the relative error at each; 0.12 where 12 % more came.

    Raises
    ------
    ParameterError
        The columns do not fit together, or a figure is out of its range.
    """

    months: tuple[float, ...]
    mean: tuple[float, ...]
    sd: tuple[float, ...]

    def __post_init__(self) -> None:
        sizes = {len(self.months), len(self.mean), len(self.sd)}
        rising = all(a < b for a, b in zip(self.months, self.months[1:], strict=False))
        known = all(map(isfinite, (*self.months, *self.mean, *self.sd)))
        if len(sizes) > 1 or not self.months or not rising or not known:
            raise ParameterError(
                "The horizons of a back-test and its errors do not fit together.",
                todo="Give one mean and one standard deviation per horizon, horizons in rising order.",
            )
        if min(self.mean) <= -1 or min(self.sd) < 0:
            raise ParameterError(
                "A back-test's relative error is out of its range.",
                todo="A mean is above -1 (nothing came), a standard deviation at least 0, as fractions.",
            )

    def size(self, months: float) -> float:
        """Return the root mean square of relative errors so many months ahead.

        Between tested horizons mean and standard deviation are interpolated; beyond the last they stay as
        they were there.
        """
        mean = float(np.interp(months, self.months, self.mean))
        return hypot(mean, float(np.interp(months, self.months, self.sd)))

    def ratios(self, months: float) -> Floats:
        """Return equally likely ratios of what comes to what is forecast so many months ahead.

        They follow a lognormal distribution of mean 1, so that none is negative: earlier errors widen a
        forecast and do not shift it, so that it stays the model's own and its bias is told beside it.
        """
        return _lognormal(self.size(months))

    def ratio_at(self, months: float, chance: float) -> float:
        """Return the ratio below which the chance is ``chance``, of the distribution of `ratios`."""
        spread = _spread(self.size(months))
        return exp(spread * NormalDist().inv_cdf(chance) - spread**2 / 2)

    def reaches(self, months: float) -> bool:
        """Whether forecasts so far ahead have been tested; 52 weeks are as good as twelve months."""
        return months <= round(self.months[-1])


def _spread(sd: float) -> float:
    """Standard deviation of the logarithm, where that of a ratio of mean 1 is ``sd``."""
    return sqrt(log1p(sd**2))


@lru_cache(maxsize=64)
def _lognormal(sd: float) -> Floats:
    spread = _spread(sd)
    normal = NormalDist()
    scores = [normal.inv_cdf((k + 0.5) / _OUTCOMES) for k in range(_OUTCOMES)]
    ratios = np.array([exp(spread * score) for score in scores])
    # The mean is kept exactly; the few outcomes stand for a distribution whose ends they do not reach.
    ratios /= ratios.mean()
    ratios.flags.writeable = False
    return ratios


def quantiles_of_triangle(low: float, likely: float, high: float, chances: Floats) -> Floats:
    """Return the quantiles of the triangular distribution from low over likely to high.

    >>> quantiles_of_triangle(0.0, 0.1, 0.2, np.array([0.0, 0.5, 1.0])).round(3).tolist()
    [0.0, 0.1, 0.2]
    """
    if high == low:
        return np.full(chances.shape, likely)
    turn = (likely - low) / (high - low)
    width = high - low
    rising = low + width * np.sqrt(turn * chances)
    falling = high - width * np.sqrt((1 - turn) * (1 - chances))
    return np.where(chances < turn, rising, falling)
