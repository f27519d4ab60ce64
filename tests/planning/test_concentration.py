"""Who holds the value, beside sorted lists of single customers."""

import numpy as np
import pytest

from retention_kit.planning.concentration import concentration, distribution, quantiles


@pytest.fixture
def spread():
    rng = np.random.default_rng(1)
    return np.exp(rng.normal(2, 1.5, 300)), rng.integers(1, 5, 300).astype(float)


def test_shares_are_those_of_a_sorted_list(spread):
    values, customers = spread
    each = np.sort(np.repeat(values, customers.astype(int)))[::-1]
    found, held = concentration(values, customers), np.cumsum(each) / each.sum()
    reached = np.arange(1, each.size + 1) / each.size
    for share, got in ((0.01, found.top_1), (0.1, found.top_10), (0.2, found.top_20)):
        assert got == pytest.approx(np.interp(share, reached, held), rel=2e-3)
    assert found.half_held_by == pytest.approx(np.interp(0.5, held, reached), rel=2e-3)
    assert found.lorenz["share_of_value"][-1].as_py() == pytest.approx(1)


def test_equal_customers_hold_equal_shares():
    found = concentration(np.array([5.0, 5.0]), np.array([30.0, 70.0]))
    assert (found.half_held_by, found.top_10) == pytest.approx((0.5, 0.1))


def test_nobody_holds_what_there_is_not():
    found = concentration(np.zeros(2), np.ones(2))
    assert found.half_held_by is None
    assert found.lorenz["share_of_value"].null_count == found.lorenz.num_rows


def test_quantiles_are_values_of_customers(spread):
    values, customers = spread
    each = np.repeat(values, customers.astype(int))
    found = quantiles(values, customers).to_pydict()
    expected = np.quantile(each, found["share_of_customers"], method="inverted_cdf")
    assert found["value"] == pytest.approx(expected)


@pytest.mark.parametrize("scale", [1.0, 0.0, 1e6])
def test_bars_hold_every_customer_and_all_value(spread, scale):
    values, customers = spread
    bars = distribution(values * scale, customers)
    assert sum(bars["customers"].to_pylist()) == pytest.approx(customers.sum())
    assert sum(bars["value"].to_pylist()) == pytest.approx(customers @ values * scale)
    assert bars["value_to"].null_count == 1
    assert bars.num_rows <= 45
