"""Charts of revenue: the bridge of a period, what last year's customers bring, why customers left."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pyarrow as pa

from retention_kit import formats
from retention_kit.charts.chart import Chart, chart
from retention_kit.charts.theme import LIGHT
from retention_kit.charts.time_axis import event_marks, iso, time_axis
from retention_kit.measures.bridge import RevenueBridge
from retention_kit.measures.counting import UNKNOWN
from retention_kit.measures.reasons_for_leaving import OTHER, ReasonsForLeaving
from retention_kit.measures.revenue_retention import RevenueRetention

__all__ = ["STEPS", "bridge", "month_of", "reasons", "revenue_retention", "step_of"]

STEPS: Mapping[str, int] = {"new": 1, "expansion": 1, "reactivation": 1, "contraction": -1, "churn": -1}
_COLOURS = {"total": LIGHT.sequential[3], "up": LIGHT.groups[2], "down": LIGHT.groups[1]}
_RATES = {"nrr": "net revenue retention", "grr": "gross revenue retention"}
_MOST_REASONS = 12  # what an eye can tell apart; the table holds all


def bridge(found: RevenueBridge, *, index: int) -> Chart:
    """Return the revenue bridge of the period ``index``."""
    row = step_of(found, index)
    money = {"currency": found.currency}
    opening, closing = float(row["opening"]), float(row["closing"])
    steps = [_step("opening", "total", 0.0, opening, row, money)]
    level = opening
    for name, sign in STEPS.items():
        reached = level + sign * float(row[name])
        kind = "up" if sign > 0 else "down"
        steps.append(_step(name, kind, min(level, reached), max(level, reached), row, money))
        level = reached
    steps.append(_step("closing", "total", 0.0, closing, row, money))
    levels = [opening, *(step["high"] if step["kind"] == "up" else step["low"] for step in steps[1:-1])]
    pairs = zip(steps, steps[1:], levels, strict=False)
    what = "monthly amount at the end of" if found.basis == "subscriptions" else "revenue of"
    weightiest = max(STEPS, key=lambda name: float(row[name]))
    was, became = (formats.value(amount, "money", **money) for amount in (opening, closing))
    over = " · not over yet" if row["status"] == "partial" else ""
    moved = any(row[name] for name in STEPS)
    period = formats.begun(formats.period(row["period"], found.grain))
    went = f"went from {was} to {became}" if was != became else f"is {was}, as before"
    revenue_of = "monthly revenue" if found.basis == "subscriptions" else "revenue"
    return chart(
        "bridge",
        title=f"{period}: {revenue_of} {went}" + (f"; the largest step is {weightiest}" if moved else ""),
        subtitle=f"{what} the {found.grain} against the {found.grain} before{over}"
        + (f" · {found.currency}" if found.currency else "")
        + f" · as of {found.as_of}",
        description=f"{period}: opening {was}; "
        + ", ".join(f"{name} {formats.value(float(row[name]), 'money', **money)}" for name in STEPS)
        + f"; closing {became}.",
        words={
            "steps": [step["step"] for step in steps],
            "kinds": list(_COLOURS),
            "colours": list(_COLOURS.values()),
            "value_title": found.currency or "money",
            "format": ",f",
        },
        data={
            "steps": steps,
            "ties": [
                {"step": one["step"], "next": other["step"], "level": height} for one, other, height in pairs
            ],
        },
        table=found.steps,
    )


def step_of(found: RevenueBridge, index: int) -> dict[str, Any]:
    """Return the bridge of one period, as a row."""
    row: dict[str, Any] = next(row for row in found.steps.to_pylist() if row["period_index"] == index)
    return row


def month_of(found: RevenueRetention, until: date) -> dict[str, Any] | None:
    """Return the last month up to a day in which rates are known, as a row; else the last of all."""
    known = _known(found)
    past = [row for row in known if row["ends_on"] <= until]
    return (past or known)[-1] if known else None


def _known(found: RevenueRetention) -> list[dict[str, Any]]:
    return [row for row in found.table.to_pylist() if row["nrr"] is not None]


def revenue_retention(
    found: RevenueRetention, *, until: date, level: float, events: pa.Table | None
) -> Chart | None:
    """Return net and gross revenue retention over time; nothing where no month lies a year from the first.

    The title tells the last month up to ``until``.
    """
    known, last = _known(found), month_of(found, until)
    if last is None:
        return None
    rows = [_rate(row, name) for row in known for name in _RATES]
    values = {name: formats.value(last[name], "share") for name in _RATES}
    customers = formats.plural(last["opened_customers"], "customer")
    without = ""
    if found.nrr_without_top_ten is not None:
        others = formats.value(found.nrr_without_top_ten, "share")
        without = f"net without the ten largest in {found.table['period'][-1].as_py()}: {others} · "
    return chart(
        "rates_over_time",
        title=f"Customers of a year ago bring {values['nrr']} of their revenue in {last['period']}, "
        f"{values['grr']} without growth",
        subtitle=f"{customers} with revenue {found.window_months} months before {last['period']} · "
        f"{level * 100:g} % interval\n{without}as of {found.as_of}",
        description=f"Net revenue retention {values['nrr']} and gross revenue retention {values['grr']} in "
        f"{last['period']}, over {formats.plural(len(known), 'month')}.",
        words={
            "value_title": "of opening revenue",
            "interval_title": f"{level * 100:g} % interval",
            "format": ".0%",
            **time_axis(rows[:: len(_RATES)], "month", title="month end"),
        },
        data={
            "rates": rows,
            "level": [{"value": 1}],
            "events": event_marks(rows, events),
        },
        table=found.table,
    )


def reasons(found: ReasonsForLeaving, *, level: float) -> Chart:
    """Return the reasons for leaving, by customers and by revenue lost."""
    by_customers = found.by_customers.to_pylist()
    drawn = by_customers[:_MOST_REASONS]
    of_revenue = {row["reason"]: row for row in found.by_revenue.to_pylist()}
    rows = []
    for row in drawn:
        rows.append(_reason(row, row, "customers"))
        if row["reason"] in of_revenue:
            rows.append(_reason(row, of_revenue[row["reason"]], "revenue"))
    given = [row for row in drawn if row["reason"] not in (UNKNOWN, OTHER)]
    people = formats.plural(found.customers, "customer")
    title = f"Why {people} left is not known"
    if given:
        share = formats.value(given[0]["customers_share"], "share")
        title = f"The reason given most is {given[0]['reason']}: {share} of {people} who left"
    left_out = f"\n{_MOST_REASONS} reasons of {len(by_customers)}; the table holds all"
    return chart(
        "pareto",
        title=title,
        subtitle=f"share of customers and of revenue lost, {level * 100:g} % interval · beside the bars: "
        f"share of customers up to this reason · as of {found.as_of}"
        + (left_out if len(drawn) < len(by_customers) else ""),
        description=f"Reasons of {people}: "
        + ", ".join(f"{row['reason']} {formats.value(row['customers_share'], 'share')}" for row in drawn)
        + ".",
        words={
            "rows": [row["reason"] for row in drawn],
            "row_title": "reason",
            "value_title": "share",
            "interval_title": f"{level * 100:g} % interval",
            "format": ".0%",
        },
        data={
            "reasons": rows,
            "labels": [{key: row[key] for key in ("row", "basis", "end", "up_to")} for row in rows],
        },
        table=found.by_customers,
    )


def _step(
    name: str, kind: str, low: float, high: float, row: Mapping[str, Any], money: Mapping[str, str]
) -> dict[str, Any]:
    amount, opening = float(row[name]), float(row["opening"])
    sign = {"up": "+", "down": "−", "total": ""}[kind] if amount else ""
    return {
        "step": name,
        "kind": kind,
        "low": low,
        "high": high,
        "label": sign + formats.short(amount),
        "text": sign + formats.value(amount, "money", **money),
        "share": formats.value(amount / opening, "share") if opening else formats.NOTHING,
        "customers": formats.count(row[f"{name}_customers"]),
    }


def _rate(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    low, high = row[f"{name}_ci_low"], row[f"{name}_ci_high"]
    ends = {key: end for key, end in (("ci_low", low), ("ci_high", high)) if end is not None}
    return {
        "series": _RATES[name],
        "start": iso(row["ends_on"]),
        "when": row["period"],
        "value": row[name],
        "text": formats.value(row[name], "share"),
        "interval": formats.interval(low, high, "share"),
        "customers": formats.count(row["opened_customers"]),
        **ends,
    }


def _reason(named: Mapping[str, Any], row: Mapping[str, Any], basis: str) -> dict[str, Any]:
    value, low, high = (row[f"{basis}_share{end}"] for end in ("", "_ci_low", "_ci_high"))
    ends = {key: end for key, end in (("ci_low", low), ("ci_high", high)) if end is not None}
    return {
        "row": named["reason"],
        "basis": "customers" if basis == "customers" else "revenue lost",
        "value": value,
        "end": max(value, high or 0),
        "text": formats.value(value, "share"),
        "interval": formats.interval(low, high, "share"),
        "customers": formats.count(row["customers"]),
        # Revenue has another order, in which this row is not the next.
        "up_to": formats.value(row["cumulative_share"], "share") if basis == "customers" else "",
        **ends,
    }
