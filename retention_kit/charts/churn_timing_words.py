"""When customers leave, what churn depends on, and what a snapshot teaches, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from retention_kit import formats
from retention_kit.charts import churn_words as words
from retention_kit.measures.churn import ChurnCurves
from retention_kit.measures.diagonals_result import CLEAR, Diagonals
from retention_kit.measures.survival_lesson import SnapshotLesson
from retention_kit.measures.survival_result import Estimate

__all__ = [
    "PERIOD_DAYS",
    "complete_rates",
    "diagonals_title",
    "hazard_reading",
    "hazard_title",
    "is_clear",
    "lesson_reading",
    "lesson_title",
    "rates_left_out",
    "rates_reading",
    "rates_title",
    "span",
]

# Lengths of the periods in which the risk of leaving is counted, in days of a customer's own time.
PERIOD_DAYS: Mapping[str, int] = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}


def hazard_reading(curves: ChurnCurves, table: pa.Table, length: int) -> str:
    """Return when the risk of leaving is highest, and where it stands at the end."""
    rows = [row for row in table.to_pylist() if row["hazard"] is not None and row["ci_low"] is not None]
    if not rows:
        return f"Nobody has been followed for {words.days(length)} yet."
    if not any(row["events"] for row in rows):
        return f"Nobody has left so far: no {words.days(length)} can be told from the others."
    # By the lower end of the interval: a few leavers among a handful are no peak.
    most = max(rows, key=lambda row: row["ci_low"])
    risk = formats.with_interval(Estimate(most["hazard"], most["ci_low"], most["ci_high"]), "share")
    said = (
        f"The risk of leaving is highest {span(most)}: {risk} of the {formats.count(most['at_risk'])} still "
        "there leave in it."
    )
    if (
        curves.threshold_days is not None
        and most["from_periods"] < curves.threshold_days <= most["to_periods"]
    ):
        day = formats.count(curves.threshold_days)
        said += f" On day {day} all leave who have not ordered again since their first day."
    return said


def span(row: Mapping[str, Any]) -> str:
    """Return which days of their own time a row of the risk of leaving holds.

    >>> span({"from_periods": 0, "to_periods": 30}), span({"from_periods": 30, "to_periods": 31})
    ('from day 0 to 30', 'on day 31')
    """
    first = row["from_periods"] + 1 if row["from_periods"] else 0  # a period ends with its last day
    last = row["to_periods"]
    ends = f"from day {formats.count(first)} to {formats.count(last)}"
    return f"on day {formats.count(last)}" if first == last else ends


def complete_rates(rates: pa.Table) -> list[dict[str, Any]]:
    """Return the periods that have a rate."""
    return [row for row in rates.to_pylist() if row["churn_rate"] is not None]


def rates_title(rates: pa.Table, grain: str) -> str:
    """Return what the calendar shows."""
    rows = complete_rates(rates)
    if not rows:
        return f"No {grain} is over in which customers could be seen to leave"
    last = rows[-1]
    when = formats.begun(formats.in_period(last["period"], grain))
    return f"{when}, {formats.value(last['churn_rate'], 'share')} of the customers left"


def rates_reading(rates: pa.Table, grain: str) -> str:
    """Return the last period against all of them."""
    rows = complete_rates(rates)
    if not rows:
        return f"{rates_title(rates, grain)}."
    last, early = rows[-1], any(row["status"] == "too early" for row in rates.to_pylist())
    churn = Estimate(last["churn_rate"], last["ci_low"], last["ci_high"])
    stay = Estimate(last["retention_rate"], last["retention_ci_low"], last["retention_ci_high"])
    gone, stayed = (formats.with_interval(found, "share") for found in (churn, stay))
    when = formats.begun(formats.in_period(last["period"], grain))
    people = formats.plural(last["customers"], "customer")
    said = f"{when}, {gone} of {people} left and {stayed} stayed."
    left, there = (sum(row[name] for row in rows) for name in ("left", "customers"))
    if len(rows) > 1:
        mean = formats.value(left / there, "share")
        said += f" Over {formats.plural(len(rows), grain)} it was {mean} a {grain}."
    if early:
        said += f" Earlier {grain}s have no rate: leaving could not be seen in them, or not throughout."
    return said


def is_clear(found: Diagonals, term: str) -> bool:
    """Return whether churn depends on a term by more than chance, with Holm's correction."""
    p_values = {row["term"]: row["p_value_holm"] for row in found.terms.to_pylist()}
    p_value = p_values.get(term)
    return p_value is not None and p_value < CLEAR


def diagonals_title(found: Diagonals) -> str:
    """Return which of age, cohort and calendar churn depends on."""
    clear = [row["term"] for row in found.terms.to_pylist() if is_clear(found, row["term"])]
    if not clear:
        return "Churn depends clearly on neither age, cohort nor calendar"
    names = {
        "trend": "a steady trend",
        "period": f"single {found.grain}s",
        "cohort": "single cohorts",
        "season": "the season",
    }
    return f"Churn depends on {_listed([names.get(name, name) for name in clear])}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def hazard_title(curves: ChurnCurves, table: pa.Table, length: int) -> str:
    """Return when the risk of leaving is highest, as a title."""
    return hazard_reading(curves, table, length).partition(":")[0].removesuffix(".")


def rates_left_out(rates: pa.Table, grain: str) -> str:
    """Return which periods have no rate, and why."""
    rows = rates.to_pylist()
    early = sum(row["status"] == "too early" for row in rows)
    parts = []
    if early:
        first = f"the first {grain}" if early == 1 else f"the first {formats.plural(early, grain)}"
        parts.append(f"{first} left out: leaving could not be seen throughout")
    if any(row["status"] == "partial" for row in rows):
        parts.append(f"the running {grain} left out")
    return " · ".join(parts)


def lesson_title(lesson: SnapshotLesson) -> str:
    """Return what the two readings of a snapshot come to."""
    naive, late = (
        formats.value(words.share_at(curve, 12).value, "share") for curve in (lesson.naive, lesson.late_entry)
    )
    return f"Read naively {naive} stay a year; with late entry {late} do"


def lesson_reading(lesson: SnapshotLesson) -> list[str]:
    """Return why the naive curve of a snapshot says nothing."""
    month, year = (
        formats.with_interval(words.share_at(lesson.late_entry, time), "share") for time in (1, 12)
    )
    return [
        f"A file of {formats.plural(lesson.customers, 'customer')} at the end of a month, "
        f"{formats.count(lesson.left)} of whom left in that month. Tutorials draw the upper curve from it, "
        "as if all who ever left were in it. But who left in an earlier month is not: each customer was "
        "watched for one month only, the last one of its tenure, and the old ones are there because they "
        "stayed.",
        f"Counted from when each was watched, {month} get through the first month and {year} through a year. "
        "That is what these data imply if the month was like every other, and no business looks like that: "
        "the file cannot carry the curve. Where your own data begin later than your customers, set Complete "
        "from (observed_from) to that day.",
    ]
