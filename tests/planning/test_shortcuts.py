"""Simple formulas by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from retention_kit.models.contractual import contract_fit
from retention_kit.models.renewals import RenewalCounts
from retention_kit.planning.shortcuts import Averages, averages_of_contracts, averages_of_orders, shortcuts


def _rows(frequency, recency, age, customers, spend=0.0):
    columns = map(np.array, (frequency, recency, age, customers, spend))
    names = ("frequency", "recency_days", "age_days", "customers", "spend")
    return SimpleNamespace(**dict(zip(names, columns, strict=True)))


def test_averages_of_orders_are_counted_over_customers():
    rows = _rows([0, 4, 2], [0, 700, 100], [800, 800, 100], [3, 1, 6], [0.0, 50.0, 270.0])
    found = averages_of_orders(rows, has_amount=True)
    # 50 on one customer's four repeat purchases, 270 on six customers' two each.
    assert found.order_value == pytest.approx(320 / 16)
    assert averages_of_orders(rows, has_amount=False).order_value == 1.0
    assert found.orders_per_year == pytest.approx((4 + 12) / (2400 + 800 + 600) * 365.25)
    # Of the four who first bought more than a year ago, one has bought within a year.
    assert found.retention == pytest.approx(0.25)


def test_too_short_a_time_tells_no_retention():
    found = averages_of_orders(_rows([0], [0], [0], [5]), has_amount=True)
    assert found.retention is None
    empty = shortcuts(found, margin_share=1.0, discount_rate=0.1, months=12, model_value=1.0)
    assert empty.num_rows == 0


@pytest.mark.parametrize(("days", "known"), [(182, False), (184, True)])
def test_less_than_half_a_year_tells_no_yearly_retention(days, known):
    found = averages_of_orders(_rows([0, 3], [0, days], [days, days], [1, 1]), has_amount=True)
    assert (found.retention is not None) is known


def test_the_simple_formula_is_value_times_frequency_times_lifetime():
    table = shortcuts(
        Averages(50.0, 4.0, 0.8, "seen"), margin_share=0.3, discount_rate=0.0, months=24, model_value=200.0
    ).to_pylist()
    assert table[0]["value_per_customer"] == pytest.approx(50 * 4 * 0.3 * 5)
    assert table[0]["gap"] == pytest.approx(300 / 200 - 1)
    months = sum(0.8 ** (k / 12) for k in range(1, 25))
    assert table[1]["value_per_customer"] == pytest.approx(50 * 4 * 0.3 * months / 12)


def test_customers_who_never_leave_have_no_simple_value():
    table = shortcuts(
        Averages(50.0, 4.0, 1.0, "seen"), margin_share=1.0, discount_rate=0.0, months=12, model_value=0.0
    ).to_pylist()
    assert (table[0]["value_per_customer"], table[1]["gap"]) == (None, None)
    assert table[1]["value_per_customer"] == pytest.approx(200)


def test_contracts_keep_the_pooled_share_of_renewals():
    fit = contract_fit(RenewalCounts.of_survivors([1000, 900, 850, 820], unit="month"))
    found = averages_of_contracts(fit, amount=9.0)
    assert found.retention == pytest.approx((1 - 180 / 2750) ** 12)
    assert (found.order_value, found.orders_per_year) == (9.0, 12.0)
