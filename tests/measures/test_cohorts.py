"""Cohort tables against the naive oracle, the published checks, and what must always hold."""

import math
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Expected, NothingToShowError, Order, Shop
from random_shops import choices, shops, slow

from retention_kit import cohort_table, open_dataset
from retention_kit.errors import ColumnError, DataError, ParameterError


def agree(table, expected):
    """Compare every cell and every average of a table with the oracle's."""
    _same(table.cells, expected.cells(), table.value_column)
    _same(table.pooled, expected.pooled(), table.average_column)
    _same(table.fixed_set, expected.fixed_set(), table.average_column)
    _same(table.simple_mean, expected.simple_mean(), table.average_column)


def _same(got, wanted, value_column):
    rows = [{**row, "value": row[value_column]} for row in got.to_pylist()]
    assert len(rows) == len(wanted)
    for row, want in zip(rows, wanted, strict=True):
        for name, value in want.items():
            if isinstance(value, float) and row[name] is not None:
                assert math.isclose(row[name], value, rel_tol=1e-9, abs_tol=1e-7), (name, row, want)
            else:
                assert row[name] == value, (name, row, want)


def check(open_shop, shop, parameters):
    dataset = open_shop(shop)
    for chosen in parameters:
        try:
            expected = Expected(shop, **chosen)
        except NothingToShowError:
            with pytest.raises((ParameterError, DataError)):
                cohort_table(dataset, **chosen)
            continue
        agree(cohort_table(dataset, **chosen), expected)


@settings(slow, max_examples=20)
@given(data=st.data())
def test_every_cell_and_average_is_the_oracles(open_shop, data):
    shop = data.draw(shops())
    check(open_shop, shop, [data.draw(choices(shop)) for _ in range(5)])


@settings(slow, max_examples=4)
@given(data=st.data())
def test_ages_beyond_one_and_two_words_are_the_oracles(open_shop, data):
    shop = data.draw(shops(days=260))
    first = min(order.at for order in shop.orders).date()
    length = (shop.as_of - first).days
    windows = []
    for _ in range(5):
        age = data.draw(st.integers(0, length))
        cohort = first + timedelta(days=data.draw(st.integers(0, length)))
        windows.append(
            {
                "grain": "day",
                "clock": data.draw(st.sampled_from(("calendar", "elapsed"))),
                "mode": data.draw(st.sampled_from(("bounded", "unbounded", "streak"))),
                "min_orders": data.draw(st.sampled_from((1, 2))),
                "age_from": age,
                "age_to": age + 3,
                "cohort_from": cohort.isoformat(),
            }
        )
    check(open_shop, shop, windows)


@pytest.mark.parametrize("clock", ["calendar", "elapsed"])
def test_no_age_is_lost_where_one_word_ends_and_the_next_begins(open_shop, clock):
    edges = (0, 1, 60, 61, 62, 63, 64, 122, 123, 124, 125, 185, 186, 187)
    first = date(2023, 1, 1)
    buys = {f"c{start}": [start + age for age in edges] for start in edges}
    shop = shop_of(
        {name: [first + timedelta(days=n) for n in days] for name, days in buys.items()}, date(2024, 1, 31)
    )
    table = cohort_table(open_shop(shop), grain="day", clock=clock)
    cohorts = [row for row in table.cells.to_pylist() if row["cohort_size"]]
    assert {row["age_periods"] for row in cohorts if row["numerator"]} == set(edges)
    assert sum(row["numerator"] or 0 for row in cohorts) == len(edges) ** 2


def shop_of(buys, as_of, **settings):
    """A shop from ``{customer: [day or wall time, ...]}``; every order brings 10.00 and earns 4.00."""
    orders = []
    for customer, moments in buys.items():
        for moment in moments:
            at = datetime.fromisoformat(str(moment))
            orders.append(Order(customer, at, Decimal(10), Decimal(4)))
    return Shop(tuple(orders), as_of, **settings)


def percents(table, cohort=None):
    rows = [row for row in table.cells.to_pylist() if cohort in (None, row["cohort"])]
    return [None if row["retention_rate"] is None else int(100 * row["retention_rate"]) for row in rows]


