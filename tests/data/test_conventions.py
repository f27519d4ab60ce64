import duckdb
import pytest

from retention_kit.data.conventions import currency_marks, date_order_of, decimal_mark_of, together
from retention_kit.errors import ChoiceError


def told(tell, *texts):
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE source AS SELECT unnest(?::VARCHAR[]) AS c", [list(texts)])
        return tell(connection, "source", "c")


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["2024-01-02", "2024-01-03"], "ymd"),
        (["01/02/2024", "13/02/2024"], "dmy"),
        (["01/02/2024", "02/13/2024"], "mdy"),
        (["01.02.2024"], "dmy"),
        (["1. 2. 2024"], "dmy"),
        (["97/01/05", "98/02/03"], "ymd"),
        (["01.02.2024", "32.02.2024"], "dmy"),  # a slip, for the year stands at the end
        (["Jan 5, 2024"], "ymd"),
        (["", "n/a"], "ymd"),
    ],
)
def test_the_order_of_a_date_is_told_from_all_rows(texts, order):
    assert told(date_order_of, *texts) == order


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["01/02/2024", "03/04/2024"], "'01/02/2024' may be day first or month first, and no row of 2"),
        (["13/02/2024", "02/13/2024"], "contradict each other"),
    ],
)
def test_an_undecidable_date_asks_with_the_key_and_its_choices(texts, words):
    with pytest.raises(ChoiceError, match=words) as caught:
        told(date_order_of, *texts)
    assert (caught.value.key, caught.value.choices) == ("date_order", ("dmy", "mdy"))
    assert str(caught.value).endswith("Decide with date_order=dmy or date_order=mdy.")


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        (["12.30", "4"], "."),
        (["12,30", "4"], ","),
        (["1.234,5"], ","),
        (["1,234.5"], "."),
        (["1,234", "5.10"], "."),
        (["0.125"], "."),
        (["12", "13"], "."),
        (["12,30 zł", "1 200"], ","),
    ],
)
def test_the_decimal_mark_is_told_from_all_rows(texts, mark):
    assert told(decimal_mark_of, *texts) == mark


def test_a_mark_before_three_digits_asks():
    with pytest.raises(ChoiceError, match="'1,234'") as caught:
        told(decimal_mark_of, "1,234", "5")
    assert (caught.value.key, caught.value.choices) == ("decimal", (".", ","))


def test_currencies_are_told_from_signs_and_codes():
    assert told(currency_marks, "€5", "6 EUR", "$7", "8") == ["EUR", "USD"]
    assert told(currency_marks, "5", "6") == []


def test_several_columns_tell_together_what_one_leaves_open():
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE source (a VARCHAR, b VARCHAR)")
        connection.execute("INSERT INTO source VALUES ('03/04/2024', '25/12/2024')")
        assert date_order_of(connection, *together("source", ["a", "b"])) == "dmy"
        with pytest.raises(ChoiceError, match="may be day first"):
            date_order_of(connection, *together("source", ["a"]))
