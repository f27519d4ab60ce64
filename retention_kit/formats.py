"""Numbers as people read them: rates in percent, money with its currency, ranges with their ends."""

from collections.abc import Callable
from math import isnan
from typing import Protocol

__all__ = [
    "NOTHING",
    "count",
    "interval",
    "number",
    "plural",
    "short",
    "signed",
    "signed_interval",
    "value",
    "with_interval",
]

NOTHING = "–"


class Estimated(Protocol):
    """A number with its interval; what is not known is missing."""

    @property
    def value(self) -> float | None:
        """The number."""

    @property
    def ci_low(self) -> float | None:
        """Lower end."""

    @property
    def ci_high(self) -> float | None:
        """Upper end."""


def count(amount: float) -> str:
    """Return a count with separators.

    >>> count(2357)
    '2,357'
    """
    return f"{amount:,.0f}"


def plural(number: int, noun: str) -> str:
    """Return a count with its noun.

    >>> plural(1, "cohort"), plural(2357, "customer")
    ('1 cohort', '2,357 customers')
    """
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def value(amount: float | None, unit: str, *, currency: str = "") -> str:
    """Return a value in its unit.

    ``share`` and ``points`` are fractions, shown in percent and in points; ``money`` has its currency;
    ``days`` are named; what counts (``customers``, ``orders``) is a whole number where it is one.

    >>> value(0.1464, "share"), value(35.171, "money", currency="USD"), value(12345, "orders")
    ('14.6 %', '35.17 USD', '12,345')
    >>> value(-0.333, "points"), value(59, "days")
    ('−33.3 points', '59 days')
    """
    if amount is None or isnan(amount):
        return NOTHING
    if unit in ("share", "points"):
        return number(amount * 100, decimals=1) + _suffix(unit, currency)
    if unit == "money":
        return number(amount, decimals=2) + _suffix(unit, currency)
    # Orders may be a mean per customer, which is small, or all there are.
    whole = unit in ("customers", "days") or amount == int(amount) or (unit == "orders" and abs(amount) >= 10)
    return number(amount, decimals=0 if whole else 2) + _suffix(unit, currency)


def interval(low: float | None, high: float | None, unit: str, *, currency: str = "") -> str:
    """Return a range in its unit.

    >>> interval(0.1327, 0.1612, "share")
    '13.3 to 16.1 %'
    """
    return _range(low, high, value, unit, currency)


def signed_interval(low: float | None, high: float | None, unit: str, *, currency: str = "") -> str:
    """Return a range of differences in its unit, with the sign of each end.

    >>> signed_interval(-0.061, 0.064, "share")
    '−6.1 to +6.4 points'
    """
    return _range(low, high, signed, "points" if unit == "share" else unit, currency)


def with_interval(found: Estimated, unit: str, *, currency: str = "", sign: bool = False) -> str:
    """Return a value with its range, where it has one; with ``sign``, as a difference.

    >>> from types import SimpleNamespace
    >>> with_interval(SimpleNamespace(value=0.5, ci_low=0.4, ci_high=0.6), "share")
    '50.0 % (40.0 to 60.0 %)'
    """
    one, both = (signed, signed_interval) if sign else (value, interval)
    told, ends = (
        one(found.value, unit, currency=currency),
        both(found.ci_low, found.ci_high, unit, currency=currency),
    )
    return told if ends == NOTHING else f"{told} ({ends})"


def short(amount: float, unit: str = "") -> str:
    """Return a value in a few characters, to be written into a cell or beside a bar.

    >>> short(0.146, "share"), short(0.0123, "share"), short(1234567)
    ('15 %', '1.2 %', '1.2 m')
    """
    if unit == "share":
        return f"{amount * 100:.0f} %" if amount >= 0.0995 or amount == 0 else f"{amount * 100:.1f} %"
    size = abs(amount)
    for limit, suffix in ((1e9, " bn"), (1e6, " m"), (1e4, " k")):
        if size >= limit:
            return number(amount / (1e3 if suffix == " k" else limit), decimals=1) + suffix
    return number(amount, decimals=0 if size >= 100 or amount == int(amount) else 1)


def signed(amount: float | None, unit: str = "", *, currency: str = "") -> str:
    """Return a difference in its unit, with its sign; shares differ by points.

    >>> signed(0.0213, "share"), signed(-12, "customers")
    ('+2.1 points', '−12')
    """
    if amount is None or isnan(amount):
        return NOTHING
    unit = "points" if unit == "share" else unit
    return f"{'−' if amount < 0 else '+'}{value(abs(amount), unit, currency=currency)}"


def number(amount: float, *, decimals: int) -> str:
    """Return a number with separators and a true minus sign; large ones without decimals.

    >>> number(-1234567.891, decimals=2), number(12.5, decimals=2)
    ('−1,234,568', '12.50')
    """
    places = 0 if abs(amount) >= 10_000 else decimals
    return f"{amount:,.{places}f}".replace("-", "−")


def _suffix(unit: str, currency: str) -> str:
    return {
        "share": " %",
        "points": " points",
        "days": " days",
        "money": f" {currency}" if currency else "",
    }.get(unit, "")


def _range(
    low: float | None, high: float | None, written: Callable[..., str], unit: str, currency: str
) -> str:
    if low is None or high is None or isnan(low) or isnan(high):
        return NOTHING
    first, second = (written(end, unit, currency=currency) for end in (low, high))
    return f"{first.removesuffix(_suffix(unit, currency))} to {second}"
