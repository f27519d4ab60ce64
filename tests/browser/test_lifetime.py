"""The lifetime value app in a real Chromium: alive, readable in both schemes and on a phone, and quick."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import faults_in_both_schemes

expect.set_options(timeout=30_000)  # a busy machine is not a broken page


@pytest.fixture
def app(open_sample: Callable[[str, str], Page]) -> Callable[[str], Page]:
    """Return a function that opens the app with a query."""
    return lambda query: open_sample("04_lifetime_value", query)


def test_every_chart_is_drawn_and_the_page_fits_in_both_schemes(app: Callable[[str], Page]) -> None:
    page = app("dataset=shop&breakdown=channel")
    expect(page.locator(".rk-chart[data-drawn] svg.marks")).to_have_count(12)
    page.get_by_text("How is this computed?").last.click()
    assert faults_in_both_schemes(page) == []


def test_margin_and_horizon_reach_tiles_charts_and_address(app: Callable[[str], Page]) -> None:
    page = app("dataset=cdnow")
    expect(page.get_by_text("12 months ahead · revenue, as no margin is known").first).to_be_visible()
    for label, value in (("Margin", "0.4"), ("Horizon, months", "6")):
        field = page.get_by_label(label, exact=True)
        field.fill(value)
        field.press("Enter")
    expect(page.get_by_text("6 months ahead · margin 40.0 %, as chosen").first).to_be_visible()
    expect(page.get_by_text("gross margin, USD, 6 months ahead, margin 40.0 %").first).to_be_visible()
    page.wait_for_function("location.search.includes('margin=0.4') && location.search.includes('horizon=6')")


def test_no_customer_is_listed_on_a_served_page(app: Callable[[str], Page]) -> None:
    page = app("dataset=cdnow")
    expect(page.get_by_text("Single customers are listed in JupyterLab only").first).to_be_visible()
    expect(page.get_by_role("button", name="The most valuable")).to_have_count(0)
    assert page.get_by_text("customers.csv").count() == 0


def test_contracts_show_sentences_in_place_of_what_takes_orders(app: Callable[[str], Page]) -> None:
    page = app("dataset=shop&basis=subscriptions")
    expect(page.get_by_text("These customers have contracts").first).to_be_visible()
    expect(page.locator(".rk-chart[data-drawn] svg.marks")).to_have_count(4)
    expect(page.locator(".rk-chart:visible")).to_have_count(4)
