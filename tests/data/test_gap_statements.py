"""Statements about gaps are portable, and find the gaps that are there."""

from datetime import date
from itertools import product

import duckdb
import sqlglot

from retention_kit.data import gap_statements
from retention_kit.measures.counting import key

ORDERS = ("orders", "(SELECT * FROM orders WHERE \"it's\" = 'x')")
SEGMENTS = ('size in "cm"', "it's")
AS_OF = date(2024, 3, 1)


def every_statement():
    for orders in ORDERS:
        yield gap_statements.gaps(orders=orders, as_of=AS_OF)
        for breakdown, where in product(("", SEGMENTS[0]), ("", f"WHERE {key(SEGMENTS[1])} = ?")):
            chosen = {
                "orders": orders,
                "as_of": AS_OF,
                "group": key(breakdown),
                "condition": where,
                "segments": [breakdown] * bool(breakdown) + [SEGMENTS[1]] * bool(where),
            }
            yield gap_statements.gap_counts(**chosen)
            yield gap_statements.churn_counts(**chosen, threshold_days=30)


def test_every_statement_can_be_said_to_spark():
    for statement in every_statement():
        told = sqlglot.transpile(
            statement, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE
        )
        assert len(told) == 1
        assert sqlglot.parse_one(told[0], read="spark") is not None
        assert "DATEDIFF(DAY" in told[0]  # where dates are subtracted, Spark answers with intervals


def test_gaps_run_from_order_day_to_order_day_and_the_last_is_open():
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE orders (customer_id VARCHAR, ordered_day DATE)")
        rows = [("b", "2024-02-29"), ("a", "2024-02-28"), ("a", "2024-02-01"), ("a", "2024-02-28")]
        connection.executemany("INSERT INTO orders VALUES (?, ?)", rows)
        statement = gap_statements.gaps(orders="orders", as_of=AS_OF)
        found = connection.execute(f"SELECT customer_id, days, is_open FROM ({statement})").fetchall()
    assert sorted(found) == [("a", 2, True), ("a", 27, False), ("b", 1, True)]


def test_a_customers_weight_divides_without_rest_into_up_to_forty_gaps():
    assert not any(gap_statements.WEIGHT_UNITS % gaps for gaps in range(1, 41))
