"""Churn per calendar period against a naive walk through the days, and what must always hold."""

from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_shops import slow
from random_spans import Club, Span, clubs, open_club
from test_cadence import shop_of
from test_spells import first_spell

from retention_kit import open_dataset
from retention_kit.measures.churn import churn_curves
from retention_kit.measures.intervals import wilson


@settings(slow, max_examples=15)
@given(data=st.data())
def test_every_period_is_the_oracles(data):
    club = data.draw(clubs())
    grain = data.draw(st.sampled_from(("week", "month", "quarter")))
    found = churn_curves(open_club(club)).rates(grain).to_pylist()
    lives = [first_spell(club.of(name), 0) for name in club.customers]
    for row in found:
        start, after = row["starts_on"], row["ends_on"] + timedelta(days=1)
        there = [end for begun, end in lives if begun < start and (end is None or end >= start)]
        left = [end for end in there if end is not None and end < after and end <= club.as_of]
        assert row["customers"] == len(there)
        assert row["left"] == len(left)
        assert row["joined"] == sum(start <= begun < after for begun, _ in lives)
        over = after <= club.as_of + timedelta(days=1)
        first = min(begun for begun, _ in lives)
        assert (row["churn_rate"] is not None) == (over and bool(there) and start >= first)
        if row["churn_rate"] is not None:
            low, high = wilson(len(left), len(there))
            assert row["churn_rate"] == pytest.approx(len(left) / len(there))
            assert row["retention_rate"] == pytest.approx(1 - row["churn_rate"])
            assert (row["ci_low"], row["ci_high"]) == pytest.approx((float(low), float(high)))
            assert row["retention_ci_low"] == pytest.approx(1 - row["ci_high"])


def test_everybody_who_came_is_there_or_has_left():
    rates = churn_curves(open_dataset("shop"), basis="subscriptions").rates("month")
    joined, left, at_once = (pc.sum(rates[name]).as_py() for name in ("joined", "left", "left_at_once"))
    rows = rates.to_pylist()
    assert joined == 641
    assert rows[-1]["customers"] + rows[-1]["joined"] - rows[-1]["left"] - rows[-1]["left_at_once"] == (
        joined - left - at_once
    )


def test_a_period_has_no_rate_before_anybody_could_be_seen_to_leave(open_shop):
    shop = shop_of({"a": [0, 40], "b": [0]}, date(2024, 4, 30))
    rates = churn_curves(open_shop(shop), threshold_days=30).rates("month").to_pylist()
    assert [row["status"] for row in rates] == ["too early", "complete", "complete", "complete"]
    assert rates[0]["churn_rate"] is None
    # b left on 31 January, before February began; a on 31 January too, since day 40 was too late.
    assert [(row["customers"], row["left"]) for row in rates] == [(0, 0), (0, 0), (0, 0), (0, 0)]
    assert rates[0]["left_at_once"] == 2


def test_the_running_period_has_no_rate():
    day = date(2024, 1, 1)
    club = Club((Span("a", day, date(2024, 2, 10)), Span("b", day, None)), date(2024, 2, 20))
    rates = churn_curves(open_club(club)).rates("month").to_pylist()
    assert [row["status"] for row in rates] == ["complete", "partial"]
    assert (rates[1]["left"], rates[1]["churn_rate"]) == (1, None)


def test_a_silence_counts_from_the_first_order_though_subscriptions_began_before():
    frames = {
        "orders": pa.table({"who": ["a", "b"], "day": [date(2024, 3, 1), date(2024, 3, 2)]}),
        "subscriptions": pa.table({"who": ["a"], "start": [date(2024, 1, 1)]}),
    }
    settings = {
        "orders": {"columns": {"customer_id": "who", "ordered_at": "day"}},
        "subscriptions": {"columns": {"customer_id": "who", "started_at": "start"}},
    }
    dataset = open_dataset(frames, as_of=date(2024, 6, 30), **settings)
    found = churn_curves(dataset, basis="orders", threshold_days=40)
    assert found.known_from == date(2024, 4, 10)
    assert [row["status"] for row in found.rates("month").to_pylist()] == ["too early"] * 4 + ["complete"] * 2
    assert churn_curves(dataset, basis="subscriptions").known_from == date(2024, 1, 1)
