"""What a viewer costs: the memory of a kernel, and what its page fetches."""

from collections.abc import Callable
from typing import Any

import psutil
import pytest
from playwright.sync_api import Page

from retention_kit.serving.nursery import START
from tests.browser.conftest import ROOT

CDNOW = {"cdnow": ROOT / "sample_data" / "cdnow.toml"}
CHOOSE = """
([name, value]) => {
  const label = [...document.querySelectorAll("label")].find((one) => one.textContent === name);
  const control = label.parentElement.querySelector("select");
  control.value = value;
  control.dispatchEvent(new Event("change", { bubbles: true }));
}
"""
# Each changes what the heat map shows.
CHOICES = (
    ("Retained means", "unbounded"),
    ("Retained means", "streak"),
    ("Period", "week"),
    ("Retained means", "bounded"),
    ("Period", "quarter"),
    ("Period", "month"),
)
LIMIT_MB = 150


def kernels_of(server: int) -> list[Any]:
    """The viewers' kernels: children of the nursery, or of the server where there is none."""
    family = psutil.Process(server).children(recursive=True)
    ours = [one for one in family if one.is_running() and START[-1] in one.cmdline()]
    return [one for one in ours if "--nursery" not in one.cmdline() or one.ppid() != server]


def choose_all(page: Page) -> None:
    """Make every choice, each once the chart shows the one before."""
    chart = page.locator(".rk-chart[data-drawn]").first
    for choice in CHOICES:
        turn = chart.get_attribute("data-drawn")
        page.evaluate(CHOOSE, list(choice))
        page.wait_for_function(
            "turn => document.querySelector('.rk-chart[data-drawn]').dataset.drawn !== turn", arg=turn
        )


def test_kernel_stays_lean_while_its_viewer_chooses(
    page: Page, serve_app: Any, live: Callable[[Page], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"):
        monkeypatch.delenv(name, raising=False)  # its tracer takes 6 MB that no viewer has
    app = serve_app(ROOT / "notebooks", datasets=CDNOW)
    # The kernel of the first viewer of all reads the file and builds what the views rest on.
    page.goto(app.cohorts)
    live(page)
    choose_all(page)
    page.goto(app.cohorts)
    live(page)
    *ended, kernel = sorted(kernels_of(app.process.pid), key=lambda one: one.create_time())
    psutil.wait_procs(ended, timeout=30)
    assert kernel.memory_info().rss / 2**20 <= LIMIT_MB
    choose_all(page)
    assert kernel.memory_info().rss / 2**20 <= LIMIT_MB


def test_charts_come_by_the_line_and_their_library_once_from_the_cache(
    page: Page, serve_app: Any, live: Callable[[Page], None]
) -> None:
    app = serve_app(ROOT / "notebooks", datasets=CDNOW)
    received: list[int] = []
    page.on("websocket", lambda line: line.on("framereceived", lambda sent: received.append(len(sent))))
    fetched = []
    for _ in range(2):
        page.goto(app.cohorts)
        live(page)
        fetched.append(
            page.evaluate(
                "performance.getEntriesByType('resource').filter((one) => one.name.endsWith('/charts.js'))"
                ".map((one) => [one.transferSize, one.decodedBodySize])"
            )
        )
        if len(fetched) == 1:
            assert page.locator(".rk-chart[data-drawn]").count() >= 3
            assert sum(received) <= 1.2e6
    ((transferred, size),), ((again, _),) = fetched
    assert 0 < transferred < size / 2
    assert again == 0
