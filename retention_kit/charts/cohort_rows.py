"""Rows of the cohort notebook's drawings, from a cohort table. No statistics here."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from retention_kit import formats
from retention_kit.charts import cohort_words as words
from retention_kit.charts.chart import Chart, chart
from retention_kit.charts.time_axis import iso
from retention_kit.measures.cohort_result import CohortTable

__all__ = [
    "ALL",
    "average_row",
    "cell_rows",
    "cohort_chart",
    "cohorts_left_out",
    "drawn_cohorts",
    "filled_cohorts",
    "interval_title",
    "left_out_of_chart",
    "name_of_rows",
]

ALL = "All cohorts"
_STATES = {
    "mature": "complete",
    "partial": "not over yet: seen so far",
    "not_yet": "not observable yet",
    "empty": "no customers",
}
_MOST_COHORTS, _MOST_CELLS = 60, 4000  # what a page can carry and an eye can tell apart


def cohort_chart(
    table: CohortTable,
    name: str,
    *,
    title: str,
    subtitle: str,
    described: str,
    data: Mapping[str, list[dict[str, Any]]],
    frame: pa.Table,
    more: Mapping[str, Any],
    step: float | None = None,
    average: bool = False,
) -> Chart:
    """Return a chart of a cohort table, with the words that all of them share."""
    filled = {
        "x_title": words.age_title(table),
        "value_title": words.value_title(table, average=average),
        "interval_title": interval_title(table),
        "format": ".0%" if table.unit == "share" else "~s",
        **more,
    }
    return chart(
        name,
        title=title,
        subtitle=subtitle,
        description=f"{title}. {described}",
        words=filled,
        data=data,
        table=frame,
        step=step,
    )


def average_row(table: CohortTable, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of a drawing for a cell of the pooled curve."""
    group = row["group"]
    return {
        "row": group or ALL,
        "group": group,
        "kind": "cell" if group else "pooled",
        "status": "mature",
        "state": "complete cohorts only",
        "when": "",
        "changes": row["composition_changes"],
        "cohorts": row["cohorts"],
        **_numbers(table, row, row[table.average_column], row["customers"]),
    }


def cell_rows(table: CohortTable, *, cohorts: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Cells that hold a number, of all cohorts or of some."""
    rows, order = [], {name: i for i, name in enumerate(table.cohorts)}
    cells = table.cells
    if cohorts is not None:
        cells = cells.filter(pc.is_in(cells["cohort"], value_set=pa.array(cohorts, pa.string())))
    for row in cells.to_pylist():
        if row[table.value_column] is None:
            continue
        base = row["eligible"] if table.parameters.cohort_by else row["cohort_size"]
        rows.append(
            {
                "row": row["cohort"],
                "group": row["group"],
                "kind": "cell",
                "order": order[row["cohort"]],
                "status": row["status"],
                "state": _STATES[row["status"]],
                "when": _when(row["age_starts_on"], row["age_ends_on"]),
                "start": iso(row["cohort_starts_on"]),
                **_numbers(table, row, row[table.value_column], base),
            }
        )
    return rows


def _numbers(table: CohortTable, row: Mapping[str, Any], value: float, customers: int) -> dict[str, Any]:
    money = {"currency": table.currency}
    ends = {key: row[key] for key in ("ci_low", "ci_high") if row[key] is not None}
    return {
        "column": row["age_label"],
        "age": row["age_periods"],
        "value": value,
        "label": formats.short(value, table.unit),
        "text": formats.value(value, table.unit, **money),
        "interval": formats.interval(row["ci_low"], row["ci_high"], table.unit, **money),
        "customers": customers,
        **ends,
    }


def filled_cohorts(table: CohortTable) -> list[dict[str, Any]]:
    """Cohorts up to the last that has customers; those between that have none are kept."""
    rows: list[dict[str, Any]] = table.cohort_sizes().to_pylist()
    filled = [i for i, row in enumerate(rows) if row["cohort_size"]]
    return rows[filled[0] : filled[-1] + 1] if filled else rows[:1]


def drawn_cohorts(table: CohortTable, ages: int) -> list[str]:
    """The newest cohorts, or the first values of an attribute, as many as so many ages leave room for."""
    names = [row["cohort"] for row in filled_cohorts(table)]
    most = _most_cohorts(ages)
    return names[:most] if table.parameters.cohort_by else names[-most:]


def cohorts_left_out(table: CohortTable, ages: int) -> list[str]:
    """Return what is said of the cohorts that are not drawn; nothing where all are."""
    everyone, most = len(filled_cohorts(table)), _most_cohorts(ages)
    which = "first" if table.parameters.cohort_by else "newest"
    return [f"{most} {which} of {everyone} cohorts"] if everyone > most else []


def _most_cohorts(ages: int) -> int:
    return min(_MOST_COHORTS, max(_MOST_CELLS // max(ages, 1), 1))


def left_out_of_chart(parts: Sequence[str]) -> str:
    """Return the line of a subtitle that says what is not drawn."""
    return f"\n{', '.join(parts)}; the table holds all" if parts else ""


def name_of_rows(attribute: str) -> str:
    """Return what rows are called in tooltips."""
    # The colon keeps attributes apart from the tooltip's own lines, and from "image", which it would load.
    return f"{attribute}:" if attribute else "cohort"


def interval_title(table: CohortTable) -> str:
    """Return what the interval is called."""
    return f"{table.parameters.level * 100:g} % interval"


def _when(starts_on: date | None, ends_on: date | None) -> str:
    if starts_on is None or ends_on is None:
        return "counted from each first order"
    return f"{starts_on} to {ends_on}" if starts_on != ends_on else f"{starts_on}"
