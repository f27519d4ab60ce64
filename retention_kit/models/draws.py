"""Parameters as uncertain as the data leave them: draws behind every band."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln

from retention_kit.models.lifetimes import BOUNDS, LIFETIMES
from retention_kit.models.likelihood import log_likelihood
from retention_kit.models.renewals import RenewalCounts

__all__ = ["parameter_draws", "share_trials", "undecided_draws"]

Floats = NDArray[np.float64]
_PROPOSED = 4  # for each draw that is kept
_WIDER = 2.0  # variance of what is proposed, so that no corner of the likelihood is missed
_CELLS = 2000  # of the grid over the polarization
_CERTAIN = 700.0  # a statistic beyond which exp is no number any longer
_LEAST = 1e-8  # polarization, with which customers are alike to rounding


def parameter_draws(
    model: str,
    estimate: Floats,
    covariance: Floats,
    counts: RenewalCounts,
    *,
    size: int,
    rng: np.random.Generator,
) -> Floats:
    """Return draws of the parameters, in proportion to their likelihood.

    Around a peak they are proposed from a normal distribution and kept by their likelihood
    (sampling-importance-resampling). For the beta models the coordinates are the log odds of the mean
    churn, the polarization 1 / (1 + alpha + beta) and log c: in them the likelihood is close to normal
    even where customers hardly differ. A share of customers is drawn from its beta distribution under
    Jeffreys' prior, which also holds where nobody or everybody left.

    Parameters
    ----------
    model : str
        A key of `LIFETIMES`.
    estimate : ndarray, shape (k,)
        Parameters at the peak.
    covariance : ndarray, shape (k, k)
        Of their logs.
    counts : RenewalCounts
        What the model was fitted to.
    size : int
        Number of draws.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray, shape (k, size)

    References
    ----------
    Rubin (1988), "Using the SIR algorithm to simulate posterior distributions", Bayesian Statistics 3,
    395-402. Brown, Cai and DasGupta (2001), Statistical Science 16, 101-133 (Jeffreys).
    """
    if estimate.size == 1:
        hits, trials = share_trials(model, counts)
        return rng.beta(hits + 0.5, trials - hits + 0.5, size)[None]
    beta_like = LIFETIMES[model].symbols[:2] == ("alpha", "beta")
    slopes = np.eye(estimate.size)
    if beta_like:
        alpha, beta = estimate[:2]
        polarization = 1 / (1 + alpha + beta)
        slopes[:2, :2] = [[1, -1], [-alpha * polarization**2, -beta * polarization**2]]
    centre = _coordinates(estimate, beta_like=beta_like)
    values, vectors = np.linalg.eigh(_WIDER * slopes @ covariance @ slopes.T)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    normal = rng.standard_normal((estimate.size, _PROPOSED * size))
    proposed = centre[:, None] + root @ normal
    ends = np.array([BOUNDS[symbol] for symbol in LIFETIMES[model].symbols])
    if beta_like:
        ends[:2] = [[-np.inf, np.inf], [0.0, 1.0]]
    possible = ((proposed > ends[:, :1]) & (proposed < ends[:, 1:])).all(axis=0)
    normal, proposed = normal[:, possible], proposed[:, possible]
    parameters = _parameters(proposed, beta_like=beta_like)
    ages = np.arange(1.0, counts.periods + 1)
    heights = log_likelihood(counts, LIFETIMES[model].log_stay(ages - 1, ages, parameters[:, :, None]))
    weights = heights + (normal**2).sum(axis=0) / 2
    drawn = parameters[:, rng.choice(weights.size, size, p=_normalized(weights))]
    if model != "shifted_beta_geometric":
        return drawn
    return _some_alike(drawn, counts, float(heights.max()), rng=rng)


def undecided_draws(counts: RenewalCounts, *, size: int, rng: np.random.Generator) -> Floats:
    """Return draws of the shifted beta-geometric parameters where its likelihood has no peak.

    Data that show no differences between customers do not rule them out, and one period says nothing
    about them. Any mean churn and any polarization 1 / (1 + alpha + beta) are held equally likely
    beforehand, both between 0 and 1; so the draws have a law whatever the counts.

    Parameters
    ----------
    counts : RenewalCounts
        Customers at risk and lost per period.
    size : int
        Number of draws.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray, shape (2, size)
        alpha and beta.
    """
    # Polarizations are proposed from a grid, dense near 0, by their likelihood at about the best churn.
    cells = (np.arange(_CELLS) + 0.5) / _CELLS
    hits, trials = _expected(counts, _polarization(cells))
    churn = hits / (hits + trials)
    spread = np.log(churn * (1 - churn) / (hits + trials)) / 2
    known = (_mixed_likelihood(counts, churn, _polarization(cells)) + spread + 3 * np.log(cells)) / _WIDER
    shares = _normalized(known)
    chosen = rng.choice(_CELLS, _PROPOSED * size, p=shares)
    at = cells[chosen] + rng.uniform(-0.5, 0.5, chosen.size) / _CELLS
    polarization = _polarization(at)
    hits, trials = _expected(counts, polarization)
    churn = np.clip(rng.beta(hits, trials), np.finfo(float).tiny, 1 - np.finfo(float).epsneg)
    heights = _mixed_likelihood(counts, churn, polarization)
    weights = heights + 3 * np.log(at) - np.log(shares[chosen])
    weights -= (hits - 1) * np.log(churn) + (trials - 1) * np.log1p(-churn) - betaln(hits, trials)
    kept = rng.choice(weights.size, size, p=_normalized(weights))
    total = 1 / polarization[kept] - 1
    drawn = np.array([churn[kept] * total, (1 - churn[kept]) * total])
    return _some_alike(drawn, counts, float(heights.max()), rng=rng)


def _some_alike(drawn: Floats, counts: RenewalCounts, height: float, *, rng: np.random.Generator) -> Floats:
    """Replace some draws by ones in which customers are all alike: more, the less the data speak against it.

    Draws with differences never reach the edge where there are none, and a band without it would miss
    such customers. Their share, exp(-statistic) to 1, is above the 2.5 % that a band of 95 % leaves out
    as long as the likelihood ratio test of constant churn (statistic below 3.8) does not reject it.
    """
    hits, trials = share_trials("constant_churn", counts)
    ages = np.arange(1.0, counts.periods + 1)
    stay = LIFETIMES["constant_churn"].log_stay(ages - 1, ages, np.array([hits / trials]))
    statistic = 2 * max(height - float(log_likelihood(counts, stay)), 0.0)
    count = round(drawn.shape[1] / (1 + np.exp(min(statistic, _CERTAIN))))
    churn = rng.beta(hits + 0.5, trials - hits + 0.5, count)
    return np.hstack([np.array([churn, 1 - churn]) / _LEAST, drawn[:, count:]])


def _polarization(cells: Floats) -> Floats:
    return np.maximum(cells**4, _LEAST)


def _expected(counts: RenewalCounts, polarization: Floats) -> tuple[Floats, Floats]:
    """The beta distribution that the mean churn has about, given the polarization."""
    trials = _fading(counts, polarization) @ counts.at_risk / _WIDER
    hits = counts.losses.sum() / _WIDER
    return np.full_like(trials, hits + 0.5), np.maximum(trials - hits, 0.0) + 0.5


def _fading(counts: RenewalCounts, polarization: Floats) -> Floats:
    """Churn in each period as a share of that in the first; shape (m, T)."""
    rest = 1 - polarization[:, None]
    return np.asarray(rest / (rest + polarization[:, None] * np.arange(counts.periods)))


def _mixed_likelihood(counts: RenewalCounts, churn: Floats, polarization: Floats) -> Floats:
    return log_likelihood(counts, np.log1p(-churn[:, None] * _fading(counts, polarization)))


def _normalized(logs: Floats) -> Floats:
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())


def share_trials(model: str, counts: RenewalCounts) -> tuple[int, int]:
    """Return how many customers left, of how many, for the models whose one parameter is that share."""
    if model == "leavers_and_stayers":
        return int(counts.losses[0]), int(counts.at_risk[0])
    return int(counts.losses.sum()), int(counts.at_risk.sum())


def _coordinates(parameters: Floats, *, beta_like: bool) -> Floats:
    logs = np.log(parameters)
    if beta_like:
        logs[:2] = [logs[0] - logs[1], 1 / (1 + parameters[0] + parameters[1])]
    return np.asarray(logs)


def _parameters(coordinates: Floats, *, beta_like: bool) -> Floats:
    if not beta_like:
        return np.exp(coordinates)
    odds, polarization, *log_power = coordinates
    total = 1 / polarization - 1
    return np.array([total / (1 + np.exp(-odds)), total / (1 + np.exp(odds)), *np.exp(log_power)])
