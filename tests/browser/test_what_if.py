"""The what-if app in a real Chromium: alive, readable in both schemes and on a phone, and quick to follow."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import faults_in_both_schemes

expect.set_options(timeout=30_000)  # a busy machine is not a broken page


@pytest.fixture
def app(open_sample: Callable[[str, str], Page]) -> Callable[[str], Page]:
    """Return a function that opens the app with a query."""
    return lambda query: open_sample("05_what_if", f"dataset=shop&{query}")


def test_every_chart_is_drawn_and_the_page_fits_in_both_schemes(app: Callable[[str], Page]) -> None:
    page = app("basis=subscriptions&breakdown=plan&beside=saved_share%3D0.2%26scenario%3DCalls")
    expect(page.locator(".rk-chart[data-drawn] svg.marks")).to_have_count(5)
    expect(page.get_by_text("Calls: Pays").first).to_be_visible()
    page.get_by_role("button", name="More choices").click()
    page.get_by_text("How is this computed?").last.click()
    assert faults_in_both_schemes(page) == []


def test_a_lever_reaches_decision_tiles_and_address_and_a_reset_takes_it_back(
    app: Callable[[str], Page],
) -> None:
    page = app("basis=subscriptions")
    field = page.get_by_label("Cost each, once")
    field.fill("60")
    field.press("Enter")
    expect(page.get_by_text("Almost certainly does not pay").first).to_be_visible()
    expect(page.get_by_text("less than 1 %").first).to_be_visible()
    page.wait_for_function("location.search.includes('programme_cost_per_customer=60')")
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_text("No lever is moved, so nothing changes.").first).to_be_visible()
    expect(page.locator(".rk-chart:visible")).to_have_count(1)  # what five points are worth
