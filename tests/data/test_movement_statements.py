"""Statements of movements, revenue windows and departures are portable, and find the moves that there are."""

from datetime import date
from itertools import product

import duckdb
import pytest
import sqlglot

from retention_kit.data import departure_statements, movement_statements, revenue_window_statements
from retention_kit.measures.counting import key

SEGMENTS = ('size in "cm"', "it's")
GRAINS = ("day", "month")


def every_statement():
    people = "(SELECT f.customer_id, f.bucket FROM firsts AS f)"
    for plan, attributes in product((True, False), ((), SEGMENTS)):
        yield movement_statements.subscribers(plan=plan, attributes=attributes)
    for grain, money, segments in product(GRAINS, (True, False), ((), SEGMENTS)):
        orders = movement_statements.order_moves(grain=grain, begun_index=9, money=money)
        for moves in (orders, movement_statements.subscription_moves(grain=grain)):
            yield moves
            yield movement_statements.flows(moves=moves, people=people, segments=segments)
    for (grain, longest), segments in product((("month", 31), ("quarter", 92)), ((), SEGMENTS)):
        parts = {"grain": grain, "sub_grain": "day", "longest": longest}
        yield movement_statements.active_parts(**parts, people=people, segments=segments)
    for rolling, segments in product((True, False), ((), SEGMENTS)):
        amounts = (
            revenue_window_statements.order_amounts()
            if rolling
            else movement_statements.subscription_changes(grain="month")
        )
        windows = revenue_window_statements.windows(
            amounts=amounts, ends=range(23, 26), months=12, rolling=rolling
        )
        chosen = {"windows": windows, "people": people, "segments": segments}
        yield revenue_window_statements.level_sums(
            changes=amounts, months=12, people=people, segments=segments
        )
        yield revenue_window_statements.window_sums(**chosen, ends=range(23, 26), months=12)
        yield revenue_window_statements.largest(**chosen, end=25, most=10)
    for money, segments in product((True, False), ((), SEGMENTS)):
        yield departure_statements.departures(
            as_of=date(2024, 3, 1),
            grace_days=7,
            people="subscribers",
            segments=segments,
            has_reason=money,
            money=money,
        )
    where = f"{key(SEGMENTS[1])} = ? AND left_day BETWEEN DATE '2024-01-01' AND DATE '2024-02-01'"
    new = "CAST(sum(new) * 10000 AS BIGINT) AS new"
    yield f"SELECT {key(SEGMENTS[0])} AS grp, {new} FROM f WHERE {where} GROUP BY ALL"


def test_every_statement_can_be_said_to_spark():
    for statement in every_statement():
        told = sqlglot.transpile(
            statement, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE
        )
        assert len(told) == 1
        assert sqlglot.parse_one(told[0], read="spark") is not None


@pytest.fixture
def engine():
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE calendar (grain VARCHAR, day DATE, period_index INTEGER)")
        connection.execute(
            "INSERT INTO calendar SELECT 'month', CAST(d AS DATE), month(d) - 1"
            " FROM range(DATE '2024-01-01', DATE '2024-12-31', INTERVAL 1 DAY) AS r(d)"
        )
        yield connection


def test_each_move_stands_in_the_period_in_which_it_happens(engine):
    engine.execute("CREATE TABLE orders (customer_id VARCHAR, ordered_day DATE, amount DECIMAL(18, 4))")
    rows = [("a", 1, 5), ("a", 2, 8), ("a", 4, 3), ("b", 4, 1)]
    engine.executemany(
        "INSERT INTO orders VALUES (?, ?, ?)",
        [(name, date(2024, month, 9), paid) for name, month, paid in rows],
    )
    moves = movement_statements.order_moves(grain="month", begun_index=4, money=True)
    columns = "customer_id, period_index, move, was_new, CAST(before AS INTEGER), CAST(after AS INTEGER)"
    found = engine.execute(f"SELECT {columns} FROM ({moves}) ORDER BY ALL").fetchall()
    assert found == [
        ("a", 0, "new", False, None, 5),
        ("a", 1, "kept", True, 5, 8),
        ("a", 2, "lost", False, 8, None),
        ("a", 3, "back", False, None, 3),
        ("b", 3, "new", False, None, 1),
    ]


def test_a_level_that_stays_has_no_row(engine):
    engine.execute(
        "CREATE TABLE subscriptions (customer_id VARCHAR, started_day DATE, ended_day DATE,"
        " monthly_amount DECIMAL(18, 4))"
    )
    rows = [("a", 1, 3, 5), ("a", 3, 5, 5), ("b", 1, 2, 7), ("b", 2, None, 9)]
    engine.executemany(
        "INSERT INTO subscriptions VALUES (?, ?, ?, ?)",
        [(name, date(2024, a, 9), b and date(2024, b, 9), fee) for name, a, b, fee in rows],
    )
    moves = movement_statements.subscription_moves(grain="month")
    columns = "customer_id, period_index, move, CAST(before AS INTEGER), CAST(after AS INTEGER)"
    found = engine.execute(f"SELECT {columns} FROM ({moves}) ORDER BY ALL").fetchall()
    assert found == [
        ("a", 0, "new", 0, 5),
        ("a", 4, "lost", 5, 0),
        ("b", 0, "new", 0, 7),
        ("b", 1, "kept", 7, 9),
    ]
