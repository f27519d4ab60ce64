"""How a source writes dates and numbers, told from all of its rows; what they leave open is asked."""

from collections.abc import Sequence
from typing import get_args

import duckdb

from retention_kit.data.engine import literal
from retention_kit.data.parsing import PARTS, text_of
from retention_kit.data.source_settings import DateOrder
from retention_kit.errors import ChoiceError

__all__ = ["CODES", "SIGNS", "currency_marks", "currency_of", "date_order_of", "decimal_mark_of", "together"]

SIGNS = {"€": "EUR", "£": "GBP", "zł": "PLN", "¥": "JPY", "₽": "RUB", "₹": "INR", "$": "USD"}
CODES = (
    "AED|AUD|BGN|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|ILS|INR|ISK|JPY|KRW|MXN|NOK|NZD|PLN|RON|RSD|RUB"
    "|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|ZAR"
)


def together(rows: str, columns: Sequence[str]) -> tuple[str, str]:
    """Return the rows of several columns one below the other, and their one column.

    A file writes all its dates alike, and all its numbers, so that its columns decide together.
    """
    if len(columns) == 1:
        return rows, columns[0]
    return f"({' UNION ALL '.join(f'SELECT {column} AS said FROM {rows}' for column in columns)})", "said"


def date_order_of(connection: duckdb.DuckDBPyConnection, rows: str, column: str) -> DateOrder:
    """Return the order of day, month and year in a text column; dates led by a year of four digits are ymd.

    Points between the numbers mean day first, as everywhere they are written.

    Raises
    ------
    ChoiceError
        When the rows allow both day first and month first, or contradict each other.
    """
    text = text_of(column)
    first, second = (f"regexp_extract(t, {literal(PARTS)}, {place})::INTEGER" for place in (1, 2))
    short = f"length(regexp_extract(t, {literal(PARTS)}, 3)) < 4"  # only then the first may be the year
    found = connection.execute(
        f"SELECT count(*), coalesce(max({first}), 0), coalesce(max({second}), 0), min(t),"
        f" coalesce(bool_and(regexp_matches(t, '^\\d+\\. ?\\d+\\.')), false),"
        f" coalesce(max({first}) FILTER ({short}), 0)"
        f" FROM (SELECT {text} AS t FROM {rows}) WHERE regexp_matches(t, {literal(PARTS)})"
    ).fetchall()[0]
    count, first_most, second_most, example, points, year_most = found
    if not count or year_most > 31:
        return "ymd"
    if first_most > 12 and second_most > 12:
        raise ChoiceError(
            f"The dates contradict each other: some are day first, some month first, such as {example!r}.",
            key="date_order",
            choices=get_args(DateOrder)[1:],
        )
    if second_most > 12:
        return "mdy"
    if first_most > 12 or points:
        return "dmy"
    raise ChoiceError(
        f"{example!r} may be day first or month first, and no row of {count:,} decides it.",
        key="date_order",
        choices=get_args(DateOrder)[1:],
    )


def decimal_mark_of(connection: duckdb.DuckDBPyConnection, rows: str, column: str) -> str:
    """Return the decimal mark of a text column, a point or a comma.

    Raises
    ------
    ChoiceError
        When every mark may as well group thousands, as in ``1,234``.
    """
    point = "regexp_matches(t, '\\.\\d{1,2}\\D*$|\\.\\d{4,}\\D*$|\\d,\\d{3}[.,]|(^|\\D)0\\.')"
    comma = "regexp_matches(t, ',\\d{1,2}\\D*$|,\\d{4,}\\D*$|\\d\\.\\d{3}[.,]|(^|\\D)0,')"
    found = connection.execute(
        f"SELECT count(*) FILTER ({point}), count(*) FILTER ({comma}),"
        " min(t) FILTER (contains(t, '.') OR contains(t, ',')),"
        " count(*) FILTER (contains(t, ',')), count(*) FILTER (contains(t, '.'))"
        # Prices repeat: looking at each once saves most of the work.
        f" FROM (SELECT DISTINCT {text_of(column)} AS t FROM {rows})"
    ).fetchall()[0]
    points, commas, example, with_comma, with_point = found
    if points != commas:
        return "." if points > commas else ","
    if not with_comma and not with_point:
        return "."
    raise ChoiceError(
        f"In {example!r} the mark may be the decimal mark or group thousands.",
        key="decimal",
        choices=(".", ","),
    )


def currency_of(text: str) -> str:
    """Return the SQL for the ISO code of the currency that an amount is written with, if any."""
    cases = "".join(f" WHEN contains({text}, '{mark}') THEN '{code}'" for mark, code in SIGNS.items())
    codes = f"upper(regexp_extract({text}, '(?i)(?:^|[^a-z])({CODES})(?:[^a-z]|$)', 1))"
    return f"CASE{cases} ELSE nullif({codes}, '') END"


def currency_marks(connection: duckdb.DuckDBPyConnection, rows: str, column: str) -> list[str]:
    """Return the currencies that a text column's amounts are written with, the most frequent first."""
    found = connection.execute(
        # The missing ones are taken out here: as a condition, the engine would test it on every row.
        f"SELECT {currency_of('t')} AS code, sum(n) FROM"
        f" (SELECT {text_of(column)} AS t, count(*) AS n FROM {rows} GROUP BY 1)"
        " GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    return [str(row[0]) for row in found if row[0] is not None]
