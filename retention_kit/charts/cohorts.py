"""The charts of the cohort notebook: from a cohort table to filled-in templates. No statistics here."""

from math import isnan
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from retention_kit import formats
from retention_kit.charts import cohort_words as words
from retention_kit.charts.chart import Chart, chart
from retention_kit.charts.cohort_heat_map import heat_map
from retention_kit.charts.cohort_rows import (
    average_row,
    cell_rows,
    cohort_chart,
    cohorts_left_out,
    drawn_cohorts,
    filled_cohorts,
    interval_title,
    left_out_of_chart,
    name_of_rows,
)
from retention_kit.charts.time_axis import event_marks, iso, time_axis
from retention_kit.measures.cohort_result import CohortTable

__all__ = ["age_over_cohorts", "cohort_sizes", "definitions", "differences", "heat_map", "retention_curves"]

_CURVE_FIELDS = ("row", "order", "column", "age", "value", "text", "interval", "customers")


def retention_curves(table: CohortTable) -> Chart:
    """Return the pooled curve with its band over the cohorts' own curves; or a curve per group.

    Of many cohorts the newest are drawn.
    """
    drop_first = table.parameters.measure == "customers" and len(table.spans) > 1
    averages = [
        row
        for row in (average_row(table, row) for row in table.pooled.to_pylist() if row["customers"])
        if row["age"] > 0 or not drop_first
    ]
    start = " · age 0 is where all start and is left out" if drop_first else ""
    subtitle = f"{words.value_title(table, average=True)} · {words.context(table)}{start}"
    common: dict[str, Any] = {
        "title": words.finding(table),
        "frame": table.pooled,
        "average": True,
    }
    if table.groups != ("",):
        return cohort_chart(
            table,
            "curves_by_group",
            subtitle=subtitle,
            described=f"Curves of {len(table.groups)} groups over age.",
            data={"pooled": averages},
            more={"group_title": name_of_rows(table.parameters.breakdown)},
            **common,
        )
    fixed = [
        {**average_row(table, row), "row": "Fixed set of cohorts"}
        for row in table.fixed_set.to_pylist()
        if row["customers"] and (row["age_periods"] > 0 or not drop_first)
    ]
    if [row["value"] for row in fixed] == [row["value"] for row in averages[: len(fixed)]]:
        fixed = []  # the same line twice tells nothing
    cohorts = (
        []
        if table.is_total
        else [
            row
            for row in cell_rows(table, cohorts=drawn_cohorts(table, len(table.spans)))
            if row["status"] == "mature" and (row["age"] > 0 or not drop_first)
        ]
    )
    legend = f"bold: all cohorts, with {interval_title(table)}"
    legend += (
        " · hollow: other cohorts than the age before" if any(row["changes"] for row in averages) else ""
    )
    if cohorts:
        legend += " · thin: single cohorts" + ("" if table.parameters.cohort_by else ", newer in orange")
    legend += " · dashed: a fixed set of cohorts" if fixed else ""
    legend += left_out_of_chart(cohorts_left_out(table, len(table.spans)) if cohorts else [])
    return cohort_chart(
        table,
        "curves",
        subtitle=f"{subtitle}\n{legend}",
        described="All cohorts together over age, with its interval, over the curves of single cohorts.",
        data={
            "cohorts": [{name: row[name] for name in _CURVE_FIELDS} for row in cohorts],
            "pooled": averages,
            "fixed_set": fixed,
        },
        more={"row_title": "cohort"},
        **common,
    )


def age_over_cohorts(table: CohortTable, events: pa.Table | None) -> Chart:
    """Return the value at the chosen age for each cohort: is it getting better?"""
    table = table.merged() if len(table.groups) > 1 else table
    age = words.chosen_age(table)
    rows = [row for row in cell_rows(table) if row["column"] == age]
    level = [
        {"value": row["value"], "text": row["text"]}
        for row in (average_row(table, row) for row in table.pooled.to_pylist() if row["customers"])
        if row["column"] == age and not table.is_total
    ][:1]
    by_attribute = bool(table.parameters.cohort_by)
    grain = table.parameters.grain
    return cohort_chart(
        table,
        "age_by_attribute" if by_attribute else "age_over_cohorts",
        title=words.trend_title(table) if not by_attribute else f"{words.value_title(table)} at age {age}",
        subtitle=f"{words.value_title(table)} at age {age} ({grain}s) · {words.context(table)}",
        described=f"{formats.plural(len(rows), 'cohort')} at age {age}.",
        data={"cohorts": rows, "level": level}
        | ({} if by_attribute else {"events": event_marks(rows, events)}),
        frame=table.cells.filter(pc.equal(table.cells["age_label"], age)),
        more={
            "row_title": name_of_rows(table.parameters.cohort_by),
            "rows": [row["row"] for row in rows],
        }
        | ({} if by_attribute else time_axis(rows, grain, title=f"{grain} of the first order")),
    )


