"""Churn of subscriptions against a naive oracle, statsmodels with late entry, and what must always hold."""

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_shops import slow
from random_spans import Club, Span, clubs, open_club
from statsmodels.duration.survfunc import SurvfuncRight
from test_cadence import shop_of
from test_survival import curve_of

from retention_kit import open_dataset
from retention_kit.errors import ColumnError, DataError, ParameterError
from retention_kit.measures.churn import churn_basis, churn_curves


def first_spell(spans, grace):
    """First day, and the first day without a subscription that none follows within the grace."""
    start, end = min(span.started for span in spans), None
    while True:
        reached = [
            span for span in spans if (end is None and span.started == start) or (end and span.started <= end)
        ]
        if any(span.ended is None for span in reached):
            return start, None
        later = max(span.ended for span in reached) + timedelta(days=grace)
        if later == end:
            return start, end - timedelta(days=grace)
        end = later


def lives_of(club, customers, grace, seen_from=None):
    """Lives as the survival oracle has them, of those who began up to the last day known."""
    until, lives = club.as_of - timedelta(days=grace), []
    for name in customers:
        start, end = first_spell(club.of(name), grace)
        if start > until:
            continue
        left = end is not None and end <= until
        time = ((end if left else until) - start).days
        entry = max((seen_from - start).days, 0) if seen_from else 0
        if entry and time <= entry:
            continue
        if seen_from and (start + timedelta(days=time)) <= seen_from:
            continue
        lives.append((entry or None, time, left))
    return lives


@settings(slow, max_examples=20)
@given(data=st.data())
def test_every_curve_is_the_oracles(data):
    club = data.draw(clubs())
    grace = data.draw(st.sampled_from((0, 0, 1, 3, 30)))
    breakdown = data.draw(st.sampled_from(("", "plan", "town")))
    segment = data.draw(st.sampled_from(("", "plan=basic", "town=Rome")))
    if "town" in (breakdown, segment.partition("=")[0]) and not club.towns:
        breakdown = segment = ""
    customers = club.selected(segment)
    lives = lives_of(club, customers, grace)
    chosen = {"grace_days": grace, "breakdown": breakdown, "segment": segment}
    if not lives:
        with pytest.raises(DataError, match="No customer is left"):
            churn_curves(open_club(club), **chosen)
        return
    found = churn_curves(open_club(club), **chosen)
    assert found.everyone.table.equals(curve_of(lives).table)
    names = {club.attribute(name, breakdown) for name in customers} if breakdown else set()
    for name in names:
        mine = lives_of(club, [one for one in customers if club.attribute(one, breakdown) == name], grace)
        if mine:
            assert found.groups[name].table.equals(curve_of(mine).table)
    assert sum(curve.customers for curve in found.groups.values()) in (0, found.everyone.customers)


@settings(slow, max_examples=12)
@given(data=st.data())
def test_late_entry_is_the_oracles(data):
    club = data.draw(clubs())
    first = min(span.started for span in club.spans)
    day = first + timedelta(days=data.draw(st.integers(1, max((club.as_of - first).days - 1, 1))))
    lives = lives_of(club, club.customers, 0, day)
    if not lives:
        with pytest.raises(DataError, match="Nobody was still there"):
            churn_curves(open_club(club), observed_from=day)
        return
    assert churn_curves(open_club(club), observed_from=day).everyone.table.equals(curve_of(lives).table)


def test_late_entry_of_the_sample_is_that_of_statsmodels():
    dataset, day = open_dataset("shop"), date(2023, 3, 1)
    found = churn_curves(dataset, basis="subscriptions", observed_from=day)
    lives = found.lives
    repeat = lives.customers
    times, left = np.repeat(lives.days, repeat), np.repeat(lives.is_event, repeat)
    entry = np.repeat(np.maximum(lives.entry, 0), repeat)
    assert lives.entered_late > 20
    some = times > 0  # who began on the last day was never at risk
    theirs = SurvfuncRight(times[some], left[some], entry=entry[some])
    np.testing.assert_allclose(found.everyone.survival_at(theirs.surv_times), theirs.surv_prob, rtol=1e-9)


