"""A scenario against the status quo: what it brings and costs, how sure that is, and when it pays back."""

from dataclasses import dataclass, replace
from math import fsum

import numpy as np
from numpy.typing import NDArray

from retention_kit import formats
from retention_kit.errors import ParameterError
from retention_kit.planning.break_even import break_even
from retention_kit.planning.comparison_result import Comparison, Likely, Payback, SegmentChange, likely
from retention_kit.planning.customer_base import CustomerBase, targeted_retention, targeted_shares
from retention_kit.planning.flows import Flows, flows
from retention_kit.planning.forecast_error import ForecastError, quantiles_of_triangle
from retention_kit.planning.levers import Levers

__all__ = ["change_by_draw", "compare", "same_valuation"]

Floats = NDArray[np.float64]


def compare(
    base: CustomerBase,
    scenario: Levers,
    *,
    status_quo: Levers | None = None,
    back_test: ForecastError | None = None,
    level: float = 0.95,
) -> Comparison:
    """Return what a scenario changes against the status quo.

    Parameters
    ----------
    base : CustomerBase
        The customers.
    scenario : Levers
        Where the levers stand in the scenario.
    status_quo : Levers, optional
        Where they stand without it; as observed in the data if missing.
    back_test : ForecastError, optional
        How far forecasts have been off; without it no probability is given.
    level : float
        Confidence level of the intervals, between 0 and 1.

    Returns
    -------
    Comparison

    Raises
    ------
    ParameterError
        There is no such segment, contracts are asked for a change of frequency, more or fewer customers
        are acquired at a cost that is not known, or the level is none.
    """
    if not 0 < level < 1:
        raise ParameterError(f"level={level!r} is no confidence level.", todo="Choose one between 0 and 1.")
    quo = same_valuation(base.start if status_quo is None else status_quo, scenario)
    if scenario.acquisition_per_month != quo.acquisition_per_month and scenario.acquisition_cost is None:
        raise ParameterError(
            f"acquisition_per_month={scenario.acquisition_per_month!r} moves the number of new customers, "
            "and what one costs is not known.",
            todo="Give acquisition_cost (money per new customer).",
        )
    after, before = _drawn(base, scenario), _drawn(base, quo)
    ratios = np.ones(1) if back_test is None else back_test.ratios(scenario.horizon_months)
    spread = _Spread(ratios, level)
    gains, of_new, costs, cost_of_new, fixed = change_by_draw(after, before)
    rows = _segments(base, scenario, spread, gains, of_new, costs, cost_of_new, fixed)
    gain_by_draw, cost_by_draw = gains.sum(axis=1) + of_new, costs.sum(axis=1) + cost_of_new + fixed
    cost = fsum(row.cost for row in rows)
    gain = spread.of(gain_by_draw, mean=fsum(row.gain.value for row in rows))
    npv = spread.of(gain_by_draw, less=cost_by_draw, mean=fsum(row.npv for row in rows))
    one = 1 / base.customers.sum()
    clv_before, clv_after = (
        spread.of(one * (each.margin.sum(axis=1) @ each.discount)) for each in (before, after)
    )
    probability, reason = _probability(npv, gain_by_draw, cost_by_draw, back_test, scenario)
    came, paid = _cumulative(after, before)
    paths = spread.paths(came, paid)
    tails = ((1 - level) / 2, (1 + level) / 2)
    cumulative = (came - paid).mean(axis=0)
    cumulative_low, cumulative_high = np.quantile(paths, tails, axis=1)
    return Comparison(
        scenario=scenario,
        status_quo=quo,
        customers=float(base.customers.sum()),
        targeted=float(targeted_shares(base, scenario) @ base.customers),
        yearly_retention=targeted_retention(base, scenario),
        retention_saved=targeted_retention(base, scenario, saved_share=scenario.saved_share),
        clv_before=clv_before,
        clv_after=clv_after,
        clv_change=spread.of(one * gains.sum(axis=1)),
        gain=gain,
        cost=cost,
        npv=npv,
        roi=spread.of(gain_by_draw / cost, less=cost_by_draw / cost, mean=npv.value / cost)
        if cost > 0
        else None,
        probability=probability,
        reason=reason,
        break_even=break_even(base, scenario, quo, gain=gain.value, cost=cost),
        payback=_payback(cumulative, paths, tails),
        cumulative=cumulative,
        cumulative_low=cumulative_low,
        cumulative_high=cumulative_high,
        segments=rows,
        level=level,
        notes=_notes(base, scenario, back_test),
    )


def same_valuation(status_quo: Levers, scenario: Levers) -> Levers:
    """Return the status quo valued as the scenario is: rate, horizon, and a cost that only it knows."""
    known = status_quo.acquisition_cost
    return replace(
        status_quo,
        discount_rate=scenario.discount_rate,
        horizon_months=scenario.horizon_months,
        acquisition_cost=scenario.acquisition_cost if known is None else known,
    )


def change_by_draw(after: Flows, before: Flows) -> tuple[Floats, Floats, Floats, Floats, float]:
    """Return changes in value: margin by draw and segment, of new customers, and costs likewise."""
    discount = after.discount
    return (
        (after.margin - before.margin) @ discount,
        (after.margin_of_new - before.margin_of_new) @ discount,
        (after.programme - before.programme) @ discount,
        (after.acquisition - before.acquisition) @ discount,
        after.fixed - before.fixed,
    )


