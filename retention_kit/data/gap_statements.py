"""The SQL behind the purchase cadence: gaps between a customer's order days, counted.

As the ledger's, the statements name views, never files: ``orders`` and ``segments`` of the ledger, and
those made here. A gap runs from one day on which a customer ordered to the next such day; the
last one is open, and runs to the as-of date. Days are the local ones of the canonical orders.

``gaps`` is sorted and written once; everything else is counted from it, since whatever reads all orders
again takes as long.
"""

from collections.abc import Sequence
from datetime import date

from retention_kit.data.engine import literal
from retention_kit.data.statements import segment

__all__ = ["WEIGHT_UNITS", "gap_counts", "gap_customers", "gaps", "silences", "starts"]

# A customer's gaps share one unit of weight. It is a whole number that up to 40 gaps divide without
# rest, so that weights add up exactly, in any order; beyond, they are right to 13 digits.
WEIGHT_UNITS = 5_342_931_457_063_200
_BEYOND_ALL = 1 << 21  # days, more than any gap has


def gaps(*, orders: str, as_of: date) -> str:
    """Return one row per customer and order day: the days to the next one, or to the as-of date.

    Columns: ``customer_id``, ``ordered_day``, ``days``, ``is_open``; in order of the first two.
    """
    # One sort of all orders by customer and day is faster than one sort per customer, and every further
    # window would sort them again. Several orders on a day leave gaps of no days, which do not count.
    window = "OVER (ORDER BY o.customer_id, o.ordered_day)"
    return f"""
SELECT customer_id, ordered_day, is_open, days
FROM (
  SELECT customer_id, ordered_day, next_day IS NULL AS is_open,
    CAST(date_diff('day', ordered_day, COALESCE(next_day, DATE {literal(as_of)})) AS INTEGER) AS days
  FROM (
    SELECT customer_id, ordered_day, CASE WHEN next_customer = customer_id THEN next_order_day END AS next_day
    FROM (
      SELECT o.customer_id, o.ordered_day, lead(o.customer_id) {window} AS next_customer,
        lead(o.ordered_day) {window} AS next_order_day
      FROM {orders} AS o
    ) AS paired
  ) AS dated
) AS measured
WHERE is_open OR days > 0""".strip()


def gap_customers(*, gaps: str) -> str:
    """Return one row per customer, from the view of its gaps.

    Columns: ``customer_id``, ``customer_number`` (in order of the ids), ``first_day``, ``gaps`` (how many,
    the open one included), ``bucket`` (as in the ledger).
    """
    return f"""
SELECT c.customer_id, row_number() OVER (ORDER BY c.customer_id) AS customer_number, c.first_day, c.gaps,
  CAST('0x' || substr(md5(CAST(c.customer_id AS VARCHAR)), 1, 8) AS BIGINT) % 100 AS bucket
FROM (
  SELECT customer_id, min(ordered_day) AS first_day, count(*) AS gaps FROM {gaps} GROUP BY customer_id
) AS c""".strip()


def gap_counts(*, gaps: str, customers: str, segments: Sequence[str]) -> str:
    """Return gaps, and their weight, per segment, bucket of customers, length, and whether open.

    Parameters
    ----------
    gaps, customers : str
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
    people = customers
    if segments:
        chosen = "".join(f", s.{segment(name)}" for name in segments)
        people = f"""(
  SELECT c.customer_id, c.gaps, c.bucket{chosen}
  FROM {customers} AS c JOIN segments AS s ON s.customer_id = c.customer_id
)"""
    return f"""
SELECT {keys}, count(*) AS gaps,
  CAST(sum(CAST({WEIGHT_UNITS} // p.gaps AS DECIMAL(38, 0))) AS DECIMAL(38, 0)) AS weight
FROM {gaps} AS g JOIN {people} AS p ON p.customer_id = g.customer_id
GROUP BY {keys}""".strip()


def silences(*, gaps: str, customers: str) -> str:
    """Return, per customer, the silence that first reaches a threshold, for every threshold there can be.

    A customer leaves when a silence first reaches the threshold: at the end of that many days in which
    nothing was ordered. A later order does not undo it. So only silences count that are longer than all
    the customer's before, and each of them decides for the thresholds between.

    Parameters
    ----------
    gaps, customers : str
        Views of those statements.

    Returns
    -------
    str
        Columns: ``customer_id``, ``first_day`` (of its first order), ``since_days`` (from then to the
        beginning of the silence), ``from_days`` and ``to_days`` (thresholds, both included).
    """
    # A silence is a day shorter than the gap that an order ends. The longest so far: customers stand in
    # order of their number, so that a maximum over all rows before is one over the customer's own.
    window = "OVER (ORDER BY customer_number, since_days ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    base = f"customer_number * {_BEYOND_ALL}"
    return f"""
SELECT customer_id, first_day, since_days, CAST(before + 1 AS INTEGER) AS from_days, reach AS to_days
FROM (
  SELECT customer_id, first_day, since_days, reach,
    greatest(COALESCE(max({base} + reach) {window} - {base}, -1), -1) AS before
  FROM (
    SELECT g.customer_id, c.customer_number, c.first_day,
      CAST(date_diff('day', c.first_day, g.ordered_day) AS INTEGER) AS since_days,
      g.days - CASE WHEN g.is_open THEN 0 ELSE 1 END AS reach
    FROM {gaps} AS g JOIN {customers} AS c ON c.customer_id = g.customer_id
  ) AS reached
) AS compared
WHERE reach > before""".strip()


def starts(*, customers: str, as_of: date, segments: Sequence[str]) -> str:
    """Return customers per segment and first day, from the view of customers.

    Columns: the segments, ``first_day``, ``seen_days`` (from then to the as-of date), ``customers``.
    """
    keys = ", ".join([*(f"s.{segment(name)}" for name in segments), "c.first_day"])
    joined = " JOIN segments AS s ON s.customer_id = c.customer_id" if segments else ""
    return f"""
SELECT {keys}, CAST(date_diff('day', c.first_day, DATE {literal(as_of)}) AS INTEGER) AS seen_days,
  count(*) AS customers
FROM {customers} AS c{joined}
GROUP BY {keys}""".strip()
