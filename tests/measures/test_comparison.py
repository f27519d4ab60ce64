"""The same customers under other definitions."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from oracle import Order, Shop

from retention_kit import CohortParameters, cohort_table
from retention_kit.measures.comparison import definitions_compared

MEAN, SQUARED = "Mean of the cohorts' rates", "Weighted by cohort size squared"


def shop_of(buys, as_of):
    orders = [
        Order(customer, datetime.fromisoformat(day), Decimal(1))
        for customer, days in buys.items()
        for day in days
    ]
    return Shop(tuple(orders), as_of)


def compared(dataset, **chosen):
    rows = definitions_compared(dataset, CohortParameters(**chosen)).to_pylist()
    return {row["definition"]: row for row in rows}


@pytest.fixture(scope="module")
def two_cohorts(open_shop):
    buys = {f"jan{n}": ["2024-01-05"] + ["2024-02-05"] * (n < 500) for n in range(1000)}
    buys |= {f"feb{n}": ["2024-02-05"] + ["2024-03-05"] * (n < 400) for n in range(500)}
    return open_shop(shop_of(buys, date(2024, 3, 31)))


def test_1000_to_500_and_500_to_400_is_60_or_65_or_56_percent(two_cohorts):
    rows = compared(two_cohorts)
    assert rows["Pooled over cohorts"]["retention_rate"] == 0.6
    assert rows[MEAN]["retention_rate"] == pytest.approx(0.65)
    assert rows[SQUARED]["retention_rate"] == pytest.approx(0.56)


def test_averages_without_an_interval_have_none_and_the_others_have(two_cohorts):
    rows = compared(two_cohorts)
    assert rows[MEAN]["ci_low"] is None
    pooled = rows["Pooled over cohorts"]
    assert pooled["ci_low"] < 0.6 < pooled["ci_high"]
    assert (pooled["customers"], pooled["cohorts"]) == (1500, 2)
    assert all(row["reason"].endswith(".") for row in rows.values())


def test_the_first_row_is_bounded_retention_whatever_is_chosen(two_cohorts):
    for chosen in ({"mode": "streak"}, {"mode": "range"}, {"min_orders": 3}, {"measure": "orders"}):
        assert compared(two_cohorts, **chosen)["Pooled over cohorts"]["retention_rate"] == 0.6


def test_every_variant_is_the_cohort_table_of_that_definition(open_shop):
    buys = {
        "a": ["2024-01-05", "2024-02-05", "2024-02-09"],
        "b": ["2024-01-31", "2024-03-02"],
        "c": ["2024-02-09"],
    }
    dataset = open_shop(shop_of(buys, date(2024, 4, 15)))
    rows = compared(dataset)
    for name, change in (
        ("Active then or later", {"mode": "unbounded"}),
        ("Active in every period up to then", {"mode": "streak"}),
        ("At least two orders in the period", {"min_orders": 2}),
        ("Counted from each first order", {"clock": "elapsed"}),
    ):
        pooled = cohort_table(dataset, **change).pooled.to_pylist()[1]
        assert rows[name]["retention_rate"] == pooled["retention_rate"], name
    assert "Counted in calendar periods" in compared(dataset, clock="elapsed")


def test_unfinished_periods_are_counted_in_only_where_there_are_any(two_cohorts, open_shop):
    name = "Unfinished periods counted in"
    assert name not in compared(two_cohorts)
    buys = {"a": ["2024-01-05", "2024-02-05"], "b": ["2024-02-09"]}
    row = compared(open_shop(shop_of(buys, date(2024, 3, 15))))[name]
    assert (row["retention_rate"], row["customers"], row["cohorts"]) == (0.5, 2, 2)


def test_cohorts_that_are_left_out_are_not_unfinished(open_shop):
    buys = {"a": ["2024-01-05"], "b": ["2024-01-06"], "c": ["2024-02-09"]}
    dataset = open_shop(shop_of(buys, date(2024, 5, 31)))
    assert "Unfinished periods counted in" not in compared(dataset, smallest_cohort=2)


def test_an_age_that_no_cohort_has_finished_has_no_rate(open_shop):
    rows = compared(open_shop(shop_of({"a": ["2024-01-05"]}, date(2024, 2, 9))))
    assert rows["Pooled over cohorts"]["retention_rate"] is None
    assert MEAN not in rows


def test_a_definition_that_reaches_less_far_is_left_out(open_shop, monkeypatch):
    from retention_kit.errors import ParameterError
    from retention_kit.measures import comparison

    def reaching_less(dataset, chosen):
        if chosen.clock == "elapsed":
            raise ParameterError("beyond the data")
        return cohort_table(dataset, chosen)

    monkeypatch.setattr(comparison, "cohort_table", reaching_less)
    rows = compared(open_shop(shop_of({"a": ["2024-01-05"]}, date(2024, 3, 31))))
    assert "Counted from each first order" not in rows
    assert "Pooled over cohorts" in rows