def cohort_sizes(table: CohortTable, events: pa.Table | None) -> Chart:
    """Return how many customers each cohort started with."""
    grain = table.parameters.grain
    by_attribute = bool(table.parameters.cohort_by)
    rows = [
        {
            "row": row["cohort"],
            "customers": row["cohort_size"],
            "start": iso(row["cohort_starts_on"]),
            "end": iso(row["cohort_ends_on"]),
        }
        for row in filled_cohorts(table)
    ]
    total = sum(row["customers"] for row in rows)
    largest = max(rows, key=lambda row: row["customers"])
    most = f"most in {largest['row']} ({formats.count(largest['customers'])})"
    by = table.parameters.cohort_by or f"{grain} of the first order"
    return cohort_chart(
        table,
        "sizes_by_attribute" if by_attribute else "cohort_sizes",
        title=f"{formats.plural(total, 'new customer')}; {most}",
        subtitle=f"customers by {by} · as of {table.as_of}",
        described=f"{formats.plural(len(rows), 'cohort')}.",
        data={"cohorts": rows} | ({} if by_attribute else {"events": event_marks(rows, events)}),
        frame=pa.Table.from_pylist(filled_cohorts(table)),
        more={
            "row_title": name_of_rows(table.parameters.cohort_by),
            "rows": [row["row"] for row in rows],
        }
        | ({} if by_attribute else time_axis(rows, grain, title=f"{grain} of the first order")),
    )


def definitions(table: CohortTable, compared: pa.Table) -> Chart:
    """Return the same data under other definitions."""
    rows: list[dict[str, Any]] = []
    for i, row in enumerate(compared.to_pylist()):
        if row["retention_rate"] is None:
            continue  # no cohort has got that far
        rate = {key: row[key] for key in ("ci_low", "ci_high") if row[key] is not None}
        rows.append(
            {
                "definition": row["definition"],
                "value": row["retention_rate"],
                "text": formats.value(row["retention_rate"], "share"),
                "interval": formats.interval(row["ci_low"], row["ci_high"], "share"),
                "chosen": i == 0,
                **rate,
            }
        )
    age, grain = words.age_followed(table), table.parameters.grain
    if rows:
        low, high = (pick(rows, key=lambda row: row["value"]) for pick in (min, max))
        title = f"From {low['text']} to {high['text']}: the definition decides"
        described = (
            f"{formats.plural(len(rows), 'definition')} of retention on the same customers, "
            f"from {low['text']} ({low['definition']}) to {high['text']} ({high['definition']})."
        )
    else:
        title = f"Nothing can be compared yet: no cohort has finished age {age}"
        described = f"{title}."
    return chart(
        "definitions",
        title=title,
        subtitle=f"retention at age {age} ({grain}s) · {words.context(table)}",
        description=described,
        words={
            "rows": [row["definition"] for row in rows],
            "value_title": "retention",
            "interval_title": interval_title(table),
            "format": ".0%",
        },
        data={"definitions": rows},
        table=compared,
    )


def differences(table: CohortTable) -> Chart:
    """Return how the two largest groups differ at each age."""
    one, two = table.groups[:2]
    frame = table.differences(one, two)
    rows = []
    for row in frame.to_pylist():
        if isnan(row["difference"]) or row["age_periods"] == 0:
            continue
        share = table.unit == "share"
        money = {"currency": table.currency}
        ends = {key: row[key] for key in ("ci_low", "ci_high") if not isnan(row[key])}
        rows.append(
            {
                "age": row["age_periods"],
                "column": row["age_label"],
                "value": row["difference"],
                "clear": row["ci_low"] > 0 or row["ci_high"] < 0,
                "text": formats.signed(row["difference"], "share")
                if share
                else formats.value(row["difference"], table.unit, **money),
                "interval": formats.interval(row["ci_low"], row["ci_high"], table.unit, **money),
                **ends,
            }
        )
    clear = sum(row["clear"] for row in rows)
    return cohort_chart(
        table,
        "differences",
        title=f"{one} and {two} differ at {clear} of {formats.plural(len(rows), 'age')}",
        subtitle=f"{one} less {two} · {words.value_title(table, average=True)} · {words.context(table)}",
        described=f"Difference of {one} less {two} at {formats.plural(len(rows), 'age')}, with intervals.",
        data={"differences": rows, "zero": [{"value": 0}]},
        frame=frame,
        more={},
        average=True,
    )
