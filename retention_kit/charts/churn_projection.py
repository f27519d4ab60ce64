"""The charts of what is to come, of what the calendar did, and of a snapshot read wrongly and rightly."""

from math import log2
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from retention_kit import formats
from retention_kit.charts import churn_timing_words as timing
from retention_kit.charts import churn_words as words
from retention_kit.charts.chart import Chart, chart
from retention_kit.charts.time_axis import event_marks, iso, time_axis
from retention_kit.measures.diagonals_result import Diagonals
from retention_kit.measures.survival_lesson import SnapshotLesson
from retention_kit.measures.survival_result import Estimate, SurvivalCurve

if TYPE_CHECKING:
    from retention_kit.models.contract_backtest import ContractBacktest
    from retention_kit.models.contract_projection import ContractProjection
    from retention_kit.models.contract_result import ContractFit

__all__ = ["diagonals", "period_effects", "projection", "snapshot_curves"]

_MOST_COHORTS = 48  # rows and columns an eye can tell apart
_ENOUGH = 3.0  # leavers expected in a cell of full colour
_LEAST = 0.25  # and in one that is drawn at all
_MONTHS = 12  # of a snapshot of which each is drawn; later ones are drawn now and then
Row = dict[str, Any]


def projection(
    observed: SurvivalCurve,
    fit: "ContractFit",
    ahead: "ContractProjection",
    other: "ContractFit",
    backtest: "ContractBacktest | None",
    *,
    title: str,
    asof: str,
    horizon: int,
    table: pa.Table,
) -> Chart:
    """Return the observed renewals beside two models, and what the first foresaw without the last periods.

    Parameters
    ----------
    observed : SurvivalCurve
        Over whole periods of contracts.
    fit, ahead : ContractFit, ContractProjection
        The first model, and what it says from the start of a contract on.
    other : ContractFit
        Another model.
    backtest : ContractBacktest or None
        The first model, fitted to the earlier periods.
    title, asof : str
        What the chart says; customers and as-of date.
    horizon : int
        Periods beyond those observed.
    table : pyarrow.Table
        The numbers behind the chart.
    """
    unit, name, second_name = ahead.unit, f"{fit.title} model", f"{other.title} model"
    ages = ahead.age_periods.tolist()
    bands = zip(ahead.survival, ahead.survival_low, ahead.survival_high, strict=True)
    first = [
        {**_point(age, Estimate(*map(float, band))), "group": name}
        for age, band in zip(ages, bands, strict=True)
    ]
    second = [
        {**_point(age, Estimate(float(share), None, None)), "group": second_name}
        for age, share in zip(ages, other.survival(ages), strict=True)
    ]
    foreseen = []
    if backtest is not None:
        shares = backtest.fit.survival(ages)
        hidden = f"without the last {formats.plural(len(backtest.periods_ahead), unit)}"
        foreseen = [
            {**_point(age, Estimate(float(share), None, None)), "group": hidden}
            for age, share in zip(ages, shares, strict=True)
        ]
    seen = [
        {**_point(int(age), words.share_at(observed, int(age))), "group": "observed"}
        for age in range(observed.last_time + 1)
    ]
    groups = ["observed", name, *([second_name] if second_name != name else [])]
    groups += [foreseen[0]["group"]] if foreseen else []
    said = f"\n{backtest.sentence}" if backtest is not None else ""
    return chart(
        "projection",
        title=title,
        subtitle=f"share of contracts still running, by {unit}s since they began · {asof}"
        f" · {formats.plural(horizon, unit)} beyond the data{said}",
        description=f"{title}. Observed renewals beside the {name} and the {second_name}.",
        words={
            "x_title": f"{unit}s since the first subscription began",
            "value_title": "still subscribed",
            "customers_title": "at risk",
            "interval_title": f"{ahead.level * 100:g} % interval",
            "groups": groups,
        },
        data={
            "model": first,
            "other": second if second_name != name else [],
            "foreseen": foreseen,
            "observed": seen,
        },
        table=table,
    )


