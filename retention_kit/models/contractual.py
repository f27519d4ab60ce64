"""How long contracts last: shifted beta-geometric and beta-Weibull, by maximum likelihood."""

from types import MappingProxyType
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from retention_kit.errors import ParameterError, did_you_mean
from retention_kit.models.contract_result import ContractFit
from retention_kit.models.draws import share_trials
from retention_kit.models.lifetimes import BOUNDS, LIFETIMES
from retention_kit.models.likelihood import Peak, SmoothLifetime, highest_point, log_likelihood
from retention_kit.models.renewals import RenewalCounts

__all__ = ["ContractModel", "contract_fit"]

ContractModel = Literal["shifted_beta_geometric", "beta_weibull", "discrete_weibull", "constant_churn"]
Floats = NDArray[np.float64]

# Each model with those that take its place where it has no peak, the first one preferred.
_SIMPLER: dict[str, tuple[str, ...]] = {
    "beta_weibull": ("shifted_beta_geometric", "discrete_weibull"),
    "shifted_beta_geometric": ("constant_churn", "leavers_and_stayers"),
    "discrete_weibull": ("constant_churn", "leavers_and_stayers"),
}
# A search that ends no higher than one of these has run towards it, and has no peak of its own.
_LIMITS: dict[str, tuple[str, ...]] = {
    "beta_weibull": ("discrete_weibull", "constant_churn", "leavers_and_stayers"),
    "shifted_beta_geometric": ("constant_churn", "leavers_and_stayers"),
    "discrete_weibull": ("leavers_and_stayers",),
}
_TRIFLE, _ROUNDING = 1e-4, 1e-12  # log-likelihood that makes no model better, and share of it
_TOTALS = (0.3, 3.0, 30.0, 300.0)  # alpha + beta to start from
_POWERS = (0.6, 1.0, 1.7)  # c to start from


def contract_fit(counts: RenewalCounts, *, model: ContractModel = "shifted_beta_geometric") -> ContractFit:
    """Return the model of how long contracts last under which the counts are likeliest.

    The log-likelihood is the sum over periods of losses times log churn and renewals times log
    retention, so cohorts of different age and customers who are still there need no special care.
    Where the data cannot tell the parameters (one period, nobody left, churn that does not fall), a
    simpler model takes its place, and ``reason`` says why.

    Parameters
    ----------
    counts : RenewalCounts
        Customers at risk and lost in every completed period.
    model : {"shifted_beta_geometric", "beta_weibull", "discrete_weibull", "constant_churn"}
        Customers differ in their churn, and each keeps it; customers differ, and the churn of each
        changes with age; customers are alike, and churn changes with age; neither.

    Returns
    -------
    ContractFit

    Raises
    ------
    ParameterError
        The model is unknown.

    References
    ----------
    Fader and Hardie (2007), "How to project customer retention", Journal of Interactive Marketing 21(1),
    76-90. Fader, Hardie, Liu, Davin and Steenburgh (2018), Journal of Interactive Marketing 43, 1-16.

    Examples
    --------
    >>> counts = RenewalCounts.of_survivors([1000, 869, 743, 653, 593, 551, 517, 491], unit="year")
    >>> fit = contract_fit(counts)
    >>> {name: round(value, 3) for name, value in fit.parameters.items()}
    {'alpha': 0.668, 'beta': 3.806}
    >>> print(f"{fit.survival(12):.3f}")
    0.378
    """
    models = get_args(ContractModel)
    if model not in models:
        raise ParameterError(
            f"There is no model {model!r}.",
            todo=f"{did_you_mean(str(model), models)} Choose one of: {', '.join(models)}.".strip(),
        )
    return _fit(counts, model)


