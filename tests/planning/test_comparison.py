"""Scenarios against the status quo: zero, monotone, additive, and brute force."""

from dataclasses import replace
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_kit.errors import ParameterError
from retention_kit.planning.comparison import compare
from retention_kit.planning.flows import flows
from retention_kit.planning.forecast_error import ForecastError, quantiles_of_triangle
from tests.planning.bases import START, every_base, some_buyers, some_subscribers

BACK_TEST = ForecastError((6.0, 24.0), (-0.05, -0.1), (0.05, 0.15))
PROGRAMME = replace(
    START, saved_share=0.1, saved_share_low=0.02, saved_share_high=0.25, programme_fixed_cost=150.0,
    programme_cost_per_customer=0.1, programme_cost_per_month=0.02,
)  # fmt: skip
bases = pytest.mark.parametrize("base", every_base(), ids=["bg_nbd", "mbg_nbd", "contracts"])
pure = settings(derandomize=True, deadline=None, max_examples=40)
some_base = st.sampled_from([0, 1, 2]).map(lambda k: every_base()[k])


@bases
@pytest.mark.parametrize("back_test", [None, BACK_TEST], ids=["alone", "back-tested"])
def test_no_lever_moved_changes_nothing_exactly(base, back_test):
    for same in (START, replace(START, share_targeted=0.3, segment=base.segments[0])):
        found = compare(base, same, back_test=back_test)
        for likely in (found.gain, found.npv, found.clv_change):
            assert (likely.value, likely.ci_low, likely.ci_high) == (0, 0, 0)
        assert found.cost == 0
        assert found.roi is None
        assert found.probability is None
        assert "Nothing changes" in found.reason
        assert not found.cumulative.any()


@bases
def test_a_way_of_valuing_is_no_measure(base):
    found = compare(base, replace(START, discount_rate=0.3, horizon_months=30, acquisition_cost=99.0),
                    status_quo=replace(START, acquisition_cost=None))  # fmt: skip
    assert found.npv.value == 0
    assert found.cumulative.size == 31


@pure
@given(base=some_base, low=st.floats(0, 0.9), more=st.floats(0.001, 0.09), months=st.integers(1, 60))
def test_value_rises_with_the_saved_share(base, low, more, months):
    first, second = (
        compare(base, replace(START, saved_share=u, horizon_months=months)) for u in (low, low + more)
    )
    assert (second.gain.values > first.gain.values).all()
    assert (first.gain.values >= -1e-9).all()


@pure
@given(
    base=some_base,
    name=st.sampled_from(["order_value", "margin", "acquisition_per_month"]),
    low=st.floats(0.01, 0.5),
    more=st.floats(0.001, 0.4),
)
def test_value_rises_with_order_value_margin_and_customers(base, name, low, more):
    start = replace(START, acquisition_cost=0.0)
    first, second = (compare(base, replace(start, **{name: x}), status_quo=start) for x in (low, low + more))
    assert second.gain.value > first.gain.value


@pure
@given(model=st.sampled_from(["bg_nbd", "mbg_nbd"]), low=st.floats(-0.9, 0.8), more=st.floats(0.001, 0.2))
def test_value_rises_with_the_frequency(model, low, more):
    base = some_buyers(model)
    first, second = (compare(base, replace(START, frequency=f)) for f in (low, low + more))
    assert (second.gain.values > first.gain.values).all()


@pure
@given(base=some_base, low=st.floats(0, 0.9), more=st.floats(0.001, 0.1))
def test_value_falls_with_the_discount_rate(base, low, more):
    first, second = (compare(base, replace(PROGRAMME, discount_rate=d)) for d in (low, low + more))
    assert second.clv_before.value < first.clv_before.value
    assert second.gain.value < first.gain.value


@pure
@given(
    base=some_base,
    name=st.sampled_from(["programme_fixed_cost", "programme_cost_per_customer", "programme_cost_per_month"]),
    low=st.floats(0, 50),
    more=st.floats(0.01, 50),
)
def test_npv_falls_with_every_cost_and_the_gain_does_not(base, name, low, more):
    first, second = (compare(base, replace(PROGRAMME, **{name: cost})) for cost in (low, low + more))
    assert second.npv.value < first.npv.value
    assert second.gain.value == first.gain.value


