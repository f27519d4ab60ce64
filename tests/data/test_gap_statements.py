"""Statements about gaps and spells are portable, and find the gaps that are there."""

from datetime import date
from itertools import product

import duckdb
import pytest
import sqlglot

from retention_kit.data import gap_statements, spell_statements, statements
from retention_kit.measures.counting import key

ORDERS = ("orders", "(SELECT * FROM orders WHERE \"it's\" = 'x')")
SEGMENTS = ('size in "cm"', "it's")
AS_OF = date(2024, 3, 1)
GRAINS = ("day", "week", "month", "quarter", "year")


def every_statement():
    for orders in ORDERS:
        yield gap_statements.gaps(orders=orders, as_of=AS_OF)
    yield gap_statements.gap_customers(gaps="gaps")
    yield gap_statements.silences(gaps="gaps", customers="people")
    for segments in ((), SEGMENTS):
        yield gap_statements.gap_counts(gaps="gaps", customers="people", segments=segments)
        yield gap_statements.starts(customers="people", as_of=AS_OF, segments=segments)
        yield spell_statements.tenures(grace_days=30, people="subscribers", segments=segments)
    for breakdown, where in product(("", SEGMENTS[0]), ("", f"WHERE {key(SEGMENTS[1])} = ?")):
        chosen = {"group": key(breakdown), "condition": where}
        views = {"silences": "silences", "starts": "starts", "segmented": bool(breakdown or where)}
        yield spell_statements.order_lives(**views, threshold_days=30, **chosen)
        yield spell_statements.subscription_lives(tenures="tenures", seen_until=AS_OF, **chosen)
        for grain, seen_from in product(GRAINS, (None, date(2024, 1, 1))):
            yield spell_statements.renewals(
                tenures="tenures", seen_until=AS_OF, seen_from=seen_from, grain=grain, condition=where
            )


def test_every_statement_can_be_said_to_spark():
    for statement in every_statement():
        told = sqlglot.transpile(
            statement, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE
        )
        assert len(told) == 1
        assert sqlglot.parse_one(told[0], read="spark") is not None
        # Where dates are subtracted, Spark answers with intervals; whole months it counts in its own way.
        assert told[0].upper().count("DATEDIFF(") == told[0].upper().count("DATEDIFF(DAY")


@pytest.fixture
def engine():
    with duckdb.connect() as connection:
        yield connection


def test_gaps_run_from_order_day_to_order_day_and_the_last_is_open(engine):
    engine.execute("CREATE TABLE orders (customer_id VARCHAR, ordered_day DATE)")
    rows = [("b", "2024-02-29"), ("a", "2024-02-28"), ("a", "2024-02-01"), ("a", "2024-02-28")]
    engine.executemany("INSERT INTO orders VALUES (?, ?)", rows)
    statement = gap_statements.gaps(orders="orders", as_of=AS_OF)
    found = engine.execute(f"SELECT customer_id, days, is_open FROM ({statement})").fetchall()
    assert sorted(found) == [("a", 2, True), ("a", 27, False), ("b", 1, True)]


def test_only_silences_longer_than_all_before_decide_and_each_for_the_thresholds_between(engine):
    engine.execute("CREATE TABLE orders (customer_id VARCHAR, ordered_day DATE)")
    # Gaps of a: 4, 2, 9, then 5 open days. b: an order on the as-of date, nothing open.
    days = ["2024-02-10", "2024-02-14", "2024-02-16", "2024-02-25"]
    engine.executemany(
        "INSERT INTO orders VALUES (?, ?)", [("a", day) for day in days] + [("b", "2024-03-01")]
    )
    engine.execute(
        f"CREATE TABLE gaps AS {gap_statements.gaps(orders='orders', as_of=AS_OF)}; "
        f"CREATE TABLE people AS {gap_statements.gap_customers(gaps='gaps')}"
    )
    statement = gap_statements.silences(gaps="gaps", customers="people")
    found = engine.execute(
        f"SELECT customer_id, since_days, from_days, to_days FROM ({statement}) ORDER BY ALL"
    ).fetchall()
    assert found == [("a", 0, 0, 3), ("a", 6, 4, 8), ("b", 0, 0, 0)]
    statement = gap_statements.starts(customers="people", as_of=AS_OF, segments=())
    found = engine.execute(f"SELECT first_day, seen_days, customers FROM ({statement})").fetchall()
    assert sorted(found) == [(date(2024, 2, 10), 20, 1), (date(2024, 3, 1), 0, 1)]


def test_customers_are_numbered_in_order_and_dealt_into_the_ledgers_buckets(engine):
    engine.execute(
        "CREATE TABLE orders (customer_id VARCHAR, ordered_at_utc TIMESTAMP, ordered_at TIMESTAMP)"
    )
    engine.execute("CREATE TABLE gaps (customer_id VARCHAR, ordered_day DATE)")
    for customer in ("z", "é", "10", "9", "it's"):
        engine.execute("INSERT INTO orders VALUES (?, '2024-02-10', '2024-02-10')", [customer])
        engine.execute("INSERT INTO gaps VALUES (?, '2024-02-10'), (?, '2024-02-12')", [customer, customer])
    found = engine.execute(
        f"SELECT customer_id, bucket, gaps, first_day FROM ({gap_statements.gap_customers(gaps='gaps')}) "
        "ORDER BY customer_number"
    ).fetchall()
    theirs = engine.execute(
        f"SELECT customer_id, bucket, 2, first_day FROM ({statements.firsts(orders='orders')}) "
        "ORDER BY customer_id"
    ).fetchall()
    assert found == theirs


@pytest.mark.parametrize(
    ("grain", "start", "end", "periods"),
    [
        ("month", "2024-01-31", "2024-02-28", 0),
        ("month", "2024-01-31", "2024-02-29", 1),
        ("month", "2023-01-31", "2023-02-28", 1),
        ("month", "2024-01-15", "2024-03-14", 1),
        ("month", "2024-01-15", "2025-01-15", 12),
        ("year", "2024-02-29", "2025-02-28", 1),
        ("year", "2024-02-29", "2025-02-27", 0),
        ("quarter", "2024-11-30", "2025-02-28", 1),
        ("week", "2024-12-30", "2025-01-12", 1),
        ("day", "2024-02-28", "2024-03-01", 2),
    ],
)
def test_whole_periods_run_from_the_own_first_day_and_month_ends_are_clipped(
    engine, grain, start, end, periods
):
    sql = spell_statements.whole_periods(grain, f"DATE '{start}'", f"DATE '{end}'")
    assert engine.execute(f"SELECT {sql}").fetchall() == [(periods,)]


def test_a_customers_weight_divides_without_rest_into_up_to_forty_gaps():
    assert not any(gap_statements.WEIGHT_UNITS % gaps for gaps in range(1, 41))
