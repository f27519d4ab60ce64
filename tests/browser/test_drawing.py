"""How charts follow a change: those in sight first, none with old numbers, all of them on paper."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
# The page is busy from here on, until it is told to rest.
HOLD = """() => {
  window.held = [];
  window.requestIdleCallback = (resolve) => window.held.push(resolve);
}"""
REST = "() => { delete window.requestIdleCallback; window.held.forEach((resolve) => resolve()); }"
expect.set_options(timeout=30_000)  # a busy machine is not a broken page


@pytest.fixture
def app(page: Page, serve_once: Any, live: Callable[[Page], None], shop: Path) -> Page:
    """The live page of the cohort notebook, with every chart drawn."""
    served = serve_once(NOTEBOOKS, datasets={"shop": shop})
    page.goto(f"{served.cohorts}?dataset=shop")
    live(page)
    expect(page.locator(".rk-chart[data-drawn]:visible svg.marks")).to_have_count(5)
    return page


def chart(page: Page, number: int) -> Locator:
    return page.locator(".rk-chart").nth(number)


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_label(label, exact=True).select_option(label=option)


def test_charts_out_of_sight_wait_for_a_rest_and_show_nothing_old_meanwhile(app: Page) -> None:
    first, last = chart(app, 0), chart(app, 4)
    height = last.evaluate("(node) => node.offsetHeight")
    app.evaluate(HOLD)
    choose(app, "Customers with", "channel = web")
    expect(first.locator(".rk-chart-subtitle")).to_contain_text("150 customers")
    expect(last).to_have_attribute("aria-busy", "true")
    expect(last.locator("svg.marks")).to_be_hidden()
    expect(last.locator(".rk-chart-title")).to_be_visible()
    assert last.evaluate("(node) => node.offsetHeight") == height
    app.evaluate(REST)
    expect(last.locator("svg.marks")).to_be_visible()
    expect(app.locator(".rk-chart[aria-busy]")).to_have_count(0)


def test_paper_waits_for_no_rest(app: Page) -> None:
    app.evaluate(HOLD)
    choose(app, "Customers with", "channel = web")
    expect(chart(app, 4)).to_have_attribute("aria-busy", "true")
    # A browser prints what is there once the page has been told, and lets promises settle before that.
    left = """() => new Promise((resolve) => {
      window.dispatchEvent(new Event("beforeprint"));
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => resolve(document.querySelectorAll(".rk-chart[aria-busy]").length);
      port2.postMessage("");
    })"""
    expect(chart(app, 0).locator(".rk-chart-subtitle")).to_contain_text("150 customers")
    assert app.evaluate(left) == 0
    expect(chart(app, 4).locator("svg.marks")).to_be_visible()


def test_new_numbers_of_the_same_chart_come_into_the_picture_that_is_there(app: Page) -> None:
    sizes = chart(app, 4)
    sizes.locator("svg.marks").evaluate("(picture) => { picture.dataset.mine = 'yes'; }")
    drawn = sizes.get_attribute("data-drawn")
    assert drawn is not None
    before = sizes.locator("svg.marks").inner_html()
    choose(app, "Customers with", "channel = web")
    expect(sizes).not_to_have_attribute("data-drawn", drawn)
    assert sizes.locator("svg.marks").inner_html() != before
    expect(sizes.locator("svg.marks")).to_have_attribute("data-mine", "yes")
    choose(app, "Period", "week")
    expect(sizes.locator("svg.marks:not([data-mine])")).to_be_visible()
    expect(sizes.locator(".rk-chart-subtitle")).to_contain_text("week")


def test_many_changes_at_once_end_in_the_last_one_everywhere(app: Page) -> None:
    storm = """() => {
      const labels = [...document.querySelectorAll("label")];
      const label = labels.find((one) => one.textContent === "Retained means");
      const control = label.parentElement.querySelector("select");
      const names = ["unbounded", "streak", "bounded"];
      for (let turn = 0; turn < 20; turn += 1) {
        setTimeout(() => {
          control.value = [...control.options].find((one) => one.text === names[turn % 3]).value;
          control.dispatchEvent(new Event("change", { bubbles: true }));
        }, turn * 50);
      }
    }"""
    app.evaluate(storm)
    app.wait_for_function("location.search.includes('mode=streak')")
    for number in (0, 1):
        expect(chart(app, number).locator(".rk-chart-subtitle")).to_contain_text(
            "active in every month so far"
        )
    expect(app.get_by_text("--set mode=streak")).to_be_visible()
    expect(app.locator(".rk-chart[aria-busy]")).to_have_count(0)
    expect(app.locator(".rk-status")).to_have_text("")
