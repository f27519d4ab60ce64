import json
import os
from datetime import date

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from retention_kit.data import publish
from retention_kit.data.dataset import open_dataset
from retention_kit.data.ledger import open_ledger
from retention_kit.errors import ColumnError, DataError, ParameterError, RetentionKitError

TOML = """\
schema = 1
title = "Shop"
currency = "EUR"
time_zone = "Europe/Rome"
first_weekday = "sunday"
fiscal_year_start = 4
max_loss = 1.0
{more}
[orders]
source = "orders.csv"
decimal = "."
date_order = "ymd"
[orders.columns]
customer_id = "customer"
ordered_at = "day"
amount = "amount"
"""
ORDERS = "customer,day,amount\n1,2024-01-01,5\n2,2024-01-02,6\n"


@pytest.fixture
def shop(write, tmp_path):
    """Return a function that opens the shop's dataset file, with more tables and settings."""

    def open_shop(more="", after="", **settings):
        if not (tmp_path / "orders.csv").exists():
            write("orders.csv", ORDERS)
        toml = write("shop.toml", TOML.format(more=more) + after)
        return open_dataset(toml, cache=tmp_path / "cache", **settings)

    return open_shop


def test_cdnow_has_its_published_counts():
    cdnow = open_dataset("cdnow")
    accounting = cdnow.accounting
    assert (accounting.rows_read, accounting.kept, accounting.orders, accounting.customers) == (
        6919,
        6919,
        6696,
        2357,
    )
    assert (cdnow.first_day, cdnow.as_of, cdnow.as_of_inferred) == (
        date(1997, 1, 1),
        date(1998, 6, 30),
        False,
    )
    assert accounting.loss == 0
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT count(*) FILTER (amount = 0), count(DISTINCT customer_id), sum(amount)"
            f" FROM '{cdnow.orders}'"
        ).fetchall()
    assert found == [(8, 2357, accounting.net)]


def test_a_dataset_tells_what_its_file_says(shop):
    dataset = shop()
    assert (dataset.name, dataset.title, dataset.currency, dataset.time_zone) == (
        "shop",
        "Shop",
        "EUR",
        "Europe/Rome",
    )
    assert (dataset.first_weekday, dataset.fiscal_year_start, dataset.segments) == ("sunday", 4, ())
    assert (dataset.has_amount, dataset.has_margin) == (True, False)
    assert (dataset.customers, dataset.events) == (None, None)
    assert dataset.as_of_inferred


def test_the_second_opening_reads_nothing_again(shop, monkeypatch):
    first = shop()
    monkeypatch.setattr("retention_kit.data.publish.ingest_orders", None)
    second = shop()
    assert second == first
    assert second.orders.stat().st_mtime_ns == first.orders.stat().st_mtime_ns


@pytest.mark.parametrize("name", ["orders.parquet", "accounting.json"])
def test_a_damaged_canonical_file_is_built_again(shop, name):
    first = shop()
    content = first.orders.read_bytes()
    (first.store.folder / name).write_bytes(b"damaged")
    again = shop()
    assert again.orders.read_bytes() == content
    assert again.accounting == first.accounting


def test_the_fingerprint_follows_data_and_settings_but_not_title_or_place(shop, write, tmp_path):
    first = shop()
    assert shop(title="Other").fingerprint == first.fingerprint
    assert shop(refunds="drop").fingerprint != first.fingerprint
    assert shop(as_of="2024-01-01").fingerprint != first.fingerprint
    write("moved/orders.csv", ORDERS)
    moved = write("moved/shop.toml", TOML.format(more=""))
    assert open_dataset(moved, cache=tmp_path / "cache").fingerprint == first.fingerprint
    write("orders.csv", ORDERS.replace("6", "7"))
    assert shop().fingerprint != first.fingerprint


def test_a_changed_source_is_noticed_and_a_touched_one_is_not(shop, write, tmp_path):
    dataset = shop()
    path = tmp_path / "orders.csv"
    dataset.require_unchanged()
    os.utime(path, ns=(1, 1))
    dataset.require_unchanged()
    write("orders.csv", ORDERS.replace("6", "7"))
    with pytest.raises(
        DataError, match=r"^orders\.csv changed since it was opened\. Open the dataset again\.$"
    ):
        dataset.require_unchanged()
    path.unlink()
    with pytest.raises(DataError, match=r"orders\.csv changed"):
        dataset.require_unchanged()


