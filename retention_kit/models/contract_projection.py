"""Contracts ahead: survival, retention and renewals to come, with the band that the data leave."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retention_kit.models.contract_result import ContractFit, from_least, residual_sum, tails
from retention_kit.models.lifetimes import LIFETIMES

__all__ = ["ContractProjection", "contract_projection", "residual_lifetime_band"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ContractProjection:
    """Survival and retention in every period ahead, with the band that the parameters leave.

    The band is that of the curve: a cohort of few customers scatters around it.

    Attributes
    ----------
    age_periods : ndarray of int, shape (m + 1,)
        Periods ahead, 0 first.
    survival, survival_low, survival_high : ndarray, shape (m + 1,)
        Share of the customers that is still there after as many periods.
    retention, retention_low, retention_high : ndarray, shape (m + 1,)
        Share of those who began the period that stayed; missing (NaN) at 0.
    tenure : int
        Periods that the customers had already completed.
    level : float
        Confidence level of the band.
    unit : str
        Name of one period.
    """

    age_periods: NDArray[np.int64]
    survival: Floats
    survival_low: Floats
    survival_high: Floats
    retention: Floats
    retention_low: Floats
    retention_high: Floats
    tenure: int
    level: float
    unit: str


def contract_projection(
    fit: ContractFit,
    periods: int,
    *,
    rng: np.random.Generator,
    tenure: int = 0,
    level: float = 0.95,
    draws: int = 1000,
) -> ContractProjection:
    """Return survival and retention for every period ahead, with a band from draws of the parameters.

    Parameters
    ----------
    fit : ContractFit
        The model.
    periods : int
        How far ahead, at least 1.
    rng : numpy.random.Generator
        Source of randomness; the same seed gives the same band.
    tenure : int
        Periods that the customers have already completed.
    level : float
        Confidence level, between 0 and 1.
    draws : int
        Number of draws, at least 1.

    Returns
    -------
    ContractProjection

    Raises
    ------
    ParameterError
        A number is out of its range.
    """
    ages = np.arange(int(from_least(1, periods, "periods")) + 1)
    survival = fit.survival(ages, tenure=tenure)
    retention = fit.retention(tenure + ages[1:])
    drawn = fit.draws(draws, rng=rng)[:, None, :]
    stay, ends = LIFETIMES[fit.drawn_model].log_stay, tenure + ages[:, None].astype(float)
    survival_low, survival_high = _band(np.exp(stay(float(tenure), ends, drawn)), survival, level)
    stayed = _band(np.exp(stay(ends[1:] - 1, ends[1:], drawn)), retention, level)
    retention, retention_low, retention_high = (np.append(np.nan, rate) for rate in (retention, *stayed))
    return ContractProjection(
        age_periods=ages,
        survival=survival,
        survival_low=survival_low,
        survival_high=survival_high,
        retention=retention,
        retention_low=retention_low,
        retention_high=retention_high,
        tenure=int(tenure),
        level=level,
        unit=fit.counts.unit,
    )


def residual_lifetime_band(
    fit: ContractFit,
    renewal: ArrayLike = 1,
    *,
    discount_rate: float,
    rng: np.random.Generator,
    level: float = 0.95,
    draws: int = 1000,
) -> tuple[Floats, Floats]:
    """Return the range in which the renewals still to come lie, from draws of the parameters.

    Parameters
    ----------
    fit : ContractFit
        The model.
    renewal, discount_rate
        As for `ContractFit.residual_lifetime`.
    rng : numpy.random.Generator
        Source of randomness; the same seed gives the same band.
    level : float
        Confidence level, between 0 and 1.
    draws : int
        Number of draws, at least 1.

    Returns
    -------
    low, high : ndarray
        Periods, of the shape of ``renewal``.

    Raises
    ------
    ParameterError
        A renewal is below 1, or the discount rate, the level or the number of draws is out of range.
    """
    point = fit.residual_lifetime(renewal, discount_rate=discount_rate)
    due = from_least(1, renewal, "renewal")
    drawn = fit.draws(draws, rng=rng)
    values = [residual_sum(fit.drawn_model, drawn, n - 1, discount_rate) for n in due.ravel()]
    return _band(np.reshape(values, (*due.shape, draws)), point, level)


def _band(drawn: Floats, point: Floats, level: float) -> tuple[Floats, Floats]:
    """Quantiles over the last axis, widened to the estimate where it lies at an end of what is possible."""
    low, high = tails(level)
    ordered, last = np.sort(drawn, axis=-1), drawn.shape[-1] - 1  # not np.quantile: some may be infinite
    lowest, highest = ordered[..., int(low * last)], ordered[..., int(np.ceil(high * last))]
    return np.minimum(lowest, point), np.maximum(highest, point)
