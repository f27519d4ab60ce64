"""Loyalty by group, by landmark: customers told apart on a day, and followed from that day on."""

from typing import Literal

from retention_kit.data.dataset import Dataset
from retention_kit.errors import DataError, ParameterError
from retention_kit.measures.cadence import Choice, PurchaseCadence
from retention_kit.measures.churn import churn_basis
from retention_kit.measures.intervals import normal_quantile
from retention_kit.measures.landmark_counting import curves_of, landmark_counted, standing_of
from retention_kit.measures.landmark_groups import Grouping, attributes_of, grouping_of
from retention_kit.measures.landmark_result import LandmarkComparison, Outcome, Standing
from retention_kit.measures.landmark_words import landmark_sentence
from retention_kit.measures.leaving import grace, silence
from retention_kit.measures.movement_counting import movers
from retention_kit.measures.selecting import require_few
from retention_kit.params import MAX_AGE

__all__ = ["landmark_comparison"]


def landmark_comparison(
    dataset: Dataset,
    *,
    by: str,
    landmark_days: int = 90,
    horizon_days: int = 180,
    threshold_days: int = 0,
    basis: Literal["auto", "orders", "subscriptions"] = "auto",
    pair: tuple[str, str] | None = None,
    segment: str = "",
    level: float = 0.95,
    cadence: PurchaseCadence | None = None,
) -> LandmarkComparison:
    """Compare how loyal groups of customers are, without crediting a group with the time it takes to join it.

    The landmark is the end of the day that comes ``landmark_days`` after the first order (or
    subscription). What happened up to then decides a customer's group, and nothing later does. Those
    who are still there are followed from then on: until they leave, as in `churn_curves`, and until
    they order again. Shares at the horizon come from Kaplan and Meier's curve.

    With orders, the comparison is decided by who orders again: a silence that leads to leaving may have
    begun before the landmark, so that an order that brought a customer into a group would also keep it
    there longer. With subscriptions it is decided by who stays.

    Parameters
    ----------
    dataset : Dataset
        An open dataset; its as-of date is the last day counted.
    by : str
        ``satisfaction``, ``nps``, ``complaint``, ``channels``, ``products``, ``programme``, or an attribute
        at the start; these names come before attributes of the same name.
    landmark_days : int
        Days from the start to the landmark, 1 or more.
    horizon_days : int
        Days from the landmark to where shares are read, 1 or more.
    threshold_days : int
        Orders: the silence after which a customer has left, in days; 0: that of the dataset, or else of
        `purchase_cadence`.
    basis : {"auto", "orders", "subscriptions"}
        What makes customers, and how they leave; auto: orders where there are some.
    pair : tuple of two str, optional
        The groups whose difference is told, first less second; else the one of the grouping, or of an
        attribute the two largest.
    segment : str
        Count only customers with this at their start, ``attribute=value``; empty for all.
    level : float
        Confidence level of the intervals.
    cadence : PurchaseCadence, optional
        That of the same customers and the same ``threshold_days``, to spare counting it again.

    Raises
    ------
    ParameterError
        When a parameter is out of range, the pair is not among the groups, or there are too many groups.
    ColumnError
        When an attribute does not exist.
    DataError
        When the dataset lacks what the grouping needs, no customer is selected, none of them was there at the
        landmark and could be classified, or there is no threshold.

    References
    ----------
    Anderson, Cain & Gelber (1983), Journal of Clinical Oncology 1, 710-719.
    Suissa (2008), American Journal of Epidemiology 167, 492-499 (immortal time).

    Examples
    --------
    >>> from retention_kit import open_dataset
    >>> found = landmark_comparison(open_dataset("shop"), by="complaint", threshold_days=180)
    >>> dict(found.standing.groups)
    {'none': 2094, 'resolved': 31, 'unresolved': 17}
    """
    for name, value, least in (
        ("landmark_days", landmark_days, 1),
        ("horizon_days", horizon_days, 1),
        ("threshold_days", threshold_days, 0),
    ):
        if not least <= value <= MAX_AGE:
            raise ParameterError(
                f"{name}={value} is not allowed.", todo=f"Choose from {least} to {MAX_AGE:,}."
            )
    normal_quantile(level)  # refused before anything is counted
    table = churn_basis(dataset, basis)
    grouping = grouping_of(by, attributes=attributes_of(dataset, table))
    grouping.require(dataset)
    rule = (
        grace(dataset)
        if table == "subscriptions"
        else silence(dataset, threshold_days=threshold_days, segment=segment, level=level, cadence=cadence)
    )
    chosen = movers(
        dataset, basis=table, segment=segment, breakdown="" if grouping.table else by, why="a comparison"
    )
    rows, sql = landmark_counted(chosen, grouping, rule, landmark_days)
    standing = standing_of(rows, grouping)
    require_few(by, len(standing.groups))
    if not standing.groups:
        raise DataError(
            f"No customer can be compared by {grouping.title}: of {standing.customers:,}, for "
            f"{standing.too_recent:,} the landmark had not come, {standing.left_before:,} had left before, "
            f"and of {standing.unclassified:,} the group is not known. {grouping.definition}",
            todo="Choose another landmark_days, or widen segment.",
        )
    told = _pair(grouping, standing, pair)
    outcomes = {
        (name, column): Outcome(
            "retained" if name == "leaving" else "repurchased",
            curves_of(rows, name, column, grouping, level),
            horizon_days,
            told,
        )
        for name in ("leaving", *(["ordering"] if dataset.has("orders") else []))
        for column in ("group_then", *(["group_ever"] if grouping.grows else []))
    }
    retained, naive = outcomes["leaving", "group_then"], outcomes.get(("leaving", "group_ever"))
    repurchased = outcomes.get(("ordering", "group_then"))
    start = "first order" if table == "orders" else "first subscription"
    return LandmarkComparison(
        grouping=grouping,
        basis=table,
        landmark_days=landmark_days,
        horizon_days=horizon_days,
        threshold_days=rule.days or 0,
        standing=standing,
        retained=retained,
        repurchased=repurchased,
        naive=naive,
        naive_repurchased=outcomes.get(("ordering", "group_ever")),
        level=level,
        as_of=dataset.as_of,
        sentence=landmark_sentence(
            grouping,
            start=start,
            landmark_days=landmark_days,
            threshold_days=(rule.days or 0) if table == "orders" else 0,
            level=level,
            retained=retained,
            repurchased=repurchased,
            naive=naive if table == "subscriptions" else outcomes.get(("ordering", "group_ever")),
        ),
        notes=(*_notes(grouping, standing, rule, landmark_days, horizon_days, start), *chosen.notes),
        sql=sql,
    )


