"""Where levers stand in the data before anything is changed, and what says so."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retention_kit import formats
from retention_kit.data.config import ASSUMED_DISCOUNT_RATE
from retention_kit.data.dataset import Dataset
from retention_kit.measures.contract_holders import acquisition_cost
from retention_kit.measures.purchase_summary import PurchaseSummary
from retention_kit.planning.levers import Levers

__all__ = ["UNKNOWN_MARGIN", "known_margin", "new_per_month", "start_of"]

UNKNOWN_MARGIN = "not known: revenue counts in its place, or the margin that is set"
_YEAR_DAYS = 365


def start_of(
    dataset: Dataset,
    basis: Literal["orders", "subscriptions"],
    margin: float | None,
    of_margin: str,
    volume: float,
) -> tuple[Levers, dict[str, str]]:
    """Return where the levers stand in the data, and by lever what says so.

    ``margin`` and ``of_margin`` are those of `known_margin`, ``volume`` is of new customers a month.
    """
    rate, found = dataset.config.discount_rate, acquisition_cost(dataset, basis=basis)
    cost, of_cost = None, "not known: map acquisition_cost in [customers.columns]"
    if found is not None and found[0] > 0:
        cost, of_cost = found[0], f"mean over {formats.plural(found[1], 'customer')} whose cost is known"
    sources = {
        "margin": of_margin,
        "discount_rate": "as the dataset file says" if rate is not None else "a convention",
        "horizon_months": "a convention",
        "acquisition_cost": of_cost,
        "acquisition_per_month": "first seen in the last twelve months",
    }
    levers = Levers(
        margin=1.0 if margin is None else margin,  # revenue counts in its place
        discount_rate=ASSUMED_DISCOUNT_RATE if rate is None else float(rate),
        acquisition_cost=cost,
        acquisition_per_month=volume,
    )
    return levers, sources


def known_margin(dataset: Dataset, summary: PurchaseSummary | None = None) -> tuple[float | None, str]:
    """Return gross margin as a share of revenue, and what says so.

    Parameters
    ----------
    dataset : Dataset
        The data.
    summary : PurchaseSummary, optional
        Purchase histories, where orders count; the margin is then that of repeat purchases, if it is mapped.

    Returns
    -------
    tuple of (float or None, str)
        Above 0 and up to 1; None where neither the orders nor the dataset file say.
    """
    orders = dataset.config.orders
    if summary is not None and orders is not None and orders.columns.margin:
        spent, earned = float(summary.rows.spend.sum()), float(summary.rows.margin.sum())
        if spent > 0 and earned > 0:
            return min(earned / spent, 1.0), "of revenue from repeat purchases"
    stated = dataset.config.margin
    return (None, UNKNOWN_MARGIN) if stated is None else (float(stated), "as the dataset file says")


def new_per_month(days_ago: NDArray[np.int64], customers: NDArray[np.int64]) -> float:
    """Return new customers a month, over the last year, or since the first of all where that is less."""
    days = min(int(days_ago.max()) + 1, _YEAR_DAYS)
    return float(customers[days_ago < days].sum()) / (12 * days / _YEAR_DAYS)
