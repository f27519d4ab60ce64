"""Derived files, kept under the fingerprint of what they derive from.

A file is built once, in scratch, by whichever process comes first, and renamed into place. A digest
beside it tells a damaged file from a good one; what cannot be proven good is built again.
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

from retention_kit.errors import DataError

__all__ = ["Entry", "Store", "cache_folder", "clear", "entries", "file_digest"]

LAYOUT = "5"  # raised when the meaning of a cached file changes


def cache_folder() -> Path:
    """Return the folder of all caches: ``RETENTION_CACHE``, or the user's cache folder."""
    named = os.environ.get("RETENTION_CACHE")
    return Path(named) if named else user_cache_path("retention_kit")


@dataclass(frozen=True)
class Store:
    """The derived files of one dataset.

    Parameters
    ----------
    fingerprint : str
        Identity of the data and of the settings that shaped them, in hexadecimal.
    root : Path
        Folder of all caches.
    """

    fingerprint: str
    root: Path = field(default_factory=cache_folder)
    _proven: dict[str, tuple[int, int]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def folder(self) -> Path:
        """Folder of this dataset's files."""
        return self.root / f"v{LAYOUT}" / self.fingerprint

    def file(self, name: str, build: Callable[[Path], None]) -> Path:
        """Return the file ``name``, building it when it is missing or damaged.

        Parameters
        ----------
        name : str
            File name within the dataset's folder.
        build : callable
            Writes the file at the path it is given; called at most once at a time over all processes.

        Raises
        ------
        DataError
            When the cache folder cannot be written to.
        """
        path = self.folder / name
        if self._good(path):
            return path
        self._make_folder()
        with FileLock(self.folder / f"{name}.lock"):
            if not self._good(path):
                with self.scratch() as scratch:
                    fresh = scratch / name
                    build(fresh)
                    digest = scratch / "digest"
                    digest.write_text(json.dumps({"digest": file_digest(fresh)}), encoding="utf-8")
                    # The digest goes first: a file without its own digest is never taken for good.
                    os.replace(digest, self._digest_path(path))
                    os.replace(fresh, path)
                self._proven[name] = _stamp(path)
        return path

    def holds(self, name: str) -> bool:
        """Whether the file ``name`` is there, undamaged."""
        return self._good(self.folder / name)

    def used(self, name: str) -> None:
        """Remember that the file ``name`` was used just now."""
        status = (self.folder / name).stat()
        os.utime(self.folder / name, ns=(time.time_ns(), status.st_mtime_ns))

    def trim(self, pattern: str, *, keep: int) -> None:
        """Remove files whose names match ``pattern``, those used least lately, so that ``keep`` are left."""
        files = sorted(self.folder.glob(pattern), key=_last_use, reverse=True)
        for path in files[keep:]:
            for name in (path.name, self._digest_path(path).name, f"{path.name}.lock"):
                (self.folder / name).unlink(missing_ok=True)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give a private folder on the same file system, and remove it."""
        self._make_folder()
        with tempfile.TemporaryDirectory(prefix="scratch-", dir=self.folder) as name:
            yield Path(name)

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            writable = os.access(self.folder, os.W_OK)
        except OSError:
            writable = False
        if not writable:
            raise DataError(
                f"The cache folder {str(self.root)!r} cannot be written to.",
                todo="Set RETENTION_CACHE to a folder that can.",
            )

    def _good(self, path: Path) -> bool:
        try:
            stamp = _stamp(path)
            if self._proven.get(path.name) == stamp:
                return True
            recorded = json.loads(self._digest_path(path).read_text(encoding="utf-8"))["digest"]
            good = bool(recorded == file_digest(path))
        except (OSError, ValueError, KeyError, TypeError):
            return False
        if good:
            self._proven[path.name] = stamp
        return good

    def _digest_path(self, path: Path) -> Path:
        return path.with_name(path.name + ".digest")


@dataclass(frozen=True)
class Entry:
    """One dataset's share of the cache: fingerprint, number of files, size in bytes."""

    fingerprint: str
    files: int
    size_bytes: int


def entries(root: Path | None = None) -> list[Entry]:
    """Return what the cache holds, largest first."""
    found = []
    for folder in (root or cache_folder()).glob("v*/*"):
        sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
        found.append(Entry(folder.name, len(sizes), sum(sizes)))
    return sorted(found, key=lambda entry: (-entry.size_bytes, entry.fingerprint))


def clear(root: Path | None = None) -> int:
    """Remove every cached file and return the bytes freed; all of it can be built again."""
    freed = sum(entry.size_bytes for entry in entries(root))
    for folder in (root or cache_folder()).glob("v*"):
        shutil.rmtree(folder)
    return freed


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _last_use(path: Path) -> int:
    try:
        return path.stat().st_atime_ns
    except FileNotFoundError:  # another process was faster
        return 0
