"""What lifetime values are called, and what is said of them."""

from math import ceil
from typing import TYPE_CHECKING

from retention_kit import formats

if TYPE_CHECKING:
    from retention_kit.formats import Estimated
    from retention_kit.planning.lifetime_result import LifetimeValue

__all__ = [
    "assumed",
    "concentration_readings",
    "concentration_title",
    "context",
    "curve_title",
    "differ",
    "group_title",
    "held_title",
    "measured",
    "spread_title",
    "told",
    "told_range",
    "told_with_interval",
    "unit_of",
    "value_title",
]

_NOTHING_HELD = "There is no value to be held"
_SOURCES = {"given": "as chosen", "dataset": "as the dataset says", "assumed": "assumed"}


def unit_of(found: "LifetimeValue") -> str:
    """Return the unit of values, as `formats` knows it."""
    return "ratio" if found.measures == "purchases" else "money"


def measured(found: "LifetimeValue") -> str:
    """Return what a value is made of."""
    if found.measures == "purchases":
        return "purchases" if found.kind == "purchases" else "months of contract"
    return "gross margin" if found.measures == "margin" else "revenue"


def value_title(found: "LifetimeValue", *, each: bool = True) -> str:
    """Return what an axis of values is called, with its unit."""
    money = f", {found.currency}" if found.currency else ""
    return f"{measured(found)}{' per customer' if each else ''}{money}"


def told(amount: float | None, found: "LifetimeValue") -> str:
    """Return a value in its unit."""
    if found.measures != "purchases" or amount is None:
        return formats.value(amount, "money", currency=found.currency)
    return f"{formats.number(amount, decimals=2)} {measured(found)}"


def told_range(low: float | None, high: float | None, found: "LifetimeValue") -> str:
    """Return a range of values in its unit."""
    return formats.interval(low, high, unit_of(found), currency=found.currency)


def told_with_interval(one: "Estimated", found: "LifetimeValue") -> str:
    """Return a value in its unit, with its range."""
    if found.measures != "purchases":
        return formats.with_interval(one, "money", currency=found.currency)
    ends = formats.interval(one.ci_low, one.ci_high, "ratio")
    return f"{told(one.value, found)} ({ends})" if one.ci_low != one.ci_high else told(one.value, found)


def assumed(found: "LifetimeValue") -> str:
    """Return horizon, margin, discount rate and currency, which belong beside every value."""
    margin = {
        "given": f"margin {formats.value(found.margin_share, 'share')}, as chosen",
        "dataset": f"margin {formats.value(found.margin_share, 'share')}, as the dataset says",
        "revenue": "revenue, as no margin is known",
    }[found.margin_source]
    if found.measures == "purchases":
        margin = f"{measured(found)}, as no amounts are known"
    rate = f"{formats.value(found.discount_rate, 'share')} a year off, {_SOURCES[found.discount_source]}"
    money = [f"in {found.currency}"] if found.currency else []
    return " · ".join([f"{formats.plural(found.horizon_months, 'month')} ahead", margin, rate, *money])


def context(found: "LifetimeValue") -> str:
    """Return the line below every title: what values are of, and as of when."""
    people = formats.plural(found.customers, "customer")
    return f"discounted {value_title(found, each=False)}, {_ahead(found)} · {people} · as of {found.as_of}"


def spread_title(found: "LifetimeValue") -> str:
    """Return how value is spread, in a title."""
    median = _quantile(found, 0.5)
    mean = told(found.per_customer.value, found)
    return f"A customer is worth {mean} on average; half are below {told(median, found)}"


def concentration_title(found: "LifetimeValue") -> str:
    """Return who holds half the value, in a title."""
    held = found.concentration.half_held_by
    if held is None:
        return _NOTHING_HELD
    return f"Half the value is held by {formats.value(held, 'share')} of the customers"


def concentration_readings(found: "LifetimeValue") -> list[str]:
    """Return how value is spread and who holds it, in sentences."""
    held = found.concentration
    if held.half_held_by is None:
        return ["These customers are expected to bring nothing, so nobody holds a part of it."]
    low, high = _quantile(found, 0.1), _quantile(found, 0.9)
    many = formats.plural(ceil(held.half_held_by * found.customers), "customer")
    tenth, fifth = (formats.value(share, "share") for share in (held.top_10, held.top_20))
    return [
        f"{concentration_title(found)} ({many}); the first tenth hold {tenth} of it, the first fifth "
        f"{fifth}.",
        f"One customer in ten is worth less than {told(low, found)}, one in ten more than "
        f"{told(high, found)}. These are expectations: what single customers will bring lies further apart.",
    ]


def differ(found: "LifetimeValue") -> tuple[dict[str, object], dict[str, object]] | None:
    """Return the groups worth least and most per customer; None where there is one group only."""
    rows = [row for row in found.groups.to_pylist() if row["customers"]]
    if len(rows) < 2:
        return None
    rows.sort(key=lambda row: row["value_per_customer"])
    return rows[0], rows[-1]


def group_title(found: "LifetimeValue", attribute: str) -> str:
    """Return which group is worth most, in a title."""
    ends = differ(found)
    if ends is None:
        return f"All customers are of one {attribute}"
    low, high = ends
    most, least = (told(row["value_per_customer"], found) for row in (high, low))  # type: ignore[arg-type]
    return f"By {attribute}: {high['group']} {most} per customer, {low['group']} {least}"


def held_title(found: "LifetimeValue") -> str:
    """Return which cohort holds most of the value, in a title."""
    rows = [row for row in found.cohorts.to_pylist() if row["customers"]]
    if len(rows) == 1:
        return f"All customers began in {rows[0]['cohort']}"
    if not found.total.value:
        return _NOTHING_HELD
    most = max(rows, key=lambda row: row["share_of_value"])
    share = formats.value(most["share_of_value"], "share")
    return f"{share} of the value is held by those who began in {most['cohort']}"


def curve_title(found: "LifetimeValue") -> str:
    """Return what a customer brings over the horizon, in a title."""
    months = formats.plural(found.horizon_months, "month")
    if found.curve_of_new.num_rows:
        new = told(found.curve_of_new["value_per_customer"][-1].as_py(), found)
        first = ", its first purchase included" if found.kind == "purchases" else ""
        today = told(found.per_customer.value, found)
        return f"In {months} a new customer brings {new}{first}, and one of today's {today}"
    return f"In {months} one of today's customers brings {told(found.per_customer.value, found)}"


def _ahead(found: "LifetimeValue") -> str:
    parts = [f"{formats.plural(found.horizon_months, 'month')} ahead"]
    if found.measures == "margin":
        parts.append(f"margin {formats.value(found.margin_share, 'share')}")
    return ", ".join([*parts, f"{formats.value(found.discount_rate, 'share')} a year"])


def _quantile(found: "LifetimeValue", share: float) -> float | None:
    shares = found.quantiles["share_of_customers"].to_pylist()
    value: float | None = found.quantiles["value"][shares.index(share)].as_py()
    return value
