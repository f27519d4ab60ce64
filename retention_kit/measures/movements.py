"""Movements of customers: how many are new, stay, come back and fall silent, period by period."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from retention_kit.data.calendar import Grain
from retention_kit.data.dataset import Dataset
from retention_kit.measures.movement_counting import Movers, Periods, flows_of, movers, periods_of, units

__all__ = ["CustomerMovements", "customer_movements"]

_COUNTED = ("new", "retained", "resurrected", "dormant")


@dataclass(frozen=True, eq=False)
class CustomerMovements:
    """Who came, stayed, came back and fell silent.

    Active(t) = new + retained + resurrected, and active(t - 1) = retained(t) + dormant(t), in every row.

    Attributes
    ----------
    total : pyarrow.Table
        One row per period up to the one that holds the as-of date: ``period_index``, ``period``,
        ``starts_on``, ``ends_on`` (last day), ``status`` (``complete`` or ``partial``), ``active``
        (customers with an order in the period), ``new`` (with their first), ``retained`` (active in the
        period before too), ``resurrected`` (active, not in the period before, but earlier), ``dormant``
        (active in the period before, not in this one), ``net`` (new + resurrected - dormant: by how much
        active changed).
    groups : pyarrow.Table
        The same per ``group``, the largest first; without rows where there is no breakdown.
    grain : str
        Length of a period.
    as_of : date
        Last day counted.
    notes : tuple of str
        What a reader has to know.
    sql : str
        The statement that produced the counts, over the canonical tables.
    """

    total: pa.Table
    groups: pa.Table
    grain: Grain
    as_of: date
    notes: tuple[str, ...]
    sql: str


def customer_movements(
    dataset: Dataset, *, grain: Grain = "month", segment: str = "", breakdown: str = ""
) -> CustomerMovements:
    """Count the customers who came, stayed, came back and fell silent in each period.

    A customer is active in a period with at least one qualifying order, and new in the period of the
    first one. These are counts of all customers, so they have no interval.

    Parameters
    ----------
    dataset : Dataset
        An open dataset; its as-of date is the last day counted.
    grain : str
        Length of a period.
    segment : str
        Count only customers with this at their first order, ``attribute=value``; empty for all.
    breakdown : str
        Attribute at the first order whose values are told apart; empty for none.

    Raises
    ------
    ColumnError
        When an attribute does not exist.
    ParameterError
        When the breakdown has too many values.
    DataError
        When there are no orders, or no customer is selected.

    Examples
    --------
    >>> from retention_kit import open_dataset
    >>> found = customer_movements(open_dataset("cdnow"), grain="quarter").total.to_pylist()[4]
    >>> found["period"], found["active"], found["new"], found["retained"], found["resurrected"]
    ('1998 Q1', 384, 0, 196, 188)
    """
    chosen = movers(dataset, basis="orders", segment=segment, breakdown=breakdown)
    periods = periods_of(chosen.ledger, grain)
    columns = "period_index, CAST(sum(new_customers) AS BIGINT) AS new, " + ", ".join(
        f"CAST(sum({column}_customers) AS BIGINT) AS {name}"
        for column, name in (("kept", "retained"), ("reactivation", "resurrected"), ("churn", "dormant"))
    )
    rows, sql = chosen.rows(flows_of(chosen, periods), columns)
    names, place = chosen.groups(rows, "new")
    counts = np.zeros((len(_COUNTED), len(names), periods.count), dtype=np.int64)
    counts[:, place, units(rows["period_index"])] = [units(rows[name]) for name in _COUNTED]
    groups = _table(periods, counts if breakdown else counts[:, :0])
    named = np.repeat(np.array(names if breakdown else (), dtype=object), periods.count)
    return CustomerMovements(
        total=_table(periods, counts.sum(axis=1, keepdims=True)),
        groups=groups.add_column(0, "group", pa.array(named, pa.string())),
        grain=grain,
        as_of=dataset.as_of,
        notes=(*_notes(chosen, periods), *chosen.notes),
        sql=sql,
    )


def _table(periods: Periods, counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> pa.Table:
    new, retained, resurrected, dormant = (count.ravel() for count in counts)
    return pa.table(
        {
            **periods.columns(counts.shape[1]),
            "active": new + retained + resurrected,
            "new": new,
            "retained": retained,
            "resurrected": resurrected,
            "dormant": dormant,
            "net": new + resurrected - dormant,
        }
    )


def _notes(chosen: Movers, periods: Periods) -> list[str]:
    first = periods.table["label"][0].as_py()
    return [
        f"Whoever ordered before the data begin counts as new in {first} or later.",
        *periods.notes(chosen.dataset.as_of),
    ]
