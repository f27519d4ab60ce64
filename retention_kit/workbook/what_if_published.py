"""What the what-if notebook publishes: levers and figures side by side, tables, first figures, the card."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from retention_kit import formats
from retention_kit.charts import what_if
from retention_kit.charts import what_if_words as words
from retention_kit.charts.chart import Chart
from retention_kit.definitions import DEFINITIONS
from retention_kit.planning.comparison_result import Likely
from retention_kit.planning.levers import LEVERS, Levers
from retention_kit.workbook.available import Unavailable
from retention_kit.workbook.card import citation
from retention_kit.workbook.panels import Term
from retention_kit.workbook.what_if_tiles import figures
from retention_kit.workbook.what_if_weighed import Weighed, WhatIf

__all__ = ["DRAWINGS", "card", "figures_beside", "headline", "levers_beside", "segments", "sql", "tables"]

_MOST_SPELT = 10_000  # of a bound in full


def _npv(found: Weighed, shown: WhatIf) -> Chart | None:
    return None if found.is_still else what_if.npv_distribution(found.comparison, **_beside(found, shown))


def _cash(found: Weighed, shown: WhatIf) -> Chart | None:
    return None if found.is_still else what_if.cumulative_cash(found.comparison, **_beside(found, shown))


def _tornado(found: Weighed, shown: WhatIf) -> Chart | None:
    return what_if.tornado(found.comparison, found.swings, currency=found.currency, asof=shown.asof)


def _budget(found: Weighed, shown: WhatIf) -> Chart | None:
    level = found.comparison.level
    return what_if.budget_use(found.budget, level=level, currency=found.currency, asof=shown.asof)


def _points(found: Weighed, shown: WhatIf) -> Chart | None:
    return what_if.retention_points(found.points, level=found.comparison.level, asof=shown.asof)


_DRAWN = {"npv": _npv, "cash": _cash, "tornado": _tornado, "budget": _budget, "points": _points}


def _drawing(name: str) -> Callable[[WhatIf], Chart | None]:
    def draw(shown: WhatIf) -> Chart | None:
        return None if isinstance(shown.scenario, Unavailable) else _DRAWN[name](shown.scenario, shown)

    return draw


DRAWINGS: Mapping[str, Callable[[WhatIf], Chart | None]] = {name: _drawing(name) for name in _DRAWN}
"""The charts, by the panel that shows them; one that does not apply is None."""


def levers_beside(shown: WhatIf) -> pa.Table:
    """Return every lever: where it stands in the data, in the scenario and in the other, and its bounds."""
    found = shown.scenario
    if isinstance(found, Unavailable):
        return pa.table({})
    columns = _columns(shown)
    rows = []
    for name in (*LEVERS, "segment"):
        lever = LEVERS.get(name)
        row = {"lever": lever.title if lever else "segment targeted"}
        for title, levers in columns.items():
            row[title] = words.lever_value(name, _standing(levers, name), currency=found.currency)
        bounds = _bounds(name) if lever else ""
        source = found.observed.sources.get(name, "")
        rows.append({**row, "unit": lever.unit if lever else "", "bounds": bounds, "observed": source})
    return pa.Table.from_pylist(rows)


def figures_beside(shown: WhatIf) -> pa.Table:
    """Return the figures of the scenario beside those of the other, each with its interval."""
    rows: list[dict[str, str]] = []
    for found in (shown.scenario, shown.laid_beside):
        if isinstance(found, Weighed):
            for place, one in enumerate(figures(found)):
                if found is shown.scenario:
                    rows.append({"figure": one.name})
                told = f"{one.value} ({one.ends})" if one.ends else one.value
                rows[place][_apart(found, shown)] = told
    return pa.Table.from_pylist(rows)


def segments(found: Weighed) -> pa.Table:
    """Return gain, cost and net present value by segment; they add up to the whole."""
    rows = [
        {
            "segment": row.segment or "all customers",
            "customers": round(row.customers),
            "targeted": row.targeted,
            "gain": row.gain.value,
            "gain_ci_low": row.gain.ci_low,
            "gain_ci_high": row.gain.ci_high,
            "cost": row.cost,
            "npv": row.npv,
        }
        for row in found.comparison.segments
        if row.customers or row.cost or row.gain.value
    ]
    return pa.Table.from_pylist(rows)


def tables(shown: WhatIf) -> Mapping[str, pa.Table]:
    """Return the tables that a report publishes, by name."""
    found = shown.scenario
    if isinstance(found, Unavailable):
        return {}
    charts = (draw(shown) for draw in DRAWINGS.values())
    drawn = {chart.name: chart.table for chart in charts if chart is not None}
    return {
        "levers": levers_beside(shown),
        "figures": figures_beside(shown),
        "segments": segments(found),
        **drawn,
    }


def headline(shown: WhatIf) -> list[dict[str, Any]]:
    """Return the figures to know first."""
    found = shown.scenario
    if isinstance(found, Unavailable):
        return []
    made, money = found.comparison, found.currency or "money"
    n = round(made.customers)
    rows = [
        _figure("Net present value", made.npv, n, money),
        _figure("Change in value per customer", made.clv_change, n, money),
        _figure("Change in value in total", made.gain, n, money),
    ]
    if found.is_still:
        return rows
    if made.roi is not None:
        rows.append(_figure("Return on investment", made.roi, n, "fraction"))
    for name, value, unit in (
        ("Probability that it pays", made.probability, "probability"),
        ("Break-even, saved share of departures", made.break_even.saved_share, "fraction"),
    ):
        if value is not None:
            rows.append({"name": name, "value": value, "ci_low": None, "ci_high": None, "n": n, "unit": unit})
    if made.break_even.saved_share is not None:
        low, high = found.break_even_range
        rows[-1] |= {"ci_low": low if high is not None else None, "ci_high": high}
    if made.payback.month is not None:
        known = (made.payback.low, made.payback.high)
        if None in known:
            known = (None, None)
        ends = {"ci_low": known[0], "ci_high": known[1]}
        rows.append({"name": "Payback age", "value": made.payback.month, **ends, "n": n, "unit": "months"})
    return rows


def card(shown: WhatIf) -> Sequence[Term]:
    """Return the definitions that stand on no tile, with the user's numbers put in, and a line to cite."""
    found = shown.scenario
    if isinstance(found, Unavailable):
        return []
    made = found.comparison
    lines: list[Term] = [
        *_definition("saved_share", words.saved_in_points(made)),
        *_definition("tornado", words.tornado_title(found.swings)),
        *_definition("budget_use", words.keeping_reading(found.keeping, currency=found.currency)),
        *_definition("retention_points", words.points_title(found.points)),
        ("Model", found.observed.model),
    ]
    npv = formats.with_interval(made.npv, "money", currency=found.currency)
    called = f' "{shown.parameters.scenario}"' if shown.parameters.scenario else ""
    said = (
        f"Net present value of the scenario{called} over {made.scenario.horizon_months} months: {npv}, "
        f"{made.level * 100:g} % interval, n = {formats.plural(round(made.customers), 'customer')}"
    )
    return [*lines, ("To cite", citation(shown.dataset, said))]


