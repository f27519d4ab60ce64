"""Distributions of lifetimes against products, and their slopes against differences."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_kit.models.lifetimes import LIFETIMES

pure = settings(derandomize=True, deadline=None, max_examples=150)
sizes = st.floats(-7.0, 10.0).map(math.exp)
powers = st.floats(-1.5, 1.0).map(math.exp)
shares = st.floats(0.0, 1.0)
AGES = np.arange(0.0, 40.0)
parameters = st.one_of(
    st.tuples(st.just("shifted_beta_geometric"), st.tuples(sizes, sizes)),
    st.tuples(st.just("beta_weibull"), st.tuples(sizes, sizes, powers)),
    st.tuples(st.just("discrete_weibull"), st.tuples(st.floats(-7.0, 1.0).map(math.exp), powers)),
    st.tuples(st.just("constant_churn"), st.tuples(shares)),
    st.tuples(st.just("leavers_and_stayers"), st.tuples(shares)),
)


def survival(name, values):
    return np.exp(LIFETIMES[name].log_stay(0, AGES, np.array(values)))


@pure
@given(model=parameters)
def test_survival_begins_at_1_and_never_rises(model):
    curve = survival(*model)
    assert curve[0] == 1.0
    assert (curve >= 0).all()
    assert (np.diff(curve) <= 1e-12).all()


@pure
@given(alpha=sizes, beta=sizes)
def test_retention_rises_where_customers_differ_and_each_keeps_its_churn(alpha, beta):
    stay = LIFETIMES["shifted_beta_geometric"].log_stay(AGES[:-1], AGES[1:], np.array([alpha, beta]))
    assert (np.diff(stay) >= -1e-9 * np.abs(stay[1:])).all()


@pure
@given(alpha=sizes, beta=sizes, start=st.integers(0, 300), periods=st.integers(1, 300))
def test_shifted_beta_geometric_is_the_product_of_its_retention_rates(alpha, beta, start, periods):
    # r(t) = (beta + t - 1) / (alpha + beta + t - 1), Fader and Hardie (2007)
    wanted = -np.log1p(alpha / (beta + start + np.arange(periods))).sum()
    got = LIFETIMES["shifted_beta_geometric"].log_stay(start, start + periods, np.array([alpha, beta]))
    assert got == pytest.approx(wanted, rel=1e-8, abs=1e-13)


@pure
@given(model=parameters, start=st.integers(0, 20), first=st.integers(0, 20), second=st.integers(0, 20))
def test_two_spells_multiply(model, start, first, second):
    name, values = model
    stay = LIFETIMES[name].log_stay
    between = start + first
    with np.errstate(invalid="ignore"):
        both = stay(start, between, np.array(values)) + stay(between, between + second, np.array(values))
    assert both == pytest.approx(float(stay(start, between + second, np.array(values))), rel=1e-6, abs=1e-9)


@pure
@given(alpha=sizes, beta=sizes)
def test_beta_weibull_with_c_of_1_is_the_shifted_beta_geometric(alpha, beta):
    one = survival("beta_weibull", (alpha, beta, 1.0))
    assert one == pytest.approx(survival("shifted_beta_geometric", (alpha, beta)), rel=1e-12)


@pure
@given(churn=st.floats(0.01, 0.9), power=powers)
def test_customers_who_hardly_differ_follow_the_limits(churn, power):
    total = 1e9
    pair = churn * total, (1 - churn) * total
    weibull = survival("discrete_weibull", (-math.log1p(-churn), power))
    assert survival("beta_weibull", (*pair, power)) == pytest.approx(weibull, abs=1e-4)
    assert survival("shifted_beta_geometric", pair) == pytest.approx(
        survival("constant_churn", (churn,)), abs=1e-4
    )
    polar = churn * 1e-9, (1 - churn) * 1e-9
    halves = survival("leavers_and_stayers", (churn,))
    assert survival("shifted_beta_geometric", polar) == pytest.approx(halves, abs=1e-6)


@pure
@given(model=parameters.filter(lambda model: len(model[1]) > 1))
def test_slopes_are_those_of_differences(model):
    name, values = model
    lifetime, logs, step = LIFETIMES[name], np.log(values), 1e-5
    ages = np.arange(1.0, 13.0)
    slopes = lifetime.slopes(ages, np.array(values))
    for row, shift in zip(slopes, step * np.eye(len(values)), strict=True):
        up, down = (lifetime.log_stay(ages - 1, ages, np.exp(logs + sign * shift)) for sign in (1, -1))
        assert row == pytest.approx((up - down) / (2 * step), rel=1e-4, abs=1e-5)


def test_parameters_are_broadcast_against_ages():
    lifetime = LIFETIMES["beta_weibull"]
    many = np.array([[0.5, 40.0], [2.0, 90.0], [1.3, 0.7]])
    together = lifetime.log_stay(AGES[:-1], AGES[1:], many[:, :, None])
    for column, values in zip(together, many.T, strict=True):
        assert column == pytest.approx(lifetime.log_stay(AGES[:-1], AGES[1:], values), rel=1e-14)
    slopes = lifetime.slopes(AGES[1:], many[:, :, None])
    assert slopes.shape == (3, 2, AGES.size - 1)
    assert slopes[:, 1] == pytest.approx(lifetime.slopes(AGES[1:], many[:, 1]), rel=1e-12)


def test_who_can_only_leave_is_gone_and_who_can_only_stay_is_there():
    for name in ("constant_churn", "leavers_and_stayers"):
        assert survival(name, (1.0,)).tolist() == [1.0] + [0.0] * 39
        assert survival(name, (0.0,)).tolist() == [1.0] * 40
