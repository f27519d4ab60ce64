"""How long each customer stays, and what happens on the way: joining the programme, complaining."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retention_kit.data.simulation.parameters import ShopParameters
from retention_kit.data.simulation.people import Customers
from retention_kit.data.simulation.streams import stream

__all__ = ["DAYS_PER_YEAR", "Lives", "lives"]

Floats = NDArray[np.float64]
DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class Lives:
    """Moments in each customer's life, in days from the end of the day of the first order.

    Attributes
    ----------
    left : array of float
        When the customer left for good; may lie after the last day.
    joined, complained : array of float
        Infinite for those who left before they would have.
    resolved : array of bool
        Whether the complaint is resolved sooner or later.
    """

    left: Floats
    joined: Floats
    complained: Floats
    resolved: NDArray[np.bool_]


def lives(parameters: ShopParameters, customers: Customers, *, seed: int) -> Lives:
    """Return the lives of customers; what happens in them multiplies the rate at which they leave.

    A customer leaves when the rate of leaving, added up over the days, reaches an exponential number
    of mean 1: the rate is constant between the moments at which something happens.
    """
    count = len(customers)
    complaints, programme = parameters.complaints, parameters.programme
    patience = stream(seed, "leaving").standard_exponential(count)
    joining = np.exp(programme.satisfaction_log_rate * customers.satisfaction) * programme.joins_per_year
    complaining = np.exp(complaints.satisfaction_log_rate * customers.satisfaction) * complaints.per_year
    with np.errstate(divide="ignore"):
        joined = stream(seed, "programme").standard_exponential(count) * (DAYS_PER_YEAR / joining)
        complained = stream(seed, "complaints").standard_exponential(count) * (DAYS_PER_YEAR / complaining)
        budget = patience / customers.leaving_rate
    resolved = stream(seed, "resolution").random(count) < complaints.resolved_share
    after_complaint = np.where(
        resolved, complaints.leaving_ratio_resolved, complaints.leaving_ratio_unresolved
    )
    first, second = np.minimum(joined, complained), np.maximum(joined, complained)
    ratio = np.where(joined < complained, programme.leaving_ratio, after_complaint)
    both = programme.leaving_ratio * after_complaint
    with np.errstate(invalid="ignore"):  # moments are infinite where nothing happens
        in_second = first + (budget - first) / ratio
        in_third = second + (budget - first - (second - first) * ratio) / both
    left = np.where(budget <= first, budget, np.where(in_second <= second, in_second, in_third))
    return Lives(
        left=left,
        joined=np.where(joined < left, joined, np.inf),
        complained=np.where(complained < left, complained, np.inf),
        resolved=resolved,
    )
