"""Predictive intervals: which sources are in them, and how wide they come out."""

import numpy as np
import pytest

from retention_kit.planning.forecast_error import ForecastError
from retention_kit.planning.predictive import outcomes_of

_SURE = np.full((50, 1), 100.0)


def test_chance_alone_makes_a_normal_interval():
    low, high = outcomes_of(50, level=0.95, errors=None, months=1).interval(
        np.array([100.0]), _SURE, np.array([10.0])
    )
    assert (low[0], high[0]) == pytest.approx((80.4, 119.6), abs=1.0)


def test_errors_of_the_back_test_count_by_their_root_mean_square():
    errors = ForecastError((6.0, 12.0), (0.0, 0.3), (0.1, 0.4))
    outcomes = outcomes_of(50, level=0.95, errors=errors, months=12)
    assert outcomes.error == pytest.approx(0.5)
    assert outcomes_of(50, level=0.95, errors=errors, months=6).error == pytest.approx(0.1)
    low, high = outcomes.interval(np.array([100.0]), _SURE, np.zeros(1))
    spread = np.sqrt(np.log(1.25))
    expected = 100 * np.exp(np.array([-1.96, 1.96]) * spread - spread**2 / 2)
    assert (low[0], high[0]) == pytest.approx(tuple(expected), rel=0.06)


def test_parameters_alone_make_the_interval_of_their_draws():
    drawn = np.linspace(50, 150, 101)[:, None]
    low, high = outcomes_of(101, level=0.9, errors=None, months=1).interval(
        np.array([100.0]), drawn, np.zeros(1)
    )
    assert (low[0], high[0]) == pytest.approx((55, 145), abs=1.5)


def test_the_forecast_lies_inside_and_nothing_below_zero():
    low, high = outcomes_of(50, level=0.5, errors=None, months=1).interval(
        np.array([3.0]), np.full((50, 1), 9.0), np.array([20.0])
    )
    assert 0 <= low[0] <= 3 <= high[0]


def test_sources_are_told_apart_and_the_back_test_only_where_there_is_one():
    errors = ForecastError((12.0,), (0.0,), (0.2,))
    drawn = np.linspace(90, 110, 50)
    found = outcomes_of(50, level=0.95, errors=errors, months=12).sources(100.0, drawn, 5.0).to_pylist()
    assert [row["source"] for row in found] == ["parameters", "chance", "back-test"]
    assert [row["relative_sd"] for row in found] == pytest.approx([drawn.std() / 100, 0.05, 0.2])
    without = outcomes_of(50, level=0.95, errors=None, months=12).sources(0.0, drawn * 0, 0.0)
    assert without["source"].to_pylist() == ["parameters", "chance"]


def test_the_same_futures_are_drawn_every_time():
    one, two = (outcomes_of(7, level=0.9, errors=None, months=1) for _ in range(2))
    assert (one.draw == two.draw).all()
    assert (one.score == two.score).all()
