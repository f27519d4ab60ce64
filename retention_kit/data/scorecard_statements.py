"""The SQL behind the scorecard: sums per period and bucket of customers, from which its tiles are computed.

As the ledger's, the statements name views, never files: ``orders``, ``customers``, ``responses`` and
``calendar`` (canonical), ``firsts`` and ``segments`` of the ledger, and what is made here. ``grp`` is the
value of the attribute by which customers are selected; each customer is in one of 100 buckets, which the
jackknife leaves out in turn.
"""

from collections.abc import Sequence

from retention_kit.data.engine import literal

__all__ = [
    "ANSWER_COLUMNS",
    "PERIOD_COLUMNS",
    "REFERRAL",
    "answers",
    "order_gaps",
    "period_sums",
    "product_periods",
    "second_orders",
]

REFERRAL = "refer"  # a source whose name holds this is a referral
_AT_PERIOD = ("newcomers", "young", "repeaters", "single", "orders", "new_orders")
_MONEY = ("revenue", "new_revenue", "young_revenue", "margin")
PERIOD_COLUMNS = ("active", "retained", "year_steps", "both_years_steps", *_AT_PERIOD, *_MONEY)
_SCALES = {"nps": (0, 10), "csat": (1, 5)}
_ANSWERS = {
    "promoters": "question = 'nps' AND score >= 9",
    "passives": "question = 'nps' AND score > 6 AND score < 9",
    "detractors": "question = 'nps' AND score <= 6",
    "rated": "question = 'csat'",
    "satisfied": "question = 'csat' AND score >= 4",
}
ANSWER_COLUMNS = (*_ANSWERS, "rating")


def order_gaps(
    *, grain: str, year: int, group: str, segments: Sequence[str], source: bool, money: bool, margin: bool
) -> str:
    """Return customers and what they ordered, per group, bucket, period, and periods to their next one.

    Parameters
    ----------
    grain : str
        Length of a period.
    year : int
        Periods in a year. Gaps of two years and more, and those that are open, are two years long.
    group : str
        The SQL of the group's name, over the columns of ``segments``.
    segments : sequence of str
        Attributes that it names; none spares a join.
    source : bool
        Whether customers have a source, so that referrals are told apart.
    money, margin : bool
        Whether orders have amounts, and margins; without, these sums are 0.

    Returns
    -------
    str
        Columns: ``grp``, ``is_referral``, ``bucket``, ``period_index``, ``gap``, ``active`` (customers with
        an order in the period), of them ``newcomers`` (their first), ``young`` (their first within a year
        up to the period), ``repeaters`` (their second ever) and ``single`` (one order only in the period),
        ``orders``, ``revenue`` and ``margin``, and what of it is of newcomers or young customers.
    """
    # One sort of all by customer and period is faster than one sort per customer.
    window = "OVER (ORDER BY customer_id, period_index)"
    referral = f"COALESCE(lower(k.source) LIKE '%{REFERRAL}%', FALSE)" if source else "FALSE"
    sources = "\n  LEFT JOIN customers AS k ON k.customer_id = p.customer_id" if source else ""
    nothing = "CAST(0 AS DECIMAL(18, 4))"
    no_next = 2 * year
    return f"""
SELECT grp, is_referral, bucket, period_index, gap, count(*) AS active,
  count(CASE WHEN is_new THEN 1 END) AS newcomers, count(CASE WHEN is_young THEN 1 END) AS young,
  count(CASE WHEN (is_new AND orders > 1) OR (is_next AND last_orders = 1) THEN 1 END) AS repeaters,
  count(CASE WHEN orders = 1 THEN 1 END) AS single, CAST(sum(orders) AS BIGINT) AS orders,
  CAST(sum(CASE WHEN is_new THEN orders ELSE 0 END) AS BIGINT) AS new_orders,
  CAST(sum(revenue) AS DECIMAL(38, 4)) AS revenue,
  CAST(sum(CASE WHEN is_new THEN revenue ELSE 0 END) AS DECIMAL(38, 4)) AS new_revenue,
  CAST(sum(CASE WHEN is_young THEN revenue ELSE 0 END) AS DECIMAL(38, 4)) AS young_revenue,
  CAST(sum(margin) AS DECIMAL(38, 4)) AS margin
FROM (
  SELECT {group} AS grp, {referral} AS is_referral, f.bucket, p.period_index, p.orders, p.revenue, p.margin,
    CASE WHEN p.next_customer = p.customer_id THEN least(p.next_index - p.period_index, {no_next})
      ELSE {no_next} END AS gap,
    p.period_index = h.period_index AS is_new, p.period_index < h.period_index + {year} AS is_young,
    p.period_index > h.period_index AND p.last_index = h.period_index AS is_next, p.last_orders
  FROM (
    SELECT customer_id, period_index, orders, revenue, margin, lead(customer_id) {window} AS next_customer,
      lead(period_index) {window} AS next_index, lag(period_index) {window} AS last_index,
      lag(orders) {window} AS last_orders
    FROM (
      SELECT o.customer_id, c.period_index, count(*) AS orders,
        {"sum(o.amount)" if money else nothing} AS revenue, {"sum(o.margin)" if margin else nothing} AS margin
      FROM orders AS o JOIN calendar AS c ON c.grain = {literal(grain)} AND c.day = o.ordered_day
      GROUP BY o.customer_id, c.period_index
    ) AS counted
  ) AS p
  JOIN firsts AS f ON f.customer_id = p.customer_id
  JOIN calendar AS h ON h.grain = {literal(grain)} AND h.day = f.first_day{sources}{_with(segments, "p")}
) AS placed
GROUP BY grp, is_referral, bucket, period_index, gap""".strip()


