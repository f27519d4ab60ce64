"""The view behind the churn notebook: when customers have left, how long they stay, and what is to come."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from retention_kit.charts import cadence, churn_projection
from retention_kit.charts import churn as drawn
from retention_kit.charts.chart import Chart
from retention_kit.data.dataset import Dataset
from retention_kit.links import Opening
from retention_kit.measures.cadence import PurchaseCadence, purchase_cadence
from retention_kit.measures.churn import ChurnCurves, churn_basis
from retention_kit.measures.gap_counting import attributes_of
from retention_kit.notebooks import ChurnParameters, notebook
from retention_kit.workbook import churn_published as published
from retention_kit.workbook import churn_texts as texts
from retention_kit.workbook.available import Unavailable, available
from retention_kit.workbook.card import card_html
from retention_kit.workbook.churn_followed import Followed, curves_of
from retention_kit.workbook.memory import Memory
from retention_kit.workbook.surface import Surface
from retention_kit.workbook.view import View

__all__ = ["ChurnView", "churn_view"]

_VALUES_OFFERED = 30


class ChurnView(View[ChurnParameters, Followed]):
    """The churn notebook's panels."""

    notebook = notebook("churn")
    days = ("as_of", "observed_from")
    of_dataset = ("as_of", "observed_from", "breakdown", "segment", "basis")
    drawings = {  # noqa: RUF012
        "gaps": lambda shown: _drawn(
            shown.cadence, lambda found: cadence.gap_curve(found, level=shown.parameters.level)
        ),
        "returns": lambda shown: _drawn(
            shown.cadence, lambda found: cadence.return_chance(found, level=shown.parameters.level)
        ),
        "survival": lambda shown: _drawn(shown.curves, drawn.survival),
        "groups": lambda shown: _drawn(
            shown.curves,
            lambda found: drawn.survival_by_group(found, attribute=shown.parameters.breakdown),
        ),
        "hazard": lambda shown: _drawn(
            shown.curves,
            lambda found: drawn.hazard(found, table=shown.hazard, grain=shown.parameters.grain),
        ),
        "calendar": lambda shown: _drawn(
            shown.curves,
            lambda found: drawn.calendar_churn(
                found, rates=shown.rates, grain=shown.parameters.grain, events=shown.dataset.events
            ),
        ),
        "diagonals": lambda shown: _drawn(
            shown.diagonals, lambda found: churn_projection.diagonals(found, asof=shown.asof)
        ),
        "period_effects": lambda shown: _drawn(
            shown.diagonals,
            lambda found: churn_projection.period_effects(
                found, events=shown.dataset.events, asof=shown.asof, level=shown.parameters.level
            ),
        ),
        "projection": lambda shown: _drawn(shown.projected, lambda found: found.chart()),
        "lesson": lambda shown: _drawn(shown.lesson, churn_projection.snapshot_curves),
    }

    def __init__(self, opening: Opening[ChurnParameters], where: Surface) -> None:
        self._memory = Memory()
        super().__init__(opening, where)

    def compute(self, dataset: Dataset, parameters: ChurnParameters) -> Followed:
        """Return cadence and churn curves for parameters."""
        basis = churn_basis(dataset, parameters.basis)
        cadence: PurchaseCadence | Unavailable
        curves: ChurnCurves | Unavailable
        if basis == "subscriptions":
            cadence = available(lambda: _cadence(dataset, _of_orders(dataset, parameters)))
            curves = curves_of(dataset, parameters, basis, None)
        else:
            cadence = found = _cadence(dataset, parameters)
            if found.threshold.days is None:
                why = f"The data suggest no silence after which customers have left. {found.threshold.reason}"
                curves = Unavailable(f"{why} Choose one under Left after.")
            else:
                curves = curves_of(dataset, parameters, basis, found)
        return Followed(dataset, parameters, basis, cadence, curves, self._memory)

    def attributes(self) -> Mapping[str, Sequence[str]]:
        """Return what customers can be told apart by: at their first order, or their first subscription."""
        return attributes_of(self.dataset, most=_VALUES_OFFERED)

    def tables(self) -> Mapping[str, pa.Table]:
        """Return the tables a report publishes, by name."""
        return published.tables(self.shown)

    def headline(self) -> list[dict[str, Any]]:
        """Return the figures to know first: name, value, ends of the interval, n and unit."""
        return published.headline(self.shown)

    def gaps(self) -> Any:
        """Show how long silences last."""
        return self.chart("gaps")

    def returns(self) -> Any:
        """Show the chance of a return after a silence."""
        return self.chart("returns")

    def cadence(self) -> Any:
        """Show cycle, window and threshold in words, and who chose them."""
        return self.sentences(texts.cadence)

    def survival(self) -> Any:
        """Show how long customers stay."""
        return self.chart("survival")

    def reading(self) -> Any:
        """Show the churn curve in words."""
        return self.sentences(texts.reading)

    def groups(self) -> Any:
        """Show how long customers of each group stay, where there are groups."""
        return self.chart("groups")

    def comparison(self) -> Any:
        """Show in words and as a table whether groups differ, or what a comparison needs."""
        return self.text(texts.comparison, texts.comparison_html)

    def hazard(self) -> Any:
        """Show when in their time customers leave."""
        return self.chart("hazard")

    def calendar(self) -> Any:
        """Show churn per calendar period."""
        return self.chart("calendar")

    def timing(self) -> Any:
        """Show in words when customers leave."""
        return self.sentences(texts.timing)

    def diagonals(self) -> Any:
        """Show churn by cohort and calendar period."""
        return self.chart("diagonals")

    def period_effects(self) -> Any:
        """Show which periods stand out beyond age and cohort."""
        return self.chart("period_effects")

    def dependence(self) -> Any:
        """Show in words and as a table what churn depends on, and what cannot be told."""
        return self.text(texts.dependence, texts.dependence_html)

    def projection(self) -> Any:
        """Show what is to come of subscriptions."""
        return self.chart("projection")

    def outlook(self) -> Any:
        """Show the projection in words and its models as a table, or what a projection needs."""
        return self.text(texts.outlook, texts.outlook_html)

    def lesson(self) -> Any:
        """Show a snapshot read wrongly and rightly."""
        return self.chart("lesson")

    def moral(self) -> Any:
        """Show why a snapshot says nothing of how long customers stay."""
        return self.sentences(texts.moral)

    def card(self) -> Any:
        """Show how the numbers are computed: definitions, the user's numbers in them, SQL, a line to cite."""
        return self.text(published.card, lambda shown: card_html(published.card(shown), published.sql(shown)))


def churn_view(namespace: Mapping[str, Any]) -> ChurnView:
    """Open the view with a notebook's variables, as `View.of` says."""
    return ChurnView.of(namespace)


def _drawn(found: Any, draw: Callable[[Any], Chart | None]) -> Chart | None:
    return None if isinstance(found, Unavailable) else draw(found)


def _of_orders(dataset: Dataset, chosen: ChurnParameters) -> ChurnParameters:
    """Parameters without a comparison that subscriptions have and orders have not."""
    known = chosen.breakdown in dataset.segments
    return chosen if known else chosen.model_copy(update={"breakdown": ""})


def _cadence(dataset: Dataset, chosen: ChurnParameters) -> PurchaseCadence:
    return purchase_cadence(
        dataset,
        horizon_days=chosen.window_days,
        threshold_days=chosen.threshold_days,
        return_below=chosen.return_below,
        breakdown=chosen.breakdown,
        segment=chosen.segment,
        level=chosen.level,
    )
