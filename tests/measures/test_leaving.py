"""When a customer has left: the caller says, else the dataset, else the data, else nobody."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from oracle import Order, Shop

from retention_kit import open_dataset
from retention_kit.errors import DataError
from retention_kit.measures.cadence import purchase_cadence
from retention_kit.measures.leaving import grace, seen_until, silence


@pytest.fixture(scope="module")
def shop():
    return open_dataset("shop")


def test_caller_comes_before_the_dataset_and_the_dataset_before_the_data(shop):
    told = open_dataset("cdnow", churn_threshold_days=50)
    asked = silence(told, threshold_days=77)
    assert (asked.days, asked.chosen_by, asked.reason) == (
        77,
        "parameter",
        "A silence of 77 days was chosen.",
    )
    stated = silence(told)
    assert (stated.days, stated.chosen_by) == (50, "dataset")
    assert stated.reason == "The dataset file says that a silence of 50 days means leaving."
    found, cadence = silence(shop), purchase_cadence(shop)
    assert (found.days, found.chosen_by) == (cadence.everyone.threshold_days, "data")
    assert silence(shop, threshold_days=9, cadence=cadence) == cadence.threshold


def test_where_nobody_says_it_the_reason_is_told(open_shop):
    once = Shop((Order("a", datetime(2024, 1, 1), Decimal(5)),), date(2024, 3, 1))
    with pytest.raises(DataError, match=r"The data suggest no silence .* Set threshold_days"):
        silence(open_shop(once))


def test_grace_is_the_datasets_unless_one_is_asked_for(shop):
    assert (grace(shop).days, grace(shop).chosen_by) == (21, "dataset")
    assert grace(shop).reason.startswith(
        "The dataset file says that a subscription that begins up to 21 days"
    )
    assert grace(shop, grace_days=7).reason.startswith("A subscription that begins up to 7 days")
    none = grace(shop, grace_days=0)
    assert (none.days, none.reason) == (0, "Customers leave when their subscription ends.")


def test_of_subscriptions_it_is_known_until_the_grace_before_the_last_day(shop):
    assert seen_until(shop, "subscriptions", grace(shop)) == date(2024, 12, 10)
    assert seen_until(shop, "orders", silence(shop, threshold_days=90)) == shop.as_of
