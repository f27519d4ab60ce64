"""Forecasts against what came: ranks, errors and bins, beside one customer after another."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from retention_kit.planning.rivals import calibration, decile_shares, forecast_errors, rank_correlation


@pytest.fixture
def many():
    rng = np.random.default_rng(1)
    customers = rng.integers(1, 6, 60).astype(float)
    forecast = rng.integers(0, 12, 60) / 4
    actual = rng.poisson(forecast).astype(float)
    each = np.repeat(np.arange(60), customers.astype(int))
    return forecast, actual, customers, each


def test_ranks_are_those_of_single_customers(many):
    forecast, actual, customers, each = many
    expected = pd.Series(forecast[each]).rank().corr(pd.Series(actual[each]).rank())
    assert rank_correlation(forecast, actual, customers) == pytest.approx(expected, rel=1e-12)


def test_a_forecast_that_is_the_same_for_all_has_no_rank(many):
    _, actual, customers, _ = many
    assert rank_correlation(np.ones(60), actual, customers) is None


def test_errors_are_those_of_single_customers(many):
    forecast, actual, customers, each = many
    row = forecast_errors({"model": forecast}, actual, customers).to_pylist()[0]
    off = forecast[each] - actual[each]
    assert row["expected"] == pytest.approx(forecast[each].sum())
    assert row["bias"] == pytest.approx(forecast[each].sum() / actual[each].sum() - 1)
    assert row["mean_absolute_error"] == pytest.approx(np.abs(off).mean())
    assert row["root_mean_squared_error"] == pytest.approx(np.sqrt((off**2).mean()))


def test_no_bias_is_told_where_nothing_came():
    row = forecast_errors({"model": np.array([0.5])}, np.zeros(1), np.ones(1)).to_pylist()[0]
    assert row["bias"] is None


def test_tenths_hold_a_tenth_each_and_share_out_ties(many):
    forecast, _, customers, _ = many
    shares = decile_shares(forecast, customers)
    assert shares.sum(axis=1) == pytest.approx(np.full(10, customers.sum() / 10))
    assert shares.sum(axis=0) == pytest.approx(customers)
    order = np.random.default_rng(2).permutation(60)
    assert decile_shares(forecast[order], customers[order]) == pytest.approx(shares[:, order])


def test_tenths_of_distinct_forecasts_are_those_of_a_sorted_list():
    forecast = np.random.default_rng(3).permutation(100) / 10
    shares = decile_shares(forecast, np.ones(100))
    tenth = np.argsort(np.argsort(forecast)) // 10
    assert shares.argmax(axis=0).tolist() == tenth.tolist()
    assert shares.max(axis=0) == pytest.approx(np.ones(100))


def test_bins_hold_means_and_the_interval_of_a_mean(many):
    forecast, actual, customers, each = many
    inside = np.array([forecast < 1, forecast >= 1, forecast > 99]) * customers
    found = calibration(
        inside, forecast, actual, labels=pa.array(["low", "high", "none"]), name="bin", score=1.96
    ).to_pylist()
    low = actual[each][forecast[each] < 1]
    assert found[0]["actual_per_customer"] == pytest.approx(low.mean())
    assert found[0]["ci_high"] == pytest.approx(low.mean() + 1.96 * low.std(ddof=1) / np.sqrt(low.size))
    assert found[1]["expected_per_customer"] == pytest.approx(forecast[each][forecast[each] >= 1].mean())
    assert found[2]["actual_per_customer"] is None


def test_where_nothing_came_the_interval_is_that_of_a_poisson_rate():
    row = calibration(
        np.full((1, 1), 50.0), np.array([0.01]), np.zeros(1), labels=pa.array(["all"]), name="bin", score=1.96
    ).to_pylist()[0]
    assert (row["actual_per_customer"], row["ci_low"]) == (0.0, 0.0)
    # At the end of the interval nothing came lies 1.96 standard errors, sqrt(rate / 50), below.
    assert row["ci_high"] / np.sqrt(row["ci_high"] / 50) == pytest.approx(1.96)