THREE = shop_of(
    {
        "one": ["2024-01-10", "2024-02-10"],
        "five": ["2024-01-10", "2024-06-10"],
        "never": ["2024-01-10"],
    },
    date(2024, 7, 31),
)
TWO_COHORTS = shop_of(
    {f"jan{n}": ["2024-01-05"] + ["2024-02-05"] * (n < 500) for n in range(1000)}
    | {f"feb{n}": ["2024-02-05"] + ["2024-03-05"] * (n < 400) for n in range(500)},
    date(2024, 3, 31),
)


def test_three_customers_back_at_1_at_5_and_never_bounded(open_shop):
    table = cohort_table(open_shop(THREE), cohort_to="2024-01-01")
    assert percents(table) == [100, 33, 0, 0, 0, 33, 0]


def test_three_customers_back_at_1_at_5_and_never_unbounded(open_shop):
    table = cohort_table(open_shop(THREE), cohort_to="2024-01-01", mode="unbounded")
    assert percents(table) == [100, 66, 33, 33, 33, 33, 0]


def test_three_customers_streak_range_and_two_orders(open_shop):
    dataset = open_shop(THREE)
    assert percents(cohort_table(dataset, cohort_to="2024-01-01", mode="streak")) == [100, 33, 0, 0, 0, 0, 0]
    ranges = cohort_table(dataset, cohort_to="2024-01-01", mode="range", brackets="1-3,4-6")
    assert percents(ranges) == [33, 33]
    assert not any(percents(cohort_table(dataset, cohort_to="2024-01-01", min_orders=2)))


def test_pooled_is_60_and_simple_mean_65_percent_for_1000_to_500_and_500_to_400(open_shop):
    table = cohort_table(open_shop(TWO_COHORTS), age_from=1, age_to=1, cohort_to="2024-02-01")
    assert table.pooled["retention_rate"].to_pylist() == [0.6]
    assert table.pooled["customers"].to_pylist() == [1500]
    assert table.simple_mean["retention_rate"].to_pylist() == [pytest.approx(0.65)]


LOOKALIKES = shop_of(
    {"a": ["2024-01-10"], "b": ["2024-03-05", "2024-04-02"], "c": ["2024-04-10"]}, date(2024, 4, 20)
)


def test_observed_zero_not_yet_observable_and_empty_cohort_are_told_apart(open_shop):
    table = cohort_table(open_shop(LOOKALIKES))
    cells = {(row["cohort"], row["age_periods"]): row for row in table.cells.to_pylist()}
    zero, later, empty = cells["Jan 2024", 1], cells["Mar 2024", 2], cells["Feb 2024", 1]
    assert (zero["status"], zero["retention_rate"], zero["numerator"]) == ("mature", 0.0, 0)
    assert (later["status"], later["retention_rate"], later["numerator"]) == ("not_yet", None, None)
    assert (empty["status"], empty["retention_rate"], empty["cohort_size"]) == ("empty", None, 0)


def test_empty_cohorts_keep_their_rows_whatever_the_smallest_cohort(open_shop):
    table = cohort_table(open_shop(LOOKALIKES))
    assert table.cohorts == ("Jan 2024", "Feb 2024", "Mar 2024", "Apr 2024")
    only_large = cohort_table(open_shop(TWO_COHORTS), smallest_cohort=600)
    assert only_large.cohorts == ("Jan 2024", "Mar 2024")
    assert only_large.pooled["customers"].to_pylist() == [1000, 1000, 1000]


def test_cohorts_begin_with_the_first_order_although_a_subscription_began_earlier(tmp_path):
    (tmp_path / "orders.csv").write_text("who,day\na,2022-03-04\nb,2022-05-05\n")
    (tmp_path / "spans.csv").write_text("who,from,to\na,2021-01-04,\n")
    (tmp_path / "shop.toml").write_text(
        '[orders]\nsource = "orders.csv"\ncolumns = {customer_id = "who", ordered_at = "day"}\n'
        '[subscriptions]\nsource = "spans.csv"\n'
        'columns = {customer_id = "who", started_at = "from", ended_at = "to"}\n'
    )
    table = cohort_table(open_dataset(tmp_path / "shop.toml"))
    sizes = {one["cohort"]: one["cohort_size"] for one in table.cohort_sizes().to_pylist()}
    assert sizes == {"Mar 2022": 1, "Apr 2022": 0, "May 2022": 1}


