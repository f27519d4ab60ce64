"""How a page opens and ends: a picture first, the live page in its place, a banner when it is over."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

COHORTS = Path(__file__).parents[2] / "notebooks" / "01_cohorts.ipynb"
PAINTER = ("-m", "retention_kit.reports.picture")
BANNER_MS = 10_000
SLIDER = """\
import ipywidgets as widgets
slider = widgets.IntSlider(description="Age", value=3)
label = widgets.Label()
widgets.dlink((slider, "value"), (label, "value"), lambda value: f"age {value}")
widgets.VBox([slider, label])"""
TOML = """
schema = 1
title = "The {name}"
time_zone = "UTC"
[orders]
source = "{name}.csv"
[orders.columns]
customer_id = "customer"
ordered_at = "day"
"""
# Tops of what a reader orients by, whether the page is still or live.
TOPS = """() => Object.fromEntries(
  [...document.querySelectorAll("[data-cell] h1, [data-cell] h2, .rk-chart-title")]
  .map((node) => [node.textContent, Math.round(node.getBoundingClientRect().top + scrollY)]))"""


def written(folder: Path, name: str, customers: int) -> Path:
    rows = [f"{name}{n},2024-0{month}-1{n % 10}" for n in range(customers) for month in (1, 2 + n % 2)]
    (folder / f"{name}.csv").write_text("\n".join(["customer,day", *rows, ""]))
    path = folder / f"{name}.toml"
    path.write_text(TOML.format(name=name))
    return path


def drawn(cache: Path, count: int) -> None:
    """Wait until so many pictures are there."""
    until = time.monotonic() + 90
    while len(list(cache.glob("v*/pictures/*.json"))) < count:
        assert time.monotonic() < until, "the pictures were not drawn"
        time.sleep(0.05)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RETENTION_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def notebooks(tmp_path: Path) -> Path:
    """Return a folder of the one notebook whose pictures are counted."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    shutil.copy(COHORTS, folder)
    return folder


def state(page: Page) -> tuple[str, str]:
    found = page.evaluate("({...document.documentElement.dataset})")
    return found["rkPicture"], found["rkState"]


