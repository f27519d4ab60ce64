"""The stage of the business, from how much of it is new."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from oracle import Order, Shop

from retention_kit import open_dataset
from retention_kit.measures.scorecard import scorecard

DAYS = [date(2022 + n // 12, n % 12 + 1, 5) for n in range(24)]


def shop_of(known, new, *, spent_by_new=10):
    """Customers who order every month for two years, and others who begin in the last month."""
    orders = [
        Order(f"known{n}", datetime.combine(day, datetime.min.time()), Decimal(10))
        for n in range(known)
        for day in DAYS
    ]
    last = datetime.combine(DAYS[-1], datetime.min.time())
    orders += [Order(f"new{n}", last, Decimal(spent_by_new)) for n in range(new)]
    return Shop(tuple(orders), date(2023, 12, 31))


@pytest.mark.parametrize(
    ("known", "new", "spent", "stage"),
    [
        (1, 1, 10, "starting"),
        (51, 49, 10, "growing"),
        (49, 51, 1, "growing"),  # half of the customers are new, but not of the revenue
        (3, 1, 10, "consolidating"),
        (7, 3, 10, "growing"),
        (9, 1, 100, "growing"),  # most revenue is new, but not most customers
    ],
)
def test_stage_follows_from_both_new_shares(open_shop, known, new, spent, stage):
    found = scorecard(open_shop(shop_of(known, new, spent_by_new=spent))).stage
    assert found.name == stage
    assert found.new_customers.value == pytest.approx(new / (known + new))
    assert found.new_revenue.value == pytest.approx(new * spent / (new * spent + known * 10))
    assert found.advice
    assert found.metrics


def test_stage_is_unknown_while_all_customers_look_new(open_shop):
    dataset = open_shop(shop_of(3, 1))
    early = scorecard(dataset, period="2022-12-01").stage
    assert early.name == "unknown"
    assert early.metrics == ()
    assert "begin on 2022-01-05" in early.why
    assert scorecard(dataset, period="2023-01-01").stage.name == "consolidating"


def test_stage_is_unknown_where_nobody_ordered(open_shop):
    shop = shop_of(3, 1)
    quiet = Shop(shop.orders, date(2024, 1, 31))
    found = scorecard(open_shop(quiet)).stage
    assert (found.name, found.why) == ("unknown", "Nobody ordered in the period.")


def test_without_amounts_customers_alone_decide():
    found = scorecard(open_dataset("cdnow", columns={"amount": ""})).stage
    assert found.name == "consolidating"
    assert found.new_revenue.value is None
    assert "revenue" not in found.why.split(" in ")[0]
