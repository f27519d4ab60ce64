"""The revenue bridge: from what there was to what there is, step by step, to the cent."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.data.calendar import Grain
from retention_kit.data.dataset import Dataset
from retention_kit.data.movement_statements import MOVES
from retention_kit.measures.counting import MONEY_UNITS
from retention_kit.measures.intervals import BUCKETS, jackknife
from retention_kit.measures.movement_counting import (
    Basis,
    Movers,
    Periods,
    decimals,
    flows_of,
    known,
    movers,
    periods_of,
    require_money,
    units,
)

__all__ = ["RevenueBridge", "revenue_bridge"]

_SIGNS = {"new": 1, "expansion": 1, "contraction": -1, "churn": -1, "reactivation": 1}

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RevenueBridge:
    """What came and went between the end of one period and the end of the next.

    Opening + new + expansion - contraction - churn + reactivation = closing, and closing is the next
    period's opening, in every row and to the last decimal.

    Attributes
    ----------
    steps : pyarrow.Table
        One row per period up to the one that holds the as-of date: ``period_index``, ``period``,
        ``starts_on``, ``ends_on`` (last day), ``status`` (``complete`` or ``partial``); in money
        (decimals) ``opening``, ``new``, ``expansion``, ``contraction``, ``churn``, ``reactivation``,
        ``closing``; and the customers behind each, ``opening_customers`` and so on.
    rates : pyarrow.Table
        One row per complete period with an opening: ``period_index``, ``period``, ``gross_churn_rate``
        ((churn + contraction) / opening), ``net_churn_rate`` (the same less expansion), each with
        ``_ci_low`` and ``_ci_high``.
    basis : {"subscriptions", "orders"}
        Whether revenue is the monthly amount at a period's end, or what was ordered in it.
    currency : str
        ISO code of the money; empty for none.
    grain : str
        Length of a period.
    as_of : date
        Last day counted.
    notes : tuple of str
        What a reader has to know.
    sql : str
        The statement that produced the sums, over the canonical tables.
    """

    steps: pa.Table
    rates: pa.Table
    basis: Basis
    currency: str
    grain: Grain
    as_of: date
    notes: tuple[str, ...]
    sql: str


def revenue_bridge(
    dataset: Dataset,
    *,
    grain: Grain = "month",
    basis: Basis = "subscriptions",
    segment: str = "",
    level: float = 0.95,
) -> RevenueBridge:
    """Say which customers' revenue came, grew, shrank, went and came back in each period.

    *subscriptions*: each customer's recurring revenue per month at the end of the period (of a running
    one, at the as-of date) against the end of the period before. It is the sum of the monthly amounts of
    the subscriptions that have started and not ended; a change of plan is expansion or contraction.
    *orders*: each customer's revenue in the period against the period before; whoever orders in one and not
    in the other has come or gone.
    New is the first time a customer has revenue (orders: has an order), reactivation any later time
    after a period without. The steps are sums over all customers and have no interval; the rates have
    that of the delete-a-group jackknife.

    Parameters
    ----------
    dataset : Dataset
        An open dataset; its as-of date is the last day counted.
    grain : str
        Length of a period.
    basis : {"subscriptions", "orders"}
        Whose revenue.
    segment : str
        Count only customers with this at their first order or subscription, ``attribute=value``.
    level : float
        Confidence level of the intervals.

    Raises
    ------
    ColumnError
        When an attribute does not exist.
    DataError
        When the dataset has no such table or no amounts, or no customer is selected.

    Examples
    --------
    >>> from retention_kit import open_dataset
    >>> found = revenue_bridge(open_dataset("cdnow"), grain="quarter", basis="orders").steps.to_pylist()[4]
    >>> [str(found[name]) for name in ("opening", "reactivation", "closing")]
    ['28109.2700', '8973.8200', '24886.5800']
    """
    chosen = movers(dataset, basis=basis, segment=segment, why="a revenue bridge")
    require_money(chosen, "revenue bridge")
    periods = periods_of(chosen.ledger, grain)
    columns = "period_index, bucket" + "".join(
        f", CAST(sum({name}) * {MONEY_UNITS} AS BIGINT) AS {name}, "
        f"CAST(sum({name}_customers) AS BIGINT) AS {name}_customers"
        for name in MOVES
    )
    rows, sql = chosen.rows(flows_of(chosen, periods), columns)
    place = units(rows["period_index"]), units(rows["bucket"])
    money, people = (_summed(rows, place, periods, suffix) for suffix in ("", "_customers"))
    return RevenueBridge(
        steps=_steps(periods, money, people),
        rates=_rates(periods, money, level),
        basis=basis,
        currency=dataset.currency,
        grain=grain,
        as_of=dataset.as_of,
        notes=(*_notes(chosen, periods), *chosen.notes),
        sql=sql,
    )


def _summed(rows: pa.Table, place: tuple[Ints, Ints], periods: Periods, suffix: str) -> dict[str, Ints]:
    """Each step per period and bucket, and what there was before and after it."""
    sums = {name: np.zeros((periods.count, BUCKETS), dtype=np.int64) for name in MOVES}
    for name, values in sums.items():
        np.add.at(values, place, units(rows[f"{name}{suffix}"]))
    # Customers whose revenue grows or shrinks remain, and are as many as before.
    moving = [name for name in MOVES if not suffix or name not in ("expansion", "contraction")]
    closing = np.cumsum(sum(_SIGNS[name] * sums[name] for name in moving), axis=0)
    opening = np.concatenate([np.zeros_like(closing[:1]), closing[:-1]])
    return {"opening": opening, **sums, "closing": closing}


def _steps(periods: Periods, money: dict[str, Ints], people: dict[str, Ints]) -> pa.Table:
    return pa.table(
        {
            **periods.columns(),
            **{name: decimals(values.sum(axis=1)) for name, values in money.items()},
            **{f"{name}_customers": values.sum(axis=1) for name, values in people.items()},
        }
    )


def _rates(periods: Periods, money: dict[str, Ints], level: float) -> pa.Table:
    opening = money["opening"].T
    gross = (money["churn"] + money["contraction"]).T
    shown = np.flatnonzero((opening.sum(axis=0) > 0) & (np.arange(periods.count) < periods.complete))
    keys = periods.columns()
    columns = {name: keys[name][shown] for name in ("period_index", "period")}
    for name, lost in (("gross_churn_rate", gross), ("net_churn_rate", gross - money["expansion"].T)):
        rate, *ends = jackknife(lost[:, shown], opening[:, shown], level=level)
        if name == "gross_churn_rate" and not np.any(money["opening"] < 0):
            ends = [np.clip(end, 0, 1) for end in ends]  # nobody can take more than there was
        for suffix, values in zip(("", "_ci_low", "_ci_high"), (rate, *ends), strict=True):
            columns[f"{name}{suffix}"] = known(values)
    return pa.table(columns)


def _notes(chosen: Movers, periods: Periods) -> list[str]:
    grain, dataset = periods.grain, chosen.dataset
    if chosen.basis == "orders":
        notes = [f"Revenue of each customer in a {grain} against the {grain} before."]
        if periods.complete < periods.count:
            notes.append(
                f"The {grain} that holds {dataset.as_of} is not over: against a whole {grain}, what is still "
                "to come looks like contraction and churn."
            )
        return notes
    notes = [f"Monthly amounts at the end of a {grain}: what comes and goes within it is not seen."]
    if dataset.config.grace_days:
        notes.append(
            f"A pause over the end of a {grain} is churn and then reactivation, also within grace_days = "
            f"{dataset.config.grace_days}: no revenue was due."
        )
    return notes + periods.notes(dataset.as_of)
