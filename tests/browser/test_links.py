"""A link shows what its sender saw: in the app, in JupyterLab, and from one to the other."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import test_lab

from retention_kit.data.resolve import samples
from retention_kit.links import LONGEST

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
lab = test_lab.lab
expect.set_options(timeout=30_000)  # a busy machine is not a broken page
Go = Callable[..., Page]


def title(page: Page) -> Locator:
    return page.locator(".rk-chart").first.locator(".rk-chart-title")


def status(page: Page) -> Locator:
    return page.locator(".rk-status")


def control(page: Page, label: str) -> Locator:
    return page.get_by_label(label, exact=True)


def query(page: Page) -> str:
    return urlsplit(page.url).query


def copied_link(page: Page) -> str:
    """What "Copy link" puts into the clipboard."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    expect(page.locator(".rk-link-said")).to_have_text("Copied")  # for who listens
    link: str = page.evaluate("navigator.clipboard.readText()")
    return link


@pytest.fixture
def go(page: Page, serve_once: Any, live: Callable[[Page], None], shop: Path) -> Go:
    """Return a function that opens the served notebook with a query, on the same page or another."""
    app = serve_once(NOTEBOOKS, datasets={"shop": shop, "cdnow": samples()["cdnow"]})

    def to(asked: str = "", *, on: Page = page, address: str = "") -> Page:
        on.goto(address or f"{app.cohorts}?{asked}")
        live(on)
        expect(on.locator(".rk-chart[data-drawn] svg.marks")).not_to_have_count(0)
        return on

    return to


def test_address_follows_the_view_without_a_step_in_the_history(go: Go) -> None:
    page = go("dataset=shop&grain=week")
    expect(title(page)).to_contain_text("(weeks)")
    expect(page).to_have_url(re.compile(r"\?v=1&dataset=shop&grain=week$"))
    steps = page.evaluate("history.length")
    control(page, "Period").select_option(label="quarter")
    control(page, "Compare by").select_option(label="channel")
    expect(page).to_have_url(re.compile(r"\?v=1&dataset=shop&grain=quarter&breakdown=channel$"))
    assert page.evaluate("history.length") == steps
    page.get_by_role("button", name="Reset").click()
    expect(page).to_have_url(re.compile(r"\?v=1&dataset=shop$"))


def test_reload_and_a_copied_link_show_the_same_view(go: Go, page: Page) -> None:
    go("dataset=shop&token=nobodys#top")
    control(page, "Period").select_option(label="week")
    control(page, "Customers with").select_option(label="channel = web")
    control(page, "Age followed").fill("2")
    control(page, "Age followed").press("Enter")
    wanted = "v=1&dataset=shop&grain=week&segment=channel%3Dweb&age=2"
    expect(page).to_have_url(re.compile(re.escape(f"?{wanted}#top") + "$"))
    seen = page.locator(".rk-chart-title, .rk-reading").all_inner_texts()

    link = copied_link(page)
    assert link == page.url
    assert "token" not in link
    other = go(on=page.context.new_page(), address=link)
    expect(control(other, "Period")).to_have_value("week")
    assert other.locator(".rk-chart-title, .rk-reading").all_inner_texts() == seen
    go(address=page.url)
    assert page.locator(".rk-chart-title, .rk-reading").all_inner_texts() == seen
    assert query(page) == query(other) == wanted


def test_link_is_offered_for_copying_by_hand_where_the_clipboard_is_refused(go: Go, page: Page) -> None:
    page.add_init_script(
        "navigator.clipboard.writeText = () => Promise.reject(new Error('refused'));"
        "document.execCommand = () => false;"
    )
    go("dataset=shop&grain=week")
    page.get_by_role("button", name="Copy link").click()
    field = page.get_by_label("Address of this view, to be copied from here")
    expect(field).to_be_focused()
    assert page.evaluate("getSelection().toString()") == page.url
    page.keyboard.press("Tab")
    expect(field).to_be_hidden()


def test_page_without_tls_copies_the_older_way(go: Go, page: Page) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined });")
    go("dataset=shop")
    page.evaluate("document.addEventListener('copy', () => { window.copied = getSelection().toString(); })")
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".rk-link-said")).to_have_text("Copied")
    assert page.evaluate("window.copied") == page.url


def test_what_cannot_be_shown_is_said_and_the_address_corrected(go: Go) -> None:
    for asked, said, corrected in (
        ("dataset=shop&grain=fortnight&age=2", "grain='fortnight' is not allowed: one of", "shop&age=2"),
        ("dataset=shp&grain=week", "no dataset of that name here. Did you mean 'shop'?", "cdnow&grain=week"),
        ("v=9&dataset=shop&grain=week&shape=round", "made by another version", "shop&grain=week"),
        ("v=1&dataset=shop&breakdown=colour", "'colour'", "shop"),
        ("v=1&dataset=shop&mode=streak&measure=revenue", "mode='streak' counts customers", "shop"),
        ("grain=" + "x" * LONGEST, "it was not read", "cdnow"),
    ):
        page = go(asked)
        expect(status(page)).to_contain_text(said)
        expect(page).to_have_url(re.compile(rf"\?v=1&dataset={corrected}$"))


