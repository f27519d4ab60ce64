"""Errors of forecasts made at earlier days, of orders and of contracts."""

import numpy as np
import pyarrow as pa
import pytest

from retention_kit.models.contract_backtest import contract_backtest
from retention_kit.planning.contract_errors import contract_errors
from retention_kit.planning.rolling import ORIGINS, forecast_error_of
from retention_kit.planning.worth import drawn_around


def _origins(errors):
    rows = [{"horizon_months": month, "relative_error": error} for month, error in errors]
    return pa.Table.from_pylist(rows, schema=ORIGINS)


def test_a_horizon_has_the_mean_and_the_widened_spread_of_its_origins():
    found, reason = forecast_error_of(_origins([(3.0, 0.1), (3.0, 0.3), (3.0, 0.2), (6.0, 0.5), (6.0, None)]))
    assert (found.months, reason) == ((3.0,), "")
    assert found.mean == pytest.approx((0.2,))
    assert found.sd == pytest.approx((np.std([0.1, 0.2, 0.3]) * np.sqrt(4 / 2),))


def test_two_origins_spread_no_less_than_three():
    found, _ = forecast_error_of(_origins([(3.0, 0.0), (3.0, 0.4), (3.0, 0.8), (6.0, 0.1), (6.0, 0.1)]))
    assert found.sd[1] == found.sd[0] > 0


@pytest.mark.parametrize("errors", [[], [(3.0, 0.1)], [(3.0, None), (3.0, None)]])
def test_fewer_than_two_origins_give_no_error_but_a_reason(errors):
    found, reason = forecast_error_of(_origins(errors))
    assert found is None
    assert "too few or too short" in reason


def test_contract_errors_are_those_of_single_back_tests():
    rng = np.random.default_rng(1)
    cohorts = []
    for age in range(12, 25):
        survivors, size = [300], 300
        for month in range(age):
            size -= rng.binomial(size, 0.12 / (1 + month / 6))
            survivors.append(size)
        cohorts.append(np.array(survivors))
    found, reason = contract_errors(cohorts)
    assert not reason
    assert found.months[0] == 1.0
    errors = []
    for hidden in (4, 6, 8, 10, 12):
        test = contract_backtest(cohorts, hold_out=hidden)
        errors.append(test.actual[0] / next(iter(test.forecasts.values()))[0] - 1)
    assert found.mean[0] == pytest.approx(np.mean(errors))


def test_young_contracts_give_no_error_but_a_reason():
    found, reason = contract_errors([np.array([50, 40])])
    assert found is None
    assert "too few or too young" in reason
    assert contract_errors([])[0] is None


def test_draws_agree_with_the_forecast_or_stay_where_there_is_none():
    drawn = np.array([[10.0, 0.0], [12.0, 3.0], [9.0, 5.0]])
    assert drawn_around(np.array([100.0, 0.0]), drawn).tolist() == [[120.0, 3.0], [90.0, 5.0]]
