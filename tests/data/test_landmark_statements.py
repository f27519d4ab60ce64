"""Statements of landmarks are portable."""

from datetime import date
from itertools import product

import sqlglot

from retention_kit.data import landmark_group_statements as placing
from retention_kit.data import landmark_statements as statements

AS_OF = date(2024, 3, 1)
SEGMENTS = ('size in "cm"', "it's")
PLACED = {"starts": "lives", "landmark_days": 90}


def every_statement():
    lives = [statements.order_lives(gaps="gaps", threshold_days=30, landmark_days=90)]
    for orders in ("", "orders"):
        lives.append(statements.subscription_lives(departures="departures", orders=orders, landmark_days=90))
    yield from lives
    for one in lives:
        yield statements.landmark_lives(lives=one, as_of=AS_OF, seen_until=AS_OF, landmark_days=90)
    yield placing.first_uses('size in "cm"', orders="orders")
    groups = [
        "",
        placing.variety(first_uses="first_uses", **PLACED),
        placing.answered("nps", **PLACED),
        placing.answered("csat", **PLACED),
        placing.complained(**PLACED),
        placing.joined(**PLACED),
    ]
    yield from groups[1:]
    for group, segments in product(groups, ((), SEGMENTS)):
        yield statements.landmark_counts(lives="lives", groups=group, people="people", segments=segments)


def test_every_statement_can_be_said_to_spark():
    for statement in every_statement():
        told = sqlglot.transpile(
            statement, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE
        )
        assert len(told) == 1
        assert sqlglot.parse_one(told[0], read="spark") is not None
        # Where dates are subtracted, Spark answers with intervals.
        assert told[0].count("DATEDIFF(DAY") == statement.count("date_diff('day'")
