"""What a comparison by landmark is: groups followed from the same day on, and what is read from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from math import hypot
from statistics import NormalDist
from typing import Literal

import pyarrow as pa

from retention_kit.measures.intervals import normal_quantile
from retention_kit.measures.landmark_groups import Grouping
from retention_kit.measures.log_rank import LogRank, holm, log_rank
from retention_kit.measures.survival_result import Estimate, SurvivalCurve

__all__ = ["LandmarkComparison", "Outcome", "Standing", "clearly_different"]

_SHARES = pa.schema(
    [
        ("group", pa.string()),
        ("customers", pa.int64()),
        ("followed", pa.int64()),
        ("share", pa.float64()),
        ("ci_low", pa.float64()),
        ("ci_high", pa.float64()),
    ]
)
_NOTHING = Estimate(None, None, None)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of the groups after the landmark.

    Attributes
    ----------
    name : {"retained", "repurchased"}
        Still there at the horizon, or ordered again up to it.
    curves : mapping of str to SurvivalCurve
        For each group the share still there, or not having ordered yet, by days after the landmark.
    horizon_days : int
        Days after the landmark at which shares are read.
    pair : tuple of two str
        The groups whose difference is asked for, first less second; empty where there are no two.
    """

    name: Literal["retained", "repurchased"]
    curves: Mapping[str, SurvivalCurve]
    horizon_days: int
    pair: tuple[str, str] | tuple[()]

    @cached_property
    def shares(self) -> pa.Table:
        """The share of each group at the horizon.

        Columns: ``group``, ``customers`` there at the landmark, ``followed`` (those still under
        observation just before the horizon), ``share``, ``ci_low``, ``ci_high``; missing where nobody was
        followed so far. From the survival curve, so that customers who are newer than the horizon count as
        far as they were seen; the interval is Wilson's, with as many customers as would give the same
        variance had all been followed to the end.
        """
        rows = []
        for name, curve in self.curves.items():
            found = self.share(name)
            followed = int(curve.at_risk_at(self.horizon_days))
            rows.append((name, curve.customers, followed, found.value, found.ci_low, found.ci_high))
        return pa.Table.from_pylist([dict(zip(_SHARES.names, row, strict=True)) for row in rows], _SHARES)

    def share(self, group: str) -> Estimate:
        """Return the share of one group at the horizon; missing where nobody was followed so far."""
        found = self._read(group)
        return Estimate(*found) if found else _NOTHING

    @cached_property
    def difference(self) -> Estimate:
        """The first share of the pair less the second, with Newcombe's hybrid interval from theirs.

        References
        ----------
        Newcombe (1998), Statistics in Medicine 17, 873-890, method 10. Zou & Donner (2008), Statistics in
        Medicine 27, 1693-1702 (the same for any intervals).
        """
        one, other = (self._read(group) for group in self.pair or ("", ""))
        if one is None or other is None:
            return _NOTHING
        (first, first_low, first_high), (second, second_low, second_high) = one, other
        difference = first - second
        return Estimate(
            difference,
            difference - hypot(first - first_low, second_high - second),
            difference + hypot(first_high - first, second - second_low),
        )

    def _read(self, group: str) -> tuple[float, float, float] | None:
        """The share of a group and the ends of its interval, if it was followed so far."""
        if group not in self.curves:
            return None
        until = self.curves[group].hazard(self.horizon_days).slice(0, 1).to_pylist()
        if not until:
            return None
        gone, low, high = (until[0][name] for name in ("hazard", "ci_low", "ci_high"))
        return (gone, low, high) if self.name == "repurchased" else (1 - gone, 1 - high, 1 - low)

    @cached_property
    def test(self) -> LogRank | None:
        """The log-rank test of all groups, and of their pairs with Holm's correction; None below two."""
        return log_rank(self.curves) if len(self.curves) > 1 else None


@dataclass(frozen=True)
class Standing:
    """Where all customers stood at the landmark; the four kinds add up to ``customers``.

    Attributes
    ----------
    customers : int
        All who were selected.
    too_recent : int
        Their landmark had not come at the as-of date.
    left_before : int
        They had left by then.
    unclassified : int
        They were there, but nothing says to which group they belong.
    groups : mapping of str to int
        They were there, and are compared.
    """

    customers: int
    too_recent: int
    left_before: int
    unclassified: int
    groups: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class LandmarkComparison:
    """Groups of customers told apart at the landmark, and followed from there on.

    Attributes
    ----------
    grouping : Grouping
        By what they are told apart.
    basis : {"orders", "subscriptions"}
        What makes them customers, and how they leave.
    landmark_days, horizon_days : int
        Days from the start to the landmark, and from there to where shares are read.
    threshold_days : int
        Orders: the silence after which a customer has left; subscriptions: the grace between two.
    standing : Standing
        Where everybody stood at the landmark.
    retained : Outcome
        Who stayed.
    repurchased : Outcome or None
        Who ordered again; None without orders.
    naive : Outcome or None
        Who of the same customers stayed over the same days, in the groups that their whole history puts
        them in. Who stays longer has more time to qualify, and that time is credited to the group: it is
        shown only for how far it misleads. None where groups do not change.
    naive_repurchased : Outcome or None
        The same for who ordered again.
    level : float
        Confidence level of all intervals.
    as_of : date
        Last day counted.
    sentence : str
        What the data show, and what they do not prove.
    notes : tuple of str
        What a reader has to know.
    sql : str
        The statement that produced the counts, over the canonical tables.
    """

    grouping: Grouping
    basis: Literal["orders", "subscriptions"]
    landmark_days: int
    horizon_days: int
    threshold_days: int
    standing: Standing
    retained: Outcome
    repurchased: Outcome | None
    naive: Outcome | None
    naive_repurchased: Outcome | None
    level: float
    as_of: date
    sentence: str
    notes: tuple[str, ...]
    sql: str

    @property
    def decisive(self) -> Outcome:
        """What decides the comparison: with orders who orders again, with subscriptions who stays.

        A silence that leads to leaving may have begun before the landmark, so that who stays without
        ordering favours those who ordered lately then.
        """
        return self.repurchased if self.basis == "orders" and self.repurchased is not None else self.retained

    @property
    def decisive_naive(self) -> Outcome | None:
        """The same in the groups of the whole history; None where groups do not change."""
        return self.naive_repurchased if self.decisive is self.repurchased else self.naive

    @property
    def p_value(self) -> float | None:
        """How probable so large a difference is by chance, as its interval says it; None without one."""
        found = self.decisive.difference
        if found.value is None or found.ci_low is None or found.ci_high is None:
            return None
        towards_zero = found.value - found.ci_low if found.value > 0 else found.ci_high - found.value
        if not towards_zero:
            return None
        distance = abs(found.value) / towards_zero * normal_quantile(self.level)
        return 2 * NormalDist().cdf(-distance)


def clearly_different(comparisons: Sequence[LandmarkComparison]) -> tuple[LandmarkComparison, ...]:
    """Return the comparisons whose groups differ by more than chance, after Holm's correction for all."""
    corrected = holm([found.p_value for found in comparisons])
    return tuple(
        found
        for found, p_value in zip(comparisons, corrected, strict=True)
        if p_value is not None and p_value < 1 - found.level
    )
