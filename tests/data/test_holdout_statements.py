"""Statements of back-tests and contracts: sayable to Spark, and right on a handful of rows."""

from datetime import date

import duckdb
import pytest
import sqlglot

from retention_kit.data.contract_statements import running_contracts
from retention_kit.data.holdout_statements import histories_at, holdout_counted, spends_counted, weeks_counted
from retention_kit.data.purchase_statements import histories

_END = date(2024, 2, 10)


def _histories():
    return histories(days="purchase_days", until=_END, money=True, margin=False, segments=[])


def every_statement():
    for condition in ("", "s.\"segment_channel\" = 'web'"):
        for money in (True, False):
            yield holdout_counted(
                days="purchase_days", until=_END, recent_days=7, money=money, condition=condition
            )
        yield weeks_counted(days="purchase_days", anchor=_END, condition=condition)
        yield histories_at(days="purchase_days", ends=[date(2023, 12, 1), _END], condition=condition)
    yield spends_counted(histories=_histories())
    for grain in ("month", "year"):
        for money in (True, False):
            yield _contracts(grain=grain, money=money)


def _contracts(*, grain="month", money=True, grace=0):
    return running_contracts(
        on=_END, grace_days=grace, grain=grain, people="people", money=money, group="'all'", condition=""
    )


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
            "CREATE TABLE purchase_days (customer_id VARCHAR, first_day DATE, ordered_day DATE,"
            " amount DECIMAL(18, 4), margin DECIMAL(18, 4))"
        )
        rows = [
            ("a", "2024-01-01", "2024-01-01", 9), ("a", "2024-01-01", "2024-02-04", 2),
            ("a", "2024-01-01", "2024-02-11", 3), ("a", "2024-01-01", "2024-03-01", 4),
            ("b", "2024-02-10", "2024-02-10", 5), ("b", "2024-02-10", "2024-02-17", 6),
            ("c", "2024-02-11", "2024-02-11", 7),
        ]  # fmt: skip
        connection.executemany("INSERT INTO purchase_days VALUES (?, ?, ?, ?, NULL)", rows)
        connection.execute(
            "CREATE TABLE subscriptions (customer_id VARCHAR, started_day DATE, ended_day DATE,"
            " monthly_amount DECIMAL(18, 4))"
        )
        contracts = [
            ("a", "2023-01-10", None, 10), ("a", "2024-02-01", None, 2),
            ("b", "2023-01-01", "2023-06-01", 5), ("b", "2023-12-20", None, 6),
            ("c", "2023-01-01", "2024-02-10", 7), ("d", "2024-02-11", None, 8),
            ("e", "2023-03-01", "2023-05-01", 3), ("e", "2023-05-11", "2024-02-11", 4),
        ]  # fmt: skip
        connection.executemany("INSERT INTO subscriptions VALUES (?, ?, ?, ?)", contracts)
        connection.execute("CREATE TABLE people AS SELECT DISTINCT customer_id FROM subscriptions")
        yield connection


def test_what_came_before_and_after_a_day_is_counted(engine):
    sql = holdout_counted(days="purchase_days", until=_END, recent_days=7, money=True)
    assert sorted(engine.sql(sql).fetchall()) == [
        (0, 0, 0, 0, 1, 1, 0, 60_000),  # b: began on the last day, bought once after it
        (1, 34, 40, 1, 2, 1, 20_000, 70_000),  # a: a repeat six days before the end
    ]
    shorter = holdout_counted(days="purchase_days", until=_END, recent_days=6, money=True)
    assert sorted(engine.sql(shorter).fetchall())[1][3] == 0


def test_weeks_end_on_the_anchor(engine):
    found = sorted(engine.sql(weeks_counted(days="purchase_days", anchor=_END)).fetchall())
    # (week of the first purchase, week, new customers, repeat purchases)
    of_a = [(-5, -5, 1, 0), (-5, 0, 0, 1), (-5, 1, 0, 1), (-5, 3, 0, 1)]
    assert found == [*of_a, (0, 0, 1, 0), (0, 1, 0, 1), (1, 1, 1, 0)]


def test_customers_are_counted_by_what_each_spent(engine):
    found = sorted(engine.sql(spends_counted(histories=_histories())).fetchall())
    assert found == [(0, 0, 0, 0, 1), (1, 34, 40, 20_000, 1)]


def test_contracts_that_run_count_from_their_own_spell(engine):
    found = sorted(engine.sql(_contracts()).fetchall())
    assert [(str(began), renewals, int(amount), n) for _, began, renewals, amount, n in found] == [
        ("2023-01-01", 1, 6, 1),  # b: came back in December
        ("2023-01-10", 13, 12, 1),  # a: two at once
        ("2023-03-01", 8, 4, 1),  # e: runs to the day itself
    ]
    patient = sorted(engine.sql(_contracts(grace=10)).fetchall())
    assert [row[2] for row in patient] == [1, 13, 11]  # e: ten days between are no end


def test_contracts_without_amounts_are_counted_too(engine):
    assert {row[3] for row in engine.sql(_contracts(money=False)).fetchall()} == {None}
