"""What the views of all notebooks share: one state, its controls, and panels that follow its result."""

import re
import shlex
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar, cast

import pyarrow as pa

from retention_kit.charts.chart import Chart
from retention_kit.data.dataset import Dataset, open_dataset
from retention_kit.data.ledger import open_ledger
from retention_kit.data.resolve import registered, samples
from retention_kit.errors import DataError, ParameterError
from retention_kit.links import Opening, require_own_day
from retention_kit.notebooks import Notebook
from retention_kit.params import ViewParameters
from retention_kit.tables import escape
from retention_kit.workbook import panels
from retention_kit.workbook.facts import data_facts
from retention_kit.workbook.memory import Memory
from retention_kit.workbook.panels import Term
from retention_kit.workbook.state import State
from retention_kit.workbook.surface import Surface, first_view, surface

__all__ = ["NO_CHOICE", "Options", "Shown", "View"]

NO_CHOICE = ("–", "")
_VALUES_OFFERED = 30
_RESULTS_KEPT = 3
Options = list[tuple[str, str]]


class Shown(Protocol):
    """What is shown: what was computed, from which data, and what a reader has to know about it."""

    @property
    def dataset(self) -> Dataset:
        """The dataset."""

    @property
    def parameters(self) -> ViewParameters:
        """The parameters."""

    @property
    def notes(self) -> Sequence[str]:
        """Sentences that belong above every number."""


ParametersT = TypeVar("ParametersT", bound=ViewParameters)
ShownT = TypeVar("ShownT", bound=Shown)


