"""P(alive) and purchases to expect, against how often and how lately customers have bought."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.models.purchase_rows import MONTH_DAYS, UNIT_DAYS
from retention_kit.planning.value_rows import ValueRows

__all__ = ["NO_GRID", "alive_grid", "alive_mean"]

Floats = NDArray[np.float64]
_STEPS = 12  # of recency, from 0 to the age
_MOST = 12  # repeat purchases; more are left out
_COVERED = 0.99  # of the customers
_COLUMNS = {"frequency": pa.int64(), "recency_weeks": pa.float64(), "silence_weeks": pa.float64()}
_COLUMNS |= {"age_weeks": pa.float64(), "probability_alive": pa.float64()}
_COLUMNS |= {"expected_purchases": pa.float64(), "customers": pa.int64()}
NO_GRID = pa.schema(list(_COLUMNS.items())).empty_table()


def alive_mean(rows: ValueRows) -> float | None:
    """Return the mean chance to be there; None where the model holds customers there for certain.

    BG/NBD holds all who never bought again there, and a model in which nobody leaves holds everybody.
    """
    if not rows.fit.first or not rows.fit.a:
        return None
    return float(rows.customers @ rows.alive / rows.customers.sum())


def alive_grid(rows: ValueRows, months: int) -> pa.Table:
    """Return what is expected of customers of the typical age, by frequency and recency.

    The typical age is the median over customers. Recency goes from 0 to it in equal steps; customers are
    counted where the last purchase lies at that share of their own age.

    Parameters
    ----------
    rows : ValueRows
        The customers.
    months : int
        Horizon of the purchases.

    Returns
    -------
    pyarrow.Table
        As `LifetimeValue.grid`. Without a repeat purchase there is no recency but 0.
    """
    fit, people = rows.fit, rows.customers.astype(float)
    x, own_age = rows.pair_frequency[rows.pair], rows.pair_age[rows.pair]
    age = _quantile(own_age, people, 0.5)
    most = int(min(_MOST, max(1, _quantile(x.astype(float), people, _COVERED))))
    steps = np.arange(1, _STEPS + 1)
    frequency = np.concatenate([[0], np.repeat(np.arange(1, most + 1), _STEPS)])
    recency = np.concatenate([[0.0], np.tile(steps / _STEPS * age, most)])
    if not age > 0:
        frequency, recency = frequency[:1], recency[:1]
    ages = np.full(frequency.size, age)
    horizon = months * MONTH_DAYS / UNIT_DAYS[fit.unit]
    part = np.where(own_age > 0, rows.recency / np.where(own_age > 0, own_age, 1.0), 0.0)
    step = np.clip(np.ceil(part * _STEPS - 1e-9), 1, _STEPS).astype(np.int64)
    place = np.where(x == 0, 0, (x - 1) * _STEPS + step)
    counts = np.bincount(
        place[place < frequency.size], weights=people[place < frequency.size], minlength=frequency.size
    )
    return pa.table(
        {
            "frequency": frequency,
            "recency_weeks": recency,
            "silence_weeks": age - recency,
            "age_weeks": ages,
            "probability_alive": fit.probability_alive(frequency, recency, ages),
            "expected_purchases": fit.expected_purchases(horizon, frequency, recency, ages),
            "customers": counts.astype(np.int64),
        }
    )


def _quantile(values: Floats, people: Floats, share: float) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(people[order])
    return float(values[order][np.searchsorted(reached, share * reached[-1])])
