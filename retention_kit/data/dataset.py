"""A dataset opened: canonical tables, the calendar facts they come with, and where their rows went."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from retention_kit.data.accounting import Accounting, TableAccounting
from retention_kit.data.cache import Store, cache_folder
from retention_kit.data.config import DatasetConfig
from retention_kit.data.publish import Inputs, publish, read_accountings
from retention_kit.data.resolve import resolve
from retention_kit.data.source_settings import TABLES
from retention_kit.data.stamps import Stamp, require_same, stamp_of
from retention_kit.errors import DataError, ParameterError, did_you_mean

__all__ = ["Dataset", "open_dataset", "opened_dataset"]

INGEST = "4"  # raised when the same input gives other canonical files


@dataclass(frozen=True)
class Dataset:
    """Canonical tables of one shop, read once and kept under their fingerprint.

    Parameters
    ----------
    name : str
        Sample, registered name, or the file's name.
    config : DatasetConfig
        What the dataset file says.
    as_of : date
        Last local day counted.
    as_of_inferred : bool
        Whether the as-of date is no more than the day of the last order, or without orders that on which
        the last subscription started.
    fingerprint : str
        Identity of the data and of the settings that shape them, in hexadecimal.
    accounting : Accounting or None
        Where each row of the orders went; ``None`` without orders.
    accountings : mapping
        Where each row of the other tables went, by table; events are not accounted for.
    tables : mapping
        Canonical file, Parquet, of every table there is.
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
    accounting: Accounting | None
    accountings: Mapping[str, TableAccounting]
    tables: Mapping[str, Path]
    events: pa.Table | None
    store: Store
    stamps: tuple[Stamp, ...] = field(default=(), repr=False)

    @property
    def orders(self) -> Path | None:
        """Canonical orders, Parquet."""
        return self.tables.get("orders")

    @property
    def customers(self) -> Path | None:
        """Canonical customers, Parquet."""
        return self.tables.get("customers")

    def has(self, table: str) -> bool:
        """Whether the dataset has the table."""
        return table in self.tables

    def columns(self, table: str) -> tuple[str, ...]:
        """Return the names of a canonical table's columns; those that are not mapped are absent.

        Raises
        ------
        DataError
            When the dataset has no such table.
        """
        import pyarrow.parquet as pq

        return tuple(pq.read_schema(self.require(table)).names)

    def require(self, table: str, *, why: str = "") -> Path:
        """Return the canonical file of a table, or say which table is needed and how to map it.

        Parameters
        ----------
        table : str
            Name of the table.
        why : str
            What needs it, such as ``NPS``.

        Raises
        ------
        DataError
            When the dataset has no such table.
        ParameterError
            When no dataset has such a table.
        """
        if table not in TABLES:
            raise ParameterError(
                f"There is no table {table!r} in a dataset. {did_you_mean(table, TABLES)}".strip(),
                todo=f"Allowed: {', '.join(TABLES)}.",
            )
        if table not in self.tables:
            needs = f", needed for {why}" if why else ""
            columns = TABLES[table].model_fields["columns"].default
            raise DataError(
                f"The dataset {self.name!r} has no {table}{needs}.",
                todo=f"Add [{table}] with its source to the dataset file, and map in [{table}.columns] what"
                f" there is of: {', '.join(type(columns).model_fields)}.",
            )
        return self.tables[table]

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
        """Local day of the first qualifying order, or of the first subscription if that is earlier."""
        found = (self.accounting, self.accountings.get("subscriptions"))
        return min(one.first_day for one in found if one and one.first_day)

    @property
    def orders_begin(self) -> date:
        """Local day of the first qualifying order; without orders, of the first subscription."""
        return self.accounting.first_day if self.accounting else self.first_day

    @property
    def segments(self) -> tuple[str, ...]:
        """Columns by which customers or orders can be told apart."""
        return (*self.config.segment_columns, *self.config.attribute_columns)

    @property
    def has_amount(self) -> bool:
        """Whether the orders carry money."""
        return self.accounting is not None and self.accounting.gross is not None

    @property
    def has_margin(self) -> bool:
        """Whether the orders carry a gross margin."""
        orders = self.config.orders
        return self.has_amount and bool((orders and orders.columns.margin) or self.config.margin)

    def require_unchanged(self) -> None:
        """Raise when a source has changed since the dataset was opened.

        Raises
        ------
        DataError
            Naming the changed file; a file that was only touched or copied over itself is unchanged.
        """
        require_same(self.stamps, "since it was opened")


def open_dataset(
    source: Any, *, as_of: date | str | None = None, cache: Path | None = None, **settings: Any
) -> Dataset:
    """Return the tables of ``source``, with every row accounted for.

    Parameters
    ----------
    source : str, Path, frame or mapping
        A sample's or registered name, a dataset file (TOML), a CSV, TSV, Excel or Parquet file or
        glob, or a pandas, polars or Arrow frame: the orders. Frames of several tables come as a mapping
        from the table's name, such as ``{"subscriptions": frame}``.
    as_of : date or str, optional
        Last local day counted; else the dataset's, else the day of the last order, or without orders
        that on which the last subscription started.
    cache : Path, optional
        Folder for derived files.
    **settings
        Keys of the dataset file, such as ``date_order="dmy"`` or ``columns={"amount": "Total"}`` of the
        orders, and its tables, such as ``responses={"source": "nps.csv", "columns": {...}}``.

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
    stamps = tuple(stamp_of(path) for paths in inputs.files.values() for path in paths)
    store = Store(_fingerprint(inputs, stamps), cache or cache_folder())
    files = publish(inputs, store, verify=lambda: require_same(stamps, "while it was being read"))
    accountings = read_accountings(files["accounting.json"])
    tables = {table: files[f"{table}.parquet"] for table in config.sources}
    if "events" in tables:
        import pyarrow.parquet as pq
    last = accountings.orders or accountings.others["subscriptions"]
    return Dataset(
        name=inputs.name,
        config=config,
        as_of=config.as_of or last.last_day or date.max,
        as_of_inferred=config.as_of is None,
        fingerprint=store.fingerprint,
        accounting=accountings.orders,
        accountings=accountings.others,
        tables=tables,
        events=pq.read_table(tables["events"]) if "events" in tables else None,
        store=store,
        stamps=stamps,
    )


def _fingerprint(inputs: Inputs, stamps: tuple[Stamp, ...]) -> str:
    # Not the title and not where files lie: only what shapes a number.
    settings: dict[str, Any] = inputs.config.model_dump(mode="json", by_alias=True, exclude={"title"})
    for table in TABLES:
        (settings[table] or {}).pop("source", None)
    parts = [INGEST, json.dumps(settings, sort_keys=True), *inputs.frame_digests]
    digests = {stamp.path: stamp.digest for stamp in stamps}
    parts += [f"{table}:{digests[path]}" for table, paths in inputs.files.items() for path in paths]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