def test_unfinished_period_is_partial_and_in_no_average(open_shop):
    table = cohort_table(open_shop(LOOKALIKES))
    partial = [row for row in table.cells.to_pylist() if row["status"] == "partial"]
    assert [(row["cohort"], row["age_periods"]) for row in partial] == [
        ("Jan 2024", 3),
        ("Mar 2024", 1),
        ("Apr 2024", 0),
    ]
    assert table.pooled["cohorts"].to_pylist() == [2, 1, 1, 0]
    assert table.simple_mean["cohorts"].to_pylist() == [2, 1, 1, 0]
    assert table.pooled["retention_rate"].to_pylist()[-1] is None
    assert any("is not over" in note for note in table.notes)


def test_a_period_that_ends_on_the_as_of_date_is_finished(open_shop):
    table = cohort_table(open_shop(THREE))
    assert set(table.cells["status"].to_pylist()) == {"mature", "empty"}
    assert not any("not over" in note for note in table.notes)


def test_last_observable_unbounded_cell_equals_bounded(open_shop):
    dataset = open_shop(LOOKALIKES)
    bounded, unbounded = (
        cohort_table(dataset, mode=mode).cells.to_pylist() for mode in ("bounded", "unbounded")
    )
    for cohort in ("Jan 2024", "Mar 2024", "Apr 2024"):
        seen = [row["status"] in ("mature", "partial") and row["cohort"] == cohort for row in bounded]
        last = max(i for i, is_seen in enumerate(seen) if is_seen)
        assert unbounded[last]["retention_rate"] == bounded[last]["retention_rate"]


def test_attribute_cohort_has_its_rate_over_those_who_finished_the_age(open_shop):
    old = [Order(f"o{n}", datetime(2024, 1, 5), channel="web") for n in range(3)]
    back = [Order("o0", datetime(2024, 2, 5), channel="shop"), Order("o1", datetime(2024, 2, 6))]
    new = [Order("n", datetime(2024, 3, 5), channel="web"), Order("n", datetime(2024, 3, 9))]
    table = cohort_table(open_shop(Shop((*old, *back, *new), date(2024, 3, 31))), cohort_by="channel")
    cells = table.cells.to_pylist()
    assert table.cohorts == ("web",)
    assert [row["cohort_size"] for row in cells] == [4, 4, 4]
    assert [row["eligible"] for row in cells] == [4, 3, 3]
    assert [row["numerator"] for row in cells] == [4, 2, 0]
    assert cells[1]["retention_rate"] == pytest.approx(2 / 3)


def ages(table):
    return {row["age_periods"] for row in table.pooled.to_pylist() if row["numerator"]}


@pytest.mark.parametrize(
    ("first", "later", "age"),
    [
        ("2023-01-31", "2023-02-27", 0),
        ("2023-01-31", "2023-02-28", 1),
        ("2023-01-31", "2023-03-30", 1),
        ("2023-01-31", "2023-03-31", 2),
        ("2024-01-31", "2024-02-28", 0),
        ("2024-01-31", "2024-02-29", 1),
        ("2024-02-29", "2024-03-28", 0),
        ("2024-02-29", "2024-03-29", 1),
        ("2024-02-29", "2025-02-27", 11),
        ("2024-02-29", "2025-02-28", 12),
        ("2023-01-31 12:00", "2023-02-28 11:59", 0),
        ("2023-01-31 12:00", "2023-02-28 12:00", 1),
    ],
)
def test_elapsed_months_clip_at_the_end_of_the_month(open_shop, first, later, age):
    table = cohort_table(open_shop(shop_of({"a": [first, later]}, date(2025, 6, 30))), clock="elapsed")
    assert ages(table) == {0, age}


