"""Tiles: one metric each, with interval, changes, target and definition, or what it needs."""

import html
import re
from dataclasses import replace
from functools import cache
from types import MappingProxyType

import pyarrow as pa
import pytest

from retention_kit import formats, open_dataset
from retention_kit.definitions import DEFINITIONS
from retention_kit.measures.scorecard import scorecard
from retention_kit.measures.survival_result import Estimate
from retention_kit.workbook.tiles import tile_lines, tiles_html


@cache
def measured(name="shop", **options):
    return scorecard(open_dataset(name), **options)


def sections(card):
    """The tiles of the page: metric name and what it says, without markup."""
    found = re.findall(r'<section class="rk-tile">(.*?)</section>', tiles_html(card), re.DOTALL)
    return {html.unescape(re.search("<h3>(.*?)</h3>", one)[1]): one for one in found}


def said(markup):
    return html.unescape(re.sub("<[^>]*>", " ", markup))


def with_tile(card, metric, **changes):
    tiles = {**card.tiles, metric: replace(card.tiles[metric], **changes)}
    return replace(card, tiles=MappingProxyType(tiles))


def line_of(card, metric):
    (line,) = [one for one in tile_lines(card) if one.startswith(f"{DEFINITIONS[metric].name}: ")]
    return line


def changed(card, metric, **changes):
    """The card with another change of a metric since the period before."""
    before = card.tiles[metric].previous
    return with_tile(card, metric, previous=replace(before, **changes))


@pytest.mark.parametrize("name", ["shop", "cdnow"])
def test_every_metric_is_a_tile_or_says_what_it_needs(name):
    card = measured(name)
    tiles, page = sections(card), said(tiles_html(card))
    for key, tile in card.tiles.items():
        title = DEFINITIONS[key].name
        assert (title in tiles) == (not tile.needs)
        assert tile.needs in page
    assert len(tile_lines(card)) == len(card.tiles)


def test_metrics_that_need_something_are_folded_below_and_counted():
    needed = [tile for tile in measured("cdnow").tiles.values() if tile.needs]
    assert f"<summary>{len(needed)} metrics more, and what they need</summary>" in tiles_html(
        measured("cdnow")
    )
    whole = replace(
        measured(), tiles=MappingProxyType({k: t for k, t in measured().tiles.items() if not t.needs})
    )
    assert "rk-tile-needs" not in tiles_html(whole)


def test_tile_and_line_hold_the_value_its_interval_and_the_customers():
    card = measured()
    for key, tile in card.tiles.items():
        if tile.needs:
            continue
        parts = [formats.value(tile.value, tile.unit, currency="EUR")]
        parts.append(formats.plural(tile.customers, "customer"))
        if tile.estimate.ci_low is not None and tile.estimate.ci_low != tile.estimate.ci_high:
            low, high = tile.estimate.ci_low, tile.estimate.ci_high
            parts.append(formats.interval(low, high, tile.unit, currency="EUR"))
        for part in parts:
            assert part in said(sections(card)[DEFINITIONS[key].name]), key
            assert part in line_of(card, key), key


def test_change_has_its_period_and_the_signs_of_its_ends():
    change = measured().tiles["retention_rate"].previous
    low, high = change.estimate.ci_low, change.estimate.ci_high
    assert (
        f"{formats.signed(change.estimate.value, 'share')} since Nov 2024 "
        f"({formats.signed_interval(low, high, 'share')})"
    ) in line_of(measured(), "retention_rate")


@pytest.mark.parametrize(
    ("metric", "direction", "arrow", "tone"),
    [
        ("retention_rate", "up", "▲", "rk-better"),
        ("retention_rate", "down", "▼", "rk-worse"),
        ("retention_rate", "unclear", "≈", "rk-plain"),
        ("churn_rate", "up", "▲", "rk-worse"),
        ("churn_rate", "down", "▼", "rk-better"),
        ("existing_revenue_share", "up", "▲", "rk-clear"),
        ("existing_revenue_share", "unclear", "≈", "rk-plain"),
    ],
)
def test_arrow_stands_for_a_clear_change_only_and_its_colour_for_what_it_means(
    metric, direction, arrow, tone
):
    card = changed(measured(), metric, direction=direction)
    assert f'<span class="{tone}">{arrow} ' in sections(card)[DEFINITIONS[metric].name]


