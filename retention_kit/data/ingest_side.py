"""From a source to a canonical table beside the orders: classify every row, keep the good, count the rest."""

from datetime import date
from pathlib import Path

import duckdb

from retention_kit.data.accounting import TableAccounting
from retention_kit.data.classify import (
    ANONYMOUS,
    KEPT,
    Reason,
    classified,
    dropped_rows,
    duplicate_rows,
    numbered_copies,
    ragged_rows,
)
from retention_kit.data.config import DatasetConfig
from retention_kit.data.engine import literal, quote
from retention_kit.data.reading import Relation
from retention_kit.data.side_plan import Ground, SidePlan, side_plan
from retention_kit.data.side_tables import Column, SideTable, side_table

__all__ = ["ingest_side"]

SQL_TYPES = {
    "day": "DATE",
    "text": "VARCHAR",
    "number": "DOUBLE",
    "money": "DECIMAL(18, 4)",
    "boolean": "BOOLEAN",
}


def ingest_side(
    connection: duckdb.DuckDBPyConnection,
    relation: Relation,
    name: str,
    config: DatasetConfig,
    ground: Ground,
    *,
    target: Path,
) -> tuple[TableAccounting, Ground]:
    """Write the good rows of ``relation`` to the Parquet file ``target`` as the table ``name``.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Where ``relation`` lies; may write to the target's folder.
    relation : Relation
        The source's rows.
    name : str
        Which table it is.
    config : DatasetConfig
        Mapping, policies and limits.
    ground : Ground
        What the tables before it settle.
    target : Path
        File to write.

    Returns
    -------
    TableAccounting, Ground
        Where each row went, and what the tables read so far settle.

    Raises
    ------
    ColumnError, ChoiceError
        When columns are missing, or a reading is undecided.
    """
    table = side_table(name, config)
    plan = side_plan(connection, relation, table, config, ground)
    dropping = config.duplicates == "drop" and not table.repeats
    rows, inner = f"{name}_rows", [column.inner for column in table.columns]
    connection.execute(
        classified(
            plan.steps,
            plan.reasons,
            source=numbered_copies(relation) if dropping else relation.numbered,
            name=rows,
            columns=["customer_id", *inner, *(f"bad_{column.inner}" for column in plan.lenient)],
            table=True,
            places=True,
            anonymous="raw_customer_id IS NULL",
        )
    )
    repeats = _leave_out_repeats(connection, table, rows, first_code=len(plan.reasons) + 2)
    counts = dict(connection.execute(f"SELECT reason, count(*) FROM {rows} GROUP BY reason").fetchall())
    happens = f"min({table.happens.inner}), max({table.happens.inner})" if table.happens else "NULL, NULL"
    customers, first, last = connection.execute(
        f"SELECT count(DISTINCT customer_id), {happens} FROM {rows} WHERE reason = {KEPT}"
    ).fetchall()[0]
    settled = Ground(
        as_of=ground.as_of or last,
        currency=plan.currency,
        id_type=ground.id_type or _type(connection, f"SELECT customer_id FROM {rows}"),
    )
    notes = [] if dropping or table.repeats else duplicate_rows(connection, relation)
    notes += _remarks(connection, table, plan, rows, settled.as_of)
    _write(connection, table, rows, settled.as_of, target)
    dropped = dropped_rows(connection, relation, rows, [*plan.reasons, *repeats], counts)
    connection.execute(f"DROP TABLE {rows}")
    accounting = TableAccounting(
        table=name,
        rows_read=sum(counts.values()) + relation.ragged_rows,
        kept=counts.get(KEPT, 0),
        anonymous=counts.get(ANONYMOUS, 0),
        dropped=tuple(ragged_rows(relation) + dropped),
        customers=customers,
        first_day=first,
        last_day=last,
        notes=tuple(notes),
    )
    return accounting, settled


def _leave_out_repeats(
    connection: duckdb.DuckDBPyConnection, table: SideTable, rows: str, *, first_code: int
) -> list[Reason]:
    """Take rows for which another row of their customer stands from the kept ones."""
    for code, (_, condition) in enumerate(table.repeats, start=first_code):
        told = f"FROM (SELECT _file, _row, {condition} AS again FROM {_windowed(table, rows)}) WHERE again"
        connection.execute(
            f"UPDATE {rows} SET reason = {code}, shown = customer_id::VARCHAR"
            f" FROM ({told}) AS b WHERE b._file = {rows}._file AND b._row = {rows}._row"
        )
    return [(reason, condition, "customer_id") for reason, condition in table.repeats]


def _windowed(table: SideTable, rows: str) -> str:
    order = f"{table.happens.inner}, _file, _row" if table.happens else "_file, _row"
    return (
        f"{rows} WHERE reason = {KEPT} WINDOW a AS (PARTITION BY customer_id),"
        f" c AS (PARTITION BY customer_id ORDER BY {order})"
    )


def _remarks(
    connection: duckdb.DuckDBPyConnection, table: SideTable, plan: SidePlan, rows: str, as_of: date | None
) -> list[str]:
    """What is odd about the rows kept, and what was made of it."""
    kept = f"FROM {rows} WHERE reason = {KEPT}"
    told = {
        words: f"SELECT count(*) FROM (SELECT {condition} AS holds FROM {_windowed(table, rows)}) WHERE holds"
        for words, condition in table.remarks
    }
    for column in plan.lenient:
        fault = "unreadable, negative or of another currency" if column.kind == "money" else "unreadable"
        words = f"{column.key} that is {fault}, left empty"
        told[words] = f"SELECT count(*) {kept} AND bad_{column.inner}"
    for column in _later_days(table):
        words = f"{column.key} after the as-of date, which is yet to come and left empty"
        told[words] = f"SELECT count(*) {kept} AND {column.inner} > DATE '{as_of or date.max}'"
    found = {words: connection.execute(query).fetchall()[0][0] for words, query in told.items()}
    return [f"{words}: {count:,}" for words, count in found.items() if count]


def _later_days(table: SideTable) -> list[Column]:
    return [column for column in table.columns if column.kind == "day" and column is not table.happens]


def _write(
    connection: duckdb.DuckDBPyConnection, table: SideTable, rows: str, as_of: date | None, target: Path
) -> None:
    later = _later_days(table)
    select = ["customer_id"]
    for column in table.columns:
        if not column.helper:
            value = column.inner
            if column in later:
                value = f"CASE WHEN {value} <= DATE '{as_of or date.max}' THEN {value} END"
            select.append(f"CAST({value} AS {SQL_TYPES[column.kind]}) AS {quote(column.name)}")
    order = ", ".join(["customer_id", *([table.happens.inner] if table.happens else []), "_file", "_row"])
    connection.execute(
        f"COPY (SELECT {', '.join(select)} FROM {rows} WHERE reason = {KEPT} ORDER BY {order})"
        f" TO {literal(target)} (FORMAT parquet, COMPRESSION lz4, PARQUET_VERSION v2)"
    )


def _type(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    return str(connection.execute(f"DESCRIBE {query}").fetchall()[0][1])
