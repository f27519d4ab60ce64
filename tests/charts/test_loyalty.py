"""The chart of loyalty: every group of every comparison, in order, beside the naive reading."""

from dataclasses import replace
from functools import cache

import pytest
from chart_parts import data, require_complete

from retention_kit import formats, open_dataset
from retention_kit.charts import loyalty as drawn
from retention_kit.measures.landmark import landmark_comparison
from retention_kit.measures.landmark_result import Outcome


@cache
def compared(by, **options):
    return landmark_comparison(open_dataset("shop"), by=by, **options)


def test_no_comparison_is_no_chart():
    assert drawn.loyalty([]) is None


def test_groups_nobody_of_whom_was_followed_are_no_chart():
    found = compared("channels", landmark_days=800, horizon_days=200)
    nobody = Outcome("repurchased", {}, 200, ())
    assert drawn.loyalty([replace(found, repurchased=nobody, naive_repurchased=None)]) is None


def test_every_group_has_its_share_interval_and_customers():
    found = [compared("complaint"), compared("channels")]
    chart = drawn.loyalty(found)
    require_complete(chart)
    points = {one["row"]: one for one in data(chart, "groups")}
    for one in found:
        for row in one.repurchased.shares.to_pylist():
            point = points.pop(f"{one.grouping.title}: {row['group']}")
            assert (point["value"], point["ci_low"], point["ci_high"]) == (
                row["share"],
                row["ci_low"],
                row["ci_high"],
            )
            assert point["customers"] == formats.count(row["customers"])
    assert points == {}
    assert chart.table.num_rows == 6
    assert set(chart.table["grouping"].to_pylist()) == {"complaint outcome", "number of channels"}


def test_naive_reading_is_drawn_where_groups_grow_and_explained_then_only():
    grown = drawn.loyalty([compared("channels")])
    naive = {one["row"]: one["value"] for one in data(grown, "naive")}
    shares = compared("channels").naive_repurchased.shares.to_pylist()
    assert naive == {f"number of channels: {row['group']}": row["share"] for row in shares}
    assert "hollow: groups by their whole history" in grown.subtitle
    fixed = drawn.loyalty([compared("country")])
    assert data(fixed, "naive") == []
    assert "hollow" not in fixed.subtitle


def test_groupings_are_set_apart_by_an_empty_row():
    chart = drawn.loyalty([compared("complaint"), compared("channels"), compared("nps")])
    (layer, *_) = chart.spec["layer"]
    names = layer["encoding"]["y"]["scale"]["domain"]
    assert len(names) == len(set(names)) == 11
    assert [not name.strip() for name in names] == [*[False] * 3, True, *[False] * 3, True, *[False] * 3]


def test_title_names_those_that_differ_by_more_than_chance_among_all():
    found = [compared("nps"), compared("complaint"), compared("channels"), compared("products")]
    assert drawn.loyalty(found).title == (
        "Loyalty differs by complaint outcome, number of channels and number of product types"
    )
    more = [*found, compared("satisfaction"), compared("programme")]
    assert drawn.loyalty(more).title == "Loyalty differs by number of channels and number of product types"
    alike = "No group is clearly more loyal than the one it is compared with"
    assert drawn.loyalty(found[:1]).title == alike


def test_reader_is_told_when_customers_have_left_and_from_when_on_they_are_followed():
    found = compared("channels", threshold_days=200, landmark_days=60, horizon_days=365)
    assert drawn.loyalty([found]).subtitle.startswith(
        "share who ordered again in the 365 days after day 60 from the first order, of those still there · "
        "left: 200 days without an order"
    )
    contracts = drawn.loyalty([compared("country", basis="subscriptions")]).subtitle
    assert "without an order" not in contracts
    assert contracts.startswith("share still customers 180 days after day 90 from the first subscription")


def test_difference_is_told_with_both_shares_and_its_interval():
    found = compared("channels")
    two, one = (formats.value(found.repurchased.share(group).value, "share") for group in ("2", "1"))
    apart = formats.with_interval(found.repurchased.difference, "share", sign=True)
    assert drawn.told_apart(found) == (
        f"Number of channels: {two} of customers of two channels ordered again within 180 days, against "
        f"{one} of customers of one channel: {apart}."
    )
    contracts = compared("country", basis="subscriptions")
    assert " were still there 180 days later, against " in drawn.told_apart(contracts)


@pytest.mark.parametrize("names", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_list_reads_as_one(names):
    assert drawn.listed(names) == {1: "a", 2: "a and b", 3: "a, b and c"}[len(names)]
