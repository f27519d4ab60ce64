"""What a spend fit is: the Gamma-Gamma law with its uncertainty, and what a customer will spend."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retention_kit.errors import DataError, listing
from retention_kit.models.gathering import ENOUGH
from retention_kit.models.purchase_draws import importance_draws
from retention_kit.models.purchase_peak import Hill, Peak
from retention_kit.models.purchase_result import log_intervals, whole_draws
from retention_kit.models.spend_likelihood import SpendLikelihood, natural

__all__ = ["SPEND_BOUNDS", "SPEND_TITLES", "SpendFit"]

Floats = NDArray[np.float64]
# Of the coordinates: log p, log (q - 1), log of the mean.
SPEND_BOUNDS = np.array([[np.log(1e-3), np.log(0.05), -30.0], [np.log(1e6), np.log(1e6), 30.0]])
SPEND_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "gamma_gamma": "Gamma-Gamma",
        "same_mean": "one mean for all, and purchases differ (gamma)",
        "own_amount": "means differ, and each customer always spends its own",
        "same_spend": "the same amount at every purchase",
        "no_spend": "no spend is known",
    }
)


@dataclass(frozen=True, eq=False)
class SpendFit:
    """The Gamma-Gamma model of what customers spend per purchase, fitted by maximum likelihood.

    Attributes
    ----------
    p, q, v : float
        The law: purchases of a customer are gamma with shape p, their rate over customers is gamma with
        shape q and rate v. Where customers or purchases are alike, q or p is a million.
    model : str
        ``gamma_gamma``, or a simpler one that takes its place, a key of `SPEND_TITLES`.
    parameters : mapping of str to float
        Estimates of that model by name; v and mean in currency.
    covariance : ndarray, shape (k, k)
        Of the logs of the parameters; missing (NaN) where one has run to its bound.
    log_likelihood : float
        Of the mean spends, in currency.
    customers : int
        Repeat buyers with spend.
    frequency_correlation : float
        Between a customer's purchases and its mean spend, which the model takes to be independent; missing
        where either is the same for all.
    converged : bool
        Whether the Gamma-Gamma model has a peak, and this is it.
    quadratic : bool
        Whether the log-likelihood falls by about 2 at two standard errors, as a parabola does.
    drops : ndarray, shape (2, k)
        By how much it falls.
    reason : str
        How the fit was found, or why it is another model, in words.

    References
    ----------
    Fader and Hardie (2013), "The Gamma-Gamma model of monetary value", note 025 at brucehardie.com.
    """

    p: float
    q: float
    v: float
    model: str
    parameters: Mapping[str, float]
    covariance: Floats = field(repr=False)
    log_likelihood: float
    customers: int
    frequency_correlation: float
    converged: bool
    quadratic: bool
    drops: Floats = field(repr=False)
    reason: str
    likelihood: SpendLikelihood = field(repr=False)
    peak: Peak = field(repr=False)

    @property
    def title(self) -> str:
        """What people call the model."""
        return SPEND_TITLES[self.model]

    @property
    def draws_by(self) -> Literal["normal", "importance"]:
        """How `draws` are made."""
        return "normal" if self.quadratic else "importance"

    @property
    def population_mean(self) -> float:
        """Mean spend per purchase of all customers, also of those without a repeat purchase."""
        return self.p * self.v / (self.q - 1)

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard error of each parameter, by the delta method from its log."""
        spread = np.sqrt(np.diag(self.covariance)) * np.array(list(self.parameters.values()))
        return dict(zip(self.parameters, spread.tolist(), strict=True))

    def parameter_intervals(self, *, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Return the range in which each parameter lies, from the curvature of the likelihood in its log.

        Raises
        ------
        ParameterError
            When the level is none.
        """
        return log_intervals(self.parameters, self.covariance, level=level)

    def mean_interval(self, *, level: float = 0.95) -> tuple[float, float]:
        """Return the range in which the population mean lies; missing where it is not told.

        Raises
        ------
        ParameterError
            When the level is none.
        """
        name, variance = "mean", self.peak.covariance[2:, 2:]
        return log_intervals({name: self.population_mean}, variance, level=level)[name]

    def expected_spend(self, frequency: ArrayLike, mean_spend: ArrayLike) -> Floats:
        """Return what customers will spend per purchase: between their own mean and that of all.

        E[M | x, z] = p (v + x z) / (p x + q - 1).

        Parameters
        ----------
        frequency : array_like of int
            Repeat purchase days, x.
        mean_spend : array_like
            Mean spend on them, z; not read where x = 0.

        Returns
        -------
        ndarray
            Currency per purchase; missing (NaN) where no spend is known.

        Raises
        ------
        DataError
            When a number of purchases is negative, or a mean is missing or negative.
        """
        x, mean = np.broadcast_arrays(np.asarray(frequency, float), np.asarray(mean_spend, float))
        wrong = ~((x >= 0) & np.isfinite(x)) | ((x > 0) & ~((mean >= 0) & np.isfinite(mean)))
        if wrong.any():
            shown = [f"x={a:g}, z={b:g}" for a, b in zip(x[wrong][:6], mean[wrong][:6], strict=True)]
            raise DataError(
                f"{wrong.sum():,} of {x.size:,} customers have no mean spend (first: {listing(shown)}).",
                todo="Give amounts from 0, and whole numbers of purchases.",
            )
        total = np.where(x > 0, x * np.where(x > 0, mean, 0.0), 0.0)
        return np.asarray(self.p * (self.v + total) / (self.p * x + self.q - 1))

    def draws(self, size: int, *, rng: np.random.Generator) -> Floats:
        """Return draws of p, q and v, as uncertain as the data leave them.

        Normal where ``quadratic`` says that this holds. Else in proportion to the likelihood, with
        1 / (1 + p) and 1 / q, between 0 and 1, held equally likely beforehand.

        Parameters
        ----------
        size : int
            Number of draws, at least 1.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray, shape (3, size)
            All alike where every purchase was, and missing where no spend is known.

        Raises
        ------
        ParameterError
            When the number of draws is none.
        """
        count = whole_draws(size)
        if self.model in ("same_spend", "no_spend"):
            return np.repeat([[self.p], [self.q], [self.v]], count, axis=1)
        if self.quadratic:
            points = rng.multivariate_normal(self.peak.point, self.peak.covariance, count, method="eigh")
        else:
            # As for purchases: close sums taken together tell by how much draws spread.
            hill, start = _posterior(self.likelihood.gathered(ENOUGH)), np.array([0.5, 0.5, 0.0])
            points = importance_draws(hill, start, SPEND_BOUNDS, size=count, rng=rng)
        points = np.clip(points, *SPEND_BOUNDS)
        drawn = np.array([natural(point) for point in points]).T
        return np.asarray(drawn * np.array([[1.0], [1.0], [self.likelihood.scale]]))


def _posterior(likelihood: SpendLikelihood) -> Hill:
    """The likelihood with even odds for 1 / (1 + p) and 1 / q."""

    def value(point: Floats) -> float:
        shares = 1 / (1 + np.exp(-point[:2]))
        return likelihood.value(point) + float(np.log(shares * (1 - shares)).sum())

    def shape(point: Floats) -> tuple[float, Floats, Floats]:
        _, gradient, hessian = likelihood.shape(point)
        shares = 1 / (1 + np.exp(-point[:2]))
        more = np.diag(np.append(-2 * shares * (1 - shares), 0.0))
        return value(point), gradient + np.append(1 - 2 * shares, 0.0), hessian + more

    return Hill(value, shape)
