"""What cadence and churn curves say, in words: titles and readings made from their own numbers."""

from retention_kit import formats
from retention_kit.measures.cadence import PurchaseCadence
from retention_kit.measures.cadence_result import Cadence
from retention_kit.measures.churn import ChurnCurves
from retention_kit.measures.diagonals_result import CLEAR
from retention_kit.measures.survival_result import Estimate, SurvivalCurve

__all__ = [
    "cadence_readings",
    "chance",
    "curve_reading",
    "curve_title",
    "days",
    "gap_title",
    "group_readings",
    "group_title",
    "left_means",
    "return_title",
    "share_at",
    "since",
    "told_time",
]

_FIXED = (30, 90, 180, 365, 730, 1095, 1825)


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
    people, away = formats.plural(every.customers, "customer"), formats.with_interval(every.plateau, "share")
    ended = (
        "nobody has come back yet"
        if every.cycle_days.value is None
        else f"half of those that end do so within {_cycle(every)}"
    )
    lines = [
        f"Of {people}, with each weighing the same, {away} of the silences have not ended; {ended}.",
        f"{found.window.reason} {found.threshold.reason}",
    ]
    named = [group for group in found.groups if group.cycle_days.value is not None]
    if len(named) > 1:
        slow, fast = (pick(named, key=lambda group: group.cycle_days.value or 0.0) for pick in (max, min))
        lines.append(
            f"Slowest is {slow.name} with a cycle of {_cycle(slow)}, fastest {fast.name} with "
            f"{_cycle(fast)}; one window and one threshold hold for all."
        )
    return lines


def _cycle(found: Cadence) -> str:
    return formats.with_interval(found.cycle_days, "days")


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
    still = formats.with_interval(share_at(curve, time), "share")
    lines = [
        f"Of {people}, {formats.count(gone)} {'has' if gone == 1 else 'have'} left and "
        f"{formats.count(curve.customers - gone)} {'was' if curve.customers - gone == 1 else 'were'} there "
        f"when last seen. After {days(time)} {still} are still there."
    ]
    median = curve.median
    if median.value is None:
        lines.append("Fewer than half have left so far, so there is no median yet.")
    else:
        lines.append(f"Half have left after {formats.with_interval(median, 'days')}.")
    if time > 1:
        mean = curve.restricted_mean(time)
        ends = (mean.value, mean.ci_low, mean.ci_high)
        rounded = Estimate(*(None if end is None else float(round(end)) for end in ends))
        stay = formats.with_interval(rounded, "days")
        lines[-1] += f" Of their first {days(time)}, customers stay {stay} on average."
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
            f"{name} {'not reached' if median.value is None else formats.with_interval(median, 'days')}"
            for name, median in zip((best, worst), medians, strict=True)
        ]
        lines.append(
            f"Median times: {told[0]}, {told[1]}. A difference says who stays longer, not why: groups differ "
            "in more than their name."
        )
    return lines
