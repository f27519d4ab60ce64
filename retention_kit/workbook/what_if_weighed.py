"""What the what-if notebook shows: a scenario weighed against the status quo, and another beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from retention_kit import formats
from retention_kit.data.dataset import Dataset
from retention_kit.links import opened
from retention_kit.notebooks import WhatIfParameters
from retention_kit.params import condition
from retention_kit.planning.arithmetic import PointsCard, points_card
from retention_kit.planning.break_even_range import break_even_range
from retention_kit.planning.budget import BudgetUse, KeepingCost, budget_use, keeping_cost
from retention_kit.planning.comparison import compare
from retention_kit.planning.comparison_result import Comparison
from retention_kit.planning.decision import decision
from retention_kit.planning.levers import LEVERS, Levers
from retention_kit.planning.observed import Observed
from retention_kit.planning.sensitivity import Swing, sensitivity
from retention_kit.workbook.available import Unavailable

__all__ = ["OF_DATA", "Weighed", "WhatIf", "attribute_of", "levers_of", "other_scenario", "weighed"]

# Parameters that say what is looked at; a scenario laid beside another shares them.
OF_DATA = ("dataset", "as_of", "basis", "model", "breakdown", "level")
_REVENUE_COUNTS = "No margin is known, so that revenue counts in its place; set one under Margin."
_MARGIN_SET = "The data say nothing of the margin, so that the one set holds for the status quo too."
_AS_OBSERVED = {"margin": 0.0, "discount_rate": -1.0, "acquisition_cost": 0.0, "acquisition_per_month": -1.0}


@dataclass(frozen=True, eq=False)
class Weighed:
    """A scenario against the status quo.

    Attributes
    ----------
    name : str
        What it is called.
    observed : Observed
        The customers.
    comparison : Comparison
        What it changes.
    currency : str
        Of the money.
    notes : tuple of str
        What was made of its parameters.
    """

    name: str
    observed: Observed
    comparison: Comparison
    currency: str
    notes: tuple[str, ...]

    @cached_property
    def swings(self) -> tuple[Swing, ...]:
        """What the answer hinges on, the largest first."""
        return sensitivity(self.observed.base, self.comparison, back_test=self.observed.back_test)

    @cached_property
    def sentence(self) -> str:
        """The decision."""
        return decision(self.comparison, self.swings, currency=self.currency)

    @cached_property
    def break_even_range(self) -> tuple[float | None, float | None]:
        """Saved shares at which it breaks even, if much comes of the forecast and if little does."""
        return break_even_range(self.observed.base, self.comparison, back_test=self.observed.back_test)

    @cached_property
    def budget(self) -> BudgetUse:
        """What its budget brings, and would bring if it bought new customers."""
        return budget_use(self.observed.base, self.comparison, back_test=self.observed.back_test)

    @cached_property
    def keeping(self) -> KeepingCost:
        """What keeping a customer costs, beside winning one."""
        return keeping_cost(self.observed.base, self.comparison)

    @cached_property
    def points(self) -> PointsCard:
        """What five points of retention are worth."""
        return points_card(self.observed.base, self.comparison.scenario, level=self.comparison.level)

    @property
    def is_still(self) -> bool:
        """Whether no lever is moved."""
        return not self.comparison.scenario.moved(self.comparison.status_quo)


@dataclass(frozen=True, eq=False)
class WhatIf:
    """A dataset and what is weighed on it.

    Attributes
    ----------
    dataset : Dataset
        The dataset.
    parameters : WhatIfParameters
        The parameters.
    scenario : Weighed or Unavailable
        The scenario, or what it needs.
    other : Weighed, Unavailable or None
        Another beside it; None where none is asked for.
    """

    dataset: Dataset
    parameters: WhatIfParameters
    scenario: Weighed | Unavailable
    other: Weighed | Unavailable | None

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader has to know."""
        if isinstance(self.scenario, Unavailable):
            return (self.scenario.sentence,)
        beside = (self.other.sentence,) if isinstance(self.other, Unavailable) else ()
        own = self.other.notes if isinstance(self.other, Weighed) else ()
        return tuple(dict.fromkeys((*self.scenario.observed.notes, *self.scenario.notes, *own, *beside)))

    @property
    def laid_beside(self) -> Weighed | None:
        """The other scenario, where it could be weighed."""
        return self.other if isinstance(self.other, Weighed) else None

    @property
    def asof(self) -> str:
        """Customers and as-of date, for subtitles."""
        if isinstance(self.scenario, Unavailable):
            return ""
        people = formats.plural(round(self.scenario.comparison.customers), "customer")
        return f"{people} · as of {self.dataset.as_of}"


