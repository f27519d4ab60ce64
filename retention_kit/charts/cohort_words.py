"""What a cohort table says, in words: titles, labels and readings made from its own numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from retention_kit import formats
from retention_kit.measures.cohort_result import CohortTable
from retention_kit.measures.intervals import newcombe

__all__ = [
    "age_followed",
    "age_title",
    "chosen_age",
    "context",
    "difference",
    "finding",
    "first_and_last",
    "key_rows",
    "readings",
    "trend",
    "trend_title",
    "value_title",
]

_MODES: Mapping[str, str] = {
    "bounded": "active in the {grain}",
    "unbounded": "active in the {grain} or later",
    "range": "active at least once in the {grain}s",
    "streak": "active in every {grain} so far",
}
_MEASURES: Mapping[str, str] = {
    "orders": "orders",
    "revenue": "revenue",
    "margin": "gross margin",
    "revenue_per_customer": "revenue per customer",
    "cumulative_value": "cumulative value per customer",
}


def age_title(table: CohortTable) -> str:
    """Return the title of the axis of ages, with its unit."""
    grain = table.parameters.grain
    since = "the cohort's own" if table.parameters.clock == "calendar" else "each customer's first order"
    return f"age in {grain}s since {since}" if table.parameters.clock == "elapsed" else f"age in {grain}s"


def chosen_age(table: CohortTable) -> str:
    """Return the label of the column that holds the age followed; the last one if none does."""
    for span in table.spans:
        if span.first <= table.parameters.age <= span.last:
            return span.label
    return table.spans[-1].label


def age_followed(table: CohortTable) -> int:
    """Return the age followed over the cohorts, in periods; the last one if the table ends before."""
    return min(table.parameters.age, table.spans[-1].last)


def value_title(table: CohortTable, *, average: bool = False) -> str:
    """Return what a number of the table is, with its unit."""
    chosen = table.parameters
    if chosen.measure == "customers":
        least = f", {chosen.min_orders} or more orders" if chosen.min_orders > 1 else ""
        return f"retention ({_MODES[chosen.mode].format(grain=chosen.grain)}{least})"
    name = _MEASURES[chosen.measure]
    name += " per customer" if average and table.is_total else ""
    return f"{name} ({table.currency})" if table.unit == "money" and table.currency else name


def context(table: CohortTable) -> str:
    """Return how many customers stand behind the table, and up to when they were seen."""
    people = int(table.counts.size[:, table.shown].sum())
    asked = [text for text in (table.parameters.segment, table.parameters.orders) if text]
    return f"{formats.plural(people, 'customer')} · as of {table.as_of}" + "".join(
        f" · only {text}" for text in asked
    )


def finding(table: CohortTable) -> str:
    """Return what the table shows, in a few words."""
    first, last = first_and_last(table)
    if first is None:
        return "Nothing can be said yet: no cohort has finished a period"
    grain, group = table.parameters.grain, table.groups[0]
    who = f"{group}: " if group else ""
    if table.parameters.measure == "customers":
        said = f"{who}{_value(table, first)} are retained at age {first['age_label']} ({grain}s)"
        if last is not None:
            said += f", {_value(table, last)} at age {last['age_label']}"
        return said
    what = _MEASURES[table.parameters.measure]
    what += " per customer" if table.is_total else ""
    shown = last or first
    return f"{who}{_value(table, shown)} {what} at age {shown['age_label']} ({grain}s)"


def readings(table: CohortTable) -> list[str]:
    """Return two sentences: where the curve stands with its interval, and whether it moves."""
    first, last = first_and_last(table)
    if first is None:
        return ["No cohort has finished a period after its first: there is nothing to read yet."]
    grain, group = table.parameters.grain, table.groups[0]
    who = formats.plural(first["customers"], "customer")
    who += f" with {table.parameters.breakdown} = {group}" if group else ""
    start = _with_interval(table, first)
    sentence = (
        f"Of {who}, {start} are retained at age {first['age_label']}"
        if table.parameters.measure == "customers"
        else f"Over {who}, {value_title(table, average=True)} is {start} at age {first['age_label']}"
    )
    if last is not None:
        sentence += f", and {_with_interval(table, last)} at age {last['age_label']}"
        if last["customers"] < first["customers"]:
            sentence += f" (seen in {formats.plural(last['customers'], 'customer')})"
    second = _groups_compared(table) if table.groups != ("",) else trend(table)
    return [f"{sentence}, counting in {grain}s.", second]


def trend(table: CohortTable) -> str:
    """Return whether the newer half of the cohorts does better than the older at the chosen age."""
    halves = _halves(table)
    if isinstance(halves, str):
        return f"{halves}."
    label, older, newer, change, low, high = halves
    newest = f"the newer {newer} cohorts stand" if newer > 1 else "the newer cohort stands"
    told = difference(table, change, low, high)
    return f"At age {label} {newest} {told} against the older {older}: {_verdict(low, high)}."


def trend_title(table: CohortTable) -> str:
    """Return the same as a title."""
    halves = _halves(table)
    if isinstance(halves, str):
        return halves
    label, _, _, change, low, high = halves
    return f"Newer cohorts at age {label}: {_verdict(low, high)} ({formats.signed(change, 'share')})"


def _verdict(low: float, high: float) -> str:
    return "a rise" if low > 0 else "a fall" if high < 0 else "no change that can be told from chance"


def _halves(table: CohortTable) -> str | tuple[str, int, int, float, float, float]:
    """Age, number of older and newer cohorts, and their difference; or why there is none."""
    table = table.merged() if len(table.groups) > 1 else table
    chosen = table.parameters
    ages = [i for i, span in enumerate(table.spans) if span.first <= chosen.age <= span.last]
    if not ages or chosen.cohort_by:
        return "These cohorts are not followed over time at one age, so there is no trend to read"
    label = table.spans[ages[0]].label
    mature = np.flatnonzero(table.mature[:, :, ages[0]].any(axis=0))
    if len(mature) < 2:
        return f"Fewer than two cohorts have finished age {label}, so there is no trend to read"
    if table.amounts is not None:
        return (
            f"{formats.plural(len(mature), 'cohort')} have finished age {label}, each with its own interval"
        )
    older, newer = mature[: len(mature) // 2], mature[len(mature) // 2 :]
    total = table.counts.total[:, :, ages[0]].sum(axis=0)
    size = table.base[:, :, ages[0]].sum(axis=0)
    hits = [int(total[part].sum()) for part in (newer, older)]
    people = [int(size[part].sum()) for part in (newer, older)]
    low, high = newcombe(hits[0], people[0], hits[1], people[1], level=chosen.level)
    change = hits[0] / people[0] - hits[1] / people[1]
    return label, len(older), len(newer), change, float(low), float(high)


def difference(table: CohortTable, change: float, low: float, high: float) -> str:
    """Return a difference with its interval."""
    if table.unit == "share":
        ends = f"{formats.signed(low, 'share').removesuffix(' points')} to {formats.signed(high, 'share')}"
        return f"{formats.signed(change, 'share')} ({ends})"
    shown = formats.value(change, table.unit, currency=table.currency)
    ends = formats.interval(low, high, table.unit, currency=table.currency)
    return f"{shown} ({ends})" if ends != formats.NOTHING else shown


def _groups_compared(table: CohortTable) -> str:
    if len(table.groups) < 2:
        return f"There is one group only, {table.groups[0]}."
    one, two = table.groups[:2]
    rows = [row for row in table.differences(one, two).to_pylist() if row["age_periods"] > 0]
    rows = [row for row in rows if row["first_customers"] and row["second_customers"]]
    if not rows:
        return f"No cohort of both {one} and {two} has finished a period after its first."
    row = rows[0]
    told = difference(table, row["difference"], row["ci_low"], row["ci_high"])
    clear = row["ci_low"] > 0 or row["ci_high"] < 0
    verdict = "a difference" if clear else "no difference that can be told from chance"
    return f"{one} stands {told} against {two} at age {row['age_label']}: {verdict}."


def key_rows(table: CohortTable) -> list[dict[str, Any]]:
    """Return the rows of the pooled curve that a reader should know: chosen age, first age, last age."""
    first, last = first_and_last(table)
    rows = [row for row in table.pooled.to_pylist() if row["customers"]]
    chosen = [row for row in rows if row["group"] == table.groups[0]]
    chosen = [row for row in chosen if row["age_periods"] == table.parameters.age]
    found = {row["age_label"]: row for row in (first, *chosen, last) if row is not None}
    wanted = [label for label in dict.fromkeys(row["age_label"] for row in rows) if label in found]
    groups = table.groups[:4]
    return [row for label in wanted for row in rows if row["age_label"] == label and row["group"] in groups]


def first_and_last(table: CohortTable) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return the first age after the start, and the last that half of the customers have reached."""
    rows = [row for row in table.pooled.to_pylist() if row["group"] == table.groups[0] and row["customers"]]
    later = [row for row in rows if row["age_periods"] > 0] or rows
    if not later:
        return None, None
    reached = [row for row in later if row["customers"] * 2 >= later[0]["customers"]]
    return later[0], reached[-1] if len(reached) > 1 else None


def _value(table: CohortTable, row: Mapping[str, Any]) -> str:
    return formats.value(row[table.average_column], table.unit, currency=table.currency)


def _with_interval(table: CohortTable, row: Mapping[str, Any]) -> str:
    ends = formats.interval(row["ci_low"], row["ci_high"], table.unit, currency=table.currency)
    return f"{_value(table, row)} ({ends})" if ends != formats.NOTHING else _value(table, row)
