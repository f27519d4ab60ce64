"""A comparison in one sentence: does it pay, when does it break even, and what decides."""

from collections.abc import Sequence

from retention_kit import formats
from retention_kit.planning.comparison_result import Comparison
from retention_kit.planning.sensitivity import Swing

__all__ = ["decision"]

_LEAST_POINTS = 0.0005  # shown with one decimal


def decision(comparison: Comparison, swings: Sequence[Swing] = (), *, currency: str = "") -> str:
    """Return the decision in one sentence.

    Parameters
    ----------
    comparison : Comparison
        From `compare`.
    swings : sequence of Swing
        From `sensitivity`; without them nothing is said about what decides.
    currency : str
        Of the money.

    Returns
    -------
    str
        Such as "Pays with 87 % probability; breaks even at 1.8 points of yearly retention; the answer
        hinges on margin."
    """
    still = not comparison.gain.values.any()
    if still and not comparison.cost:
        return _nothing(comparison)
    if still and not comparison.targeted and comparison.cost > 0:
        lost = formats.value(comparison.cost, "money", currency=currency)
        return f"Nobody is targeted, so the cost of {lost} brings nothing."
    parts = [_pays(comparison, currency), _breaks_even(comparison, currency), _hinges(comparison, swings)]
    return "; ".join(part for part in parts if part) + "."


def _nothing(comparison: Comparison) -> str:
    if not comparison.scenario.moved(comparison.status_quo):
        return "No lever is moved, so nothing changes."
    if not comparison.targeted:
        return "Nobody is targeted, so nothing changes."
    return "The levers that are moved change nothing."


def _pays(comparison: Comparison, currency: str) -> str:
    npv, share = comparison.npv, comparison.probability
    amount = formats.value(abs(npv.value), "money", currency=currency)
    ends = formats.signed_interval(npv.ci_low, npv.ci_high, "money", currency=currency)
    told = f"{'gains' if npv.value >= 0 else 'loses'} {amount} on average ({ends})"
    if share is None:
        return (
            f"{told[0].upper()}{told[1:]}; how probable it is that it pays cannot be said without back-tests"
        )
    chance = f"{formats.probability(share)} probability"
    if not comparison.cost and share >= formats.SURE:
        return f"Costs nothing and {told}"
    if share >= formats.SURE:
        return f"Pays almost certainly ({chance})"
    if share <= 1 - formats.SURE:
        return f"Almost certainly does not pay ({chance})"
    return f"Pays with {chance}"


def _breaks_even(comparison: Comparison, currency: str) -> str:
    found = comparison.break_even
    if comparison.cost <= 0:
        return ""
    if not comparison.scenario.uplift[2]:
        if found.cost <= 0:
            return "no cost would be low enough"
        return f"breaks even at a cost of {formats.value(found.cost, 'money', currency=currency)}"
    if found.saved_share is None:
        return "no saved share of departures makes it break even"
    if not found.saved_share:
        return "breaks even without saving any departure"
    points = found.points or 0.0
    if points < _LEAST_POINTS:
        return "breaks even at less than 0.1 points of yearly retention"
    return f"breaks even at {formats.value(points, 'points')} of yearly retention"


def _hinges(comparison: Comparison, swings: Sequence[Swing]) -> str:
    if not swings:
        return ""
    turning = [bar for bar in swings if bar.turns]
    if turning:
        return f"the answer hinges on {turning[0].title}"
    return f"no single input turns the answer, and {swings[0].title} matters most"
