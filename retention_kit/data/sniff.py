"""What kind of file this is: table format, encoding, delimiter and header, told from its bytes."""

import codecs
import csv
import gzip
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from charset_normalizer import from_bytes

from retention_kit.errors import ColumnError, DataError, ParameterError, listing

__all__ = ["TextFile", "file_kind", "read_text", "records"]

Kind = Literal["parquet", "excel", "text"]

DELIMITERS = (",", ";", "\t", "|")
CODE_PAGES = ["cp1252", "cp1250", "latin_1", "iso8859_2", "iso8859_15", "cp1251", "mac_roman"]
SAMPLE_BYTES = 1 << 18
_NOT_TABLES = {
    b"%PDF": "a PDF document",
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls)",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"7z\xbc\xaf": "an archive",
    b"Rar!": "an archive",
    b"SQLite format 3": "a database",
}


@dataclass(frozen=True)
class TextFile:
    """A delimited text file, ready to be read as UTF-8.

    Parameters
    ----------
    path : Path
        The file itself, or its UTF-8 copy.
    name : str
        Name of the original, for messages.
    encoding : str
        Encoding of the original.
    delimiter : str
        Character between the fields.
    header : tuple of str
        Column names, made unambiguous.
    skipped_lines : int
        Physical lines before the header.
    """

    path: Path
    name: str
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    skipped_lines: int


def file_kind(path: Path) -> Kind:
    """Return the format of the file at ``path``, by its first bytes.

    Raises
    ------
    DataError
        When it is missing, empty, or no table.
    """
    try:
        with _open(path) as stream:
            head = stream.read(4096)
    except FileNotFoundError:
        raise DataError(f"There is no file {path.name!r}.", todo="Check the name and the folder.") from None
    except (OSError, EOFError) as error:
        raise DataError(f"{path.name} cannot be read: {type(error).__name__}.") from None
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        raise DataError(f"{path.name} is empty.", todo="Export it again, with a header and rows.")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        return "excel"
    found = next((what for magic, what in _NOT_TABLES.items() if head.startswith(magic)), "")
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if not found and start[:9].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        found = "a web page or XML"
    if not found and start[:1] in (b"{", b"["):
        found = "JSON"
    if not found and b"\0" in head and not _utf16(head):
        found = "a binary file"
    if found:
        raise DataError(
            f"{path.name} is no table but {found}.",
            todo="Export it as CSV, Excel (.xlsx) or Parquet, with a header and one row per record.",
        )
    return "text"


def read_text(path: Path, *, scratch: Path, encoding: str = "", delimiter: str = "") -> TextFile:
    """Return the text file at ``path`` with its encoding, delimiter and header told or taken as given.

    Raises
    ------
    DataError
        When the encoding does not fit, or there is a header only.
    ColumnError
        When two columns have the same name.
    """
    encoding = _encoding(path, encoding)
    readable = path
    if encoding not in ("utf-8", "utf-8-sig") or path.suffix == ".gz":
        readable = scratch / f"{len(list(scratch.iterdir()))}.csv"
        with _open(path) as source, readable.open("w", encoding="utf-8", newline="") as target:
            reader = codecs.getreader(encoding)(source)
            while chunk := reader.read(1 << 20):
                target.write(chunk)
    with readable.open(encoding="utf-8-sig", newline="") as stream:
        lines = stream.read(SAMPLE_BYTES).splitlines(keepends=True)
    skipped = next((i for i, line in enumerate(lines) if line.strip()), None)
    if skipped is None:
        raise DataError(f"{path.name} is empty.", todo="Export it again, with a header and rows.")
    if lines[skipped].strip().lower().startswith("sep=") and len(lines) > skipped + 1:
        delimiter = delimiter or lines[skipped].strip("\r\n")[4:5]
        skipped += 1
    delimiter = delimiter or _delimiter(lines[skipped:])
    rows = _rows(lines[skipped:], delimiter)
    if not any(rows[1:]):
        raise DataError(
            f"{path.name} has a header and no rows.",
            todo="Export it again, with its rows; a table that has none is left out of the dataset file.",
        )
    return TextFile(readable, path.name, encoding, delimiter, column_names(rows[0], where=path.name), skipped)


