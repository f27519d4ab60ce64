"""What matters most: each uncertain input at its low and at its high, the others as they are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from retention_kit.planning.break_even import expected_npv
from retention_kit.planning.comparison import change_by_draw
from retention_kit.planning.comparison_result import Comparison
from retention_kit.planning.customer_base import CustomerBase
from retention_kit.planning.flows import flows
from retention_kit.planning.forecast_error import ForecastError
from retention_kit.planning.levers import LEVERS, Levers

__all__ = ["Swing", "sensitivity"]

_RELATIVE = {
    "margin": 0.1,
    "frequency": 0.5,
    "order_value": 0.5,
    "acquisition_cost": 0.2,
    "programme_fixed_cost": 0.2,
    "programme_cost_per_customer": 0.2,
    "programme_cost_per_month": 0.2,
}
_RATE = 0.05  # per year, either way


@dataclass(frozen=True)
class Swing:
    """One bar of a tornado.

    Attributes
    ----------
    name, title, unit : str
        The input; ``parameters`` and ``back_test`` are no levers.
    low, high : float
        Where it was put; for ``parameters`` the ends of their interval, as shares; for ``back_test`` what
        comes for one unit forecast.
    npv_low, npv_high : float
        Expected NPV with it there.
    """

    name: str
    title: str
    unit: str
    low: float
    high: float
    npv_low: float
    npv_high: float

    @property
    def swing(self) -> float:
        """How far the NPV moves."""
        return abs(self.npv_high - self.npv_low)

    @property
    def turns(self) -> bool:
        """Whether the scenario pays at one end and does not at the other."""
        return (self.npv_low > 0) != (self.npv_high > 0)


def sensitivity(
    base: CustomerBase,
    comparison: Comparison,
    *,
    back_test: ForecastError | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> tuple[Swing, ...]:
    """Return how far each uncertain input moves the NPV, the largest first.

    What scenario and status quo share, such as the margin, is moved in both; what the scenario moves is moved
    in it alone. The saved share goes from its low to its high (half less and half more if it has none),
    money for the programme and for acquisition 20 % either way, the margin 10 %, the discount rate 5
    points, other moves half less and half more; the parameters and the back-test's error over their interval.
    Where a saved share stays as it is, it is the mean of its range, so that every bar holds the expected NPV.

    Parameters
    ----------
    base : CustomerBase
        The customers.
    comparison : Comparison
        From `compare`.
    back_test : ForecastError, optional
        As given to `compare`.
    ranges : mapping of str to (float, float), optional
        Low and high of levers, in place of those above.

    Returns
    -------
    tuple of Swing

    Raises
    ------
    ParameterError
        A range reaches beyond a lever's bounds.
    """
    ends = {**_ranges(comparison.scenario, comparison.status_quo), **(ranges or {})}
    scenario, quo = _settled(comparison.scenario), _settled(comparison.status_quo)
    bars = []
    for name, (low, high) in ends.items():
        npvs = [expected_npv(base, *_moved(scenario, quo, name, end)) for end in (low, high)]
        bars.append(Swing(name, LEVERS[name].title, LEVERS[name].unit, low, high, npvs[0], npvs[1]))
    tails = ((1 - comparison.level) / 2, (1 + comparison.level) / 2)
    gains, of_new, costs, cost_of_new, fixed = change_by_draw(flows(base, scenario), flows(base, quo))
    gain, cost = gains.sum(axis=1) + of_new, costs.sum(axis=1) + cost_of_new + fixed
    low, high = np.quantile(gain - cost, tails)
    bars.append(Swing("parameters", "what the model forecasts", "share", *tails, float(low), float(high)))
    if back_test is not None:
        low, high = (back_test.ratio_at(scenario.horizon_months, tail) for tail in tails)
        npvs = [float((end * gain - cost).mean()) for end in (low, high)]
        bars.append(Swing("back_test", "how far forecasts are off", "ratio", low, high, npvs[0], npvs[1]))
    # Equal swings keep the order of the levers, so that a page reads the same every time.
    return tuple(sorted((bar for bar in bars if bar.swing), key=lambda bar: -bar.swing))


def _settled(levers: Levers) -> Levers:
    share = levers.expected_saved_share
    return replace(levers, saved_share=share, saved_share_low=None, saved_share_high=None)


def _ranges(scenario: Levers, quo: Levers) -> dict[str, tuple[float, float]]:
    low, likely, high = scenario.uplift
    found = {"saved_share": (low, high) if low != high else _around("saved_share", likely, 0.5)}
    for name, part in _RELATIVE.items():
        found[name] = _around(name, getattr(scenario, name) or 0.0, part)
    rate = scenario.discount_rate
    found["discount_rate"] = max(0.0, rate - _RATE), min(LEVERS["discount_rate"].high, rate + _RATE)
    if scenario.acquisition_per_month == quo.acquisition_per_month:
        del found["acquisition_cost"]
    return {name: ends for name, ends in found.items() if ends[0] != ends[1]}


def _around(name: str, value: float, part: float) -> tuple[float, float]:
    lever = LEVERS[name]
    ends = sorted((value * (1 - part), value * (1 + part)))
    return max(lever.low, ends[0]), min(lever.high, ends[1])


def _moved(scenario: Levers, quo: Levers, name: str, value: float) -> tuple[Levers, Levers]:
    change: dict[str, Any] = {name: value}
    if name == "saved_share":
        change |= {"saved_share_low": None, "saved_share_high": None}
    shared = getattr(scenario, name) == getattr(quo, name) or name == "discount_rate"
    return replace(scenario, **change), replace(quo, **change) if shared else quo