@bases
def test_money_adds_up_across_segments(base):
    from math import fsum

    found = compare(base, replace(PROGRAMME, acquisition_per_month=5.0), back_test=BACK_TEST)
    assert [row.segment for row in found.segments] == [*base.segments, "new customers", "fixed cost"]
    assert found.gain.value == fsum(row.gain.value for row in found.segments)
    assert found.cost == fsum(row.cost for row in found.segments)
    assert found.npv.value == fsum(row.npv for row in found.segments)
    assert found.npv.value == pytest.approx(found.gain.value - found.cost)
    assert found.npv.value == pytest.approx(found.npv.values.mean())
    assert found.clv_change.value == pytest.approx(found.clv_after.value - found.clv_before.value)
    assert found.customers == found.targeted == base.customers.sum()
    assert found.cumulative[-1] == pytest.approx(found.npv.value)


@bases
def test_one_segment_at_a_time_adds_up_to_all(base):
    whole = compare(base, replace(PROGRAMME, programme_fixed_cost=0.0))
    parts = [
        compare(base, replace(PROGRAMME, programme_fixed_cost=0.0, segment=name)).npv.value
        for name in base.segments
    ]
    assert sum(parts) == pytest.approx(whole.npv.value, rel=1e-12)


@bases
def test_the_probability_is_the_share_of_all_futures_that_pay(base):
    scenario = replace(PROGRAMME, programme_fixed_cost=500.0, horizon_months=24)
    found = compare(base, scenario, back_test=BACK_TEST)
    # Draw by draw and outcome by outcome; the pairing of draws and saved shares is seeded.
    order = np.random.default_rng(1).permutation(base.draws)
    saved = quantiles_of_triangle(0.02, 0.1, 0.25, (order + 0.5) / base.draws)
    pays = []
    for draw in range(base.draws):
        programme = flows(base, scenario, saved=np.full(base.draws, saved[draw])).programme
        paid = programme[draw if programme.shape[0] > 1 else 0].sum(axis=0)
        margin = scenario.margin * base.revenue(24, np.full(base.draws, saved[draw]), 0.0)[draw]
        untouched = scenario.margin * base.revenue(24, np.zeros(1), 0.0)[draw]
        discount = [1.1 ** (-month / 12) for month in range(1, 25)]
        gain = sum((margin - untouched)[:, m].sum() * discount[m] for m in range(24))
        cost = 500.0 + paid @ np.array([1.0, *discount])
        pays += [ratio * gain > cost for ratio in BACK_TEST.ratios(24)]
    assert found.probability == pytest.approx(np.mean(pays))
    assert 0 < found.probability < 1


def test_a_probability_needs_a_back_test_and_says_how_far_it_reaches():
    base = some_buyers()
    alone = compare(base, PROGRAMME)
    assert alone.probability is None
    assert "No back-test" in alone.reason
    assert "parameters and the saved share only" in " ".join(alone.notes)
    assert "errors of the back-test" in compare(base, PROGRAMME, back_test=BACK_TEST).reason
    far = compare(base, replace(PROGRAMME, horizon_months=36), back_test=BACK_TEST)
    assert "tested up to 24 months" in far.reason


def test_a_back_test_widens_the_interval_and_moves_the_mean():
    base = some_subscribers()
    alone, tested = compare(base, PROGRAMME), compare(base, PROGRAMME, back_test=BACK_TEST)
    assert tested.gain.value == pytest.approx(alone.gain.value * BACK_TEST.ratios(12).mean())
    assert tested.gain.ci_high - tested.gain.ci_low > alone.gain.ci_high - alone.gain.ci_low
    assert tested.npv.ci_low < tested.npv.value < tested.npv.ci_high


def test_roi_is_npv_per_unit_of_cost():
    found = compare(some_buyers(), PROGRAMME, back_test=BACK_TEST)
    assert found.roi.value == pytest.approx(found.npv.value / found.cost)
    assert found.roi.values == pytest.approx(found.npv.values / found.cost)