def period_sums(*, gaps: str, year: int, begun_index: int) -> str:
    """Return the sums per group, bucket and period.

    A customer who orders in period p and next in p + gap is active in the year that ends with p, and with
    each period up to the smaller of gap and ``year`` later. Steps up and down, summed over time, count the
    customers of such years, and those of two years in a row.

    Parameters
    ----------
    gaps : str
        View of `order_gaps`.
    year : int
        Periods in a year, as there.
    begun_index : int
        Index of the first period that has not begun.

    Returns
    -------
    str
        Columns: ``grp``, ``is_referral``, ``bucket``, ``period_index`` and `PERIOD_COLUMNS`, of which
        ``retained`` counts customers active in this period and the one before.
    """
    here = "".join(f",\n  sum(CASE WHEN step = 0 THEN {name} ELSE 0 END) AS {name}" for name in _AT_PERIOD)
    here += "".join(
        f",\n  CAST(sum(CASE WHEN step = 0 THEN {name} ELSE 0 END) AS DECIMAL(38, 4)) AS {name}"
        for name in _MONEY
    )
    summed = (*_AT_PERIOD, *_MONEY)
    steps = " UNION ALL ".join(f"SELECT {step} AS step" for step in range(5))
    return f"""
SELECT grp, is_referral, bucket, period_index,
  sum(CASE WHEN step = 0 THEN active ELSE 0 END) AS active,
  sum(CASE WHEN step = 1 THEN active ELSE 0 END) AS retained,
  sum(CASE step WHEN 0 THEN active WHEN 2 THEN -active ELSE 0 END) AS year_steps,
  sum(CASE step WHEN 3 THEN active WHEN 4 THEN -active ELSE 0 END) AS both_years_steps{here}
FROM (
  SELECT g.grp, g.is_referral, g.bucket, s.step, g.active, {", ".join(f"g.{name}" for name in summed)},
    CASE s.step WHEN 0 THEN g.period_index WHEN 1 THEN g.period_index + 1
      WHEN 2 THEN g.period_index + least(g.gap, {year}) WHEN 3 THEN g.period_index + greatest(g.gap, {year})
      ELSE g.period_index + {year} + least(g.gap, {year}) END AS period_index
  FROM {gaps} AS g CROSS JOIN ({steps}) AS s
  WHERE s.step = 0 OR s.step = 2 OR (s.step = 1 AND g.gap = 1) OR (s.step > 2 AND g.gap < {2 * year})
) AS stepped
WHERE period_index < {begun_index}
GROUP BY grp, is_referral, bucket, period_index""".strip()


