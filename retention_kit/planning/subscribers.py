"""Customers who hold contracts: how long they are expected to pay, whatever share of departures is saved."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retention_kit.planning.centre import NO_CENTRE, Centre
from retention_kit.planning.levers import LONGEST_HORIZON, Levers

__all__ = ["Subscribers"]

Floats = NDArray[np.float64]
_MERGED, _NEIGHBOURS = 600, 6  # nodes of the mean over the draws, and those that share a weight
_FURTHEST = 36.0  # log odds of churn that cannot be told from 0 or 1


@dataclass(frozen=True, eq=False)
class Subscribers:
    """Today's contracts under a shifted beta-geometric model, by segment and parameter draw, and a new one.

    Each customer leaves at every renewal with a chance c of his own; of customers who have renewed n
    times, it follows a beta distribution with alpha and beta + n. A programme that prevents the share u of
    departures leaves (1 - u) c, so that after k renewals E[(1 - (1 - u) c)^k] are still there.

    Attributes
    ----------
    segments : tuple of str
    customers : ndarray, shape (segments,)
    period_months : float
        Months from one renewal to the next; where it is more than one, renewals are taken to be spread
        evenly over the months.
    churn : ndarray, shape (draws, nodes)
        Chances of leaving at a renewal, at which the mean over customers is taken.
    holders, amounts : ndarray, shape (draws, segments, nodes)
        Customers, and their revenue per month, with each chance.
    newcomer : ndarray, shape (draws, nodes)
        Share of new customers with each chance.
    amount : float
        Mean revenue per month of a new customer.
    start : Levers
        Where the levers stand in the data.
    approximation : float
        Greatest relative error of the expected flows, against customer by customer.
    centre : Centre
        What brings the mean over the draws to the estimates.
    """

    segments: tuple[str, ...]
    customers: Floats
    period_months: float
    churn: Floats
    holders: Floats
    amounts: Floats
    newcomer: Floats
    amount: float
    start: Levers
    approximation: float
    centre: Centre = NO_CENTRE

    @property
    def kind(self) -> Literal["contracts"]:
        """Customers who pay until they cancel."""
        return "contracts"

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader must know of the model behind it."""
        if self.period_months == 1:
            return ()
        return (f"Renewals fall due every {self.period_months:g} months; they are spread evenly over them.",)

    @property
    def draws(self) -> int:
        """Number of parameter draws."""
        return int(self.churn.shape[0])

    @cached_property
    def active(self) -> float:
        """Customers whose contracts run today: all."""
        return float(self.customers.sum())

    @cached_property
    def yearly_retention(self) -> float:
        """Share of today's customers who will still be there in a year."""
        return float(self.average.kept(12, np.zeros(1), 0.0).sum() / self.active)

    @cached_property
    def average(self) -> "Subscribers":
        """The mean over the draws, as a base of one draw."""
        return self if self.draws == 1 else _merged(self)

    @cached_property
    def _untouched(self) -> tuple[Floats, Floats]:
        stay = self._stay(LONGEST_HORIZON, np.zeros(1))
        return self.amounts @ stay * self.centre.today, self.holders @ stay

    def _stay(self, months: int, saved: Floats) -> Floats:
        """Chance to be there after 1, 2, ... months at each node, shape (draws, nodes, months)."""
        monthly = (1 - (1 - saved)[:, None] * self.churn) ** (1 / self.period_months)
        stay = np.empty((months, *monthly.shape))
        stay[0] = monthly
        for month in range(1, months):
            np.multiply(stay[month - 1], monthly, out=stay[month])
        return np.moveaxis(stay, 0, -1)

    def revenue(self, months: int, saved: Floats, frequency: float = 0.0) -> Floats:
        """Revenue of today's customers in months 1 to ``months``, shape (draws, segments, months)."""
        if not saved.any():
            return self._untouched[0][..., :months]
        return np.asarray(self.amounts @ self._stay(months, saved)) * self.centre.today[:, :months]

    def paying(self, months: int, saved: Floats) -> Floats:
        """Customers still there after each month, shape (draws, segments, months)."""
        if not saved.any():
            return self._untouched[1][..., :months]
        return np.asarray(self.holders @ self._stay(months, saved))

    def kept(self, months: int, saved: Floats, frequency: float = 0.0) -> Floats:
        """Customers still there after ``months`` months, shape (draws, segments)."""
        monthly = 1 - (1 - saved)[:, None] * self.churn
        return np.asarray(self.holders @ (monthly ** (months / self.period_months))[..., None])[..., 0]

    def revenue_of_new(self, months: int, saved: Floats) -> Floats:
        """Revenue of one new customer on the day of acquisition and in each month after it."""
        if not saved.any():
            return self._untouched_new[:, : months + 1]
        return self._paid_by_new(months, saved)

    @cached_property
    def _untouched_new(self) -> Floats:
        return self._paid_by_new(LONGEST_HORIZON, np.zeros(1))

    def _paid_by_new(self, months: int, saved: Floats) -> Floats:
        later = (self.newcomer[:, None] @ self._stay(months, saved))[:, 0]
        return self.amount * np.hstack([np.ones((later.shape[0], 1)), later]) * self.centre.new[: months + 1]


def _merged(base: Subscribers) -> Subscribers:
    """The draws taken together as one, their nodes moved to one even grid.

    Each node's weight is shared out among its six neighbours on the grid as in polynomial interpolation.
    """
    with np.errstate(divide="ignore"):
        odds = np.log(base.churn) - np.log1p(-base.churn)
    odds = np.clip(odds, -_FURTHEST, _FURTHEST).ravel()
    step = max((odds.max() - odds.min()) / (_MERGED - _NEIGHBOURS), np.finfo(float).tiny)
    low = odds.min() - step * (_NEIGHBOURS // 2 - 1)
    place = (odds - low) / step
    first = np.clip(place.astype(np.int64) - (_NEIGHBOURS // 2 - 1), 0, _MERGED - _NEIGHBOURS)
    part = place - first
    tables = [base.holders, base.amounts, base.newcomer[:, None]]
    rows = np.concatenate([np.moveaxis(t, 1, 0).reshape(t.shape[1], -1) for t in tables]) / base.draws
    merged = np.zeros((rows.shape[0], _MERGED))
    for k in range(_NEIGHBOURS):
        others = [i for i in range(_NEIGHBOURS) if i != k]
        share = np.prod([(part - i) / (k - i) for i in others], axis=0)
        merged += [np.bincount(first + k, weights=row * share, minlength=_MERGED) for row in rows]
    groups = base.customers.size
    churn = 1 / (1 + np.exp(-(low + step * np.arange(_MERGED))))
    return replace(
        base,
        churn=churn[None],
        holders=merged[None, :groups],
        amounts=merged[None, groups : 2 * groups],
        newcomer=merged[None, -1],
    )