class View(ABC, Generic[ParametersT, ShownT]):
    """A notebook's panels, over one state.

    A view says how its result is computed and which charts are drawn of it; each of its methods without
    arguments is a panel that the notebook shows, alive on a page and still in a report.

    Parameters
    ----------
    opening : Opening
        What to show first.
    where : Surface
        Alive on a page, or static in a report.
    """

    notebook: ClassVar[Notebook]
    drawings: ClassVar[Mapping[str, Callable[[Any], Chart | None]]]
    """Charts by name; one that does not apply is None."""
    days: ClassVar[tuple[str, ...]] = ("as_of",)
    """Parameters that hold a day."""
    of_dataset: ClassVar[tuple[str, ...]] = ("as_of",)
    """Parameters whose values may be there in one dataset and not in another."""
    reset_to: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """Where a reset leads, for parameters whose default is an example."""

    def __init__(self, opening: Opening[ParametersT], where: Surface) -> None:
        parameters = opening.parameters
        self.surface = where
        self._offered: tuple[str, dict[str, Options]] | None = None
        self._as_of = parameters.as_of
        self._results = Memory(_RESULTS_KEPT)
        self.state = State(parameters, self._open, check=self._check, otherwise=self._without_choices)
        if where is Surface.REPORT:
            # A report has no reader to tell: what goes wrong ends the run.
            self.state.result = self._open(parameters)
        else:
            self.state.open(opening)

    @classmethod
    def of(cls, namespace: Mapping[str, Any]) -> Self:
        """Open the view with a notebook's parameters, and with those of the address where there is one.

        Parameters
        ----------
        namespace : mapping
            The notebook's variables; those that are parameters are taken.

        Raises
        ------
        RetentionKitError
            In a report, when a parameter or the data are not as they must be. On a page the same sentence
            is shown above the defaults.
        """
        where = surface()
        return cls(first_view(cast(type[ParametersT], cls.notebook.parameters), namespace, where), where)

    @abstractmethod
    def compute(self, dataset: Dataset, parameters: ParametersT) -> ShownT:
        """Return what is shown for parameters."""

    # What a report records.

    @abstractmethod
    def tables(self) -> Mapping[str, pa.Table]:
        """Return the tables a report publishes, by name."""

    @abstractmethod
    def headline(self) -> list[dict[str, Any]]:
        """Return the figures to know first: name, value, ends of the interval, n and unit."""

    @property
    def parameters(self) -> ParametersT:
        """The parameters of what is shown."""
        chosen: ParametersT = self.state.parameters
        return chosen

    @property
    def dataset(self) -> Dataset:
        """The dataset of what is shown."""
        return self.shown.dataset

    def charts(self) -> Mapping[str, dict[str, Any]]:
        """Return the specifications of the charts, by name."""
        drawn = (draw(self.shown) for draw in self.drawings.values())
        return {chart.name: chart.spec for chart in drawn if chart is not None}

    # What every notebook shows.

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

        in_sight = self.notebook.in_sight
        made = controls(
            self.state,
            choices=self._choices,
            days=self.days,
            first=("dataset", *in_sight) if len(self._choices()["dataset"]) > 1 else in_sight,
            without=("as_of",) if self.surface is Surface.APP else (),
            beside=(address(self.state, self.surface),),
            observed=self.observed_values,
            reset_to=self.reset_to,
        )
        command = panels.live_text(
            self.state,
            lambda shown: f'<p class="rk-facts rk-command">{_command_html(self._command(shown))}</p>',
        )
        return widgets.VBox([PageScripts(), made, status_line(self.state), command])

    def facts(self) -> Any:
        """Show the data behind the page: as-of date, rows left out, and what a reader has to know."""
        return self.sentences(lambda shown: [*data_facts(shown.dataset), *shown.notes], style="rk-facts")

    # What panels are made of.

    @property
    def shown(self) -> ShownT:
        """What is shown."""
        if self.state.result is None:
            raise ParameterError(self.state.message or "Nothing was computed.")
        found: ShownT = self.state.result
        return found

    def chart(self, name: str) -> Any:
        """Return the panel of one of the ``drawings``; a report has none where the chart does not apply."""
        draw = self.drawings[name]
        if self.surface.live:
            return panels.live_chart(self.state, draw)
        chart = draw(self.shown)
        return panels.StaticChart(chart) if chart is not None else None

    def text(
        self, content_of: Callable[[ShownT], Sequence[str | Term]], html_of: Callable[[ShownT], str]
    ) -> Any:
        """Return the panel of a text: its content for readers of plain text, and its HTML, escaped."""
        if self.surface.live:
            return panels.live_text(self.state, html_of)
        return panels.StaticText(html_of(self.shown), content_of(self.shown))

    def sentences(self, lines_of: Callable[[ShownT], Sequence[str]], *, style: str = "rk-reading") -> Any:
        """Return the panel of some sentences."""
        return self.text(lines_of, lambda shown: panels.paragraphs(lines_of(shown), style))

    # How a result comes about.

    def _open(self, parameters: ParametersT) -> ShownT:
        shown: ShownT | None = self.state.result if hasattr(self, "state") else None
        before = shown.parameters if shown is not None else None
        same = before and (before.dataset, before.as_of) == (parameters.dataset, parameters.as_of)
        if shown is not None and same:
            try:
                # What a result has found out since, it still knows.
                return self._results.recall(parameters, lambda: self.compute(shown.dataset, parameters))
            except DataError:
                pass  # the source changed or the cache was cleared, and a viewer can open nothing
        self._results = Memory(_RESULTS_KEPT)  # the data may be other ones now
        dataset = open_dataset(parameters.dataset, as_of=parameters.as_of or None)
        return self._results.recall(parameters, lambda: self.compute(dataset, parameters))

    def _check(self, wanted: ParametersT) -> None:
        if self.surface is Surface.APP:
            require_own_day(wanted.as_of, self._as_of)

    def _without_choices(self, wanted: ParametersT) -> tuple[ParametersT, str] | None:
        """Parameters for a dataset switched to, without those that may not exist there."""
        shown: ShownT | None = self.state.result
        if shown is None or shown.parameters.dataset == wanted.dataset:
            return None
        defaults = {name: type(wanted).model_fields[name].default for name in self.of_dataset}
        other = wanted.model_copy(update=defaults)
        return (
            (other, f"Choices that {wanted.dataset} does not have were reset.") if other != wanted else None
        )

    def _choices(self) -> dict[str, Options]:
        """Names to choose from, as the dataset that is shown has them."""
        data = self.dataset.fingerprint if self.state.result is not None else ""
        if self._offered is None or self._offered[0] != data:
            self._offered = data, self.choices_of_data()
        return self._offered[1]

    def choices_of_data(self) -> dict[str, Options]:
        """Return the (label, value) pairs to choose from, for parameters that hold a name from the data."""
        names = list(registered()) or [self.notebook.parameters.model_fields["dataset"].default]
        segments: Options = [NO_CHOICE]
        values: Options = [NO_CHOICE]
        of_orders: Options = [NO_CHOICE]
        if self.state.result is not None:
            ledger = open_ledger(self.dataset)
            for name, listed in self.attributes().items():
                segments.append((name, name))
                pairs = [(f"{name} = {value}", f"{name}={value}") for value in listed]
                values += pairs
                of_orders += pairs if name in ledger.order_segments else []
        offered = {"breakdown": segments, "cohort_by": segments, "segment": values, "orders": of_orders}
        known = self.notebook.parameters.model_fields
        return {"dataset": [(name, name) for name in names]} | {
            name: options for name, options in offered.items() if name in known
        }

    def observed_values(self) -> Mapping[str, tuple[Any, Any]]:
        """Return, by parameter, the value that stands for what the data say, and what they say."""
        return {}

    def attributes(self) -> Mapping[str, Sequence[str]]:
        """Return what customers can be told apart by, each with its most frequent values."""
        ledger = open_ledger(self.dataset)
        return {name: ledger.segment_values(name, limit=_VALUES_OFFERED) for name in ledger.segments}

    def _command(self, shown: ShownT) -> str:
        chosen = shown.parameters
        texts = [
            f"--set {name}={_quoted(getattr(chosen, name))}"
            for name, field in type(chosen).model_fields.items()
            if name != "dataset" and getattr(chosen, name) != field.default
        ]
        name = chosen.dataset
        if self.surface is Surface.NOTEBOOK and registered().get(name) != samples().get(name):
            name = str(registered().get(name, name))  # names are this server's; a schedule needs the file
        return " ".join([f"retention report {self.notebook.name} --dataset {_quoted(name)}", *texts])


def _quoted(value: object) -> str:
    text = str(value)
    return text if re.fullmatch(r"[\w.,:/+-]+", text) else shlex.quote(text)


def _command_html(command: str) -> str:
    return f"Schedule this view: <code>{escape(command)}</code>"
