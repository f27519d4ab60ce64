"""Back-tests of contractual models against a naive oracle and published hold-outs."""

import numpy as np
import pytest

from retention_kit.errors import DataError, ParameterError
from retention_kit.models.contract_backtest import contract_backtest
from retention_kit.models.contractual import contract_fit
from retention_kit.models.renewals import RenewalCounts
from tests.models.published import HIGH_END, REGULAR

MODEL = "shifted beta-geometric model"


def test_the_published_hold_out_is_foreseen_where_constant_churn_fails():
    found = contract_backtest(REGULAR, hold_out=5, unit="year")
    assert found.actual.tolist() == [0.223, 0.207, 0.194, 0.183, 0.173]
    assert found.fit.parameters["alpha"] == pytest.approx(0.704, abs=5e-4)
    assert found.mean_absolute_errors[MODEL] < 0.2
    assert found.mean_absolute_errors["constant churn"] > 7
    assert found.mean_absolute_errors["last retention repeated"] == pytest.approx(0.712, abs=1e-3)
    assert found.sentence == (
        "Over the last 5 years the shifted beta-geometric model was 0.1 points off on average, "
        "against 7.7 for constant churn and 0.7 for last retention repeated."
    )


def test_errors_are_forecast_less_actual_in_points():
    found = contract_backtest(HIGH_END, hold_out=3)
    for name, error in found.errors.items():
        assert error == pytest.approx(100 * (found.forecasts[name] - found.actual))
        assert found.mean_absolute_errors[name] == pytest.approx(np.abs(error).mean())
    assert found.periods_ahead.tolist() == [1, 2, 3]


def test_every_forecaster_starts_from_the_customers_who_were_there():
    cohorts = [[500, 400, 350, 320, 300], [300, 250, 225, 210], [80, 60, 50], [40, 30], [20]]
    found = contract_backtest(cohorts, hold_out=2)
    # two periods ago the first cohort was 2 periods old, the second 1, the third new
    fit = contract_fit(RenewalCounts.of_survivors([[500, 400, 350], [300, 250], [80]]))
    assert dict(found.fit.parameters) == dict(fit.parameters)
    assert found.customers == 880
    assert found.actual == pytest.approx([(320 + 225 + 60) / 880, (300 + 210 + 50) / 880])
    losses, at_risk = 100 + 50 + 50, 500 + 300 + 400
    repeated = (350 + 250) / (400 + 300)
    for ahead in (1, 2):
        model = sum(n * fit.survival(ahead, tenure=age) for n, age in ((350, 2), (250, 1), (80, 0))) / 880
        assert found.forecasts[f"{fit.title} model"][ahead - 1] == pytest.approx(model)
        assert found.forecasts["constant churn"][ahead - 1] == pytest.approx(
            680 * (1 - losses / at_risk) ** ahead / 880
        )
        assert found.forecasts["last retention repeated"][ahead - 1] == pytest.approx(
            680 * repeated**ahead / 880
        )


def test_a_cohort_that_is_gone_stays_gone():
    found = contract_backtest([10, 0, 0, 0], hold_out=1, unit="month")
    assert [error.tolist() for error in found.errors.values()] == [[0.0]] * 3
    assert found.sentence.startswith("Over the last month the constant churn model was 0.0 points off")


def test_any_of_the_models_can_be_tested():
    assert "beta-Weibull model" in contract_backtest(HIGH_END, hold_out=5, model="beta_weibull").errors


@pytest.mark.parametrize("hold_out", [0, -1, 1.5])
def test_hiding_nothing_is_refused(hold_out):
    with pytest.raises(ParameterError, match="hides no period"):
        contract_backtest(HIGH_END, hold_out=hold_out)


@pytest.mark.parametrize("cohorts", [[100, 90, 80], [[100, 90, 80], [50, 40]], [0, 0, 0, 0]])
def test_hiding_everything_is_refused(cohorts):
    with pytest.raises(DataError, match="No cohort has a completed period before the last 2 periods"):
        contract_backtest(cohorts, hold_out=2)


def test_counts_that_rise_are_refused_also_where_they_are_hidden():
    with pytest.raises(DataError, match="rise 1 times"):
        contract_backtest([100, 90, 80, 85], hold_out=1)
