"""Movements of customers against the naive oracle, the published retention of CDNOW, and the identities."""

from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from movement_oracle import buyers, periods
from oracle import Order, Shop
from random_shops import shops, slow

from retention_kit import open_dataset
from retention_kit.errors import ColumnError, DataError, ParameterError
from retention_kit.measures.movements import customer_movements

GRAINS = st.sampled_from(("day", "week", "month", "quarter", "year"))
ATTRIBUTES = st.sampled_from(("", "channel", "device"))
MOVES = {"new": "new", "kept": "retained", "back": "resurrected", "lost": "dormant"}


def a_segment(draw, shop):
    """A condition that may select anybody or nobody."""
    name = draw(ATTRIBUTES)
    values = sorted({getattr(order, name) for order in shop.orders} - {None}) if name else []
    return f"{name}={draw(st.sampled_from([*values, '(unknown)']))}" if name else ""


def agree(rows, people, shop, grain):
    begun, over = periods(shop, grain)
    assert len(rows) == begun
    for t, row in enumerate(rows):
        moves = [one.move(t) for one in people]
        for move, name in MOVES.items():
            assert row[name] == moves.count(move)
        assert row["active"] == sum(one.active(t) for one in people)
        assert row["status"] == ("complete" if t < over else "partial")


@settings(slow, max_examples=20)
@given(data=st.data())
def test_every_period_of_every_group_is_the_oracles(open_shop, data):
    shop = data.draw(shops(days=data.draw(st.sampled_from((3, 40, 130)))))
    grain, breakdown, segment = data.draw(GRAINS), data.draw(ATTRIBUTES), a_segment(data.draw, shop)
    people = buyers(shop, grain, segment)
    chosen = {"grain": grain, "segment": segment, "breakdown": breakdown}
    if not people:
        with pytest.raises(DataError, match="No customer is left"):
            customer_movements(open_shop(shop), **chosen)
        return
    found = customer_movements(open_shop(shop), **chosen)
    agree(found.total.to_pylist(), people, shop, grain)
    rows = found.groups.to_pylist()
    groups = {one.attributes[breakdown] for one in people} if breakdown else set()
    assert {row["group"] for row in rows} == groups
    for group in groups:
        mine = [one for one in people if one.attributes[breakdown] == group]
        agree([row for row in rows if row["group"] == group], mine, shop, grain)


@settings(slow, max_examples=10)
@given(shop=shops(), grain=GRAINS.filter(lambda grain: grain != "day"))
def test_the_identities_hold_in_every_period(open_shop, shop, grain):
    rows = customer_movements(open_shop(shop), grain=grain).total.to_pylist()
    before = 0
    for row in rows:
        assert row["active"] == row["new"] + row["retained"] + row["resurrected"]
        assert before == row["retained"] + row["dormant"]
        assert row["net"] == row["active"] - before
        before = row["active"]
    assert sum(row["new"] for row in rows) == len({order.customer for order in shop.orders})


def test_the_published_retention_of_cdnow_in_the_first_quarter_of_1998():
    rows = {
        row["period"]: row
        for row in customer_movements(open_dataset("cdnow"), grain="quarter").total.to_pylist()
    }
    now, before = rows["1998 Q1"], rows["1997 Q4"]["active"]
    assert round(now["retained"] / before, 3) == 0.485
    assert round((now["active"] - now["new"]) / before, 3) == 0.950


def test_cdnow_is_what_pandas_counts():
    import pandas as pd

    orders = pd.read_csv("sample_data/cdnow.csv")
    customer, day = orders.columns[0], pd.to_datetime(orders[orders.columns[1]])
    active = pd.crosstab(orders[customer], day.dt.to_period("M")).gt(0)
    before = active.shift(1, axis=1, fill_value=False)
    ever = before.cummax(axis=1)
    found = customer_movements(open_dataset("cdnow")).total.to_pandas()
    assert found["new"].tolist() == (active & ~ever).sum().tolist()
    assert found["retained"].tolist() == (active & before).sum().tolist()
    assert found["resurrected"].tolist() == (active & ever & ~before).sum().tolist()
    assert found["dormant"].tolist() == (~active & before).sum().tolist()


def shop_of(buys, as_of, **attributes):
    """A shop from ``{customer: ["2024-01-31", ...]}``."""
    orders = [
        Order(name, datetime.fromisoformat(day), **attributes) for name, days in buys.items() for day in days
    ]
    return Shop(tuple(orders), as_of)


def test_a_month_without_orders_is_a_row_of_its_own(open_shop):
    shop = shop_of({"a": ["2024-01-31", "2024-03-01"], "b": ["2024-01-02"]}, date(2024, 3, 31))
    found = customer_movements(open_shop(shop))
    rows = [[row[name] for name in ("active", *MOVES.values(), "net")] for row in found.total.to_pylist()]
    assert rows == [[2, 2, 0, 0, 0, 2], [0, 0, 0, 0, 2, -2], [1, 0, 0, 1, 0, 1]]
    assert found.groups.num_rows == 0
    assert found.notes == ("Whoever ordered before the data begin counts as new in Jan 2024 or later.",)


def test_a_period_that_is_not_over_says_so(open_shop):
    found = customer_movements(open_shop(shop_of({"a": ["2024-01-31"]}, date(2024, 2, 10))))
    assert found.total["status"].to_pylist() == ["complete", "partial"]
    assert found.total["dormant"].to_pylist() == [0, 1]
    assert "The month that holds 2024-02-10 is not over: its numbers are those so far." in found.notes


def test_orders_without_amounts_suffice(open_shop):
    shop = shop_of({"a": ["2024-01-31", "2024-02-01"]}, date(2024, 2, 29))
    columns = {"customer_id": "customer", "ordered_at": "bought", "order_id": "receipt"}
    found = customer_movements(open_shop(shop, columns=columns, segments=[])).total.to_pylist()
    assert [row["retained"] for row in found] == [0, 1]


def test_the_statement_can_be_run_elsewhere(open_shop):
    import duckdb

    shop = shop_of(
        {"a": ["2024-01-01", "2024-02-01"], "b": ["2024-01-05"]}, date(2024, 2, 29), channel="o'clock?"
    )
    dataset = open_shop(shop)
    found = customer_movements(dataset, segment="channel=o'clock?")
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW orders AS FROM '{dataset.orders}'")
        connection.execute(f"CREATE VIEW calendar AS FROM '{dataset.store.folder / 'calendar.parquet'}'")
        rows = connection.execute(found.sql).fetchall()
    assert sorted(rows) == [("", 0, 2, 0, 0, 0), ("", 1, 0, 1, 0, 1)]
    assert found.notes[-1] == "Only customers with channel=o'clock? at their first order."


def test_what_cannot_be_asked_is_refused(open_shop):
    orders = tuple(Order(f"c{n}", datetime(2024, 1, 1), channel=f"web {n}") for n in range(51))
    dataset = open_shop(Shop(orders, date(2024, 1, 31)))
    with pytest.raises(ParameterError, match="channel has 51 values; up to 50"):
        customer_movements(dataset, breakdown="channel")
    with pytest.raises(ColumnError, match="Did you mean 'channel'"):
        customer_movements(dataset, breakdown="chanel")
    with pytest.raises(DataError, match="No customer is left"):
        customer_movements(dataset, segment="channel=fax")
