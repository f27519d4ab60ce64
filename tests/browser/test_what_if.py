"""The what-if app in a real Chromium: alive, readable in both schemes and on a phone, and quick to follow."""

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
    """Return a function that opens the what-if app at an address."""
    served = serve_once(NOTEBOOKS, datasets={"shop": samples()["shop"]})

    def opened(query: str) -> Page:
        page.goto(f"{served.address}voila/render/05_what_if.ipynb?v=1&dataset=shop&{query}")
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
    page = app("basis=subscriptions&breakdown=plan&beside=saved_share%3D0.2%26scenario%3DCalls")
    expect(page.locator(".rk-chart[data-drawn] svg.marks")).to_have_count(5)
    expect(page.get_by_text("Calls: Pays").first).to_be_visible()
    page.get_by_role("button", name="More choices").click()
    page.get_by_text("How is this computed?").last.click()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert faults(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") == width


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
