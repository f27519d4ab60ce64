"""The scorecard's statements are portable, and count customers where their orders say."""

from datetime import date
from itertools import pairwise, product

import duckdb
import sqlglot

from retention_kit.data import engagement_statements, scorecard_statements
from retention_kit.measures.counting import key

SEGMENTS = ('size in "cm"', "it's")
DAY = date(2024, 3, 1)
PARTS = tuple(engagement_statements.PARTS)


def every_statement():
    yield scorecard_statements.period_sums(gaps="scorecard_gaps_month", year=12, begun_index=24)
    for parts in (PARTS[:2], PARTS):
        yield engagement_statements.totals(parts=parts, until=DAY)
        yield engagement_statements.ranks(totals="scorecard_totals", parts=parts)
    for name in ("", *SEGMENTS):
        chosen = {"group": key(name), "segments": [name] if name else []}
        for source, money, margin in product((True, False), repeat=3):
            yield scorecard_statements.order_gaps(
                grain="month", year=12, source=source, money=money, margin=margin, **chosen
            )
        yield scorecard_statements.second_orders(**chosen)
        yield scorecard_statements.product_periods(grain="week", **chosen)
        yield scorecard_statements.answers(grain="quarter", **chosen)
        yield engagement_statements.engagement(ranks="scorecard_ranks", classes=20, **chosen)
        yield engagement_statements.acquisition_costs(**chosen)
        for money in (True, False):
            yield engagement_statements.engaged_after(
                ranks="scorecard_ranks", day=DAY, engaged_from=75, money=money, **chosen
            )


def test_every_statement_can_be_said_to_spark():
    for statement in every_statement():
        told = sqlglot.transpile(
            statement, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE
        )
        assert len(told) == 1
        assert sqlglot.parse_one(told[0], read="spark") is not None


def test_steps_add_up_to_years_for_any_pattern_of_activity():
    periods, year = 9, 3
    patterns = {n: [p for p in range(periods) if n >> p & 1] for n in range(1, 2**periods)}
    rows = []
    for number, active in patterns.items():
        gaps = [min(b - a, 2 * year) for a, b in pairwise(active)] + [2 * year]
        rows += [f"('{number}', {p}, {gap})" for p, gap in zip(active, gaps, strict=True)]
    names = ("newcomers", "young", "repeaters", "single", "orders", "new_orders")
    money = ("revenue", "new_revenue", "young_revenue", "margin")
    zeros = ", ".join(f"0 AS {name}" for name in (*names, *money))
    statement = scorecard_statements.period_sums(gaps="gaps", year=year, begun_index=periods)
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TABLE gaps AS SELECT grp, FALSE AS is_referral, 0 AS bucket, period_index, gap, "
            f"1 AS active, {zeros} FROM (VALUES {', '.join(rows)}) AS g(grp, period_index, gap)"
        )
        steps = {
            (int(grp), p): counts
            for grp, p, *counts in connection.execute(
                f"SELECT grp, period_index, year_steps, both_years_steps, retained FROM ({statement})"
            ).fetchall()
        }
    for number, active in patterns.items():
        in_year = both = 0
        for t in range(periods):
            up, up_both, retained = steps.get((number, t), (0, 0, 0))
            in_year, both = in_year + up, both + up_both
            this = any(t - year < p <= t for p in active)
            last = any(t - 2 * year < p <= t - year for p in active)
            expected = (this, this and last, t in active and t - 1 in active)
            assert (in_year, both, retained) == expected, (active, t)


def test_of_several_answers_in_a_period_the_last_and_then_the_lowest_counts():
    columns = "customer_id, answered_day, question, score, scale_min, scale_max"
    rows = """
        ('a', DATE '2024-01-02', 'NPS', 0, 0, 10), ('a', DATE '2024-01-09', 'nps', 10, 0, 10),
        ('a', DATE '2024-01-09', 'nps', 7, 0, 10), ('a', DATE '2024-02-01', 'nps', 9, 0, 10),
        ('b', DATE '2024-01-03', 'nps', 6.5, 0, 10), ('c', DATE '2024-01-03', 'nps', 6, 0, 10),
        ('d', DATE '2024-01-03', 'nps', 5, 1, 5), ('d', DATE '2024-01-03', 'csat', 4, 1, 5),
        ('c', DATE '2024-01-03', 'csat', 3.5, 1, 5), ('b', DATE '2024-01-03', 'csat', 9, 0, 10)"""
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE responses AS SELECT * FROM (VALUES {rows}) AS r({columns})")
        connection.execute(
            "CREATE TABLE calendar AS SELECT 'month' AS grain, CAST(d AS DATE) AS day, "
            "month(d) - 1 AS period_index "
            "FROM range(DATE '2024-01-01', DATE '2024-03-01', INTERVAL 1 DAY) AS r(d)"
        )
        statement = scorecard_statements.answers(grain="month", group="''", segments=[])
        names = scorecard_statements.ANSWER_COLUMNS
        sums = ", ".join(f"sum({name})" for name in names)
        found = connection.execute(
            f"SELECT period_index, {sums} FROM ({statement}) GROUP BY 1 ORDER BY 1"
        ).fetchall()
    january, february = (dict(zip(names, map(float, row[1:]), strict=True)) for row in found)
    assert january == {
        "promoters": 0, "passives": 2, "detractors": 1, "rated": 2, "satisfied": 1, "rating": 7.5,
    }  # fmt: skip
    assert february["promoters"] == 1
