"""Offsets of a time zone as tables, so that SQL converts local times and instants by a join.

The zone's rules come from Python's ``zoneinfo`` alone, on every platform and in every engine. A wall
time that the clocks skip keeps the offset from before the change, and so does the first pass of an
hour that comes twice: the reading that ``datetime`` gives with ``fold=0``. Neither is an error.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa

__all__ = ["instant_offsets", "wall_offsets"]


def wall_offsets(zone: str, *, first_day: date, last_day: date) -> pa.Table:
    """Return the offset from UTC of every local day: ``day``, ``switch``, ``before_us``, ``after_us``.

    ``switch`` is the local time from which ``after_us`` holds, missing on days without a change.
    """
    rules = ZoneInfo(zone)
    return _offsets(
        lambda moment: _microseconds(moment.replace(tzinfo=rules).utcoffset()), first_day, last_day
    )


def instant_offsets(zone: str, *, first_day: date, last_day: date) -> pa.Table:
    """Return the offset from UTC of every day in UTC; columns as in `wall_offsets`."""
    rules = ZoneInfo(zone)
    return _offsets(
        lambda moment: _microseconds(moment.replace(tzinfo=UTC).astimezone(rules).utcoffset()),
        first_day,
        last_day,
    )


def _offsets(offset_at: Callable[[datetime], int], first_day: date, last_day: date) -> pa.Table:
    first = datetime(first_day.year, first_day.month, first_day.day)
    days = [first + timedelta(days=n) for n in range((last_day - first_day).days + 2)]
    offsets = [offset_at(day) for day in days]
    changes = [
        _first_moment(start, offset_at) if before != after else None
        for start, before, after in zip(days, offsets, offsets[1:], strict=False)
    ]
    return pa.table(
        {
            "day": pa.array([day.date() for day in days[:-1]], pa.date32()),
            "switch": pa.array(changes, pa.timestamp("us")),
            "before_us": pa.array(offsets[:-1], pa.int64()),
            "after_us": pa.array(offsets[1:], pa.int64()),
        }
    )


def _first_moment(start: datetime, offset_at: Callable[[datetime], int]) -> datetime:
    # Bisection to the second: within one day the offset changes once.
    low, high, old = 0, 86_400, offset_at(start)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset_at(start + timedelta(seconds=middle)) == old else (low, middle)
    return start + timedelta(seconds=high)


def _microseconds(offset: timedelta | None) -> int:
    return int((offset or timedelta()) / timedelta(microseconds=1))
