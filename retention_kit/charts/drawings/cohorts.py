"""The drawings of the cohort notebook."""

from typing import Any

import altair as alt

from retention_kit.charts.drawings.parts import (
    POINT,
    WIDTH,
    Drawing,
    age_axis,
    event_marks,
    fixed,
    on,
    time_axis,
    tooltips,
    value_across,
    value_axis,
    with_interval,
)
from retention_kit.charts.theme import LIGHT

__all__ = [
    "age_by_attribute",
    "age_over_cohorts",
    "cohort_sizes",
    "curves",
    "curves_by_group",
    "definitions",
    "differences",
    "heat_map",
    "sizes_by_attribute",
]


def heat_map() -> Drawing:
    """Cohorts with their sizes down, ages across: hatched while unfinished, pale while uncertain."""
    # Read aloud cell by cell, a table of thousands says nothing; its description and its data do.
    axis = alt.Axis(
        orient="top", labelAngle=0, labelOverlap=True, labelSeparation=5, ticks=False, domain=False
    )
    x = alt.X("column:O", scale=fixed("@columns"), title="@x_title", axis=axis)
    rows = alt.Axis(ticks=False, domain=False, labelPadding=64)
    y = alt.Y("row:O", scale=fixed("@rows"), title=None, axis=rows)
    base = on("cells").encode(x=x, y=y)
    tooltip = tooltips(
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
            x=alt.value(-10), text="label:N", tooltip=tooltips(("row", "@row_title"), ("label", "customers"))
        )
    )
    head = on("head").mark_text(**beside).encode(x=alt.value(-10), y=alt.value(-10), text="label:N")
    return alt.layer(shaded, hatch, texts, sizes, head).properties(width=alt.Step(40), height=alt.Step(24))


def curves() -> Drawing:
    """Every cohort as a thin line, all of them together as a bold one with its interval."""
    cohorts = (
        on("cohorts")
        .mark_line(strokeWidth=1, opacity=0.55, clip=True)
        .encode(
            x=age_axis(),
            y=value_axis(),
            detail="row:N",
            color=alt.Color(
                "order:Q",
                scale=alt.Scale(range=list(LIGHT.cohorts)),
                legend=None,
            ),
            tooltip=tooltips(("row", "@row_title"), *POINT),
        )
    )
    return alt.layer(cohorts, *_pooled(LIGHT.accent)).properties(width=WIDTH, height=300)


def curves_by_group() -> Drawing:
    """One pooled curve with its interval for each group."""
    color = alt.Color("group:N", title="@group_title", sort=None)
    base = on("pooled").encode(x=age_axis(), color=color)
    band = base.mark_area(opacity=0.15).encode(y=value_axis("ci_low"), y2="ci_high:Q")
    line = base.mark_line(strokeWidth=2.2, point=alt.OverlayMarkDef(size=28)).encode(
        y=value_axis(), tooltip=tooltips(("group", "@group_title"), *POINT)
    )
    return alt.layer(band, line).properties(width=WIDTH, height=300)


def age_over_cohorts() -> Drawing:
    """The value at one age, cohort after cohort, with events and the level of all cohorts together."""
    x = time_axis()
    base = on("cohorts").encode(x=x)
    return alt.layer(
        *event_marks(),
        _level(),
        base.mark_line(color=LIGHT.accent, opacity=0.35, strokeWidth=1.2).encode(y=value_axis()),
        *with_interval(base),
    ).properties(width=WIDTH, height=240)


def age_by_attribute() -> Drawing:
    """The value at one age for each value of an attribute, with the level of all together."""
    y = alt.Y("row:O", scale=fixed("@rows"), title=None, axis=alt.Axis(ticks=False))
    base = on("cohorts").encode(y=y)
    tooltip = tooltips(("row", "@row_title"), *POINT)
    level = on("level").mark_rule(color=LIGHT.muted, strokeDash=[4, 3]).encode(x="value:Q")
    rule = base.mark_rule(color=LIGHT.accent, strokeWidth=1.6).encode(
        x=value_across("ci_low"), x2="ci_high:Q"
    )
    point = base.mark_point(filled=True, size=60, color=LIGHT.accent, opacity=1).encode(
        x=value_across("value"), tooltip=tooltip
    )
    return alt.layer(level, rule, point).properties(width=560, height=alt.Step(26))


def cohort_sizes() -> Drawing:
    """How many customers each cohort started with."""
    bars = (
        on("cohorts")
        .mark_rect(color=LIGHT.sequential[3], stroke=LIGHT.surface, strokeWidth=1)
        .encode(
            x=time_axis(),
            x2="end:T",
            y=alt.Y("customers:Q", title="customers", axis=alt.Axis(format=",d", tickMinStep=1)),
            y2=alt.Y2(datum=0),
            tooltip=tooltips(("row", "@row_title"), ("customers", "customers")),
        )
    )
    return alt.layer(*event_marks(), bars).properties(width=WIDTH, height=160)


