"""The drawings of the churn notebook."""

from typing import Any, cast

import altair as alt

from retention_kit.charts.drawings.parts import (
    WIDTH,
    Drawing,
    event_marks,
    fixed,
    on,
    time_axis,
    tooltips,
    value_axis,
    with_interval,
)
from retention_kit.charts.theme import LIGHT

__all__ = [
    "calendar_churn",
    "diagonals",
    "gap_curve",
    "hazard",
    "period_effects",
    "projection",
    "return_chance",
    "snapshot_curves",
    "survival",
    "survival_by_group",
]

_HEIGHT = 280
_ABOVE = alt.Legend(orient="top", symbolOpacity=1, symbolStrokeWidth=0)  # numbers at risk stand below
_IN_TWO = alt.Legend(orient="top", symbolOpacity=1, symbolStrokeWidth=0, columns=2, labelLimit=160)
_SHARE = alt.Scale(domain=[0, 1])
_POINT = (
    ("column", "@x_title"),
    ("text", "@value_title"),
    ("interval", "@interval_title"),
    ("customers", "@customers_title"),
)


def gap_curve() -> Drawing:
    """The share of silences that have not ended yet, with its plateau, the cycle, window and threshold."""
    base = on("curve").encode(x=_days())
    plateau = on("plateau").encode(y="value:Q")
    return alt.layer(
        *_vertical_marks(),
        plateau.mark_rule(color=LIGHT.muted, strokeDash=[4, 3]),
        plateau.mark_text(align="right", baseline="top", dy=12, color=LIGHT.muted, fontSize=10).encode(
            x=alt.value("width"), text="label:N"
        ),
        *_banded(base, LIGHT.accent),
    ).properties(width=WIDTH, height=_HEIGHT)


def return_chance() -> Drawing:
    """The chance of a return after a silence, against the share below which customers have left."""
    base = on("curve").encode(x=_days())
    below = on("below").encode(y="value:Q")
    return alt.layer(
        *_vertical_marks(),
        below.mark_rule(color=LIGHT.warn, strokeDash=[4, 3]),
        below.mark_text(align="right", baseline="bottom", dy=-3, color=LIGHT.warn, fontSize=10).encode(
            x=alt.value("width"), text="label:N"
        ),
        *_banded(base, LIGHT.accent, scale=alt.Scale(zero=True)),
    ).properties(width=WIDTH, height=_HEIGHT)


def survival() -> Drawing:
    """The share of customers still there, with its band, its median, and how many are at risk."""
    base = on("curve").encode(x=_days())
    return alt.layer(*_median(), *_banded(base, LIGHT.accent), *_at_risk()).properties(
        width=WIDTH, height=_HEIGHT
    )


def survival_by_group() -> Drawing:
    """A survival curve with its band for each group, and how many are at risk."""
    color = alt.Color("group:N", title="@group_title", scale=fixed("@groups"), legend=_ABOVE)
    base = on("curve").encode(x=_days(), color=color)
    band = base.mark_area(opacity=0.12, interpolate="step-after").encode(y=_share("ci_low"), y2="ci_high:Q")
    line = base.mark_line(strokeWidth=2, interpolate="step-after").encode(y=_share())
    point = base.mark_point(filled=True, size=60, opacity=0, aria=False).encode(
        y=_share(), tooltip=tooltips(("group", "@group_title"), *_POINT)
    )
    return alt.layer(band, line, point, *_at_risk(alt.Color("group:N", scale=fixed("@groups")))).properties(
        width=WIDTH, height=_HEIGHT
    )


def hazard() -> Drawing:
    """The share of those still there who leave, period after period of their time as customers."""
    base = on("periods").encode(x=alt.X("middle:Q", title="@x_title", axis=_whole()))
    return alt.layer(*_pointed(base)).properties(width=WIDTH, height=220)


