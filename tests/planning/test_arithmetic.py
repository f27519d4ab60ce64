"""Constant retention: published changes, and the fitted model beside them."""

import math
from dataclasses import replace

import numpy as np
import pytest

from retention_kit.errors import ParameterError
from retention_kit.planning.arithmetic import multiple_change, points_card, retention_multiple
from retention_kit.planning.levers import Levers
from retention_kit.planning.subscriber_fitting import subscribers
from tests.planning.bases import START, every_base

bases = pytest.mark.parametrize("base", every_base(), ids=["bg_nbd", "mbg_nbd", "contracts"])


@pytest.mark.parametrize(
    ("retention", "rate", "wanted"),
    [(0.90, 0.0, "111%"), (0.90, 0.1, "40.7%"), (0.80, 0.1, "27.5%"), (0.60, 0.1, "20.4%")],
)
def test_five_points_are_worth_what_is_published(retention, rate, wanted):
    # DEFINITIONS 7: r / (1 + i - r)
    got = multiple_change(retention, 0.05, discount_rate=rate)
    assert f"{got:.{1 if '.' in wanted else 0}%}" == wanted


def test_a_multiple_is_a_sum_of_yearly_margins():
    by_hand = sum((0.8 / 1.1) ** year for year in range(1, 8))
    assert retention_multiple(0.8, discount_rate=0.1, periods=7) == pytest.approx(by_hand)
    assert retention_multiple(0.8, discount_rate=0.1, periods=1000) == pytest.approx(0.8 / 0.3)
    assert retention_multiple(1.0, discount_rate=0.0, periods=7) == 7
    assert retention_multiple(1.0, discount_rate=0.0) == math.inf
    assert retention_multiple([0.0, 1.0], discount_rate=0.25).tolist() == pytest.approx([0.0, 4.0])


@pytest.mark.parametrize(
    ("retention", "rate"), [(1.1, 0.1), (-0.1, 0.1), (0.5, -0.1), (math.nan, 0.1), (0.5, math.inf)]
)
def test_a_multiple_of_no_retention_is_refused(retention, rate):
    with pytest.raises(ParameterError, match="makes no multiple"):
        retention_multiple(retention, discount_rate=rate)


def test_customers_who_are_all_alike_agree_with_the_shortcut():
    # Yearly contracts with one chance of leaving for everybody, margin paid once a year in effect.
    base = subscribers([0], [100], [100.0], [[2e7], [8e7]], start=Levers(), period_months=12)
    card = points_card(base, Levers(horizon_months=120, discount_rate=0.0))
    assert card.retention == pytest.approx(0.8, rel=1e-5)
    assert card.saved_share == pytest.approx(0.25, rel=1e-4)
    monthly = [sum(r ** (month / 12) for month in range(1, 121)) for r in (0.8, 0.85)]
    for value in (card.today.value, card.new.value, card.constant_over_horizon):
        assert value == pytest.approx(monthly[1] / monthly[0] - 1, rel=1e-4)


@bases
def test_the_card_holds_the_model_beside_the_arithmetic(base):
    card = points_card(base, replace(START, horizon_months=36), points=0.01)
    assert card.saved_share == pytest.approx(0.01 / (1 - base.yearly_retention))
    assert card.constant_forever == multiple_change(base.yearly_retention, 0.01, discount_rate=0.1)
    assert 0 < card.constant_over_horizon < card.constant_forever
    saved = np.array([card.saved_share])
    discount = 1.1 ** (-np.arange(1, 37) / 12)
    after, before = (base.revenue(36, u, 0.0).sum(axis=1) @ discount for u in (saved, np.zeros(1)))
    assert card.today.value == pytest.approx((after / before - 1).mean())
    assert card.today.ci_low < card.today.value < card.today.ci_high
    assert card.new.value > 0


@bases
def test_points_that_nobody_leaves_for_are_none(base):
    card = points_card(base, START, points=0.9)
    assert card.today is card.new is card.saved_share is None
    assert card.reason.startswith("Only ")


@pytest.mark.parametrize("points", [0, 1, 5, math.nan])
def test_points_are_a_fraction(points):
    with pytest.raises(ParameterError, match=r"0\.05 for 5 points"):
        points_card(every_base()[0], START, points=points)
