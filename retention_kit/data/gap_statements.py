"""The SQL behind the purchase cadence: gaps between a customer's order days, counted.

As the ledger's, the statements name views, never files: ``orders``, and ``firsts`` and ``segments`` of the
ledger. A gap runs from one day on which a customer ordered to the next such day; the last one is open,
and runs to the as-of date. Days are the local ones of the canonical orders.
"""

from collections.abc import Sequence
from datetime import date

from retention_kit.data.engine import literal

__all__ = ["WEIGHT_UNITS", "churn_counts", "gap_counts", "gaps"]

# A customer's gaps share one unit of weight. It is a whole number that up to 40 gaps divide without
# rest, so that weights add up exactly, in any order; beyond, they are right to 13 digits.
WEIGHT_UNITS = 5_342_931_457_063_200


def gaps(*, orders: str, as_of: date) -> str:
    """Return one row per customer and order day: the days to the next one, or to the as-of date.

    Columns: ``customer_id``, ``ordered_day``, ``days``, ``is_open``.
    """
    # One sort of all orders by customer and day is over twice as fast as one sort per customer. Several
    # orders on a day leave gaps of no days, which do not count.
    following = f"COALESCE(next_day, DATE {literal(as_of)})"
    return f"""
SELECT customer_id, ordered_day, is_open, days
FROM (
  SELECT customer_id, ordered_day, next_day IS NULL AS is_open,
    date_diff('day', ordered_day, {following}) AS days
  FROM (
    SELECT customer_id, ordered_day,
      CASE WHEN next_customer = customer_id THEN next_order_day END AS next_day
    FROM (
      SELECT o.customer_id, o.ordered_day,
        lead(o.customer_id) OVER (ORDER BY o.customer_id, o.ordered_day) AS next_customer,
        lead(o.ordered_day) OVER (ORDER BY o.customer_id, o.ordered_day) AS next_order_day
      FROM {orders} AS o
    ) AS paired
  ) AS dated
) AS measured
WHERE is_open OR days > 0""".strip()


def gap_counts(*, orders: str, as_of: date, group: str, condition: str, segments: Sequence[str]) -> str:
    """Return gaps, and their weight, per group, bucket of customers, length, and whether open.

    Parameters
    ----------
    orders : str
        What to read the orders from.
    as_of : date
        Last day counted.
    group : str
        The SQL of the group's name, over the columns of ``segments``.
    condition : str
        Which customers count, likewise; empty for all.
    segments : sequence of str
        Attributes that either names; none spares a join.

    Returns
    -------
    str
        Columns: ``grp``, ``bucket``, ``days``, ``is_open``, ``gaps``, ``weight`` (in parts of which a
        customer has `WEIGHT_UNITS`), and ``customers`` (open gaps: each customer has one).
    """
    return f"""
SELECT {group} AS grp, f.bucket, g.days, g.is_open, count(*) AS gaps,
  CAST(sum(CAST({WEIGHT_UNITS} // g.of_customer AS DECIMAL(38, 0))) AS DECIMAL(38, 0)) AS weight
FROM (
  SELECT customer_id, days, is_open,
    count(*) OVER (ORDER BY customer_id RANGE BETWEEN CURRENT ROW AND CURRENT ROW) AS of_customer
  FROM (
{gaps(orders=orders, as_of=as_of)}
  ) AS placed
) AS g JOIN firsts AS f ON f.customer_id = g.customer_id{_with(segments, "f")}
{condition}
GROUP BY {group}, f.bucket, g.days, g.is_open""".strip()


def churn_counts(
    *, orders: str, as_of: date, threshold_days: int, group: str, condition: str, segments: Sequence[str]
) -> str:
    """Return customers per group, days from their first order, and whether they left then.

    A customer leaves when a silence first reaches the threshold: at the end of that many days in
    which nothing was ordered. A later order does not undo it. All others are censored at the as-of date.

    Parameters
    ----------
    threshold_days : int
        The silence, in days, 1 or more.
    orders, as_of, group, condition, segments
        As for `gap_counts`.

    Returns
    -------
    str
        Columns: ``grp``, ``days``, ``is_event``, ``customers``.
    """
    return f"""
SELECT {group} AS grp, c.days, c.is_event, count(*) AS customers
FROM (
  SELECT customer_id, silent_from IS NOT NULL AS is_event,
    CASE WHEN silent_from IS NULL THEN date_diff('day', first_day, DATE {literal(as_of)})
      ELSE date_diff('day', first_day, silent_from) + {threshold_days} END AS days
  FROM (
    SELECT customer_id, min(ordered_day) AS first_day,
      min(CASE WHEN days > {threshold_days} OR (is_open AND days = {threshold_days})
        THEN ordered_day END) AS silent_from
    FROM (
{gaps(orders=orders, as_of=as_of)}
    ) AS g GROUP BY customer_id
  ) AS first_silence
) AS c{_with(segments, "c")}
{condition}
GROUP BY {group}, c.days, c.is_event""".strip()


def _with(segments: Sequence[str], customers: str) -> str:
    return f"\nJOIN segments AS s ON s.customer_id = {customers}.customer_id" if segments else ""
