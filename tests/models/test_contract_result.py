"""What follows from a fit: published residual lifetimes, intervals, and refusals."""

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from retention_kit.errors import ParameterError
from retention_kit.models.contractual import contract_fit
from retention_kit.models.renewals import RenewalCounts
from tests.models.published import HIGH_END, REGULAR, counts_of


@pytest.mark.parametrize(
    ("survivors", "wanted", "shortcut"),
    [
        (HIGH_END, ["5.414", "5.901", "6.897", "7.530"], "3.75"),
        (REGULAR, ["2.964", "4.103", "5.894", "6.842"], "1.46"),
    ],
    ids=["high end", "regular"],
)
def test_residual_lifetimes_are_those_of_the_likeliest_parameters(survivors, wanted, shortcut):
    # renewals 1, 2, 5 and 8 about to fall due, 10 % a year (the example of Fader and Hardie 2010)
    fit = contract_fit(counts_of(survivors))
    got = fit.residual_lifetime([1, 2, 5, 8], discount_rate=0.1)
    assert [f"{value:.3f}" for value in got] == wanted
    assert f"{fit.residual_lifetime_shortcut(discount_rate=0.1):.2f}" == shortcut


def test_the_longer_a_customer_has_stayed_the_more_renewals_are_to_come():
    values = contract_fit(counts_of(REGULAR)).residual_lifetime(np.arange(1, 30), discount_rate=0.1)
    assert (np.diff(values) > 0).all()
    assert values[-1] < 1.1 / 0.1


def test_survival_is_the_product_of_retention():
    fit = contract_fit(counts_of(HIGH_END), model="beta_weibull")
    assert fit.survival([0, 1, 2, 3]) == pytest.approx(np.cumprod([1, *fit.retention([1, 2, 3])]))
    assert fit.survival(4, tenure=3) == pytest.approx(float(fit.survival(7) / fit.survival(3)))
    assert fit.survival([[1, 2], [3, 4]]).shape == (2, 2)


def test_expected_lifetime_counts_the_first_period():
    everyone_leaves = contract_fit(RenewalCounts.of_survivors([100, 0]))
    assert everyone_leaves.expected_lifetime() == 1.0
    tenth = contract_fit(RenewalCounts.of_survivors([100, 90]), model="constant_churn")
    assert tenth.expected_lifetime() == pytest.approx(10.0)
    assert contract_fit(counts_of(HIGH_END)).expected_lifetime() == math.inf  # alpha is below 1


def test_standard_errors_and_intervals_come_from_the_logs():
    fit = contract_fit(counts_of(REGULAR))
    deviation = math.sqrt(fit.covariance[0, 0])
    assert fit.standard_errors["alpha"] == pytest.approx(fit.parameters["alpha"] * deviation)
    low, high = fit.parameter_intervals(level=0.9)["alpha"]
    assert math.log(high / low) == pytest.approx(2 * 1.6448536269514722 * deviation)
    assert math.sqrt(low * high) == pytest.approx(fit.parameters["alpha"])


def test_the_interval_of_a_share_is_jeffreys_and_reaches_the_ends():
    # Brown, Cai and DasGupta (2001): 5 of 10 gives 0.224 to 0.776, 0 of 10 gives 0 to 0.217
    half = contract_fit(RenewalCounts.of_survivors([10, 5]), model="constant_churn")
    assert [f"{end:.3f}" for end in half.parameter_intervals()["churn"]] == ["0.224", "0.776"]
    none = contract_fit(RenewalCounts.of_survivors([10, 10]))
    assert [f"{end:.3f}" for end in none.parameter_intervals()["churn"]] == ["0.000", "0.217"]
    assert math.isnan(none.standard_errors["churn"])
    everyone = contract_fit(RenewalCounts.of_survivors([10, 0]))
    assert everyone.parameter_intervals()["churn"][1] == 1.0


def test_a_fit_cannot_be_changed():
    fit = contract_fit(counts_of(REGULAR))
    with pytest.raises(FrozenInstanceError):
        fit.model = "constant_churn"
    with pytest.raises(TypeError, match="item assignment"):
        fit.parameters["alpha"] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        fit.covariance[0, 0] = 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda fit: fit.survival(-1), "periods holds -1"),
        (lambda fit: fit.survival([1, 2.5]), "periods holds 2.5"),
        (lambda fit: fit.survival(1, tenure=-2), "tenure holds -2"),
        (lambda fit: fit.retention(0), r"period holds 0. Give whole numbers from 1"),
        (lambda fit: fit.residual_lifetime(0, discount_rate=0.1), "renewal holds 0"),
        (lambda fit: fit.residual_lifetime(1, discount_rate=-0.1), "no rate per period"),
        (lambda fit: fit.residual_lifetime_shortcut(discount_rate=math.nan), "no rate per period"),
        (lambda fit: fit.parameter_intervals(level=95), "no confidence level"),
        (lambda fit: fit.draws(0, rng=np.random.default_rng(1)), "draws holds 0"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call(contract_fit(counts_of(REGULAR)))
