"""Months to come and what they count, against sums written out."""

import numpy as np
import pytest

from retention_kit.errors import ParameterError
from retention_kit.models.purchase_law import PurchaseLaw
from retention_kit.models.purchase_value import (
    discount_factors,
    discounted_purchases,
    month_ends,
    monthly_purchases,
)

LAW = PurchaseLaw(0.24259, 4.4136, 0.79292, 2.42591)
HISTORIES = np.array([0, 2, 2, 7]), np.array([0, 30.43, 9.0, 29.43]), np.array([38.86, 38.86, 38.86, 30.0])


def test_a_month_is_a_twelfth_of_a_year_in_the_unit_of_the_law():
    assert month_ends(LAW, 12)[[0, 12]] == pytest.approx([0, 365.25 / 7])
    days = PurchaseLaw(0.2, 30, 1, 2, unit="day")
    assert month_ends(days, 24)[24] == pytest.approx(730.5)


def test_months_add_up_to_the_horizon():
    monthly = monthly_purchases(LAW, 6, *HISTORIES)
    assert monthly.shape == (6, 4)
    assert monthly.sum(axis=0) == pytest.approx(LAW.expected_purchases(365.25 / 14, *HISTORIES))
    assert (np.diff(monthly, axis=0) < 0).all()  # customers leave


def test_the_first_month_is_discounted_once():
    found = discounted_purchases(LAW, 3, *HISTORIES, annual_rate=0.2)
    wanted = sum(
        flow / 1.2 ** (month / 12) for month, flow in enumerate(monthly_purchases(LAW, 3, *HISTORIES), 1)
    )
    assert found == pytest.approx(wanted, rel=1e-12)


def test_without_a_discount_rate_purchases_count_in_full():
    found = discounted_purchases(LAW, 12, *HISTORIES, annual_rate=0.0)
    assert found == pytest.approx(LAW.expected_purchases(365.25 / 7, *HISTORIES))


def test_one_customer_is_a_number():
    found = discounted_purchases(LAW, 12, 0, 0.0, 0.0, annual_rate=0.1)
    assert found.shape == ()
    assert 0 < found < LAW.expected_purchases_of_new(365.25 / 7)


@pytest.mark.parametrize("rate", [-1.0, np.nan, np.inf])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(ParameterError, match="no discount rate"):
        discount_factors(3, annual_rate=rate)


def test_a_horizon_without_months_is_refused():
    with pytest.raises(ParameterError, match="horizon of 0 months"):
        monthly_purchases(LAW, 0, *HISTORIES)
