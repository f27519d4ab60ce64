"""The naive oracle of the scorecard: sets of customers per period, and one line per definition."""

from bisect import bisect_right
from fractions import Fraction

from oracle import DEFAULTS, members, period_starts, z_value

YEARS = {"day": 365, "week": 52, "month": 12, "quarter": 4, "year": 1}
LAST_YEAR = {"day": 364, "week": 52, "month": 12, "quarter": 4}


class Card:
    """The metrics of any period of a shop, over some of its customers."""

    def __init__(self, shop, grain, segment=""):
        self.shop, self.year = shop, YEARS[grain]
        self.starts = period_starts(shop, grain)
        self.last = sum(start <= shop.as_of for start in self.starts) - 1
        complete = sum(start <= shop.as_of for start in self.starts[:-1])
        # The list ends with the first start after the as-of date: the last period may be over or not.
        self.complete = complete if (self.starts[-1] - shop.as_of).days == 1 else complete - 1
        name, _, value = segment.partition("=")
        everyone = members(shop, DEFAULTS, period_starts(shop, "month"))
        self.buckets = {m.name: m.bucket for m in everyone if not name or m.attributes[name] == value}
        self.orders = [
            (order.customer, bisect_right(self.starts, order.at.date()) - 1, order)
            for order in shop.orders
            if order.customer in self.buckets
        ]

    def metrics(self, t, without=None):
        """Value of each metric in period t, and the customers it is divided by, without those of a bucket."""
        kept = [row for row in self.orders if self.buckets[row[0]] != without]

        def active(*periods):
            return {name for name, p, _ in kept if p in periods}

        def orders(*periods):
            return [order for _, p, order in kept if p in periods]

        def counts(periods):
            found = {}
            for name, p, _ in kept:
                if p in periods:
                    found[name] = found.get(name, 0) + 1
            return found

        now, before, ever = active(t), active(t - 1), active(*range(t + 1))
        base = active(*range(t))
        new = now - base
        young = now - active(*range(t - self.year + 1))
        lifetime, here = counts(range(t + 1)), counts([t])
        repeat = {name for name, n in lifetime.items() if n > 1}
        once = {name for name, n in here.items() if n == 1}
        revenue = sum(order.amount for order in orders(t))
        margin = sum(order.margin for order in orders(t))
        new_revenue = sum(order.amount for order in orders(t) if order.customer in new)
        young_revenue = sum(order.amount for order in orders(t) if order.customer in young)
        result = {
            "retention_rate": (ratio(len(now & before), len(before)), before),
            "(E − N) / S": (ratio(len(now - new), len(before)), before),
            "End over start": (ratio(len(now), len(before)), before),
            "churn_rate": (ratio(len(before - now), len(before)), before),
            "Lost / whole base": (ratio(len(before - now), len(base)), base),
            "repeat_rate": (ratio(len(repeat), len(ever)), ever),
            "Repeat to one-time ratio": (ratio(len(repeat), len(ever - repeat)), ever - repeat),
            "Within the period": (ratio(len(now - once), len(now)), now),
            "purchase_frequency": (ratio(len(orders(t)), len(now)), now),
            "Orders per one-time customer": (ratio(len(orders(t)), len(once)), once),
            "average_order_value": (ratio(revenue, len(orders(t))), now),
            "sales_per_customer": (ratio(revenue, len(now)), now),
            "existing_revenue_share": (
                ratio(revenue - new_revenue, revenue) if t else None,
                {order.customer for order in orders(t) if order.amount} if t else set(),
            ),
            "new_customers": (len(new), None),
            "active_customers": (len(now), None),
            "orders": (len(orders(t)), None),
            "revenue": (revenue, None),
            "young customers": (ratio(len(young), len(now)), now),
            "young revenue": (ratio(young_revenue, revenue), now),
        }
        first_year, second_year = (
            range(t - 2 * self.year + 1, t - self.year + 1),
            range(t - self.year + 1, t + 1),
        )
        earlier, later = active(*first_year), active(*second_year)
        result["simple_clv"] = result["Of gross margin"] = (None, earlier)
        if first_year[0] >= 0 and earlier - later and later:
            churn = Fraction(len(earlier - later), len(earlier))
            spent = sum(order.amount for order in orders(*second_year))
            earned = sum(order.margin for order in orders(*second_year))
            aov, often = ratio(spent, len(orders(*second_year))), ratio(len(orders(*second_year)), len(later))
            result["simple_clv"] = (aov * often / churn, earlier)
            result["Of gross margin"] = (ratio(earned, len(later)) / churn, earlier)
        result["margin"] = (margin, None)
        return result

    def second_orders(self, t, horizon, without=None):
        """Share with a second order within the horizon, by the product limit at the end of period t."""
        end = min(self.starts[t + 1], self.shop.end.date())
        lives = []
        for name, bucket in self.buckets.items():
            mine = sorted((order for who, _, order in self.orders if who == name), key=self._instant)
            if bucket == without or mine[0].at.date() >= end:
                continue
            seen = (end - min(order.at.date() for order in mine)).days - 1
            gap = seen + 1
            if len(mine) > 1:
                gap = max((mine[1].at.date() - min(order.at.date() for order in mine)).days, 0)
            lives.append((min(gap, seen), gap <= seen))
        stay = Fraction(1)
        for time in range(horizon + 1):
            at_risk = sum(until >= time for until, _ in lives)
            if at_risk:
                stay *= 1 - Fraction(sum(came and until == time for until, came in lives), at_risk)
        reached = any(until >= horizon for until, _ in lives) or stay == 0
        return 1 - stay if reached else None

    def _instant(self, order):
        return self.shop.instant(order.at)

    def change(self, value_of, now, then):
        """Difference of two periods and its error; ``value_of(t, without)`` gives (value, customers)."""
        values = value_of(now, None), value_of(then, None)
        if values[0][0] is None or values[1][0] is None:
            return None, None
        total = values[0][1] is None
        people = self.buckets if total else values[0][1] | values[1][1]
        buckets = range(100) if total else sorted({self.buckets[name] for name in people})
        rests = []
        for bucket in buckets:
            rest = [value_of(t, bucket)[0] for t in (now, then)]
            if None in rest:
                return float(values[0][0] - values[1][0]), None
            # Of a total less is left when a bucket is missing: it is scaled up again.
            rests.append(float(rest[0] - rest[1]) * (100 / 99 if total else 1))
        groups, mean = len(rests), sum(rests) / max(len(rests), 1)
        if groups < 2:
            return float(values[0][0] - values[1][0]), None
        error = ((groups - 1) / groups * sum((rest - mean) ** 2 for rest in rests)) ** 0.5
        return float(values[0][0] - values[1][0]), error


def ratio(top, bottom):
    return Fraction(top) / Fraction(bottom) if bottom else None


def ends(value, error, level):
    half = z_value(level) * error
    return value - half, value + half
