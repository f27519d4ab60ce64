"""The SQL that tells customers apart at a landmark: by their orders, answers, complaints and membership.

Whatever happened up to the end of the landmark's day decides a customer's group, and nothing later does.
Each statement gives that group, and the one that the whole history up to the as-of date would give;
missing (NULL) where it cannot be told. The statements name views, never files: ``customers``, ``responses``
and ``complaints`` (canonical), and those that are given.
"""

from retention_kit.data.engine import literal, quote
from retention_kit.data.landmark_statements import days_to
from retention_kit.data.source_settings import SCALES

__all__ = ["answered", "complained", "first_uses", "joined", "variety"]

# Names of the bands of scores: the highest score of the lowest, and the lowest of the highest.
_BANDS = {
    "nps": (("detractor", 6), ("passive", None), ("promoter", 9)),
    "csat": (("1-2", 2), ("3", None), ("4-5", 4)),
}


def first_uses(column: str, *, orders: str) -> str:
    """Return one row per customer and value of an order column: the day it was first ordered.

    Columns: ``customer_id``, ``first_used``.
    """
    name = quote(column)
    return f"""
SELECT customer_id, min(ordered_day) AS first_used
FROM {orders} AS o WHERE {name} IS NOT NULL GROUP BY customer_id, {name}""".strip()


def variety(*, first_uses: str, starts: str, landmark_days: int) -> str:
    """Return how many values of an order column each customer had used: ``1``, ``2``, ``3+``.

    Parameters
    ----------
    first_uses : str
        View of that statement.
    starts : str
        A relation with ``customer_id`` and ``start_day``.
    landmark_days : int
        Days from the start to the landmark.

    Returns
    -------
    str
        Columns: ``customer_id``, ``group_then``, ``group_ever``.
    """
    then, ever = (
        f"CASE WHEN {count} > 2 THEN '3+' WHEN {count} > 0 THEN CAST({count} AS VARCHAR) END"
        for count in ("of_then", "of_ever")
    )
    return f"""
SELECT customer_id, {then} AS group_then, {ever} AS group_ever
FROM (
  SELECT u.customer_id, count(*) AS of_ever,
    count(CASE WHEN {days_to("u.first_used")} <= {landmark_days} THEN 1 END) AS of_then
  FROM {first_uses} AS u JOIN {starts} AS f ON f.customer_id = u.customer_id
  GROUP BY u.customer_id
) AS u""".strip()


def answered(question: str, *, starts: str, landmark_days: int) -> str:
    """Return the band of each customer's last answer to a question.

    Recommendation (question ``nps``) is asked from 0 to 10, satisfaction (``csat``) from 1 to 5; other scales
    are left out. Of several answers on a customer's last day the lowest counts.

    Parameters
    ----------
    question : {"nps", "csat"}
        The question.
    starts : str
        A relation with ``customer_id`` and ``start_day``.
    landmark_days : int
        Days from the start to the landmark.

    Returns
    -------
    str
        Columns: ``customer_id``, ``group_then``, ``group_ever`` (``detractor``, ``passive``, ``promoter``, or
        ``1-2``, ``3``, ``4-5``).
    """
    (lowest, highest), (low, middle, high) = SCALES[question], _BANDS[question]
    score = "CAST(r.score AS DECIMAL(18, 4))"
    band = f"CASE WHEN {score} <= {low[1]} THEN 0 WHEN {score} < {high[1]} THEN 1 ELSE 2 END"
    # The latest day first, then the lowest band: one number per answer, of which the largest counts.
    rank = f"date_diff('day', DATE '1970-01-01', r.answered_day) * 3 + 2 - {band}"
    names = " ".join(f"WHEN {2 - n} THEN {literal(name)}" for n, (name, _) in enumerate((low, middle, high)))
    return f"""
SELECT customer_id, CASE last_then % 3 {names} END AS group_then,
  CASE last_ever % 3 {names} END AS group_ever
FROM (
  SELECT r.customer_id, max({rank}) AS last_ever,
    max(CASE WHEN {days_to("r.answered_day")} <= {landmark_days} THEN {rank} END) AS last_then
  FROM responses AS r JOIN {starts} AS f ON f.customer_id = r.customer_id
  WHERE lower(r.question) = {literal(question)} AND r.scale_min = {lowest} AND r.scale_max = {highest}
  GROUP BY r.customer_id
) AS last_answers""".strip()


def complained(*, starts: str, landmark_days: int) -> str:
    """Return whether each customer had complained, and whether all its complaints were resolved.

    Columns: ``customer_id``, ``group_then``, ``group_ever`` (``none``, ``resolved``, ``unresolved``).
    """
    opened, resolved = (f"{days_to(f'c.{day}_day')} <= {landmark_days}" for day in ("opened", "resolved"))
    unresolved = f"CASE WHEN {opened} AND (c.resolved_day IS NULL OR NOT ({resolved})) THEN 1 END"
    return f"""
SELECT f.customer_id,
  CASE WHEN open_then > 0 THEN 'unresolved' WHEN of_then > 0 THEN 'resolved' ELSE 'none' END AS group_then,
  CASE WHEN open_ever > 0 THEN 'unresolved' WHEN of_ever > 0 THEN 'resolved' ELSE 'none' END AS group_ever
FROM {starts} AS f LEFT JOIN (
  SELECT c.customer_id, count(*) AS of_ever, count(CASE WHEN {opened} THEN 1 END) AS of_then,
    count(CASE WHEN c.resolved_day IS NULL THEN 1 END) AS open_ever, count({unresolved}) AS open_then
  FROM complaints AS c JOIN {starts} AS f ON f.customer_id = c.customer_id
  GROUP BY c.customer_id
) AS t ON t.customer_id = f.customer_id""".strip()


def joined(*, starts: str, landmark_days: int) -> str:
    """Return whether each known customer had joined the programme.

    Columns: ``customer_id``, ``group_then``, ``group_ever`` (``member``, ``not a member``).
    """
    day = "k.joined_programme_day"
    return f"""
SELECT k.customer_id,
  CASE WHEN {days_to(day)} <= {landmark_days} THEN 'member' ELSE 'not a member' END AS group_then,
  CASE WHEN {day} IS NOT NULL THEN 'member' ELSE 'not a member' END AS group_ever
FROM customers AS k JOIN {starts} AS f ON f.customer_id = k.customer_id""".strip()
