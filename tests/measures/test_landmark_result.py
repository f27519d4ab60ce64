"""What is read from curves after a landmark: Wilson and Newcombe where all are followed, and honest gaps."""

from dataclasses import fields

import numpy as np
import pytest

from retention_kit.measures.intervals import newcombe, wilson
from retention_kit.measures.landmark_result import LandmarkComparison, Outcome, clearly_different
from retention_kit.measures.survival import survival_curve
from retention_kit.measures.survival_result import Estimate

NOTHING = (None, None, None)


def curve(*, leave, stay, last=200, at=50):
    """So many leave on a day, and so many are there when last seen."""
    return survival_curve([at, last], [leave, 0], [0, stay])


def outcome(curves, *, name="retained", horizon=100, pair=("one", "other")):
    return Outcome(name, curves, horizon, pair)


def test_where_all_are_followed_shares_are_wilsons_and_their_difference_newcombes():
    found = outcome({"one": curve(leave=14, stay=56), "other": curve(leave=32, stay=48)})
    low, high = wilson([56, 48], [70, 80])
    rows = found.shares.to_pylist()
    assert [row["group"] for row in rows] == ["one", "other"]
    assert [(row["customers"], row["followed"]) for row in rows] == [(70, 56), (80, 48)]
    assert [row["share"] for row in rows] == pytest.approx([0.8, 0.6])
    assert [row["ci_low"] for row in rows] == pytest.approx(list(low))
    assert [row["ci_high"] for row in rows] == pytest.approx(list(high))
    # Newcombe (1998), table II.
    assert found.difference.value == pytest.approx(0.2)
    assert found.difference.ci_low == pytest.approx(0.0524, abs=5e-5)
    assert found.difference.ci_high == pytest.approx(0.3339, abs=5e-5)


def test_whoever_ordered_again_is_the_rest_of_the_curve():
    curves = {"one": curve(leave=14, stay=56), "other": curve(leave=32, stay=48)}
    found = outcome(curves, name="repurchased")
    assert [row["share"] for row in found.shares.to_pylist()] == pytest.approx([0.2, 0.4])
    low, high = newcombe(14, 70, 32, 80)
    assert (found.difference.ci_low, found.difference.ci_high) == pytest.approx((low, high))


def test_a_customer_who_is_newer_than_the_horizon_counts_as_far_as_it_was_seen():
    # Ten of 30 are last seen on day 20; of the 20 left, 5 leave on day 60: 0.75, and not 5 of 30.
    late = survival_curve([20, 60, 200], [0, 5, 0], [10, 0, 15])
    found = outcome({"one": late, "other": late})
    assert found.share("one").value == pytest.approx(0.75)
    assert found.difference.value == 0
    # The interval is that of the 20 who decide, not of all 30.
    low, high = wilson(15, 20)
    assert (found.share("one").ci_low, found.share("one").ci_high) == pytest.approx((float(low), float(high)))


def test_where_nobody_leaves_the_share_is_not_certain():
    found = outcome({"one": curve(leave=0, stay=20), "other": curve(leave=0, stay=400)})
    low = wilson(20, 20)[0]
    assert (found.share("one").value, found.share("one").ci_high) == (1.0, 1.0)
    assert found.share("one").ci_low == pytest.approx(float(low))
    assert found.difference.ci_low < 0 < found.difference.ci_high


def test_where_all_leave_the_share_is_zero_even_beyond_the_last_time():
    found = outcome({"one": curve(leave=20, stay=0, last=60), "other": curve(leave=1, stay=9)})
    assert found.share("one").value == 0
    assert found.difference.value == pytest.approx(-0.9)


def test_a_group_that_was_not_followed_so_far_or_is_empty_has_no_share():
    found = outcome({"one": curve(leave=5, stay=5, last=99), "other": curve(leave=5, stay=5)})
    row = found.shares.to_pylist()[0]
    assert (row["share"], row["ci_low"], row["ci_high"], row["followed"]) == (*NOTHING, 0)
    for pair in (("one", "other"), ("other", "one"), ("other", "nobody"), ()):
        difference = outcome(dict(found.curves), pair=pair).difference
        assert (difference.value, difference.ci_low, difference.ci_high) == NOTHING
    assert found.share("nobody").value is None


def test_one_group_is_not_tested():
    one = curve(leave=5, stay=5)
    assert outcome({"one": one}).test is None
    assert outcome({"one": one, "other": one}).test.statistic == pytest.approx(0, abs=1e-12)


def test_intervals_hold_the_truth_at_their_rate_under_censoring():
    rng = np.random.default_rng(11)
    truth = {"one": np.exp(-100 / 150), "other": np.exp(-100 / 250)}
    held, runs = 0, 400
    for _ in range(runs):
        curves = {}
        for name, mean in (("one", 150.0), ("other", 250.0)):
            leave, seen = np.ceil(rng.exponential(mean, 90)), rng.integers(40, 300, 90)
            days = np.minimum(leave, seen).astype(int)
            left = leave <= seen
            curves[name] = survival_curve(days, left.astype(int), (~left).astype(int))
        found = outcome(curves).difference
        held += found.ci_low <= truth["one"] - truth["other"] <= found.ci_high
    # Three standard errors about 95 % in 400 runs.
    assert 0.917 <= held / runs <= 0.983


def of(difference, *, basis="orders", level=0.95):
    """A comparison of which only the difference is known."""
    found = outcome({}, name="repurchased" if basis == "orders" else "retained")
    found.__dict__["difference"] = difference
    other = outcome({})
    return LandmarkComparison(
        **dict.fromkeys((one.name for one in fields(LandmarkComparison)), None)
        | {
            "basis": basis,
            "level": level,
            "retained": found if basis != "orders" else other,
            "repurchased": found if basis == "orders" else None,
            "naive": "stayed",
            "naive_repurchased": "ordered",
        }
    )


def test_orders_are_decided_by_who_orders_again_and_subscriptions_by_who_stays():
    assert (of(None).decisive.name, of(None).decisive_naive) == ("repurchased", "ordered")
    subscribed = of(None, basis="subscriptions")
    assert (subscribed.decisive.name, subscribed.decisive_naive) == ("retained", "stayed")


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_probability_is_one_minus_the_level_where_the_interval_just_reaches_zero(level):
    assert of(Estimate(0.2, 0.0, 0.3), level=level).p_value == pytest.approx(1 - level)
    assert of(Estimate(-0.2, -0.3, 0.0), level=level).p_value == pytest.approx(1 - level)
    assert (
        of(Estimate(0.2, 0.1, 0.3), level=level).p_value
        < 1 - level
        < of(Estimate(0.2, -0.1, 0.3)).p_value + 1
    )
    assert of(Estimate(0.0, -0.1, 0.1), level=level).p_value == pytest.approx(1)
    assert of(Estimate(0.2, 0.2, 0.2), level=level).p_value is None
    assert of(Estimate(None, None, None), level=level).p_value is None


def test_of_many_comparisons_only_those_clear_after_holms_correction_differ():
    clear, lone, alike = (
        of(Estimate(0.2, 0.15, 0.25)),
        of(Estimate(0.2, 0.005, 0.4)),
        of(Estimate(0.1, -0.1, 0.3)),
    )
    unknown = of(Estimate(None, None, None))
    assert clearly_different([lone]) == (lone,)
    assert clearly_different([clear, lone, alike, alike, unknown]) == (clear,)
    assert clearly_different([]) == ()
