"""Churn per calendar period: of those there when it began, how many left before it was over."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.data.calendar import Calendar, Grain
from retention_kit.measures.intervals import wilson
from retention_kit.measures.spells import Lives

__all__ = ["churn_rates", "period_of"]

Ints = NDArray[np.int64]


def churn_rates(
    lives: Lives, calendar: Calendar, *, grain: Grain, known_from: date, level: float
) -> pa.Table:
    """Return churn and retention per calendar period, with Wilson's interval.

    The rate is the share of the customers there when the period began who left before it was over; who
    joined and left within it is counted apart. Periods that are not over have no rate, nor have those in
    which leaving could not be seen yet.

    Parameters
    ----------
    lives : Lives
        The customers.
    calendar : Calendar
        The dataset's calendar.
    grain : str
        Length of a period.
    known_from : date
        First day on which somebody could be seen to leave.
    level : float
        Confidence level of the intervals.

    Returns
    -------
    pyarrow.Table
        ``period``, ``starts_on``, ``ends_on`` (last day), ``status`` (``complete``, ``partial``, ``too
        early``), ``joined``, ``customers`` (there when it began), ``left`` (of them), ``left_at_once`` (of
        those who joined), ``churn_rate``, ``ci_low``, ``ci_high``, ``retention_rate``, ``retention_ci_low``,
        ``retention_ci_high``; missing where there is no rate.
    """
    periods = calendar.periods(grain)
    starts = periods["starts_on"].to_numpy().astype("datetime64[D]")
    ends = periods["ends_on"].to_numpy().astype("datetime64[D]")
    count = len(starts)
    began = period_of(calendar, grain, lives.started)
    gone = lives.is_event
    left_in = period_of(calendar, grain, lives.last[gone])
    at_once = left_in == began[gone]
    joined = _sums(began, lives.customers, count)
    all_left = _sums(left_in, lives.customers[gone], count)
    left_at_once = _sums(left_in[at_once], lives.customers[gone][at_once], count)
    opening = np.cumsum(joined - all_left) - (joined - all_left)
    left = all_left - left_at_once
    early = starts < np.datetime64(known_from)
    partial = ends > np.datetime64(lives.seen_until + timedelta(days=1))
    known = ~early & ~partial & (opening > 0)
    rate = np.divide(left, opening, out=np.full(count, np.nan), where=known)
    low, high = wilson(np.where(known, left, 0), np.where(known, opening, 0), level=level)
    status = np.where(early, "too early", np.where(partial, "partial", "complete"))
    return pa.table(
        {
            "period": periods["label"],
            "starts_on": starts,
            "ends_on": ends - np.timedelta64(1, "D"),
            "status": status.astype(object),
            "joined": joined,
            "customers": opening,
            "left": left,
            "left_at_once": left_at_once,
            **_known(churn_rate=rate, ci_low=low, ci_high=high),
            **_known(retention_rate=1 - rate, retention_ci_low=1 - high, retention_ci_high=1 - low),
        }
    )


def period_of(calendar: Calendar, grain: Grain, days: NDArray[np.datetime64]) -> Ints:
    """Return the index of the period that holds each day, from the calendar's first day on."""
    index = calendar.days(grain)["period_index"].to_numpy()
    place = (days - np.datetime64(calendar.first_day)).astype(np.int64)
    found: Ints = index[place].astype(np.int64)
    return found


def _sums(place: Ints, customers: Ints, count: int) -> Ints:
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, place, customers)
    return sums


def _known(**columns: NDArray[np.float64]) -> dict[str, pa.Array]:
    return {name: pa.array(values, mask=np.isnan(values)) for name, values in columns.items()}
