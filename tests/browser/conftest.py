"""A real Chromium, a page that must not talk to strangers, and a server in a process of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from retention_kit.data.resolve import samples
from tests import shops

ROOT = Path(__file__).parents[2]
FLAGS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SERVE = """
import json, sys
from pathlib import Path
from retention_kit.serving import serve
options = json.loads(sys.argv[1])
serve(
    {name: Path(path) for name, path in options.pop("datasets").items()},
    notebooks=Path(options.pop("notebooks")),
    announce=lambda address: print(address, flush=True),
    **options,
)
"""


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of the system's Chromium."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    if os.environ.get("CI"):
        pytest.fail("Chromium is not installed; the browser tests must run here.")
    pytest.skip("Chromium is not installed.")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    # Not for the whole session: its event loop would be in the way of tests that run one of their own.
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return a page; neither it nor another of its context may leave 127.0.0.1 or raise an error."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    requests: list[str] = []
    errors: list[str] = []
    context.on("request", lambda request: requests.append(request.url))
    context.on("weberror", lambda error: errors.append(str(error.error)))
    yield context.new_page()
    context.close()
    local = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")
    assert [url for url in requests if not url.startswith(local)] == []
    # A page that is left, or whose server stops, while it is loading misses scripts: one that should live
    # would not, and the tests wait for that.
    assert [error for error in errors if not error.startswith("Loading chunk")] == []


@dataclass(frozen=True)
class Served:
    """A running server."""

    address: str
    log: Path
    process: "subprocess.Popen[str]"

    @property
    def cohorts(self) -> str:
        return f"{self.address}voila/render/01_cohorts.ipynb"

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@contextmanager
def servers(folder: Path) -> Iterator[Callable[..., Served]]:
    """Give a function that starts servers, which stop in the end; they write their logs into ``folder``."""
    running: list[Served] = []

    def start(notebooks: Path, *, datasets: dict[str, Path] | None = None, **options: Any) -> Served:
        named = {name: str(path) for name, path in (datasets or {}).items()}
        given = {"port": 0, "datasets": named, "notebooks": str(notebooks), **options}
        log = folder / f"server-{len(running)}.log"
        with log.open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, "-c", SERVE, json.dumps(given)],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "PYTHONPATH": str(ROOT), "SESAME_TOKEN": "open-up"},
                cwd=folder,
            )
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        running.append(Served(address, log, process))
        assert address, log.read_text()
        return running[-1]

    yield start
    for served in running:
        served.stop()
        assert served.process.stdout is not None
        served.process.stdout.close()


@pytest.fixture
def serve_app(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Return a function that serves notebooks: ``serve_app(folder, datasets={...}, token=...)``."""
    with servers(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def serve_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Served]]:
    """Return the same function for tests that leave a server as it is: asked the same, it starts one."""
    with servers(tmp_path_factory.mktemp("servers")) as start:
        kept: dict[str, Served] = {}

        def once(notebooks: Path, *, datasets: dict[str, Path]) -> Served:
            asked = f"{notebooks} {datasets}"
            if asked not in kept:
                # A kernel outlives its page by a minute, in which the next tests need places too.
                kept[asked] = start(notebooks, datasets=datasets, max_kernels=40)
            return kept[asked]

        yield once


@pytest.fixture
def live() -> Callable[[Page], None]:
    """Return a function that waits until the controls of a notebook's page work."""

    def wait(page: Page) -> None:
        page.wait_for_function("document.documentElement.dataset.rkState === 'live'")

    return wait


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the dataset file of a small shop."""
    return shops.write_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def open_sample(
    page: Page, serve_once: Callable[..., Served], live: Callable[[Page], None]
) -> Callable[[str, str], Page]:
    """Return a function that opens a notebook with a query, over the samples."""
    served = serve_once(ROOT / "notebooks", datasets={name: samples()[name] for name in ("shop", "cdnow")})

    def opened(notebook: str, query: str) -> Page:
        address = f"{served.address}voila/render/{notebook}.ipynb?v=1&{query}"
        page.goto(address, timeout=90_000)  # fits take seconds, on a busy machine many
        live(page)
        return page

    return opened
