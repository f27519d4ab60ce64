"""The view behind the cohort notebook: one set of parameters, one result, and what is shown of it."""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from retention_kit import __version__
from retention_kit.charts import cohort_words, formats
from retention_kit.charts import cohorts as drawn
from retention_kit.charts.chart import Chart
from retention_kit.data.dataset import Dataset, open_dataset
from retention_kit.data.ledger import open_ledger
from retention_kit.data.resolve import registered, samples
from retention_kit.definitions import DEFINITIONS, Definition
from retention_kit.errors import DataError, ParameterError
from retention_kit.links import Opening, require_own_day
from retention_kit.measures.cohort_result import CohortTable
from retention_kit.measures.cohorts import cohort_table
from retention_kit.measures.comparison import definitions_compared
from retention_kit.notebooks import CohortParameters, notebook
from retention_kit.tables import escape, plain
from retention_kit.workbook import panels
from retention_kit.workbook.panels import Term
from retention_kit.workbook.state import State
from retention_kit.workbook.surface import Surface, first_view, surface

__all__ = ["CohortView", "cohort_view"]

_DAYS = ("as_of", "cohort_from", "cohort_to")
_NO_CHOICE = ("–", "")
# What may be there in one dataset and not in another.
_OF_DATASET = ("cohort_by", "breakdown", "segment", "orders", "measure", *_DAYS)


@dataclass(frozen=True)
class Opened:
    """A dataset and the table that was made from it: what every panel reads."""

    dataset: Dataset
    table: CohortTable

    @cached_property
    def compared(self) -> pa.Table:
        """The same data under other definitions, at the chosen age."""
        age = cohort_words.age_followed(self.table)
        return definitions_compared(self.dataset, self.table.parameters.model_copy(update={"age": age}))


