"""What the churn notebook shows: cadence and curves of a dataset, and what is read from them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from retention_kit import formats
from retention_kit.charts import churn_timing_words as timing
from retention_kit.data.dataset import Dataset
from retention_kit.data.resolve import samples
from retention_kit.measures.cadence import PurchaseCadence
from retention_kit.measures.churn import ChurnCurves, churn_curves
from retention_kit.measures.diagonals_result import Diagonals
from retention_kit.measures.gap_counting import Basis
from retention_kit.measures.survival_lesson import SnapshotLesson, snapshot_lesson
from retention_kit.notebooks import ChurnParameters
from retention_kit.workbook.available import Unavailable, available
from retention_kit.workbook.memory import Memory

if TYPE_CHECKING:
    from retention_kit.workbook.churn_projection import Projected

__all__ = ["Followed", "curves_of"]

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
        length = timing.PERIOD_DAYS[self.parameters.grain]
        return _of(self.curves, lambda curves: curves.everyone.hazard(length))

    @cached_property
    def diagonals(self) -> Diagonals | Unavailable:
        """What churn depends on."""
        found = _of(self.curves, lambda curves: curves.diagonals(self.parameters.grain))
        if found is None:
            if not isinstance(self.curves, Unavailable) and not self.curves.lives.is_event.any():
                return Unavailable("Nobody has left so far, so there is nothing that churn could depend on.")
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
        return available(
            lambda: curves_of(self.dataset, self.parameters, "subscriptions", None, breakdown="")
        )

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


def _of(found: Any, read: Callable[[Any], ResultT]) -> ResultT | Unavailable:
    return found if isinstance(found, Unavailable) else read(found)


def curves_of(
    dataset: Dataset,
    chosen: ChurnParameters,
    basis: Basis,
    cadence: PurchaseCadence | None,
    *,
    breakdown: str | None = None,
) -> ChurnCurves:
    """Return the churn curves of a view's parameters, without its comparison if ``breakdown`` is empty."""
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
