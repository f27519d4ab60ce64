"""Sentences about metrics: a change in the unit of the metric."""

from retention_kit import formats
from retention_kit.definitions import DEFINITIONS
from retention_kit.measures.scorecard_result import Change, Tile

__all__ = ["change_sentence"]


def change_sentence(tile: Tile, change: Change, *, grain: str, currency: str, level: float) -> str:
    """Return the sentence that tells a change: what, from where to where, how sure.

    It says that something rose or fell only where that is clear.
    """
    name, found = DEFINITIONS[tile.metric].name, change.estimate
    difference = found.value or 0.0
    before, now = (
        formats.value(value, tile.unit, currency=currency)
        for value in (change.before, change.before + difference)
    )
    told = formats.signed(difference, tile.unit, currency=currency)
    ends = formats.signed_interval(found.ci_low, found.ci_high, tile.unit, currency=currency)
    then = formats.in_period(change.against.label, grain)
    figures = f"({told})" if ends == formats.NOTHING else f"({told}; {level * 100:g} % interval {ends})"
    if change.direction == "unclear":
        return f"{name}: {before} {then}, {now} now {figures}, which may be no more than chance."
    verb = "rose" if change.direction == "up" else "fell"
    return f"{name} {verb} from {before} {then} to {now} {figures}."
