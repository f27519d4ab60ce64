"""The SQL behind the purchase cadence: gaps between a customer's order days, counted.

As the ledger's, the statements name views, never files: ``orders``, ``firsts`` and ``segments`` of the
ledger, and those made here. A gap runs from one day on which a customer ordered to the next such day; the
last one is open, and runs to the as-of date. Days are the local ones of the canonical orders.

``gaps`` is sorted and written once; everything else is counted from it without sorting again.
"""

from collections.abc import Sequence
from datetime import date

from retention_kit.data.engine import literal
from retention_kit.data.statements import segment

__all__ = ["WEIGHT_UNITS", "gap_counts", "gaps", "gaps_of_customers", "silences", "starts"]

# A customer's gaps share one unit of weight. It is a whole number that up to 40 gaps divide without
# rest, so that weights add up exactly, in any order; beyond, they are right to 13 digits.
WEIGHT_UNITS = 5_342_931_457_063_200
_BEYOND_ALL = 1 << 21  # days, more than any gap has


def gaps(*, orders: str, as_of: date) -> str:
    """Return one row per customer and order day: the days to the next one, or to the as-of date.

    Columns: ``customer_id``, ``customer_number`` (in order of the ids), ``ordered_day``, ``days``,
    ``is_open``.
    """
    # One sort of all orders by customer and day is over twice as fast as one sort per customer. Several
    # orders on a day leave gaps of no days, which do not count.
    following = f"COALESCE(next_day, DATE {literal(as_of)})"
    return f"""
SELECT customer_id, customer_number, ordered_day, is_open, days
FROM (
  SELECT customer_id, customer_number, ordered_day, next_day IS NULL AS is_open,
    CAST(date_diff('day', ordered_day, {following}) AS INTEGER) AS days
  FROM (
    SELECT customer_id, customer_number, ordered_day,
      CASE WHEN next_customer = customer_id THEN next_order_day END AS next_day
    FROM (
      SELECT o.customer_id, o.ordered_day,
        dense_rank() OVER (ORDER BY o.customer_id) AS customer_number,
        lead(o.customer_id) OVER (ORDER BY o.customer_id, o.ordered_day) AS next_customer,
        lead(o.ordered_day) OVER (ORDER BY o.customer_id, o.ordered_day) AS next_order_day
      FROM {orders} AS o
    ) AS paired
  ) AS dated
) AS measured
WHERE is_open OR days > 0""".strip()


def gaps_of_customers(*, gaps: str) -> str:
    """Return one row per customer: how many gaps it has, the open one included."""
    return f"SELECT customer_id, count(*) AS gaps FROM {gaps} GROUP BY customer_id"


def gap_counts(*, gaps: str, of_customers: str, segments: Sequence[str]) -> str:
    """Return gaps, and their weight, per segment, bucket of customers, length, and whether open.

    Parameters
    ----------
    gaps, of_customers : str
        Views of those statements.
    segments : sequence of str
        Attributes to keep apart; none spares a join.

    Returns
    -------
    str
        Columns: the segments, ``bucket``, ``days``, ``is_open``, ``gaps``, ``weight`` (in parts of which a
        customer has `WEIGHT_UNITS`).
    """
    keys = ", ".join([*(f"p.{segment(name)}" for name in segments), "p.bucket", "g.days", "g.is_open"])
    return f"""
SELECT {keys}, count(*) AS gaps,
  CAST(sum(CAST({WEIGHT_UNITS} // p.gaps AS DECIMAL(38, 0))) AS DECIMAL(38, 0)) AS weight
FROM {gaps} AS g JOIN (
  SELECT k.customer_id, k.gaps, f.bucket{_chosen(segments)}
  FROM {of_customers} AS k JOIN firsts AS f ON f.customer_id = k.customer_id{_joined(segments)}
) AS p ON p.customer_id = g.customer_id
GROUP BY {keys}""".strip()


def silences(*, gaps: str, as_of: date, segments: Sequence[str]) -> str:
    """Return, per customer, the silence that first reaches a threshold, for every threshold there can be.

    A customer leaves when a silence first reaches the threshold: at the end of that many days in which
    nothing was ordered. A later order does not undo it. So only silences count that are longer than all
    the customer's before, and each of them decides for the thresholds between.

    Parameters
    ----------
    gaps : str
        View of that statement.
    as_of : date
        Last day counted.
    segments : sequence of str
        Attributes to have beside; none spares a join.

    Returns
    -------
    str
        Columns: the segments, ``first_day`` and ``seen_days`` of the customer (from its first order to the
        as-of date), ``since_days`` (from its first order to the beginning of the silence), ``from_days`` and
        ``to_days`` (thresholds, both included; each customer has one row with ``from_days`` 0).
    """
    # A silence is a day shorter than the gap that an order ends. The longest so far: customers stand in
    # order of their number, so that a maximum over all rows before is one over the customer's own.
    window = "OVER (ORDER BY customer_number, ordered_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    base = f"customer_number * {_BEYOND_ALL}"
    chosen = "".join(f"s.{segment(name)}, " for name in segments)
    return f"""
SELECT {chosen}f.first_day, CAST(date_diff('day', f.first_day, DATE {literal(as_of)}) AS INTEGER) AS
seen_days,
  CAST(date_diff('day', f.first_day, g.ordered_day) AS INTEGER) AS since_days,
  CAST(CASE WHEN before >= 0 THEN before + 1 ELSE 0 END AS INTEGER) AS from_days, g.reach AS to_days
FROM (
  SELECT customer_id, ordered_day, reach, max({base} + reach) {window} - {base} AS before
  FROM (
    SELECT customer_id, customer_number, ordered_day,
      days - CASE WHEN is_open THEN 0 ELSE 1 END AS reach
    FROM {gaps}
  ) AS reached
) AS g JOIN firsts AS f ON f.customer_id = g.customer_id{_joined(segments)}
WHERE before IS NULL OR g.reach > before""".strip()


def starts(*, silences: str, segments: Sequence[str]) -> str:
    """Return customers per segment and first day, from the view of their silences.

    Columns: the segments, ``first_day``, ``seen_days``, ``customers``.
    """
    keys = ", ".join([*map(segment, segments), "first_day", "seen_days"])
    return f"SELECT {keys}, count(*) AS customers FROM {silences} WHERE from_days = 0 GROUP BY {keys}"


def _chosen(segments: Sequence[str]) -> str:
    return "".join(f", s.{segment(name)}" for name in segments)


def _joined(segments: Sequence[str]) -> str:
    return "\nJOIN segments AS s ON s.customer_id = f.customer_id" if segments else ""
