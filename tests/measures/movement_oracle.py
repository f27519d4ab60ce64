"""The naive oracle of movements: one dict per customer, and one loop per sentence of the definition."""

from bisect import bisect_right
from collections import Counter
from decimal import Decimal

from oracle import DEFAULTS, members, period_starts, z_value


def periods(shop, grain):
    """Number of periods that have begun, and of those that are over."""
    starts = period_starts(shop, grain)
    return sum(start <= shop.as_of for start in starts), bisect_right(starts, shop.end.date()) - 1


class Buyer:
    """What one customer spent in each period, by index."""

    def __init__(self, orders, starts, attributes, bucket):
        self.revenue = Counter()
        self.days = set()
        for order in orders:
            self.revenue[bisect_right(starts, order.at.date()) - 1] += order.amount
            self.days.add(order.at.date())
        self.attributes, self.bucket = attributes, bucket

    def active(self, t):
        return t in self.revenue

    def move(self, t):
        """What the customer does in a period: new, kept, lost, back, or nothing."""
        now, before, ever = self.active(t), self.active(t - 1), any(p < t for p in self.revenue)
        if now:
            return "kept" if before else "back" if ever else "new"
        return "lost" if before else None


def buyers(shop, grain, segment=""):
    """Every customer of a segment."""
    starts = period_starts(shop, grain)
    found = []
    for member in members(shop, DEFAULTS, period_starts(shop, "month")):
        name, _, value = segment.partition("=")
        if segment and member.attributes[name] != value:
            continue
        orders = [order for order in shop.orders if order.customer == member.name]
        found.append(Buyer(orders, starts, member.attributes, member.bucket))
    return found


def steps(people, t):
    """The bridge from one period to the next: money and customers of each step."""
    money, count = Counter(), Counter()
    for one in people:
        move, change = one.move(t), one.revenue[t] - one.revenue[t - 1]
        if move is None or (move == "kept" and not change):
            continue
        step = {"new": "new", "back": "reactivation", "lost": "churn"}.get(move)
        step = step or ("expansion" if change > 0 else "contraction")
        money[step] += abs(change)
        count[step] += 1
    return money, count


def leave_one_bucket_out(people, number, level, counts=lambda one: True):
    """Half the jackknife's interval of a number of some people; None below two buckets of those who count."""
    buckets = {one.bucket for one in people if counts(one)}
    if len(buckets) < 2:
        return None
    values = [float(number([one for one in people if one.bucket != bucket])) for bucket in buckets]
    mean, groups = sum(values) / len(values), len(values)
    return z_value(level) * ((groups - 1) / groups * sum((value - mean) ** 2 for value in values)) ** 0.5


def total(values):
    return sum(values, Decimal(0))
