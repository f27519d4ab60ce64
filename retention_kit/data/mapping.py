"""Which column is which: guessed from the headers, held against the content, asked where undecided."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from retention_kit.data.config import RESERVED, DatasetConfig, config_from
from retention_kit.data.content import (
    has_decimals,
    reads_as_date,
    reads_as_number,
    sample_of,
    unreadable_amounts,
)
from retention_kit.data.conventions import date_order_of, decimal_mark_of, together
from retention_kit.data.currencies import currencies, only_currency
from retention_kit.data.engine import connect
from retention_kit.data.money import counterparts, without_unit
from retention_kit.data.reading import Relation, read_frame, read_source
from retention_kit.data.source_settings import CANONICAL, Orders
from retention_kit.data.vocabulary import VOCABULARY, plain_name
from retention_kit.errors import ChoiceError, DataError, listing

__all__ = ["guessed_columns", "guessed_config", "opened"]

NO_SEGMENTS = RESERVED | set(CANONICAL)
MOST_VALUES, ROWS_PER_VALUE, MOST_SEGMENTS = 20, 5, 6  # of a column that tells customers apart
MOST_COLUMNS = 60  # without a known name that are looked into; of wide files, the rest is left unread
NUMBERS = ("amount", "quantity", "unit_price", "margin")


@contextmanager
def opened(
    source: list[Path] | pa.Table, orders: Orders
) -> Iterator[tuple[duckdb.DuckDBPyConnection, Relation]]:
    """Give the rows of files or of a frame as a relation, in a connection of their own."""
    with tempfile.TemporaryDirectory(prefix="retention-") as name:
        scratch = Path(name)
        folders = [] if isinstance(source, pa.Table) else [path.parent for path in source]
        with connect(*folders, scratch=scratch) as connection:
            if isinstance(source, pa.Table):
                yield connection, read_frame(connection, source, name="orders")
            else:
                yield connection, read_source(connection, orders, source, name="orders", scratch=scratch)


def guessed_config(
    source: list[Path] | pa.Table, content: Mapping[str, Any], *, named: str = ""
) -> DatasetConfig:
    """Return the dataset that files or a frame hold, with what ``content`` states and the rest guessed.

    Parameters
    ----------
    source : list of Path or pyarrow.Table
        The orders.
    content : mapping
        Tables of a dataset file, as far as they are stated.
    named : str
        What the dataset file calls the source.

    Raises
    ------
    ChoiceError
        When the data allow several readings; it names the key and its choices.
    DataError
        When nothing reads as a date.
    """
    stated = dict(content.get("orders", {}))
    columns = dict(stated.pop("columns", {}))
    if named:
        stated["source"] = named
    # Checked before anything is read, so that a slip in a key costs no time.
    config = config_from({"schema": 1, **content, "orders": {**stated, "columns": columns}})
    with opened(source, config.orders or Orders()) as (connection, relation):
        columns = guessed_columns(connection, relation, columns)
        for key in ("encoding", "delimiter"):
            # Files that differ are told one by one, each time they are read.
            told = {getattr(text, key) for text in relation.texts}
            if len(told) == 1:
                stated.setdefault(key, told.pop())
        moment = relation.column(columns["ordered_at"], key="ordered_at")
        if relation.types[columns["ordered_at"]] == "VARCHAR" and not stated.get("date_order"):
            stated["date_order"] = date_order_of(connection, relation.plain, moment)
        texts = [
            relation.column(columns[key], key=key)
            for key in NUMBERS
            if key in columns and relation.types.get(columns[key]) == "VARCHAR"
        ]
        if texts and not stated.get("decimal"):
            stated["decimal"] = decimal_mark_of(connection, *together(relation.plain, texts))
        currency = config.currency or _currency(connection, relation, columns)
        guessed: dict[str, Any] = {"currency": currency}
        if "segments" not in content:
            guessed["segments"] = _segments(connection, relation, taken=set(columns.values()))
    return config_from({"schema": 1, **content, **guessed, "orders": {**stated, "columns": columns}})


def guessed_columns(
    connection: duckdb.DuckDBPyConnection, relation: Relation, stated: Mapping[str, str]
) -> dict[str, str]:
    """Return the source's column for each canonical one that it has, those in ``stated`` as they are.

    Raises
    ------
    ChoiceError
        When two columns fit equally well, or none for the customer or the date.
    """
    columns = {key: name for key, name in stated.items() if name}
    for key, name in columns.items():
        relation.column(name, key=key)
    for key in VOCABULARY:
        # An empty name leaves a column out, but for the two that no dataset can do without.
        left_out = key in stated and key not in ("customer_id", "ordered_at")
        if key in columns or left_out or (key in ("quantity", "unit_price") and "amount" in columns):
            continue
        if key in ("margin", "currency") and not {"amount", "unit_price"} & set(columns):
            continue
        found = _candidates(connection, relation, key, taken=set(columns.values()))
        if len(found) > 1 and key in ("product", "channel", "status", "order_id"):
            found = found[:1]
        if len(found) > 1:
            raise ChoiceError(f"Several columns may be {key}: {', '.join(found)}.", key=key, choices=found)
        if found:
            columns[key] = found[0]
        elif key == "ordered_at":
            columns[key] = _only_date(connection, relation, taken=set(columns.values()))
        elif key == "customer_id":
            raise ChoiceError(
                "No column looks like the customer's number or address.",
                key=key,
                choices=list(relation.columns)[:20],
            )
    plain = {plain_name(name): name for name in relation.columns}
    if "order_id" not in columns and {"name", "financialstatus"} <= set(plain):
        columns["order_id"] = plain["name"]  # what Shopify calls its order number
    if "amount" not in columns and "quantity" not in columns and "unit_price" in columns:
        columns["amount"] = columns.pop("unit_price")
    if "unit_price" not in columns and "quantity" not in stated:
        columns.pop("quantity", None)
    # Who names both customer and date has mapped the file, and left the amount out on purpose.
    mapped = {"customer_id", "ordered_at"} <= stated.keys()
    if not mapped and not {"amount", "unit_price"} & {*columns, *stated}:
        _require_no_money(connection, relation, taken=set(columns.values()))
    return columns


def _segments(connection: duckdb.DuckDBPyConnection, relation: Relation, *, taken: set[str]) -> list[str]:
    """Columns of text with a few values, each in many rows: what customers can be compared by."""
    found: list[str] = []
    free = [
        name
        for name in relation.columns
        if name not in taken and name not in NO_SEGMENTS and relation.types[name] == "VARCHAR"
    ]
    for name in free[:MOST_COLUMNS]:
        values, rows = connection.execute(
            f"SELECT count(DISTINCT t), count(t) FROM {sample_of(relation, name)}"
        ).fetchall()[0]
        # The counts are cheap and rule out most columns; reading dates and numbers is not.
        if not 2 <= values <= MOST_VALUES or rows < ROWS_PER_VALUE * values:
            continue
        if not reads_as_number(connection, relation, name) and not reads_as_date(connection, relation, name):
            found.append(name)
        if len(found) == MOST_SEGMENTS:
            break
    return found


def _require_no_money(connection: duckdb.DuckDBPyConnection, relation: Relation, *, taken: set[str]) -> None:
    """Ask rather than lose the money: a column with decimals may be the amount under another name."""
    free = [name for name in relation.columns if name not in taken][:MOST_COLUMNS]
    found = [name for name in free if reads_as_number(connection, relation, name)]
    if any(has_decimals(connection, relation, name) for name in found):
        raise ChoiceError(
            f"No column has a known name for the amount, and these may hold it: {', '.join(found)}. "
            "Leave it empty (amount=) where orders have none.",
            key="amount",
            choices=found,
        )


def _candidates(
    connection: duckdb.DuckDBPyConnection, relation: Relation, key: str, *, taken: set[str]
) -> list[str]:
    free = {
        name: plain_name(without_unit(name)[0] if key in NUMBERS else name)
        for name in relation.columns
        if name not in taken
    }
    for group in VOCABULARY[key]:
        found = [name for name, plain in free.items() if plain in group]
        if key == "ordered_at":
            found = [name for name in found if reads_as_date(connection, relation, name)]
        if key in NUMBERS:
            named, found = found, [name for name in found if reads_as_number(connection, relation, name)]
            if key == "amount" and not found:
                _require_readable(connection, relation, named)
        if key == "amount" and len(found) == 1:
            others = counterparts(found[0], free)
            found += [name for name in others if reads_as_number(connection, relation, name)]
        if found:
            return found
    return []


def _require_readable(
    connection: duckdb.DuckDBPyConnection, relation: Relation, names: Sequence[str]
) -> None:
    """Stop rather than lose the money: a column called an amount holds digits that are no numbers."""
    for name in names:
        count, first = unreadable_amounts(connection, relation, name)
        if count:
            raise DataError(
                f"Column {name!r} is named like an amount, and {count:,} of its first cells do not read as"
                f" numbers: {listing(first)}.",
                todo="Set encoding or decimal, mend the amounts (a currency alone may stand beside one),"
                " or leave the column out with amount=.",
            )


def _only_date(connection: duckdb.DuckDBPyConnection, relation: Relation, *, taken: set[str]) -> str:
    found = [
        name for name in relation.columns if name not in taken and reads_as_date(connection, relation, name)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise ChoiceError(f"Several columns hold dates: {', '.join(found)}.", key="ordered_at", choices=found)
    raise DataError(
        f"No column reads as dates; columns found: {', '.join(relation.columns)}.",
        todo="Check that the file holds orders with their dates, or set ordered_at to the column's name.",
    )


def _currency(connection: duckdb.DuckDBPyConnection, relation: Relation, columns: Mapping[str, str]) -> str:
    name = columns.get("amount") or columns.get("unit_price", "")
    coded = columns.get("currency", "")
    codes = currencies(connection, relation, currency=coded, amounts=name)
    if not coded:
        in_header = without_unit(name)[1]
        if in_header and in_header not in codes:
            codes.append(in_header)
    code = only_currency(codes)
    return code if len(code) == 3 and code.isalpha() and code.isascii() else ""
