"""What every page owes its readers: colours of their scheme, a way by keyboard, words beside pictures."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from retention_kit import cohort_table, open_dataset
from retention_kit.charts import cohorts as drawn
from retention_kit.charts.chart import picture
from retention_kit.charts.drawing import DRAWINGS, template
from retention_kit.charts.theme import dark_colours, in_the_dark
from retention_kit.reports import run_report
from retention_kit.workbook.chart_widget import ChartWidget
from tests.browser.looks import faults

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
SURFACES = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 25, 31)"}
expect.set_options(timeout=30_000)  # a busy machine is not a broken page

# What has the focus: its name, its first line, and whether it shows.
FOCUSED = """() => {
  const node = document.activeElement, style = getComputedStyle(node);
  const label = node.getAttribute("aria-label") ?? node.labels?.[0]?.textContent ?? node.textContent;
  const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return { kind: node.localName, name: label.trim().slice(0, 60), style: node.className, seen };
}"""


@pytest.fixture
def app(page: Page, serve_once: Any, live: Callable[[Page], None], shop: Path) -> Page:
    """The live page of the cohort notebook."""
    served = serve_once(NOTEBOOKS, datasets={"shop": shop})
    page.goto(f"{served.cohorts}?dataset=shop&breakdown=channel")
    live(page)
    expect(page.locator(".rk-chart[data-drawn] svg.marks")).to_have_count(6)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_entrance_errors_and_token_form_have_no_serious_fault(
    page: Page, serve_app: Any, shop: Path, scheme: Any
) -> None:
    served = serve_app(NOTEBOOKS, datasets={"shop": shop}, token="let-me-in")
    page.emulate_media(color_scheme=scheme)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(served.address)
        expect(page.get_by_label("Token")).to_be_visible()
        assert faults(page) == []
    page.goto(f"{served.address}?token=let-me-in")
    expect(page.get_by_role("link", name="shop").first).to_be_visible()
    assert faults(page) == []
    page.goto(f"{served.address}nowhere")
    expect(page.get_by_role("alert")).to_contain_text("There is no such page")
    assert faults(page) == []


def test_live_page_with_everything_open_has_no_serious_fault_in_any_scheme_or_width(app: Page) -> None:
    app.get_by_text("More choices").click()
    app.get_by_text("How is this computed?").last.click()
    for chart in app.locator(".rk-chart").all():
        chart.get_by_role("button", name="Data").click()
        expect(chart.locator("table.rk-table")).to_be_visible()
    for width in (1280, 390):
        app.set_viewport_size({"width": width, "height": 900})
        for scheme, surface in SURFACES.items():
            app.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            for picture_of in app.locator(".rk-chart-picture svg.marks").all():
                expect(picture_of).to_have_css("background-color", surface)
            assert faults(app) == []
            assert app.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_report_has_no_serious_fault(page: Page, shop: Path, tmp_path: Path, scheme: Any) -> None:
    published = run_report(
        "cohorts", parameters={"dataset": str(shop)}, out=tmp_path / "reports", notebooks=NOTEBOOKS
    )
    page.emulate_media(color_scheme=scheme)
    page.set_content(published.page.read_text("utf-8"))  # a page from disk is another test's
    expect(page.locator(f"figure[data-live={scheme}]")).not_to_have_count(0)
    for data in page.get_by_role("button", name="Data").all():
        data.click()
    for fold in page.locator("summary").all():
        fold.click()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert faults(page) == []


def test_keyboard_reaches_everything_and_shows_where_it_is(app: Page) -> None:
    reached = []
    app.locator("body").press("Tab")
    while (now := app.evaluate(FOCUSED))["kind"] != "body":
        reached.append(now)
        app.keyboard.press("Tab")
    assert [one for one in reached if not one["seen"]] == []
    names = [one["name"] for one in reached]
    for name in ("All questions", "Period", "Measure", "Age followed", "Reset", "More choices"):
        assert name in names, name
    assert "How is this computed?" in names
    for one in ("Data", "CSV", "PNG"):
        assert names.count(one) == 6
    assert sum("rk-chart-scroll" in one["style"] for one in reached) == 6


def test_folded_choices_open_by_keyboard(app: Page) -> None:
    more = app.get_by_role("button", name="More choices")
    more.press("Enter")
    clock = app.get_by_label("Clock", exact=True)
    expect(clock).to_be_visible()
    clock.focus()
    assert app.evaluate(FOCUSED)["seen"]


def test_chart_is_told_in_words_and_its_numbers_are_a_table(app: Page) -> None:
    for chart in app.locator(".rk-chart").all():
        said = chart.locator(".rk-chart-picture").get_attribute("aria-label")
        assert said is not None
        assert len(said) > 40
        data = chart.get_by_role("button", name="Data")
        data.press("Space")
        expect(data).to_have_attribute("aria-expanded", "true")
        name = re.compile(f"^Numbers of .*{re.escape(chart.locator('.rk-chart-title').inner_text())}$")
        numbers = chart.get_by_role("region", name=name)
        expect(numbers.get_by_role("table")).to_be_visible()
        numbers.focus()
        assert app.evaluate(FOCUSED)["seen"]


def test_live_charts_have_the_size_of_their_pictures(app: Page, shop: Path) -> None:
    table = cohort_table(open_dataset(str(shop)), breakdown="channel")
    charts = (drawn.heat_map(table), drawn.retention_curves(table), drawn.differences(table))
    for number, chart in enumerate(charts):
        size = re.search(r'width="([\d.]+)" height="([\d.]+)"', picture(chart.spec))
        box = app.locator(".rk-chart-picture").nth(number).locator("svg.marks").bounding_box()
        around = app.locator(".rk-chart-picture").nth(number).bounding_box()
        assert size is not None
        assert box is not None
        assert around is not None
        assert [box["width"], box["height"]] == pytest.approx([float(part) for part in size.groups()], abs=1)
        assert around["height"] == box["height"]


def test_curves_are_drawn_anew_when_the_page_becomes_narrower(app: Page) -> None:
    curves = app.locator(".rk-chart-scroll").nth(1)
    app.set_viewport_size({"width": 500, "height": 900})
    expect(curves.locator("svg.marks")).to_have_attribute("width", re.compile(r"^4\d\d$"))
    assert curves.evaluate("scroller => scroller.scrollWidth === scroller.clientWidth")


def test_paper_is_light_and_holds_the_charts_and_no_controls(app: Page) -> None:
    app.emulate_media(color_scheme="dark")
    chart = app.locator(".rk-chart-picture svg.marks").first
    expect(chart).to_have_css("background-color", SURFACES["dark"])
    # What printing does: it tells the page, and styles it for paper.
    app.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    app.emulate_media(media="print", color_scheme="dark")
    expect(chart).to_have_css("background-color", SURFACES["light"])
    assert app.evaluate("getComputedStyle(document.body).backgroundColor") == SURFACES["light"]
    assert app.get_by_label("Period", exact=True).is_hidden()
    assert app.get_by_role("button", name="Data").first.is_hidden()
    app.emulate_media(media="screen", color_scheme="dark")
    app.evaluate("window.dispatchEvent(new Event('afterprint'))")
    expect(chart).to_have_css("background-color", SURFACES["dark"])


def test_widgets_follow_the_theme_that_jupyterlab_puts_on_the_page(app: Page) -> None:
    chart = app.locator(".rk-chart").first
    for theme, scheme in (("false", "dark"), ("true", "light")):
        app.evaluate("theme => { document.body.dataset.jpThemeLight = theme; }", theme)
        expect(chart.locator("svg.marks")).to_have_css("background-color", SURFACES[scheme])
    app.emulate_media(color_scheme="dark")
    expect(chart).to_have_attribute("data-drawn", re.compile(r"^[4-9]"))
    expect(chart.locator("svg.marks")).to_have_css("background-color", SURFACES["light"])
    app.evaluate("() => { document.body.dataset.jpThemeLight = 'false'; }")
    expect(chart.locator(".rk-chart-title")).to_have_css("color", "rgb(228, 233, 238)")


def test_widget_and_python_agree_on_the_dark(page: Page) -> None:
    page.set_content("<p>A page</p>")
    source = f"{ChartWidget._esm}\nexport {{ recoloured }};"
    darkened = """async ([source, spec, colours]) => {
      const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      return (await import(address)).recoloured(spec, colours);
    }"""
    for name in DRAWINGS:
        spec = template(name) | {"datasets": {"constructor": [{"group": "#ffffff", "label": "constructor"}]}}
        assert page.evaluate(darkened, [source, spec, dark_colours()]) == in_the_dark(spec)
