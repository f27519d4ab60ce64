"""Pages in a real browser: how soon they live, how fast they answer, what a viewer's kernel weighs."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.benchmarks.figures import ROOT, TIMES, Figure

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["changes", "openings"]

_CDNOW = ROOT / "sample_data" / "cdnow.toml"
_FILE = "01_cohorts.ipynb"
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
_SERVE = """
import json, sys
from pathlib import Path
from retention_kit.serving import serve
datasets = {name: Path(path) for name, path in json.loads(sys.argv[2]).items()}
serve(datasets, notebooks=Path(sys.argv[1]), port=0, announce=lambda address: print(address, flush=True))
"""
_SLIDER = ["import ipywidgets as widgets\nwidgets.IntSlider()"]
_THREE_CHARTS = [
    "import altair as alt\nimport pandas as pd\nalt.JupyterChart.enable_offline()",
    *[
        "orders = pd.DataFrame({'age': range(20), 'rate': [1 / (age + 1) for age in range(20)]})\n"
        "alt.JupyterChart(alt.Chart(orders).mark_line().encode(x='age:Q', y='rate:Q'))"
    ]
    * 3,
]
# The first chart has drawn; counted from the moment the page was asked for.
_CHART, _MARKS, _KNOB = ".rk-chart[data-drawn]", "svg.marks, canvas.marks", ".noUi-handle"
_MODES = ("unbounded", "streak", "bounded", "range")
# From the event of the control to the new picture of the first chart, and to the last picture of all.
_CHANGE = """
async ([name, value, charts]) => {
  const label = [...document.querySelectorAll("label")].find((one) => one.textContent === name);
  const control = label.parentElement.querySelector("select");
  const nodes = [...document.querySelectorAll(".rk-chart")].filter((one) => !one.hidden).slice(0, charts);
  const start = performance.now();
  const drawn = nodes.map((node) => new Promise((resolve) => {
    const done = () => { observer.disconnect(); resolve(performance.now() - start); };
    const observer = new MutationObserver(done);
    observer.observe(node, { attributes: true, attributeFilter: ["data-drawn"] });
  }));
  control.value = value;
  control.dispatchEvent(new Event("change", { bubbles: true }));
  return Promise.all(drawn);
}
"""


def openings(cache: Path, *, repeat: int) -> Iterator[Figure]:
    """How soon the cohort notebook lives, beside an empty page and bare Voilà with three charts."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ours, _ = stack.enter_context(_served(ROOT / "notebooks", {"cdnow": _CDNOW}, cache))
        empty, _ = stack.enter_context(
            _served(_notebook(folder / "empty", _SLIDER), {"cdnow": _CDNOW}, cache)
        )
        bare = stack.enter_context(_bare_voila(_notebook(folder / "bare", _THREE_CHARTS)))
        pages = {"empty": (empty, _KNOB), "ours": (ours, _CHART), "bare": (bare, _MARKS)}
        times: dict[str, list[float]] = {name: [] for name in pages}
        for turn in range(repeat + 1):
            for name, (address, wanted) in pages.items():
                seconds = _opened(address, wanted)
                if turn:  # the first turn warms the servers and the files
                    times[name].append(seconds)
    typical = {name: median(found) for name, found in times.items()}
    ratio = median(a / b for a, b in zip(times["ours"], times["empty"], strict=True))
    yield Figure("page with one slider", typical["empty"], "s")
    yield Figure("first live chart, CDNOW", ratio, TIMES, 3, f"{typical['ours']:.2f} s")
    ratio = median(a / b for a, b in zip(times["bare"], times["empty"], strict=True))
    yield Figure("bare Voilà, three Altair charts", ratio, TIMES, None, f"{typical['bare']:.2f} s")


def changes(config: Path, cache: Path, *, repeat: int) -> Iterator[Figure]:
    """How long a change of a control takes to reach the screen, and the memory of the kernel."""
    datasets = {"cdnow": _CDNOW, "large": config}
    with _served(ROOT / "notebooks", datasets, cache) as (address, server), _browser() as page:
        for name, title in (("cdnow", "CDNOW"), ("large", "the large shop")):
            page.goto(f"{address}?dataset={name}")
            page.wait_for_function("document.documentElement.dataset.rkState === 'live'", timeout=120_000)
            page.wait_for_selector(_CHART)
            before = _kernel_memory_mb(server)
            first, last = [], []
            for turn in range(repeat + len(_MODES)):
                value = _MODES[turn % len(_MODES)]
                found = page.evaluate(_CHANGE, ["Retained means", value, 2])
                if turn >= len(_MODES):  # each was computed once by then
                    first.append(found[0])
                    last.append(max(found))
                page.wait_for_timeout(1000)
            detail = f"slowest of {repeat}: {max(first):.0f} ms; second chart {median(last):.0f} ms"
            yield Figure(f"change to picture, {title}", median(first), "ms", 150, detail)
            after = _kernel_memory_mb(server)
            yield Figure(f"viewer's kernel, {title}", before, "MB", None, f"{after:.0f} MB after the changes")
            page.goto("about:blank")
            _wait_until_ended(server)


def _opened(address: str, wanted: str) -> float:
    with _browser() as page:
        start = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.wait_for_selector(wanted, timeout=120_000)
        return time.perf_counter() - start


@contextmanager
def _browser() -> Iterator["Page"]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        yield running.new_page(viewport={"width": 1280, "height": 900})
        running.close()


@contextmanager
def _served(notebooks: Path, datasets: dict[str, Path], cache: Path) -> Iterator[tuple[str, int]]:
    """Our server; gives the address of the cohort page, and the server's process."""
    named = json.dumps({name: str(path) for name, path in datasets.items()})
    command = [sys.executable, "-c", _SERVE, str(notebooks), named]
    with _running(command, RETENTION_CACHE=str(cache)) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        yield f"{address}voila/render/{_FILE}", process.pid


@contextmanager
def _bare_voila(notebooks: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "voila", str(notebooks / _FILE), "--no-browser", f"--port={port}"]
    address = f"http://127.0.0.1:{port}/"
    with _running(command) as process:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{address}voila/static/voila.js").read(1)
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.2)
        yield address


@contextmanager
def _running(command: list[str], **environment: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()


def _notebook(folder: Path, codes: list[str]) -> Path:
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    folder.mkdir()
    nbformat.write(new_notebook(cells=[new_code_cell(code) for code in codes]), folder / _FILE)
    return folder


def _kernels(server: int) -> list[Any]:
    import psutil

    children = (one for one in psutil.Process(server).children() if one.status() != psutil.STATUS_ZOMBIE)
    return [one for one in children if "ipykernel_launcher" in one.cmdline()]


def _kernel_memory_mb(server: int) -> float:
    (kernel,) = _kernels(server)
    return float(kernel.memory_info().rss / 2**20)


def _wait_until_ended(server: int) -> None:
    import psutil

    psutil.wait_procs(_kernels(server), timeout=120)
