"""The charts, written in Altair and kept as templates.

A template names its data and marks what changes with ``@name`` texts. `write_templates` turns the
functions below into the JSON files beside this module, so that a live page can fill a chart in
without loading Altair. A test holds the two in agreement.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, cast

import altair as alt
from altair.utils.schemapi import debug_mode

from retention_kit.charts.theme import CONFIG, LIGHT, dark_colours

__all__ = ["DRAWINGS", "template", "write_templates"]

TEMPLATES = Path(__file__).with_name("templates")
_WIDTH = 720
Drawing: TypeAlias = Any  # Altair types a layer of charts as one of several classes


def heat_map() -> Drawing:
    """Cohorts with their sizes down, ages across: hatched while unfinished, pale while uncertain."""
    # Read aloud cell by cell, a table of thousands says nothing; its description and its data do.
    axis = alt.Axis(
        orient="top", labelAngle=0, labelOverlap=True, labelSeparation=5, ticks=False, domain=False
    )
    x = alt.X("column:O", scale=_fixed("@columns"), title="@x_title", axis=axis)
    rows = alt.Axis(ticks=False, domain=False, labelPadding=64)
    y = alt.Y("row:O", scale=_fixed("@rows"), title=None, axis=rows)
    base = _on("cells").encode(x=x, y=y)
    tooltip = _tooltips(
        ("row", "@row_title"),
        ("column", "@x_title"),
        ("when", "when"),
        ("text", "@value_title"),
        ("interval", "@interval_title"),
        ("customers", "customers"),
        ("state", "state"),
    )
    shade = alt.Scale(range=list(LIGHT.sequential), domainMin=0, domainMax=alt.ExprRef("@top"), clamp=True)
    shaded = (
        base.transform_filter("datum.certainty > 0")
        .mark_rect(stroke=LIGHT.surface, strokeWidth=1.5, aria=False)
        .encode(
            color=alt.Color("value:Q", scale=shade, legend=None),
            opacity=alt.Opacity("certainty:Q", scale=alt.Scale(domain=[0, 1], range=[0, 1]), legend=None),
            tooltip=tooltip,
        )
    )
    hatch = (
        base.transform_filter("datum.kind == 'cell' && datum.status == 'partial'")
        .mark_rect(
            cornerRadius=2,
            fill=_stripes(),
            stroke=LIGHT.muted,
            strokeDash=[2, 2],
            strokeWidth=0.8,
            aria=False,
        )
        .encode(tooltip=tooltip)
    )
    texts = (
        base.transform_filter("datum.label != '' && datum.kind != 'size'")
        .mark_text(fontSize=10.5, aria=False)
        .encode(
            text="label:N",
            color=alt.condition("datum.dark", alt.value(LIGHT.surface), alt.value(LIGHT.ink)),
            tooltip=tooltip,
        )
    )
    beside: dict[str, Any] = {"align": "right", "color": LIGHT.muted, "fontSize": 10.5}
    sizes = (
        base.transform_filter("datum.kind == 'size'")
        .mark_text(**beside)
        .encode(
            x=alt.value(-10), text="label:N", tooltip=_tooltips(("row", "@row_title"), ("label", "customers"))
        )
    )
    head = _on("head").mark_text(**beside).encode(x=alt.value(-10), y=alt.value(-10), text="label:N")
    return alt.layer(shaded, hatch, texts, sizes, head).properties(width=alt.Step(40), height=alt.Step(24))


def curves() -> Drawing:
    """Every cohort as a thin line, all of them together as a bold one with its interval."""
    cohorts = (
        _on("cohorts")
        .mark_line(strokeWidth=1, opacity=0.55, clip=True)
        .encode(
            x=_age(),
            y=_value(),
            detail="row:N",
            color=alt.Color(
                "order:Q",
                scale=alt.Scale(range=list(LIGHT.cohorts)),
                legend=None,
            ),
            tooltip=_tooltips(("row", "@row_title"), *_POINT),
        )
    )
    return alt.layer(cohorts, *_pooled(LIGHT.accent)).properties(width=_WIDTH, height=300)


def curves_by_group() -> Drawing:
    """One pooled curve with its interval for each group."""
    color = alt.Color("group:N", title="@group_title", sort=None)
    base = _on("pooled").encode(x=_age(), color=color)
    band = base.mark_area(opacity=0.15).encode(y=_value("ci_low"), y2="ci_high:Q")
    line = base.mark_line(strokeWidth=2.2, point=alt.OverlayMarkDef(size=28)).encode(
        y=_value(), tooltip=_tooltips(("group", "@group_title"), *_POINT)
    )
    return alt.layer(band, line).properties(width=_WIDTH, height=300)


def age_over_cohorts() -> Drawing:
    """The value at one age, cohort after cohort, with events and the level of all cohorts together."""
    x = _time()
    base = _on("cohorts").encode(x=x)
    return alt.layer(
        *_marks(),
        _level(),
        base.mark_line(color=LIGHT.accent, opacity=0.35, strokeWidth=1.2).encode(y=_value()),
        *_with_interval(base),
    ).properties(width=_WIDTH, height=240)


def age_by_attribute() -> Drawing:
    """The value at one age for each value of an attribute, with the level of all together."""
    y = alt.Y("row:O", scale=_fixed("@rows"), title=None, axis=alt.Axis(ticks=False))
    base = _on("cohorts").encode(y=y)
    tooltip = _tooltips(("row", "@row_title"), *_POINT)
    level = _on("level").mark_rule(color=LIGHT.muted, strokeDash=[4, 3]).encode(x="value:Q")
    rule = base.mark_rule(color=LIGHT.accent, strokeWidth=1.6).encode(x=_across("ci_low"), x2="ci_high:Q")
    point = base.mark_point(filled=True, size=60, color=LIGHT.accent, opacity=1).encode(
        x=_across("value"), tooltip=tooltip
    )
    return alt.layer(level, rule, point).properties(width=560, height=alt.Step(26))


def cohort_sizes() -> Drawing:
    """How many customers each cohort started with."""
    bars = (
        _on("cohorts")
        .mark_rect(color=LIGHT.sequential[3], stroke=LIGHT.surface, strokeWidth=1)
        .encode(
            x=_time(),
            x2="end:T",
            y=alt.Y("customers:Q", title="customers", axis=alt.Axis(format=",d", tickMinStep=1)),
            y2=alt.Y2(datum=0),
            tooltip=_tooltips(("row", "@row_title"), ("customers", "customers")),
        )
    )
    return alt.layer(*_marks(), bars).properties(width=_WIDTH, height=160)


def sizes_by_attribute() -> Drawing:
    """How many customers each value of an attribute has."""
    return (
        _on("cohorts")
        .mark_bar(color=LIGHT.sequential[3])
        .encode(
            x=alt.X("customers:Q", title="customers", axis=alt.Axis(format=",d", tickMinStep=1)),
            y=alt.Y("row:O", scale=_fixed("@rows"), title=None, axis=alt.Axis(ticks=False)),
            tooltip=_tooltips(("row", "@row_title"), ("customers", "customers")),
        )
        .properties(width=560, height=alt.Step(26))
    )


def definitions() -> Drawing:
    """The same data under other definitions, the workbook's own first."""
    y = alt.Y("definition:O", scale=_fixed("@rows"), title=None, axis=alt.Axis(ticks=False, labelLimit=300))
    base = _on("definitions").encode(y=y)
    tooltip = _tooltips(
        ("definition", "definition"), ("text", "@value_title"), ("interval", "@interval_title")
    )
    color = alt.condition("datum.chosen", alt.value(LIGHT.accent), alt.value(LIGHT.muted))
    rule = base.mark_rule(strokeWidth=1.6).encode(x=_across("ci_low"), x2="ci_high:Q", color=color)
    point = base.mark_point(filled=True, size=60, opacity=1).encode(
        x=_across("value"), color=color, tooltip=tooltip
    )
    text = base.mark_text(align="left", dx=10, dy=-8, fontSize=10).encode(
        x=_across("value"), text="text:N", color=color
    )
    # The number stands beside its point, which may be the last thing before the edge.
    margin = {"left": 5, "top": 5, "right": 40, "bottom": 5}
    return alt.layer(rule, point, text).properties(width=480, height=alt.Step(28), padding=margin)


