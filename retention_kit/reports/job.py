"""A job is one notebook over one dataset; its folder holds the runs that succeeded and those that failed."""

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from glob import glob
from pathlib import Path

from filelock import FileLock, Timeout

from retention_kit.errors import BusyError, ParameterError, ReportError

__all__ = ["Job", "slug"]


def slug(name: str) -> str:
    """Return a name as part of a folder's name; names that would collide get a piece of their hash.

    >>> slug("cdnow"), slug("Shop 2024"), slug("Müller")
    ('cdnow', 'shop-2024-a2c1a8', 'm-ller-a78429')
    """
    short = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")[:50]
    return short if short == name else f"{short}-{hashlib.sha256(name.encode()).hexdigest()[:6]}".strip("-")


@dataclass(frozen=True)
class Job:
    """Where the runs of one notebook over one dataset take place and are published."""

    out: Path
    name: str

    @property
    def folder(self) -> Path:
        """The folder of the published runs."""
        return self.out / self.name

    @contextmanager
    def run_folder(self) -> Iterator[Path]:
        """Hold the job's lock and give an empty private folder, which is gone afterwards.

        Raises
        ------
        BusyError
            When another run of the same job is going on.
        ReportError
            When the output folder cannot be written.
        """
        runs = self.out / ".runs"
        folder = runs / self.name
        try:
            runs.mkdir(parents=True, exist_ok=True)
            runs.chmod(0o700)
            lock = FileLock(runs / f"{self.name}.lock")
            lock.acquire(timeout=0)
        except Timeout:
            raise BusyError(
                f"Another run of {self.name!r} is going on.",
                todo="Wait until it has finished, or write to another folder.",
            ) from None
        except OSError as error:
            raise ReportError(
                f"Reports cannot be written to {str(self.out)!r}: {error.strerror}.",
                todo="Choose a folder that you may write to.",
            ) from error
        try:
            shutil.rmtree(folder, ignore_errors=True)  # left by a run that was killed
            folder.mkdir()
            yield folder.resolve()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.release()

    def claim(self, dataset: str) -> None:
        """Refuse to publish another dataset's report over those that are here; call it in `run_folder`.

        Parameters
        ----------
        dataset : str
            Name or absolute path. A path that is gone was moved, and bars nothing.

        Raises
        ------
        ParameterError
            When the reports of this job are of another dataset.
        """
        before = self._owner.read_text(encoding="utf-8") if self._owner.is_file() else dataset
        moved = Path(before).is_absolute() and not glob(before)
        if before != dataset and not moved and self.folder.is_dir():
            raise ParameterError(
                f"The reports in {str(self.folder)!r} are of another dataset.",
                todo="Give this report a name of its own with --name.",
            )
        self._owner.write_text(dataset, encoding="utf-8")

    @property
    def _owner(self) -> Path:
        # In the private folder, because a path must not be published.
        return self.out / ".runs" / f"{self.name}.dataset"

    def publish(self, finished: Path, *, started_at: datetime) -> Path:
        """Make a finished folder the job's newest report, as a whole, and point ``latest`` at it."""
        self.folder.mkdir(exist_ok=True)
        place = self._free_place(self.folder, started_at)
        finished.rename(place)
        self._point_latest_at(place.name)
        return place

    def set_aside(self, files: list[Path], *, started_at: datetime) -> Path:
        """Keep the files of a failed run under ``failed``; the last good report stays as it is."""
        (self.folder / "failed").mkdir(parents=True, exist_ok=True)
        place = self._free_place(self.folder / "failed", started_at)
        place.mkdir()
        for file in files:
            if file.is_file():
                file.rename(place / file.name)
        return place

    @staticmethod
    def _free_place(folder: Path, started_at: datetime) -> Path:
        stamp = f"{started_at:%Y%m%dT%H%M%SZ}"
        number = 1
        while (place := folder / (stamp if number == 1 else f"{stamp}-{number}")).exists():
            number += 1
        return place

    def _point_latest_at(self, name: str) -> None:
        new = self.folder / ".latest"
        new.unlink(missing_ok=True)
        try:
            new.symlink_to(name, target_is_directory=True)
            new.replace(self.folder / "latest")
        except OSError:  # Windows without the right to make links
            new.write_text(f"{name}\n", encoding="utf-8")
            new.replace(self.folder / "latest.txt")
