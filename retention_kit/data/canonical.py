"""Canonical orders on disk: one row per qualifying order, local day, local time and instant."""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from retention_kit.data.classify import KEPT
from retention_kit.data.distinct import distinct_values
from retention_kit.data.engine import literal, quote
from retention_kit.data.moments import shifted
from retention_kit.data.rowplan import RowPlan
from retention_kit.data.zones import wall_offsets

__all__ = ["count_customers", "one_row_an_order", "valid", "write_orders"]


def valid(rows: str) -> str:
    """Return the SQL after FROM for the valid ones among classified rows, or for settled orders."""
    return f"{rows} WHERE reason = {KEPT}" if rows.endswith("_rows") else rows


def one_row_an_order(connection: duckdb.DuckDBPyConnection, plan: RowPlan, rows: str) -> bool:
    """Return whether each valid row is an order of its own, so that nothing need be grouped.

    Rows without an order id must not be among them where others have one.
    """
    keys = _column(connection, f"SELECT {plan.order_key} FROM {valid(rows)}")
    return distinct_values(keys) == len(keys)


def count_customers(connection: duckdb.DuckDBPyConnection, orders: Path) -> int:
    """Return the number of customers among canonical orders."""
    query = f"SELECT customer_id FROM {literal(orders)}"
    kind = connection.execute(f"SELECT typeof(customer_id) FROM {literal(orders)} LIMIT 1").fetchall()[0][0]
    if kind != "BIGINT":
        return int(connection.execute(f"SELECT count(DISTINCT customer_id) FROM ({query})").fetchall()[0][0])
    return distinct_values(_column(connection, query))


def _column(connection: duckdb.DuckDBPyConnection, query: str) -> np.ndarray[Any, Any]:
    # As a relation the result comes in parallel and without a copy.
    values: np.ndarray[Any, Any] = connection.sql(query).to_arrow_table().column(0).to_numpy()
    return values


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
