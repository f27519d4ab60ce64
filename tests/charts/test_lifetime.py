"""Charts of lifetime value: what is drawn is what was computed, and values carry their assumptions."""

from datetime import date
from functools import cache
from itertools import pairwise

import pytest
from chart_parts import data, require_complete

from retention_kit import cohort_table, formats, open_dataset
from retention_kit.charts import lifetime as drawn
from retention_kit.charts import lifetime_cells, lifetime_histories, lifetime_tested
from retention_kit.charts import lifetime_words as words
from retention_kit.charts.chart import picture
from retention_kit.charts.drawings import lifetime as room
from retention_kit.charts.drawings import lifetime_tested as other_room
from retention_kit.planning.forecast_cells import forecast_cells
from retention_kit.planning.lifetime_value import valued_customers

COHORTS_DRAWN = 26


@cache
def valued(dataset="shop", **asked):
    return valued_customers(open_dataset(dataset), **asked)


@cache
def value(**changes):
    return valued(breakdown="channel").value(**changes)


@cache
def foreseen(dataset="shop", grain="quarter"):
    opened = open_dataset(dataset)
    table = cohort_table(opened, grain=grain)
    return table, forecast_cells(opened, table, fit=valued(dataset, breakdown="channel").fit)


@cache
def all_charts():
    found, test = value(), valued(breakdown="channel").back_test
    charts = [
        drawn.distribution(found),
        drawn.concentration(found),
        drawn.by_group(found, attribute="channel"),
        drawn.by_cohort(found),
        drawn.curve(found),
        lifetime_histories.alive_map(found),
        lifetime_histories.purchases_map(found),
        lifetime_cells.foreseen_cells(*foreseen()),
        lifetime_tested.weekly(test),
        lifetime_tested.cumulative(test),
        lifetime_tested.by_decile(test),
        lifetime_tested.by_frequency(test),
    ]
    return {chart.name: chart for chart in charts}


def test_every_drawing_is_filled_in_and_can_be_drawn():
    assert set(all_charts()) == {*room.__all__, *other_room.__all__}
    for chart in all_charts().values():
        require_complete(chart)
        assert chart.description.startswith(chart.title)
        assert chart.table.num_rows
        assert picture(chart.spec, dark=True).startswith("<svg")


def test_bars_hold_every_customer():
    bars = data(all_charts()["value_distribution"], "bars")
    assert sum(bar["customers"] for bar in bars) == pytest.approx(value().customers)
    assert all(a["high"] == b["low"] for a, b in pairwise(bars))
    assert bars[-1]["between"].endswith("and more")


def test_marked_point_is_on_the_curve_of_concentration():
    chart = all_charts()["value_concentration"]
    (half,) = data(chart, "half")
    curve = data(chart, "curve")
    below = max(row["value"] for row in curve if row["share"] <= half["share"])
    above = min(row["value"] for row in curve if row["share"] >= half["share"])
    assert below <= 0.5 <= above
    assert formats.value(half["share"], "share") in chart.title


def test_groups_stand_in_the_order_of_their_value_with_the_mean_of_all():
    chart = all_charts()["value_by_group"]
    rows = data(chart, "groups")
    assert [row["value"] for row in rows] == sorted((row["value"] for row in rows), reverse=True)
    assert data(chart, "mean") == [{"value": value().per_customer.value}]
    assert chart.title.startswith(f"By channel: {rows[0]['row']} ")
    assert drawn.by_group(value(), attribute="") is None


def test_value_curve_ends_at_the_value_and_shows_what_a_customer_costs():
    chart = all_charts()["value_curve"]
    rows = data(chart, "curve")
    today = [row["value"] for row in rows if row["group"] == "today's customers"]
    assert today[0] == 0
    assert today[-1] == pytest.approx(value().per_customer.value)
    (cost,) = data(chart, "cost")
    assert cost["value"] == value().payback.acquisition_cost
    assert data(chart, "payback") == []  # the first order pays


def test_payback_is_marked_where_it_takes_months():
    thin = value(margin=0.1)
    assert thin.payback.month > 0
    (mark,) = data(drawn.curve(thin), "payback")
    assert mark["value"] == thin.payback.month
    below = thin.curve_of_new["value_per_customer"][thin.payback.month - 1].as_py()
    reached = thin.curve_of_new["value_per_customer"][thin.payback.month].as_py()
    assert below < thin.payback.acquisition_cost <= reached