class CohortView:
    """The cohort notebook's panels, over one state.

    Parameters
    ----------
    opening : Opening
        What to show first.
    where : Surface
        Alive on a page, or static in a report.
    """

    def __init__(self, opening: Opening[CohortParameters], where: Surface) -> None:
        parameters = opening.parameters
        self.surface = where
        self._offered: tuple[str, dict[str, list[tuple[str, str]]]] | None = None
        self._as_of = parameters.as_of
        self.state = State(parameters, self._open, check=self._check, otherwise=self._without_choices)
        if where is Surface.REPORT:
            # A report has no reader to tell: what goes wrong ends the run.
            self.state.result = self._open(parameters)
        else:
            self.state.open(opening)

    # What a report records.

    @property
    def parameters(self) -> CohortParameters:
        """The parameters of what is shown."""
        chosen: CohortParameters = self.state.parameters
        return chosen

    @property
    def dataset(self) -> Dataset:
        """The dataset of what is shown."""
        return self._shown.dataset

    @property
    def table(self) -> CohortTable:
        """The table that is shown."""
        return self._shown.table

    def tables(self) -> Mapping[str, pa.Table]:
        """Return the tables a report publishes, by name."""
        table = self.table
        found = {
            "cells": table.cells,
            "pooled": table.pooled,
            "fixed_set": table.fixed_set,
            "simple_mean": table.simple_mean,
            "cohort_sizes": table.cohort_sizes(),
            "definitions": self._shown.compared,
        }
        if len(table.groups) > 1:
            found["differences"] = table.differences(*table.groups[:2])
        return found

    def charts(self) -> Mapping[str, dict[str, Any]]:
        """Return the specifications of the charts, by name."""
        drawings = (draw(self._shown) for draw in _CHARTS.values())
        return {chart.name: chart.spec for chart in drawings if chart is not None}

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

    # What the notebook shows.

    def controls(self) -> Any:
        """Show the controls, the state as a command, and what went wrong if something did.

        A report has none: its page says how to run it again.
        """
        if not self.surface.live:
            return None
        import ipywidgets as widgets

        from retention_kit.workbook.address import address
        from retention_kit.workbook.chart_widget import PageScripts
        from retention_kit.workbook.controls import controls, status_line

        in_sight = notebook("cohorts").in_sight
        made = controls(
            self.state,
            choices=self._choices,
            days=_DAYS,
            first=("dataset", *in_sight) if len(self._choices()["dataset"]) > 1 else in_sight,
            without=("as_of",) if self.surface is Surface.APP else (),
            beside=(address(self.state, self.surface),),
        )
        command = panels.live_text(
            self.state,
            lambda shown: f'<p class="rk-facts rk-command">{_command_html(self._command(shown))}</p>',
        )
        return widgets.VBox([PageScripts(), made, status_line(self.state), command])

    def facts(self) -> Any:
        """Show the data behind the page: as-of date, rows left out, and what a reader has to know."""
        return self._text(_facts, lambda shown: panels.paragraphs(_facts(shown), "rk-facts"))

    def reading(self) -> Any:
        """Show the result in two sentences."""
        return self._text(_readings, lambda shown: panels.paragraphs(_readings(shown), "rk-reading"))

    def heat_map(self) -> Any:
        """Show the cohort table as a heat map; in JupyterLab, a click on a cell lists its customers."""
        chart = self._chart("heat_map")
        if self.surface is not Surface.NOTEBOOK:
            return chart
        from retention_kit.workbook.customer_list import customer_list

        return customer_list(self.state, chart)

    def curves(self) -> Any:
        """Show retention over age."""
        return self._chart("curves")

    def differences(self) -> Any:
        """Show how the two largest groups differ, where there are groups."""
        return self._chart("differences")

    def age_over_cohorts(self) -> Any:
        """Show the chosen age, cohort after cohort."""
        return self._chart("age_over_cohorts")

    def sizes(self) -> Any:
        """Show how many customers each cohort started with."""
        return self._chart("sizes")

    def definitions(self) -> Any:
        """Show the same data under other definitions."""
        return self._chart("definitions")

    def reasons(self) -> Any:
        """Show why the definitions differ."""
        return self._text(
            _reasons, lambda shown: f'<div class="rk-card">{panels.terms(_reasons(shown))}</div>'
        )

    def card(self) -> Any:
        """Show how the numbers are computed: definition, the user's numbers in it, SQL, a line to cite."""
        return self._text(_card, _card_html)

    @property
    def _shown(self) -> Opened:
        if self.state.result is None:
            raise ParameterError(self.state.message or "Nothing was computed.")
        opened: Opened = self.state.result
        return opened

    def _chart(self, name: str) -> Any:
        draw = _CHARTS[name]
        if self.surface.live:
            return panels.live_chart(self.state, draw)
        chart = draw(self._shown)
        return panels.StaticChart(chart) if chart is not None else None

    def _text(
        self, content_of: Callable[[Opened], Sequence[str | Term]], html_of: Callable[[Opened], str]
    ) -> Any:
        if self.surface.live:
            return panels.live_text(self.state, html_of)
        return panels.StaticText(html_of(self._shown), content_of(self._shown))

    def _open(self, parameters: CohortParameters) -> Opened:
        shown = self.state.result if hasattr(self, "state") else None
        before = shown.table.parameters if shown is not None else None
        same = before and (before.dataset, before.as_of) == (parameters.dataset, parameters.as_of)
        if shown is not None and same:
            try:
                return _computed(shown.dataset, parameters)
            except DataError:
                pass  # the source changed or the cache was cleared, and a viewer can open nothing
        return _computed(_dataset(parameters), parameters)

    def _check(self, wanted: CohortParameters) -> None:
        if self.surface is Surface.APP:
            require_own_day(wanted.as_of, self._as_of)

    def _without_choices(self, wanted: CohortParameters) -> tuple[CohortParameters, str] | None:
        """Parameters for a dataset switched to, without those that may not exist there."""
        shown = self.state.result
        if shown is None or shown.table.parameters.dataset == wanted.dataset:
            return None
        defaults = {name: CohortParameters.model_fields[name].default for name in _OF_DATASET}
        other = wanted.model_copy(update=defaults)
        return (
            (other, f"Choices that {wanted.dataset} does not have were reset.") if other != wanted else None
        )

    def _choices(self) -> dict[str, list[tuple[str, str]]]:
        """Names to choose from, as the dataset that is shown has them."""
        data = self.dataset.fingerprint if self.state.result is not None else ""
        if self._offered is None or self._offered[0] != data:
            self._offered = data, self._choices_of_data()
        return self._offered[1]

    def _choices_of_data(self) -> dict[str, list[tuple[str, str]]]:
        names = list(registered()) or ["cdnow"]
        found = {"dataset": [(name, name) for name in names]}
        segments: list[tuple[str, str]] = [_NO_CHOICE]
        values: list[tuple[str, str]] = [_NO_CHOICE]
        of_orders: list[tuple[str, str]] = [_NO_CHOICE]
        if self.state.result is not None:
            ledger = open_ledger(self.dataset)
            segments += [(name, name) for name in ledger.segments]
            for name in ledger.segments:
                listed = ledger.segment_values(name, limit=30)
                pairs = [(f"{name} = {value}", f"{name}={value}") for value in listed]
                values += pairs
                of_orders += pairs if name in ledger.order_segments else []
        return found | {
            "breakdown": segments,
            "cohort_by": segments,
            "segment": values,
            "orders": of_orders,
        }

    def _command(self, shown: Opened) -> str:
        chosen = shown.table.parameters
        fields = type(chosen).model_fields
        texts = [
            f"--set {name}={_quoted(getattr(chosen, name))}"
            for name, field in fields.items()
            if name != "dataset" and getattr(chosen, name) != field.default
        ]
        name = chosen.dataset
        if self.surface is Surface.NOTEBOOK and name not in samples():
            name = str(registered().get(name, name))  # names are this server's; a schedule needs the file
        return " ".join([f"retention report cohorts --dataset {_quoted(name)}", *texts])


