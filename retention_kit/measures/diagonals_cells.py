"""The cells behind calendar diagonals: customers at risk and lost, by cohort and calendar period."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.data.calendar import Calendar, Grain
from retention_kit.measures.churn_rates import period_of
from retention_kit.measures.spells import Lives

__all__ = ["Cells", "cells_of", "cells_table", "telling"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cells:
    """Customers at risk and lost; one entry per cohort and period, counted from the calendar's first day."""

    cohort: Ints
    period: Ints
    at_risk: Ints
    left: Ints

    @property
    def age(self) -> Ints:
        """Periods since the cohort's own."""
        return self.period - self.cohort


def cells_of(lives: Lives, calendar: Calendar, grain: Grain, known_from: date) -> Cells:
    """Return the cells of all periods that are over and in which somebody could be seen to leave."""
    count = calendar.index_of(grain, lives.seen_until + timedelta(days=1))  # periods that are over
    began = period_of(calendar, grain, lives.started)
    gone = lives.is_event
    left_in = period_of(calendar, grain, lives.last[gone])
    left = np.zeros((count, count), dtype=np.int64)
    inside = left_in < count
    np.add.at(left, (began[gone][inside], left_in[inside]), lives.customers[gone][inside])
    joined = np.zeros(count, dtype=np.int64)
    np.add.at(joined, began[began < count], lives.customers[began < count])
    at_risk = joined[:, None] - (np.cumsum(left, axis=1) - left)
    starts = calendar.periods(grain)["starts_on"].to_numpy().astype("datetime64[D]")[:count]
    seen = np.triu(np.ones((count, count), dtype=bool)) & (starts >= np.datetime64(known_from))[None, :]
    cohort, period = np.nonzero(seen & (at_risk > 0))
    return Cells(cohort, period, at_risk[cohort, period], left[cohort, period])


def telling(cells: Cells) -> Cells:
    """Return the cells of ages, periods and cohorts in which some left and some stayed."""
    kept = np.ones(len(cells.left), dtype=bool)
    for place in (cells.age, cells.period, cells.cohort):
        index = np.unique(place, return_inverse=True)[1]
        left = np.bincount(index, weights=cells.left)[index]
        stayed = np.bincount(index, weights=cells.at_risk - cells.left)[index]
        kept &= (left > 0) & (stayed > 0)
    return Cells(cells.cohort[kept], cells.period[kept], cells.at_risk[kept], cells.left[kept])


def _expected_by_age(cells: Cells) -> NDArray[np.float64]:
    age = cells.age
    left, at_risk = (np.bincount(age, weights=part) for part in (cells.left, cells.at_risk))
    share: NDArray[np.float64] = np.divide(left, at_risk, out=np.zeros(len(left)), where=at_risk > 0)
    expected: NDArray[np.float64] = cells.at_risk * share[age]
    return expected


def cells_table(cells: Cells, labels: pa.Table) -> pa.Table:
    """Return the cells with what age alone leads to expect, as `Diagonals` has them."""
    expected = _expected_by_age(cells)
    names = labels["label"].to_numpy(zero_copy_only=False).astype(object)
    starts = labels["starts_on"].to_numpy().astype("datetime64[D]")
    ratio = np.divide(cells.left, expected, out=np.full(len(expected), np.nan), where=expected > 0)
    return pa.table(
        {
            "cohort": names[cells.cohort],
            "cohort_starts_on": starts[cells.cohort],
            "period": names[cells.period],
            "period_starts_on": starts[cells.period],
            "age_periods": cells.age,
            "customers": cells.at_risk,
            "left": cells.left,
            "expected": expected,
            "ratio": pa.array(ratio, mask=np.isnan(ratio)),
        }
    )
