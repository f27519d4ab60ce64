"""Which periods a scorecard compares: the one measured, the one before, and the same a year before."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from retention_kit.data.calendar import Grain
from retention_kit.data.dataset import Dataset
from retention_kit.data.ledger import open_ledger
from retention_kit.errors import ParameterError
from retention_kit.measures.movement_counting import Periods, periods_of
from retention_kit.measures.scorecard_result import Period

__all__ = ["LAST_YEAR", "Compared", "compared", "day_of"]

# Periods back to the same one a year before. Days and weeks go back by whole weeks, so that a Monday is
# compared with a Monday; a year's last year is the period before.
LAST_YEAR = {"day": 364, "week": 52, "month": 12, "quarter": 4}


@dataclass(frozen=True, eq=False)
class Compared:
    """The periods of a scorecard.

    Attributes
    ----------
    all : Periods
        Every period up to the as-of date.
    measured : Period
        The one measured.
    previous, last_year : Period or None
        Those it is compared with; none where the period is not over.
    lifetime_index : int
        Index of the period up to whose end metrics over the whole life of customers count.
    as_of : date
        Last day counted.
    """

    all: Periods
    measured: Period
    previous: Period | None
    last_year: Period | None
    lifetime_index: int
    as_of: date

    @cached_property
    def last_days(self) -> NDArray[np.int64]:
        """Last day of each period that is seen, in days from 1970."""
        ends = self.all.table["ends_on"].to_numpy().astype("datetime64[D]").astype(np.int64) - 1
        days: NDArray[np.int64] = np.minimum(ends, np.datetime64(self.as_of).astype(np.int64))
        return days

    def through(self, *, lifetime: bool) -> date:
        """Return the last day counted by a metric."""
        index = self.lifetime_index if lifetime else self.measured.index
        day: date = np.datetime64(int(self.last_days[index]), "D").astype(object)
        return day


def compared(dataset: Dataset, *, grain: Grain, period: str) -> Compared:
    """Return the period of a day, and those to compare it with.

    Parameters
    ----------
    dataset : Dataset
        An open dataset.
    grain : str
        Length of a period.
    period : str
        A day of it, YYYY-MM-DD; empty for the last complete one, or the first where none is complete.

    Raises
    ------
    ParameterError
        When the day is none, or lies outside the data.
    """
    ledger = open_ledger(dataset)
    periods = periods_of(ledger, grain)
    last = periods.count - 1
    chosen = periods.complete - 1 if periods.complete else 0
    if period:
        chosen = ledger.calendar.index_of(grain, day_of("period", period))
        if not 0 <= chosen <= last:
            raise ParameterError(
                f"period={period} is outside the data.",
                todo=f"They run from {dataset.first_day} to {dataset.as_of}; empty is the last complete one.",
            )
    measured = _period(periods, chosen)
    year = LAST_YEAR.get(grain, 0)
    over = measured.is_complete
    return Compared(
        all=periods,
        measured=measured,
        previous=_period(periods, chosen - 1) if over and chosen > 0 else None,
        last_year=_period(periods, chosen - year) if over and 0 < year <= chosen else None,
        lifetime_index=chosen if period else last,
        as_of=dataset.as_of,
    )


def day_of(name: str, text: str) -> date:
    """Return the day that a parameter names.

    Raises
    ------
    ParameterError
        When it names none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ParameterError(f"{name}={text!r} is no day.", todo="Write it as YYYY-MM-DD.") from None


def _period(periods: Periods, index: int) -> Period:
    row = periods.table.slice(index, 1).to_pylist()[0]
    last_day = row["ends_on"] - timedelta(days=1)
    return Period(index, row["label"], row["starts_on"], last_day, index < periods.complete)
