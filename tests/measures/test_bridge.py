"""The revenue bridge against naive oracles, to the cent, for orders and for subscriptions."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from movement_oracle import buyers, leave_one_bucket_out, periods, steps, total
from random_shops import shops, slow
from random_spans import Club, Span, clubs, open_club
from test_movements import GRAINS, a_segment, shop_of

from retention_kit import open_dataset
from retention_kit.errors import ColumnError, DataError
from retention_kit.measures.bridge import revenue_bridge

STEPS = ("new", "expansion", "contraction", "churn", "reactivation")


def reconciles(rows):
    """Opening plus moves is closing, which is the next opening, to the last decimal."""
    for suffix, moving in (("", STEPS), ("_customers", ("new", "churn", "reactivation"))):
        before = 0
        for row in rows:
            value = {name: row[f"{name}{suffix}"] for name in (*STEPS, "opening", "closing")}
            signs = {name: -1 if name in ("contraction", "churn") else 1 for name in moving}
            assert value["opening"] == before
            assert value["closing"] == before + sum(sign * value[name] for name, sign in signs.items())
            assert all(value[name] >= 0 for name in value)
            before = value["closing"]


@settings(slow, max_examples=15)
@given(data=st.data())
def test_every_step_of_orders_is_the_oracles(open_shop, data):
    shop = data.draw(shops(days=data.draw(st.sampled_from((3, 40, 130)))))
    grain, segment = data.draw(GRAINS), a_segment(data.draw, shop)
    people = buyers(shop, grain, segment)
    chosen = {"grain": grain, "segment": segment, "basis": "orders"}
    if not people:
        with pytest.raises(DataError, match="No customer is left"):
            revenue_bridge(open_shop(shop), **chosen)
        return
    found = revenue_bridge(open_shop(shop), **chosen)
    rows = found.steps.to_pylist()
    reconciles(rows)
    begun, over = periods(shop, grain)
    assert len(rows) == begun
    for t, row in enumerate(rows):
        money, count = steps(people, t)
        assert {name: row[name] for name in STEPS} == {name: money[name] for name in STEPS}
        assert all(row[f"{name}_customers"] == count[name] for name in STEPS)
        assert row["opening"] == total(one.revenue[t - 1] for one in people)
        assert row["opening_customers"] == sum(one.active(t - 1) for one in people)
        assert row["closing"] == total(one.revenue[t] for one in people)
    for rate in found.rates.to_pylist():
        t = rate["period_index"]
        assert t < over
        gross_and_net(people, t, rate)


def gross_and_net(people, t, found):
    """Both rates of churn of a period, and their intervals."""

    def rate(those, net):
        money, _ = steps(those, t)
        opening = total(one.revenue[t - 1] for one in those)
        return (
            (money["churn"] + money["contraction"] - net * money["expansion"]) / opening if opening else None
        )

    for name, net in (("gross_churn_rate", 0), ("net_churn_rate", 1)):
        assert found[name] == pytest.approx(float(rate(people, net)), abs=1e-12)
        opened = {one.bucket for one in people if one.revenue[t - 1]}
        half = leave_one_bucket_out(
            people,
            lambda those, net=net: rate(those, net),
            0.95,
            lambda one, opened=opened: one.bucket in opened,
        )
        if half is None:
            assert found[f"{name}_ci_low"] is None
        else:
            low, high = found[name] - half, found[name] + half
            if not net:  # nobody can take more than there was
                low, high = max(low, 0), min(high, 1)
            ends = (found[f"{name}_ci_low"], found[f"{name}_ci_high"])
            assert ends == pytest.approx((low, high), rel=1e-6, abs=1e-12)


@settings(slow, max_examples=15)
@given(data=st.data())
def test_every_step_of_subscriptions_is_the_oracles(data):
    club = data.draw(clubs())
    grains = ["week", "month", "quarter", "year"] + ["day"] * (club.as_of < date(2023, 6, 30))
    grain, name = data.draw(st.sampled_from(grains)), data.draw(st.sampled_from(("", "town", "plan")))
    values = sorted({club.attribute(one, name) for one in club.customers}) if name else []
    segment = f"{name}={data.draw(st.sampled_from(values))}" if name else ""
    people, ends = club.selected(segment), club.period_ends(grain)
    money = {one: [Decimal(0), *(club.revenue(one, day) for day in ends)] for one in people}
    dataset = open_club(club)
    if not any(any(levels) for levels in money.values()):
        with pytest.raises(DataError, match="No customer is left"):
            revenue_bridge(dataset, grain=grain, segment=segment)
        return
    found = revenue_bridge(dataset, grain=grain, segment=segment).steps.to_pylist()
    reconciles(found)
    assert [row["ends_on"] for row in found][:-1] == ends[:-1]
    for t, row in enumerate(found):
        expected = dict.fromkeys(STEPS, Decimal(0))
        for levels in money.values():
            before, after, ever = levels[t], levels[t + 1], any(levels[: t + 1])
            if not before and after:
                expected["reactivation" if ever else "new"] += after
            elif before and not after:
                expected["churn"] += before
            elif after > before:
                expected["expansion"] += after - before
            else:
                expected["contraction"] += before - after
        assert {name: row[name] for name in STEPS} == expected
        assert row["closing"] == total(levels[t + 1] for levels in money.values())
        assert row["closing_customers"] == sum(levels[t + 1] > 0 for levels in money.values())


def test_the_worked_check_of_the_definitions():
    club = Club(
        (
            Span("stays", date(2024, 1, 1), None, amount=Decimal(70)),
            Span("shrinks", date(2024, 1, 1), date(2024, 2, 10), amount=Decimal(20)),
            Span("shrinks", date(2024, 2, 10), None, amount=Decimal(10)),
            Span("leaves", date(2024, 1, 1), date(2024, 2, 5), amount=Decimal(10)),
            Span("stays", date(2024, 2, 20), None, plan="extra", amount=Decimal(10)),
        ),
        date(2024, 2, 29),
    )
    found = revenue_bridge(open_club(club))
    row, rate = found.steps.to_pylist()[1], found.rates.to_pylist()[0]
    assert [row[name] for name in ("opening", *STEPS, "closing")] == [100, 0, 10, 10, 10, 0, 90]
    assert (rate["gross_churn_rate"], rate["net_churn_rate"]) == (0.20, 0.10)


def test_cdnow_is_what_pandas_adds_up():
    import pandas as pd

    orders = pd.read_csv("sample_data/cdnow.csv", dtype={"amount": str})
    customer, day, amount = orders.columns[0], orders.columns[1], orders.columns[-1]
    cents = orders[amount].map(lambda text: int(Decimal(text) * 100))
    month = pd.to_datetime(orders[day]).dt.to_period("M")
    money = cents.groupby([orders[customer], month]).sum().unstack(fill_value=0)
    active = cents.groupby([orders[customer], month]).size().unstack(fill_value=0).gt(0)
    before, was = money.shift(1, axis=1, fill_value=0), active.shift(1, axis=1, fill_value=False)
    change, ever = money - before, was.cummax(axis=1)
    expected = {
        "new": money[active & ~ever],
        "expansion": change[active & was & (change > 0)],
        "contraction": -change[active & was & (change < 0)],
        "churn": before[~active & was],
        "reactivation": money[active & ever & ~was],
    }
    found = revenue_bridge(open_dataset("cdnow"), basis="orders").steps
    for name, parts in expected.items():
        assert [value * 100 for value in found[name].to_pylist()] == parts.sum().astype(int).tolist()


def test_a_pause_within_the_grace_brings_no_revenue_and_the_note_says_so():
    club = Club(
        (Span("a", date(2024, 1, 1), date(2024, 1, 30)), Span("a", date(2024, 2, 3), None)), date(2024, 2, 29)
    )
    found = revenue_bridge(open_club(club, grace_days=10))
    rows = found.steps.to_pylist()
    assert [row["closing"] for row in rows] == [0, 10]
    assert rows[1]["new"] == 10  # no month end had seen the first subscription
    assert "also within grace_days = 10: no revenue was due." in found.notes[1]


def test_subscriptions_that_overlap_add_up_and_what_begins_and_ends_within_a_month_is_not_seen():
    spans = (
        Span("a", date(2024, 1, 10), None, amount=Decimal("9.99")),
        Span("a", date(2024, 1, 20), date(2024, 3, 31), amount=Decimal("0.01")),
        Span("b", date(2024, 2, 2), date(2024, 2, 28)),
    )
    rows = revenue_bridge(open_club(Club(spans, date(2024, 3, 15)))).steps.to_pylist()
    assert [str(row["closing"]) for row in rows] == ["10.0000"] * 3
    assert [row["closing_customers"] for row in rows] == [1, 1, 1]
    assert [row["status"] for row in rows] == ["complete", "complete", "partial"]


def test_an_annual_amount_counts_a_twelfth_a_month():
    spans = (Span("a", date(2024, 1, 10), None, amount=Decimal(120)),)
    columns = {"customer_id": "who", "started_at": "from", "ended_at": "to", "amount": "fee"}
    dataset = open_club(
        Club(spans, date(2024, 1, 31)), subscriptions={"columns": columns, "billing_months": 12}
    )
    assert revenue_bridge(dataset).steps["closing"].to_pylist() == [Decimal(10)]


def test_a_period_of_orders_that_is_not_over_is_partial_and_has_no_rate(open_shop):
    shop = shop_of({"a": ["2024-01-31", "2024-02-10"]}, date(2024, 2, 12))
    found = revenue_bridge(open_shop(shop), basis="orders")
    assert found.steps["status"].to_pylist() == ["complete", "partial"]
    assert found.rates.num_rows == 0
    assert "what is still to come looks like contraction and churn" in found.notes[1]


def test_the_statement_can_be_run_elsewhere():
    import duckdb

    club = Club((Span("a", date(2024, 1, 1), None, plan="o'clock?"),), date(2024, 1, 31))
    dataset = open_club(club)
    found = revenue_bridge(dataset, segment="plan=o'clock?")
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW subscriptions AS FROM '{dataset.tables['subscriptions']}'")
        connection.execute(f"CREATE VIEW calendar AS FROM '{dataset.store.folder / 'calendar.parquet'}'")
        rows = connection.execute(found.sql).fetchall()
    assert [(row[1], row[3]) for row in rows] == [(0, 100_000)]
    assert found.notes[-1] == "Only customers with plan=o'clock? at their first subscription."


def test_what_cannot_be_asked_is_refused(open_shop):
    shop = shop_of({"a": ["2024-01-31"]}, date(2024, 2, 12))
    with pytest.raises(DataError, match=r"has no subscriptions, needed for a revenue bridge"):
        revenue_bridge(open_shop(shop))
    columns = {"customer_id": "customer", "ordered_at": "bought", "order_id": "receipt"}
    with pytest.raises(
        DataError, match=r"orders of the dataset 'frame' have no amounts.*Map an amount column"
    ):
        revenue_bridge(open_shop(shop, columns=columns, segments=[]), basis="orders")
    club = Club((Span("a", date(2024, 1, 1), None),), date(2024, 1, 31))
    with pytest.raises(ColumnError, match=r"no attribute 'plam'. Did you mean 'plan'\? They have: plan\."):
        revenue_bridge(open_club(club), segment="plam=x")
    bare = {"customer_id": "who", "started_at": "from"}
    dataset = open_club(club, subscriptions={"columns": bare})
    with pytest.raises(DataError, match=r"subscriptions of the dataset 'frame' have no amounts"):
        revenue_bridge(dataset)
    with pytest.raises(ColumnError, match=r"Map plan, or attributes of the customers\."):
        revenue_bridge(dataset, segment="plan=x")
