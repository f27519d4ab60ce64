"""The drawings of the what-if notebook: how sure a gain is, when it pays back, and what decides."""

from typing import Any

import altair as alt

from retention_kit.charts.drawings.parts import WIDTH, Drawing, fixed, on, tooltips
from retention_kit.charts.theme import LIGHT

__all__ = ["budget_use", "cumulative_cash", "npv_distribution", "retention_points", "tornado"]

# Nothing that a lever moves stands in a template, so that a page puts new data into the chart it has.
_ROW_HEIGHT = 40
_INTERVAL = "@interval_title"
# Each label by itself; Vega would give all of an axis one unit, and call 200 "0.2k".
_MONEY = "format(datum.value, '~s')"
_MONEY_ACROSS: Any = {"labelExpr": _MONEY, "grid": False, "labelOverlap": True, "labelSeparation": 8}


def npv_distribution() -> Drawing:
    """How often each net present value comes up among the futures drawn; orange: below nothing."""
    tooltip = tooltips(("between", "@value_title"), ("text", "share of futures"))
    x = alt.X("low:Q", title="@value_title", axis=alt.Axis(**_MONEY_ACROSS))
    y = alt.Y("share:Q", title="share of futures", axis=alt.Axis(format=".0%"))
    bars = (
        on("futures")
        .mark_bar(stroke=LIGHT.surface, strokeWidth=1)
        .encode(
            x=x,
            x2="high:Q",
            y=y,
            y2=alt.Y2(datum=0),
            color=alt.condition("datum.pays", alt.value(LIGHT.accent), alt.value(LIGHT.warn)),
            tooltip=tooltip,
        )
    )
    return alt.layer(
        bars,
        on("other")
        .mark_line(interpolate="step-after", color=LIGHT.ink, strokeDash=[4, 3], strokeWidth=1.6)
        .encode(x="low:Q", y="share:Q"),
        on("zero").mark_rule(color=LIGHT.ink).encode(x="value:Q"),
        on("mean").mark_rule(color=LIGHT.muted, strokeDash=[2, 2]).encode(x="value:Q"),
        on("mean")
        .mark_text(align="left", baseline="top", dx=4, fontSize=10.5, color=LIGHT.muted)
        .encode(x="value:Q", y=alt.value(0), text="label:N"),
    ).properties(width=WIDTH, height=220)


def cumulative_cash() -> Drawing:
    """What has come back less what has been paid, month by month, with its interval."""
    x = alt.X("month:Q", title="months from now", axis=alt.Axis(grid=False, tickMinStep=1, format="d"))
    y = alt.Y("value:Q", title="@value_title", axis=alt.Axis(labelExpr=_MONEY))
    tooltip = tooltips(
        ("month", "month"), ("series", "scenario"), ("text", "@value_title"), ("interval", _INTERVAL)
    )
    months, other = on("months").encode(x=x), on("other").encode(x=x)
    return alt.layer(
        months.mark_area(opacity=0.16, color=LIGHT.accent).encode(
            y=alt.Y("ci_low:Q", title="@value_title"), y2="ci_high:Q"
        ),
        on("zero").mark_rule(color=LIGHT.ink).encode(y="value:Q"),
        other.mark_line(color=LIGHT.ink, strokeDash=[4, 3], strokeWidth=1.6).encode(y=y, tooltip=tooltip),
        months.mark_line(color=LIGHT.accent, strokeWidth=2.2).encode(y=y),
        months.mark_point(filled=True, size=30, opacity=1, color=LIGHT.accent).encode(y=y, tooltip=tooltip),
        on("payback").mark_rule(color=LIGHT.muted, strokeDash=[2, 2]).encode(x="month:Q"),
        *(
            on("payback")
            .mark_text(align=align, baseline="top", dx=apart, fontSize=10.5, color=LIGHT.muted)
            .transform_filter(f"{'!' * (apart > 0)}datum.late")
            .encode(x="month:Q", y=alt.value(0), text="label:N")
            for align, apart in (("left", 4), ("right", -4))
        ),
    ).properties(width=WIDTH, height=260)


