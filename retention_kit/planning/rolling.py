"""Rolling origins: the same forecast made at several earlier days, each with what came after it."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.measures.purchase_holdout import PurchaseWeeks, WeeklyHistories, purchase_histories_at
from retention_kit.models.gathering import gathered
from retention_kit.models.purchase_fitting import PurchaseModel, purchase_fit
from retention_kit.models.purchase_rows import MONTH_DAYS
from retention_kit.planning.forecast_error import ForecastError

if TYPE_CHECKING:
    from retention_kit.data.dataset import Dataset

__all__ = ["ORIGINS", "forecast_error_of", "rolling_origins"]

_PARTS = (0.4, 0.5, 0.6, 0.7, 0.8)  # of the weeks observed, where forecasts are made
_STEP = 13  # weeks between horizons; an eighth of the time where that is shorter
_FEWEST = 8  # weeks before a forecast
_LEAST = 10.0  # purchases expected, below which a relative error says nothing
_ORIGINS = 2  # fewest for an error
_MOST_SD = 3.0
ORIGINS = pa.schema(
    [
        ("calibration_end", pa.date32()),
        ("horizon_months", pa.float64()),
        ("customers", pa.int64()),
        ("actual", pa.int64()),
        ("expected", pa.float64()),
        ("relative_error", pa.float64()),
    ]
)


def rolling_origins(
    dataset: "Dataset", weeks: PurchaseWeeks, *, model: PurchaseModel, segment: str
) -> pa.Table:
    """Return forecasts of purchases made at several earlier days, with what came.

    Parameters
    ----------
    dataset : Dataset
        An open dataset with orders.
    weeks : PurchaseWeeks
        Its purchases by week; the anchor fixes the weekday of the cut-offs.
    model : str
        The model.
    segment : str
        As for `purchase_summary`.

    Returns
    -------
    pyarrow.Table
        As `BackTest.origins`; no rows where the time observed is too short.
    """
    first, last = int(weeks.first_week.min()), int(weeks.week.max())
    last = max(last, (dataset.as_of - weeks.anchor).days // 7)
    observed = last - first + 1
    step = max(1, min(_STEP, observed // 8))
    origins = sorted({first - 1 + round(part * observed) for part in _PARTS})
    origins = [one for one in origins if one - first + 1 >= _FEWEST and one + step <= last]
    ends = [weeks.anchor + timedelta(days=7 * origin) for origin in origins]
    known = purchase_histories_at(dataset, ends, segment=segment)
    rows = []
    for origin, end, histories in zip(origins, ends, known, strict=True):
        horizons = np.arange(step, last - origin + 1, step)
        rows += _of_origin(weeks, end, origin, horizons, histories, model)
    return pa.Table.from_pylist(rows, schema=ORIGINS)


def _of_origin(
    weeks: PurchaseWeeks,
    end: date,
    origin: int,
    horizons: NDArray[np.int64],
    histories: WeeklyHistories,
    model: PurchaseModel,
) -> list[dict[str, object]]:
    rows = gathered(histories)
    fit = purchase_fit(rows, model=model)
    foreseen = fit.expected_purchases(horizons.astype(float), rows.frequency, rows.recency, rows.age)
    found = []
    for horizon, expected in zip(horizons.tolist(), (foreseen @ rows.customers).tolist(), strict=True):
        actual = weeks.came(origin, horizon)
        found.append(
            {
                "calibration_end": end,
                "horizon_months": horizon * 7 / MONTH_DAYS,
                "customers": int(rows.customers.sum()),
                "actual": actual,
                "expected": expected,
                "relative_error": actual / expected - 1 if expected >= _LEAST else None,
            }
        )
    return found


def forecast_error_of(origins: pa.Table) -> tuple[ForecastError | None, str]:
    """Return mean and standard deviation of relative errors by horizon, or why there are none.

    A horizon counts with at least two origins. Errors about a mean of few origins are widened by
    sqrt((n + 1) / (n - 1)), since the next error differs from that mean too.
    """
    known = origins.filter(origins["relative_error"].is_valid()) if origins.num_rows else origins
    horizons = known["horizon_months"].to_numpy()
    errors = known["relative_error"].to_numpy()
    found = {float(month): errors[horizons == month] for month in np.unique(horizons)}
    found = {month: some for month, some in found.items() if some.size >= _ORIGINS}
    every = max((_spread(some) for some in found.values() if some.size > _ORIGINS), default=0.0)
    months = tuple(found)
    means = [max(float(some.mean()), -0.99) for some in found.values()]
    # Two origins tell little of a spread: it is no less than where there are more.
    spreads = [
        _spread(some) if some.size > _ORIGINS else max(_spread(some), every) for some in found.values()
    ]
    if not months:
        reason = (
            "The data are too few or too short for forecasts at two earlier days: without them nobody can "
            "say how wrong the model tends to be, and intervals hold parameters and chance only."
        )
        return None, reason
    return ForecastError(months, tuple(means), tuple(spreads)), ""


def _spread(errors: NDArray[np.float64]) -> float:
    return min(float(errors.std() * np.sqrt((errors.size + 1) / (errors.size - 1))), _MOST_SD)
