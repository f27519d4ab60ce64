"""Sources as relations: text, Parquet, Excel and frames, each row with the place it came from."""

import glob
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from retention_kit.data.engine import literal, quote
from retention_kit.data.places import Offender, Place, lines_of_rows, place_of, rejected_lines
from retention_kit.data.sniff import TextFile, column_names, file_kind, read_text
from retention_kit.data.source_settings import Source
from retention_kit.errors import ColumnError, DataError, did_you_mean, listing

__all__ = ["Relation", "read_frame", "read_source", "source_files"]

ENDINGS = "CSV, TSV, Excel (.xlsx) or Parquet"


@dataclass(frozen=True)
class Relation:
    """A source that SQL can read.

    Parameters
    ----------
    columns : mapping
        Name in the source to the column's SQL identifier.
    types : mapping
        Name in the source to the column's SQL type; text files have VARCHAR only.
    plain, numbered : str
        SQL after FROM; ``numbered`` adds ``_file`` and ``_row``, which costs time on large files.
    locate : callable
        Place of rows in the user's words, such as ``orders.csv, line 7``.
    ragged : tuple of Offender, ragged_rows : int
        Records with too few or too many fields: the first ones, and how many.
    """

    columns: Mapping[str, str]
    types: Mapping[str, str]
    plain: str
    numbered: str
    locate: Callable[[Iterable[Place]], dict[Place, str]]
    ragged: tuple[Offender, ...] = ()
    ragged_rows: int = 0
    texts: tuple[TextFile, ...] = field(default=(), repr=False)

    def column(self, name: str, *, key: str) -> str:
        """Return the SQL identifier of the source's column ``name``, which ``key`` is mapped to.

        Raises
        ------
        ColumnError
            When there is no such column.
        """
        if name not in self.columns:
            raise ColumnError(
                f"There is no column {name!r} for {key}. {did_you_mean(name, self.columns)}".strip(),
                todo=f"Columns found: {listing(self.columns, limit=30)}.",
            )
        return self.columns[name]


def source_files(source: str, folder: Path, *, table: str = "orders") -> list[Path]:
    """Return the files that ``source`` names: a path or a glob, relative to ``folder``.

    Raises
    ------
    DataError
        When there are none.
    """
    if not source:
        raise DataError(f"[{table}] names no source.", todo=f"Set source to a {ENDINGS} file.")
    path = folder / Path(source).expanduser()
    if path.is_file():
        return [path]
    found = sorted(Path(name) for name in glob.glob(str(path), recursive=True) if Path(name).is_file())
    if not found:
        raise DataError(
            f"There is no file {Path(source).name!r} for [{table}].",
            todo="Check source; a relative path starts at the dataset file's folder.",
        )
    return found


def read_source(
    connection: duckdb.DuckDBPyConnection,
    settings: Source,
    files: list[Path],
    *,
    name: str,
    scratch: Path,
) -> Relation:
    """Return the rows of ``files`` as one relation called ``name`` in ``connection``.

    Raises
    ------
    DataError
        When a file is missing, empty or no table.
    ColumnError
        When the files' columns differ, or a name appears twice.
    """
    kinds = {path: file_kind(path) for path in files}
    if len(set(kinds.values())) > 1:
        raise DataError(
            f"The files are of different kinds: {', '.join(sorted(set(kinds.values())))}.",
            todo="Name files of one kind.",
        )
    kind = kinds[files[0]]
    if kind == "parquet":
        return _parquet(connection, files)
    if kind == "excel":
        from retention_kit.data.excel import read_sheet

        tables, places = zip(*(read_sheet(path, sheet=settings.sheet) for path in files), strict=True)
        _same_columns({path: table.column_names for path, table in zip(files, tables, strict=True)})
        return _frames(connection, list(tables), name=name, place=lambda at: places[at[0]](at[1]))
    texts = [
        read_text(path, scratch=scratch, encoding=settings.encoding, delimiter=settings.delimiter)
        for path in files
    ]
    _same_columns({path: text.header for path, text in zip(files, texts, strict=True)})
    return _texts(connection, texts, name=name)


def read_frame(connection: duckdb.DuckDBPyConnection, table: pa.Table, *, name: str) -> Relation:
    """Return an Arrow table as a relation called ``name`` in ``connection``."""
    if not table.num_rows:
        raise DataError(f"The frame of the {name} has no rows.", todo="Give its rows, or leave it out.")
    column_names(table.column_names, where="The frame")
    return _frames(connection, [table], name=name, place=lambda at: f"row {at[1]}")


