"""The chart of a target: the path is straight, and the points are the scorecard's."""

from functools import cache

import pytest
from chart_parts import data, require_complete

from retention_kit import formats, open_dataset
from retention_kit.charts import targets as drawn
from retention_kit.charts.theme import LIGHT
from retention_kit.measures.scorecard_targets import target_path


@cache
def path(metric="retention_rate", **options):
    return target_path(open_dataset("shop"), metric, **options)


def chart_of(found):
    return drawn.target_path(found, currency="EUR", level=0.95)


@pytest.mark.parametrize(
    ("metric", "goal", "unit"),
    [
        ("retention_rate", 0.4, "share"),
        ("average_order_value", 80, "money"),
        ("net_promoter_score", 0.5, "points"),
    ],
)
def test_path_and_points_are_the_measured_ones(metric, goal, unit):
    found = path(metric, goal=goal, due="2025-06-30")
    chart = chart_of(found)
    require_complete(chart)
    rows = found.table.to_pylist()
    assert [(one["start"][:10], one["value"]) for one in data(chart, "path")] == [
        (str(row["starts_on"]), row["path"]) for row in rows
    ]
    seen = [row for row in rows if row["actual"] is not None]
    for point, row in zip(data(chart, "actual"), seen, strict=True):
        assert (point["value"], point["when"]) == (row["actual"], row["period"])
        assert (point.get("ci_low"), point.get("ci_high")) == (row["ci_low"], row["ci_high"])
        assert point["text"] == formats.value(row["actual"], unit, currency="EUR")
        assert point["behind"] == (row["status"] == "behind")
    assert len(seen) < len(rows)
    assert chart.description == found.sentence
    assert chart.table is found.table


@pytest.mark.parametrize(
    ("goal", "standing"),
    [(0.05, "ahead of the path"), (0.31, "not clearly off the path"), (0.9, "behind the path")],
)
def test_title_says_where_the_metric_stands(goal, standing):
    found = path(goal=goal)
    said = formats.value(goal, "share")
    assert chart_of(found).title == (
        f"Customer retention rate: 31.0 % (Dec 2024), {standing} to {said} by Dec 2024"
    )


def test_points_clearly_behind_are_orange():
    points = [layer for layer in chart_of(path()).spec["layer"] if layer["mark"]["type"] == "point"]
    color = points[0]["encoding"]["color"]
    assert color["condition"] == {"test": "datum.behind", "value": LIGHT.warn}
    assert color["value"] == LIGHT.accent
    assert any(one["behind"] for one in data(chart_of(path(goal=0.9)), "actual"))


def test_axis_is_in_the_unit_of_the_metric():
    axis = {
        metric: chart_of(path(metric)).spec["layer"][0]["encoding"]["y"]["axis"]["format"]
        for metric in ("retention_rate", "net_promoter_score", "average_order_value")
    }
    assert axis == {"retention_rate": ".0%", "net_promoter_score": ".0%", "average_order_value": "~s"}


def test_subtitle_has_the_as_of_date_and_a_path_that_just_began_says_so():
    chart = chart_of(path())
    assert chart.subtitle.startswith("dashed: from Dec 2023 to the target")
    assert chart.subtitle.endswith("as of 2024-12-31")
    begun = chart_of(path(baseline="2024-12-01", due="2025-12-31"))
    assert "at the beginning of the path to 35.0 % by Dec 2025" in begun.title
