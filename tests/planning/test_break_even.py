"""Break-even solves its own equation."""

from dataclasses import replace

import pytest

from retention_kit.planning.break_even import expected_npv
from retention_kit.planning.comparison import compare
from retention_kit.planning.forecast_error import ForecastError
from retention_kit.planning.levers import points_saved
from tests.planning.bases import START, every_base, some_buyers

BACK_TEST = ForecastError((12.0,), (-0.1,), (0.15,))
PROGRAMME = replace(START, saved_share=0.1, saved_share_high=0.2, programme_fixed_cost=120.0,
                    programme_cost_per_month=0.001)  # fmt: skip
bases = pytest.mark.parametrize("base", every_base(), ids=["bg_nbd", "mbg_nbd", "contracts"])


@bases
def test_at_the_saved_share_that_breaks_even_nothing_is_gained_or_lost(base):
    found = compare(base, PROGRAMME, back_test=BACK_TEST)
    share = found.break_even.saved_share
    assert 0 < share < 0.99
    there = replace(PROGRAMME, saved_share=share, saved_share_high=None)
    again = compare(base, there, back_test=BACK_TEST)
    assert again.npv.value == pytest.approx(0, abs=1e-6 * again.cost)
    assert expected_npv(base, there, found.status_quo) == pytest.approx(0, abs=1e-6 * again.cost)
    assert found.break_even.points == pytest.approx(points_saved(share, base.yearly_retention))


@bases
def test_at_the_cost_that_breaks_even_nothing_is_gained_or_lost(base):
    found = compare(base, PROGRAMME, back_test=BACK_TEST)
    dearer = PROGRAMME.programme_fixed_cost + found.break_even.cost - found.cost
    again = compare(base, replace(PROGRAMME, programme_fixed_cost=dearer), back_test=BACK_TEST)
    assert again.npv.value == pytest.approx(0, abs=1e-9 * again.cost)
    each = replace(PROGRAMME, programme_cost_per_customer=found.break_even.cost_per_customer)
    assert compare(base, each, back_test=BACK_TEST).npv.value == pytest.approx(0, abs=1e-9 * again.cost)


@bases
def test_the_mean_of_the_draws_gives_the_mean_of_their_values(base):
    certain = replace(PROGRAMME, saved_share_high=None)
    found = compare(base, certain)
    assert expected_npv(base, certain, found.status_quo) == pytest.approx(found.npv.value, rel=1e-6)


def test_no_saved_share_is_needed_where_others_pay_and_none_is_enough_for_a_fortune():
    base = some_buyers()
    assert compare(base, replace(PROGRAMME, order_value=2.0)).break_even.saved_share == 0
    none = compare(base, replace(PROGRAMME, programme_fixed_cost=1e9)).break_even
    assert none.saved_share is None
    assert none.points is None
    assert none.cost_per_customer < 0


def test_nobody_targeted_has_no_cost_per_customer():
    found = compare(some_buyers(), replace(PROGRAMME, share_targeted=0.0)).break_even
    assert found.cost_per_customer is None
    assert found.saved_share is None
