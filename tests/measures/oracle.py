"""The naive oracle: cohort tables by dicts and loops, straight from the definitions.

Nothing of the package is imported, no SQL and no NumPy: the standard library's calendars, exact
fractions of money, and one loop per sentence of the definition.
"""

import calendar
import hashlib
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from statistics import NormalDist
from zoneinfo import ZoneInfo

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
UNKNOWN = "(unknown)"
DEFAULTS = {
    "grain": "month", "clock": "calendar", "cohort_by": "", "mode": "bounded", "brackets": "1-3,4-6,7-12",
    "min_orders": 1, "measure": "customers", "segment": "", "orders": "", "breakdown": "",
    "cohort_from": "", "cohort_to": "", "age_from": 0, "age_to": 0, "smallest_cohort": 1, "level": 0.95,
}  # fmt: skip


@dataclass(frozen=True)
class Order:
    """One order at a local wall time, with what it brought."""

    customer: str
    at: datetime
    amount: Decimal = Decimal(0)
    margin: Decimal = Decimal(0)
    channel: str | None = None
    device: str | None = None


@dataclass(frozen=True)
class Shop:
    """All orders up to the as-of date, and how its days and periods run."""

    orders: tuple[Order, ...]
    as_of: date
    time_zone: str = "UTC"
    first_weekday: str = "monday"
    fiscal_year_start: int = 1

    @property
    def has_times(self) -> bool:
        return any(order.at.time() != time() for order in self.orders)

    def instant(self, wall: datetime) -> datetime:
        """The moment of a wall time; a shop that knows days only counts days, whatever the clocks do."""
        if not self.has_times:
            return wall
        return wall.replace(tzinfo=ZoneInfo(self.time_zone)).astimezone(UTC).replace(tzinfo=None)

    @property
    def end(self) -> datetime:
        return datetime.combine(self.as_of + timedelta(days=1), time())


class NothingToShowError(Exception):
    """No age, no cohort or no customer is left."""


def plus_months(moment, months):
    """The same day and time so many months later; the last day of the month where there is no such day."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def period_starts(shop: Shop, grain: str) -> list[date]:
    """First days of the periods from the shop's first day to one past the as-of date."""
    first = min(order.at for order in shop.orders).date()
    if grain == "week":
        while WEEKDAYS[first.weekday()] != shop.first_weekday:
            first -= timedelta(days=1)
    elif grain != "day":
        first = first.replace(day=1)
        opening = {shop.fiscal_year_start}
        if grain == "quarter":
            opening = {(shop.fiscal_year_start + step - 1) % 12 + 1 for step in (0, 3, 6, 9)}
        while grain != "month" and first.month not in opening:
            first = plus_months(first, -1)
    starts = [first]
    while starts[-1] <= shop.as_of:
        last = starts[-1]
        starts.append(
            last + timedelta(days={"day": 1, "week": 7}[grain])
            if grain in ("day", "week")
            else plus_months(last, {"month": 1, "quarter": 3, "year": 12}[grain])
        )
    return starts


def whole_ages(shop: Shop, grain: str, first: datetime, moment: datetime) -> int:
    """Periods that have fully elapsed between a first order and a moment, both wall times."""
    if grain in ("day", "week"):
        length = timedelta(days={"day": 1, "week": 7}[grain])
        return (shop.instant(moment) - shop.instant(first)) // length
    step, age = {"month": 1, "quarter": 3, "year": 12}[grain], 0
    while plus_months(first, step * (age + 1)) <= moment:
        age += 1
    return age


@dataclass
class Member:
    """A customer: cohort, how far it has got, and what it did at each age."""

    name: str
    cohort: int
    begun: int
    finished: int
    orders: Counter
    revenue: Counter
    margin: Counter
    attributes: dict

    @property
    def bucket(self) -> int:
        return int(hashlib.md5(self.name.encode()).hexdigest()[:8], 16) % 100


def members(shop: Shop, chosen: dict, starts: list[date]) -> list[Member]:
    """Every customer with a qualifying order among those that count."""
    orders = shop.orders
    if chosen["orders"]:
        name, _, value = chosen["orders"].partition("=")
        orders = [order for order in orders if getattr(order, name) == value]
    by_customer: dict[str, list[Order]] = {}
    for order in orders:
        by_customer.setdefault(order.customer, []).append(order)
    found = []
    for name, mine in by_customer.items():
        first = min(order.at for order in mine)
        opening = min(shop.instant(order.at) for order in mine)
        at_first = [order for order in mine if shop.instant(order.at) == opening]
        cohort = bisect_right(starts, first.date()) - 1
        if chosen["clock"] == "calendar":
            begun = sum(start <= shop.as_of for start in starts) - cohort
            finished = bisect_right(starts, shop.as_of + timedelta(days=1)) - 1 - cohort
        else:
            finished = age_at(shop, chosen, mine, shop.end)
            begun = age_at(shop, chosen, mine, shop.end - timedelta(microseconds=1)) + 1
        member = Member(name, cohort, begun, finished, Counter(), Counter(), Counter(), {})
        for order in mine:
            age = bisect_right(starts, order.at.date()) - 1 - cohort
            if chosen["clock"] == "elapsed":
                age = age_at(shop, chosen, mine, order.at)
            member.orders[age] += 1
            member.revenue[age] += order.amount
            member.margin[age] += order.margin
        for attribute in ("channel", "device"):
            values = [getattr(order, attribute) for order in at_first if getattr(order, attribute)]
            member.attributes[attribute] = min(values, default=UNKNOWN)
        found.append(member)
    return found


