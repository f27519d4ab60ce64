"""The drawings of the lifetime value notebook."""

from typing import Any, cast

import altair as alt

from retention_kit.charts.drawings.parts import (
    WIDTH,
    Drawing,
    fixed,
    on,
    tooltips,
    value_across,
    value_axis,
)
from retention_kit.charts.theme import LIGHT

__all__ = [
    "value_by_cohort",
    "value_by_group",
    "value_concentration",
    "value_curve",
    "value_distribution",
]

_INTERVAL = ("interval", "@interval_title")


def value_distribution() -> Drawing:
    """How many customers are worth how much, with the mean."""
    axis = alt.Axis(format="@format", grid=False, labelOverlap=True, labelSeparation=6)
    x = alt.X("low:Q", title="@x_title", axis=axis)
    bars = (
        on("bars")
        .mark_bar(color=LIGHT.accent, stroke=LIGHT.surface, strokeWidth=1)
        .encode(
            x=x,
            x2="high:Q",
            y=alt.Y("customers:Q", title="customers", axis=alt.Axis(format=",.0f")),
            y2=alt.Y2(datum=0),
            tooltip=tooltips(
                ("between", "@x_title"), ("people", "customers"), ("held", "share of the value")
            ),
        )
    )
    return alt.layer(bars, *_vertical("mean")).properties(width=WIDTH, height=220)


def value_concentration() -> Drawing:
    """Which share of the value the most valuable customers hold."""
    x = alt.X(
        "share:Q",
        title="share of customers, the most valuable first",
        axis=alt.Axis(format=".0%", grid=False),
    )
    y = alt.Y("value:Q", title="@value_title", axis=alt.Axis(format=".0%"), scale=alt.Scale(domain=[0, 1]))
    base = on("curve").encode(x=x, y=y)
    half = on("half").encode(x=x, y=y)
    return alt.layer(
        on("equal").mark_line(color=LIGHT.muted, strokeDash=[4, 3]).encode(x=x, y=y),
        base.mark_area(color=LIGHT.accent, opacity=0.12),
        base.mark_line(color=LIGHT.accent, strokeWidth=2.2),
        base.mark_point(filled=True, size=60, opacity=0, aria=False).encode(
            tooltip=tooltips(("column", "customers"), ("text", "@value_title"))
        ),
        half.mark_point(filled=True, size=70, color=LIGHT.warn, opacity=1),
        half.mark_text(align="left", baseline="top", dx=8, dy=4, fontSize=11, color=LIGHT.warn).encode(
            text="label:N"
        ),
    ).properties(width=WIDTH, height=260)


def value_by_group() -> Drawing:
    """What a customer of each group is worth, with its interval and the mean of all."""
    rows = alt.Axis(ticks=False, domain=False, labelPadding=8)
    base = on("groups").encode(y=alt.Y("row:O", scale=fixed("@rows"), title=None, axis=rows))
    return alt.layer(
        on("mean").mark_rule(color=LIGHT.muted, strokeDash=[4, 3]).encode(x="value:Q"),
        base.mark_rule(strokeWidth=1.6, color=LIGHT.accent).encode(x=value_across("ci_low"), x2="ci_high:Q"),
        base.mark_point(filled=True, size=60, opacity=1, color=LIGHT.accent).encode(
            x=value_across("value"), tooltip=_of_many("@row_title")
        ),
    ).properties(width=WIDTH, height=alt.Step(26))


def value_by_cohort() -> Drawing:
    """What a customer of each cohort is worth from now on, with its interval."""
    axis = alt.Axis(labelAngle=0, labelOverlap=True, labelSeparation=6, grid=False)
    x = alt.X("row:O", scale=fixed("@rows"), title="@x_title", axis=axis)
    base = on("cohorts").encode(x=x)
    return alt.layer(
        on("mean").mark_rule(color=LIGHT.muted, strokeDash=[4, 3]).encode(y="value:Q"),
        base.mark_rule(strokeWidth=1.6, color=LIGHT.accent).encode(y=value_axis("ci_low"), y2="ci_high:Q"),
        base.mark_point(filled=True, size=60, opacity=1, color=LIGHT.accent).encode(
            y=value_axis(), tooltip=_of_many("@row_title")
        ),
    ).properties(width=WIDTH, height=240)


def value_curve() -> Drawing:
    """Value up to each month, of today's and of a new customer, with what it costs to win one."""
    x = alt.X("month:Q", title="months from now", axis=alt.Axis(grid=False, tickMinStep=1, format="d"))
    shades = alt.Scale(domain=cast(Any, "@groups"), range=[LIGHT.accent, LIGHT.groups[1]])
    legend = alt.Legend(orient="top", symbolOpacity=1, symbolStrokeWidth=0, labelLimit=280)
    color = alt.Color("group:N", title=None, scale=shades, legend=legend)
    base = on("curve").encode(x=x, color=color)
    cost = on("cost")
    return alt.layer(
        cost.mark_rule(color=LIGHT.warn, strokeDash=[4, 3]).encode(y="value:Q"),
        cost.mark_text(align="left", baseline="bottom", dx=4, dy=-3, fontSize=10.5, color=LIGHT.warn).encode(
            x=alt.value(0), y="value:Q", text="label:N"
        ),
        base.mark_area(opacity=0.16).encode(y=value_axis("ci_low"), y2="ci_high:Q"),
        base.mark_line(strokeWidth=2.2).encode(y=value_axis()),
        base.mark_point(filled=True, size=45, opacity=0, aria=False).encode(
            y=value_axis(),
            tooltip=tooltips(("group", "of"), ("month", "month"), ("text", "@value_title"), _INTERVAL),
        ),
        *_vertical("payback", color=LIGHT.warn),
    ).properties(width=WIDTH, height=280)


def _vertical(data: str, color: str = LIGHT.muted) -> list[Drawing]:
    base = on(data)
    return [
        base.mark_rule(color=color, strokeDash=[2, 2]).encode(x="value:Q"),
        base.mark_text(align="left", baseline="top", dx=4, fontSize=10.5, color=color).encode(
            x="value:Q", y=alt.value(0), text="label:N"
        ),
    ]


def _of_many(row_title: str) -> list[alt.Tooltip]:
    return tooltips(
        ("row", row_title),
        ("text", "@value_title"),
        _INTERVAL,
        ("people", "customers"),
        ("held", "share of the value"),
    )
