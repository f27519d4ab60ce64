"""What customers spend per purchase: Gamma-Gamma by maximum likelihood, and what takes its place."""

from itertools import product
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from retention_kit.models.purchase_peak import Hill, Peak, climbed, drops, turned_covariance
from retention_kit.models.spend_likelihood import SpendCounts, SpendLikelihood, natural
from retention_kit.models.spend_result import SPEND_BOUNDS, SPEND_TITLES, SpendFit

__all__ = ["spend_fit"]

Floats = NDArray[np.float64]
_ROWS = 3000  # on which starts are tried
_STARTS = (0.5, 5.0)  # p and q - 1 to start from
_TRIFLE, _ROUNDING = 1e-3, 1e-11  # log-likelihood that makes no model better, and share of it
_SAME = 1e-3, 1e-7  # by which two starts may differ and still agree, and share of it
_VAGUE = 4.0  # standard error of a coordinate beyond which simpler models are tried
_PARABOLA = 1.4, 2.8  # falls at two standard errors, for which the normal approximation holds
_EQUAL = 1e-9  # share by which amounts that are the same differ
_LIMITS = {"same_mean": {1: SPEND_BOUNDS[1, 1]}, "own_amount": {0: SPEND_BOUNDS[1, 0]}}
_NAMES = {
    "gamma_gamma": ("p", "q", "v"),
    "same_mean": ("p", "mean"),
    "own_amount": ("q", "mean"),
    "same_spend": ("mean",),
    "no_spend": (),
}
_FINDINGS = {
    "same_mean": "the means of customers differ no more than chance alone would make them",
    "own_amount": "purchases of a customer do not differ from each other",
}


def spend_fit(rows: SpendCounts) -> SpendFit:
    """Return the law of spend under which what repeat buyers spent is likeliest.

    Purchases of a customer vary about its own mean, and means differ between customers; neither depends
    on how often it buys. Where the data cannot tell, a simpler model takes its place, and ``reason`` says
    why.

    Parameters
    ----------
    rows : SpendCounts
        Distinct sums over repeat purchase days with the customers who have each:
        ``PurchaseSummary.spend_rows``.

    Returns
    -------
    SpendFit

    Raises
    ------
    DataError
        When a row has no repeat purchase, or no spend.

    References
    ----------
    Fader, Hardie and Lee (2005), "RFM and CLV: using iso-value curves for customer base analysis", Journal
    of Marketing Research 42(4), 415-430. Fader and Hardie (2013), note 025 at brucehardie.com.
    """
    likelihood = SpendLikelihood.of(rows)
    if not likelihood.frequency.size:
        reason = "Nobody bought again and paid for it, so what customers spend cannot be told."
        return _result(likelihood, "no_spend", _at(np.full(3, np.nan)), reason)
    means = likelihood.means
    if means.max() - means.min() <= _EQUAL * means.max():
        point = np.array([SPEND_BOUNDS[1, 0], SPEND_BOUNDS[1, 1], float(np.log(means[0]))])
        reason = "Every customer spent the same per purchase, so there are no differences to fit."
        return _result(likelihood, "same_spend", _at(point), reason)
    few = likelihood.thinned(_ROWS)
    starts = [np.array([np.log(p), np.log(q), 0.0]) for p, q in product(_STARTS, repeat=2)]
    found = [climbed(Hill(few.value, few.shape), start, SPEND_BOUNDS) for start in starts]
    peak = max(found, key=lambda one: one.value)
    agreeing = sum(one.value >= peak.value - _SAME[0] - _SAME[1] * abs(peak.value) for one in found)
    hill = Hill(likelihood.value, likelihood.shape)
    if few is not likelihood:
        peak = climbed(hill, peak.point, SPEND_BOUNDS)
    if not peak.inside or np.sqrt(np.diag(peak.covariance)).max() > _VAGUE:
        limits = {name: _limit(hill, [peak.point, *starts], held) for name, held in _LIMITS.items()}
        highest = max(peak.value, *(one.value for one in limits.values()))
        for name, one in limits.items():
            if highest - _TRIFLE - _ROUNDING * abs(highest) <= one.value:
                why = f"In place of the Gamma-Gamma model: {SPEND_TITLES[name]}, because {_FINDINGS[name]}."
                return _result(likelihood, name, one, why)
    if not peak.inside:
        reason = (
            "The likelihood has no peak: it still rises where customers differ so much that they have no "
            "mean spend any longer. A few very large amounts may be the cause."
        )
        return _result(likelihood, "gamma_gamma", peak, reason)
    reason = f"The highest likelihood, reached from {agreeing} of {len(starts)} starts."
    return _result(likelihood, "gamma_gamma", peak, reason)


def _limit(hill: Hill, starts: list[Floats], held: dict[int, float]) -> Peak:
    found = []
    for start in starts:
        begin = start.copy()
        begin[list(held)] = list(held.values())
        found.append(climbed(hill, begin, SPEND_BOUNDS, held=tuple(held)))
    return max(found, key=lambda one: one.value)


def _at(point: Floats) -> Peak:
    return Peak(point, np.nan, np.full((3, 3), np.nan), np.ones(3, dtype=bool))


def _result(likelihood: SpendLikelihood, model: str, peak: Peak, reason: str) -> SpendFit:
    p, q, v = natural(peak.point)
    v *= likelihood.scale
    values = {"p": p, "q": q, "v": v, "mean": float(np.exp(peak.point[2])) * likelihood.scale}
    rest = (q - 1) / q
    slopes = {"p": [1, 0, 0], "q": [0, rest, 0], "v": [-1, 1, 1], "mean": [0, 0, 1]}
    names = _NAMES[model]
    turned = np.array([slopes[name] for name in names], dtype=float).reshape(len(names), 3)
    covariance = turned_covariance(peak, turned, held=_LIMITS.get(model, {}))
    falls = drops(Hill(likelihood.value, likelihood.shape), peak, SPEND_BOUNDS)
    converged = model == "gamma_gamma" and peak.inside
    falls.flags.writeable = False
    return SpendFit(
        p=p,
        q=q,
        v=v,
        model=model,
        parameters=MappingProxyType({name: values[name] for name in names}),
        covariance=covariance,
        log_likelihood=peak.value + likelihood.unscaled,
        customers=int(likelihood.customers.sum()),
        frequency_correlation=_correlation(likelihood),
        converged=converged,
        quadratic=converged and bool(((falls > _PARABOLA[0]) & (falls < _PARABOLA[1])).all()),
        drops=falls,
        reason=reason,
        likelihood=likelihood,
        peak=peak,
    )


def _correlation(likelihood: SpendLikelihood) -> float:
    """Pearson's correlation of purchases and mean spend over customers."""
    if not likelihood.frequency.size:
        return float("nan")
    both = np.array([likelihood.frequency, likelihood.means])
    weights = likelihood.customers / likelihood.customers.sum()
    away = both - (both @ weights)[:, None]
    covariance = (away * weights) @ away.T
    spread = np.sqrt(covariance[0, 0] * covariance[1, 1])
    return float(covariance[0, 1] / spread) if spread > 0 else float("nan")
