"""Means over beta distributions against moments and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln, digamma

from retention_kit.planning.beta_rule import beta_weights, log_odds_grid, log_odds_moments

shapes = st.floats(-7, 4).map(lambda power: float(10**power))
pure = settings(derandomize=True, deadline=None, max_examples=150)


@pure
@given(a=shapes, b=st.floats(-1, 4).map(lambda power: float(10**power)), power=st.integers(1, 60))
def test_powers_of_the_share_that_stays_have_their_exact_mean(a, b, power):
    odds = log_odds_grid(np.array([a]), np.array([b]))
    weights = beta_weights(odds, np.array([a]), np.array([b]))[0]
    assert weights.sum() == pytest.approx(1.0)
    got = weights @ np.exp(-power * np.logaddexp(0.0, odds[0]))
    assert got == pytest.approx(np.exp(betaln(a, b + power) - betaln(a, b)), rel=2e-6, abs=1e-9)


@pytest.mark.parametrize(("a", "b"), [(0.79, 2.43), (0.79, 502.4), (80.0, 900.0)])
def test_a_function_with_a_pole_near_the_share_has_its_mean(a, b):
    # E[log odds] is a derivative of the beta function: digamma(a) - digamma(b)
    odds = log_odds_grid(np.array([a]), np.array([b]))
    weights = beta_weights(odds, np.array([a]), np.array([b]))[0]
    assert weights @ odds[0] == pytest.approx(digamma(a) - digamma(b), rel=1e-6, abs=1e-7)
    mean, spread = log_odds_moments(a, b)
    assert weights @ (odds[0] - mean) ** 2 == pytest.approx(spread**2, rel=1e-5)
