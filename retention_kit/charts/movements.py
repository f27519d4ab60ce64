"""Charts of movements: who came and went, how often customers are active, what a change is made of."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pyarrow as pa

from retention_kit import formats
from retention_kit.charts.chart import Chart, chart
from retention_kit.charts.theme import LIGHT
from retention_kit.charts.time_axis import event_marks, iso, time_axis
from retention_kit.measures.mix_or_rate import MixOrRate
from retention_kit.measures.movements import CustomerMovements
from retention_kit.measures.stickiness import Stickiness

__all__ = ["mix_or_rate", "movements", "on_or_in", "stickiness"]

_KINDS = {"new": "new", "resurrected": "came back", "dormant": "fell silent"}
_COLOURS = {"new": LIGHT.groups[0], "resurrected": LIGHT.groups[2], "dormant": LIGHT.groups[1]}
_MOST_PERIODS = 60  # what an eye can tell apart; the table holds all
_DAY = timedelta(days=1)


def movements(found: CustomerMovements, *, index: int, events: pa.Table | None) -> Chart:
    """Return who came above the line and who fell silent below it; the period ``index`` is the title's."""
    periods = found.total.to_pylist()
    shown = next(row for row in periods if row["period_index"] == index)
    came = shown["new"] + shown["resurrected"]
    named = formats.period(shown["period"], found.grain)
    last = len(periods) if index >= len(periods) - _MOST_PERIODS else max(index + 1, _MOST_PERIODS)
    drawn = periods[max(last - _MOST_PERIODS, 0) : last]
    moves = [move | {"shown": row["period_index"] == index} for row in drawn for move in _moves(row)]
    left_out = f"\n{len(drawn)} of {formats.plural(len(periods), found.grain)}; the table holds all"
    return chart(
        "movements",
        title=f"{formats.begun(named)}: {formats.plural(came, 'customer')} came or came back, "
        f"{formats.count(shown['dormant'])} fell silent",
        subtitle=f"customers by {found.grain} · line: net change of active customers · "
        f"framed: {named} · as of {found.as_of}"
        + (" · pale: not over yet" if any(row["status"] == "partial" for row in drawn) else "")
        + (left_out if len(drawn) < len(periods) else ""),
        description=f"{formats.begun(named)}: {formats.plural(shown['new'], 'new customer')}, "
        f"{formats.count(shown['retained'])} stayed, {formats.count(shown['resurrected'])} came back and "
        f"{formats.count(shown['dormant'])} fell silent. "
        f"{formats.plural(len(drawn), found.grain)} are drawn.",
        words={
            "kinds": list(_KINDS.values()),
            "colours": [_COLOURS[kind] for kind in _KINDS],
            **time_axis(moves, found.grain, title=found.grain),
        },
        data={
            "moves": moves,
            "zero": [{"value": 0}],
            "net": [
                {
                    "middle": iso(row["starts_on"] + (row["ends_on"] + _DAY - row["starts_on"]) / 2),
                    "value": row["net"],
                    "text": formats.signed(row["net"]),
                    **_of_period(row),
                }
                for row in drawn
            ],
            "events": event_marks(moves, events),
        },
        table=found.total,
    )


def stickiness(found: Stickiness, *, index: int, level: float) -> Chart:
    """Return in how many parts of the period ``index`` customers were active."""
    table = found.period(index)
    rows = table.to_pylist()
    people, period = rows[0]["customers"], formats.begun(formats.period(rows[0]["period"], found.grain))
    several = next((row for row in rows if row["active_periods"] == 2), None)
    ordered = "nobody ordered"
    if several and people:
        ordered = (
            f"{formats.value(several['at_least_share'], 'share')} ordered {on_or_in(found.sub_grain)} two "
        )
        ordered += f"or more different {found.sub_grain}s"
    drawn = {
        kind: [_share(row, kind) for row in rows if row[f"{kind}_share"] is not None]
        for kind in ("exactly", "at_least")
    }
    # The long tail of numbers that nobody reaches says nothing.
    last = max((row["active_periods"] for row in rows if row["exactly"]), default=1)
    return chart(
        "stickiness",
        title=f"{period}: {ordered}",
        subtitle=f"share of {formats.plural(people, 'customer')} who ordered · bars: exactly so many "
        f"{found.sub_grain}s\nline: at least so many, with {level * 100:g} % interval · as of {found.as_of}",
        description=f"{period}: of {formats.plural(people, 'customer')}, {ordered}."
        if people
        else f"{period}: {ordered}.",
        words={
            "x_title": f"{found.sub_grain}s with an order",
            "value_title": "share of customers",
            "interval_title": f"{level * 100:g} % interval",
            "format": ".0%",
        },
        data={kind: [row for row in part if row["k"] <= last] for kind, part in drawn.items()},
        table=table,
    )


