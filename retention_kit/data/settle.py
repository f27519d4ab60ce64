"""Rows into orders: group the rows of an order, and set refunds against what was bought.

Refunds first reduce the order they belong to. What is left of them, under the policy
``latest_order``, reduces the customer's earlier orders, the newest first. An order that is refunded
in full does not qualify. Refunds beyond everything bought are counted, never lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import duckdb

from retention_kit.data.config import Refunds

__all__ = ["Settled", "settle"]


@dataclass(frozen=True)
class Settled:
    """What became of the valid rows."""

    orders: int
    fully_refunded: int
    kept_rows: int
    netted_rows: int
    orphan_rows: int
    net: Decimal
    first: datetime
    last: datetime


def settle(
    connection: duckdb.DuckDBPyConnection,
    columns: Mapping[str, str],
    segments: tuple[str, ...],
    *,
    refunds: Refunds,
    grouped: bool,
) -> Settled:
    """Make views of ``numbered_rows``: ``settled_orders``, and ``orphan_rows``, the first of them.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Where the view lives.
    columns : mapping
        Canonical columns that the rows have.
    segments : tuple of str
        Segment columns by their inner names; an order has its first row's.
    refunds : {"latest_order", "same_order", "drop"}
        What a refund may reduce.
    grouped : bool
        Whether each row is an order of its own already.
    """
    amount, margin, order_id = ("amount" in columns, "margin" in columns, "order_id" in columns)
    value = "amount" if amount else "0"
    key = "order_id, CASE WHEN order_id IS NULL THEN wall::DATE END" if order_id else "wall::DATE"
    connection.execute(
        "CREATE TEMP TABLE grouped_orders AS SELECT customer_id,"
        f"{' order_id,' if order_id else ''} {(_single if grouped else _merged)(value, margin, segments)}"
        " FROM (SELECT *, _file::BIGINT * 1099511627776 + _row AS place FROM numbered_rows WHERE reason = 0)"
        f"{'' if grouped else f' GROUP BY customer_id, {key}'}"
    )
    connection.execute(_cascade() if refunds == "latest_order" and amount else _own_order())
    scaled = "(margin * CASE WHEN value = rest THEN 1 ELSE rest / value END)::DECIMAL(38, 4)"
    connection.execute(
        "CREATE TEMP VIEW settled_orders AS SELECT * EXCLUDE (value, rest, met"
        f"{', margin' if margin else ''}), rest AS amount{f', {scaled} AS margin' if margin else ''}"
        " FROM matched_orders WHERE bought_rows > 0 AND (rest > 0 OR (value = 0 AND refund_rows = 0))"
    )
    same_order = "lines.order_id IS NOT DISTINCT FROM orders.order_id" if order_id else "true"
    same_day = "lines.wall::DATE = orders.wall::DATE"
    if order_id:
        same_day = f"(lines.order_id IS NOT NULL OR {same_day})"
    connection.execute(
        "CREATE TEMP VIEW orphan_rows AS SELECT lines._file, lines._row, amount::VARCHAR AS shown"
        # The first five rows stand in the five groups that begin first.
        " FROM numbered_rows AS lines JOIN (FROM matched_orders WHERE bought_rows = 0 AND met = 0"
        " ORDER BY place LIMIT 5) AS orders"
        f" ON lines.customer_id = orders.customer_id AND {same_order} AND {same_day}"
        " WHERE lines.reason = 0"
        if amount
        else "CREATE TEMP VIEW orphan_rows AS SELECT 0 AS _file, 0 AS _row, '' AS shown WHERE false"
    )
    found = connection.execute(
        "SELECT count(*), coalesce(sum(bought_rows), 0), coalesce(sum(refund_rows), 0),"
        " coalesce(sum(amount), 0), min(wall), max(wall) FROM settled_orders"
    ).fetchall()[0]
    rows, orphans, bought_orders = connection.execute(
        "SELECT sum(bought_rows + refund_rows),"
        " coalesce(sum(refund_rows) FILTER (bought_rows = 0 AND met = 0), 0),"
        " count(*) FILTER (bought_rows > 0) FROM matched_orders"
    ).fetchall()[0]
    return Settled(
        orders=found[0],
        fully_refunded=bought_orders - found[0],
        kept_rows=int(found[1]),
        netted_rows=int(rows - found[1] - orphans),
        orphan_rows=int(orphans),
        net=Decimal(found[3]),
        first=found[4],
        last=found[5],
    )


def _single(value: str, margin: bool, segments: tuple[str, ...]) -> str:
    columns = ["wall", "moment", "instant", "place", *(["margin"] if margin else []), *segments]
    return (
        f"{', '.join(columns)}, ({value} >= 0)::BIGINT AS bought_rows,"
        f" ({value} < 0)::BIGINT AS refund_rows, {value}::DECIMAL(38, 4) AS value"
    )


def _merged(value: str, margin: bool, segments: tuple[str, ...]) -> str:
    bought = f"{value} >= 0"
    # An order's own moment is that of what was bought, not of a refund booked before it.
    moments = ", ".join(
        f"coalesce(min({name}) FILTER ({bought}), min({name})) AS {name}" for name in ("wall", "moment")
    )
    firsts = "".join(f", arg_min_null({name}, place) AS {name}" for name in segments)
    return (
        f"{moments}, arg_min(instant, moment) AS instant, min(place) AS place,"
        f" count(*) FILTER ({bought}) AS bought_rows, count(*) FILTER ({value} < 0) AS refund_rows,"
        f" sum({value})::DECIMAL(38, 4) AS value"
        f"{', sum(margin)::DECIMAL(38, 4) AS margin' if margin else ''}{firsts}"
    )


def _own_order() -> str:
    return (
        "CREATE TEMP TABLE matched_orders AS"
        " SELECT *, greatest(value, 0)::DECIMAL(38, 4) AS rest, 0::DECIMAL(38, 4) AS met FROM grouped_orders"
    )


def _cascade() -> str:
    # A customer's orders are a pile: what is bought comes on top, a refund takes from the top. The
    # height of the pile after each event is the running sum, lifted wherever it would fall below
    # the floor; what is left of an order is what no later dip of the height has cut away.
    window = (
        "PARTITION BY customer_id ORDER BY wall, value < 0, place"
        " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
    )
    later = (
        "PARTITION BY customer_id ORDER BY wall, value < 0, place"
        " ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING"
    )
    return f"""
        CREATE TEMP TABLE matched_orders AS
        WITH refunders AS (SELECT DISTINCT customer_id FROM grouped_orders WHERE value < 0),
        sums AS (
            SELECT *, sum(value) OVER ({window}) AS running
            FROM grouped_orders SEMI JOIN refunders USING (customer_id)
        ),
        heights AS (SELECT *, running - least(0, min(running) OVER ({window})) AS height FROM sums),
        cuts AS (
            SELECT *, min(height) OVER ({later}) AS lowest,
                lag(height, 1, 0) OVER (PARTITION BY customer_id ORDER BY wall, value < 0, place) AS before
            FROM heights
        )
        SELECT * EXCLUDE (running, height, lowest, before),
            (CASE WHEN value < 0 THEN 0 ELSE greatest(lowest - before, 0) END)::DECIMAL(38, 4) AS rest,
            (CASE WHEN value < 0 THEN before - height ELSE 0 END)::DECIMAL(38, 4) AS met
        FROM cuts
        UNION ALL BY NAME
        SELECT *, value AS rest, 0::DECIMAL(38, 4) AS met
        FROM grouped_orders ANTI JOIN refunders USING (customer_id)
    """
