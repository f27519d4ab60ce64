"""The odds of simulated lives against closed forms."""

from dataclasses import replace

import numpy as np
import pytest

from retention_kit.data.simulation.expectations import expectations
from retention_kit.data.simulation.odds import MEMBERS, STATES, life_odds, normal_nodes
from retention_kit.data.simulation.parameters import Complaints, Programme, ShopParameters, Trade
from retention_kit.data.simulation.shop import FIRST_DAY, LAST_DAY
from retention_kit.data.simulation.timeline import Timeline

PLAIN = replace(
    ShopParameters(),
    complaints=Complaints(leaving_ratio_resolved=1.0, leaving_ratio_unresolved=1.0),
    programme=Programme(leaving_ratio=1.0),
)
FLAT = Trade(
    growth_per_year=0.0,
    month_factors=(1.0,) * 12,
    weekday_factors=(1.0,) * 7,
    campaign_factor=1.0,
    outage_factor=1.0,
)


def test_without_effects_survival_is_that_of_the_pareto_law():
    odds = life_odds(PLAIN)
    course = odds.course(odds.newcomers_after(0)[:, :STATES], 1000).sum(axis=1)
    days, law = np.arange(1001), PLAIN.leaving
    assert np.allclose(course, (law.rate_days / (law.rate_days + days)) ** law.rate_shape, atol=2e-5)


def test_nobody_is_lost_on_the_way():
    odds = life_odds(ShopParameters())
    assert odds.newcomers_after(400).sum() == pytest.approx(1.0)
    assert odds.newcomers_after(400).min() >= 0
    assert np.allclose(odds.step.sum(axis=2)[:, :STATES], 1.0)


def test_the_course_counts_the_states_that_are_still_there():
    odds = life_odds(ShopParameters())
    course = odds.course(odds.newcomers_after(0)[:, :STATES], 50)
    assert np.allclose(course[50], odds.newcomers_after(50)[:, :STATES].sum(axis=1))


def test_joining_and_complaining_happen_at_their_rates_among_those_who_stay():
    idle = replace(PLAIN, leaving=replace(PLAIN.leaving, rate_days=1e12))
    odds = life_odds(idle)
    state = odds.newcomers_after(365)
    years = 365 / 365.25
    for states, part, rate in (
        (MEMBERS, idle.programme, idle.programme.joins_per_year),
        ([1, 2, 4, 5], idle.complaints, idle.complaints.per_year),
    ):
        rates = rate * np.exp(part.satisfaction_log_rate * odds.satisfaction)
        assert state[:, states].sum() == pytest.approx(
            float(odds.weight @ -np.expm1(-rates * years)), rel=1e-6
        )


def test_in_a_shop_without_seasons_and_effects_repeat_orders_are_those_of_the_pareto_nbd():
    # Schmittlein, Morrison and Colombo (1987), equation 17: the mean number of purchases until t.
    parameters = replace(PLAIN, trade=FLAT)
    timeline = Timeline(FIRST_DAY, LAST_DAY, FLAT, parameters.experiment)
    found = expectations(parameters, timeline)["orders"]["repeat_orders_per_customer_in_first_365_days"]
    buying, leaving = parameters.purchasing, parameters.leaving
    kept = 1 - buying.full_refund_share_of_repeat_orders
    r, alpha, s, beta = buying.rate_shape, buying.rate_days / kept, leaving.rate_shape, leaving.rate_days
    mean = r * beta / (alpha * (s - 1)) * (1 - (beta / (beta + 365)) ** (s - 1))
    assert found == pytest.approx(mean, rel=1e-4)


def test_who_returns_within_90_days_agrees_with_an_integral_over_every_customer():
    parameters = replace(PLAIN, trade=FLAT)
    timeline = Timeline(FIRST_DAY, LAST_DAY, FLAT, parameters.experiment)
    found = expectations(parameters, timeline)["experiment"]["share_who_order_again_within_90_days"]
    buying, leaving = parameters.purchasing, parameters.leaving
    numbers = np.random.default_rng(1)
    rate = numbers.gamma(buying.rate_shape, 1 / buying.rate_days, 400_000) * 0.975
    gone = numbers.gamma(leaving.rate_shape, 1 / leaving.rate_days, 400_000)
    for arm, ratio in (("control", 1.0), ("voucher", 1.6)):
        both = rate * ratio + gone
        first_is_an_order = rate * ratio / both * -np.expm1(-90 * both)
        error = first_is_an_order.std() / np.sqrt(400_000)
        assert abs(first_is_an_order.mean() - found[arm]) < 4 * error


def test_nodes_integrate_powers_of_a_standard_normal():
    nodes, weights = normal_nodes(20)
    assert [float(weights @ nodes**power) for power in (0, 2, 4)] == pytest.approx([1, 1, 3])
