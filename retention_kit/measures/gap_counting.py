"""Counts behind cadence and churn curves: which customers are selected, and how they are grouped."""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from retention_kit.data.dataset import Dataset
from retention_kit.data.engine import literal
from retention_kit.data.ledger import open_ledger
from retention_kit.errors import DataError
from retention_kit.measures.counting import key
from retention_kit.measures.selecting import data_notes, require_few
from retention_kit.params import condition

__all__ = ["Counted", "counted"]


@dataclass(frozen=True, eq=False)
class Counted:
    """The rows of a statement, the names of their groups, what to tell about them, and its SQL."""

    rows: pa.Table
    groups: tuple[str, ...]
    notes: tuple[str, ...]
    sql: str

    def of(self, group: str) -> pa.Table:
        """Return the rows of one group."""
        return self.rows.filter(pa.array(self.rows["grp"].to_numpy(zero_copy_only=False) == group))


def counted(dataset: Dataset, statement: Callable[..., str], *, breakdown: str, segment: str) -> Counted:
    """Run a statement of `data.gap_statements` over the selected customers.

    Parameters
    ----------
    dataset : Dataset
        An open dataset.
    statement : callable
        Takes ``orders``, ``as_of``, ``group``, ``condition`` and ``segments``, and returns SQL.
    breakdown, segment : str
        Attribute of the groups, and ``attribute=value`` of the customers; empty for none and all.
    """
    wanted = condition(segment)
    named = [name for name in (breakdown, wanted[0] if wanted else "") if name]
    ledger = open_ledger(dataset)
    for name in named:
        ledger.require_segment(name)
    ledger.customers()  # declares the views that the statement reads

    def sql(value: str) -> str:
        where = f"WHERE {key(wanted[0])} = {value}" if wanted else ""
        return statement(
            orders="orders", as_of=dataset.as_of, group=key(breakdown), condition=where, segments=named
        )

    rows = ledger.query(sql("?"), [wanted[1]] if wanted else [])
    groups = tuple(sorted(set(rows["grp"].to_pylist())))
    if not groups:
        raise DataError("No customer is left with this selection.", todo="Widen segment.")
    require_few(breakdown, len(groups))
    notes = data_notes(dataset)
    if wanted:
        notes.append(f"Only customers with {segment} at their first order.")
    views = ["firsts", "segments"] if named else ["firsts"]
    script = f"{ledger.script(views)}\n{sql(literal(wanted[1]) if wanted else '')}"
    return Counted(rows, groups, tuple(notes), script)
