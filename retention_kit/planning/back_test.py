"""Back-test of purchase models on the user's own data: what they would have foreseen, and what came."""

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit import formats
from retention_kit.measures.intervals import normal_quantile
from retention_kit.measures.purchase_holdout import PurchaseHoldout, PurchaseWeeks
from retention_kit.measures.purchase_summary import PurchaseSummary
from retention_kit.models.gathering import gathered
from retention_kit.models.purchase_fitting import PurchaseModel
from retention_kit.models.spend_fitting import spend_fit
from retention_kit.planning.back_test_result import BackTest, RevenueBackTest, off_by
from retention_kit.planning.buyer_fitting import purchases_by_draw
from retention_kit.planning.buyer_rows import BuyerRows
from retention_kit.planning.chance import purchase_squares
from retention_kit.planning.held_out import Foreseen, foreseen, held_out
from retention_kit.planning.predictive import outcomes_of
from retention_kit.planning.rivals import calibration, decile_shares, forecast_errors
from retention_kit.planning.rolling import ORIGINS, forecast_error_of, rolling_origins
from retention_kit.planning.worth import drawn_around

if TYPE_CHECKING:
    from retention_kit.data.dataset import Dataset
    from retention_kit.models.purchase_result import PurchaseFit

__all__ = ["back_test", "held_against"]

Floats = NDArray[np.float64]
_DRAWS, _SEED = 48, 1
_MANY = 7  # repeat purchases from which customers are taken together


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
    data = held_out(dataset, calibration_end=calibration_end, segment=segment)
    return held_against(dataset, foreseen(data, model), segment=segment, level=level, origins=origins)


def held_against(
    dataset: "Dataset", found: Foreseen, *, segment: str = "", level: float = 0.95, origins: bool = True
) -> BackTest:
    """Return the back-test of a forecast that is there.

    Parameters, errors
        As for `back_test`; ``segment`` is that of the forecast.
    """
    score = normal_quantile(level)
    fit, forecast, data = found.fit, found.forecast, found.data
    held, summary, days = data.held, data.summary, data.summary.holdout_days
    customers, came = held.customers.astype(float), held.later_purchases.astype(float)
    low, high = _interval(found, level)
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
    earlier, error, reason = ORIGINS.empty_table(), None, "Forecasts at earlier days were not asked for."
    if origins:
        earlier = rolling_origins(dataset, data.weeks, model=found.asked, segment=segment)
        error, reason = forecast_error_of(earlier)
    return BackTest(
        model=fit.model,
        asked=found.asked,
        title=fit.title,
        log_likelihood=fit.log_likelihood,
        calibration_end=summary.calibration_end,
        as_of=summary.as_of,
        holdout_days=days,
        customers=summary.customers,
        actual=found.actual,
        expected=found.expected,
        ci_low=low,
        ci_high=high,
        bias=found.bias,
        sentence=_sentence(days, found.bias, found.expected, found.actual),
        tracking=_tracking(fit, summary, data.weeks, days // 7),
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
        revenue=_revenue(summary, held, forecast, dataset.currency),
        origins=earlier,
        forecast_error=error,
        error_reason=reason,
        level=level,
        notes=(*summary.notes, *([] if fit.converged else [fit.reason])),
    )


def _sentence(days: int, bias: float | None, expected: float, actual: int) -> str:
    judged = f"this model was {off_by(bias)}: it foresaw" if bias is not None else "this model foresaw"
    return (
        f"On your last {_spell(days)} {judged} {formats.plural(round(expected), 'purchase')}, and "
        f"{actual:,} came."
    )


def _spell(days: int) -> str:
    whole = days % 7 == 0 and days > 7
    return formats.plural(days // 7, "week") if whole else formats.plural(days, "day")


def _interval(found: Foreseen, level: float) -> tuple[float, float]:
    """The range of the sum by parameters and chance alone."""
    fit, rows, horizon = found.fit, found.data.summary.rows, found.horizon
    people = rows.customers.astype(float)
    few = gathered(rows)  # draws only spread the sum
    drawn = np.column_stack(
        [[fit.r, fit.alpha, fit.a, fit.b], fit.draws(_DRAWS, rng=np.random.default_rng(_SEED))]
    )
    sums = purchases_by_draw(
        BuyerRows.of(few.frequency, few.recency, few.age, customers=few.customers),
        drawn,
        horizon,
        model="mbg_nbd" if fit.first else "bg_nbd",
    )
    forecasts = drawn_around(np.array([found.expected]), sums[:, None])
    alive = fit.probability_alive(rows.frequency, rows.recency, rows.age)
    mean = fit.expected_purchases(horizon, rows.frequency, rows.recency, rows.age)
    variance = alive * purchase_squares(fit, horizon, rows.frequency, rows.age) - mean**2
    chance = np.sqrt(max(float(people @ variance), 0.0))
    outcomes = outcomes_of(_DRAWS, level=level, errors=None, months=1.0)
    low, high = outcomes.interval(np.array([found.expected]), forecasts, np.array([chance]))
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
    summary: PurchaseSummary, held: PurchaseHoldout, forecast: Floats, currency: str
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
    told, came = (formats.value(total, "money", currency=currency) for total in (expected, actual))
    spent = f"{came}: {off_by(bias)}" if bias is not None else "nothing"
    sentence = f"On these days they were foreseen to spend {told}, and spent {spent}."
    return RevenueBackTest(actual, expected, bias, sentence)
