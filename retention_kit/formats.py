"""Numbers as people read them: rates in percent, money with its currency, ranges with their ends."""

from math import isnan
from typing import Protocol

__all__ = [
    "NOTHING",
    "SURE",
    "begun",
    "count",
    "in_period",
    "interval",
    "number",
    "period",
    "plural",
    "probability",
    "short",
    "signed",
    "signed_interval",
    "value",
    "with_interval",
]

NOTHING = "–"
SURE = 0.995  # probability from which none is told
_LARGE = 10_000  # from which decimals say nothing
_SCALES = {"share": 100, "points": 100}


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


def period(label: str, grain: str) -> str:
    """Return what a period is called in a sentence; a week is labelled by its first day.

    >>> period("2024-12-23", "week"), period("Dec 2024", "month")
    ('the week of 2024-12-23', 'Dec 2024')
    """
    return f"the week of {label}" if grain == "week" else label


def in_period(label: str, grain: str) -> str:
    """Return the same with the word that places something in it.

    >>> in_period("2024-12-23", "day"), in_period("2024-12-23", "week")
    ('on 2024-12-23', 'in the week of 2024-12-23')
    """
    return f"{'on' if grain == 'day' else 'in'} {period(label, grain)}"


def begun(text: str) -> str:
    """Return a text as a sentence begins.

    >>> begun("the week of 2024-12-23")
    'The week of 2024-12-23'
    """
    return f"{text[:1].upper()}{text[1:]}"


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
    return _written(amount, unit, currency, _places((amount,), unit))


def interval(low: float | None, high: float | None, unit: str, *, currency: str = "") -> str:
    """Return a range in its unit, both ends with the same decimals.

    >>> interval(0.1327, 0.1612, "share"), interval(9.5, 10, "ratio")
    ('13.3 to 16.1 %', '9.50 to 10.00')
    """
    return _range(low, high, unit, currency, sign=False)


def signed_interval(low: float | None, high: float | None, unit: str, *, currency: str = "") -> str:
    """Return a range of differences in its unit, with the sign of each end.

    >>> signed_interval(-0.061, 0.064, "share")
    '−6.1 to +6.4 points'
    """
    return _range(low, high, _difference(unit), currency, sign=True)


def with_interval(found: Estimated, unit: str, *, currency: str = "", sign: bool = False) -> str:
    """Return a value with its range, where it has one of some width; with ``sign``, as a difference.

    >>> from types import SimpleNamespace
    >>> with_interval(SimpleNamespace(value=0.5, ci_low=0.4, ci_high=0.6), "share")
    '50.0 % (40.0 to 60.0 %)'
    >>> with_interval(SimpleNamespace(value=63, ci_low=58, ci_high=None), "days")
    '63 days (at least 58 days)'
    """
    amount, low, high = found.value, found.ci_low, found.ci_high
    if sign:
        unit = _difference(unit)
    ends = _range(low, high, unit, currency, sign=sign)
    if amount is None or isnan(amount):
        return NOTHING
    if ends == NOTHING or low == high:
        told = _written(amount, unit, currency, _places((amount,), unit), sign=sign)
        if low is None or isnan(low) or high is not None:
            return told
        return f"{told} (at least {_written(low, unit, currency, _places((low,), unit), sign=sign)})"
    places = _places((amount, low or 0.0, high or 0.0), unit)
    both = _range(low, high, unit, currency, sign=sign, places=places)
    return f"{_written(amount, unit, currency, places, sign=sign)} ({both})"


def probability(chance: float) -> str:
    """Return a probability in percent that claims no certainty.

    >>> probability(0.574), probability(1.0), probability(0.0)
    ('57 %', 'more than 99 %', 'less than 1 %')
    """
    if chance >= SURE:
        return "more than 99 %"
    return "less than 1 %" if chance <= 1 - SURE else f"{chance * 100:.0f} %"


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
    """Return a difference in its unit, with its sign; shares differ by points, and nothing has no sign.

    >>> signed(0.0213, "share"), signed(-12, "customers"), signed(-0.001, "money")
    ('+2.1 points', '−12', '0.00')
    """
    if amount is None or isnan(amount):
        return NOTHING
    unit = _difference(unit)
    return _written(amount, unit, currency, _places((amount,), unit), sign=True)


def number(amount: float, *, decimals: int) -> str:
    """Return a number with separators and a true minus sign; large ones without decimals.

    >>> number(-1234567.891, decimals=2), number(12.5, decimals=2), number(-0.001, decimals=2)
    ('−1,234,568', '12.50', '0.00')
    """
    return _spelt(amount, 0 if abs(amount) >= _LARGE else decimals)


def _spelt(amount: float, places: int) -> str:
    told = f"{abs(amount):,.{places}f}"
    return f"−{told}" if amount < 0 and _is_something(told) else told


def _is_something(told: str) -> bool:
    """Whether digits say more than nothing, which has no sign."""
    return bool(told.strip("0."))


def _written(amount: float, unit: str, currency: str, places: int, *, sign: bool = False) -> str:
    """A number in its unit with so many decimals."""
    told = _digits(amount, unit, places, sign=sign)
    return told + _suffix(unit, currency, one=told.strip("+−") == "1")


def _digits(amount: float, unit: str, places: int, *, sign: bool) -> str:
    told = _spelt(amount * _SCALES.get(unit, 1), places)
    return f"+{told}" if sign and amount > 0 and _is_something(told) else told


def _places(amounts: tuple[float, ...], unit: str) -> int:
    """Decimals of numbers that are told together."""
    sizes = [abs(amount) * _SCALES.get(unit, 1) for amount in amounts]
    if max(sizes) >= _LARGE or unit in ("customers", "days"):
        return 0
    if unit in ("share", "points"):
        return 1
    if unit == "money":
        return 2
    # Orders may be a mean per customer, which is small, or all there are.
    whole = all(size == int(size) for size in sizes)
    return 0 if whole or (unit == "orders" and max(sizes) >= 10) else 2


def _difference(unit: str) -> str:
    return "points" if unit == "share" else unit


def _suffix(unit: str, currency: str, *, one: bool = False) -> str:
    return {
        "share": " %",
        "points": " points",
        "days": " day" if one else " days",
        "money": f" {currency}" if currency else "",
    }.get(unit, "")


def _range(
    low: float | None, high: float | None, unit: str, currency: str, *, sign: bool, places: int | None = None
) -> str:
    if low is None or high is None or isnan(low) or isnan(high):
        return NOTHING
    if places is None:
        places = _places((low, high), unit)
    return f"{_digits(low, unit, places, sign=sign)} to {_written(high, unit, currency, places, sign=sign)}"
