"""What a column's content reads as, told from a sample of its rows."""

import duckdb

from retention_kit.data.parsing import amount_of, moment_of, text_of
from retention_kit.data.reading import Relation
from retention_kit.data.source_settings import DateOrder

__all__ = ["has_decimals", "reads_as_date", "reads_as_number", "sample_of", "unreadable_amounts"]

ENOUGH = 0.5  # share of a sample's filled cells that must read as what the header promises
SAMPLE_ROWS = 2_000


def sample_of(relation: Relation, name: str) -> str:
    """Return the SQL for a sample of the column ``name`` as trimmed text ``t``."""
    column = relation.columns[name]
    # The one column only: of a wide file, reading the others would take most of the time.
    return (
        f"(SELECT {text_of(f'{column}::VARCHAR')} AS t"
        f" FROM (SELECT {column} FROM {relation.plain} LIMIT {SAMPLE_ROWS}))"
    )


def reads_as_date(connection: duckdb.DuckDBPyConnection, relation: Relation, name: str) -> bool:
    """Return whether most of the filled cells of a column read as dates."""
    kind = relation.types[name]
    if kind.startswith(("TIMESTAMP", "DATE")):
        return True
    if kind in ("DOUBLE", "FLOAT", "BOOLEAN") or kind.startswith("DECIMAL"):
        return False
    orders: tuple[DateOrder, ...] = ("dmy", "mdy", "ymd")
    return any(
        _share(connection, relation, name, moment_of("t", date_order=order)) >= ENOUGH for order in orders
    )


def reads_as_number(connection: duckdb.DuckDBPyConnection, relation: Relation, name: str) -> bool:
    """Return whether most of the filled cells of a column read as numbers."""
    kind = relation.types[name]
    if kind != "VARCHAR":
        return not kind.startswith(("TIMESTAMP", "DATE", "BOOLEAN"))
    return any(_share(connection, relation, name, amount_of("t", decimal=mark)) >= ENOUGH for mark in ".,")


def has_decimals(connection: duckdb.DuckDBPyConnection, relation: Relation, name: str) -> bool:
    """Return whether a column of numbers has fractions."""
    if relation.types[name] in ("DOUBLE", "FLOAT") or relation.types[name].startswith("DECIMAL"):
        return True
    decimal = "'[.,][0-9]{1,2}$'"
    found = connection.execute(
        f"SELECT count(*) FROM {sample_of(relation, name)} WHERE regexp_matches(t, {decimal})"
    ).fetchall()
    return bool(found[0][0])


def unreadable_amounts(
    connection: duckdb.DuckDBPyConnection, relation: Relation, name: str
) -> tuple[int, list[str]]:
    """Return how many sampled cells hold digits and yet no number, and the first five of them."""
    if relation.types[name] != "VARCHAR" or _share(connection, relation, name, _with_digit("t")) < ENOUGH:
        return 0, []
    unread = " AND ".join(f"{amount_of('t', decimal=mark)} IS NULL" for mark in ".,")
    rows = f"FROM {sample_of(relation, name)} WHERE {_with_digit('t')} IS NOT NULL AND {unread}"
    count = connection.execute(f"SELECT count(*) {rows}").fetchall()[0][0]
    return count, [str(row[0]) for row in connection.execute(f"SELECT t {rows} LIMIT 5").fetchall()]


def _with_digit(text: str) -> str:
    return f"CASE WHEN regexp_matches({text}, '[0-9]') THEN {text} END"


def _share(connection: duckdb.DuckDBPyConnection, relation: Relation, name: str, value: str) -> float:
    filled, read = connection.execute(
        f"SELECT count(t), count({value}) FROM {sample_of(relation, name)}"
    ).fetchall()[0]
    return read / filled if filled else 0.0
