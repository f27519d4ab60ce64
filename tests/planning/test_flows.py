"""Money by month, against sums by hand."""

from dataclasses import replace

import numpy as np
import pytest

from retention_kit.errors import ParameterError
from retention_kit.planning.flows import discount_factors, flows
from tests.planning.bases import START, every_base, some_buyers, some_subscribers

NONE = np.zeros(1)
bases = pytest.mark.parametrize("base", every_base(), ids=["bg_nbd", "mbg_nbd", "contracts"])


def test_the_first_flow_is_discounted_once_at_the_yearly_rate():
    assert discount_factors(0.1, 12)[[0, 1, 12]] == pytest.approx([1, 1.1 ** (-1 / 12), 1 / 1.1])


@bases
def test_with_every_lever_at_its_start_margin_is_revenue_times_margin(base):
    found = flows(base, START)
    assert found.margin[..., 1:].tolist() == (0.4 * base.revenue(12, NONE, 0.0)).tolist()
    assert not found.margin[..., 0].any()
    assert not found.programme.any()
    assert found.fixed == 0


@bases
def test_new_customers_come_every_month_and_cost_what_one_costs(base):
    found = flows(base, START)
    one = base.revenue_of_new(12, NONE)
    by_hand = [
        0.4 * sum(3.0 * one[0, month - arrival] for arrival in range(1, month + 1)) for month in range(13)
    ]
    assert found.margin_of_new[0] == pytest.approx(by_hand)
    assert found.acquisition.tolist() == [0.0] + 12 * [36.0]
    unknown = flows(base, replace(START, acquisition_cost=None))
    assert not unknown.acquisition.any()


@bases
def test_the_programme_moves_the_targeted_share_of_the_segment_alone(base):
    name = base.segments[1]
    moved = replace(START, saved_share=0.3, order_value=0.2, share_targeted=0.25, segment=name)
    before, after = flows(base, START).margin, flows(base, moved).margin
    treated = 0.4 * 1.2 * base.revenue(12, np.array([0.3]), 0.0)[:, 1]
    assert after[:, 1, 1:] == pytest.approx(0.75 * before[:, 1, 1:] + 0.25 * treated)
    others = [k for k in range(len(base.segments)) if k != 1]
    assert after[:, others].tolist() == before[:, others].tolist()
    assert flows(base, moved).margin_of_new.tolist() == flows(base, START).margin_of_new.tolist()


def test_buyers_are_paid_for_whether_or_not_they_are_still_there():
    base = some_buyers()
    costs = replace(START, programme_cost_per_customer=2.0, programme_cost_per_month=0.5, share_targeted=0.5)
    found = flows(base, costs).programme[0]
    assert found[:, 0] == pytest.approx(base.customers)
    assert found[:, 1:] == pytest.approx(np.repeat(0.25 * base.customers[:, None], 12, axis=1))


def test_contracts_are_paid_for_while_they_run():
    base = some_subscribers()
    costs = replace(START, saved_share=0.5, programme_cost_per_month=0.5)
    found = flows(base, costs).programme
    assert found[..., 1:] == pytest.approx(0.5 * base.paying(12, np.array([0.5])))


def test_an_unknown_segment_is_refused_with_those_there_are():
    with pytest.raises(
        ParameterError, match=r"no segment 'nort'\. Did you mean 'north'\? Choose one of: 'north'"
    ):
        flows(some_buyers(), replace(START, segment="nort"))


def test_contracts_have_no_purchase_frequency():
    with pytest.raises(ParameterError, match=r"frequency=0\.1 .* contracts do not have"):
        flows(some_subscribers(), replace(START, frequency=0.1))
