"""The SQL behind comparisons by landmark: who was there on a day, and what became of them after it.

A customer's landmark is the end of the day that comes ``landmark_days`` after its start. As the ledger's,
the statements name views, never files: ``subscriptions`` (canonical), ``firsts`` of the ledger, and those
that are given. Groups are those of `landmark_group_statements`.
"""

from collections.abc import Sequence
from datetime import date

from retention_kit.data.engine import literal
from retention_kit.data.statements import segment

__all__ = ["days_to", "landmark_counts", "landmark_lives", "order_lives", "subscription_lives"]


def order_lives(*, gaps: str, threshold_days: int, landmark_days: int) -> str:
    """Return one row per customer: its first order, when it left, and its first order after the landmark.

    A customer leaves when a silence first reaches the threshold, and a later order does not undo it.

    Parameters
    ----------
    gaps : str
        View of the gaps between orders, of `gap_statements`.
    threshold_days : int
        The silence, in days, 1 or more.
    landmark_days : int
        Days from the first order to the landmark.

    Returns
    -------
    str
        Columns: ``customer_id``, ``start_day``, ``left_day`` and ``next_day`` (missing: did not happen).
    """
    silent = f"g.days > {threshold_days} OR (g.is_open AND g.days = {threshold_days})"
    later = f"date_diff('day', f.first_day, g.ordered_day) > {landmark_days}"
    return f"""
SELECT customer_id, start_day, next_day,
  CAST(silent_from + INTERVAL {threshold_days} DAY AS DATE) AS left_day
FROM (
  SELECT g.customer_id, min(f.first_day) AS start_day,
    min(CASE WHEN {silent} THEN g.ordered_day END) AS silent_from,
    min(CASE WHEN {later} THEN g.ordered_day END) AS next_day
  FROM {gaps} AS g JOIN firsts AS f ON f.customer_id = g.customer_id
  GROUP BY g.customer_id
) AS silences""".strip()


def subscription_lives(*, departures: str, orders: str, landmark_days: int) -> str:
    """Return the same for customers who leave when their first spell of subscriptions ends.

    Parameters
    ----------
    departures : str
        A relation with ``customer_id`` and ``left_day`` of every end that nothing continued.
    orders : str
        What to read the orders from; empty where there are none.
    landmark_days : int
        Days from the first subscription to the landmark.
    """
    next_day, joined = "CAST(NULL AS DATE)", ""
    if orders:
        next_day = "n.next_day"
        joined = f"""
LEFT JOIN (
  SELECT o.customer_id, min(o.ordered_day) AS next_day
  FROM {orders} AS o JOIN (
    SELECT customer_id, min(started_day) AS start_day FROM subscriptions GROUP BY customer_id
  ) AS f ON f.customer_id = o.customer_id
  WHERE {days_to("o.ordered_day")} > {landmark_days} GROUP BY o.customer_id
) AS n ON n.customer_id = s.customer_id"""
    return f"""
SELECT s.customer_id, s.start_day, d.left_day, {next_day} AS next_day
FROM (
  SELECT customer_id, min(started_day) AS start_day FROM subscriptions GROUP BY customer_id
) AS s LEFT JOIN (
  SELECT customer_id, min(left_day) AS left_day FROM {departures} AS d GROUP BY customer_id
) AS d ON d.customer_id = s.customer_id{joined}""".strip()


def landmark_lives(*, lives: str, as_of: date, seen_until: date, landmark_days: int) -> str:
    """Return where each customer stands at the landmark, and the days from there to what it did next.

    Parameters
    ----------
    lives : str
        A statement as that of `order_lives`.
    as_of, seen_until : date
        Last day counted; last day on which leaving is known.
    landmark_days : int
        Days from the start to the landmark.

    Returns
    -------
    str
        Columns: ``customer_id``, ``start_day``, ``standing`` (``too recent``: the landmark had not come;
        ``left``: before it; else ``there``), ``left_after`` and ``is_event`` (days after the landmark to
        leaving, or to the last day that is known), ``next_after`` and ``has_next`` (the same to the
        next order).
    """
    last, end = f"DATE {literal(seen_until)}", f"DATE {literal(as_of)}"
    known = f"COALESCE(l.left_day <= {last}, FALSE)"
    left = days_to(f"CASE WHEN {known} THEN l.left_day ELSE {last} END", "l")
    return f"""
SELECT customer_id, start_day, left_after, is_event, next_after, has_next,
  CASE WHEN seen_after < 0 THEN 'too recent' WHEN is_event AND left_after <= 0 THEN 'left'
    ELSE 'there' END AS standing
FROM (
  SELECT l.customer_id, l.start_day, {known} AS is_event, l.next_day IS NOT NULL AS has_next,
    CAST({days_to(last, "l")} - {landmark_days} AS INTEGER) AS seen_after,
    CAST({left} - {landmark_days} AS INTEGER) AS left_after,
    CAST({days_to(f"COALESCE(l.next_day, {end})", "l")} - {landmark_days} AS INTEGER) AS next_after
  FROM (
{lives}
  ) AS l
) AS dated""".strip()


def landmark_counts(*, lives: str, groups: str, people: str, segments: Sequence[str]) -> str:
    """Return customers per segment and group, by what became of them.

    Parameters
    ----------
    lives : str
        View of `landmark_lives`.
    groups : str
        A statement of a grouping; empty where a segment is the group.
    people : str
        What has each customer's segments.
    segments : sequence of str
        Attributes to keep apart; none spares a join.

    Returns
    -------
    str
        Columns: the segments, ``group_then``, ``group_ever``, ``outcome``, ``days``, ``is_event``,
        ``customers``. The outcome is ``too recent`` or ``left``, as in `landmark_lives`; whoever is still
        there is in ``leaving`` and in ``ordering``, with the days after the landmark.
    """
    named = "g.group_then, g.group_ever" if groups else _NO_GROUP
    columns = "".join(f", p.{segment(name)}" for name in segments)
    keys = ", ".join([*map(segment, segments), "group_then", "group_ever"])
    joined = f"\n  LEFT JOIN (\n{groups}\n  ) AS g ON g.customer_id = l.customer_id" if groups else ""
    joined += f"\n  JOIN {people} AS p ON p.customer_id = l.customer_id" if segments else ""
    parts = [
        f"SELECT {keys}, {outcome} AS outcome, {days} AS days, {event} AS is_event, count(*) AS customers\n"
        f"FROM placed WHERE standing {test} GROUP BY {keys}, {by}"
        for outcome, days, event, test, by in (
            ("standing", "0", "FALSE", "<> 'there'", "standing"),
            ("'leaving'", "left_after", "is_event", "= 'there'", "left_after, is_event"),
            ("'ordering'", "next_after", "has_next", "= 'there'", "next_after, has_next"),
        )
    ]
    return (
        f"""
WITH placed AS (
  SELECT {named}{columns}, l.standing, l.left_after, l.is_event, l.next_after, l.has_next
  FROM {lives} AS l{joined}
)
""".lstrip()
        + "\nUNION ALL\n".join(parts)
    )


_NO_GROUP = "CAST(NULL AS VARCHAR) AS group_then, CAST(NULL AS VARCHAR) AS group_ever"


def days_to(day: str, start: str = "f") -> str:
    """Return the SQL of the days from the start of a customer, in the relation ``start``, to a day."""
    return f"date_diff('day', {start}.start_day, {day})"
