"""How far forecasts of contracts were off, made at several earlier months."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retention_kit.errors import DataError
from retention_kit.planning.forecast_error import ForecastError

__all__ = ["contract_errors"]

_PARTS = (1 / 6, 1 / 4, 1 / 3, 5 / 12, 1 / 2)  # of the longest record, hidden
_FEWEST = 30.0  # customers expected to be left, below which a relative error says nothing
_AT = (1, 2, 3, 6, 9, 12, 18, 24, 36, 48, 60)  # months ahead
_MOST_SD = 3.0


def contract_errors(cohorts: Sequence[NDArray[Any]]) -> tuple[ForecastError | None, str]:
    """Return errors of the share of customers that is left, by months ahead, or why there are none.

    Parameters
    ----------
    cohorts : sequence of ndarray of int
        Customers of each monthly cohort left after 0, 1, 2, ... months.

    Returns
    -------
    tuple of (ForecastError or None, str)
    """
    from retention_kit.models.contract_backtest import contract_backtest

    longest = max((cohort.size - 1 for cohort in cohorts), default=0)
    found: dict[int, list[float]] = {}
    for hidden in sorted({max(1, round(part * longest)) for part in _PARTS}):
        try:
            test = contract_backtest(cohorts, hold_out=hidden, unit="month")
        except DataError:
            continue
        forecast = next(iter(test.forecasts.values()))
        for ahead, expected, actual in zip(test.periods_ahead, forecast, test.actual, strict=True):
            if int(ahead) in _AT and expected * test.customers >= _FEWEST:
                found.setdefault(int(ahead), []).append(float(actual / expected - 1))
    several = {months: errors for months, errors in sorted(found.items()) if len(errors) > 1}
    if not several:
        return None, (
            "The contracts are too few or too young for forecasts at two earlier months: without them nobody "
            "can say how wrong the model tends to be, and intervals hold parameters and chance only."
        )
    means = tuple(max(float(np.mean(errors)), -0.99) for errors in several.values())
    spreads = tuple(
        min(float(np.std(errors)) * ((len(errors) + 1) / (len(errors) - 1)) ** 0.5, _MOST_SD)
        for errors in several.values()
    )
    return ForecastError(tuple(float(months) for months in several), means, spreads), ""
