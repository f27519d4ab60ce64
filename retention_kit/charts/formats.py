"""Numbers as people read them: rates in percent, money with its currency, ranges with their ends."""

from math import isnan

__all__ = ["NOTHING", "count", "interval", "number", "plural", "points", "value"]

NOTHING = "–"


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
    """Return a value in its unit: ``share`` in percent, ``money`` with its currency, else a number.

    >>> value(0.1464, "share"), value(35.171, "money", currency="USD"), value(12345, "orders")
    ('14.6 %', '35.17 USD', '12,345')
    """
    if amount is None or isnan(amount):
        return NOTHING
    if unit == "share":
        return f"{amount * 100:.1f} %"
    if unit == "money":
        return f"{number(amount, decimals=2)} {currency}".rstrip()
    return number(amount, decimals=0 if amount == int(amount) else 2)


def interval(low: float | None, high: float | None, unit: str, *, currency: str = "") -> str:
    """Return a range in its unit.

    >>> interval(0.1327, 0.1612, "share")
    '13.3 to 16.1 %'
    """
    if low is None or high is None or isnan(low) or isnan(high):
        return NOTHING
    first, second = value(low, unit, currency=currency), value(high, unit, currency=currency)
    suffix = " %" if unit == "share" else f" {currency}" if unit == "money" and currency else ""
    return f"{first.removesuffix(suffix)} to {second}"


def points(difference: float) -> str:
    """Return a difference of two rates in percentage points, with its sign.

    >>> points(0.0213), points(-0.02)
    ('+2.1 points', '−2.0 points')
    """
    return f"{'−' if difference < 0 else '+'}{abs(difference) * 100:.1f} points"


def number(amount: float, *, decimals: int) -> str:
    """Return a number with separators and a true minus sign; large ones without decimals.

    >>> number(-1234567.891, decimals=2), number(12.5, decimals=2)
    ('−1,234,568', '12.50')
    """
    places = 0 if abs(amount) >= 10_000 else decimals
    return f"{amount:,.{places}f}".replace("-", "−")
