"""The charts of lifetime value: who holds it, of which groups and cohorts, and when it comes in."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from retention_kit import formats
from retention_kit.charts import lifetime_words as words
from retention_kit.charts.chart import Chart, chart

if TYPE_CHECKING:
    from retention_kit.planning.lifetime_result import LifetimeValue

__all__ = ["by_cohort", "by_group", "concentration", "curve", "distribution"]

_MOST_GROUPS = 24  # rows an eye can follow
_NEW, _TODAY = "a new customer", "today's customers"
Row = dict[str, Any]


def distribution(found: "LifetimeValue") -> Chart:
    """Return how many customers are worth how much."""
    table, total = found.distribution, found.total.value
    rows = table.to_pylist()
    width = rows[0]["value_to"] - rows[0]["value_from"] if rows[0]["value_to"] is not None else 1.0
    bars = [
        {
            "low": row["value_from"],
            "high": row["value_to"] if row["value_to"] is not None else row["value_from"] + width,
            "customers": row["customers"],
            "people": formats.count(row["customers"]),
            "held": formats.value(row["value"] / total if total else 0.0, "share"),
            "between": _between(row, found),
        }
        for row in rows
    ]
    mean = found.per_customer.value
    inside = [{"value": mean, "label": f"mean {words.told(mean, found)}"}] if mean <= bars[-1]["high"] else []
    return _chart(
        "value_distribution",
        found,
        title=words.spread_title(found),
        described=f"Bars of {words.told(width, found)}; the last holds all above.",
        subtitle="the last bar holds all above",
        more={"x_title": words.value_title(found), "format": "~s"},
        data={"bars": bars, "mean": inside},
        table=table,
    )


def concentration(found: "LifetimeValue") -> Chart | None:
    """Return who holds how much of the value; None where there is none."""
    held = found.concentration
    if held.half_held_by is None:
        return None
    rows = [
        {
            "share": row["share_of_customers"],
            "value": row["share_of_value"],
            "column": f"first {formats.value(row['share_of_customers'], 'share')}, "
            f"{formats.count(row['customers'])}",
            "text": formats.value(row["share_of_value"], "share"),
        }
        for row in held.lorenz.to_pylist()
    ]
    label = f"half the value: {formats.value(held.half_held_by, 'share')} of the customers"
    return _chart(
        "value_concentration",
        found,
        title=words.concentration_title(found),
        described=f"The first tenth hold {formats.value(held.top_10, 'share')} of it.",
        subtitle="dashed: all customers worth the same",
        more={"value_title": "share of the value"},
        data={
            "curve": rows,
            "half": [{"share": held.half_held_by, "value": 0.5, "label": label}],
            "equal": [{"share": 0.0, "value": 0.0}, {"share": 1.0, "value": 1.0}],
        },
        table=held.lorenz,
    )


def by_group(found: "LifetimeValue", *, attribute: str) -> Chart | None:
    """Return what a customer of each group is worth; None without groups."""
    if not attribute:
        return None
    table = found.groups.sort_by([("value_per_customer", "descending")])
    rows = [_one_of_many(row, row["group"], found) for row in table.to_pylist() if row["customers"]]
    more = (
        f"the first {_MOST_GROUPS} of {len(rows)} groups; the table holds all"
        if len(rows) > _MOST_GROUPS
        else ""
    )
    shown = rows[:_MOST_GROUPS]
    return _chart(
        "value_by_group",
        found,
        title=words.group_title(found, attribute),
        described=f"{formats.plural(len(shown), 'group')} with intervals.",
        subtitle="\n".join(["dashed: mean of all", *([more] if more else [])]),
        more={
            "value_title": words.value_title(found),
            "format": "~s",
            "rows": [row["row"] for row in shown],
            "row_title": f"{attribute}:",
        },
        data={"groups": shown, "mean": [{"value": found.per_customer.value}]},
        table=table,
    )


def by_cohort(found: "LifetimeValue") -> Chart | None:
    """Return what a customer of each cohort is worth from now on; None where there is one cohort only."""
    rows = [_one_of_many(row, row["cohort"], found) for row in found.cohorts.to_pylist() if row["customers"]]
    if len(rows) < 2:
        return None
    return _chart(
        "value_by_cohort",
        found,
        title=words.held_title(found),
        described=f"{formats.plural(len(rows), 'cohort')} with intervals.",
        subtitle="what is to come, not what was brought so far · dashed: mean of all",
        more={
            "value_title": words.value_title(found),
            "format": "~s",
            "rows": [row["row"] for row in rows],
            "row_title": "cohort",
            "x_title": "cohort, by the first purchase"
            if found.kind == "purchases"
            else "cohort, by the start",
        },
        data={"cohorts": rows, "mean": [{"value": found.per_customer.value}]},
        table=found.cohorts,
    )


def curve(found: "LifetimeValue") -> Chart:
    """Return value up to each month, with what it costs to win a customer where that is known."""
    series = {
        _TODAY: found.curve,
        _NEW if found.kind == "purchases" else "a new contract": found.curve_of_new,
    }
    drawn = {name: table for name, table in series.items() if table.num_rows}
    rows = [
        {
            "group": name,
            "month": row["month"],
            "value": row["value_per_customer"],
            "text": words.told(row["value_per_customer"], found),
            "interval": words.told_range(row["ci_low"], row["ci_high"], found),
            **{end: row[end] for end in ("ci_low", "ci_high") if row[end] is not None},
        }
        for name, table in drawn.items()
        for row in table.to_pylist()
    ]
    paid = found.payback
    cost, when = [], []
    if paid is not None and found.measures != "purchases":
        told = words.told(paid.acquisition_cost, found)
        cost = [{"value": paid.acquisition_cost, "label": f"acquisition cost {told}"}]
        if paid.month:
            when = [{"value": paid.month, "label": f"paid back in month {paid.month}"}]
    tables = [
        table.add_column(0, "of", pa.array([name] * table.num_rows, pa.string()))
        for name, table in drawn.items()
    ]
    return _chart(
        "value_curve",
        found,
        title=words.curve_title(found),
        described="Cumulative value per customer, month by month, with its interval.",
        subtitle="cumulative",
        more={"value_title": words.value_title(found), "format": "~s", "groups": list(drawn)},
        data={"curve": rows, "cost": cost, "payback": when},
        table=pa.concat_tables(tables),
    )


def _one_of_many(row: Mapping[str, Any], name: str, found: "LifetimeValue") -> Row:
    ends = {"ci_low": row["per_customer_ci_low"], "ci_high": row["per_customer_ci_high"]}
    return {
        "row": name or "(none)",
        "value": row["value_per_customer"],
        "text": words.told(row["value_per_customer"], found),
        "interval": words.told_range(ends["ci_low"], ends["ci_high"], found),
        "people": formats.count(row["customers"]),
        "held": formats.value(row["share_of_value"], "share"),
        **{end: value for end, value in ends.items() if value is not None},
    }


def _between(row: Mapping[str, Any], found: "LifetimeValue") -> str:
    if row["value_to"] is None:
        return f"{words.told(row['value_from'], found)} and more"
    return words.told_range(row["value_from"], row["value_to"], found)


def _chart(
    name: str,
    found: "LifetimeValue",
    *,
    title: str,
    described: str,
    subtitle: str,
    more: Mapping[str, Any],
    data: Mapping[str, Sequence[Row]],
    table: pa.Table,
) -> Chart:
    return chart(
        name,
        title=title,
        subtitle=f"{words.context(found)}\n{subtitle}",
        description=f"{title}. {described}",
        words={"interval_title": f"{found.level * 100:g} % interval", **more},
        data=data,
        table=table,
    )
