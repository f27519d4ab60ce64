"""The user's own figures for what guides claim, and what each of them can and cannot show."""

from dataclasses import dataclass

import numpy as np

from retention_kit.data.engagement_statements import acquisition_costs, engaged_after
from retention_kit.errors import RetentionKitError
from retention_kit.measures.counting import MONEY_UNITS, UNKNOWN
from retention_kit.measures.landmark import landmark_comparison
from retention_kit.measures.reasons_for_leaving import reasons_for_leaving
from retention_kit.measures.scorecard_counting import Shoppers, lacking, orders_begin
from retention_kit.measures.scorecard_engagement import ranked_until
from retention_kit.measures.scorecard_formulas import yearly_churn
from retention_kit.measures.scorecard_metrics import YEARS
from retention_kit.measures.scorecard_periods import Compared
from retention_kit.measures.scorecard_reading import Reading, jackknifed, ratio, share
from retention_kit.measures.scorecard_sums import Sums, dense, quotient
from retention_kit.measures.scorecard_tiles import estimate_at
from retention_kit.measures.survival_result import Estimate

__all__ = [
    "Asked",
    "Measured",
    "channels",
    "cost",
    "engaged",
    "existing_share",
    "profit",
    "reasons",
    "regulars_more",
    "won_back",
]

_NOTHING = Estimate(None, None, None)
_ENGAGED_FROM = 75  # index
_DISCOUNT_RATE = 0.1  # a year, where the dataset sets none
_MORE_RETENTION = 0.05

Measured = tuple[Estimate, int, str, str]


@dataclass(frozen=True, eq=False)
class Asked:
    """Of whom, and up to when: customers, periods, sums, the segment and the level of the intervals."""

    shoppers: Shoppers
    when: Compared
    sums: Sums
    segment: str
    level: float

    @property
    def year(self) -> int:
        """Periods in a year."""
        return YEARS[self.when.all.grain]

    def read(self, reading: Reading, where: str = "", missing: str = "Nothing was ordered.") -> Measured:
        """Return a reading in the period measured, where it is from, and what to say without one."""
        now = self.when.measured.index
        found = estimate_at(reading, now, self.level)
        return found, int(reading.customers[now]) if found.value is not None else 0, where, missing

    def lacks(self, what: str) -> str:
        """Return what the data lack, as a sentence; empty if nothing."""
        return lacking(self.shoppers.dataset, self.sums).get(what, "")


def _missing(sentence: str) -> Measured:
    return _NOTHING, 0, "", sentence


def _year_words(asked: Asked) -> str:
    measured, grain = asked.when.measured, asked.when.all.grain
    count = min(asked.year, measured.index - asked.sums.first + 1)
    begun = " from where the data begin" if count < asked.year else ""
    return f" in {measured.label}" if count == 1 else f" over {count} {grain}s up to {measured.label}{begun}"


def existing_share(asked: Asked) -> Measured:
    """Return the share of revenue of customers acquired before the period, over a year."""
    if needs := asked.lacks("amount"):
        return _missing(needs)
    sums, year = asked.sums, asked.year
    revenue = sums.over("revenue", year)
    found = ratio(revenue - sums.over("new_revenue", year), revenue, sums.until("year_steps"))
    return asked.read(found, _year_words(asked))


def regulars_more(asked: Asked) -> Measured:
    """Return how much more known customers spend per period than new ones, over a year."""
    if needs := asked.lacks("amount"):
        return _missing(needs)
    sums, year = asked.sums, asked.year
    new, new_revenue = sums.over("newcomers", year), sums.over("new_revenue", year)
    known, known_revenue = sums.over("active", year) - new, sums.over("revenue", year) - new_revenue
    more = quotient(quotient(known_revenue, known), quotient(new_revenue, new)) - 1
    used = known[0] + new[0] - known[1:] - new[1:] != 0
    found = jackknifed(more, used, (), sums.until("year_steps")[0])
    return asked.read(found, _year_words(asked), "There are not both new and known customers with revenue.")


