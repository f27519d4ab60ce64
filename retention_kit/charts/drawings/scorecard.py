"""The drawings of the scorecard notebook: movements, bridges, rates over time, shares of groups."""

from typing import Any

import altair as alt

from retention_kit.charts.drawings.parts import (
    WIDTH,
    Drawing,
    event_marks,
    fixed,
    on,
    time_axis,
    tooltips,
    value_across,
    value_axis,
)
from retention_kit.charts.theme import LIGHT

__all__ = [
    "bridge",
    "group_shares",
    "mix_or_rate",
    "movements",
    "pareto",
    "rates_over_time",
    "stickiness",
    "target_path",
]

_VALUE = (("text", "@value_title"), ("interval", "@interval_title"), ("customers", "customers"))
_ROW_HEIGHT = 26


def movements() -> Drawing:
    """Customers who came above the line, who went below it, and what remains of both."""
    color = alt.Color("kind:N", title=None, scale=_kinds())
    tooltip = tooltips(("when", "period"), ("kind", "customers who"), ("text", "number"), ("state", "state"))
    room = alt.Scale(padding=18)  # for the labels of events
    bars = (
        on("moves")
        .mark_rect(strokeWidth=1)
        .encode(
            x=time_axis(),
            x2="end:T",
            y=alt.Y("low:Q", title="customers", axis=alt.Axis(format=",d", tickMinStep=1), scale=room),
            y2="high:Q",
            color=color,
            opacity=_paler_while_partial(),
            stroke=alt.condition("datum.shown", alt.value(LIGHT.ink), alt.value(LIGHT.surface)),
            tooltip=tooltip,
        )
    )
    zero = on("zero").mark_rule(color=LIGHT.muted).encode(y="value:Q")
    net = on("net").encode(x=alt.X("middle:T"), y="value:Q")
    return alt.layer(
        bars,
        *event_marks(),
        zero,
        net.mark_line(color=LIGHT.ink, strokeWidth=1.8),
        net.mark_point(filled=True, size=34, color=LIGHT.ink, opacity=1).encode(
            tooltip=tooltips(("when", "period"), ("text", "net change"), ("state", "state"))
        ),
    ).properties(width=WIDTH, height=280)


def bridge() -> Drawing:
    """From what there was to what there is, step by step."""
    # On a narrow page the names of steps would run into each other.
    axis = alt.Axis(
        labelAngle=alt.expr("width < 480 ? -40 : 0"),
        labelAlign=alt.expr("width < 480 ? 'right' : 'center'"),
        labelBaseline=alt.expr("width < 480 ? 'middle' : 'top'"),
        ticks=False,
        labelPadding=8,
        labelOverlap=False,
    )
    x = alt.X("step:N", scale=fixed("@steps"), title=None, axis=axis, bandPosition=0.5)
    bars = (
        on("steps")
        .mark_bar(width=alt.RelativeBandSize(0.62))
        .encode(
            x=x,
            y=alt.Y("low:Q", title="@value_title", axis=alt.Axis(format="@format")),
            y2="high:Q",
            color=alt.Color("kind:N", legend=None, scale=_kinds()),
            tooltip=tooltips(("step", "step"), ("text", "@value_title"), ("share", "of opening")),
        )
    )
    ties = (
        on("ties")
        .mark_rule(color=LIGHT.muted, strokeDash=[2, 2])
        .encode(x=x, x2=alt.X2("next:N", bandPosition=0.5), y="level:Q")
    )
    labels = (
        on("steps")
        .mark_text(dy=-8, fontSize=10.5, color=LIGHT.ink, aria=False)
        .encode(x=x, y="high:Q", text="label:N")
    )
    return alt.layer(ties, bars, labels).properties(width=WIDTH, height=280)


def rates_over_time() -> Drawing:
    """Rates, period after period, each with its interval, against a level."""
    color = alt.Color("series:N", title=None, sort=None, legend=alt.Legend(symbolOpacity=1))
    base = on("rates").encode(x=time_axis(), color=color)
    tooltip = tooltips(("series", "rate"), ("when", "period"), *_VALUE)
    y = alt.Scale(zero=False, padding=18)  # for the labels of events
    return alt.layer(
        *event_marks(),
        on("level").mark_rule(color=LIGHT.muted, strokeDash=[4, 3]).encode(y="value:Q"),
        base.mark_area(opacity=0.15).encode(y=value_axis("ci_low").scale(y), y2="ci_high:Q"),
        base.mark_line(strokeWidth=2.2).encode(y=value_axis().scale(y)),
        base.mark_point(filled=True, size=30, opacity=1).encode(y=value_axis().scale(y), tooltip=tooltip),
    ).properties(width=WIDTH, height=260)


