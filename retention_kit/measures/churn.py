"""Churn curves: how long customers stay, by the end of their subscriptions or by a long silence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Literal

import pyarrow as pa

from retention_kit.data.calendar import Calendar, Grain
from retention_kit.data.dataset import Dataset
from retention_kit.data.ledger import open_ledger
from retention_kit.errors import DataError, ParameterError
from retention_kit.measures.cadence import Choice, PurchaseCadence
from retention_kit.measures.churn_counting import by_end, by_silence, told_of, watched, when_due
from retention_kit.measures.churn_rates import churn_rates
from retention_kit.measures.diagonals import diagonals
from retention_kit.measures.diagonals_result import Diagonals
from retention_kit.measures.gap_counting import Basis, Selected, selected
from retention_kit.measures.intervals import normal_quantile
from retention_kit.measures.leaving import grace, seen_until, silence
from retention_kit.measures.log_rank import LogRank, log_rank
from retention_kit.measures.spells import Lives
from retention_kit.measures.spells_renewals import Renewals, renewals_of
from retention_kit.measures.survival_result import SurvivalCurve

__all__ = ["ChurnCurves", "churn_basis", "churn_curves"]


@dataclass(frozen=True, eq=False)
class ChurnCurves:
    """Churn curves of all selected customers, and of each group; times are days from their first day.

    Attributes
    ----------
    everyone : SurvivalCurve
        Over all selected customers.
    groups : mapping of name to SurvivalCurve
        One for each value of the breakdown, the largest first; empty without one.
    basis : {"orders", "subscriptions"}
        How customers leave: by a silence, or by the end of their subscriptions.
    rule : Choice
        The silence after which a customer has left, or the days between two subscriptions that do not end
        it; and why.
    lives : Lives
        The counts behind the curves.
    known_from : date
        First day on which somebody could be seen to leave.
    as_of : date
        Last day counted; whoever has not left by then is censored.
    notes : tuple of str
        What a reader has to know.
    sql : str
        The statement that produced the counts, over the canonical tables.
    """

    everyone: SurvivalCurve
    groups: Mapping[str, SurvivalCurve]
    basis: Basis
    rule: Choice
    lives: Lives
    known_from: date
    as_of: date
    level: float
    notes: tuple[str, ...]
    sql: str
    calendar: Calendar
    selection: Selected

    @property
    def threshold_days(self) -> int | None:
        """The silence after which a customer has left; None with subscriptions."""
        return self.rule.days if self.basis == "orders" else None

    @cached_property
    def difference(self) -> LogRank | None:
        """The log-rank test of the groups, all at once and in pairs; None with fewer than two."""
        return log_rank(self.groups) if len(self.groups) > 1 else None

    def rates(self, grain: Grain) -> pa.Table:
        """Return churn and retention per calendar period, as `churn_rates` does."""
        return churn_rates(
            self.lives, self.calendar, grain=grain, known_from=self.known_from, level=self.level
        )

    def diagonals(self, grain: Grain) -> Diagonals | None:
        """Return what churn depends on: age, cohort or calendar; None with too few periods."""
        return diagonals(self.lives, self.calendar, grain=grain, known_from=self.known_from, level=self.level)

    def renewals(self, grain: Grain) -> Renewals:
        """Return the renewals of subscriptions, in periods of ``grain`` from each customer's first day.

        Raises
        ------
        DataError
            When customers leave by silence, or none has completed a period.
        """
        if self.basis == "orders":
            raise DataError(
                "Orders are not renewed, so there is nothing to project as a contract.",
                todo="Map [subscriptions] in the dataset file, or choose basis=subscriptions.",
            )
        found = when_due(self.selection, self.rule, self.lives, grain)
        return renewals_of(found.rows, unit=grain, sql=found.sql)


def churn_basis(dataset: Dataset, basis: Literal["auto", "orders", "subscriptions"]) -> Basis:
    """Return how customers leave; ``auto`` means by silence after orders, where there are any."""
    if basis != "auto":
        return basis
    return "orders" if dataset.has("orders") else "subscriptions"


def churn_curves(
    dataset: Dataset,
    *,
    basis: Literal["auto", "orders", "subscriptions"] = "auto",
    threshold_days: int = 0,
    grace_days: int = -1,
    observed_from: date | None = None,
    breakdown: str = "",
    segment: str = "",
    level: float = 0.95,
    cadence: PurchaseCadence | None = None,
) -> ChurnCurves:
    """Follow customers from their first day until they leave.

    With orders, a customer leaves when a silence first reaches ``threshold_days``: at the end of the last of
    that many days after an order, none of them with an order. With subscriptions, a customer leaves when
    its subscriptions end and none begins within ``grace_days``; overlapping ones count as one. A later
    return does not undo either. Whoever has not left is censored: at the as-of date, with subscriptions
    ``grace_days`` before, since a subscription that ended later may still go on.

    Parameters
    ----------
    dataset : Dataset
        An open dataset; its as-of date is the last day counted.
    basis : {"auto", "orders", "subscriptions"}
        How customers leave; auto: by silence where there are orders.
    threshold_days : int
        The silence, in days; 0: that of the dataset file, or of `purchase_cadence` over the customers
        selected.
    grace_days : int
        Days between two subscriptions that do not end a customer; -1: as the dataset file says.
    observed_from : date, optional
        Day from which the data are complete. Customers who had left by then are not counted, and those
        who had begun before count from then on only (left truncation). None: the data hold everybody.
    breakdown : str
        Attribute at the first order or subscription whose values are compared; empty for none.
    segment : str
        Count only customers with this at their first order or subscription, ``attribute=value``.
    level : float
        Confidence level of the intervals.
    cadence : PurchaseCadence, optional
        That of the same customers, to spare counting it again.

    Raises
    ------
    ParameterError
        When a parameter is out of range, or the breakdown has too many values.
    ColumnError
        When an attribute does not exist.
    DataError
        When there is no such table, no customer is selected, or the data suggest no threshold and none is
        given.

    Examples
    --------
    >>> from retention_kit import open_dataset
    >>> curves = churn_curves(open_dataset("cdnow"), threshold_days=180)
    >>> round(float(curves.everyone.survival_at(365)), 3)
    0.122
    """
    if threshold_days < 0:
        raise ParameterError(
            f"threshold_days={threshold_days} is not allowed.",
            todo="Choose 1 or more, or 0 for the threshold that the data suggest.",
        )
    if grace_days < -1:
        raise ParameterError(
            f"grace_days={grace_days} is not allowed.", todo="Choose 0 or more, or -1 for the dataset's."
        )
    normal_quantile(level)  # refused before anything is counted
    how = churn_basis(dataset, basis)
    chosen = selected(dataset, basis=how, breakdown=breakdown, segment=segment, why="churn curves")
    if how == "orders":
        rule = silence(dataset, threshold_days=threshold_days, segment=segment, level=level, cadence=cadence)
        found, lives = by_silence(chosen, rule, dataset.as_of)
        # Subscriptions may have begun before the orders did, from which a silence counts.
        first_order = dataset.accounting.first_day if dataset.accounting else dataset.first_day
        known_from = first_order + timedelta(days=rule.days or 0)
    else:
        rule = grace(dataset, grace_days=grace_days)
        found, lives = by_end(chosen, rule, seen_until(dataset, how, rule))
        known_from = dataset.first_day
    notes = [*told_of(how, rule, found, lives), *found.notes]
    if observed_from is not None:
        lives, told = watched(lives, observed_from)
        notes.append(told)
        known_from = max(known_from, observed_from)
    names = lives.groups if breakdown else ()
    return ChurnCurves(
        everyone=lives.curve(level=level),
        groups=MappingProxyType({name: lives.of(name).curve(level=level) for name in names}),
        basis=how,
        rule=rule,
        lives=lives,
        known_from=known_from,
        as_of=dataset.as_of,
        level=level,
        notes=tuple(notes),
        sql=found.sql,
        calendar=open_ledger(dataset).calendar,
        selection=chosen,
    )
