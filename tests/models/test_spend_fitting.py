"""Spend fits: the published one, what takes its place, and anything that data may be."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import binom, gamma

from retention_kit.errors import DataError, ParameterError
from retention_kit.measures.purchase_customers import purchase_customers
from retention_kit.models.spend_fitting import spend_fit
from retention_kit.models.spend_likelihood import SpendLikelihood, natural
from tests.models import cdnow_purchases

pure = settings(derandomize=True, deadline=None, max_examples=40)


@dataclass(frozen=True)
class Rows:
    frequency: np.ndarray
    spend: np.ndarray
    customers: np.ndarray


def of(x, spend, customers=1):
    return Rows(*np.broadcast_arrays(np.array(x), np.array(spend, float), customers))


@pytest.fixture(scope="module")
def rows():
    return cdnow_purchases.summary().spend_rows


def test_published_fit_to_every_printed_digit(rows):
    # Fader and Hardie (2013), note 025: CDNOW, 1/10 sample, 946 repeat buyers.
    fit = spend_fit(rows)
    assert (fit.model, fit.converged, fit.customers) == ("gamma_gamma", True, 946)
    assert (f"{fit.p:.4f}", f"{fit.q:.3f}", f"{fit.v:.2f}") == ("6.2496", "3.744", "15.44")
    assert fit.parameters == {"p": fit.p, "q": fit.q, "v": fit.v}
    assert f"{fit.log_likelihood:.2f}" == "-4055.92"
    assert f"{fit.population_mean:.2f}" == "35.17"
    assert fit.parameters["p"] == pytest.approx(6.2497, abs=3e-4)
    assert fit.parameters["q"] == pytest.approx(3.7442, abs=1e-4)
    assert fit.parameters["v"] == pytest.approx(15.443, abs=2e-3)


def test_published_means_of_the_first_ten_customers(rows):
    from datetime import date

    from retention_kit import open_dataset

    (listed,) = purchase_customers(open_dataset("cdnow"), calibration_end=date(1997, 9, 30))
    # The published list runs by first day, then by id.
    first = listed.sort_by([("first_day", "ascending"), ("customer_id", "ascending")]).slice(0, 10)
    x, spend = first["frequency"].to_numpy(), first["spend"].to_numpy()
    found = spend_fit(rows).expected_spend(x, spend / np.maximum(x, 1))
    wanted = "24.65 18.91 35.17 35.17 35.17 71.46 18.91 35.17 27.28 35.17"
    assert " ".join(f"{value:.2f}" for value in found) == wanted


def test_the_likelihood_is_the_story_integrated():
    # A customer's purchases are gamma(p, rate), and rates are gamma(q, v): the sum of x is gamma(p x, rate).
    p, q, v = 1.7, 2.6, 21.0
    rows = of([1, 3, 8], [12.0, 90.0, 31.0], [2, 1, 4])

    def likelihood(x, total):
        def given(rate):
            return gamma(p * x, scale=1 / rate).pdf(total) * gamma(q, scale=1 / v).pdf(rate)

        return x * quad(given, 0, np.inf, epsabs=0, epsrel=1e-10)[0]  # x: of the mean, not of the sum

    wanted = sum(
        n * np.log(likelihood(x, s))
        for x, s, n in zip(rows.frequency, rows.spend, rows.customers, strict=True)
    )
    hill = SpendLikelihood.of(rows)
    point = np.log([p, q - 1, p * v / (q - 1) / hill.scale])
    assert natural(point) == pytest.approx((p, q, v / hill.scale))
    assert hill.value(point) + hill.unscaled == pytest.approx(wanted, rel=1e-9)


def test_a_fit_is_the_same_however_customers_are_split_and_ordered(rows):
    half = rows.customers // 2
    x, spend = (np.tile(part, 2)[::-1] for part in (rows.frequency, rows.spend))
    split = spend_fit(of(x, spend, np.append(half, rows.customers - half)[::-1]))
    assert dict(split.parameters) == dict(spend_fit(rows).parameters)


def test_a_conditional_mean_is_the_story_integrated(rows):
    fit = spend_fit(rows)
    x, mean = 3, 50.0

    def weight(rate):
        return gamma(fit.p * x, scale=1 / rate).pdf(x * mean) * gamma(fit.q, scale=1 / fit.v).pdf(rate)

    total = quad(weight, 0, np.inf, epsabs=0, epsrel=1e-10)[0]
    wanted = quad(lambda rate: fit.p / rate * weight(rate), 1e-9, np.inf, epsabs=0, epsrel=1e-10)[0] / total
    assert fit.expected_spend(x, mean) == pytest.approx(wanted, rel=1e-7)


@st.composite
def spends(draw):
    amounts = st.sampled_from((0.01, 5.0, 5.0, 1e7)) | st.floats(0.01, 1000)
    row = st.tuples(
        st.sampled_from((1, 1, 2, 500)) | st.integers(1, 30), amounts, st.sampled_from((1, 2, 10_000))
    )
    x, mean, n = map(np.array, zip(*draw(st.lists(row, min_size=1, max_size=9)), strict=True))
    return of(x, x * mean, n)


@pure
@given(rows=spends(), point=st.tuples(*[st.floats(-3, 4)] * 3).map(np.array))
def test_slopes_are_the_differences_of_values(rows, point):
    hill = SpendLikelihood.of(rows)
    value, gradient, hessian = hill.shape(point)
    size = 1 + float(rows.customers @ rows.frequency)
    assert value == pytest.approx(hill.value(point), rel=1e-9, abs=1e-9 * size)
    steps = 1e-5 * np.eye(3)
    differences = [(hill.value(point + s) - hill.value(point - s)) / 2e-5 for s in steps]
    assert gradient == pytest.approx(np.array(differences), rel=1e-4, abs=1e-5 * (size + abs(value)))
    bends = [(hill.shape(point + s)[1] - hill.shape(point - s)[1]) / 2e-5 for s in steps]
    assert hessian == pytest.approx(np.array(bends), rel=1e-4, abs=1e-6 * (size + np.abs(hessian).max()))


@pure
@given(rows=spends())
def test_no_spend_ends_in_an_exception_or_in_nonsense(rows):
    fit = spend_fit(rows)
    assert fit.reason.endswith(".")
    assert fit.converged == (fit.model == "gamma_gamma" and "no peak" not in fit.reason)
    assert math.isfinite(fit.log_likelihood) == (fit.model != "same_spend")
    means = rows.spend / rows.frequency
    found = fit.expected_spend(rows.frequency, means)
    assert (found > 0).all()
    middle = fit.population_mean
    assert (found >= np.minimum(means, middle) * (1 - 1e-9)).all()
    assert (found <= np.maximum(means, middle) * (1 + 1e-9)).all()
    drawn = fit.draws(20, rng=np.random.default_rng(1))
    assert (np.isfinite(drawn) & (drawn > 0)).all()


def test_nobody_who_paid_again_leaves_spend_unknown():
    fit = spend_fit(of([], []))
    assert (fit.model, fit.customers, dict(fit.parameters)) == ("no_spend", 0, {})
    assert "Nobody bought again" in fit.reason
    assert np.isnan(fit.expected_spend([0, 2], [0, 5])).all()
    assert np.isnan(fit.draws(3, rng=np.random.default_rng(1))).all()
    assert np.isnan(fit.population_mean)


def test_everyone_who_spends_the_same_will():
    fit = spend_fit(of([1, 2, 7], [10, 20, 70], [3, 3, 1]))
    assert fit.model == "same_spend"
    assert fit.expected_spend([0, 1, 9], [0, 10, 10]) == pytest.approx([10, 10, 10])
    assert (fit.draws(4, rng=np.random.default_rng(1)) == [[fit.p], [fit.q], [fit.v]]).all()
    assert np.isnan(fit.frequency_correlation)


def test_means_that_differ_by_chance_alone_are_one_mean():
    rng = np.random.default_rng(3)
    x = rng.integers(1, 9, 3000)
    fit = spend_fit(of(x, rng.gamma(5.0 * x, 4.0)))
    assert fit.model in ("same_mean", "gamma_gamma")
    assert fit.population_mean == pytest.approx(20, rel=0.02)
    found = fit.expected_spend(4, 60.0)
    assert found < 25  # a customer's own mean hardly counts
    alike = spend_fit(of([10, 10, 10, 20], [100, 101, 99, 200], 5))
    assert (alike.model, tuple(alike.parameters)) == ("same_mean", ("p", "mean"))
    assert alike.parameters["mean"] == pytest.approx(10, rel=1e-5)
    assert "differ no more than chance" in alike.reason


def test_customers_who_each_spend_an_amount_of_their_own_keep_it():
    means = gamma(4, scale=1).ppf((np.arange(200) + 0.5) / 200)
    fit = spend_fit(of(np.tile([5, 9], 100), np.tile([5, 9], 100) * 60 / means))
    assert (fit.model, tuple(fit.parameters)) in [
        ("own_amount", ("q", "mean")),
        ("gamma_gamma", ("p", "q", "v")),
    ]
    assert fit.expected_spend([5, 5], [8.0, 31.0]) == pytest.approx([8, 31], rel=0.01)


def test_amounts_without_a_mean_are_said_to_have_none():
    spread = np.exp(np.linspace(0, 60, 100))
    fit = spend_fit(of(np.full(100, 50), 50 * spread))
    assert not fit.converged
    assert "no mean" in fit.reason or fit.model == "own_amount"
    assert np.isfinite(fit.expected_spend(50, 1.0))


def test_the_covariance_is_that_of_logs_from_differences(rows):
    fit = spend_fit(rows)

    def height(logs):
        p, q, v = np.exp(logs)
        return fit.likelihood.value(np.log([p, q - 1, p * v / (q - 1) / fit.likelihood.scale]))

    logs, steps = np.log(list(fit.parameters.values())), 1e-4 * np.eye(3)
    information = [
        [
            -(height(logs + s + t) - height(logs + s - t) - height(logs - s + t) + height(logs - s - t))
            / 4e-8
            for s in steps
        ]
        for t in steps
    ]
    assert fit.covariance == pytest.approx(np.linalg.inv(information), rel=1e-3)
    low, high = fit.parameter_intervals()["q"]
    assert np.log(high / low) == pytest.approx(2 * 1.959964 * np.sqrt(fit.covariance[1, 1]), rel=1e-6)
    assert fit.standard_errors["q"] == pytest.approx(fit.q * np.sqrt(fit.covariance[1, 1]))
    low, high = fit.mean_interval()
    assert low < 35.17 < high
    assert fit.draws_by == "normal"
    drawn = fit.draws(20_000, rng=np.random.default_rng(1))
    p, q, v = drawn
    assert np.quantile(p * v / (q - 1), [0.025, 0.975]) == pytest.approx([low, high], rel=0.01)


def test_few_customers_are_drawn_by_their_likelihood():
    rng = np.random.default_rng(2)
    x = rng.integers(1, 5, 25)
    fit = spend_fit(of(x, rng.gamma(2.0 * x, 1 / rng.gamma(3, 1 / 30, 25))))
    assert fit.draws_by == "importance"
    drawn = fit.draws(2000, rng=np.random.default_rng(1))
    assert np.quantile(drawn[0], 0.05) < fit.p < np.quantile(drawn[0], 0.95)


def test_many_rows_are_fitted_from_the_best_start_of_a_few():
    rng = np.random.default_rng(2)
    x = rng.integers(1, 5, 7000)
    fit = spend_fit(of(x, rng.gamma(6.0 * x) / rng.gamma(4, 1 / 15, x.size)))
    assert (fit.converged, fit.title) == (True, "Gamma-Gamma")
    assert np.abs(fit.likelihood.shape(fit.peak.point)[1]).max() < 1e-2
    assert fit.population_mean == pytest.approx(30, rel=0.03)


def test_correlation_of_spend_with_frequency_is_pearsons():
    x, mean, n = np.array([1, 2, 5]), np.array([9.0, 14.0, 30.0]), np.array([4, 2, 3])
    each = np.repeat(np.arange(3), n)
    fit = spend_fit(of(x, x * mean, n))
    assert fit.frequency_correlation == pytest.approx(np.corrcoef(x[each], mean[each])[0, 1])


def test_known_spend_lies_in_its_intervals_as_often_as_they_say():
    inside = {"p": 0, "q": 0, "v": 0, "mean": 0}
    truth = {"p": 6.0, "q": 4.0, "v": 15.0, "mean": 30.0}
    for shop in range(40):
        rng = np.random.default_rng([13, shop])
        x = 1 + rng.geometric(0.4, 1500)
        rate = rng.gamma(truth["q"], 1 / truth["v"], x.size)
        fit = spend_fit(of(x, rng.gamma(truth["p"] * x) / rate))
        ends = fit.parameter_intervals() | {"mean": fit.mean_interval()}
        for name, (low, high) in ends.items():
            inside[name] += low <= truth[name] <= high
    assert min(inside.values()) >= int(binom.ppf(0.001, 40, 0.95))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (of([0], [5]), "1 of 1 rows are no spend of repeat buyers"),
        (of([1, 2], [0, 5]), "first: 'x=1, spend=0, customers=1'"),
        (of([1.5], [5]), "whole numbers of repeat purchases"),
        (of([1], [np.nan]), "sums above 0"),
        (of([1], [5], -1), "no spend"),
        (Rows(np.array([1, 2]), np.array([5.0]), np.array([1])), "have the shapes"),
    ],
)
def test_rows_that_are_no_spend_are_refused(rows, message):
    with pytest.raises(DataError, match=message):
        spend_fit(rows)


@pytest.mark.parametrize(("x", "mean"), [(-1, 5), (2, np.nan), (2, -1), (np.inf, 1)])
def test_customers_without_a_mean_are_refused(rows, x, mean):
    with pytest.raises(DataError, match="have no mean spend"):
        spend_fit(rows).expected_spend(x, mean)


def test_a_number_of_draws_that_is_none_is_refused(rows):
    with pytest.raises(ParameterError, match="cannot be made"):
        spend_fit(rows).draws(0, rng=np.random.default_rng(1))
