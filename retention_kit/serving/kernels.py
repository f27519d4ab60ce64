"""The kernels of the viewers: one each, limited in number, ended when their page is gone."""

import asyncio
import json
import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager, ServerKernelManager
from tornado.ioloop import IOLoop
from tornado.web import HTTPError
from traitlets import Float, Integer

from retention_kit.serving.nursery import START, Nursery

__all__ = ["ViewerKernel", "ViewerKernels", "WorkbookKernelSpecs", "kernel_environment"]

SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|(^|_)(API|PRIVATE)?_?KEYS?($|_)", re.I)
SECRET_VALUE = re.compile(r"://[^/@\s]+:[^/@\s]+@")
# Pools and threads for long calculations hold 7 MB that nothing on a page uses.
_FRUGAL = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "2",
    "OPENBLAS_NUM_THREADS": "1",
}


def kernel_environment(
    environ: Mapping[str, str], *, datasets: Mapping[str, Path], folder: Path
) -> dict[str, str]:
    """Return the environment of a viewer's kernel: the server's, without what looks like a secret.

    Parameters
    ----------
    environ : Mapping of str to str
        The server's environment.
    datasets : Mapping of str to Path
        Registered name → dataset file.
    folder : Path
        Folder for IPython's own files, so that no start-up file of the server's user runs.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if not SECRET_NAME.search(name) and not SECRET_VALUE.search(value)
    }
    return (
        _FRUGAL
        | kept
        | {
            "IPYTHONDIR": str(folder),
            "RETENTION_SURFACE": "app",
            "RETENTION_CHART_LIBRARY": "page",
            "RETENTION_DATASETS": json.dumps({name: str(path.resolve()) for name, path in datasets.items()}),
        }
    )


class WorkbookKernelSpecs(KernelSpecManager):
    """Knows one kernel: this very interpreter, whatever else is installed for the user."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the one specification, for any name a notebook may carry."""
        return KernelSpec(
            argv=[
                *START,
                *("-f", "{connection_file}"),
                # Viewers' sessions are nobody's command history.
                "--HistoryManager.enabled=False",
            ],
            display_name="Python 3",
            language="python",
        )


class ViewerKernel(ServerKernelManager):
    """The kernel of a viewer, from the nursery if there is one."""

    async def _async_launch_kernel(self, kernel_cmd: list[str], **options: Any) -> None:
        nursery = cast("ViewerKernels", self.parent).nursery
        born = nursery and await nursery.kernel(
            kernel_cmd[len(START) :], environment=options["env"], folder=options["cwd"]
        )
        if not born:
            await super()._async_launch_kernel(kernel_cmd, **options)
            return
        place = cast("Any", self.provisioner)
        place.process, place.pid, place.pgid, place.cwd = born, born.pid, born.pid, options["cwd"]
        self._reconcile_connection_info(place.connection_info)


class ViewerKernels(AsyncMappingKernelManager):
    """Starts a kernel for a viewer while there is room, and ends it when nobody looks any more."""

    max_kernels = Integer(8, config=True, help="Viewers served at the same time.")
    linger_s = Float(60, config=True, help="Seconds a kernel outlives its last connection.")

    kernel_manager_class = ViewerKernel.__module__ + "." + ViewerKernel.__name__
    nursery: Nursery | None = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        self._admitted: set[str] = set()
        self._starting: set[str] = set()
        self._ending: set[str] = set()
        self._tasks: set[asyncio.Future[None]] = set()

    @property
    def taken(self) -> int:
        """Number of places taken; a kernel on its way out no longer counts."""
        return len((self._admitted | self._starting | set(self._kernels)) - self._ending)

    def admit(self) -> str:
        """Take a place and return the id of the kernel to start.

        Raises
        ------
        HTTPError
            503, when every place is taken.
        """
        if self.taken >= self.max_kernels:
            raise HTTPError(503, "all %d places are taken", self.max_kernels)
        kernel_id = str(uuid.uuid4())
        self._admitted.add(kernel_id)
        return kernel_id

    def give_back(self, kernel_id: str) -> None:
        """Free a place whose kernel was never started; one that was started ends otherwise."""
        self._admitted.discard(kernel_id)

    async def begin(self, kernel_id: str, env: Mapping[str, str]) -> Any:
        """Start the kernel a place was taken for, and return its manager."""
        self._starting.add(kernel_id)
        self._admitted.discard(kernel_id)
        start = asyncio.ensure_future(self._begin(kernel_id, env))
        try:
            return await asyncio.shield(start)
        except asyncio.CancelledError:
            # The viewer has left. A start is not broken off half-way: the kernel ends once it is there.
            start.add_done_callback(lambda _: self._end_unwatched(kernel_id))
            raise

    async def _begin(self, kernel_id: str, env: Mapping[str, str]) -> Any:
        try:
            await self.start_kernel(
                kernel_id=kernel_id, kernel_name="python3", cwd=self.root_dir, env=dict(env)
            )
        finally:
            self._starting.discard(kernel_id)
        return self.get_kernel(kernel_id)

    async def end(self, kernel_id: str, *, now: bool = False) -> None:
        """End a kernel, in the middle of its work if ``now``; that it is gone already is no error."""
        if kernel_id not in self or kernel_id in self._ending:
            return
        self._ending.add(kernel_id)
        try:
            await self.shutdown_kernel(kernel_id, now=now)  # type: ignore[no-untyped-call]
        finally:
            self._ending.discard(kernel_id)

    def end_soon(self, kernel_id: str) -> None:
        """End a kernel in a while, unless somebody has connected to it by then."""
        IOLoop.current().call_later(self.linger_s, self._end_unwatched, kernel_id)

    def _end_unwatched(self, kernel_id: str) -> None:
        if not self._kernel_connections.get(kernel_id):
            task = asyncio.ensure_future(self.end(kernel_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def notify_disconnect(self, kernel_id: str) -> None:
        """Notice that a page is gone, or has lost its line for a moment."""
        super().notify_disconnect(kernel_id)  # type: ignore[no-untyped-call]
        if not self._kernel_connections.get(kernel_id):
            self.end_soon(kernel_id)