@dataclass(frozen=True, eq=False)
class _Spread:
    """Ratios of what comes to what is forecast, crossed with the draws."""

    ratios: Floats
    level: float

    def of(self, by_draw: Floats, *, less: Floats | float = 0.0, mean: float | None = None) -> Likely:
        values = (np.multiply.outer(self.ratios, by_draw) - less).ravel()
        return likely(values, level=self.level, mean=mean)

    def paths(self, came: Floats, paid: Floats) -> Floats:
        """Net gain up to each month in every future, shape (months + 1, futures)."""
        crossed = self.ratios[:, None] * came.T[:, None] - np.broadcast_to(paid, came.shape).T[:, None]
        return np.asarray(crossed.reshape(came.shape[1], -1))


def _drawn(base: CustomerBase, levers: Levers) -> Flows:
    """Flows with the saved share drawn from the triangle, one value per draw of the parameters."""
    order = np.random.default_rng(1).permutation(base.draws)
    chances = (order + 0.5) / base.draws
    low, likely, high = levers.uplift
    saved = np.array([likely]) if low == high else quantiles_of_triangle(low, likely, high, chances)
    return flows(base, levers, saved=saved)


def _segments(
    base: CustomerBase,
    scenario: Levers,
    spread: _Spread,
    gains: Floats,
    of_new: Floats,
    costs: Floats,
    cost_of_new: Floats,
    fixed: float,
) -> tuple[SegmentChange, ...]:
    reached = targeted_shares(base, scenario) * base.customers
    parts = [
        (name, float(base.customers[k]), float(reached[k]), gains[:, k], float(costs[:, k].mean()))
        for k, name in enumerate(base.segments)
    ]
    parts.append(("new customers", 0.0, 0.0, of_new, float(cost_of_new)))
    parts.append(("fixed cost", 0.0, 0.0, np.zeros(1), fixed))
    rows = []
    for name, customers, targeted, gain_by_draw, cost in parts:
        gain = spread.of(gain_by_draw)
        rows.append(SegmentChange(name, customers, targeted, gain, cost, gain.value - cost))
    return tuple(rows)


def _probability(
    npv: Likely, gains: Floats, costs: Floats, back_test: ForecastError | None, scenario: Levers
) -> tuple[float | None, str]:
    if not gains.any() and not np.any(costs):
        return None, "Nothing changes, so there is nothing that could pay."
    if back_test is None:
        return None, (
            "No back-tests at several earlier days say how far such forecasts are off, so no probability "
            "is given."
        )
    share = float((npv.values > 0).mean())
    if back_test.reaches(scenario.horizon_months):
        low, _, high = scenario.uplift
        saved = ", in the saved share" if low < high else ""
        return share, f"The futures differ in the parameters{saved} and in the errors of the back-test."
    tested = formats.plural(round(back_test.months[-1]), "month")
    return share, (
        f"Forecasts were tested up to {tested} ahead; beyond that they are taken to be off by as much as "
        "at the last, which is hopeful."
    )


def _cumulative(after: Flows, before: Flows) -> tuple[Floats, Floats]:
    """Discounted gains and costs up to each month, each of shape (draws, months + 1)."""
    came = (after.margin - before.margin).sum(axis=1) + after.margin_of_new - before.margin_of_new
    paid = (after.programme - before.programme).sum(axis=1) + after.acquisition - before.acquisition
    first = np.zeros(came.shape[-1])
    first[0] = after.fixed - before.fixed
    return np.cumsum(came * after.discount, axis=-1), np.cumsum((paid + first) * after.discount, axis=-1)


def _payback(mean: Floats, paths: Floats, tails: tuple[float, float]) -> Payback:
    found = _first_months(paths)
    low, high = np.quantile(found, tails, method="higher")
    month = _first_months(mean[:, None])[0]
    ends = [None if np.isinf(end) else int(end) for end in (month, low, high)]
    return Payback(ends[0], ends[1], ends[2], float(np.isfinite(found).mean()))


def _first_months(nets: Floats) -> Floats:
    """The first month from which on the net stays at least 0; infinite where the last is below."""
    below = nets[::-1] < 0
    last = nets.shape[0] - np.argmax(below, axis=0)
    return np.where(below.any(axis=0), np.where(below[0], np.inf, last), 0.0)


def _notes(base: CustomerBase, scenario: Levers, back_test: ForecastError | None) -> tuple[str, ...]:
    notes = [
        "The programme reaches the targeted share of today's customers; new customers come untouched by it.",
        "Gains are gross margin at the end of each month, discounted at the yearly rate.",
    ]
    low, _, high = scenario.uplift
    if low != high:
        notes.append("The saved share is drawn from a triangular distribution from low over likely to high.")
    if back_test is None:
        notes.append("Without a back-test the intervals hold the parameters and the saved share only.")
    if scenario.programme_cost_per_month and base.kind == "purchases":
        notes.append("The monthly cost is paid for every targeted customer: nobody can tell who has left.")
    return tuple(notes)
