"""The charts of churn curves: from results to filled-in templates. No statistics here."""

from datetime import timedelta

import pyarrow as pa

from retention_kit import formats
from retention_kit.charts import churn_timing_words as timing
from retention_kit.charts import churn_words as words
from retention_kit.charts.chart import Chart, chart
from retention_kit.charts.own_time import curve_rows, interval_title, numbers_at_risk, point, timed
from retention_kit.charts.time_axis import event_marks, iso, time_axis
from retention_kit.measures.churn import ChurnCurves
from retention_kit.measures.survival_result import Estimate

__all__ = ["calendar_churn", "hazard", "survival", "survival_by_group"]

_MOST_GROUPS = 8  # as many as there are colours
_MOST_PERIODS = 60


def survival(curves: ChurnCurves) -> Chart:
    """Return how many are still customers after each number of days."""
    curve = curves.everyone
    median = curve.median.value
    marks = [{"time": median, "half": 0.5, "label": f"half after {words.days(median)}"}] if median else []
    return timed(
        "survival",
        title=words.curve_title(curves),
        subtitle=_context(curves),
        described=f"Share of {formats.plural(curve.customers, 'customer')} still there, with its band.",
        x_title=words.since(curves),
        value_title="still customers",
        customers_title="at risk",
        level=curves.level,
        longest=max(curve.last_time, 1),
        data={"curve": curve_rows(curve), "median": marks, **numbers_at_risk({"at risk": curve})},
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
    return timed(
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
            "curve": [{**row, "group": name} for name, curve in drawn.items() for row in curve_rows(curve)],
            **numbers_at_risk(drawn),
        },
        table=pa.concat_tables(tables),
        more={"group_title": f"{attribute}:", "groups": list(drawn)},
    )


def hazard(curves: ChurnCurves, *, table: pa.Table, grain: str) -> Chart:
    """Return the risk of leaving, period after period of a customer's own time."""
    length = timing.PERIOD_DAYS[grain]
    earliest = curves.threshold_days or 0  # before, nobody can be seen to leave
    rows = [
        {
            **point(
                row["to_periods"], Estimate(row["hazard"], row["ci_low"], row["ci_high"]), row["at_risk"]
            ),
            "middle": (row["from_periods"] + row["to_periods"]) / 2,
            "column": timing.span(row).rpartition("day ")[2],
        }
        for row in table.to_pylist()
        if row["hazard"] is not None and row["ci_low"] is not None and row["to_periods"] >= earliest
    ][:_MOST_PERIODS]
    return timed(
        "hazard",
        title=timing.hazard_title(curves, table, length),
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
    complete = timing.complete_rates(rates)[-_MOST_PERIODS:]
    rows = [
        {
            **point(0, Estimate(row["churn_rate"], row["ci_low"], row["ci_high"]), row["customers"]),
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
    left_out = timing.rates_left_out(rates, grain)
    return chart(
        "calendar_churn",
        title=timing.rates_title(rates, grain),
        subtitle=f"share of the customers there at the start of a {grain} who left in it · {_context(curves)}"
        + (f"\n{left_out}" if left_out else ""),
        description=f"{timing.rates_title(rates, grain)}. {formats.plural(len(rows), grain)} with intervals.",
        words={
            "value_title": "churn",
            "interval_title": interval_title(curves.level),
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


def _context(curves: ChurnCurves) -> str:
    people = formats.plural(curves.lives.number, "customer")
    return f"{words.left_means(curves)} · {people} · as of {curves.as_of}"
