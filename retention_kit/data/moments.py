"""Columns of dates and times as SQL: the moment of each row, and its local time in the dataset's zone."""

from datetime import date

import duckdb

from retention_kit.data.engine import literal
from retention_kit.data.parsing import is_instant, moment_of
from retention_kit.data.source_settings import DateOrder
from retention_kit.data.zones import instant_offsets

__all__ = [
    "FIRST_DAY",
    "LAST_DAY",
    "as_dates",
    "local",
    "moment",
    "out_of_time",
    "register_offsets",
    "shifted",
]

FIRST_DAY, LAST_DAY = date(1950, 1, 1), date(2100, 12, 31)  # others are slips or placeholders
_EPOCH = r"\s*1\d{9}(\d{3})?(\.0*)?\s*"  # seconds or milliseconds since 1970, from 2001 to 2033


def as_dates(column: str, kind: str) -> tuple[str, str]:
    """Return the SQL and type of a column of dates: dates and times as they are, all else as text."""
    if kind.startswith(("TIMESTAMP", "DATE")):
        return column, kind
    return f"{column}::VARCHAR", "VARCHAR"


def moment(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    column: str,
    kind: str,
    *,
    text: str,
    date_order: DateOrder,
) -> tuple[str, str]:
    """Return the SQL of a row's moment, in UTC or local, and of whether it is an instant in UTC.

    Seconds and milliseconds since 1970 are instants, as are texts with an offset.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Where the rows lie.
    rows : str
        SQL after FROM.
    column, kind : str
        What `as_dates` gave.
    text : str
        Name of the trimmed text, for a column of text.
    date_order : str
        How three short numbers are read.
    """
    if kind == "TIMESTAMP WITH TIME ZONE" or kind.startswith("TIMESTAMPTZ"):
        return f"{column}::TIMESTAMPTZ::TIMESTAMP", "true"
    if kind != "VARCHAR":
        return f"try_cast({column} AS TIMESTAMP)", "false"
    offsets, epochs = connection.execute(
        f"SELECT coalesce(bool_or({is_instant(column)}), false),"
        f" coalesce(bool_or({_is_epoch(column)}), false) FROM {rows}"
    ).fetchall()[0]
    read, instants = moment_of(text, date_order=date_order), [is_instant(text)] if offsets else []
    if epochs:
        # Ten digits or thirteen, filled up to microseconds.
        microseconds = f"rpad(regexp_extract({text}, '^\\d+'), 16, '0')::BIGINT"
        read = f"CASE WHEN {_is_epoch(text)} THEN make_timestamp({microseconds}) ELSE {read} END"
        instants.append(_is_epoch(text))
    return read, f"coalesce({' OR '.join(instants)}, false)" if instants else "false"


def _is_epoch(text: str) -> str:
    return f"regexp_full_match({text}, {literal(_EPOCH)})"


def out_of_time(day: str) -> str:
    """Return the condition that a date lies outside the years that anybody's data can be of."""
    return f"{day} NOT BETWEEN DATE '{FIRST_DAY}' AND DATE '{LAST_DAY}'"


def register_offsets(connection: duckdb.DuckDBPyConnection, zone: str) -> None:
    """Make the table ``instant_offsets`` of a time zone, unless it is there."""
    connection.register(
        "instant_offsets_source", instant_offsets(zone, first_day=FIRST_DAY, last_day=LAST_DAY)
    )
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS instant_offsets AS FROM instant_offsets_source")


def local(name: str, instant: str, *, zone: str = "zone") -> tuple[str, str]:
    """Return the SQL of the local time of a column of moments, and the join that it needs."""
    wall = f"CASE WHEN {instant} THEN {shifted(name, +1, zone=zone)} ELSE {name} END"
    return wall, f"LEFT JOIN instant_offsets AS {zone} ON {zone}.day = {name}::DATE"


def shifted(moment: str, sign: int, *, zone: str = "zone") -> str:
    """Return ``moment`` with the offset of the joined table ``zone`` added (+1) or taken away (-1)."""
    offset = (
        f"CASE WHEN {zone}.switch IS NULL OR {moment} < {zone}.switch THEN {zone}.before_us"
        f" ELSE {zone}.after_us END"
    )
    return f"make_timestamp(epoch_us({moment}) {'+' if sign > 0 else '-'} coalesce({offset}, 0))"
