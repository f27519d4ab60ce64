"""What a viewer costs: the memory of a kernel, and what its page fetches."""

from collections.abc import Callable
from typing import Any

import psutil
import pytest
from playwright.sync_api import Page, expect

from retention_kit.serving.nursery import START
from tests.browser.conftest import ROOT

expect.set_options(timeout=30_000)  # a busy machine is not a broken page
CDNOW = {"cdnow": ROOT / "sample_data" / "cdnow.toml"}
SAMPLES = CDNOW | {"shop": ROOT / "sample_data" / "shop.toml"}
CHOOSE = """
([name, value]) => {
  const label = [...document.querySelectorAll("label")].find((one) => one.textContent === name);
  const control = label.parentElement.querySelector("select, input");
  control.value = value;
  control.dispatchEvent(new Event("change", { bubbles: true }));
}
"""
# By notebook: what is chosen in turn.
CHOICES = {
    "01_cohorts": (
        ("Retained means", "unbounded"),
        ("Retained means", "streak"),
        ("Period", "week"),
        ("Retained means", "bounded"),
        ("Period", "quarter"),
        ("Period", "month"),
    ),
    "02_scorecard": (
        ("Period", "quarter"),
        ("Period", "week"),
        ("Period", "year"),
        ("Period", "month"),
        ("Period", "quarter"),
    ),
    "03_churn_curves": tuple(("Left after, days", days) for days in ("60", "90", "120", "45", "75", "100")),
    "04_lifetime_value": tuple(("Horizon, months", months) for months in ("6", "24", "36", "12", "18", "48")),
    "05_what_if": tuple(("Saved, high", share) for share in ("0.2", "0.25", "0.3", "0.35", "0.4", "0.18")),
}
# What one more viewer takes after the choices, in MB: the kernel's own pages. Another 55 to 80 MB of code
# are in memory once for all kernels of a server.
LIMITS_MB = {
    ("01_cohorts", "cdnow"): 105,
    ("02_scorecard", "shop"): 120,
    ("03_churn_curves", "shop"): 125,
    ("04_lifetime_value", "shop"): 165,
    ("05_what_if", "shop"): 145,
}


def kernels_of(server: int) -> list[Any]:
    """The viewers' kernels: children of the nursery, or of the server where there is none."""
    family = psutil.Process(server).children(recursive=True)
    named = [(one, command_of(one)) for one in family]
    return [
        one
        for one, command in named
        if START[-1] in command and ("--nursery" not in command or one.ppid() != server)
    ]


def command_of(process: Any) -> list[str]:
    """The command line of a process, which may just have ended."""
    try:
        return list(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []


def choose_all(page: Page, notebook: str) -> None:
    """Make every choice, each once what the one before asked for is computed and on the page."""
    command, status = page.locator(".rk-command"), page.locator(".rk-status")
    for choice in CHOICES[notebook]:
        before = command.inner_text()
        page.evaluate(CHOOSE, list(choice))
        expect(command).not_to_have_text(before)
        expect(status).to_have_text("")
        expect(page.locator(".rk-chart[aria-busy]:visible")).to_have_count(0)


@pytest.mark.parametrize(("notebook", "dataset"), LIMITS_MB)
def test_kernel_stays_lean_while_its_viewer_chooses(
    page: Page,
    serve_app: Any,
    live: Callable[[Page], None],
    monkeypatch: pytest.MonkeyPatch,
    notebook: str,
    dataset: str,
) -> None:
    for name in ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"):
        monkeypatch.delenv(name, raising=False)  # its tracer takes 6 MB that no viewer has
    app = serve_app(ROOT / "notebooks", datasets=SAMPLES)
    address = f"{app.address}voila/render/{notebook}.ipynb?dataset={dataset}"
    # The kernel of the first viewer of all reads the file and builds what the views rest on.
    page.goto(address)
    live(page)
    choose_all(page, notebook)
    page.goto(address)
    live(page)
    *ended, kernel = sorted(kernels_of(app.process.pid), key=lambda one: one.create_time())
    psutil.wait_procs(ended, timeout=30)
    choose_all(page, notebook)
    own = kernel.memory_full_info()
    assert own.uss / 2**20 <= LIMITS_MB[notebook, dataset], own


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
            expect(page.locator(".rk-chart[data-drawn]:visible")).to_have_count(5)
            assert sum(received) <= 1.2e6
    ((transferred, size),), ((again, _),) = fetched
    assert 0 < transferred < size / 2
    assert again == 0