def test_settings_of_the_caller_win_over_the_file(shop):
    dataset = shop(as_of=date(2024, 1, 1), columns={"amount": ""}, max_loss="0.5")
    assert (dataset.as_of, dataset.has_amount) == (date(2024, 1, 1), False)
    assert shop(orders={"columns": {"amount": "amount"}, "decimal": "."}).has_amount
    with pytest.raises(ParameterError, match="Did you mean 'refunds'"):
        shop(refund="drop")


def test_customers_bring_attributes_and_their_faults_are_noted(shop, write):
    write("people.csv", "ID;Plan\n2;gold\n2;silver\n;none\n3;\nragged\n")
    dataset = shop(
        after='[customers]\nsource = "people.csv"\n[customers.columns]\ncustomer_id = "ID"\nplan = "Plan"\n'
    )
    assert dataset.segments == ("plan",)
    assert pq.read_table(dataset.customers).to_pylist() == [
        {"customer_id": "2", "plan": "gold"},
        {"customer_id": "3", "plan": None},
    ]
    assert dataset.accounting.notes == (
        "rows of customers that repeat an id: 1; the first row of each counts",
        "rows of customers without an id: 1",
        "customers with orders who are not among the customers: 1",
        "rows of customers that are ragged and left out: 1",
    )


def test_customer_ids_have_the_type_that_the_orders_give_them(write, tmp_path):
    pq.write_table(pa.table({"customer": [7, 8], "day": [date(2024, 1, 1)] * 2}), tmp_path / "orders.parquet")
    write("people.csv", "id,plan\n8,gold\nx,silver\n")
    toml = write(
        "shop.toml",
        'schema = 1\n[orders]\nsource = "orders.parquet"\n[orders.columns]\ncustomer_id = "customer"\n'
        'ordered_at = "day"\n[customers]\nsource = "people.csv"\n[customers.columns]\n'
        'customer_id = "id"\nplan = "plan"\n',
    )
    dataset = open_dataset(toml, cache=tmp_path / "cache")
    assert pq.read_table(dataset.customers).to_pylist() == [{"customer_id": 8, "plan": "gold"}]


def test_customers_without_an_id_column_are_refused(shop, write):
    write("people.csv", "id,plan\n1,gold\n")
    with pytest.raises(ColumnError, match=r"customer_id in \[customers\.columns\]"):
        shop(after='[customers]\nsource = "people.csv"\n')


def test_events_come_from_a_file_and_from_the_dataset_file_in_order_of_time(shop, write):
    write("events.csv", "When,What\n05.03.2024,Price change\n13.01.2024,Campaign\n")
    dataset = shop(
        after='[events]\nsource = "events.csv"\n[events.columns]\ndate = "When"\nlabel = "What"\n'
        "[[events.marks]]\ndate = 2024-02-01\nlabel = 'Outage'\n"
    )
    assert dataset.events.to_pylist() == [
        {"date": date(2024, 1, 13), "label": "Campaign"},
        {"date": date(2024, 2, 1), "label": "Outage"},
        {"date": date(2024, 3, 5), "label": "Price change"},
    ]


def test_events_without_a_readable_date_are_refused(shop, write):
    write("events.csv", "date,label\nsoon,Campaign\n")
    with pytest.raises(DataError, match="1 events have no readable date: 'soon' first"):
        shop(after='[events]\nsource = "events.csv"\n')


def test_marks_alone_are_events(shop):
    dataset = shop(after="[[events.marks]]\ndate = '2024-02-01'\nlabel = 'Outage'\n")
    assert dataset.events.to_pylist() == [{"date": date(2024, 2, 1), "label": "Outage"}]


def test_a_served_app_opens_registered_names_only_and_tells_no_path(shop, tmp_path, monkeypatch):
    shop()
    monkeypatch.setenv("RETENTION_SURFACE", "app")
    monkeypatch.setenv("RETENTION_DATASETS", json.dumps({"shop": str(tmp_path / "shop.toml")}))
    assert open_dataset("shop", cache=tmp_path / "cache").accounting.kept == 2
    for source in (str(tmp_path / "shop.toml"), tmp_path / "shop.toml", "cdnow", "shp", pa.table({"a": [1]})):
        with pytest.raises(DataError, match=r"no dataset of that name here.*Choose from: 'shop'") as caught:
            open_dataset(source, cache=tmp_path / "cache")
        assert str(tmp_path) not in str(caught.value)
    (tmp_path / "orders.csv").unlink()
    with pytest.raises(RetentionKitError) as caught:
        open_dataset("shop", cache=tmp_path / "cache")
    assert str(tmp_path) not in str(caught.value)