def _pair(
    grouping: Grouping, standing: Standing, wanted: tuple[str, str] | None
) -> tuple[str, str] | tuple[()]:
    allowed = tuple(grouping.groups or standing.groups)
    if wanted is not None:
        if len(set(wanted)) != 2 or not set(wanted) <= set(allowed):
            raise ParameterError(
                f"pair={wanted!r} are not two of the groups.", todo=f"Choose from: {', '.join(allowed)}."
            )
        return wanted
    if len(standing.groups) < 2:
        return ()
    first, second, *_ = standing.groups
    return grouping.pair or (first, second)


def _notes(
    grouping: Grouping,
    standing: Standing,
    rule: Choice,
    landmark_days: int,
    horizon_days: int,
    start: str,
) -> list[str]:
    notes = [
        f"{grouping.definition} The landmark is the end of day {landmark_days:,} after the {start}.",
        f"Of {standing.customers:,} customers, for {standing.too_recent:,} the landmark had not come, "
        f"{standing.left_before:,} had left before, and of {standing.unclassified:,} the group is not known; "
        f"the other {sum(standing.groups.values()):,} are compared.",
        rule.reason,
    ]
    if grouping.grows:
        notes.append(
            "Who comes into another group after the landmark is still counted in the one it had then."
        )
    days = rule.days or 0
    if start == "first order" and days > landmark_days + horizon_days:
        notes.append(
            f"No silence of {days:,} days can end within {horizon_days:,} days after the landmark: "
            "nobody is seen to leave. Choose a longer horizon, or look at who ordered again."
        )
    return notes
