"""The churn app in a real Chromium: alive, readable in both schemes and on a phone, and quick to follow."""

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
    """Return a function that opens the churn app at an address."""
    served = serve_once(NOTEBOOKS, datasets={name: samples()[name] for name in ("shop", "cdnow")})

    def opened(query: str) -> Page:
        page.goto(f"{served.address}voila/render/03_churn_curves.ipynb?v=1&{query}")
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
    expect(page.locator(".rk-chart[data-drawn] svg.marks")).to_have_count(10)
    page.get_by_text("How is this computed?").last.click()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert faults(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") == width


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
