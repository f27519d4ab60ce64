"""What a scorecard is: tiles of metrics, what changed, and what the guides' claims are worth here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import Literal

import pyarrow as pa

from retention_kit.measures.scorecard_tile import Change, Direction, Period, Tile, Unit, Variant
from retention_kit.measures.survival_result import Estimate

__all__ = [
    "Change",
    "Claim",
    "Direction",
    "Period",
    "Scorecard",
    "Stage",
    "StageName",
    "Tile",
    "Unit",
    "Variant",
    "Verdict",
    "WhatChanged",
]

StageName = Literal["starting", "growing", "consolidating", "unknown"]
Verdict = Literal["holds", "does not hold", "cannot be told"]


@dataclass(frozen=True)
class WhatChanged:
    """One of the changes that matter most: metric, the change, and a sentence that tells it."""

    metric: str
    change: Change
    sentence: str


@dataclass(frozen=True)
class Claim:
    """What guides say, beside what the data say.

    Attributes
    ----------
    key : str
        Its name.
    claim : str
        What the guides say.
    guides_value : float or None
        Their figure.
    own : Estimate
        The user's figure with interval; missing where the data hold none.
    unit : str
        Of both figures.
    customers : int
        Customers behind the user's figure.
    verdict : {"holds", "does not hold", "cannot be told"}
        Of the claim itself: the direction, or the majority, that it states.
    figure_holds : bool or None
        Whether the guides' figure lies within the interval too; None where the two cannot be compared.
    why : str
        The figures behind the verdict, where the guides' figure lies, and what the comparison does not prove.
    """

    key: str
    claim: str
    guides_value: float | None
    own: Estimate
    unit: Unit
    customers: int
    verdict: Verdict
    figure_holds: bool | None
    why: str


@dataclass(frozen=True)
class Stage:
    """How far the business is: starting, growing or consolidating.

    Attributes
    ----------
    name : {"starting", "growing", "consolidating", "unknown"}
        From the shares of revenue and of customers that are new: acquired in the year up to the period's end.
    new_revenue, new_customers : Estimate
        These shares.
    why : str
        The rule with the user's numbers put in.
    advice : str
        What the guides advise to look at in this stage.
    metrics : tuple of str
        Keys of the tiles meant.
    """

    name: StageName
    new_revenue: Estimate
    new_customers: Estimate
    why: str
    advice: str
    metrics: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Scorecard:
    """All metrics of a period.

    Attributes
    ----------
    period : Period
        The period measured.
    previous, last_year : Period or None
        Those it is compared with.
    grain, segment : str
        Length of the period; the customers counted, ``attribute=value``, empty for all.
    tiles : mapping of key to Tile
        In the order of the page.
    what_changed : tuple of WhatChanged
        Up to three, the clearest first.
    stage : Stage
        Stage of the business.
    engagement : pyarrow.Table
        Distribution of the engagement index: ``from_index``, ``to_index``, ``customers``, ``share``.
    engagement_weights : mapping of name to float
        Weights of its parts; they sum to 1.
    level : float
        Confidence level of every interval.
    as_of : date
        Last day of the data counted.
    currency : str
        ISO code, or empty.
    notes : tuple of str
        What a reader has to know of the data.
    sql : str
        The statement behind the sums, over the canonical tables.
    test_claims : callable
        Tests the claims of the guides; read ``claims``.
    """

    period: Period
    previous: Period | None
    last_year: Period | None
    grain: str
    segment: str
    tiles: Mapping[str, Tile]
    what_changed: tuple[WhatChanged, ...]
    stage: Stage
    engagement: pa.Table
    engagement_weights: Mapping[str, float]
    level: float
    as_of: date
    currency: str
    notes: tuple[str, ...]
    sql: str
    test_claims: Callable[[], tuple[Claim, ...]] = field(repr=False)

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """The claims of the guides, tested when first asked for: that takes another reading of the orders."""
        return self.test_claims()

    @property
    def table(self) -> pa.Table:
        """The tiles as rows.

        Columns: ``metric``, ``unit``, ``value``, ``ci_low``, ``ci_high``, ``customers``, ``change``,
        ``change_ci_low``, ``change_ci_high``, ``direction``, ``change_last_year``, ``last_year_ci_low``,
        ``last_year_ci_high``, ``direction_last_year``, ``target``, ``gap``, ``needs``.
        """
        return pa.Table.from_pylist([_row(tile) for tile in self.tiles.values()], schema=_SCHEMA)


_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("metric", "unit")),
        *((name, pa.float64()) for name in ("value", "ci_low", "ci_high")),
        ("customers", pa.int64()),
        *((name, pa.float64()) for name in ("change", "change_ci_low", "change_ci_high")),
        ("direction", pa.string()),
        *((name, pa.float64()) for name in ("change_last_year", "last_year_ci_low", "last_year_ci_high")),
        ("direction_last_year", pa.string()),
        *((name, pa.float64()) for name in ("target", "gap")),
        ("needs", pa.string()),
    ]
)


def _row(tile: Tile) -> Mapping[str, object]:
    row: dict[str, object] = {
        "metric": tile.metric,
        "unit": tile.unit,
        "value": tile.estimate.value,
        "ci_low": tile.estimate.ci_low,
        "ci_high": tile.estimate.ci_high,
        "customers": tile.customers,
        "target": tile.target,
        "gap": tile.gap,
        "needs": tile.needs,
    }
    for change, value, ends, direction in (
        (tile.previous, "change", "change", "direction"),
        (tile.last_year, "change_last_year", "last_year", "direction_last_year"),
    ):
        if change is not None:
            row[value] = change.estimate.value
            row[f"{ends}_ci_low"], row[f"{ends}_ci_high"] = change.estimate.ci_low, change.estimate.ci_high
            row[direction] = change.direction
    return MappingProxyType(row)
