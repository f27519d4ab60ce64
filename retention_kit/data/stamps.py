"""Source files as they were read, and whether they still are."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from retention_kit.data.cache import file_digest
from retention_kit.errors import DataError

__all__ = ["Stamp", "require_same", "stamp_of"]


@dataclass(frozen=True)
class Stamp:
    """A source file as it was read."""

    path: Path
    size: int
    modified_ns: int
    digest: str


def stamp_of(path: Path) -> Stamp:
    """Return the file at ``path`` as it is now."""
    status = os.stat(path)
    return Stamp(path, status.st_size, status.st_mtime_ns, file_digest(path))


def require_same(stamps: Iterable[Stamp], when: str) -> None:
    """Raise when a file has changed; one that was only touched or copied over itself has not.

    Raises
    ------
    DataError
        Naming the file, and ``when`` it changed.
    """
    for stamp in stamps:
        try:
            status = stamp.path.stat()
            untouched = (status.st_size, status.st_mtime_ns) == (stamp.size, stamp.modified_ns)
            same = untouched or file_digest(stamp.path) == stamp.digest
        except OSError:
            same = False
        if not same:
            raise DataError(f"{stamp.path.name} changed {when}.", todo="Open the dataset again.")
