"""From a source to canonical orders: classify every row, settle what an order is, net refunds."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from retention_kit.data.accounting import AFTER_AS_OF, CANCELLED, Accounting, Dropped
from retention_kit.data.canonical import count_customers, one_row_an_order, write_orders
from retention_kit.data.classify import (
    ANONYMOUS,
    KEPT,
    dropped_rows,
    duplicate_rows,
    numbered_copies,
    offenders,
    ragged_rows,
)
from retention_kit.data.config import DatasetConfig
from retention_kit.data.money import unused_money
from retention_kit.data.reading import Relation
from retention_kit.data.rowplan import MISSING_AMOUNT, RowPlan, row_plan, rows_statement
from retention_kit.data.settle import settle
from retention_kit.data.source_settings import Orders
from retention_kit.errors import DataError

__all__ = ["ingest_orders"]

ORPHAN = "refund without an order"


def ingest_orders(
    connection: duckdb.DuckDBPyConnection,
    relation: Relation,
    config: DatasetConfig,
    *,
    as_of: date | None,
    target: Path,
) -> tuple[Accounting, str]:
    """Write the qualifying orders of ``relation`` to the Parquet file ``target``.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Where ``relation`` lives; may write to the target's folder.
    relation : Relation
        The source's rows.
    config : DatasetConfig
        Mapping, policies and limits.
    as_of : date, optional
        Last local day counted; later rows are cut.
    target : Path
        File to write.

    Returns
    -------
    Accounting, str
        Where each row went, and the currency of the amounts, empty where nothing tells it.

    Raises
    ------
    ColumnError, ChoiceError, DataError, LossError
        When columns are missing, a reading is undecided, or too little is left.
    """
    plan = row_plan(connection, relation, config, as_of)
    # Text is parsed once into a table; typed columns are cheap enough to be read where they lie.
    typed = set(relation.types.values()) != {"VARCHAR"}
    numbered = numbered_copies(relation) if config.duplicates == "drop" else relation.numbered
    connection.execute(
        rows_statement(plan, numbered, config, name="numbered_rows", table=not typed, places=True)
    )
    plain = typed and config.duplicates == "keep"
    rows = "numbered_rows"
    if plain:
        rows = "plain_rows"
        connection.execute(rows_statement(plan, relation.plain, config, name=rows, table=False, places=False))
    counts = _counts(connection, plan, rows)
    if plan.has("order_id") and plan.code(MISSING_AMOUNT) in counts:
        rows = _fill_lines(connection, plan, view=typed)
        counts = _counts(connection, plan, rows)
    told = {code: part["rows"] for code, part in counts.items()}
    dropped = ragged_rows(relation) + dropped_rows(connection, relation, "numbered_rows", plan.reasons, told)
    columns = (config.orders or Orders()).columns
    if columns.status and plan.code(CANCELLED) in counts:
        plan.notes.append(_statuses_left_out(connection, plan))
    plan.notes += unused_money(
        relation.columns, amount=columns.amount, used=[*columns.model_dump().values(), *config.segments]
    )
    if not typed and config.duplicates == "keep":
        plan.notes += duplicate_rows(connection, relation)
    totals = counts.get(KEPT, {})
    _require_rows(counts, dropped, as_of)

    single = not totals["orderless"] and one_row_an_order(connection, plan, rows)
    if single and not totals["negative"]:
        ordered, settled = rows, None
    else:
        settled = settle(
            connection, plan.select, tuple(plan.segments), refunds=config.refunds, grouped=single
        )
        ordered = "settled_orders"
        if settled.orphan_rows:
            places = offenders(connection, relation, "orphan_rows", "TRUE")
            dropped.append(Dropped(ORPHAN, settled.orphan_rows, places))
        if not settled.orders:
            raise DataError("Every order was refunded in full.", todo="Check the signs of the amounts.")
    first, last = totals["first"].date(), totals["last"].date()
    if settled:
        first, last = settled.first.date(), settled.last.date()
    date_only = not totals["instants"] and not totals["clocks"]
    write_orders(
        connection,
        plan,
        ordered,
        zone=config.time_zone,
        date_only=date_only,
        days=(first, last),
        target=target,
    )
    money = plan.has("amount")
    gross = totals["positive_sum"] if money else None
    negative = -totals["negative_sum"] if money else None
    net = (settled.net if settled else gross) if money else None
    refunded = gross - net if gross is not None and net is not None else None
    accounting = Accounting(
        rows_read=sum(part["rows"] for part in counts.values()) + relation.ragged_rows,
        kept=settled.kept_rows if settled else totals["rows"],
        netted=settled.netted_rows if settled else 0,
        anonymous=counts.get(ANONYMOUS, {"rows": 0})["rows"],
        dropped=tuple(dropped),
        orders=settled.orders if settled else totals["rows"],
        customers=count_customers(connection, target),
        fully_refunded=settled.fully_refunded if settled else 0,
        gross=gross,
        refunded=refunded,
        net=net,
        unmatched=negative - refunded if negative is not None and refunded is not None else None,
        first_day=first,
        last_day=last,
        notes=tuple(plan.notes),
    )
    return accounting, plan.currency


def _counts(connection: duckdb.DuckDBPyConnection, plan: RowPlan, rows: str) -> dict[int, dict[str, Any]]:
    money = "0, 0, 0"
    if plan.has("amount"):
        money = (
            "count(*) FILTER (amount < 0), coalesce(sum(amount) FILTER (amount >= 0), 0),"
            " coalesce(sum(amount) FILTER (amount < 0), 0)"
        )
    orderless = "count(*) FILTER (order_id IS NULL)" if plan.has("order_id") else "0"
    names = (
        "rows",
        "first",
        "last",
        "clocks",
        "instants",
        "orderless",
        "negative",
        "positive_sum",
        "negative_sum",
    )
    found = connection.execute(
        "SELECT reason, count(*), min(wall), max(wall), count(*) FILTER (wall <> wall::DATE),"
        f" count(*) FILTER (instant), {orderless}, {money} FROM {rows} GROUP BY reason"
    ).fetchall()
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in found}


def _fill_lines(connection: duckdb.DuckDBPyConnection, plan: RowPlan, *, view: bool) -> str:
    # Shop exports give an order's total on its first line and leave it blank on the others.
    if view:
        connection.execute("CREATE TEMP TABLE filled_rows AS FROM numbered_rows")
        connection.execute("DROP VIEW numbered_rows")
        connection.execute("ALTER TABLE filled_rows RENAME TO numbered_rows")
    margin = ", margin = coalesce(margin, 0)" if plan.has("margin") else ""
    filled = connection.execute(
        f"UPDATE numbered_rows SET reason = {KEPT}, amount = 0{margin}"
        f" WHERE reason = {plan.code(MISSING_AMOUNT)} AND (customer_id, order_id) IN"
        f" (SELECT (customer_id, order_id) FROM numbered_rows WHERE reason = {KEPT} AND order_id IS NOT NULL)"
    ).fetchall()[0][0]
    if filled:
        plan.notes.append(
            f"order lines without an amount of their own: {filled:,}; another line has their order's"
        )
    return "numbered_rows"


def _statuses_left_out(connection: duckdb.DuckDBPyConnection, plan: RowPlan) -> str:
    found = connection.execute(
        f"SELECT shown, count(*) FROM numbered_rows WHERE reason = {plan.code(CANCELLED)}"
        " GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    return "rows left out for their status: " + ", ".join(f"{status!r} {rows:,}" for status, rows in found)


def _require_rows(
    counts: Mapping[int, Mapping[str, Any]], dropped: list[Dropped], as_of: date | None
) -> None:
    if KEPT in counts:
        return
    reasons = "; ".join(map(str, dropped))
    cut = next((part.rows for part in dropped if part.reason == AFTER_AS_OF), 0)
    if cut:
        raise DataError(
            f"The as-of date {as_of} lies before the first order: {reasons}.", todo="Choose a later as_of."
        )
    anonymous = counts.get(ANONYMOUS, {"rows": 0})["rows"]
    if anonymous and not dropped:
        raise DataError(
            f"All {anonymous:,} rows lack a customer.", todo="Check which column customer_id is mapped to."
        )
    raise DataError(
        f"No row can be used: {reasons}{f'; {anonymous:,} without a customer' if anonymous else ''}.",
        todo="Check the mapping and how dates and amounts are written.",
    )
