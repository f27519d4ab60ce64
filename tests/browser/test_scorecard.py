"""The scorecard app in a real Chromium: alive, readable in both schemes and on a phone, and its report."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from retention_kit.reports import run_report
from tests.browser.looks import faults, faults_in_both_schemes

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
CHARTS = 8
expect.set_options(timeout=30_000)  # a busy machine is not a broken page


@pytest.fixture
def app(open_sample: Callable[[str, str], Page]) -> Callable[[str], Page]:
    """Return a function that opens the app with a query."""
    return lambda query: open_sample("02_scorecard", query)


def tile(page: Page, name: str) -> Any:
    """The tile of a metric."""
    return page.locator(".rk-tile").filter(has=page.get_by_role("heading", name=name, exact=True))


def test_every_panel_is_drawn_and_the_page_fits_in_both_schemes(app: Callable[[str], Page]) -> None:
    page = app("dataset=shop")
    expect(page.locator(".rk-chart[data-drawn] svg.marks")).to_have_count(CHARTS)
    for fold in page.locator("summary").all():
        fold.click()
    page.get_by_role("button", name="More choices").click()
    assert faults_in_both_schemes(page) == []


def test_tiles_are_whole_on_a_phone(app: Callable[[str], Page]) -> None:
    page = app("dataset=shop")
    page.set_viewport_size({"width": 390, "height": 800})
    tiles = page.locator(".rk-tile")
    expect(tiles).to_have_count(19)
    for one in tiles.all():
        box = one.bounding_box()
        assert box is not None
        assert 0 <= box["x"] < box["x"] + box["width"] <= 390
        assert one.evaluate("node => node.scrollWidth <= node.clientWidth")
    expect(page.locator(".rk-tile-value").first).to_have_css("font-size", "26px")


def test_another_period_reaches_tiles_charts_readings_and_the_address(app: Callable[[str], Page]) -> None:
    page = app("dataset=shop")
    shown = tile(page, "Customer retention rate")
    expect(shown).to_contain_text("since Nov 2024")
    field = page.get_by_label("Period of")
    field.fill("2024-06-15")
    expect(shown).to_contain_text("since May 2024")
    expect(page.get_by_text(re.compile("^Jun 2024: .* customers came or came back"))).to_be_visible()
    expect(page.get_by_text(re.compile("^Jun 2024: monthly revenue went from"))).to_be_visible()
    page.wait_for_function("location.search.includes('period=2024-06-15')")


def test_a_period_outside_the_data_is_said_and_changes_nothing(app: Callable[[str], Page]) -> None:
    page = app("dataset=shop")
    before = tile(page, "Orders").inner_text()
    page.get_by_label("Period of").fill("2034-06-15")
    expect(page.get_by_role("status").filter(has_text="is outside the data")).to_be_visible()
    assert tile(page, "Orders").inner_text() == before


def test_what_does_not_apply_is_a_sentence_and_no_empty_frame(app: Callable[[str], Page]) -> None:
    page = app("dataset=cdnow")
    for said in (
        "No targets are set for CDNOW, 1/10 sample.",
        "24 complete months are needed, and there are 18",
        "has no subscriptions, needed for reasons for leaving",
        "Nothing in CDNOW, 1/10 sample tells customers apart.",
        "6 metrics more, and what they need",
    ):
        expect(page.get_by_text(said)).to_be_visible()
    drawn = CHARTS - 4
    expect(page.locator(".rk-chart[data-drawn] svg.marks")).to_have_count(drawn)
    expect(page.locator(".rk-chart:visible")).to_have_count(drawn)


def test_report_holds_tiles_charts_and_claims_and_has_no_serious_fault(page: Page, tmp_path: Path) -> None:
    published = run_report(
        "scorecard", parameters={"dataset": "shop"}, out=tmp_path / "reports", notebooks=NOTEBOOKS
    )
    page.set_content(published.page.read_text("utf-8"))  # a page from disk is another test's
    expect(page.locator("figure[data-live=light]")).to_have_count(CHARTS)
    expect(page.locator(".rk-tile")).to_have_count(19)
    expect(page.locator(".rk-claims li")).to_have_count(9)
    for fold in page.locator("summary").all():
        fold.click()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