def engaged(asked: Asked, *, per_order: bool) -> Measured:
    """Return how much more customers order, or spend per order, who were engaged halfway, after that day."""
    data = asked.shoppers.dataset
    if per_order and (needs := asked.lacks("amount")):
        return _missing(needs)
    first_day = orders_begin(data)
    day = first_day + (data.as_of - first_day) // 2
    ranked = ranked_until(asked.shoppers, day)
    view = asked.shoppers.view(
        "engaged", engaged_after, ranks=ranked, day=day, engaged_from=_ENGAGED_FROM, money=data.has_amount
    )
    rows, _ = asked.shoppers.rows(
        view,
        ["CAST(is_engaged AS INTEGER) AS period_index", "bucket", "customers", "orders"],
        money=["revenue"],
    )
    sums = Sums.of(dense(rows, ("customers", "orders", "revenue"), 2))
    top, bottom = (sums["revenue"], sums["orders"]) if per_order else (sums["orders"], sums["customers"])
    mean = quotient(top, bottom)
    more = quotient(mean[:, 1:], mean[:, :1]) - 1
    people = sums["customers"].sum(axis=1, keepdims=True)
    found = jackknifed(more, people[0] - people[1:] != 0, (), people[0])
    words = f" after {day}, of customers told apart by their index on that day ({_ENGAGED_FROM} or more)"
    estimate = estimate_at(found, 0, asked.level)
    return estimate, int(people[0, 0]), words, "There are not both engaged and other customers who ordered."


def channels(asked: Asked) -> Measured:
    """Return how many more stay of customers in several channels than of those in one."""
    data = asked.shoppers.dataset
    try:
        found = landmark_comparison(
            data, by="channels", basis="orders", segment=asked.segment, level=asked.level
        )
    except RetentionKitError as error:
        return _missing(error.public)
    many, one = found.retained.pair or ("", "")
    customers = sum(found.standing.groups.get(name, 0) for name in (many, one))
    words = (
        f" {found.horizon_days} days after a landmark {found.landmark_days} days after the first order, "
        f"{many} channels less {one}"
    )
    return found.retained.difference, customers, words, "There are not both kinds of customers."


def won_back(asked: Asked) -> Measured:
    """Return the share of customers away in the period before who came back."""
    sums = asked.sums
    back = sums["active"] - sums["newcomers"] - sums["retained"]
    away = sums.until("newcomers") - sums["newcomers"] - sums.before("active")
    words = f" in {asked.when.measured.label}"
    return asked.read(share(back, away), words, "No customer was away in the period before.")


def reasons(asked: Asked) -> Measured:
    """Return the share of those who left who gave the most frequent reason."""
    data = asked.shoppers.dataset
    if not data.has("subscriptions") or "reason" not in data.columns("subscriptions"):
        return _missing("Needs why customers left: map reason in [subscriptions.columns].")
    try:
        found = reasons_for_leaving(data, segment=asked.segment, level=asked.level)
    except RetentionKitError as error:
        return _missing(error.public)
    known = [row for row in found.by_customers.to_pylist() if row["reason"] != UNKNOWN]
    if not known:
        return _missing("Nobody who left gave a reason.")
    top = max(known, key=lambda row: int(row["customers"]))
    estimate = Estimate(top["customers_share"], top["customers_share_ci_low"], top["customers_share_ci_high"])
    return estimate, found.customers, f" of those who left said {top['reason']!r}", ""


def cost(asked: Asked) -> Measured:
    """Return what customers cost to acquire, on average."""
    data, shoppers = asked.shoppers.dataset, asked.shoppers
    if not data.has("customers") or "acquisition_cost" not in data.columns("customers"):
        return _missing("Needs what customers cost: map acquisition_cost in [customers.columns].")
    view = shoppers.view("acquisition_costs", acquisition_costs)
    rows, _ = shoppers.rows(view, ["bucket", "0 AS period_index", "customers"], money=["cost"])
    sums = Sums.of(dense(rows, ("customers", "cost"), 1))
    reading = ratio(sums["cost"], sums["customers"], scale=MONEY_UNITS)
    customers = int(reading.customers[0])
    return estimate_at(reading, 0, asked.level), customers, " to acquire one", "No customer's cost is known."


def profit(asked: Asked) -> Measured:
    """Return the gain in value per customer from five points more of yearly retention."""
    churn = yearly_churn(asked.sums, asked.year)
    rate = asked.shoppers.dataset.config.discount_rate
    discount = _DISCOUNT_RATE if rate is None else rate
    stay = 1 - churn.values
    more = np.where(stay + _MORE_RETENTION < 1, stay + _MORE_RETENTION, np.nan)
    gain = quotient(more * (1 + discount - stay), (1 + discount - more) * stay) - 1
    words = f" in value per customer from five points more than now, at {discount * 100:g} % a year"
    missing = "Needs two years of orders up to the end of the period, and a retention rate below 95 %."
    return asked.read(jackknifed(gain, churn.used, (), churn.customers), words, missing)
