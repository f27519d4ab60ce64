"""What the churn notebook publishes: definitions with the numbers put in, tables, and first figures."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from retention_kit import formats
from retention_kit.charts import churn_timing_words as timing_words
from retention_kit.charts import churn_words as words
from retention_kit.definitions import DEFINITIONS
from retention_kit.measures.churn import ChurnCurves
from retention_kit.measures.survival_result import Estimate
from retention_kit.workbook.available import Unavailable
from retention_kit.workbook.card import citation, definition_terms
from retention_kit.workbook.churn_followed import Followed
from retention_kit.workbook.panels import Term

__all__ = ["card", "groups", "headline", "sql", "tables"]


def card(shown: Followed) -> Sequence[Term]:
    """Return the definitions with the user's own numbers put in."""
    lines: list[Term] = []
    if not isinstance(shown.cadence, Unavailable):
        every = shown.cadence.everyone
        lines += definition_terms(
            DEFINITIONS["purchase_cycle"], yours=formats.with_interval(every.cycle_days, "days")
        )
        lines += definition_terms(DEFINITIONS["churn_threshold"], yours=shown.cadence.threshold.reason)
    found = shown.curves
    if isinstance(found, Unavailable):
        return lines
    time = words.told_time(found.everyone)
    share = formats.with_interval(words.share_at(found.everyone, time), "share")
    lines += definition_terms(
        DEFINITIONS["churn_curve"], yours=f"S({time:,}) = {share}, {words.left_means(found)}"
    )
    lines += definition_terms(
        DEFINITIONS["hazard"],
        yours=timing_words.hazard_reading(
            found, shown.hazard, timing_words.PERIOD_DAYS[shown.parameters.grain]
        ),
    )
    rates = timing_words.complete_rates(shown.rates)
    if rates:
        last = rates[-1]
        rate = formats.value(last["churn_rate"], "share")
        period = formats.begun(formats.period(last["period"], shown.parameters.grain))
        lines += definition_terms(
            DEFINITIONS["calendar_churn"],
            yours=f"{period}: {last['left']:,} / {last['customers']:,} = {rate}",
        )
    if not isinstance(shown.projected, Unavailable):
        fit = shown.projected.fits[0]
        values = ", ".join(f"{name} = {value:.4g}" for name, value in fit.parameters.items())
        lines += definition_terms(
            DEFINITIONS["contract_projection"], yours=f"{fit.title}: {values}. {fit.reason}"
        )
    people = formats.plural(found.lives.number, "customer")
    said = (
        f"{DEFINITIONS['churn_curve'].name} after {words.days(time)} ({words.left_means(found)}): {share}, "
        f"{found.level * 100:g} % interval, n = {people}"
    )
    return [*lines, ("To cite", citation(shown.dataset, said))]


def sql(shown: Followed) -> str:
    """Return the statement behind the counts."""
    found = shown.cadence if isinstance(shown.curves, Unavailable) else shown.curves
    return "" if isinstance(found, Unavailable) else found.sql


def tables(shown: Followed) -> Mapping[str, pa.Table]:
    """Return the tables that a report publishes, by name."""
    found: dict[str, pa.Table] = {}
    if not isinstance(shown.cadence, Unavailable):
        found["gaps"] = shown.cadence.everyone.curve
    curves = shown.curves
    if not isinstance(curves, Unavailable):
        found |= {"survival": curves.everyone.table, "hazard": shown.hazard, "calendar_churn": shown.rates}
        if curves.difference is not None:
            found |= {"groups": groups(curves), "pairs": curves.difference.pairs}
    if not isinstance(shown.diagonals, Unavailable):
        found |= {"diagonals": shown.diagonals.cells, "tests": shown.diagonals.terms}
    if not isinstance(shown.projected, Unavailable):
        found |= {"projection": shown.projected.table, "models": shown.projected.models}
    return found


def headline(shown: Followed) -> list[dict[str, Any]]:
    """Return the figures to know first."""
    rows: list[dict[str, Any]] = []
    if not isinstance(shown.cadence, Unavailable):
        every = shown.cadence.everyone
        rows.append(_figure("Purchase cycle", every.cycle_days, every.customers, "days"))
    curves = shown.curves
    if isinstance(curves, Unavailable):
        return [row for row in rows if row["value"] is not None]
    curve = curves.everyone
    time = words.told_time(curve)
    rows.append(
        _figure(
            f"Still customers after {words.days(time)}",
            words.share_at(curve, time),
            curve.customers,
            "fraction",
        )
    )
    rows.append(_figure("Half have left after", curve.median, curve.customers, "days"))
    for row in timing_words.complete_rates(shown.rates)[-1:]:
        churn = Estimate(row["churn_rate"], row["ci_low"], row["ci_high"])
        rows.append(
            _figure(
                f"Churn, {formats.period(row['period'], shown.parameters.grain)}",
                churn,
                row["customers"],
                "fraction",
            )
        )
    projected = shown.projected
    if not isinstance(projected, Unavailable):
        after = formats.plural(int(projected.ahead.age_periods[-1]), projected.grain)
        rows.append(
            _figure(
                f"Subscribers expected after {after}",
                projected.at_end,
                projected.renewals.customers,
                "fraction",
            )
        )
    return [row for row in rows if row["value"] is not None]


def groups(curves: ChurnCurves) -> pa.Table:
    """Return each group with its customers, those who left, the share still there, and its median."""
    rows = []
    for name, curve in curves.groups.items():
        time = words.told_time(curves.everyone)
        share = words.share_at(curve, time) if time <= curve.last_time else Estimate(None, None, None)
        median = curve.median
        rows.append(
            {
                "group": name,
                "customers": curve.customers,
                "left": int(curve.events.sum()),
                "still_there": share.value,
                "still_there_ci_low": share.ci_low,
                "still_there_ci_high": share.ci_high,
                "median_days": median.value,
                "median_ci_low": median.ci_low,
                "median_ci_high": median.ci_high,
            }
        )
    return pa.Table.from_pylist(rows)


def _figure(name: str, found: Estimate, people: int, unit: str) -> dict[str, Any]:
    ends = {"ci_low": found.ci_low, "ci_high": found.ci_high}
    return {"name": name, "value": found.value, **ends, "n": people, "unit": unit}
