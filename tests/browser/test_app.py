"""The real notebook as a viewer sees it: every control, every refusal, and the same number everywhere."""

import csv
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

sys.path.insert(0, str(Path(__file__).parents[1]))

import shops

from retention_kit import formats
from retention_kit.data.resolve import samples
from retention_kit.reports import run_report

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
CHARTS = ("heat map", "curves", "differences", "age", "sizes", "definitions")
expect.set_options(timeout=30_000)  # a busy machine is not a broken page
Open = Callable[..., Page]


def chart(page: Page, name: str) -> Locator:
    return page.locator(".rk-chart").nth(CHARTS.index(name))


def title(page: Page, name: str) -> Locator:
    return chart(page, name).locator(".rk-chart-title")


def subtitle(page: Page, name: str) -> Locator:
    return chart(page, name).locator(".rk-chart-subtitle")


def control(page: Page, label: str) -> Locator:
    return page.get_by_label(label, exact=True)


def choose(page: Page, label: str, option: str) -> None:
    control(page, label).select_option(label=option)


def say_nothing_of_the_machine(page: Page) -> None:
    text = page.locator("body").inner_text()
    for secret in ("Traceback", "site-packages", str(NOTEBOOKS.parent), "/tmp/", ".toml", 'File "'):
        assert secret not in text


@pytest.fixture
def opened(page: Page, serve_once: Any, live: Callable[[Page], None], shop: Path) -> Open:
    """Return a function that serves datasets and opens the cohort notebook with an address's query."""

    def open_page(query: str = "", **datasets: Path) -> Page:
        app = serve_once(NOTEBOOKS, datasets=datasets or {"shop": shop})
        page.goto(f"{app.cohorts}?{query}")
        live(page)
        expect(page.locator(".rk-chart[data-drawn] svg.marks")).not_to_have_count(0)
        expect(chart(page, "definitions").locator("svg.marks")).to_be_visible()
        return page

    return open_page


def test_every_chart_appears_with_its_words(opened: Open) -> None:
    page = opened()
    for name in CHARTS:
        if name == "differences":
            expect(chart(page, name)).to_be_hidden()
            continue
        expect(chart(page, name).locator("svg.marks")).to_be_visible()
        rate = title(page, name).inner_text().split(":")[0].split(" %")[0].removeprefix("From ")
        expect(chart(page, name).get_by_role("img").first).to_have_attribute(
            "aria-label", re.compile(re.escape(rate))
        )
    expect(title(page, "heat map")).to_have_text("35.0 % are retained at age 1 (months), 35.0 % at age 3")
    expect(page.get_by_text("Of 180 customers, 35.0 % (28.4 to 42.2 %)")).to_be_visible()
    say_nothing_of_the_machine(page)


def test_every_control_changes_what_it_should(opened: Open) -> None:
    page = opened()
    choose(page, "Period", "week")
    expect(title(page, "heat map")).to_contain_text("(weeks)")
    expect(page.get_by_text("--set grain=week")).to_be_visible()
    page.get_by_role("button", name="Reset").click()
    expect(title(page, "heat map")).to_contain_text("(months)")
    expect(control(page, "Period")).to_have_value("month")

    choose(page, "Retained means", "streak")
    expect(subtitle(page, "heat map")).to_contain_text("active in every month so far")
    choose(page, "Retained means", "bounded")
    choose(page, "Measure", "revenue")
    expect(title(page, "heat map")).to_contain_text("EUR revenue per customer")
    choose(page, "Measure", "customers")

    choose(page, "Compare by", "channel")
    expect(title(page, "differences")).to_have_text("store and web differ at 4 of 4 ages")
    expect(title(page, "heat map")).to_contain_text("store: 20.0 % are retained at age 1")
    choose(page, "Compare by", "\N{EN DASH}")
    expect(chart(page, "differences")).to_be_hidden()

    choose(page, "Customers with", "channel = web")
    expect(subtitle(page, "heat map")).to_contain_text("150 customers")
    choose(page, "Customers with", "\N{EN DASH}")

    control(page, "Age followed").fill("2")
    control(page, "Age followed").press("Enter")
    expect(subtitle(page, "age")).to_contain_text("at age 2 (months)")
    expect(subtitle(page, "definitions")).to_contain_text("retention at age 2")
    expect(page.locator(".rk-status")).to_have_text("")
    say_nothing_of_the_machine(page)


def test_refused_combination_is_a_sentence_and_the_last_charts_stay(opened: Open) -> None:
    page = opened()
    choose(page, "Retained means", "streak")
    expect(subtitle(page, "heat map")).to_contain_text("active in every month so far")
    before = title(page, "heat map").inner_text()
    choose(page, "Measure", "revenue")
    expect(page.locator(".rk-status")).to_contain_text(
        "mode='streak' counts customers, measure='revenue' does not."
    )
    assert title(page, "heat map").inner_text() == before
    say_nothing_of_the_machine(page)
    choose(page, "Retained means", "bounded")
    expect(title(page, "heat map")).to_contain_text("EUR revenue per customer")
    expect(page.locator(".rk-status")).to_have_text("")


def test_unknown_dataset_is_a_sentence_without_a_path(opened: Open) -> None:
    page = opened("dataset=unknown")
    expect(page.locator(".rk-status")).to_contain_text("There is no dataset of that name here.")
    expect(title(page, "heat map")).to_be_visible()
    say_nothing_of_the_machine(page)


