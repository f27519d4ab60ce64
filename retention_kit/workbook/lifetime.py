"""The view behind the lifetime value notebook: what customers are worth, and how far that can be trusted."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from retention_kit.charts import lifetime as drawn
from retention_kit.charts import lifetime_cells, lifetime_histories, lifetime_tested
from retention_kit.data.dataset import Dataset
from retention_kit.definitions import DEFINITIONS
from retention_kit.links import Opening
from retention_kit.measures.churn import churn_basis
from retention_kit.measures.gap_counting import attributes_of
from retention_kit.notebooks import LifetimeParameters, notebook
from retention_kit.planning.lifetime_value import valued_customers
from retention_kit.planning.model_choice import tested_model
from retention_kit.workbook import lifetime_published as published
from retention_kit.workbook import lifetime_test_texts as tests
from retention_kit.workbook import lifetime_texts as texts
from retention_kit.workbook import lifetime_tiles as first
from retention_kit.workbook.card import card_html, definition_terms
from retention_kit.workbook.lifetime_valued import Valued, of
from retention_kit.workbook.memory import Memory
from retention_kit.workbook.panels import Term, paragraphs, terms
from retention_kit.workbook.surface import Surface
from retention_kit.workbook.view import View

__all__ = ["LifetimeView", "lifetime_view"]

_VALUES_OFFERED = 30
_DIGITS = 4  # of an observed value in its control
_FITS_KEPT = 4  # each holds the histories of all customers


class LifetimeView(View[LifetimeParameters, Valued]):
    """The lifetime value notebook's panels."""

    notebook = notebook("lifetime")
    days = ("as_of", "calibration_to")
    of_dataset = ("as_of", "calibration_to", "breakdown", "segment", "basis")
    drawings = {  # noqa: RUF012
        "distribution": lambda shown: drawn.distribution(shown.value),
        "concentration": lambda shown: drawn.concentration(shown.value),
        "groups": lambda shown: drawn.by_group(shown.value, attribute=shown.parameters.breakdown),
        "cohorts": lambda shown: drawn.by_cohort(shown.value),
        "alive": lambda shown: lifetime_histories.alive_map(shown.value),
        "purchases": lambda shown: lifetime_histories.purchases_map(shown.value),
        "curve": lambda shown: drawn.curve(shown.value),
        "foreseen": lambda shown: of(
            shown.foreseen, lambda found: lifetime_cells.foreseen_cells(found.table, found.cells)
        ),
        "weekly": lambda shown: of(shown.of_orders, lifetime_tested.weekly),
        "cumulative": lambda shown: of(shown.of_orders, lifetime_tested.cumulative),
        "deciles": lambda shown: of(shown.of_orders, lifetime_tested.by_decile),
        "by_frequency": lambda shown: of(shown.of_orders, lifetime_tested.by_frequency),
    }

    def __init__(self, opening: Opening[LifetimeParameters], where: Surface) -> None:
        self._fits, self._memory = Memory(_FITS_KEPT), Memory()
        super().__init__(opening, where)

    def compute(self, dataset: Dataset, parameters: LifetimeParameters) -> Valued:
        """Return what customers are worth for parameters; only those of a fit cost one."""
        chosen = parameters
        asked: dict[str, Any] = {
            name: getattr(chosen, name) for name in ("basis", "model", "segment", "breakdown")
        }
        day = date.fromisoformat(chosen.calibration_to) if chosen.calibration_to else None
        customers = self._fits.recall(
            (dataset.fingerprint, dataset.as_of, *asked.values(), day),
            lambda: valued_customers(
                dataset, **asked, calibration_end=day, tested=self._tested(dataset, chosen, day)
            ),
        )
        value = customers.value(
            horizon=chosen.horizon,
            margin=chosen.margin or None,
            discount_rate=None if chosen.discount_rate == -1 else chosen.discount_rate,
            level=chosen.level,
        )
        return Valued(dataset, parameters, customers, value, self._memory)

    def _tested(self, dataset: Dataset, chosen: LifetimeParameters, day: date | None) -> Any:
        """The model to take and its back-test, whatever the customers are told apart by."""
        if churn_basis(dataset, chosen.basis) != "orders":
            return None
        key = (dataset.fingerprint, "tested", chosen.model, chosen.segment, day)
        return self._memory.recall(
            key,
            lambda: tested_model(dataset, model=chosen.model, calibration_end=day, segment=chosen.segment),
        )

    def observed_values(self) -> Mapping[str, tuple[Any, Any]]:
        """Return, by parameter, the value that stands for what the data say, and what they say."""
        if self.state.result is None:
            return {}
        value = self.shown.value
        return {
            "margin": (0.0, round(value.margin_share, _DIGITS)),
            "discount_rate": (-1.0, round(value.discount_rate, _DIGITS)),
        }

    def attributes(self) -> Mapping[str, Sequence[str]]:
        """Return what customers can be told apart by: at their first order, or their first subscription."""
        return attributes_of(self.dataset, most=_VALUES_OFFERED)

    def tables(self) -> Mapping[str, pa.Table]:
        """Return the tables a report publishes, by name."""
        return published.tables(self.shown)

    def headline(self) -> list[dict[str, Any]]:
        """Return the figures to know first: name, value, ends of the interval, n and unit."""
        return published.headline(self.shown)

    def tiles(self) -> Any:
        """Show value per customer and in total, what is assumed, and how far earlier forecasts were off."""
        return self.text(first.tile_lines, first.tiles_html)

    def reading(self) -> Any:
        """Show the value in words, and what leaves it open."""
        return self.text(texts.reading, texts.sources_html)

    def distribution(self) -> Any:
        """Show how many customers are worth how much."""
        return self.chart("distribution")

    def concentration(self) -> Any:
        """Show who holds the value."""
        return self.chart("concentration")

    def reading_concentration(self) -> Any:
        """Show in words how value is spread."""
        return self._explained(texts.concentration, "value_concentration")

    def groups(self) -> Any:
        """Show what a customer of each group is worth, where there are groups."""
        return self.chart("groups")

    def comparison(self) -> Any:
        """Show the groups in words and as a table, or how to compare."""
        return self.text(texts.groups, texts.groups_html)

    def cohorts(self) -> Any:
        """Show what a customer of each cohort is worth from now on."""
        return self.chart("cohorts")

    def reading_cohorts(self) -> Any:
        """Show in words which cohorts hold the value."""
        return self.sentences(texts.cohorts)

    def alive(self) -> Any:
        """Show who is still there, by purchases and silence."""
        return self.chart("alive")

    def reading_alive(self) -> Any:
        """Show in words what a silence says, and what the model cannot say."""
        return self._explained(texts.histories, "probability_alive")

    def purchases(self) -> Any:
        """Show what customers will buy, by purchases and silence."""
        return self.chart("purchases")

    def reading_purchases(self) -> Any:
        """Show in words how many purchases are expected."""
        return self._explained(texts.purchases, "expected_purchases")

    def curve(self) -> Any:
        """Show when value comes in, with what it costs to win a customer."""
        return self.chart("curve")

    def reading_curve(self) -> Any:
        """Show in words when a new customer has paid back, or what that needs."""
        return self._explained(texts.curve, "value_curve")

    def customers(self) -> Any:
        """Show in JupyterLab the most valuable and the fading customers, to save; elsewhere that it can."""
        if self.surface is not Surface.NOTEBOOK:
            return self._explained(texts.listed, "value_at_risk")
        from retention_kit.workbook.lifetime_list import value_lists

        return value_lists(self.state)

    def foreseen(self) -> Any:
        """Show how the cohorts are expected to go on."""
        return self.chart("foreseen")

    def reading_foreseen(self) -> Any:
        """Show in words how such forecasts did before, or why there are none."""
        return self._explained(tests.foreseen, "forecast_cells")

    def weekly(self) -> Any:
        """Show what came week by week, and what was expected."""
        return self.chart("weekly")

    def cumulative(self) -> Any:
        """Show the same, added up."""
        return self.chart("cumulative")

    def deciles(self) -> Any:
        """Show what was foreseen and what came, by tenths of the customers."""
        return self.chart("deciles")

    def by_frequency(self) -> Any:
        """Show what was foreseen and what came, by the purchases before."""
        return self.chart("by_frequency")

    def test(self) -> Any:
        """Show in words how far the forecast was off, beside naive ones in a table."""
        card = _card("purchase_back_test")
        return self.text(tests.test, lambda shown: tests.test_html(shown) + card)

    def shortcuts(self) -> Any:
        """Show what simple formulas say, and the gap they make."""
        card = _card("value_shortcuts")
        return self.text(tests.shortcuts, lambda shown: tests.shortcuts_html(shown) + card)

    def assumptions(self) -> Any:
        """Show all that the value rests on."""
        return self.text(
            published.assumptions,
            lambda shown: f'<div class="rk-card">{terms(published.assumptions(shown))}</div>',
        )

    def card(self) -> Any:
        """Show how the value is computed: definition, the user's numbers, SQL, a line to cite."""
        return self.text(published.card, lambda shown: card_html(published.card(shown), shown.value.sql))

    def _explained(self, lines_of: Callable[[Valued], list[str]], name: str) -> Any:
        """Return the panel of some sentences, with the definition of what they tell."""
        card = _card(name)
        return self.text(lines_of, lambda shown: paragraphs(lines_of(shown), "rk-reading") + card)


def lifetime_view(namespace: Mapping[str, Any]) -> LifetimeView:
    """Open the view with a notebook's variables, as `View.of` says."""
    return LifetimeView.of(namespace)


def _card(name: str) -> str:
    defined: list[Term] = definition_terms(DEFINITIONS[name])
    return card_html(defined)
