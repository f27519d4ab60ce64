"""What a lifetime value is: forecasts with their intervals, and all that was assumed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from retention_kit.planning.concentration import Concentration, concentration, distribution, quantiles
from retention_kit.planning.predictive import Estimate

if TYPE_CHECKING:
    from retention_kit.planning.valued_customers import ValuedCustomers
    from retention_kit.planning.worth import Worth

__all__ = ["LifetimeValue", "Payback"]


@dataclass(frozen=True)
class Payback:
    """When what a new customer brings in has made up for winning it.

    Attributes
    ----------
    acquisition_cost : float
        Mean cost of a customer won, in currency.
    customers : int
        Customers whose cost is known.
    month, month_low, month_high : int or None
        First month in which the discounted value reaches the cost, by the forecast and by the upper and the
        lower end of its interval; None beyond the horizon.
    ratio : float or None
        Value of a new customer over the horizon, over its cost; None where it costs nothing.
    sentence : str
        The finding in words.
    """

    acquisition_cost: float
    customers: int
    month: int | None
    month_low: int | None
    month_high: int | None
    ratio: float | None
    sentence: str


@dataclass(frozen=True, eq=False)
class LifetimeValue:
    """What today's customers are worth from now on: discounted gross margin over a horizon.

    Margin of a month falls at its end; a month is 1/12 year; the first month is discounted once. What it
    cost to win the customers is apart. Intervals are predictive: parameters, chance, and the errors of
    earlier forecasts on the same data.

    Attributes
    ----------
    kind : {"purchases", "contracts"}
        Whether customers buy now and then, or pay until they cancel.
    title, model_reason : str
        What people call the model, and why it was chosen, in words.
    customers : int
        How many are valued.
    as_of : date
        Last day counted; values are from the day after.
    currency : str
        ISO code; empty for none, or where purchases are counted.
    horizon_months : int
        Over how many months.
    level : float
        Confidence level.
    measures : {"margin", "revenue", "purchases"}
        What a value is: purchases where there are no amounts, revenue where no margin is known.
    margin_share : float
        Gross margin as a share of revenue; 1 where that is not known.
    margin_source : {"given", "dataset", "revenue"}
        Where it comes from.
    discount_rate : float
        Per year.
    discount_source : {"given", "dataset", "assumed"}
        Where it comes from.
    total, per_customer : Estimate
        Value of all, and mean per customer.
    sources : pyarrow.Table
        What each source of uncertainty alone leaves open of the total, as `Outcomes.sources` says.
    groups, cohorts : pyarrow.Table
        ``group`` (or ``cohort``, ``cohort_starts_on``), ``customers``, ``value``, ``ci_low``, ``ci_high``,
        ``value_per_customer``, ``per_customer_ci_low``, ``per_customer_ci_high``, ``expected_purchases``
        (missing for contracts), ``share_of_value``.
    curve, curve_of_new : pyarrow.Table
        ``month``, ``value_per_customer`` up to it, ``ci_low``, ``ci_high``: of today's customers, and of a
        new one with its first order in month 0.
    payback : Payback or None
        None where no acquisition cost is known.
    grid : pyarrow.Table
        ``frequency``, ``recency_weeks``, ``silence_weeks``, ``age_weeks`` (the same for all),
        ``probability_alive``, ``expected_purchases``, ``customers``; no rows for contracts.
    shortcuts : pyarrow.Table
        ``name``, ``value_per_customer``, ``gap`` (over the model's, less 1), ``formula``.
    probability_alive_mean : float or None
        None where it must not be taken for the share of active customers.
    expected_purchases : float or None
        Of all over the horizon; None for contracts.
    spend_correlation : float or None
        Between frequency and mean spend.
    notes : tuple of str
        What a reader has to know.
    sql : str
        The statement behind the histories.
    params : mapping
        What was asked for.
    """

    kind: Literal["purchases", "contracts"]
    title: str
    model_reason: str
    customers: int
    as_of: date
    currency: str
    horizon_months: int
    level: float
    measures: Literal["margin", "revenue", "purchases"]
    margin_share: float
    margin_source: Literal["given", "dataset", "revenue"]
    discount_rate: float
    discount_source: Literal["given", "dataset", "assumed"]
    total: Estimate
    per_customer: Estimate
    sources: pa.Table = field(repr=False)
    groups: pa.Table = field(repr=False)
    cohorts: pa.Table = field(repr=False)
    curve: pa.Table = field(repr=False)
    curve_of_new: pa.Table = field(repr=False)
    payback: Payback | None
    grid: pa.Table = field(repr=False)
    shortcuts: pa.Table = field(repr=False)
    probability_alive_mean: float | None
    expected_purchases: float | None
    spend_correlation: float | None
    notes: tuple[str, ...]
    sql: str = field(repr=False)
    params: Mapping[str, Any] = field(repr=False)
    _worth: "Worth" = field(repr=False)
    _customers: "ValuedCustomers" = field(repr=False)

    @cached_property
    def distribution(self) -> pa.Table:
        """Customers by value: ``value_from``, ``value_to``, ``customers``, ``value``."""
        return distribution(self._worth.entry_values * self.margin_share, self._worth.entry_customers)

    @cached_property
    def quantiles(self) -> pa.Table:
        """Value that a share of the customers does not exceed: ``share_of_customers``, ``value``."""
        return quantiles(self._worth.entry_values * self.margin_share, self._worth.entry_customers)

    @cached_property
    def concentration(self) -> Concentration:
        """Who holds the value."""
        return concentration(self._worth.entry_values, self._worth.entry_customers)

    def top(self, n: int = 100) -> pa.Table:
        """Return the customers who are worth most.

        Parameters
        ----------
        n : int
            How many.

        Returns
        -------
        pyarrow.Table
            ``customer_id``, ``group`` (with a breakdown), ``frequency``, ``recency_weeks``, ``age_weeks``,
            ``probability_alive``, ``expected_purchases``, ``expected_spend`` (per purchase), ``value``,
            ``value_if_active``, ``value_at_risk``. No rows for contracts.

        Raises
        ------
        ParameterError
            When the number is none.
        """
        return self._customers.listed(self, n, by="value")

    def fading(self, n: int = 100) -> pa.Table:
        """Return the customers who are slipping away, those with the most value at risk first.

        Value at risk is what a customer would be worth if still active, times the chance that it is not.
        Listed is who is there with a chance of 20 % or more, after it has fallen by 10 points or more since
        the last purchase: of the others, either most have gone, or no silence tells of leaving.

        Parameters and columns are those of `top`.
        """
        return self._customers.listed(self, n, by="value_at_risk")
