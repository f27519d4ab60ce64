"""The same money spent on keeping customers and on winning new ones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retention_kit.planning.comparison_result import Comparison, Likely, likely
from retention_kit.planning.customer_base import CustomerBase, targeted_shares
from retention_kit.planning.flows import discount_factors
from retention_kit.planning.forecast_error import ForecastError

__all__ = ["BudgetUse", "KeepingCost", "budget_use", "keeping_cost", "new_customer_value"]

Floats = NDArray[np.float64]
GUIDES_RATIO = 5.0  # "acquiring a customer costs five times as much as keeping one"


@dataclass(frozen=True, eq=False)
class BudgetUse:
    """What the programme's budget brings, and what it would bring if it bought new customers today.

    Attributes
    ----------
    budget : float
        What the programme costs, in money of today.
    by_programme : Likely
        Gross margin gained by the programme, before its cost.
    by_acquisition : Likely or None
        Gross margin of the customers that the budget would buy, over the same horizon; None where that
        cannot be said, and ``reason`` says why.
    customers : float or None
        How many it would buy.
    reason : str
    """

    budget: float
    by_programme: Likely
    by_acquisition: Likely | None
    customers: float | None
    reason: str


@dataclass(frozen=True, eq=False)
class KeepingCost:
    """What it costs to keep one customer, beside what it costs to win one.

    Attributes
    ----------
    kept : Likely
        Customers who are active at the horizon and would not be without the programme.
    per_kept : float or None
        Cost of the programme per customer kept.
    per_new : float or None
        Acquisition cost.
    ratio : float or None
        ``per_new / per_kept``; guides say 5.
    reason : str
        Why something is missing.
    """

    kept: Likely
    per_kept: float | None
    per_new: float | None
    ratio: float | None
    reason: str


def new_customer_value(base: CustomerBase, comparison: Comparison) -> Floats:
    """Return the gross margin of one customer acquired today, over the horizon, by draw.

    The first purchase (or month) counts; acquisition cost does not.
    """
    levers = comparison.scenario
    months = int(levers.horizon_months)
    revenue = base.revenue_of_new(months, np.zeros(1))
    return np.asarray(levers.margin * (revenue @ discount_factors(levers.discount_rate, months)))


def budget_use(
    base: CustomerBase, comparison: Comparison, *, back_test: ForecastError | None = None
) -> BudgetUse:
    """Return what the scenario's budget brings, spent on the programme and on acquisition.

    Parameters
    ----------
    base : CustomerBase
        The customers.
    comparison : Comparison
        From `compare`; a change of its acquisition is left out.
    back_test : ForecastError, optional
        As given to `compare`.
    """
    rows = [row for row in comparison.segments if row.segment != "new customers"]
    budget = sum(row.cost for row in rows)
    values = sum((row.gain.values for row in rows[:-1]), np.zeros(1))
    gain = likely(values, level=comparison.level)
    cost = comparison.scenario.acquisition_cost
    if budget <= 0:
        return BudgetUse(
            budget, gain, None, None, "The programme costs nothing, so there is no budget to compare."
        )
    if not cost:
        return BudgetUse(budget, gain, None, None, "What a new customer costs is not known.")
    ratios = np.ones(1) if back_test is None else back_test.ratios(comparison.scenario.horizon_months)
    number = budget / cost
    bought = np.multiply.outer(ratios, number * new_customer_value(base, comparison)).ravel()
    return BudgetUse(budget, gain, likely(bought, level=comparison.level), number, "")


def keeping_cost(base: CustomerBase, comparison: Comparison) -> KeepingCost:
    """Return what the programme costs per customer kept, beside the cost of a new one."""
    levers = comparison.scenario
    months = int(levers.horizon_months)
    reached = targeted_shares(base, levers)
    saved = np.array([levers.expected_saved_share])
    kept = (
        base.kept(months, saved, levers.frequency) - base.kept(months, np.zeros(1), levers.frequency)
    ) @ reached
    spread = likely(kept, level=comparison.level)
    spent = sum(row.cost for row in comparison.segments if row.segment != "new customers")
    per_new = levers.acquisition_cost
    if spread.value <= 0:
        return KeepingCost(spread, None, per_new, None, "The scenario keeps nobody who would have left.")
    if spent <= 0:
        return KeepingCost(spread, 0.0, per_new, None, "The programme costs nothing.")
    per_kept = spent / spread.value
    if not per_new:
        return KeepingCost(spread, per_kept, per_new, None, "What a new customer costs is not known.")
    return KeepingCost(spread, per_kept, per_new, per_new / per_kept, "")
