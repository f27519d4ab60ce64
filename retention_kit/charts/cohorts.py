"""The charts of the cohort notebook: from a cohort table to filled-in templates. No statistics here."""

from collections.abc import Mapping, Sequence
from datetime import date
from math import isnan
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from retention_kit.charts import cohort_words as words
from retention_kit.charts import formats
from retention_kit.charts.chart import Chart, chart
from retention_kit.measures.cohort_result import CohortTable

__all__ = ["age_over_cohorts", "cohort_sizes", "definitions", "differences", "heat_map", "retention_curves"]

_ALL = "All cohorts"
_SIZE = "customers"
_STATES = {
    "mature": "complete",
    "partial": "not over yet: seen so far",
    "not_yet": "not observable yet",
    "empty": "no customers",
}
_CURVE_FIELDS = ("row", "order", "column", "age", "value", "text", "interval", "customers")
_CELL_FIELDS = (
    *("row", "column", "kind", "age", "group", "value", "label", "text", "interval"),
    *("ci_low", "ci_high", "customers", "state", "status", "certainty", "dark", "when"),
)
_FEW = 26  # columns in which a number fits
_MOST_COHORTS, _MOST_AGES, _MOST_CELLS = 60, 92, 4000  # what a page can carry and an eye can tell apart


def heat_map(table: CohortTable) -> Chart:
    """Return the cohort table as a heat map; with a breakdown, one row per group.

    Rows carry their size; unfinished cells are hatched, uncertain ones faded. Of many cohorts the newest
    are drawn, and of many ages the first.
    """
    grouped = table.groups != ("",)
    columns = [span.label for span in table.spans][:_MOST_AGES]
    averages = [_average_row(table, row) for row in table.pooled.to_pylist() if row["customers"]]
    rows = (
        averages if grouped else [*averages, *_cell_rows(table, cohorts=_drawn_cohorts(table, len(columns)))]
    )
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
    left_out = [] if grouped else _cohorts_left_out(table, len(columns))
    if len(columns) < len(table.spans):
        left_out.append(f"ages to {columns[-1]}")
    legend += _left_out_of_chart(left_out)
    return _cohort_chart(
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
            "row_title": _name_of_rows(table.parameters.breakdown or table.parameters.cohort_by),
        },
        step=13 if many else 44,
    )


