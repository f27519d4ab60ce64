"""Whether a model with one more idea in it explains the same counts better than chance would."""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from retention_kit.errors import ParameterError
from retention_kit.models.contract_result import ContractFit
from retention_kit.models.lifetimes import LIFETIMES

__all__ = ["NestedComparison", "likelihood_ratio"]

# What each model adds to constant churn: differences between customers, and churn that changes with age.
_ADDS = {
    "constant_churn": frozenset[str](),
    "shifted_beta_geometric": frozenset({"differences"}),
    "discrete_weibull": frozenset({"age"}),
    "beta_weibull": frozenset({"differences", "age"}),
}


@dataclass(frozen=True)
class NestedComparison:
    """A likelihood-ratio test of a model against one that it contains.

    Attributes
    ----------
    simple, general : str
        The models.
    statistic : float
        Twice the gain in log-likelihood.
    p_value : float
        Chance of such a gain if the simple model were true; 1 where both fits are the same.
    sentence : str
        The finding in words.
    """

    simple: str
    general: str
    statistic: float
    p_value: float
    sentence: str


def likelihood_ratio(simple: ContractFit, general: ContractFit, *, level: float = 0.95) -> NestedComparison:
    """Return whether the more general of two nested models is needed to explain the counts.

    The beta-Weibull with c = 1 is the shifted beta-geometric; either without differences between
    customers is the discrete Weibull or constant churn. Differences cannot be negative, so for them the
    chance is an even mixture of two chi-squared laws.

    Parameters
    ----------
    simple, general : ContractFit
        Fits to the same counts; a fit counts as what was asked for, so a general model for which
        another took its place gains what that one gains, and nothing below 0.
    level : float
        Confidence level that the gain has to reach.

    Returns
    -------
    NestedComparison

    Raises
    ------
    ParameterError
        The models are not nested, or were fitted to different counts.

    References
    ----------
    Self and Liang (1987), Journal of the American Statistical Association 82, 605-610, cases 5 and 6.
    """
    if (
        simple.asked not in _ADDS
        or general.asked not in _ADDS
        or not _ADDS[simple.asked] < _ADDS[general.asked]
    ):
        raise ParameterError(
            f"{_title(simple)} is not contained in {_title(general)}.",
            todo="Give the simple fit first: constant churn, shifted beta-geometric or discrete Weibull, "
            "beta-Weibull.",
        )
    if not _same_counts(simple, general):
        raise ParameterError(
            "The two models were fitted to different counts.", todo="Fit both to the same RenewalCounts."
        )
    statistic = max(2 * (general.log_likelihood - simple.log_likelihood), 0.0)
    added = _ADDS[general.asked] - _ADDS[simple.asked]
    chance = float(chdtrc(len(added), statistic))
    if "differences" in added:
        fewer = len(added) - 1
        chance = (chance + (float(chdtrc(fewer, statistic)) if fewer else float(statistic == 0))) / 2
    needed = chance < 1 - level
    verdict = "explains the counts better than" if needed else "is not needed beyond"
    sentence = f"The {_title(general)} model {verdict} the {_title(simple)} model ({_chance(chance)})."
    return NestedComparison(simple.asked, general.asked, statistic, chance, sentence)


def _title(fit: ContractFit) -> str:
    return LIFETIMES[fit.asked].title


def _same_counts(one: ContractFit, two: ContractFit) -> bool:
    pairs = ((one.counts.at_risk, two.counts.at_risk), (one.counts.losses, two.counts.losses))
    return all(np.array_equal(*pair) for pair in pairs)


def _chance(chance: float) -> str:
    return "p < 0.001" if chance < 0.001 else f"p = {chance:.3f}"
