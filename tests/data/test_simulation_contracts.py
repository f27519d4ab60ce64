"""Simulated subscriptions: spans that follow each other, changes, pauses and ends."""

from datetime import date, timedelta
from itertools import groupby, pairwise

import pytest

from retention_kit.data.simulation import simulate

LAST = date(2024, 12, 31)
ORDER = ("basic", "plus", "pro")


@pytest.fixture(scope="module")
def spans():
    """The spans of each subscriber, in the order of time."""
    rows = simulate(customers=20_000, seed=3).tables["subscriptions"].to_pylist()
    rows.sort(key=lambda row: (row["customer_id"], row["started_at"]))
    return [list(group) for _, group in groupby(rows, key=lambda row: row["customer_id"])]


def pairs(spans):
    return [pair for customer in spans for pair in pairwise(customer)]


def test_spans_are_not_empty_and_do_not_overlap(spans):
    for customer in spans:
        for span in customer:
            assert span["started_at"] <= LAST
            assert span["ended_at"] is None or span["started_at"] < span["ended_at"] <= LAST
    assert all(one["ended_at"] and one["ended_at"] <= other["started_at"] for one, other in pairs(spans))


def test_spans_that_touch_are_changes_of_the_plan_to_a_neighbour(spans):
    touching = [(one, other) for one, other in pairs(spans) if one["ended_at"] == other["started_at"]]
    assert len(touching) > 100
    for one, other in touching:
        assert one["reason"] == "plan changed"
        assert abs(ORDER.index(one["plan"]) - ORDER.index(other["plan"])) == 1
    up = sum(other["amount"] > one["amount"] for one, other in touching)
    assert 0 < up < len(touching)


def test_pauses_are_either_within_the_grace_of_21_days_or_of_months(spans):
    gaps = [
        (other["started_at"] - one["ended_at"]).days
        for one, other in pairs(spans)
        if one["reason"] == "paused"
    ]
    short, long = [gap for gap in gaps if gap <= 21], [gap for gap in gaps if gap > 21]
    assert (min(short), max(short)) == (5, 20)
    assert min(long) >= 58
    assert max(long) <= 124
    assert len(long) > 50


def test_a_pause_keeps_the_plan(spans):
    assert all(one["plan"] == other["plan"] for one, other in pairs(spans) if one["reason"] == "paused")


def test_who_leaves_for_good_has_a_reason_of_leaving_or_none_and_does_not_return(spans):
    for customer in spans:
        for span in customer[:-1]:
            assert span["reason"] in {"paused", "plan changed"}
        assert customer[-1]["reason"] != "plan changed"
        if customer[-1]["ended_at"] is None:
            assert customer[-1]["reason"] is None


def test_a_pause_without_a_return_is_one_that_the_last_day_cut(spans):
    for customer in spans:
        if customer[-1]["reason"] == "paused":
            assert customer[-1]["ended_at"] > LAST - timedelta(days=124)


def test_yearly_plans_end_after_whole_years_and_never_pause(spans):
    yearly = [customer for customer in spans if customer[0]["plan"] == "plus yearly"]
    assert len(yearly) > 500
    for customer in yearly:
        [span] = customer
        assert (span["billing_months"], str(span["amount"])) == (12, "199.00")
        if span["ended_at"]:
            years = span["ended_at"].year - span["started_at"].year
            leap_day = (span["started_at"].month, span["started_at"].day) == (2, 29)
            assert span["ended_at"] == span["started_at"].replace(
                year=span["ended_at"].year, **({"day": 28} if leap_day and years % 4 else {})
            )


def test_monthly_plans_are_billed_by_the_month_at_their_price(spans):
    prices = {(span["plan"], str(span["amount"]), span["billing_months"]) for rows in spans for span in rows}
    assert prices == {
        ("basic", "9.90", 1),
        ("plus", "19.90", 1),
        ("pro", "39.90", 1),
        ("plus yearly", "199.00", 12),
    }
