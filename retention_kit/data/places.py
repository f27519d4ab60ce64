"""Where a row stands in its file: physical lines of records, and of those the engine rejects."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from retention_kit.data.sniff import TextFile, records
from retention_kit.errors import DataError

__all__ = ["Offender", "Place", "lines_of_rows", "place_of", "rejected_lines"]

Place = tuple[int, int]  # number of the file, number of the row in it, both from 0


@dataclass(frozen=True)
class Offender:
    """One row that gave offence: where it stands, and the value."""

    place: str
    value: str

    def __str__(self) -> str:
        return f"{self.place}: {self.value!r}"


def rejected_lines(connection: duckdb.DuckDBPyConnection, text: TextFile, table: str) -> dict[int, str]:
    """Return what is wrong with each record that the engine put into its table of rejects, by line.

    Raises
    ------
    DataError
        When a quotation mark is never closed, for it swallows rows that nobody counts.
    """
    found = connection.execute(
        "SELECT line_byte_position, min(error_type), min(error_message), min(csv_line)"
        f" FROM {table} GROUP BY line_byte_position ORDER BY line_byte_position"
    ).fetchall()
    if not found:
        return {}
    starts = _lines_at(text.path, [row[0] - 1 for row in found])
    lines: dict[int, str] = {}
    for start, (_, kind, message, record) in zip(starts, found, strict=True):
        # The engine takes blank lines before a record for part of it.
        line = start + len(record) - len(record.lstrip("\n"))
        if kind == "UNQUOTED VALUE" and "\n" in record.strip("\n"):
            raise DataError(
                f"{text.name}: a quotation mark on line {line} is never closed and swallows rows below it.",
                todo="Close it, or write a quotation mark inside a value twice.",
            )
        counted = message.splitlines()[0].replace("Expected Number of Columns", "fields expected")
        lines[line] = counted.replace("Found", "found") if "fields" in counted else "stray quotation mark"
    return lines


def _lines_at(path: Path, positions: list[int]) -> list[int]:
    lines, line, offset = [], 1, 0
    with path.open("rb") as stream:
        for position in positions:
            while offset < position:
                chunk = stream.read(min(position - offset, 1 << 20))
                line += chunk.count(b"\n") or (chunk.count(b"\r") if b"\n" not in chunk else 0)
                offset += len(chunk)
            lines.append(line)
    return lines


def lines_of_rows(text: TextFile, number: int, wanted: set[Place], rejected: set[int]) -> dict[Place, int]:
    """Return the physical lines of the ``wanted`` rows of file ``number``, blank and rejected ones apart."""
    # The engine counts records; a record may span lines and blank or rejected ones are not counted,
    # so the few places that a message names are found by reading the file again up to the last one.
    rows = {row for file, row in wanted if file == number}
    found: dict[Place, int] = {}
    row = 0
    for line, _ in records(text) if rows else ():
        if line not in rejected:
            if row in rows:
                found[number, row] = line
            row += 1
        if len(found) == len(rows):
            break
    return found


def place_of(text: TextFile, line: int, several: bool) -> str:
    """Return a line in the user's words, with its file's name where there are several."""
    return f"{text.name}, line {line}" if several else f"line {line}"
