"""Variances that chance alone makes, beside simulation and enumeration."""

import numpy as np
import pytest

from retention_kit.models.purchase_law import PurchaseLaw
from retention_kit.models.spend_fitting import spend_fit
from retention_kit.planning.chance import purchase_squares, spend_moments, stay_variance

_LAWS = [
    PurchaseLaw(0.24, 4.4, 0.79, 2.4),
    PurchaseLaw(0.5, 6.0, 0.9, 1.6, 1),
    PurchaseLaw(2.0, 5.0, 0.0, 1.0),
    PurchaseLaw(0.9, 5.0, 30.0, 1000.0),
]


@pytest.mark.parametrize("law", _LAWS, ids=["bg_nbd", "mbg_nbd", "nobody leaves", "alike"])
@pytest.mark.parametrize("history", [(0, 0.0, 30.0), (3, 38.0, 38.0)])
def test_mean_squares_are_those_of_simulated_customers(law, history):
    rng, number = np.random.default_rng(1), 60_000
    x, recency, age = (np.full(number, value) for value in history)
    squares = law.simulated_purchases(52.0, x.astype(int), recency, age, rng=rng).astype(float) ** 2
    alive = float(law.probability_alive(*history))
    found = alive * purchase_squares(law, 52.0, np.array([history[0]]), np.array([history[2]]))[0]
    assert found == pytest.approx(squares.mean(), abs=4.5 * squares.std() / np.sqrt(number))


def test_mean_squares_pass_smoothly_into_nobody_leaving():
    few = [PurchaseLaw(0.5, 6.0, a, 1.0) for a in (0.0, 1e-9, 1e-6)]
    values = [purchase_squares(law, 52.0, np.array([2]), np.array([20.0]))[0] for law in few]
    assert values[1:] == pytest.approx([values[0]] * 2, rel=1e-3)


class _Spent:
    frequency = np.array([1, 2, 3, 4, 5, 2, 3, 1])
    spend = np.array([10.0, 60.0, 45.0, 200.0, 90.0, 30.0, 120.0, 55.0])
    customers = np.array([9, 3, 4, 2, 5, 6, 2, 7])


def test_spend_moments_are_those_of_drawn_customers():
    fit = spend_fit(_Spent())
    object.__setattr__(fit, "q", 6.0)  # so that fourth moments exist, and drawing settles
    rng, x, spent = np.random.default_rng(2), 3, 80.0
    rate = rng.gamma(fit.p * x + fit.q, 1 / (fit.v + spent), 400_000)
    own, about = spend_moments(fit, np.array([x]), np.array([spent]))
    assert own[0] == pytest.approx(((fit.p / rate) ** 2).mean(), rel=0.02)
    assert about[0] == pytest.approx((fit.p / rate**2).mean(), rel=0.02)


def test_variance_of_a_stay_is_that_of_the_months_enumerated():
    stay, weights = np.array([0.9, 0.7, 0.4]), np.array([1.0, 0.9, 0.8])
    ends = np.array([0.1, 0.2, 0.3, 0.4])  # leaves before month 1, 2, 3, or stays
    paid = np.append(0.0, np.cumsum(weights))
    expected = ends @ paid**2 - (ends @ paid) ** 2
    assert stay_variance(stay, weights) == pytest.approx(expected)