def attribute_of(chosen: WhatIfParameters) -> str:
    """Return the attribute whose values are kept apart: of the segment targeted, else of the comparison."""
    targeted = condition(chosen.segment)
    return targeted[0] if targeted else chosen.breakdown


def levers_of(chosen: WhatIfParameters, start: Levers) -> tuple[Levers, tuple[str, ...]]:
    """Return where the levers stand, and what was made of values that do not fit together.

    Raises
    ------
    ParameterError
        A lever is out of its bounds.
    """
    likely = chosen.saved_share
    ends = [likely if end < 0 else end for end in (chosen.saved_share_low, chosen.saved_share_high)]
    low, high = min(ends[0], likely), max(ends[1], likely)
    said: tuple[str, ...] = ()
    if (low, high) != tuple(ends):
        said = ("the likely saved share lies outside its range, which is widened up to it.",)
    given: dict[str, Any] = {name: getattr(chosen, name) for name in LEVERS}
    for name, mark in _AS_OBSERVED.items():
        if given[name] == mark:
            given[name] = getattr(start, name)
    targeted = condition(chosen.segment)
    given |= {"saved_share_low": low, "saved_share_high": high, "segment": targeted[1] if targeted else ""}
    return Levers(**given), said


def weighed(
    found: Observed, chosen: WhatIfParameters, *, currency: str, called: str, said: Sequence[str] = ()
) -> Weighed:
    """Return a scenario weighed against the status quo.

    Raises
    ------
    ParameterError
        Levers are out of bounds, or ask for what these customers do not have.
    """
    levers, widened = levers_of(chosen, found.base.start)
    name = chosen.scenario or called
    notes = [*said, *(f"{name}: {note}" for note in widened)]
    if chosen.segment and chosen.breakdown not in ("", attribute_of(chosen)):
        notes.append(
            f"Gains are split by {attribute_of(chosen)}, of which a segment is targeted, not by "
            f"{chosen.breakdown}."
        )
    if not found.knows_margin:
        notes.append(_REVENUE_COUNTS if levers.margin == found.base.start.margin else _MARGIN_SET)
    quo = found.status_quo(levers)
    comparison = compare(found.base, levers, status_quo=quo, back_test=found.back_test, level=chosen.level)
    return Weighed(name, found, comparison, currency, tuple(notes))


def other_scenario(chosen: WhatIfParameters) -> tuple[WhatIfParameters, Sequence[str]] | None:
    """Return the parameters of the scenario to lay beside, and what could not be read; None for none.

    A link is complete: a lever that it leaves out stands at its default. What is typed changes the scenario
    that is shown. The data looked at are those of the page.
    """
    text = chosen.beside.strip()
    if not text:
        return None
    query = text.rpartition("?")[2]
    own = chosen.model_dump() | {"beside": "", "scenario": ""}
    opening = opened(WhatIfParameters, own, query, names=(), own_day=False)
    other = opening.parameters
    shared = {name: getattr(chosen, name) for name in OF_DATA}
    apart = [name for name in ("dataset", "basis") if name in query and getattr(other, name) != shared[name]]
    said = [f"Beside: {fault}" for fault in opening.said]
    if apart:
        said.append("Beside: it was made for other data; here it is weighed on the data of this page.")
    return other.model_copy(update=shared | {"beside": ""}), said
