"""Purchase models fitted by maximum likelihood: BG/NBD, MBG/NBD, and what takes their place."""

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from retention_kit import formats
from retention_kit.errors import ParameterError, did_you_mean
from retention_kit.models.purchase_likelihood import PurchaseLikelihood
from retention_kit.models.purchase_limits import BOUNDS, LIMITS, TITLES, as_law, hill_of, log_slopes, named
from retention_kit.models.purchase_peak import Peak, climbed, drops, turned_covariance
from retention_kit.models.purchase_result import PurchaseFit
from retention_kit.models.purchase_rows import PurchaseCounts

__all__ = ["PurchaseModel", "purchase_fit"]

PurchaseModel = Literal["bg_nbd", "mbg_nbd"]
Floats = NDArray[np.float64]
_ROWS = 3000  # on which starts are tried; the best is then climbed from on all rows
_SHAPES, _SHARES, _TOTALS = (0.3, 3.0), (0.1, 0.5), (0.5, 4.0)  # r, a / (a + b) and a + b to start from
_TRIFLE, _ROUNDING = 1e-3, 1e-11  # log-likelihood that makes no model better, and share of it
_SAME = 1e-3, 1e-7  # by which two starts may differ and still agree, and share of it
_VAGUE = 4.0  # standard error of a coordinate beyond which simpler models are tried
_PARABOLA = 1.4, 2.8  # falls at two standard errors, for which the normal approximation holds


def purchase_fit(rows: PurchaseCounts, *, model: PurchaseModel = "bg_nbd") -> PurchaseFit:
    """Return the law of purchases and of leaving under which the histories are likeliest.

    Customers buy at rates that differ between them (gamma), and leave after a purchase with chances that
    differ too (beta); nobody sees them leave. Where the data cannot tell the parameters (no repeat
    purchase, one customer, all alike), a simpler model takes their place, and ``reason`` says why.

    Parameters
    ----------
    rows : PurchaseCounts
        Distinct histories with the customers who have each: ``PurchaseSummary.rows``, or
        `PurchaseHistories`.
    model : {"bg_nbd", "mbg_nbd"}
        Customers may leave after each repeat purchase; or after the first purchase too.

    Returns
    -------
    PurchaseFit

    Raises
    ------
    DataError
        When there are no customers, or a history is impossible.
    ParameterError
        When the model is unknown.

    References
    ----------
    Fader, Hardie and Lee (2005), Marketing Science 24(2), 275-284. Batislam, Denizel and Filiztekin
    (2007), International Journal of Research in Marketing 24(3), 201-209.

    Examples
    --------
    >>> from retention_kit.models.purchase_rows import PurchaseHistories
    >>> x, recency, age = np.array([0, 1, 2, 5]), np.array([0.0, 3.0, 20.0, 30.0]), np.full(4, 39.0)
    >>> fit = purchase_fit(PurchaseHistories(x, recency, age, customers=np.array([80, 10, 6, 4])))
    >>> fit.model, f"{fit.expected_purchases_of_new(39):.1f}"  # seen: 42 purchases of 100 customers
    ('bg_nbd', '0.4')
    """
    models = get_args(PurchaseModel)
    if model not in models:
        raise ParameterError(
            f"There is no model {model!r}.",
            todo=f"{did_you_mean(str(model), models)} Choose one of: {', '.join(models)}.".strip(),
        )
    likelihood = PurchaseLikelihood.of(rows, first=int(model == "mbg_nbd"))
    counts = likelihood.rows
    repeats = float(counts.customers @ counts.frequency)
    if not repeats:
        return _nobody(model, likelihood)
    rate = repeats / float(counts.customers @ counts.age) * likelihood.scale
    search = _Search(model, likelihood, np.log(rate))
    peak, agreeing = search.whole()
    limits = {name: search.limit(name, peak.point) for name in ("poisson", "nbd")}
    heights = {name: found.value for name, found in limits.items()}
    vague = np.sqrt(np.diag(peak.covariance)).max() if peak.inside else np.inf
    if vague > _VAGUE or not _higher(peak.value, max(heights.values())):
        limits |= {name: search.limit(name, peak.point) for name in LIMITS if name not in limits}
        highest = max(peak.value, *(found.value for found in limits.values()))
        for name, found in limits.items():
            if not _higher(highest, found.value):
                reason = f"In place of the {TITLES[model]}: {TITLES[name]}, because {LIMITS[name].finding}."
                return _result(search, name, found, heights, reason)
    if not peak.inside:
        reason = (
            f"The likelihood of the {TITLES[model]} has no peak: it still rises where parameters leave every "
            "plausible range. What follows from them holds, the parameters themselves do not."
        )
        return _result(search, model, peak, heights, reason)
    reason = f"The highest likelihood, reached from {agreeing} of {len(search.starts)} starts."
    return _result(search, model, peak, heights, reason)


