"""The view behind the scorecard notebook: how a period went, who moved where, and what may explain it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import pyarrow as pa

from retention_kit.charts import loyalty, movements, revenue, targets
from retention_kit.charts.chart import Chart
from retention_kit.data.dataset import Dataset
from retention_kit.data.ledger import open_ledger
from retention_kit.definitions import DEFINITIONS
from retention_kit.errors import ParameterError, did_you_mean
from retention_kit.links import Opening
from retention_kit.measures.landmark_result import LandmarkComparison
from retention_kit.measures.scorecard import scorecard
from retention_kit.notebooks import ScorecardParameters, notebook
from retention_kit.params import echoed
from retention_kit.workbook import scorecard_loyalty as loyal
from retention_kit.workbook import scorecard_published as published
from retention_kit.workbook import scorecard_texts as texts
from retention_kit.workbook.available import Unavailable
from retention_kit.workbook.card import card_html, definition_terms
from retention_kit.workbook.memory import Memory
from retention_kit.workbook.panels import paragraphs
from retention_kit.workbook.scorecard_measured import Measured
from retention_kit.workbook.surface import Surface
from retention_kit.workbook.tiles import tile_lines, tiles_html
from retention_kit.workbook.view import NO_CHOICE, Options, View

__all__ = ["ScorecardView", "scorecard_view"]

ResultT = TypeVar("ResultT")
Found = Callable[[Measured], Sequence[Any]]


def _drawn(found: ResultT | Unavailable, draw: Callable[[ResultT], Chart | None]) -> Chart | None:
    return None if isinstance(found, Unavailable) else draw(found)


def _loyalty(shown: Measured) -> Chart | None:
    return loyalty.loyalty([one for one in shown.loyalty if isinstance(one, LandmarkComparison)])


class ScorecardView(View[ScorecardParameters, Measured]):
    """The scorecard notebook's panels."""

    notebook = notebook("scorecard")
    days = ("as_of", "period", "baseline", "due")
    of_dataset = (*days, "segment", "breakdown", "basis", "target")
    drawings = {  # noqa: RUF012
        "target": lambda shown: _drawn(
            shown.target,
            lambda found: targets.target_path(found, currency=shown.card.currency, level=shown.card.level),
        ),
        "movements": lambda shown: movements.movements(
            shown.movements, index=shown.index, events=shown.dataset.events
        ),
        "bridge": lambda shown: _drawn(shown.bridge, lambda found: revenue.bridge(found, index=shown.index)),
        "revenue_retention": lambda shown: _drawn(
            shown.revenue_retention,
            lambda found: revenue.revenue_retention(
                found,
                until=shown.card.period.last_day,
                level=shown.card.level,
                events=shown.dataset.events,
            ),
        ),
        "mix_or_rate": lambda shown: _drawn(
            shown.mix_or_rate, lambda found: movements.mix_or_rate(found, level=shown.card.level)
        ),
        "reasons": lambda shown: _drawn(
            shown.reasons, lambda found: revenue.reasons(found, level=shown.card.level)
        ),
        "loyalty": _loyalty,
        "stickiness": lambda shown: _drawn(
            shown.stickiness,
            lambda found: movements.stickiness(found, index=shown.index, level=shown.card.level),
        ),
    }

    def __init__(self, opening: Opening[ScorecardParameters], where: Surface) -> None:
        self._memory = Memory()
        super().__init__(opening, where)

    def compute(self, dataset: Dataset, parameters: ScorecardParameters) -> Measured:
        """Return the scorecard for parameters."""
        chosen = parameters
        options: dict[str, Any] = {
            "grain": chosen.grain,
            "period": chosen.period,
            "segment": chosen.segment,
            "level": chosen.level,
        }
        card = self._memory.recall(
            (dataset.fingerprint, "scorecard", *options.values()), lambda: scorecard(dataset, **options)
        )
        if chosen.breakdown:
            open_ledger(dataset).require_segment(chosen.breakdown)
        if chosen.target and chosen.target not in card.tiles:
            hint = did_you_mean(chosen.target, card.tiles)
            raise ParameterError(
                f"There is no metric {echoed(chosen.target)}. {hint}".strip(),
                todo=f"Choose from: {', '.join(card.tiles)}.",
            )
        return Measured(dataset, parameters, card, self._memory)

    def choices_of_data(self) -> dict[str, Options]:
        """Return the names to choose from, with the metrics that have a target."""
        targets = self.dataset.config.targets if self.state.result is not None else {}
        named = [(DEFINITIONS[key].name, key) for key in targets if key in DEFINITIONS]
        return super().choices_of_data() | {"target": [NO_CHOICE, *named]}

    def tables(self) -> Mapping[str, pa.Table]:
        """Return the tables a report publishes, by name."""
        drawn = _loyalty(self.shown)
        return {**published.tables(self.shown), **({"loyalty": drawn.table} if drawn is not None else {})}

    def headline(self) -> list[dict[str, Any]]:
        """Return the figures to know first: name, value, ends of the interval, n and unit."""
        return published.headline(self.shown)

    def changes(self) -> Any:
        """Show the three changes that matter most, in sentences."""
        return self.sentences(texts.changes)

    def tiles(self) -> Any:
        """Show every metric with its interval, its changes and its definition."""
        return self.text(lambda shown: tile_lines(shown.card), lambda shown: tiles_html(shown.card))

    def target(self) -> Any:
        """Show the path to a target, and how far it is followed."""
        return self.chart("target")

    def reading_target(self) -> Any:
        """Show in words where a metric stands on its path, or how to set a target."""
        return self._explained(texts.target, "target_path", found=lambda shown: [shown.target])

    def movements(self) -> Any:
        """Show who came and who fell silent."""
        return self.chart("movements")

    def stickiness(self) -> Any:
        """Show in how many parts of the period customers were active."""
        return self.chart("stickiness")

    def reading_movements(self) -> Any:
        """Show in words who was active, who moved, and how often customers were active."""
        return self._explained(
            texts.moves,
            "customer_movements",
            "stickiness",
            found=lambda shown: [shown.movements, shown.stickiness],
        )

    def bridge(self) -> Any:
        """Show what became of revenue in the period."""
        return self.chart("bridge")

    def revenue_retention(self) -> Any:
        """Show what the customers of a year ago bring."""
        return self.chart("revenue_retention")

    def reading_revenue(self) -> Any:
        """Show what revenue says in words, or what is missing to tell."""
        return self._explained(
            texts.revenue,
            "revenue_bridge",
            "net_revenue_retention",
            "gross_revenue_retention",
            found=lambda shown: [shown.bridge, shown.revenue_retention],
        )

    def mix_or_rate(self) -> Any:
        """Show what the change of the retention rate is made of."""
        return self.chart("mix_or_rate")

    def reading_change(self) -> Any:
        """Show in words whether the customers changed or what they do."""
        return self._explained(texts.change, "mix_or_rate", found=lambda shown: [shown.mix_or_rate])

    def reasons(self) -> Any:
        """Show why customers left."""
        return self.chart("reasons")

    def reading_reasons(self) -> Any:
        """Show the reasons in words, or what is missing to tell."""
        return self._explained(texts.reasons, "reasons_for_leaving", found=lambda shown: [shown.reasons])

    def loyalty(self) -> Any:
        """Show who stays longer."""
        return self.chart("loyalty")

    def reading_loyalty(self) -> Any:
        """Show which groups stay longer, what that does not prove, and each comparison in full."""
        card = _card("landmark_comparison", found=lambda shown: shown.loyalty[:1])
        return self.text(loyal.loyalty, lambda shown: loyal.loyalty_html(shown) + card(shown))

    def claims(self) -> Any:
        """Show the claims of retention guides, tested on the data."""
        return self.text(texts.claims, texts.claims_html)

    def stage(self) -> Any:
        """Show the stage of the business, and what the guides advise to look at in it."""
        return self._explained(texts.stage, "stage", found=lambda shown: [shown.card.stage])

    def card(self) -> Any:
        """Show how the numbers are computed, and a line to cite."""
        return self.text(texts.card, lambda shown: card_html(texts.card(shown), shown.card.sql))

    def _explained(self, lines_of: Callable[[Measured], list[str]], *names: str, found: Found) -> Any:
        """Return the panel of some sentences, with the cards of what they tell."""
        card = _card(*names, found=found)
        return self.text(lines_of, lambda shown: paragraphs(lines_of(shown), "rk-reading") + card(shown))


def _card(*names: str, found: Found) -> Callable[[Measured], str]:
    """The definition cards of what was found, and the statements behind it; nothing where nothing was."""
    defined = [term for name in names for term in definition_terms(DEFINITIONS[name])]

    def html_of(shown: Measured) -> str:
        results = [one for one in found(shown) if not isinstance(one, Unavailable)]
        statements = ";\n\n".join(sql for one in results if (sql := getattr(one, "sql", "")))
        return card_html(defined, statements) if results else ""

    return html_of


def scorecard_view(namespace: Mapping[str, Any]) -> ScorecardView:
    """Open the view with a notebook's variables, as `View.of` says."""
    return ScorecardView.of(namespace)
