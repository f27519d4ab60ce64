"""The user's own figures for what guides claim, and what each of them can and cannot show."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from retention_kit import formats
from retention_kit.data.config import ASSUMED_DISCOUNT_RATE
from retention_kit.data.engagement_statements import acquisition_costs, engaged_after
from retention_kit.errors import RetentionKitError
from retention_kit.measures.counting import MONEY_UNITS, UNKNOWN
from retention_kit.measures.landmark import landmark_comparison
from retention_kit.measures.reasons_for_leaving import OTHER, reasons_for_leaving
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
_MORE_RETENTION = 0.05


@dataclass(frozen=True)
class Measured:
    """The user's own figure, the customers behind it, and a sentence: the figure, or why there is none."""

    own: Estimate
    customers: int
    said: str


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

    @property
    def span(self) -> str:
        """The year up to the end of the period, as far as the data reach, as a sentence begins."""
        measured, grain = self.when.measured, self.when.all.grain
        count = min(self.year, measured.index - self.sums.first + 1)
        if count == 1:
            return formats.begun(formats.in_period(measured.label, grain))
        begun = ", from where the data begin" if count < self.year else ""
        return f"In the {count} {grain}s up to {formats.period(measured.label, grain)}{begun}"

    def read(
        self, reading: Reading, told: Callable[[Estimate], str], missing: str = "Nothing was ordered."
    ) -> Measured:
        """Return a reading in the period measured, told in a sentence, or what to say without one."""
        return self.measured(reading, self.when.measured.index, told, missing)

    def measured(
        self, reading: Reading, period: int, told: Callable[[Estimate], str], missing: str
    ) -> Measured:
        """Return a reading in one period, likewise."""
        found = estimate_at(reading, period, self.level)
        if found.value is None:
            return _missing(missing)
        return Measured(found, int(reading.customers[period]), told(found))

    def lacks(self, what: str) -> str:
        """Return what the data lack, as a sentence; empty if nothing."""
        return lacking(self.shoppers.dataset, self.sums).get(what, "")


def _missing(sentence: str) -> Measured:
    return Measured(_NOTHING, 0, sentence)


def _share(found: Estimate) -> str:
    return formats.with_interval(found, "share")


def _apart(amount: float, unit: str = "share", *, less: str = "less") -> str:
    """A difference without its sign, which words tell."""
    return f"{formats.value(abs(amount), unit)} {less if amount < 0 else 'more'}"


def _ends(found: Estimate, unit: str = "share", *, less: str = "less") -> str:
    """The ends of an interval of a difference, in parentheses; the word is told once where it is the same."""
    low, high = found.ci_low, found.ci_high
    if low is None or high is None or low == high:
        return ""
    if (low < 0) != (high < 0):
        return f" ({_apart(low, unit, less=less)} to {_apart(high, unit)})"
    least, most = sorted((abs(low), abs(high)))
    return f" ({formats.interval(least, most, unit)} {less if low < 0 else 'more'})"


def existing_share(asked: Asked) -> Measured:
    """Return the share of revenue of customers acquired before the period, over a year."""
    if needs := asked.lacks("amount"):
        return _missing(needs)
    sums, year, grain = asked.sums, asked.year, asked.when.all.grain
    revenue = sums.over("revenue", year)
    found = ratio(revenue - sums.over("new_revenue", year), revenue, sums.until("year_steps"), most=1)
    return asked.read(
        found,
        lambda own: (
            f"{asked.span}, customers acquired before the {grain} of the order brought {_share(own)} "
            "of the revenue."
        ),
    )


def regulars_more(asked: Asked) -> Measured:
    """Return how much more known customers spend per period than new ones, over a year."""
    if needs := asked.lacks("amount"):
        return _missing(needs)
    sums, year, grain = asked.sums, asked.year, asked.when.all.grain
    new, new_revenue = sums.over("newcomers", year), sums.over("new_revenue", year)
    known, known_revenue = sums.over("active", year) - new, sums.over("revenue", year) - new_revenue
    more = quotient(quotient(known_revenue, known), quotient(new_revenue, new)) - 1
    used = known[0] + new[0] - known[1:] - new[1:] != 0
    return asked.read(
        jackknifed(more, used, (), sums.until("year_steps")[0]),
        lambda own: (
            f"{asked.span}, customers known from before spent {_apart(own.value or 0)} in a {grain} "
            f"with an order than new ones{_ends(own)}."
        ),
        "There are not both new and known customers with revenue.",
    )


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

    def told(own: Estimate) -> str:
        less = "less" if per_order else "fewer"
        apart = _apart(own.value or 0, less=less)
        did = f"spent {apart} per order" if per_order else f"placed {apart} orders each"
        engaged = f"Customers who were engaged on {day} (index of {_ENGAGED_FROM} or more)"
        return f"{engaged} have since {did} than the others{_ends(own, less=less)}."

    return asked.measured(
        jackknifed(more, people[0] - people[1:] != 0, (), people[0]),
        0,
        told,
        "There are not both engaged and other customers who ordered.",
    )


