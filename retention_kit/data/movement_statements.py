"""The SQL behind movements: who came, stayed, left and came back, and what it did to revenue.

As the ledger's, the statements name views, never files: ``orders``, ``subscriptions``, ``customers`` and
``calendar`` (canonical), ``firsts`` and ``segments`` of the ledger, and ``subscribers`` made here. ``people``
is whatever has ``customer_id``, ``bucket`` and the segments asked for.

A move is a row of a customer and a period: ``new`` (the first time), ``kept`` (there in the period before
and in this one), ``lost`` (there before, not in this one) or ``back`` (here again, after a period
without), with the revenue ``before`` and ``after``.
"""

from collections.abc import Sequence

from retention_kit.data.engine import literal, quote
from retention_kit.data.statements import WORD_BITS, segment

__all__ = [
    "MOVES",
    "active_parts",
    "flows",
    "order_moves",
    "subscribers",
    "subscription_changes",
    "subscription_moves",
]

_GREW, _SHRANK = "move = 'kept' AND after > before", "move = 'kept' AND after < before"
MOVES: dict[str, tuple[str, str]] = {  # condition and amount of each step of the bridge
    "new": ("move = 'new'", "after"),
    "expansion": (_GREW, "after - before"),
    "contraction": (_SHRANK, "before - after"),
    "churn": ("move = 'lost'", "before"),
    "reactivation": ("move = 'back'", "after"),
}


def subscribers(*, plan: bool, attributes: Sequence[str]) -> str:
    """Return one row per customer with a subscription: bucket, plan at the first one, and attributes.

    Where several subscriptions start on the first day, the plan is the smallest of theirs, so that it
    never depends on the order of rows.
    """
    chosen = [f"p.{segment('plan')}"] if plan else []
    chosen += [f"k.{quote(name)} AS {segment(name)}" for name in attributes]
    at_first = f"""
JOIN (
  SELECT u.customer_id, min(u.plan) AS {segment("plan")}
  FROM subscriptions AS u JOIN (
    SELECT customer_id, min(started_day) AS first_day FROM subscriptions GROUP BY customer_id
  ) AS f ON f.customer_id = u.customer_id AND f.first_day = u.started_day
  GROUP BY u.customer_id
) AS p ON p.customer_id = s.customer_id"""
    of_customer = "\nLEFT JOIN customers AS k ON k.customer_id = s.customer_id"
    joins = (at_first if plan else "") + (of_customer if attributes else "")
    columns = "".join(f", {column}" for column in chosen)
    return f"""SELECT s.customer_id, s.first_day,
  CAST('0x' || substr(md5(CAST(s.customer_id AS VARCHAR)), 1, 8) AS BIGINT) % 100 AS bucket{columns}
FROM (
  SELECT customer_id, min(started_day) AS first_day FROM subscriptions GROUP BY customer_id
) AS s{joins}"""


def order_moves(*, grain: str, begun_index: int, money: bool) -> str:
    """Return the moves of customers who order: there means an order in the period.

    Parameters
    ----------
    grain : str
        Length of a period.
    begun_index : int
        Index of the first period that has not begun.
    money : bool
        Whether orders have amounts; without, the revenues are missing.

    Returns
    -------
    str
        Columns: ``customer_id``, ``period_index``, ``move``, ``was_new`` (new in the period before),
        ``before`` (kept and lost), ``after`` (all but lost).
    """
    amount = f"CAST({'sum(o.amount)' if money else 'NULL'} AS DECIMAL(18, 4))"
    # One sort of all by customer and period is faster than one sort per customer.
    window = "OVER (ORDER BY customer_id, period_index)"
    return f"""
SELECT customer_id, moved_index AS period_index, move, was_new,
  CASE WHEN move IN ('kept', 'lost') THEN revenue END AS before,
  CASE move WHEN 'new' THEN revenue WHEN 'lost' THEN NULL ELSE next_revenue END AS after
FROM (
  SELECT customer_id, revenue, next_revenue, step = 1 AND is_first AS was_new,
    CASE step WHEN 0 THEN period_index WHEN 1 THEN period_index + 1 ELSE next_index END AS moved_index,
    CASE WHEN step = 0 THEN 'new' WHEN step = 2 THEN 'back' WHEN next_index = period_index + 1 THEN 'kept'
      ELSE 'lost' END AS move
  FROM (
    SELECT customer_id, period_index, revenue, next_revenue,
      COALESCE(prior_customer <> customer_id, TRUE) AS is_first,
      CASE WHEN next_customer = customer_id THEN later_index END AS next_index
    FROM (
      SELECT customer_id, period_index, revenue, lag(customer_id) {window} AS prior_customer,
        lead(customer_id) {window} AS next_customer, lead(period_index) {window} AS later_index,
        lead(revenue) {window} AS next_revenue
      FROM (
        SELECT o.customer_id, c.period_index, {amount} AS revenue
        FROM orders AS o JOIN calendar AS c ON c.grain = {literal(grain)} AND c.day = o.ordered_day
        GROUP BY o.customer_id, c.period_index
      ) AS active
    ) AS paired
  ) AS placed CROSS JOIN (SELECT 0 AS step UNION ALL SELECT 1 AS step UNION ALL SELECT 2 AS step) AS steps
  WHERE (step = 0 AND is_first) OR (step = 1 AND period_index + 1 < {begun_index})
    OR (step = 2 AND next_index > period_index + 1)
) AS stepped""".strip()


