"""The ledger: one row per customer, kept, shared, and never stale."""

import gc
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from hashlib import md5

import pyarrow.parquet as pq
import pytest
from oracle import Order, Shop

from retention_kit import cohort_table, open_dataset
from retention_kit.data.cache import clear
from retention_kit.data.ledger import Ledger, open_ledger
from retention_kit.errors import ColumnError, DataError

SHOP = Shop(
    (
        Order("a", datetime(2024, 1, 5, 9), Decimal("10.10"), channel="web", device="phone"),
        Order("a", datetime(2024, 2, 5, 10), Decimal("5.00"), channel="shop"),
        Order("b", datetime(2024, 1, 7), Decimal(7), channel="shop", device="desk"),
        Order("b", datetime(2024, 1, 7), Decimal(7), channel="fax"),
        Order("c", datetime(2024, 3, 9), Decimal(0), channel="shop"),
    ),
    date(2024, 3, 31),
    "Europe/Rome",
)

TOML = """
schema = 1
time_zone = "UTC"
as_of = 2024-03-31
[orders]
source = "orders.csv"
[orders.columns]
customer_id = "customer"
ordered_at = "day"
amount = "paid"
[customers]
source = "customers.csv"
[customers.columns]
customer_id = "id"
orders = "plan"
"home town" = "town"
"""


@pytest.fixture
def files(tmp_path):
    (tmp_path / "shop.toml").write_text(TOML)
    (tmp_path / "orders.csv").write_text(
        "customer,day,paid\n1,2024-01-05,10\n2,2024-01-06,5\n2,2024-02-07,5\n"
    )
    (tmp_path / "customers.csv").write_text("id,plan,town\n1,gold,L'Aquila\n3,free,Rome\n")
    return tmp_path


def test_a_customer_has_first_and_last_order_orders_revenue_bucket_and_segments(open_shop):
    ledger = open_ledger(open_shop(SHOP))
    ledger.customers()
    firsts = ledger.query("SELECT * FROM firsts ORDER BY customer_id").to_pylist()
    assert firsts[0] == {
        "customer_id": "a",
        "first_at_utc": datetime(2024, 1, 5, 8),
        "first_at": datetime(2024, 1, 5, 9),
        "first_day": date(2024, 1, 5),
        "bucket": int(md5(b"a").hexdigest()[:8], 16) % 100,
    }
    rows = ledger.query(f"SELECT * FROM {ledger.customers()} ORDER BY customer_id").to_pylist()
    assert rows[0] == {
        "customer_id": "a",
        "first_at": datetime(2024, 1, 5, 9),
        "last_at": datetime(2024, 2, 5, 10),
        "orders": 2,
        "revenue": Decimal("15.10"),
        "segment_channel": "web",
        "segment_device": "phone",
    }
    assert len(rows) == 3


def test_of_orders_at_the_same_moment_the_smallest_value_counts_and_missing_ones_do_not(open_shop):
    ledger = open_ledger(open_shop(SHOP))
    rows = ledger.query(f"SELECT * FROM {ledger.customers()} ORDER BY customer_id").to_pylist()
    assert (rows[1]["segment_channel"], rows[1]["segment_device"]) == ("fax", "desk")


def test_values_of_a_segment_come_most_frequent_first(open_shop):
    buys = [("a", "web"), ("b", "shop"), ("c", "web"), ("d", None)]
    orders = tuple(Order(name, datetime(2024, 1, 5), channel=channel) for name, channel in buys)
    ledger = open_ledger(open_shop(Shop(orders, date(2024, 1, 31))))
    assert ledger.segment_values("channel") == ["web", "shop"]
    assert ledger.segment_values("channel", limit=1) == ["web"]
    with pytest.raises(ColumnError, match="Did you mean 'channel'"):
        ledger.segment_values("chanel")


def test_attributes_of_customers_are_segments_but_not_of_orders(files):
    dataset = open_dataset(files / "shop.toml")
    assert cohort_table(dataset, breakdown="orders").groups == ("(unknown)", "gold")
    assert cohort_table(dataset, segment="home town=L'Aquila").counts.size.sum() == 1
    with pytest.raises(ColumnError, match="no order attribute 'home town'"):
        cohort_table(dataset, orders="home town=Rome")


def test_the_same_dataset_has_one_ledger_and_other_orders_another(open_shop):
    dataset, again = open_shop(SHOP), open_shop(SHOP)
    assert open_ledger(dataset) is open_ledger(again)
    assert open_ledger(dataset) is not open_ledger(dataset, ("channel", "web"))
    assert open_ledger(dataset) is not open_ledger(open_shop(replace(SHOP, as_of=date(2024, 4, 30))))


def test_what_was_built_is_read_by_the_next_process(open_shop, monkeypatch):
    dataset = open_shop(SHOP)
    table = cohort_table(dataset, grain="week", clock="elapsed", breakdown="channel")
    monkeypatch.setattr(Ledger, "_writer", lambda self, *view: lambda path: pytest.fail("built again"))
    monkeypatch.setattr(Ledger, "_hold", lambda self, *view: pytest.fail("built again"))
    fresh = Ledger((dataset.fingerprint, "another process"), None, dataset)
    clocking = fresh.clocking("week", "elapsed")
    assert fresh.query(f"SELECT * FROM {fresh.activity(clocking, by_segment=True)}").num_rows == 3
    assert table.counts.size.sum() == 3


