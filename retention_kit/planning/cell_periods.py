"""Periods of a cohort table drawn on into the future, and forecasts of its cells made earlier."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retention_kit.data.calendar import Calendar
from retention_kit.errors import DataError
from retention_kit.measures.purchase_summary import purchase_summary
from retention_kit.models.purchase_fitting import purchase_fit
from retention_kit.planning.cell_shares import CellShares, cell_shares

if TYPE_CHECKING:
    from retention_kit.data.dataset import Dataset
    from retention_kit.measures.cohort_result import CohortTable

__all__ = ["CellPeriods", "EarlierCells", "actual_cells", "earlier_cells"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CellPeriods:
    """A table with its calendar drawn on into the future.

    Attributes
    ----------
    dataset : Dataset
        The data.
    table : CohortTable
        A table by calendar periods.
    starts : ndarray of days
        First day of each period, those to come included.
    begun, complete : int
        Periods that have begun, and those that are over.
    """

    dataset: "Dataset"
    table: "CohortTable"
    starts: NDArray[np.datetime64]
    begun: int
    complete: int

    @classmethod
    def of(cls, dataset: "Dataset", table: "CohortTable") -> "CellPeriods":
        """Return the periods of a table, and as many to come as it has ages."""
        grain, number = table.parameters.grain, table.periods.num_rows
        longest = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}[grain]
        ahead = table.spans[-1].last + 2
        until = dataset.as_of + timedelta(days=longest * ahead)
        calendar = Calendar(
            dataset.first_day, until, dataset.time_zone, dataset.first_weekday, dataset.fiscal_year_start
        )
        starts = calendar.periods(grain)["starts_on"].to_numpy().astype("datetime64[D]")
        over = bool(starts[number] == np.datetime64(dataset.as_of) + np.timedelta64(1, "D"))
        return cls(dataset, table, starts, number, number if over else number - 1)

    @property
    def last_age(self) -> int:
        """Last age of the table."""
        return self.table.spans[-1].last

    @property
    def cohort_keys(self) -> NDArray[np.int64]:
        """Period of each cohort."""
        return np.array(self.table.counts.cohort_keys, dtype=np.int64)

    @property
    def cohort_starts(self) -> NDArray[np.datetime64]:
        """First day of each cohort, and the day after the last one's period."""
        keys = self.cohort_keys
        return np.append(self.starts[keys], self.starts[keys[-1] + 1])

    def days(self, periods: NDArray[np.int64]) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]]:
        """Return the first day of each period, and of the one after it."""
        return self.starts[periods], self.starts[periods + 1]


@dataclass(frozen=True, eq=False)
class EarlierCells:
    """A forecast that knew the periods before ``first`` only.

    Attributes
    ----------
    first : int
        First period foreseen.
    end : date
        Last day known.
    periods : ndarray of int
        Those foreseen, all of them over by now.
    shares : CellShares
        What was foreseen.
    """

    first: int
    end: date
    periods: NDArray[np.int64]
    shares: CellShares

    def error(self, view: CellPeriods, *, until: int) -> float | None:
        """Return the root mean square of relative errors of all cohorts together, before ``until``."""
        actual, size, known = actual_cells(view, self.periods)
        used = known & (self.periods < until) & (self.shares.customers > 0)[:, None]
        forecast = np.where(used, self.shares.rate * size, 0.0).sum(axis=0)
        came = np.where(used, actual * size, 0.0).sum(axis=0)
        some = forecast >= 1
        return float(np.sqrt(np.mean((came[some] / forecast[some] - 1) ** 2))) if some.any() else None


def earlier_cells(view: CellPeriods, part: float, model: str) -> EarlierCells | None:
    """Return the forecast made when so large a part of the periods was over; None where that is too early."""
    first = max(round(part * view.complete), 1)
    if first >= view.complete or first < 2:
        return None
    end = view.starts[first].astype(object) - timedelta(days=1)
    try:
        summary = purchase_summary(view.dataset, segment=view.table.parameters.segment, calibration_end=end)
    except DataError:
        return None
    fit = purchase_fit(summary.rows, model="mbg_nbd" if model == "mbg_nbd" else "bg_nbd")
    periods = np.arange(first, view.complete)
    return EarlierCells(
        first, end, periods, cell_shares(fit, summary.rows, end, view.cohort_starts, *view.days(periods))
    )


def actual_cells(view: CellPeriods, periods: NDArray[np.int64]) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return rates of cells, sizes of cohorts, and which cells are over; shape (cohort, period)."""
    counts = view.table.counts
    ages = periods - view.cohort_keys[:, None]
    first = view.table.spans[0].first
    place = np.clip(ages - first, 0, len(view.table.spans) - 1)
    known = (ages >= max(first, 1)) & (ages <= view.last_age) & view.table.shown[:, None]
    known &= np.take_along_axis(view.table.mature[0], place, axis=1)
    size = np.broadcast_to(counts.size[0][:, None], ages.shape).astype(float)
    hits = np.take_along_axis(counts.total[0], place, axis=1)
    return np.where(known, hits / np.maximum(size, 1.0), 0.0), size, known
