"""Renewal counts: what they hold, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_kit.errors import DataError
from retention_kit.models.renewals import RenewalCounts

pure = settings(derandomize=True, deadline=None, max_examples=100)
drops = st.lists(st.integers(0, 50), min_size=1, max_size=8)
cohorts = st.lists(
    drops.map(lambda steps: np.cumsum(steps[::-1])[::-1].tolist()), min_size=1, max_size=5
).filter(lambda rows: any(len(row) > 1 and row[0] for row in rows))


@pure
@given(rows=cohorts)
def test_cohorts_add_up_customer_by_customer(rows):
    ages = range(1, max(map(len, rows)))
    at_risk = [sum(row[age - 1] for row in rows if len(row) > age) for age in ages]
    losses = [sum(row[age - 1] - row[age] for row in rows if len(row) > age) for age in ages]
    counts = RenewalCounts.of_survivors(rows)
    used = counts.periods
    assert (counts.at_risk.tolist(), counts.losses.tolist()) == (at_risk[:used], losses[:used])
    assert not any(at_risk[used:])
    assert (counts.renewals == counts.at_risk - counts.losses).all()
    assert counts.customers == at_risk[0]


def test_ends_of_records_and_survivors_give_the_same_counts():
    # 100 customers for three periods, 40 for one
    by_survivors = RenewalCounts.of_survivors([[100, 80, 70, 65], [40, 31]], unit="month")
    by_ends = RenewalCounts.of_ends([20 + 9, 10, 5], [31, 0, 65], unit="month")
    assert by_survivors.at_risk.tolist() == by_ends.at_risk.tolist() == [140, 80, 70]
    assert by_survivors.losses.tolist() == by_ends.losses.tolist() == [29, 10, 5]
    assert (by_ends.unit, by_ends.periods, by_ends.customers) == ("month", 3, 140)


def test_a_cohort_may_be_a_list_an_array_or_a_table():
    one = RenewalCounts.of_survivors([10, 8, 7])
    for given_as in (
        np.array([10, 8, 7]),
        [[10, 8, 7]],
        np.array([[10, 8, 7]]),
        [np.array([10.0, 8.0, 7.0])],
    ):
        assert RenewalCounts.of_survivors(given_as).losses.tolist() == one.losses.tolist()


def test_periods_that_nobody_began_are_left_off():
    assert RenewalCounts.of_survivors([5, 2, 0, 0, 0]).periods == 2


def test_counts_cannot_be_changed():
    given_as = np.array([5, 3])
    counts = RenewalCounts(given_as, np.array([2, 1]))
    given_as[0] = 99
    assert counts.at_risk.tolist() == [5, 3]
    with pytest.raises(ValueError, match="read-only"):
        counts.losses[0] = 0


@pytest.mark.parametrize(
    ("cohort", "message"),
    [
        ([], "There are no cohorts"),
        ("1000, 900", "There are no cohorts"),
        ([100], "No customer has completed a period"),
        ([[100], [50]], "No customer has completed a period"),
        ([0, 0], "No customer has completed a period"),
        ([100, 90, 95, 80, 81], r"survivors of cohort 1 rise 2 times \(first: 'period 2: 90 to 95'"),
        ([[9, 8], [5, 6]], r"cohort 2 rise 1 times \(first: 'period 1: 5 to 6'\)"),
        ([100, -3], r"1 of 2 counts of cohort 1 are no counts of customers \(first: '-3'\)"),
        (
            [1.0, 0.869, 0.743],
            r"2 of 3 counts of cohort 1 .*'0.869', '0.743'\). .*shares have to be multiplied",
        ),
        ([100, float("nan")], "are no counts of customers"),
        ([100, float("inf")], "are no counts of customers"),
        ([1e17, 5], "are no counts of customers"),
        (["many", "few"], "counts of cohort 1 are no numbers"),
        ([[5, 4], []], r"cohort 2 have the shape \(0,\)"),
        ([[5, 4], 3], r"cohort 2 have the shape \(\)"),
    ],
)
def test_unusable_survivors_are_named(cohort, message):
    with pytest.raises(DataError, match=message):
        RenewalCounts.of_survivors(cohort)


@pytest.mark.parametrize(
    ("at_risk", "losses", "message"),
    [
        ([5, 4], [1], "2 counts at risk and 1 of losses"),
        ([5, 4], [1, 5], r"1 of 2 periods lose more customers .*first: '2'"),
        ([5, 6], [1, 1], r"1 of 2 periods begin with more customers than the period before kept .*'2'"),
        ([0], [0], "No customer has completed a period"),
    ],
)
def test_counts_that_contradict_each_other_are_named(at_risk, losses, message):
    with pytest.raises(DataError, match=message):
        RenewalCounts(at_risk, losses)


def test_ends_of_different_length_are_refused():
    with pytest.raises(DataError, match="2 counts of losses and 1 of customers staying"):
        RenewalCounts.of_ends([1, 2], [3])
