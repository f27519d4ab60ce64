"""Likelihood ratio tests of nested contractual models."""

import math

import numpy as np
import pytest

from retention_kit.errors import ParameterError
from retention_kit.models.contractual import contract_fit
from retention_kit.models.nesting import likelihood_ratio
from retention_kit.models.renewals import RenewalCounts
from tests.models.published import HIGH_END, REGULAR, counts_of


def compared(counts, simple, general):
    return likelihood_ratio(contract_fit(counts, model=simple), contract_fit(counts, model=general))


def test_beta_weibull_is_needed_for_the_high_end_plan_and_not_for_the_regular_one():
    needed = compared(counts_of(HIGH_END), "shifted_beta_geometric", "beta_weibull")
    assert (needed.statistic, needed.p_value) == pytest.approx((11.688, 0.00063), rel=1e-2)
    assert needed.sentence == (
        "The beta-Weibull model explains the counts better than the shifted beta-geometric model (p < 0.001)."
    )
    spare = compared(counts_of(REGULAR), "shifted_beta_geometric", "beta_weibull")
    # one degree of freedom: p = erfc(sqrt(statistic / 2))
    assert spare.p_value == pytest.approx(math.erfc(math.sqrt(spare.statistic / 2)))
    assert spare.sentence == (
        "The beta-Weibull model is not needed beyond the shifted beta-geometric model (p = 0.250)."
    )


def test_differences_between_customers_are_tested_on_one_side():
    counts = RenewalCounts.of_survivors([1000, 900, 815, 745])
    found = compared(counts, "constant_churn", "shifted_beta_geometric")
    assert 0 < found.statistic < 20
    assert found.p_value == pytest.approx(math.erfc(math.sqrt(found.statistic / 2)) / 2)
    two = compared(counts, "constant_churn", "beta_weibull")
    halves = math.erfc(math.sqrt(two.statistic / 2)), math.exp(-two.statistic / 2)
    assert two.p_value == pytest.approx(sum(halves) / 2)


@pytest.mark.parametrize("general", ["shifted_beta_geometric", "discrete_weibull", "beta_weibull"])
def test_a_model_that_another_took_the_place_of_is_not_needed(general):
    found = compared(RenewalCounts.of_survivors([100, 80]), "constant_churn", general)
    assert (found.statistic, found.p_value) == (0.0, 1.0)
    assert "is not needed beyond" in found.sentence


def test_constant_churn_is_rejected_as_often_as_the_level_says():
    rng = np.random.default_rng(11)
    chances = 0.88 ** np.arange(6)
    ends = rng.multinomial(2000, np.append(-np.diff(chances), chances[-1]), size=250)
    rejected = 0
    for row in ends:
        counts = RenewalCounts.of_ends(row[:-1], [0, 0, 0, 0, row[-1]])
        rejected += compared(counts, "constant_churn", "shifted_beta_geometric").p_value < 0.05
    assert 0.03 < rejected / 250 < 0.075


def test_models_that_are_not_nested_are_refused():
    counts = counts_of(REGULAR)
    for simple, general in (
        ("beta_weibull", "shifted_beta_geometric"),
        ("discrete_weibull", "shifted_beta_geometric"),
        ("constant_churn", "constant_churn"),
    ):
        with pytest.raises(ParameterError, match="is not contained in"):
            compared(counts, simple, general)


def test_fits_to_different_counts_are_refused():
    simple, general = (
        contract_fit(counts_of(REGULAR)),
        contract_fit(counts_of(HIGH_END), model="beta_weibull"),
    )
    with pytest.raises(ParameterError, match="different counts"):
        likelihood_ratio(simple, general)
