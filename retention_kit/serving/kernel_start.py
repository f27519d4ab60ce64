"""The inside of a viewer's kernel: what it loads, what it does without, and how it begins.

``python -m retention_kit.serving.kernel_start -f FILE`` is one kernel. With ``--nursery FD`` it is the
process that loads everything once and then forks a kernel for each request that comes over the socket FD.
"""

import atexit
import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["load", "main"]

_REQUEST_BYTES = 2**18
# Nobody steps through a viewer's kernel: 8 MB and 0.08 s, loaded only because they are installed.
_DEBUGGERS = ("debugpy",)
# Nothing is read from remote stores, as the package keeps off the network: 6 MB.
_STORES = ("pyarrow._s3fs", "pyarrow._gcsfs", "pyarrow._azurefs", "pyarrow._hdfs")
# What the cells of every notebook lead to. Given by name: the rooms beside this one are no part of it.
_LOADED = (
    "ipykernel.kernelapp",
    "ipykernel.debugger",
    "pyarrow",
    "ipywidgets",
    "retention_kit.reports.record",
    "retention_kit.workbook.chart_widget",
    "retention_kit.workbook.churn",
    "retention_kit.workbook.cohorts",
    "retention_kit.workbook.controls",
    "retention_kit.workbook.lifetime",
    "retention_kit.workbook.scorecard",
    "retention_kit.workbook.what_if",
)


class _Without(MetaPathFinder):
    def __init__(self, names: Sequence[str]) -> None:
        self.names = frozenset(names)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in self.names:
            raise ModuleNotFoundError(f"{fullname} is not wanted here", name=fullname)
        return None


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Let whoever looks for these modules do so in vain, for now; who asks for them later gets them."""
    finder = _Without(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def load() -> None:
    """Load what every notebook uses, and nothing that only happens to be installed."""
    with without(*_DEBUGGERS, *_STORES, "pandas"):
        for name in _LOADED:
            import_module(name)
        # Arrow looks for pandas at its first conversion of Python values, once: 0.2 s and 40 MB. What
        # asks for a frame by name, such as ``to_pandas``, still loads it.
        import_module("pyarrow").array([0])


def main(arguments: Sequence[str]) -> None:
    """Be a kernel, or the nursery of kernels."""
    load()
    if arguments[:1] == ["--nursery"]:
        born = _nursed(socket.socket(fileno=int(arguments[1])))
        if born is None:
            return
        arguments = born
    from ipykernel.kernelapp import IPKernelApp
    from ipywidgets import register_comm_target

    app: Any = IPKernelApp.instance()
    app.initialize(list(arguments))
    # The widgets were loaded before there was a kernel to sign in at.
    register_comm_target()
    app.start()


def _nursed(line: socket.socket) -> list[str] | None:
    """Fork for each request; return the arguments in the kernel born, and None when the server is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for kernels that ended
    # What is there now stays for good: looking it over for garbage would copy its pages in each kernel.
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # in the end all may go, or DuckDB reports its types as leaked
    while request := line.recv(_REQUEST_BYTES):
        try:
            pid = os.fork()
        except OSError as error:  # no room just now
            line.send(str(error).encode())
            continue
        if pid == 0:
            line.close()
            return _begun(json.loads(request))
        line.send(b"%d" % pid)
    return None


def _begun(request: dict[str, Any]) -> list[str]:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()  # as Jupyter starts kernels: signals for the kernel go to the whole family
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    # A kernel ends when its parent does, and that is the nursery.
    return [*request["arguments"], f"--IPKernelApp.parent_handle={os.getppid()}"]


if __name__ == "__main__":
    main(sys.argv[1:])
