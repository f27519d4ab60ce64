"""Climbing hills whose tops are known."""

import numpy as np
import pytest

from retention_kit.models.purchase_peak import Hill, climbed, drops, turned_covariance

BOUNDS = np.array([[-10.0, -10.0], [10.0, 10.0]])
CURVES = np.array([[2.0, 0.5], [0.5, 1.0]])


def parabola(top, curves=CURVES):
    def shape(point):
        away = point - top
        return -away @ curves @ away / 2, -curves @ away, -curves

    return Hill(lambda point: shape(point)[0], shape)


def test_a_parabola_is_climbed_and_falls_by_two_at_two_standard_errors():
    hill = parabola(np.array([1.0, -2.0]))
    peak = climbed(hill, np.zeros(2), BOUNDS)
    assert peak.point == pytest.approx([1, -2])
    assert peak.inside
    assert peak.covariance == pytest.approx(np.linalg.inv(CURVES))
    assert drops(hill, peak, BOUNDS) == pytest.approx(np.full((2, 2), 2.0))


def test_a_top_beyond_a_bound_is_met_at_the_bound():
    peak = climbed(parabola(np.array([20.0, 0.0])), np.zeros(2), BOUNDS)
    assert peak.point[0] == 10
    assert peak.point[1] == pytest.approx(0.5 * 10)  # the best of what is left: 0.5 * 10 + y = 0 + 10
    assert peak.at_bounds.tolist() == [True, False]
    assert not peak.inside
    assert np.isnan(peak.covariance[0]).all()
    assert peak.covariance[1, 1] == pytest.approx(1.0)
    assert drops(parabola(np.array([20.0, 0.0])), peak, BOUNDS).shape == (2, 1)


def test_held_coordinates_stay_and_are_known():
    peak = climbed(parabola(np.array([1.0, 2.0])), np.array([0.0, 5.0]), BOUNDS, held=[1])
    assert peak.point == pytest.approx([1 - 0.25 * 3, 5])
    slopes = np.array([[1.0, 0.0], [1.0, 3.0]])
    assert np.isnan(turned_covariance(peak, slopes)[1]).all()
    assert turned_covariance(peak, slopes, held=[1]) == pytest.approx(np.full((2, 2), 0.5))


def test_a_slope_that_curves_upwards_is_climbed_too():
    def shape(point):
        x, y = point
        value = np.log(np.exp(-((x - 3) ** 2)) + np.exp(-((x + 3) ** 2)) / 2) - y**2
        high, low = np.exp(-((x - 3) ** 2)), np.exp(-((x + 3) ** 2)) / 2
        share = high / (high + low)
        slope = -2 * (x - 3) * share - 2 * (x + 3) * (1 - share)
        return value, np.array([slope, -2 * y]), np.diag([-2 + 36 * share * (1 - share), -2.0])

    peak = climbed(Hill(lambda point: shape(point)[0], shape), np.array([0.4, 1.0]), BOUNDS)
    assert peak.point == pytest.approx([3, 0], abs=1e-4)


def test_a_plain_has_no_peak():
    def flat(point):
        return 0.0, np.zeros(2), np.zeros((2, 2))

    peak = climbed(Hill(lambda point: 0.0, flat), np.ones(2), BOUNDS)
    assert peak.point.tolist() == [1, 1]
    assert not peak.inside
    assert drops(Hill(lambda point: 0.0, flat), peak, BOUNDS).shape == (2, 0)


def test_a_climb_ends_where_no_step_gets_higher():
    # The slope promises what the value does not keep.
    hill = Hill(lambda point: 0.0, lambda point: (0.0, np.ones(2), -np.eye(2)))
    assert climbed(hill, np.zeros(2), BOUNDS).point.tolist() == [0, 0]
