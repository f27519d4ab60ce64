"""Stickiness against the naive oracle and pandas, and what must always hold."""

from bisect import bisect_right
from collections import Counter
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from movement_oracle import periods
from oracle import DEFAULTS, members, period_starts, wilson
from random_shops import shops, slow
from test_movements import a_segment, shop_of

from retention_kit import open_dataset
from retention_kit.errors import DataError, ParameterError
from retention_kit.measures.stickiness import stickiness

PAIRS = (
    ("month", "day"),
    ("week", "day"),
    ("month", "week"),
    ("quarter", "day"),
    ("quarter", "month"),
    ("year", "day"),
    ("year", "week"),
    ("year", "quarter"),
)


@settings(slow, max_examples=15)
@given(data=st.data())
def test_every_number_of_every_period_is_the_oracles(open_shop, data):
    shop, (grain, sub_grain) = data.draw(shops()), data.draw(st.sampled_from(PAIRS))
    segment = a_segment(data.draw, shop)
    name, _, value = segment.partition("=")
    people = members(shop, DEFAULTS, period_starts(shop, "month"))
    kept = {one.name for one in people if not segment or one.attributes[name] == value}
    if not kept:
        with pytest.raises(DataError, match="No customer is left"):
            stickiness(open_shop(shop), grain=grain, sub_grain=sub_grain, segment=segment)
        return
    starts, parts = period_starts(shop, grain), period_starts(shop, sub_grain)
    active = {}
    for order in shop.orders:
        if order.customer in kept:
            where = bisect_right(starts, order.at.date()) - 1, order.customer
            active.setdefault(where, set()).add(bisect_right(parts, order.at.date()))
    found = stickiness(open_shop(shop), grain=grain, sub_grain=sub_grain, segment=segment, level=0.8)
    begun, over = periods(shop, grain)
    assert set(found.table["period_index"].to_pylist()) == set(range(begun))
    for t in range(begun):
        count = Counter(len(mine) for (period, _), mine in active.items() if period == t)
        rows = found.period(t).to_pylist()
        assert [row["active_periods"] for row in rows] == list(range(1, len(rows) + 1))
        assert max(count, default=0) <= len(rows)
        for row in rows:
            k, customers = row["active_periods"], count.total()
            at_least = sum(people for parts, people in count.items() if parts >= k)
            assert (row["customers"], row["exactly"], row["at_least"]) == (customers, count[k], at_least)
            assert row["status"] == ("complete" if t < over else "partial")
            for column, hits in (("exactly_share", count[k]), ("at_least_share", at_least)):
                expected = (hits / customers if customers else None, *wilson(hits, customers, 0.8))
                ends = [row[f"{column}{end}"] for end in ("", "_ci_low", "_ci_high")]
                assert ends == pytest.approx(expected, abs=1e-9) if customers else ends == [None] * 3


def test_cdnow_is_what_pandas_counts():
    import pandas as pd

    orders = pd.read_csv("sample_data/cdnow.csv")
    customer, day = orders[orders.columns[0]], pd.to_datetime(orders[orders.columns[1]])
    days = day.groupby([customer, day.dt.to_period("Q")]).nunique().rename("days").reset_index()
    expected = days.groupby(days.columns[1])["days"].value_counts()
    found = stickiness(open_dataset("cdnow"), grain="quarter").table.to_pylist()
    counted = {(row["period"], row["active_periods"]): row["exactly"] for row in found if row["exactly"]}
    assert counted == {(f"{quarter.year} Q{quarter.quarter}", k): n for (quarter, k), n in expected.items()}


def test_a_period_holds_as_many_rows_as_parts_have_begun(open_shop):
    shop = shop_of({"a": ["2024-01-30", "2024-02-01", "2024-02-02"]}, date(2024, 3, 2))
    table = stickiness(open_shop(shop)).table.to_pylist()
    parts = Counter(row["period"] for row in table)
    # The data begin on 30 January and end on 2 March; February 2024 has 29 days.
    assert parts == {"Jan 2024": 2, "Feb 2024": 29, "Mar 2024": 2}
    assert [row["at_least_share"] for row in table if row["period"] == "Feb 2024"][:3] == [1, 1, 0]
    assert all(row["at_least_share"] is None for row in table if row["period"] == "Mar 2024")
    assert [row["status"] for row in table][-1] == "partial"


def test_a_week_in_two_months_counts_in_both(open_shop):
    # Monday 29 January to Sunday 4 February 2024.
    shop = shop_of({"a": ["2024-01-31", "2024-02-01"], "b": ["2024-01-31"]}, date(2024, 2, 29))
    rows = stickiness(open_shop(shop), sub_grain="week").table.to_pylist()
    assert [row["exactly"] for row in rows if row["active_periods"] == 1] == [2, 1]


def test_parts_must_be_shorter_than_the_period():
    with pytest.raises(
        ParameterError, match=r"A month is no part of a month. Choose sub_grain from: day, week"
    ):
        stickiness(open_dataset("cdnow"), sub_grain="month")
    with pytest.raises(ParameterError, match="none; raise grain"):
        stickiness(open_dataset("cdnow"), grain="day")
