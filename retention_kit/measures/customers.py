"""The customers behind a cell of a cohort table."""

from dataclasses import dataclass

import pyarrow as pa

from retention_kit.data.dataset import Dataset
from retention_kit.data.engine import quote
from retention_kit.data.ledger import open_ledger
from retention_kit.data.statements import segment
from retention_kit.errors import ParameterError
from retention_kit.measures.cohort_result import CohortTable
from retention_kit.measures.cohorts import selected
from retention_kit.measures.counting import hit, key
from retention_kit.params import condition

__all__ = ["CellCustomers", "cell_customers"]


@dataclass(frozen=True)
class CellCustomers:
    """The customers behind one cell.

    Attributes
    ----------
    customers : int
        How many there are: those by whom the cell is divided.
    active : int
        How many of them are retained at that age in the table's mode.
    listed : pyarrow.Table
        As many as were asked for, those who came back first: ``customer_id``, ``active``,
        ``first_order_at``, ``last_order_at`` (local time), ``orders`` and ``revenue`` up to the as-of
        date, and segments.
    """

    customers: int
    active: int
    listed: pa.Table


def cell_customers(
    dataset: Dataset,
    table: CohortTable,
    *,
    age: int,
    cohort: str | None = None,
    group: str = "",
    limit: int = 100_000,
) -> CellCustomers:
    """List the customers of one cell, or of one pooled value.

    Parameters
    ----------
    dataset : Dataset
        The dataset the table was made from.
    table : CohortTable
        The table that holds the cell.
    age : int
        Age in periods, the first of the column.
    cohort : str, optional
        Name of the cohort; without one, all that are pooled: those that are shown and mature at that
        age in the group.
    group : str
        Value of the breakdown, if there is one.
    limit : int
        Longest list, in customers.

    Returns
    -------
    CellCustomers
        Of attribute cohorts, those who have finished the age. At an age that has not begun, the cohort
        with nobody active.

    Raises
    ------
    ParameterError
        When the table shows no such cell.
    """
    chosen = table.parameters
    if group not in table.groups:
        raise ParameterError(f"The table has no group {group!r}.", todo=f"It has: {', '.join(table.groups)}.")
    column = next((i for i, span in enumerate(table.spans) if span.first == age), None)
    keys = _cohort_keys(table, cohort, table.groups.index(group), column) if column is not None else []
    if column is None or not keys:
        which = f"cohort {cohort!r}" if cohort is not None else "all cohorts"
        raise ParameterError(
            f"The table has no cell for {which} at age {age}.", todo="Choose a cell that is shown."
        )
    span = table.spans[column]
    ledger = open_ledger(dataset, condition(chosen.orders))
    clocking = ledger.clocking(chosen.grain, chosen.clock)
    activity = ledger.activity(clocking, min_orders=chosen.min_orders)
    where, values = selected(chosen, ledger, clocking).where()
    if chosen.cohort_by:
        # The cell's rate is over those who have finished the age.
        where += f" AND {key(chosen.cohort_by)} IN ({', '.join('?' * len(keys))})"
        where += f" AND finished_ages > {span.last}"
        values += keys
    else:
        where += f" AND cohort IN ({', '.join(map(str, keys))})"
    if chosen.breakdown:
        where += f" AND {key(chosen.breakdown)} = ?"
        values.append(group)
    ledger.customers()
    behind = f"FROM {activity} AS a JOIN ledger AS l ON l.customer_id = a.customer_id {where}"
    active = hit(span, chosen.mode, clocking)
    extra = "".join(f", l.{segment(name)} AS {quote(name)}" for name in ledger.segments)
    listed = ledger.query(
        f"SELECT l.customer_id, {active} AS active, l.first_at AS first_order_at, "
        f"l.last_at AS last_order_at, l.orders, l.revenue{extra} {behind} "
        f"ORDER BY 2 DESC, 1 LIMIT {int(limit)}",
        values,
    )
    if listed.num_rows < limit:
        return CellCustomers(listed.num_rows, sum(listed.column(1).to_pylist()), listed)
    tally = f"SELECT count(*) AS customers, count(CASE WHEN {active} THEN 1 END) AS active {behind}"
    return CellCustomers(**ledger.query(tally, values).to_pylist()[0], listed=listed)


def _cohort_keys(table: CohortTable, cohort: str | None, group: int, column: int) -> list[int | str]:
    """The keys of one cohort that is shown, or of all that count in a group's average at an age."""
    keys = table.counts.cohort_keys
    if cohort is None:
        pooled = table.mature[group, :, column]
        return [name for name, counts in zip(keys, pooled, strict=True) if counts]
    shown = (name for name, is_shown in zip(keys, table.shown, strict=True) if is_shown)
    return [name for name, label in zip(shown, table.cohorts, strict=True) if label == cohort]
