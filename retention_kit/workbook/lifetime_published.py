"""What the lifetime value notebook publishes: assumptions and definitions, tables, and first figures."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from retention_kit import formats
from retention_kit.charts import lifetime_words as words
from retention_kit.definitions import DEFINITIONS
from retention_kit.planning.back_test_result import BackTest
from retention_kit.planning.predictive import Estimate
from retention_kit.workbook.available import Unavailable
from retention_kit.workbook.card import citation, definition_terms
from retention_kit.workbook.lifetime_tiles import tested
from retention_kit.workbook.lifetime_valued import Valued
from retention_kit.workbook.panels import Term

__all__ = ["assumptions", "card", "headline", "tables"]


def assumptions(shown: Valued) -> list[Term]:
    """Return all that a value rests on, as terms."""
    found, fit = shown.value, shown.customers.fit
    values = ", ".join(f"{name} = {value:.4g}" for name, value in fit.parameters.items())
    lines: list[Term] = [
        (
            "Whose value",
            f"{formats.plural(found.customers, 'customer')} of today, from the day after {found.as_of} on",
        ),
        ("What counts", f"discounted {words.value_title(found, each=False)}; acquisition cost is apart"),
        ("Assumed", words.assumed(found)),
        ("Model", f"{found.title}: {values}. {found.model_reason}"),
    ]
    spend = shown.customers.spend
    if spend is not None:
        paid = ", ".join(f"{name} = {value:.4g}" for name, value in spend.parameters.items())
        lines.append(
            ("Spend", f"{spend.title}: {paid}; {words.told(spend.population_mean, found)} per purchase")
        )
    if found.spend_correlation is not None:
        tie = formats.number(found.spend_correlation, decimals=2)
        lines.append(
            ("Spend and frequency", f"correlation {tie} over repeat buyers; the models take it to be 0")
        )
    lines.append(("Interval", f"{found.level * 100:g} %, predictive: {_sources(found.sources)}"))
    lines.append(("Tested", tested(shown)))
    return [*lines, *(("Note", note) for note in found.notes)]


def card(shown: Valued) -> Sequence[Term]:
    """Return the definition of the value with the user's numbers put in, and a line to cite."""
    found = shown.value
    value = words.told_with_interval(found.per_customer, found)
    total = words.told(found.total.value, found)
    people = formats.plural(found.customers, "customer")
    yours = f"{total} / {people} = {words.told(found.per_customer.value, found)}"
    said = (
        f"{DEFINITIONS['lifetime_value'].name} per customer ({words.assumed(found)}): {value}, "
        f"{found.level * 100:g} % predictive interval, {found.title}, n = {people}. {tested(shown)[:-1]}"
    )
    cited = citation(shown.dataset, said)
    return [
        *definition_terms(DEFINITIONS["lifetime_value"], yours=yours),
        *assumptions(shown),
        ("To cite", cited),
    ]


def tables(shown: Valued) -> Mapping[str, pa.Table]:
    """Return the tables that a report publishes, by name; none of them lists customers."""
    value = shown.value
    found = {
        "cohorts": value.cohorts,
        "concentration": value.concentration.lorenz,
        "curve": value.curve,
        "distribution": value.distribution,
        "quantiles": value.quantiles,
        "shortcuts": value.shortcuts,
        "sources": value.sources,
    }
    if shown.parameters.breakdown:
        found["groups"] = value.groups
    if value.curve_of_new.num_rows:
        found["curve_of_new"] = value.curve_of_new
    if value.grid.num_rows:
        found["histories"] = value.grid
    test = shown.customers.back_test
    if isinstance(test, BackTest):
        found |= {
            "test_weeks": test.tracking,
            "test_deciles": test.deciles,
            "test_by_frequency": test.by_frequency,
            "test_errors": test.errors,
            "test_origins": test.origins,
        }
    ahead = shown.foreseen
    if not isinstance(ahead, Unavailable):
        found |= {"foreseen_cells": ahead.cells.cells, "foreseen_test": ahead.cells.back_test}
    return found


def headline(shown: Valued) -> list[dict[str, Any]]:
    """Return the figures to know first."""
    found = shown.value
    unit = found.currency or words.measured(found)
    ahead = formats.plural(found.horizon_months, "month")
    rows = [
        _figure(f"Value per customer, {ahead}", found.per_customer, found.customers, unit),
        _figure(f"Value of all customers, {ahead}", found.total, found.customers, unit),
    ]
    held = found.concentration.half_held_by
    if held is not None:
        one = Estimate(held, float("nan"), float("nan"))
        rows.append(_figure("Half the value is held by", one, found.customers, "fraction"))
    test = shown.customers.back_test
    if isinstance(test, BackTest) and test.bias is not None:
        bias = Estimate(test.bias, float("nan"), float("nan"))
        rows.append(_figure("Back-test, bias", bias, test.customers, "fraction"))
    return rows


def _sources(table: pa.Table) -> str:
    rows = table.to_pylist()
    told = [f"{row['source']} (± {formats.value(row['relative_sd'], 'share')})" for row in rows]
    return ", ".join(told)


def _figure(name: str, one: Estimate, people: int, unit: str) -> dict[str, Any]:
    ends = [None if end != end else float(end) for end in (one.ci_low, one.ci_high)]
    return {
        "name": name,
        "value": float(one.value),
        "ci_low": ends[0],
        "ci_high": ends[1],
        "n": people,
        "unit": unit,
    }
