"""The drawings of the lifetime value notebook that tell histories, forecasts of cells, and back-tests."""

from typing import Any

import altair as alt

from retention_kit.charts.drawings.parts import WIDTH, Drawing, fixed, on, tooltips, value_axis
from retention_kit.charts.theme import LIGHT

__all__ = [
    "alive_map",
    "foreseen_cells",
    "purchases_map",
    "test_by_decile",
    "test_by_frequency",
    "test_cumulative",
    "test_weekly",
]

_INTERVAL = ("interval", "@interval_title")


def alive_map() -> Drawing:
    """The chance that customers are still there, by their purchases and their silence."""
    return _map()


def purchases_map() -> Drawing:
    """The purchases expected of customers, by their purchases so far and their silence."""
    return _map()


def test_weekly() -> Drawing:
    """Repeat purchases week by week: what came, and what the model led to expect."""
    return _tracked()


def test_cumulative() -> Drawing:
    """The same, added up."""
    return _tracked()


def test_by_decile() -> Drawing:
    """What was foreseen and what came, from the tenth with the lowest forecasts to the highest."""
    return _calibrated()


def test_by_frequency() -> Drawing:
    """What was foreseen and what came, by the purchases before."""
    return _calibrated()


def foreseen_cells() -> Drawing:
    """Cohorts down, ages across: seen so far, and hatched what is foreseen."""
    axis = alt.Axis(
        orient="top", labelAngle=0, labelOverlap=True, labelSeparation=5, ticks=False, domain=False
    )
    base = on("cells").encode(
        x=alt.X("column:O", scale=fixed("@columns"), title="@x_title", axis=axis),
        y=alt.Y("row:O", scale=fixed("@rows"), title=None, axis=alt.Axis(ticks=False, domain=False)),
    )
    tooltip = tooltips(
        ("row", "@row_title"),
        ("column", "@x_title"),
        ("when", "when"),
        ("text", "@value_title"),
        _INTERVAL,
        ("people", "customers"),
        ("state", "state"),
    )
    shade = alt.Scale(range=list(LIGHT.sequential), domainMin=0, domainMax=alt.ExprRef("@top"), clamp=True)
    filled = base.mark_rect(stroke=LIGHT.surface, strokeWidth=1.5, aria=False).encode(
        color=alt.Color("value:Q", scale=shade, legend=None),
        opacity=alt.condition("datum.foreseen", alt.value(0.65), alt.value(1)),
        tooltip=tooltip,
    )
    hatch = base.transform_filter("datum.foreseen").mark_rect(
        fill=_stripes(), stroke=LIGHT.muted, strokeDash=[2, 2], strokeWidth=0.8, aria=False
    )
    texts = base.mark_text(fontSize=10.5, aria=False).encode(
        text="label:N",
        color=alt.condition("datum.dark", alt.value(LIGHT.surface), alt.value(LIGHT.ink)),
        tooltip=tooltip,
    )
    return alt.layer(filled, hatch.encode(tooltip=tooltip), texts).properties(
        width=alt.Step(40), height=alt.Step(24)
    )


def _map() -> Drawing:
    """Purchases so far down, silence across; the darker the more."""
    across = alt.Axis(labelAngle=0, labelOverlap=True, labelSeparation=6, ticks=False, domain=False)
    down = alt.Axis(labelOverlap=True, ticks=False, domain=False)
    base = on("cells").encode(
        x=alt.X("column:O", scale=fixed("@columns"), title="@x_title", axis=across),
        y=alt.Y("row:O", scale=fixed("@rows"), title="repeat purchases", axis=down),
    )
    shade = alt.Scale(range=list(LIGHT.sequential), domainMin=0, domainMax=alt.ExprRef("@top"), clamp=True)
    tooltip = tooltips(
        ("row", "repeat purchases"), ("column", "@x_title"), ("text", "@value_title"), ("people", "customers")
    )
    return alt.layer(
        base.mark_rect(stroke=LIGHT.surface, strokeWidth=1, aria=False).encode(
            color=alt.Color("value:Q", scale=shade, legend=None), tooltip=tooltip
        ),
        base.mark_text(fontSize=9.5, aria=False).encode(
            text="label:N",
            color=alt.condition("datum.dark", alt.value(LIGHT.surface), alt.value(LIGHT.ink)),
            tooltip=tooltip,
        ),
    ).properties(width=WIDTH, height=alt.Step(17))


def _tracked() -> Drawing:
    """What came and what was expected over weeks; the vertical line ends what the model knew."""
    x = alt.X("start:T", title="week from", axis=alt.Axis(grid=False, labelOverlap=True, labelSeparation=6))
    shades = alt.Scale(domain=["came", "expected"], range=[LIGHT.ink, LIGHT.groups[1]])
    legend = alt.Legend(orient="top", symbolOpacity=1)
    color = alt.Color("group:N", title=None, scale=shades, legend=legend)
    base = on("weeks").encode(x=x, color=color)
    return alt.layer(
        on("known").mark_rule(color=LIGHT.muted, strokeDash=[2, 2]).encode(x="start:T"),
        on("known")
        .mark_text(align="right", baseline="top", dx=-4, fontSize=10.5, color=LIGHT.muted)
        .encode(x="start:T", y=alt.value(0), text="label:N"),
        base.mark_line(strokeWidth=1.8).encode(y=value_axis()),
        base.mark_point(filled=True, size=40, opacity=0, aria=False).encode(
            y=value_axis(),
            tooltip=tooltips(("column", "week from"), ("group", "what"), ("text", "purchases")),
        ),
    ).properties(width=WIDTH, height=220)


def _calibrated() -> Drawing:
    axis = alt.Axis(labelAngle=0, grid=False)
    base = on("parts").encode(x=alt.X("row:O", scale=fixed("@rows"), title="@x_title", axis=axis))
    shades = alt.Scale(domain=["came", "foreseen"], range=[LIGHT.ink, LIGHT.groups[1]])
    legend = alt.Legend(orient="top", symbolOpacity=1)
    color = alt.Color("group:N", title=None, scale=shades, legend=legend)
    return alt.layer(
        base.mark_rule(strokeWidth=1.6, color=LIGHT.ink).encode(y=value_axis("ci_low"), y2="ci_high:Q"),
        base.mark_point(size=60, opacity=1, filled=True).encode(
            y=value_axis(),
            color=color,
            shape=alt.Shape(
                "group:N", scale=alt.Scale(domain=["came", "foreseen"]), legend=legend, title=None
            ),
            tooltip=tooltips(
                ("row", "@x_title"),
                ("group", "what"),
                ("text", "@value_title"),
                _INTERVAL,
                ("people", "customers"),
            ),
        ),
    ).properties(width=WIDTH, height=220)


def _stripes() -> dict[str, Any]:
    """Diagonal stripes that veil a cell: a gradient of hard stops."""
    stops = []
    for band in range(6):
        veil = LIGHT.veil[0 if band % 2 else 1]
        stops += [{"offset": band / 6, "color": veil}, {"offset": (band + 1) / 6, "color": veil}]
    return {"gradient": "linear", "x1": 0, "y1": 0, "x2": 1, "y2": 1, "stops": stops}