def sizes_by_attribute() -> Drawing:
    """How many customers each value of an attribute has."""
    return (
        on("cohorts")
        .mark_bar(color=LIGHT.sequential[3])
        .encode(
            x=alt.X("customers:Q", title="customers", axis=alt.Axis(format=",d", tickMinStep=1)),
            y=alt.Y("row:O", scale=fixed("@rows"), title=None, axis=alt.Axis(ticks=False)),
            tooltip=tooltips(("row", "@row_title"), ("customers", "customers")),
        )
        .properties(width=560, height=alt.Step(26))
    )


def definitions() -> Drawing:
    """The same data under other definitions, the workbook's own first."""
    y = alt.Y("definition:O", scale=fixed("@rows"), title=None, axis=alt.Axis(ticks=False, labelLimit=300))
    base = on("definitions").encode(y=y)
    tooltip = tooltips(
        ("definition", "definition"), ("text", "@value_title"), ("interval", "@interval_title")
    )
    color = alt.condition("datum.chosen", alt.value(LIGHT.accent), alt.value(LIGHT.muted))
    rule = base.mark_rule(strokeWidth=1.6).encode(x=value_across("ci_low"), x2="ci_high:Q", color=color)
    point = base.mark_point(filled=True, size=60, opacity=1).encode(
        x=value_across("value"), color=color, tooltip=tooltip
    )
    text = base.mark_text(align="left", dx=10, dy=-8, fontSize=10).encode(
        x=value_across("value"), text="text:N", color=color
    )
    # The number stands beside its point, which may be the last thing before the edge.
    margin = {"left": 5, "top": 5, "right": 40, "bottom": 5}
    return alt.layer(rule, point, text).properties(width=480, height=alt.Step(28), padding=margin)


def differences() -> Drawing:
    """How two groups differ at each age; an interval that leaves out zero is a difference."""
    base = on("differences").encode(x=age_axis())
    zero = on("zero").mark_rule(color=LIGHT.muted).encode(y="value:Q")
    tooltip = tooltips(("column", "@x_title"), ("text", "@value_title"), ("interval", "@interval_title"))
    y = alt.Y("ci_low:Q", title="@value_title", axis=alt.Axis(format="@format"))
    color = alt.condition("datum.clear", alt.value(LIGHT.accent), alt.value(LIGHT.muted))
    rule = base.mark_rule(strokeWidth=1.6).encode(y=y, y2="ci_high:Q", color=color)
    point = base.mark_point(filled=True, size=45, opacity=1).encode(y="value:Q", color=color, tooltip=tooltip)
    return alt.layer(zero, rule, point).properties(width=WIDTH, height=200)


def _pooled(color: str) -> list[Drawing]:
    """All cohorts together: band, line, the same over a fixed set, and where cohorts drop out."""
    base = on("pooled").encode(x=age_axis())
    tooltip = tooltips(("row", "@row_title"), *POINT, ("cohorts", "cohorts"))
    fixed = (
        on("fixed_set")
        .mark_line(color=LIGHT.warn, strokeDash=[5, 3], strokeWidth=1.6)
        .encode(x=age_axis(), y=value_axis(), tooltip=tooltips(("row", "@row_title"), *POINT))
    )
    return [
        base.mark_area(color=color, opacity=0.18).encode(y=value_axis("ci_low"), y2="ci_high:Q"),
        fixed,
        base.mark_line(color=color, strokeWidth=2.6).encode(y=value_axis()),
        base.mark_point(size=42, strokeWidth=1.6, color=color, opacity=1).encode(
            y=value_axis(),
            fill=alt.condition("datum.changes", alt.value(LIGHT.surface), alt.value(color)),
            tooltip=tooltip,
        ),
    ]


def _level() -> Drawing:
    return (
        on("level")
        .mark_rule(color=LIGHT.muted, strokeDash=[4, 3])
        .encode(y="value:Q", tooltip=tooltips(("text", "all cohorts")))
    )


def _stripes() -> dict[str, Any]:
    """Diagonal stripes that veil a cell: a gradient of hard stops."""
    stops = []
    for band in range(6):
        veil = LIGHT.veil[0 if band % 2 else 1]
        stops += [{"offset": band / 6, "color": veil}, {"offset": (band + 1) / 6, "color": veil}]
    return {"gradient": "linear", "x1": 0, "y1": 0, "x2": 1, "y2": 1, "stops": stops}
