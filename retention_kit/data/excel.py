"""Excel sheets as Arrow tables, with dates as dates and numbers as numbers."""

import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from retention_kit.data.sniff import column_names
from retention_kit.errors import DataError, ParameterError, did_you_mean, listing

__all__ = ["read_sheet"]


def read_sheet(path: Path, *, sheet: str = "") -> tuple[pa.Table, Callable[[int], str]]:
    """Return a sheet as a table, and a function from row number (from 0) to its place in words.

    Raises
    ------
    DataError
        When the file is damaged or the sheet has no rows.
    ParameterError
        When there is no sheet of that name.
    """
    from openpyxl.reader.excel import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        workbook = load_workbook(path, read_only=True, data_only=True)  # type: ignore[no-untyped-call]
    except (InvalidFileException, zipfile.BadZipFile, KeyError, OSError, ValueError):
        raise DataError(f"{path.name} is no readable Excel file.", todo="Save it again as .xlsx.") from None
    try:
        if sheet and sheet not in workbook.sheetnames:
            raise ParameterError(
                f"There is no sheet {sheet!r}. {did_you_mean(sheet, workbook.sheetnames)}".strip(),
                todo=f"Sheets found: {listing(workbook.sheetnames, limit=20)}.",
            )
        chosen = workbook[sheet] if sheet else workbook.worksheets[0]
        rows = [
            (number, row)
            for number, row in enumerate(chosen.iter_rows(values_only=True), start=1)
            if any(value is not None for value in row)
        ]
    finally:
        workbook.close()
    if len(rows) < 2:
        raise DataError(
            f"{path.name} has no rows below a header.", todo="Check which sheet holds them, and set sheet."
        )
    header = [str(value) if value is not None else "" for value in rows[0][1]]
    while header and not header[-1].strip():
        header.pop()
    names = column_names(header, where=path.name)
    numbers = [number for number, _ in rows[1:]]
    columns = [[row[at] if at < len(row) else None for _, row in rows[1:]] for at in range(len(names))]
    table = pa.table([_column(values) for values in columns], names=list(names))
    return table, lambda row: f"row {numbers[row]}"


def _column(values: list[Any]) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if kinds and kinds <= {datetime, date}:
        return pa.array(
            [datetime(v.year, v.month, v.day) if type(v) is date else v for v in values],
            pa.timestamp("us"),
        )
    if kinds == {int}:
        return pa.array(values, pa.int64())
    if kinds and kinds <= {int, float}:
        return pa.array([None if v is None else float(v) for v in values], pa.float64())
    return pa.array([_text(value) for value in values], pa.string())


def _text(value: Any) -> str | None:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if value is None else str(value)
