"""What SQL makes of one row of a source: its canonical values, and the reason why it is left out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import duckdb

from retention_kit.data.accounting import AFTER_AS_OF, CANCELLED, DUPLICATE, OTHER_CURRENCY, REFUND
from retention_kit.data.config import DatasetConfig
from retention_kit.data.conventions import currency_marks, currency_of, date_order_of, decimal_mark_of
from retention_kit.data.engine import literal
from retention_kit.data.parsing import amount_of, identifier_of, is_instant, is_whole, moment_of, text_of
from retention_kit.data.reading import Relation
from retention_kit.data.zones import instant_offsets
from retention_kit.errors import ChoiceError, ColumnError, ParameterError

__all__ = ["ANONYMOUS", "KEPT", "MISSING_AMOUNT", "RowPlan", "row_plan", "rows_statement", "shifted"]

ABSURD = 10**12  # an amount this large is a mistake in every currency
FIRST_DAY, LAST_DAY = date(1950, 1, 1), date(2100, 12, 31)  # others are slips or placeholders
KEPT, ANONYMOUS = 0, 1  # further reasons are numbered by their place in the plan
MISSING_AMOUNT = "missing amount"

Source = Callable[[str], tuple[str, str]]  # canonical name to the source's SQL identifier and type


@dataclass
class RowPlan:
    """SQL of one row, in the order in which its parts are computed."""

    select: dict[str, str]
    texts: dict[str, str] = field(default_factory=dict)  # what the source says, as trimmed text
    reasons: list[tuple[str, str, str]] = field(default_factory=list)  # reason, condition, value shown
    segments: dict[str, str] = field(default_factory=dict)  # inner name, safe in any statement, to name
    instants: bool = False
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
    mapped = config.orders.columns
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
    column, kind = source("ordered_at")
    if not kind.startswith(("TIMESTAMP", "DATE")):
        column, kind = f"{column}::VARCHAR", "VARCHAR"
    raw_date = plan.raw("_date", column, kind)
    moment, instant = _moment(connection, relation, config, column, kind)
    plan.select |= {"moment": moment, "instant": instant}
    plan.instants = instant != "false"
    if plan.instants and config.time_zone != "UTC":
        connection.register(
            "instant_offsets_source",
            instant_offsets(config.time_zone, first_day=FIRST_DAY, last_day=LAST_DAY),
        )
        connection.execute("CREATE TEMP TABLE instant_offsets AS FROM instant_offsets_source")

    if mapped.status:
        plan.texts["_status"] = text_of(f"{source('status')[0]}::VARCHAR")
        # WooCommerce writes cancelled as wc-cancelled.
        listed = (
            ", ".join(
                literal(word.casefold().removeprefix("wc-")) for word in config.orders.cancelled_statuses
            )
            or "NULL"
        )
        plan.reasons.append(
            (CANCELLED, f"regexp_replace(lower(_status), '^wc-', '') IN ({listed})", "_status")
        )
    if mapped.currency:
        plan.texts["_currency"] = f"upper({text_of(source('currency')[0] + '::VARCHAR')})"
        currency = config.currency or _only_currency(connection, relation, plan.texts["_currency"])
        plan.reasons.append((OTHER_CURRENCY, f"_currency <> {literal(currency)}", "_currency"))
    outside = f"moment::DATE NOT BETWEEN DATE {literal(FIRST_DAY)} AND DATE {literal(LAST_DAY)}"
    plan.reasons += [
        ("missing date", f"moment IS NULL AND {raw_date} IS NULL", raw_date),
        ("unreadable date", f"moment IS NULL OR {outside}", raw_date),
    ]
    _plan_money(connection, relation, config, plan, source)
    if as_of:
        plan.reasons.append((AFTER_AS_OF, f"wall >= DATE {literal(as_of)} + 1", raw_date))
    if config.duplicates == "drop":
        plan.reasons.append((DUPLICATE, "_copy", raw_date))
    if config.refunds == "drop" and plan.has("amount"):
        plan.reasons.append((REFUND, "amount < 0", "amount::VARCHAR"))
    for name, column_name in config.segment_columns.items():
        column = relation.column(column_name, key=name)
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
    mapped = config.orders.columns

    def number(key: str) -> tuple[str, str]:
        column, kind = source(key)
        raw = plan.raw(f"_{key}", column, kind)
        if kind != "VARCHAR":
            # NaN, infinity and what does not fit come out as nothing, and are told apart below.
            return f"try_cast({column} AS DECIMAL(18, 4))", raw
        mark = config.orders.decimal or decimal_mark_of(connection, relation.plain, column)
        return amount_of(raw, decimal=mark), raw

    if mapped.amount:
        amount, raw = number("amount")
        plan.select["amount"] = amount
        raws = [(raw, source("amount")[1])]
    elif mapped.quantity and mapped.unit_price:
        (quantity, raw), (price, raw_price) = number("quantity"), number("unit_price")
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
    plan.reasons += [
        (MISSING_AMOUNT, f"amount IS NULL AND ({_missing(raws)})", shown),
        (
            "infinite or absurd amount",
            f"abs(amount) >= {ABSURD} OR amount IS NULL AND ({_huge(raws)})",
            shown,
        ),
        ("unreadable amount", "amount IS NULL", shown),
    ]
    key = "amount" if mapped.amount else "unit_price"
    column, kind = source(key)
    if kind == "VARCHAR" and not mapped.currency:
        marks = currency_marks(connection, relation.plain, column)
        currency = config.currency or _only_code(marks)
        # A dollar sign may be any country's dollar.
        if [mark for mark in marks if mark not in (currency, "USD" if currency.endswith("D") else currency)]:
            code = currency_of(f"_{key}")
            plan.reasons.insert(0, (OTHER_CURRENCY, f"{code} <> {literal(currency)}", f"_{key}"))
    if mapped.margin:
        plan.select["margin"] = number("margin")[0]
    elif config.margin is not None:
        plan.select["margin"] = f"(amount * {literal(str(config.margin))}::DECIMAL(9, 6))"


def _missing(raws: list[tuple[str, str]]) -> str:
    return " OR ".join(
        f"{raw} IS NULL OR isnan({raw})" if kind in ("DOUBLE", "FLOAT") else f"{raw} IS NULL"
        for raw, kind in raws
    )


def _huge(raws: list[tuple[str, str]]) -> str:
    # A typed number that is there and yet fits no amount is infinite, or far too large.
    return " OR ".join(
        f"regexp_full_match(lower({raw}), '[+-]?inf(inity)?|[+-]?[0-9., e+]{{13,}}')"
        if kind == "VARCHAR"
        else f"{raw} IS NOT NULL"
        for raw, kind in raws
    )


def _moment(
    connection: duckdb.DuckDBPyConnection, relation: Relation, config: DatasetConfig, column: str, kind: str
) -> tuple[str, str]:
    if kind == "TIMESTAMP WITH TIME ZONE" or kind.startswith("TIMESTAMPTZ"):
        return f"{column}::TIMESTAMPTZ::TIMESTAMP", "true"
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return f"try_cast({column} AS TIMESTAMP)", "false"
    order = config.orders.date_order or date_order_of(connection, relation.plain, column)
    found = connection.execute(
        f"SELECT coalesce(bool_or({is_instant(column)}), false) FROM {relation.plain}"
    ).fetchall()
    instant = f"coalesce({is_instant('_date')}, false)" if found[0][0] else "false"
    return moment_of("_date", date_order=order), instant


def _only_currency(connection: duckdb.DuckDBPyConnection, relation: Relation, code: str) -> str:
    found = connection.execute(
        f"SELECT {code} AS code FROM {relation.plain} WHERE code IS NOT NULL"
        " GROUP BY 1 ORDER BY count(*) DESC, 1"
    ).fetchall()
    return _only_code([str(row[0]) for row in found])


def _only_code(codes: list[str]) -> str:
    if len(codes) > 1:
        raise ChoiceError(
            f"The orders are in {len(codes)} currencies, which cannot be added up.",
            key="currency",
            choices=codes[:10],
        )
    return codes[0] if codes else ""


def rows_statement(
    plan: RowPlan, source: str, config: DatasetConfig, *, name: str, table: bool, places: bool
) -> str:
    """Return the statement that makes ``name``, the classified rows of ``source``: ``reason`` 0 is valid."""
    # Each step names what the next one needs, so that no expression is written, or computed, twice:
    # the engine takes seconds to plan nested copies of the date expression.
    texts = "".join(f", {sql} AS {column}" for column, sql in plan.texts.items())
    select = ", ".join(f"{sql} AS {column}" for column, sql in plan.select.items() if column != "margin")
    margin = f", {plan.select['margin']} AS margin" if plan.has("margin") else ""
    wall, join = "moment", ""
    if plan.instants and config.time_zone != "UTC":
        wall = f"CASE WHEN instant THEN {shifted('moment', +1)} ELSE moment END"
        join = "LEFT JOIN instant_offsets AS zone ON zone.day = moment::DATE"
    reason = "".join(
        f" WHEN {condition} THEN {code}" for code, (_, condition, _) in enumerate(plan.reasons, start=2)
    )
    columns = [*plan.select, "wall", "reason"]
    if places:
        shown = "".join(
            f" WHEN {code} THEN ({raw})::VARCHAR" for code, (_, _, raw) in enumerate(plan.reasons, start=2)
        )
        columns += ["_file", "_row", f"CASE reason{shown} END AS shown"]
    kind = "TABLE" if table else "VIEW"
    return (
        f"CREATE TEMP {kind} {name} AS SELECT {', '.join(columns)} FROM (SELECT *{margin},"
        f" (CASE WHEN customer_id IS NULL THEN {ANONYMOUS}{reason} ELSE {KEPT} END)::TINYINT AS reason"
        f" FROM (SELECT *, {wall} AS wall FROM"
        f" (SELECT *, {select} FROM (SELECT *{texts} FROM {source})) {join}))"
    )


def shifted(moment: str, sign: int) -> str:
    """Return ``moment`` with the offset of the joined table ``zone`` added (+1) or taken away (-1)."""
    offset = (
        f"CASE WHEN zone.switch IS NULL OR {moment} < zone.switch THEN zone.before_us ELSE zone.after_us END"
    )
    return f"make_timestamp(epoch_us({moment}) {'+' if sign > 0 else '-'} coalesce({offset}, 0))"
