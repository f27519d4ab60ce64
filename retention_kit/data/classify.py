"""Rows of a source classified: each has the values that it stands for, and the reason it is left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from retention_kit.data.accounting import Dropped
from retention_kit.data.places import Offender
from retention_kit.data.reading import Relation

__all__ = [
    "ANONYMOUS",
    "KEPT",
    "RAGGED",
    "Reason",
    "Step",
    "classified",
    "dropped_rows",
    "duplicate_rows",
    "numbered_copies",
    "offenders",
    "ragged_rows",
]

KEPT, ANONYMOUS = 0, 1  # further reasons are numbered by their place among the reasons, from 2
RAGGED = "ragged row"

Reason = tuple[str, str, str]  # its name, the condition of a row, and the value that a message shows


@dataclass(frozen=True)
class Step:
    """Columns computed from those of the steps before, and the joins that they need."""

    columns: Mapping[str, str]
    joins: str = ""


def classified(
    steps: Sequence[Step],
    reasons: Sequence[Reason],
    *,
    source: str,
    name: str,
    columns: Sequence[str],
    table: bool,
    places: bool,
    anonymous: str = "customer_id IS NULL",
) -> str:
    """Return the statement that makes ``name``, the classified rows of ``source``: ``reason`` 0 is valid.

    Parameters
    ----------
    steps : sequence of Step
        What is computed, in order.
    reasons : sequence of Reason
        Why a row is left out; the first that holds counts.
    source, name : str
        SQL after FROM, and the name to create.
    columns : sequence of str
        Which columns are kept.
    table : bool
        Whether a table is made, or a view.
    places : bool
        Whether each row keeps its place and the value that offends.
    anonymous : str
        Condition that a row has no customer.
    """
    # Each step names what the next one needs, so that no expression is written, or computed, twice:
    # the engine takes seconds to plan nested copies of the date expression.
    rows = source
    for step in steps:
        computed = "".join(f", {sql} AS {column}" for column, sql in step.columns.items())
        rows = f"(SELECT r.*{computed} FROM {rows} AS r {step.joins})"
    codes = "".join(
        f" WHEN {condition} THEN {code}" for code, (_, condition, _) in enumerate(reasons, start=2)
    )
    kept = [*columns, "reason"]
    if places:
        shown = "".join(
            f" WHEN {code} THEN ({raw})::VARCHAR" for code, (_, _, raw) in enumerate(reasons, start=2)
        )
        # Without any reason there is nothing to choose from.
        kept += ["_file", "_row", f"{f'CASE reason{shown} END' if shown else 'NULL::VARCHAR'} AS shown"]
    return (
        f"CREATE TEMP {'TABLE' if table else 'VIEW'} {name} AS SELECT {', '.join(kept)} FROM (SELECT *,"
        f" (CASE WHEN {anonymous} THEN {ANONYMOUS}{codes} ELSE {KEPT} END)::TINYINT AS reason FROM {rows})"
    )


def dropped_rows(
    connection: duckdb.DuckDBPyConnection,
    relation: Relation,
    rows: str,
    reasons: Sequence[Reason],
    counts: Mapping[int, int],
) -> list[Dropped]:
    """Return the classified ``rows`` left out, by reason, with the first of each; ``counts`` is by code."""
    return [
        Dropped(name, counts[code], offenders(connection, relation, rows, f"reason = {code}"))
        for code, (name, _, _) in enumerate(reasons, start=2)
        if counts.get(code)
    ]


def ragged_rows(relation: Relation) -> list[Dropped]:
    """Return the records with too few or too many fields, if there are any."""
    if not relation.ragged_rows:
        return []
    return [Dropped(RAGGED, relation.ragged_rows, tuple(map(str, relation.ragged)))]


def offenders(
    connection: duckdb.DuckDBPyConnection, relation: Relation, rows: str, condition: str
) -> tuple[str, ...]:
    """Return the places and values of the first five among ``rows`` for which ``condition`` holds."""
    found = connection.execute(
        f"SELECT _file, _row, shown FROM {rows} WHERE {condition} ORDER BY _file, _row LIMIT 5"
    ).fetchall()
    places = relation.locate((row[0], row[1]) for row in found)
    return tuple(
        str(Offender(places.get((row[0], row[1]), f"row {row[1] + 1}"), row[2] or "")) for row in found
    )


def numbered_copies(relation: Relation) -> str:
    """Return the numbered rows, each with ``_copy``: whether it repeats an earlier one exactly."""
    keys = ", ".join(relation.columns.values())
    return (
        f"(SELECT *, row_number() OVER (PARTITION BY {keys} ORDER BY _file, _row) > 1 AS _copy"
        f" FROM {relation.numbered})"
    )


def duplicate_rows(connection: duckdb.DuckDBPyConnection, relation: Relation) -> list[str]:
    """Return a remark on the rows that repeat another exactly, if there are any."""
    columns = ", ".join(relation.columns.values())
    copies = connection.execute(
        f"SELECT coalesce(sum(copies - 1), 0)::BIGINT FROM"
        f" (SELECT count(*) AS copies FROM {relation.plain} GROUP BY {columns})"
    ).fetchall()[0][0]
    if not copies:
        return []
    return [f'rows that repeat another exactly: {copies:,}, kept; duplicates = "drop" leaves them out']
