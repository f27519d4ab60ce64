"""Refunds against what was bought, held against a naive account book."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retention_kit.data.dataset import open_dataset


def dataset_of(book, tmp_path, **stated):
    """Open a book of (customer, day, order id, amount)."""
    start = datetime(2024, 1, 1)
    frame = pa.table(
        {
            "customer_id": [row[0] for row in book],
            "ordered_at": pa.array([start + timedelta(days=row[1]) for row in book], pa.timestamp("us")),
            "order_id": [row[2] for row in book],
            "amount": pa.array([Decimal(row[3]) for row in book], pa.decimal128(12, 2)),
        }
    )
    return open_dataset(frame, cache=tmp_path / "cache", max_loss=1, **stated)


def naive_rest(book, policy):
    """What is left of each order, by hand: own refunds first, then a pile per customer, newest on top."""
    orders = defaultdict(lambda: {"bought": [], "refunds": [], "value": Decimal(0)})
    for place, (customer, day, order_id, amount) in enumerate(book):
        order = orders[customer, order_id]
        order["refunds" if Decimal(amount) < 0 else "bought"].append((day, place))
        order["value"] += Decimal(amount)
    piles = defaultdict(list)
    events = []
    for key, order in orders.items():
        day = min(order["bought"] or order["refunds"])[0]
        events.append(
            (day, order["value"] < 0, min(order["bought"] + order["refunds"], key=lambda at: at[1])[1], key)
        )
    for _, refund, _, key in sorted(events):
        order, pile = orders[key], piles[key[0]]
        if not refund:
            pile.append([key, order["value"]])
        elif policy == "latest_order":
            owed = -order["value"]
            for entry in reversed(pile):
                taken = min(owed, entry[1])
                entry[1] -= taken
                owed -= taken
    rest = {tuple(entry[0]): entry[1] for pile in piles.values() for entry in pile}
    return {
        key: left
        for key, left in rest.items()
        if orders[key]["bought"] and (left > 0 or (orders[key]["value"] == 0 and not orders[key]["refunds"]))
    }


BOOK = st.lists(
    st.tuples(
        st.sampled_from([1, 2]),
        st.integers(0, 4),
        st.integers(1, 6),
        st.sampled_from(["10", "4", "0", "-3", "-4", "-10", "-25"]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(book=BOOK, policy=st.sampled_from(["latest_order", "same_order"]))
def test_netting_agrees_with_a_naive_account_book(book, policy, tmp_path, rows):
    book = [*book, (9, 0, 99, "1")]
    dataset = dataset_of(book, tmp_path, refunds=policy)
    found = {(row["customer_id"], row["order_id"]): row["amount"] for row in rows(dataset)}
    assert found == naive_rest(book, policy)


def test_a_refund_takes_from_the_newest_earlier_order_and_then_from_the_one_before(tmp_path, rows):
    book = [(1, 0, 1, "100"), (1, 1, 2, "50"), (1, 2, 3, "-120"), (1, 3, 4, "10")]
    dataset = dataset_of(book, tmp_path)
    assert [(row["order_id"], row["amount"]) for row in rows(dataset)] == [(1, 30), (4, 10)]
    accounting = dataset.accounting
    assert (accounting.kept, accounting.netted, accounting.fully_refunded) == (2, 2, 1)
    assert (accounting.gross, accounting.refunded, accounting.net, accounting.unmatched) == (160, 120, 40, 0)


def test_a_refund_beyond_everything_bought_is_counted_as_money_not_lost(tmp_path):
    dataset = dataset_of([(1, 0, 1, "10"), (1, 1, 2, "-25"), (1, 2, 3, "5")], tmp_path)
    accounting = dataset.accounting
    assert (accounting.gross, accounting.refunded, accounting.net, accounting.unmatched) == (15, 10, 5, 15)


def test_a_refund_before_any_order_is_dropped_with_its_place(tmp_path):
    dataset = dataset_of([(1, 0, 1, "-5"), (1, 1, 2, "10"), (2, 0, 3, "-1")], tmp_path)
    [dropped] = dataset.accounting.dropped
    assert (dropped.reason, dropped.rows) == ("refund without an order", 2)
    assert dropped.offenders == ("row 0: '-5.0000'", "row 2: '-1.0000'")
    assert dataset.accounting.unmatched == 6


def test_a_policy_of_same_order_leaves_other_orders_alone(tmp_path, rows):
    book = [(1, 0, 1, "10"), (1, 0, 1, "-4"), (1, 1, 2, "5"), (1, 2, 3, "-5")]
    dataset = dataset_of(book, tmp_path, refunds="same_order")
    assert [row["amount"] for row in rows(dataset)] == [6, 5]
    assert [part.reason for part in dataset.accounting.dropped] == ["refund without an order"]


def test_a_policy_of_drop_ignores_refunds_and_is_no_loss(tmp_path, rows):
    dataset = dataset_of([(1, 0, 1, "10"), (1, 1, 2, "-4")], tmp_path, refunds="drop")
    assert [row["amount"] for row in rows(dataset)] == [10]
    assert dataset.accounting.loss == 0


def test_the_refund_of_one_customer_leaves_another_alone(tmp_path, rows):
    dataset = dataset_of([(1, 0, 1, "10"), (2, 1, 2, "-10")], tmp_path)
    assert [row["customer_id"] for row in rows(dataset)] == [1]


def test_margin_shrinks_with_what_is_left(opened, rows):
    dataset = opened("customer,day,order_id,amount\n1,2024-01-01,1,100\n1,2024-01-02,2,-25\n", margin=0.4)
    assert [(row["amount"], row["margin"]) for row in rows(dataset)] == [(75, 30)]


def test_an_orders_moment_is_that_of_what_was_bought(opened, rows):
    text = "customer,day,order_id,amount\n1,2024-01-01 08:00,1,-5\n1,2024-01-02 09:00,1,20\n"
    assert [row["ordered_day"] for row in rows(opened(text))] == [date(2024, 1, 2)]


@pytest.mark.parametrize("reverse", [False, True])
def test_row_order_is_irrelevant(tmp_path, rows, reverse):
    book = [(1, 0, 1, "10"), (1, 1, 2, "20"), (1, 2, 3, "-25"), (2, 0, 4, "7")]
    dataset = dataset_of(book[::-1] if reverse else book, tmp_path)
    assert [(row["order_id"], row["amount"]) for row in rows(dataset)] == [(1, 5), (4, 7)]


def test_refunds_without_order_ids_net_within_the_day_first(opened, rows):
    text = "customer,day,amount\n1,2024-01-01,10\n1,2024-01-02,10\n1,2024-01-02,-4\n1,2024-01-03,-8\n"
    dataset = opened(text)
    assert [row["amount"] for row in rows(dataset)] == [8]
    assert dataset.accounting.fully_refunded == 1
