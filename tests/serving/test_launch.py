"""What `serve` checks before it serves, and that it lets go of everything afterwards."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from retention_kit.errors import ParameterError, ServeError
from retention_kit.serving import launch, serve


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def refused(folder: Path, **options: Any) -> None:
    serve({}, notebooks=folder, announce=pytest.fail, **options)


def test_busy_port_is_an_error_and_no_other_port_is_taken(
    cohort_notebook: Callable[..., Path], busy_port: int
) -> None:
    with pytest.raises(ServeError, match=f"Port {busy_port} on 127.0.0.1 is taken"):
        refused(cohort_notebook(), port=busy_port)


def test_folder_without_a_notebook_of_the_workbook_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "mine.ipynb").touch()
    with pytest.raises(ServeError, match=r"Looked for: 01_cohorts\.ipynb"):
        refused(tmp_path)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "workbook.example"])
def test_other_machines_are_let_in_only_with_a_token(cohort_notebook: Callable[..., Path], host: str) -> None:
    with pytest.raises(ServeError, match="no token was given"):
        refused(cohort_notebook(), host=host, token="")


def test_address_of_another_machine_is_an_error(cohort_notebook: Callable[..., Path]) -> None:
    with pytest.raises(ServeError, match=r"Cannot listen on '192\.0\.2\.7'"):
        refused(cohort_notebook(), host="192.0.2.7", token="t", port=0)


def test_port_of_the_system_is_an_error(
    cohort_notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("socket.create_server", denied)
    with pytest.raises(ServeError, match="may not be opened"):
        refused(cohort_notebook(), port=80)


@pytest.mark.parametrize("bad", [{"port": 70_000}, {"max_kernels": 0}, {"idle_timeout": float("nan")}])
def test_number_out_of_range_is_named(cohort_notebook: Callable[..., Path], bad: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=next(iter(bad))):
        refused(cohort_notebook(), **bad)


def test_serving_announces_the_bound_address_and_leaves_no_folder(
    cohort_notebook: Callable[..., Path],
    datasets: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    announced: list[str] = []
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(launch, "_short_temporary_folder", lambda: str(scratch))

    def announce(address: str) -> None:
        announced.append(address)
        IOLoop.current().stop()

    serve(datasets, notebooks=cohort_notebook(), announce=announce, port=0)
    (address,) = announced
    port = int(address.removeprefix("http://127.0.0.1:").removesuffix("/"))
    assert port > 0
    assert not list(scratch.iterdir())
    with socket.socket() as free:
        free.bind(("127.0.0.1", port))


def test_interruption_ends_serving_quietly(cohort_notebook: Callable[..., Path]) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    serve({}, notebooks=cohort_notebook(), announce=interrupt, port=0)


def test_address_of_version_six_is_written_in_brackets() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        assert launch._address("::1", bound) == f"http://[::1]:{port}/"


@pytest.mark.skipif(os.name != "posix", reason="socket files are a matter of POSIX systems")
def test_long_temporary_folder_is_avoided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/var/folders/zz/a-long-name-of-a-user/T")
    assert launch._short_temporary_folder() == "/tmp"
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/tmp")
    assert launch._short_temporary_folder() is None


def test_importing_the_room_loads_no_server() -> None:
    heavy = ("voila", "tornado", "nbconvert", "nbformat", "jupyter_server")
    code = f"import sys, retention_kit.serving; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
