"""What a cadence is: the gaps of some customers, and what is read from them."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.formats import plural
from retention_kit.measures.intervals import BUCKETS
from retention_kit.measures.product_limit import ROUNDING, first_reached, log_log_band, product_limit
from retention_kit.measures.survival_result import Estimate

__all__ = ["CYCLES_IN_WINDOW", "Cadence", "GapCounts", "read_cadence"]

CYCLES_IN_WINDOW = 3  # typical cycles that a measuring window must hold

_NO_PLATEAU = (
    "The longest gap seen ended with an order, so the curve falls to 0: how many never return cannot be told."
)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GapCounts:
    """Gaps, and the customers they stand for, by (closed or open, bucket of customers, days)."""

    gaps: Ints
    weights: Floats

    @classmethod
    def none(cls) -> "GapCounts":
        """Return counts of nobody."""
        return cls(np.zeros((2, BUCKETS, 1), dtype=np.int64), np.zeros((2, BUCKETS, 1)))

    def __add__(self, other: "GapCounts") -> "GapCounts":
        """Return the counts of both."""
        days = max(self.gaps.shape[2], other.gaps.shape[2])
        gaps, weights = np.zeros((2, BUCKETS, days), dtype=np.int64), np.zeros((2, BUCKETS, days))
        for counts in (self, other):
            gaps[:, :, : counts.gaps.shape[2]] += counts.gaps
            weights[:, :, : counts.gaps.shape[2]] += counts.weights
        return GapCounts(gaps, weights)


@dataclass(frozen=True, eq=False)
class Cadence:
    """How often some customers buy, and from which silence on few of them come back.

    Attributes
    ----------
    name : str
        Value of the breakdown; empty for all customers.
    customers, gaps, returns : int
        Customers, their gaps with the open ones, and those that ended with an order.
    curve : pyarrow.Table
        One row per day of silence: ``silent_days``, ``gaps_at_risk`` (gaps that long or longer),
        ``returns`` (gaps that ended that day), ``still_away`` (share of gaps that last longer, customers
        weighted equally), ``ci_low``, ``ci_high``, ``still_away_of_gaps`` (every gap counts the same),
        ``return_probability`` (within the horizon, after a silence that long), ``return_ci_low``,
        ``return_ci_high``; missing where the data do not reach, the ends also where nobody returned.
    plateau : Estimate
        Share of gaps that never end, as far as the data reach, with customers weighted equally.
    plateau_of_gaps : float
        The same with every gap counting the same.
    cycle_days : Estimate
        Median gap of those who return.
    window_days : int or None
        Three cycles: the shortest window in which to measure whether customers are active.
    horizon_days : int or None
        Within how many days a return counts.
    return_below : float
        The share of returns that a silence must fall below.
    threshold_days : int or None
        The shortest silence after which fewer return.
    reason : str
        Why the threshold is what it is, or why there is none.
    notes : tuple of str
        What a reader has to know.
    """

    name: str
    customers: int
    gaps: int
    returns: int
    curve: pa.Table
    plateau: Estimate
    plateau_of_gaps: float
    cycle_days: Estimate
    window_days: int | None
    horizon_days: int | None
    return_below: float
    threshold_days: int | None
    reason: str
    notes: tuple[str, ...]


def read_cadence(
    name: str, counts: GapCounts, *, horizon_days: int, return_below: float, z: float
) -> Cadence:
    """Return the cadence of counted gaps.

    Parameters
    ----------
    name : str
        What the customers are called.
    counts : GapCounts
        Their gaps.
    horizon_days, return_below
        As for `purchase_cadence`.
    z : float
        Normal quantile of the intervals' level.
    """
    closed, open_ = counts.gaps.sum(axis=1)
    days = np.arange(len(closed))
    away = _curve(*counts.weights.sum(axis=1))
    of_gaps = _curve(closed, open_)
    without = _curve(*_without_each_bucket(counts))
    low, high = log_log_band(away, _jackknife_error(without, counts), z)
    returned, returned_without = _returned(away), _returned(without)
    cycle_low, cycle_high = log_log_band(1 - returned, _jackknife_error(returned_without, counts), z)
    any_return, half = bool(closed.sum()), 0.5 - ROUNDING
    cycle = Estimate(
        first_reached(days, returned >= half),
        first_reached(days, 1 - cycle_low >= half) if any_return else None,
        first_reached(days, 1 - cycle_high >= half) if any_return else None,
    )
    window = None if cycle.value is None else CYCLES_IN_WINDOW * int(cycle.value)
    horizon = horizon_days or window
    chance = _return_probability(away, horizon)
    chance_error = _jackknife_error(_return_probability(without, horizon), counts)
    # Where nobody returned the jackknife sees no spread, which is no certainty.
    stay_low, stay_high = log_log_band(np.where(chance > 0, 1 - chance, np.nan), chance_error, z)
    threshold = first_reached(days, (chance < return_below - ROUNDING) & (days > 0))
    return Cadence(
        name=name,
        customers=int(open_.sum()),
        gaps=int(closed.sum() + open_.sum()),
        returns=int(closed.sum()),
        curve=pa.table(
            {
                "silent_days": days,
                "gaps_at_risk": np.cumsum((closed + open_)[::-1])[::-1],
                "returns": closed,
                "still_away": away,
                "ci_low": _known(low),
                "ci_high": _known(high),
                "still_away_of_gaps": of_gaps,
                "return_probability": _known(chance),
                "return_ci_low": _known(1 - stay_high),
                "return_ci_high": _known(1 - stay_low),
            }
        ),
        plateau=_estimate(away[-1], low[-1], high[-1]),
        plateau_of_gaps=float(of_gaps[-1]),
        cycle_days=cycle,
        window_days=window,
        horizon_days=horizon,
        return_below=return_below,
        threshold_days=threshold,
        reason=_reason(chance, 1 - stay_high, horizon, return_below, threshold),
        notes=(_NO_PLATEAU,) if away[-1] == 0 else (),
    )


def _curve(closed: NDArray[np.number], open_: NDArray[np.number]) -> Floats:
    """Kaplan and Meier's product limit per day, along the last axis."""
    at_risk = np.cumsum((closed + open_)[..., ::-1], axis=-1)[..., ::-1]
    return product_limit(closed, at_risk)