def test_address_of_a_refused_combination_is_that_of_what_is_shown(go: Go) -> None:
    page = go("dataset=shop&mode=streak")
    control(page, "Measure").select_option(label="revenue")
    expect(status(page)).to_contain_text("measure='revenue' does not.")
    assert query(page) == "v=1&dataset=shop&mode=streak"


def test_hostile_addresses_stay_text(go: Go) -> None:
    nasty = "\"'><script>window.pwned=1</script><img src=x onerror=window.pwned=1>"
    page = go(
        f"dataset=shop&v={quote(nasty)}&{quote(nasty)}=1&grain={quote(nasty)}&segment=channel={quote(nasty)}"
    )
    expect(status(page)).to_contain_text("<script>")
    expect(page).to_have_url(re.compile(r"\?v=1&dataset=shop$"))
    assert page.evaluate("window.pwned") is None
    assert page.locator("img[src=x]").count() == 0


SLOW = """
import time
from pathlib import Path
from retention_kit.workbook import cohorts as _view
_counted = _view.cohort_table
def _slowly(dataset, parameters):
    until = time.monotonic() + 0.6
    while parameters.grain == "week" and (time.monotonic() < until or not Path(GATE).exists()):
        pass
    return _counted(dataset, parameters)
_view.cohort_table = _slowly
"""


@pytest.fixture
def gated(tmp_path: Path, shop: Path) -> tuple[Path, Path]:
    """Notebooks whose weeks are computed once a file is there, and that file."""
    gate = tmp_path / "gate"
    notebook = json.loads((NOTEBOOKS / "01_cohorts.ipynb").read_text("utf-8"))
    first = next(cell for cell in notebook["cells"] if "cohort_view" in "".join(cell["source"]))
    first["source"] = SLOW.replace("GATE", repr(str(gate))) + "".join(first["source"])
    folder = tmp_path / "slow"
    folder.mkdir()
    (folder / "01_cohorts.ipynb").write_text(json.dumps(notebook), "utf-8")
    return folder, gate


def test_slow_computation_says_so_and_then_for_how_long(
    gated: tuple[Path, Path], serve_app: Any, page: Page, live: Callable[[Page], None], shop: Path
) -> None:
    folder, gate = gated
    page.goto(serve_app(folder, datasets={"shop": shop}).cohorts)
    live(page)
    control(page, "Period").select_option(label="week")
    busy = page.locator(".rk-busy")
    expect(busy).to_be_visible()  # while the kernel is blocked
    expect(busy).to_have_text("Computing …")
    gate.touch()
    expect(title(page)).to_contain_text("(weeks)")
    expect(status(page)).to_have_text("")
    gate.unlink()
    control(page, "Age followed").fill("2")
    control(page, "Age followed").press("Enter")
    expect(busy).to_have_text(re.compile(r"^Computing … usually about \d+ s$"))
    gate.touch()
    expect(status(page)).to_have_text("")


def test_quick_computation_does_not_flicker(go: Go) -> None:
    page = go()
    seen = page.evaluate(
        "() => { const line = document.querySelector('.rk-status');"
        " line.innerHTML = '<span class=\"rk-busy\">Computing</span>';"
        " const at = getComputedStyle(line.firstChild); return [at.visibility, at.animationDelay]; }"
    )
    assert seen == ["hidden", "0.4s"]


def test_link_of_the_app_opens_in_jupyterlab_and_the_other_way_round(
    go: Go,
    lab: Callable[[str], str],
    page: Page,
) -> None:
    go("dataset=shop&grain=week&segment=channel%3Dweb")
    link = urlsplit(copied_link(page)).query
    seen = title(page).inner_text()

    work = page.context.new_page()
    test_lab.run_all(work, lab("shop").replace("?reset", f"?reset&{link}"))
    expect(title(work)).to_have_text(seen)
    expect(control(work, "Period")).to_have_value("week")
    expect(work).to_have_url(re.compile(re.escape(f"/lab/tree/shop.ipynb?{link}") + "$"))

    control(work, "Compare by").select_option(label="channel")
    expect(work).to_have_url(re.compile("&breakdown=channel$"))
    seen = title(work).inner_text()
    back = urlsplit(copied_link(work)).query
    go(back)
    expect(title(page)).to_have_text(seen)
