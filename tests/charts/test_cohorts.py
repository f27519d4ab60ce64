import json
from itertools import product

import pytest
import shops
import vl_convert

from retention_kit import cohort_table, formats, open_dataset
from retention_kit.charts import cohorts as drawn
from retention_kit.charts.theme import DARK, LIGHT
from retention_kit.errors import ParameterError
from retention_kit.measures.comparison import definitions_compared

MEASURES = ("customers", "orders", "revenue", "margin", "revenue_per_customer", "cumulative_value")
MODES = ("bounded", "unbounded", "range", "streak")
NONSENSE = list(product(MEASURES[1:], ("unbounded", "streak")))


def marks_left(node):
    if isinstance(node, dict):
        return [mark for child in node.values() for mark in marks_left(child)]
    if isinstance(node, list):
        return [mark for child in node for mark in marks_left(child)]
    return [node] if isinstance(node, str) and node.startswith("@") else []


def require_complete(chart):
    """No mark is left, no number JSON does not know, and Vega-Lite compiles it."""
    json.dumps(chart.spec, allow_nan=False)
    assert marks_left(chart.spec) == []
    vl_convert.vegalite_to_vega(chart.spec)


def all_charts(dataset, table):
    made = [
        drawn.heat_map(table),
        drawn.retention_curves(table),
        drawn.age_over_cohorts(table, dataset.events),
        drawn.cohort_sizes(table, dataset.events),
    ]
    if len(table.groups) > 1:
        made.append(drawn.differences(table))
    return made


def data(chart, name):
    return chart.spec["datasets"][name]


def cell(chart, row, age, kind="cell"):
    found = [
        one for one in data(chart, "cells") if (one["row"], one.get("age"), one["kind"]) == (row, age, kind)
    ]
    assert len(found) == 1
    return found[0]


def tooltips(node):
    """The tooltips of each mark of a specification."""
    layers = node.get("layer", [node])
    return [one["encoding"]["tooltip"] for one in layers if "tooltip" in one.get("encoding", {})]


@pytest.mark.parametrize(
    ("measure", "mode"), [pair for pair in product(MEASURES, MODES) if pair not in NONSENSE]
)
def test_every_measure_and_mode_fills_every_chart(opened, table, measure, mode):
    for chart in all_charts(opened("loss"), table("loss", measure=measure, mode=mode)):
        require_complete(chart)


@pytest.mark.parametrize(("measure", "mode"), NONSENSE)
def test_measure_that_has_no_such_mode_says_which_it_has(table, measure, mode):
    with pytest.raises(ParameterError, match="Choose mode=bounded or mode=range"):
        table("loss", measure=measure, mode=mode)


@pytest.mark.parametrize("shop", ["shop", "one", "two", "new", "loss", "nasty"])
@pytest.mark.parametrize("measure", ["customers", "revenue"])
@pytest.mark.parametrize(
    "changes",
    [
        {"breakdown": "channel"},
        {"cohort_by": "channel"},
        {"cohort_by": "channel", "breakdown": "channel"},
        {"clock": "elapsed", "breakdown": "channel"},
    ],
    ids=lambda changes: "-".join(f"{name}={value}" for name, value in changes.items()),
)
def test_every_shop_fills_every_chart(opened, table, shop, measure, changes):
    for chart in all_charts(opened(shop), table(shop, measure=measure, **changes)):
        require_complete(chart)


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "year"])
def test_every_grain_fills_every_chart(opened, table, grain):
    for chart in all_charts(opened("shop"), table(grain=grain)):
        require_complete(chart)


@pytest.mark.parametrize("age", [1, 3, 4])
def test_comparison_of_definitions_fills_its_chart(opened, table, age):
    made = table(age=age)
    compared = definitions_compared(opened("shop"), made.parameters)
    chart = drawn.definitions(made, compared)
    require_complete(chart)
    rows = data(chart, "definitions")
    assert [row["definition"] for row in rows] == [
        row["definition"] for row in compared.to_pylist() if row["retention_rate"] is not None
    ]
    assert [row["chosen"] for row in rows] == [True, *[False] * (len(rows) - 1)]
    texts = [row["text"] for row in sorted(rows, key=lambda row: row["value"])]
    assert chart.title == f"From {texts[0]} to {texts[-1]}: the definition decides"


