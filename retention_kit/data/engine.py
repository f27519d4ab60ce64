"""DuckDB, locked down: the one way this package opens a connection.

Values are always bound and identifiers always quoted. A connection reads and writes only in the
folders it is given, loads no extension, and cannot be reconfigured by what it runs.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import duckdb

__all__ = ["connect", "literal", "quote"]


def connect(
    *folders: Path, scratch: Path, memory_limit: str = "4GB", threads: int | None = None
) -> duckdb.DuckDBPyConnection:
    """Return an in-memory connection that can touch only ``folders`` and ``scratch``.

    Parameters
    ----------
    *folders : Path
        Folders whose files may be read or written.
    scratch : Path
        Existing folder for what does not fit in memory.
    memory_limit : str
        Memory the engine may use, in DuckDB's notation.
    threads : int, optional
        Worker threads; by default one per core.
    """
    connection = duckdb.connect(":memory:")
    settings: dict[str, object] = {
        "memory_limit": memory_limit,
        "threads": threads or os.cpu_count() or 1,
        "temp_directory": str(scratch),
        "max_temp_directory_size": "50GB",
        "TimeZone": "UTC",
        "python_enable_replacements": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "enable_progress_bar": False,
    }
    for name, value in settings.items():
        connection.execute(f"SET {name} = {literal(value)}")
    allowed = _unique(str(folder.resolve()) + os.sep for folder in (*folders, scratch))
    connection.execute(f"SET allowed_directories = [{', '.join(map(literal, allowed))}]")
    # The order matters: once external access is off, the list can no longer be widened.
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def quote(identifier: str) -> str:
    """Return an identifier quoted for SQL.

    >>> print(quote('size in "cm'))
    "size in ""cm"
    """
    return '"' + identifier.replace('"', '""') + '"'


def literal(value: object) -> str:
    """Return a text, number or truth value as an SQL literal, where a statement takes no parameter.

    >>> literal("it's"), literal(True), literal(3)
    ("'it''s'", 'true', '3')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def _unique(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))
