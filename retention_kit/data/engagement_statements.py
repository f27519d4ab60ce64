"""The SQL behind the engagement index: customers by their ranks, and what became of the engaged.

As the ledger's, the statements name views, never files: ``orders``, and ``firsts`` and ``segments`` of the
ledger. A rank is twice the middle rank of a value among all customers: those below it, and those not above
it. It is a whole number from 0 to twice their number, so that sums of ranks are exact.
"""

from collections.abc import Sequence
from datetime import date

from retention_kit.data.engine import literal

__all__ = ["PARTS", "acquisition_costs", "engaged_after", "engagement", "ranks", "totals"]

PARTS = {
    "recency": "last_day",
    "frequency": "orders",
    "spend": "revenue",
    "breadth": "products",
}


def totals(*, parts: Sequence[str], until: date) -> str:
    """Return one row per customer: what it ordered up to a day, as far as ``parts`` of `PARTS` ask for it."""
    columns = {
        "last_day": "max(o.ordered_day)",
        "orders": "count(*)",
        "revenue": "sum(o.amount)",
        "products": "count(DISTINCT o.product)",
    }
    values = ", ".join(f"{columns[PARTS[part]]} AS {PARTS[part]}" for part in parts)
    return f"""
SELECT o.customer_id, {values}
FROM orders AS o WHERE o.ordered_day <= DATE {literal(until)}
GROUP BY o.customer_id""".strip()


def ranks(*, totals: str, parts: Sequence[str]) -> str:
    """Return one row per customer: the sum of its ranks.

    Parameters
    ----------
    totals : str
        View of that statement.
    parts : sequence of str
        Keys of `PARTS`, each with the same weight.

    Returns
    -------
    str
        Columns: ``customer_id``, ``points`` (sum of the ranks), ``most`` (what it could be at most).
    """
    # To rank the values that there are, and join, is faster than to sort all customers by each.
    joins = "".join(
        f"""
JOIN (
  SELECT {name}, CAST(2 * sum(customers) OVER (ORDER BY {name}) - customers AS BIGINT) AS points
  FROM (SELECT {name}, count(*) AS customers FROM {totals} GROUP BY {name}) AS of_{name}
) AS by_{name} ON by_{name}.{name} = t.{name}"""
        for name in (PARTS[part] for part in parts)
    )
    points = " + ".join(f"by_{PARTS[part]}.points" for part in parts)
    return f"""
SELECT t.customer_id, {points} AS points, {2 * len(parts)} * n.customers AS most
FROM {totals} AS t{joins}
CROSS JOIN (SELECT count(*) AS customers FROM {totals}) AS n""".strip()


def engagement(*, ranks: str, classes: int, group: str, segments: Sequence[str]) -> str:
    """Return customers per group, bucket and class of the index, and the sum of their points.

    Parameters
    ----------
    ranks : str
        View of `ranks`.
    classes : int
        Classes of equal width from 0 to the most.
    group : str
        The SQL of the group's name, over the columns of ``segments``.
    segments : sequence of str
        Attributes that it names; none spares a join.

    Returns
    -------
    str
        Columns: ``grp``, ``bucket``, ``class_index``, ``customers``, ``points``, ``most``.
    """
    joined = "\n  JOIN segments AS s ON s.customer_id = r.customer_id" if segments else ""
    return f"""
SELECT grp, bucket, class_index, most, count(*) AS customers, CAST(sum(points) AS BIGINT) AS points
FROM (
  SELECT {group} AS grp, f.bucket, r.points, r.most,
    least(r.points * {classes} // r.most, {classes - 1}) AS class_index
  FROM {ranks} AS r
  JOIN firsts AS f ON f.customer_id = r.customer_id{joined}
) AS placed
GROUP BY grp, bucket, class_index, most""".strip()


def engaged_after(
    *, ranks: str, day: date, engaged_from: int, group: str, segments: Sequence[str], money: bool
) -> str:
    """Return what customers ordered after a day, per group, bucket, and whether they were engaged by then.

    Parameters
    ----------
    ranks : str
        View of `ranks`, of what was ordered up to the day.
    day : date
        The day.
    engaged_from : int
        Index, 0 to 100, from which on customers are engaged.
    group, segments
        As for `engagement`.
    money : bool
        Whether orders have amounts; without, the revenue is 0.

    Returns
    -------
    str
        Columns: ``grp``, ``bucket``, ``is_engaged``, ``customers``, ``orders``, ``revenue``.
    """
    joined = "\n  JOIN segments AS s ON s.customer_id = r.customer_id" if segments else ""
    amount = "sum(o.amount)" if money else "CAST(0 AS DECIMAL(18, 4))"
    return f"""
SELECT grp, bucket, is_engaged, count(*) AS customers, CAST(sum(orders) AS BIGINT) AS orders,
  CAST(sum(revenue) AS DECIMAL(38, 4)) AS revenue
FROM (
  SELECT {group} AS grp, f.bucket, r.points * 100 >= r.most * {engaged_from} AS is_engaged,
    COALESCE(t.orders, 0) AS orders, COALESCE(t.revenue, 0) AS revenue
  FROM {ranks} AS r
  JOIN firsts AS f ON f.customer_id = r.customer_id
  LEFT JOIN (
    SELECT o.customer_id, count(*) AS orders, {amount} AS revenue
    FROM orders AS o WHERE o.ordered_day > DATE {literal(day)} GROUP BY o.customer_id
  ) AS t ON t.customer_id = r.customer_id{joined}
) AS followed
GROUP BY grp, bucket, is_engaged""".strip()


def acquisition_costs(*, group: str, segments: Sequence[str]) -> str:
    """Return what customers cost to acquire, per group and bucket.

    Columns: ``grp``, ``bucket``, ``customers`` (whose cost is known), ``cost``.
    """
    joined = "\nJOIN segments AS s ON s.customer_id = f.customer_id" if segments else ""
    return f"""
SELECT {group} AS grp, f.bucket, count(*) AS customers,
  CAST(sum(k.acquisition_cost) AS DECIMAL(38, 4)) AS cost
FROM firsts AS f
JOIN customers AS k ON k.customer_id = f.customer_id{joined}
WHERE k.acquisition_cost IS NOT NULL
GROUP BY {group}, f.bucket""".strip()
