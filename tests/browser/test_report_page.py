"""The page of a report in a real browser, opened from disk."""

from types import SimpleNamespace

import nbformat
import pyarrow as pa
import pytest
import vl_convert

from retention_kit.charts.drawing import DRAWINGS, template
from retention_kit.charts.theme import CONFIG, DARK, LIGHT, dark_colours, in_the_dark
from retention_kit.reports.page import page
from retention_kit.tables import html_table

HOSTILE = "</script><script>window.pwned=1</script><img src=x onerror=window.pwned=1>"
VALUES = [{"age": age, "rate": 1 / (age + 1), "who": HOSTILE} for age in range(12)]
CURVE = {
    "width": 640,
    "height": 200,
    "title": f"A third stays {HOSTILE}",
    "data": {"values": VALUES},
    "mark": {"type": "line", "point": {"size": 200}},
    "encoding": {
        "x": {"field": "age", "type": "quantitative", "title": HOSTILE},
        "y": {"field": "rate", "type": "quantitative"},
        "tooltip": [{"field": "who"}, {"field": "rate", "format": ".1%"}],
    },
}
LABELLED = {
    **CURVE,
    "title": {"text": "Labels", "subtitle": ["of cells"]},
    "width": {"step": 60},
    "mark": {"type": "text", "color": LIGHT.ink},
    "encoding": {"x": {"field": "age", "type": "ordinal"}, "text": {"field": "age"}},
    "config": CONFIG,
    "usermeta": {"embedOptions": {"ast": False}},
}
MANIFEST = {
    "parameters": {"dataset": HOSTILE, "level": 0.95},
    "rerun": HOSTILE,
    "dataset": dict.fromkeys(("name", "title", "fingerprint", "as_of", "currency", "time_zone"), HOSTILE),
    "row_accounting": {"orders": {"rows_read": 120, "kept": 100, "netted": 4, "notes": [HOSTILE]}},
    "headline": [{"name": HOSTILE, "value": 0.3, "ci_low": 0.2, "ci_high": 0.4, "n": 7, "unit": "fraction"}],
    "tables": [],
    "versions": {"retention_kit": "1"},
    "timings": {"started_at": "2026-01-31T12:00:00Z"},
}


def chart_output(name, spec):
    data = {"image/svg+xml": vl_convert.vegalite_to_svg(spec), "text/plain": f"{name}: {HOSTILE}"}
    return nbformat.v4.new_output("display_data", data=data, metadata={"retention": {"chart": name}})


@pytest.fixture(scope="module")
def report_file(tmp_path_factory):
    table = html_table(pa.table({"customer": [HOSTILE], "n": [1]}), caption=HOSTILE)
    outputs = [
        chart_output("curve", CURVE),
        chart_output("labels", LABELLED),
        nbformat.v4.new_output("display_data", data={"text/html": table}),
        nbformat.v4.new_output("display_data", data={"text/plain": f"{HOSTILE}\n{HOSTILE}"}),
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("show()", outputs=outputs)])
    charts = {"curve": CURVE, "labels": LABELLED}
    html, _ = page(notebook, title="Cohorts", question="Who?", manifest=MANIFEST, charts=charts)
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(html, encoding="utf-8")
    return file


@pytest.fixture
def opened(browser, report_file):
    """Open the report; ``heard`` collects every request, console line and page error."""
    contexts = []

    def opened(*, width=1280, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        tab = context.new_page()
        heard = SimpleNamespace(requests=[], console=[], errors=[])
        tab.on("request", lambda request: heard.requests.append(request.url))
        tab.on("console", lambda message: heard.console.append(message.text))
        tab.on("pageerror", lambda error: heard.errors.append(str(error)))
        tab.goto(report_file.as_uri())
        return tab, heard

    yield opened
    for context in contexts:
        context.close()


def test_charts_come_alive_without_network_and_without_a_complaint(opened, report_file):
    tab, heard = opened()
    tab.wait_for_selector("figure[data-chart=labels][data-live]")
    tab.locator("figure[data-chart=curve] path[aria-roledescription=point]").nth(5).hover()
    tab.wait_for_selector("#vg-tooltip-element.visible")
    assert "16.7%" in tab.locator("#vg-tooltip-element").inner_text()
    assert HOSTILE[:20] in tab.locator("#vg-tooltip-element").inner_text()
    assert tab.locator("figure img:visible").count() == 0
    assert [url for url in heard.requests if not url.startswith("data:")] == [report_file.as_uri()]
    assert heard.console == []
    assert heard.errors == []


def test_hostile_strings_are_shown_and_not_run(opened):
    tab, _ = opened()
    tab.wait_for_selector("figure[data-chart=curve][data-live]")
    assert tab.evaluate("window.pwned") is None
    assert tab.title().startswith("Cohorts · </script><script>")
    assert tab.locator("td, th, pre, h1").get_by_text("onerror=window.pwned").count() >= 3


def test_a_script_that_is_not_ours_cannot_run_even_inside_the_page(opened):
    tab, heard = opened()
    tab.wait_for_selector("figure[data-chart=curve][data-live]")
    tab.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=data:x onerror=window.pwned=1>')")
    tab.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'pwned=1'}))")
    tab.wait_for_function("document.querySelector('body > img').complete")
    assert tab.evaluate("window.pwned") is None
    assert any("Content Security Policy" in line for line in heard.console)