def test_a_registered_name_opens_in_a_notebook_too(shop, tmp_path, monkeypatch):
    shop()
    monkeypatch.setenv("RETENTION_DATASETS", json.dumps({"mine": str(tmp_path / "shop.toml")}))
    assert open_dataset("mine", cache=tmp_path / "cache").name == "mine"
    monkeypatch.setenv("RETENTION_DATASETS", "[1]")
    with pytest.raises(ParameterError, match="RETENTION_DATASETS is not a JSON object"):
        open_dataset("mine", cache=tmp_path / "cache")


def test_an_unknown_name_is_answered_with_those_there_are(tmp_path):
    with pytest.raises(DataError, match=r"no dataset 'cdnwo'\. Did you mean 'cdnow'\?.*'cdnow'"):
        open_dataset("cdnwo", cache=tmp_path)
    with pytest.raises(DataError, match=r"no dataset file 'none\.toml'"):
        open_dataset(tmp_path / "none.toml", cache=tmp_path)
    with pytest.raises(DataError, match=r"no file 'none\.csv'"):
        open_dataset(tmp_path / "none.csv", cache=tmp_path)


def test_the_import_is_cheap():
    import subprocess
    import sys

    code = (
        "import sys, retention_kit.data.dataset;"
        "heavy = {'pandas', 'altair', 'openpyxl', 'voila', 'papermill'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_source_replaced_while_it_is_read_is_an_error_and_nothing_is_kept(write, tmp_path, monkeypatch):
    source = write("orders.csv", ORDERS)
    build = publish._build

    def build_and_replace(inputs, folder):
        accounting = build(inputs, folder)
        source.write_text(ORDERS.replace("6", "7"))
        return accounting

    with monkeypatch.context() as patched:
        patched.setattr(publish, "_build", build_and_replace)
        with pytest.raises(DataError, match=r"orders\.csv changed while it was being read\. Open the"):
            open_dataset(str(source), cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("*.parquet"))
    assert not list((tmp_path / "cache").rglob("*.json"))
    source.write_text(ORDERS)
    assert open_dataset(str(source), cache=tmp_path / "cache").accounting.net == 11


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({"date_order": "xyz"}, "date_order = 'xyz' in .orders. is not allowed: it should be 'ymd', 'dmy'"),
        ({"as_of": "31/12/2024"}, "as_of = '31/12/2024' .*write a day as YYYY-MM-DD, such as 2024-12-31"),
    ],
)
def test_a_setting_that_is_not_allowed_says_what_is(shop, setting, told):
    with pytest.raises(ParameterError, match=told):
        shop(**setting)


MORE = """
[subscriptions]
source = "subs.csv"
[subscriptions.columns]
customer_id = "who"
started_at = "start"
[complaints]
source = "complaints.csv"
[complaints.columns]
customer_id = "who"
opened_at = "opened"
"""


@pytest.fixture
def full_shop(shop, write):
    """Return a function that opens the shop with subscriptions and complaints."""

    def open_shop(more="", after=MORE, *, subs="who,start\n1,2024-01-01\n", **settings):
        write("subs.csv", subs)
        write("complaints.csv", "who,opened\n1,2024-01-02\n")
        return shop(more, after, **settings)

    return open_shop


def test_a_dataset_tells_which_tables_and_columns_it_has(full_shop):
    dataset = full_shop()
    assert set(dataset.tables) == {"orders", "subscriptions", "complaints"}
    assert all(path.is_file() for path in dataset.tables.values())
    assert (dataset.orders, dataset.customers) == (dataset.tables["orders"], None)
    assert dataset.has("complaints")
    assert not dataset.has("responses")
    assert dataset.columns("subscriptions") == ("customer_id", "started_day", "ended_day")
    assert set(dataset.accountings) == {"subscriptions", "complaints"}
    assert dataset.require("complaints") == dataset.tables["complaints"]