def diagonals(found: Diagonals, *, asof: str) -> Chart:
    """Return churn of each cohort in each period, against what its age leads to expect."""
    rows = [row for row in found.cells.to_pylist() if row["expected"] > 0]
    periods = list(
        dict.fromkeys(row["period"] for row in sorted(rows, key=lambda row: row["period_starts_on"]))
    )
    cohorts = list(
        dict.fromkeys(row["cohort"] for row in sorted(rows, key=lambda row: row["cohort_starts_on"]))
    )
    cohorts, columns = cohorts[-_MOST_COHORTS:], periods[-_MOST_COHORTS:]
    cells = [
        {
            "cohort": row["cohort"],
            "period": row["period"],
            "age": row["age_periods"],
            "left": row["left"],
            "expected": formats.number(row["expected"], decimals=1),
            "customers": row["customers"],
            "depth": _depth(row["left"], row["expected"]),
            "certainty": min(1.0, row["expected"] / _ENOUGH),
        }
        for row in rows
        if row["expected"] >= _LEAST and row["cohort"] in set(cohorts) and row["period"] in set(columns)
    ]
    title = timing.diagonals_title(found)
    return chart(
        "diagonals",
        title=title,
        subtitle="who left against what age alone leads to expect · orange: more, blue: fewer, "
        f"pale: few expected\na column is a {found.grain} of the calendar, a row a cohort, a diagonal an age"
        f" · {asof}",
        description=f"{title}. {formats.plural(len(cohorts), 'cohort')} by "
        f"{formats.plural(len(columns), found.grain)}.",
        words={
            "periods": columns,
            "cohorts": cohorts,
            "x_title": f"{found.grain} of the calendar",
            "y_title": f"{found.grain} of the start",
        },
        data={"cells": cells},
        table=found.cells,
        step=max(9.0, min(30.0, 640 / max(len(columns), 1))),
    )


def period_effects(found: Diagonals, *, events: pa.Table | None, asof: str, level: float) -> Chart:
    """Return how far single periods stand out, once age and cohort are allowed for."""
    # Of many intervals some leave out 1 by chance: none is called clear where all together are not.
    tested = timing.is_clear(found, "period")
    rows = [
        {
            "row": row["name"],
            "start": iso(row["starts_on"]),
            "value": row["ratio"],
            "text": formats.number(row["ratio"], decimals=2),
            "interval": f"{row['ci_low']:.2f} to {row['ci_high']:.2f}",
            "left": row["left"],
            "ci_low": row["ci_low"],
            "ci_high": row["ci_high"],
            "clear": tested and (row["ci_low"] > 1 or row["ci_high"] < 1),
        }
        for row in found.periods.to_pylist()[-_MOST_COHORTS:]
    ]
    clear = sum(row["clear"] for row in rows)
    verb = "stands" if clear == 1 else "stand"
    title = (
        f"{formats.count(clear)} of {formats.plural(len(rows), found.grain)} {verb} out beyond age and cohort"
    )
    if not tested:
        title = f"No {found.grain} stands out beyond age and cohort by more than chance among {len(rows)}"
    return chart(
        "period_effects",
        title=title,
        subtitle=f"customers who left / those that age and cohort lead to expect · 1: as expected · {asof}",
        description=f"{title}.",
        words={
            "value_title": "left / expected",
            "interval_title": f"{level * 100:g} % interval",
            **time_axis(rows, found.grain, title=f"{found.grain} of the calendar"),
        },
        data={"periods": rows, "one": [{"value": 1}], "events": event_marks(rows, events)},
        table=found.periods,
    )


def snapshot_curves(lesson: SnapshotLesson) -> Chart:
    """Return the curve of a snapshot, read naively and with late entry."""
    read = {"read naively": lesson.naive, "with late entry": lesson.late_entry}
    title = timing.lesson_title(lesson)
    tables = [
        curve.table.add_column(0, "read", pa.array([name] * curve.table.num_rows, pa.string()))
        for name, curve in read.items()
    ]
    return chart(
        "snapshot_curves",
        title=title,
        subtitle="share still customers · "
        f"{formats.plural(lesson.customers, 'customer')} of one month's snapshot, "
        f"{formats.count(lesson.left)} of whom left in it",
        description=f"{title}. Two curves of the same file.",
        words={
            "x_title": "months since the start",
            "value_title": "still customers",
            "customers_title": "at risk",
            "interval_title": f"{lesson.naive.level * 100:g} % interval",
            "longest": repr(lesson.naive.last_time),
        },
        data={
            "curve": [
                {**_point(time, words.share_at(curve, time), int(curve.at_risk_at([time])[0])), "group": name}
                for name, curve in read.items()
                for time in [0, *curve.times[_drawn_months(curve)].tolist()]
            ]
        },
        table=pa.concat_tables(tables),
    )


def _point(age: int, found: Estimate, customers: int | None = None) -> Row:
    ends = {"ci_low": found.ci_low, "ci_high": found.ci_high}
    return {
        "age": age,
        "time": age,
        "column": formats.count(age),
        "value": found.value,
        "text": formats.value(found.value, "share"),
        "interval": formats.interval(found.ci_low, found.ci_high, "share"),
        "customers": formats.NOTHING if customers is None else formats.count(customers),
        **{name: end for name, end in ends.items() if end is not None},
    }


def _drawn_months(curve: SurvivalCurve) -> list[int]:
    last = len(curve.times) - 1
    return sorted({*range(min(_MONTHS, last) + 1), *range(_MONTHS, last, 4), last})


def _depth(left: int, expected: float) -> float:
    """How much more or less than expected, on a scale on which twice and half are its ends."""
    return max(-1.0, min(1.0, log2((left + 0.5) / (expected + 0.5))))
