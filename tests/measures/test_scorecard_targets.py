"""Targets: a straight path from baseline to goal, and where the actual values stand."""

from datetime import date

import pytest

from retention_kit import open_dataset
from retention_kit.errors import ParameterError
from retention_kit.measures.scorecard import scorecard
from retention_kit.measures.scorecard_targets import target_path


def test_the_path_is_straight_and_ends_at_the_goal_in_periods_yet_to_come():
    path = target_path(open_dataset("cdnow"), "purchase_frequency", goal=2.0, grain="quarter")
    rows = path.table.to_pylist()
    tile = scorecard(open_dataset("cdnow"), grain="quarter").tiles["purchase_frequency"]
    line = tile.sparkline["value"].to_pylist()
    assert [row["period"] for row in rows] == ["1997 Q4", "1998 Q1", "1998 Q2", "1998 Q3", "1998 Q4"]
    assert rows[-1]["starts_on"] == date(1998, 10, 1)
    assert [row["path"] for row in rows] == pytest.approx(
        [line[3] + (2.0 - line[3]) * n / 4 for n in range(5)]
    )
    assert [row["actual"] for row in rows] == [*line[3:6], None, None]
    assert rows[1]["gap"] == pytest.approx(line[4] - rows[1]["path"])
    assert rows[3]["gap"] is rows[3]["status"] is None
    assert (path.baseline, path.due, path.goal) == ("1997 Q4", "1998 Q4", 2.0)


def test_status_is_ahead_or_behind_only_where_the_interval_leaves_the_path():
    dataset = open_dataset("shop")
    for goal in (0.05, 0.3, 0.9):
        path = target_path(dataset, "retention_rate", goal=goal, baseline="2024-01-01", due="2024-06-30")
        for row in path.table.to_pylist()[1:]:
            wanted = "on the path"
            if row["ci_low"] > row["path"]:
                wanted = "ahead"
            elif row["ci_high"] < row["path"]:
                wanted = "behind"
            assert row["status"] == wanted
    assert path.table["status"].to_pylist()[-1] == "behind"
    assert path.sentence == (
        "Customer retention rate: the path leads from 20.5 % in Jan 2024 to 90.0 % in Jun 2024. In Jun 2024 "
        "it asks for 90.0 %; the actual value, 29.0 % (23.8 to 34.9 %), is behind it."
    )
    churn = target_path(dataset, "churn_rate", goal=0.95, baseline="2024-01-01", due="2024-06-30")
    assert churn.table["status"].to_pylist()[-1] == "ahead"  # less churn than allowed


def test_an_exact_count_needs_no_interval():
    path = target_path(open_dataset("cdnow"), "orders", goal=1.0, grain="quarter", baseline="1997-10-01")
    assert path.table["ci_low"].null_count == path.table.num_rows
    assert path.table["status"].to_pylist()[:3] == ["on the path", "ahead", "ahead"]


def test_without_a_goal_the_datasets_target_is_meant():
    path = target_path(open_dataset("shop"), "satisfaction")
    assert (path.goal, path.due) == (0.75, "Dec 2024")
    assert path.baseline == "Dec 2023"


def test_the_baseline_is_the_first_period_with_a_value_where_the_year_has_none_before():
    path = target_path(open_dataset("cdnow", as_of="1997-09-30"), "retention_rate", goal=0.5)
    assert (path.baseline, path.due) == ("Feb 1997", "Dec 1997")


def test_what_cannot_be_drawn_is_refused():
    dataset = open_dataset("cdnow")
    with pytest.raises(ParameterError, match=r"There is no goal for orders.*targets"):
        target_path(dataset, "orders")
    with pytest.raises(ParameterError, match=r"'ordrs' has no values over time\. Did you mean 'orders'"):
        target_path(dataset, "ordrs", goal=1)
    with pytest.raises(ParameterError, match="'engagement_index' has no values over time"):
        target_path(dataset, "engagement_index", goal=1)
    with pytest.raises(ParameterError, match="leave no period between them"):
        target_path(dataset, "orders", goal=1, baseline="1998-05-01", due="1998-05-30")
    with pytest.raises(ParameterError, match="leave no period between them"):
        target_path(dataset, "orders", goal=1, baseline="1996-05-01")
    with pytest.raises(ParameterError, match="due='soon' is no day"):
        target_path(dataset, "orders", goal=1, due="soon")
    with pytest.raises(ParameterError, match="retention_rate has no value in Jan 1997"):
        target_path(dataset, "retention_rate", goal=1, baseline="1997-01-05")


def test_standing_is_worded_as_a_person_would():
    dataset = open_dataset("shop")
    week = target_path(
        dataset, "retention_rate", goal=0.2, grain="week", baseline="2024-12-02", due="2025-02-01"
    )
    assert "from 9.7 % in the week of 2024-12-02 to 20.0 % in the week of 2025-01-27." in week.sentence
    assert "In the week of 2024-12-23 it asks for " in week.sentence
    assert week.sentence.endswith("is not clearly off it.")
    ahead = target_path(dataset, "retention_rate", goal=0.05, baseline="2024-06-01", due="2024-12-31")
    assert ahead.sentence.endswith("is ahead of it.")
    just = target_path(dataset, "orders", goal=514.0, baseline="2024-10-01", due="2024-12-31")
    assert "In Dec 2024 it asks for 514; the actual value, 514, is just that." in just.sentence
    young = target_path(dataset, "retention_rate", baseline="2024-12-01", due="2025-12-31")
    assert young.sentence.endswith("to 35.0 % in Dec 2025. No period since then is over.")


def test_target_is_of_the_grain_that_the_dataset_says_but_a_goal_is_of_any():
    dataset = open_dataset("shop")
    with pytest.raises(ParameterError, match="are meant for a month, and the periods shown are quarters"):
        target_path(dataset, "retention_rate", grain="quarter")
    assert target_path(dataset, "retention_rate", goal=0.6, grain="quarter").grain == "quarter"
    assert target_path(dataset, "retention_rate").as_of == dataset.as_of
