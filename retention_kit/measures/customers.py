"""The customers behind a cell of a cohort table."""

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

__all__ = ["cell_customers"]


def cell_customers(
    dataset: Dataset, table: CohortTable, *, cohort: str, age: int, group: str = "", limit: int = 100_000
) -> pa.Table:
    """List the customers of one cell, those who came back first.

    Parameters
    ----------
    dataset : Dataset
        The dataset the table was made from.
    table : CohortTable
        The table that holds the cell.
    cohort : str
        Name of the cohort.
    age : int
        Age in periods, the first of the column.
    group : str
        Value of the breakdown, if there is one.
    limit : int
        Longest list, in customers.

    Returns
    -------
    pyarrow.Table
        ``customer_id``, ``active`` (retained at that age in the table's mode), ``first_order_at``,
        ``last_order_at`` (local time), ``orders`` and ``revenue`` up to the as-of date, and segments.
        Of an attribute cohort, those who have finished the age.
    """
    chosen = table.parameters
    spans = [span for span in table.spans if span.first == age]
    if cohort not in table.cohorts or not spans:
        raise ParameterError(
            f"The table has no cell for cohort {cohort!r} at age {age}.", todo="Choose a cell that is shown."
        )
    if group not in table.groups:
        raise ParameterError(f"The table has no group {group!r}.", todo=f"It has: {', '.join(table.groups)}.")
    ledger = open_ledger(dataset, condition(chosen.orders))
    clocking = ledger.clocking(chosen.grain, chosen.clock)
    activity = ledger.activity(clocking, min_orders=chosen.min_orders)
    selection = selected(chosen, ledger, clocking)
    where, values = selection.where()
    if chosen.cohort_by:
        # The cell's rate is over those who have finished the age.
        where += f" AND {key(chosen.cohort_by)} = ? AND finished_ages > {spans[0].last}"
        values.append(cohort)
    else:
        where += f" AND cohort = {table.periods['label'].to_pylist().index(cohort)}"
    if chosen.breakdown:
        where += f" AND {key(chosen.breakdown)} = ?"
        values.append(group)
    extra = "".join(f", l.{segment(name)} AS {quote(name)}" for name in ledger.segments)
    ledger.customers()
    return ledger.query(
        f"SELECT l.customer_id, {hit(spans[0], chosen.mode, clocking)} AS active, "
        f"l.first_at AS first_order_at, l.last_at AS last_order_at, l.orders, l.revenue{extra} "
        f"FROM {activity} AS a JOIN ledger AS l ON l.customer_id = a.customer_id "
        f"{where} ORDER BY active DESC, l.customer_id LIMIT {int(limit)}",
        values,
    )