def test_comparison_without_a_finished_age_says_so(opened, table):
    made = table(grain="quarter")
    chart = drawn.definitions(made, definitions_compared(opened("shop"), made.parameters))
    require_complete(chart)
    assert chart.title == "Nothing can be compared yet: no cohort has finished age 1"
    assert data(chart, "definitions") == []


def test_heat_map_has_all_cohorts_first_and_keeps_the_empty_one(table):
    chart = drawn.heat_map(table())
    rows = ["All cohorts", "Jan 2024", "Feb 2024", "Mar 2024", "Apr 2024", "May 2024", "Jun 2024"]
    assert chart.spec["layer"][0]["encoding"]["y"]["scale"]["domain"] == rows
    assert [one["label"] for one in data(chart, "cells") if one["kind"] == "size"] == [
        "300", "60", "60", "0", "60", "60", "60",
    ]  # fmt: skip
    assert not [one for one in data(chart, "cells") if one["row"] == "Mar 2024" and one["kind"] == "cell"]


def test_of_many_cohorts_and_ages_the_heat_map_draws_some_and_its_table_holds_all(table):
    made = table("daily", grain="day")
    chart = drawn.heat_map(made)
    require_complete(chart)
    encoding = chart.spec["layer"][0]["encoding"]
    assert encoding["y"]["scale"]["domain"] == ["All cohorts", *made.cohorts[-43:]]
    assert encoding["x"]["scale"]["domain"][-1] == "91"
    assert {one["row"] for one in data(chart, "cells")} == set(encoding["y"]["scale"]["domain"])
    assert max(one["age"] for one in data(chart, "cells") if "age" in one) == 91
    assert chart.subtitle.endswith("\n43 newest of 130 cohorts, ages to 91; the table holds all")
    assert chart.table.num_rows == made.cells.num_rows


def test_of_many_cohorts_the_newest_have_a_curve(table):
    made = table("daily", grain="day")
    chart = drawn.retention_curves(made)
    require_complete(chart)
    most = 4000 // len(made.spans)
    assert {one["row"] for one in data(chart, "cohorts")} <= set(made.cohorts[-most:])
    assert len(data(chart, "cohorts")) <= 4000
    assert chart.subtitle.endswith(f"\n{most} newest of 130 cohorts; the table holds all")
    assert chart.table.num_rows == made.pooled.num_rows


def test_of_many_values_of_an_attribute_the_first_are_drawn(table):
    chart = drawn.heat_map(table("daily", cohort_by="channel"))
    require_complete(chart)
    assert len({one["row"] for one in data(chart, "cells")}) == 61
    assert "\n60 first of 130 cohorts; the table holds all" in chart.subtitle


def test_unfinished_cells_are_flagged_and_hatched(table):
    chart = drawn.heat_map(table())
    partial = {(one["row"], one["age"]) for one in data(chart, "cells") if one.get("status") == "partial"}
    assert partial == {("Jan 2024", 5), ("Feb 2024", 4), ("Apr 2024", 2), ("May 2024", 1), ("Jun 2024", 0)}
    hatched = [
        layer["transform"][0]["filter"]
        for layer in chart.spec["layer"]
        if isinstance(layer["mark"].get("fill"), dict)
    ]
    assert hatched == ["datum.kind == 'cell' && datum.status == 'partial'"]
    assert "hatched: not over yet" in chart.subtitle
    assert cell(chart, "May 2024", 1)["state"] == "not over yet: seen so far"
    assert cell(chart, "Jan 2024", 1)["state"] == "complete"


def test_finished_table_has_no_word_of_hatching(table):
    assert "hatched" not in drawn.heat_map(table(age_to=1, cohort_to="2024-02-01")).subtitle


def test_wider_intervals_are_paler(table):
    cells = [one for one in data(drawn.heat_map(table("nasty")), "cells") if "certainty" in one]
    cells += [one for one in data(drawn.heat_map(table("shop")), "cells") if "certainty" in one]
    widths = sorted((one["ci_high"] - one["ci_low"], one["certainty"]) for one in cells if one["age"] > 0)
    narrow, wide = widths[0], widths[-1]
    assert narrow[1] > wide[1]
    assert all(0.25 <= certainty <= 1 for _, certainty in widths)
    chart = drawn.heat_map(table())
    ages = [cell(chart, "All cohorts", age, "pooled") for age in (1, 4)]
    assert ages[0]["certainty"] > ages[1]["certainty"]


