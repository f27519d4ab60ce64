"""Customers who buy now and then: what they are expected to spend, whatever share of departures is saved."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retention_kit.planning.centre import NO_CENTRE, Centre
from retention_kit.planning.curve import Curve
from retention_kit.planning.customer_base import CustomerBase
from retention_kit.planning.levers import LONGEST_HORIZON, Levers

__all__ = ["Buyers"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Buyers:
    """Today's customers of a BG/NBD or MBG/NBD model, by segment and parameter draw, and a new one.

    Purchases come at a rate of the customer's own, and after each one the customer leaves with a chance p of
    his own. A programme that prevents the share u of departures leaves (1 - u) p. Of a customer with rate L
    who is active now, E[Y(t)] = (1 - exp(-L p (1 - u) t)) / ((1 - u) p): the purchases of an untouched
    customer in the time (1 - u) t, divided by 1 - u. With f times the frequency the time is f (1 - u) t. So
    one curve of purchases over time, the model's own, answers for every u and f, without approximation.

    Attributes
    ----------
    segments : tuple of str
    customers : ndarray, shape (segments,)
    month : float
        A twelfth of 365.25 days, in the curves' unit of time.
    spending : Curve
        Revenue of today's customers up to a time, per draw and segment.
    presence : Curve
        Those of them who are still active at a time.
    new_spending, new_presence : Curve
        Revenue of one new customer's repeat purchases, and the chance to be active times the spend per
        purchase; the one group stands for all.
    spend : ndarray, shape (draws,)
        Mean revenue per purchase of new customers.
    leaves_at_once : bool
        Whether a customer can also leave right after the first purchase (MBG/NBD).
    start : Levers
        Where the levers stand in the data.
    approximation : float
        Greatest relative error of the curves, against the sum over all distinct rows.
    centre : Centre
        What brings the mean over the draws to the estimates.
    """

    segments: tuple[str, ...]
    customers: Floats
    month: float
    spending: Curve
    presence: Curve
    new_spending: Curve
    new_presence: Curve
    spend: Floats
    leaves_at_once: bool
    start: Levers
    approximation: float
    centre: Centre = NO_CENTRE

    @property
    def kind(self) -> Literal["purchases"]:
        """Customers who buy now and then."""
        return "purchases"

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader must know of the model behind it."""
        if self.leaves_at_once:
            return ()
        return (
            "The BG/NBD model holds customers without a repeat purchase to be active, so yearly retention is "
            "higher than what is seen; the MBG/NBD model does not.",
        )

    @property
    def draws(self) -> int:
        """Number of parameter draws."""
        return self.spend.size

    @cached_property
    def active(self) -> float:
        """Customers who are expected to be active today."""
        return float(self.presence.values[..., 0].mean(axis=0).sum())

    @cached_property
    def yearly_retention(self) -> float:
        """Share of today's active customers who will still be active in a year."""
        return float(self.average.kept(12, np.zeros(1), 0.0).sum() / self.active)

    @cached_property
    def average(self) -> CustomerBase:
        """The mean over the draws, as a base of one draw."""
        return replace(
            self,
            spending=self.spending.mean(),
            presence=self.presence.mean(),
            new_spending=self.new_spending.mean(),
            new_presence=self.new_presence.mean(),
            spend=self.spend.mean(keepdims=True),
        )

    @cached_property
    def _untouched(self) -> Floats:
        return self._spent(LONGEST_HORIZON, np.zeros(1), 0.0)

    def revenue(self, months: int, saved: Floats, frequency: float) -> Floats:
        """Revenue of today's customers in months 1 to ``months``, shape (draws, segments, months)."""
        if not frequency and not saved.any():
            return self._untouched[..., :months]
        return self._spent(months, saved, frequency)

    def _spent(self, months: int, saved: Floats, frequency: float) -> Floats:
        left = (1 - saved)[:, None]
        sums = self.spending.at((1 + frequency) * left * self.month * np.arange(months + 1))
        return np.asarray(np.diff(sums) / left[..., None]) * self.centre.today[:, :months]

    def paying(self, months: int, saved: Floats) -> Floats:
        """All customers of each segment: nobody can tell who has left."""
        return np.broadcast_to(self.customers[None, :, None], (1, self.customers.size, months))

    def kept(self, months: int, saved: Floats, frequency: float) -> Floats:
        """Active customers after ``months`` months, shape (draws, segments)."""
        time = (1 + frequency) * (1 - saved)[:, None] * self.month * months
        return self.presence.at(time)[..., 0]

    def revenue_of_new(self, months: int, saved: Floats) -> Floats:
        """Revenue of one new customer on the day of acquisition and in each month after it."""
        if not saved.any():
            return self._untouched_new[:, : months + 1]
        return self._spent_by_new(months, saved)

    @cached_property
    def _untouched_new(self) -> Floats:
        return self._spent_by_new(LONGEST_HORIZON, np.zeros(1))

    def _spent_by_new(self, months: int, saved: Floats) -> Floats:
        left = (1 - saved)[:, None]
        times = left * self.month * np.arange(months + 1)
        sums = self.new_spending.at(times)[:, 0] / left
        if self.leaves_at_once:
            sums = sums - (self.spend[:, None] - self.new_presence.at(times)[:, 0])
        first = np.broadcast_to(self.spend[:, None], (sums.shape[0], 1))
        return np.hstack([first, np.diff(sums)]) * self.centre.new[: months + 1]