def _parquet(connection: duckdb.DuckDBPyConnection, files: list[Path]) -> Relation:
    described: dict[Path, dict[str, str]] = {}
    for path in files:
        try:
            rows = connection.execute(f"DESCRIBE FROM read_parquet({literal(path)})").fetchall()
        except duckdb.Error:
            raise DataError(
                f"{path.name} is no readable Parquet file.", todo="Write it again; it may be cut short."
            ) from None
        described[path] = {row[0]: row[1] for row in rows}
    _same_columns(described)
    types = described[files[0]]
    names = f"[{', '.join(literal(path) for path in files)}]"
    read = f"read_parquet({names}, union_by_name = true"
    columns = _identifiers(types)
    select = ", ".join(f"{quote(name)} AS {identifier}" for name, identifier in columns.items())
    several = len(files) > 1
    number, filename = (
        (f"list_position({names}, _name) - 1", ", filename = '_name'") if several else ("0", "")
    )
    numbered = (
        f"(SELECT {select}, {number} AS _file, file_row_number AS _row"
        f" FROM {read}, file_row_number = true{filename}))"
    )

    def locate(places: Iterable[Place]) -> dict[Place, str]:
        return {
            at: f"{files[at[0]].name}, row {at[1] + 1}" if several else f"row {at[1] + 1}" for at in places
        }

    return Relation(columns, types, f"(SELECT {select} FROM {read}))", numbered, locate)


def _frames(
    connection: duckdb.DuckDBPyConnection, tables: list[pa.Table], *, name: str, place: Callable[[Place], str]
) -> Relation:
    columns = _identifiers(tables[0].column_names)
    queries = []
    for number, table in enumerate(tables):
        ordered = table.select(list(columns)).rename_columns(list(columns.values()))
        connection.register(f"{name}_{number}", ordered)
        queries.append(f"SELECT {number} AS _file, row_number() OVER () - 1 AS _row, * FROM {name}_{number}")
    numbered = f"({' UNION ALL BY NAME '.join(queries)})"
    plain = f"{name}_0" if len(tables) == 1 else numbered
    described = connection.execute(f"DESCRIBE FROM {name}_0").fetchall()
    types = dict(zip(columns, (row[1] for row in described), strict=True))
    return Relation(columns, types, plain, numbered, lambda places: {at: place(at) for at in places})


def _texts(connection: duckdb.DuckDBPyConnection, texts: list[TextFile], *, name: str) -> Relation:
    header = texts[0].header
    columns = _identifiers(header)
    table = quote(f"{name}_text")
    fields = "".join(f", {identifier} VARCHAR" for identifier in columns.values())
    connection.execute(f"CREATE TEMP TABLE {table} (_file INTEGER, _row BIGINT{fields})")
    ragged: list[Offender] = []
    rejected: list[set[int]] = []
    several = len(texts) > 1
    for number, text in enumerate(texts):
        kinds = ", ".join(f"{columns[column]}: 'VARCHAR'" for column in text.header)
        rejects = [quote(f"{name}_{number}_{part}") for part in ("errors", "scans")]
        connection.execute(
            f"INSERT INTO {table} BY NAME SELECT {number} AS _file, row_number() OVER () - 1 AS _row, *"
            f" FROM read_csv({literal(text.path)}, auto_detect = false, header = true,"
            f" skip = {text.skipped_lines}, delim = {literal(text.delimiter)}, quote = '\"', escape = '\"',"
            f" columns = {{{kinds}}}, ignore_errors = true, store_rejects = true, max_line_size = 10000000,"
            f" rejects_table = {literal(rejects[0][1:-1])}, rejects_scan = {literal(rejects[1][1:-1])})"
        )
        lines = rejected_lines(connection, text, rejects[0])
        rejected.append(set(lines))
        ragged += [Offender(place_of(text, line, several), what) for line, what in lines.items()]

    def locate(places: Iterable[Place]) -> dict[Place, str]:
        wanted = set(places)
        return {
            at: place
            for number, text in enumerate(texts)
            for at, line in lines_of_rows(text, number, wanted, rejected[number]).items()
            for place in [place_of(text, line, several)]
        }

    types = dict.fromkeys(columns, "VARCHAR")
    return Relation(columns, types, table, table, locate, tuple(ragged[:5]), len(ragged), tuple(texts))


def _identifiers(names: Iterable[str]) -> dict[str, str]:
    # Names of the user's are never part of a statement's inner workings, where they could collide.
    return {name: f"_c{at}" for at, name in enumerate(names)}


def _same_columns(found: Mapping[Path, Iterable[str]]) -> None:
    paths = list(found)
    first = set(found[paths[0]])
    for path in paths[1:]:
        columns = set(found[path])
        if columns != first:
            raise ColumnError(
                f"{path.name} has other columns than {paths[0].name}: "
                f"missing {listing(sorted(first - columns)) or 'none'}, "
                f"more {listing(sorted(columns - first)) or 'none'}.",
                todo="Files of one source need the same columns.",
            )


def arrow_table(frame: Any) -> pa.Table:
    """Return a pandas, polars or Arrow frame as an Arrow table in one piece.

    Raises
    ------
    DataError
        When it is no frame, or a column mixes kinds of values.
    """
    if not hasattr(frame, "__arrow_c_stream__"):
        raise DataError(
            f"A {type(frame).__name__} is no dataset.",
            todo="Give a name, a path, or a pandas, polars or Arrow frame.",
        )
    try:
        return pa.table(frame).combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError) as error:
        raise DataError(
            f"The frame cannot be read: {str(error).splitlines()[0]}",
            todo="Give each column one kind of value, for example with .astype(str).",
        ) from None
