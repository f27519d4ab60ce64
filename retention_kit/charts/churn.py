"""The charts of cadence and churn curves: from results to filled-in templates. No statistics here."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit import formats
from retention_kit.charts import churn_words as words
from retention_kit.charts.chart import Chart, chart
from retention_kit.charts.time_axis import event_marks, iso, time_axis
from retention_kit.measures.cadence import PurchaseCadence
from retention_kit.measures.churn import ChurnCurves
from retention_kit.measures.survival_result import Estimate, SurvivalCurve

__all__ = ["calendar_churn", "gap_curve", "hazard", "return_chance", "survival", "survival_by_group"]

_MOST_POINTS = 85  # of a curve: more no eye can tell apart
_MOST_GROUPS = 8  # as many as there are colours
_MOST_PERIODS = 60
_BELOW, _ROW = 326, 15  # pixels from the top of a curve to the first number at risk, and between rows
_PLACES = 14  # pixels between the names of days

Row = dict[str, Any]


def gap_curve(found: PurchaseCadence, *, level: float) -> Chart:
    """Return how many silences last longer than each number of days."""
    every = found.everyone
    rows = every.curve.to_pylist()
    drawn = _some(every.curve["silent_days"].to_pylist(), every.curve["still_away"].to_pylist())
    return _timed(
        "gap_curve",
        title=words.gap_title(every),
        subtitle=f"share of silences that last longer, customers weighted equally · "
        f"{formats.plural(every.customers, 'customer')}, {formats.plural(every.gaps, 'silence')} · "
        f"as of {found.as_of}",
        described=f"The curve ends at {formats.value(every.plateau.value, 'share')} after "
        f"{words.days(len(rows) - 1)}.",
        x_title="days of silence since an order",
        value_title="silences not ended",
        customers_title="silences as long",
        level=level,
        longest=len(rows) - 1,
        data={
            "curve": [
                _point(
                    row["silent_days"],
                    Estimate(row["still_away"], row["ci_low"], row["ci_high"]),
                    row["gaps_at_risk"],
                )
                for row in (rows[at] for at in drawn)
            ],
            "plateau": [
                {
                    "value": every.plateau.value,
                    "label": f"{formats.value(every.plateau.value, 'share')} not ended as far as the data "
                    "reach",
                }
            ],
            "days": _days_that_matter(found, longest=len(rows) - 1),
        },
        table=every.curve,
    )


def return_chance(found: PurchaseCadence, *, level: float) -> Chart | None:
    """Return the chance that a customer comes back, the longer it has been silent."""
    every = found.everyone
    rows = [row for row in every.curve.to_pylist() if row["return_probability"] is not None]
    if len(rows) < 2:
        return None
    last = rows[-1]["silent_days"]
    drawn = _some([row["silent_days"] for row in rows], [row["return_probability"] for row in rows])
    return _timed(
        "return_chance",
        title=words.return_title(found),
        subtitle=f"share of the silences as long that end within {words.days(every.horizon_days)} · "
        f"{formats.plural(every.customers, 'customer')} · as of {found.as_of}",
        described=f"It falls to {formats.value(rows[-1]['return_probability'], 'share')} after "
        f"{words.days(last)}.",
        x_title="days of silence since an order",
        value_title=f"return within {words.days(every.horizon_days)}",
        customers_title="silences as long",
        level=level,
        longest=last,
        data={
            "curve": [
                _point(
                    row["silent_days"],
                    Estimate(row["return_probability"], row["return_ci_low"], row["return_ci_high"]),
                    row["gaps_at_risk"],
                )
                for row in (rows[at] for at in drawn)
            ],
            "below": [
                {
                    "value": every.return_below,
                    "label": f"fewer than {formats.value(every.return_below, 'share')} return",
                }
            ],
            "days": _days_that_matter(found, longest=last, only=("threshold",)),
        },
        table=every.curve,
    )


def survival(curves: ChurnCurves) -> Chart:
    """Return how many are still customers after each number of days."""
    curve = curves.everyone
    median = curve.median.value
    marks = [{"time": median, "half": 0.5, "label": f"half after {words.days(median)}"}] if median else []
    return _timed(
        "survival",
        title=words.curve_title(curves),
        subtitle=_context(curves),
        described=f"Share of {formats.plural(curve.customers, 'customer')} still there, with its band.",
        x_title=words.since(curves),
        value_title="still customers",
        customers_title="at risk",
        level=curves.level,
        longest=max(curve.last_time, 1),
        data={"curve": _curve_rows(curve), "median": marks, **_at_risk({"at risk": curve})},
        table=curve.table,
    )


def survival_by_group(curves: ChurnCurves, *, attribute: str) -> Chart | None:
    """Return the same for each group, with the log-rank test; None without groups."""
    if not curves.groups:
        return None
    drawn = dict(list(curves.groups.items())[:_MOST_GROUPS])
    found = curves.difference
    test = f" · log-rank {words.chance(found.p_value)}" if found is not None else ""
    more = len(curves.groups) - len(drawn)
    left_out = (
        f"\nthe {len(drawn)} largest of {len(curves.groups)} groups; the table holds all" if more else ""
    )
    tables = [
        curve.table.add_column(0, "group", pa.array([name] * curve.table.num_rows, pa.string()))
        for name, curve in curves.groups.items()
    ]
    return _timed(
        "survival_by_group",
        title=words.group_title(curves),
        subtitle=f"{_context(curves)}{test}{left_out}",
        described=f"Curves of {formats.plural(len(drawn), 'group')} by {attribute}.",
        x_title=words.since(curves),
        value_title="still customers",
        customers_title="at risk",
        level=curves.level,
        longest=max(1, *(curve.last_time for curve in drawn.values())),
        data={
            "curve": [{**row, "group": name} for name, curve in drawn.items() for row in _curve_rows(curve)],
            **_at_risk(drawn),
        },
        table=pa.concat_tables(tables),
        more={"group_title": f"{attribute}:", "groups": list(drawn)},
    )


def hazard(curves: ChurnCurves, *, table: pa.Table, grain: str) -> Chart:
    """Return the risk of leaving, period after period of a customer's own time."""
    length = words.PERIOD_DAYS[grain]
    earliest = curves.threshold_days or 0  # before, nobody can be seen to leave
    rows = [
        {
            **_point(
                row["to_periods"], Estimate(row["hazard"], row["ci_low"], row["ci_high"]), row["at_risk"]
            ),
            "middle": (row["from_periods"] + row["to_periods"]) / 2,
            "column": f"{formats.count(row['from_periods'])} to {formats.count(row['to_periods'])}",
        }
        for row in table.to_pylist()
        if row["hazard"] is not None and row["ci_low"] is not None and row["to_periods"] >= earliest
    ][:_MOST_PERIODS]
    return _timed(
        "hazard",
        title=words.hazard_title(curves, table, length),
        subtitle=f"share of those still there who leave within {words.days(length)} · {_context(curves)}",
        described=f"{formats.plural(len(rows), 'period')} of {words.days(length)}.",
        x_title=words.since(curves),
        value_title=f"leave within {words.days(length)}",
        customers_title="at risk",
        level=curves.level,
        longest=0,
        data={"periods": rows},
        table=table,
    )


