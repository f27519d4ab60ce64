"""Levers: bounds, units, and what has been moved."""

from dataclasses import FrozenInstanceError

import pytest

from retention_kit.errors import ParameterError
from retention_kit.planning.levers import LEVERS, Levers, points_saved, saved_share_of


@pytest.mark.parametrize("name", list(LEVERS))
def test_a_lever_beyond_its_ends_is_refused_by_name_bounds_and_unit(name):
    lever = LEVERS[name]
    for value in (lever.low - 1, lever.high + 1, float("nan"), True, "much"):
        with pytest.raises(ParameterError) as refused:
            Levers(**{name: value})
        assert f"{name}={value!r}" in str(refused.value)
        assert f"from {lever.low:g} to {lever.high:g} ({lever.unit})" in str(refused.value)


def test_all_levers_out_of_bounds_are_told_at_once():
    with pytest.raises(
        ParameterError, match=r"2 of 14 levers are out of bounds: margin=2; share_targeted=-1\."
    ):
        Levers(margin=2, share_targeted=-1)


def test_a_horizon_is_a_whole_number_of_months():
    with pytest.raises(ParameterError, match="horizon_months: a whole number from 1 to 120"):
        Levers(horizon_months=1.5)
    with pytest.raises(ParameterError, match="margin=None"):
        Levers(margin=None)


@pytest.mark.parametrize("ends", [(0.2, None), (None, 0.05), (0.2, 0.3)])
def test_the_likely_saved_share_lies_between_low_and_high(ends):
    with pytest.raises(ParameterError, match="in rising order"):
        Levers(saved_share=0.1, saved_share_low=ends[0], saved_share_high=ends[1])


def test_the_uplift_is_certain_unless_a_range_is_given():
    assert Levers(saved_share=0.1).uplift == (0.1, 0.1, 0.1)
    assert Levers(saved_share=0.1, saved_share_high=0.3).uplift == (0.1, 0.1, 0.3)


def test_moved_levers_are_named():
    start = Levers(margin=0.4)
    assert Levers(margin=0.4, saved_share_low=0.0).moved(start) == ()
    assert Levers(margin=0.4, saved_share_high=0.2, segment="a").moved(start) == (
        "saved_share_high",
        "segment",
    )


def test_levers_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Levers().margin = 0.2


def test_points_are_the_saved_share_of_those_who_leave():
    assert points_saved(0.25, 0.8) == pytest.approx(0.05)  # DEFINITIONS 7: u = points / (1 - r)
    assert saved_share_of(0.05, 0.8) == pytest.approx(0.25)
    assert saved_share_of(0.2, 0.8) is None
    assert saved_share_of(-0.1, 0.8) is None
