"""Contracts against closed forms, simulated lives and fits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln

from retention_kit.errors import DataError, ParameterError
from retention_kit.models.contractual import contract_fit
from retention_kit.models.renewals import RenewalCounts
from retention_kit.planning.levers import Levers
from retention_kit.planning.subscriber_fitting import subscriber_parameters, subscribers
from tests.models.published import HIGH_END, counts_of
from tests.planning.bases import some_subscribers

pure = settings(derandomize=True, deadline=None, max_examples=60)


def one_contract(alpha, beta, tenure=0, **options):
    return subscribers([tenure], [1.0], [1.0], [[alpha], [beta]], start=Levers(), **options)


@pure
@given(
    alpha=st.floats(0.2, 500),
    beta=st.floats(0.2, 5000),
    tenure=st.integers(0, 100),
    months=st.integers(1, 60),
)
def test_nothing_saved_is_the_shifted_beta_geometric(alpha, beta, tenure, months):
    wanted = np.exp(betaln(alpha, beta + tenure + months) - betaln(alpha, beta + tenure))
    base = one_contract(alpha, beta, tenure)
    assert base.kept(months, np.zeros(1)).item() == pytest.approx(wanted, rel=1e-4, abs=1e-6)
    assert base.revenue(months, np.zeros(1))[0, 0, -1] == pytest.approx(wanted, rel=1e-4, abs=1e-6)
    assert base.approximation < 1e-5


def test_saved_departures_are_those_of_the_definition():
    # E[(1 - (1 - u) c)^k] = sum over j of C(k, j) u^j E[c^j (1 - c)^(k - j)], a binomial expansion
    from math import comb

    alpha, beta, saved, k = 0.8, 3.0, 0.35, 12
    wanted = sum(
        comb(k, j) * saved**j * np.exp(betaln(alpha + j, beta + k - j) - betaln(alpha, beta))
        for j in range(k + 1)
    )
    base = one_contract(alpha, beta)
    got = base.revenue(k, np.array([saved]))[0, 0, -1]
    assert got == pytest.approx(wanted, rel=1e-6)
    assert base.revenue_of_new(k, np.array([saved]))[0, [0, k]] == pytest.approx([1.0, wanted], rel=1e-6)
    assert one_contract(alpha, beta).revenue(k, np.array([1.0]))[0, 0].tolist() == pytest.approx([1.0] * k)


def test_published_survival_is_that_of_a_new_customer():
    # Fader and Hardie (2007), High End: S(12) = 37.8 % with alpha .668, beta 3.806, in years
    base = one_contract(0.668, 3.806, period_months=12)
    assert base.kept(144, np.zeros(1)).item() == pytest.approx(0.378, abs=0.0005)
    assert base.yearly_retention == pytest.approx(3.806 / (0.668 + 3.806), rel=1e-5)
    assert base.notes == ("Renewals fall due every 12 months; they are spread evenly over them.",)


def test_simulated_lives_agree():
    rng = np.random.default_rng(4)
    number, saved = 40_000, 0.3
    churn = rng.beta(0.7, 6.0 + 10, number)
    here, paid = np.ones(number, dtype=bool), np.zeros(number)
    for _ in range(24):
        here &= ~((rng.random(number) < churn) & (rng.random(number) >= saved))
        paid += here
    expected = one_contract(0.7, 6.0, 10).revenue(24, np.array([saved])).sum()
    assert paid.mean() == pytest.approx(expected, abs=4 * paid.std() / number**0.5)


def test_segments_add_up_and_pay_what_they_pay():
    base = some_subscribers()
    assert base.segments == ("basic", "plus")
    assert base.active == base.customers.sum() == sum(400 - 12 * n for n in range(30))
    paying, revenue = base.paying(6, np.zeros(1)), base.revenue(6, np.zeros(1))
    assert revenue == pytest.approx(paying * np.array([9.0, 10.0])[:, None])
    assert base.paying(6, np.array([0.5]))[..., -1] == pytest.approx(base.kept(6, np.array([0.5])))


@pytest.mark.parametrize("shape", [(0.7, 6.0), (40.0, 300.0), (0.05, 0.3)])
def test_the_average_is_the_mean_of_the_draws(shape):
    rng = np.random.default_rng(2)
    drawn = np.array(shape)[:, None] * np.exp(0.2 * rng.standard_normal((2, 20)))
    base = subscribers([0, 5, 40], [3, 2, 1], [3, 5, 2], drawn, start=Levers())
    one = base.average
    assert one.draws == 1
    assert one.average is one
    for share in (0.0, 0.013, 0.4, 0.97):
        saved = np.array([share])
        assert one.revenue(60, saved)[0] == pytest.approx(base.revenue(60, saved).mean(axis=0), rel=1e-6)
        assert one.kept(60, saved)[0] == pytest.approx(base.kept(60, saved).mean(axis=0), rel=1e-6)
        assert one.revenue_of_new(60, saved)[0] == pytest.approx(
            base.revenue_of_new(60, saved).mean(axis=0), rel=1e-6
        )


def test_draws_of_a_fit_are_taken_as_they_are():
    rng = np.random.default_rng(1)
    fit = contract_fit(counts_of(HIGH_END))
    assert subscriber_parameters(fit, 8, rng=rng).shape == (2, 8)
    alike = contract_fit(RenewalCounts.of_survivors([100, 90, 81]), model="constant_churn")
    alpha, beta = subscriber_parameters(alike, 8, rng=rng)
    base = subscribers([0], [1], [1], [alpha, beta], start=Levers())
    stays = beta / (alpha + beta)
    assert base.kept(12, np.zeros(1))[:, 0] == pytest.approx(stays**12, rel=1e-5)
    assert base.average.kept(12, np.zeros(1)).item() == pytest.approx((stays**12).mean(), rel=1e-5)


def test_a_model_whose_churn_changes_with_age_is_refused():
    fit = contract_fit(counts_of(HIGH_END), model="beta_weibull")
    with pytest.raises(ParameterError, match="Fit the shifted_beta_geometric model"):
        subscriber_parameters(fit, 8, rng=np.random.default_rng(1))


@pytest.mark.parametrize("rows", [([], [], []), ([-1], [1], [1]), ([0], [0], [1]), ([0], [1], [np.nan])])
def test_contracts_that_do_not_run_are_refused(rows):
    with pytest.raises(DataError, match="could not come from contracts that run"):
        subscribers(*rows, [[1.0], [2.0]], start=Levers())


@pytest.mark.parametrize("drawn", [[[1.0]], [[1.0], [-1.0]], [[], []]])
def test_draws_that_do_not_fit_are_refused(drawn):
    with pytest.raises(ParameterError, match="Give alpha in the first row"):
        subscribers([0], [1], [1], drawn, start=Levers())
