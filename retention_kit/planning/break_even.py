"""The saved share and the budget at which a scenario neither gains nor loses."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from retention_kit.planning.customer_base import CustomerBase, targeted_retention, targeted_shares
from retention_kit.planning.flows import Flows, flows
from retention_kit.planning.levers import MOST_SAVED, Levers, points_saved

__all__ = ["BreakEven", "break_even", "expected_npv"]

Floats = NDArray[np.float64]
_STEPS = 60
_ROUNDING = 1e-11  # relative to the money at stake


@dataclass(frozen=True)
class BreakEven:
    """Where the expected NPV is 0.

    Attributes
    ----------
    saved_share : float or None
        The saved share of departures that it takes; 0 where none is needed, None where none is enough.
    points : float or None
        The same in points of yearly retention of the segment targeted.
    cost : float
        What all costs together may be: the gain, in money of today.
    cost_per_customer : float or None
        What the programme may cost per targeted customer, once, its other costs being as they are; None
        where nobody is targeted, and below 0 where the other costs are too high already.
    """

    saved_share: float | None
    points: float | None
    cost: float
    cost_per_customer: float | None


def break_even(
    base: CustomerBase, scenario: Levers, status_quo: Levers, *, ratio: float = 1.0, gain: float, cost: float
) -> BreakEven:
    """Return where a scenario breaks even, over the mean of the draws.

    Parameters
    ----------
    base : CustomerBase
        The customers.
    scenario, status_quo : Levers
        Valued alike.
    ratio : float
        Of what comes to what is forecast; 1: as forecast.
    gain, cost : float
        Of the scenario as it stands, in money of today.
    """
    quo = flows(base.average, status_quo)

    def npv(saved: float) -> float:
        moved = replace(scenario, saved_share=saved, saved_share_low=None, saved_share_high=None)
        return value_of(flows(base.average, moved), quo, ratio)

    share = _root(npv, scale=abs(gain) + abs(cost))
    targeted = float(targeted_shares(base, scenario) @ base.customers)
    others = cost - targeted * scenario.programme_cost_per_customer
    return BreakEven(
        share,
        None if share is None else points_saved(share, targeted_retention(base, scenario)),
        gain,
        (gain - others) / targeted if targeted else None,
    )


def expected_npv(base: CustomerBase, scenario: Levers, status_quo: Levers, *, ratio: float = 1.0) -> float:
    """Return the expected NPV at the likely saved share, over the mean of the draws."""
    return value_of(flows(base.average, scenario), flows(base.average, status_quo), ratio)


def value_of(after: Flows, before: Flows, ratio: float) -> float:
    """Return the NPV of one flow of money against another."""
    came = (after.margin - before.margin).sum(axis=1) + after.margin_of_new - before.margin_of_new
    paid = (after.programme - before.programme).sum(axis=1) + after.acquisition - before.acquisition
    return float(((ratio * came - paid) @ after.discount).mean() - after.fixed + before.fixed)


def _root(npv: Callable[[float], float], *, scale: float) -> float | None:
    """The saved share at which the NPV turns positive, by regula falsi with the Illinois correction."""
    low, high = 0.0, MOST_SAVED
    at_low, at_high = npv(low), npv(high)
    if at_low >= -_ROUNDING * scale:
        return 0.0
    if at_high < 0:
        return None
    side = 0
    for _ in range(_STEPS):
        middle = (low * at_high - high * at_low) / (at_high - at_low)
        value = npv(middle)
        if abs(value) <= _ROUNDING * scale:
            return middle
        if value < 0:
            low, at_low = middle, value
            at_high, side = (at_high / 2, -1) if side == -1 else (at_high, -1)
        else:
            high, at_high = middle, value
            at_low, side = (at_low / 2, 1) if side == 1 else (at_low, 1)
    return high