def differences() -> Drawing:
    """How two groups differ at each age; an interval that leaves out zero is a difference."""
    base = _on("differences").encode(x=_age())
    zero = _on("zero").mark_rule(color=LIGHT.muted).encode(y="value:Q")
    tooltip = _tooltips(("column", "@x_title"), ("text", "@value_title"), ("interval", "@interval_title"))
    y = alt.Y("ci_low:Q", title="@value_title", axis=alt.Axis(format="@format"))
    color = alt.condition("datum.clear", alt.value(LIGHT.accent), alt.value(LIGHT.muted))
    rule = base.mark_rule(strokeWidth=1.6).encode(y=y, y2="ci_high:Q", color=color)
    point = base.mark_point(filled=True, size=45, opacity=1).encode(y="value:Q", color=color, tooltip=tooltip)
    return alt.layer(zero, rule, point).properties(width=_WIDTH, height=200)


DRAWINGS: dict[str, Callable[[], Drawing]] = {
    drawing.__name__: drawing
    for drawing in (
        heat_map,
        curves,
        curves_by_group,
        age_over_cohorts,
        age_by_attribute,
        cohort_sizes,
        sizes_by_attribute,
        definitions,
        differences,
    )
}


def template(name: str) -> dict[str, Any]:
    """Return a drawing as a Vega-Lite specification with ``@name`` marks to fill in."""
    with debug_mode(False):  # the marks are no valid values until they are filled in
        chart = DRAWINGS[name]().properties(
            title=alt.TitleParams("@title", subtitle="@subtitle"), description="@description"
        )
        spec: dict[str, Any] = chart.to_dict(validate=False)
    spec["config"] = CONFIG
    spec["usermeta"] = {"dark": dark_colours()}
    return spec