def luminance(color):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def rgb(code):
    return [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("shop", ["shop", "better", "nasty", "one"])
def test_number_of_a_cell_stands_out_from_its_colour(table, shop, colours):
    chart = drawn.heat_map(table(shop))
    top = float(chart.spec["layer"][0]["encoding"]["color"]["scale"]["domainMax"]["expr"])
    steps = [rgb(code) for code in colours.sequential]
    cells = [one for one in data(chart, "cells") if one.get("certainty")]
    for one in cells:
        place = min(one["value"] / top, 1) * (len(steps) - 1)
        low = min(int(place), len(steps) - 2)
        colour = [a + (b - a) * (place - low) for a, b in zip(steps[low], steps[low + 1], strict=True)]
        beneath = rgb(colours.surface)
        seen = luminance([b + (c - b) * one["certainty"] for b, c in zip(beneath, colour, strict=True)])
        text = luminance(rgb(colours.surface if one["dark"] else colours.ink))
        light, dark = max(seen, text), min(seen, text)
        assert (light + 0.05) / (dark + 0.05) > 3.4
    assert cells


def test_cells_carry_what_the_table_holds(table):
    made = table()
    chart = drawn.heat_map(made)
    for row in made.cells.to_pylist():
        if row["retention_rate"] is None:
            continue
        one = cell(chart, row["cohort"], row["age_periods"])
        assert (one["value"], one["ci_low"], one["ci_high"]) == (
            row["retention_rate"], row["ci_low"], row["ci_high"],
        )  # fmt: skip
        assert one["text"] == formats.value(row["retention_rate"], "share")
        assert one["interval"] == formats.interval(row["ci_low"], row["ci_high"], "share")
        assert one["customers"] == row["cohort_size"]
        assert one["when"] == f"{row['age_starts_on']} to {row['age_ends_on']}"
    assert chart.table == made.cells


def test_tooltip_of_a_cell_names_n_value_interval_and_days(table):
    chart = drawn.heat_map(table(level=0.9))
    named = {field["title"]: field["field"] for field in tooltips(chart.spec)[0]}
    assert named == {
        "cohort": "row",
        "age in months": "column",
        "when": "when",
        "retention (active in the month)": "text",
        "90 % interval": "interval",
        "customers": "customers",
        "state": "state",
    }


@pytest.mark.parametrize("changes", [{"breakdown": "channel"}, {"cohort_by": "channel"}])
def test_names_from_the_data_never_meet_the_tooltips_own_lines(opened, table, changes):
    for chart in all_charts(opened("shop"), table(**changes)):
        for fields in tooltips(chart.spec):
            titles = [field["title"] for field in fields]
            assert len(titles) == len(set(titles))
            assert "channel" not in titles


def test_breakdown_has_a_row_per_group_and_no_cohorts(table):
    made = table(breakdown="channel")
    chart = drawn.heat_map(made)
    assert chart.spec["layer"][0]["encoding"]["y"]["scale"]["domain"] == ["store", "web"]
    pooled = {(row["group"], row["age_periods"]): row for row in made.pooled.to_pylist()}
    assert cell(chart, "web", 1)["value"] == pooled["web", 1]["retention_rate"]
    assert cell(chart, "web", 1)["customers"] == pooled["web", 1]["customers"]
    assert chart.title.startswith("store: ")
    assert chart.table == made.pooled


def test_totals_are_shaded_apart_from_their_averages(table):
    chart = drawn.heat_map(table(measure="revenue"))
    assert {one["certainty"] for one in data(chart, "cells") if one["kind"] == "pooled"} == {0.0}
    assert float(chart.spec["layer"][0]["encoding"]["color"]["scale"]["domainMax"]["expr"]) == max(
        one["value"] for one in data(chart, "cells") if one["kind"] == "cell" and one["age"] > 0
    )


def test_losses_leave_the_scale_of_colours_whole(table):
    scale = drawn.heat_map(table("loss", measure="margin")).spec["layer"][0]["encoding"]["color"]["scale"]
    assert scale["domainMin"] == 0
    assert float(scale["domainMax"]["expr"]) > 0


def test_large_sums_are_short_in_their_cells_and_whole_in_their_tooltips(table):
    cells = [one for one in data(drawn.heat_map(table("rich", measure="revenue")), "cells") if "text" in one]
    labels = {one["label"].split()[-1] for one in cells if one["kind"] == "cell"}
    assert {"k", "m", "bn"} & labels
    billions = [one for one in cells if one["label"].endswith("bn")]
    assert billions
    assert all(len(one["text"]) >= len("1,000,000,000 EUR") for one in billions)


def test_many_columns_are_narrow_and_bare(table):
    chart = drawn.heat_map(table(grain="day"))
    assert chart.spec["width"] == {"step": 13}
    assert {one["label"] for one in data(chart, "cells") if one["kind"] == "cell"} == {""}
    assert {one["text"] for one in data(chart, "cells") if one["kind"] == "cell"} != {""}


def test_curves_show_the_pooled_numbers_without_the_start(table):
    made = table()
    chart = drawn.retention_curves(made)
    pooled = [row for row in made.pooled.to_pylist() if row["customers"] and row["age_periods"] > 0]
    points = data(chart, "pooled")
    assert [
        (one["age"], one["value"], one["ci_low"], one["ci_high"], one["customers"]) for one in points
    ] == [
        (row["age_periods"], row["retention_rate"], row["ci_low"], row["ci_high"], row["customers"])
        for row in pooled
    ]
    assert [one["changes"] for one in points] == [row["composition_changes"] for row in pooled]
    assert chart.table == made.pooled
    assert chart.description.startswith(chart.title)


def test_single_cohorts_are_drawn_only_where_they_are_complete(table):
    chart = drawn.retention_curves(table())
    drawn_cells = {(one["row"], one["age"]) for one in data(chart, "cohorts")}
    assert ("Jan 2024", 4) in drawn_cells
    assert ("Jan 2024", 5) not in drawn_cells
    assert all(age > 0 for _, age in drawn_cells)


def test_fixed_set_that_is_the_same_line_is_left_out(table):
    assert data(drawn.retention_curves(table("one")), "fixed_set") == []
    assert "dashed" not in drawn.retention_curves(table("one")).subtitle
    both = drawn.retention_curves(table("better"))
    assert data(both, "fixed_set") != []
    assert "dashed: a fixed set of cohorts" in both.subtitle


def test_cumulative_value_starts_at_age_zero(table):
    chart = drawn.retention_curves(table(measure="cumulative_value"))
    assert data(chart, "pooled")[0]["age"] == 0


def test_groups_have_a_curve_each(table):
    chart = drawn.retention_curves(table(breakdown="channel"))
    assert chart.name == "curves_by_group"
    assert {one["group"] for one in data(chart, "pooled")} == {"web", "store"}


def test_events_within_the_cohorts_are_marked(opened, table):
    for chart in (
        drawn.age_over_cohorts(table(), opened("shop").events),
        drawn.cohort_sizes(table(), opened("shop").events),
    ):
        assert data(chart, "events") == [{"start": "2024-04-10T00:00:00", "label": "New prices"}]
        assert "event" in [field["title"] for fields in tooltips(chart.spec) for field in fields]
    assert data(drawn.age_over_cohorts(table(), None), "events") == []


def test_age_over_cohorts_follows_the_chosen_age(opened, table):
    made = table(age=2)
    chart = drawn.age_over_cohorts(made, None)
    cells = [
        row for row in made.cells.to_pylist() if row["age_periods"] == 2 and row["retention_rate"] is not None
    ]
    assert [one["row"] for one in data(chart, "cohorts")] == [row["cohort"] for row in cells]
    assert [one["value"] for one in data(chart, "cohorts")] == [row["retention_rate"] for row in cells]
    assert [one["status"] for one in data(chart, "cohorts")] == ["mature", "mature", "partial"]
    pooled = [row["retention_rate"] for row in made.pooled.to_pylist() if row["age_periods"] == 2]
    assert [one["value"] for one in data(chart, "level")] == pooled
    assert set(chart.table["age_label"].to_pylist()) == {"2"}


def test_age_over_cohorts_takes_groups_together_with_the_level_of_all(table):
    grouped, plain = (
        drawn.age_over_cohorts(table(breakdown=breakdown), None) for breakdown in ("channel", "")
    )
    assert grouped.spec["datasets"] == plain.spec["datasets"]
    assert grouped.table == plain.table
    assert grouped.title == plain.title


def test_age_beyond_the_data_gives_the_last_one(table):
    chart = drawn.age_over_cohorts(table(age=99), None)
    assert set(chart.table["age_label"].to_pylist()) == {"5"}
    assert "at age 5" in chart.subtitle


def test_attribute_cohorts_are_points_over_their_values(table):
    made = table(cohort_by="channel")
    chart = drawn.age_over_cohorts(made, None)
    assert chart.name == "age_by_attribute"
    rows = {one["row"]: one for one in data(chart, "cohorts")}
    assert set(rows) == {"web", "store"}
    eligible = {row["cohort"]: row["eligible"] for row in made.cells.to_pylist() if row["age_periods"] == 1}
    assert {name: one["customers"] for name, one in rows.items()} == eligible
    assert drawn.cohort_sizes(made, None).name == "sizes_by_attribute"


def test_sizes_add_up_to_the_customers(opened, table):
    chart = drawn.cohort_sizes(table(), None)
    assert (
        sum(one["customers"] for one in data(chart, "cohorts")) == opened("shop").accounting.customers == 300
    )
    assert chart.title == "300 new customers; most in Jan 2024 (60)"
    assert drawn.cohort_sizes(table("one"), None).title == "1 new customer; most in Jan 2024 (1)"
    starts = [(one["start"], one["end"]) for one in data(chart, "cohorts")]
    assert starts[0] == ("2024-01-01T00:00:00", "2024-01-31T00:00:00")


def test_cohorts_before_the_first_and_after_the_last_customer_are_left_out(table):
    rows = data(drawn.cohort_sizes(table("new"), None), "cohorts")
    assert [one["row"] for one in rows] == ["Jun 2024"]


def test_differences_are_those_of_the_table(table):
    made = table(breakdown="channel")
    chart = drawn.differences(made)
    expected = [
        row for row in made.differences("store", "web").to_pylist() if row["age_periods"] in (1, 2, 3, 4)
    ]
    points = data(chart, "differences")
    assert [(one["value"], one["ci_low"], one["ci_high"]) for one in points] == [
        (row["difference"], row["ci_low"], row["ci_high"]) for row in expected
    ]
    assert [one["clear"] for one in points] == [row["ci_high"] < 0 for row in expected]
    assert chart.title == "store and web differ at 4 of 4 ages"
    assert points[0]["text"] == "−30.0 points"


def test_difference_without_interval_is_no_clear_one(table):
    chart = drawn.differences(table("two", breakdown="channel", measure="orders"))
    points = data(chart, "differences")
    assert points
    assert not any(one["clear"] or "ci_low" in one for one in points)
    assert chart.title == "store and web differ at 0 of 4 ages"


def test_same_number_stands_in_title_chart_and_table(table):
    made = table()
    rate = formats.value(made.pooled["retention_rate"][1].as_py(), "share")
    heat, curves = drawn.heat_map(made), drawn.retention_curves(made)
    assert heat.title == curves.title
    assert heat.title.startswith(rate)
    assert cell(heat, "All cohorts", 1, "pooled")["text"] == rate
    assert data(curves, "pooled")[0]["text"] == rate


def test_hostile_names_are_text_in_every_picture(opened, table):
    made = table("nasty", breakdown="channel")
    for chart in all_charts(opened("nasty"), made):
        assert "<script" not in chart.svg
        assert "<img" not in chart.svg


@pytest.mark.parametrize("name", ["image", "title", "state", "a'b\\c", "x.y[0]", "</script>"])
def test_any_name_of_an_attribute_can_be_drawn(tmp_path, name):
    quoted = json.dumps(name)
    path = shops.write_shop(tmp_path, shops.orders(customers=4))
    path.write_text(
        path.read_text("utf-8").replace('["channel"]', f"[{quoted}]").replace("channel =", f"{quoted} =")
    )
    opened = open_dataset(path)
    for changes in ({"breakdown": name}, {"cohort_by": name}):
        for chart in all_charts(opened, cohort_table(opened, **changes)):
            require_complete(chart)
