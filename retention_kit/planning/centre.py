"""Parameter draws whose mean forecast is the forecast at the estimates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retention_kit.planning.customer_base import CustomerBase
from retention_kit.planning.levers import LONGEST_HORIZON

__all__ = ["NO_CENTRE", "Centre", "centre_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Centre:
    """By what expected flows are multiplied, so that their mean over draws is that at the estimates.

    A forecast is no straight line in its parameters: the mean over draws lies off the forecast at their
    estimates, by a percent or two where data are few, and a value would be another one here than where it
    is told for itself.

    Attributes
    ----------
    today : ndarray, shape (segments or 1, months)
        Of today's customers, month by month.
    new : ndarray, shape (months + 1,)
        Of a new customer, on the first day and month by month.
    """

    today: Floats
    new: Floats


NO_CENTRE = Centre(np.ones((1, LONGEST_HORIZON)), np.ones(LONGEST_HORIZON + 1))


def centre_of(base: CustomerBase, estimated: CustomerBase) -> Centre:
    """Return what brings the mean over a base's draws to the forecast at the estimates.

    Parameters
    ----------
    base : CustomerBase
        With draws, and without a centre.
    estimated : CustomerBase
        The same customers, with the estimates for the only draw.
    """
    none = np.zeros(1)
    today = (one.revenue(LONGEST_HORIZON, none, 0.0) for one in (estimated, base))
    new = (one.revenue_of_new(LONGEST_HORIZON, none) for one in (estimated, base))
    return Centre(_ratio(*today), _ratio(*new))


def _ratio(estimated: Floats, drawn: Floats) -> Floats:
    found = drawn.mean(axis=0)
    return np.where(found > 0, estimated[0] / np.where(found > 0, found, 1.0), 1.0)
