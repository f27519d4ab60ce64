"""Contractual fits against published values, and on counts that tell little."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_kit.errors import ParameterError
from retention_kit.models.contract_projection import contract_projection
from retention_kit.models.contractual import contract_fit
from retention_kit.models.renewals import RenewalCounts
from tests.models.published import HIGH_END, REGULAR, counts_of

MODELS = ("shifted_beta_geometric", "beta_weibull", "discrete_weibull", "constant_churn")
slow = settings(derandomize=True, deadline=None, max_examples=40)
numbers = st.one_of(st.integers(0, 3), st.integers(0, 200), st.integers(0, 10**12))
record_ends = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8).filter(
    lambda rows: any(map(sum, rows))
)


@pytest.mark.parametrize(
    ("survivors", "alpha", "beta", "log_likelihood", "survival"),
    [(HIGH_END, "0.668", "3.806", "-1611.2", "37.8"), (REGULAR, "0.704", "1.182", "-1680.3", "17.0")],
    ids=["high end", "regular"],
)
def test_shifted_beta_geometric_is_the_published_one(survivors, alpha, beta, log_likelihood, survival):
    fit = contract_fit(counts_of(survivors))
    assert [f"{value:.3f}" for value in fit.parameters.values()] == [alpha, beta]
    assert f"{fit.log_likelihood:.1f}" == log_likelihood
    assert f"{100 * fit.survival(12):.1f}" == survival
    assert fit.converged
    assert fit.reason == "The highest likelihood, reached from 4 of 4 starts."


def test_beta_weibull_is_the_published_one():
    # the first four years of High End
    fit = contract_fit(counts_of(HIGH_END, years=5), model="beta_weibull")
    assert [f"{value:.4f}" for value in fit.parameters.values()] == ["0.2593", "1.7226", "1.5844"]
    assert f"{100 * fit.survival(12):.1f}" == "38.9"
    assert fit.converged


def test_discrete_weibull_meets_its_counts_where_it_can():
    # S(1) = 0.8 and S(2) = 0.5 lie on exp(-rate * t^c) with these two
    fit = contract_fit(RenewalCounts.of_survivors([1000, 800, 500]), model="discrete_weibull")
    rate = -math.log(0.8)
    assert fit.parameters["rate"] == pytest.approx(rate, rel=1e-7)
    assert fit.parameters["c"] == pytest.approx(math.log2(-math.log(0.5) / rate), rel=1e-7)


def test_constant_churn_is_losses_over_customers_at_risk():
    fit = contract_fit(RenewalCounts.of_survivors([[100, 80, 60], [50, 45]]), model="constant_churn")
    assert fit.parameters == {"churn": pytest.approx(45 / 230)}
    assert fit.standard_errors["churn"] == pytest.approx(math.sqrt(45 / 230 * 185 / 230 / 230))
    assert fit.converged


@pytest.mark.parametrize(
    ("survivors", "model", "instead", "parameters", "reason"),
    [
        (
            [100] * 6,
            "beta_weibull",
            "constant_churn",
            {"churn": 0.0},
            "Nobody left in the 5 months on record",
        ),
        (
            [100, 100],
            "shifted_beta_geometric",
            "constant_churn",
            {"churn": 0.0},
            "Nobody left in the 1 month on",
        ),
        ([100, 0], "shifted_beta_geometric", "constant_churn", {"churn": 1.0}, "2 parameters need 2 months"),
        ([100, 0, 0], "beta_weibull", "constant_churn", {"churn": 1.0}, "and the data hold 1 month"),
        (
            [100, 70],
            "discrete_weibull",
            "constant_churn",
            {"churn": 0.3},
            "2 parameters need 2 months on record",
        ),
        (
            [100, 80, 64],
            "beta_weibull",
            "constant_churn",
            {"churn": 0.2},
            "3 parameters need 3 months on record",
        ),
        (
            [10000, 9000, 8100, 7290],
            "shifted_beta_geometric",
            "constant_churn",
            {"churn": 0.1},
            "does not fall",
        ),
        (
            [100, 90, 60, 0],
            "shifted_beta_geometric",
            "constant_churn",
            {"churn": 0.4},
            "does not fall with age",
        ),
        (
            [100, 60, 60, 60],
            "shifted_beta_geometric",
            "leavers_and_stayers",
            {"leavers": 0.4},
            "did so in the",
        ),
        (
            [100, 60, 60, 60],
            "beta_weibull",
            "leavers_and_stayers",
            {"leavers": 0.4},
            "did so in the first month",
        ),
        (
            [99, 99, 99, 0],
            "discrete_weibull",
            "constant_churn",
            {"churn": 1 / 3},
            "has no peak: it still rises",
        ),
    ],
)
def test_counts_that_tell_little_give_a_simpler_model_and_its_reason(
    survivors, model, instead, parameters, reason
):
    fit = contract_fit(RenewalCounts.of_survivors(survivors, unit="month"), model=model)
    assert (fit.model, fit.asked, fit.converged) == (instead, model, False)
    assert dict(fit.parameters) == pytest.approx(parameters)
    assert reason in fit.reason
    assert fit.reason.endswith(f": {fit.title}.")


def test_churn_that_rises_with_age_is_told_by_the_discrete_weibull():
    fit = contract_fit(RenewalCounts.of_survivors([10000, 9900, 9500, 8000, 5000]), model="beta_weibull")
    assert fit.model == "discrete_weibull"
    assert fit.reason.startswith("Age alone explains how churn changes")
    assert (np.diff(fit.retention(range(1, 9))) < 0).all()


@slow
@given(rows=record_ends, model=st.sampled_from(MODELS))
def test_no_counts_end_in_an_exception_or_in_nonsense(rows, model):
    fit = contract_fit(RenewalCounts.of_ends(*zip(*rows, strict=True)), model=model)
    assert math.isfinite(fit.log_likelihood)
    assert fit.reason
    assert fit.converged == (fit.model == model)
    ahead = contract_projection(fit, 12, rng=np.random.default_rng(1), draws=50)
    for curve in (ahead.survival, ahead.survival_low, ahead.survival_high):
        assert curve[0] == 1.0
        assert ((curve >= 0) & (curve <= 1)).all()
        assert (np.diff(curve) <= 1e-12).all()
    assert (ahead.survival_low <= ahead.survival).all()
    assert (ahead.survival <= ahead.survival_high).all()
    if fit.model == "shifted_beta_geometric":
        assert (np.diff(ahead.retention[1:]) >= -1e-12).all()


@slow
@given(rows=record_ends.filter(lambda rows: sum(map(sum, rows)) < 10**6), model=st.sampled_from(MODELS[:2]))
def test_the_more_general_model_is_never_less_likely(rows, model):
    counts = RenewalCounts.of_ends(*zip(*rows, strict=True))
    simple = contract_fit(counts, model="constant_churn")
    assert contract_fit(counts, model=model).log_likelihood >= simple.log_likelihood - 1e-6


@pytest.mark.parametrize("model", MODELS)
def test_splitting_and_ordering_cohorts_changes_nothing(model):
    whole = [[1000, 869, 743, 653, 593], [600, 540, 480]]
    parts = [[400, 340, 300, 250, 240], [250, 240, 200], [600, 529, 443, 403, 353], [350, 300, 280], [80]]
    one, other = (contract_fit(RenewalCounts.of_survivors(rows), model=model) for rows in (whole, parts))
    assert one.parameters == other.parameters
    assert (one.covariance == other.covariance).all()


def test_more_customers_with_the_same_shares_change_only_the_spread():
    few = contract_fit(RenewalCounts.of_survivors([1000, 869, 743, 653]))
    many = contract_fit(RenewalCounts.of_survivors([10**9, 869 * 10**6, 743 * 10**6, 653 * 10**6]))
    assert dict(many.parameters) == pytest.approx(dict(few.parameters), rel=1e-6)
    assert many.covariance == pytest.approx(few.covariance / 10**6, rel=1e-5)


def test_customers_who_are_still_there_count_only_to_their_age():
    # The younger cohort is the older one, cut: together they tell what they tell apart.
    old, young = HIGH_END[:6], HIGH_END[:3]
    both = contract_fit(RenewalCounts.of_survivors([old, young]))
    assert both.parameters["alpha"] == pytest.approx(
        contract_fit(counts_of(HIGH_END, 6)).parameters["alpha"], rel=0.2
    )
    assert both.counts.at_risk.tolist() == [2000, 1738, 743, 653, 593]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("beta_weibul", r"no model 'beta_weibul'. Did you mean 'beta_weibull'\? Choose one of: shifted_beta"),
        (
            "leavers_and_stayers",
            "no model 'leavers_and_stayers'. Choose one of",
        ),  # a limit, not a model to ask for
    ],
)
def test_an_unknown_model_is_refused(model, message):
    with pytest.raises(ParameterError, match=message):
        contract_fit(counts_of(REGULAR), model=model)
