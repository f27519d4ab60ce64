"""Where levers stand in the data before anything is changed, and what says so."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retention_kit import formats
from retention_kit.data.dataset import Dataset
from retention_kit.measures.contract_holders import acquisition_cost
from retention_kit.measures.purchase_summary import PurchaseSummary
from retention_kit.planning.levers import Levers

__all__ = ["UNKNOWN_MARGIN", "margin_of", "new_per_month", "start_of", "stated_margin"]

UNKNOWN_MARGIN = "not known: revenue counts in its place, or the margin that is set"
_DISCOUNT_RATE = 0.1  # a year, where the dataset sets none
_YEAR_DAYS = 365


def start_of(
    dataset: Dataset, basis: Literal["orders", "subscriptions"], margin: float, of_margin: str, volume: float
) -> tuple[Levers, dict[str, str]]:
    """Return where the levers stand in the data, and by lever what says so."""
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
        margin=margin,
        discount_rate=_DISCOUNT_RATE if rate is None else float(rate),
        acquisition_cost=cost,
        acquisition_per_month=volume,
    )
    return levers, sources


def margin_of(dataset: Dataset, summary: PurchaseSummary) -> tuple[float, str]:
    """Return the gross margin of repeat purchases as a share of revenue, and what says so."""
    earned, spent = float(summary.rows.margin.sum()), float(summary.rows.spend.sum())
    mapped = dataset.config.orders is not None and bool(dataset.config.orders.columns.margin)
    if summary.has_margin and mapped and earned > 0:
        return min(earned / spent, 1.0), "of revenue from repeat purchases"
    return stated_margin(dataset)


def stated_margin(dataset: Dataset) -> tuple[float, str]:
    """Return the margin that the dataset file states, and that it does; revenue counts without one."""
    if dataset.config.margin is not None:
        return float(dataset.config.margin), "as the dataset file says"
    return 1.0, UNKNOWN_MARGIN


def new_per_month(days_ago: NDArray[np.int64], customers: NDArray[np.int64]) -> float:
    """Return new customers a month, over the last year, or since the first of all where that is less."""
    days = min(int(days_ago.max()) + 1, _YEAR_DAYS)
    return float(customers[days_ago < days].sum()) / (12 * days / _YEAR_DAYS)
