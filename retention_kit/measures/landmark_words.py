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
    level : float
        Confidence level of the intervals.
    retained, repurchased, naive : Outcome
        As in a `LandmarkComparison`.
    """
    told = [_retained(grouping, retained, start, landmark_days, level)]
    if repurchased is not None and repurchased.difference.value is not None:
        one, other = (formats.value(repurchased.share(group).value, "share") for group in repurchased.pair)
        told.append(
            f"In these {repurchased.horizon_days:,} days {one} against {other} ordered again: "
            f"{_compared(repurchased.difference, level)}."
        )
    if len(retained.curves) > 2 and retained.test is not None and retained.test.p_value is not None:
        p_value = retained.test.p_value
        verb = "differ by more than chance" if p_value < 1 - level else "do not differ by more than chance"
        told.append(f"Over all groups and days the curves {verb} (log-rank, {_chance(p_value)}).")
    if naive is not None and naive.difference.value is not None and retained.difference.value is not None:
        read, instead = (formats.signed(found.difference.value, "share") for found in (naive, retained))
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


def _retained(grouping: Grouping, retained: Outcome, start: str, landmark_days: int, level: float) -> str:
    if not retained.pair:
        return (
            f"There is nothing to compare: all who were still there {landmark_days:,} days after their "
            f"{start}, as far as it is known, belong to one group."
        )
    first, second = (grouping.words(group) for group in retained.pair)
    one, other = (retained.share(group) for group in retained.pair)
    if one.value is None or other.value is None:
        return (
            f"Whether {first} stay longer than {second} cannot be told: of "
            f"{first if one.value is None else second} none was followed for {retained.horizon_days:,} days "
            "after the landmark."
        )
    if one.value == other.value == 1:
        return (
            f"Of those still there {landmark_days:,} days after their {start}, neither {first} nor {second} "
            f"were seen to leave within {retained.horizon_days:,} days."
        )
    shares = [formats.with_interval(share, "share") for share in (one, other)]
    return (
        f"Of those still there {landmark_days:,} days after their {start}, {shares[0]} of {first} "
        f"still were {retained.horizon_days:,} days later, against {shares[1]} of {second}: "
        f"{_compared(retained.difference, level)}."
    )


def _compared(difference: Estimate, level: float) -> str:
    if difference.value is None or difference.ci_low is None or difference.ci_high is None:
        return "which of the two is higher cannot be told"
    more = "less" if difference.value < 0 else "more"
    beyond = difference.ci_low > 0 or difference.ci_high < 0
    return (
        f"{formats.value(abs(difference.value), 'points')} {more} ({level * 100:g} % interval "
        f"{formats.signed_interval(difference.ci_low, difference.ci_high, 'share')}), "
        f"{'more than chance' if beyond else 'which may be chance'}"
    )


def _chance(p_value: float) -> str:
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"
