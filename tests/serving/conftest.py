"""A server of the workbook in this very process, and notebooks to serve."""

import asyncio
import signal
import socket
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httpserver import HTTPServer

from retention_kit.notebooks import NOTEBOOKS
from retention_kit.serving.app import WorkbookServer, run
from retention_kit.serving.launch import _short_temporary_folder

SLIDER = """\
import ipywidgets as widgets
slider = widgets.IntSlider(description="Age", value=3)
label = widgets.Label()
widgets.dlink((slider, "value"), (label, "value"), lambda value: f"age {value}")
widgets.VBox([slider, label])"""


@pytest.fixture
def datasets(tmp_path: Path) -> dict[str, Path]:
    shop = tmp_path / "shop.toml"
    shop.write_text('title = "Shop & <b>Sons</b>"\n', "utf-8")
    return {"shop": shop, "lost": tmp_path / "lost.toml"}


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


class Client:
    """Fetches from the server under test; remembers no cookies."""

    def __init__(self, port: int, server: WorkbookServer) -> None:
        self.address, self.server = f"http://127.0.0.1:{port}", server

    @property
    def kernels(self) -> Any:
        return self.server.kernel_manager

    async def get(self, path: str, **options: Any) -> HTTPResponse:
        options = {"raise_error": False, "follow_redirects": False} | options
        return await AsyncHTTPClient().fetch(self.address + path, **options)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.01)


Scenario = Callable[[Client], Awaitable[Any]]


@pytest.fixture
def serving(
    cohort_notebook: Callable[..., Path], datasets: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Return a function that runs a scenario against a server and returns the scenario's result."""

    def play(
        scenario: Scenario,
        *codes: str,
        tags: Sequence[str] = (),
        token: str | None = None,
        max_kernels: int = 2,
    ) -> Any:
        kept = SimpleNamespace()

        def listen(server: WorkbookServer) -> None:
            kept.server = server

        monkeypatch.setattr(WorkbookServer, "listen", listen)

        async def main() -> Any:
            bound = socket.create_server(("127.0.0.1", 0))
            bound.setblocking(False)
            run(
                {cohort_notebook(*codes, tags=tags) / "01_cohorts.ipynb": NOTEBOOKS["cohorts"]},
                datasets,
                folder=folder,
                bound=bound,
                announce=lambda: None,
                painter=(),
                token=token,
                max_kernels=max_kernels,
                idle_timeout=600,
                loopback=True,
            )
            http = HTTPServer(kept.server.app)
            http.add_socket(bound)
            try:
                return await scenario(Client(bound.getsockname()[1], kept.server))
            finally:
                http.stop()
                await http.close_all_connections()
                await kept.server.kernel_manager.shutdown_all(now=True)

        with tempfile.TemporaryDirectory(prefix="rk-", dir=_short_temporary_folder()) as short:
            folder = Path(short)
            return asyncio.run(main())

    return play


@pytest.fixture
def slider() -> str:
    return SLIDER
