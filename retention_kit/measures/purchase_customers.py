"""Purchase histories customer by customer, and purchases week by week."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.data.dataset import Dataset
from retention_kit.data.engine import quote
from retention_kit.data.purchase_statements import MONEY_UNITS, purchases_by_day
from retention_kit.errors import DataError, ParameterError
from retention_kit.measures.counting import key
from retention_kit.measures.purchase_rows import UNIT_DAYS, Unit
from retention_kit.measures.purchase_selection import PurchaseSelection

__all__ = ["PurchaseTracking", "purchase_customers", "purchase_tracking"]

Ints = NDArray[np.int64]
_BUCKETS = 100


@dataclass(frozen=True, eq=False)
class PurchaseTracking:
    """New customers and repeat purchases per week, counted from the first day of all.

    Attributes
    ----------
    first_day : date
        First day of the first week.
    weeks : ndarray of int
        1, 2, ...: weeks that are over at the as-of date.
    purchases, cumulative : ndarray of int
        Repeat purchase days in each week, and up to its end.
    started_days : ndarray of int
        Days after ``first_day`` on which customers first bought.
    new_customers : ndarray of int
        How many they were.
    """

    first_day: date
    weeks: Ints
    purchases: Ints
    cumulative: Ints
    started_days: Ints
    new_customers: Ints


def purchase_customers(
    dataset: Dataset,
    *,
    segment: str = "",
    breakdown: str = "",
    calibration_end: date | None = None,
    unit: Unit = "week",
    largest: int = 1_000_000,
) -> Iterator[pa.Table]:
    """Return the histories customer by customer, some at a time.

    Parameters
    ----------
    dataset, segment, breakdown, calibration_end, unit
        As for `purchase_summary`.
    largest : int
        About how many customers to return at a time.

    Yields
    ------
    pyarrow.Table
        ``customer_id``, ``group`` (value of the breakdown), ``first_day``, ``frequency``, ``recency_weeks``
        and ``age_weeks`` (or ``_days``), ``spend``, ``margin``, ``later_purchases``, ``later_spend``; in the
        order of the ids. Money is missing where it is not known.

    Raises
    ------
    ParameterError, ColumnError, DataError
        As `purchase_summary`, and when the number of customers is none.
    """
    if largest < 1:
        raise ParameterError(f"largest={largest} is not allowed.", todo="Choose 1 or more.")
    asked = PurchaseSelection.of(dataset, segment, breakdown, calibration_end, unit)
    chunks = min(-(-dataset.accounting.customers // largest), _BUCKETS) if dataset.accounting else 1
    return _chunks(asked, chunks)


def purchase_tracking(dataset: Dataset, *, segment: str = "") -> PurchaseTracking:
    """Return new customers and repeat purchases by week, to hold a model's curve against.

    Parameters
    ----------
    dataset : Dataset
        An open dataset with orders.
    segment : str
        As for `purchase_summary`.

    Returns
    -------
    PurchaseTracking
        Up to the last whole week before the as-of date.

    Raises
    ------
    ColumnError, DataError
        As `purchase_summary`.
    """
    asked = PurchaseSelection.of(dataset, segment, "", None, "week")

    def statement(value: str) -> str:
        condition = asked.condition(value)
        return purchases_by_day(days=asked.days, condition=condition, segments=bool(condition))

    found, _ = asked.run(statement)
    if not found.num_rows:
        raise DataError("No customer is left with this selection.", todo="Widen segment.")
    days = found["ordered_day"].to_numpy().astype("datetime64[D]").astype(np.int64)
    first = int(days.min())
    counts = np.zeros((2, int(days.max()) - first + 1), dtype=np.int64)
    counts[:, days - first] = [found["new_customers"].to_numpy(), found["repeat_purchases"].to_numpy()]
    start = date(1970, 1, 1) + timedelta(days=first)
    weeks = ((dataset.as_of - start).days + 1) // 7
    padded = np.zeros(max(weeks * 7, counts.shape[1]), dtype=np.int64)
    padded[: counts.shape[1]] = counts[1]
    purchases = padded[: weeks * 7].reshape(weeks, 7).sum(axis=1)
    began = np.flatnonzero(counts[0])
    return PurchaseTracking(
        start, np.arange(1, weeks + 1), purchases, np.cumsum(purchases), began, counts[0, began]
    )


def _chunks(asked: PurchaseSelection, chunks: int) -> Iterator[pa.Table]:
    data, breakdown = asked.chosen.dataset, asked.chosen.breakdown
    edges = [round(_BUCKETS * part / chunks) for part in range(chunks + 1)]
    money = {
        "spend": ("spend_units", data.has_amount),
        "margin": ("margin_units", data.has_margin),
        "later_spend": ("later_units", data.has_amount),
    }
    sums = {
        name: f"CAST({column} AS DOUBLE) / {MONEY_UNITS}" if known else "CAST(NULL AS DOUBLE)"
        for name, (column, known) in money.items()
    }
    times = ", ".join(
        f"CAST({name}_days AS DOUBLE) / {UNIT_DAYS[asked.unit]} AS {name}_{asked.unit}s"
        for name in ("recency", "age")
    )
    columns = (
        f"customer_id, {key(breakdown)} AS {quote('group')}, first_day, frequency, {times}, "
        f"{sums['spend']} AS spend, {sums['margin']} AS margin, later_purchases, "
        f"{sums['later_spend']} AS later_spend"
    )
    for low, high in pairwise(edges):
        more = f"f.bucket >= {low} AND f.bucket < {high}" if chunks > 1 else ""

        def statement(value: str, more: str = more) -> str:
            return f"SELECT {columns} FROM (\n{asked.histories(value, more)}\n) AS h ORDER BY customer_id"

        found, _ = asked.run(statement)
        if found.num_rows:
            yield found
