"""Pages in a real browser: how soon they show and live, how fast they answer, what a viewer weighs."""

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

__all__ = ["changes", "openings", "pictures"]

_CDNOW = ROOT / "sample_data" / "cdnow.toml"
_FILE = "01_cohorts.ipynb"
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
_SERVE = """
import json, sys
from pathlib import Path
from retention_kit.serving import serve
datasets = {name: Path(path) for name, path in json.loads(sys.argv[2]).items()}
painter = ("-m", "retention_kit.reports.picture")
announce = lambda address: print(address, flush=True)
serve(datasets, notebooks=Path(sys.argv[1]), port=0, announce=announce, painter=painter)
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
# From the begin of the navigation until something is on the screen: the still picture of our page, its
# frame where there is none, or the first chart of a page that has neither.
_WATCH = """
new MutationObserver((_, observer) => {
  const kind = document.documentElement.dataset.rkPicture;
  const sights = { picture: "#rk-app-still svg, #rk-app-still img", frame: ".rk-app-computing" };
  const nodes = [...document.querySelectorAll(sights[kind] || "svg.marks")];
  if (!nodes.some((node) => node.getBoundingClientRect().height > 0)) return;
  observer.disconnect();
  requestAnimationFrame(() => { window.rkFirst = [kind || "none", performance.now() / 1000]; });
}).observe(document, { attributes: true, childList: true, subtree: true });
"""
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
        bare = stack.enter_context(_bare_voila(_notebook(folder / "bare", _THREE_CHARTS), cache))
        pages = {"empty": (empty, _KNOB), "ours": (ours, _CHART), "bare": (bare, _MARKS)}
        times: dict[str, list[float]] = {name: [] for name in pages}
        received = 0
        for turn in range(repeat + 1):
            for name, (address, wanted) in pages.items():
                seconds, count = _opened(address, wanted)
                if turn:  # the first turn warms the servers and the files
                    times[name].append(seconds)
                if name == "ours":
                    received = max(received, count)
    typical = {name: median(found) for name, found in times.items()}
    ratio = median(a / b for a, b in zip(times["ours"], times["empty"], strict=True))
    yield Figure("page with one slider", typical["empty"], "s")
    yield Figure("first live chart, CDNOW", ratio, TIMES, 1.5, f"{typical['ours']:.2f} s")
    ratio = median(a / b for a, b in zip(times["bare"], times["empty"], strict=True))
    yield Figure("bare Voilà, three Altair charts", ratio, TIMES, None, f"{typical['bare']:.2f} s")
    yield Figure("over the websocket, all charts", received / 1e6, "MB", 1.2)


def pictures(*, repeat: int) -> Iterator[Figure]:
    """How soon there is something to see: a known view, one never seen, and the notebook in bare Voilà."""
    with ExitStack() as stack:
        cache = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ours, _ = stack.enter_context(_served(ROOT / "notebooks", {"cdnow": _CDNOW}, cache))
        bare = stack.enter_context(_bare_voila(ROOT / "notebooks", cache))
        for _ in range(20):  # until the view that the server prepares at its start is there
            if _first_seen(ours)[0] == "picture":
                break
        found: dict[str, list[float]] = {"picture": [], "frame": [], "none": []}
        for turn in range(repeat):
            for address in (ours, f"{ours}?age={turn + 3}", bare):
                kind, seconds = _first_seen(address)
                found[kind].append(seconds)
        assert {len(seconds) for seconds in found.values()} == {repeat}, found
    typical = {kind: median(seconds) for kind, seconds in found.items()}
    yield Figure("first picture, view known", typical["picture"], "s", 0.5)
    yield Figure("frame, view never seen", typical["frame"], "s", 0.5)
    yield Figure("first chart, bare Voilà", typical["none"], "s")


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
            after, shared = _kernel_memory_mb(server), _kernel_memory_mb(server, "pss")
            detail = f"{after:.0f} MB after the changes; {shared:.0f} MB with what is shared divided"
            yield Figure(f"viewer's kernel, {title}", before, "MB", 150 if name == "cdnow" else None, detail)
            page.goto("about:blank")
            _wait_until_ended(server)


def _opened(address: str, wanted: str) -> tuple[float, int]:
    """Seconds until ``wanted`` is there, and bytes that came over the websocket."""
    received: list[int] = []
    with _browser() as page:
        page.on("websocket", lambda line: line.on("framereceived", lambda sent: received.append(len(sent))))
        start = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.wait_for_selector(wanted, timeout=120_000)
        seconds = time.perf_counter() - start
        page.wait_for_timeout(1000)
        return seconds, sum(received)


def _first_seen(address: str) -> tuple[str, float]:
    """What a browser that has seen nothing yet shows first, and after how many seconds."""
    with _browser() as page:
        page.add_init_script(_WATCH)
        page.goto(address, wait_until="commit")
        kind, seconds = page.wait_for_function("window.rkFirst", timeout=120_000).json_value()
        page.goto("about:blank")  # its kernel ends, and leaves the processor to the next page
        return kind, seconds


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
def _bare_voila(notebooks: Path, cache: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "voila", str(notebooks / _FILE), "--no-browser", f"--port={port}"]
    address = f"http://127.0.0.1:{port}/"
    datasets = json.dumps({"cdnow": str(_CDNOW)})
    given = {"RETENTION_SURFACE": "app", "RETENTION_CACHE": str(cache), "RETENTION_DATASETS": datasets}
    with _running(command, **given) as process:
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
    """The viewers' kernels: forked from the server's nursery, or its own children."""
    import psutil

    family = psutil.Process(server).children(recursive=True)
    ours = [one for one in family if "retention_kit.serving.kernel_start" in _command(one)]
    return [one for one in ours if one.ppid() != server or "-f" in _command(one)]


def _command(process: Any) -> list[str]:
    import psutil

    try:
        return list(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []


def _kernel_memory_mb(server: int, kind: str = "rss") -> float:
    (kernel,) = _kernels(server)
    found = kernel.memory_full_info() if kind == "pss" else kernel.memory_info()
    return float(getattr(found, kind) / 2**20)


def _wait_until_ended(server: int) -> None:
    import psutil

    psutil.wait_procs(_kernels(server), timeout=120)