def calendar_churn() -> Drawing:
    """Churn per calendar period, with events and the level of all periods."""
    base = on("periods").encode(x=time_axis())
    level = on("level").mark_rule(color=LIGHT.muted, strokeDash=[4, 3])
    return alt.layer(
        *event_marks(),
        level.encode(y="value:Q", tooltip=tooltips(("text", "all periods"))),
        base.mark_line(color=LIGHT.accent, opacity=0.35, strokeWidth=1.2).encode(y=value_axis()),
        *with_interval(base),
    ).properties(width=WIDTH, height=240)


def projection() -> Drawing:
    """What was observed, what models say of it and of what is to come, and what one of them foresaw."""
    x = alt.X("age:Q", title="@x_title", axis=_whole())
    shades = [LIGHT.ink, LIGHT.accent, LIGHT.groups[2], LIGHT.warn]
    color = alt.Color(
        "group:N", title=None, scale=alt.Scale(domain=cast(Any, "@groups"), range=shades), legend=_IN_TWO
    )
    tooltip = tooltips(("group", "what"), *_POINT)
    model, other, foreseen, observed = (
        on(name).encode(x=x, color=color) for name in ("model", "other", "foreseen", "observed")
    )
    return alt.layer(
        model.mark_area(opacity=0.16).encode(y=_share("ci_low"), y2="ci_high:Q"),
        model.mark_line(strokeWidth=2).encode(y=_share()),
        other.mark_line(strokeWidth=1.6, strokeDash=[2, 2]).encode(y=_share()),
        foreseen.mark_line(strokeWidth=1.6, strokeDash=[6, 3]).encode(y=_share()),
        model.mark_point(filled=True, size=50, opacity=0, aria=False).encode(y=_share(), tooltip=tooltip),
        observed.mark_rule(strokeWidth=1.2).encode(y=_share("ci_low"), y2="ci_high:Q"),
        observed.mark_point(filled=True, size=36, opacity=1).encode(y=_share(), tooltip=tooltip),
    ).properties(width=WIDTH, height=_HEIGHT)


def diagonals() -> Drawing:
    """Churn of each cohort in each period, against what its age leads to expect."""
    order = alt.Axis(labelAngle=0, labelOverlap=True, labelSeparation=6, ticks=False, domain=False)
    scale = alt.Scale(
        domain=[-1, 0, 1], range=[LIGHT.accent, LIGHT.surface, LIGHT.warn], interpolate="rgb", clamp=True
    )
    cells = on("cells").encode(
        x=alt.X("period:O", scale=fixed("@periods"), title="@x_title", axis=order),
        y=alt.Y("cohort:O", scale=fixed("@cohorts"), title="@y_title", axis=order),
    )
    tooltip = tooltips(
        ("cohort", "cohort"),
        ("period", "period"),
        ("age", "age"),
        ("left", "left"),
        ("expected", "expected at that age"),
        ("customers", "customers"),
    )
    return (
        cells.mark_rect(stroke=LIGHT.grid, strokeWidth=0.6, aria=False)
        .encode(
            color=alt.Color("depth:Q", scale=scale, legend=None),
            opacity=alt.Opacity("certainty:Q", scale=alt.Scale(domain=[0, 1], range=[0, 1]), legend=None),
            tooltip=tooltip,
        )
        .properties(width=alt.Step(18), height=alt.Step(14))
    )


def period_effects() -> Drawing:
    """How many left in each period against what age and cohort lead to expect."""
    base = on("periods").encode(x=time_axis())
    one = on("one").mark_rule(color=LIGHT.muted).encode(y="value:Q")
    color = alt.condition("datum.clear", alt.value(LIGHT.accent), alt.value(LIGHT.muted))
    y = alt.Y("ci_low:Q", title="@value_title", axis=alt.Axis(format="~r"), scale=alt.Scale(zero=True))
    tooltip = tooltips(
        ("row", "period"), ("text", "@value_title"), ("interval", "@interval_title"), ("left", "left")
    )
    rule = base.mark_rule(strokeWidth=1.6).encode(y=y, y2="ci_high:Q", color=color)
    point = base.mark_point(filled=True, size=45, opacity=1).encode(y="value:Q", color=color, tooltip=tooltip)
    return alt.layer(*event_marks(), one, rule, point).properties(width=WIDTH, height=220)


