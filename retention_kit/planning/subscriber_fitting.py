"""From contracts counted by tenure and parameter draws to what-ifs."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retention_kit.errors import DataError, ParameterError
from retention_kit.planning.beta_rule import beta_weights, log_odds_moments
from retention_kit.planning.levers import Levers
from retention_kit.planning.subscribers import Subscribers

if TYPE_CHECKING:
    from retention_kit.models.contract_result import ContractFit

__all__ = ["subscriber_estimates", "subscriber_parameters", "subscribers"]

Floats = NDArray[np.float64]
_NODES = 128
_REACH = 24.0  # steps from the means to the ends of the grid
_LEAST, _MOST = -36.0, 30.0  # log odds beyond which nobody is told from who never, or at once, leaves
_ALIKE = 1e-8  # polarization of customers who are all alike, to rounding


def subscriber_parameters(fit: "ContractFit", size: int, *, rng: np.random.Generator) -> Floats:
    """Return draws of alpha and beta for `subscribers` from a fit.

    Raises
    ------
    ParameterError
        Churn changes with age in the model, so that a saved share has no simple meaning.
    """
    drawn = fit.draws(size, rng=rng)
    if fit.drawn_model == "shifted_beta_geometric":
        return drawn
    if fit.drawn_model == "constant_churn":
        return np.vstack([drawn, 1 - drawn]) / _ALIKE
    raise ParameterError(
        f"What-ifs need each customer's churn to stay as it is, and in the {fit.title} model it does not.",
        todo="Fit the shifted_beta_geometric model.",
    )


def subscriber_estimates(fit: "ContractFit") -> Floats:
    """Return alpha and beta of a fit's estimates for `subscribers`, shape (2, 1)."""
    estimates = np.array(list(fit.parameters.values()))[:, None]
    if fit.model == "shifted_beta_geometric":
        return estimates
    return np.vstack([estimates, 1 - estimates]) / _ALIKE


def subscribers(
    renewals: ArrayLike,
    customers: ArrayLike,
    monthly_revenue: ArrayLike,
    parameters: ArrayLike,
    *,
    start: Levers,
    segment: ArrayLike | None = None,
    period_months: float = 1.0,
) -> Subscribers:
    """Return customers who hold contracts, ready for what-ifs.

    Parameters
    ----------
    renewals : array_like of int, shape (n,)
        Renewals that the customers of each row have made.
    customers : array_like, shape (n,)
        Customers of the row whose contract runs.
    monthly_revenue : array_like, shape (n,)
        What all of them pay per month together.
    parameters : array_like, shape (2, draws)
        alpha and beta of the shifted beta-geometric model per renewal period.
    start : Levers
        Where the levers stand in the data.
    segment : array_like of str, shape (n,), optional
        The segment of each row.
    period_months : float
        Months from one renewal to the next.

    Returns
    -------
    Subscribers

    Raises
    ------
    DataError
        There are no contracts, or a count is out of its range.
    ParameterError
        Parameters are not positive numbers.
    """
    made, held, paid = (
        np.atleast_1d(np.asarray(c, dtype=float)) for c in (renewals, customers, monthly_revenue)
    )
    names = np.zeros(1, dtype="U1") if segment is None else np.asarray(segment).astype(str)
    made, held, paid, names = np.broadcast_arrays(made, held, paid, names)
    wrong = ~((made >= 0) & (held > 0) & (paid >= 0) & np.isfinite(made + held + paid))
    if not made.size or wrong.any():
        raise DataError(
            f"{wrong.sum()} of {made.size} rows could not come from contracts that run.",
            todo="Renewals and revenue are at least 0, customers more than 0, and there is at least one row.",
        )
    drawn = np.asarray(parameters, dtype=float)
    if (
        drawn.ndim != 2
        or drawn.shape[0] != 2
        or not (np.isfinite(drawn) & (drawn >= 0)).all()
        or not drawn.size
    ):
        raise ParameterError(
            f"Parameter draws of shape {drawn.shape} do not fit, or are not all numbers of at least 0.",
            todo="Give alpha in the first row and beta in the second, one column per draw.",
        )
    segments, member = np.unique(names, return_inverse=True)
    tenure, which = np.unique(made, return_inverse=True)
    counts = np.zeros((2, segments.size, tenure.size))
    for table, amounts in zip(counts, (held, paid), strict=True):
        np.add.at(table, (member, which), amounts)
    alpha, beta = np.maximum(drawn, 1e-9)[..., None]
    odds = _grid(alpha, beta, tenure)
    weights = beta_weights(odds[:, None], alpha, beta + tenure)  # (draws, tenures, nodes)
    holders, amounts = (table @ weights for table in counts)
    return Subscribers(
        tuple(segments.tolist()),
        counts[0].sum(axis=1),
        float(period_months),
        np.exp(-np.logaddexp(0.0, -odds)),
        holders,
        amounts,
        beta_weights(odds, alpha[:, 0], beta[:, 0]),
        float(paid.sum() / held.sum()),
        start,
        _approximation(odds[0], weights[0], float(alpha[0, 0]), beta[0, 0] + tenure),
    )


def _grid(alpha: Floats, beta: Floats, tenure: Floats) -> Floats:
    """Log odds of churn that serve customers of every tenure, shape (draws, nodes)."""
    latest, spread = log_odds_moments(alpha[:, 0], beta[:, 0] + tenure.max())
    first, _ = log_odds_moments(alpha[:, 0], beta[:, 0])
    step, wide = np.minimum(spread, 1.0), spread >= 1
    low = latest - _REACH * step
    high = first + _REACH * step
    low = np.where(wide, np.clip(low, _LEAST, -_REACH), low)
    high = np.where(wide, np.clip(high, _REACH, _MOST), high)
    return np.asarray(low[:, None] + (high - low)[:, None] * np.linspace(0.0, 1.0, _NODES))


def _approximation(odds: Floats, weights: Floats, alpha: float, left: Floats) -> float:
    """Greatest relative error of survival over a few renewals of the first draw, where there is any."""
    from scipy.special import betaln

    renewals = np.array([1.0, 12.0, 60.0, 120.0])
    exact = np.exp(betaln(alpha, left[:, None] + renewals) - betaln(alpha, left)[:, None])
    got = weights @ np.exp(-np.logaddexp(0.0, odds)[:, None] * renewals)
    return float(np.abs(got - exact).max() / exact.max())