@pytest.mark.parametrize(
    ("later", "age"),
    [("2024-03-31 12:59", 0), ("2024-03-31 13:00", 1), ("2024-04-01 12:59", 1), ("2024-04-01 13:00", 2)],
)
def test_an_elapsed_day_lasts_24_hours_over_the_night_when_clocks_go_forward(open_shop, later, age):
    shop = shop_of({"a": ["2024-03-30 12:00", later]}, date(2024, 4, 10), time_zone="Europe/Rome")
    assert ages(cohort_table(open_shop(shop), grain="day", clock="elapsed")) == {0, age}


def test_days_without_times_last_a_day_over_the_night_when_clocks_change(open_shop):
    shop = shop_of({"a": ["2024-03-30", "2024-04-01"]}, date(2024, 4, 10), time_zone="Europe/Rome")
    assert ages(cohort_table(open_shop(shop), grain="day", clock="elapsed")) == {0, 2}


def test_a_late_order_in_the_hour_that_autumn_adds_counts_as_a_later_return(open_shop):
    buys = {"a": ["2024-10-26 00:10", "2024-10-28 23:40"]}
    dataset = open_shop(shop_of(buys, date(2024, 10, 28), time_zone="Europe/Rome"))
    later = cohort_table(dataset, grain="day", clock="elapsed", mode="unbounded")
    assert later.pooled["numerator"].to_pylist() == [1, 1, 1]
    bounded = cohort_table(dataset, grain="day", clock="elapsed")
    assert bounded.pooled["numerator"].to_pylist() == [1, 0, 0]


def test_an_age_is_finished_when_summer_time_says_so_although_all_orders_were_in_winter(open_shop):
    buys = {"a": ["2024-03-01 23:30", "2024-03-10 12:00"]}
    dataset = open_shop(shop_of(buys, date(2024, 4, 10), time_zone="Europe/London"))
    table = cohort_table(dataset, grain="day", clock="elapsed", cohort_to="2024-03-01")
    # On 10 April the day ends at 23:00 UTC, half an hour before the 40th day since the order is over.
    assert table.cells["status"].to_pylist()[38:] == ["mature", "partial", "not_yet"]


def test_fixed_set_never_changes_its_composition(open_shop):
    orders = (
        Order("early", datetime(2024, 1, 1), channel="web"),
        Order("late", datetime(2024, 1, 31), channel="shop"),
        Order("next", datetime(2024, 2, 20), channel="shop"),
    )
    table = cohort_table(open_shop(Shop(orders, date(2024, 4, 15))), clock="elapsed", breakdown="channel")
    assert any(table.pooled["composition_changes"].to_pylist())
    assert not any(table.fixed_set["composition_changes"].to_pylist())


@settings(slow, max_examples=4)
@given(data=st.data())
def test_order_of_rows_is_irrelevant(open_shop, data):
    shop = data.draw(shops())
    chosen = data.draw(choices(shop))
    rows = tuple(data.draw(st.permutations(shop.orders)))
    other = replace(shop, orders=rows)
    try:
        table = cohort_table(open_shop(shop), **chosen)
    except (ParameterError, DataError):
        return
    again = cohort_table(open_shop(other), **chosen)
    for name in ("cells", "pooled", "fixed_set", "simple_mean"):
        assert getattr(again, name).equals(getattr(table, name))


@settings(slow, max_examples=4)
@given(shop=shops())
def test_doubling_every_customer_leaves_rates(open_shop, shop):
    twins = tuple(
        replace(order, customer=order.customer + twin) for order in shop.orders for twin in ("", "-twin")
    )
    shops_ = open_shop(shop), open_shop(replace(shop, orders=twins))
    for measure in ("customers", "cumulative_value"):
        once, twice = (cohort_table(dataset, grain="quarter", measure=measure) for dataset in shops_)
        assert twice.cells[once.value_column].equals(once.cells[once.value_column])
        assert twice.pooled[once.value_column].equals(once.pooled[once.value_column])
        assert twice.counts.size.tolist() == (2 * once.counts.size).tolist()