def snapshot_curves() -> Drawing:
    """The curve of a snapshot, read naively and with late entry."""
    color = alt.Color("group:N", title=None, sort=None, legend=_ABOVE)
    base = on("curve").encode(x=_days(), color=color)
    band = base.mark_area(opacity=0.12, interpolate="step-after").encode(y=_share("ci_low"), y2="ci_high:Q")
    line = base.mark_line(strokeWidth=2, interpolate="step-after").encode(y=_share())
    point = base.mark_point(filled=True, size=60, opacity=0, aria=False).encode(
        y=_share(), tooltip=tooltips(("group", "read"), *_POINT)
    )
    return alt.layer(band, line, point).properties(width=WIDTH, height=240)


def _days() -> alt.X:
    return alt.X(
        "time:Q",
        title="@x_title",
        axis=_whole(),
        scale=alt.Scale(domainMin=0, domainMax=alt.ExprRef("@longest"), nice=False),
    )


def _whole() -> alt.Axis:
    return alt.Axis(grid=False, tickMinStep=1, format="d")


def _share(field: str = "value", scale: alt.Scale = _SHARE) -> alt.Y:
    return alt.Y(f"{field}:Q", title="@value_title", axis=alt.Axis(format=".0%"), scale=scale)


def _banded(base: Drawing, color: str, *, scale: alt.Scale = _SHARE) -> list[Drawing]:
    """A step line with its band; the points that carry the tooltips cannot be seen."""
    y = _share(scale=scale)
    return [
        base.mark_area(color=color, opacity=0.18, interpolate="step-after").encode(
            y=_share("ci_low", scale), y2="ci_high:Q"
        ),
        base.mark_line(color=color, strokeWidth=2.2, interpolate="step-after").encode(y=y),
        base.mark_point(filled=True, size=60, opacity=0, color=color, aria=False).encode(
            y=y, tooltip=tooltips(*_POINT)
        ),
    ]


def _pointed(base: Drawing) -> list[Drawing]:
    color: Any = alt.value(LIGHT.accent)
    return [
        base.mark_rule(strokeWidth=1.6).encode(y=value_axis("ci_low"), y2="ci_high:Q", color=color),
        base.mark_point(filled=True, size=50, opacity=1).encode(
            y=value_axis(), color=color, tooltip=tooltips(*_POINT)
        ),
    ]


def _vertical_marks() -> list[Drawing]:
    """Days that matter, with their names at the top, one below the other."""
    base = on("days").encode(x="time:Q")
    color = alt.condition("datum.chosen", alt.value(LIGHT.warn), alt.value(LIGHT.muted))
    return [
        base.mark_rule(strokeDash=[2, 2]).encode(color=color),
        base.mark_text(align="left", baseline="top", dx=4, fontSize=10).encode(
            text="label:N", y=alt.Y("place:Q", scale=None), color=color
        ),
    ]


def _median() -> list[Drawing]:
    base = on("median").encode(x="time:Q")
    look: dict[str, Any] = {"align": "left", "baseline": "bottom", "dx": 4, "dy": -3, "fontSize": 10}
    return [
        base.mark_rule(color=LIGHT.muted, strokeDash=[4, 3]).encode(y="half:Q", y2=alt.Y2(datum=0)),
        base.mark_text(color=LIGHT.muted, **look).encode(y=alt.Y(datum=0), text="label:N"),
    ]


def _at_risk(color: Any = None) -> list[Drawing]:
    """Rows of numbers below the axis: customers at risk, with what they are called on the left."""
    look: dict[str, Any] = {"fontSize": 10, "baseline": "top", "color": LIGHT.muted, "aria": False}
    y = alt.Y("below:Q", scale=None)
    numbers = on("at_risk").mark_text(**look).encode(x="time:Q", y=y, text="text:N")
    names = on("risk_names").mark_text(align="right", **look).encode(x=alt.value(-24), y=y, text="text:N")
    if color is not None:
        numbers = numbers.encode(color=color)
    return [numbers, names]
