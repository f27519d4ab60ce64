"""A dataset file checked: does it open, where do its rows go, what is odd."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from retention_kit.data.accounting import Accounting, TableAccounting
from retention_kit.data.dataset import open_dataset
from retention_kit.data.profile import profile

__all__ = ["Check", "check_dataset"]


@dataclass(frozen=True)
class Check:
    """What a check found: text for people, the accounting of each table, and oddities one by one."""

    text: str
    accounting: Accounting | None
    accountings: Mapping[str, TableAccounting]
    oddities: tuple[str, ...]


def check_dataset(path: Path | str, *, cache: Path | None = None) -> Check:
    """Return what a dataset holds and what is odd about it.

    Parameters
    ----------
    path : Path or str
        Dataset file, sample or registered name, or data file.
    cache : Path, optional
        Folder for derived files.

    Raises
    ------
    RetentionKitError
        When the dataset cannot be opened; the message says what to do.
    """
    dataset = open_dataset(path, cache=cache)
    described = profile(dataset)
    return Check(described.text, dataset.accounting, dataset.accountings, described.oddities)
