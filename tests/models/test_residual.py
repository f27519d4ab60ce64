"""Discounted sums against closed forms and long sums."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

from retention_kit.errors import ParameterError
from retention_kit.models.lifetimes import LIFETIMES
from retention_kit.models.residual import constant_churn_residual, discounted_sum

pure = settings(derandomize=True, deadline=None, max_examples=80)


def residual(name, values, tenure, discount_rate):
    columns = np.array(values)[:, None]
    stay = LIFETIMES[name].log_stay
    return float(discounted_sum(lambda ages: stay(tenure, tenure + ages, columns), discount_rate)[0])


@pure
@given(
    alpha=st.floats(0.1, 20.0),
    beta=st.floats(0.1, 50.0),
    made=st.integers(0, 20),
    discount_rate=st.floats(0.02, 1.5),
)
def test_shifted_beta_geometric_sums_to_gauss_series(alpha, beta, made, discount_rate):
    # Fader and Hardie (2010), Marketing Science 29(1), 85-93
    start = (beta + made) / (alpha + beta + made)
    wanted = start * hyp2f1(1, beta + made + 1, alpha + beta + made + 1, 1 / (1 + discount_rate))
    got = residual("shifted_beta_geometric", (alpha, beta), made, discount_rate)
    assert got == pytest.approx(wanted, rel=1e-7)


@pytest.mark.parametrize("discount_rate", [0.0005, 0.003, 0.05, 0.6, 1.1])
@pytest.mark.parametrize("values", [(0.7, 3.8, 1.0), (0.3, 1.7, 1.6), (2.0, 90.0, 0.4), (1.5, 300.0, 5.0)])
def test_beta_weibull_sums_to_a_long_sum(values, discount_rate):
    ages = np.arange(1.0, 60 / discount_rate + 2000)
    stay = LIFETIMES["beta_weibull"].log_stay(0, ages, np.array(values))
    wanted = math.fsum(np.exp(stay - np.log1p(discount_rate) * (ages - 1)))
    assert residual("beta_weibull", values, 0, discount_rate) == pytest.approx(wanted, rel=1e-8)


@pytest.mark.parametrize(("alpha", "beta"), [(1.05, 3.0), (1.5, 2.0), (9.0, 40.0), (500.0, 2000.0)])
def test_without_discount_the_sum_is_the_mean(alpha, beta):
    # mean of the shifted beta-geometric: (alpha + beta - 1) / (alpha - 1), the first period included
    wanted = (alpha + beta - 1) / (alpha - 1)
    assert 1 + residual("shifted_beta_geometric", (alpha, beta), 0, 0.0) == pytest.approx(wanted, rel=1e-9)


def test_without_discount_and_without_a_mean_the_sum_is_infinite():
    assert residual("shifted_beta_geometric", (0.9, 3.0), 0, 0.0) == math.inf
    assert residual("constant_churn", (0.0,), 0, 0.0) == math.inf
    assert residual("leavers_and_stayers", (0.4,), 0, 0.0) == math.inf


@pytest.mark.parametrize("churn", [0.001, 0.05, 0.5, 1.0])
@pytest.mark.parametrize("discount_rate", [0.0, 1e-6, 0.01, 0.1, 3.0])
def test_constant_churn_sums_to_the_shortcut(churn, discount_rate):
    wanted = float(constant_churn_residual(1 - churn, discount_rate=discount_rate))
    assert residual("constant_churn", (churn,), 4, discount_rate) == pytest.approx(wanted, rel=1e-9)


def test_who_never_leaves_is_worth_a_perpetuity_due():
    assert residual("constant_churn", (0.0,), 0, 0.1) == pytest.approx(1.1 / 0.1)
    assert constant_churn_residual([1.0, 0.0], discount_rate=0.1).tolist() == pytest.approx([11.0, 0.0])
    assert constant_churn_residual(1.0, discount_rate=0.0) == math.inf


@pytest.mark.parametrize("discount_rate", [-0.1, 1e-9, math.nan, math.inf])
def test_a_discount_rate_that_is_none_is_refused(discount_rate):
    with pytest.raises(ParameterError, match="is no rate per period"):
        constant_churn_residual(0.8, discount_rate=discount_rate)
    with pytest.raises(ParameterError, match="is no rate per period"):
        residual("constant_churn", (0.2,), 0, discount_rate)
