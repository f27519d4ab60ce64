from datetime import datetime
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_kit.data.parsing import amount_of, identifier_of, is_instant, moment_of, text_of


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def evaluated(connection, sql, text):
    return connection.execute(f"SELECT {sql} FROM (SELECT ?::VARCHAR AS t)", [text]).fetchall()[0][0]


@pytest.mark.parametrize(
    ("text", "date_order", "moment"),
    [
        ("1997-01-02", "dmy", datetime(1997, 1, 2)),
        ("2024-1-2 3:04", "dmy", datetime(2024, 1, 2, 3, 4)),
        ("2024/01/02 03:04", "mdy", datetime(2024, 1, 2, 3, 4)),
        ("2024.01.02", "dmy", datetime(2024, 1, 2)),
        ("01/02/2024", "dmy", datetime(2024, 2, 1)),
        ("01/02/2024", "mdy", datetime(2024, 1, 2)),
        ("1.2.24 13:05", "dmy", datetime(2024, 2, 1, 13, 5)),
        ("5.1.2024 12.30", "dmy", datetime(2024, 1, 5, 12, 30)),
        ("5.1.2024 12.30.07", "dmy", datetime(2024, 1, 5, 12, 30, 7)),
        ("24.12.2023, 18:05", "dmy", datetime(2023, 12, 24, 18, 5)),
        ("97/1/5", "ymd", datetime(1997, 1, 5)),
        ("24-01-05", "ymd", datetime(2024, 1, 5)),
        ("5/1/69", "dmy", datetime(2069, 1, 5)),
        ("5/1/70", "dmy", datetime(1970, 1, 5)),
        ("19970102", "dmy", datetime(1997, 1, 2)),
        ("19970102T1305", "dmy", datetime(1997, 1, 2, 13, 5)),
        ("20240102 130501", "dmy", datetime(2024, 1, 2, 13, 5, 1)),
        ("01/02/2024 12:30 PM", "mdy", datetime(2024, 1, 2, 12, 30)),
        ("1/2/2024 12:30:05 am", "mdy", datetime(2024, 1, 2, 0, 30, 5)),
        ("2024-01-02 1:30 p.m.", "mdy", datetime(2024, 1, 2, 13, 30)),
        ("Jan 5, 2024 3:04 PM", "dmy", datetime(2024, 1, 5, 15, 4)),
        ("March 5th 2024", "dmy", datetime(2024, 3, 5)),
        ("05-Jan-24", "dmy", datetime(2024, 1, 5)),
        ("Mon, 5 Jan 2024 10:11", "dmy", datetime(2024, 1, 5, 10, 11)),
        ("5 März 2024", "dmy", datetime(2024, 3, 5)),
        ("3 gennaio 2024", "dmy", datetime(2024, 1, 3)),
        ("12 października 2023", "dmy", datetime(2023, 10, 12)),
        ("5. marraskuuta 2024", "dmy", datetime(2024, 11, 5)),
        ("29/02/2024", "dmy", datetime(2024, 2, 29)),
        ("31/01/2024", "dmy", datetime(2024, 1, 31)),
    ],
)
def test_a_date_is_read_as_it_is_written(connection, text, date_order, moment):
    assert evaluated(connection, moment_of("t", date_order=date_order), text) == moment
    assert not evaluated(connection, is_instant("t"), text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-02T03:04:05.5Z", datetime(2024, 1, 2, 3, 4, 5, 500_000)),
        ("2024-01-02 03:04:05 +0200", datetime(2024, 1, 2, 1, 4, 5)),
        ("2024-01-02T03:04:05-05:00", datetime(2024, 1, 2, 8, 4, 5)),
        ("2024-01-02 03:04 UTC", datetime(2024, 1, 2, 3, 4)),
        ("01/02/2024 03:04:05+02:00", datetime(2024, 2, 1, 1, 4, 5)),
    ],
)
def test_a_time_with_an_offset_is_an_instant_in_utc(connection, text, moment):
    assert evaluated(connection, moment_of("t", date_order="dmy"), text) == moment
    assert evaluated(connection, is_instant("t"), text)


