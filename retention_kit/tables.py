"""Tables and strings as HTML, plain text, CSV, XLSX and Parquet.

This is the one place where values leave the package. Whatever a customer is called, it is text in a
page and text in a spreadsheet, never markup and never a formula; and the same number is spelt the same
way in every format.
"""

import csv
import html
import io
import math
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retention_kit.errors import ColumnError, DataError, did_you_mean

if TYPE_CHECKING:
    from pyarrow.lib import Table

__all__ = [
    "csv_text",
    "escape",
    "html_table",
    "plain",
    "write_csv",
    "write_parquet",
    "xlsx_bytes",
]

MISSING = "—"
# What a spreadsheet takes for the beginning of a formula; tab and CR are skipped by some before they look.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Control characters, and marks that turn the direction of what follows them, numbers included.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
EXCEL_ROWS = 1_048_576
EXCEL_TEXT = 32_767
EXCEL_DIGITS = 15
EXCEL_FIRST_DAY = date(1900, 3, 1)  # Excel believes in 29 February 1900


def escape(value: object) -> str:
    """Return a value as text that is safe inside HTML elements and quoted attributes.

    >>> escape('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", html.escape(plain(value), quote=True))


def plain(value: object) -> str:
    """Return the one spelling of a value: exact decimals, shortest floats, ISO dates, empty when missing.

    Trailing zeros of a decimal are trimmed down to two places; a decimal without places is a count.

    >>> plain(Decimal("12.5000")), plain(0.1), plain(date(1997, 1, 31)), plain(None), plain(True)
    ('12.50', '0.1', '1997-01-31', '', 'true')
    """
    if _is_missing(value):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        whole, point, places = f"{value:f}".partition(".")
        return f"{whole}.{places.rstrip('0').ljust(2, '0')}" if point else whole
    if isinstance(value, float):
        return repr(float(value))
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return str(value)


def html_table(
    table: "Table",
    *,
    caption: str = "",
    formats: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> str:
    """Return a table for reading on a page: captioned, with row and column headers, every value escaped.

    Parameters
    ----------
    table : pyarrow.Table
        One row per line; the first column names the row.
    caption : str
        What the table shows, read out before it.
    formats : mapping of column to format specification
        As `format` takes it, for example ``{"retention_rate": ".1%", "orders": ","}``.
    labels : mapping of column to heading
        Without one, the column's name with spaces for underscores.

    Returns
    -------
    str
        A ``<table>`` without scripts or ids; numbers right-aligned, missing values an em dash, ``−`` for
        minus and a space before ``%`` where a format is given.

    Raises
    ------
    ColumnError
        When a format or a label is for a column that is not there.
    """
    headings, columns, numeric = _shown(table, formats, labels)
    # Styles stand on the cells because notebook pages align all cells of a table right.
    sides = ["right" if is_number else "left" for is_number in numeric]
    head = "".join(
        f'<th scope="col" style="text-align:{side}">{escape(heading)}</th>'
        for heading, side in zip(headings, sides, strict=True)
    )
    body = []
    for row in zip(*columns, strict=True):
        cells = [
            f'<td style="text-align:{side}">{escape(text)}</td>'
            for text, side in zip(row, sides, strict=True)
        ]
        cells[0] = f'<th scope="row" style="text-align:{sides[0]}">{escape(row[0])}</th>'
        body.append(f"<tr>{''.join(cells)}</tr>")
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<table class="rk-table">{title}<thead><tr>{head}</tr></thead>'
        f"<tbody>{chr(10).join(body)}</tbody></table>"
    )


def csv_text(table: "Table") -> str:
    r"""Return a table as comma-separated text that no spreadsheet takes for formulas.

    Strings that begin with ``= + - @``, tab or carriage return get a leading apostrophe, numbers never.

    >>> import pyarrow as pa
    >>> csv_text(pa.table({"plan": ["=1+1", "basic"], "change": [-1, 2]}))
    "plan,change\r\n'=1+1,-1\r\nbasic,2\r\n"
    """
    buffer = io.StringIO(newline="")
    # The line end of RFC 4180; with "\n" alone, Python 3.11 leaves a lone "\r" in a value unquoted.
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([_disarmed(name) for name in table.column_names])
    columns = [[_disarmed(value) for value in column.to_pylist()] for column in table.columns]
    writer.writerows(zip(*columns, strict=True))
    return buffer.getvalue()


def write_csv(table: "Table", path: Path) -> None:
    """Write `csv_text` to a file, in UTF-8 with a byte order mark.

    The mark is there because Excel reads a CSV without it in the machine's old code page and turns
    "Zoë" into "ZoÃ«"; pandas, polars, DuckDB, R and our own reader skip it.
    """
    Path(path).write_bytes(csv_text(table).encode("utf-8-sig"))


def write_parquet(table: "Table", path: Path) -> None:
    """Write a table as Parquet, with its types and without the metadata of the program it came from."""
    from pyarrow.parquet import write_table

    write: Any = write_table
    write(table.replace_schema_metadata(None), path, compression="zstd")


def xlsx_bytes(table: "Table", *, sheet: str = "data") -> bytes:
    """Return a table as an Excel workbook of one sheet: typed cells, no formulas, no links.

    Excel keeps 15 digits: longer whole numbers and amounts are written as text, which is exact.
    The same table gives the same bytes.

    Raises
    ------
    DataError
        When the table has more rows than a sheet can hold.
    """
    import xlsxwriter

    if table.num_rows >= EXCEL_ROWS:
        raise DataError(
            f"A sheet holds {EXCEL_ROWS - 1:,} rows, this table has {table.num_rows:,}.",
            todo="Take the CSV or the Parquet file, or fewer rows.",
        )
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"created": datetime(2000, 1, 1)})  # the clock would change the bytes
        page = book.add_worksheet(re.sub(r"[\[\]:*?/\\']", "_", sheet)[:31] or "data")
        page.freeze_panes(1, 0)
        for index, (name, column) in enumerate(zip(table.column_names, table.columns, strict=True)):
            page.write_string(0, index, name[:EXCEL_TEXT], book.add_format({"bold": True}))
            widest = len(name)
            styles = {
                kind: book.add_format({"num_format": code})
                for kind, code in (
                    ("amount", "0.00##"),
                    ("day", "yyyy-mm-dd"),
                    ("time", "yyyy-mm-dd hh:mm:ss"),
                )
            }
            for row, value in enumerate(column.to_pylist(), start=1):
                _write_cell(page, row, index, value, styles)
                widest = max(widest, len(plain(value)))
            page.set_column(index, index, min(widest, 60) + 2)
    return buffer.getvalue()


def _write_cell(page: Any, row: int, column: int, value: object, styles: Mapping[str, Any]) -> None:
    text = plain(value)
    if text == "":
        return
    if isinstance(value, bool):
        page.write_boolean(row, column, value)
    elif isinstance(value, (int, Decimal)) and sum(map(str.isdigit, text)) <= EXCEL_DIGITS:
        style = styles["amount"] if "." in text else None
        page.write_number(row, column, float(value), style)
    elif isinstance(value, float) and math.isfinite(value):
        page.write_number(row, column, value)
    elif isinstance(value, datetime) and value.tzinfo is None and value.date() >= EXCEL_FIRST_DAY:
        page.write_datetime(row, column, value, styles["time"])
    elif isinstance(value, date) and not isinstance(value, datetime) and value >= EXCEL_FIRST_DAY:
        page.write_datetime(row, column, value, styles["day"])
    else:
        page.write_string(row, column, text if len(text) <= EXCEL_TEXT else text[: EXCEL_TEXT - 1] + "…")


def _disarmed(value: object) -> str:
    text = plain(value)
    is_text = not isinstance(value, (int, float, Decimal, date, time))
    return f"'{text}" if is_text and text.startswith(FORMULA_STARTS) else text


def _shown(
    table: "Table", formats: Mapping[str, str] | None, labels: Mapping[str, str] | None
) -> tuple[list[str], list[list[str]], list[bool]]:
    """Return the headings, the formatted texts by column, and which columns hold numbers."""
    formats, labels = formats or {}, labels or {}
    for name in (*formats, *labels):
        if name not in table.column_names:
            raise ColumnError(
                f"There is no column {name!r} to format. {did_you_mean(name, table.column_names)}".strip(),
                todo=f"The table has: {', '.join(table.column_names)}.",
            )
    headings = [labels.get(name, name.replace("_", " ")) for name in table.column_names]
    columns = [
        [_formatted(value, formats.get(name, "")) for value in column.to_pylist()]
        for name, column in zip(table.column_names, table.columns, strict=True)
    ]
    return headings, columns, [_is_number(field.type) for field in table.schema]


def _formatted(value: object, spec: str) -> str:
    if _is_missing(value):
        return MISSING
    if not spec:
        return plain(value)
    # As in every sentence: a true minus sign, and a percent sign that stands apart.
    return format(value, spec).replace("-", "\N{MINUS SIGN}").replace("%", "\N{NO-BREAK SPACE}%")


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, (float, Decimal)) and math.isnan(value))


def _is_number(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))
