"""The SQL behind reasons for leaving: when customers' subscriptions ended for good, and why.

As the ledger's, the statements name views, never files: ``subscriptions``, and whatever ``people`` is,
with ``customer_id``, ``bucket`` and the segments asked for.
"""

from collections.abc import Sequence
from datetime import date

from retention_kit.data.engine import literal
from retention_kit.data.statements import segment

__all__ = ["departures"]


def departures(
    *, as_of: date, grace_days: int, people: str, segments: Sequence[str], has_reason: bool, money: bool
) -> str:
    """Return one row per departure: a customer's last subscription ended, and none began within the grace.

    Parameters
    ----------
    as_of : date
        Last day counted; an end whose grace is not over by then is not yet a departure.
    grace_days : int
        A subscription that begins at most so many days after the last one ended continues it.
    people, segments
        As for `flows`.
    has_reason, money : bool
        Whether subscriptions have reasons and monthly amounts; without, both are missing.

    Returns
    -------
    str
        Columns: the segments, ``customer_id``, ``bucket``, ``left_day``, ``next_left_day`` (of the customer's
        next departure), ``is_decided``, ``reason`` (of the dearest subscription that ended that day, the
        smallest text where several are), ``monthly_amount`` (of all that ended that day).
    """
    kept = "".join(f", p.{segment(name)}" for name in segments)
    reason = "reason" if has_reason else "CAST(NULL AS VARCHAR)"
    amount = "monthly_amount" if money else "CAST(NULL AS DECIMAL(18, 4))"
    never, ends = "DATE '9999-12-31'", "COALESCE(ended_day, DATE '9999-12-31')"
    decided = f"date_diff('day', d.left_day, DATE {literal(as_of)}) >= {grace_days}"
    return f"""
SELECT d.customer_id, p.bucket{kept}, d.left_day, d.reason, d.monthly_amount,
  lead(CASE WHEN {decided} THEN d.left_day END)
    OVER (PARTITION BY d.customer_id ORDER BY d.left_day) AS next_left_day,
  {decided} AS is_decided
FROM (
  SELECT customer_id, left_day, sum(amount) AS monthly_amount,
    min(CASE WHEN place = 1 THEN reason END) AS reason
  FROM (
    SELECT customer_id, left_day, amount, reason,
      row_number() OVER (
        PARTITION BY customer_id, left_day ORDER BY amount DESC, COALESCE(reason, '~'), reason
      ) AS place
    FROM (
      SELECT customer_id, ends, amount, reason,
        max(ends) OVER (PARTITION BY customer_id, spell) AS left_day
      FROM (
        SELECT customer_id, ends, amount, reason,
          sum(begins) OVER (PARTITION BY customer_id ORDER BY started_day, ends
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS spell
        FROM (
          SELECT customer_id, started_day, ends, amount, reason,
            CASE WHEN date_diff('day', reach, started_day) <= {grace_days} THEN 0 ELSE 1 END AS begins
          FROM (
            SELECT customer_id, started_day, {ends} AS ends, {amount} AS amount, {reason} AS reason,
              max({ends}) OVER (PARTITION BY customer_id ORDER BY started_day, {ends}
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reach
            FROM subscriptions
          ) AS spans
        ) AS marked
      ) AS spelled
    ) AS placed
    WHERE ends = left_day AND left_day < {never}
  ) AS ranked
  GROUP BY customer_id, left_day
) AS d JOIN {people} AS p ON p.customer_id = d.customer_id""".strip()
