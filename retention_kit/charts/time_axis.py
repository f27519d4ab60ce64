"""Time in charts: ticks where periods start, and what happened between them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa

__all__ = ["event_marks", "iso", "time_axis"]


def time_axis(rows: Sequence[Mapping[str, Any]], grain: str, *, title: str) -> dict[str, Any]:
    """Return the words of an axis with ticks where periods start, at most a dozen of them."""
    days = [date.fromisoformat(row["start"][:10]) for row in rows]
    some = days[:: -(-len(days) // 12) or 1]
    return {
        "ticks": [{"year": day.year, "month": day.month, "date": day.day} for day in some],
        "time_format": "%-d %b %Y" if grain in ("day", "week") else "%Y" if grain == "year" else "%b %Y",
        "x_title": title,
    }


def event_marks(rows: Sequence[Mapping[str, Any]], events: pa.Table | None) -> list[dict[str, Any]]:
    """Return the events within the periods of ``rows``, as rows of a drawing."""
    starts = [row["start"] for row in rows if row.get("start")]
    if events is None or not starts:
        return []
    marks = [{"start": iso(row["date"]), "label": row["label"]} for row in events.to_pylist()]
    last = max(row.get("end") or row["start"] for row in rows)
    return [mark for mark in marks if min(starts) <= str(mark["start"]) <= last]


def iso(day: date | None) -> str | None:
    """Return a day as scripts read it, as a local one."""
    # With a time, scripts read a day as local; without one, as universal time, a day off in the west.
    return None if day is None else f"{day.isoformat()}T00:00:00"
