"""What a viewer's kernel is given, and how many there may be."""

import asyncio
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from tornado.web import HTTPError

from retention_kit.serving.kernels import ViewerKernels, WorkbookKernelSpecs, kernel_environment


@pytest.mark.parametrize(
    "name",
    [
        "GITHUB_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "OPENAI_API_KEY",
        "KEY",
        "SIGNING_KEYS",
        "DB_PASSWORD",
        "PGPASSWORD",
        "client_secret",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "apikey",
    ],
)
def test_what_is_named_like_a_secret_does_not_reach_the_kernel(name: str, tmp_path: Path) -> None:
    assert name not in kernel_environment({name: "x"}, datasets={}, folder=tmp_path)


def test_address_with_a_password_does_not_reach_the_kernel(tmp_path: Path) -> None:
    environ = {"DATABASE_URL": "postgres://me:pw@host/db", "DOCS_URL": "https://host/a:b@c"}
    assert set(environ) & set(kernel_environment(environ, datasets={}, folder=tmp_path)) == {"DOCS_URL"}


def test_kernel_knows_its_surface_and_the_registered_datasets(tmp_path: Path) -> None:
    environ = {"PATH": "/bin", "KEYBOARD": "us", "RETENTION_SURFACE": "notebook"}
    given = kernel_environment(environ, datasets={"shop": Path("shop.toml")}, folder=tmp_path)
    assert given["PATH"] == "/bin"
    assert given["KEYBOARD"] == "us"
    assert given["RETENTION_SURFACE"] == "app"
    assert json.loads(given["RETENTION_DATASETS"]) == {"shop": str(Path("shop.toml").resolve())}


def test_every_notebook_runs_in_this_interpreter() -> None:
    assert WorkbookKernelSpecs().get_kernel_spec("whatever").argv[0] == sys.executable


def test_places_are_counted_from_admission_to_the_begin_of_the_end() -> None:
    kernels = ViewerKernels(max_kernels=2, root_dir="/")
    first, second = kernels.admit(), kernels.admit()
    with pytest.raises(HTTPError, match="all 2 places are taken"):
        kernels.admit()
    kernels._starting.discard(first)
    kernels._kernels[first] = SimpleNamespace()
    assert kernels.taken == 2
    kernels._ending.add(first)
    assert kernels.taken == 1
    assert second != first


def test_failed_start_gives_the_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(**_: object) -> None:
        raise RuntimeError("no kernel today")

    async def scenario() -> int:
        kernels = ViewerKernels(root_dir="/")
        monkeypatch.setattr(kernels, "start_kernel", broken)
        with pytest.raises(RuntimeError, match="no kernel today"):
            await kernels.begin(kernels.admit(), {})
        return kernels.taken

    assert asyncio.run(scenario()) == 0


@pytest.mark.parametrize(("connections", "ended"), [(0, True), (1, False)])
def test_kernel_outlives_its_last_page_only_for_a_while(
    monkeypatch: pytest.MonkeyPatch, connections: int, ended: bool
) -> None:
    async def scenario() -> bool:
        over = asyncio.Event()
        kernels = ViewerKernels(root_dir="/", linger_s=0)
        kernels._kernels["k"] = SimpleNamespace()
        kernels._kernel_connections["k"] = connections + 1

        async def shutdown(kernel_id: str, *, now: bool) -> None:
            kernels._kernels.pop(kernel_id)
            over.set()

        monkeypatch.setattr(kernels, "shutdown_kernel", shutdown)
        kernels.notify_disconnect("k")
        if ended:
            await asyncio.wait_for(over.wait(), 5)
            await kernels.end("k")
        else:
            await asyncio.sleep(0)
        return "k" not in kernels

    assert asyncio.run(scenario()) is ended