@bases
def test_costs_come_back_in_the_first_month_that_covers_them(base):
    quick = compare(base, replace(START, order_value=0.5, programme_fixed_cost=1e-6), back_test=BACK_TEST)
    assert (quick.payback.month, quick.payback.low, quick.payback.high, quick.payback.share) == (1, 1, 1, 1.0)
    never = compare(base, replace(PROGRAMME, programme_fixed_cost=1e9))
    assert (never.payback.month, never.payback.high, never.payback.share) == (None, None, 0.0)
    some = compare(base, replace(PROGRAMME, horizon_months=60), back_test=BACK_TEST)
    month = some.payback.month
    assert some.cumulative[month - 1] < 0 <= some.cumulative[month]
    assert some.payback.low <= month
    assert (some.cumulative_low <= some.cumulative_high).all()


@bases
def test_the_last_month_is_the_npv_and_who_pays_back_is_who_pays(base):
    programme = replace(
        START, saved_share=0.1, saved_share_low=0.05, saved_share_high=0.3, programme_fixed_cost=60.0
    )
    made = compare(base, programme, back_test=BACK_TEST)
    assert made.cumulative[-1] == pytest.approx(made.npv.value)
    ends = made.cumulative_low[-1], made.cumulative_high[-1]
    assert ends == pytest.approx((made.npv.ci_low, made.npv.ci_high))
    assert made.payback.share == made.probability


def test_retention_is_that_of_the_segment_targeted_and_saved_as_the_model_has_it():
    base = some_subscribers()
    of_all = compare(base, replace(START, saved_share=0.2))
    assert of_all.yearly_retention == pytest.approx(base.yearly_retention)
    stays = []
    for name, number in zip(base.segments, base.customers, strict=True):
        made = compare(base, replace(START, saved_share=0.2, segment=name))
        place = base.segments.index(name)
        then = np.mean(base.holders[:, place] * (1 - base.churn) ** 12, axis=0).sum()
        saved = np.mean(base.holders[:, place] * (1 - 0.8 * base.churn) ** 12, axis=0).sum()
        assert made.yearly_retention == pytest.approx(then / number, rel=1e-6)
        assert made.retention_saved == pytest.approx(saved / number, rel=1e-6)
        stays.append(made.yearly_retention)
    assert stays[0] != pytest.approx(stays[1], abs=1e-4)


def test_a_scenario_can_stand_against_another():
    base = some_buyers()
    more = replace(PROGRAMME, saved_share_high=0.3)
    assert compare(base, PROGRAMME, status_quo=PROGRAMME).npv.value == 0
    assert compare(base, more, status_quo=PROGRAMME).gain.value > 0


def test_customers_cannot_be_acquired_at_an_unknown_cost():
    unknown = replace(START, acquisition_cost=None)
    with pytest.raises(ParameterError, match=r"acquisition_per_month=9\.0 .* Give acquisition_cost"):
        compare(some_buyers(), replace(unknown, acquisition_per_month=9.0), status_quo=unknown)


@pytest.mark.parametrize("level", [0, 1, 95, float("nan")])
def test_a_level_that_is_none_is_refused(level):
    with pytest.raises(ParameterError, match="no confidence level"):
        compare(some_buyers(), PROGRAMME, level=level)


def test_notes_name_what_the_scenario_rests_on():
    found = " ".join(compare(some_buyers(), PROGRAMME).notes)
    assert "triangular" in found
    assert "nobody can tell who has left" in found
    plain = " ".join(compare(some_subscribers(), replace(START, saved_share=0.1), back_test=BACK_TEST).notes)
    assert "triangular" not in plain
    assert "has left" not in plain


@pytest.mark.parametrize(
    "base", [some_buyers(draws=128), some_subscribers(draws=128)], ids=["buyers", "contracts"]
)
def test_a_change_of_a_lever_is_computed_in_a_moment(base):
    scenario = replace(PROGRAMME, horizon_months=36)
    compare(base, scenario, back_test=BACK_TEST)
    spent = []
    for step in range(5):
        begun = process_time()
        compare(base, replace(scenario, saved_share=0.1 + step / 100), back_test=BACK_TEST)
        spent.append(process_time() - begun)
    assert min(spent) < 0.03  # processor time, so that other work on the machine does not count