def target_path() -> Drawing:
    """A path from a baseline to a goal, and how far the actual values follow it."""
    tooltip = tooltips(("when", "period"), *_VALUE, ("path", "path"))
    actual = on("actual").encode(x=time_axis())
    y = alt.Scale(zero=False)
    color = alt.condition("datum.behind", alt.value(LIGHT.warn), alt.value(LIGHT.accent))
    return alt.layer(
        on("path")
        .mark_line(color=LIGHT.muted, strokeDash=[5, 3], strokeWidth=1.8, point=False)
        .encode(x=time_axis(), y=value_axis().scale(y)),
        actual.mark_rule(strokeWidth=1.6).encode(
            y=value_axis("ci_low").scale(y), y2="ci_high:Q", color=color
        ),
        actual.mark_point(filled=True, size=55, opacity=1).encode(
            y=value_axis().scale(y), color=color, tooltip=tooltip
        ),
    ).properties(width=WIDTH, height=220)


def mix_or_rate() -> Drawing:
    """What a change is made of, value by value of an attribute: other customers, or another rate."""
    y = alt.Y("row:O", scale=fixed("@rows"), title=None, axis=alt.Axis(ticks=False, labelPadding=6))
    offset = alt.YOffset("part:N", sort=None)
    color = alt.Color("part:N", title=None, sort=None)
    base = on("parts").encode(y=y, yOffset=offset, color=color)
    tooltip = tooltips(("row", "@row_title"), ("part", "part"), *_VALUE)
    return alt.layer(
        on("zero").mark_rule(color=LIGHT.muted).encode(x="value:Q"),
        base.mark_rule(strokeWidth=1.6).encode(x=value_across("ci_low"), x2="ci_high:Q"),
        base.mark_point(filled=True, size=55, opacity=1).encode(x=value_across("value"), tooltip=tooltip),
    ).properties(width=WIDTH, height=alt.Step(_ROW_HEIGHT / 1.6))


def pareto() -> Drawing:
    """Reasons, the most frequent first: the share of each, and of all up to it."""
    y = alt.Y(
        "row:O", scale=fixed("@rows"), title=None, axis=alt.Axis(ticks=False, labelPadding=6, labelLimit=260)
    )
    offset = alt.YOffset("basis:N", sort=None)
    color = alt.Color("basis:N", title=None, sort=None)
    base = on("reasons").encode(y=y, yOffset=offset)
    tooltip = tooltips(("row", "@row_title"), ("basis", "share of"), *_VALUE, ("up_to", "up to this reason"))
    x = value_across("value").scale(zero=True)
    return alt.layer(
        base.mark_bar().encode(x=x, color=color, tooltip=tooltip),
        base.mark_rule(color=LIGHT.ink, strokeWidth=1.2).encode(x=value_across("ci_low"), x2="ci_high:Q"),
        on("labels")
        .mark_text(align="left", dx=6, fontSize=10.5, color=LIGHT.muted)
        .encode(y=y, yOffset=offset, x=value_across("end"), text="up_to:N"),
    ).properties(
        width=WIDTH,
        height=alt.Step(_ROW_HEIGHT / 1.5),
        padding={"left": 5, "top": 5, "right": 90, "bottom": 5},
    )


def group_shares() -> Drawing:
    """The share of each group, with its interval; hollow, what a naive reading would say."""
    y = alt.Y(
        "row:O", scale=fixed("@rows"), title=None, axis=alt.Axis(ticks=False, labelPadding=6, labelLimit=260)
    )
    tooltip = tooltips(("row", "group"), *_VALUE)
    base = on("groups").encode(y=y)
    naive = on("naive").encode(y=y)
    return alt.layer(
        naive.mark_point(size=46, color=LIGHT.muted, opacity=1, strokeWidth=1.4).encode(
            x=value_across("value"), tooltip=tooltip
        ),
        base.mark_rule(color=LIGHT.accent, strokeWidth=1.6).encode(x=value_across("ci_low"), x2="ci_high:Q"),
        base.mark_point(filled=True, size=60, color=LIGHT.accent, opacity=1).encode(
            x=value_across("value"), tooltip=tooltip
        ),
    ).properties(width=WIDTH, height=alt.Step(_ROW_HEIGHT / 1.3))


def stickiness() -> Drawing:
    """How many parts of a period customers were active in: exactly so many, and at least so many."""
    x = alt.X("k:O", title="@x_title", axis=alt.Axis(labelAngle=0))
    tooltip = tooltips(("k", "@x_title"), ("kind", "customers"), *_VALUE)
    exact = on("exactly").mark_bar(color=LIGHT.sequential[3]).encode(x=x, y=value_axis(), tooltip=tooltip)
    at_least = on("at_least").encode(x=x)
    return (
        alt.layer(
            exact,
            at_least.mark_line(color=LIGHT.warn, strokeWidth=2),
            at_least.mark_rule(color=LIGHT.warn, strokeWidth=1.4).encode(
                y=value_axis("ci_low"), y2="ci_high:Q"
            ),
            at_least.mark_point(filled=True, size=45, color=LIGHT.warn, opacity=1).encode(tooltip=tooltip),
        )
        .encode(y=value_axis())
        .properties(width=WIDTH, height=220)
    )


def _kinds() -> alt.Scale:
    """What comes, what goes and what stays, each in a colour of its own."""
    return alt.Scale(domain=_marked("@kinds"), range=_marked("@colours"))


def _marked(name: str) -> Any:
    return name


def _paler_while_partial() -> Any:
    return alt.condition("datum.partial", alt.value(0.45), alt.value(1))
