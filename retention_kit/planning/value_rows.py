"""Customers who buy now and then as rows that are valued: expected revenue by group, cohort and customer."""

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retention_kit.measures.purchase_summary import PurchaseSummary
from retention_kit.models.purchase_rows import MONTH_DAYS, UNIT_DAYS
from retention_kit.planning.buyer_fitting import buyers
from retention_kit.planning.buyer_rows import BuyerRows
from retention_kit.planning.chance import purchase_squares, spend_moments
from retention_kit.planning.cohort_labels import cohort_labels
from retention_kit.planning.levers import LONGEST_HORIZON, Levers
from retention_kit.planning.worth import Drawn, Worth

if TYPE_CHECKING:
    from retention_kit.models.purchase_result import PurchaseFit
    from retention_kit.models.spend_result import SpendFit

__all__ = ["ValueRows", "value_rows"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_DRAWS, _SEED = 64, 2
_MANY = 50_000  # entries of single customers, beyond which those of nearly the same value are taken together
_STEP = 0.005  # relative width of a bin
_KEPT = 4  # horizons whose purchases are kept


@dataclass(frozen=True, eq=False)
class ValueRows:
    """Distinct histories with what follows from a fit, whatever the horizon, margin and rate.

    Attributes
    ----------
    fit : PurchaseFit
        The purchase model.
    spend : SpendFit or None
        The spend model; None where purchases are counted, not money.
    groups, cohorts : tuple of str
        Names.
    cohort_starts : tuple of date
        First day of each cohort.
    group, cohort : ndarray of int, shape (n,)
        Where each row belongs.
    customers : ndarray of int, shape (n,)
        Customers of the row.
    recency : ndarray, shape (n,)
        From the first purchase to the last, in the unit of the fit.
    alive : ndarray, shape (n,)
        Chance that they are still there.
    mean_spend : ndarray, shape (n,)
        Expected spend per purchase, mean over the customers of the row; 1 where purchases are counted.
    pair : ndarray of int, shape (n,)
        Which of the distinct pairs of x and T the row has.
    pair_frequency, pair_age : ndarray, shape (k,)
        Those pairs, in the unit of the fit.
    sums : ndarray, shape (n,)
        What one customer of the row spent on repeat days, on average.
    entry_pair, entry_worth, entry_customers : ndarray, shape (e,)
        Single customers: their pair, chance to be there times spend per purchase, and how many are alike.
    drawn : Drawn
        Revenue by draw of the parameters.
    """

    fit: "PurchaseFit"
    spend: "SpendFit | None"
    groups: tuple[str, ...]
    cohorts: tuple[str, ...]
    cohort_starts: tuple[date, ...]
    group: Ints
    cohort: Ints
    customers: Ints
    recency: Floats
    alive: Floats
    mean_spend: Floats
    pair: Ints
    pair_frequency: Ints
    pair_age: Floats
    sums: Floats
    entry_pair: Ints
    entry_worth: Floats
    entry_customers: Ints
    drawn: Drawn
    _kept: dict[int, tuple[Floats, Floats]] = field(default_factory=dict, repr=False)

    def worth(self, discount: Floats) -> Worth:
        """Return expected revenue over as many months as there are discount factors, and its chance."""
        months, people = discount.size, self.customers.astype(float)
        flows, squares = self._purchases(months)
        bought = flows.sum(axis=0)
        valued = discount @ flows
        held = people * self.alive
        revenue = held * self.mean_spend * valued[self.pair]
        purchases = held * bought[self.pair]
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(bought > 0, valued / bought, 0.0)[self.pair]
        own, about = np.ones(people.size), np.zeros(people.size)
        if self.spend is not None:
            own, about = spend_moments(self.spend, self.pair_frequency[self.pair].astype(float), self.sums)
        spread = self.alive * (bought[self.pair] * about + squares[self.pair] * own)
        spread = spread - (self.alive * bought[self.pair] * self.mean_spend) ** 2
        variance = people * share**2 * np.maximum(spread, 0.0)
        weights = np.bincount(self.pair, weights=held * self.mean_spend, minlength=bought.size)
        return Worth(
            by_group=self._by(self.group, len(self.groups), people, revenue, purchases, variance),
            by_cohort=self._by(self.cohort, len(self.cohorts), people, revenue, purchases, variance),
            monthly=flows @ weights,
            entry_values=self.entry_worth * valued[self.entry_pair],
            entry_customers=self.entry_customers.astype(float),
        )

    def _purchases(self, months: int) -> tuple[Floats, Floats]:
        """Purchases in each month, and mean square over all, of customers still there, by pair."""
        if months not in self._kept:
            month = MONTH_DAYS / UNIT_DAYS[self.fit.unit]
            ends = np.arange(months + 1) * month
            sums = self.fit.purchases_while_alive(ends, self.pair_frequency, self.pair_age)
            squares = purchase_squares(self.fit, float(ends[-1]), self.pair_frequency, self.pair_age)
            while len(self._kept) >= _KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[months] = np.diff(sums, axis=0), squares
        return self._kept[months]

    @staticmethod
    def _by(place: Ints, number: int, *columns: Floats) -> Floats:
        return np.array([np.bincount(place, weights=column, minlength=number) for column in columns])


def value_rows(
    summary: PurchaseSummary,
    singles: tuple[Ints, Ints, Ints, Floats, Ints],
    fit: "PurchaseFit",
    spend: "SpendFit | None",
) -> ValueRows:
    """Return customers ready to be valued.

    Parameters
    ----------
    summary : PurchaseSummary
        Histories up to the as-of date.
    singles : tuple of ndarray
        Customers by history and spend, as of `purchase_spends`.
    fit : PurchaseFit
        The purchase model, fitted to the summary.
    spend : SpendFit or None
        The spend model; None to count purchases.
    """
    rows = summary.rows
    people = rows.customers.astype(float)
    sums = np.maximum(rows.spend, 0.0) / people
    alive = fit.probability_alive(rows.frequency, rows.recency, rows.age)
    per_purchase = _per_purchase(spend, rows.frequency, sums)
    x, ages, pair = _pairs(rows.frequency, rows.age_days)
    labels, starts, cohort = cohort_labels(summary.as_of, rows.age_days)
    entries = _entries(singles, x, ages, fit, spend)
    return ValueRows(
        fit=fit,
        spend=spend,
        groups=summary.groups,
        cohorts=labels,
        cohort_starts=starts,
        group=rows.group,
        cohort=cohort,
        customers=rows.customers,
        recency=rows.recency,
        alive=alive,
        mean_spend=per_purchase,
        pair=pair,
        pair_frequency=x,
        pair_age=ages / UNIT_DAYS[fit.unit],
        sums=sums,
        drawn=_drawn(summary, cohort, len(labels), fit, spend),
        entry_pair=entries[0],
        entry_worth=entries[1],
        entry_customers=entries[2],
    )


def _per_purchase(spend: "SpendFit | None", frequency: Ints, sums: Floats) -> Floats:
    if spend is None:
        return np.ones(frequency.size)
    return spend.expected_spend(frequency, sums / np.maximum(frequency, 1))


def _pairs(frequency: Ints, age_days: Ints) -> tuple[Ints, Ints, Ints]:
    code, place = np.unique(_code(frequency, age_days), return_inverse=True)
    return code >> 32, code & 0xFFFFFFFF, place


def _code(frequency: Ints, age_days: Ints) -> Ints:
    return (frequency.astype(np.int64) << 32) | age_days


def _entries(
    singles: tuple[Ints, Ints, Ints, Floats, Ints],
    pair_frequency: Ints,
    pair_age_days: Ints,
    fit: "PurchaseFit",
    spend: "SpendFit | None",
) -> tuple[Ints, Floats, Ints]:
    x, recency, age, spent, customers = singles
    days = UNIT_DAYS[fit.unit]
    worth = fit.probability_alive(x, recency / days, age / days)
    worth = worth * _per_purchase(spend, x, np.maximum(spent, 0.0))
    pair = np.searchsorted(_code(pair_frequency, pair_age_days), _code(x, age))
    if worth.size > _MANY:
        with np.errstate(divide="ignore"):
            bins = np.where(worth > 0, np.floor(np.log(worth) / _STEP), -(2**20)).astype(np.int64)
        code = (pair << 22) + bins + 2**21
        _, place = np.unique(code, return_inverse=True)
        number = np.bincount(place, weights=customers)
        worth = np.bincount(place, weights=customers * worth) / number
        first = np.zeros(number.size, dtype=np.int64)
        first[place] = pair
        pair, customers = first, number.astype(np.int64)
    return pair.astype(np.int64), worth, customers


def _drawn(
    summary: PurchaseSummary, cohort: Ints, cohorts: int, fit: "PurchaseFit", spend: "SpendFit | None"
) -> Drawn:
    rows, rng = summary.rows, np.random.default_rng(_SEED)
    laws = np.column_stack([[fit.r, fit.alpha, fit.a, fit.b], fit.draws(_DRAWS, rng=rng)])
    paid = np.ones((1, _DRAWS + 1))
    if spend is not None:
        paid = np.column_stack([[spend.p, spend.q, spend.v], spend.draws(_DRAWS, rng=rng)])

    def flows(place: Ints, number: int) -> tuple[Floats, Floats]:
        width = len(str(number))
        base = buyers(
            BuyerRows.of(
                rows.frequency,
                rows.recency,
                rows.age,
                customers=rows.customers,
                repeat_revenue=rows.spend,
                segment=np.char.zfill(place.astype(str), width),
            ),
            laws,
            paid,
            model="mbg_nbd" if fit.first else "bg_nbd",
            unit=fit.unit,
            start=Levers(),
        )
        still = np.zeros(1)
        found = np.zeros((_DRAWS + 1, number, LONGEST_HORIZON))
        found[:, [int(name) for name in base.segments]] = base.revenue(LONGEST_HORIZON, still, 0.0)
        return found, base.revenue_of_new(LONGEST_HORIZON, still)

    by_cohort, new = flows(cohort, cohorts)
    number = len(summary.groups)
    by_group = flows(rows.group, number)[0] if number > 1 else by_cohort.sum(axis=1, keepdims=True)
    return Drawn(by_group, by_cohort, new)
