"""Money by month under given levers: margin of today's and of new customers, and what it costs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retention_kit.models.purchase_value import discount_factors as later_factors
from retention_kit.planning.customer_base import CustomerBase, targeted_shares
from retention_kit.planning.levers import Levers

__all__ = ["Flows", "discount_factors", "flows"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Flows:
    """Expected money by month, not discounted; months run from 0 (now) to the horizon.

    Attributes
    ----------
    margin : ndarray, shape (draws, segments, months + 1)
        Gross margin of today's customers, at the end of each month; none in month 0.
    margin_of_new : ndarray, shape (draws, months + 1)
        Gross margin of customers acquired within the horizon, their first purchase (or month) included.
    acquisition : ndarray, shape (months + 1,)
        What acquiring them costs; nothing where their cost is not known.
    programme : ndarray, shape (draws or 1, segments, months + 1)
        What the programme costs per targeted customer.
    fixed : float
        What the programme costs once, now.
    discount : ndarray, shape (months + 1,)
        Value now of one unit of money in each month.
    """

    margin: Floats
    margin_of_new: Floats
    acquisition: Floats
    programme: Floats
    fixed: float
    discount: Floats


def discount_factors(discount_rate: float, months: int) -> Floats:
    """Return the value now of money at the end of months 0, 1, ..., for a yearly rate.

    >>> discount_factors(0.21, 24)[[0, 12, 24]].round(4).tolist()
    [1.0, 0.8264, 0.683]
    """
    return np.append(1.0, later_factors(months, annual_rate=discount_rate))


def flows(base: CustomerBase, levers: Levers, *, saved: Floats | None = None) -> Flows:
    """Return the expected money by month under the levers.

    Margin falls at the end of each month. New customers come at the end of each month, with their first
    purchase and their cost; later purchases follow as for any new customer, untouched by the programme.

    Parameters
    ----------
    base : CustomerBase
        The customers.
    levers : Levers
        Where the levers stand.
    saved : ndarray, shape (draws,) or (1,), optional
        Saved share of departures in each draw; the likely one in all of them if missing.

    Returns
    -------
    Flows

    Raises
    ------
    ParameterError
        There is no such segment, or contracts are asked for a change of frequency.
    """
    reached = targeted_shares(base, levers)[:, None]
    months, none = int(levers.horizon_months), np.zeros(1)
    chosen = np.array([levers.saved_share]) if saved is None else saved
    before = base.revenue(months, none, 0.0)
    after = base.revenue(months, chosen, levers.frequency) * (1 + levers.order_value)
    # In this form nothing changes, to the last digit, where the programme changes nothing.
    margin = levers.margin * (before + reached * (after - before))
    monthly = reached * levers.programme_cost_per_month * base.paying(months, chosen)
    first = reached * levers.programme_cost_per_customer * base.customers[:, None]
    volume = levers.acquisition_per_month
    arrivals = volume * np.cumsum(base.revenue_of_new(months, none)[..., :-1], axis=-1)
    return Flows(
        _from_now(margin),
        _from_now(levers.margin * arrivals),
        _from_now(np.full(months, volume * (levers.acquisition_cost or 0.0))),
        np.concatenate([np.broadcast_to(first, (*monthly.shape[:-1], 1)), monthly], axis=-1),
        levers.programme_fixed_cost,
        discount_factors(levers.discount_rate, months),
    )


def _from_now(monthly: Floats) -> Floats:
    """Flows at the ends of months, with nothing put before them for now."""
    return np.concatenate([np.zeros((*monthly.shape[:-1], 1)), monthly], axis=-1)
