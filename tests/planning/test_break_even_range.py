"""The range of the break-even: where it lies if little comes of the forecast, and if much does."""

import numpy as np
import pytest

from retention_kit.planning.break_even import expected_npv
from retention_kit.planning.break_even_range import break_even_range
from retention_kit.planning.comparison import compare
from retention_kit.planning.forecast_error import ForecastError
from retention_kit.planning.levers import Levers
from tests.planning.bases import START, some_buyers, some_subscribers

PROGRAMME = {"margin": 0.4, "acquisition_cost": 12.0, "acquisition_per_month": 3.0, "saved_share": 0.1}
ERROR = ForecastError((12.0,), (0.0,), (0.2,))


@pytest.mark.parametrize("base", [some_buyers, some_subscribers])
def test_range_holds_the_break_even_and_widens_with_the_error(base):
    found = compare(base(), Levers(**PROGRAMME, programme_cost_per_customer=0.3), back_test=ERROR)
    low, high = break_even_range(base(), found, back_test=ERROR)
    assert low < found.break_even.saved_share < high
    narrow = break_even_range(base(), found)
    assert low < narrow[0] < narrow[1] < high


def test_ends_solve_their_own_equation():
    base = some_subscribers(draws=1)
    scenario = Levers(**PROGRAMME, programme_cost_per_customer=0.3)
    found = compare(base, scenario, back_test=ERROR)
    ratios = np.quantile(ERROR.ratios(12), [0.975, 0.025])
    for share, ratio in zip(break_even_range(base, found, back_test=ERROR), ratios, strict=True):
        moved = Levers(**{**PROGRAMME, "saved_share": share}, programme_cost_per_customer=0.3)
        assert expected_npv(base, moved, START, ratio=float(ratio)) == pytest.approx(0, abs=1e-6)


def test_a_dear_programme_may_be_out_of_reach_if_little_comes():
    base = some_subscribers()
    dear = compare(base, Levers(**PROGRAMME), back_test=ERROR)
    most = compare(base, Levers(**{**PROGRAMME, "saved_share": 0.99})).break_even.cost_per_customer
    found = compare(base, Levers(**PROGRAMME, programme_cost_per_customer=most * 0.99), back_test=ERROR)
    low, high = break_even_range(base, found, back_test=ERROR)
    assert low is not None
    assert high is None
    assert dear.cost == 0


def test_a_scenario_that_gains_nothing_has_no_range():
    found = compare(some_subscribers(), Levers(**{**PROGRAMME, "saved_share": 0.0}))
    assert break_even_range(some_subscribers(), found) == (None, None)