def calendar_churn(curves: ChurnCurves, *, rates: pa.Table, grain: str, events: pa.Table | None) -> Chart:
    """Return churn per calendar period, with what happened."""
    complete = words.complete_rates(rates)[-_MOST_PERIODS:]
    rows = [
        {
            **_point(0, Estimate(row["churn_rate"], row["ci_low"], row["ci_high"]), row["customers"]),
            "row": row["period"],
            "column": f"{row['starts_on']} to {row['ends_on']}",
            "start": iso(row["starts_on"]),
            "end": iso(row["ends_on"] + timedelta(days=1)),
            "status": row["status"],
        }
        for row in complete
    ]
    there = sum(row["customers"] for row in complete)
    level = sum(row["left"] for row in complete) / there if there else None
    left_out = words.rates_left_out(rates, grain)
    return chart(
        "calendar_churn",
        title=words.rates_title(rates, grain),
        subtitle=f"share of the customers there at the start of a {grain} who left in it · {_context(curves)}"
        + (f"\n{left_out}" if left_out else ""),
        description=f"{words.rates_title(rates, grain)}. {formats.plural(len(rows), grain)} with intervals.",
        words={
            "value_title": "churn",
            "interval_title": _interval_title(curves.level),
            "row_title": grain,
            "format": ".0%",
            **time_axis(rows, grain, title=grain),
        },
        data={
            "periods": rows,
            "level": [{"value": level, "text": formats.value(level, "share")}] if len(rows) > 1 else [],
            "events": event_marks(rows, events),
        },
        table=rates,
    )


