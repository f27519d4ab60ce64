"""Draws against the likelihood over a grid, the normal law, and what is known without a purchase."""

import numpy as np
import pytest

from retention_kit.errors import ParameterError
from retention_kit.models.purchase_draws import importance_draws
from retention_kit.models.purchase_fitting import purchase_fit
from retention_kit.models.purchase_peak import Hill
from retention_kit.models.purchase_rows import PurchaseHistories
from tests.models.cdnow_purchases import summary


@pytest.fixture(scope="module")
def rows():
    return summary().rows


def test_normal_draws_have_the_estimates_and_their_covariance(rows):
    fit = purchase_fit(rows)
    drawn = fit.draws(40_000, rng=np.random.default_rng(1))
    assert drawn.shape == (4, 40_000)
    logs = np.log(drawn)
    spread = np.sqrt(np.diag(fit.covariance))
    assert logs.mean(axis=1) == pytest.approx(np.log(list(fit.parameters.values())), abs=0.1 * spread.min())
    assert np.cov(logs) == pytest.approx(fit.covariance, rel=0.06, abs=3e-4)


def test_draws_depend_on_the_generator_alone(rows):
    fit = purchase_fit(rows)
    one, two = (fit.draws(50, rng=np.random.default_rng(4)) for _ in range(2))
    assert (one == two).all()
    law = fit.laws(1, rng=np.random.default_rng(4))[0]
    assert [law.r, law.alpha, law.a, law.b] == one[:, 0].tolist()
    assert (law.first, law.unit) == (0, "week")


def test_importance_draws_follow_a_hill_that_is_no_parabola():
    # Log-gamma laws are skewed; along the second axis one depends on the other.
    def value(point):
        return 3 * point[0] - np.exp(point[0]) - (point[1] - point[0] ** 2) ** 2 / 2

    def shape(point):
        x, y = point
        away = y - x**2
        gradient = np.array([3 - np.exp(x) + 2 * x * away, -away])
        hessian = np.array([[-np.exp(x) + 2 * away - 4 * x**2, 2 * x], [2 * x, -1.0]])
        return value(point), gradient, hessian

    bounds = np.array([[-20.0, -50.0], [20.0, 50.0]])
    drawn = importance_draws(Hill(value, shape), np.zeros(2), bounds, size=8000, rng=np.random.default_rng(2))
    x, y = drawn.T
    exact = np.log(np.random.default_rng(9).gamma(3, size=200_000))
    for share in (0.05, 0.5, 0.95):
        assert (x < np.quantile(exact, share)).mean() == pytest.approx(share, abs=0.02)
    assert (y - x**2).mean() == pytest.approx(0, abs=0.06)
    assert (y - x**2).std() == pytest.approx(1, abs=0.06)


def test_where_nobody_came_back_the_rate_has_jeffreys_law():
    fit = purchase_fit(PurchaseHistories(np.array([0]), np.array([0.0]), np.array([20.0]), np.array([5])))
    r, alpha, a, b = fit.draws(50_000, rng=np.random.default_rng(3))
    rate = r / alpha
    # Gamma(1/2) over 100 weeks: half a chi-squared law of one degree, whose 95 % point is 3.841.
    assert (rate < 3.841459 / 200).mean() == pytest.approx(0.95, abs=0.005)
    assert (a == 0).all()
    assert (b == 1).all()


@pytest.mark.parametrize("model", ["bg_nbd", "mbg_nbd"])
def test_a_simpler_model_does_not_rule_out_the_whole_one(model):
    x = np.array([0, 1, 2, 3])
    rows = PurchaseHistories(x, np.array([0, 4.0, 7, 9]), np.full(4, 10.0), np.array([4, 4, 3, 1]))
    fit = purchase_fit(rows, model=model)
    assert fit.model != model
    law = np.array([fit.r, fit.alpha, fit.a, fit.b])
    drawn = fit.draws(400, rng=np.random.default_rng(3))
    assert (np.isfinite(drawn) & (drawn > 0)).all()
    leaving = drawn[2] / (drawn[2] + drawn[3])
    assert np.quantile(leaving, 0.9) > 0.1 > np.quantile(leaving, 0.02)
    assert not (drawn == law[:, None]).any(axis=0).all()


def test_a_number_of_draws_that_is_none_is_refused(rows):
    with pytest.raises(ParameterError, match="0 draws cannot be made"):
        purchase_fit(rows).draws(0, rng=np.random.default_rng(1))