@dataclass(frozen=True)
class _Search:
    model: str
    likelihood: PurchaseLikelihood
    log_rate: float

    @property
    def starts(self) -> list[Floats]:
        parts = product(_SHAPES, _SHARES, _TOTALS)
        # Those who leave buy less than their rate: the higher the chance to leave, the higher the rate.
        return [
            np.array([self.log_rate + 2 * share, np.log(r), np.log(share / (1 - share)), np.log(total)])
            for r, share, total in parts
        ]

    @cached_property
    def few(self) -> PurchaseLikelihood:
        """The likelihood of some rows, on which starts are tried."""
        return self.likelihood.thinned(_ROWS)

    def whole(self) -> tuple[Peak, int]:
        """The peak of the whole model, and how many starts led there."""
        few = self.few
        found = [climbed(hill_of(few, self.model), start, BOUNDS) for start in self.starts]
        best = max(found, key=lambda peak: peak.value)
        near = _SAME[0] + _SAME[1] * abs(best.value)
        agreeing = sum(peak.value >= best.value - near for peak in found)
        if few is self.likelihood:
            return best, agreeing
        return climbed(hill_of(self.likelihood, self.model), best.point, BOUNDS), agreeing

    def limit(self, name: str, near: Floats) -> Peak:
        """The peak of a simpler model, also looked for near that of the whole one."""
        held, size = LIMITS[name].held, 2 if LIMITS[name].staying else 4
        bounds, fixed, found = BOUNDS[:, :size], tuple(held), []
        for start in (near.copy(), *self.starts[::2]):
            start[list(held)] = list(held.values())
            found.append(climbed(hill_of(self.few, name), start[:size], bounds, held=fixed))
        best = max(found, key=lambda peak: peak.value)
        if self.few is self.likelihood:
            return best
        return climbed(hill_of(self.likelihood, name), best.point, bounds, held=fixed)


def _result(search: _Search, model: str, peak: Peak, heights: dict[str, float], reason: str) -> PurchaseFit:
    likelihood = search.likelihood
    held = LIMITS[model].held if model in LIMITS else ()
    covariance = turned_covariance(peak, log_slopes(model, peak.point), held=held)
    falls = drops(hill_of(likelihood, model), peak, BOUNDS[:, : peak.point.size])
    quadratic = model == search.model and peak.inside
    quadratic = quadratic and bool(((falls > _PARABOLA[0]) & (falls < _PARABOLA[1])).all())
    falls.flags.writeable = False
    return PurchaseFit(
        *as_law(model, peak.point, likelihood.scale),
        likelihood.first,
        likelihood.rows.unit,
        model=model,
        asked=search.model,
        parameters=MappingProxyType(named(model, peak.point, likelihood.scale)),
        covariance=covariance,
        log_likelihood=peak.value + likelihood.unscaled,
        nested=MappingProxyType({name: value + likelihood.unscaled for name, value in heights.items()}),
        customers=int(likelihood.rows.customers.sum()),
        converged=model == search.model and peak.inside,
        quadratic=quadratic,
        drops=falls,
        reason=reason,
        likelihood=likelihood,
        peak=peak,
    )


def _nobody(model: str, likelihood: PurchaseLikelihood) -> PurchaseFit:
    """Without a repeat purchase there is no rate; it may be small."""
    exposure = float(likelihood.rows.customers @ likelihood.rows.age)
    watched = formats.plural(round(exposure), likelihood.rows.unit)
    days = f"in {watched} that customers were watched" if round(exposure) else "yet"
    point = np.array([-np.inf, 0.0])
    return PurchaseFit(
        1.0,
        np.inf,
        0.0,
        1.0,
        likelihood.first,
        likelihood.rows.unit,
        model="poisson",
        asked=model,
        parameters=MappingProxyType({"rate": 0.0}),
        covariance=np.full((1, 1), np.nan),
        log_likelihood=0.0,
        nested=MappingProxyType({"poisson": 0.0, "nbd": 0.0}),
        customers=int(likelihood.rows.customers.sum()),
        converged=False,
        quadratic=False,
        drops=np.empty((2, 0)),
        reason=f"Nobody bought again {days}, so no rate of buying and no leaving can be told.",
        likelihood=likelihood,
        peak=Peak(point, 0.0, np.full((2, 2), np.nan), np.ones(2, dtype=bool)),
    )


def _higher(height: float, other: float) -> bool:
    """Whether a log-likelihood is above another by more than rounding and more than a trifle."""
    return height - _TRIFLE - _ROUNDING * abs(height) > other