def cohort_view(namespace: Mapping[str, Any]) -> CohortView:
    """Open the view with a notebook's parameters, and with those of the address where there is one.

    Parameters
    ----------
    namespace : mapping
        The notebook's variables; those that are parameters are taken.

    Raises
    ------
    RetentionKitError
        In a report, when a parameter or the data are not as they must be. On a page the same sentence is
        shown above the defaults.
    """
    where = surface()
    return CohortView(first_view(CohortParameters, namespace, where), where)


def _dataset(parameters: CohortParameters) -> Dataset:
    return open_dataset(parameters.dataset, as_of=parameters.as_of or None)


def _computed(dataset: Dataset, parameters: CohortParameters) -> Opened:
    table = cohort_table(dataset, parameters)
    if not table.counts.size[:, table.shown].any():
        least = cohort_words.plural(parameters.smallest_cohort, "customer")
        raise ParameterError(f"No cohort has {least}.", todo="Lower smallest_cohort.")
    return Opened(dataset, table)


def _quoted(value: object) -> str:
    text = str(value)
    return text if re.fullmatch(r"[\w.,:/+-]+", text) else shlex.quote(text)


def _facts(shown: Opened) -> list[str]:
    data, counted = shown.dataset, shown.dataset.accounting
    people, orders = (
        cohort_words.plural(counted.customers, "customer"),
        cohort_words.plural(counted.orders, "order"),
    )
    lines = [f"{data.title}: {people} and {orders} from {data.first_day}, as of {data.as_of}."]
    left = counted.rows_read - counted.kept
    were = "was" if left == 1 else "were"
    told = "every row was kept" if not left else f"{formats.count(left)} {were} netted, anonymous or left out"
    lines.append(f"Of {cohort_words.plural(counted.rows_read, 'row')}, {told}.")
    return lines + list(shown.table.notes)


def _readings(shown: Opened) -> list[str]:
    return cohort_words.readings(shown.table)


def _reasons(shown: Opened) -> list[Term]:
    return [(row["definition"], row["reason"]) for row in shown.compared.to_pylist()]


def _card(shown: Opened) -> list[Term]:
    """The definition with the user's own numbers put in."""
    table, data = shown.table, shown.dataset
    chosen = table.parameters
    card: Definition = DEFINITIONS[chosen.mode if chosen.measure == "customers" else chosen.measure]
    lines = [
        ("What", card.name),
        ("Formula", card.formula),
        ("Unit", card.unit),
        ("Source", card.source),
        ("Caveat", card.caveat),
    ]
    rows = [row for row in table.pooled.to_pylist() if row["customers"] and row["age_periods"] >= chosen.age]
    if rows:
        row = rows[0]
        money = {"currency": table.currency}
        value = formats.value(row[table.average_column], table.unit, **money)
        ends = formats.interval(row["ci_low"], row["ci_high"], table.unit, **money)
        sums = f"{plain(row['numerator'])} / {plain(row['customers'])}"
        lines.append((f"Yours, at age {row['age_label']}", f"{sums} = {value}"))
        people = cohort_words.plural(row["customers"], "customer")
        cite = (
            f"{card.name}, age {row['age_label']} ({chosen.grain}s, {chosen.clock} clock): {value}, "
            f"{chosen.level * 100:g} % interval {ends}, n = {people}, "
            f"as of {table.as_of}, {data.title}, data {data.fingerprint[:12]}, retention_kit {__version__}."
        )
        lines.append(("To cite", cite))
    return lines


def _card_html(shown: Opened) -> str:
    statement = escape(shown.table.sql)
    sql = f'<div class="rk-sql"><p>The statement behind the counts:</p><pre>{statement}</pre></div>'
    summary = "<summary>How is this computed?</summary>"
    return f'<details class="rk-card">{summary}{panels.terms(_card(shown))}{sql}</details>'


def _command_html(command: str) -> str:
    return f"Schedule this view: <code>{escape(command)}</code>"


def _differences(shown: Opened) -> Chart | None:
    return drawn.differences(shown.table) if len(shown.table.groups) > 1 else None


_CHARTS: Mapping[str, Callable[[Opened], Chart | None]] = {
    "heat_map": lambda shown: drawn.heat_map(shown.table),
    "curves": lambda shown: drawn.retention_curves(shown.table),
    "differences": _differences,
    "age_over_cohorts": lambda shown: drawn.age_over_cohorts(shown.table, shown.dataset.events),
    "sizes": lambda shown: drawn.cohort_sizes(shown.table, shown.dataset.events),
    "definitions": lambda shown: drawn.definitions(shown.table, shown.compared),
}
