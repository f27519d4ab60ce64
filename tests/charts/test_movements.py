"""Charts of movements: every bar, point and sentence is a number of the measure's tables."""

from datetime import timedelta
from functools import cache

import pytest
from chart_parts import data, require_complete

from retention_kit import formats, open_dataset
from retention_kit.charts import movements as drawn
from retention_kit.charts.theme import LIGHT
from retention_kit.measures.mix_or_rate import mix_or_rate
from retention_kit.measures.movements import customer_movements
from retention_kit.measures.stickiness import stickiness


@cache
def moved(name="cdnow", **options):
    return customer_movements(open_dataset(name), **options)


@cache
def split(**options):
    return mix_or_rate(open_dataset("shop"), **options)


@cache
def often(**options):
    return stickiness(open_dataset("cdnow"), **options)


def chart_of(found, index=-1, events=None):
    return drawn.movements(found, index=found.total["period_index"][index].as_py(), events=events)


def test_bars_of_every_period_stand_on_each_other_and_end_at_the_counts():
    found = moved()
    chart = chart_of(found)
    require_complete(chart)
    bars = {(bar["when"], bar["kind"]): bar for bar in data(chart, "moves")}
    for row in found.total.to_pylist():
        new, back, gone = (bars[row["period"], kind] for kind in ("new", "came back", "fell silent"))
        assert (new["low"], new["high"]) == (0, row["new"])
        assert (back["low"], back["high"]) == (row["new"], row["new"] + row["resurrected"])
        assert (gone["low"], gone["high"]) == (-row["dormant"], 0)
        assert new["start"][:10] == str(row["starts_on"])
        assert new["end"][:10] == str(row["ends_on"] + timedelta(days=1))
    assert len(bars) == 3 * found.total.num_rows
    assert chart.table is found.total


def test_line_is_the_net_change_in_the_middle_of_each_period():
    found = moved()
    for point, row in zip(data(chart_of(found), "net"), found.total.to_pylist(), strict=True):
        assert (point["when"], point["value"]) == (row["period"], row["net"])
        assert str(row["starts_on"]) <= point["middle"][:10] <= str(row["ends_on"])
        assert point["text"] == formats.signed(row["net"])


def test_title_tells_the_period_measured_and_a_frame_marks_its_bars():
    found = moved(grain="quarter")
    chart = chart_of(found, 4)
    row = found.total.to_pylist()[4]
    assert chart.title == (
        f"1998 Q1: {row['resurrected']} customers came or came back, {row['dormant']} fell silent"
    )
    assert {bar["when"] for bar in data(chart, "moves") if bar["shown"]} == {"1998 Q1"}
    assert "framed: 1998 Q1" in chart.subtitle
    assert f"{row['retained']} stayed" in chart.description


def test_period_that_is_not_over_is_pale_and_said_to_be():
    dataset = open_dataset("cdnow", as_of="1998-06-10")
    chart = chart_of(customer_movements(dataset))
    assert {bar["when"] for bar in data(chart, "moves") if bar["partial"]} == {"Jun 1998"}
    assert "pale: not over yet" in chart.subtitle
    assert data(chart, "net")[-1]["state"] == "not over yet: seen so far"
    assert "pale" not in chart_of(moved()).subtitle


@pytest.mark.parametrize("index", [0, 30, 200, -1])
def test_of_many_periods_sixty_are_drawn_and_the_one_measured_is_among_them(index):
    found = moved(grain="day")
    chart = chart_of(found, index)
    assert len(data(chart, "net")) == 60
    assert {bar["when"] for bar in data(chart, "moves") if bar["shown"]} == {
        found.total["period"][index].as_py()
    }
    assert chart.subtitle.endswith(f"60 of {found.total.num_rows} days; the table holds all")
    assert chart.table.num_rows == found.total.num_rows
    require_complete(chart)


def test_kinds_have_their_colours_in_the_order_of_the_legend():
    color = next(layer for layer in chart_of(moved()).spec["layer"] if layer["mark"]["type"] == "rect")
    scale = color["encoding"]["color"]["scale"]
    assert scale["domain"] == ["new", "came back", "fell silent"]
    assert scale["range"] == [LIGHT.groups[0], LIGHT.groups[2], LIGHT.groups[1]]


def test_events_within_the_periods_are_drawn():
    dataset = open_dataset("shop")
    chart = drawn.movements(moved("shop"), index=30, events=dataset.events)
    assert [mark["label"] for mark in data(chart, "events")] == dataset.events["label"].to_pylist()
    assert data(chart_of(moved()), "events") == []


def test_bars_are_exactly_and_the_line_at_least_so_many_parts():
    found = often(grain="quarter", sub_grain="month")
    chart = drawn.stickiness(found, index=0, level=0.95)
    require_complete(chart)
    for row in found.period(0).to_pylist():
        for kind in ("exactly", "at_least"):
            (mark,) = [one for one in data(chart, kind) if one["k"] == row["active_periods"]]
            assert mark["value"] == row[f"{kind}_share"]
            assert (mark["ci_low"], mark["ci_high"]) == tuple(
                row[f"{kind}_share_ci_{end}"] for end in ("low", "high")
            )
            assert mark["customers"] == formats.count(row[kind])
    share = formats.value(found.period(0).to_pylist()[1]["at_least_share"], "share")
    assert chart.title == f"1997 Q1: {share} ordered in two or more different months"


def test_parts_that_nobody_reached_are_left_out_of_the_drawing():
    found = often(grain="month", sub_grain="day")
    chart = drawn.stickiness(found, index=0, level=0.95)
    most = max(row["active_periods"] for row in found.period(0).to_pylist() if row["exactly"])
    assert max(one["k"] for one in data(chart, "at_least")) == most < 31
    assert chart.table.num_rows == 31
    assert "ordered on two or more different days" in chart.title


def test_parts_of_a_period_without_customers_are_no_marks():
    found = stickiness(open_dataset("cdnow", as_of="1997-06-30"), grain="week", sub_grain="day", level=0.95)
    empty = {row["period_index"] for row in found.table.to_pylist() if not row["customers"]}
    for index in empty or {0}:
        require_complete(drawn.stickiness(found, index=index, level=0.95))


@pytest.mark.parametrize("attribute", ["", "country"])
def test_parts_of_the_change_add_up_to_what_is_drawn_for_all(attribute):
    found = split(attribute=attribute)
    chart = drawn.mix_or_rate(found, level=0.95)
    require_complete(chart)
    parts = data(chart, "parts")
    for part in ("mix", "rate"):
        (whole,) = [one for one in parts if (one["row"], one["part"]) == ("all together", part)]
        each = [one["value"] for one in parts if one["row"] != "all together" and one["part"] == part]
        assert whole["value"] == pytest.approx(sum(each))
        assert whole["value"] == pytest.approx(100 * getattr(found, part).value)
    assert chart.description == found.sentence
    assert (attribute or "new or known") in chart.subtitle


@pytest.mark.parametrize(
    ("verdict", "title"),
    [
        ("mix", "Other customers, rather than another rate, changed retention"),
        ("rate", "The rate itself changed, rather than the customers"),
        ("unclear", "Whether mix or rate changed retention cannot be told"),
    ],
)
def test_title_is_the_verdict(verdict, title):
    from dataclasses import replace

    assert drawn.mix_or_rate(replace(split(), verdict=verdict), level=0.95).title == title
