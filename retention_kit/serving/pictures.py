"""Pictures of pages: made in the background, shown to whoever opens a page before its kernel has started.

A picture belongs to one state of the data, one set of parameters and one version of the workbook. It is
found by a key made of all three, so that another's is never shown; where there is none, the page says so.
"""

import hashlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
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
_RETRY_S = 600  # until what could not be drawn is tried again
_WAITING = 16  # views that were asked for and wait for their picture
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
        last argument; it leaves ``picture.json`` there. Empty: nothing is ever drawn.
    environment : mapping of str to str
        Environment in which it runs.
    """

    def __init__(
        self, datasets: Mapping[str, Path], *, program: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        self._datasets, self._program, self._environment = datasets, tuple(program), dict(environment)
        self._store, self._built = Store("pictures"), _build()
        self._asked: OrderedDict[str, View] = OrderedDict()
        self._ahead: deque[View] = deque()
        self._failed: dict[str, float] = {}
        self._durations: dict[str, deque[float]] = {}
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._worker: threading.Thread | None = None
        self._stopped = False

    def find(self, view: View) -> dict[str, str] | None:
        """Return a view's picture of the data as they are, as HTML by cell id; None where there is none."""
        key = self._key(view)
        if key is None or not self._store.holds(f"{key}.json"):
            return None
        path = self._store.folder / f"{key}.json"
        try:
            cells: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))["cells"]
            self._store.used(path.name)
        except (OSError, ValueError, KeyError):
            return None  # somebody else removed it just now
        return cells

    def want(self, view: View) -> None:
        """Have the picture of a view drawn that somebody has asked for; of many, the oldest give way."""
        key = self._key(view)
        if key is None or not self._is_missing(key):
            return
        with self._lock:
            self._asked[key] = view
            while len(self._asked) > _WAITING:
                self._asked.popitem(last=False)
        self._start()

    def want_all(self, views: Iterable[View]) -> None:
        """Have the pictures of some views drawn while nobody asks for another."""
        self._ahead.extend(views)
        self._start()

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
        if self._process is not None:
            _ended(self._process)

    def _is_missing(self, key: str) -> bool:
        tried = time.monotonic() - self._failed.get(key, -_RETRY_S)
        return tried >= _RETRY_S and not self._store.holds(f"{key}.json")

    def _start(self) -> None:
        with self._lock:
            if self._program and not self._stopped and self._worker is None:
                # A daemon: a server that ends waits neither for a program nor for another server's lock.
                self._worker = threading.Thread(target=self._draw_all, daemon=True)
                self._worker.start()

    def _next(self) -> tuple[str, View] | None:
        while not self._stopped:
            with self._lock:
                if self._asked:
                    return self._asked.popitem(last=False)
                if not self._ahead:
                    self._worker = None
                    return None
                view = self._ahead.popleft()
            key = self._key(view)
            if key is not None and self._is_missing(key):
                return key, view
        return None

    def _draw_all(self) -> None:
        while wanted := self._next():
            key, view = wanted
            try:
                self._draw(key, view)
            except (OSError, RetentionKitError, _NotDrawnError) as error:
                if not self._stopped:
                    self._failed[key] = time.monotonic()
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
        if self._stopped:
            raise _NotDrawnError("the server has stopped")
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
        except Exception:  # whatever is wrong with a dataset is for its page to say
            return None
        if _build() != self._built:
            return None  # the package was replaced: what is drawn now is not what this server shows
        parts = [self._built, view.notebook.digest, state, view.parameters.model_dump(mode="json")]
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


def _build() -> list[Any]:
    """What tells one version of the package from another, one being worked on included."""
    files = sorted(path for path in _PACKAGE.rglob("*") if path.suffix in (".py", ".js", ".css", ".json"))
    return [*_versions(), *([str(path), *_stamp(path)] for path in files)]


@cache
def _versions() -> tuple[str, ...]:
    return tuple(map(version, ("retention-kit", "duckdb", "numpy", "pyarrow", "vl-convert-python")))


def _stamp(path: Path) -> tuple[int, ...]:
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