@settings(slow, max_examples=4)
@given(shop=shops(), clock=st.sampled_from(("calendar", "elapsed")))
def test_sizes_sum_to_customers_and_unbounded_covers_bounded_covers_streak(open_shop, shop, clock):
    dataset = open_shop(shop)
    counts = {
        mode: cohort_table(dataset, mode=mode, clock=clock).counts
        for mode in ("unbounded", "bounded", "streak")
    }
    assert counts["bounded"].size.sum() == len({order.customer for order in shop.orders})
    assert (counts["unbounded"].total >= counts["bounded"].total).all()
    assert (counts["bounded"].total >= counts["streak"].total).all()


@settings(slow, max_examples=4)
@given(shop=shops(), clock=st.sampled_from(("calendar", "elapsed")))
def test_money_adds_up_over_segments_ages_and_cohorts_to_the_cent(open_shop, shop, clock):
    dataset = open_shop(shop)
    for measure, wanted in (
        ("revenue", sum(order.amount for order in shop.orders)),
        ("margin", sum(order.margin for order in shop.orders)),
        ("orders", len(shop.orders)),
    ):
        for breakdown in ("", "channel"):
            table = cohort_table(dataset, measure=measure, clock=clock, breakdown=breakdown)
            assert sum(n for n in table.cells["numerator"].to_pylist() if n is not None) == wanted
        merged = table.merged()
        whole = cohort_table(dataset, measure=measure, clock=clock)
        assert merged.cells.equals(whole.cells)
        assert merged.pooled.equals(whole.pooled)


SEGMENTED = Shop(
    (
        Order("a", datetime(2024, 1, 5), Decimal("10.10"), Decimal("-2.00"), "web", "phone"),
        Order("a", datetime(2024, 2, 5), Decimal("20.00"), Decimal("8.00"), "shop", "phone"),
        Order("b", datetime(2024, 1, 7), Decimal("0.00"), Decimal("0.00"), "shop", None),
        Order("b", datetime(2024, 2, 7), Decimal("5.55"), Decimal("1.00"), "web", None),
        Order("c", datetime(2024, 2, 9), Decimal("7.00"), Decimal("3.00"), "it's", "desk"),
    ),
    date(2024, 3, 31),
)


def test_zero_amount_orders_qualify(open_shop):
    table = cohort_table(open_shop(SEGMENTED), measure="orders")
    assert table.counts.total[0].sum() == 5
    assert table.counts.size[0].tolist() == [2, 1, 0]


def test_filtering_customers_leaves_cohorts_and_filtering_orders_moves_them(open_shop):
    dataset = open_shop(SEGMENTED)
    customers = cohort_table(dataset, segment="channel=web")
    orders = cohort_table(dataset, orders="channel=web")
    assert customers.counts.size[0].tolist() == [1, 0, 0]
    assert orders.counts.size[0].tolist() == [1, 1, 0]
    assert "Only customers with channel=web" in " ".join(customers.notes)
    assert "Only orders with channel=web" in " ".join(orders.notes)


def test_customers_without_a_value_form_a_group_of_their_own(open_shop):
    table = cohort_table(open_shop(SEGMENTED), breakdown="device")
    assert table.groups == ("(unknown)", "desk", "phone")
    assert cohort_table(open_shop(SEGMENTED), segment="device=(unknown)").counts.size.sum() == 1


def test_money_is_exact_and_negative_margins_stay_negative(open_shop):
    table = cohort_table(open_shop(SEGMENTED), measure="margin", cohort_to="2024-01-01")
    assert table.cells["numerator"].to_pylist() == [Decimal("-2.0000"), Decimal("9.0000"), Decimal("0.0000")]
    assert table.cells["margin"].to_pylist() == [-2.0, 9.0, 0.0]
    assert table.unit == "money"


