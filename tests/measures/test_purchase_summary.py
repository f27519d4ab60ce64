"""Purchase summaries against published counts and a naive oracle over random shops."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Order, Shop
from random_shops import shops, slow

from retention_kit import open_dataset
from retention_kit.errors import ColumnError, DataError, ParameterError
from retention_kit.measures.purchase_customers import purchase_customers, purchase_tracking
from retention_kit.measures.purchase_summary import purchase_summary

CALIBRATION = date(1997, 9, 30)
ATTRIBUTES = st.sampled_from(("", "channel", "device"))


@pytest.fixture(scope="module")
def cdnow():
    return open_dataset("cdnow")


def test_published_counts_of_cdnow(cdnow):
    summary = purchase_summary(cdnow, calibration_end=CALIBRATION)
    rows = summary.rows
    assert summary.customers == 2357
    assert rows.customers @ rows.frequency == 2457
    assert rows.customers[rows.frequency == 0].sum() == 1411
    assert summary.spend_rows.customers.sum() == 946
    assert rows.later_purchases.sum() == 1882
    assert (summary.unit, rows.age.max(), summary.holdout_days) == ("week", 272 / 7, 273)
    assert (summary.groups, summary.without_spend, summary.has_margin) == (("",), 0, False)
    whole = purchase_summary(cdnow, unit="day")
    assert whole.customers + whole.rows.customers @ whole.rows.frequency == 6696
    assert whole.holdout_days == 0
    assert not whole.rows.later_purchases.any()
    assert (whole.rows.age == whole.rows.age_days).all()


def test_published_histories_of_the_first_customers(cdnow):
    (listed,) = purchase_customers(cdnow, calibration_end=CALIBRATION)
    first = listed.sort_by([("first_day", "ascending"), ("customer_id", "ascending")]).slice(0, 6)
    # BTYD's and lifetimes' CDNOW summary: x, t_x, T in weeks.
    assert first["frequency"].to_pylist() == [2, 1, 0, 0, 0, 7]
    assert [f"{value:.2f}" for value in first["recency_weeks"].to_pylist()[:2]] == ["30.43", "1.71"]
    assert {f"{value:.2f}" for value in first["age_weeks"].to_pylist()} == {"38.86"}


def test_weeks_of_cdnow_add_up_to_the_published_purchases(cdnow):
    tracking = purchase_tracking(cdnow)
    assert tracking.first_day == date(1997, 1, 1)
    assert tracking.weeks.tolist() == list(range(1, 79))
    # 39 weeks from 1997-01-01 end on 1997-09-30, and 39 more on 1998-06-30.
    assert tracking.cumulative[[38, 77]].tolist() == [2457, 2457 + 1882]
    assert tracking.new_customers.sum() == 2357


def histories(shop, until, breakdown, segment):
    """Customer by customer, by dicts: (group, first day, x, t_x, T, spend, margin, later, later spend)."""
    days = defaultdict(lambda: defaultdict(lambda: [Decimal(0), Decimal(0)]))
    at_first = defaultdict(list)
    for order in shop.orders:
        net = days[order.customer][order.at.date()]
        net[0] += order.amount
        net[1] += order.margin
        at_first[order.customer].append((shop.instant(order.at), order))
    found = {}
    for name, mine in days.items():
        opening = min(at for at, _ in at_first[name])

        def value(attribute, name=name, opening=opening):
            values = [getattr(order, attribute) for at, order in at_first[name] if at == opening]
            return min((one for one in values if one), default="(unknown)")

        first = min(mine)
        wanted, _, asked = segment.partition("=")
        if first > until or (segment and value(wanted) != asked):
            continue
        repeats = [day for day in mine if first < day <= until]
        later = [day for day in mine if day > until]
        found[name] = (
            value(breakdown) if breakdown else "",
            first,
            len(repeats),
            (max([first, *repeats]) - first).days,
            (until - first).days,
            sum(mine[day][0] for day in repeats),
            sum(mine[day][1] for day in repeats),
            len(later),
            sum(mine[day][0] for day in later),
        )
    return found


@settings(slow, max_examples=20)
@given(data=st.data())
def test_every_history_of_every_group_is_the_oracles(open_shop, data):
    shop = data.draw(shops(days=data.draw(st.sampled_from((3, 40, 130)))))
    breakdown, named = data.draw(ATTRIBUTES), data.draw(ATTRIBUTES)
    values = sorted({getattr(order, named) for order in shop.orders} - {None}) if named else []
    segment = f"{named}={data.draw(st.sampled_from([*values, '(unknown)']))}" if named else ""
    first = min(order.at for order in shop.orders).date()
    back = data.draw(st.integers(0, (shop.as_of - first).days))
    until = shop.as_of - timedelta(days=back)
    unit = data.draw(st.sampled_from(("day", "week")))
    chosen = {"segment": segment, "breakdown": breakdown, "calibration_end": until, "unit": unit}
    wanted = histories(shop, until, breakdown, segment)
    dataset = open_shop(shop)
    if not wanted:
        with pytest.raises(DataError, match="No customer of this selection had bought by"):
            purchase_summary(dataset, **chosen)
        return
    summary = purchase_summary(dataset, **chosen)
    rows, length = summary.rows, {"day": 1, "week": 7}[unit]
    assert summary.groups == tuple(sorted({one[0] for one in wanted.values()}))
    sums = defaultdict(lambda: [0, Decimal(0), Decimal(0), 0, Decimal(0)])
    for group, _, x, recency, age, *money in wanted.values():
        entry = sums[group, x, recency, age]
        for at, more in enumerate((1, *money)):
            entry[at] += more
    found = {
        (summary.groups[rows.group[i]], x, rows.recency_days[i], rows.age_days[i]): [
            rows.customers[i],
            rows.spend[i],
            rows.margin[i],
            rows.later_purchases[i],
            rows.later_spend[i],
        ]
        for i, x in enumerate(rows.frequency)
    }
    assert list(found) == sorted(found)
    assert found == {key: pytest.approx([float(one) for one in entry]) for key, entry in sums.items()}
    assert rows.recency == pytest.approx(rows.recency_days / length)
    spent = Counter((one[0], one[2], float(one[5])) for one in wanted.values() if one[2] and one[5] > 0)
    places = zip(
        summary.spend_rows.group, summary.spend_rows.frequency, summary.spend_rows.spend, strict=True
    )
    listed = [(summary.groups[group], x, spend) for group, x, spend in places]
    assert dict(zip(listed, summary.spend_rows.customers, strict=True)) == spent
    assert summary.without_spend == sum(one[2] > 0 and one[5] <= 0 for one in wanted.values())
    parts = [summary.rows.of(i).customers.sum() for i in range(len(summary.groups))]
    assert sum(parts) == len(wanted)
    assert sum(summary.spend_rows.of(i).customers.sum() for i in range(len(summary.groups))) == spent.total()
    largest = data.draw(st.sampled_from((1, 3, 1000)))
    chunks = list(purchase_customers(dataset, **chosen, largest=largest))
    each = {row["customer_id"]: tuple(row.values())[1:] for chunk in chunks for row in chunk.to_pylist()}
    assert each == {
        name: (group, day, x, pytest.approx(recency / length), pytest.approx(age / length), float(spend),
               float(margin), later, float(more))
        for name, (group, day, x, recency, age, spend, margin, later, more) in wanted.items()
    }  # fmt: skip
    assert all(
        chunk["customer_id"].to_pylist() == sorted(chunk["customer_id"].to_pylist()) for chunk in chunks
    )


@settings(slow, max_examples=10)
@given(data=st.data())
def test_weeks_are_counted_from_the_first_day_of_the_selection(open_shop, data):
    shop = data.draw(shops(days=40))
    segment = data.draw(st.sampled_from(("", "device=(unknown)")))
    wanted = histories(shop, shop.as_of, "", segment)
    if not wanted:
        with pytest.raises(DataError, match="No customer is left"):
            purchase_tracking(open_shop(shop), segment=segment)
        return
    found = purchase_tracking(open_shop(shop), segment=segment)
    start = min(one[1] for one in wanted.values())
    assert found.first_day == start
    mine = {(order.customer, order.at.date()) for order in shop.orders if order.customer in wanted}
    repeats = [(day - start).days for name, day in mine if day > wanted[name][1]]
    whole = ((shop.as_of - start).days + 1) // 7
    assert found.purchases.tolist() == [sum(day // 7 == week for day in repeats) for week in range(whole)]
    assert found.cumulative.tolist() == np.cumsum(found.purchases).tolist()
    began = Counter((one[1] - start).days for one in wanted.values())
    assert dict(zip(found.started_days, found.new_customers, strict=True)) == began


def test_orders_without_amounts_are_counted_all_the_same(open_shop):
    from datetime import datetime

    orders = [Order("a", datetime(2024, 1, day)) for day in (1, 5, 9)] + [Order("b", datetime(2024, 1, 3))]
    shop = Shop(tuple(orders), date(2024, 1, 31))
    columns = {"customer_id": "customer", "ordered_at": "bought", "order_id": "receipt"}
    dataset = open_shop(shop, columns=columns, segments=[])
    summary = purchase_summary(dataset, unit="day")
    assert (summary.has_amount, summary.has_margin, summary.without_spend) == (False, False, 0)
    assert summary.rows.frequency.tolist() == [0, 2]
    assert not summary.spend_rows.customers.size
    (listed,) = purchase_customers(dataset)
    assert listed["spend"].to_pylist() == listed["margin"].to_pylist() == [None, None]
    assert not summary.notes


def test_repeat_buyers_who_pay_nothing_are_counted_and_told(open_shop):
    from datetime import datetime

    free = [Order("a", datetime(2024, 1, 1), Decimal(5)), Order("a", datetime(2024, 1, 9), Decimal(0))]
    paid = [Order("b", datetime(2024, 1, day), Decimal(day)) for day in (2, 3)]
    summary = purchase_summary(open_shop(Shop((*free, *paid), date(2024, 1, 10))))
    assert summary.rows.frequency.tolist() == [1, 1]
    assert summary.spend_rows.spend.tolist() == [3.0]
    assert summary.without_spend == 1
    assert summary.notes[-1].startswith("1 repeat buyer paid nothing for later purchases")


def test_the_statement_that_is_told_gives_the_same_rows(cdnow):
    import duckdb

    summary = purchase_summary(cdnow, calibration_end=CALIBRATION)
    with duckdb.connect() as engine:
        engine.execute(f"CREATE VIEW orders AS FROM read_parquet('{cdnow.orders}')")
        rows = engine.execute(summary.sql).fetchall()
    assert len(rows) == summary.rows.customers.size + sum(1 for row in rows if row[2] is None)
    assert sum(row[5] for row in rows if row[2] is not None) == 2357


def test_a_selection_is_told_and_its_statement_carries_it():
    shop = open_dataset("shop")
    summary = purchase_summary(shop, segment="channel=web", breakdown="country")
    assert summary.notes[-1] == "Only customers with channel=web at their first order."
    assert "= 'web'" in summary.sql
    assert summary.has_margin
    assert 0 < summary.rows.margin.sum() < summary.rows.spend.sum()


def test_rows_cannot_be_changed(cdnow):
    summary = purchase_summary(cdnow)
    with pytest.raises(ValueError, match="read-only"):
        summary.rows.frequency[0] = 1


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"unit": "month"}, ParameterError, "unit='month' is not allowed. Choose from: day, week"),
        ({"calibration_end": date(1998, 7, 1)}, ParameterError, "after the as-of date, 1998-06-30"),
        ({"calibration_end": date(1996, 7, 1)}, DataError, "had bought by 1996-07-01"),
        ({"breakdown": "chanel"}, ColumnError, "no segment 'chanel'"),
    ],
)
def test_what_cannot_be_asked_is_refused(cdnow, changes, error, message):
    with pytest.raises(error, match=message):
        purchase_summary(cdnow, **changes)


def test_no_customers_at_a_time_are_refused(cdnow):
    with pytest.raises(ParameterError, match="largest=0"):
        purchase_customers(cdnow, largest=0)
