"""Canonical files of a dataset, built in scratch and published whole."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from retention_kit.data.accounting import (
    AFTER_AS_OF,
    MATCHES_NOBODY,
    REPEATED_ID,
    Accounting,
    TableAccounting,
)
from retention_kit.data.cache import Store
from retention_kit.data.classify import RAGGED
from retention_kit.data.config import DatasetConfig
from retention_kit.data.conventions import date_order_of
from retention_kit.data.engine import connect, literal
from retention_kit.data.ingest import ingest_orders
from retention_kit.data.ingest_side import ingest_side
from retention_kit.data.parsing import moment_of, text_of
from retention_kit.data.reading import Relation, read_frame, read_source
from retention_kit.data.side_plan import Ground
from retention_kit.data.source_settings import Events
from retention_kit.errors import DataError

__all__ = ["Accountings", "Inputs", "frame_digest", "publish", "read_accountings"]

# In the order in which they are read: the first one that there is settles the customers' type of id.
SIDES = ("subscriptions", "customers", "responses", "complaints", "assignments")


@dataclass(frozen=True)
class Inputs:
    """What a dataset is made from: its configuration, and files or frames by table."""

    name: str
    config: DatasetConfig
    files: Mapping[str, list[Path]] = field(default_factory=dict)
    frames: Mapping[str, pa.Table] = field(default_factory=dict)
    frame_digests: tuple[str, ...] = ()


@dataclass(frozen=True)
class Accountings:
    """Where the rows of every table went; orders have none in a dataset without them."""

    orders: Accounting | None
    others: Mapping[str, TableAccounting]


def publish(inputs: Inputs, store: Store, *, verify: Callable[[], None]) -> dict[str, Path]:
    """Return the canonical files by name, building those that are missing or damaged.

    ``verify`` raises when the sources are no longer those of the store; nothing is published then.
    """
    names = [f"{table}.parquet" for table in inputs.config.sources]

    def build_all(target: Path) -> None:
        # One reading of the source makes all files; the accounting, published last, vouches for them.
        accountings = _build(inputs, target.parent)
        verify()
        for name in names:
            store.file(name, partial(os.replace, target.parent / f"new_{name}"))
        facts = {name: accounting.to_dict() for name, accounting in accountings.others.items()}
        if accountings.orders:
            facts["orders"] = accountings.orders.to_dict()
        target.write_text(json.dumps(facts, indent=1), encoding="utf-8")

    def rebuild(target: Path) -> None:
        _build(inputs, target.parent)
        verify()
        os.replace(target.parent / f"new_{target.name}", target)

    files = {"accounting.json": store.file("accounting.json", build_all)}
    return files | {name: store.file(name, rebuild) for name in names}


def read_accountings(path: Path) -> Accountings:
    """Return what `publish` wrote to ``accounting.json``."""
    facts = json.loads(path.read_text(encoding="utf-8"))
    orders = facts.pop("orders", None)
    others = {name: TableAccounting.from_dict(values) for name, values in facts.items()}
    return Accountings(Accounting.from_dict(orders) if orders else None, others)


def _build(inputs: Inputs, folder: Path) -> Accountings:
    config = inputs.config
    folders = {path.parent for paths in inputs.files.values() for path in paths}
    scratch = folder / "scratch"
    scratch.mkdir()
    with connect(folder, *folders, scratch=scratch) as connection:

        def relation(name: str) -> Relation:
            if name in inputs.frames:
                return read_frame(connection, inputs.frames[name], name=name)
            settings, files = config.sources[name], inputs.files[name]
            return read_source(connection, settings, files, name=name, scratch=scratch)

        orders, ground = None, Ground(config.as_of)
        if config.orders:
            target = folder / "new_orders.parquet"
            orders, currency = ingest_orders(
                connection, relation("orders"), config, as_of=config.as_of, target=target
            )
            orders.require_loss_below(config.max_loss)
            ground = Ground(config.as_of or orders.last_day, currency, _id_type(connection, target))
        others: dict[str, TableAccounting] = {}
        for name in SIDES:
            if name in config.sources:
                target = folder / f"new_{name}.parquet"
                accounting, ground = ingest_side(
                    connection, relation(name), name, config, ground, target=target
                )
                accounting.require_loss_below(config.max_loss)
                if name == "subscriptions" and not (orders or accounting.kept):
                    _refuse_empty(accounting, config)
                others[name] = replace(
                    accounting,
                    notes=(*accounting.notes, *_strangers(connection, name, folder, orders is not None)),
                )
        if config.events:
            marks = relation("events") if "events" in {*inputs.files, *inputs.frames} else None
            _events(connection, config.events, marks, folder / "new_events.parquet")
        if orders and "customers" in others:
            orders = replace(
                orders, notes=(*orders.notes, *_of_customers(connection, others["customers"], folder))
            )
    return Accountings(orders, others)


def _id_type(connection: duckdb.DuckDBPyConnection, orders: Path) -> str:
    query = f"SELECT typeof(customer_id) FROM {literal(orders)} LIMIT 1"
    return str(connection.execute(query).fetchall()[0][0])


def _refuse_empty(accounting: TableAccounting, config: DatasetConfig) -> None:
    reasons = "; ".join(map(str, accounting.dropped)) or "no row has a customer"
    if any(part.reason == AFTER_AS_OF for part in accounting.dropped):
        raise DataError(
            f"The as-of date {config.as_of} lies before the first subscription: {reasons}.",
            todo="Choose a later as_of.",
        )
    raise DataError(
        f"No subscription can be used: {reasons}.",
        todo="Check the mapping and how dates and amounts are written.",
    )


def _strangers(connection: duckdb.DuckDBPyConnection, name: str, folder: Path, has_orders: bool) -> list[str]:
    """A remark on the customers of a table whom the orders, or else the subscriptions, do not know."""
    basis, what = ("orders", "no orders") if has_orders else ("subscriptions", "no subscription")
    if name == basis:
        return []
    unknown = _unknown(connection, folder, name, basis)
    if not unknown:
        return []
    alike = _unknown_but_alike(connection, folder, name, basis)
    hint = f"; {alike:,} would but for capitals, leading zeros or a final .0 in customer_id" if alike else ""
    return [f"customers who have {what}, kept: {unknown:,}{hint}"]


def _unknown(connection: duckdb.DuckDBPyConnection, folder: Path, name: str, others: str) -> int:
    """How many customers of the table ``name`` the table ``others`` does not know."""
    here, there = (literal(folder / f"new_{table}.parquet") for table in (name, others))
    query = f"SELECT count(DISTINCT customer_id) FROM {here} ANTI JOIN {there} USING (customer_id)"
    return int(connection.execute(query).fetchall()[0][0])


def _unknown_but_alike(connection: duckdb.DuckDBPyConnection, folder: Path, name: str, others: str) -> int:
    """How many of them the table ``others`` knows under another spelling, as spreadsheets leave behind."""
    plain = "regexp_replace(regexp_replace(lower(customer_id::VARCHAR), '[.]0+$', ''), '^0+([0-9])', '\\1')"
    here, there = (literal(folder / f"new_{table}.parquet") for table in (name, others))
    query = (
        f"SELECT count(*) FROM (SELECT DISTINCT customer_id, {plain} AS spelt FROM {here}"
        f" ANTI JOIN {there} USING (customer_id)) WHERE spelt IN (SELECT {plain} FROM {there})"
    )
    return int(connection.execute(query).fetchall()[0][0])


def _of_customers(
    connection: duckdb.DuckDBPyConnection, customers: TableAccounting, folder: Path
) -> list[str]:
    """What has to be known of the customers wherever the orders are counted by their attributes."""
    dropped = {part.reason: part.rows for part in customers.dropped}
    told = {
        "rows of customers that repeat an id: {:,}; the first row of each counts": dropped.get(REPEATED_ID),
        "rows of customers without an id: {:,}": customers.anonymous,
        "rows of customers whose id is of another type than the orders': {:,}": dropped.get(MATCHES_NOBODY),
        "customers with orders who are not among the customers: {:,}": _unknown(
            connection, folder, "orders", "customers"
        ),
        "rows of customers that are ragged and left out: {:,}": dropped.get(RAGGED),
    }
    return [words.format(rows) for words, rows in told.items() if rows]


def _events(
    connection: duckdb.DuckDBPyConnection, settings: Events, relation: Relation | None, target: Path
) -> None:
    days = [mark.date for mark in settings.marks]
    labels = [mark.label for mark in settings.marks]
    if relation:
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