def tornado() -> Drawing:
    """How far each input moves the net present value, from its low to its high."""
    # The names lie above the bars: beside them they would leave a phone no room to draw.
    y = alt.Y("rank:O", axis=None)
    x = alt.X("start:Q", title="@value_title", axis=alt.Axis(**_MONEY_ACROSS))
    color = alt.Color(
        "end:N",
        title="input at its",
        scale=alt.Scale(domain=["low", "high"], range=[LIGHT.groups[1], LIGHT.groups[0]]),
    )
    tooltip = tooltips(("row", "input"), ("at", "put at"), ("text", "@value_title"))
    ends = on("ends").encode(y=y)
    room = {"left": 5, "top": 5, "right": 60, "bottom": 5}
    return alt.layer(
        on("zero").mark_rule(color=LIGHT.ink).encode(x="value:Q"),
        on("mean").mark_rule(color=LIGHT.muted, strokeDash=[2, 2]).encode(x="value:Q"),
        ends.mark_bar(height=12, yOffset=8).encode(x=x, x2="npv:Q", color=color, tooltip=tooltip),
        ends.mark_text(fontSize=10.5, dy=8, dx=5, align="left", color=LIGHT.muted)
        .transform_filter("datum.npv >= datum.start")
        .encode(x="npv:Q", text="label:N"),
        ends.mark_text(fontSize=10.5, dy=8, dx=-5, align="right", color=LIGHT.muted)
        .transform_filter("datum.npv < datum.start")
        .encode(x="npv:Q", text="label:N"),
        on("names")
        .mark_text(fontSize=11.5, dy=-8, align="left", color=LIGHT.ink)
        .encode(y=y, x=alt.value(0), text="row:N"),
    ).properties(width=WIDTH, height=alt.Step(_ROW_HEIGHT), padding=room)


def budget_use() -> Drawing:
    """What the same money brings, spent on keeping customers and on winning new ones."""
    return _dots("uses", rows="@rows", labels=_MONEY, mark="budget")


def retention_points() -> Drawing:
    """What some points of retention are worth, by arithmetic and by the model; grey: what is claimed."""
    claim = (
        on("claim")
        .mark_rect(color=LIGHT.line, opacity=0.7)
        .encode(x="low:Q", x2="high:Q", y=alt.value(0), y2=alt.value("height"))
    )
    return alt.layer(
        claim, _dots("ways", rows="@rows", labels="format(datum.value, '.0%')", mark="")
    ).properties(width=WIDTH, height=alt.Step(_ROW_HEIGHT / 1.3))


def _dots(data: str, *, rows: str, labels: str, mark: str) -> Drawing:
    """Values with their intervals, one row each, from nothing on; a dashed line marks an amount."""
    axis = alt.Axis(ticks=False, labelPadding=6, labelLimit=200)
    y = alt.Y("row:O", scale=fixed(rows), title=None, axis=axis)
    base = on(data).encode(y=y)
    across = alt.Axis(labelExpr=labels, grid=False, labelOverlap=True)

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", title="@value_title", axis=across, scale=alt.Scale(zero=True))

    tooltip = tooltips(("row", "way"), ("text", "@value_title"), ("interval", _INTERVAL))
    layers = [
        base.mark_rule(color=LIGHT.accent, strokeWidth=1.6).encode(x=x("ci_low"), x2="ci_high:Q"),
        base.mark_point(filled=True, size=70, color=LIGHT.accent, opacity=1).encode(
            x=x("value"), tooltip=tooltip
        ),
        base.mark_text(fontSize=10.5, dy=-11, color=LIGHT.muted).encode(x=x("value"), text="text:N"),
    ]
    if mark:
        line = on(mark).mark_rule(color=LIGHT.muted, strokeDash=[4, 3])
        layers.insert(0, line.encode(x="value:Q", tooltip=tooltips(("label", "budget"))))
    return alt.layer(*layers).properties(width=WIDTH, height=alt.Step(_ROW_HEIGHT))
