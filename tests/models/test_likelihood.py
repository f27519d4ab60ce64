"""The likelihood against a sum over customers, and the climb to its top."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_kit.models.lifetimes import BOUNDS, LIFETIMES
from retention_kit.models.likelihood import highest_point, log_likelihood
from retention_kit.models.renewals import RenewalCounts
from tests.models.published import HIGH_END, counts_of

pure = settings(derandomize=True, deadline=None, max_examples=60)
ends = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=6).filter(
    lambda rows: any(map(sum, rows))
)


@pure
@given(rows=ends, alpha=st.floats(0.1, 9.0), beta=st.floats(0.1, 9.0))
def test_likelihood_is_the_sum_over_customers(rows, alpha, beta):
    def log_beta(a, b):
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)

    # Each customer who left: B(alpha + 1, beta + t - 1) / B(alpha, beta); who stayed: S(t).
    wanted = 0.0
    for age, (lost, stayed) in enumerate(rows, 1):
        wanted += lost * (log_beta(alpha + 1, beta + age - 1) - log_beta(alpha, beta))
        wanted += stayed * (log_beta(alpha, beta + age) - log_beta(alpha, beta))
    counts = RenewalCounts.of_ends(*zip(*rows, strict=True))
    ages = np.arange(1.0, counts.periods + 1)
    stay = LIFETIMES["shifted_beta_geometric"].log_stay(ages - 1, ages, np.array([alpha, beta]))
    assert log_likelihood(counts, stay) == pytest.approx(wanted, rel=1e-9, abs=1e-9)


def test_what_cannot_happen_has_no_likelihood_and_what_must_happen_costs_none():
    counts = RenewalCounts([4, 3], [1, 3])
    assert log_likelihood(counts, np.array([0.0, -1.0])) == -math.inf  # nobody leaves at first, and one did
    certain = log_likelihood(counts, np.array([math.log(0.75), -math.inf]))
    assert certain == pytest.approx(math.log(0.25) + 3 * math.log(0.75))


def test_the_top_is_level_and_its_covariance_that_of_differences():
    counts = counts_of(HIGH_END)
    lifetime = LIFETIMES["beta_weibull"]
    starts = np.log([[0.2, 2.0, 1.0], [5.0, 40.0, 0.7]])
    bounds = np.array([BOUNDS[name] for name in lifetime.symbols]).T
    peak = highest_point(lifetime, counts, starts, bounds)
    assert (peak.inside, peak.starts, peak.agreeing) == (True, 2, 2)
    ages, step = np.arange(1.0, counts.periods + 1), 1e-3

    def height(logs):
        return float(log_likelihood(counts, lifetime.log_stay(ages - 1, ages, np.exp(logs))))

    assert height(peak.logs) == peak.log_likelihood
    shifts = step * np.eye(3)
    for shift in shifts:
        assert height(peak.logs + shift) < peak.log_likelihood > height(peak.logs - shift)
    signs = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
    hessian = [
        [
            sum(a * b * height(peak.logs + a * one + b * two) for a, b in signs) / (4 * step**2)
            for two in shifts
        ]
        for one in shifts
    ]
    assert peak.covariance == pytest.approx(np.linalg.inv(-np.array(hessian)), rel=1e-2)


def test_a_ridge_is_no_peak():
    # one period: only alpha / (alpha + beta) can be told
    lifetime = LIFETIMES["shifted_beta_geometric"]
    bounds = np.array([BOUNDS[name] for name in lifetime.symbols]).T
    peak = highest_point(lifetime, RenewalCounts([100], [30]), np.log([[1.0, 9.0]]), bounds)
    assert not peak.inside
    assert peak.log_likelihood == pytest.approx(30 * math.log(0.3) + 70 * math.log(0.7), abs=1e-6)
