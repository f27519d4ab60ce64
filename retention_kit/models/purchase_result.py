"""What a purchase fit is: a law with its uncertainty, and where it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retention_kit.errors import ParameterError
from retention_kit.models.purchase_draws import purchase_draws
from retention_kit.models.purchase_law import PurchaseLaw
from retention_kit.models.purchase_likelihood import PurchaseLikelihood
from retention_kit.models.purchase_limits import TITLES
from retention_kit.models.purchase_peak import Peak

__all__ = ["PurchaseFit", "log_intervals", "whole_draws"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class _Fitted:
    """What a fit adds to a law."""

    model: str
    asked: str
    parameters: Mapping[str, float]
    covariance: Floats = field(repr=False)
    log_likelihood: float
    nested: Mapping[str, float] = field(repr=False)
    customers: int
    converged: bool
    quadratic: bool
    drops: Floats = field(repr=False)
    reason: str
    likelihood: PurchaseLikelihood = field(repr=False)
    peak: Peak = field(repr=False)


@dataclass(frozen=True, eq=False)
class PurchaseFit(_Fitted, PurchaseLaw):
    """A law of purchases and of leaving, fitted by maximum likelihood.

    It is a `PurchaseLaw`: what customers will buy follows from it directly. A simpler model is written as
    the law it is a limit of, with r or a + b of a million where customers are alike.

    Attributes
    ----------
    model : str
        What was fitted: ``bg_nbd``, ``mbg_nbd``, or a simpler one, a key of `LIMITS`.
    asked : str
        The model that was asked for.
    parameters : mapping of str to float
        Estimates of that model by name; alpha in ``unit``, a rate per ``unit``.
    covariance : ndarray, shape (k, k)
        Of the logs of the parameters; missing (NaN) where a parameter has run to its bound.
    log_likelihood : float
        With times in ``unit``.
    nested : mapping of str to float
        Log-likelihood if nobody left (``nbd``), and if in addition all bought alike (``poisson``).
    customers : int
        How many there are.
    converged : bool
        Whether the model that was asked for has a peak, and this is it.
    quadratic : bool
        Whether the log-likelihood falls by about 2 at two standard errors from the peak, as a parabola
        does; `draws` are normal then, else weighted by the likelihood.
    drops : ndarray, shape (2, k)
        By how much it falls, both ways along each axis of the ellipse of the covariance.
    reason : str
        How the fit was found, or why it is another model, in words.
    """

    @property
    def title(self) -> str:
        """What people call the model."""
        return TITLES[self.model]

    @property
    def draws_by(self) -> Literal["normal", "importance"]:
        """How `draws` are made."""
        return "normal" if self.quadratic else "importance"

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard error of each parameter, by the delta method from its log."""
        spread = np.sqrt(np.diag(self.covariance)) * np.array(list(self.parameters.values()))
        return dict(zip(self.parameters, spread.tolist(), strict=True))

    def parameter_intervals(self, *, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Return the range in which each parameter lies, from the curvature of the likelihood in its log.

        Parameters
        ----------
        level : float
            Confidence level, between 0 and 1.

        Raises
        ------
        ParameterError
            When the level is none.
        """
        return log_intervals(self.parameters, self.covariance, level=level)

    def draws(self, size: int, *, rng: np.random.Generator) -> Floats:
        """Return draws of the parameters of the whole model, as uncertain as the data leave them.

        Normal where ``quadratic`` says that this holds. Else in proportion to the likelihood, with the
        mean chance to leave and how much customers differ (1 / (1 + r) and 1 / (1 + a + b), between 0 and
        1) held equally likely beforehand: a simpler model that explains the data does not rule out the
        whole one.

        Parameters
        ----------
        size : int
            Number of draws, at least 1.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray, shape (4, size)
            r, alpha, a and b.

        Raises
        ------
        ParameterError
            When the number of draws is none.
        """
        return purchase_draws(self.likelihood, self.peak, whole_draws(size), normal=self.quadratic, rng=rng)

    def laws(self, size: int, *, rng: np.random.Generator) -> list[PurchaseLaw]:
        """Return `draws` as laws, from each of which follows what customers will buy."""
        return [
            PurchaseLaw(r, alpha, a, b, self.first, self.unit)
            for r, alpha, a, b in self.draws(size, rng=rng).T.tolist()
        ]


def log_intervals(
    parameters: Mapping[str, float], covariance: Floats, *, level: float
) -> dict[str, tuple[float, float]]:
    """Return intervals of positive parameters from the covariance of their logs."""
    if not 0 < level < 1:
        raise ParameterError(f"level={level!r} is no confidence level.", todo="Choose one between 0 and 1.")
    from scipy.special import ndtri

    spread = np.exp(ndtri((1 + level) / 2) * np.sqrt(np.diag(covariance)))
    return {
        name: (float(value / factor), float(value * factor))
        for (name, value), factor in zip(parameters.items(), spread, strict=True)
    }


def whole_draws(size: int) -> int:
    """Return a number of draws, or say that it is none."""
    if size < 1:
        raise ParameterError(f"{size!r} draws cannot be made.", todo="Give a whole number from 1.")
    return size