def mix_or_rate(found: MixOrRate, *, level: float) -> Chart:
    """Return what a change of the retention rate is made of, value by value."""
    values = found.values.to_pylist()
    total = {part: getattr(found, part) for part in ("mix", "rate", "change")}
    everyone = sum(row["customers"] for row in values)
    rows = [
        _part("all together", part, estimate.value, estimate.ci_low, estimate.ci_high, everyone)
        for part, estimate in total.items()
    ] + [
        _part(row["value"], part, row[part], row[f"{part}_ci_low"], row[f"{part}_ci_high"], row["customers"])
        for row in values
        for part in ("mix", "rate")
    ]
    titles = {
        "mix": "Other customers, rather than another rate, changed retention",
        "rate": "The rate itself changed, rather than the customers",
        "unclear": "Whether mix or rate changed retention cannot be told",
    }
    return chart(
        "mix_or_rate",
        title=titles[found.verdict],
        subtitle=f"change of the retention rate from {formats.period(found.against, found.grain)} to "
        f"{formats.period(found.period, found.grain)}, in points · "
        f"by {found.attribute or 'new or known'}\n{level * 100:g} % interval · "
        f"as of {found.as_of}",
        description=found.sentence,
        words={
            "rows": ["all together", *(row["value"] for row in values)],
            "row_title": f"{found.attribute}:" if found.attribute else "customers",
            "value_title": "change, points",
            "interval_title": f"{level * 100:g} % interval",
            "format": "+~f",
        },
        data={"parts": rows, "zero": [{"value": 0}]},
        table=found.values,
    )


def on_or_in(grain: str) -> str:
    """Return how a period is placed in a sentence: on days, in longer ones."""
    return "on" if grain == "day" else "in"


def _moves(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The bars of a period: new on the line, resurrected on new, dormant below."""
    bars = (
        ("new", 0, row["new"]),
        ("resurrected", row["new"], row["new"] + row["resurrected"]),
        ("dormant", -row["dormant"], 0),
    )
    ends = {"start": iso(row["starts_on"]), "end": iso(row["ends_on"] + _DAY)}
    return [
        {
            "kind": _KINDS[kind],
            "low": low,
            "high": high,
            "text": formats.count(row[kind]),
            "partial": row["status"] == "partial",
            **ends,
            **_of_period(row),
        }
        for kind, low, high in bars
    ]


def _of_period(row: Mapping[str, Any]) -> dict[str, str]:
    state = "not over yet: seen so far" if row["status"] == "partial" else "complete"
    return {"when": row["period"], "state": state}


def _share(row: Mapping[str, Any], kind: str) -> dict[str, Any]:
    value, low, high = (row[f"{kind}_share{end}"] for end in ("", "_ci_low", "_ci_high"))
    return {
        "k": row["active_periods"],
        "kind": kind.replace("_", " "),
        "value": value,
        "ci_low": low,
        "ci_high": high,
        "text": formats.value(value, "share"),
        "interval": formats.interval(low, high, "share"),
        "customers": formats.count(row[kind]),
    }


def _part(
    row: str, part: str, value: float, low: float | None, high: float | None, customers: int
) -> dict[str, Any]:
    known = {"ci_low": low, "ci_high": high}
    ends = {key: end * 100 for key, end in known.items() if end is not None}
    return {
        "row": row,
        "part": part,
        "value": value * 100,
        "text": formats.signed(value, "share"),
        "interval": formats.interval(low, high, "points"),
        "customers": customers,
        **ends,
    }
