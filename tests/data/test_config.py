from datetime import date

import pytest

from retention_kit.data.config import config_from, load_config
from retention_kit.errors import DataError, ParameterError

COLUMNS = {"customer_id": "id", "ordered_at": "day"}


def config(**content):
    return config_from({"schema": 1, "orders": {"columns": COLUMNS}, **content})


def test_an_empty_dataset_file_has_the_documented_defaults():
    plain = config_from({"schema": 1})
    assert (plain.time_zone, plain.refunds, plain.duplicates, plain.max_loss) == (
        "UTC",
        "latest_order",
        "keep",
        0.2,
    )
    assert plain.as_of is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"schema": 2}, "schema = 2"),
        ({"curency": "EUR"}, "Did you mean 'currency'?"),
        ({"currency": "euro"}, "three-letter ISO code"),
        ({"time_zone": "Europe/Roma"}, "not a time zone"),
        ({"time_zone": "Europe"}, "not a time zone"),
        ({"time_zone": "../etc"}, "not a time zone"),
        ({"fiscal_year_start": 13}, "fiscal_year_start = 13"),
        ({"fiscal_year_start": True}, "fiscal_year_start = True"),
        ({"max_loss": 1.5}, "max_loss = 1.5"),
        ({"max_loss": "a lot"}, "max_loss = 'a lot'"),
        ({"margin": 40}, "margin = 40"),
        ({"refunds": "ignore"}, "'latest_order', 'same_order' or 'drop'"),
        ({"as_of": "31.12.2024"}, "as_of = '31.12.2024'"),
        ({"segments": "country"}, "segments"),
        ({"orders": {"date_ordr": "dmy"}}, "'date_ordr' in [orders]. Did you mean 'date_order'?"),
        ({"orders": {"delimiter": ";;"}}, "delimiter = ';;' in [orders]"),
        ({"orders": {"columns": {"customer_id": 3}}}, "customer_id = 3 in [orders.columns]"),
        ({"orders": {"columns": {"custmer_id": "x"}}}, "Did you mean 'customer_id'?"),
        ({"events": {"columns": {"lable": "x"}}}, "Did you mean 'label'?"),
        ({"events": {"marks": [{"date": "2024-01-01"}]}}, "label"),
        ({"segments": ["wall", "amount"]}, "'amount' is not a name for a segment"),
        ({"frobnicate": 1}, "Allowed: schema, title"),
    ],
)
def test_a_bad_value_is_refused_with_what_is_allowed(content, words):
    with pytest.raises(ParameterError) as caught:
        config_from({"schema": 1, **content})
    assert words in str(caught.value)


def test_several_bad_keys_are_named_at_once():
    with pytest.raises(ParameterError, match=r"currency.*fiscal_year_start"):
        config(currency="euro", fiscal_year_start=0)


def test_an_order_column_and_a_customer_attribute_of_one_name_are_refused():
    with pytest.raises(ParameterError, match="order column and a customers attribute"):
        config(
            orders={"columns": {**COLUMNS, "channel": "ch"}},
            customers={"columns": {"customer_id": "id", "channel": "source"}},
        )


def test_a_segment_may_be_an_unmapped_column_a_mapped_one_or_a_customer_attribute():
    made = config(
        segments=["country", "shop", "plan"],
        orders={"columns": {**COLUMNS, "shop": "Shop name", "channel": "ch"}},
        customers={"columns": {"customer_id": "id", "plan": "Plan"}},
    )
    assert made.segment_columns == {"channel": "ch", "shop": "Shop name", "country": "country"}
    assert made.attribute_columns == {"plan": "Plan"}


def test_as_of_may_be_a_date_a_text_or_left_out():
    assert config(as_of="2024-02-29").as_of == date(2024, 2, 29)
    assert config(as_of=date(2024, 2, 29)).as_of == date(2024, 2, 29)
    assert config(as_of="").as_of is None


def test_a_dataset_file_with_a_byte_order_mark_is_read(write):
    path = write("shop.toml", "schema = 1\ntitle = 'Shop'\nas_of = 2024-01-31\n", "utf-8-sig")
    assert load_config(path).title == "Shop"


def test_an_as_of_with_a_time_is_refused(write):
    with pytest.raises(ParameterError, match="without a time"):
        load_config(write("shop.toml", "schema = 1\nas_of = 2024-01-31T10:00:00\n"))


def test_a_file_that_is_no_toml_or_missing_is_named_without_its_folder(write, tmp_path):
    with pytest.raises(DataError, match=r"^shop\.toml is not a readable dataset file") as caught:
        load_config(write("shop.toml", "schema = "))
    assert str(tmp_path) not in str(caught.value)
    with pytest.raises(DataError, match=r"There is no dataset file 'none\.toml'"):
        load_config(tmp_path / "none.toml")
