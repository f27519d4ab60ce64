"""What a comparison by landmark says, in sentences: what the data show, and what they do not prove."""

from retention_kit import formats
from retention_kit.measures.landmark_groups import Grouping
from retention_kit.measures.landmark_result import Outcome
from retention_kit.measures.survival_result import Estimate

__all__ = ["landmark_sentence"]


def landmark_sentence(
    grouping: Grouping,
    *,
    start: str,
    landmark_days: int,
    threshold_days: int,
    level: float,
    retained: Outcome,
    repurchased: Outcome | None,
    naive: Outcome | None,
) -> str:
    """Return what a comparison shows of its pair of groups, and what selection may explain.

    Parameters
    ----------
    grouping : Grouping
        By what customers are told apart.
    start : str
        What made them customers, such as ``first order``.
    landmark_days : int
        Days from the start to the landmark.
    threshold_days : int
        The silence after which a customer has left, where orders make customers; who orders again then
        decides the comparison. 0: who stays decides it.
    level : float
        Confidence level of the intervals.
    retained, repurchased : Outcome
        As in a `LandmarkComparison`.
    naive : Outcome or None
        Of what decides it, by the whole history.
    """
    by_orders = bool(threshold_days) and repurchased is not None
    first, other = (repurchased, retained) if by_orders and repurchased else (retained, repurchased)
    told = [_decided(grouping, first, start, landmark_days, level)]
    if other is not None and other.difference.value is not None:
        told.append(_beside(other, threshold_days, level))
    if len(first.curves) > 2 and first.test is not None and first.test.p_value is not None:
        p_value = first.test.p_value
        verb = "differ by more than chance" if p_value < 1 - level else "do not differ by more than chance"
        told.append(f"Over all groups and days the curves {verb} (log-rank, {_chance(p_value)}).")
    if naive is not None and naive.difference.value is not None and first.difference.value is not None:
        read, instead = (formats.signed(found.difference.value, "share") for found in (naive, first))
        if read != instead:
            told.append(
                f"Had the whole history decided the group, the difference would read {read} instead "
                f"of {instead}: whoever stays longer has more time to change the group, and the groups would "
                "be credited with it."
            )
    told.append(
        f"Nobody was assigned to these groups: {grouping.selection}. "
        f"So this does not prove that {grouping.cause} makes the difference."
    )
    return " ".join(told)


def _decided(grouping: Grouping, found: Outcome, start: str, landmark_days: int, level: float) -> str:
    """What decides the comparison."""
    ordered, days = found.name == "repurchased", f"{found.horizon_days:,} days"
    if not found.pair:
        return (
            f"There is nothing to compare: all who were still there {landmark_days:,} days after their "
            f"{start}, as far as it is known, belong to one group."
        )
    first, second = (grouping.words(group) for group in found.pair)
    one, other = (found.share(group) for group in found.pair)
    if one.value is None or other.value is None:
        return (
            f"Whether {first} {'order again more often' if ordered else 'stay longer'} than {second} cannot "
            f"be told: of {first if one.value is None else second} none was followed for {days} "
            "after the landmark."
        )
    there = f"Of those still there {landmark_days:,} days after their {start}, "
    if ordered and one.value == other.value == 0:
        return f"{there}neither {first} nor {second} ordered again within {days}."
    if not ordered and one.value == other.value == 1:
        return f"{there}neither {first} nor {second} were seen to leave within {days}."
    shares = [formats.with_interval(share, "share") for share in (one, other)]
    did = f"ordered again within {days}" if ordered else f"still were {days} later"
    return (
        f"{there}{shares[0]} of {first} {did}, against {shares[1]} of {second}: "
        f"{_compared(found.difference, level)}."
    )


def _beside(found: Outcome, threshold_days: int, level: float) -> str:
    """What else became of them."""
    one, other = (formats.value(found.share(group).value, "share") for group in found.pair)
    apart = _compared(found.difference, level)
    if found.name == "repurchased":
        return f"In these {found.horizon_days:,} days {one} against {other} ordered again: {apart}."
    return (
        f"Without a silence of {threshold_days:,} days until then were {one} against {other}: {apart}; but "
        "such a silence may have begun before the landmark, so this favours whoever ordered lately then."
    )


def _compared(difference: Estimate, level: float) -> str:
    if difference.value is None or difference.ci_low is None or difference.ci_high is None:
        return "which of the two is higher cannot be told"
    more = "less" if difference.value < 0 else "more"
    chance = difference.ci_low <= 0 <= difference.ci_high
    return (
        f"{formats.value(abs(difference.value), 'points')} {more} ({level * 100:g} % interval "
        f"{formats.signed_interval(difference.ci_low, difference.ci_high, 'share')}"
        f"{', which may be chance' if chance else ''})"
    )


def _chance(p_value: float) -> str:
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"