def test_cumulative_value_is_margin_per_original_customer_and_revenue_without_margin(open_shop):
    value = cohort_table(open_shop(SEGMENTED), measure="cumulative_value", cohort_to="2024-01-01")
    assert value.cells["cumulative_value_per_customer"].to_pylist() == [-1.0, 3.5, 3.5]
    columns = {"customer_id": "customer", "ordered_at": "bought", "order_id": "receipt", "amount": "paid"}
    plain = open_shop(SEGMENTED, columns=columns, segments=[])
    value = cohort_table(plain, measure="cumulative_value", cohort_to="2024-01-01")
    assert value.cells["cumulative_value_per_customer"].to_pylist()[-1] == pytest.approx(35.65 / 2)
    assert any("since the dataset has no margin" in note for note in value.notes)


AWKWARD_NAMES = (
    'size in "cm"', "vip?", "cohort", "orders", "bucket", "revenue", "first_at", "begun_ages", "word_0",
    "age", "customers", "grp", "attribute", "period index", "'; DROP TABLE orders; --",
)  # fmt: skip


@pytest.mark.parametrize("name", AWKWARD_NAMES)
def test_an_attribute_may_have_any_name_and_any_value(open_shop, name):
    value = """it's "x"?; --"""
    orders = tuple(
        Order(order.customer, order.at, channel=value if order.channel == "web" else order.channel)
        for order in SEGMENTED.orders
    )
    columns = {"customer_id": "customer", "ordered_at": "bought", "order_id": "receipt", name: "channel"}
    dataset = open_shop(Shop(orders, SEGMENTED.as_of), columns=columns, segments=[name])
    table = cohort_table(dataset, breakdown=name, measure="orders")
    assert set(table.groups) == {value, "shop", "it's"}
    for clock in ("calendar", "elapsed"):
        chosen = {"clock": clock, "segment": f"{name}={value}", "orders": f"{name}={value}"}
        assert cohort_table(dataset, **chosen).counts.size[0].tolist() == [1, 1, 0]
        assert cohort_table(dataset, **chosen, measure="orders").counts.total.sum() == 2
    assert cohort_table(dataset, cohort_by=name).cohorts == ("it's", value, "shop")


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"clock": "elapsed", "breakdown": "channel", "min_orders": 2},
        {"segment": "channel=it's", "mode": "unbounded"},
        {"orders": "channel=web", "segment": "device=phone"},
        {"measure": "margin", "clock": "elapsed", "orders": "channel=web"},
        {"measure": "revenue", "segment": "channel=web", "breakdown": "device"},
        {"grain": "day", "mode": "streak", "age_to": 3},
    ],
)
def test_sql_of_a_table_gives_the_same_counts_in_a_plain_engine(open_shop, chosen):
    dataset = open_shop(SEGMENTED)
    table = cohort_table(dataset, **chosen)
    with duckdb.connect() as plain:
        for view, path in (
            ("orders", dataset.orders),
            ("calendar", dataset.store.folder / "calendar.parquet"),
        ):
            plain.execute(f"CREATE VIEW {view} AS FROM '{path}'")
        rows = plain.sql(table.sql).to_arrow_table().to_pylist()
    if table.amounts is None:
        assert sum(row["customers"] for row in rows) == table.counts.size.sum()
        hits = [sum(row[f"hit_{i}"] for row in rows) for i in range(len(table.spans))]
        assert hits == table.counts.total.sum(axis=(0, 1)).tolist()
    else:
        assert sum(row["amount"] for row in rows) == table.counts.total.sum()


def test_cells_carry_the_days_of_their_ages_on_the_calendar_clock_only(open_shop):
    cells = cohort_table(open_shop(LOOKALIKES)).cells.to_pylist()
    assert (cells[1]["cohort_starts_on"], cells[1]["age_starts_on"], cells[1]["age_ends_on"]) == (
        date(2024, 1, 1),
        date(2024, 2, 1),
        date(2024, 2, 29),
    )
    elapsed = cohort_table(open_shop(LOOKALIKES), clock="elapsed").cells
    assert elapsed["age_starts_on"].null_count == elapsed.num_rows


