"""The same money for keeping and for winning customers."""

from dataclasses import replace

import numpy as np
import pytest

from retention_kit.planning.budget import budget_use, keeping_cost, new_customer_value
from retention_kit.planning.comparison import compare
from retention_kit.planning.forecast_error import ForecastError
from tests.planning.bases import START, every_base, some_buyers

BACK_TEST = ForecastError((12.0,), (-0.1,), (0.15,))
PROGRAMME = replace(START, saved_share=0.1, programme_fixed_cost=120.0)
bases = pytest.mark.parametrize("base", every_base(), ids=["bg_nbd", "mbg_nbd", "contracts"])


@bases
def test_the_budget_buys_new_customers_at_their_cost(base):
    compared = compare(base, PROGRAMME, back_test=BACK_TEST)
    found = budget_use(base, compared, back_test=BACK_TEST)
    assert found.budget == 120.0
    assert found.customers == 10.0
    assert found.by_programme.value == pytest.approx(compared.gain.value)
    one = base.revenue_of_new(12, np.zeros(1))
    by_hand = sum(0.4 * one[:, month] * 1.1 ** (-month / 12) for month in range(13))
    assert new_customer_value(base, compared) == pytest.approx(by_hand)
    assert found.by_acquisition.value == pytest.approx(10 * by_hand.mean())
    assert found.by_acquisition.ci_low < found.by_acquisition.value < found.by_acquisition.ci_high


def test_a_change_of_acquisition_is_left_out():
    base = some_buyers()
    more = compare(base, replace(PROGRAMME, acquisition_per_month=50.0))
    assert budget_use(base, more).budget == 120.0
    assert budget_use(base, more).by_programme.value == pytest.approx(compare(base, PROGRAMME).gain.value)


def test_what_cannot_be_compared_is_said():
    base = some_buyers()
    assert "no budget" in budget_use(base, compare(base, replace(START, saved_share=0.1))).reason
    unknown = replace(START, acquisition_cost=None)
    found = budget_use(base, compare(base, replace(PROGRAMME, acquisition_cost=None), status_quo=unknown))
    assert found.by_acquisition is None
    assert "not known" in found.reason


@bases
def test_the_cost_of_keeping_one_is_the_cost_per_customer_kept(base):
    compared = compare(base, replace(PROGRAMME, share_targeted=0.5))
    found = keeping_cost(base, compared)
    kept = (base.kept(12, np.array([0.1]), 0.0) - base.kept(12, np.zeros(1), 0.0)).sum(axis=1) / 2
    assert found.kept.value == pytest.approx(kept.mean())
    assert found.per_kept == pytest.approx(120 / kept.mean())
    assert found.ratio == pytest.approx(12 / found.per_kept)


def test_customers_kept_are_those_of_the_mean_of_a_lopsided_range():
    base = some_buyers()
    lopsided = replace(START, saved_share=0.1, saved_share_low=0.1, saved_share_high=0.4)
    level = replace(START, saved_share=0.2)
    kept, same = (keeping_cost(base, compare(base, levers)).kept for levers in (lopsided, level))
    assert kept.value == pytest.approx(same.value)


def test_what_keeping_one_costs_may_not_be_known():
    base = some_buyers()
    none = keeping_cost(base, compare(base, replace(START, programme_fixed_cost=9.0)))
    assert (none.per_kept, none.ratio) == (None, None)
    assert "keeps nobody" in none.reason
    free = keeping_cost(base, compare(base, replace(START, saved_share=0.1)))
    assert free.per_kept == 0
    assert "costs nothing" in free.reason
    unknown = replace(START, acquisition_cost=None)
    found = keeping_cost(base, compare(base, replace(PROGRAMME, acquisition_cost=None), status_quo=unknown))
    assert found.per_kept > 0
    assert found.ratio is None
    assert "not known" in found.reason
