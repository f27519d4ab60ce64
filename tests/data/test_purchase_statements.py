"""Statements about purchases are portable, and count the purchases that are there."""

from datetime import date
from decimal import Decimal
from itertools import product

import duckdb
import pytest
import sqlglot

from retention_kit.data import purchase_statements as statements
from retention_kit.measures.counting import key

ORDERS = ("orders", "(SELECT * FROM orders WHERE \"it's\" = 'x')")
SEGMENTS = ('size in "cm"', "it's")
UNTIL = date(2024, 3, 1)


def every_statement():
    for orders, money, margin in product(ORDERS, (True, False), (True, False)):
        yield statements.purchase_days(orders=orders, money=money, margin=margin)
    conditions = ("", f"{key(SEGMENTS[1])} = ?", f"{key(SEGMENTS[1])} = ? AND f.bucket >= 5 AND f.bucket < 9")
    for money, segments, condition in product((True, False), ((), SEGMENTS), conditions):
        if condition and not segments:
            continue
        found = statements.histories(
            days="days", until=UNTIL, money=money, margin=money, segments=segments, condition=condition
        )
        yield found
        for group in ("", SEGMENTS[0]) if segments else ("",):
            yield statements.histories_counted(histories=found, group=key(group))
    for condition in ("", f"{key(SEGMENTS[1])} = ?"):
        yield statements.purchases_by_day(days="days", condition=condition, segments=bool(condition))


def test_every_statement_can_be_said_to_spark():
    for statement in every_statement():
        told = sqlglot.transpile(
            statement, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE
        )
        assert len(told) == 1
        assert sqlglot.parse_one(told[0], read="spark") is not None
        assert told[0].upper().count("DATEDIFF(") == told[0].upper().count("DATEDIFF(DAY")


@pytest.fixture
def engine():
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE orders (customer_id VARCHAR, ordered_day DATE, amount DECIMAL(18, 4), "
            "margin DECIMAL(18, 4))"
        )
        rows = [
            ("a", "2024-02-01", "9.90", "4"),
            ("a", "2024-02-01", "0.10", "0"),
            ("a", "2024-02-11", "5.55", "-1"),
            ("a", "2024-02-20", "1.10", "1"),
            ("a", "2024-02-20", "-1.10", "-1"),
            ("a", "2024-03-02", "7.00", "2"),
            ("b", "2024-03-01", "3.00", "1"),
            ("c", "2024-03-02", "8.00", "1"),
        ]
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
        connection.execute(
            "CREATE TABLE firsts AS SELECT customer_id, min(ordered_day) AS first_day, "
            "CASE WHEN customer_id = 'a' THEN 1 ELSE 2 END AS bucket FROM orders GROUP BY customer_id;"
            "CREATE TABLE segments AS SELECT customer_id, 'web' AS segment_channel FROM firsts"
        )
        connection.execute(
            f"CREATE TABLE days AS {statements.purchase_days(orders='orders', money=True, margin=True)}"
        )
        yield connection


def test_orders_of_a_day_are_one_purchase_with_refunds_netted(engine):
    found = engine.execute("SELECT * FROM days WHERE customer_id = 'a' ORDER BY ordered_day").fetchall()
    first = date(2024, 2, 1)
    assert found == [
        ("a", first, first, Decimal("10.0000"), Decimal("4.0000")),
        ("a", first, date(2024, 2, 11), Decimal("5.5500"), Decimal("-1.0000")),
        ("a", first, date(2024, 2, 20), Decimal("0.0000"), Decimal("0.0000")),
        ("a", first, date(2024, 3, 2), Decimal("7.0000"), Decimal("2.0000")),
    ]


def test_a_history_ends_with_the_calibration_and_the_first_day_does_not_repeat(engine):
    statement = statements.histories(days="days", until=UNTIL, money=True, margin=True, segments=["channel"])
    found = engine.execute(f"SELECT * FROM ({statement}) ORDER BY customer_id").fetchall()
    assert found == [
        ("a", date(2024, 2, 1), "web", 2, 19, 29, 55_500, -10_000, 1, 70_000),
        ("b", date(2024, 3, 1), "web", 0, 0, 0, 0, 0, 0, 0),
    ]


def test_buckets_select_some_of_the_customers(engine):
    statement = statements.histories(
        days="days",
        until=UNTIL,
        money=False,
        margin=False,
        segments=[],
        condition="f.bucket >= 2 AND f.bucket < 3",
    )
    found = engine.execute(f"SELECT customer_id, spend_units FROM ({statement})").fetchall()
    assert found == [("b", 0)]


def test_one_pass_counts_histories_and_sums_spent(engine):
    whole = statements.histories(days="days", until=UNTIL, money=True, margin=True, segments=[])
    counted = statements.histories_counted(histories=whole, group="''")
    found = engine.execute(
        f"SELECT * FROM ({counted}) ORDER BY frequency, recency_days NULLS LAST"
    ).fetchall()
    assert found == [
        ("", 0, 0, 0, None, 1, 0, 0, 0, 0),
        ("", 0, None, None, 0, 1, 0, 0, 0, 0),
        ("", 2, 19, 29, None, 1, 55_500, -10_000, 1, 70_000),
        ("", 2, None, None, 55_500, 1, 55_500, -10_000, 1, 70_000),
    ]


def test_days_tell_new_customers_from_repeat_purchases(engine):
    statement = statements.purchases_by_day(days="days")
    found = engine.execute(f"SELECT * FROM ({statement}) ORDER BY ordered_day").fetchall()
    assert [row[1:] for row in found] == [(1, 0), (0, 1), (0, 1), (1, 0), (1, 1)]