def _fit(counts: RenewalCounts, model: str) -> ContractFit:
    if model not in _SIMPLER:
        return _share(counts, model)
    simpler = [_fit(counts, name) for name in _SIMPLER[model]]
    highest = max(fit.log_likelihood for fit in simpler)
    likeliest = next(fit for fit in simpler if not _higher(highest, fit))
    lifetime = LIFETIMES[model]
    needed = len(lifetime.symbols)
    if not counts.losses.any():
        return _instead(model, likeliest, f"Nobody left in the {_spell(counts.periods, counts)} on record")
    if counts.periods < needed:
        reason = f"{needed} parameters need {_spell(needed, counts)} on record"
        return _instead(model, likeliest, f"{reason}, and the data hold {_spell(counts.periods, counts)}")
    peak = _search(counts, model)
    limits = [fit for fit in simpler if fit.model in _LIMITS[model]]
    reached = [fit for fit in limits if not _higher(peak.log_likelihood, fit)]
    if peak.inside and not reached:
        return _result(counts, model, np.exp(peak.logs), peak.covariance, _found(peak))
    why = "The likelihood has no peak: it still rises where parameters leave every plausible range"
    if reached:
        why = _WHY[likeliest.model].format(unit=counts.unit)
    return _instead(model, likeliest, why)


def _higher(height: float, fit: ContractFit) -> bool:
    """Whether a log-likelihood is above that of a fit by more than rounding and more than a trifle."""
    return height - _TRIFLE - _ROUNDING * abs(height) > fit.log_likelihood


def _search(counts: RenewalCounts, model: str) -> Peak:
    lifetime = cast(SmoothLifetime, LIFETIMES[model])
    hits, trials = share_trials("constant_churn", counts)
    churn = (hits + 0.5) / (trials + 1)
    if "rate" in lifetime.symbols:
        starts = [(-np.log1p(-churn), power) for power in _POWERS]
    else:
        mixed = [(churn * total, (1 - churn) * total) for total in _TOTALS]
        powers = [(power,) for power in _POWERS] if "c" in lifetime.symbols else [()]
        starts = [(*pair, *power) for pair in mixed for power in powers]
    bounds = np.array([BOUNDS[symbol] for symbol in lifetime.symbols]).T
    return highest_point(lifetime, counts, np.log(starts), bounds)


def _share(counts: RenewalCounts, model: str) -> ContractFit:
    """A model with one parameter, a share of customers: the share that was seen."""
    hits, trials = share_trials(model, counts)
    share = hits / trials
    variance = (1 - share) / hits if hits else np.nan
    return _result(
        counts, model, np.array([share]), np.array([[variance]]), "It is the share of customers seen leaving."
    )


def _result(
    counts: RenewalCounts, model: str, values: Floats, covariance: Floats, reason: str
) -> ContractFit:
    ages = np.arange(1.0, counts.periods + 1)
    lifetime = LIFETIMES[model]
    height = float(log_likelihood(counts, lifetime.log_stay(ages - 1, ages, values)))
    covariance.flags.writeable = False
    parameters = MappingProxyType(dict(zip(lifetime.symbols, values.tolist(), strict=True)))
    return ContractFit(model, model, parameters, covariance, height, counts, True, reason)


def _instead(model: str, fit: ContractFit, why: str) -> ContractFit:
    reason = f"{why}. In place of the {LIFETIMES[model].title} model: {fit.title}."
    return ContractFit(
        fit.model, model, fit.parameters, fit.covariance, fit.log_likelihood, fit.counts, False, reason
    )


def _spell(number: int, counts: RenewalCounts) -> str:
    return f"{number} {counts.unit}{'s' * (number != 1)}"


def _found(peak: Peak) -> str:
    return f"The highest likelihood, reached from {peak.agreeing} of {peak.starts} starts."


_ALIKE = "so these data show no differences between customers"
_WHY = {
    "constant_churn": f"Churn does not fall with age, {_ALIKE}",
    "discrete_weibull": f"Age alone explains how churn changes, {_ALIKE}",
    "shifted_beta_geometric": "Differences between customers explain the counts as well as age does",
    "leavers_and_stayers": "Everyone who left did so in the first {unit}, and nothing tells who leaves later",
}
