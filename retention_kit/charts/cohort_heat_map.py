"""The heat map: cohorts down, ages across."""

from typing import Any

from retention_kit import formats
from retention_kit.charts import cohort_words as words
from retention_kit.charts.chart import Chart
from retention_kit.charts.cohort_rows import (
    ALL,
    average_row,
    cell_rows,
    cohort_chart,
    cohorts_left_out,
    drawn_cohorts,
    filled_cohorts,
    left_out_of_chart,
    name_of_rows,
)
from retention_kit.measures.cohort_result import CohortTable

__all__ = ["heat_map"]

_SIZE = "customers"
_CELL_FIELDS = (
    *("row", "column", "kind", "age", "group", "value", "label", "text", "interval"),
    *("ci_low", "ci_high", "customers", "state", "status", "certainty", "dark", "when"),
)
_FEW = 26  # columns in which a number fits
_MOST_AGES = 92  # what a page can carry and an eye can tell apart


def heat_map(table: CohortTable) -> Chart:
    """Return the cohort table as a heat map; with a breakdown, one row per group.

    Rows carry their size; unfinished cells are hatched, uncertain ones faded. Of many cohorts the newest
    are drawn, and of many ages the first.
    """
    grouped = table.groups != ("",)
    columns = [span.label for span in table.spans][:_MOST_AGES]
    averages = [average_row(table, row) for row in table.pooled.to_pylist() if row["customers"]]
    rows = averages if grouped else [*averages, *cell_rows(table, cohorts=drawn_cohorts(table, len(columns)))]
    rows = [row for row in rows if row["column"] in columns]
    later = [row["value"] for row in rows if row["age"] > 0 or table.parameters.measure == "cumulative_value"]
    kinds = {"cell"} if not grouped and table.is_total else {"cell", "pooled"}
    shaded = [row for row in rows if row["kind"] in kinds]
    top = max((row["value"] for row in shaded if row["age"] > 0), default=0)
    top = next((value for value in (top, max(later, default=0)) if value > 0), 1)
    for row in rows:
        _shade(row, top, plain=row["kind"] not in kinds)
    many = len(columns) > _FEW
    sizes = _size_rows(table, grouped, len(columns))
    body = sizes + rows
    if many:
        body = [{**row, "label": "" if row["kind"] != "size" else row["label"]} for row in body]
    body = [{name: row[name] for name in _CELL_FIELDS if name in row} for row in body]
    hatched = any(row.get("status") == "partial" for row in rows)
    legend = "pale: wide interval" + (" · hatched: not over yet" if hatched else "")
    left_out = [] if grouped else cohorts_left_out(table, len(columns))
    if len(columns) < len(table.spans):
        left_out.append(f"ages to {columns[-1]}")
    legend += left_out_of_chart(left_out)
    return cohort_chart(
        table,
        "heat_map",
        title=words.finding(table),
        subtitle=f"{words.value_title(table)} · {words.context(table)}\n{legend}",
        described=f"Heat map, {len(sizes)} rows by {len(columns)} ages.",
        data={"cells": body, "head": [{"label": _SIZE}]},
        frame=table.pooled if grouped else table.cells,
        more={
            "top": repr(float(top)),
            "columns": columns,
            "rows": [row["row"] for row in sizes],
            "row_title": name_of_rows(table.parameters.breakdown or table.parameters.cohort_by),
        },
        step=13 if many else 44,
    )


def _size_rows(table: CohortTable, grouped: bool, ages: int) -> list[dict[str, Any]]:
    if grouped:
        sizes = table.counts.size[:, table.shown].sum(axis=1)
        named = list(zip(table.groups, sizes, strict=True))
    else:
        sizes = {row["cohort"]: row["cohort_size"] for row in filled_cohorts(table)}
        named = [(ALL, sum(sizes.values())), *((name, sizes[name]) for name in drawn_cohorts(table, ages))]
    return [
        {
            "row": name,
            "kind": "size",
            "label": formats.count(size),
            "text": formats.count(size),
            "customers": int(size),
            "dark": False,
        }
        for name, size in named
    ]


def _shade(row: dict[str, Any], top: float, *, plain: bool) -> None:
    half = (row.get("ci_high", row["value"]) - row.get("ci_low", row["value"])) / 2
    doubt = min(max((half / top - 0.04) / 0.26, 0.0), 1.0)
    row["certainty"] = 0.0 if plain else 1 - 0.75 * doubt
    depth = min(row["value"] / top, 1.0)
    # White numbers where they stand out better than dark ones; fading a cell makes it lighter.
    row["dark"] = not plain and depth > 0.6 and row["certainty"] > max(1 - 1.25 * (depth - 0.6), 0.65)