def age_at(shop: Shop, chosen: dict, mine: list[Order], moment: datetime) -> int:
    """Whole ages since the first order; months count wall time, days and weeks true time."""
    if chosen["grain"] in ("day", "week"):
        first = min((order.at for order in mine), key=shop.instant)
    else:
        first = min(order.at for order in mine)
    return whole_ages(shop, chosen["grain"], first, moment)


def retained(member: Member, low: int, high: int, chosen: dict) -> bool:
    active = {age for age, orders in member.orders.items() if orders >= chosen["min_orders"]}
    if chosen["mode"] == "bounded":
        return low in active
    if chosen["mode"] == "unbounded":
        return any(age >= low for age in active)
    if chosen["mode"] == "range":
        return any(low <= age <= high for age in active)
    return all(age in active for age in range(1, low + 1))


def amount(member: Member, low: int, high: int, chosen: dict) -> Decimal | int:
    measure = chosen["measure"]
    kept = {
        "orders": member.orders, "revenue": member.revenue, "margin": member.margin,
        "revenue_per_customer": member.revenue, "cumulative_value": member.margin,
    }[measure]  # fmt: skip
    lowest = 0 if measure == "cumulative_value" else low
    return sum((value for age, value in kept.items() if lowest <= age <= high), 0 * next(iter(kept.values())))


def z_value(level: float) -> float:
    return NormalDist().inv_cdf(0.5 + level / 2)


def wilson(successes: int, trials: int, level: float) -> tuple[float, float] | tuple[None, None]:
    """Wilson's interval as the two roots of (p - x/n)^2 = z^2 p (1 - p) / n."""
    if not trials:
        return None, None
    z2, share = z_value(level) ** 2, successes / trials
    a, b, c = 1 + z2 / trials, -(2 * share + z2 / trials), share**2
    root = max(b * b - 4 * a * c, 0.0) ** 0.5
    return max((-b - root) / (2 * a), 0.0), min((-b + root) / (2 * a), 1.0)


def jackknife(amounts: dict, level: float) -> tuple[float, float] | tuple[None, None]:
    """Leave each bucket of customers out in turn; ``amounts`` is bucket -> [(member's amount), ...]."""
    if len(amounts) < 2:
        return None, None
    ratios = []
    for left_out in amounts:
        rest = [value for bucket, values in amounts.items() if bucket != left_out for value in values]
        ratios.append(float(sum(rest)) / len(rest))
    groups, mean = len(ratios), sum(ratios) / len(ratios)
    error = ((groups - 1) / groups * sum((ratio - mean) ** 2 for ratio in ratios)) ** 0.5
    every = [value for values in amounts.values() for value in values]
    ratio = float(sum(every)) / len(every)
    return ratio - z_value(level) * error, ratio + z_value(level) * error


def spans_of(chosen: dict, periods: int) -> list[tuple[int, int]]:
    if chosen["mode"] == "range":
        pairs = [tuple(map(int, part.split("-"))) for part in chosen["brackets"].split(",")]
        return [(pair[0], pair[-1]) for pair in pairs if pair[0] < periods]
    return [
        (age, age)
        for age in range(periods)
        if age >= chosen["age_from"] and (not chosen["age_to"] or age <= chosen["age_to"])
    ]


