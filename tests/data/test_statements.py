"""Statements are portable, and words of bits hold what was put in."""

from itertools import product

import duckdb
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_kit.data import statements
from retention_kit.data.statements import WORD_BITS, Clocking, all_of, any_of
from retention_kit.measures.counting import Selection, Span, hit

GRAINS = ("day", "week", "month", "quarter", "year")
SEGMENTS = ('size in "cm"', "it's", "orders")
pure = settings(derandomize=True, deadline=None, max_examples=60)


def clocking_of(grain="day", clock="calendar", words=1):
    begun = words * WORD_BITS
    return Clocking(grain, clock, words, begun, begun - 1, "2024-04-01 00:00:00")


def every_statement():
    for orders in ("orders", "(SELECT * FROM orders WHERE \"it's\" = 'x')"):
        yield statements.firsts(orders=orders)
        for at_order, of_customer in product(((), SEGMENTS[:2]), ((), SEGMENTS[2:])):
            yield statements.segments(orders=orders, at_order=at_order, of_customer=of_customer)
        for money, segments in product((True, False), ((), SEGMENTS)):
            yield statements.ledger(orders=orders, segments=segments, money=money)
        for grain, clock in product(GRAINS, ("calendar", "elapsed")):
            for words, least in product((1, 3), (1, 2)):
                clocking = clocking_of(grain, clock, words)
                yield statements.activity(clocking, min_orders=least, orders=orders)
                yield f"SELECT *{statements.lived(clocking)} FROM activity"
            for segments, margin in product(((), SEGMENTS), (True, False)):
                yield statements.members(clocking, segments=segments)
                yield statements.sizes(clocking, segments=segments)
                yield statements.cells(clocking, segments=segments, orders=orders, money=True, margin=margin)
            yield statements.cells(clocking, segments=(), orders=orders, money=False, margin=False)
    yield statements.segmented(activity="activity_day_calendar_1", segments=SEGMENTS)
    yield statements.hits(activity="a", tests=["(word_0 & 1) <> 0", "TRUE"], segments=SEGMENTS)
    for mode, words in product(("bounded", "unbounded", "range", "streak"), (1, 3)):
        for breakdown, segment in product(("", SEGMENTS[0]), (None, (SEGMENTS[1], "x"))):
            selection = Selection(breakdown=breakdown, segment=segment, last=5)
            test = hit(Span(2, 4), mode, clocking_of(words=words))
            where = selection.where()[0]
            hits = f"sum(CASE WHEN {test} THEN 1 ELSE 0 END) AS hit_0"
            yield f"SELECT {selection.columns}, {hits} FROM a {where} GROUP BY ALL"
    yield "SELECT bucket, age, CAST(sum(revenue * 10000) AS BIGINT) AS amount FROM cells GROUP BY ALL"


def test_every_statement_can_be_said_to_spark():
    seen = set()
    for statement in every_statement():
        if statement in seen:
            continue
        seen.add(statement)
        told = sqlglot.transpile(
            statement, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE
        )
        assert len(told) == 1
        assert sqlglot.parse_one(told[0], read="spark") is not None
    assert len(seen) > 100


def row_of(active):
    """Words of a customer who was active at these positions."""
    words = [0] * 4
    for position in active:
        words[position // WORD_BITS] |= 1 << (position % WORD_BITS)
    return words


positions = st.sets(st.integers(0, 4 * WORD_BITS - 1), min_size=1)


@pytest.fixture(scope="module")
def engine():
    with duckdb.connect() as connection:
        yield connection


@pure
@given(words=st.integers(1, 4), data=st.data())
def test_tests_of_bits_are_tests_of_sets(engine, words, data):
    active = data.draw(st.sets(st.integers(0, words * WORD_BITS - 1)))
    ages = data.draw(st.sets(st.integers(0, words * WORD_BITS + 5)))
    columns = ", ".join(f"{word} AS word_{i}" for i, word in enumerate(row_of(active)[:words]))
    sql = f"SELECT {any_of(ages, words)}, {all_of(ages, words)} FROM (SELECT {columns})"
    assert engine.execute(sql).fetchall() == [(bool(ages & active), ages <= active)]


def placed(engine, periods, *, words, least=1, active=None):
    """Cohort and ages that the statement reads from the periods of one customer."""
    engine.execute(
        "CREATE OR REPLACE TABLE calendar AS SELECT 'day' AS grain, CAST(range AS INTEGER) AS day,"
        " CAST(range AS INTEGER) AS period_index, CAST(range // 62 AS INTEGER) AS word,"
        f" CAST(1 AS BIGINT) << (range % 62) AS bit FROM range({words * WORD_BITS})"
    )
    engine.execute("CREATE OR REPLACE TABLE orders (customer_id INTEGER, ordered_day INTEGER)")
    engine.executemany("INSERT INTO orders VALUES (1, ?)", [(period,) for period in periods])
    clocking = clocking_of(words=words)
    sql = statements.activity(clocking, min_orders=least, orders="orders")
    row = engine.execute(f"SELECT *{statements.lived(clocking)} FROM ({sql})").fetchall()[0]
    cohort, bits, (begun, finished) = row[1], row[2:-2], row[-2:]
    assert (begun, finished) == (words * WORD_BITS - cohort, words * WORD_BITS - 1 - cohort)
    assert all(0 <= word < 1 << WORD_BITS for word in bits)
    return cohort, {i * 62 + bit for i, word in enumerate(bits) for bit in range(62) if word >> bit & 1}


@pytest.mark.parametrize("cohort", [0, 1, 61, 62, 63, 123, 124, 125, 127, 128, 185, 186, 247])
def test_words_shift_so_that_the_cohort_is_age_0(engine, cohort):
    periods = [n for n in (cohort, cohort + 1, 61, 62, 63, 123, 124, 185, 186, 247) if cohort <= n < 248]
    assert placed(engine, periods, words=4) == (cohort, {n - cohort for n in periods})


@settings(pure, max_examples=20)
@given(words=st.integers(1, 4), data=st.data())
def test_words_shift_for_any_activity(engine, words, data):
    periods = data.draw(st.lists(st.integers(0, words * WORD_BITS - 1), min_size=1, max_size=12))
    first = min(periods)
    assert placed(engine, periods, words=words) == (first, {n - first for n in periods})
    twice = {n - first for n in periods if periods.count(n) > 1}
    assert placed(engine, periods, words=words, least=2) == (first, twice)
