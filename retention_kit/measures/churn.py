"""Churn curves: how long customers stay, by the end of their subscriptions or by a long silence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, partial
from types import MappingProxyType
from typing import Literal

import pyarrow as pa

from retention_kit.data.calendar import Calendar, Grain
from retention_kit.data.dataset import Dataset
from retention_kit.data.ledger import open_ledger
from retention_kit.data.spell_statements import order_lives, renewals, subscription_lives
from retention_kit.errors import DataError, ParameterError
from retention_kit.measures.cadence import Choice, PurchaseCadence, purchase_cadence
from retention_kit.measures.churn_rates import churn_rates
from retention_kit.measures.diagonals import diagonals
from retention_kit.measures.diagonals_result import Diagonals
from retention_kit.measures.gap_counting import Basis, Counted, Selected, require_some, selected
from retention_kit.measures.intervals import normal_quantile
from retention_kit.measures.log_rank import LogRank, log_rank
from retention_kit.measures.spells import Lives, lives_of
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
        statement = partial(
            _renewals,
            self.selection.tenures(self.rule.days or 0),
            seen_until=self.lives.seen_until,
            seen_from=self.lives.seen_from,
            grain=grain,
        )
        found = self.selection.counted(self.selection.tenures(self.rule.days or 0), statement)
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
    chosen = selected(dataset, basis=how, breakdown=breakdown, segment=segment)
    if how == "orders":
        rule = _silence(dataset, threshold_days, cadence, segment, level)
        found, lives = _by_silence(chosen, rule, dataset.as_of)
        # Subscriptions may have begun before the orders did, from which a silence counts.
        first_order = dataset.accounting.first_day if dataset.accounting else dataset.first_day
        known_from = first_order + timedelta(days=rule.days or 0)
    else:
        rule = _grace(dataset, grace_days)
        found, lives = _by_end(chosen, rule, dataset.as_of)
        known_from = dataset.first_day
    notes = [*_notes(how, rule, found, lives), *found.notes]
    if observed_from is not None:
        lives, told = _watched(lives, observed_from)
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


def _silence(
    dataset: Dataset, asked: int, cadence: PurchaseCadence | None, segment: str, level: float
) -> Choice:
    if cadence is not None:
        choice = cadence.threshold
    elif asked:
        choice = Choice(asked, "parameter", f"A silence of {asked:,} days was chosen.")
    elif of_dataset := dataset.config.churn_threshold_days:
        said = f"The dataset file says that a silence of {of_dataset:,} days means leaving."
        choice = Choice(of_dataset, "dataset", said)
    else:
        choice = purchase_cadence(dataset, segment=segment, level=level).threshold
    if choice.days is None:
        raise DataError(
            f"The data suggest no silence after which customers have left. {choice.reason}",
            todo="Set threshold_days.",
        )
    return choice


def _grace(dataset: Dataset, asked: int) -> Choice:
    days = dataset.config.grace_days if asked < 0 else asked
    who = "The dataset file says that a" if asked < 0 else "A"
    if not days:
        return Choice(
            0, "dataset" if asked < 0 else "parameter", "Customers leave when their subscription ends."
        )
    reason = f"{who} subscription that begins up to {days:,} days after the last one ended continues it."
    return Choice(days, "dataset" if asked < 0 else "parameter", reason)


def _by_silence(chosen: Selected, rule: Choice, as_of: date) -> tuple[Counted, Lives]:
    view = chosen.starts()
    found = chosen.counted(view, partial(_order_lives, chosen.silences(), view, rule.days or 0))
    require_some(found)
    return found, lives_of(found.rows, seen_until=as_of, all_who_began=True)


def _by_end(chosen: Selected, rule: Choice, as_of: date) -> tuple[Counted, Lives]:
    view, until = chosen.tenures(rule.days or 0), as_of - timedelta(days=rule.days or 0)
    found = chosen.counted(view, partial(_subscription_lives, view, until))
    require_some(found)
    return found, lives_of(found.rows, seen_until=until)


def _watched(lives: Lives, day: date) -> tuple[Lives, str]:
    watched = lives.watched_from(day)
    if not watched.number:
        raise DataError(f"Nobody was still there after {day}.", todo="Choose an earlier observed_from.")
    late = f"{watched.entered_late:,} who began before count from then on only"
    said = f"Customers are watched from {day} on: {late}"
    left = watched.left_before
    return watched, f"{said}, and {left:,} who had left are not counted." if left else f"{said}."


def _notes(how: Basis, rule: Choice, found: Counted, lives: Lives) -> list[str]:
    if how == "orders":
        return [f"{rule.reason} A later return does not undo that a customer left."]
    notes = [rule.reason]
    returned = int(pa.compute.sum(found.rows["returned"]).as_py() or 0)
    if returned:
        gone = int(lives.customers[lives.is_event].sum())
        notes.append(
            f"Of {gone:,} customers who left {returned:,} came back later, which does not undo that they "
            "left."
        )
    if rule.days:
        notes.append(
            f"Customers are followed to {lives.seen_until}: whether a subscription that ended later goes on "
            "cannot be known yet."
        )
    return notes


def _order_lives(silences: str, starts: str, threshold_days: int, group: str, condition: str) -> str:
    return order_lives(
        silences=silences, starts=starts, threshold_days=threshold_days, group=group, condition=condition
    )


def _subscription_lives(view: str, seen_until: date, group: str, condition: str) -> str:
    return subscription_lives(tenures=view, seen_until=seen_until, group=group, condition=condition)


def _renewals(
    view: str, _: str, condition: str, *, seen_until: date, seen_from: date | None, grain: str
) -> str:
    return renewals(
        tenures=view, seen_until=seen_until, seen_from=seen_from, grain=grain, condition=condition
    )