def test_wide_has_a_row_per_cohort_its_size_and_a_column_per_age(open_shop):
    table = cohort_table(open_shop(TWO_COHORTS), age_to=1)
    wide = table.wide()
    assert list(wide.columns) == ["cohort_size", "0", "1"]
    assert wide["cohort_size"].tolist() == [1000, 500, 0]
    assert wide.loc["Jan 2024", "1"] == 0.5
    assert wide.loc["Mar 2024"].isna().tolist() == [False, True, True]


def test_wide_of_an_unknown_group_names_those_there_are(open_shop):
    dataset = open_shop(SEGMENTED)
    with pytest.raises(ParameterError, match="Did you mean 'phone'"):
        cohort_table(dataset, breakdown="device").wide("phones")
    with pytest.raises(ParameterError, match="set breakdown"):
        cohort_table(dataset).wide("phone")


def test_cohort_sizes_name_first_and_last_day_of_each_cohort(open_shop):
    sizes = cohort_table(open_shop(LOOKALIKES)).cohort_sizes().to_pylist()
    assert sizes[1] == {
        "cohort": "Feb 2024",
        "cohort_starts_on": date(2024, 2, 1),
        "cohort_ends_on": date(2024, 2, 29),
        "cohort_size": 0,
    }
    by_device = cohort_table(open_shop(SEGMENTED), cohort_by="device").cohort_sizes().to_pylist()
    assert {row["cohort_ends_on"] for row in by_device} == {None}


def two_groups(one, two):
    """Groups of (back, all) customers who started in January."""
    orders = []
    for group, (back, everyone) in (("one", one), ("two", two)):
        for n in range(everyone):
            orders.append(Order(f"{group}{n}", datetime(2024, 1, 5), Decimal(10 + n % 3), channel=group))
            if n < back:
                orders.append(Order(f"{group}{n}", datetime(2024, 2, 5), Decimal(n % 7), channel=group))
    return Shop(tuple(orders), date(2024, 2, 29))


def test_difference_of_two_groups_of_customers_has_newcombes_interval(open_shop):
    table = cohort_table(open_shop(two_groups((56, 70), (48, 80))), breakdown="channel")
    row = table.differences("one", "two").to_pylist()[1]
    assert (row["first"], row["second"], row["difference"]) == (0.8, 0.6, pytest.approx(0.2))
    assert (round(row["ci_low"], 4), round(row["ci_high"], 4)) == (0.0524, 0.3339)


def test_difference_of_two_groups_in_money_adds_errors_as_squares(open_shop):
    table = cohort_table(
        open_shop(two_groups((56, 70), (48, 80))), breakdown="channel", measure="revenue_per_customer"
    )
    row = table.differences("one", "two").to_pylist()[1]
    pooled = {part["group"]: part for part in table.pooled.to_pylist() if part["age_periods"] == 1}
    errors = [pooled[name]["ci_high"] - pooled[name]["revenue_per_customer"] for name in ("one", "two")]
    assert row["ci_high"] - row["difference"] == pytest.approx(math.hypot(*errors))
    assert row["difference"] - row["ci_low"] == pytest.approx(math.hypot(*errors))


@pytest.mark.parametrize(
    ("chosen", "error", "says"),
    [
        ({"gain": "month"}, ParameterError, "Did you mean 'grain'"),
        ({"grain": "fortnight"}, ParameterError, "one of day, week, month, quarter, year"),
        ({"measure": "revenue", "mode": "unbounded"}, ParameterError, "counts customers"),
        ({"measure": "orders", "mode": "streak"}, ParameterError, "counts customers"),
        ({"measure": "revenue", "min_orders": 2}, ParameterError, "sums over all orders"),
        ({"age_from": 3, "age_to": 2}, ParameterError, "is before age_from"),
        ({"age_from": 50}, ParameterError, "beyond the data, which reach age 3 in months"),
        ({"mode": "range", "brackets": "50-60"}, ParameterError, "beyond the data"),
        ({"cohort_from": "2025-01-01"}, ParameterError, "The data run from 2024-01-01 to 2024-04-20"),
        ({"cohort_to": "2023-01-01"}, ParameterError, "No month starts between"),
        ({"breakdown": "chanel"}, ColumnError, "Did you mean 'channel'"),
        ({"segment": "city=Rome"}, ColumnError, "It has: device, channel|It has: channel, device"),
        ({"orders": "city=Rome"}, ColumnError, "no order attribute 'city'"),
        ({"segment": "channel=fax"}, DataError, "No customer is left"),
        ({"orders": "channel=fax"}, DataError, "No customer is left"),
        (
            {"orders": "channel=fax", "breakdown": "channel", "measure": "orders"},
            DataError,
            "No customer is left",
        ),
    ],
)
def test_what_cannot_be_computed_says_why(open_shop, chosen, error, says):
    with pytest.raises(error, match=says):
        cohort_table(open_shop(LOOKALIKES), **chosen)