def _without_each_bucket(counts: GapCounts) -> tuple[Floats, Floats]:
    """Weights of closed and of open gaps with each bucket of customers left out in turn."""
    rest = counts.weights.sum(axis=1, keepdims=True) - counts.weights
    # Where no gap is left nothing may be left of the weights either, not even the rounding.
    rest[counts.gaps.sum(axis=1, keepdims=True) == counts.gaps] = 0.0
    return rest[0], rest[1]


def _jackknife_error(without: Floats, counts: GapCounts) -> Floats:
    """Standard error per day from the values without each bucket; missing below two buckets."""
    used = counts.gaps.sum(axis=(0, 2)) > 0
    groups = int(used.sum())
    if groups < 2:
        return np.full(without.shape[1], np.nan)
    kept = without[used]
    error: Floats = np.sqrt((groups - 1) / groups * ((kept - kept.mean(axis=0)) ** 2).sum(axis=0))
    return error


def _returned(away: Floats) -> Floats:
    """Of those who return, the share that has by each day."""
    total = 1 - away[..., -1:]
    return np.divide(1 - away, total, out=np.zeros_like(away), where=total > 0)


def _return_probability(away: Floats, horizon: int | None) -> Floats:
    """Share that returns within the horizon after a silence of each day; NaN where it is not known."""
    chance = np.full(away.shape, np.nan)
    if horizon is not None and horizon < away.shape[-1]:
        now, later = away[..., :-horizon], away[..., horizon:]
        chance[..., :-horizon] = 1 - np.divide(later, now, out=np.full(now.shape, np.nan), where=now > 0)
    return chance


def _reason(
    chance: Floats, at_least: Floats, horizon: int | None, return_below: float, threshold: int | None
) -> str:
    if horizon is None:
        return "Nobody has come back yet, so there is no cycle to measure by."
    known = np.flatnonzero(~np.isnan(chance))
    known = known[known > 0]
    if not len(known):
        return (
            f"The longest gap seen is {plural(len(chance) - 1, 'day')}: too short to see who returns within "
            f"{plural(horizon, 'day')} after a silence."
        )
    if threshold is None:
        last = known[-1]
        return (
            f"Even after {plural(last, 'day')} of silence {_percent(chance[last], 0)} return within "
            f"{plural(horizon, 'day')}, and the data do not reach further: no silence leaves fewer than "
            f"{_percent(return_below)}."
        )
    reason = (
        f"After {plural(threshold, 'day')} of silence {_percent(chance[threshold], 2)} return within "
        f"{plural(horizon, 'day')}, fewer than {_percent(return_below)} for the first time."
    )
    again = known[(known > threshold) & (at_least[known] > return_below)]
    if len(again):
        reason += (
            f" After {again[0]:,} days it is {_percent(chance[again[0]], 1)}, which is more than chance: "
            "buying may be seasonal, and a longer horizon wiser."
        )
    return reason


def _percent(share: float, places: int | None = None) -> str:
    return f"{share * 100:g} %" if places is None else f"{share * 100:.{places}f} %"


def _estimate(value: float, low: float, high: float) -> Estimate:
    ends = (None if np.isnan(end) else float(end) for end in (low, high))
    return Estimate(float(value), *ends)


def _known(values: Floats) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))
