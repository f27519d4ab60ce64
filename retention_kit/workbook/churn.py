"""The view behind the churn notebook: when customers have left, how long they stay, and what is to come."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from retention_kit import formats
from retention_kit.charts import churn as drawn
from retention_kit.charts import churn_projection
from retention_kit.charts import churn_words as words
from retention_kit.charts.chart import Chart
from retention_kit.data.dataset import Dataset
from retention_kit.data.resolve import samples
from retention_kit.links import Opening
from retention_kit.measures.cadence import PurchaseCadence, purchase_cadence
from retention_kit.measures.churn import ChurnCurves, churn_basis, churn_curves
from retention_kit.measures.diagonals_result import Diagonals
from retention_kit.measures.gap_counting import Basis, attributes_of
from retention_kit.measures.survival_lesson import SnapshotLesson, snapshot_lesson
from retention_kit.notebooks import ChurnParameters, notebook
from retention_kit.workbook import churn_texts as texts
from retention_kit.workbook.available import Unavailable, available
from retention_kit.workbook.card import card_html
from retention_kit.workbook.memory import Memory
from retention_kit.workbook.surface import Surface
from retention_kit.workbook.view import View

if TYPE_CHECKING:
    from retention_kit.workbook.churn_projection import Projected

__all__ = ["ChurnView", "Followed", "churn_view"]

_VALUES_OFFERED = 30
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, eq=False)
class Followed:
    """A dataset, its cadence and its churn curves, and what is read from them, each when it is asked for.

    Attributes
    ----------
    dataset : Dataset
        The dataset.
    parameters : ChurnParameters
        The parameters.
    basis : {"orders", "subscriptions"}
        How customers leave.
    cadence : PurchaseCadence or Unavailable
        How often they buy.
    curves : ChurnCurves or Unavailable
        How long they stay.
    memory : Memory
        What a change of parameters leaves as it is.
    """

    dataset: Dataset
    parameters: ChurnParameters
    basis: Basis
    cadence: PurchaseCadence | Unavailable
    curves: ChurnCurves | Unavailable
    memory: Memory

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader has to know."""
        if isinstance(self.curves, Unavailable):
            return (self.curves.sentence,)
        return self.curves.notes

    @cached_property
    def rates(self) -> pa.Table | Unavailable:
        """Churn per calendar period."""
        return _of(self.curves, lambda curves: curves.rates(self.parameters.grain))

    @cached_property
    def hazard(self) -> pa.Table | Unavailable:
        """The risk of leaving, period after period of a customer's own time."""
        length = words.PERIOD_DAYS[self.parameters.grain]
        return _of(self.curves, lambda curves: curves.everyone.hazard(length))

    @cached_property
    def diagonals(self) -> Diagonals | Unavailable:
        """What churn depends on."""
        found = _of(self.curves, lambda curves: curves.diagonals(self.parameters.grain))
        if found is None:
            return Unavailable(
                f"Fewer than three cohorts or {self.parameters.grain}s are over in which customers could be "
                "seen to leave, so age, cohort and calendar cannot be told apart. Wait, or choose a shorter "
                "period."
            )
        return found

    @cached_property
    def projected(self) -> "Projected | Unavailable":
        """Renewals, and what is to come of them; of subscriptions, whatever the basis."""
        chosen = self.parameters
        # The silence after which customers have left does not matter here.
        names = ("segment", "grace_days", "observed_from", "grain", "horizon", "level")
        key = (self.dataset.fingerprint, "projected", *(getattr(chosen, name) for name in names))
        return self.memory.recall(key, lambda: _of(self._subscriptions, self._projected))

    def _projected(self, curves: ChurnCurves) -> "Projected | Unavailable":
        # Here, because it loads SciPy, and a page without subscriptions needs none.
        from retention_kit.workbook.churn_projection import projected

        chosen = self.parameters
        return available(
            lambda: projected(
                curves,
                grain=chosen.grain,
                horizon=chosen.horizon,
                level=chosen.level,
                discount_rate=self.dataset.config.discount_rate,
            )
        )

    @property
    def _subscriptions(self) -> ChurnCurves | Unavailable:
        if not self.dataset.has("subscriptions"):
            return Unavailable(
                "A projection needs subscriptions: renewals that come due, and customers who do not renew. "
                "Map [subscriptions] in the dataset file."
            )
        return available(lambda: _curves(self.dataset, self.parameters, "subscriptions", None, breakdown=""))

    @property
    def lesson(self) -> SnapshotLesson | Unavailable:
        """A snapshot read wrongly and rightly."""
        path, level = samples()["cdnow"].parent / "telco_tenures.csv", self.parameters.level
        return self.memory.recall(
            ("lesson", level), lambda: available(lambda: snapshot_lesson(path, level=level))
        )

    @property
    def asof(self) -> str:
        """Customers and as-of date, for subtitles."""
        if isinstance(self.curves, Unavailable):
            return ""
        people = formats.plural(self.curves.lives.number, "customer")
        return f"{people} · as of {self.dataset.as_of}"


class ChurnView(View[ChurnParameters, Followed]):
    """The churn notebook's panels."""

    notebook = notebook("churn")
    days = ("as_of", "observed_from")
    of_dataset = ("as_of", "observed_from", "breakdown", "segment", "basis")
    drawings = {  # noqa: RUF012
        "gaps": lambda shown: _drawn(
            shown.cadence, lambda found: drawn.gap_curve(found, level=shown.parameters.level)
        ),
        "returns": lambda shown: _drawn(
            shown.cadence, lambda found: drawn.return_chance(found, level=shown.parameters.level)
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
            curves = _curves(dataset, parameters, basis, None)
        else:
            cadence = found = _cadence(dataset, parameters)
            if found.threshold.days is None:
                why = f"The data suggest no silence after which customers have left. {found.threshold.reason}"
                curves = Unavailable(f"{why} Choose one under Left after.")
            else:
                curves = _curves(dataset, parameters, basis, found)
        return Followed(dataset, parameters, basis, cadence, curves, self._memory)

    def attributes(self) -> Mapping[str, Sequence[str]]:
        """Return what customers can be told apart by: at their first order, or their first subscription."""
        return attributes_of(self.dataset, most=_VALUES_OFFERED)

    def tables(self) -> Mapping[str, pa.Table]:
        """Return the tables a report publishes, by name."""
        return texts.tables(self.shown)

    def headline(self) -> list[dict[str, Any]]:
        """Return the figures to know first: name, value, ends of the interval, n and unit."""
        return texts.headline(self.shown)

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
        return self.text(texts.card, lambda shown: card_html(texts.card(shown), texts.sql(shown)))


def churn_view(namespace: Mapping[str, Any]) -> ChurnView:
    """Open the view with a notebook's variables, as `View.of` says."""
    return ChurnView.of(namespace)


def _of(found: Any, read: Callable[[Any], ResultT]) -> ResultT | Unavailable:
    return found if isinstance(found, Unavailable) else read(found)


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


def _curves(
    dataset: Dataset,
    chosen: ChurnParameters,
    basis: Basis,
    cadence: PurchaseCadence | None,
    *,
    breakdown: str | None = None,
) -> ChurnCurves:
    return churn_curves(
        dataset,
        basis=basis,
        threshold_days=chosen.threshold_days,
        grace_days=chosen.grace_days,
        observed_from=date.fromisoformat(chosen.observed_from) if chosen.observed_from else None,
        breakdown=chosen.breakdown if breakdown is None else breakdown,
        segment=chosen.segment,
        level=chosen.level,
        cadence=cadence,
    )
