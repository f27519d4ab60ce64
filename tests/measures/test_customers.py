"""The customers behind a cell are those that the cell counts."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from oracle import Order, Shop

from retention_kit import cohort_table
from retention_kit.errors import ParameterError
from retention_kit.measures.customers import cell_customers

SHOP = Shop(
    (
        Order("a", datetime(2024, 1, 5, 9), Decimal(10), channel="web", device="phone"),
        Order("a", datetime(2024, 2, 5, 10), Decimal(5), channel="shop"),
        Order("b", datetime(2024, 1, 7), Decimal(7), channel="it's ?", device="desk"),
        Order("c", datetime(2024, 1, 9), Decimal(1), channel="web"),
        Order("c", datetime(2024, 3, 9), Decimal(2), channel="web"),
        Order("d", datetime(2024, 3, 2), Decimal(3), channel="web", device="phone"),
        Order("d", datetime(2024, 3, 3), Decimal(4), channel="web", device="phone"),
    ),
    date(2024, 3, 31),
)


@pytest.fixture(scope="module")
def dataset(open_shop):
    return open_shop(SHOP)


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"mode": "unbounded"},
        {"mode": "range", "brackets": "0-1,2"},
        {"mode": "streak", "clock": "elapsed"},
        {"min_orders": 2, "grain": "quarter"},
        {"breakdown": "channel", "clock": "elapsed"},
        {"segment": "channel=it's ?"},
        {"segment": "channel=web", "breakdown": "device"},
        {"orders": "channel=web"},
        {"cohort_by": "channel"},
        {"cohort_by": "channel", "cohort_from": "2024-02-01"},
        {"cohort_by": "channel", "breakdown": "device", "segment": "device=phone"},
    ],
)
def test_as_many_customers_are_listed_and_active_as_the_cell_counts(dataset, chosen):
    table = cohort_table(dataset, **chosen)
    for cell in table.cells.to_pylist():
        if cell["status"] not in ("mature", "partial"):
            continue
        found = cell_customers(
            dataset, table, cohort=cell["cohort"], age=cell["age_periods"], group=cell["group"]
        )
        everyone = cell["eligible"] if table.parameters.cohort_by else cell["cohort_size"]
        assert found.num_rows == everyone
        assert sum(found["active"].to_pylist()) == cell["numerator"]


def test_customers_come_with_orders_revenue_and_segments_those_who_came_back_first(dataset):
    table = cohort_table(dataset)
    found = cell_customers(dataset, table, cohort="Jan 2024", age=2).to_pylist()
    assert [row["customer_id"] for row in found] == ["c", "a", "b"]
    assert found[1] == {
        "customer_id": "a",
        "active": False,
        "first_order_at": datetime(2024, 1, 5, 9),
        "last_order_at": datetime(2024, 2, 5, 10),
        "orders": 2,
        "revenue": Decimal(15),
        "channel": "web",
        "device": "phone",
    }
    assert cell_customers(dataset, table, cohort="Jan 2024", age=2, limit=1).num_rows == 1


@pytest.mark.parametrize(("cohort", "age"), [("Jan 2023", 0), ("Jan 2024", 99), ("'; --", 0)])
def test_a_cell_that_is_not_shown_is_refused(dataset, cohort, age):
    with pytest.raises(ParameterError, match="no cell for cohort"):
        cell_customers(dataset, cohort_table(dataset), cohort=cohort, age=age)


def test_a_group_that_is_not_shown_is_refused(dataset):
    table = cohort_table(dataset, breakdown="device")
    with pytest.raises(ParameterError, match="no group 'fax'"):
        cell_customers(dataset, table, cohort="Jan 2024", age=0, group="fax")