def test_metric_that_did_not_move_is_unchanged():
    card = changed(measured(), "retention_rate", estimate=Estimate(0.0, 0.0, 0.0, 0.0))
    assert "; unchanged since Nov 2024; " in line_of(card, "retention_rate")


def test_change_without_an_interval_has_none_and_one_without_a_value_is_not_said():
    card = changed(measured(), "retention_rate", estimate=Estimate(0.02, None, None))
    assert "≈ +2.0 points since Nov 2024;" in line_of(card, "retention_rate")
    card = changed(measured(), "retention_rate", estimate=Estimate(None, None, None))
    assert "Nov 2024" not in line_of(card, "retention_rate")


def test_interval_without_width_is_left_out():
    tile = measured("cdnow").tiles["existing_revenue_share"]
    assert tile.estimate.ci_low == tile.estimate.ci_high == 1
    assert line_of(measured("cdnow"), "existing_revenue_share").startswith(
        "Revenue from existing customers: 100.0 %; "
    )


@pytest.mark.parametrize(
    ("target", "gap", "words"),
    [
        (0.25, 0.06, "target 25.0 %, 6.0 points above it"),
        (0.35, -0.04, "target 35.0 %, 4.0 points below it"),
        (0.31, 0.0, "target 31.0 %, reached"),
        (0.31, None, "target 31.0 %;"),
        (None, None, ""),
    ],
)
def test_target_is_said_with_how_far_it_is(target, gap, words):
    line = line_of(with_tile(measured(), "retention_rate", target=target, gap=gap), "retention_rate")
    assert words in line
    assert ("target" in line) == bool(words)


def test_sparkline_is_drawn_where_there_is_a_trend():
    tiles = sections(measured())
    assert '<svg class="rk-spark"' in tiles["Customer retention rate"]
    assert "<svg" not in tiles["Time to second order"]


def test_engagement_index_shows_its_distribution_and_weights_instead():
    tile = sections(measured())["Engagement index"]
    counts = measured().engagement["customers"].to_pylist()
    assert tile.count("<rect") == sum(count > 0 for count in counts)
    high, low = sum(counts[15:]) / 2500, sum(counts[:5]) / 2500
    assert (
        f"{formats.value(high, 'share')} stand at 75 or more, {formats.value(low, 'share')} below 25."
        in said(tile)
    )
    assert "Recency, frequency, spend and breadth count 25.0 % each." in said(tile)


def test_week_is_called_one_where_a_change_is_told():
    assert " since the week of 2024-12-16" in line_of(measured(grain="week"), "orders")


def test_tile_without_a_trend_says_why():
    assert "It ranks customers as they stand" in said(sections(measured())["Engagement index"])


def test_definition_has_the_users_own_numbers_its_variants_and_its_caveat():
    card = measured()
    tile = card.tiles["retention_rate"]
    (kept, over), definition = tile.terms, DEFINITIONS["retention_rate"]
    page = said(sections(card)["Customer retention rate"])
    assert (
        f"{kept[1]:,.0f} {kept[0]} / {over[1]:,.0f} {over[0]} = {formats.value(tile.value, 'share')}" in page
    )
    for part in (
        definition.formula,
        definition.source,
        definition.caveat,
        *(one.name for one in tile.variants),
    ):
        assert part in page
    for variant in tile.variants:
        assert formats.value(variant.estimate.value, variant.unit) in page


def test_hostile_texts_of_a_card_are_escaped():
    text = "</p><script>window.pwned=1</script>"
    change = measured().tiles["revenue"].previous
    card = replace(measured(), currency=text)
    card = with_tile(card, "revenue", notes=(text,), terms=((text, 1.0, "money"),), formula="{0}")
    card = changed(card, "revenue", against=replace(change.against, label=text))
    card = with_tile(card, "upsell_ratio", needs=text, estimate=Estimate(None, None, None))
    page = tiles_html(card)
    assert "<script" not in page
    assert page.count("&lt;script") >= 4


def test_values_that_are_not_known_are_no_points_of_the_line():
    line = pa.table({"period": ["a", "b"], "value": pa.array([None, None], pa.float64())})
    assert "<svg" not in sections(with_tile(measured(), "orders", sparkline=line))["Orders"]