class Expected:
    """The cohort table that the definitions demand."""

    def __init__(self, shop: Shop, **changes):
        self.chosen = chosen = DEFAULTS | changes
        starts = period_starts(shop, chosen["grain"])
        periods = sum(start <= shop.as_of for start in starts)
        self.spans = spans_of(chosen, periods)
        wanted = [
            index
            for index in range(periods)
            if (not chosen["cohort_from"] or starts[index].isoformat() >= chosen["cohort_from"])
            and (not chosen["cohort_to"] or starts[index].isoformat() <= chosen["cohort_to"])
        ]
        people = [member for member in members(shop, chosen, starts) if member.cohort in wanted]
        if chosen["segment"]:
            name, _, value = chosen["segment"].partition("=")
            people = [member for member in people if member.attributes[name] == value]
        if not self.spans or not people:
            raise NothingToShowError
        self.groups = _largest_first(people, chosen["breakdown"]) if chosen["breakdown"] else [""]
        if chosen["cohort_by"]:
            self.keys = _largest_first(people, chosen["cohort_by"])
        else:
            self.keys = wanted
        self.people: dict = {(group, key): [] for group in self.groups for key in self.keys}
        for member in people:
            group = member.attributes[chosen["breakdown"]] if chosen["breakdown"] else ""
            key = member.attributes[chosen["cohort_by"]] if chosen["cohort_by"] else member.cohort
            self.people[group, key].append(member)
        self.shown = [
            key
            for key in self.keys
            if (size := sum(len(self.people[group, key]) for group in self.groups)) == 0
            or size >= chosen["smallest_cohort"]
        ]

    def counted(self, group, key, span) -> list[Member]:
        """Those by whom a cell is divided."""
        here = self.people[group, key]
        return [m for m in here if m.finished > span[1]] if self.chosen["cohort_by"] else here

    def status(self, group, key, span) -> str:
        here = self.people[group, key]
        finished = [member for member in here if member.finished > span[1]]
        if not here:
            return "empty"
        if self.chosen["cohort_by"]:
            return "mature" if finished else "not_yet"
        if len(finished) == len(here):
            return "mature"
        return "partial" if any(member.begun > span[0] for member in here) else "not_yet"

    def contribution(self, member, span):
        if self.chosen["measure"] == "customers":
            return int(retained(member, *span, self.chosen))
        return amount(member, *span, self.chosen)

    def summary(self, people, span, *, total=False) -> dict:
        """Numerator, value per customer (or the total) and interval over some customers."""
        if not people:
            return {"numerator": None, "value": None, "ci_low": None, "ci_high": None}
        numerator = sum(self.contribution(member, span) for member in people)
        level, value = self.chosen["level"], float(numerator) / len(people)
        if self.chosen["measure"] == "customers":
            low, high = wilson(numerator, len(people), level)
        else:
            buckets: dict = {}
            for member in people:
                buckets.setdefault(member.bucket, []).append(self.contribution(member, span))
            low, high = jackknife(buckets, level)
        if total:
            value = float(numerator)
            low, high = (None if bound is None else bound * len(people) for bound in (low, high))
        return {"numerator": numerator, "value": value, "ci_low": low, "ci_high": high}

    def cells(self) -> list[dict]:
        is_total = self.chosen["measure"] in ("orders", "revenue", "margin")
        rows = []
        for group in self.groups:
            for key in self.shown:
                for span in self.spans:
                    status = self.status(group, key, span)
                    seen = self.counted(group, key, span) if status in ("mature", "partial") else []
                    here = self.people[group, key]
                    rows.append(
                        {
                            "group": group,
                            "cohort_size": len(here),
                            "age_periods": span[0],
                            "eligible": sum(member.finished > span[1] for member in here),
                            "status": status,
                            **self.summary(seen, span, total=is_total),
                        }
                    )
        return rows

    def mature(self, group, span) -> list:
        return [key for key in self.shown if self.status(group, key, span) == "mature"]

    def averages(self, keys_of) -> list[dict]:
        rows = []
        for group in self.groups:
            for span in self.spans:
                keys = keys_of(group, span)
                people = [member for key in keys for member in self.counted(group, key, span)]
                rows.append(
                    {
                        "group": group,
                        "age_periods": span[0],
                        "cohorts": len(keys),
                        "customers": len(people),
                        **self.summary(people, span),
                    }
                )
        return rows

    def pooled(self) -> list[dict]:
        return self.averages(self.mature)

    def fixed_set(self) -> list[dict]:
        """Over the cohorts that are mature at the last age which half of the first age's cohorts reach."""
        ripe = [{key for group in self.groups for key in self.mature(group, span)} for span in self.spans]
        enough = [i for i, keys in enumerate(ripe) if 2 * len(keys) >= max(len(ripe[0]), 1)]
        last = self.spans[enough[-1] if enough else 0]
        rows = self.averages(lambda group, span: self.mature(group, last))
        return [row for row in rows if row["age_periods"] <= last[0]]

    def simple_mean(self) -> list[dict]:
        rows = []
        for group in self.groups:
            for span in self.spans:
                rates = [
                    self.summary(self.counted(group, key, span), span)["value"]
                    for key in self.mature(group, span)
                ]
                value = sum(rates) / len(rates) if rates else None
                rows.append({"group": group, "age_periods": span[0], "cohorts": len(rates), "value": value})
        return rows


def _largest_first(people: list[Member], attribute: str) -> list[str]:
    sizes = Counter(member.attributes[attribute] for member in people)
    return sorted(sizes, key=lambda name: (-sizes[name], name))
