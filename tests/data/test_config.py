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
        ({"churn_threshold_days": 0}, "churn_threshold_days = 0"),
        ({"measuring_window_days": 1.5}, "measuring_window_days = 1.5"),
        ({"grace_days": -1}, "grace_days = -1"),
        ({"discount_rate": 10}, "discount_rate = 10"),
        ({"targets": {"retention_rate": "high"}}, "retention_rate = 'high' in [targets]"),
        ({"targets": {"retention_rate": float("nan")}}, "retention_rate = nan in [targets]"),
        ({"subscriptions": {"colums": {}}}, "'colums' in [subscriptions]. Did you mean 'columns'?"),
        ({"subscriptions": {"columns": {"strated_at": "x"}}}, "Did you mean 'started_at'?"),
        ({"subscriptions": {"billing_months": 0}}, "billing_months = 0 in [subscriptions]"),
        ({"responses": {"columns": {"scores": "x"}}}, "in [responses.columns]. Did you mean 'score'?"),
        ({"complaints": {"columns": {"who": "x"}}}, "Allowed: customer_id, opened_at, resolved_at, outcome"),
        ({"assignments": {"columns": {"group": "x"}}}, "Allowed: customer_id, assigned_at, variant"),
        ({"customers": {"columns": {"plan": 3}}}, "plan = 3 in [customers.columns]"),
        ({"customers": {"columns": {"joined_programme_day": "x"}}}, "is not a name for a segment"),
        ({"subscriptions": {}, "segments": ["town"]}, "'town' is no customers attribute, and there are no"),
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


def test_new_settings_have_their_documented_defaults_and_kinds():
    plain = config_from({"schema": 1})
    assert (plain.churn_threshold_days, plain.measuring_window_days, plain.grace_days) == (None, None, 0)
    assert (plain.discount_rate, plain.targets, plain.sources) == (None, {}, {})
    told = config(grace_days=7, discount_rate=0, targets={"orders": 1000, "retention_rate": 0.4})
    assert (told.grace_days, told.discount_rate) == (7, 0.0)
    assert told.targets == {"orders": 1000.0, "retention_rate": 0.4}
    assert list(told.sources) == ["orders"]


def test_of_the_customers_typed_columns_only_the_source_tells_customers_apart():
    columns = {
        "customer_id": "id",
        "source": "from",
        "acquisition_cost": "cac",
        "joined_programme_at": "member",
        "consent": "ok",
        "town": "Town",
        "left_out": "",
    }
    made = config(customers={"columns": columns}, segments=["source"])
    assert made.attribute_columns == {"source": "from", "town": "Town"}
    assert made.segment_columns == {}


def test_a_plan_tells_subscribers_apart_and_is_no_column_of_orders():
    subscriptions = {"columns": {"customer_id": "id", "started_at": "start", "plan": "Plan"}}
    both = config(subscriptions=subscriptions, segments=["plan", "shop"])
    assert both.segment_columns == {"shop": "shop"}
    assert both.subscription_segments == ("plan",)
    alone = config_from({"schema": 1, "subscriptions": subscriptions, "segments": ["plan"]})
    assert (alone.segment_columns, alone.subscription_segments) == ({}, ("plan",))
    of_orders = config(orders={"columns": {**COLUMNS, "plan": "P"}}, segments=["plan"])
    assert of_orders.segment_columns == {"plan": "P"}
    with pytest.raises(ParameterError, match="'plan' is a subscriptions column and a customers attribute"):
        config(subscriptions=subscriptions, customers={"columns": {"customer_id": "id", "plan": "P"}})


@pytest.mark.parametrize(
    ("columns", "pair"),
    [
        ({"country": "a", "Country": "b"}, "'Country' differs from 'country'"),
        ({"Customer_ID": "a"}, "'Customer_ID' differs from 'customer_id'"),
        ({"Consent": "a"}, "'Consent' differs from 'consent'"),
    ],
)
def test_names_that_differ_in_capitals_only_are_refused(columns, pair):
    with pytest.raises(ParameterError, match=pair):
        config_from({"orders": {}, "customers": {"columns": {"customer_id": "c", **columns}}})
