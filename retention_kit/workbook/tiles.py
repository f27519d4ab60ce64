"""The tiles of a scorecard: a metric each, with its interval, its changes, its line and its definition."""

from collections.abc import Sequence

from retention_kit import formats
from retention_kit.charts.sparkline import bars, sparkline
from retention_kit.definitions import DEFINITIONS
from retention_kit.measures.scorecard_result import Change, Scorecard, Tile
from retention_kit.tables import escape
from retention_kit.workbook.card import definition_terms
from retention_kit.workbook.panels import Term, terms

__all__ = ["tile_lines", "tiles_html"]

_ARROWS = {"up": "▲", "down": "▼", "unclear": "≈"}


def tile_lines(card: Scorecard) -> list[str]:
    """Return every tile as a line of text."""
    return [_line(tile, card) for tile in card.tiles.values()]


def tiles_html(card: Scorecard) -> str:
    """Return the tiles as HTML, escaped; metrics whose data are missing say below what they need."""
    measured = [tile for tile in card.tiles.values() if not tile.needs]
    needed = [(_name(tile), tile.needs) for tile in card.tiles.values() if tile.needs]
    shown = "".join(_tile_html(tile, card) for tile in measured)
    if needed:
        summary = f"<summary>{formats.plural(len(needed), 'metric')} more, and what they need</summary>"
        shown += f'<details class="rk-card rk-tile-needs">{summary}{terms(needed)}</details>'
    return f'<div class="rk-tiles">{shown}</div>'


def _tile_html(tile: Tile, card: Scorecard) -> str:
    value, ends = _value(tile, card.currency)
    changes = "".join(
        f'<p class="rk-tile-change"><span class="{_tone(tile, change)}">{escape(moved)}</span>'
        + (f"<br>{escape(between)}" if between else "")
        + "</p>"
        for change, moved, between in _changes(tile, card)
    )
    lesser = [_target(tile, card.currency), *_asides(tile), formats.plural(tile.customers, "customer")]
    line = _line_of(tile, card)
    summary = "<summary>How is this computed?</summary>"
    return (
        f'<section class="rk-tile"><h3>{escape(_name(tile))}</h3>'
        f'<p class="rk-tile-value">{escape(value)}</p>'
        + (f"<p>{escape(ends)}</p>" if ends else "")
        + f"{line}{changes}"
        + "".join(f"<p>{escape(said)}</p>" for said in lesser if said)
        + f'<details class="rk-card">{summary}{terms(_definition(tile, card.currency))}</details></section>'
    )


def _line_of(tile: Tile, card: Scorecard) -> str:
    if tile.metric == "engagement_index":
        return bars(card.engagement["customers"].to_pylist())
    return sparkline(tile.sparkline["value"].to_pylist()) if tile.sparkline.num_rows else ""


def _line(tile: Tile, card: Scorecard) -> str:
    if tile.needs:
        return f"{_name(tile)}: {tile.needs}"
    currency = card.currency
    value, ends = _value(tile, currency)
    parts = [
        f"{value} ({ends})" if ends else value,
        *(f"{moved} ({between})" if between else moved for _, moved, between in _changes(tile, card)),
        _target(tile, currency),
        formats.plural(tile.customers, "customer"),
    ]
    return f"{_name(tile)}: {'; '.join(part for part in parts if part)}."


def _name(tile: Tile) -> str:
    return DEFINITIONS[tile.metric].name


def _value(tile: Tile, currency: str) -> tuple[str, str]:
    found, ends = tile.estimate, ""
    # Where all customers agree there is nothing between the ends.
    if found.ci_low != found.ci_high:
        ends = formats.interval(found.ci_low, found.ci_high, tile.unit, currency=currency)
    return formats.value(found.value, tile.unit, currency=currency), "" if ends == formats.NOTHING else ends


def _changes(tile: Tile, card: Scorecard) -> list[tuple[Change, str, str]]:
    """What is said of each change: how much since when, and between which ends."""
    said, currency = [], card.currency
    for change in (tile.previous, tile.last_year):
        if change is None or change.estimate.value is None:
            continue
        found, since = change.estimate, f"since {formats.period(change.against.label, card.grain)}"
        if not found.value and found.ci_low == found.ci_high:
            said.append((change, f"unchanged {since}", ""))
            continue
        moved = formats.signed(found.value, tile.unit, currency=currency)
        ends = formats.NOTHING
        if found.ci_low != found.ci_high:
            ends = formats.signed_interval(found.ci_low, found.ci_high, tile.unit, currency=currency)
        told = f"{_ARROWS[change.direction]} {moved} {since}"
        said.append((change, told, "" if ends == formats.NOTHING else ends))
    return said


def _target(tile: Tile, currency: str) -> str:
    if tile.target is None:
        return ""
    goal = f"target {formats.value(tile.target, tile.unit, currency=currency)}"
    if tile.gap is None:
        return goal
    if not tile.gap:
        return f"{goal}, reached"
    apart = formats.signed(abs(tile.gap), tile.unit, currency=currency).removeprefix("+")
    return f"{goal}, {apart} {'above' if tile.gap > 0 else 'below'} it"


def _asides(tile: Tile) -> Sequence[str]:
    """What a tile without a change has to say instead."""
    return () if tile.previous or tile.last_year else tile.notes


def _tone(tile: Tile, change: Change) -> str:
    if change.direction == "unclear" or tile.higher_is_better is None:
        return "rk-plain" if change.direction == "unclear" else "rk-clear"
    return "rk-better" if (change.direction == "up") == tile.higher_is_better else "rk-worse"


def _definition(tile: Tile, currency: str) -> Sequence[Term]:
    """The definition with the user's own numbers put in, and what other definitions would say."""
    yours = ""
    if tile.terms:
        numbers = [
            f"{formats.value(value, unit, currency=currency)} {name}" for name, value, unit in tile.terms
        ]
        yours = f"{tile.formula.format(*numbers)} = {_value(tile, currency)[0]}"
    variants = {
        one.name: formats.with_interval(one.estimate, one.unit, currency=currency) for one in tile.variants
    }
    card = definition_terms(DEFINITIONS[tile.metric], yours=yours, variants=variants)
    return [*card, *(("Note", note) for note in tile.notes)]
