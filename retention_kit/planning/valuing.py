"""From fitted customers to a lifetime value: one horizon, margin and rate at a time."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit import formats
from retention_kit.models.purchase_value import discount_factors
from retention_kit.planning.alive_grid import NO_GRID, alive_grid, alive_mean
from retention_kit.planning.lifetime_result import LifetimeValue, Payback
from retention_kit.planning.predictive import Estimate, Outcomes, outcomes_of
from retention_kit.planning.shortcuts import shortcuts
from retention_kit.planning.value_rows import ValueRows

if TYPE_CHECKING:
    from retention_kit.planning.valued_customers import ValuedCustomers

__all__ = ["Terms", "valued"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Terms:
    """Horizon in months, margin and yearly discount rate with where they come from, and the level."""

    months: int
    margin_share: float
    margin_source: Any
    discount_rate: float
    discount_source: Any
    level: float


def valued(customers: "ValuedCustomers", terms: Terms) -> LifetimeValue:
    """Return the value of customers on these terms."""
    rows, share = customers.rows, terms.margin_share
    discount = discount_factors(terms.months, annual_rate=terms.discount_rate)
    worth = rows.worth(discount)
    outcomes = outcomes_of(
        rows.drawn.draws, level=terms.level, errors=customers.forecast_error, months=terms.months
    )
    people, revenue, purchases, variance = worth.by_cohort.sum(axis=1)
    chance = float(np.sqrt(variance)) * share
    value = float(revenue) * share
    sums = np.cumsum(worth.monthly * discount) * share
    ratios = rows.drawn.total_around(sums / share, discount) * share
    low, high = (
        float(end[0]) for end in outcomes.interval(np.array([value]), ratios[:, -1:], np.array([chance]))
    )
    drawn = rows.drawn
    by_group = _parts(worth.by_group, drawn.around(worth.by_group[1], discount), share, outcomes)
    by_cohort = _parts(
        worth.by_cohort, drawn.around(worth.by_cohort[1], discount, cohorts=True), share, outcomes
    )
    new = _of_new(customers, discount, terms)
    per_customer = value / float(people)
    buys = isinstance(rows, ValueRows)
    return LifetimeValue(
        kind=customers.kind,
        title=customers.fit.title,
        model_reason=customers.model_reason,
        customers=int(people),
        as_of=customers.dataset.as_of,
        currency=customers.dataset.currency if customers.has_amount else "",
        horizon_months=terms.months,
        level=terms.level,
        measures=_measures(customers, terms),
        margin_share=share,
        margin_source=terms.margin_source,
        discount_rate=terms.discount_rate,
        discount_source=terms.discount_source,
        total=Estimate(value, low, high),
        per_customer=Estimate(per_customer, low / float(people), high / float(people)),
        sources=outcomes.sources(value, ratios[:, -1], chance),
        groups=pa.table({"group": pa.array(rows.groups, pa.string()), **by_group}),
        cohorts=pa.table(
            {
                "cohort": pa.array(rows.cohorts, pa.string()),
                "cohort_starts_on": pa.array(rows.cohort_starts, pa.date32()),
                **by_cohort,
            }
        ),
        curve=_curve(sums, ratios, chance, float(people), outcomes),
        curve_of_new=new,
        payback=_payback(customers, new, terms),
        grid=alive_grid(rows, terms.months) if isinstance(rows, ValueRows) else NO_GRID,
        shortcuts=shortcuts(
            customers.averages,
            margin_share=share,
            discount_rate=terms.discount_rate,
            months=terms.months,
            model_value=per_customer,
        ),
        probability_alive_mean=alive_mean(rows) if isinstance(rows, ValueRows) else None,
        expected_purchases=float(purchases) if buys else None,
        spend_correlation=_correlation(customers),
        notes=(*customers.notes, *_notes(customers, terms)),
        sql=customers.sql,
        params=MappingProxyType(
            {
                **customers.params,
                "horizon": terms.months,
                "margin": terms.margin_share,
                "discount_rate": terms.discount_rate,
                "level": terms.level,
            }
        ),
        _worth=worth,
        _customers=customers,
    )


def _measures(customers: "ValuedCustomers", terms: Terms) -> Any:
    if not customers.has_amount:
        return "purchases"
    return "revenue" if terms.margin_source == "revenue" else "margin"


def _correlation(customers: "ValuedCustomers") -> float | None:
    found = customers.spend.frequency_correlation if customers.spend is not None else float("nan")
    return found if np.isfinite(found) else None


def _notes(customers: "ValuedCustomers", terms: Terms) -> list[str]:
    notes = []
    if terms.margin_source == "revenue" and customers.has_amount:
        where = "map margin in [orders.columns], or set" if customers.kind == "purchases" else "set"
        notes.append(f"No margin is known, so values are revenue, not margin: {where} margin.")
    if terms.discount_source == "assumed":
        notes.append(
            f"The dataset states no discount_rate; {terms.discount_rate * 100:g} % a year is assumed."
        )
    error = customers.forecast_error
    if error is not None and not error.reaches(terms.months):
        tested = formats.plural(round(error.months[-1]), "month")
        notes.append(
            f"Forecasts on these data were tested up to {tested} ahead; beyond, "
            f"to {terms.months} months, their error is taken to stay as it was there."
        )
    return notes


def _parts(columns: Floats, drawn: Floats, share: float, outcomes: Outcomes) -> dict[str, Any]:
    people, revenue, purchases, variance = columns
    value = revenue * share
    low, high = outcomes.interval(value, drawn * share, np.sqrt(variance) * share)
    number, total = np.where(people > 0, people, 1.0), value.sum()
    return {
        "customers": people.astype(np.int64),
        "value": value,
        "ci_low": low,
        "ci_high": high,
        "value_per_customer": value / number,
        "per_customer_ci_low": low / number,
        "per_customer_ci_high": high / number,
        "expected_purchases": pa.array(purchases, mask=np.isnan(purchases)),
        "share_of_value": value / total if total > 0 else np.zeros(value.size),
    }


def _curve(sums: Floats, drawn: Floats, chance: float, people: float, outcomes: Outcomes) -> pa.Table:
    # Chance grows about as purchases do: its variance is in proportion to what is expected so far.
    part = np.sqrt(sums / sums[-1]) if sums[-1] > 0 else np.zeros(sums.size)
    low, high = outcomes.interval(sums, drawn, chance * part)
    return pa.table(
        {
            "month": np.arange(sums.size + 1),
            **{
                name: np.append(0.0, ends) / people
                for name, ends in (("value_per_customer", sums), ("ci_low", low), ("ci_high", high))
            },
        }
    )


def _of_new(customers: "ValuedCustomers", discount: Floats, terms: Terms) -> pa.Table:
    flows = customers.rows.drawn.new[:, : terms.months + 1] * np.append(1.0, discount) * terms.margin_share
    sums = np.cumsum(flows, axis=1)
    value = sums[0]
    outcomes = outcomes_of(
        customers.rows.drawn.draws, level=terms.level, errors=customers.forecast_error, months=terms.months
    )
    # The first order is certain: only what comes after it can turn out otherwise.
    first, later = value[0], value - value[0]
    low, high = outcomes.interval(later, sums[1:] - sums[1:, :1], np.zeros(later.size))
    return pa.table(
        {
            "month": np.arange(value.size),
            "value_per_customer": value,
            "ci_low": first + low,
            "ci_high": first + high,
        }
    )


def _payback(customers: "ValuedCustomers", new: pa.Table, terms: Terms) -> Payback | None:
    if customers.cost is None or not customers.has_amount:
        return None
    cost, known = customers.cost
    columns = ("value_per_customer", "ci_high", "ci_low")
    months: list[int | None] = []
    for name in columns:
        reached = np.flatnonzero(new[name].to_numpy() >= cost)
        months.append(int(reached[0]) if reached.size else None)
    value = new["value_per_customer"][-1].as_py()
    currency = f" {customers.dataset.currency}".rstrip()
    told = f"A customer cost {cost:,.2f}{currency} to win on average (known for {known:,})"
    if months[0] is None:
        sentence = (
            f"{told}, which a new one does not bring in within {formats.plural(terms.months, 'month')}."
        )
    elif months[0] == 0:
        first = "order" if customers.kind == "purchases" else "month"
        sentence = f"{told}, which the first {first} brings in."
    else:
        sentence = f"{told}, which a new one has brought in after {formats.plural(months[0], 'month')}."
    likely, early, late = months
    return Payback(cost, known, likely, early, late, value / cost if cost > 0 else None, sentence)
