"""What a contractual fit is: frozen parameters, and what follows from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, ndtri

from retention_kit.errors import ParameterError
from retention_kit.models.draws import parameter_draws, share_trials, undecided_draws
from retention_kit.models.lifetimes import LIFETIMES
from retention_kit.models.renewals import RenewalCounts
from retention_kit.models.residual import constant_churn_residual, discounted_sum

__all__ = ["ContractFit", "from_least", "residual_sum", "tails"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ContractFit:
    """A model of how long contracts last, fitted by maximum likelihood.

    Attributes
    ----------
    model : str
        The model that was fitted, a key of `LIFETIMES`.
    asked : str
        The model that was asked for; another one where the data cannot tell its parameters.
    parameters : mapping of str to float
        Estimates by name.
    covariance : ndarray, shape (k, k)
        Of the logs of the parameters; missing (NaN) where a share is 0.
    log_likelihood : float
        Without the constant that does not depend on the parameters.
    counts : RenewalCounts
        What was fitted: customers, periods and their unit.
    converged : bool
        Whether the model that was asked for was found at a peak of its likelihood.
    reason : str
        Why, in words.
    """

    model: str
    asked: str
    parameters: Mapping[str, float]
    covariance: Floats = field(repr=False)
    log_likelihood: float
    counts: RenewalCounts = field(repr=False)
    converged: bool
    reason: str

    @property
    def title(self) -> str:
        """What people call the model."""
        return LIFETIMES[self.model].title

    @property
    def drawn_model(self) -> str:
        """The model whose parameters are drawn for bands.

        Where a share of customers took the place of a beta model, it is the shifted beta-geometric: data
        that show no differences between customers do not rule them out.
        """
        beta_asked = LIFETIMES[self.asked].symbols[0] == "alpha"
        return "shifted_beta_geometric" if beta_asked and len(self.parameters) == 1 else self.model

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard error of each parameter, by the delta method from the log."""
        spread = np.sqrt(np.diag(self.covariance)) * self._values
        return dict(zip(self.parameters, spread.tolist(), strict=True))

    def parameter_intervals(self, *, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Return the range in which each parameter lies.

        Parameters
        ----------
        level : float
            Confidence level, between 0 and 1.

        Returns
        -------
        dict of str to (float, float)
            From the curvature of the likelihood in the logs of the parameters, which is too hopeful
            where customers hardly differ: then look at the band of a projection. For a share of
            customers Jeffreys' interval, which reaches 0 or 1 where nobody or everybody left.

        Raises
        ------
        ParameterError
            The level is not between 0 and 1.
        """
        low, high = tails(level)
        if len(self.parameters) == 1:
            hits, trials = share_trials(self.model, self.counts)
            ends = betaincinv(hits + 0.5, trials - hits + 0.5, [low, high])
            ends = np.where([hits == 0, hits == trials], [0.0, 1.0], ends)[None]
        else:
            spread = np.sqrt(np.diag(self.covariance))[:, None] * ndtri([low, high])
            ends = self._values[:, None] * np.exp(spread)
        return {name: (float(a), float(b)) for name, (a, b) in zip(self.parameters, ends, strict=True)}

    def survival(self, periods: ArrayLike, *, tenure: int = 0) -> Floats:
        """Return the share of customers that is still there after so many periods.

        Parameters
        ----------
        periods : array_like
            Periods ahead, at least 0.
        tenure : int
            Periods that the customers have already completed.

        Returns
        -------
        ndarray
            Fractions, of the shape of ``periods``: S(tenure + t) / S(tenure).

        Raises
        ------
        ParameterError
            A number of periods is negative.
        """
        ahead = from_least(0, periods, "periods")
        after = from_least(0, tenure, "tenure")
        return np.exp(LIFETIMES[self.model].log_stay(after, after + ahead, self._values))

    def retention(self, period: ArrayLike) -> Floats:
        """Return the share of those who began a period of their contract that stays through it.

        Parameters
        ----------
        period : array_like
            Which period, 1 for the first.

        Returns
        -------
        ndarray
            Fractions, of the shape of ``period``: S(t) / S(t - 1).

        Raises
        ------
        ParameterError
            A period is below 1.
        """
        which = from_least(1, period, "period")
        return np.exp(LIFETIMES[self.model].log_stay(which - 1, which, self._values))

    def expected_lifetime(self) -> float:
        """Return the mean number of periods of a contract, the first included.

        Returns
        -------
        float
            Infinite where the model has no mean, as the shifted beta-geometric with alpha up to 1: a few
            customers never seem to leave. Then discount, or sum `survival` up to a horizon.
        """
        return 1.0 + float(residual_sum(self.model, self._values[:, None], 0, 0.0)[0])

    def residual_lifetime(self, renewal: ArrayLike = 1, *, discount_rate: float) -> Floats:
        """Return how many renewals are still to come from a customer whose next one is about to fall due.

        Discounted expected residual lifetime: the sum over t >= n of S(t) / S(n - 1) / (1 + d)^(t - n).

        Parameters
        ----------
        renewal : array_like of int
            Which renewal n is due, 1 for the first; the customer has made n - 1 of them.
        discount_rate : float
            d per period of the counts; 0, or from 1e-6.

        Returns
        -------
        ndarray
            Periods, of the shape of ``renewal``; infinite where the sum has no limit.

        Raises
        ------
        ParameterError
            A renewal is below 1, or the discount rate is no rate.

        References
        ----------
        Fader and Hardie (2010), "Customer-base valuation in a contractual setting: the perils of ignoring
        heterogeneity", Marketing Science 29(1), 85-93.
        """
        due = from_least(1, renewal, "renewal")
        one = self._values[:, None]
        values = [residual_sum(self.model, one, n - 1, discount_rate)[0] for n in due.ravel()]
        return np.reshape(values, due.shape)

    def residual_lifetime_shortcut(self, *, discount_rate: float) -> float:
        """Return what `residual_lifetime` would be if everyone always stayed as in the first period.

        Parameters
        ----------
        discount_rate : float
            Per period of the counts.

        Returns
        -------
        float
            Periods. The gap to `residual_lifetime` is the price of taking customers to be alike.

        Raises
        ------
        ParameterError
            The discount rate is no rate.
        """
        return float(constant_churn_residual(self.retention(1), discount_rate=discount_rate))

    def draws(self, size: int, *, rng: np.random.Generator) -> Floats:
        """Return draws of the parameters in proportion to their likelihood.

        Parameters
        ----------
        size : int
            Number of draws, at least 1.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray, shape (k, size)
            One row per parameter of `drawn_model`.

        Raises
        ------
        ParameterError
            The number of draws is below 1.
        """
        number = int(from_least(1, size, "draws"))
        if self.drawn_model != self.model:
            return undecided_draws(self.counts, size=number, rng=rng)
        return parameter_draws(self.model, self._values, self.covariance, self.counts, size=number, rng=rng)

    @property
    def _values(self) -> Floats:
        return np.array(list(self.parameters.values()))


def residual_sum(model: str, parameters: Floats, tenure: float, discount_rate: float) -> Floats:
    """Return the discounted renewals to come per set of parameters, shape (n,), for parameters (k, n)."""
    stay = LIFETIMES[model].log_stay
    return discounted_sum(lambda ages: stay(tenure, tenure + ages, parameters), discount_rate)


def from_least(least: int, values: ArrayLike, name: str) -> Floats:
    """Return whole numbers that are large enough, as floats, or say which is not."""
    numbers = np.asarray(values, dtype=float)
    wrong = ~((numbers >= least) & (numbers == np.round(numbers)))
    if wrong.any():
        raise ParameterError(
            f"{name} holds {numbers[wrong].flat[0]:g}.", todo=f"Give whole numbers from {least}."
        )
    return numbers


def tails(level: float) -> tuple[float, float]:
    """Return the shares below and up to the ends of an interval, or say that the level is none."""
    if not 0 < level < 1:
        raise ParameterError(f"level={level!r} is no confidence level.", todo="Choose one between 0 and 1.")
    return (1 - level) / 2, (1 + level) / 2
