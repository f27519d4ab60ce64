"""Back-test of purchase models on the user's own data: what they would have foreseen, and what came."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.errors import DataError
from retention_kit.measures.intervals import normal_quantile
from retention_kit.measures.purchase_holdout import (
    PurchaseHoldout,
    PurchaseWeeks,
    purchase_holdout,
    purchase_weeks,
)
from retention_kit.measures.purchase_summary import PurchaseSummary, purchase_summary
from retention_kit.models.purchase_fitting import PurchaseModel, purchase_fit
from retention_kit.models.spend_fitting import spend_fit
from retention_kit.planning.back_test_result import BackTest, RevenueBackTest, off_by
from retention_kit.planning.buyer_fitting import buyers
from retention_kit.planning.buyer_rows import BuyerRows
from retention_kit.planning.chance import purchase_squares
from retention_kit.planning.levers import Levers
from retention_kit.planning.predictive import outcomes_of
from retention_kit.planning.rivals import calibration, decile_shares, forecast_errors
from retention_kit.planning.rolling import ORIGINS, forecast_error_of, rolling_origins
from retention_kit.planning.worth import drawn_around

if TYPE_CHECKING:
    from retention_kit.data.dataset import Dataset
    from retention_kit.models.purchase_result import PurchaseFit

__all__ = ["back_test", "back_tests", "calibration_day", "with_origins"]

Floats = NDArray[np.float64]
_DRAWS, _SEED = 48, 1
_ENOUGH = 20_000  # distinct histories
_MANY = 7  # repeat purchases from which customers are taken together


def calibration_day(dataset: "Dataset") -> date:
    """Return the day that ends two thirds of the time observed, whole weeks before the as-of date.

    Raises
    ------
    DataError
        When less than three weeks are observed.
    """
    days = (dataset.as_of - dataset.orders_begin).days + 1
    weeks = days // 21
    if weeks < 1:
        raise DataError(
            f"A back-test needs three weeks of orders, and the data hold {days} day{'s' * (days != 1)}.",
            todo="Wait for more, or give calibration_end.",
        )
    return dataset.as_of - timedelta(days=7 * weeks)


def back_test(
    dataset: "Dataset",
    *,
    model: PurchaseModel = "bg_nbd",
    calibration_end: date | None = None,
    segment: str = "",
    level: float = 0.95,
    origins: bool = True,
) -> BackTest:
    """Fit a model to the days up to one, and hold its forecast of the days after it against what came.

    Rivals know the same days: *last period repeated* foresees for each customer the repeat purchases of
    its last period as long as the hold-out; the *simple formula* foresees for everybody the mean repeat
    purchases per customer and day so far.

    Parameters
    ----------
    dataset : Dataset
        An open dataset with orders.
    model : {"bg_nbd", "mbg_nbd"}
        As for `purchase_fit`.
    calibration_end : date, optional
        Last day the model knows; by default that of `calibration_day`.
    segment : str
        Count only customers with this at their first order, ``attribute=value``; empty for all.
    level : float
        Confidence level of intervals.
    origins : bool
        Whether to repeat the test at earlier days, which gives the error of forecasts.

    Returns
    -------
    BackTest

    Raises
    ------
    DataError
        When there is no hold-out, no order, or nobody who bought before it.
    ParameterError, ColumnError
        When the model or the level is unknown, or an attribute does not exist.

    Examples
    --------
    >>> from retention_kit import open_dataset
    >>> test = back_test(open_dataset("cdnow"), calibration_end=date(1997, 9, 30), origins=False)
    >>> test.actual, round(test.expected, 1)
    (1882, 1653.4)
    """
    (found,) = back_tests(
        dataset, models=(model,), calibration_end=calibration_end, segment=segment, level=level
    )
    return with_origins(dataset, found, segment=segment) if origins else found


def with_origins(dataset: "Dataset", test: BackTest, *, segment: str = "") -> BackTest:
    """Return a back-test with forecasts of the same model at earlier days, and the error they give."""
    weeks = purchase_weeks(dataset, anchor=test.calibration_end, segment=segment)
    found = rolling_origins(dataset, weeks, model=test.asked, segment=segment)
    error, reason = forecast_error_of(found)
    return replace(test, origins=found, forecast_error=error, error_reason=reason)


def back_tests(
    dataset: "Dataset",
    *,
    models: Sequence[PurchaseModel],
    calibration_end: date | None = None,
    segment: str = "",
    level: float = 0.95,
) -> tuple[BackTest, ...]:
    """Return the back-tests of several models, counted once; without forecasts at earlier days.

    Parameters, errors
        As for `back_test`.
    """
    score = normal_quantile(level)
    end = calibration_end or calibration_day(dataset)
    days = (dataset.as_of - end).days
    if days < 1:
        raise DataError(
            f"After {end} there is nothing to hold a forecast against: the data end on {dataset.as_of}.",
            todo="Let calibration_end be earlier.",
        )
    summary = purchase_summary(dataset, segment=segment, calibration_end=end, unit="week")
    held = purchase_holdout(dataset, calibration_end=end, recent_days=days, segment=segment)
    weeks = purchase_weeks(dataset, anchor=end, segment=segment)
    return tuple(_tested(model, summary, held, weeks, level=level, score=score) for model in models)


def _tested(
    model: PurchaseModel,
    summary: PurchaseSummary,
    held: PurchaseHoldout,
    weeks: PurchaseWeeks,
    *,
    level: float,
    score: float,
) -> BackTest:
    days = summary.holdout_days
    fit = purchase_fit(summary.rows, model=model)
    horizon = days / 7
    forecast = fit.expected_purchases(horizon, held.frequency, held.recency_days / 7, held.age_days / 7)
    forecast = np.asarray(forecast, dtype=float)
    customers, came = held.customers.astype(float), held.later_purchases.astype(float)
    expected, actual = float(customers @ forecast), int(customers @ came)
    low, high = _interval(fit, held, horizon, expected, level)
    bias = expected / actual - 1 if actual else None
    exposure = float(customers @ held.age_days)
    rate = float(customers @ held.frequency) / exposure if exposure else 0.0
    names = [fit.title, "last period repeated", "simple formula"]
    forecasts = dict(
        zip(
            names,
            [forecast, held.recent_purchases.astype(float), np.full(came.size, rate * days)],
            strict=True,
        )
    )
    errors = forecast_errors(forecasts, came, customers)
    capped = np.minimum(held.frequency, _MANY)
    inside = (capped == np.arange(_MANY + 1)[:, None]) * customers
    labels = [*map(str, range(_MANY)), f"{_MANY}+"]
    return BackTest(
        model=fit.model,
        asked=model,
        title=fit.title,
        log_likelihood=fit.log_likelihood,
        calibration_end=summary.calibration_end,
        as_of=summary.as_of,
        holdout_days=days,
        customers=summary.customers,
        actual=actual,
        expected=expected,
        ci_low=low,
        ci_high=high,
        bias=bias,
        sentence=_sentence(days, bias, expected, actual),
        tracking=_tracking(fit, summary, weeks, days // 7),
        deciles=calibration(
            decile_shares(forecast, customers),
            forecast,
            came,
            labels=pa.array(range(1, 11)),
            name="decile",
            score=score,
        ),
        by_frequency=calibration(
            inside, forecast, came, labels=pa.array(labels), name="frequency", score=score
        ),
        rank_correlation=errors["rank_correlation"][0].as_py(),
        errors=errors,
        revenue=_revenue(summary, held, forecast, days),
        origins=ORIGINS.empty_table(),
        forecast_error=None,
        error_reason="Forecasts at earlier days were not asked for.",
        level=level,
        notes=(*summary.notes, *([] if fit.converged else [fit.reason])),
    )


def _sentence(days: int, bias: float | None, expected: float, actual: int) -> str:
    spell = f"{days // 7} weeks" if days % 7 == 0 and days > 7 else f"{days} day{'s' * (days != 1)}"
    return (
        f"On your last {spell} this model was {off_by(bias)}: it foresaw {expected:,.0f} purchases, and "
        f"{actual:,} came."
    )


def _interval(
    fit: "PurchaseFit", held: PurchaseHoldout, horizon: float, expected: float, level: float
) -> tuple[float, float]:
    """The range of the sum by parameters and chance alone."""
    rows = held.frequency, held.recency_days / 7, held.age_days / 7
    people = held.customers.astype(float)
    # Draws only spread the sum: every k-th history tells by how much.
    some = slice(None, None, 1 + held.frequency.size // _ENOUGH)
    drawn = np.column_stack(
        [[fit.r, fit.alpha, fit.a, fit.b], fit.draws(_DRAWS, rng=np.random.default_rng(_SEED))]
    )
    base = buyers(
        BuyerRows.of(*(column[some] for column in rows), customers=people[some]),
        drawn,
        np.ones((1, drawn.shape[1])),
        model="mbg_nbd" if fit.first else "bg_nbd",
        unit=fit.unit,
        start=Levers(),
    )
    sums = base.spending.at(np.array([[horizon]]))[:, 0, 0]
    forecasts = drawn_around(np.array([expected]), sums[:, None])
    alive = fit.probability_alive(*rows)
    mean = fit.expected_purchases(horizon, *rows)
    variance = alive * purchase_squares(fit, horizon, held.frequency, rows[2]) - mean**2
    chance = np.sqrt(max(float(people @ variance), 0.0))
    outcomes = outcomes_of(_DRAWS, level=level, errors=None, months=1.0)
    low, high = outcomes.interval(np.array([expected]), forecasts, np.array([chance]))
    return float(low[0]), float(high[0])


def _tracking(fit: "PurchaseFit", summary: PurchaseSummary, weeks: PurchaseWeeks, ahead: int) -> pa.Table:
    """Repeat purchases of the customers who had begun by the end of the calibration, week by week."""
    began = weeks.first_week <= 0
    first = int(weeks.first_week[began].min())
    number = ahead - first + 1
    shown = began & (weeks.week <= ahead)
    actual = np.bincount(
        weeks.week[shown] - first, weights=weeks.repeat_purchases[shown], minlength=number
    ).astype(np.int64)
    ages, place = np.unique(summary.rows.age_days, return_inverse=True)
    people = np.bincount(place, weights=summary.rows.customers)
    ends = np.arange(first, ahead + 1, dtype=float)
    expected = np.maximum(fit.expected_cumulative(-ages / 7, people, ends), 0.0)
    anchor = np.datetime64(weeks.anchor)
    starts = anchor + (7 * (np.arange(first, ahead + 1) - 1) + 1).astype("timedelta64[D]")
    return pa.table(
        {
            "week": np.arange(1, number + 1),
            "week_starts_on": starts,
            "actual": actual,
            "expected": np.diff(expected, prepend=0.0),
            "cumulative_actual": np.cumsum(actual),
            "cumulative_expected": expected,
            "is_holdout": np.arange(first, ahead + 1) > 0,
        }
    )


def _revenue(
    summary: PurchaseSummary, held: PurchaseHoldout, forecast: Floats, days: int
) -> RevenueBackTest | None:
    if not summary.has_amount or not summary.spend_rows.frequency.size:
        return None
    spend = spend_fit(summary.spend_rows)
    each = np.maximum(held.spend, 0.0) / held.customers
    mean = np.where(held.frequency > 0, each / np.maximum(held.frequency, 1), 0.0)
    per_purchase = spend.expected_spend(held.frequency, mean)
    expected = float(held.customers @ (forecast * per_purchase))
    actual = float(held.later_spend.sum())
    bias = expected / actual - 1 if actual > 0 else None
    spell = f"{days} day{'s' * (days != 1)}"
    return RevenueBackTest(
        actual, expected, bias, f"What they would spend in these {spell} was foreseen {off_by(bias)}."
    )