def test_without_scripts_the_pictures_stay(opened):
    tab, _ = opened(java_script_enabled=False)
    assert tab.locator("figure img:visible").count() == 2
    assert tab.locator("figure img").first.get_attribute("alt").startswith("curve: </script>")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_makes_the_page_scroll_sideways(opened, scheme):
    tab, _ = opened(width=390, color_scheme=scheme)
    tab.wait_for_selector("figure[data-chart=labels][data-live]")
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    curve, labels = (
        tab.locator(f"figure[data-chart={name}] .rk-chart-scroll") for name in ("curve", "labels")
    )
    assert curve.evaluate("scroller => scroller.scrollWidth <= scroller.clientWidth")
    assert labels.evaluate("scroller => scroller.scrollWidth > scroller.clientWidth")


def test_on_paper_charts_fit_and_parameters_are_open(opened):
    tab, _ = opened(width=700)
    tab.wait_for_selector("figure[data-chart=labels][data-live]")
    level = tab.get_by_role("rowheader", name="level")
    assert not level.is_visible()
    tab.emulate_media(media="print")
    assert level.is_visible()
    assert tab.locator("figure button:visible").count() == 0
    assert tab.locator("figure img:visible").count() == 2
    assert tab.locator("figure .rk-chart-picture:visible").count() == 0
    assert tab.evaluate("document.documentElement.scrollWidth") == 700


def drawn_colours(tab):
    chart = tab.locator("figure[data-chart=labels] .rk-chart-picture svg")
    number = chart.locator(".mark-text.role-mark text").first
    return number.get_attribute("fill"), chart.evaluate("svg => getComputedStyle(svg).backgroundColor")


def test_charts_follow_the_scheme_and_paper_is_light(opened):
    tab, heard = opened(color_scheme="dark")
    tab.wait_for_selector("figure[data-chart=labels][data-live=dark]")
    assert drawn_colours(tab) == (DARK.ink, "rgb(20, 25, 31)")
    tab.emulate_media(color_scheme="light")
    tab.wait_for_selector("figure[data-chart=labels][data-live=light]")
    assert drawn_colours(tab) == (LIGHT.ink, "rgb(255, 255, 255)")
    tab.emulate_media(color_scheme="dark", media="print")
    background = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(255, 255, 255)"
    assert heard.errors == []


def test_the_live_chart_takes_the_picture_s_place_without_a_jump(opened):
    still, _ = opened(java_script_enabled=False)
    live, _ = opened()
    for name in ("curve", "labels"):
        live.wait_for_selector(f"figure[data-chart={name}][data-live]")
        before = still.locator(f"figure[data-chart={name}] img").bounding_box()
        after = live.locator(f"figure[data-chart={name}] svg.marks").bounding_box()
        assert [round(after[side]) for side in before] == [round(before[side]) for side in before]


def test_numbers_behind_a_chart_are_a_table_of_text(opened):
    tab, _ = opened()
    figure = tab.locator("figure[data-chart=curve][data-live]")
    data = figure.get_by_role("button", name="Data")
    data.press("Enter")
    assert data.get_attribute("aria-expanded") == "true"
    table = figure.get_by_role("region", name="Numbers of curve: A third stays").get_by_role("table")
    assert table.get_by_role("columnheader").all_inner_texts() == ["who", "rate"]
    assert table.get_by_role("row").count() == 1 + len(VALUES)
    assert table.get_by_role("row").nth(2).inner_text().split("\t") == [HOSTILE, "0.5"]
    assert tab.evaluate("window.pwned") is None
    data.press("Enter")
    assert not table.is_visible()


def test_chart_is_saved_as_a_picture(opened):
    tab, _ = opened()
    figure = tab.locator("figure[data-chart=labels][data-live]")
    for kind, start in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with tab.expect_download() as download:
            figure.get_by_role("button", name=kind).click()
        assert download.value.suggested_filename == f"labels.{kind.lower()}"
        assert download.value.path().read_bytes().startswith(start)


def test_browser_and_python_agree_on_the_dark(opened):
    tab, _ = opened()
    for name in DRAWINGS:
        spec = template(name) | {"datasets": {LIGHT.ink: [{"group": LIGHT.ink}]}}
        got = tab.evaluate("([spec, colours]) => recoloured(spec, colours)", [spec, dark_colours()])
        assert got == in_the_dark(spec)
        assert got != spec
