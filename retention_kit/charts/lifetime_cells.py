"""The chart of a cohort table with its cells to come: seen so far, and hatched what is foreseen."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from retention_kit import formats
from retention_kit.charts.chart import Chart, chart
from retention_kit.charts.cohort_rows import cell_rows, filled_cohorts, interval_title

if TYPE_CHECKING:
    from retention_kit.measures.cohort_result import CohortTable
    from retention_kit.planning.forecast_cells import ForecastCells

__all__ = ["foreseen_cells"]

_DARK = 0.6  # shade from which white stands out better
_MOST = 26  # cohorts, and ages, in which a number fits into each cell
_NAMES = (
    "row",
    "column",
    "when",
    "text",
    "interval",
    "people",
    "state",
    "label",
    "value",
    "dark",
    "foreseen",
)
Row = dict[str, Any]


def foreseen_cells(table: "CohortTable", found: "ForecastCells") -> Chart | None:
    """Return the complete cells of a cohort table, and the forecasts of those to come; None without any."""
    ahead = found.cells
    if not ahead.num_rows:
        return None
    cohorts = [row["cohort"] for row in filled_cohorts(table) if row["cohort_size"]][-_MOST:]
    spans = {span.first: span.label for span in table.spans if 0 < span.first <= _MOST}
    grain = table.parameters.grain
    seen = [row for row in cell_rows(table, cohorts=cohorts) if row["status"] == "mature"]
    rows = [{**row, "people": formats.count(row["customers"]), "foreseen": False} for row in seen]
    rows += [_foreseen(row) for row in ahead.to_pylist() if row["cohort"] in cohorts]
    rows = [row for row in rows if row["age"] in spans]
    top = max((row["value"] for row in rows), default=0.0) or 1.0
    for row in rows:
        row["dark"] = row["value"] / top > _DARK and not row["foreseen"]
    title = _title(found, grain)
    size = f"{formats.plural(len(cohorts), 'cohort')} by {formats.plural(len(spans), 'age')}"
    left_out = f" · the newest {len(cohorts)} cohorts; the table holds all" if len(cohorts) == _MOST else ""
    return chart(
        "foreseen_cells",
        title=title,
        subtitle=f"share of the cohort that buys in the {grain} · hatched: foreseen by {found.title} · "
        f"as of {table.as_of}\nthe running {grain} is left blank{left_out}",
        description=f"{title}. {size}.",
        words={
            "x_title": f"{grain}s since the first purchase",
            "row_title": "cohort",
            "value_title": f"buy in the {grain}",
            "interval_title": interval_title(table),
            "top": repr(float(top)),
            "columns": list(spans.values()),
            "rows": cohorts,
        },
        data={"cells": [{name: row[name] for name in _NAMES} for row in rows]},
        table=_joined(table, ahead),
    )


def _foreseen(row: Row) -> Row:
    rate = row["retention_rate"]
    return {
        "row": row["cohort"],
        "column": row["age_label"],
        "age": row["age_periods"],
        "when": f"{row['age_starts_on']} to {row['age_ends_on']}",
        "value": rate,
        "text": formats.value(rate, "share"),
        "label": formats.short(rate, "share"),
        "interval": formats.interval(row["ci_low"], row["ci_high"], "share"),
        "people": formats.count(row["cohort_size"]),
        "state": "foreseen",
        "foreseen": True,
    }


def _title(found: "ForecastCells", grain: str) -> str:
    first = found.cells["age_starts_on"]
    begins = min(first.to_pylist())
    next_up = [row for row in found.cells.to_pylist() if row["age_starts_on"] == begins]
    buyers = sum(row["retention_rate"] * row["cohort_size"] for row in next_up)
    people = sum(row["cohort_size"] for row in next_up)
    return (
        f"In the {grain} from {begins}, {formats.count(buyers)} of {formats.plural(people, 'customer')} are "
        "expected to buy"
    )


def _joined(table: "CohortTable", ahead: pa.Table) -> pa.Table:
    """Cells seen and foreseen, one below the other."""
    names = (
        "cohort",
        "cohort_size",
        "age_periods",
        "age_label",
        "retention_rate",
        "ci_low",
        "ci_high",
        "status",
    )
    seen = table.cells.select(list(names))
    seen = seen.filter(seen["retention_rate"].is_valid())
    return pa.concat_tables([seen, ahead.select(list(names)).cast(seen.schema)])