@pytest.mark.parametrize(
    "text",
    ["31/02/2024", "29/02/2023", "13/13/2024", "garbage", "", "2024", "2024-13-01", "5 Foo 2024", "12:30"],
)
def test_what_is_no_date_is_missing_not_guessed(connection, text):
    assert evaluated(connection, moment_of("t", date_order="dmy"), text) is None


@pytest.mark.parametrize(
    ("text", "decimal", "amount"),
    [
        ("12.30", ".", "12.30"),
        ("12,30", ",", "12.30"),
        ("1,234.50", ".", "1234.50"),
        ("1.234.567,8", ",", "1234567.8"),
        ("1 234,50 kr", ",", "1234.50"),
        ("CHF 1'234.50", ".", "1234.50"),
        ("€ 12,30", ",", "12.30"),
        ("12,30 zł", ",", "12.30"),
        ("(12.30)", ".", "-12.30"),
        ("$(12.30)", ".", "-12.30"),
        ("12.30-", ".", "-12.30"),
        ("-€5", ".", "-5"),
        ("€-5", ".", "-5"),
        ("−5,00", ",", "-5"),
        ("+5", ".", "5"),
        ("1e3", ".", "1000"),
        (".5", ".", "0.5"),
        ("0", ".", "0"),
    ],
)
def test_an_amount_is_read_with_its_sign_currency_and_grouping(connection, text, decimal, amount):
    assert evaluated(connection, amount_of("t", decimal=decimal), text) == Decimal(amount)


@pytest.mark.parametrize(
    ("text", "decimal"),
    [("12.30", ","), ("1,2", "."), ("12 units", "."), ("--5", "."), ("abc", "."), ("-", "."), ("1.2.3", ".")],
)
def test_an_amount_that_does_not_fit_the_decimal_mark_is_missing(connection, text, decimal):
    assert evaluated(connection, amount_of("t", decimal=decimal), text) is None


@settings(max_examples=15, deadline=None)
@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_every_amount_survives_being_written_in_the_german_way(connection, value):
    written = f"{value:,.2f}".translate(str.maketrans(",.", ".,"))
    assert evaluated(connection, amount_of("t", decimal=","), written) == value


@settings(max_examples=15, deadline=None)
@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2068, 12, 31)).map(
        lambda moment: moment.replace(microsecond=0)
    )
)
def test_every_moment_survives_being_written_in_any_order(connection, moment):
    for date_order, written in (
        ("dmy", "%d/%m/%y %H:%M:%S"),
        ("mdy", "%m-%d-%Y %I:%M:%S %p"),
        ("ymd", "%Y%m%d %H%M%S"),
    ):
        text = moment.strftime(written)
        assert evaluated(connection, moment_of("t", date_order=date_order), text) == moment


@pytest.mark.parametrize("word", ["", "  ", "null", "None", "NaN", "n/a", "#N/A", "NaT"])
def test_words_for_missing_are_missing(connection, word):
    assert evaluated(connection, text_of("t"), word) is None


def test_identifiers_keep_leading_zeros_in_text_and_lose_float_tails(connection):
    assert evaluated(connection, identifier_of("t", "VARCHAR"), " 007 ") == "007"
    kinds = "SELECT {} FROM (SELECT 17850.0::DOUBLE AS x, 5::SMALLINT AS y, 1.5::DOUBLE AS z, '-'::BLOB AS d)"
    exprs = [
        identifier_of("x", "DOUBLE"),
        identifier_of("y", "SMALLINT"),
        identifier_of("z", "DOUBLE"),
        identifier_of("d", "BLOB"),
    ]
    found = connection.execute(kinds.format(", ".join(exprs))).fetchall()[0]
    assert found == (17850, 5, None, "-")
