"""What a tile of the scorecard is: one metric of one period, with interval, changes and variants."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import pyarrow as pa

from retention_kit.measures.survival_result import Estimate

__all__ = ["Change", "Direction", "Period", "Tile", "Unit", "Variant"]

Unit = Literal["share", "points", "money", "ratio", "days", "score", "index", "customers", "orders"]
Direction = Literal["up", "down", "unclear"]


@dataclass(frozen=True)
class Period:
    """A period of the calendar: index, label, first and last day, and whether it is over."""

    index: int
    label: str
    first_day: date
    last_day: date
    is_complete: bool


@dataclass(frozen=True)
class Change:
    """How a metric differs from its value in an earlier period, with the same customers on both sides.

    Attributes
    ----------
    against : Period
        The earlier period.
    before : float
        The metric's value then, in its unit.
    estimate : Estimate
        Value now less value then, with the jackknife's interval and standard error; the ends are missing
        below ten buckets with customers.
    p_value : float or None
        How probable so large a difference is if nothing changed.
    p_adjusted : float or None
        The same by Holm's correction over all changes of the page.
    direction : {"up", "down", "unclear"}
        Up or down only where the corrected probability is below one minus the level.
    """

    against: Period
    before: float
    estimate: Estimate
    p_value: float | None
    p_adjusted: float | None
    direction: Direction


@dataclass(frozen=True)
class Variant:
    """The same metric under another definition: its name, value with interval, and unit."""

    name: str
    estimate: Estimate
    unit: Unit


@dataclass(frozen=True, eq=False)
class Tile:
    """One metric of the scorecard.

    Attributes
    ----------
    metric : str
        Its key; the definition card of that key in `definitions.DEFINITIONS` says what it means.
    unit : str
        Shares are fractions; ``points`` too (0.333 is 33.3 points); ``money`` is in the currency of the
        dataset; ``ratio``, ``days``, ``score`` (1 to 5) and ``index`` (0 to 100) are plain numbers.
    estimate : Estimate
        Value and interval; an exact count or sum has no interval. Missing without data.
    terms : tuple of (name, value, unit)
        The user's own numbers behind the value, in the order of ``formula``.
    formula : str
        How they make the value, with {0}, {1}, … for the terms: ``{0} / {1}``.
    customers : int
        Customers behind the value.
    through : date
        Last day counted: the end of the period or, for metrics over the whole life of customers, the
        as-of date where no period was chosen.
    previous, last_year : Change or None
        Against the period before, and the same period a year before; None where there is none, the period
        is not over, or the metric is no trend.
    sparkline : pyarrow.Table
        Complete periods, oldest first: ``period``, ``starts_on``, ``value``, ``ci_low``, ``ci_high`` (missing
        where not known). Without rows for a metric that is no trend.
    target, gap : float or None
        Where the dataset sets one; the gap is value less target.
    higher_is_better : bool or None
        None where neither is.
    variants : tuple of Variant
        Other definitions by name.
    needs : str
        What is missing, as a sentence; empty if nothing is. Then there is no value.
    notes : tuple of str
        What a reader has to know of this metric.
    """

    metric: str
    unit: Unit
    estimate: Estimate
    terms: tuple[tuple[str, float, Unit], ...]
    formula: str
    customers: int
    through: date
    previous: Change | None
    last_year: Change | None
    sparkline: pa.Table
    target: float | None
    gap: float | None
    higher_is_better: bool | None
    variants: tuple[Variant, ...]
    needs: str
    notes: tuple[str, ...]

    @property
    def value(self) -> float | None:
        """The value; None without data."""
        return self.estimate.value

    @property
    def numerator(self) -> tuple[str, float, Unit] | None:
        """Name, value and unit of what is divided, where the metric is one number by another."""
        return self.terms[0] if self.formula == "{0} / {1}" and self.terms else None

    @property
    def denominator(self) -> tuple[str, float, Unit] | None:
        """Name, value and unit of what it is divided by."""
        return self.terms[1] if self.formula == "{0} / {1}" and self.terms else None
