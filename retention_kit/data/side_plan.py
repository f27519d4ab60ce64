"""What SQL makes of one row of a table beside the orders: its values by kind, and why it is left out.

Statements say ``raw_x`` for what the source says, ``read_x`` for what that stands for, and ``x`` for the
canonical value, which may be computed from others.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import duckdb

from retention_kit.data.accounting import AFTER_AS_OF, DUPLICATE, MATCHES_NOBODY, OTHER_CURRENCY
from retention_kit.data.classify import Reason, Step
from retention_kit.data.config import DatasetConfig
from retention_kit.data.conventions import currency_of
from retention_kit.data.currencies import code_of, currencies, only_currency, others
from retention_kit.data.engine import literal
from retention_kit.data.numbers import number_reasons
from retention_kit.data.parsing import identifier_of, is_whole, text_of
from retention_kit.data.reading import Relation
from retention_kit.data.side_columns import (
    Said,
    day_steps,
    final_value,
    number_values,
    plain_value,
    said_by,
    unreadable,
)
from retention_kit.data.side_tables import Column, SideTable
from retention_kit.errors import ChoiceError, ColumnError, did_you_mean, listing

__all__ = ["Ground", "SidePlan", "side_plan"]

ANOTHER_TYPE = "customer_id of another type"


@dataclass(frozen=True)
class Ground:
    """What the tables read before settle for those that follow.

    Parameters
    ----------
    as_of : date, optional
        Last local day counted; where it is not stated, the first table tells it.
    currency : str
        What the amounts read so far are in; empty where nothing tells it.
    id_type : str
        SQL type of the customers' ids; empty for the first table.
    """

    as_of: date | None = None
    currency: str = ""
    id_type: str = ""


@dataclass(frozen=True)
class SidePlan:
    """Steps and reasons of a table's rows, the currency of its amounts, and columns to be noted.

    Of a lenient column ``x`` that is mapped, the rows say in ``bad_x`` whether it could not be read.
    """

    steps: tuple[Step, ...]
    reasons: tuple[Reason, ...]
    currency: str
    lenient: tuple[Column, ...]


def side_plan(
    connection: duckdb.DuckDBPyConnection,
    relation: Relation,
    table: SideTable,
    config: DatasetConfig,
    ground: Ground,
) -> SidePlan:
    """Return how to read the rows of ``relation`` as ``table``.

    Raises
    ------
    ColumnError, ChoiceError
        When columns are missing, all of which are named, or a reading is undecided; both name the table.
    """
    settings = config.sources[table.name]
    mapped = settings.model_dump()["columns"]
    _require_mapped(table, mapped, relation)
    said = {
        column.inner: said_by(relation, table, column, mapped[column.key])
        for column in table.columns
        if mapped[column.key]
    }
    name = mapped["customer_id"]
    identifier = relation.column(name, key=f"{table.name}.customer_id")
    texts = {"raw_customer_id": identifier_of(identifier, relation.types[name])}
    texts |= {one.raw: text_of(one.identifier) for one in said.values() if one.is_text}
    values = {"customer_id": _same_type(ground.id_type, relation.types[name])}
    with _naming(table):
        moments, local_days = day_steps(connection, relation, config, settings, table, said)
        values |= moments | number_values(connection, relation, settings, table, said)
    for column in table.columns:
        if column.inner in said and column.kind in ("text", "boolean"):
            values[f"read_{column.inner}"] = plain_value(column, said[column.inner])
    currency, foreign = _currency(connection, relation, table, config, ground, mapped)
    if mapped.get("currency"):
        texts["raw_currency"] = code_of(relation.columns[mapped["currency"]])
    finals = {column.inner: final_value(column, foreign) for column in table.columns if not column.given}
    computed = {column.inner: column.given for column in table.columns if column.given}
    lenient = tuple(column for column in table.columns if column.lenient)
    bad = {f"bad_{column.inner}": unreadable(column.inner, said[column.inner]) for column in lenient}
    return SidePlan(
        steps=(Step(texts), Step(values), *local_days, Step(finals), Step({**computed, **bad})),
        reasons=tuple(_reasons(table, config, ground, said, foreign)),
        currency=currency,
        lenient=lenient,
    )


def _require_mapped(table: SideTable, mapped: Mapping[str, str], relation: Relation) -> None:
    """Refuse a mapping that lacks columns or names some that the source has not, all of them at once."""
    needed = ("customer_id", *(column.key for column in table.columns if column.required))
    lacking = [key for key in needed if not mapped[key]]
    faults = []
    if lacking:
        faults.append(f"No column is mapped to {' and '.join(lacking)} in [{table.name}.columns].")
    for key, name in mapped.items():
        if name and name not in relation.columns:
            hint = did_you_mean(name, relation.columns)
            faults.append(f"There is no column {name!r} for {table.name}.{key}. {hint}".strip())
    if faults:
        instead = f"Map question, or set it for all rows in [{table.name}]. " if "question" in lacking else ""
        found = f"Columns found: {listing(relation.columns, limit=30)}."
        raise ColumnError(" ".join(faults), todo=f"{instead}{found}")


def _same_type(wanted: str, kind: str) -> str:
    """The customer's id in the type that the tables before have, if it can be."""
    same = f"try_cast(raw_customer_id AS {wanted})" if wanted else "raw_customer_id"
    if wanted == "BIGINT" and not is_whole(kind):
        # The engine would round 44.6 to the next customer.
        same = f"CASE WHEN regexp_full_match(raw_customer_id, '[+-]?\\d+([.]0*)?') THEN {same} END"
    return same


