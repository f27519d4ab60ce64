"""Charts of cadence and churn curves: what is drawn is what was measured."""

from datetime import date
from functools import cache
from pathlib import Path

import pytest

from retention_kit import open_dataset
from retention_kit.charts import cadence as silences
from retention_kit.charts import churn as drawn
from retention_kit.charts import churn_projection
from retention_kit.charts.chart import picture
from retention_kit.charts.drawings import churn as room
from retention_kit.measures.cadence import purchase_cadence
from retention_kit.measures.churn import churn_curves
from retention_kit.measures.survival_lesson import snapshot_lesson


@cache
def cadence(**changes):
    return purchase_cadence(open_dataset("cdnow"), **changes)


@cache
def curves(breakdown="plan", basis="subscriptions", **changes):
    return churn_curves(open_dataset("shop"), basis=basis, breakdown=breakdown, **changes)


def rows(chart, name="curve"):
    return chart.spec["datasets"][name]


def all_charts():
    found = curves()
    diagonals = found.diagonals("month")
    events = open_dataset("shop").events
    return {
        "gap_curve": silences.gap_curve(cadence(), level=0.95),
        "return_chance": silences.return_chance(cadence(), level=0.95),
        "survival": drawn.survival(found),
        "survival_by_group": drawn.survival_by_group(found, attribute="plan"),
        "hazard": drawn.hazard(found, table=found.everyone.hazard(30), grain="month"),
        "calendar_churn": drawn.calendar_churn(
            found, rates=found.rates("month"), grain="month", events=events
        ),
        "diagonals": churn_projection.diagonals(diagonals, asof="as of today"),
        "period_effects": churn_projection.period_effects(
            diagonals, events=events, asof="as of today", level=0.95
        ),
        "snapshot_curves": churn_projection.snapshot_curves(
            snapshot_lesson(Path("sample_data/telco_tenures.csv"))
        ),
    }


def test_every_drawing_is_filled_in_and_can_be_drawn():
    charts = all_charts()
    assert {*charts, "projection"} == set(room.__all__)
    for name, chart in charts.items():
        assert chart.name == name
        assert "@" not in chart.title + chart.subtitle
        assert chart.description.startswith(chart.title)
        assert chart.table.num_rows
        assert picture(chart.spec).startswith("<svg")


def test_points_of_a_curve_are_the_measured_ones():
    curve = curves().everyone
    shown = rows(drawn.survival(curves()))
    assert shown[0]["time"] == 0
    assert shown[-1]["time"] == curve.last_time
    for row in shown:
        assert row["value"] == pytest.approx(float(curve.survival_at(row["time"])))
        assert row["customers"] == curve.at_risk_at([row["time"]])[0]


def test_a_long_curve_is_drawn_in_few_points_and_its_table_holds_all():
    chart = silences.gap_curve(cadence(), level=0.95)
    assert len(rows(chart)) <= 111
    assert chart.table.num_rows == cadence().everyone.curve.num_rows
    assert rows(chart)[-1]["time"] == chart.table.num_rows - 1


def test_days_that_matter_are_marked_where_they_are():
    marks = {row["label"]: row for row in rows(silences.gap_curve(cadence(), level=0.95), "days")}
    every = cadence().everyone
    assert [row["time"] for row in marks.values()] == [
        every.cycle_days.value, every.window_days, every.threshold_days,
    ]  # fmt: skip
    assert [row["chosen"] for row in marks.values()] == [False, False, True]
    (threshold,) = rows(silences.return_chance(cadence(), level=0.95), "days")
    assert threshold["label"] == f"left after {every.threshold_days} days"


def test_days_beyond_the_data_are_not_marked():
    marks = rows(silences.gap_curve(cadence(horizon_days=9999, threshold_days=8888), level=0.95), "days")
    assert [row["label"] for row in marks] == ["cycle: 59 days"]
    assert silences.return_chance(cadence(horizon_days=9999), level=0.95) is None


def test_numbers_at_risk_stand_below_the_axis_one_row_a_group():
    chart = drawn.survival_by_group(curves(), attribute="plan")
    assert [row["text"] for row in rows(chart, "risk_names")] == list(curves().groups)
    assert len({row["below"] for row in rows(chart, "at_risk")}) == len(curves().groups)
    at_start = {row["group"]: row["text"] for row in rows(chart, "at_risk") if row["time"] == 0}
    assert at_start == {name: f"{curve.customers:,}" for name, curve in curves().groups.items()}
    assert "log-rank p < 0.001" in chart.subtitle


def test_without_groups_there_is_no_chart_of_them():
    assert drawn.survival_by_group(curves(breakdown=""), attribute="") is None


def test_of_many_groups_the_largest_are_drawn_and_all_are_in_the_table():
    found = curves(breakdown="product", basis="orders", threshold_days=90)
    chart = drawn.survival_by_group(found, attribute="product")
    drawn_groups = chart.spec["datasets"]["risk_names"]
    assert len(drawn_groups) == min(8, len(found.groups))
    assert set(chart.table["group"].to_pylist()) == set(found.groups)


def test_hazard_begins_where_somebody_can_be_seen_to_leave():
    found = curves(breakdown="", basis="orders", threshold_days=90)
    shown = rows(drawn.hazard(found, table=found.everyone.hazard(30), grain="month"), "periods")
    assert shown[0]["column"] == "61 to 90"


def test_calendar_has_the_complete_periods_and_the_events_between_them():
    chart = all_charts()["calendar_churn"]
    assert {row["status"] for row in rows(chart, "periods")} == {"complete"}
    assert [row["label"] for row in rows(chart, "events")] == [
        "Prices +6 %",
        "Campaign, 14 days",
        "Outage, 3 days",
    ]
    assert "the running month left out" in chart.subtitle
    early = curves(breakdown="", basis="orders", threshold_days=90)
    chart = drawn.calendar_churn(early, rates=early.rates("month"), grain="month", events=None)
    assert "the first 3 months left out: leaving could not be seen throughout" in chart.subtitle
    assert rows(chart, "events") == []


def test_a_calendar_without_a_finished_period_says_so():
    found = churn_curves(open_dataset("cdnow", as_of=date(1997, 3, 1)), threshold_days=50)
    chart = drawn.calendar_churn(found, rates=found.rates("month"), grain="month", events=None)
    assert chart.title == "No month is over in which customers could be seen to leave"
    assert rows(chart, "level") == []


def test_cells_of_the_diagonals_are_pale_where_few_are_expected():
    found = curves().diagonals("month")
    cells = rows(churn_projection.diagonals(found, asof=""), "cells")
    assert all(-1 <= cell["depth"] <= 1 and 0 < cell["certainty"] <= 1 for cell in cells)
    assert len(cells) < found.cells.num_rows


def test_no_period_is_called_clear_where_all_together_are_not():
    found = curves().diagonals("month")
    chart = churn_projection.period_effects(found, events=None, asof="", level=0.95)
    assert chart.title.startswith("No month stands out")
    assert not any(row["clear"] for row in rows(chart, "periods"))


def test_the_snapshot_is_drawn_both_ways():
    chart = all_charts()["snapshot_curves"]
    assert chart.title == "Read naively 84.3 % stay a year; with late entry 0.1 % do"
    at = {(row["group"], row["time"]): row["text"] for row in rows(chart)}
    assert at["read naively", 12] == "84.3 %"
    assert at["with late entry", 1] == "38.0 %"
