"""The view behind the cohort notebook: one set of parameters, one table, and what is shown of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from retention_kit import formats
from retention_kit.charts import cohort_words
from retention_kit.charts import cohorts as drawn
from retention_kit.charts.chart import Chart
from retention_kit.data.dataset import Dataset
from retention_kit.definitions import DEFINITIONS
from retention_kit.errors import ParameterError
from retention_kit.measures.cohort_result import CohortTable
from retention_kit.measures.cohorts import cohort_table
from retention_kit.measures.comparison import definitions_compared
from retention_kit.notebooks import CohortParameters, notebook
from retention_kit.tables import plain
from retention_kit.workbook import panels
from retention_kit.workbook.card import card_html, citation, definition_terms
from retention_kit.workbook.panels import Term
from retention_kit.workbook.surface import Surface
from retention_kit.workbook.view import View

__all__ = ["CohortView", "cohort_view"]


@dataclass(frozen=True)
class Opened:
    """A dataset and the table that was made from it: what every panel reads."""

    dataset: Dataset
    table: CohortTable

    @property
    def parameters(self) -> CohortParameters:
        """The parameters of the table."""
        return self.table.parameters

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the table has to know."""
        return self.table.notes

    @cached_property
    def compared(self) -> pa.Table:
        """The same data under other definitions, at the chosen age."""
        age = cohort_words.age_followed(self.table)
        return definitions_compared(self.dataset, self.parameters.model_copy(update={"age": age}))


def _differences(shown: Opened) -> Chart | None:
    return drawn.differences(shown.table) if len(shown.table.groups) > 1 else None


class CohortView(View[CohortParameters, Opened]):
    """The cohort notebook's panels."""

    notebook = notebook("cohorts")
    days = ("as_of", "cohort_from", "cohort_to")
    of_dataset = ("cohort_by", "breakdown", "segment", "orders", "measure", *days)
    drawings = {  # noqa: RUF012
        "heat_map": lambda shown: drawn.heat_map(shown.table),
        "curves": lambda shown: drawn.retention_curves(shown.table),
        "differences": _differences,
        "age_over_cohorts": lambda shown: drawn.age_over_cohorts(shown.table, shown.dataset.events),
        "sizes": lambda shown: drawn.cohort_sizes(shown.table, shown.dataset.events),
        "definitions": lambda shown: drawn.definitions(shown.table, shown.compared),
    }

    def compute(self, dataset: Dataset, parameters: CohortParameters) -> Opened:
        """Return the cohort table for parameters."""
        table = cohort_table(dataset, parameters)
        if not table.counts.size[:, table.shown].any():
            least = formats.plural(parameters.smallest_cohort, "customer")
            raise ParameterError(f"No cohort has {least}.", todo="Lower smallest_cohort.")
        return Opened(dataset, table)

    @property
    def table(self) -> CohortTable:
        """The table that is shown."""
        return self.shown.table

    def tables(self) -> Mapping[str, pa.Table]:
        """Return the tables a report publishes, by name."""
        table = self.table
        found = {
            "cells": table.cells,
            "pooled": table.pooled,
            "fixed_set": table.fixed_set,
            "simple_mean": table.simple_mean,
            "cohort_sizes": table.cohort_sizes(),
            "definitions": self.shown.compared,
        }
        if len(table.groups) > 1:
            found["differences"] = table.differences(*table.groups[:2])
        return found

    def headline(self) -> list[dict[str, Any]]:
        """Return the figures to know first: name, value, ends of the interval, n and unit."""
        table = self.table
        unit = {"share": "fraction", "money": table.currency or "money"}.get(table.unit, table.unit)
        what = table.average_column.replace("_", " ").capitalize()
        return [
            {
                "name": f"{what} at age {row['age_label']}" + (f", {row['group']}" if row["group"] else ""),
                "value": row[table.average_column],
                "ci_low": row["ci_low"],
                "ci_high": row["ci_high"],
                "n": row["customers"],
                "unit": unit,
            }
            for row in cohort_words.key_rows(table)
        ]

    def reading(self) -> Any:
        """Show the result in two sentences."""
        return self.sentences(lambda shown: cohort_words.readings(shown.table))

    def heat_map(self) -> Any:
        """Show the cohort table as a heat map; in JupyterLab, a click on a cell lists its customers."""
        chart = self.chart("heat_map")
        if self.surface is not Surface.NOTEBOOK:
            return chart
        from retention_kit.workbook.customer_list import customer_list

        return customer_list(self.state, chart)

    def curves(self) -> Any:
        """Show retention over age."""
        return self.chart("curves")

    def differences(self) -> Any:
        """Show how the two largest groups differ, where there are groups."""
        return self.chart("differences")

    def age_over_cohorts(self) -> Any:
        """Show the chosen age, cohort after cohort."""
        return self.chart("age_over_cohorts")

    def sizes(self) -> Any:
        """Show how many customers each cohort started with."""
        return self.chart("sizes")

    def definitions(self) -> Any:
        """Show the same data under other definitions."""
        return self.chart("definitions")

    def reasons(self) -> Any:
        """Show why the definitions differ."""
        return self.text(
            _reasons, lambda shown: f'<div class="rk-card">{panels.terms(_reasons(shown))}</div>'
        )

    def card(self) -> Any:
        """Show how the numbers are computed: definition, the user's numbers in it, SQL, a line to cite."""
        return self.text(_card, lambda shown: card_html(_card(shown), shown.table.sql))


def cohort_view(namespace: Mapping[str, Any]) -> CohortView:
    """Open the view with a notebook's variables, as `View.of` says."""
    return CohortView.of(namespace)


def _reasons(shown: Opened) -> list[Term]:
    return [(row["definition"], row["reason"]) for row in shown.compared.to_pylist()]


def _card(shown: Opened) -> list[Term]:
    """The definition with the user's own numbers put in."""
    table, chosen = shown.table, shown.parameters
    card = DEFINITIONS[chosen.mode if chosen.measure == "customers" else chosen.measure]
    lines = definition_terms(card)
    rows = [row for row in table.pooled.to_pylist() if row["customers"] and row["age_periods"] >= chosen.age]
    if rows:
        row = rows[0]
        money = {"currency": table.currency}
        value = formats.value(row[table.average_column], table.unit, **money)
        ends = formats.interval(row["ci_low"], row["ci_high"], table.unit, **money)
        sums = f"{plain(row['numerator'])} / {plain(row['customers'])}"
        lines.append((f"Yours, at age {row['age_label']}", f"{sums} = {value}"))
        people = formats.plural(row["customers"], "customer")
        said = (
            f"{card.name}, age {row['age_label']} ({chosen.grain}s, {chosen.clock} clock): {value}, "
            f"{chosen.level * 100:g} % interval {ends}, n = {people}"
        )
        lines.append(("To cite", citation(shown.dataset, said)))
    return lines