@contextmanager
def _naming(table: SideTable) -> Iterator[None]:
    """Say of an open choice which table's it is."""
    try:
        yield
    except ChoiceError as error:
        raise ChoiceError(
            f"[{table.name}] {error.message}", key=f"{table.name}.{error.key}", choices=error.choices
        ) from None


def _currency(
    connection: duckdb.DuckDBPyConnection,
    relation: Relation,
    table: SideTable,
    config: DatasetConfig,
    ground: Ground,
    mapped: Mapping[str, str],
) -> tuple[str, str]:
    """The currency so far, and the condition that a row's is another; empty where none can be."""
    money = [column for column in table.columns if column.kind == "money" and mapped[column.key]]
    if not money:
        return ground.currency, ""
    coded = mapped.get("currency", "")
    codes = currencies(connection, relation, currency=coded, amounts=mapped[money[0].key])
    before = config.currency or ground.currency
    strange = [code for code in codes if code != before] if coded else others(codes, before)
    if not config.currency:
        found = [before, *strange] if before else codes
        before = only_currency(found, what=f"amounts, {table.name} included,")
    if not strange or not before:
        return before, ""
    code = "raw_currency" if coded else currency_of(f"raw_{money[0].inner}")
    return before, f"{code} <> {literal(before)}"


def _reasons(
    table: SideTable, config: DatasetConfig, ground: Ground, said: Mapping[str, Said], foreign: str
) -> Iterator[Reason]:
    """Why a row is left out, the first that holds."""
    lenient = table.name == "customers"
    if foreign and not lenient:
        money = next(
            column.inner for column in table.columns if column.kind == "money" and column.inner in said
        )
        yield OTHER_CURRENCY, foreign, said[money].raw
    yield (MATCHES_NOBODY if lenient else ANOTHER_TYPE), "customer_id IS NULL", "raw_customer_id"
    for column in table.columns:
        if column.inner in said and not column.lenient:
            yield from _column_reasons(column, said[column.inner])
        if column is table.happens and ground.as_of:
            yield AFTER_AS_OF, f"{column.inner} > DATE '{ground.as_of}'", said[column.inner].raw
    if config.duplicates == "drop" and not table.repeats:
        yield DUPLICATE, "_copy", "raw_customer_id"
    for reason, condition, shown in table.refused:
        yield reason, condition, said[shown].raw if shown in said else shown


def _column_reasons(column: Column, said: Said) -> list[Reason]:
    needed, value, raw = column.required or column.filled, f"read_{column.inner}", said.raw
    if column.kind == "day":
        value = column.inner
    if column.kind in ("number", "money") and needed:
        return number_reasons(column.inner, [(raw, said.kind)], shown=raw)
    wrong = (f"unreadable {column.key}", unreadable(value, said), raw)
    lacking = (f"missing {column.key}", f"{value} IS NULL", raw)
    return [wrong, lacking] if needed else [wrong]
