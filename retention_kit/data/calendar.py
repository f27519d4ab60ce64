"""The calendar of a dataset: every day and the period it belongs to, built once and joined.

No other module does date arithmetic on periods. A period's index counts from 0, the period of the
dataset's first day.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["WEEKDAYS", "Calendar", "Grain"]

Grain = Literal["day", "week", "month", "quarter", "year"]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Calendar:
    """Periods of every grain from a dataset's first day to its as-of date.

    Parameters
    ----------
    first_day, as_of : date
        First and last local day, both included.
    time_zone : str
        IANA name; decides when a local day starts and ends.
    first_weekday : str
        English name of the day on which weeks start.
    fiscal_year_start : int
        Month in which years and quarters start, 1 to 12. A year that starts after January is named
        after the calendar year in which it ends.
    """

    first_day: date
    as_of: date
    time_zone: str = "UTC"
    first_weekday: str = "monday"
    fiscal_year_start: int = 1

    def days(self, grain: Grain) -> pa.Table:
        """Return one row per day: ``day``, ``period_index``.

        The days run to the end of the period after the one that holds the as-of date, so that the
        day after the as-of date has an index too.
        """
        days = self._all_days
        return pa.table({"day": days, "period_index": self._indices(grain, days).astype(np.int32)})

    def periods(self, grain: Grain) -> pa.Table:
        """Return one row per period up to the one that holds the as-of date.

        Columns: ``grain``, ``period_index``, ``starts_on``, ``ends_on`` (local dates, the end
        excluded), ``starts_at``, ``ends_at`` (the same in UTC), ``label``.
        """
        days = self._all_days
        indices = self._indices(grain, days)
        count = self.index_of(grain, self.as_of) + 1
        starts = days[np.searchsorted(indices, np.arange(count))]
        ends = days[np.searchsorted(indices, np.arange(1, count + 1))]
        # The first period may start before the days that are listed.
        starts[0] = self._first_start(grain)
        return pa.table(
            {
                "grain": pa.array([grain] * count),
                "period_index": pa.array(np.arange(count, dtype=np.int32)),
                "starts_on": pa.array(starts),
                "ends_on": pa.array(ends),
                "starts_at": pa.array([self.instant(day) for day in starts.astype(object)]),
                "ends_at": pa.array([self.instant(day) for day in ends.astype(object)]),
                "label": pa.array([self._label(grain, day) for day in starts.astype(object)]),
            }
        )

    def index_of(self, grain: Grain, day: date) -> int:
        """Return the index of the period that holds a local day."""
        return int(self._indices(grain, np.array([day], dtype="datetime64[D]"))[0])

    def instant(self, day: date) -> datetime:
        """Return the moment a local day starts, in UTC without zone mark."""
        local = datetime.combine(day, time(), tzinfo=ZoneInfo(self.time_zone))
        return local.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)

    @cached_property
    def _all_days(self) -> NDArray[np.datetime64]:
        # Two years on, every grain has finished the as-of period and begun the next.
        last = np.datetime64(self.as_of + timedelta(days=1)) + np.timedelta64(731, "D")
        return np.arange(np.datetime64(self.first_day), last)

    def _indices(self, grain: Grain, days: NDArray[np.datetime64]) -> NDArray[np.int64]:
        return self._numbers(grain, days) - self._numbers(grain, np.array([self.first_day], "datetime64[D]"))

    def _numbers(self, grain: Grain, days: NDArray[np.datetime64]) -> NDArray[np.int64]:
        count = days.astype("datetime64[D]").astype(np.int64)
        if grain == "day":
            return count
        if grain == "week":
            return (count + _EPOCH_WEEKDAY - WEEKDAYS.index(self.first_weekday)) // 7
        return (days.astype("datetime64[M]").astype(np.int64) - (self.fiscal_year_start - 1)) // _MONTHS[
            grain
        ]

    def _first_start(self, grain: Grain) -> np.datetime64:
        first = np.datetime64(self.first_day)
        if grain == "day":
            return first
        number = int(self._numbers(grain, np.array([first]))[0])
        if grain == "week":
            return np.datetime64(number * 7 - _EPOCH_WEEKDAY + WEEKDAYS.index(self.first_weekday), "D")
        months = number * _MONTHS[grain] + self.fiscal_year_start - 1
        start: np.datetime64 = np.datetime64(months, "M").astype("datetime64[D]")
        return start

    def _label(self, grain: Grain, start: date) -> str:
        if grain in ("day", "week"):
            return start.isoformat()
        if grain == "month":
            return f"{start:%b %Y}"
        fiscal = self.fiscal_year_start > 1
        year = f"FY{start.year + (start.month >= self.fiscal_year_start)}" if fiscal else str(start.year)
        quarter = (start.month - self.fiscal_year_start) % 12 // 3 + 1
        return f"{year} Q{quarter}" if grain == "quarter" else year
