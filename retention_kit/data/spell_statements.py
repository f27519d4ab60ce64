"""The SQL behind churn curves: how long customers stay, counted by first day and by how it ended.

The statements name views, never files: ``subscriptions`` and ``calendar`` (canonical), and those that
others make: the silences of `gap_statements`, and people, one row per customer with its segments.
"""

from collections.abc import Sequence
from datetime import date

from retention_kit.data.engine import literal
from retention_kit.data.statements import segment

__all__ = ["order_lives", "renewals", "subscription_lives", "tenures", "whole_periods"]

_NEVER = "DATE '9999-12-31'"
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def tenures(*, grace_days: int, people: str, segments: Sequence[str]) -> str:
    """Return customers per first day and end of their first spell of subscriptions.

    A spell is made of subscriptions that overlap, or begin at most ``grace_days`` after the last one ended.

    Parameters
    ----------
    grace_days : int
        Days between two subscriptions that do not end a spell, 0 or more.
    people : str
        What has each customer's segments.
    segments : sequence of str
        Attributes to keep apart; none spares a join.

    Returns
    -------
    str
        Columns: the segments, ``started_day``, ``ended_day`` (the first day without; missing: runs on),
        ``customers``, ``returned`` (those who began another spell later).
    """
    order = "PARTITION BY customer_id ORDER BY started_day, ends"
    keys = ", ".join([*(f"p.{segment(name)}" for name in segments), "t.started_day", "t.ended_day"])
    joined = f" JOIN {people} AS p ON p.customer_id = t.customer_id" if segments else ""
    return f"""
SELECT {keys}, count(*) AS customers, count(t.back_day) AS returned
FROM (
  SELECT customer_id, min(started_day) AS started_day,
    CASE WHEN max(CASE WHEN spell = 1 THEN ends END) < {_NEVER}
      THEN max(CASE WHEN spell = 1 THEN ends END) END AS ended_day,
    min(CASE WHEN spell > 1 THEN started_day END) AS back_day
  FROM (
    SELECT customer_id, started_day, ends,
      sum(begins) OVER ({order} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS spell
    FROM (
      SELECT customer_id, started_day, ends,
        CASE WHEN date_diff('day', reach, started_day) <= {grace_days} THEN 0 ELSE 1 END AS begins
      FROM (
        SELECT customer_id, started_day, ends,
          max(ends) OVER ({order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reach
        FROM (
          SELECT customer_id, started_day, COALESCE(ended_day, {_NEVER}) AS ends FROM subscriptions
        ) AS spans
      ) AS reached
    ) AS marked
  ) AS spelled
  GROUP BY customer_id
) AS t{joined}
GROUP BY {keys}""".strip()


def subscription_lives(*, tenures: str, seen_until: date, group: str, condition: str) -> str:
    """Return customers per group, first day, days until they left or were last seen, and which it was.

    Parameters
    ----------
    tenures : str
        View of that statement.
    seen_until : date
        Last day on which leaving is known; who ends later is still there, who begins later is left out.
    group : str
        The SQL of the group's name, over the segments of the view.
    condition : str
        Which customers count, likewise; empty for all.

    Returns
    -------
    str
        Columns: ``grp``, ``started_day``, ``days``, ``is_event``, ``customers``, ``returned`` (of those who
        left).
    """
    seen = f"DATE {literal(seen_until)}"
    left = f"COALESCE(ended_day <= {seen}, FALSE)"
    more = f"{condition} AND" if condition else "WHERE"
    return f"""
SELECT {group} AS grp, started_day, {left} AS is_event,
  CAST(date_diff('day', started_day, CASE WHEN {left} THEN ended_day ELSE {seen} END) AS INTEGER) AS days,
  CAST(sum(customers) AS BIGINT) AS customers,
  CAST(sum(CASE WHEN {left} THEN returned ELSE 0 END) AS BIGINT) AS returned
FROM {tenures}
{more} started_day <= {seen}
GROUP BY ALL""".strip()


def order_lives(
    *, silences: str, starts: str, threshold_days: int, segmented: bool, group: str, condition: str
) -> str:
    """Return customers per group and first day: those who leave at a threshold, and all who began.

    Parameters
    ----------
    silences, starts : str
        Views of those statements, of `gap_statements`.
    threshold_days : int
        The silence, in days, 1 or more.
    segmented : bool
        Whether group or condition name a segment.
    group, condition : str
        As for `subscription_lives`.

    Returns
    -------
    str
        Columns: ``grp``, ``started_day``, ``days``, ``is_event``, ``customers``. With the event, those who
        left after so many days; without, all who began that day, whether or not they left, with the days
        they were seen.
    """
    # Who stayed is what is left of all: to sort them out here would read every silence a second time.
    joined = " JOIN segments AS s ON s.customer_id = q.customer_id" if segmented else ""
    more = f"{condition} AND" if condition else "WHERE"
    return f"""
SELECT {group} AS grp, q.first_day AS started_day, q.since_days + {threshold_days} AS days, TRUE AS is_event,
  count(*) AS customers
FROM {silences} AS q{joined}
{more} {threshold_days} BETWEEN q.from_days AND q.to_days
GROUP BY ALL
UNION ALL
SELECT {group} AS grp, first_day AS started_day, seen_days AS days, FALSE AS is_event,
  CAST(sum(customers) AS BIGINT) AS customers
FROM {starts} {condition}
GROUP BY ALL""".strip()


def renewals(*, tenures: str, seen_until: date, seen_from: date | None, grain: str, condition: str) -> str:
    """Return customers per cohort, periods of their contract that are over, and the one they left in.

    Periods run from each customer's own first day; a customer leaves in the period that holds its last
    day with a subscription. Only periods that are over count, for those who left as for those who stayed.

    Parameters
    ----------
    tenures, seen_until, condition
        As for `subscription_lives`.
    seen_from : date or None
        Count only customers who began on that day or later.
    grain : str
        Length of a period.

    Returns
    -------
    str
        Columns: ``cohort`` (index of the calendar period of the first day), ``due_periods``, ``left_in``
        (missing for those who stayed), ``customers``.
    """
    seen = f"DATE {literal(seen_until)}"
    left = whole_periods(grain, "t.started_day", "(t.ended_day - INTERVAL 1 DAY)")
    began = f" AND t.started_day >= DATE {literal(seen_from)}" if seen_from else ""
    more = f"{condition} AND" if condition else "WHERE"
    return f"""
SELECT cohort, due_periods, CASE WHEN left_in <= due_periods THEN left_in END AS left_in,
  CAST(sum(customers) AS BIGINT) AS customers
FROM (
  SELECT c.period_index AS cohort, t.customers, {whole_periods(grain, "t.started_day", seen)} AS due_periods,
    CASE WHEN t.ended_day <= {seen} THEN {left} + 1 END AS left_in
  FROM {tenures} AS t JOIN calendar AS c ON c.grain = {literal(grain)} AND c.day = t.started_day
  {more} t.started_day <= {seen}{began}
) AS placed
GROUP BY ALL""".strip()


def whole_periods(grain: str, start: str, end: str) -> str:
    """Return the SQL of the whole periods between two days; ends of months are clipped.

    From 31 January, one month is over on 28 February.
    """
    if grain not in _MONTHS:
        days = f"date_diff('day', {start}, {end})"
        return days if grain == "day" else f"({days} // 7)"
    months = f"((year({end}) - year({start})) * 12 + month({end}) - month({start})"
    months += f" - CASE WHEN day({end}) < least(day({start}), day(last_day({end}))) THEN 1 ELSE 0 END)"
    return months if grain == "month" else f"({months} // {_MONTHS[grain]})"