def sql(shown: WhatIf) -> str:
    """Return the statement behind the customers."""
    return "" if isinstance(shown.scenario, Unavailable) else shown.scenario.observed.sql


def _beside(found: Weighed, shown: WhatIf) -> dict[str, Any]:
    """What both charts over futures take."""
    other = shown.laid_beside
    return {
        "other": other.comparison if other is not None else None,
        "names": (found.name, other.name if other is not None else ""),
        "currency": found.currency,
        "asof": shown.asof,
    }


def _columns(shown: WhatIf) -> dict[str, Levers]:
    found = shown.scenario
    if isinstance(found, Unavailable):
        return {}
    columns = {
        "status quo": found.observed.status_quo(found.comparison.scenario),
        found.name: found.comparison.scenario,
    }
    if shown.laid_beside is not None:
        columns[_apart(shown.laid_beside, shown)] = shown.laid_beside.comparison.scenario
    return columns


def _apart(found: Weighed, shown: WhatIf) -> str:
    """What a scenario is called in a column of its own."""
    own = shown.scenario.name if isinstance(shown.scenario, Weighed) else ""
    return (
        f"{found.name} (beside)" if found is shown.other and found.name in (own, "status quo") else found.name
    )


def _bounds(name: str) -> str:
    lever = LEVERS[name]
    if lever.high > _MOST_SPELT:
        return f"{lever.low:g} to {formats.short(lever.high)}"
    low, high = (words.lever_value(name, end) for end in (lever.low, lever.high))
    return f"{low.removesuffix(' a year').removesuffix(' month')} to {high}"


def _standing(levers: Levers, name: str) -> float | str | None:
    if name in ("saved_share_low", "saved_share_high"):
        return levers.uplift[0 if name.endswith("low") else 2]
    value: float | str | None = getattr(levers, name)
    return value


def _figure(name: str, found: Likely, people: int, unit: str) -> dict[str, Any]:
    return {
        "name": name,
        "value": found.value,
        "ci_low": found.ci_low,
        "ci_high": found.ci_high,
        "n": people,
        "unit": unit,
    }


def _definition(name: str, yours: str) -> list[Term]:
    card = DEFINITIONS[name]
    return [(card.name, f"{card.formula}. Unit: {card.unit}. {card.source} {card.caveat}"), ("Yours", yours)]