def retention_curves(table: CohortTable) -> Chart:
    """Return the pooled curve with its band over the cohorts' own curves; or a curve per group.

    Of many cohorts the newest are drawn.
    """
    drop_first = table.parameters.measure == "customers" and len(table.spans) > 1
    averages = [
        row
        for row in (_average_row(table, row) for row in table.pooled.to_pylist() if row["customers"])
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
        return _cohort_chart(
            table,
            "curves_by_group",
            subtitle=subtitle,
            described=f"Curves of {len(table.groups)} groups over age.",
            data={"pooled": averages},
            more={"group_title": _name_of_rows(table.parameters.breakdown)},
            **common,
        )
    fixed = [
        {**_average_row(table, row), "row": "Fixed set of cohorts"}
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
            for row in _cell_rows(table, cohorts=_drawn_cohorts(table, len(table.spans)))
            if row["status"] == "mature" and (row["age"] > 0 or not drop_first)
        ]
    )
    legend = f"bold: all cohorts, with {_interval_title(table)}"
    legend += (
        " · hollow: other cohorts than the age before" if any(row["changes"] for row in averages) else ""
    )
    if cohorts:
        legend += " · thin: single cohorts" + ("" if table.parameters.cohort_by else ", newer in orange")
    legend += " · dashed: a fixed set of cohorts" if fixed else ""
    legend += _left_out_of_chart(_cohorts_left_out(table, len(table.spans)) if cohorts else [])
    return _cohort_chart(
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
    rows = [row for row in _cell_rows(table) if row["column"] == age]
    level = [
        {"value": row["value"], "text": row["text"]}
        for row in (_average_row(table, row) for row in table.pooled.to_pylist() if row["customers"])
        if row["column"] == age and not table.is_total
    ][:1]
    by_attribute = bool(table.parameters.cohort_by)
    grain = table.parameters.grain
    return _cohort_chart(
        table,
        "age_by_attribute" if by_attribute else "age_over_cohorts",
        title=words.trend_title(table) if not by_attribute else f"{words.value_title(table)} at age {age}",
        subtitle=f"{words.value_title(table)} at age {age} ({grain}s) · {words.context(table)}",
        described=f"{words.plural(len(rows), 'cohort')} at age {age}.",
        data={"cohorts": rows, "level": level} | ({} if by_attribute else {"events": _events(rows, events)}),
        frame=table.cells.filter(pc.equal(table.cells["age_label"], age)),
        more={
            "row_title": _name_of_rows(table.parameters.cohort_by),
            "rows": [row["row"] for row in rows],
        }
        | ({} if by_attribute else _time_axis(rows, grain)),
    )


def cohort_sizes(table: CohortTable, events: pa.Table | None) -> Chart:
    """Return how many customers each cohort started with."""
    grain = table.parameters.grain
    by_attribute = bool(table.parameters.cohort_by)
    rows = [
        {
            "row": row["cohort"],
            "customers": row["cohort_size"],
            "start": _iso(row["cohort_starts_on"]),
            "end": _iso(row["cohort_ends_on"]),
        }
        for row in _filled_cohorts(table)
    ]
    total = sum(row["customers"] for row in rows)
    largest = max(rows, key=lambda row: row["customers"])
    most = f"most in {largest['row']} ({formats.count(largest['customers'])})"
    by = table.parameters.cohort_by or f"{grain} of the first order"
    return _cohort_chart(
        table,
        "sizes_by_attribute" if by_attribute else "cohort_sizes",
        title=f"{words.plural(total, 'new customer')}; {most}",
        subtitle=f"customers by {by} · as of {table.as_of}",
        described=f"{words.plural(len(rows), 'cohort')}.",
        data={"cohorts": rows} | ({} if by_attribute else {"events": _events(rows, events)}),
        frame=pa.Table.from_pylist(_filled_cohorts(table)),
        more={
            "row_title": _name_of_rows(table.parameters.cohort_by),
            "rows": [row["row"] for row in rows],
        }
        | ({} if by_attribute else _time_axis(rows, grain)),
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
            f"{words.plural(len(rows), 'definition')} of retention on the same customers, "
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
            "interval_title": _interval_title(table),
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
                "text": formats.points(row["difference"])
                if share
                else formats.value(row["difference"], table.unit, **money),
                "interval": formats.interval(row["ci_low"], row["ci_high"], table.unit, **money),
                **ends,
            }
        )
    clear = sum(row["clear"] for row in rows)
    return _cohort_chart(
        table,
        "differences",
        title=f"{one} and {two} differ at {clear} of {words.plural(len(rows), 'age')}",
        subtitle=f"{one} less {two} · {words.value_title(table, average=True)} · {words.context(table)}",
        described=f"Difference of {one} less {two} at {words.plural(len(rows), 'age')}, with intervals.",
        data={"differences": rows, "zero": [{"value": 0}]},
        frame=frame,
        more={},
        average=True,
    )


