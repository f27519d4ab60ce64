"""What a back-test of a purchase model is: forecasts of days that are over, and what came."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import pyarrow as pa

from retention_kit.planning.forecast_error import ForecastError

__all__ = ["BackTest", "RevenueBackTest", "off_by"]

_CLOSE = 0.005  # relative error that a sentence calls right


@dataclass(frozen=True)
class RevenueBackTest:
    """What customers were foreseen to spend in the hold-out, and what they spent; currency.

    ``bias`` is the forecast over what came, less 1; None where nothing came.
    """

    actual: float
    expected: float
    bias: float | None
    sentence: str


@dataclass(frozen=True, eq=False)
class BackTest:
    """Forecasts of a model that knew only the days up to ``calibration_end``, and what came after it.

    Attributes
    ----------
    model, title : str
        Name of the model that was fitted, and what people call it.
    asked : str
        The model that was asked for; another one where the data cannot tell its parameters.
    log_likelihood : float
        Of the days up to ``calibration_end``, with time in weeks; where histories are more than `ENOUGH`, of
        close ones taken together.
    calibration_end, as_of : date
        Last day the model knew, and last day counted.
    holdout_days : int
        Days between them.
    customers : int
        Who had first bought by ``calibration_end``.
    actual : int
        Purchase days of these customers in the hold-out.
    expected, ci_low, ci_high : float
        The forecast, and its range by parameters and chance alone: too narrow, as it trusts the model.
    bias : float or None
        ``expected / actual - 1``; None where nothing came.
    sentence : str
        The finding in words.
    tracking : pyarrow.Table
        ``week`` (1 for the first), ``week_starts_on``, ``actual``, ``expected`` (repeat purchases of these
        customers in the week), ``cumulative_actual``, ``cumulative_expected``, ``is_holdout``.
    deciles : pyarrow.Table
        ``decile`` (1 for the lowest forecasts), ``customers``, ``expected_per_customer``,
        ``actual_per_customer``, ``ci_low``, ``ci_high``.
    by_frequency : pyarrow.Table
        The same by ``frequency``, repeat purchases so far: ``0`` to ``6``, ``7+``.
    rank_correlation : float or None
        Spearman's, over customers.
    errors : pyarrow.Table
        The model beside naive rivals, as `forecast_errors` says.
    revenue : RevenueBackTest or None
        None without amounts.
    origins : pyarrow.Table
        Earlier cut-offs: ``calibration_end``, ``horizon_months``, ``customers``, ``actual``, ``expected``,
        ``relative_error`` (actual over expected, less 1).
    forecast_error : ForecastError or None
        Mean and standard deviation of those by horizon; None where ``error_reason`` says why.
    error_reason : str
        Empty where there is one.
    level : float
        Confidence level.
    notes : tuple of str
        What a reader has to know.
    """

    model: str
    asked: Literal["bg_nbd", "mbg_nbd"]
    title: str
    log_likelihood: float
    calibration_end: date
    as_of: date
    holdout_days: int
    customers: int
    actual: int
    expected: float
    ci_low: float
    ci_high: float
    bias: float | None
    sentence: str
    tracking: pa.Table = field(repr=False)
    deciles: pa.Table = field(repr=False)
    by_frequency: pa.Table = field(repr=False)
    rank_correlation: float | None
    errors: pa.Table = field(repr=False)
    revenue: RevenueBackTest | None
    origins: pa.Table = field(repr=False)
    forecast_error: ForecastError | None
    error_reason: str
    level: float
    notes: tuple[str, ...]


def off_by(bias: float | None) -> str:
    """Return how far a forecast was off, in words.

    >>> off_by(-0.1216), off_by(0.001), off_by(None)
    ('12 % low', 'right to half a percent', 'not to be judged, because nothing came')
    """
    if bias is None:
        return "not to be judged, because nothing came"
    if abs(bias) < _CLOSE:
        return "right to half a percent"
    return f"{abs(bias) * 100:.0f} % {'low' if bias < 0 else 'high'}"
