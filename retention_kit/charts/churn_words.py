"""What cadence and churn curves say, in words: titles and readings made from their own numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from retention_kit import formats
from retention_kit.measures.cadence import PurchaseCadence
from retention_kit.measures.cadence_result import Cadence
from retention_kit.measures.churn import ChurnCurves
from retention_kit.measures.diagonals_result import CLEAR, Diagonals
from retention_kit.measures.survival_lesson import SnapshotLesson
from retention_kit.measures.survival_result import Estimate, SurvivalCurve

__all__ = [
    "PERIOD_DAYS",
    "cadence_readings",
    "chance",
    "complete_rates",
    "curve_reading",
    "curve_title",
    "days",
    "diagonals_title",
    "gap_title",
    "group_readings",
    "group_title",
    "hazard_reading",
    "hazard_title",
    "is_clear",
    "left_means",
    "lesson_reading",
    "lesson_title",
    "rates_left_out",
    "rates_reading",
    "rates_title",
    "return_title",
    "share_at",
    "since",
    "told_time",
    "with_interval",
]

# Lengths of the periods in which the risk of leaving is counted, in days of a customer's own time.
PERIOD_DAYS: Mapping[str, int] = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
_FIXED = (30, 90, 180, 365, 730, 1095, 1825)


def with_interval(found: Estimate, unit: str) -> str:
    """Return an estimate with its interval, also where the data reach only one of its ends."""
    if found.value is not None and found.ci_low is not None and found.ci_high is None:
        return f"{formats.value(found.value, unit)} (at least {formats.value(found.ci_low, unit)})"
    return formats.with_interval(found, unit)


def days(number: float | None) -> str:
    """Return a number of days.

    >>> days(1), days(59)
    ('1 day', '59 days')
    """
    return formats.NOTHING if number is None else formats.plural(int(number), "day")


def chance(p_value: float | None) -> str:
    """Return a p-value.

    >>> chance(0.0312), chance(1e-9)
    ('p = 0.031', 'p < 0.001')
    """
    if p_value is None:
        return "no test is possible"
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def left_means(curves: ChurnCurves) -> str:
    """Return what leaving means in these curves, in a few words."""
    if curves.basis == "orders":
        return f"left: {days(curves.rule.days)} without an order"
    grace = f" and none began within {days(curves.rule.days)}" if curves.rule.days else ""
    return f"left: the subscription ended{grace}"


def since(curves: ChurnCurves) -> str:
    """Return what times count from."""
    return "days since the first order" if curves.basis == "orders" else "days since the first subscription"


def gap_title(found: Cadence) -> str:
    """Return what the curve of gaps shows."""
    away = formats.value(found.plateau.value, "share")
    if found.cycle_days.value is None:
        return "Nobody has come back yet"
    if found.plateau.value == 0:
        return f"Half of the orders that follow come within {days(found.cycle_days.value)}"
    return f"Half of those who return do so within {days(found.cycle_days.value)}; {away} have not so far"


def return_title(found: PurchaseCadence) -> str:
    """Return what the chances of a return show."""
    every = found.everyone
    if every.threshold_days is None:
        return "No silence is long enough to say that a customer has left"
    below = formats.value(every.return_below, "share")
    return (
        f"After {days(every.threshold_days)} of silence fewer than {below} return "
        f"within {days(every.horizon_days)}"
    )


def cadence_readings(found: PurchaseCadence) -> list[str]:
    """Return the sentences on cycle, window and threshold, and how groups differ."""
    every = found.everyone
    people = formats.plural(every.customers, "customer")
    lines = [
        f"Of {people}, with each weighing the same, {with_interval(every.plateau, 'share')} of the silences "
        f"have not ended; half of those that end do so within {with_interval(every.cycle_days, 'days')}.",
        f"{found.window.reason} {found.threshold.reason}",
    ]
    named = [group for group in found.groups if group.cycle_days.value is not None]
    if len(named) > 1:
        slow, fast = (pick(named, key=_cycle) for pick in (max, min))
        lines.append(
            f"Slowest is {slow.name} with a cycle of {with_interval(slow.cycle_days, 'days')}, fastest "
            f"{fast.name} with {with_interval(fast.cycle_days, 'days')}; one window and one threshold hold "
            "for all."
        )
    return lines


def _cycle(found: Cadence) -> float:
    return found.cycle_days.value or 0.0


def share_at(curve: SurvivalCurve, time: int) -> Estimate:
    """Return the share still there after a time, with its interval."""
    place = int((curve.times <= time).sum()) - 1
    if place < 0:
        return Estimate(1.0, None, None)
    low, high = float(curve.ci_low[place]), float(curve.ci_high[place])
    ends = (None, None) if low != low else (low, high)
    return Estimate(float(curve.survival[place]), *ends)


def told_time(curve: SurvivalCurve) -> int:
    """Return the time at which a curve is told: a year, or the last round one before."""
    reached = [time for time in _FIXED if time <= min(curve.last_time, 365)]
    return reached[-1] if reached else curve.last_time


def curve_title(curves: ChurnCurves) -> str:
    """Return what the curve of all shows."""
    curve = curves.everyone
    time = told_time(curve)
    still = formats.value(share_at(curve, time).value, "share")
    said = f"{still} are still customers after {days(time)}"
    if curve.median.value is None:
        return said
    return f"{said}; half have left after {days(curve.median.value)}"


def curve_reading(curves: ChurnCurves) -> list[str]:
    """Return the sentences on the share still there, the median and the restricted mean."""
    curve = curves.everyone
    time = told_time(curve)
    people, gone = formats.plural(curve.customers, "customer"), int(curve.events.sum())
    lines = [
        f"Of {people}, {formats.count(gone)} have left and {formats.count(curve.customers - gone)} were "
        "there "
        f"when last seen. After {days(time)} {with_interval(share_at(curve, time), 'share')} are still there."
    ]
    median = curve.median
    if median.value is None:
        lines.append("Fewer than half have left so far, so there is no median yet.")
    else:
        lines.append(f"Half have left after {with_interval(median, 'days')}.")
    if time:
        mean = curve.restricted_mean(time)
        ends = (mean.value, mean.ci_low, mean.ci_high)
        rounded = Estimate(*(None if end is None else float(round(end)) for end in ends))
        lines[-1] += (
            f" Of their first {days(time)}, customers stay {with_interval(rounded, 'days')} on average."
        )
    return lines


def group_title(curves: ChurnCurves) -> str:
    """Return what the curves of groups show."""
    found = curves.difference
    if found is None:
        return f"There is one group only: {next(iter(curves.groups), '')}"
    if found.p_value is None or found.p_value >= CLEAR:
        return "No difference between the groups that can be told from chance"
    best, worst = _extremes(curves)
    return f"Customers of {best} stay longest, those of {worst} leave soonest"


def _extremes(curves: ChurnCurves) -> tuple[str, str]:
    """The groups in which fewest and most left, against what was expected were they alike."""
    assert curves.difference is not None  # noqa: S101 - the callers have looked
    rows = [row for row in curves.difference.groups.to_pylist() if row["expected"] > 0]
    ratio = {row["group"]: row["events"] / row["expected"] for row in rows}
    return min(ratio, key=lambda name: ratio[name]), max(ratio, key=lambda name: ratio[name])


def group_readings(curves: ChurnCurves, attribute: str) -> list[str]:
    """Return the sentences on how groups differ, tested over all times."""
    found = curves.difference
    if found is None:
        return []
    freedom = formats.plural(found.degrees_of_freedom, "degree")
    test = f"log-rank test over all times: {chance(found.p_value)}"
    if found.statistic is not None:
        test += f", chi-square {found.statistic:.1f} with {freedom} of freedom"
    clear = found.p_value is not None and found.p_value < CLEAR
    verdict = "differ" if clear else "do not differ by more than chance"
    lines = [f"Customers by {attribute} {verdict} ({test})."]
    pairs = found.pairs.to_pylist()
    if len(pairs) > 1:
        p_values = [row["p_value_holm"] for row in pairs]
        some = sum(p is not None and p < CLEAR for p in p_values)
        lines.append(
            f"Pairs that differ, after Holm's correction for their number: {some} of "
            f"{formats.count(len(pairs))}."
        )
    best, worst = _extremes(curves)
    if clear and best != worst:
        medians = [curves.groups[name].median for name in (best, worst)]
        told = [
            f"{name} {'not reached' if median.value is None else with_interval(median, 'days')}"
            for name, median in zip((best, worst), medians, strict=True)
        ]
        lines.append(
            f"Median times: {told[0]}, {told[1]}. A difference says who stays longer, not why: groups differ "
            "in more than their name."
        )
    return lines


def hazard_reading(curves: ChurnCurves, table: pa.Table, length: int) -> str:
    """Return when the risk of leaving is highest, and where it stands at the end."""
    rows = [row for row in table.to_pylist() if row["hazard"] is not None and row["ci_low"] is not None]
    if not rows:
        return f"Nobody has been followed for {days(length)} yet."
    # By the lower end of the interval: a few leavers among a handful are no peak.
    most = max(rows, key=lambda row: row["ci_low"])
    risk = Estimate(most["hazard"], most["ci_low"], most["ci_high"])
    said = (
        f"The risk of leaving is highest from day {formats.count(most['from_periods'])} to "
        f"{formats.count(most['to_periods'])}: {with_interval(risk, 'share')} of those still there leave in "
        "them."
    )
    if (
        curves.threshold_days is not None
        and most["from_periods"] < curves.threshold_days <= most["to_periods"]
    ):
        day = formats.count(curves.threshold_days)
        said += f" On day {day} all leave who have not ordered again since their first day."
    return said


def complete_rates(rates: pa.Table) -> list[dict[str, Any]]:
    """Return the periods that have a rate."""
    return [row for row in rates.to_pylist() if row["churn_rate"] is not None]


def rates_title(rates: pa.Table, grain: str) -> str:
    """Return what the calendar shows."""
    rows = complete_rates(rates)
    if not rows:
        return f"No {grain} is over in which customers could be seen to leave"
    last = rows[-1]
    return f"{last['period']}: {formats.value(last['churn_rate'], 'share')} of the customers left"


def rates_reading(rates: pa.Table, grain: str) -> str:
    """Return the last period against all of them."""
    rows = complete_rates(rates)
    if not rows:
        return f"{rates_title(rates, grain)}."
    last, early = rows[-1], any(row["status"] == "too early" for row in rates.to_pylist())
    churn = Estimate(last["churn_rate"], last["ci_low"], last["ci_high"])
    stay = Estimate(last["retention_rate"], last["retention_ci_low"], last["retention_ci_high"])
    said = (
        f"In {last['period']}, {with_interval(churn, 'share')} of "
        f"{formats.plural(last['customers'], 'customer')} left and {with_interval(stay, 'share')} stayed."
    )
    left, there = (sum(row[name] for row in rows) for name in ("left", "customers"))
    if len(rows) > 1:
        mean = formats.value(left / there, "share")
        said += f" Over {formats.plural(len(rows), grain)} it was {mean} a {grain}."
    if early:
        said += f" Earlier {grain}s have no rate: nobody could be seen to leave yet."
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
        parts.append(f"the first {formats.plural(early, grain)} left out: nobody could be seen to leave yet")
    if any(row["status"] == "partial" for row in rows):
        parts.append(f"the running {grain} left out")
    return " · ".join(parts)


def lesson_title(lesson: SnapshotLesson) -> str:
    """Return what the two readings of a snapshot come to."""
    naive, late = (
        formats.value(share_at(curve, 12).value, "share") for curve in (lesson.naive, lesson.late_entry)
    )
    return f"Read naively {naive} stay a year; with late entry {late} do"


def lesson_reading(lesson: SnapshotLesson) -> list[str]:
    """Return why the naive curve of a snapshot says nothing."""
    first = lesson.late_entry
    return [
        f"A file of {formats.plural(lesson.customers, 'customer')} at the end of a month, "
        f"{formats.count(lesson.left)} of whom left in that month. Tutorials draw the upper curve from it, "
        "as if all who ever left were in it. But who left in an earlier month is not: each customer was "
        "watched for one month only, the last one of its tenure, and the old ones are there because they "
        "stayed.",
        f"Counted from when each was watched, {with_interval(share_at(first, 1), 'share')} get through the "
        f"first month and {with_interval(share_at(first, 12), 'share')} through a year. That is what these "
        "data imply if the month was like every other, and no business looks like that: the file cannot "
        "carry the curve. Where your own data begin later than your customers, set Complete from "
        "(observed_from) to that day.",
    ]
