"""Predictive intervals: what the parameters, chance, and errors of earlier forecasts leave open."""

from dataclasses import dataclass, field
from math import sqrt

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.planning.forecast_error import ForecastError

__all__ = ["Estimate", "Outcomes", "outcomes_of", "quantile_ends"]

Floats = NDArray[np.float64]
_SAMPLES = 4096
_SEED = 20_241


@dataclass(frozen=True)
class Estimate:
    """A forecast and the range in which what comes is expected to lie; missing (NaN) where unknown."""

    value: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Equally likely futures: which draw of the parameters, what chance adds, how wrong the model is.

    Attributes
    ----------
    draw : ndarray of int, shape (samples,)
        Which draw of the parameters.
    score : ndarray, shape (samples,)
        Standard normal, for chance.
    ratio : ndarray, shape (samples,)
        What comes over what is forecast, by the errors of the back-test; 1 where there is none.
    level : float
        Confidence level.
    error : float or None
        Root mean square of the back-test's relative errors.
    """

    draw: NDArray[np.int64] = field(repr=False)
    score: Floats = field(repr=False)
    ratio: Floats = field(repr=False)
    level: float
    error: float | None

    def interval(self, value: Floats, drawn: Floats, chance: Floats) -> tuple[Floats, Floats]:
        """Return the ends of the intervals of forecasts.

        Parameters
        ----------
        value : ndarray, shape (n,)
            Forecasts.
        drawn : ndarray, shape (draws, n)
            The same by each draw of the parameters.
        chance : ndarray, shape (n,)
            Standard deviation that chance alone makes.
        """
        return self._ends(value, drawn[self.draw] * self.ratio[:, None], chance)

    def sources(self, value: float, drawn: Floats, chance: float) -> pa.Table:
        """Return what each source of uncertainty alone leaves open of one forecast.

        Columns: ``source``, ``relative_sd``, ``ci_low``, ``ci_high``, ``says``.
        """
        one, same, none = np.array([value]), np.full((self.draw.size, 1), value), np.zeros(1)
        parts = [
            ("parameters", drawn[self.draw][:, None], none, "the data do not settle the model's parameters"),
            ("chance", same, np.array([chance]), "single customers do as they please"),
        ]
        if self.error is not None:
            told = "earlier forecasts of the same model on these data were so far off"
            parts.append(("back-test", value * self.ratio[:, None], none, told))
        rows = []
        scale = abs(value) if value else np.inf
        spreads = [float(drawn.std()) / scale, chance / scale, self.error or 0.0]
        for (source, futures, sd, says), spread in zip(parts, spreads, strict=False):
            low, high = self._ends(one, futures, sd)
            rows.append((source, spread, float(low[0]), float(high[0]), says))
        names = ("source", "relative_sd", "ci_low", "ci_high", "says")
        return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))

    def _ends(self, value: Floats, futures: Floats, chance: Floats) -> tuple[Floats, Floats]:
        futures = np.maximum(futures + chance * self.score[:, None], 0.0)
        low, high = quantile_ends(futures, self.level)
        # The estimate is a future too, also where the draws lie to one side of it.
        return np.minimum(low, value), np.maximum(high, value)


def outcomes_of(draws: int, *, level: float, errors: ForecastError | None, months: float) -> Outcomes:
    """Return futures for so many draws of the parameters; the same ones every time.

    Errors of the back-test widen the interval, by their root mean square so many months ahead; they do not
    shift it, so that the forecast stays the model's own and its bias is told beside it.
    """
    rng = np.random.default_rng(_SEED)
    draw = rng.permutation(np.arange(_SAMPLES) % draws)
    score = rng.standard_normal(_SAMPLES)
    ratio, error = np.ones(_SAMPLES), None
    if errors is not None:
        error = errors.size(months)
        spread = sqrt(np.log1p(error**2))
        ratio = np.exp(spread * rng.standard_normal(_SAMPLES) - spread**2 / 2)
    return Outcomes(draw, score, ratio, level, error)


def quantile_ends(values: Floats, level: float) -> tuple[Floats, Floats]:
    """Return the quantiles between which the share ``level`` of equally likely values lies, by column."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high
