"""The customers behind a cell of a cohort table."""

import pyarrow as pa

from retention_kit.data.dataset import Dataset
from retention_kit.data.engine import quote
from retention_kit.data.ledger import open_ledger
from retention_kit.errors import ParameterError
from retention_kit.measures.cohort_result import CohortTable
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
    """
    chosen = table.parameters
    spans = [span for span in table.spans if span.first == age]
    if cohort not in table.cohorts or not spans:
        raise ParameterError(
            f"The table has no cell for cohort {cohort!r} at age {age}.", todo="Choose a cell that is shown."
        )
    ledger = open_ledger(dataset, condition(chosen.orders))
    clocking = ledger.clocking(chosen.grain, chosen.clock)
    activity = ledger.activity(clocking, min_orders=chosen.min_orders)
    tests, values = [], []
    if chosen.cohort_by:
        tests.append(f"{key(chosen.cohort_by)} = ?")
        values.append(cohort)
    else:
        index = table.periods["label"].to_pylist().index(cohort)
        tests.append(f"cohort = {index}")
    segment = condition(chosen.segment)
    for name, value in (segment or ("", ""), (chosen.breakdown, group)):
        if name:
            tests.append(f"{key(name)} = ?")
            values.append(value)
    extra = "".join(f", l.{quote(name)}" for name in ledger.segments)
    ledger.customers()
    return ledger.query(
        f"SELECT l.customer_id, {hit(spans[0], chosen.mode, clocking)} AS active, "
        f"l.first_at AS first_order_at, l.last_at AS last_order_at, l.orders, l.revenue{extra} "
        f"FROM {activity} AS a JOIN ledger AS l ON l.customer_id = a.customer_id "
        f"WHERE {' AND '.join(tests)} ORDER BY active DESC, l.customer_id LIMIT {int(limit)}",
        values,
    )