def subscription_changes(*, grain: str) -> str:
    """Return by how much each customer's monthly amount at the end of a period differs from the one before.

    Columns: ``customer_id``, ``period_index``, ``amount``. A subscription counts at the end of a period when
    it has started and not ended; one that starts and ends within a period is never seen. Amounts of
    subscriptions that overlap add up.
    """
    calendar = f"JOIN calendar AS c ON c.grain = {literal(grain)} AND c.day ="
    return f"""
SELECT customer_id, period_index, CAST(sum(amount) AS DECIMAL(18, 4)) AS amount
FROM (
  SELECT s.customer_id, c.period_index, s.monthly_amount AS amount
  FROM subscriptions AS s {calendar} s.started_day
  UNION ALL
  SELECT s.customer_id, c.period_index, -s.monthly_amount AS amount
  FROM subscriptions AS s {calendar} s.ended_day
) AS turns
GROUP BY customer_id, period_index
HAVING sum(amount) <> 0""".strip()


def subscription_moves(*, grain: str) -> str:
    """Return the moves of customers who subscribe: there means a monthly amount at the end of the period.

    Columns as of `order_moves`; customers whose amount stays as it is have no row.
    """
    return f"""
SELECT customer_id, period_index, FALSE AS was_new, after - change AS before, after,
  CASE WHEN is_first THEN 'new' WHEN after = change THEN 'back' WHEN after = 0 THEN 'lost'
    ELSE 'kept' END AS move
FROM (
  SELECT customer_id, period_index, amount AS change,
    CAST(sum(amount) OVER (PARTITION BY customer_id ORDER BY period_index) AS DECIMAL(18, 4)) AS after,
    row_number() OVER (PARTITION BY customer_id ORDER BY period_index) = 1 AS is_first
  FROM (
{subscription_changes(grain=grain)}
  ) AS changes
) AS levels""".strip()


def flows(*, moves: str, people: str, segments: Sequence[str]) -> str:
    """Return the steps of the bridge, in money and in customers, per segment, bucket and period.

    Parameters
    ----------
    moves : str
        Statement of the moves.
    people : str
        What has each customer's bucket and segments.
    segments : sequence of str
        Attributes to keep apart.

    Returns
    -------
    str
        Columns: the segments, ``bucket``, ``period_index``, ``was_new``, ``kept_customers``, and per step of
        `MOVES` its amount and its ``_customers``.
    """
    keys = ", ".join([*map(segment, segments), "bucket", "period_index", "was_new"])
    steps = "".join(
        f",\n  count(CASE WHEN {condition} THEN 1 END) AS {name}_customers"
        f",\n  CAST(sum(CASE WHEN {condition} THEN {amount} ELSE 0 END) AS DECIMAL(38, 4)) AS {name}"
        for name, (condition, amount) in MOVES.items()
    )
    return f"""
SELECT {keys}, count(CASE WHEN move = 'kept' THEN 1 END) AS kept_customers{steps}
FROM (
{moves}
) AS m JOIN {people} AS p ON p.customer_id = m.customer_id
GROUP BY {keys}""".strip()


def active_parts(*, grain: str, sub_grain: str, longest: int, people: str, segments: Sequence[str]) -> str:
    """Return customers per segment, period, and number of sub-periods in which they ordered.

    Parameters
    ----------
    grain, sub_grain : str
        Lengths of a period, and of its parts. A part that lies in two periods counts in each in which
        the customer ordered on one of its days.
    longest : int
        Most parts that a period touches.
    people, segments
        As for `flows`.

    Returns
    -------
    str
        Columns: the segments, ``period_index``, ``active_periods``, ``customers``.
    """
    # Neighbouring bits stay apart in as many words as hold them, wherever they begin.
    words = 1 if longest <= WORD_BITS else -(-longest // WORD_BITS) + 1
    bits = [f"CASE WHEN s.word % {words} = {i} THEN s.bit ELSE 0 END" for i in range(words)]
    count = " + ".join(f"bit_count(bit_or({bit}))" for bit in (bits if words > 1 else ["s.bit"]))
    keys = ", ".join([*map(segment, segments), "period_index", "active_periods"])
    joined = f"\nJOIN {people} AS p ON p.customer_id = a.customer_id" if segments else ""
    return f"""
SELECT {keys}, count(*) AS customers
FROM (
  SELECT o.customer_id, c.period_index, CAST({count} AS INTEGER) AS active_periods
  FROM orders AS o
  JOIN calendar AS c ON c.grain = {literal(grain)} AND c.day = o.ordered_day
  JOIN calendar AS s ON s.grain = {literal(sub_grain)} AND s.day = o.ordered_day
  GROUP BY o.customer_id, c.period_index
) AS a{joined}
GROUP BY {keys}""".strip()
