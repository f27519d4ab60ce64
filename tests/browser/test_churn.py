"""The churn app in a real Chromium: alive, readable in both schemes and on a phone, and quick to follow."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import faults_in_both_schemes

expect.set_options(timeout=30_000)  # a busy machine is not a broken page


@pytest.fixture
def app(open_sample: Callable[[str, str], Page]) -> Callable[[str], Page]:
    """Return a function that opens the app with a query."""
    return lambda query: open_sample("03_churn_curves", query)


def test_every_chart_is_drawn_and_the_page_fits_in_both_schemes(app: Callable[[str], Page]) -> None:
    page = app("dataset=shop&breakdown=channel")
    expect(page.locator(".rk-chart[data-drawn] svg.marks")).to_have_count(10)
    page.get_by_text("How is this computed?").last.click()
    assert faults_in_both_schemes(page) == []


def test_a_longer_threshold_reaches_charts_readings_and_address(app: Callable[[str], Page]) -> None:
    page = app("dataset=cdnow")
    field = page.get_by_label("Left after, days")
    field.fill("60")
    field.press("Enter")
    expect(page.get_by_text("left: 60 days without an order").first).to_be_visible()
    expect(page.get_by_text("A silence of 60 days was chosen.").first).to_be_visible()
    page.wait_for_function("location.search.includes('threshold_days=60')")


def test_what_does_not_apply_is_a_sentence_and_no_empty_frame(app: Callable[[str], Page]) -> None:
    page = app("dataset=cdnow")
    expect(page.get_by_text("A projection needs subscriptions")).to_be_visible()
    expect(page.get_by_text("Nothing is compared: choose an attribute under Compare by.")).to_be_visible()
    expect(page.locator(".rk-chart[data-drawn] svg.marks")).to_have_count(8)
    expect(page.locator(".rk-chart:visible")).to_have_count(8)
