"""Charts over how often and how lately customers bought: who is still there, and what they will buy."""

from typing import TYPE_CHECKING, Any

from retention_kit import formats
from retention_kit.charts.chart import Chart, chart

if TYPE_CHECKING:
    from retention_kit.planning.lifetime_result import LifetimeValue

__all__ = ["alive_map", "purchases_map"]

_DARK = 0.6  # shade from which white stands out better


def alive_map(found: "LifetimeValue") -> Chart | None:
    """Return the chance to be there by purchases and silence; None for contracts, whose end is known."""
    return _map(
        found,
        "alive_map",
        "probability_alive",
        title=_still_there(found),
        value_title="chance to be a customer still",
        said="share of customers with the same history who are still there",
    )


def purchases_map(found: "LifetimeValue") -> Chart | None:
    """Return the purchases to expect by purchases and silence; None for contracts."""
    months = formats.plural(found.horizon_months, "month")
    every = found.expected_purchases
    if every is None:
        return None
    each = formats.value(every / found.customers, "ratio")
    return _map(
        found,
        "purchases_map",
        "expected_purchases",
        title=f"In {months} a customer makes {each} purchases on average, {formats.count(every)} in all",
        value_title=f"purchases expected in {months}",
        said="purchases per customer with the same history, not discounted",
    )


def _still_there(found: "LifetimeValue") -> str:
    mean = found.probability_alive_mean
    if mean is None:
        return "Chance to be a customer still, by purchases and silence"
    return f"{formats.value(mean, 'share')} of the customers are still there, by what they bought and when"


def _map(
    found: "LifetimeValue", name: str, column: str, *, title: str, value_title: str, said: str
) -> Chart | None:
    grid = found.grid
    if not grid.num_rows:
        return None
    rows = grid.to_pylist()
    names = _named(sorted({row["silence_weeks"] for row in rows}))
    unit = "share" if column == "probability_alive" else "ratio"
    top = 1.0 if unit == "share" else max((row[column] for row in rows), default=0.0) or 1.0
    cells: list[dict[str, Any]] = [
        {
            "row": formats.count(row["frequency"]),
            "column": names[row["silence_weeks"]],
            "value": row[column],
            "text": formats.value(row[column], unit),
            # Whole percents alone fit into a cell on a phone.
            "label": f"{row[column]:.0%}" if unit == "share" else formats.short(row[column], unit),
            "people": formats.count(row["customers"]),
            "dark": row[column] / top > _DARK,
        }
        for row in rows
    ]
    age = formats.count(rows[0]["age_weeks"])
    people = formats.plural(found.customers, "customer")
    frequencies = sorted({row["frequency"] for row in rows}, reverse=True)
    return chart(
        name,
        title=title,
        subtitle=f"{said} · {found.title} · {people} · as of {found.as_of}\n"
        f"of customers who first bought {age} weeks ago, the median",
        description=f"{title}. {formats.plural(len(rows), 'kind')} of histories.",
        words={
            "x_title": "weeks since the last purchase",
            "value_title": value_title,
            "top": repr(float(top)),
            "columns": list(names.values()),
            "rows": [formats.count(frequency) for frequency in frequencies],
        },
        data={"cells": cells},
        table=grid,
    )


def _named(silences: list[float]) -> dict[float, str]:
    """Whole weeks where they tell silences apart, else with a decimal."""
    whole = {silence: formats.count(round(silence)) for silence in silences}
    if len(set(whole.values())) == len(silences):
        return whole
    return {silence: f"{silence:,.1f}" for silence in silences}