def write_templates(folder: Path = TEMPLATES) -> list[Path]:
    """Write every template, and return the files."""
    written = []
    for name in DRAWINGS:
        path = folder / f"{name}.json"
        path.write_text(json.dumps(template(name), indent=1, sort_keys=True) + "\n", encoding="utf-8")
        written.append(path)
    return written


_POINT = (
    ("column", "@x_title"),
    ("text", "@value_title"),
    ("interval", "@interval_title"),
    ("customers", "customers"),
)


def _on(data: str) -> Drawing:
    return alt.Chart(alt.NamedData(name=data))


def _fixed(domain: str) -> alt.Scale:
    """A scale whose values and their order are filled in."""
    return alt.Scale(domain=cast(Any, domain))


def _age() -> alt.X:
    return alt.X("age:Q", title="@x_title", axis=alt.Axis(grid=False, tickMinStep=1, format="d"))


def _time() -> alt.X:
    ticks = cast(Any, "@ticks")
    axis = alt.Axis(grid=False, values=ticks, format="@time_format", labelOverlap=True)
    return alt.X("start:T", title="@x_title", axis=axis, scale=alt.Scale(padding=16))


def _value(field: str = "value") -> alt.Y:
    return alt.Y(
        f"{field}:Q", title="@value_title", axis=alt.Axis(format="@format"), scale=alt.Scale(zero=True)
    )


def _across(field: str) -> alt.X:
    axis = alt.Axis(format="@format", grid=False, labelOverlap=True, labelSeparation=6)
    return alt.X(f"{field}:Q", title="@value_title", axis=axis, scale=alt.Scale(zero=True))


def _tooltips(*fields: tuple[str, str]) -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in fields]


def _pooled(color: str) -> list[Drawing]:
    """All cohorts together: band, line, the same over a fixed set, and where cohorts drop out."""
    base = _on("pooled").encode(x=_age())
    tooltip = _tooltips(("row", "@row_title"), *_POINT, ("cohorts", "cohorts"))
    fixed = (
        _on("fixed_set")
        .mark_line(color=LIGHT.warn, strokeDash=[5, 3], strokeWidth=1.6)
        .encode(x=_age(), y=_value(), tooltip=_tooltips(("row", "@row_title"), *_POINT))
    )
    return [
        base.mark_area(color=color, opacity=0.18).encode(y=_value("ci_low"), y2="ci_high:Q"),
        fixed,
        base.mark_line(color=color, strokeWidth=2.6).encode(y=_value()),
        base.mark_point(size=42, strokeWidth=1.6, color=color, opacity=1).encode(
            y=_value(),
            fill=alt.condition("datum.changes", alt.value(LIGHT.surface), alt.value(color)),
            tooltip=tooltip,
        ),
    ]


def _with_interval(base: Drawing) -> list[Drawing]:
    color = alt.condition("datum.status == 'partial'", alt.value(LIGHT.muted), alt.value(LIGHT.accent))
    rule = base.mark_rule(strokeWidth=1.6).encode(y=_value("ci_low"), y2="ci_high:Q", color=color)
    point = base.mark_point(filled=True, size=55, opacity=1).encode(
        y=_value(), color=color, tooltip=_tooltips(("row", "@row_title"), *_POINT)
    )
    return [rule, point]


def _level() -> Drawing:
    return (
        _on("level")
        .mark_rule(color=LIGHT.muted, strokeDash=[4, 3])
        .encode(y="value:Q", tooltip=_tooltips(("text", "all cohorts")))
    )


def _marks() -> list[Drawing]:
    base = _on("events").encode(x="start:T")
    return [
        base.mark_rule(color=LIGHT.warn, strokeDash=[2, 2], opacity=0.8).encode(
            tooltip=_tooltips(("label", "event"))
        ),
        base.mark_text(align="left", baseline="top", dx=4, color=LIGHT.warn, fontSize=10, limit=110).encode(
            text="label:N", y=alt.value(0)
        ),
    ]


def _stripes() -> dict[str, Any]:
    """Diagonal stripes that veil a cell: a gradient of hard stops."""
    stops = []
    for band in range(6):
        veil = LIGHT.veil[0 if band % 2 else 1]
        stops += [{"offset": band / 6, "color": veil}, {"offset": (band + 1) / 6, "color": veil}]
    return {"gradient": "linear", "x1": 0, "y1": 0, "x2": 1, "y2": 1, "stops": stops}
