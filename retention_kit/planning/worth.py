"""What customers are expected to bring in, before a margin is taken: by the estimates, and by draw."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Drawn", "Worth", "drawn_around"]

Floats = NDArray[np.float64]
_NOTHING = 1e-9  # share of the largest draw that is 0 but for rounding


@dataclass(frozen=True, eq=False)
class Worth:
    """Expected revenue of today's customers over a horizon, discounted, by the estimates.

    Attributes
    ----------
    by_group, by_cohort : ndarray, shape (4, groups)
        Customers, revenue, purchases (missing for contracts), and the variance that chance alone makes.
    monthly : ndarray, shape (months,)
        Revenue of all in each month, not discounted.
    entry_values, entry_customers : ndarray, shape (e,)
        Discounted revenue of single customers, and how many are alike.
    """

    by_group: Floats
    by_cohort: Floats
    monthly: Floats
    entry_values: Floats
    entry_customers: Floats


@dataclass(frozen=True, eq=False)
class Drawn:
    """Revenue by draw of the parameters, the first of which are the estimates; not discounted.

    Attributes
    ----------
    by_group, by_cohort : ndarray, shape (draws + 1, groups, months)
        Of today's customers, in each month.
    new : ndarray, shape (draws + 1, months + 1)
        Of a new customer, on the first day and in each month after it.
    """

    by_group: Floats
    by_cohort: Floats
    new: Floats

    @property
    def draws(self) -> int:
        """Number of draws, without the estimates."""
        return len(self.new) - 1

    def around(self, value: Floats, discount: Floats, *, cohorts: bool = False) -> Floats:
        """Return discounted revenue by draw, shape (draws, groups), where the estimates give ``value``."""
        flows = self.by_cohort if cohorts else self.by_group
        return drawn_around(value, flows[..., : discount.size] @ discount)

    def total_around(self, value: Floats, discount: Floats) -> Floats:
        """Return the same for all customers together, up to each month, shape (draws, months)."""
        # By cohort, so that a breakdown leaves the interval as it is.
        flows = self.by_cohort.sum(axis=1)[:, : discount.size] * discount
        return drawn_around(value, np.cumsum(flows, axis=1))


def drawn_around(value: Floats, drawn: Floats) -> Floats:
    """Return draws that agree with a forecast, from draws of which the first are the estimates.

    The draws come from sums with a small error of approximation, which this takes out. Where the estimates
    give 0, they stay as they are.
    """
    first = drawn[0]
    some = first > _NOTHING * drawn.max(axis=0)
    scale = np.where(some, value / np.where(some, first, 1.0), 1.0)
    return np.asarray(drawn[1:] * scale)