def _timed(
    name: str,
    *,
    title: str,
    subtitle: str,
    described: str,
    x_title: str,
    value_title: str,
    customers_title: str,
    level: float,
    longest: int,
    data: Mapping[str, Sequence[Row]],
    table: pa.Table,
    more: Mapping[str, Any] | None = None,
) -> Chart:
    """Return a chart over a customer's own time."""
    return chart(
        name,
        title=title,
        subtitle=subtitle,
        description=f"{title}. {described}",
        words={
            "x_title": x_title,
            "value_title": value_title,
            "customers_title": customers_title,
            "interval_title": _interval_title(level),
            "longest": repr(longest),
            "format": ".0%",
            **(more or {}),
        },
        data=data,
        table=table,
    )


def _context(curves: ChurnCurves) -> str:
    people = formats.plural(curves.lives.number, "customer")
    return f"{words.left_means(curves)} · {people} · as of {curves.as_of}"


def _interval_title(level: float) -> str:
    return f"{level * 100:g} % interval"


def _point(time: int, found: Estimate, customers: int) -> Row:
    ends = {"ci_low": found.ci_low, "ci_high": found.ci_high}
    return {
        "time": time,
        "column": formats.count(time),
        "value": found.value,
        "text": formats.value(found.value, "share"),
        "interval": formats.interval(found.ci_low, found.ci_high, "share"),
        "customers": customers,
        **{name: end for name, end in ends.items() if end is not None},
    }


def _some(times: Sequence[int], shares: Sequence[float]) -> NDArray[np.int64]:
    """Places of the points that are drawn: evenly spaced along the curve, from the first to the last."""
    across, down = np.asarray(times, dtype=float), np.asarray(shares, dtype=float)
    steps = np.abs(np.diff(across)) / max(np.ptp(across), 1.0)
    steps += np.abs(np.diff(down)) / max(float(np.ptp(down)), 1e-9)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0.0, along[-1], _MOST_POINTS)
    places = np.searchsorted(along, wanted - 1e-9).clip(0, len(along) - 1)
    return np.unique(np.append(places, len(along) - 1)).astype(np.int64)


def _curve_rows(curve: SurvivalCurve) -> list[Row]:
    changes = np.unique(np.concatenate([[0], curve.times[curve.events > 0], [curve.last_time]]))
    times = changes[_some(changes.tolist(), curve.survival_at(changes).tolist())]
    at_risk = curve.at_risk_at(times)
    return [
        _point(int(time), words.share_at(curve, int(time)), int(people))
        for time, people in zip(times, at_risk, strict=True)
    ]


def _at_risk(curves: Mapping[str, SurvivalCurve]) -> dict[str, list[Row]]:
    """Numbers at risk below the axis, at round times."""
    longest = max(curve.last_time for curve in curves.values())
    step = _round_step(longest)
    numbers, names = [], []
    for place, (name, curve) in enumerate(curves.items()):
        below = _BELOW + _ROW * place
        names.append({"below": below, "text": name if len(name) <= 12 else f"{name[:11]}…"})
        for time in range(0, longest + 1, step):
            # At time 0 all those are there who are watched from their start.
            people = int(curve.at_risk_at([max(time, 0)])[0])
            numbers.append({"time": time, "below": below, "text": formats.count(people), "group": name})
    return {"at_risk": numbers, "risk_names": names}


def _round_step(longest: int) -> int:
    """A round number of days, of which six to twelve reach the longest time."""
    for step in (1, 2, 5, 10, 20, 30, 60, 90, 180, 365, 730, 1825):
        if longest / step <= 12:
            return step
    return 3650


def _days_that_matter(
    found: PurchaseCadence, *, longest: int, only: Sequence[str] = ("cycle", "window", "threshold")
) -> list[Row]:
    every = found.everyone
    marks = {
        "cycle": (every.cycle_days.value, f"cycle: {words.days(every.cycle_days.value)}", False),
        "window": (found.window.days, f"window: {words.days(found.window.days)}", False),
        "threshold": (found.threshold.days, f"left after {words.days(found.threshold.days)}", True),
    }
    rows = [
        {"time": time, "label": label, "chosen": chosen}
        for name, (time, label, chosen) in marks.items()
        if name in only and time is not None and time <= longest
    ]
    return [{**row, "place": _PLACES * place} for place, row in enumerate(rows)]
