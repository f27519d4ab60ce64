"""A dataset opened: canonical orders, the calendar facts they come with, and where their rows went."""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from retention_kit.data.accounting import Accounting
from retention_kit.data.cache import Store, cache_folder, file_digest
from retention_kit.data.config import DatasetConfig
from retention_kit.data.publish import Inputs, publish
from retention_kit.data.resolve import resolve
from retention_kit.errors import DataError

__all__ = ["Dataset", "open_dataset", "opened_dataset"]

INGEST = "2"  # raised when the same input gives other canonical files


@dataclass(frozen=True)
class Stamp:
    """A source file as it was read."""

    path: Path
    size: int
    modified_ns: int
    digest: str


@dataclass(frozen=True)
class Dataset:
    """Canonical orders of one shop, read once and kept under their fingerprint.

    Parameters
    ----------
    name : str
        Sample, registered name, or the file's name.
    config : DatasetConfig
        What the dataset file says.
    as_of : date
        Last local day counted.
    as_of_inferred : bool
        Whether the as-of date is no more than the day of the last order.
    fingerprint : str
        Identity of the data and of the settings that shape them, in hexadecimal.
    accounting : Accounting
        Where each row went.
    orders : Path
        Canonical orders, Parquet.
    customers : Path or None
        Canonical customers, Parquet.
    events : pyarrow.Table or None
        What happened: ``date`` and ``label``.
    store : Store
        Files derived from this dataset.
    """

    name: str
    config: DatasetConfig
    as_of: date
    as_of_inferred: bool
    fingerprint: str
    accounting: Accounting
    orders: Path
    customers: Path | None
    events: pa.Table | None
    store: Store
    stamps: tuple[Stamp, ...] = field(default=(), repr=False)

    @property
    def title(self) -> str:
        """What the dataset is called on the screen."""
        return self.config.title or self.name

    @property
    def currency(self) -> str:
        """ISO code of the currency, or an empty text."""
        return self.config.currency

    @property
    def time_zone(self) -> str:
        """IANA name of the time zone whose days are counted."""
        return self.config.time_zone

    @property
    def first_weekday(self) -> str:
        """First day of the week, in English lower case."""
        return self.config.first_weekday

    @property
    def fiscal_year_start(self) -> int:
        """Month in which the year starts, 1 to 12."""
        return self.config.fiscal_year_start

    @property
    def first_day(self) -> date:
        """Local day of the first qualifying order."""
        return self.accounting.first_day

    @property
    def segments(self) -> tuple[str, ...]:
        """Columns by which customers or orders can be told apart."""
        return (*self.config.segment_columns, *self.config.attribute_columns)

    @property
    def has_amount(self) -> bool:
        """Whether the orders carry money."""
        return self.accounting.gross is not None

    @property
    def has_margin(self) -> bool:
        """Whether the orders carry a gross margin."""
        return self.has_amount and bool(self.config.orders.columns.margin or self.config.margin)

    def require_unchanged(self) -> None:
        """Raise when a source has changed since the dataset was opened.

        Raises
        ------
        DataError
            Naming the changed file; a file that was only touched or copied over itself is unchanged.
        """
        _require_same(self.stamps, "since it was opened")


def open_dataset(
    source: Any, *, as_of: date | str | None = None, cache: Path | None = None, **settings: Any
) -> Dataset:
    """Return the orders of ``source``, with every row accounted for.

    Parameters
    ----------
    source : str, Path or frame
        A sample's or registered name, a dataset file (TOML), a CSV, TSV, Excel or Parquet file or
        glob, or a pandas, polars or Arrow frame.
    as_of : date or str, optional
        Last local day counted; else the dataset's, else the day of the last order.
    cache : Path, optional
        Folder for derived files.
    **settings
        Keys of the dataset file, such as ``date_order="dmy"`` or ``columns={"amount": "Total"}``.

    Raises
    ------
    RetentionKitError
        When the source cannot be found, read, or used; the message says what to do.

    Examples
    --------
    >>> shop = open_dataset("cdnow")
    >>> shop.accounting.customers, shop.accounting.orders
    (2357, 6696)
    """
    if as_of is not None:
        settings = {**settings, "as_of": as_of}
    return opened_dataset(resolve(source, settings), cache=cache)


def opened_dataset(inputs: Inputs, *, cache: Path | None = None) -> Dataset:
    """Return the dataset that is made from ``inputs``, building what is not cached."""
    config = inputs.config
    stamps = tuple(_stamp(path) for paths in inputs.files.values() for path in paths)
    store = Store(_fingerprint(inputs, stamps), cache or cache_folder())
    files = publish(inputs, store, verify=lambda: _require_same(stamps, "while it was being read"))
    facts = json.loads(files["accounting.json"].read_text(encoding="utf-8"))
    accounting = Accounting.from_dict(facts)
    events = files.get("events.parquet")
    if events is not None:
        import pyarrow.parquet as pq
    return Dataset(
        name=inputs.name,
        config=config,
        as_of=config.as_of or accounting.last_day,
        as_of_inferred=config.as_of is None,
        fingerprint=store.fingerprint,
        accounting=accounting,
        orders=files["orders.parquet"],
        customers=files.get("customers.parquet"),
        events=pq.read_table(events) if events is not None else None,
        store=store,
        stamps=stamps,
    )


def _require_same(stamps: Iterable[Stamp], when: str) -> None:
    for stamp in stamps:
        try:
            status = stamp.path.stat()
            untouched = (status.st_size, status.st_mtime_ns) == (stamp.size, stamp.modified_ns)
            same = untouched or file_digest(stamp.path) == stamp.digest
        except OSError:
            same = False
        if not same:
            raise DataError(f"{stamp.path.name} changed {when}.", todo="Open the dataset again.")


def _stamp(path: Path) -> Stamp:
    status = os.stat(path)
    return Stamp(path, status.st_size, status.st_mtime_ns, file_digest(path))


def _fingerprint(inputs: Inputs, stamps: tuple[Stamp, ...]) -> str:
    # Not the title and not where files lie: only what shapes a number.
    settings: dict[str, Any] = inputs.config.model_dump(mode="json", by_alias=True, exclude={"title"})
    for table in ("orders", "customers", "events"):
        (settings[table] or {}).pop("source", None)
    parts = [INGEST, json.dumps(settings, sort_keys=True), inputs.frame_digest]
    digests = {stamp.path: stamp.digest for stamp in stamps}
    parts += [f"{table}:{digests[path]}" for table, paths in inputs.files.items() for path in paths]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