def test_what_the_simulated_shop_knows_lies_in_the_band():
    # Whoever pauses for longer than the grace has left; yearly plans have another truth.
    dataset = open_dataset("shop")
    truth = json.loads(Path("sample_data/shop/truth.json").read_text("utf-8"))["expected"]["subscriptions"]
    shares = truth["monthly_share_left_after_renewals_when_a_long_pause_counts_as_leaving"]
    curves = churn_curves(dataset, basis="subscriptions", breakdown="plan")
    monthly = [name for name in curves.groups if name != "plus yearly"]
    people = [row for name in monthly for row in _spread(curves.lives.of(name))]
    curve = curve_of(people)
    for months in (1, 3, 6, 12, 18):
        at = np.searchsorted(curve.times, months * 30.44 + 3, side="right") - 1
        assert curve.ci_low[at] - 0.02 < shares[months] < curve.ci_high[at] + 0.02


def _spread(lives):
    return [
        (None, int(days), bool(left))
        for days, left, number in zip(lives.days, lives.is_event, lives.customers, strict=True)
        for _ in range(number)
    ]


def test_overlaps_and_short_pauses_go_on_and_a_long_pause_ends_it():
    day = date(2024, 1, 1)
    spans = (
        Span("overlaps", day, day + timedelta(40)),
        Span("overlaps", day + timedelta(20), day + timedelta(30)),
        Span("pauses", day, day + timedelta(30)),
        Span("pauses", day + timedelta(37), None),
        Span("comes back", day, day + timedelta(30)),
        Span("comes back", day + timedelta(38), None),
    )
    found = churn_curves(open_club(Club(spans, day + timedelta(100))), grace_days=7)
    assert found.everyone.times.tolist() == [30, 40, 93]
    assert found.everyone.events.tolist() == [1, 1, 0]
    assert any("Of 2 customers who left 1 came back later" in note for note in found.notes)
    assert any("Customers are followed to 2024-04-03" in note for note in found.notes)


def test_an_end_whose_grace_is_not_over_is_not_yet_known():
    day = date(2024, 1, 1)
    club = Club(
        (Span("a", day, day + timedelta(95)), Span("b", day, day + timedelta(90))), day + timedelta(100)
    )
    found = churn_curves(open_club(club), grace_days=10)
    assert (found.everyone.times.tolist(), found.everyone.events.tolist()) == ([90], [1])
    assert found.everyone.censored.tolist() == [1]


def test_the_grace_of_the_dataset_file_holds_unless_another_is_chosen():
    day = date(2024, 1, 1)
    spans = (Span("a", day, day + timedelta(30)), Span("a", day + timedelta(35), None))
    dataset = open_club(Club(spans, day + timedelta(100)), grace_days=5)
    assert churn_curves(dataset).everyone.events.sum() == 0
    assert churn_curves(dataset).rule.chosen_by == "dataset"
    assert churn_curves(dataset, grace_days=0).everyone.events.sum() == 1
    with pytest.raises(ParameterError, match="grace_days=-2"):
        churn_curves(dataset, grace_days=-2)


def test_basis_is_orders_where_there_are_some(open_shop):
    club = open_club(Club((Span("a", date(2024, 1, 1), None),), date(2024, 2, 1)))
    assert churn_basis(club, "auto") == "subscriptions"
    assert churn_basis(open_shop(shop_of({"a": [0]}, date(2024, 2, 1))), "auto") == "orders"
    assert churn_basis(open_dataset("shop"), "subscriptions") == "subscriptions"
    with pytest.raises(DataError, match="has no orders"):
        churn_curves(club, basis="orders", threshold_days=9)
    with pytest.raises(ColumnError, match="no attribute 'colour'"):
        churn_curves(club, breakdown="colour")