def test_address_carries_the_view_and_its_faults_are_said(opened: Open) -> None:
    page = opened("grain=week&age=3&level=2&gain=1")
    expect(title(page, "heat map")).to_contain_text("(weeks)")
    expect(control(page, "Age followed")).to_have_value("3")
    expect(page.locator(".rk-status")).to_contain_text("level=2.0 is not allowed: a number from 0.5 to 0.999")
    expect(page.locator(".rk-status")).to_contain_text("Unknown parameter 'gain'. Did you mean 'grain'?")
    say_nothing_of_the_machine(page)


def test_as_of_date_is_not_a_viewers_choice(opened: Open) -> None:
    page = opened("as_of=2024-05-31")
    expect(page.locator(".rk-status")).to_have_text("The as-of date of an app is its dataset's.")
    expect(subtitle(page, "heat map")).to_contain_text("as of 2024-06-15")
    expect(control(page, "Cohorts from")).to_have_count(1)
    expect(control(page, "As of")).to_have_count(0)


def test_other_dataset_opens_without_the_choices_it_does_not_have(opened: Open, shop: Path) -> None:
    page = opened("dataset=shop&breakdown=channel", shop=shop, cdnow=samples()["cdnow"])
    expect(title(page, "differences")).to_contain_text("store and web differ")
    choose(page, "Dataset", "cdnow")
    expect(page.locator(".rk-status")).to_have_text("Choices that cdnow does not have were reset.")
    expect(subtitle(page, "heat map")).to_contain_text("2,357 customers")
    expect(control(page, "Compare by")).to_have_value("\N{EN DASH}")
    expect(control(page, "Compare by").locator("option")).to_have_count(1)


def test_click_on_a_cell_lists_no_customers(opened: Open) -> None:
    page = opened()
    chart(page, "heat map").locator(".layer_2_marks text").nth(6).click()
    # The kernel answers in order: when this is there, an answer to the click would be too.
    choose(page, "Period", "quarter")
    expect(subtitle(page, "heat map")).to_contain_text("active in the quarter")
    assert "01-00" not in page.content()
    assert "customers.csv" not in page.content()


def test_data_csv_and_picture_are_those_of_the_chart(opened: Open) -> None:
    page = opened()
    curves = chart(page, "curves")
    curves.get_by_role("button", name="Data").click()
    expect(curves.locator("table.rk-table")).to_contain_text("0.35")
    with page.expect_download() as download:
        curves.get_by_role("button", name="CSV").click()
    assert download.value.suggested_filename == "curves.csv"
    rows = list(csv.DictReader(download.value.path().read_text("utf-8-sig").splitlines()))
    assert [row["retention_rate"] for row in rows[:2]] == ["1.0", "0.35"]
    with page.expect_download() as download:
        curves.get_by_role("button", name="PNG").click()
    assert download.value.suggested_filename == "curves.png"
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


def test_hostile_data_stay_text(opened: Open, tmp_path: Path) -> None:
    page = opened("breakdown=channel", nasty=shops.nasty_shop(tmp_path))
    expect(title(page, "differences")).to_contain_text("<img src=x onerror=window.pwned=1>")
    for name in CHARTS:
        chart(page, name).get_by_role("button", name="Data").click()
        expect(chart(page, name).locator("table.rk-table")).to_be_visible()
    chart(page, "heat map").locator(".layer_2_marks text").nth(1).hover()
    expect(page.locator("#vg-tooltip-element")).to_contain_text("window.pwned=1")
    page.get_by_text("How is this computed?").last.click()
    choose(page, "Customers with", f"channel = {shops.NASTY[0]}")
    expect(subtitle(page, "heat map")).to_contain_text("only channel=</script><script>")
    assert page.evaluate("window.pwned") is None
    assert page.locator("img[src=x]").count() == 0


def test_phone_shows_everything_without_scrolling_sideways(opened: Open, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    opened("breakdown=channel")
    page.get_by_text("How is this computed?").last.click()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    for name in CHARTS:
        box = chart(page, name).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def test_same_number_on_the_screen_in_the_report_in_its_tables_and_its_manifest(
    opened: Open, shop: Path, tmp_path: Path
) -> None:
    published = run_report(
        "cohorts", parameters={"dataset": str(shop)}, out=tmp_path / "reports", notebooks=NOTEBOOKS
    )
    manifest = json.loads((published.folder / "manifest.json").read_text("utf-8"))
    headline = manifest["headline"][0]
    with (published.folder / "tables" / "pooled.csv").open(encoding="utf-8-sig") as stream:
        row = next(row for row in csv.DictReader(stream) if row["age_periods"] == "1")
    exact = [repr(headline[name]) for name in ("value", "ci_low", "ci_high", "n")]
    assert exact == [row[name] for name in ("retention_rate", "ci_low", "ci_high", "customers")]

    rate = formats.value(headline["value"], "share")
    ends = formats.interval(headline["ci_low"], headline["ci_high"], "share")
    said = f"Of {headline['n']} customers, {rate} ({ends}) are retained at age 1"
    page = opened()
    expect(page.get_by_text(said)).to_be_visible()
    with page.expect_download() as download:
        chart(page, "curves").get_by_role("button", name="CSV").click()
    rows = list(csv.DictReader(download.value.path().read_text("utf-8-sig").splitlines()))
    assert [rows[1][name] for name in ("retention_rate", "ci_low", "ci_high", "customers")] == exact
    report = published.page.read_text("utf-8")
    assert said in re.sub(r"<[^>]*>", "", report)
    assert rate in title(page, "heat map").inner_text()
