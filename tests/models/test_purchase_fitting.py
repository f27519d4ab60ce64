"""Purchase fits: the published ones, what takes their place, and anything that data may be."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_kit.errors import DataError, ParameterError
from retention_kit.models.purchase_fitting import purchase_fit
from retention_kit.models.purchase_limits import LIMITS
from retention_kit.models.purchase_rows import PurchaseHistories
from retention_kit.models.purchase_value import discounted_purchases
from tests.models.cdnow_purchases import summary
from tests.models.purchase_oracle import lived

slow = settings(derandomize=True, deadline=None, max_examples=16)
# Fader, Hardie and Lee (2005); Batislam, Denizel and Filiztekin (2007): CDNOW, 1/10 sample, weeks.
PUBLISHED = {
    "bg_nbd": ({"r": ".24259", "alpha": "4.4136", "a": ".79292", "b": "2.42591"}, "-9582.43", "1653.4"),
    "mbg_nbd": ({"r": ".52484", "alpha": "6.1831", "a": ".89136", "b": "1.6140"}, "-9582.14", "1576.7"),
}


def of(x, recency, age, customers=1, unit="week"):
    parts = np.broadcast_arrays(np.array(x), np.array(recency, float), np.array(age, float), customers)
    return PurchaseHistories(*map(np.ravel, parts), unit)


@pytest.fixture(scope="module")
def rows():
    return summary().rows


def test_a_fit_is_the_same_however_customers_are_split_and_ordered(rows):
    fit = purchase_fit(rows, model="bg_nbd")
    x, recency, age, n = rows.frequency, rows.recency, rows.age, rows.customers
    half = n // 2
    parts = (np.tile(part, 2)[::-1] for part in (x, recency, age))
    split = purchase_fit(PurchaseHistories(*parts, np.append(half, n - half)[::-1]), model="bg_nbd")
    assert dict(split.parameters) == dict(fit.parameters)
    assert split.log_likelihood == fit.log_likelihood


def test_half_a_week_of_watching_is_not_told_as_none():
    fit = purchase_fit(of(0, 0.0, 0.4))
    assert fit.reason == "Nobody bought again yet, so no rate of buying and no leaving can be told."


@pytest.mark.parametrize("model", PUBLISHED)
def test_published_fits_to_every_printed_digit(rows, model):
    parameters, height, held_out = PUBLISHED[model]
    fit = purchase_fit(rows, model=model)
    assert fit.converged
    assert (fit.model, fit.unit, fit.customers) == (model, "week", 2357)
    for name, printed in parameters.items():
        digits = len(printed.partition(".")[2])
        # The last printed digit, give or take one: papers stop a search earlier.
        assert fit.parameters[name] == pytest.approx(float(printed), abs=1.01 * 10**-digits)
    assert f"{fit.log_likelihood:.2f}" == height
    found = fit.expected_purchases(39, rows.frequency, rows.recency, rows.age) @ rows.customers
    assert f"{found:.1f}" == held_out
    assert fit.reason == "The highest likelihood, reached from 8 of 8 starts."
    assert fit.log_likelihood > fit.nested["nbd"] > fit.nested["poisson"]


def test_bg_nbd_holds_more_customers_alive_than_mbg_nbd(rows):
    def mean(model):
        fit = purchase_fit(rows, model=model)
        alive = fit.probability_alive(rows.frequency, rows.recency, rows.age)
        return f"{alive @ rows.customers / fit.customers:.2f}"

    assert (mean("bg_nbd"), mean("mbg_nbd")) == ("0.81", "0.45")


def test_days_give_the_fit_of_weeks(rows):
    weeks = purchase_fit(rows)
    days = purchase_fit(of(rows.frequency, rows.recency_days, rows.age_days, rows.customers, "day"))
    assert days.unit == "day"
    assert days.alpha == pytest.approx(7 * weeks.alpha, rel=1e-6)
    assert [days.r, days.a, days.b] == pytest.approx([weeks.r, weeks.a, weeks.b], rel=1e-6)
    assert days.covariance == pytest.approx(weeks.covariance, rel=1e-4)
    histories = rows.frequency, rows.age
    assert days.log_likelihood == pytest.approx(weeks.log_likelihood - 2457 * np.log(7), rel=1e-9)
    one = discounted_purchases(weeks, 6, histories[0], rows.recency, rows.age, annual_rate=0.1)
    other = discounted_purchases(days, 6, histories[0], rows.recency_days, rows.age_days, annual_rate=0.1)
    assert one == pytest.approx(other, rel=1e-5)


def test_rows_may_be_split_and_stand_in_any_order(rows):
    each = np.repeat(np.arange(rows.customers.size), rows.customers)
    mixed = np.random.default_rng(2).permutation(each)
    split = of(rows.frequency[mixed], rows.recency[mixed], rows.age[mixed])
    one, other = purchase_fit(rows), purchase_fit(split)
    assert dict(one.parameters) == pytest.approx(dict(other.parameters), rel=1e-6)
    assert one.covariance == pytest.approx(other.covariance, rel=1e-4)


def test_the_covariance_is_that_of_logs_from_differences(rows):
    fit = purchase_fit(rows)

    def height(logs):
        r, alpha, a, b = np.exp(logs)
        return fit.likelihood.value(np.log([r / alpha * fit.likelihood.scale, r, a / b, a + b]))

    logs, steps = np.log(list(fit.parameters.values())), 1e-4 * np.eye(4)
    information = [
        [
            -(height(logs + s + t) - height(logs + s - t) - height(logs - s + t) + height(logs - s - t))
            / 4e-8
            for s in steps
        ]
        for t in steps
    ]
    assert fit.covariance == pytest.approx(np.linalg.inv(information), rel=1e-3)
    assert fit.standard_errors["r"] == pytest.approx(fit.r * np.sqrt(fit.covariance[0, 0]))
    low, high = fit.parameter_intervals()["alpha"]
    assert np.log(high / low) == pytest.approx(2 * 1.959964 * np.sqrt(fit.covariance[1, 1]), rel=1e-6)


def test_a_likelihood_that_is_no_parabola_is_said_to_be_none(rows):
    assert purchase_fit(rows).quadratic
    assert purchase_fit(rows).draws_by == "normal"
    skewed = purchase_fit(rows, model="mbg_nbd")
    assert skewed.draws_by == "importance"
    assert skewed.drops.max() > 2.8


LITTLE = {
    "nobody came back": (of([0, 0], 0, [10, 20], [5, 6]), "poisson", "Nobody bought again in 170 weeks"),
    "one customer, one day": (of([0], 0, [0]), "poisson", "Nobody bought again yet"),
    "one customer came back": (
        of([3], 5, [10]),
        "same_rate_same_dropout",
        "no differences between customers",
    ),
    "all alike": (of([3], 5, [10], 1000), "same_rate_same_dropout", "no differences between customers"),
    "all just now": (of([1], 10, [10], 9), "poisson", "nor anyone who left"),
    "once, and never twice": (of([0, 1], [0, 4], 10, 50), "same_dropout", "how easily customers leave"),
}


@pytest.mark.parametrize("case", LITTLE)
def test_data_that_tell_little_give_a_simpler_model_and_its_reason(case):
    rows, model, reason = LITTLE[case]
    fit = purchase_fit(rows)
    assert (fit.model, fit.asked, fit.converged, fit.quadratic) == (model, "bg_nbd", False, False)
    assert reason in fit.reason
    assert tuple(fit.parameters) == LIMITS[model].parameters
    assert fit.title in fit.reason or "Nobody" in fit.reason


def test_buyers_who_all_buy_alike_and_stay_are_poisson():
    x = np.arange(7)  # as many of each as the law of the mean 2 has
    share = [135, 271, 271, 180, 90, 36, 17]
    rows = of(x, np.where(x > 0, 10 * x / (x + 1), 0), 10, share)
    fit = purchase_fit(rows)
    assert fit.model == "poisson"
    repeats, exposure = float(rows.customers @ x), 10 * float(rows.customers.sum())
    assert dict(fit.parameters) == pytest.approx({"rate": repeats / exposure}, rel=1e-6)
    assert fit.standard_errors["rate"] == pytest.approx(np.sqrt(repeats) / exposure, rel=1e-4)
    assert fit.expected_purchases(5, 0, 0, 10) == pytest.approx(5 * repeats / exposure, rel=1e-4)


def test_those_who_never_leave_are_nbd():
    # By chance alone about half of such shops look as if a few had left; this one does not.
    rng = np.random.default_rng(3)
    ages = np.full(4000, 40.0)
    x, recency, _ = lived(rng, 4000, r=2, alpha=8, a=1e-9, b=1.0, first=0, ages=ages)
    fit = purchase_fit(of(x, recency, ages))
    assert fit.model == "nbd"
    assert fit.parameters["r"] == pytest.approx(2, rel=0.15)
    assert fit.parameters["alpha"] == pytest.approx(8, rel=0.15)
    assert fit.log_likelihood == pytest.approx(fit.nested["nbd"])
    assert "do not show that anyone left" in fit.reason


def test_a_fit_that_runs_away_says_that_its_parameters_mean_nothing():
    # One customer bought 500 times in a hundredth of a week, and hardly anyone else ever: no shape of the
    # rates is extreme enough.
    fit = purchase_fit(of([500, 0, 2], [0.01, 0, 3], [1, 300, 300], [1, 100_000, 1]))
    assert (fit.model, fit.converged, fit.quadratic) == ("bg_nbd", False, False)
    assert "has no peak" in fit.reason
    assert np.isnan(fit.standard_errors["r"])
    assert fit.standard_errors["a"] > 0
    assert np.isfinite(fit.expected_purchases(10, 2, 3, 300))


def test_many_rows_are_fitted_from_the_best_start_of_a_few():
    rng = np.random.default_rng(1)
    ages = rng.uniform(20, 40, 9000)
    x, recency, _ = lived(rng, ages.size, r=0.6, alpha=6, a=0.9, b=2.5, first=0, ages=ages)
    fit = purchase_fit(of(x, recency, ages))
    assert fit.converged
    assert np.abs(fit.likelihood.shape(fit.peak.point)[1]).max() < 1e-2
    assert dict(fit.parameters) == pytest.approx({"r": 0.6, "alpha": 6, "a": 0.9, "b": 2.5}, rel=0.25)


@st.composite
def any_histories(draw):
    ages = st.sampled_from((0.0, 1.0, 39.0)) | st.floats(0, 1000)
    rows = []
    for _ in range(draw(st.integers(1, 8))):
        age, x = draw(ages), draw(st.sampled_from((0, 0, 1, 2, 500)) | st.integers(0, 30))
        share = draw(st.sampled_from((1.0, 0.5, 1e-6)))
        x = x if age * share > 0 else 0
        rows.append((x, age * share * (x > 0), age, draw(st.sampled_from((1, 1, 3, 100_000)))))
    return of(*zip(*rows, strict=True), unit=draw(st.sampled_from(("day", "week"))))


@slow
@given(rows=any_histories(), model=st.sampled_from(("bg_nbd", "mbg_nbd")))
def test_no_histories_end_in_an_exception_or_in_nonsense(rows, model):
    fit = purchase_fit(rows, model=model)
    assert math.isfinite(fit.log_likelihood)
    assert fit.log_likelihood >= max(fit.nested.values()) - 1e-2 - 1e-9 * abs(fit.log_likelihood)
    assert fit.converged == (fit.model == model and "no peak" not in fit.reason)
    assert fit.reason.endswith(".")
    histories = rows.frequency, rows.recency, rows.age
    alive = fit.probability_alive(*histories)
    assert ((alive >= 0) & (alive <= 1)).all()
    found = fit.expected_purchases([0.0, 1.0, 52.0], *histories)
    assert (np.isfinite(found) & (found >= 0)).all()
    assert (np.diff(found, axis=0) >= -1e-12).all()


def test_a_model_that_is_unknown_is_refused():
    with pytest.raises(ParameterError, match=r"no model 'bgnbd'. Did you mean 'bg_nbd'\? Choose one of"):
        purchase_fit(of([0], 0, [1]), model="bgnbd")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (of([], [], [], []), "no customers to fit"),
        (of([1], [1], [2], 0), "no customers to fit"),
        (of([1], [1], [2], -1), "counts of customers are no counts"),
        (of([1], [1], [2], 0.5), "whole numbers from 0"),
        (of([1], [3], [2]), "beyond the age"),
        (of([2_000_000], [1], [2]), "from 0 to 1,000,000"),
        (of([1], [1], [2], unit="month"), "Times in 'month' are not known"),
        (PurchaseHistories(np.array([1]), np.array([1.0]), np.array([2.0]), np.array([1, 2])), "2 counts of"),
    ],
)
def test_rows_that_are_no_histories_are_refused(rows, message):
    with pytest.raises(DataError, match=message):
        purchase_fit(rows)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_level_that_is_none_is_refused(rows, level):
    with pytest.raises(ParameterError, match="no confidence level"):
        purchase_fit(rows).parameter_intervals(level=level)