def _cohort_chart(
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
    filled = {
        "x_title": words.age_title(table),
        "value_title": words.value_title(table, average=average),
        "interval_title": _interval_title(table),
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


def _interval_title(table: CohortTable) -> str:
    return f"{table.parameters.level * 100:g} % interval"


def _average_row(table: CohortTable, row: Mapping[str, Any]) -> dict[str, Any]:
    group = row["group"]
    return {
        "row": group or _ALL,
        "group": group,
        "kind": "cell" if group else "pooled",
        "status": "mature",
        "state": "complete cohorts only",
        "when": "",
        "changes": row["composition_changes"],
        "cohorts": row["cohorts"],
        **_numbers(table, row, row[table.average_column], row["customers"]),
    }


def _name_of_rows(attribute: str) -> str:
    # The colon keeps attributes apart from the tooltip's own lines, and from "image", which it would load.
    return f"{attribute}:" if attribute else "cohort"


def _cell_rows(table: CohortTable, *, cohorts: Sequence[str] | None = None) -> list[dict[str, Any]]:
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
                "start": _iso(row["cohort_starts_on"]),
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
        "label": _short(value, table.unit),
        "text": formats.value(value, table.unit, **money),
        "interval": formats.interval(row["ci_low"], row["ci_high"], table.unit, **money),
        "customers": customers,
        **ends,
    }


def _size_rows(table: CohortTable, grouped: bool, ages: int) -> list[dict[str, Any]]:
    if grouped:
        sizes = table.counts.size[:, table.shown].sum(axis=1)
        named = list(zip(table.groups, sizes, strict=True))
    else:
        sizes = {row["cohort"]: row["cohort_size"] for row in _filled_cohorts(table)}
        named = [(_ALL, sum(sizes.values())), *((name, sizes[name]) for name in _drawn_cohorts(table, ages))]
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


def _filled_cohorts(table: CohortTable) -> list[dict[str, Any]]:
    """Cohorts up to the last that has customers; those between that have none are kept."""
    rows: list[dict[str, Any]] = table.cohort_sizes().to_pylist()
    filled = [i for i, row in enumerate(rows) if row["cohort_size"]]
    return rows[filled[0] : filled[-1] + 1] if filled else rows[:1]


def _drawn_cohorts(table: CohortTable, ages: int) -> list[str]:
    """The newest cohorts, or the first values of an attribute, as many as so many ages leave room for."""
    names = [row["cohort"] for row in _filled_cohorts(table)]
    most = _most_cohorts(ages)
    return names[:most] if table.parameters.cohort_by else names[-most:]


def _cohorts_left_out(table: CohortTable, ages: int) -> list[str]:
    everyone, most = len(_filled_cohorts(table)), _most_cohorts(ages)
    which = "first" if table.parameters.cohort_by else "newest"
    return [f"{most} {which} of {everyone} cohorts"] if everyone > most else []


def _most_cohorts(ages: int) -> int:
    return min(_MOST_COHORTS, max(_MOST_CELLS // max(ages, 1), 1))


def _left_out_of_chart(parts: Sequence[str]) -> str:
    return f"\n{', '.join(parts)}; the table holds all" if parts else ""


def _shade(row: dict[str, Any], top: float, *, plain: bool) -> None:
    half = (row.get("ci_high", row["value"]) - row.get("ci_low", row["value"])) / 2
    doubt = min(max((half / top - 0.04) / 0.26, 0.0), 1.0)
    row["certainty"] = 0.0 if plain else 1 - 0.75 * doubt
    depth = min(row["value"] / top, 1.0)
    # White numbers where they stand out better than dark ones; fading a cell makes it lighter.
    row["dark"] = not plain and depth > 0.6 and row["certainty"] > max(1 - 1.25 * (depth - 0.6), 0.65)


def _time_axis(rows: list[dict[str, Any]], grain: str) -> dict[str, Any]:
    """Ticks where cohorts start, at most a dozen of them."""
    days = [date.fromisoformat(row["start"][:10]) for row in rows]
    some = days[:: -(-len(days) // 12) or 1]
    return {
        "ticks": [{"year": day.year, "month": day.month, "date": day.day} for day in some],
        "time_format": "%-d %b %Y" if grain in ("day", "week") else "%Y" if grain == "year" else "%b %Y",
        "x_title": f"{grain} of the first order",
    }


def _events(rows: list[dict[str, Any]], events: pa.Table | None) -> list[dict[str, Any]]:
    starts = [row["start"] for row in rows if row.get("start")]
    if events is None or not starts:
        return []
    marks = [{"start": _iso(row["date"]), "label": row["label"]} for row in events.to_pylist()]
    last = max(row.get("end") or row["start"] for row in rows)
    return [mark for mark in marks if min(starts) <= str(mark["start"]) <= last]


def _short(value: float, unit: str) -> str:
    if unit == "share":
        return f"{value * 100:.0f} %" if value >= 0.0995 or value == 0 else f"{value * 100:.1f} %"
    size = abs(value)
    for limit, suffix in ((1e9, " bn"), (1e6, " m"), (1e4, " k")):
        if size >= limit:
            return formats.number(value / (1e3 if suffix == " k" else limit), decimals=1) + suffix
    return formats.number(value, decimals=0 if size >= 100 or value == int(value) else 1)


def _when(starts_on: date | None, ends_on: date | None) -> str:
    if starts_on is None or ends_on is None:
        return "counted from each first order"
    return f"{starts_on} to {ends_on}" if starts_on != ends_on else f"{starts_on}"


def _iso(day: date | None) -> str | None:
    # With a time, scripts read a day as local; without one, as universal time, a day off in the west.
    return None if day is None else f"{day.isoformat()}T00:00:00"
