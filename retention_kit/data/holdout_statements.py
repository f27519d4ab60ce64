"""The SQL behind back-tests of purchases: what came before and after a day, and week by week.

The statements name views, never files: ``purchase_days`` of `purchase_statements`, and ``segments`` of the
ledger where a condition names one (as ``s``).
"""

from collections.abc import Sequence
from datetime import date

from retention_kit.data.engine import literal
from retention_kit.data.purchase_statements import MONEY_UNITS

__all__ = ["histories_at", "holdout_counted", "spends_counted", "weeks_counted"]


def holdout_counted(*, days: str, until: date, recent_days: int, money: bool, condition: str = "") -> str:
    """Return customers per history up to a day, purchases just before it, and purchases after it.

    Parameters
    ----------
    days : str
        View of `purchase_days`.
    until : date
        End of the calibration; who first bought later is left out.
    recent_days : int
        Length of the time just before it.
    money : bool
        Whether the days have an amount.
    condition : str
        SQL of a further condition; empty for none.

    Returns
    -------
    str
        Columns: ``frequency``, ``recency_days``, ``age_days``, ``recent_purchases`` (repeat days of the last
        ``recent_days``), ``later_purchases``, ``customers``, ``spend_units`` (sum over their repeat days),
        ``later_units``.
    """
    last = f"DATE {literal(until)}"
    within = f"d.ordered_day <= {last}"
    repeat = f"d.ordered_day > d.first_day AND {within}"
    recent = f"{repeat} AND date_diff('day', d.ordered_day, {last}) < {int(recent_days)}"
    joined = "\n  JOIN segments AS s ON s.customer_id = d.customer_id" if condition else ""
    more = f" AND {condition}" if condition else ""
    return f"""
SELECT frequency, recency_days, age_days, recent_purchases, later_purchases, count(*) AS customers,
  CAST(sum(spend_units) AS BIGINT) AS spend_units, CAST(sum(later_units) AS BIGINT) AS later_units
FROM (
  SELECT d.customer_id, count(CASE WHEN {repeat} THEN 1 END) AS frequency,
    date_diff('day', d.first_day, max(CASE WHEN {within} THEN d.ordered_day END)) AS recency_days,
    date_diff('day', d.first_day, {last}) AS age_days,
    count(CASE WHEN {recent} THEN 1 END) AS recent_purchases,
    count(CASE WHEN d.ordered_day > {last} THEN 1 END) AS later_purchases,
    {_units(repeat, money)} AS spend_units,
    {_units(f"d.ordered_day > {last}", money)} AS later_units
  FROM {days} AS d{joined}
  WHERE d.first_day <= {last}{more}
  GROUP BY d.customer_id, d.first_day
) AS h
GROUP BY frequency, recency_days, age_days, recent_purchases, later_purchases""".strip()


def histories_at(*, days: str, ends: Sequence[date], condition: str = "") -> str:
    """Return customers per history up to each of several days, in one pass over the purchases.

    Parameters
    ----------
    days : str
        View of `purchase_days`.
    ends : sequence of date
        Last days; who first bought later is left out.
    condition : str
        SQL of a further condition; empty for none.

    Returns
    -------
    str
        Columns: ``origin`` (place in ``ends``), ``frequency``, ``recency_days``, ``age_days``,
        ``customers``.
    """
    joined = "\n    JOIN segments AS s ON s.customer_id = d.customer_id" if condition else ""
    where = f"\n    WHERE {condition}" if condition else ""
    counted, parts = [], []
    for at, end in enumerate(ends):
        last = f"DATE {literal(end)}"
        within = f"d.ordered_day <= {last}"
        counted.append(f"count(CASE WHEN d.ordered_day > d.first_day AND {within} THEN 1 END) AS x_{at}")
        counted.append(f"max(CASE WHEN {within} THEN d.ordered_day END) AS last_{at}")
        parts.append(
            f"SELECT {at} AS origin, x_{at} AS frequency, date_diff('day', first_day, last_{at}) AS "
            f"recency_days, date_diff('day', first_day, {last}) AS age_days FROM lives "
            f"WHERE first_day <= {last}"
        )
    columns, union = ",\n      ".join(counted), "\n  UNION ALL ".join(parts)
    return f"""
SELECT origin, frequency, recency_days, age_days, count(*) AS customers
FROM (
  WITH lives AS (
    SELECT d.customer_id, d.first_day,
      {columns}
    FROM {days} AS d{joined}{where}
    GROUP BY d.customer_id, d.first_day
  )
  {union}
) AS h
GROUP BY origin, frequency, recency_days, age_days""".strip()


def spends_counted(*, histories: str) -> str:
    """Return customers per history and sum spent, from the statement of `purchase_statements.histories`.

    Columns: ``frequency``, ``recency_days``, ``age_days``, ``spend_units``, ``customers``.
    """
    keys = "frequency, recency_days, age_days, spend_units"
    return f"SELECT {keys}, count(*) AS customers\nFROM (\n{histories}\n) AS h\nGROUP BY {keys}"


def weeks_counted(*, days: str, anchor: date, condition: str = "") -> str:
    """Return new customers and repeat purchases by week of the first purchase and week of the purchase.

    Weeks end on the weekday of ``anchor``; the week that ends on it is 0, later ones are positive.

    Returns
    -------
    str
        Columns: ``first_week``, ``week``, ``new_customers``, ``repeat_purchases``.
    """
    joined = "\n  JOIN segments AS s ON s.customer_id = d.customer_id" if condition else ""
    where = f"\n  WHERE {condition}" if condition else ""
    return f"""
SELECT first_week, week, count(CASE WHEN is_first THEN 1 END) AS new_customers,
  count(CASE WHEN NOT is_first THEN 1 END) AS repeat_purchases
FROM (
  SELECT {_week("d.first_day", anchor)} AS first_week, {_week("d.ordered_day", anchor)} AS week,
    d.ordered_day = d.first_day AS is_first
  FROM {days} AS d{joined}{where}
) AS w
GROUP BY first_week, week""".strip()


def _week(day: str, anchor: date) -> str:
    # Shifted by many whole weeks, because engines round a quotient below 0 in different ways.
    back = f"date_diff('day', {day}, DATE {literal(anchor)})"
    return f"CAST(10000 - (70000 + {back}) // 7 AS INTEGER)"


def _units(condition: str, known: bool) -> str:
    if not known:
        return "CAST(0 AS BIGINT)"
    return f"CAST(sum(CASE WHEN {condition} THEN d.amount ELSE 0 END) * {MONEY_UNITS} AS BIGINT)"
