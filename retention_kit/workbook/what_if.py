"""The view behind the what-if notebook: a scenario weighed against the status quo."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from retention_kit.data.dataset import Dataset
from retention_kit.links import Opening
from retention_kit.measures.churn import churn_basis
from retention_kit.measures.gap_counting import attributes_of
from retention_kit.measures.movement_counting import movers
from retention_kit.notebooks import WhatIfParameters, notebook
from retention_kit.planning.observed import Observed, observed
from retention_kit.workbook import what_if_published as published
from retention_kit.workbook import what_if_texts as texts
from retention_kit.workbook.available import Unavailable, available
from retention_kit.workbook.card import card_html
from retention_kit.workbook.memory import Memory
from retention_kit.workbook.surface import Surface
from retention_kit.workbook.view import View
from retention_kit.workbook.what_if_weighed import (
    Weighed,
    WhatIf,
    attribute_of,
    other_scenario,
    weighed,
)

__all__ = ["WhatIfView", "what_if_view"]

_BASES_KEPT = 6
_VALUES_OFFERED = 30
_DIGITS = 4  # of an observed value in its control


class WhatIfView(View[WhatIfParameters, WhatIf]):
    """The what-if notebook's panels."""

    notebook = notebook("what_if")
    of_dataset = ("as_of", "breakdown", "segment", "basis")
    drawings = published.DRAWINGS
    # The status quo: no programme, and every lever where it stands in the data.
    reset_to = {  # noqa: RUF012
        "saved_share": 0.0,
        "saved_share_low": -1.0,
        "saved_share_high": -1.0,
        "programme_cost_per_customer": 0.0,
    }

    def __init__(self, opening: Opening[WhatIfParameters], where: Surface) -> None:
        self._memory = Memory(_BASES_KEPT)
        super().__init__(opening, where)

    def compute(self, dataset: Dataset, parameters: WhatIfParameters) -> WhatIf:
        """Return the scenario weighed, and the other one beside it."""
        scenario = self._weighed(dataset, parameters, called="The scenario")
        asked = None if isinstance(scenario, Unavailable) else other_scenario(parameters)
        if asked is None:
            return WhatIf(dataset, parameters, scenario, None)
        other = available(
            lambda: self._weighed(dataset, asked[0], called="The other scenario", said=asked[1])
        )
        return WhatIf(dataset, parameters, scenario, other)

    def _weighed(
        self, dataset: Dataset, chosen: WhatIfParameters, *, called: str, said: Sequence[str] = ()
    ) -> Weighed | Unavailable:
        found = self._observed(dataset, chosen)
        if isinstance(found, Unavailable):
            return found
        return weighed(found, chosen, currency=dataset.currency, called=called, said=said)

    def _observed(self, dataset: Dataset, chosen: WhatIfParameters) -> Observed | Unavailable:
        """Today's customers; a lever that moves leaves them as they are."""
        basis, attribute = churn_basis(dataset, chosen.basis), attribute_of(chosen)
        movers(dataset, basis=basis, breakdown=attribute, why="what-ifs")  # refuses what is not there
        key = (dataset.fingerprint, basis, attribute, chosen.model)
        return self._memory.recall(
            key,
            lambda: available(
                lambda: observed(
                    dataset,
                    basis=basis,
                    breakdown=attribute,
                    model=chosen.model,
                    tested=self._tested(dataset, chosen) if basis == "orders" else None,
                )
            ),
        )

    def _tested(self, dataset: Dataset, chosen: WhatIfParameters) -> Any:
        """The model to take and its back-test, which are those of all customers."""
        from retention_kit.planning.model_choice import tested_model

        return self._memory.recall(
            (dataset.fingerprint, "tested", chosen.model),
            lambda: tested_model(dataset, model=chosen.model, calibration_end=None, segment=""),
        )

    def attributes(self) -> Mapping[str, Sequence[str]]:
        """Return what customers can be told apart by: at their first order, or their first subscription."""
        return attributes_of(self.dataset, most=_VALUES_OFFERED)

    def observed_values(self) -> Mapping[str, tuple[Any, Any]]:
        """Return, by parameter, the value that stands for what the data say, and what they say."""
        found = self.state.result.scenario if self.state.result is not None else None
        if not isinstance(found, Weighed):
            return {}
        start, likely = found.observed.base.start, found.comparison.scenario.saved_share
        return {
            "saved_share_low": (-1.0, likely),
            "saved_share_high": (-1.0, likely),
            "margin": (0.0, round(start.margin, _DIGITS)),
            "discount_rate": (-1.0, round(start.discount_rate, _DIGITS)),
            "acquisition_cost": (0.0, round(start.acquisition_cost or 0.0, _DIGITS)),
            "acquisition_per_month": (-1.0, round(start.acquisition_per_month, _DIGITS)),
        }

    def tables(self) -> Mapping[str, pa.Table]:
        """Return the tables a report publishes, by name."""
        return published.tables(self.shown)

    def headline(self) -> list[dict[str, Any]]:
        """Return the figures to know first: name, value, ends of the interval, n and unit."""
        return published.headline(self.shown)

    def scenario(self) -> Any:
        """Show which levers are moved, and the saved share in points."""
        return self.sentences(texts.scenario, style="rk-facts")

    def decision(self) -> Any:
        """Show the decision in one sentence."""
        return self.sentences(texts.decision)

    def tiles(self) -> Any:
        """Show every figure with its uncertainty and its definition."""
        return self.text(texts.tile_lines, texts.tiles_html)

    def npv(self) -> Any:
        """Show how often each net present value comes up."""
        return self.chart("npv")

    def reading_npv(self) -> Any:
        """Show how sure the answer is."""
        return self.sentences(texts.sureness)

    def cash(self) -> Any:
        """Show what has come back, month by month."""
        return self.chart("cash")

    def reading_cash(self) -> Any:
        """Show in words when the money comes back."""
        return self.sentences(texts.cash)

    def tornado(self) -> Any:
        """Show how far each input moves the net present value."""
        return self.chart("tornado")

    def reading_tornado(self) -> Any:
        """Show in words what the answer hinges on."""
        return self.sentences(texts.hinges)

    def budget(self) -> Any:
        """Show what the same budget brings, spent on keeping and on winning customers."""
        return self.chart("budget")

    def reading_budget(self) -> Any:
        """Show the same in words, and what keeping a customer costs beside winning one."""
        return self.sentences(texts.budget)

    def points(self) -> Any:
        """Show what five points of retention are worth, four ways."""
        return self.chart("points")

    def reading_points(self) -> Any:
        """Show in words the claim, the arithmetic behind it, and the fitted model's answer."""
        return self.sentences(texts.points)

    def segments(self) -> Any:
        """Show who gains, segment by segment."""
        return self.text(texts.split, texts.split_html)

    def beside(self) -> Any:
        """Show the scenario beside the status quo and the other one, lever by lever."""
        return self.text(texts.beside, texts.beside_html)

    def assumptions(self) -> Any:
        """Show what is taken for granted."""
        return self.sentences(texts.assumptions)

    def card(self) -> Any:
        """Show how the numbers are computed: definitions, the user's numbers in them, SQL, a line to cite."""
        return self.text(published.card, lambda shown: card_html(published.card(shown), published.sql(shown)))


def what_if_view(namespace: Mapping[str, Any]) -> WhatIfView:
    """Open the view with a notebook's variables, as `View.of` says."""
    return WhatIfView.of(namespace)