def channels(asked: Asked) -> Measured:
    """Return how many more stay of customers in several channels than of those in one."""
    data = asked.shoppers.dataset
    try:
        found = landmark_comparison(
            data, by="channels", basis="orders", segment=asked.segment, level=asked.level
        )
    except RetentionKitError as error:
        return _missing(error.public)
    own, names = found.decisive.difference, found.decisive.pair
    if own.value is None:
        return _missing("There are not both kinds of customers.")
    many, one = (found.grouping.words(name) for name in names)
    shares = [formats.value(found.decisive.share(name).value, "share") for name in names]
    said = (
        f"Of those still there {found.landmark_days} days after the first order, {shares[0]} of {many} "
        f"ordered again within {found.horizon_days} days, against {shares[1]} of {one}: "
        f"{_apart(own.value, 'points')}{_ends(own, 'points')}."
    )
    return Measured(own, sum(found.standing.groups.get(name, 0) for name in names), said)


def won_back(asked: Asked) -> Measured:
    """Return the share of customers away in the period before who came back."""
    sums, measured, grain = asked.sums, asked.when.measured, asked.when.all.grain
    back = sums["active"] - sums["newcomers"] - sums["retained"]
    away = sums.until("newcomers") - sums["newcomers"] - sums.before("active")
    return asked.read(
        share(back, away),
        lambda own: (
            f"Of the customers who did not order in the {grain} before, {_share(own)} came back "
            f"{formats.in_period(measured.label, grain)}."
        ),
        "No customer was away in the period before.",
    )


def reasons(asked: Asked) -> Measured:
    """Return the share of those who left who gave the most frequent reason."""
    data = asked.shoppers.dataset
    if not data.has("subscriptions") or "reason" not in data.columns("subscriptions"):
        return _missing("Needs why customers left: map reason in [subscriptions.columns].")
    try:
        found = reasons_for_leaving(data, segment=asked.segment, level=asked.level)
    except RetentionKitError as error:
        return _missing(error.public)
    known = [row for row in found.by_customers.to_pylist() if row["reason"] not in (UNKNOWN, OTHER)]
    if not known:
        return _missing("Nobody who left gave a reason.")
    top = known[0]
    own = Estimate(top["customers_share"], top["customers_share_ci_low"], top["customers_share_ci_high"])
    said = (
        f"Of {formats.plural(found.customers, 'customer')} who left, {_share(own)} gave the most frequent "
        f"reason, {top['reason']!r}."
    )
    return Measured(own, found.customers, said)


def cost(asked: Asked) -> Measured:
    """Return what customers cost to acquire, on average."""
    data, shoppers = asked.shoppers.dataset, asked.shoppers
    if not data.has("customers") or "acquisition_cost" not in data.columns("customers"):
        return _missing("Needs what customers cost: map acquisition_cost in [customers.columns].")
    view = shoppers.view("acquisition_costs", acquisition_costs)
    rows, _ = shoppers.rows(view, ["bucket", "0 AS period_index", "customers"], money=["cost"])
    sums = Sums.of(dense(rows, ("customers", "cost"), 1))
    reading = ratio(sums["cost"], sums["customers"], scale=MONEY_UNITS)
    return asked.measured(
        reading,
        0,
        lambda own: (
            f"A customer costs {formats.with_interval(own, 'money', currency=data.currency)} to "
            "acquire, on average."
        ),
        "No customer's cost is known.",
    )


def profit(asked: Asked) -> Measured:
    """Return the gain in value per customer from five points more of yearly retention."""
    churn = yearly_churn(asked.sums, asked.year)
    rate = asked.shoppers.dataset.config.discount_rate
    discount = ASSUMED_DISCOUNT_RATE if rate is None else rate
    stay = 1 - churn.values
    more = np.where(stay + _MORE_RETENTION < 1, stay + _MORE_RETENTION, np.nan)
    gain = quotient(more * (1 + discount - stay), (1 + discount - more) * stay) - 1
    now = formats.value(float(stay[0, asked.when.measured.index]), "share")
    return asked.read(
        jackknifed(gain, churn.used, (), churn.customers),
        lambda own: (
            f"Yearly retention is {now}; five points more would raise the value of a customer by "
            f"{_share(own)}, discounted at {discount * 100:g} % a year."
        ),
        "Needs two years of orders up to the end of the period, and a retention rate below 95 %.",
    )
