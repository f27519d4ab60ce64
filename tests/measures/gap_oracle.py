"""The naive oracle of gaps: order days per customer, and one loop per sentence of the definition."""

from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

from oracle import DEFAULTS, members, period_starts


def customers(shop):
    """Each customer's order days and attributes, with the bucket it is in."""
    days = {}
    for order in shop.orders:
        days.setdefault(order.customer, set()).add(order.at.date())
    people = members(shop, DEFAULTS, period_starts(shop, "month"))
    return [(sorted(days[member.name]), member.attributes, member.bucket) for member in people]


def selected(shop, breakdown="", segment=""):
    """The customers of each group."""
    name, _, value = segment.partition("=")
    groups = {}
    for customer in customers(shop):
        if not segment or customer[1][name] == value:
            groups.setdefault(customer[1][breakdown] if breakdown else "", []).append(customer)
    return groups


def gaps_of(days, as_of):
    """Closed gaps in days, and the open one."""
    return [(b - a).days for a, b in pairwise(days)], (as_of - days[-1]).days


class Gaps:
    """All gaps of some customers as (days, closed, weight)."""

    def __init__(self, people, as_of):
        self.rows = []
        for days, _, _ in people:
            closed, open_ = gaps_of(days, as_of)
            weight = Fraction(1, len(closed) + 1)
            self.rows += [(gap, True, weight) for gap in closed] + [(open_, False, weight)]
        self.longest = max((gap for gap, _, _ in self.rows), default=0)

    def away(self, time, *, weighted=True):
        """Share of gaps that last longer than a time."""
        share = Fraction(1)
        for t in sorted({gap for gap, closed, _ in self.rows if closed and gap <= time}):
            at_risk = sum(weight if weighted else 1 for gap, _, weight in self.rows if gap >= t)
            ended = sum(weight if weighted else 1 for gap, closed, weight in self.rows if closed and gap == t)
            share *= 1 - Fraction(ended) / at_risk
        return share

    def cycle(self):
        """Median gap of those who return."""
        total = 1 - self.away(self.longest)
        return next(
            (t for t in range(self.longest + 1) if total and (1 - self.away(t)) / total >= Fraction(1, 2)),
            None,
        )

    def return_probability(self, silence, horizon):
        if silence + horizon > self.longest or not self.away(silence):
            return None
        return 1 - self.away(silence + horizon) / self.away(silence)

    def threshold(self, horizon, below):
        for silence in range(1, self.longest + 1):
            chance = self.return_probability(silence, horizon)
            if chance is not None and chance < below:
                return silence
        return None


def churn(days, as_of, threshold):
    """Day by day from the first order: when silence first reaches the threshold, and whether it does."""
    day, last = days[0], days[0]
    while day <= as_of:
        if day in days:
            last = day
        elif (day - last).days == threshold:
            return (day - days[0]).days, True
        day += timedelta(days=1)
    return (as_of - days[0]).days, False