def test_maps_show_the_grid_and_name_each_silence_once():
    chart, grid = all_charts()["alive_map"], value().grid
    cells = data(chart, "cells")
    assert [cell["value"] for cell in cells] == grid["probability_alive"].to_pylist()
    assert len({cell["column"] for cell in cells}) == len(set(grid["silence_weeks"].to_pylist()))
    purchases = [cell["value"] for cell in data(all_charts()["purchases_map"], "cells")]
    assert purchases == grid["expected_purchases"].to_pylist()


def test_silences_of_a_few_days_have_a_decimal():
    named = lifetime_histories._named([0.0, 0.4, 0.8, 1.2])
    assert list(named.values()) == ["0.0", "0.4", "0.8", "1.2"]


def test_contracts_have_no_silence_to_read():
    found = valued(basis="subscriptions").value()
    assert lifetime_histories.alive_map(found) is None
    assert lifetime_histories.purchases_map(found) is None
    assert words.measured(found) == "revenue"


def test_weeks_of_the_test_add_up_and_the_known_ones_end_at_its_day():
    test = valued(breakdown="channel").back_test
    weekly = data(all_charts()["test_weekly"], "weeks")
    came = sum(row["value"] for row in weekly if row["group"] == "came")
    assert came == test.tracking["cumulative_actual"][-1].as_py()
    assert data(all_charts()["test_weekly"], "known")[0]["start"].startswith(test.calibration_end.isoformat())
    assert f"{came:,} repeat purchases came" in all_charts()["test_cumulative"].title


def test_calibration_shows_what_came_with_its_interval_and_what_was_foreseen():
    test = valued(breakdown="channel").back_test
    parts = data(all_charts()["test_by_decile"], "parts")
    foreseen_ones = [row["value"] for row in parts if row["group"] == "foreseen"]
    assert foreseen_ones == test.deciles["expected_per_customer"].to_pylist()
    rows = test.deciles.to_pylist()
    inside = sum(row["ci_low"] <= row["expected_per_customer"] <= row["ci_high"] for row in rows)
    assert all_charts()["test_by_decile"].title.startswith(f"In {inside} of 10 tenths")


def test_cells_seen_and_foreseen_never_overlap_and_the_running_period_is_blank():
    table, found = foreseen()
    cells = data(all_charts()["foreseen_cells"], "cells")
    places = [(cell["row"], cell["column"]) for cell in cells]
    assert len(places) == len(set(places))
    seen = {(cell["row"], cell["column"]) for cell in cells if not cell["foreseen"]}
    status = {(row["cohort"], row["age_label"]): row["status"] for row in table.cells.to_pylist()}
    assert {status[place] for place in seen} == {"mature"}
    ahead = {(row["cohort"], row["age_label"]) for row in found.cells.to_pylist()}
    assert {place for place in places if place not in seen} <= ahead
    assert not any(cell["dark"] for cell in cells if cell["foreseen"])


def test_of_many_cohorts_the_newest_are_drawn_and_all_are_in_the_table():
    table, found = foreseen(grain="month")
    chart = lifetime_cells.foreseen_cells(table, found)
    assert len({cell["row"] for cell in data(chart, "cells")}) <= COHORTS_DRAWN
    assert "the newest 26 cohorts; the table holds all" in chart.subtitle
    assert len(set(chart.table["cohort"].to_pylist())) > COHORTS_DRAWN


def test_a_table_without_forecast_has_no_chart():
    opened = open_dataset("shop")
    table = cohort_table(opened, grain="quarter", mode="unbounded")
    found = forecast_cells(opened, table, fit=valued(breakdown="channel").fit)
    assert found.reason
    assert lifetime_cells.foreseen_cells(table, found) is None


def test_every_value_says_margin_rate_and_horizon_and_where_they_come_from():
    assert words.assumed(value()) == (
        "12 months ahead · margin 42.1 %, as the dataset says · 8.0 % a year off, as the dataset says · "
        "in EUR"
    )
    chosen = words.assumed(value(margin=0.5, discount_rate=0.2, horizon=1))
    assert chosen == "1 month ahead · margin 50.0 %, as chosen · 20.0 % a year off, as chosen · in EUR"
    cdnow = valued("cdnow", model="bg_nbd", calibration_end=date(1997, 9, 30)).value()
    assert words.assumed(cdnow) == (
        "12 months ahead · revenue, as no margin is known · 10.0 % a year off, assumed · in USD"
    )
    assert drawn.by_cohort(cdnow) is None
    assert words.held_title(cdnow) == "All customers began in 1997 Q1"
