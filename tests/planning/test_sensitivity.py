"""The tornado: each input alone, the largest swing first."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import lognorm

from retention_kit.errors import ParameterError
from retention_kit.planning.break_even import expected_npv
from retention_kit.planning.comparison import compare
from retention_kit.planning.forecast_error import ForecastError
from retention_kit.planning.sensitivity import sensitivity
from tests.planning.bases import START, every_base, some_buyers

BACK_TEST = ForecastError((12.0,), (-0.1,), (0.15,))
PROGRAMME = replace(
    START, saved_share=0.1, saved_share_low=0.05, saved_share_high=0.2, programme_fixed_cost=120.0
)
bases = pytest.mark.parametrize("base", every_base(), ids=["bg_nbd", "mbg_nbd", "contracts"])


@bases
def test_the_largest_swing_comes_first_and_each_is_its_input_alone(base):
    compared = compare(base, PROGRAMME, back_test=BACK_TEST)
    bars = sensitivity(base, compared, back_test=BACK_TEST)
    assert {bar.name for bar in bars} == {
        "saved_share", "margin", "discount_rate", "programme_fixed_cost", "parameters", "back_test",
    }  # fmt: skip
    assert [bar.swing for bar in bars] == sorted((bar.swing for bar in bars), reverse=True)
    margin = next(bar for bar in bars if bar.name == "margin")
    assert (margin.low, margin.high, margin.unit) == (
        pytest.approx(0.36),
        pytest.approx(0.44),
        "share of revenue",
    )
    settled = replace(
        PROGRAMME, saved_share=(0.05 + 0.1 + 0.2) / 3, saved_share_low=None, saved_share_high=None
    )
    there, quo = (replace(levers, margin=margin.high) for levers in (settled, compared.status_quo))
    assert margin.npv_high == expected_npv(base, there, quo)


def test_what_the_scenario_moves_is_moved_in_it_alone():
    base = some_buyers()
    scenario = replace(START, margin=0.5, frequency=0.2, order_value=-0.1, acquisition_per_month=4.0)
    compared = compare(base, scenario)
    bars = {bar.name: bar for bar in sensitivity(base, compared)}
    assert {"margin", "frequency", "order_value", "acquisition_cost"} <= set(bars)
    assert bars["margin"].npv_high == expected_npv(base, replace(scenario, margin=0.55), compared.status_quo)
    assert (bars["order_value"].low, bars["order_value"].high) == pytest.approx((-0.15, -0.05))
    assert bars["acquisition_cost"].npv_high < bars["acquisition_cost"].npv_low
    assert "back_test" not in bars


@bases
def test_bars_lie_around_the_npv_that_is_shown_even_if_the_range_is_lopsided(base):
    lopsided = replace(PROGRAMME, saved_share_low=0.05, saved_share_high=0.5)
    compared = compare(base, lopsided, back_test=BACK_TEST)
    bars = {bar.name: bar for bar in sensitivity(base, compared, back_test=BACK_TEST)}
    for name in ("margin", "programme_fixed_cost", "back_test"):
        bar, off = bars[name], 0.05 * abs(compared.gain.value)
        middle = (bar.npv_low + bar.npv_high) / 2
        assert middle == pytest.approx(compared.npv.value, abs=off), name


def test_errors_of_forecasts_are_put_to_the_ends_of_their_interval():
    base = some_buyers()
    bars = {bar.name: bar for bar in sensitivity(base, compare(base, PROGRAMME), back_test=BACK_TEST)}
    error = lognorm(s := np.sqrt(np.log1p(0.1**2 + 0.15**2)), scale=np.exp(-(s**2) / 2))
    assert (bars["back_test"].low, bars["back_test"].high) == pytest.approx(error.interval(0.95))


def test_ranges_can_be_given():
    base = some_buyers()
    compared = compare(base, PROGRAMME)
    bars = {bar.name: bar for bar in sensitivity(base, compared, ranges={"margin": (0.1, 0.9)})}
    assert (bars["margin"].low, bars["margin"].high) == (0.1, 0.9)
    with pytest.raises(ParameterError, match="margin: from 0 to 1"):
        sensitivity(base, compared, ranges={"margin": (0.1, 1.9)})


def test_a_certain_saved_share_is_moved_by_half():
    base = some_buyers()
    bars = sensitivity(base, compare(base, replace(START, saved_share=0.1)))
    saved = next(bar for bar in bars if bar.name == "saved_share")
    assert (saved.low, saved.high) == pytest.approx((0.05, 0.15))


def test_an_input_turns_the_answer_where_the_npv_changes_its_sign():
    base = some_buyers()
    gain = compare(base, PROGRAMME).gain.value
    bars = sensitivity(base, compare(base, replace(PROGRAMME, programme_fixed_cost=gain)))
    assert {bar.name for bar in bars if bar.turns} >= {"saved_share", "margin", "programme_fixed_cost"}
    assert not any(bar.turns for bar in sensitivity(base, compare(base, replace(START, saved_share=0.1))))


def test_nothing_moved_swings_nothing():
    base = some_buyers()
    assert sensitivity(base, compare(base, START)) == ()


@bases
def test_the_parameters_swing_over_their_interval(base):
    compared = compare(base, replace(START, saved_share=0.2), level=0.9)
    bar = next(bar for bar in sensitivity(base, compared) if bar.name == "parameters")
    assert [bar.npv_low, bar.npv_high] == pytest.approx(np.quantile(compared.npv.values, [0.05, 0.95]))
