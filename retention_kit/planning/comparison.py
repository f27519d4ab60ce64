"""A scenario against the status quo: what it brings and costs, how sure that is, and when it pays back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import fsum

import numpy as np
from numpy.typing import NDArray

from retention_kit.errors import ParameterError
from retention_kit.planning.break_even import break_even
from retention_kit.planning.comparison_result import Comparison, Likely, Payback, SegmentChange, likely
from retention_kit.planning.customer_base import CustomerBase, targeted_shares
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
    probability, reason = _probability(npv, gain_by_draw, cost_by_draw, back_test, scenario.horizon_months)
    paths = _cumulative(after, before)
    return Comparison(
        scenario=scenario,
        status_quo=quo,
        customers=float(base.customers.sum()),
        targeted=float(targeted_shares(base, scenario) @ base.customers),
        yearly_retention=base.yearly_retention,
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
        payback=_payback(paths, spread),
        cumulative=(paths[0] - paths[1]).mean(axis=0),
        cumulative_low=spread.path(paths, (1 - level) / 2),
        cumulative_high=spread.path(paths, (1 + level) / 2),
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

    def path(self, paths: Sequence[Floats], share: float) -> Floats:
        return np.quantile(self.paired(paths), share, axis=0)

    def paired(self, paths: Sequence[Floats]) -> Floats:
        """Paths with one ratio per draw: crossing them would cost more than it shows."""
        came, paid = paths
        order = _order(came.shape[0], seed=2)
        ratio = self.ratios[(order * self.ratios.size) // came.shape[0]]
        return np.asarray(ratio[:, None] * came - paid)


def _drawn(base: CustomerBase, levers: Levers) -> Flows:
    """Flows with the saved share drawn from the triangle, one value per draw of the parameters."""
    chances = (_order(base.draws, seed=1) + 0.5) / base.draws
    low, likely, high = levers.uplift
    saved = np.array([likely]) if low == high else quantiles_of_triangle(low, likely, high, chances)
    return flows(base, levers, saved=saved)


def _order(size: int, *, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).permutation(size)


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
    npv: Likely, gains: Floats, costs: Floats, back_test: ForecastError | None, months: float
) -> tuple[float | None, str]:
    if not gains.any() and not np.any(costs):
        return None, "Nothing changes, so there is nothing that could pay."
    if back_test is None:
        return None, (
            "No back-test on these data says how far such forecasts are off, so no probability is given."
        )
    share = float((npv.values > 0).mean())
    if back_test.reaches(months):
        return share, "It holds the parameters, the range of the saved share and the errors of the back-test."
    return share, (
        f"Forecasts were tested up to {back_test.months[-1]:.0f} months ahead; beyond that they are taken to "
        "be off by as much as at the last, which is hopeful."
    )


def _cumulative(after: Flows, before: Flows) -> tuple[Floats, Floats]:
    """Discounted gains and costs up to each month, each of shape (draws, months + 1)."""
    came = (after.margin - before.margin).sum(axis=1) + after.margin_of_new - before.margin_of_new
    paid = (after.programme - before.programme).sum(axis=1) + after.acquisition - before.acquisition
    first = np.zeros(came.shape[-1])
    first[0] = after.fixed - before.fixed
    return np.cumsum(came * after.discount, axis=-1), np.cumsum((paid + first) * after.discount, axis=-1)


def _payback(paths: tuple[Floats, Floats], spread: _Spread) -> Payback:
    mean = (paths[0] - paths[1]).mean(axis=0)
    found = _first_months(spread.paired(paths))
    low, high = np.quantile(found, [(1 - spread.level) / 2, (1 + spread.level) / 2], method="higher")
    month = _first_months(mean[None])[0]
    ends = [None if np.isinf(end) else int(end) for end in (month, low, high)]
    return Payback(ends[0], ends[1], ends[2], float(np.isfinite(found).mean()))


def _first_months(nets: Floats) -> Floats:
    """The first month from which on the net stays at least 0; infinite where the last is below."""
    below = nets[:, ::-1] < 0
    last = nets.shape[1] - np.argmax(below, axis=1)
    return np.where(below.any(axis=1), np.where(below[:, 0], np.inf, last), 0.0)


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
