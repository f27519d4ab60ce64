"""Curves on a grid."""

import numpy as np
import pytest

from retention_kit.planning.curve import Curve, time_grid


def saturating(rates, scale=5.0, longest=500.0):
    times = time_grid(scale, longest)
    rates = np.asarray(rates, dtype=float)[:, :, None]
    return Curve(scale, longest, np.log1p(rates * times), rates / (1 + rates * times))


def test_between_its_nodes_a_curve_is_that_of_the_function():
    curve = saturating([[0.1, 0.3], [0.5, 1.0]])
    times = np.array([[0.0, 0.3, 7.7, 499.0, 500.0], [1.0, 2.0, 3.0, 100.0, 333.3]])
    wanted = np.log1p(np.array([[0.1, 0.3], [0.5, 1.0]])[:, :, None] * times[:, None])
    assert curve.at(times) == pytest.approx(wanted, rel=1e-5, abs=1e-12)


def test_one_row_of_times_serves_all_draws():
    curve = saturating([[0.1], [0.5]])
    times = np.array([[1.0, 20.0]])
    assert curve.at(times).tolist() == curve.at(np.repeat(times, 2, axis=0)).tolist()


def test_the_mean_of_curves_is_the_curve_of_the_mean():
    curve, times = saturating([[0.1], [0.5]]), np.array([[1.0, 20.0]])
    assert curve.mean().at(times)[0] == pytest.approx(curve.at(times).mean(axis=0))
