"""Contracts that run on the as-of date, and what customers cost to win."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.data.contract_statements import running_contracts as statement
from retention_kit.data.dataset import Dataset
from retention_kit.data.engine import literal
from retention_kit.measures.counting import key
from retention_kit.measures.movement_counting import movers
from retention_kit.measures.selecting import require_few

__all__ = ["RunningContracts", "acquisition_cost", "running_contracts"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RunningContracts:
    """Customers whose subscriptions run, one entry per group, first day, renewals and amount.

    Attributes
    ----------
    groups : tuple of str
        Values of the breakdown, in order; one empty name without.
    group : ndarray of int
        Position in ``groups``.
    began_days : ndarray of int
        Days from the first subscription of all to the as-of date.
    renewals : ndarray of int
        Whole periods since the spell that runs began.
    amount : ndarray
        What each pays per month; currency, 0 where that is not known.
    customers : ndarray of int
        How many.
    unknown : int
        Customers whose amount is not known.
    notes : tuple of str
        What a reader has to know.
    sql : str
        The statement.
    """

    groups: tuple[str, ...]
    group: Ints
    began_days: Ints
    renewals: Ints
    amount: Floats
    customers: Ints
    unknown: int
    notes: tuple[str, ...]
    sql: str


def running_contracts(
    dataset: Dataset,
    *,
    grain: Literal["month", "quarter", "year"] = "month",
    segment: str = "",
    breakdown: str = "",
) -> RunningContracts:
    """Return the contracts that run on the as-of date.

    Parameters
    ----------
    dataset : Dataset
        An open dataset with subscriptions.
    grain : {"month", "quarter", "year"}
        Time from one renewal to the next.
    segment, breakdown : str
        ``attribute=value`` at the first subscription, and attribute of the groups; empty for none.

    Returns
    -------
    RunningContracts
        Without entries where none runs.

    Raises
    ------
    DataError, ColumnError, ParameterError
        When there are no subscriptions, no such attribute, or too many groups.
    """
    chosen = movers(
        dataset, basis="subscriptions", segment=segment, breakdown=breakdown, why="values of contracts"
    )
    money = "monthly_amount" in dataset.columns("subscriptions")

    def sql(value: str) -> str:
        return statement(
            on=dataset.as_of,
            grace_days=dataset.config.grace_days,
            grain=grain,
            people=chosen.people,
            money=money,
            group=key(breakdown),
            condition=f"WHERE {key(chosen.wanted[0])} = {value}" if chosen.wanted else "",
        )

    found = chosen.ledger.query(sql("?"), [chosen.wanted[1]] if chosen.wanted else [])
    names = sorted(found["grp"].unique().to_pylist())
    require_few(breakdown, len(names))
    place = np.array([names.index(name) for name in found["grp"].to_pylist()], dtype=np.int64)
    began = found["began"].to_numpy().astype("datetime64[D]")
    days = (np.datetime64(dataset.as_of) - began).astype(np.int64)
    renewals, customers = (found[name].cast(pa.int64()).to_numpy() for name in ("renewals", "customers"))
    known = found["amount"].is_valid().to_numpy()
    amount = found["amount"].cast(pa.float64()).fill_null(0.0).to_numpy()
    order = np.lexsort((amount, renewals, days, place))
    told = sql(literal(chosen.wanted[1]) if chosen.wanted else "")
    return RunningContracts(
        groups=tuple(names),
        group=place[order],
        began_days=days[order],
        renewals=renewals[order],
        amount=np.maximum(amount[order], 0.0),
        customers=customers[order],
        unknown=int(customers[~known].sum()),
        notes=chosen.notes,
        sql=f"{chosen.ledger.script([chosen.people])}\n{told}",
    )


def acquisition_cost(
    dataset: Dataset, *, basis: Literal["orders", "subscriptions"], segment: str = ""
) -> tuple[float, int] | None:
    """Return what a customer cost to win on average, and of how many that is known; None where of nobody.

    Parameters
    ----------
    dataset : Dataset
        An open dataset.
    basis : {"orders", "subscriptions"}
        What makes customers.
    segment : str
        As for `running_contracts`.
    """
    if not dataset.has("customers") or "acquisition_cost" not in dataset.columns("customers"):
        return None
    chosen = movers(dataset, basis=basis, segment=segment, why="acquisition costs")
    where = f" AND {key(chosen.wanted[0])} = ?" if chosen.wanted else ""
    found = chosen.ledger.query(
        "SELECT count(*) AS customers, CAST(sum(k.acquisition_cost) AS DECIMAL(38, 4)) AS cost"
        f" FROM {chosen.people} AS p JOIN customers AS k ON k.customer_id = p.customer_id"
        f" WHERE k.acquisition_cost IS NOT NULL{where}",
        [chosen.wanted[1]] if chosen.wanted else [],
    ).to_pylist()[0]
    if not found["customers"]:
        return None
    return float(found["cost"]) / found["customers"], int(found["customers"])
