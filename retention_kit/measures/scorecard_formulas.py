"""The formulas of the scorecard, over sums: each metric in every period, and its named variants.

S are customers active in the period before, E in this one, N new in this one.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from retention_kit.measures.counting import MONEY_UNITS
from retention_kit.measures.scorecard_reading import (
    Other,
    Reading,
    counted,
    jackknifed,
    net_share,
    ratio,
    share,
    share_difference,
)
from retention_kit.measures.scorecard_sums import Sums, earlier, quotient

__all__ = [
    "Read",
    "churn",
    "existing_revenue",
    "frequency",
    "order_value",
    "recommendation",
    "referrals",
    "repeat_rate",
    "retention",
    "sales_per_customer",
    "satisfaction",
    "simple_clv",
    "total_of",
    "upsell",
    "yearly_churn",
]

Read = tuple[Reading, tuple[Other, ...]]


def retention(sums: Sums, _: int) -> Read:
    """Return the share of S who are active again."""
    before = sums.before("active")
    return share(sums["retained"], before), (
        Other("(E − N) / S", "share", ratio(_known(sums), before)),
        Other("End over start", "share", ratio(sums["active"], before)),
    )


def churn(sums: Sums, _: int) -> Read:
    """Return the share of S who are not."""
    before = sums.before("active")
    lost = before - sums["retained"]
    base = earlier(sums.until("newcomers"), 1)
    return share(lost, before), (Other("Lost / whole base", "share", share(lost, base)),)


def repeat_rate(sums: Sums, _: int) -> Read:
    """Return the share of customers so far who have ordered twice or more."""
    repeaters, everyone = sums.until("repeaters"), sums.until("newcomers")
    within = share(sums["active"] - sums["single"], sums["active"])
    return share(repeaters, everyone), (
        Other("Repeat to one-time ratio", "ratio", ratio(repeaters, everyone - repeaters, everyone)),
        Other("Within the period", "share", within),
    )


def frequency(sums: Sums, _: int) -> Read:
    """Return orders per customer of the period."""
    one_time = ratio(sums["orders"], sums["single"], sums["active"])
    return ratio(sums["orders"], sums["active"]), (Other("Orders per one-time customer", "ratio", one_time),)


def order_value(sums: Sums, _: int) -> Read:
    """Return revenue per order."""
    return ratio(sums["revenue"], sums["orders"], sums["active"], scale=MONEY_UNITS), ()


def sales_per_customer(sums: Sums, _: int) -> Read:
    """Return revenue per customer of the period."""
    return ratio(sums["revenue"], sums["active"], scale=MONEY_UNITS), ()


def simple_clv(sums: Sums, year: int) -> Read:
    """Return revenue per customer and year over the yearly churn rate."""
    churn = yearly_churn(sums, year)
    active = sums.until("year_steps")
    revenue, orders = sums.over("revenue", year), sums.over("orders", year)
    terms = quotient(revenue, orders)[0] / MONEY_UNITS, quotient(orders, active)[0], churn.values[0]

    def lifetime(money: str) -> Reading:
        yearly = quotient(sums.over(money, year), active) / MONEY_UNITS
        least = -np.inf if np.any(yearly < 0) else 0
        return jackknifed(quotient(yearly, churn.values), churn.used, terms, active[0], least=least)

    return lifetime("revenue"), (Other("Of gross margin", "money", lifetime("margin"), needs="margin"),)


def yearly_churn(sums: Sums, year: int) -> Reading:
    """Return the share of those active in the year before last who were not in the last; as periods end."""
    before = earlier(sums.until("year_steps"), year)
    before[:, : sums.first + 2 * year - 1] = 0  # a year that began before the data did is no year
    # NaN for nobody, and never 0 / 0 later on: without churn a lifetime has no end.
    found = share(np.where(before > 0, before - sums.until("both_years_steps"), 0), before)
    endless = np.where(found.values == 0, np.nan, found.values)
    return jackknifed(endless, found.used, found.terms, found.customers)


def upsell(sums: Sums, _: int) -> Read:
    """Return customers with several products so far, per customer with one."""
    several, everyone = sums.until("two_products"), sums.until("one_product")
    one = everyone - several
    return ratio(several, one, everyone), (
        Other("As two guides word it", "ratio", ratio(one, several, everyone)),
        Other("Share with several", "share", share(several, everyone)),
    )


def existing_revenue(sums: Sums, _: int) -> Read:
    """Return the share of revenue that is of customers acquired before the period."""
    existing = sums["revenue"] - sums["new_revenue"]
    whole = sums["revenue"].copy()
    whole[:, : sums.first + 1] = 0  # where the data begin all customers are new: that says nothing
    # Money over money: the unit falls out of the quotient, but not out of the terms.
    found = ratio(existing, whole, sums["active"], most=1)
    terms = tuple(term / MONEY_UNITS for term in found.terms)
    return Reading(found.values, found.used, terms, found.customers, found.bounds), ()


def referrals(sums: Sums, _: int) -> Read:
    """Return the share of N who came by referral."""
    before, kept = sums.before("referral_active"), sums["referral_retained"]
    others, others_kept = sums.before("active") - before, sums["retained"] - kept
    return share(sums["referral_newcomers"], sums["newcomers"]), (
        Other("Retention of referred customers", "share", share(kept, before)),
        Other("Retention of all others", "share", share(others_kept, others)),
        Other("Referred less others", "points", share_difference(kept, before, others_kept, others)),
    )


def recommendation(sums: Sums, _: int) -> Read:
    """Return promoters less detractors, as a share of those who answered."""
    up, down = sums["promoters"], sums["detractors"]
    asked = up + down + sums["passives"]
    plain = net_share(up, down, asked, plain=True)
    return net_share(up, down, asked), (Other("Plain margin", "points", plain),)


def satisfaction(sums: Sums, _: int) -> Read:
    """Return the share of those who answered 4 or 5."""
    mean = ratio(sums["rating"], sums["rated"], scale=MONEY_UNITS)
    return share(sums["satisfied"], sums["rated"]), (Other("Mean score", "score", mean),)


def total_of(name: str, *, scale: int = 1, customers: str = "active") -> Callable[[Sums, int], Read]:
    """Return the formula of a total; before the first order there is none."""
    return lambda sums, _: (counted(sums[name], sums[customers], scale=scale, first=sums.first), ())


def _known(sums: Sums) -> NDArray[np.int64]:
    """Customers of the period who are not new in it."""
    return sums["active"] - sums["newcomers"]
