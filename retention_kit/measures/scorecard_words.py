"""Sentences about metrics: a value, an interval and a change in the unit of the metric."""

from retention_kit.definitions import DEFINITIONS
from retention_kit.measures.scorecard_result import Change, Tile, Unit
from retention_kit.measures.survival_result import Estimate

__all__ = ["change_sentence", "in_words", "range_in_words", "with_interval"]

_SUFFIX = {"share": " %", "points": " points", "days": " days"}


def in_words(value: float, unit: Unit, *, currency: str = "", signed: bool = False) -> str:
    """Return a number in its unit; a signed one is a difference, and shares differ by points.

    >>> in_words(0.485, "share"), in_words(-0.034, "share", signed=True)
    ('48.5 %', '−3.4 points')
    >>> in_words(35.171, "money", currency="EUR"), in_words(2357, "customers")
    ('35.17 EUR', '2,357')
    """
    return f"{_number(value, unit, signed)}{_suffix(unit, currency, signed)}"


def range_in_words(
    low: float | None, high: float | None, unit: Unit, *, currency: str = "", signed: bool = False
) -> str:
    """Return an interval in its unit; empty where an end is not known.

    >>> range_in_words(0.4, 0.6, "share")
    '40.0 to 60.0 %'
    """
    if low is None or high is None:
        return ""
    return f"{_number(low, unit, signed)} to {in_words(high, unit, currency=currency, signed=signed)}"


def with_interval(estimate: Estimate, unit: Unit, *, currency: str = "", signed: bool = False) -> str:
    """Return a value with its interval, where it has one.

    >>> with_interval(Estimate(0.5, 0.4, 0.6), "share")
    '50.0 % (40.0 to 60.0 %)'
    """
    if estimate.value is None:
        return "not known"
    told = in_words(estimate.value, unit, currency=currency, signed=signed)
    ends = range_in_words(estimate.ci_low, estimate.ci_high, unit, currency=currency, signed=signed)
    return f"{told} ({ends})" if ends else told


def change_sentence(tile: Tile, change: Change, *, currency: str, level: float) -> str:
    """Return the sentence that tells a change: what, from where to where, how sure.

    It says that something rose or fell only where that is clear.
    """
    name, difference = DEFINITIONS[tile.metric].name, change.estimate.value or 0.0
    before, now = (
        in_words(value, tile.unit, currency=currency) for value in (change.before, change.before + difference)
    )
    told = in_words(difference, tile.unit, currency=currency, signed=True)
    ends = range_in_words(
        change.estimate.ci_low, change.estimate.ci_high, tile.unit, currency=currency, signed=True
    )
    figures = f"({told}; {level * 100:g} % interval {ends})" if ends else f"({told})"
    if change.direction == "unclear":
        return (
            f"{name}: {before} in {change.against.label}, {now} now {figures}, "
            "which may be no more than chance."
        )
    verb = "rose" if change.direction == "up" else "fell"
    return f"{name} {verb} from {before} in {change.against.label} to {now} {figures}."


def _number(value: float, unit: Unit, signed: bool) -> str:
    sign = "−" if value < 0 else "+" if signed else ""
    size = abs(value) * (100 if unit in ("share", "points") else 1)
    if unit in ("share", "points"):
        places = 1
    else:
        places = 0 if unit in ("customers", "orders", "days") or size >= 10_000 else 2
    return f"{sign}{size:,.{places}f}"


def _suffix(unit: Unit, currency: str, signed: bool) -> str:
    if unit == "money":
        return f" {currency}" if currency else ""
    return " points" if unit == "share" and signed else _SUFFIX.get(unit, "")
