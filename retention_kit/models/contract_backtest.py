"""How well a contractual model would have foreseen the last periods, beside naive forecasts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retention_kit.errors import DataError, ParameterError
from retention_kit.models.contract_result import ContractFit
from retention_kit.models.contractual import ContractModel, contract_fit
from retention_kit.models.renewals import RenewalCounts, survivor_cohorts

__all__ = ["ContractBacktest", "contract_backtest"]

Floats = NDArray[np.float64]
_RIVALS = ("constant churn", "last retention repeated")


@dataclass(frozen=True, eq=False)
class ContractBacktest:
    """Forecasts of periods that were hidden from the model, and what came.

    Attributes
    ----------
    fit : ContractFit
        The model, fitted to the earlier periods.
    customers : int
        Customers of the cohorts that existed when the forecast was made, counted from their start.
    periods_ahead : ndarray of int, shape (h,)
        1, 2, ..., h.
    actual : ndarray, shape (h,)
        Share of the customers that was still there.
    forecasts : mapping of str to ndarray, shape (h,)
        The same share as foreseen, by the model (under its title) and by its rivals.
    errors : mapping of str to ndarray, shape (h,)
        Forecast less actual, in points (hundredths of the customers).
    mean_absolute_errors : mapping of str to float
        Mean distance in points over the hidden periods.
    sentence : str
        The finding in words.
    """

    fit: ContractFit
    customers: int
    periods_ahead: NDArray[np.int64]
    actual: Floats
    forecasts: Mapping[str, Floats] = field(repr=False)
    errors: Mapping[str, Floats] = field(repr=False)
    mean_absolute_errors: Mapping[str, float]
    sentence: str


def contract_backtest(
    cohorts: ArrayLike | Sequence[Any],
    *,
    hold_out: int,
    model: ContractModel = "shifted_beta_geometric",
    unit: str = "period",
) -> ContractBacktest:
    """Return how far forecasts of the last periods would have been off.

    The last ``hold_out`` counts of every cohort are hidden, as if today were so long ago; cohorts that
    had not begun by then are left out. Every forecaster starts from the customers who were still there.
    The rivals are constant churn (losses over customers at risk, in all the earlier periods) and the
    last retention repeated (that of each cohort's last period before the hidden ones, pooled).

    Parameters
    ----------
    cohorts : sequence of int, or sequence of such sequences
        Survivors of one cohort, or of several, after 0, 1, 2, ... periods; all last counts are of the
        same day.
    hold_out : int
        Periods to hide, at least 1.
    model : str
        As for `contract_fit`.
    unit : str
        Name of one period in the singular.

    Returns
    -------
    ContractBacktest

    Raises
    ------
    DataError
        Counts are unusable, or no cohort has a completed period before the hidden ones.
    ParameterError
        ``hold_out`` is below 1, or the model is unknown.
    """
    if hold_out != int(hold_out) or hold_out < 1:
        raise ParameterError(f"hold_out={hold_out!r} hides no period.", todo="Give a whole number from 1.")
    rows = [row for row in survivor_cohorts(cohorts) if row.size > hold_out and row[0]]
    known = [row[: row.size - hold_out] for row in rows]
    if not any(row.size > 1 for row in known):
        raise DataError(
            f"No cohort has a completed {unit} before the last {_spell(hold_out, unit)}.",
            todo="Wait for more, or count in shorter periods.",
        )
    counts = RenewalCounts.of_survivors(known, unit=unit)
    fit = contract_fit(counts, model=model)
    ahead = np.arange(1, hold_out + 1)
    now = np.array([row[-1] for row in known])
    tenures = np.array([row.size - 1 for row in known])
    began, ended = (sum(int(row[at]) for row in known if row.size > 1) for at in (-2, -1))
    rates = (1 - counts.losses.sum() / counts.at_risk.sum(), ended / began if began else 0.0)
    customers = sum(int(row[0]) for row in rows)
    left = [sum(n * fit.survival(ahead, tenure=int(t)) for n, t in zip(now, tenures, strict=True))]
    left += [now.sum() * rate**ahead for rate in rates]
    names = (f"{fit.title} model", *_RIVALS)
    actual = sum(row[-hold_out:] for row in rows) / customers
    forecasts = {name: np.asarray(values) / customers for name, values in zip(names, left, strict=True)}
    errors = {name: 100 * (values - actual) for name, values in forecasts.items()}
    means = {name: float(np.abs(values).mean()) for name, values in errors.items()}
    return ContractBacktest(
        fit=fit,
        customers=customers,
        periods_ahead=ahead,
        actual=np.asarray(actual),
        forecasts=MappingProxyType(forecasts),
        errors=MappingProxyType(errors),
        mean_absolute_errors=MappingProxyType(means),
        sentence=_sentence(means, hold_out, unit),
    )


def _sentence(means: Mapping[str, float], hold_out: int, unit: str) -> str:
    (model, error), *rivals = means.items()
    # Where the model fell back to a rival, it is not told twice.
    others = " and ".join(f"{value:.1f} for {name}" for name, value in rivals if f"{name} model" != model)
    off = f"the {model} was {error:.1f} points off on average, against {others}"
    return f"Over the last {_spell(hold_out, unit)} {off}."


def _spell(hold_out: int, unit: str) -> str:
    return f"{hold_out} {unit}s" if hold_out != 1 else unit
