"""Renewals against a naive count of each customer's own periods, and published figures made into spans."""

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_shops import slow
from random_spans import Club, Span, clubs, open_club
from test_spells import first_spell

from retention_kit.errors import DataError
from retention_kit.measures.churn import churn_curves
from retention_kit.models.contractual import contract_fit
from retention_kit.models.renewals import RenewalCounts

MONTHS = {"month": 1, "quarter": 3, "year": 12}


def later(day, grain, periods):
    """The day on which so many periods are over."""
    if grain in ("day", "week"):
        return day + timedelta(days=periods * (7 if grain == "week" else 1))
    months = day.year * 12 + day.month - 1 + periods * MONTHS[grain]
    for last in (day.day, 30, 29, 28):
        try:
            return date(months // 12, months % 12 + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError


def periods_over(start, until, grain):
    periods = 0
    while later(start, grain, periods + 1) <= until:
        periods += 1
    return periods


@settings(slow, max_examples=15)
@given(data=st.data())
def test_losses_and_those_who_stay_are_the_oracles(data):
    club = data.draw(clubs())
    grain = data.draw(st.sampled_from(("week", "month", "quarter")))
    grace = data.draw(st.sampled_from((0, 10)))
    until = club.as_of - timedelta(days=grace)
    losses, staying, undecided = {}, {}, 0
    for name in club.customers:
        start, end = first_spell(club.of(name), grace)
        if start > until:
            continue
        due = periods_over(start, until, grain)
        left_in = periods_over(start, end - timedelta(days=1), grain) + 1 if end and end <= until else None
        if not due:
            undecided += 1
        elif left_in and left_in <= due:
            losses[left_in] = losses.get(left_in, 0) + 1
        else:
            staying[due] = staying.get(due, 0) + 1
    if all(first_spell(club.of(name), grace)[0] > until for name in club.customers):
        return
    curves = churn_curves(open_club(club), grace_days=grace)
    if not losses and not staying:
        with pytest.raises(DataError, match=f"No customer has completed a {grain}"):
            curves.renewals(grain)
        return
    found = curves.renewals(grain)
    assert {i + 1: n for i, n in enumerate(found.losses.tolist()) if n} == losses
    assert {i + 1: n for i, n in enumerate(found.staying.tolist()) if n} == staying
    assert found.undecided == undecided
    assert found.customers == sum(losses.values()) + sum(staying.values())
    assert "WITH" in found.sql


def published_club():
    """High End of Fader & Hardie (2007) as spans: a thousand customers, renewed once a year."""
    left = [1000, 869, 743, 653, 593, 551, 517, 491]
    start, spans = date(2010, 1, 1), []
    for year, (before, after) in enumerate(pairwise(left), 1):
        spans += [Span(f"{year}-{n}", start, date(2010 + year, 1, 1)) for n in range(before - after)]
    spans += [Span(f"stays-{n}", start, None) for n in range(left[-1])]
    return Club(tuple(spans), date(2017, 1, 1))


def test_the_published_fit_comes_out_of_spans():
    found = churn_curves(open_club(published_club())).renewals("year")
    counts = RenewalCounts.of_ends(found.losses, found.staying, unit="year")
    parameters = contract_fit(counts).parameters
    assert [round(parameters[name], 3) for name in ("alpha", "beta")] == [0.668, 3.806]
    (cohort,) = found.cohorts
    assert cohort.tolist() == [1000, 869, 743, 653, 593, 551, 517, 491]
    assert found.longest == 7


def test_cohorts_end_where_their_youngest_member_does():
    day = date(2024, 1, 1)
    spans = (
        Span("a", day, date(2024, 3, 1)),
        Span("b", day + timedelta(30), None),
        Span("c", date(2024, 3, 5), date(2024, 3, 20)),
    )
    found = churn_curves(open_club(Club(spans, date(2024, 6, 15)))).renewals("month")
    assert [cohort.tolist() for cohort in found.cohorts] == [[2, 2, 1, 1, 1], [1, 0, 0, 0]]


def test_renewals_count_only_those_who_began_under_watch():
    club = published_club()
    more = Club((*club.spans, Span("new", date(2015, 6, 1), None)), club.as_of)
    found = churn_curves(open_club(more), observed_from=date(2015, 1, 1)).renewals("year")
    assert (found.customers, found.staying.tolist()) == (1, [1])
    assert np.all(found.losses == 0)
