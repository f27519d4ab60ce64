"""What a survival curve is: frozen counts, and what is read from them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from retention_kit.errors import ParameterError
from retention_kit.measures.intervals import normal_quantile, wilson
from retention_kit.measures.product_limit import (
    ROUNDING,
    first_reached,
    greenwood_steps,
    hazards,
)

__all__ = ["Estimate", "SurvivalCurve"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A number with its interval; what the data do not reach is missing (None)."""

    value: float | None
    ci_low: float | None
    ci_high: float | None
    standard_error: float | None = None


@dataclass(frozen=True, eq=False)
class SurvivalCurve:
    """A Kaplan-Meier curve, and what is read from it.

    All arrays have one entry per time at which somebody leaves, is seen for the last time, or is seen
    for the first time; they cannot be written to.

    Attributes
    ----------
    times : ndarray of int
        Rising durations, in periods (in churn curves a period is a day).
    at_risk : ndarray of int
        Customers who could leave at that time: there just before it, and under observation.
    events, censored, entered : ndarray of int
        Customers who leave, who are seen for the last time, and who are seen for the first time.
    survival : ndarray of float
        Share still there after that time.
    ci_low, ci_high : ndarray of float
        Pointwise band; missing (NaN) where the share is 0, of which no error is known.
    level : float
        Confidence level of every interval.
    notes : tuple of str
        What a reader has to know.
    """

    times: Ints
    at_risk: Ints
    events: Ints
    censored: Ints
    entered: Ints
    survival: Floats
    ci_low: Floats
    ci_high: Floats
    level: float
    notes: tuple[str, ...]

    @property
    def customers(self) -> int:
        """How many were observed."""
        return int(self.events.sum() + self.censored.sum())

    @property
    def last_time(self) -> int:
        """The longest duration observed, in periods; nothing is known beyond it."""
        return int(self.times[-1]) if len(self.times) else 0

    @cached_property
    def table(self) -> pa.Table:
        """The curve as rows.

        Columns: ``time_periods``, ``at_risk``, ``events``, ``censored``, ``entered``, ``survival``,
        ``ci_low``, ``ci_high``.
        """
        unknown = np.isnan(self.ci_low)
        return pa.table(
            {
                "time_periods": self.times,
                "at_risk": self.at_risk,
                "events": self.events,
                "censored": self.censored,
                "entered": self.entered,
                "survival": self.survival,
                "ci_low": pa.array(self.ci_low, mask=unknown),
                "ci_high": pa.array(self.ci_high, mask=unknown),
            }
        )

    def survival_at(self, times: ArrayLike) -> Floats:
        """Return the share still there after each of ``times`` (periods); NaN beyond the last one seen."""
        wanted = np.asarray(times)
        shares = np.concatenate([[1.0], self.survival])
        found: Floats = shares[np.searchsorted(self.times, wanted, side="right")]
        return np.where((wanted > self.last_time) & (found > 0), np.nan, found)

    def at_risk_at(self, times: ArrayLike) -> Ints:
        """Return the number of customers at risk at each of ``times`` (periods)."""
        counts = np.concatenate([self.at_risk, [0]])
        found: Ints = counts[np.searchsorted(self.times, np.asarray(times), side="left")]
        return found

    @property
    def median(self) -> Estimate:
        """The time, in periods, after which at most half are still there, with Brookmeyer-Crowley interval.

        The interval holds the times at which the band contains one half. Missing where the curve, or
        that end of its band, does not come down so far.
        """
        shares = (self.survival, self.ci_low, self.ci_high)
        value, low, high = (first_reached(self.times, share <= 0.5 + ROUNDING) for share in shares)
        return Estimate(value, low, high)

    def restricted_mean(self, horizon: int) -> Estimate:
        """Return the mean time, in periods, that customers stay within the first ``horizon`` periods.

        The area under the curve up to the horizon, with the standard error of Klein & Moeschberger.

        Parameters
        ----------
        horizon : int
            Periods from the start, at least 1.

        Raises
        ------
        ParameterError
            When the horizon lies beyond the last time seen, and some are still there.
        """
        reach = self.last_time
        if horizon < 1 or (horizon > reach and not self._nobody_left):
            raise ParameterError(
                f"horizon={horizon} is not within the data, which reach {reach:,} periods.",
                todo=f"Choose a horizon from 1 to {reach:,}." if reach else "Wait until time has passed.",
            )
        inside = self.times <= horizon
        edges = np.concatenate([[0], self.times[inside], [horizon]])
        areas = np.concatenate([[1.0], self.survival[inside]]) * np.diff(edges)
        rest = np.cumsum(areas[::-1])[::-1][1:]  # area from each time to the horizon
        # Where all have left nothing remains, and the error of the step does not matter.
        steps = np.where(rest > 0, greenwood_steps(self.events, self.at_risk)[inside], 0.0)
        error = float(np.sqrt((rest**2 * steps).sum()))
        mean, half = float(areas.sum()), normal_quantile(self.level) * error
        return Estimate(mean, max(mean - half, 0.0), min(mean + half, float(horizon)), error)

    def hazard(self, length: int) -> pa.Table:
        """Return the share of those still there who leave within each period of ``length``.

        One minus the product of (1 - events / at risk) over the period. The interval is Wilson's, with as
        many customers as would give the same variance without censoring; where nobody leaves, with
        the fewest that were at risk. Only periods that were seen to their end are listed.

        Parameters
        ----------
        length : int
            Length of a period in the curve's own ones, for example 30 days; at least 1.

        Returns
        -------
        pyarrow.Table
            ``from_periods`` (excluded, but for 0), ``to_periods`` (included), ``at_risk`` at the start,
            ``events``, ``hazard``, ``ci_low``, ``ci_high``; missing where nobody was at risk.
        """
        if length < 1:
            raise ParameterError(f"length={length} is no period.", todo="Choose 1 or more.")
        count = self.last_time // length
        if self._nobody_left:
            count = -(-self.last_time // length)  # the last one is over too
        starts = np.arange(count, dtype=np.int64) * length
        opening, ends = np.where(starts > 0, starts + 1, 0), starts + length
        index = np.maximum(-(-self.times // length), 1) - 1
        kept = index < count
        stay, variance = np.ones(count), np.zeros(count)
        events = np.zeros(count, dtype=np.int64)
        np.multiply.at(stay, index[kept], 1 - hazards(self.events, self.at_risk)[kept])
        np.add.at(variance, index[kept], greenwood_steps(self.events, self.at_risk)[kept])
        np.add.at(events, index[kept], self.events[kept])
        risk = np.concatenate([self.at_risk, [0]])
        low, high = np.searchsorted(self.times, opening), np.searchsorted(self.times, ends) + 1
        seen = [risk[i:j] for i, j in zip(low, high, strict=True)]
        fewest = np.array([counts.min() for counts in seen], dtype=float)
        most = np.array([counts.max() for counts in seen], dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            trials = np.where(stay > 0, (1 - stay) / (stay * variance), most)
        trials = np.where(events > 0, trials, fewest)
        ci_low, ci_high = wilson((1 - stay) * trials, trials, level=self.level)
        unknown = np.isnan(ci_low)
        return pa.table(
            {
                "from_periods": starts,
                "to_periods": ends,
                "at_risk": self.at_risk_at(opening),
                "events": events,
                "hazard": pa.array(1 - stay, mask=most == 0),
                "ci_low": pa.array(ci_low, mask=unknown),
                "ci_high": pa.array(ci_high, mask=unknown),
            }
        )

    @property
    def _nobody_left(self) -> bool:
        return len(self.survival) > 0 and bool(self.survival[-1] == 0)