def column_names(header: list[str], *, where: str) -> tuple[str, ...]:
    """Return the names in ``header`` trimmed, blank ones numbered, refusing duplicates."""
    names = [name.strip() or f"column {place}" for place, name in enumerate(header, start=1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ColumnError(
            f"{where} has more than one column named {listing(twice)}.",
            todo="Rename the columns so that each name appears once.",
        )
    return tuple(names)


def records(text: TextFile) -> Iterator[tuple[int, list[str]]]:
    """Yield each record below the header with the physical line it starts on, blank lines left out."""
    with text.path.open(encoding="utf-8-sig", newline="") as stream:
        for _ in range(text.skipped_lines):
            stream.readline()
        reader = csv.reader(stream, delimiter=text.delimiter)
        next(reader)
        while True:
            line = text.skipped_lines + reader.line_num + 1
            try:
                record = next(reader)
            except (StopIteration, csv.Error):
                return
            if record:
                yield line, record


def _open(path: Path) -> BinaryIO:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _utf16(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    odd, even = head[1::2].count(0), head[::2].count(0)
    if max(odd, even) > len(head) // 4 and min(odd, even) == 0:
        return "utf-16-le" if odd else "utf-16-be"
    return ""


def _encoding(path: Path, stated: str) -> str:
    if stated:
        try:
            stated = codecs.lookup(stated).name
        except LookupError:
            raise ParameterError(
                f"encoding = {stated!r} is not known.", todo="Write for example utf-8, cp1252 or cp1250."
            ) from None
        fault = _fault(path, stated)
        if fault:
            raise DataError(
                f"{path.name} is not encoded in {stated}: {fault}.",
                todo=f"It looks like {_guess(path)}; set encoding, or leave it out to have it told.",
            )
        return stated
    with _open(path) as stream:
        head = stream.read(4096)
    if wide := _utf16(head):
        return wide
    name = "utf-8-sig" if head.startswith(codecs.BOM_UTF8) else "utf-8"
    return _guess(path) if _fault(path, name) else name


def _fault(path: Path, encoding: str) -> str:
    decoder, line = codecs.getincrementaldecoder(encoding)(), 1
    with _open(path) as stream:
        while True:
            chunk = stream.read(1 << 20)
            try:
                line += decoder.decode(chunk, final=not chunk).count("\n")
            except UnicodeDecodeError as error:
                line += error.object[: error.start].count(b"\n")
                return f"byte 0x{error.object[error.start]:02x} on line {line} does not fit"
            if not chunk:
                return ""


def _guess(path: Path) -> str:
    # Only lines with letters outside ASCII tell code pages apart, so only they are looked at.
    sample = bytearray()
    with _open(path) as stream:
        for line in stream:
            if not line.isascii():
                sample += line
                if len(sample) > SAMPLE_BYTES:
                    break
    best = from_bytes(bytes(sample), cp_isolation=CODE_PAGES).best()
    candidates = [best.encoding] if best else []
    # Where the most common code page reads the same, the file is called by its name.
    if best and sample.decode("cp1252", "replace") == sample.decode(best.encoding, "replace"):
        candidates = ["cp1252"]
    # In a word, Mac Roman has capitals and signs where the other code pages have ß, ä, é, ö and ü.
    if candidates == ["mac_roman"] and re.search(rb"[A-Za-z][\xdf-\xff]", sample):
        candidates = ["cp1252"]
    if _looks_polish(bytes(sample)) and candidates in ([], ["cp1252"], ["latin_1"], ["iso8859_15"]):
        candidates = ["cp1250"]
    return next(name for name in [*candidates, "cp1252", "latin_1"] if not _fault(path, name))


def _looks_polish(sample: bytes) -> bool:
    # Where cp1250 has ł, ą, ż and ź, cp1252 has signs that stand in no word, nor behind an amount.
    western = sample.decode("cp1252", "replace")
    return bool(re.search(r"[^\W\d_][³¹¿Ÿ][a-zê³¹¿æñœóŸ]|(?<![^\W\d_])z³(?!\w)", western))


def _rows(lines: list[str], delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    with suppress(csv.Error):  # a field too long for Python is none for the engine
        rows.extend(csv.reader(lines, delimiter=delimiter))
    return rows


def _delimiter(lines: list[str]) -> str:
    def score(delimiter: str) -> tuple[float, int]:
        rows = [row for row in _rows(lines[:200], delimiter) if row]
        width = len(rows[0])
        agreeing = sum(len(row) == width for row in rows[1:]) / max(len(rows) - 1, 1)
        return (round(agreeing, 1), width) if width > 1 else (0.0, 1)

    return max(DELIMITERS, key=score)