def test_a_table_that_is_needed_and_missing_is_told_with_how_to_map_it(full_shop):
    dataset = full_shop()
    with pytest.raises(DataError) as caught:
        dataset.require("responses", why="NPS")
    assert str(caught.value) == (
        "The dataset 'shop' has no responses, needed for NPS. Add [responses] with its source to the dataset"
        " file, and map in [responses.columns] what there is of: customer_id, answered_at, question, score,"
        " scale_min, scale_max, reason, comment."
    )
    with pytest.raises(DataError, match=r"has no customers\. Add \[customers\]"):
        dataset.columns("customers")
    with pytest.raises(
        ParameterError, match=r"no table 'subscription' in a dataset\. Did you mean 'subscriptions'"
    ):
        dataset.require("subscription")


def test_the_fingerprint_follows_every_table_and_its_settings(full_shop):
    first = full_shop()
    changed = [
        full_shop(subs="who,start\n2,2024-01-01\n"),
        full_shop(grace_days=3),
        full_shop(discount_rate=0.1),
        full_shop(churn_threshold_days=90),
        full_shop(measuring_window_days=90),
        full_shop(targets={"retention_rate": 0.5}),
        full_shop(complaints={"date_order": "ymd"}),
        full_shop(after=""),
    ]
    found = [dataset.fingerprint for dataset in changed]
    assert len({first.fingerprint, *found}) == len(changed) + 1
    assert full_shop().fingerprint == first.fingerprint


@pytest.mark.parametrize("name", ["subscriptions.parquet", "accounting.json"])
def test_a_damaged_table_is_built_again(full_shop, name):
    first = full_shop()
    content = first.tables["subscriptions"].read_bytes()
    (first.store.folder / name).write_bytes(b"damaged")
    again = full_shop()
    assert again.tables["subscriptions"].read_bytes() == content
    assert again.accountings == first.accountings


def test_settings_of_a_table_are_merged_key_by_key(full_shop):
    dataset = full_shop(
        subs="who,start,plan\n1,2024-01-01,pro\n", subscriptions={"columns": {"plan": "plan"}}
    )
    assert dataset.columns("subscriptions") == ("customer_id", "started_day", "ended_day", "plan")
    without = full_shop(grace_days="3", discount_rate="0.1", churn_threshold_days="90")
    assert (without.config.grace_days, without.config.discount_rate) == (3, 0.1)
    with pytest.raises(ParameterError, match="grace_days = 'few' is no number"):
        full_shop(grace_days="few")


def test_a_source_of_any_table_that_changed_is_noticed(full_shop, write):
    dataset = full_shop()
    write("complaints.csv", "who,opened\n1,2024-01-03\n")
    with pytest.raises(DataError, match=r"complaints\.csv changed since it was opened"):
        dataset.require_unchanged()


def test_frames_of_several_tables_come_by_name(tmp_path):
    frames = {
        "orders": pa.table({"customer": ["a"], "day": [date(2024, 1, 1)]}),
        "subscriptions": pa.table({"who": ["a", "b"], "start": [date(2024, 1, 1)] * 2}),
        "events": pa.table({"date": [date(2024, 1, 1)], "label": ["x"]}),
    }
    columns = {"customer_id": "who", "started_at": "start"}
    dataset = open_dataset(frames, cache=tmp_path, subscriptions={"columns": columns})
    assert set(dataset.tables) == {"orders", "subscriptions", "events"}
    assert dataset.events.to_pylist() == [{"date": date(2024, 1, 1), "label": "x"}]
    other = {**frames, "subscriptions": frames["subscriptions"].slice(0, 1)}
    again = open_dataset(other, cache=tmp_path, subscriptions={"columns": columns})
    assert again.fingerprint != dataset.fingerprint
    with pytest.raises(ParameterError, match=r"no table 'order' in a dataset\. Did you mean 'orders'"):
        open_dataset({"order": frames["orders"]}, cache=tmp_path)
    with pytest.raises(ColumnError, match=r"customer_id and started_at in \[subscriptions\.columns\]"):
        open_dataset({"subscriptions": frames["subscriptions"]}, cache=tmp_path)


def test_the_ledger_sees_every_table(full_shop):
    ledger = open_ledger(full_shop())
    for table in ("orders", "subscriptions", "complaints"):
        assert ledger.query(f"SELECT count(*) AS n FROM {table}").to_pylist()[0]["n"] > 0
