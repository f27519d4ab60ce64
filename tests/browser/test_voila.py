"""The served workbook in a real browser."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

SLIDER = """\
import ipywidgets as widgets
slider = widgets.IntSlider(description="Age", value=3)
label = widgets.Label()
widgets.dlink((slider, "value"), (label, "value"), lambda value: f"age {value}")
widgets.VBox([slider, label])"""
WIDE = """\
import ipywidgets as widgets
from IPython.display import HTML, display
row = "".join(f"<td>{number} %</td>" for number in range(40))
display(HTML(f"<table><tr>{row}</tr></table>"))
display(widgets.HBox([widgets.IntSlider(), widgets.IntSlider(), widgets.IntSlider()]))
print("long line " * 60)"""
OWN = """\
import anywidget, traitlets
import ipywidgets as widgets
class Counter(anywidget.AnyWidget):
    _esm = "export default { render({ model, el }) { el.textContent = 'count ' + model.get('count'); } }"
    count = traitlets.Int(7).tag(sync=True)
class Silent(anywidget.AnyWidget):
    _esm = "export default { render() {} }"
display(Counter(), Silent(), widgets.Output(), widgets.Label("a label"))"""
Serve = Callable[..., Any]
Write = Callable[..., Path]
Wait = Callable[[Page], None]


def kernel_of(page: Page) -> str:
    return str(
        page.evaluate("JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId")
    )


def wait_until_gone(page: Page, kernel: str) -> None:
    page.wait_for_function(
        "id => fetch(`/api/kernels/${id}`).then((answer) => answer.status === 404)", arg=kernel
    )


def test_landing_page_leads_to_a_live_page(
    page: Page, serve_app: Serve, cohort_notebook: Write, live: Wait, tmp_path: Path
) -> None:
    shop = tmp_path / "shop.toml"
    shop.write_text('title = "The <i>shop</i>"', "utf-8")
    app = serve_app(cohort_notebook(SLIDER), datasets={"shop": shop})
    page.goto(app.address)
    page.get_by_role("link", name="The <i>shop</i>").click()
    live(page)
    expect(page).to_have_title("Cohorts")
    assert page.url == f"{app.cohorts}?dataset=shop"
    assert page.locator("html").get_attribute("lang") == "en"
    expect(page.locator("#rk-app-status")).to_be_hidden()
    page.get_by_role("slider").press("ArrowRight")
    expect(page.get_by_text("age 4")).to_be_visible()


def test_widgets_with_scripts_of_their_own_and_empty_ones_become_live(
    page: Page, serve_app: Serve, cohort_notebook: Write, live: Wait
) -> None:
    app = serve_app(cohort_notebook(OWN))
    page.goto(app.cohorts)
    live(page)
    expect(page.get_by_text("count 7")).to_be_visible()
    expect(page.get_by_text("a label")).to_be_visible()


def test_loading_says_how_far_it_is(page: Page, serve_app: Serve, cohort_notebook: Write) -> None:
    app = serve_app(cohort_notebook("print('not yet')", "import time\ntime.sleep(3)", SLIDER))
    page.goto(app.cohorts, wait_until="commit")
    expect(page.get_by_role("heading", name="Cohorts")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("Starting the controls: step 2 of 4.")
    expect(page.get_by_text("not yet")).to_be_hidden()


def test_closing_the_tab_ends_its_kernel(
    page: Page, serve_app: Serve, cohort_notebook: Write, live: Wait
) -> None:
    app = serve_app(cohort_notebook(SLIDER))
    page.goto(app.address)
    tab = page.context.new_page()
    tab.goto(app.cohorts)
    live(tab)
    kernel = kernel_of(tab)
    tab.close(run_before_unload=True)
    wait_until_gone(page, kernel)


def test_last_place_survives_a_reload_and_others_are_told_to_wait(
    page: Page, serve_app: Serve, cohort_notebook: Write, live: Wait
) -> None:
    app = serve_app(cohort_notebook(SLIDER), max_kernels=1)
    page.goto(app.cohorts)
    live(page)
    other = page.context.new_page()
    answer = other.goto(app.cohorts)
    assert answer is not None
    assert answer.status == 503
    assert answer.headers["retry-after"] == "30"
    expect(other.get_by_role("heading")).to_have_text("All places are taken")
    again = page.reload()
    assert again is not None
    assert again.status == 200
    live(page)


def test_failed_page_shows_a_number_whose_traceback_is_in_the_log(
    page: Page, serve_app: Serve, cohort_notebook: Write
) -> None:
    app = serve_app(cohort_notebook(SLIDER, "open('/secret' + '/orders.csv')"))
    page.goto(app.cohorts)
    expect(page.get_by_role("alert")).to_contain_text("This page could not be calculated")
    expect(page.get_by_role("status")).to_be_hidden()
    expect(page.locator(".rk-app-cell").first).to_be_hidden()
    assert "secret" not in page.content()
    number = page.locator(".rk-app-failure strong").inner_text()
    log = app.log.read_text()
    assert f"Page error {number}" in log
    assert "FileNotFoundError: [Errno 2] No such file or directory: '/secret/orders.csv'" in log


def test_secrets_of_the_server_are_not_in_the_kernel(
    page: Page, serve_app: Serve, cohort_notebook: Write
) -> None:
    app = serve_app(cohort_notebook("import os\nprint(dict(os.environ))"), token="let-me-in")
    page.goto(f"{app.cohorts}?token=let-me-in")
    expect(page.get_by_text("'RETENTION_SURFACE': 'app'")).to_be_visible()
    for secret in ("let-me-in", "open-up", "SESAME"):
        assert secret not in page.content()


def test_token_is_asked_for_once(page: Page, serve_app: Serve, cohort_notebook: Write, live: Wait) -> None:
    app = serve_app(cohort_notebook(SLIDER), token="let-me-in")
    answer = page.goto(f"{app.cohorts}?dataset=shop")
    assert answer is not None
    assert answer.status == 403
    page.get_by_label("Token").fill("let-me-out")
    page.get_by_role("button").click()
    expect(page.get_by_text("not the right one")).to_be_visible()
    page.get_by_label("Token").fill("let-me-in")
    page.get_by_role("button").click()
    live(page)
    assert page.url == f"{app.cohorts}?dataset=shop"
    page.get_by_role("slider").press("ArrowRight")
    expect(page.get_by_text("age 4")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_narrow_page_has_no_horizontal_scroll_and_follows_the_scheme(
    page: Page, serve_app: Serve, cohort_notebook: Write, live: Wait, scheme: Any
) -> None:
    app = serve_app(cohort_notebook(WIDE))
    page.set_viewport_size({"width": 390, "height": 800})
    page.emulate_media(color_scheme=scheme)
    for address in (app.address, app.cohorts):
        page.goto(address)
        if address == app.cohorts:
            live(page)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        red, green, blue = map(
            int, re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).color"))[:3]
        )
        assert (red + green + blue > 3 * 128) is (scheme == "dark")