def second_orders(*, group: str, segments: Sequence[str]) -> str:
    """Return customers per group, bucket, day of the first order, and days from it to the second.

    Columns: ``grp``, ``bucket``, ``first_day``, ``days`` (missing where there is no second order),
    ``customers``.
    """
    # A later moment can be an earlier local day where the clocks go back at midnight.
    return f"""
SELECT grp, bucket, first_day, days, count(*) AS customers
FROM (
  SELECT {group} AS grp, f.bucket, f.first_day, CASE WHEN t.at_first > 1 THEN 0
    WHEN t.later_day IS NOT NULL THEN greatest(date_diff('day', f.first_day, t.later_day), 0) END AS days
  FROM firsts AS f
  JOIN (
    SELECT o.customer_id, count(CASE WHEN o.ordered_at_utc = f.first_at_utc THEN 1 END) AS at_first,
      min(CASE WHEN o.ordered_at_utc > f.first_at_utc THEN o.ordered_day END) AS later_day
    FROM orders AS o JOIN firsts AS f ON f.customer_id = o.customer_id
    GROUP BY o.customer_id
  ) AS t ON t.customer_id = f.customer_id{_with(segments, "f")}
) AS dated
GROUP BY grp, bucket, first_day, days""".strip()


def product_periods(*, grain: str, group: str, segments: Sequence[str]) -> str:
    """Return customers per group, bucket, and period of their first and of their second product.

    Columns: ``grp``, ``bucket``, ``period_index``, ``one_product`` (customers whose first product type is
    of that period), ``two_products`` (those whose second is).
    """
    return f"""
SELECT {group} AS grp, f.bucket, c.period_index, count(CASE WHEN r.place = 1 THEN 1 END) AS one_product,
  count(CASE WHEN r.place = 2 THEN 1 END) AS two_products
FROM (
  SELECT customer_id, first_day,
    row_number() OVER (PARTITION BY customer_id ORDER BY first_day, product) AS place
  FROM (
    SELECT o.customer_id, o.product, min(o.ordered_day) AS first_day
    FROM orders AS o WHERE o.product IS NOT NULL GROUP BY o.customer_id, o.product
  ) AS kinds
) AS r
JOIN firsts AS f ON f.customer_id = r.customer_id
JOIN calendar AS c ON c.grain = {literal(grain)} AND c.day = r.first_day{_with(segments, "r")}
WHERE r.place <= 2
GROUP BY {group}, f.bucket, c.period_index""".strip()


def answers(*, grain: str, group: str, segments: Sequence[str]) -> str:
    """Return what customers answered, per group, bucket and period; of several answers in it, the last.

    Recommendation (question ``nps``) is asked from 0 to 10, satisfaction (``csat``) from 1 to 5; other scales
    are left out. Of several answers on a customer's last day the lowest counts.

    Columns: ``grp``, ``bucket``, ``period_index`` and `ANSWER_COLUMNS`, of which ``rating`` is the sum of the
    scores of satisfaction.
    """
    counts = "".join(f",\n  count(CASE WHEN {test} THEN 1 END) AS {name}" for name, test in _ANSWERS.items())
    scales = " OR ".join(
        f"(lower(a.question) = {literal(name)} AND a.scale_min = {low} AND a.scale_max = {high})"
        for name, (low, high) in _SCALES.items()
    )
    joined = "\n  LEFT JOIN segments AS s ON s.customer_id = r.customer_id" if segments else ""
    return f"""
SELECT grp, bucket, period_index{counts},
  CAST(sum(CASE WHEN question = 'csat' THEN score ELSE 0 END) AS DECIMAL(38, 4)) AS rating
FROM (
  SELECT {group} AS grp, r.period_index, r.question, r.score,
    CAST('0x' || substr(md5(CAST(r.customer_id AS VARCHAR)), 1, 8) AS BIGINT) % 100 AS bucket
  FROM (
    SELECT a.customer_id, c.period_index, lower(a.question) AS question,
      CAST(a.score AS DECIMAL(18, 4)) AS score,
      row_number() OVER (
        PARTITION BY a.customer_id, lower(a.question), c.period_index ORDER BY a.answered_day DESC, a.score
      ) AS place
    FROM responses AS a JOIN calendar AS c ON c.grain = {literal(grain)} AND c.day = a.answered_day
    WHERE {scales}
  ) AS r{joined}
  WHERE r.place = 1
) AS said
GROUP BY grp, bucket, period_index""".strip()


def _with(segments: Sequence[str], customers: str) -> str:
    return f"\n  JOIN segments AS s ON s.customer_id = {customers}.customer_id" if segments else ""
