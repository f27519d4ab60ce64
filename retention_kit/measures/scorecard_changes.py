"""Changes between periods: their errors, Holm's correction over the page, and which matter most."""

from collections.abc import Mapping
from dataclasses import replace
from math import isnan
from statistics import NormalDist

from retention_kit.measures.intervals import normal_quantile
from retention_kit.measures.log_rank import holm
from retention_kit.measures.scorecard_reading import Reading
from retention_kit.measures.scorecard_result import Change, Period, Tile, WhatChanged
from retention_kit.measures.scorecard_words import change_sentence
from retention_kit.measures.survival_result import Estimate

__all__ = ["corrected", "measured_change", "most_telling"]

_FEWEST_BUCKETS = 10  # with customers, below which the spread between them does not tell a direction
_MOST = 3
_MIRRORED = {"churn_rate": "retention_rate", "second_order_share": "time_to_second_order"}


def measured_change(reading: Reading, now: int, against: Period | None, level: float) -> Change | None:
    """Return how a metric has changed since another period, before any correction; None where it cannot be.

    Parameters
    ----------
    reading : Reading
        The metric in every period.
    now : int
        Index of the period measured.
    against : Period or None
        The earlier period.
    level : float
        Confidence level of the interval.
    """
    if against is None:
        return None
    value, error, buckets = reading.difference(now, against.index)
    if isnan(value):
        return None
    before = float(reading.values[0, against.index])
    if isnan(error):
        return Change(against, before, Estimate(value, None, None), None, None, "unclear")
    half = normal_quantile(level) * error
    p_value = _probability(value, error) if buckets >= _FEWEST_BUCKETS else None
    estimate = Estimate(value, value - half, value + half, error)
    return Change(against, before, estimate, p_value, None, "unclear")


def _probability(value: float, error: float) -> float | None:
    # Where all buckets agree to the last digit their spread tells nothing.
    return 2 * NormalDist().cdf(-abs(value) / error) if error else None


def corrected(tiles: Mapping[str, Tile], level: float) -> dict[str, Tile]:
    """Return the tiles with Holm's correction over all their changes, and a direction where it is clear."""
    changes = [change for tile in tiles.values() for change in (tile.previous, tile.last_year)]
    adjusted = iter(holm([change.p_value if change else None for change in changes]))

    def judged(change: Change | None) -> Change | None:
        p_value = next(adjusted)
        if change is None or p_value is None or p_value >= 1 - level:
            return change and replace(change, p_adjusted=p_value)
        return replace(
            change, p_adjusted=p_value, direction="up" if (change.estimate.value or 0) > 0 else "down"
        )

    return {
        key: replace(tile, previous=judged(tile.previous), last_year=judged(tile.last_year))
        for key, tile in tiles.items()
    }


def most_telling(
    tiles: Mapping[str, Tile], *, grain: str, currency: str, level: float
) -> tuple[WhatChanged, ...]:
    """Return the changes that matter most: clear ones first, then the larger for their error.

    A metric is told once, with the clearer of its two changes, and not beside its mirror image.
    """
    found: list[tuple[bool, float, str, Change]] = []
    for key, tile in tiles.items():
        ranked = [
            (change.direction != "unclear", _size(change), key, change)
            for change in (tile.previous, tile.last_year)
            if change is not None and change.p_value is not None and change.estimate.value
        ]
        found += sorted(ranked, key=lambda one: one[:2], reverse=True)[:1]
    found.sort(key=lambda one: (not one[0], -one[1]))
    told: dict[str, Change] = {}
    for *_, key, change in found:
        if len(told) < _MOST and _MIRRORED.get(key) not in told and key not in _mirrors(told):
            told[key] = change
    return tuple(
        WhatChanged(
            key, change, change_sentence(tiles[key], change, grain=grain, currency=currency, level=level)
        )
        for key, change in told.items()
    )


def _mirrors(told: Mapping[str, Change]) -> set[str]:
    return {_MIRRORED[key] for key in told if key in _MIRRORED}


def _size(change: Change) -> float:
    error = change.estimate.standard_error or 0.0
    return abs(change.estimate.value or 0.0) / error if error else 0.0
