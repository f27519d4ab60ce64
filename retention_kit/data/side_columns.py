"""Columns of a table beside the orders as SQL: what the source says, and what that stands for."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from retention_kit.data.classify import Step
from retention_kit.data.config import DatasetConfig
from retention_kit.data.conventions import date_order_of, decimal_mark_of, together
from retention_kit.data.moments import as_dates, local, moment, out_of_time, register_offsets
from retention_kit.data.numbers import ABSURD, missing, months, number
from retention_kit.data.parsing import truth_of
from retention_kit.data.reading import Relation
from retention_kit.data.side_tables import Column, SideTable
from retention_kit.data.source_settings import DateOrder, Source

__all__ = ["Said", "day_steps", "final_value", "number_values", "plain_value", "said_by", "unreadable"]


@dataclass(frozen=True)
class Said:
    """A column as the source has it: SQL identifier, type, and SQL of what it says."""

    identifier: str
    kind: str
    raw: str

    @property
    def is_text(self) -> bool:
        """Whether it is text, and has a trimmed copy."""
        return self.kind == "VARCHAR"


def said_by(relation: Relation, table: SideTable, column: Column, name: str) -> Said:
    """Return the source's column ``name``, which ``column`` is mapped to."""
    identifier = relation.column(name, key=f"{table.name}.{column.key}")
    kind = relation.types[name]
    if column.kind == "day":
        identifier, kind = as_dates(identifier, kind)
    elif column.kind == "text" or (column.kind == "boolean" and kind != "BOOLEAN"):
        identifier, kind = f"{identifier}::VARCHAR", "VARCHAR"
    return Said(identifier, kind, f"raw_{column.inner}" if kind == "VARCHAR" else identifier)


def day_steps(
    connection: duckdb.DuckDBPyConnection,
    relation: Relation,
    config: DatasetConfig,
    settings: Source,
    table: SideTable,
    said: Mapping[str, Said],
) -> tuple[dict[str, str], list[Step]]:
    """Return the moments of the columns of days, and the steps that make local days of them."""
    days = [column.inner for column in table.columns if column.kind == "day" and column.inner in said]
    texts = [said[day].identifier for day in days if said[day].is_text]
    order: DateOrder = "ymd"
    if texts:
        order = settings.date_order or date_order_of(connection, *together(relation.plain, texts))
    moments: dict[str, str] = {}
    steps = []
    for day in days:
        one = said[day]
        read, instant = moment(
            connection, relation.plain, one.identifier, one.kind, text=one.raw, date_order=order
        )
        moments |= {f"moment_{day}": read, f"instant_{day}": instant}
        wall, join = f"moment_{day}", ""
        if instant != "false" and config.time_zone != "UTC":
            register_offsets(connection, config.time_zone)
            wall, join = local(f"moment_{day}", f"instant_{day}")
        steps.append(Step({f"read_{day}": f"CAST({wall} AS DATE)"}, join))
    return moments, steps


def number_values(
    connection: duckdb.DuckDBPyConnection,
    relation: Relation,
    settings: Source,
    table: SideTable,
    said: Mapping[str, Said],
) -> dict[str, str]:
    """Return the values of the columns of numbers."""
    named = [c.inner for c in table.columns if c.kind in ("number", "money") and c.inner in said]
    texts = [said[name].identifier for name in named if said[name].is_text]
    mark: str = settings.decimal or "."
    if texts and not settings.decimal:
        mark = decimal_mark_of(connection, *together(relation.plain, texts))
    return {
        f"read_{name}": months(one.raw, decimal=mark)
        if one.is_text and name == "billing_months"
        else number(one.identifier, one.kind, text=one.raw, decimal=mark)
        for name, one in ((name, said[name]) for name in named)
    }


def plain_value(column: Column, said: Said) -> str:
    """Return the value of a column of texts or of truth values."""
    return said.raw if column.kind == "text" or not said.is_text else truth_of(said.raw)


def final_value(column: Column, foreign: str) -> str:
    """Return the canonical value of a column; one that cannot be right is empty, as an unreadable one is."""
    value = f"read_{column.inner}"
    if column.kind == "day":
        return f"CASE WHEN {out_of_time(value)} THEN NULL ELSE {value} END"
    if column.kind == "money" and column.lenient:
        wrong = " OR ".join(filter(None, [foreign, f"{value} < 0", f"{value} >= {ABSURD}"]))
        return f"CASE WHEN {wrong} THEN NULL ELSE {value} END"
    return value


def unreadable(value: str, said: Said) -> str:
    """Return the condition that a row says something, and yet has no ``value``."""
    return f"{value} IS NULL AND NOT ({missing([(said.raw, said.kind)])})"
