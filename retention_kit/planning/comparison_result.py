"""What a comparison is: numbers with their uncertainty, by segment and over time."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from retention_kit.planning.break_even import BreakEven
from retention_kit.planning.levers import Levers

__all__ = ["Comparison", "Likely", "Payback", "SegmentChange", "likely"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Likely:
    """A number that is not certain: its mean, its interval, and the equally likely values behind both."""

    value: float
    ci_low: float
    ci_high: float
    values: Floats = field(repr=False)


@dataclass(frozen=True)
class SegmentChange:
    """What the scenario changes in one segment; ``cost`` and ``npv`` are means, in money of today.

    Besides the segments there are rows for ``"new customers"`` and ``"fixed cost"`` of the programme.
    """

    segment: str
    customers: float
    targeted: float
    gain: Likely
    cost: float
    npv: float


@dataclass(frozen=True)
class Payback:
    """The first month in which what has come back is worth what has been paid; None beyond the horizon.

    ``month`` is for the mean of what comes back; ``low`` and ``high`` bound it; ``share`` is the part of
    the futures drawn that pay back within the horizon.
    """

    month: int | None
    low: int | None
    high: int | None
    share: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """A scenario against the status quo, over the horizon, in money of today.

    Means are over draws of the parameters, the range of the saved share, and the back-test's errors. Chance
    in what single customers do is part of those errors, not of the other two.

    Attributes
    ----------
    scenario, status_quo : Levers
        The status quo has the scenario's discount rate and horizon (a way of valuing is no measure), and
        its acquisition cost where only that is known.
    customers, targeted : float
        Today's customers, and those reached by the programme.
    yearly_retention : float
        Of today's active customers, in the segment targeted.
    retention_saved : float
        The same among those whom the programme reaches, at the likely saved share, by the fitted model: who
        was kept once can leave later in the year.
    clv_before, clv_after, clv_change : Likely
        Gross margin per customer of today, acquisition and programme cost apart.
    gain : Likely
        Change in gross margin, of new customers too.
    cost : float
        Change in cost: programme and acquisition; a mean.
    npv : Likely
        Gain less cost.
    roi : Likely or None
        NPV per unit of cost; None where nothing is spent.
    probability : float or None
        That the NPV is above 0; None without a back-test, or where nothing changes: ``reason`` says so.
    reason : str
        Why there is no probability, or what it holds.
    break_even : BreakEven
        Saved share, points and budget at which the NPV is 0.
    payback : Payback
        When costs are recovered.
    cumulative, cumulative_low, cumulative_high : ndarray, shape (months + 1,)
        Discounted gain less cost up to each month.
    segments : tuple of SegmentChange
        They add up to the totals exactly.
    level : float
        Confidence level of the intervals.
    notes : tuple of str
        What the reader must know of the comparison; what he must know of the model, the base's notes say.
    """

    scenario: Levers
    status_quo: Levers
    customers: float
    targeted: float
    yearly_retention: float
    retention_saved: float
    clv_before: Likely
    clv_after: Likely
    clv_change: Likely
    gain: Likely
    cost: float
    npv: Likely
    roi: Likely | None
    probability: float | None
    reason: str
    break_even: BreakEven
    payback: Payback
    cumulative: Floats
    cumulative_low: Floats
    cumulative_high: Floats
    segments: tuple[SegmentChange, ...]
    level: float
    notes: tuple[str, ...]


def likely(values: Floats, *, level: float, mean: float | None = None) -> Likely:
    """Return mean and interval of equally likely values; ``mean`` where it is known better than by adding."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Likely(float(values.mean()) if mean is None else mean, float(low), float(high), values)
