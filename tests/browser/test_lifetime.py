"""The lifetime value app in a real Chromium: alive, readable in both schemes and on a phone, and quick."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from retention_kit.data.resolve import samples

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
expect.set_options(timeout=30_000)  # a busy machine is not a broken page


@pytest.fixture
def app(page: Page, serve_once: Any, live: Callable[[Page], None]) -> Callable[[str], Page]:
    """Return a function that opens the lifetime value app at an address."""
    served = serve_once(NOTEBOOKS, datasets={name: samples()[name] for name in ("shop", "cdnow")})

    def opened(query: str) -> Page:
        address = f"{served.address}voila/render/04_lifetime_value.ipynb?v=1&{query}"
        page.goto(address, timeout=90_000)  # fits take seconds, on a busy machine many
        live(page)
        return page

    return opened


def faults(page: Page) -> list[tuple[str, str]]:
    """What axe finds serious or critical."""
    return [
        (found["id"], node["html"][:200])
        for found in Axe().run(page).response["violations"]
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"]
    ]


def test_every_chart_is_drawn_and_the_page_fits_in_both_schemes(app: Callable[[str], Page]) -> None:
    page = app("dataset=shop&breakdown=channel")
    expect(page.locator(".rk-chart[data-drawn] svg.marks")).to_have_count(12)
    page.get_by_text("How is this computed?").last.click()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert faults(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") == width


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
