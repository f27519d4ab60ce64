"""What drawings of all notebooks are made of: data sets, axes, tooltips, intervals and events."""

from typing import Any, TypeAlias, cast

import altair as alt

from retention_kit.charts.theme import LIGHT

__all__ = [
    "POINT",
    "WIDTH",
    "Drawing",
    "age_axis",
    "event_marks",
    "fixed",
    "on",
    "time_axis",
    "tooltips",
    "value_across",
    "value_axis",
    "with_interval",
]

WIDTH = 720
POINT = (
    ("column", "@x_title"),
    ("text", "@value_title"),
    ("interval", "@interval_title"),
    ("customers", "customers"),
)
Drawing: TypeAlias = Any  # Altair types a layer of charts as one of several classes


def on(data: str) -> Drawing:
    """Return a drawing over the rows of one data set."""
    return alt.Chart(alt.NamedData(name=data))


def fixed(domain: str) -> alt.Scale:
    """Return a scale whose values and their order are filled in."""
    return alt.Scale(domain=cast(Any, domain))


def age_axis() -> alt.X:
    """Return the axis of ages, in periods."""
    return alt.X("age:Q", title="@x_title", axis=alt.Axis(grid=False, tickMinStep=1, format="d"))


def time_axis() -> alt.X:
    """Return the axis of days, with ticks where periods start."""
    ticks = cast(Any, "@ticks")
    axis = alt.Axis(grid=False, values=ticks, format="@time_format", labelOverlap=True, labelSeparation=6)
    return alt.X("start:T", title="@x_title", axis=axis, scale=alt.Scale(padding=16))


def value_axis(field: str = "value") -> alt.Y:
    """Return the vertical axis of values."""
    return alt.Y(
        f"{field}:Q", title="@value_title", axis=alt.Axis(format="@format"), scale=alt.Scale(zero=True)
    )


def value_across(field: str) -> alt.X:
    """Return the horizontal axis of values."""
    axis = alt.Axis(format="@format", grid=False, labelOverlap=True, labelSeparation=6)
    return alt.X(f"{field}:Q", title="@value_title", axis=axis, scale=alt.Scale(zero=True))


def tooltips(*fields: tuple[str, str]) -> list[alt.Tooltip]:
    """Return the lines of a tooltip, from fields and their titles."""
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in fields]


def with_interval(base: Drawing) -> list[Drawing]:
    """Return points with their intervals; those of unfinished periods are grey."""
    color = alt.condition("datum.status == 'partial'", alt.value(LIGHT.muted), alt.value(LIGHT.accent))
    rule = base.mark_rule(strokeWidth=1.6).encode(y=value_axis("ci_low"), y2="ci_high:Q", color=color)
    point = base.mark_point(filled=True, size=55, opacity=1).encode(
        y=value_axis(), color=color, tooltip=tooltips(("row", "@row_title"), *POINT)
    )
    return [rule, point]


def event_marks() -> list[Drawing]:
    """Return what happened, as dashed lines with their labels."""
    base = on("events").encode(x="start:T")
    return [
        base.mark_rule(color=LIGHT.warn, strokeDash=[2, 2], opacity=0.8).encode(
            tooltip=tooltips(("label", "event"))
        ),
        # On a narrow page labels would lie on each other; there the tooltip tells.
        base.mark_text(
            align="left",
            baseline="top",
            dx=4,
            color=LIGHT.warn,
            fontSize=10,
            limit=110,
            text=alt.expr("width < 480 ? '' : datum.label"),
        ).encode(y=alt.value(0)),
    ]
