"""Canonical orders on disk: one row per qualifying order, local day, local time and instant."""

from datetime import date
from pathlib import Path

import duckdb
import numpy as np

from retention_kit.data.distinct import distinct_values
from retention_kit.data.engine import literal, quote
from retention_kit.data.rowplan import KEPT, RowPlan, shifted
from retention_kit.data.zones import wall_offsets

__all__ = ["count_customers", "one_row_an_order", "valid", "write_orders"]


def valid(rows: str) -> str:
    """Return the SQL after FROM for the valid ones among classified rows, or for settled orders."""
    return f"{rows} WHERE reason = {KEPT}" if rows.endswith("_rows") else rows


def one_row_an_order(connection: duckdb.DuckDBPyConnection, plan: RowPlan, rows: str) -> bool:
    """Return whether each valid row is an order of its own, so that nothing need be grouped."""
    key = "hash(customer_id, wall::DATE)"
    if plan.has("order_id"):
        missing = connection.execute(f"SELECT count(*) FROM {valid(rows)} AND order_id IS NULL").fetchall()[
            0
        ][0]
        if missing:
            return False
        # An order id that stands once is one order, whatever its customer; two equal hashes of
        # different ids only cost time, because then the rows are grouped.
        kind = connection.execute(f"SELECT typeof(order_id) FROM {rows} LIMIT 1").fetchall()[0][0]
        key = "order_id" if kind == "BIGINT" else "hash(customer_id, order_id)"
    keys = connection.execute(f"SELECT {key} AS key FROM {valid(rows)}").fetchnumpy()["key"]
    return distinct_values(np.asarray(keys)) == len(keys)


def count_customers(connection: duckdb.DuckDBPyConnection, ordered: str) -> int:
    """Return the number of customers among rows or settled orders."""
    query = f"SELECT customer_id FROM {valid(ordered)}"
    kind = connection.execute(f"SELECT typeof(customer_id) FROM ({query}) LIMIT 1").fetchall()[0][0]
    if kind != "BIGINT":
        return int(connection.execute(f"SELECT count(DISTINCT customer_id) FROM ({query})").fetchall()[0][0])
    return distinct_values(np.asarray(connection.execute(query).fetchnumpy()["customer_id"]))


def write_orders(
    connection: duckdb.DuckDBPyConnection,
    plan: RowPlan,
    ordered: str,
    *,
    zone: str,
    date_only: bool,
    days: tuple[date, date],
    target: Path,
) -> None:
    """Write the valid rows, or the settled orders, to the Parquet file ``target``.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Where they lie.
    plan : RowPlan
        Which columns there are.
    zone : str
        Time zone of local times.
    ordered : str
        ``settled_orders``, or the name of classified rows that are an order each.
    date_only : bool
        Whether no time of day is known; then an order's instant is its day, so that days elapse whole.
    days : tuple of date
        First and last local day.
    target : Path
        File to write.
    """
    utc, join = "moment", ""
    settled = ordered == "settled_orders"
    if not date_only and zone != "UTC":
        utc = shifted("wall", -1)
        if plan.instants:
            utc = f"CASE WHEN instant THEN moment ELSE {utc} END"
        join = "LEFT JOIN wall_offsets AS zone ON zone.day = wall::DATE"
        connection.register("wall_offsets_source", wall_offsets(zone, first_day=days[0], last_day=days[1]))
        connection.execute("CREATE TEMP TABLE wall_offsets AS FROM wall_offsets_source")
    columns = ["customer_id", *(["order_id"] if plan.has("order_id") else [])]
    money = [f"{name}::DECIMAL(18, 4) AS {name}" for name in ("amount", "margin") if plan.has(name)]
    select = ", ".join(
        [
            *columns,
            "wall::DATE AS ordered_day",
            "wall AS ordered_at",
            f"{utc} AS ordered_at_utc",
            *money,
            *(f"{inner} AS {quote(name)}" for inner, name in plan.segments.items()),
        ]
    )
    order = (
        " ORDER BY customer_id, ordered_at" + (", order_id" if plan.has("order_id") else "")
        if settled
        else ""
    )
    where = "" if settled else f" WHERE reason = {KEPT}"
    connection.execute(
        f"COPY (SELECT {select} FROM {ordered} {join}{where}{order}) TO {literal(target)}"
        " (FORMAT parquet, COMPRESSION lz4, PARQUET_VERSION v2)"
    )
