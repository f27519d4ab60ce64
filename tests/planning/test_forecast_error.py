"""Errors of a back-test and the range of an uplift."""

import numpy as np
import pytest

from retention_kit.errors import ParameterError
from retention_kit.planning.forecast_error import ForecastError, quantiles_of_triangle

ERROR = ForecastError((6.0, 12.0), (0.1, -0.1), (0.1, 0.2))


def test_outcomes_spread_as_far_as_forecasts_were_off_around_the_forecast_itself():
    size = {6: 0.02**0.5, 9: 0.15, 12: 0.05**0.5, 36: 0.05**0.5, 1: 0.02**0.5}
    for months, off in size.items():
        ratios = ERROR.ratios(months)
        assert ratios.mean() == pytest.approx(1)
        assert ratios.std() == pytest.approx(off, rel=0.1)
        assert (ratios > 0).all()
        assert (np.diff(ratios) > 0).all()


def test_quantiles_are_those_of_a_lognormal_of_mean_1():
    error = ForecastError((12.0,), (0.3,), (0.4,))  # root mean square 0.5
    spread = np.sqrt(np.log(1.25))
    assert error.ratio_at(12, 0.5) == pytest.approx(np.exp(-(spread**2) / 2))
    assert error.ratio_at(12, 0.975) == pytest.approx(np.exp(1.959964 * spread - spread**2 / 2))


def test_a_forecast_never_off_has_one_outcome():
    assert ForecastError((6.0,), (0.0,), (0.0,)).ratios(12) == pytest.approx(1.0)


def test_what_lies_beyond_the_last_test_is_known():
    assert ERROR.reaches(12)
    assert not ERROR.reaches(13)


@pytest.mark.parametrize(
    ("months", "mean", "sd", "message"),
    [
        ((6,), (0, 0), (0.1,), "do not fit together"),
        ((), (), (), "do not fit together"),
        ((6, 6), (0, 0), (0.1, 0.1), "do not fit together"),
        ((6,), (float("nan"),), (0.1,), "do not fit together"),
        ((6,), (-1,), (0.1,), "out of its range"),
        ((6,), (0,), (-0.1,), "out of its range"),
    ],
)
def test_errors_that_make_no_sense_are_refused(months, mean, sd, message):
    with pytest.raises(ParameterError, match=message):
        ForecastError(months, mean, sd)


@pytest.mark.parametrize(("low", "likely", "high"), [(0.0, 0.1, 0.2), (0.1, 0.1, 0.4), (0.0, 0.3, 0.3)])
def test_the_triangle_has_its_mean_and_its_ends(low, likely, high):
    found = quantiles_of_triangle(low, likely, high, (np.arange(20_000) + 0.5) / 20_000)
    assert found.mean() == pytest.approx((low + likely + high) / 3, rel=1e-6)
    variance = (low**2 + likely**2 + high**2 - low * likely - low * high - likely * high) / 18
    assert found.var() == pytest.approx(variance, rel=1e-3)
    assert quantiles_of_triangle(low, likely, high, np.array([0.0, 1.0])) == pytest.approx([low, high])


def test_a_range_of_one_value_is_that_value():
    assert quantiles_of_triangle(0.1, 0.1, 0.1, np.array([0.0, 0.7])).tolist() == [0.1, 0.1]
