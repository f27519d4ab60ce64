"""Draws against the likelihood summed over a fine grid."""

import numpy as np
import pytest

from retention_kit.models.contractual import contract_fit
from retention_kit.models.draws import parameter_draws, undecided_draws
from retention_kit.models.lifetimes import LIFETIMES
from retention_kit.models.likelihood import log_likelihood
from retention_kit.models.renewals import RenewalCounts
from tests.models.published import HIGH_END, counts_of

LIFETIME = LIFETIMES["shifted_beta_geometric"]


def weighted_grid(counts, churn_cells, polarization_cells, log_odds):
    """Mean churn and polarization over cells, weighted by their likelihood."""
    churn, polarization = (axis.ravel() for axis in np.meshgrid(churn_cells, polarization_cells))
    total = 1 / polarization - 1
    ages = np.arange(1.0, counts.periods + 1)
    pairs = np.array([churn * total, (1 - churn) * total])[:, :, None]
    logs = log_likelihood(counts, LIFETIME.log_stay(ages - 1, ages, pairs))
    logs -= np.log(churn * (1 - churn)) * log_odds
    weights = np.exp(logs - logs.max())
    return churn, polarization, weights / weights.sum()


def assert_same_law(drawn, grid):
    churn, polarization, weights = grid
    alpha, beta = drawn
    for got, values in ((alpha / (alpha + beta), churn), (1 / (1 + alpha + beta), polarization)):
        order = np.argsort(values)
        reached = np.cumsum(weights[order])
        for share in (0.1, 0.5, 0.9):
            wanted = values[order][np.searchsorted(reached, share)]
            assert np.mean(got < wanted) == pytest.approx(share, abs=0.02)


def test_draws_around_a_peak_follow_the_likelihood():
    counts = counts_of(HIGH_END)
    fit = contract_fit(counts)
    estimate = np.array(list(fit.parameters.values()))
    drawn = parameter_draws(
        fit.model, estimate, fit.covariance, counts, size=20000, rng=np.random.default_rng(3)
    )
    grid = weighted_grid(counts, np.linspace(0.1, 0.2, 300), np.linspace(0.05, 0.4, 300), log_odds=1)
    assert_same_law(drawn, grid)


def test_draws_without_a_peak_follow_the_likelihood_where_customers_differ():
    # everyone who left did so at once: far from customers who are all alike
    counts = RenewalCounts.of_survivors([200, 120, 120, 120])
    drawn = undecided_draws(counts, size=20000, rng=np.random.default_rng(3))
    grid = weighted_grid(counts, np.linspace(0.2, 0.6, 400), np.linspace(0.9, 0.99999, 400), log_odds=0)
    assert_same_law(drawn, grid)


def test_as_many_customers_are_alike_as_the_counts_allow():
    def share_alike(survivors):
        counts = RenewalCounts.of_survivors(survivors)
        alpha, beta = undecided_draws(counts, size=4000, rng=np.random.default_rng(3))
        return np.mean(alpha + beta > 1e7)

    assert share_alike([10000, 9000, 8100, 7290]) == pytest.approx(0.5, abs=0.01)
    assert share_alike([200, 120, 120, 120]) == 0.0


def test_a_share_is_drawn_by_its_beta_law():
    fit = contract_fit(RenewalCounts.of_survivors([40, 30]), model="constant_churn")
    drawn = fit.draws(40000, rng=np.random.default_rng(3))
    assert drawn.shape == (1, 40000)
    assert drawn.mean() == pytest.approx(10.5 / 41, abs=0.002)
    assert drawn.std() == pytest.approx(np.sqrt(10.5 * 30.5 / 41**2 / 42), rel=0.02)