def test_rows_of_customers_are_written_when_a_second_reader_wants_them(open_shop):
    dataset = open_shop(replace(SHOP, as_of=date(2024, 6, 30)))
    written = dataset.store.folder / "activity_month_calendar_1.parquet"
    bounded = cohort_table(dataset)
    assert not written.exists()
    assert cohort_table(dataset, mode="unbounded").counts.total.sum() >= bounded.counts.total.sum()
    assert pq.read_table(written).num_rows == 3
    ledger = open_ledger(dataset)
    held = ledger.query("SELECT count(*) AS n FROM duckdb_tables()").to_pylist()
    assert held == [{"n": 0}]


def test_an_attribute_named_like_a_view_is_no_reason_to_build_it(tmp_path):
    (tmp_path / "orders.csv").write_text(
        "customer,day,ledger\n1,2024-01-05,x\n1,2024-02-06,y\n2,2024-02-07,y\n"
    )
    columns = {"customer_id": "customer", "ordered_at": "day", "ledger": "ledger"}
    dataset = open_dataset(tmp_path / "orders.csv", columns=columns, segments=["ledger"], time_zone="UTC")
    ledger = open_ledger(dataset)
    rows = ledger.query(f"SELECT * FROM {ledger.customers()} ORDER BY customer_id").to_pylist()
    assert [row["segment_ledger"] for row in rows] == ["x", "y"]
    assert cohort_table(dataset, breakdown="ledger").groups == ("x", "y")


def test_a_damaged_file_is_built_again(open_shop):
    dataset = open_shop(replace(SHOP, as_of=date(2024, 5, 30)))
    before = cohort_table(dataset, min_orders=2)
    for path in dataset.store.folder.glob("activity*.parquet"):
        path.write_bytes(b"PAR1 not really")
    assert cohort_table(dataset, min_orders=2).cells.equals(before.cells)


def test_after_the_cache_was_cleared_a_dataset_opened_again_is_complete(open_shop, monkeypatch, tmp_path):
    monkeypatch.setenv("RETENTION_CACHE", str(tmp_path))
    dataset = open_shop(SHOP)
    before = cohort_table(dataset).cells
    clear()
    with pytest.raises(DataError, match="cache of this dataset was cleared"):
        cohort_table(dataset, grain="week")
    again = open_shop(SHOP)
    assert cohort_table(again, grain="week", min_orders=2).counts.size.sum() == 3
    assert cohort_table(again).cells.equals(before)


def test_a_source_that_changed_is_never_counted_half_old_half_new(files):
    dataset = open_dataset(files / "shop.toml")
    assert cohort_table(dataset).counts.size.sum() == 2
    with (files / "orders.csv").open("a") as stream:
        stream.write("9,2024-03-01,1\n")
    with pytest.raises(DataError, match="Open the dataset again"):
        cohort_table(dataset, grain="week")
    assert cohort_table(open_dataset(files / "shop.toml")).counts.size.sum() == 3


def test_a_ledger_leaves_no_folder_behind(open_shop):
    dataset = open_shop(SHOP)
    ledger = Ledger((dataset.fingerprint, "alone"), None, dataset)
    ledger.customers()
    scratch = ledger._scratch
    assert scratch.is_dir()
    del ledger
    gc.collect()
    assert not scratch.exists()


def test_clocking_counts_periods_begun_and_finished_at_the_as_of_date(open_shop):
    end = open_ledger(open_shop(SHOP)).clocking("month", "calendar")
    middle = open_ledger(open_shop(replace(SHOP, as_of=date(2024, 4, 15)))).clocking("month", "calendar")
    assert (end.begun_index, end.finished_index) == (3, 3)
    assert (middle.begun_index, middle.finished_index) == (4, 3)


def test_elapsed_days_end_at_local_midnight_in_universal_time(open_shop):
    ledger = open_ledger(open_shop(SHOP))
    assert ledger.clocking("day", "elapsed").as_of_end == "2024-03-31 22:00:00"
    assert ledger.clocking("month", "elapsed").as_of_end == "2024-04-01 00:00:00"
    by_day = Shop(tuple(replace(o, at=datetime(2024, 1, 5)) for o in SHOP.orders), SHOP.as_of, SHOP.time_zone)
    assert open_ledger(open_shop(by_day)).clocking("day", "elapsed").as_of_end == "2024-04-01 00:00:00"


def test_the_calendar_file_has_every_day_of_every_grain_once(open_shop):
    dataset = open_shop(SHOP)
    open_ledger(dataset).customers()
    rows = pq.read_table(dataset.store.folder / "calendar.parquet").to_pylist()
    assert len({(row["grain"], row["day"]) for row in rows}) == len(rows)
    assert all(row["period_index"] == row["word"] * 62 + row["bit"].bit_length() - 1 for row in rows)
