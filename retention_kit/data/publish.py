"""Canonical files of a dataset, built in scratch and published whole."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from retention_kit.data.accounting import Accounting
from retention_kit.data.cache import Store
from retention_kit.data.config import Customers, DatasetConfig, Events
from retention_kit.data.conventions import date_order_of
from retention_kit.data.engine import connect, literal, quote
from retention_kit.data.ingest import ingest_orders
from retention_kit.data.parsing import identifier_of, moment_of, text_of
from retention_kit.data.reading import Relation, read_frame, read_source
from retention_kit.errors import ColumnError, DataError

__all__ = ["Inputs", "frame_digest", "publish"]


@dataclass(frozen=True)
class Inputs:
    """What a dataset is made from: its configuration, and files by table or a frame."""

    name: str
    config: DatasetConfig
    files: Mapping[str, list[Path]] = field(default_factory=dict)
    frame: pa.Table | None = None
    frame_digest: str = ""


def publish(inputs: Inputs, store: Store, *, verify: Callable[[], None]) -> dict[str, Path]:
    """Return the canonical files by name, building those that are missing or damaged.

    ``verify`` raises when the sources are no longer those of the store; nothing is published then.
    """
    names = ["orders.parquet"]
    names += ["customers.parquet"] if inputs.config.customers else []
    names += ["events.parquet"] if inputs.config.events else []

    def build_all(target: Path) -> None:
        # One reading of the source makes all files; the accounting, published last, vouches for them.
        accounting = _build(inputs, target.parent)
        verify()
        for name in names:
            store.file(name, partial(os.replace, target.parent / f"new_{name}"))
        target.write_text(json.dumps(accounting.to_dict(), indent=1), encoding="utf-8")

    def rebuild(target: Path) -> None:
        _build(inputs, target.parent)
        verify()
        os.replace(target.parent / f"new_{target.name}", target)

    files = {"accounting.json": store.file("accounting.json", build_all)}
    return files | {name: store.file(name, rebuild) for name in names}


def _build(inputs: Inputs, folder: Path) -> Accounting:
    config = inputs.config
    folders = {path.parent for paths in inputs.files.values() for path in paths}
    scratch = folder / "scratch"
    scratch.mkdir()
    with connect(folder, *folders, scratch=scratch) as connection:
        if inputs.frame is not None:
            orders = read_frame(connection, inputs.frame, name="orders")
        else:
            orders = read_source(
                connection, config.orders, inputs.files["orders"], name="orders", scratch=scratch
            )
        accounting = ingest_orders(
            connection, orders, config, as_of=config.as_of, target=folder / "new_orders.parquet"
        )
        accounting.require_loss_below(config.max_loss)
        notes = list(accounting.notes)
        if config.customers:
            target = folder / "new_customers.parquet"
            notes += _customers(connection, config.customers, inputs.files["customers"], target, scratch)
        if config.events:
            _events(
                connection, config.events, inputs.files.get("events"), folder / "new_events.parquet", scratch
            )
    return Accounting(**{**vars(accounting), "notes": tuple(notes)})


def _customers(
    connection: duckdb.DuckDBPyConnection, settings: Customers, files: list[Path], target: Path, scratch: Path
) -> list[str]:
    relation = read_source(connection, settings, files, name="customers", scratch=scratch)
    columns = settings.columns.model_dump()
    if not columns["customer_id"]:
        raise ColumnError("No column is mapped to customer_id in [customers.columns].", todo="Set it.")
    identifier = _expression(relation, columns.pop("customer_id"), "customer_id")
    attributes = [(name, _text(relation, source, name)) for name, source in columns.items()]
    select = "".join(f", {sql} AS {quote(name)}" for name, sql in attributes)
    connection.execute(
        f"CREATE TEMP TABLE known_customers AS SELECT {identifier} AS customer_id{select}, row_number()"
        f" OVER (PARTITION BY {identifier} ORDER BY _file, _row) AS copy FROM {relation.numbered}"
    )
    orders = literal(target.with_name("new_orders.parquet"))
    # The types must meet in a join, whatever each source made of its column.
    kind = connection.execute(f"SELECT typeof(customer_id) FROM {orders} LIMIT 1").fetchall()[0][0]
    connection.execute(
        f"COPY (SELECT try_cast(customer_id AS {kind}) AS customer_id, * EXCLUDE (customer_id, copy)"
        " FROM known_customers WHERE copy = 1 AND customer_id IS NOT NULL"
        f" AND try_cast(customer_id AS {kind}) IS NOT NULL ORDER BY 1) TO {literal(target)} (FORMAT parquet)"
    )
    doubled, anonymous, unknown = connection.execute(
        "SELECT count(*) FILTER (copy > 1 AND customer_id IS NOT NULL),"
        " count(*) FILTER (customer_id IS NULL),"
        f" (SELECT count(DISTINCT customer_id) FROM {orders} ANTI JOIN {literal(target)} USING (customer_id))"
        " FROM known_customers"
    ).fetchall()[0]
    notes = []
    if doubled:
        notes.append(f"rows of customers that repeat an id: {doubled:,}; the first row of each counts")
    if anonymous:
        notes.append(f"rows of customers without an id: {anonymous:,}")
    if unknown:
        notes.append(f"customers with orders who are not among the customers: {unknown:,}")
    if relation.ragged_rows:
        notes.append(f"rows of customers that are ragged and left out: {relation.ragged_rows:,}")
    return notes


def _events(
    connection: duckdb.DuckDBPyConnection,
    settings: Events,
    files: list[Path] | None,
    target: Path,
    scratch: Path,
) -> None:
    days = [mark.date for mark in settings.marks]
    labels = [mark.label for mark in settings.marks]
    if files:
        relation = read_source(connection, settings, files, name="events", scratch=scratch)
        column = relation.column(settings.columns.date, key="date")
        text, label = text_of(f"{column}::VARCHAR"), _text(relation, settings.columns.label, "label")
        order = settings.date_order or date_order_of(connection, relation.plain, f"{column}::VARCHAR")
        rows = connection.execute(
            f"SELECT {moment_of('day', date_order=order)}::DATE, label, day FROM"
            f" (SELECT *, {text} AS day, {label} AS label FROM {relation.numbered}) ORDER BY _file, _row"
        ).fetchall()
        bad = [row[2] for row in rows if row[0] is None]
        if bad:
            raise DataError(f"{len(bad)} events have no readable date: {bad[0]!r} first.", todo="Mend them.")
        days += [row[0] for row in rows]
        labels += [row[1] or "" for row in rows]
    table = pa.table({"date": pa.array(days, pa.date32()), "label": pa.array(labels, pa.string())})
    connection.register("event_marks", table.sort_by([("date", "ascending"), ("label", "ascending")]))
    connection.execute(f"COPY event_marks TO {literal(target)} (FORMAT parquet)")


def _expression(relation: Relation, column: str, key: str) -> str:
    return identifier_of(relation.column(column, key=key), relation.types[column])


def _text(relation: Relation, column: str, key: str) -> str:
    identifier = relation.column(column, key=key)
    return text_of(identifier if relation.types[column] == "VARCHAR" else f"{identifier}::VARCHAR")


def frame_digest(table: pa.Table) -> str:
    """Return the SHA-256 of a frame's columns and values."""
    digest = hashlib.sha256()

    class Sink:
        closed = False

        def write(self, data: Any) -> int:
            digest.update(data)
            return len(data)

        def flush(self) -> None: ...

        def close(self) -> None: ...

    plain = table.replace_schema_metadata(None)
    with pa.ipc.new_stream(pa.PythonFile(Sink(), mode="w"), plain.schema) as writer:
        writer.write_table(plain)
    return digest.hexdigest()