def test_measures_of_money_say_when_there_is_no_money(open_shop):
    columns = {"customer_id": "customer", "ordered_at": "bought", "order_id": "receipt"}
    dataset = open_shop(LOOKALIKES, columns=columns, segments=[])
    for measure in ("revenue", "revenue_per_customer", "cumulative_value"):
        with pytest.raises(DataError, match="has no amounts"):
            cohort_table(dataset, measure=measure)
    with pytest.raises(DataError, match="has no margin"):
        cohort_table(dataset, measure="margin")
    assert cohort_table(dataset, measure="orders").counts.total.sum() == 4


def test_a_dataset_without_attributes_says_so(open_shop):
    frame = pa.table({"customer_id": ["a"], "ordered_at": [datetime(2024, 1, 1)]})
    with pytest.raises(ColumnError, match="It has none; map one"):
        cohort_table(open_dataset(frame, time_zone="UTC"), breakdown="channel")


def test_a_table_of_too_many_cells_is_refused_before_it_is_computed(open_shop):
    dataset = open_shop(shop_of({"a": ["2020-01-01", "2024-01-01"]}, date(2024, 1, 1)))
    with pytest.raises(ParameterError, match="would have 2,137,444 cells"):
        cohort_table(dataset, grain="day")


def test_notes_tell_small_cohorts_the_inferred_date_and_the_last_new_customer(open_shop):
    shop = shop_of({"a": ["2024-01-01"], "b": ["2024-01-02", "2024-03-02"], "c": ["2024-02-01"]}, None)
    notes = " ".join(cohort_table(open_shop(shop, as_of=""), smallest_cohort=2).notes)
    assert "The as-of date, 2024-03-02, is that of the last order" in notes
    assert "1 cohort is left out for having fewer than 2 customers" in notes
    assert "No customer was new after Feb 2024" in notes
    assert "Later returns are still to come" in " ".join(
        cohort_table(open_shop(THREE), mode="unbounded").notes
    )


def test_a_long_time_without_any_order_before_the_as_of_date_is_told(open_shop):
    shop = shop_of({"a": ["2024-01-01"], "b": ["2024-01-02"]}, date(2024, 6, 30))
    assert any(
        note.startswith("The last order is of 2024-01-02: in the 180 days")
        for note in cohort_table(open_shop(shop)).notes
    )
    soon = shop_of({"a": ["2024-01-01"], "b": ["2024-01-02"]}, date(2024, 1, 31))
    assert not any(note.startswith("The last order") for note in cohort_table(open_shop(soon)).notes)


def test_an_attribute_with_too_many_values_is_refused_with_their_number():
    frame = pa.table(
        {
            "customer": [f"c{n}" for n in range(60)],
            "bought": [date(2024, 1, 1)] * 60,
            "coupon": [f"coupon {n}" for n in range(60)],
        }
    )
    columns = {"customer_id": "customer", "ordered_at": "bought", "coupon": "coupon"}
    dataset = open_dataset(frame, columns=columns, segments=["coupon"], as_of="2024-03-31")
    with pytest.raises(ParameterError, match="coupon has 60 values; up to 50"):
        cohort_table(dataset, breakdown="coupon")
    assert len(cohort_table(dataset, cohort_by="coupon").cohorts) == 60
