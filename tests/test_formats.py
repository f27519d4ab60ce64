from math import nan
from types import SimpleNamespace

import pytest

from retention_kit import formats


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [
        (0.0, "share", "0.0 %"),
        (1.0, "share", "100.0 %"),
        (0.14637, "share", "14.6 %"),
        (5.5, "money", "5.50 EUR"),
        (-1234.5, "money", "−1,234.50 EUR"),
        (1234567.891, "money", "1,234,568 EUR"),
        (3, "orders", "3"),
        (3.25, "orders", "3.25"),
        (None, "share", "–"),
        (nan, "money", "–"),
    ],
)
def test_value_is_spelt_in_its_unit(amount, unit, text):
    assert formats.value(amount, unit, currency="EUR") == text


def test_money_without_currency_is_a_bare_number():
    assert formats.value(5.5, "money") == "5.50"
    assert formats.interval(5.5, 6.5, "money") == "5.50 to 6.50"


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("share", "100.0 to 250.0 %"),
        ("money", "1.00 to 2.50 EUR"),
        ("orders", "1.00 to 2.50"),
        ("ratio", "1.00 to 2.50"),
        ("points", "100.0 to 250.0 points"),
        ("days", "1 to 2 days"),
    ],
)
def test_interval_names_its_unit_once(unit, text):
    assert formats.interval(1.0, 2.5, unit, currency="EUR") == text


@pytest.mark.parametrize("ends", [(None, 1.0), (0.5, None), (nan, 1.0), (0.5, nan)])
def test_interval_with_a_missing_end_is_missing(ends):
    assert formats.interval(*ends, "share") == formats.NOTHING


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [
        (0.003, "share", "+0.3 points"),
        (-0.1234, "share", "−12.3 points"),
        (0.333, "points", "+33.3 points"),
        (-1.5, "money", "−1.50 EUR"),
        (12, "orders", "+12"),
        (-3.6, "days", "−4 days"),
    ],
)
def test_difference_carries_its_sign_and_shares_differ_by_points(amount, unit, text):
    assert formats.signed(amount, unit, currency="EUR") == text


@pytest.mark.parametrize(
    ("unit", "text"),
    [("share", "−12.0 to +3.0 points"), ("money", "−0.12 to +0.03 EUR"), ("orders", "−0.12 to +0.03")],
)
def test_range_of_differences_has_the_sign_of_each_end(unit, text):
    assert formats.signed_interval(-0.12, 0.03, unit, currency="EUR") == text


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [
        (57.26, "customers", "57"),
        (57.26, "orders", "57"),
        (1.26, "orders", "1.26"),
        (57.26, "ratio", "57.26"),
    ],
)
def test_what_is_counted_has_no_decimals_but_a_small_mean(amount, unit, text):
    assert formats.value(amount, unit) == text


def test_value_without_an_interval_stands_alone():
    found = SimpleNamespace(value=12, ci_low=None, ci_high=None)
    assert formats.with_interval(found, "orders", sign=True) == "+12"


@pytest.mark.parametrize("amount", [None, nan])
def test_difference_that_is_not_known_is_missing(amount):
    assert formats.signed(amount, "share") == formats.NOTHING


def test_large_numbers_lose_their_decimals_and_keep_a_true_minus():
    assert formats.number(9_999.994, decimals=2) == "9,999.99"
    assert formats.number(-10_000.4, decimals=2) == "−10,000"


def test_counts_have_singular_and_plural():
    assert formats.plural(0, "cohort") == "0 cohorts"
    assert formats.plural(1, "customer") == "1 customer"
    assert formats.plural(12_345, "customer") == "12,345 customers"


@pytest.mark.parametrize(
    ("low", "high", "unit", "text"),
    [
        (9.5, 10, "ratio", "9.50 to 10.00"),
        (9, 10, "ratio", "9 to 10"),
        (-4.95, 48.95, "orders", "−5 to 49"),
        (1.5, 2, "orders", "1.50 to 2.00"),
        (2735.37, 10_690.2, "money", "2,735 to 10,690 EUR"),
        (1, 1.2, "days", "1 to 1 day"),
        (3, 9.6, "days", "3 to 10 days"),
    ],
)
def test_both_ends_of_a_range_have_the_same_decimals(low, high, unit, text):
    assert formats.interval(low, high, unit, currency="EUR") == text


def test_value_has_the_decimals_of_its_range():
    found = SimpleNamespace(value=10, ci_low=9.5, ci_high=10.5)
    assert formats.with_interval(found, "ratio") == "10.00 (9.50 to 10.50)"
    found = SimpleNamespace(value=9_000.5, ci_low=8_000.25, ci_high=10_000.75)
    assert formats.with_interval(found, "money", sign=True) == "+9,000 (+8,000 to +10,001)"
    assert formats.with_interval(SimpleNamespace(value=None, ci_low=1, ci_high=2), "money") == "–"


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [
        (-0.004, "money", "0.00"),
        (0.0001, "share", "0.0 points"),
        (0, "customers", "0"),
        (-0.4, "days", "0 days"),
    ],
)
def test_difference_that_rounds_to_nothing_has_no_sign(amount, unit, text):
    assert formats.signed(amount, unit) == text
    assert formats.value(-0.004, "money") == "0.00"


def test_one_day_is_singular():
    assert [formats.value(n, "days") for n in (1, -1, 1.4, 2)] == ["1 day", "−1 day", "1 day", "2 days"]


def test_periods_are_named_and_placed_by_their_length():
    assert [formats.in_period("2024", grain) for grain in ("year", "week", "day")] == [
        "in 2024", "in the week of 2024", "on 2024",
    ]  # fmt: skip
    assert formats.begun(formats.period("2024-12-23", "week")) == "The week of 2024-12-23"
