"""What SQL makes of one row of a source: its canonical values, and the reason why it is left out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import duckdb

from retention_kit.data.accounting import AFTER_AS_OF, CANCELLED, DUPLICATE, OTHER_CURRENCY, REFUND
from retention_kit.data.classify import Reason, Step, classified
from retention_kit.data.config import DatasetConfig
from retention_kit.data.conventions import currency_of, date_order_of, decimal_mark_of
from retention_kit.data.currencies import code_of, currencies, only_currency, others
from retention_kit.data.engine import literal
from retention_kit.data.moments import as_dates, local, moment, out_of_time, register_offsets
from retention_kit.data.numbers import number, number_reasons
from retention_kit.data.parsing import identifier_of, is_whole, text_of
from retention_kit.data.reading import Relation
from retention_kit.data.source_settings import Orders
from retention_kit.errors import ColumnError, ParameterError

__all__ = ["MISSING_AMOUNT", "RowPlan", "row_plan", "rows_statement"]

MISSING_AMOUNT = "missing amount"

Source = Callable[[str], tuple[str, str]]  # canonical name to the source's SQL identifier and type


@dataclass
class RowPlan:
    """SQL of one row, in the order in which its parts are computed."""

    select: dict[str, str]
    texts: dict[str, str] = field(default_factory=dict)  # what the source says, as trimmed text
    reasons: list[Reason] = field(default_factory=list)
    segments: dict[str, str] = field(default_factory=dict)  # inner name, safe in any statement, to name
    instants: bool = False
    currency: str = ""  # what the amounts are in, as far as the dataset file or the rows tell
    # What stands once stands for one order: an order id, whatever its customer. Two equal hashes of
    # different orders only cost time, because then the rows are grouped.
    order_key: str = "hash(customer_id, wall::DATE)"
    notes: list[str] = field(default_factory=list)

    def has(self, name: str) -> bool:
        """Return whether the rows have the canonical column ``name``."""
        return name in self.select

    def code(self, reason: str) -> int:
        """Return the number by which the rows name a reason, or -1."""
        names = [name for name, _, _ in self.reasons]
        return names.index(reason) + 2 if reason in names else -1

    def raw(self, name: str, column: str, kind: str) -> str:
        """Return what the source says, as SQL; of text, a trimmed copy called ``name`` is kept."""
        if kind != "VARCHAR":
            return column
        self.texts[name] = text_of(column)
        return name


def row_plan(
    connection: duckdb.DuckDBPyConnection, relation: Relation, config: DatasetConfig, as_of: date | None
) -> RowPlan:
    """Return how to read the rows of ``relation`` under ``config``, up to the local day ``as_of``.

    Raises
    ------
    ColumnError, ChoiceError, ParameterError
        When a column is missing, a reading undecided, or the mapping at odds with itself.
    """
    settings = config.orders or Orders()
    mapped = settings.columns
    for key in ("customer_id", "ordered_at"):
        if not getattr(mapped, key):
            raise ColumnError(
                f"No column is mapped to {key}.",
                todo=f"Set {key} in [orders.columns]; columns found: {', '.join(relation.columns)}.",
            )

    def source(key: str) -> tuple[str, str]:
        name = getattr(mapped, key)
        return relation.column(name, key=key), relation.types[name]

    plan = RowPlan({"customer_id": identifier_of(*source("customer_id"))})
    if mapped.order_id:
        plan.select["order_id"] = identifier_of(*source("order_id"))
        whole = is_whole(source("order_id")[1])
        plan.order_key = "order_id" if whole else "hash(customer_id, order_id)"
    column, kind = as_dates(*source("ordered_at"))
    raw_date = plan.raw("_date", column, kind)
    order = settings.date_order or (
        date_order_of(connection, relation.plain, column) if kind == "VARCHAR" else "ymd"
    )
    read, instant = moment(connection, relation.plain, column, kind, text="_date", date_order=order)
    plan.select |= {"moment": read, "instant": instant}
    plan.instants = instant != "false"
    if plan.instants and config.time_zone != "UTC":
        register_offsets(connection, config.time_zone)

    if mapped.status:
        plan.texts["_status"] = text_of(f"{source('status')[0]}::VARCHAR")
        # WooCommerce writes cancelled as wc-cancelled.
        listed = (
            ", ".join(literal(word.casefold().removeprefix("wc-")) for word in settings.cancelled_statuses)
            or "NULL"
        )
        plan.reasons.append(
            (CANCELLED, f"regexp_replace(lower(_status), '^wc-', '') IN ({listed})", "_status")
        )
    if mapped.currency:
        plan.texts["_currency"] = code_of(source("currency")[0])
        plan.currency = config.currency or only_currency(
            currencies(connection, relation, currency=mapped.currency, amounts="")
        )
        plan.reasons.append((OTHER_CURRENCY, f"_currency <> {literal(plan.currency)}", "_currency"))
    plan.reasons += [
        ("missing date", f"moment IS NULL AND {raw_date} IS NULL", raw_date),
        ("unreadable date", f"moment IS NULL OR {out_of_time('moment::DATE')}", raw_date),
    ]
    _plan_money(connection, relation, config, plan, source)
    if as_of:
        plan.reasons.append((AFTER_AS_OF, f"wall >= DATE {literal(as_of)} + 1", raw_date))
    if config.duplicates == "drop":
        plan.reasons.append((DUPLICATE, "_copy", raw_date))
    if config.refunds == "drop" and plan.has("amount"):
        plan.reasons.append((REFUND, "amount < 0", "amount::VARCHAR"))
    for name, column_name in config.segment_columns.items():
        column = relation.column(column_name, key=f"orders.columns.{name}, a segment")
        inner = f"_segment{len(plan.segments)}"
        plan.select[inner] = f"nullif(trim({column}::VARCHAR), '')"
        plan.segments[inner] = name
    return plan


def _plan_money(
    connection: duckdb.DuckDBPyConnection,
    relation: Relation,
    config: DatasetConfig,
    plan: RowPlan,
    source: Source,
) -> None:
    settings = config.orders or Orders()
    mapped = settings.columns

    def read(key: str) -> tuple[str, str]:
        column, kind = source(key)
        raw = plan.raw(f"_{key}", column, kind)
        mark = settings.decimal or (
            decimal_mark_of(connection, relation.plain, column) if kind == "VARCHAR" else "."
        )
        return number(column, kind, text=raw, decimal=mark), raw

    if mapped.amount:
        amount, raw = read("amount")
        plan.select["amount"] = amount
        raws = [(raw, source("amount")[1])]
    elif mapped.quantity and mapped.unit_price:
        (quantity, raw), (price, raw_price) = read("quantity"), read("unit_price")
        factors = [f"try_cast({factor} AS DECIMAL(18, 4))" for factor in (quantity, price)]
        plan.select["amount"] = f"({' * '.join(factors)})::DECIMAL(38, 4)"
        raws = [(raw, source("quantity")[1]), (raw_price, source("unit_price")[1])]
    elif mapped.quantity or mapped.unit_price:
        raise ParameterError(
            "quantity and unit_price make an amount together, and one of them is mapped alone.",
            todo="Map the other too, or map amount.",
        )
    elif config.margin is not None or mapped.margin:
        raise ParameterError(
            "margin needs amounts, and no amount is mapped.", todo="Map amount, or leave margin out."
        )
    else:
        return
    shown = f"concat_ws(' x ', {', '.join(raw for raw, _ in raws)})"
    plan.reasons += number_reasons("amount", raws, shown=shown)
    key = "amount" if mapped.amount else "unit_price"
    if not mapped.currency:
        marks = currencies(connection, relation, currency="", amounts=getattr(mapped, key))
        plan.currency = config.currency or only_currency(marks)
        if others(marks, plan.currency):
            code = currency_of(f"_{key}")
            plan.reasons.insert(0, (OTHER_CURRENCY, f"{code} <> {literal(plan.currency)}", f"_{key}"))
    if mapped.margin:
        plan.select["margin"] = read("margin")[0]
    elif config.margin is not None:
        plan.select["margin"] = f"(amount * {literal(str(config.margin))}::DECIMAL(9, 6))"


def rows_statement(
    plan: RowPlan, source: str, config: DatasetConfig, *, name: str, table: bool, places: bool
) -> str:
    """Return the statement that makes ``name``, the classified rows of ``source``: ``reason`` 0 is valid."""
    wall, join = "moment", ""
    if plan.instants and config.time_zone != "UTC":
        wall, join = local("moment", "instant")
    steps = [
        Step(plan.texts),
        Step({column: sql for column, sql in plan.select.items() if column != "margin"}),
        Step({"wall": wall}, join),
        Step({"margin": plan.select["margin"]} if plan.has("margin") else {}),
    ]
    columns = [*plan.select, "wall"]
    return classified(
        steps, plan.reasons, source=source, name=name, columns=columns, table=table, places=places
    )
