"""Kernels forked from a process that is ready: each its own, each seen to its end."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from retention_kit.serving import nursery as module
from retention_kit.serving.execution import shown_cells
from retention_kit.serving.kernels import ViewerKernels, WorkbookKernelSpecs, kernel_environment
from retention_kit.serving.nursery import ForkedKernel, Nursery

pytestmark = pytest.mark.skipif(not Nursery.possible(), reason="Kernels cannot be forked here.")
FACTS = """\
import json, os, sys
from comm import get_comm_manager
print(json.dumps({
    "parent": os.getppid(),
    "folder": os.getcwd(),
    "asked": os.environ.get("QUERY_STRING"),
    "left": os.environ.get("LEFT"),
    "leader": os.getpgid(0) == os.getpid(),
    "debugger": "debugpy" in sys.modules,
    "targets": sorted(get_comm_manager().targets),
    "mine": globals().get("mine"),
}))
mine = 1"""


class Rooms:
    """The kernels of a server with a nursery, and what can be asked of them."""

    def __init__(self, folder: Path) -> None:
        environ = {**os.environ, "LEFT": "behind"}
        self.environment = kernel_environment(environ, datasets={}, folder=folder)
        self.kernels = ViewerKernels(
            root_dir=str(folder), connection_dir=str(folder), kernel_spec_manager=WorkbookKernelSpecs()
        )
        self.kernels.nursery = self.nursery = Nursery(self.environment, folder)

    async def begun(self) -> Any:
        given = {name: value for name, value in self.environment.items() if name != "LEFT"}
        return await self.kernels.begin(self.kernels.admit(), given | {"QUERY_STRING": "age=3"})

    async def end(self) -> None:
        try:
            await self.kernels.shutdown_all(now=True)
        finally:
            self.nursery.close()


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Return a function that plays a scenario with a nursery, and ends every process after it."""

    def run(scenario: Callable[[Rooms], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            rooms = Rooms(tmp_path)
            try:
                return await scenario(rooms)
            finally:
                await rooms.end()

        return asyncio.run(main())

    yield run
    assert [one for one in psutil.Process().children(recursive=True) if "--nursery" in one.cmdline()] == []


async def said(kernel: Any, code: str = FACTS) -> Any:
    """What a code cell prints, read as JSON."""
    notebook: nbformat.NotebookNode = new_notebook(cells=[new_code_cell(code)])
    (shown,) = [found async for found in shown_cells(notebook, kernel)]
    return json.loads(shown[0].content)


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


def process_of(kernel: Any) -> Any:
    return kernel.provisioner.process


def test_kernel_has_its_own_environment_folder_and_signals(play: Callable[..., Any], tmp_path: Path) -> None:
    async def scenario(rooms: Rooms) -> None:
        kernel = await rooms.begun()
        assert isinstance(process_of(kernel), ForkedKernel)
        assert await said(kernel) == {
            "parent": psutil.Process(process_of(kernel).pid).ppid(),
            "folder": str(tmp_path),
            "asked": "age=3",
            "left": None,
            "leader": True,
            "debugger": False,
            "targets": ["jupyter.widget", "jupyter.widget.control"],
            "mine": None,
        }

    play(scenario)


def test_one_kernel_knows_nothing_of_another(play: Callable[..., Any]) -> None:
    async def scenario(rooms: Rooms) -> None:
        first, second = await asyncio.gather(rooms.begun(), rooms.begun())
        assert (await said(first))["mine"] is None
        assert (await said(second))["mine"] is None
        assert (await said(first))["mine"] == 1

    play(scenario)


def test_end_of_a_kernel_is_seen_and_the_others_live_on(play: Callable[..., Any]) -> None:
    async def scenario(rooms: Rooms) -> None:
        first, second = await rooms.begun(), await rooms.begun()
        process = process_of(first)
        assert process.poll() is None
        process.kill()
        assert process.wait() == 0
        process.terminate()  # reaches nobody
        assert not await first.is_alive()
        assert await second.is_alive()
        await rooms.kernels.end(second.kernel_id)
        assert second.kernel_id not in rooms.kernels

    play(scenario)


def test_kernel_asked_to_end_ends(play: Callable[..., Any]) -> None:
    async def scenario(rooms: Rooms) -> None:
        process = process_of(await rooms.begun())
        process.terminate()
        await until(lambda: process.poll() is not None)

    play(scenario)


def test_lost_nursery_takes_its_kernels_along_and_is_replaced(play: Callable[..., Any]) -> None:
    async def scenario(rooms: Rooms) -> None:
        first = await rooms.begun()
        assert (await said(first))["mine"] is None
        process = process_of(first)
        psutil.Process(psutil.Process(process.pid).ppid()).kill()
        await until(lambda: process.poll() is not None)
        second = await rooms.begun()
        assert isinstance(process_of(second), ForkedKernel)
        assert (await said(second))["mine"] is None

    play(scenario)


def test_kernel_nobody_waits_for_any_more_is_ended(play: Callable[..., Any]) -> None:
    async def scenario(rooms: Rooms) -> None:
        unwanted = asyncio.ensure_future(rooms.begun())
        while not rooms.nursery._turn.locked():
            await asyncio.sleep(0)
        unwanted.cancel()
        with pytest.raises(asyncio.CancelledError):
            await unwanted
        kernel = await rooms.begun()
        await until(lambda: rooms.kernels.list_kernel_ids() == [kernel.kernel_id])
        parent = psutil.Process(psutil.Process(process_of(kernel).pid).ppid())
        await until(lambda: [one.pid for one in parent.children()] == [process_of(kernel).pid])
        assert (await said(kernel))["mine"] is None

    play(scenario)


@pytest.mark.parametrize("program", ["pass", "import time; time.sleep(60)"])
def test_without_the_nursery_a_kernel_starts_as_usual(
    program: str,
    play: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "START", [sys.executable, "-c", program])
    monkeypatch.setattr(module, "PATIENCE_S", 0.5)

    async def scenario(rooms: Rooms) -> None:
        kernel = await rooms.begun()
        assert not isinstance(process_of(kernel), ForkedKernel)
        assert (await said(kernel))["asked"] == "age=3"

    play(scenario)
    assert "starting one as usual" in caplog.text


def test_request_that_is_too_long_leaves_the_kernels_alone(play: Callable[..., Any]) -> None:
    async def scenario(rooms: Rooms) -> None:
        kernel = await rooms.begun()
        longer = {"LONG": "x" * 2**20}
        assert await rooms.nursery.kernel([], environment=longer, folder="/") is None
        assert await kernel.is_alive()
        assert isinstance(process_of(await rooms.begun()), ForkedKernel)

    play(scenario)


def test_no_fork_where_it_is_not_safe_or_not_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_: int) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "pidfd_open", forbidden)
    assert not Nursery.possible()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not Nursery.possible()
