"""What the scorecard notebook shows: the scorecard of a period, and what explains it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, TypeVar

from retention_kit.data.dataset import Dataset
from retention_kit.measures.bridge import RevenueBridge, revenue_bridge
from retention_kit.measures.cadence import PurchaseCadence, purchase_cadence
from retention_kit.measures.landmark import landmark_comparison
from retention_kit.measures.landmark_groups import landmark_choices
from retention_kit.measures.landmark_result import LandmarkComparison
from retention_kit.measures.mix_or_rate import MixOrRate, mix_or_rate
from retention_kit.measures.movements import CustomerMovements, customer_movements
from retention_kit.measures.reasons_for_leaving import ReasonsForLeaving, reasons_for_leaving
from retention_kit.measures.revenue_retention import RevenueRetention, revenue_retention
from retention_kit.measures.scorecard_result import Scorecard
from retention_kit.measures.scorecard_targets import TargetPath, target_path
from retention_kit.measures.stickiness import Stickiness, stickiness
from retention_kit.notebooks import ScorecardParameters
from retention_kit.workbook.available import Unavailable, available
from retention_kit.workbook.memory import Memory

__all__ = ["Measured"]

# What customers say and meet first, then what they use.
_COMPARED = ("satisfaction", "nps", "complaint", "channels", "programme", "products")
_PARTS = {"year": "month", "quarter": "month", "month": "week", "week": "day", "day": "day"}
ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Measured:
    """A dataset, the scorecard that was made from it, and what explains it, each when it is asked for.

    What a change of parameters leaves as it is comes from the memory, and is not computed again.
    """

    dataset: Dataset
    parameters: ScorecardParameters
    card: Scorecard
    memory: Memory = field(compare=False, repr=False)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the scorecard has to know."""
        return self.card.notes

    @property
    def index(self) -> int:
        """Index of the period measured."""
        return self.card.period.index

    @property
    def basis(self) -> Any:
        """Whose revenue is bridged: of subscriptions where there are some, unless orders are asked for."""
        chosen = self.parameters.basis
        return (
            ("subscriptions" if self.dataset.has("subscriptions") else "orders")
            if chosen == "auto"
            else chosen
        )

    @cached_property
    def target(self) -> TargetPath | Unavailable:
        """The path to a target, and how far it is followed."""
        tiles, targets = self.card.tiles, self.dataset.config.targets
        over_time = (name for name in targets if tiles[name].sparkline.num_rows)
        metric = self.parameters.target or next(over_time, "")
        if not metric:
            return Unavailable(
                f"No targets are set for {self.dataset.title}. Set some in [targets] of the dataset file, "
                "such as retention_rate = 0.35, of a month unless target_grain says otherwise; rates are "
                "fractions."
            )
        options = self._options("grain", "segment", "level", "baseline", "due")
        return self._recalled("target", partial(target_path, metric=metric), **options, metric=metric)

    @cached_property
    def movements(self) -> CustomerMovements:
        """Who came, stayed, came back and fell silent."""
        options = self._options("grain", "segment")
        key = self._key("movements", options)
        return self.memory.recall(key, partial(customer_movements, self.dataset, **options))

    @cached_property
    def bridge(self) -> RevenueBridge | Unavailable:
        """What became of revenue."""
        options = self._options("grain", "segment", "level")
        return self._recalled("bridge", revenue_bridge, **options, basis=self.basis)

    @cached_property
    def revenue_retention(self) -> RevenueRetention | Unavailable:
        """What the customers of a year ago bring today."""
        options = self._options("segment", "level")
        return self._recalled("revenue_retention", revenue_retention, **options, basis=self.basis)

    @cached_property
    def mix_or_rate(self) -> MixOrRate | Unavailable:
        """What the change of the retention rate is made of."""
        options = self._options("grain", "segment", "level") | {"attribute": self.parameters.breakdown}
        day = self.card.period.first_day.isoformat()
        return self._recalled("mix_or_rate", mix_or_rate, **options, period=day)

    @cached_property
    def reasons(self) -> ReasonsForLeaving | Unavailable:
        """Why customers left, up to the end of the period."""
        until = min(self.card.period.last_day, self.dataset.as_of).isoformat()
        return self._recalled(
            "reasons", reasons_for_leaving, **self._options("segment", "level"), until=until
        )

    @cached_property
    def stickiness(self) -> Stickiness | Unavailable:
        """In how many parts of the period customers were active."""
        grain = self.parameters.grain
        if _PARTS[grain] == grain:
            return Unavailable(
                "A day has no parts: choose a longer period to see how often customers are active."
            )
        options = self._options("grain", "segment", "level")
        return self._recalled("stickiness", stickiness, **options, sub_grain=_PARTS[grain])

    @cached_property
    def loyalty(self) -> tuple[LandmarkComparison | Unavailable, ...]:
        """Who stays longer: one comparison for each way to tell customers apart, and the one chosen."""
        known = landmark_choices(self.dataset)
        ways = [by for by in _COMPARED if by in known]
        options = self._options("segment", "level", "landmark_days", "threshold_days")
        compared = partial(landmark_comparison, cadence=self._cadence)
        return tuple(
            self._recalled("loyalty", compared, **options, by=by)
            for by in dict.fromkeys([*ways, self.parameters.breakdown])
            if by
        )

    @property
    def _cadence(self) -> PurchaseCadence | None:
        """Counted once for all comparisons; None where each of them says why there is none."""
        options = self._options("segment", "level", "threshold_days")
        found = self._recalled("cadence", purchase_cadence, **options)
        return None if isinstance(found, Unavailable) else found

    def _options(self, *names: str) -> dict[str, Any]:
        return {name: getattr(self.parameters, name) for name in names}

    def _recalled(self, what: str, compute: Callable[..., ResultT], **options: Any) -> ResultT | Unavailable:
        """A result for the dataset under options, remembered with them."""
        asked = partial(compute, self.dataset, **options)
        return self.memory.recall(self._key(what, options), lambda: available(asked))

    def _key(self, what: str, options: Mapping[str, Any]) -> tuple[object, ...]:
        return (self.dataset.fingerprint, what, *sorted(options.items()))
