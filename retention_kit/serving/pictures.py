"""Pictures of pages: made in the background, shown to whoever opens a page before its kernel has started.

A picture belongs to one state of the data, one set of parameters and one version of the workbook. It is
found by a key made of all three, so that another's is never shown; where there is none, the page says so.
"""

import asyncio
import hashlib
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import nbformat

import retention_kit
from retention_kit.data.cache import Store
from retention_kit.data.resolve import resolve
from retention_kit.errors import RetentionKitError
from retention_kit.serving.view import View

__all__ = ["Pictures"]

_LIMIT_S = 300
_FAREWELL_S = 10  # to end what it has started
_WAITING = 16  # views that wait for their picture; older ones give way
_KEPT = 300  # pictures in the cache, of some 100 kB each
_PACKAGE = Path(retention_kit.__file__).parent
_log = logging.getLogger("retention_kit.serving.pictures")


class Pictures:
    """The pictures of a server's views.

    Parameters
    ----------
    datasets : mapping of str to Path
        Registered name → dataset file.
    program : sequence of str
        Arguments of Python that run the program which draws, given a folder with ``request.json`` as its
        last argument; it leaves ``picture.json`` there. None: nothing is ever drawn.
    environment : mapping of str to str
        Environment in which it runs.
    """

    def __init__(
        self, datasets: Mapping[str, Path], *, program: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        self._datasets, self._program, self._environment = datasets, tuple(program), dict(environment)
        self._store = Store("pictures")
        self._waiting: OrderedDict[str, View] = OrderedDict()
        self._failed: deque[str] = deque(maxlen=1000)
        self._durations: dict[str, deque[float]] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._work: asyncio.Task[None] | None = None
        self._stopped = False

    def find(self, view: View) -> dict[str, str] | None:
        """Return a view's picture of the data as they are, as HTML by cell id; None where there is none."""
        key = self._key(view)
        if key is None or not self._store.holds(f"{key}.json"):
            return None
        made = json.loads((self._store.folder / f"{key}.json").read_text(encoding="utf-8"))
        cells: dict[str, str] = made["cells"]
        return cells

    def want(self, view: View) -> None:
        """Have the picture of a view drawn, when nothing more urgent is left."""
        key = self._key(view)
        if not self._program or key is None or key in self._failed or self._store.holds(f"{key}.json"):
            return
        self._waiting[key] = view
        while len(self._waiting) > _WAITING:
            self._waiting.popitem(last=False)
        if self._work is None or self._work.done():
            self._work = asyncio.ensure_future(self._draw_all())

    def want_all(self, views: Iterable[View]) -> None:
        """Have the pictures of some views drawn."""
        for view in views:
            self.want(view)

    def took(self, view: View, seconds: float) -> None:
        """Remember how long a page took to be calculated."""
        self._durations.setdefault(view.notebook.entry.name, deque(maxlen=20)).append(seconds)

    def usual_seconds(self, view: View) -> float | None:
        """Return how long such a page usually takes; None before there is experience."""
        known = self._durations.get(view.notebook.entry.name)
        return median(known) if known else None

    def stop(self) -> None:
        """End what is being drawn, and draw no more."""
        self._stopped = True
        self._waiting.clear()
        if self._process is not None:
            _ended(self._process)

    async def _draw_all(self) -> None:
        while self._waiting and not self._stopped:
            key, view = self._waiting.popitem(last=False)
            try:
                await asyncio.to_thread(self._draw, key, view)
            except (OSError, RetentionKitError, _NotDrawnError) as error:
                if not self._stopped:
                    self._failed.append(key)
                    _log.info("No picture of %s over %s: %s", view.notebook.entry.name, view.dataset, error)

    def _draw(self, key: str, view: View) -> None:
        def build(path: Path) -> None:
            with tempfile.TemporaryDirectory(prefix="retention-picture-") as name:
                folder = Path(name)
                notebook = folder / "served.ipynb"
                nbformat.write(view.notebook.node, notebook)  # type: ignore[no-untyped-call]
                request = {"notebook": str(notebook), "parameters": view.parameters.model_dump(mode="json")}
                (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
                self._run(folder)
                if self._key(view) != key:
                    raise _NotDrawnError("the data changed meanwhile")
                path.write_bytes((folder / "picture.json").read_bytes())

        self._store.file(f"{key}.json", build)
        self._store.trim("*.json", keep=_KEPT)

    def _run(self, folder: Path) -> None:
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own program, no shell
                [sys.executable, *self._program, str(folder)],
                stdin=subprocess.PIPE,  # a lifeline: it ends itself and its kernel when this closes
                stdout=log,
                stderr=log,
                cwd=folder,
                env=self._environment,
                start_new_session=True,
            )
        self._process = process
        try:
            code = process.wait(timeout=_LIMIT_S)
        except subprocess.TimeoutExpired:
            code = _ended(process)
        finally:
            self._process = None
            if process.stdin is not None:
                process.stdin.close()
        if code != 0:
            said = (folder / "log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise _NotDrawnError(said[-1] if said else f"it ended with {code}")

    def _key(self, view: View) -> str | None:
        try:
            state = _state(self._datasets[view.dataset])
        except (KeyError, OSError, RetentionKitError):
            return None
        parts = [_build(), view.notebook.digest, state, view.parameters.model_dump(mode="json")]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _ended(process: "subprocess.Popen[bytes]") -> int:
    """End a program in order, so that the kernel it has started goes with it."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        return process.wait(timeout=_FAREWELL_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


class _NotDrawnError(Exception):
    """There is no picture; the text is for the log."""


def _state(dataset: Path) -> list[Any]:
    """What no write to the data leaves as it was; found without reading them."""
    sources = [path for paths in resolve(str(dataset), {}).files.values() for path in paths]
    return [[str(path), *_stamp(path)] for path in (dataset, *sources)]


@cache
def _build() -> list[Any]:
    """What tells one version of the package from another, one being worked on included."""
    files = sorted(path for path in _PACKAGE.rglob("*") if path.suffix in (".py", ".js", ".css", ".json"))
    return [retention_kit.__version__, *([str(path), *_stamp(path)] for path in files)]


def _stamp(path: Path) -> tuple[int, ...]:
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