@pytest.mark.parametrize("width", [1280, 390])
def test_a_picture_comes_first_and_the_live_page_takes_its_place_without_a_jump(
    page: Page,
    serve_app: Any,
    live: Callable[[Page], None],
    cache: Path,
    notebooks: Path,
    tmp_path: Path,
    width: int,
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    app = serve_app(notebooks, datasets={"shop": written(tmp_path, "shop", 40)}, painter=PAINTER)
    drawn(cache, 1)
    page.goto(f"{app.cohorts}?dataset=shop", wait_until="commit")
    first = page.locator("#rk-app-still .rk-chart img").first
    expect(first).to_be_visible()
    assert state(page) == ("picture", "loading")
    assert first.evaluate("(picture) => picture.decode().then(() => picture.naturalWidth)") > 200
    expect(page.locator("#rk-app-still")).to_contain_text("The shop: 40 customers and 80 orders")
    before = page.evaluate(TOPS)
    assert len(before) > 8
    live(page)
    expect(page.locator("#rk-app-still")).to_have_count(0)
    expect(page.get_by_label("Period", exact=True)).to_be_visible()
    after = page.evaluate(TOPS)
    assert set(before) <= set(after)
    moved = {text: after[text] - before[text] for text in before if before[text] < 900}
    assert max(map(abs, moved.values())) <= 4, moved


def test_a_reader_who_has_scrolled_stays_where_he_is(
    page: Page, serve_app: Any, live: Callable[[Page], None], cache: Path, notebooks: Path, tmp_path: Path
) -> None:
    app = serve_app(notebooks, datasets={"shop": written(tmp_path, "shop", 40)}, painter=PAINTER)
    drawn(cache, 1)
    page.goto(app.cohorts, wait_until="commit")
    heading = page.get_by_role("heading", name="How large are the cohorts?")
    heading.evaluate("(node) => window.scrollTo(0, node.getBoundingClientRect().top + scrollY - 200)")
    assert state(page) == ("picture", "loading")
    live(page)
    assert abs(heading.evaluate("(node) => node.getBoundingClientRect().top") - 200) <= 4


def test_a_view_never_seen_opens_with_a_frame_and_next_time_with_a_picture(
    page: Page, serve_app: Any, live: Callable[[Page], None], cache: Path, notebooks: Path, tmp_path: Path
) -> None:
    app = serve_app(notebooks, datasets={"shop": written(tmp_path, "shop", 40)}, painter=PAINTER)
    drawn(cache, 1)
    address = f"{app.cohorts}?dataset=shop&grain=week"
    page.goto(address, wait_until="commit")
    expect(page.get_by_text("Computing …", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="How many come back?")).to_be_visible()
    assert state(page) == ("frame", "loading")
    live(page)
    drawn(cache, 2)
    page.goto(address, wait_until="commit")
    expect(page.locator("#rk-app-still img").first).to_be_visible()
    expect(page.locator("#rk-app-still")).to_contain_text("active in the week")


def test_no_picture_shows_another_dataset_or_what_the_data_once_were(
    page: Page, serve_app: Any, cache: Path, notebooks: Path, tmp_path: Path
) -> None:
    datasets = {"shop": written(tmp_path, "shop", 40), "kiosk": written(tmp_path, "kiosk", 23)}
    app = serve_app(notebooks, datasets=datasets, painter=PAINTER)
    drawn(cache, 2)
    for name, people in (("shop", 40), ("kiosk", 23)):
        page.goto(f"{app.cohorts}?dataset={name}", wait_until="commit")
        still = page.locator("#rk-app-still")
        expect(still).to_contain_text(f"The {name}: {people} customers")
        assert state(page) == ("picture", "loading")
    written(tmp_path, "shop", 41)
    page.goto(f"{app.cohorts}?dataset=shop", wait_until="commit")
    expect(page.get_by_text("Computing …", exact=True)).to_be_visible()
    assert "40 customers" not in page.content()


def test_a_page_whose_kernel_died_says_so_and_keeps_its_address(
    page: Page, serve_app: Any, cohort_notebook: Any, live: Callable[[Page], None]
) -> None:
    dying = "import os\nslider.observe(lambda _: os._exit(1), 'value')"
    app = serve_app(cohort_notebook(SLIDER, dying))
    page.goto(f"{app.cohorts}?grain=week")
    live(page)
    expect(page.get_by_role("alert")).to_be_hidden()
    page.get_by_role("slider").press("ArrowRight")
    expect(page.get_by_role("alert")).to_contain_text("This session has ended", timeout=BANNER_MS)
    page.get_by_role("link", name="Reload the page").click()
    live(page)
    assert page.url == f"{app.cohorts}?grain=week"
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_page_whose_kernel_was_killed_while_nobody_touched_it_says_so(
    page: Page, serve_app: Any, cohort_notebook: Any, live: Callable[[Page], None]
) -> None:
    app = serve_app(cohort_notebook(SLIDER, "import os\nprint(f'process {os.getpid()}.')"))
    page.goto(app.cohorts)
    live(page)
    process = int(page.get_by_text("process").inner_text().strip(" .\n").split()[-1])
    os.kill(process, 9)
    expect(page.get_by_role("alert")).to_contain_text("This session has ended", timeout=BANNER_MS)


def test_a_page_whose_server_stopped_says_so(
    page: Page, serve_app: Any, cohort_notebook: Any, live: Callable[[Page], None]
) -> None:
    app = serve_app(cohort_notebook(SLIDER))
    page.goto(app.cohorts)
    live(page)
    assert app.stop() == 0
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer", timeout=BANNER_MS)


def test_a_server_that_stops_while_the_page_is_loading_is_told_and_the_picture_stays(
    page: Page, serve_app: Any, cohort_notebook: Any
) -> None:
    app = serve_app(cohort_notebook(SLIDER, "import time\ntime.sleep(60)"))
    page.goto(app.cohorts, wait_until="commit")
    expect(page.get_by_role("status")).to_have_text("Starting the controls: step 2 of 3.")
    app.process.kill()
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer", timeout=BANNER_MS)
    expect(page.get_by_role("heading", name="Cohorts")).to_be_visible()
    expect(page.locator("#rk-app-cells")).to_be_hidden()


def test_a_lost_network_is_told_and_when_it_is_back_the_page_goes_on(
    page: Page, serve_app: Any, cohort_notebook: Any, live: Callable[[Page], None]
) -> None:
    app = serve_app(cohort_notebook(SLIDER))
    page.goto(app.cohorts)
    live(page)
    page.context.set_offline(True)
    expect(page.get_by_role("alert")).to_contain_text("the network is lost", timeout=BANNER_MS)
    page.context.set_offline(False)
    expect(page.get_by_role("alert")).to_be_hidden(timeout=BANNER_MS)
    page.get_by_role("slider").press("ArrowRight")
    expect(page.get_by_text("age 4")).to_be_visible()
