"""The SQL behind purchase histories: days with purchases, and customers who share a history.

As the ledger's, the statements name views, never files. A customer's orders of one local day are one
purchase, with refunds netted as the orders were; a day on which nothing is left to pay counts too. Money is
exact: whole ten-thousandths, the canonical orders' last digit.
"""

from collections.abc import Sequence
from datetime import date

from retention_kit.data.engine import literal
from retention_kit.data.statements import segment

__all__ = ["MONEY_UNITS", "histories", "histories_counted", "purchase_days", "purchases_by_day"]

MONEY_UNITS = 10_000  # parts of the currency in which sums are counted
_KEYS = "frequency, recency_days, age_days"


def purchase_days(*, orders: str, money: bool, margin: bool) -> str:
    """Return one row per customer and day with orders, and its first day.

    Columns: ``customer_id``, ``first_day``, ``ordered_day``, ``amount`` and ``margin`` (missing without).
    """
    return f"""
SELECT d.customer_id, f.first_day, d.ordered_day, d.amount, d.margin
FROM (
  SELECT o.customer_id, o.ordered_day, {_net("amount", money)} AS amount, {_net("margin", margin)} AS margin
  FROM {orders} AS o GROUP BY o.customer_id, o.ordered_day
) AS d JOIN firsts AS f ON f.customer_id = d.customer_id""".strip()


def histories(
    *, days: str, until: date, money: bool, margin: bool, segments: Sequence[str], condition: str = ""
) -> str:
    """Return one row per customer: its purchases up to a day, and those after it.

    Parameters
    ----------
    days : str
        View of `purchase_days`.
    until : date
        End of the calibration. Customers who first bought later are left out.
    money, margin : bool
        Whether the days have an amount, and a margin.
    segments : sequence of str
        Attributes to have beside; none spares a join.
    condition : str
        SQL of a further condition, on segments as ``s`` or buckets as ``f``.

    Returns
    -------
    str
        Columns: the segments, ``customer_id``, ``first_day``, ``frequency`` (days after the first),
        ``recency_days``, ``age_days``, ``spend_units`` and ``margin_units`` (of days after the first),
        ``later_purchases``, ``later_units``.
    """
    last = f"DATE {literal(until)}"
    within = f"d.ordered_day <= {last}"
    repeat = f"d.ordered_day > d.first_day AND {within}"
    chosen = "".join(f", min(s.{segment(name)}) AS {segment(name)}" for name in segments)
    joined = "\nJOIN segments AS s ON s.customer_id = d.customer_id" if segments else ""
    if "f.bucket" in condition:
        joined += "\nJOIN firsts AS f ON f.customer_id = d.customer_id"
    more = f" AND {condition}" if condition else ""
    # A customer has one first day and one of each segment: to group by them as well would cost more.
    return f"""
SELECT d.customer_id, min(d.first_day) AS first_day{chosen},
  count(CASE WHEN {repeat} THEN 1 END) AS frequency,
  date_diff('day', min(d.first_day), max(CASE WHEN {within} THEN d.ordered_day END)) AS recency_days,
  date_diff('day', min(d.first_day), {last}) AS age_days,
  {_units("amount", repeat, money)} AS spend_units,
  {_units("margin", repeat, margin)} AS margin_units,
  count(CASE WHEN d.ordered_day > {last} THEN 1 END) AS later_purchases,
  {_units("amount", f"d.ordered_day > {last}", money)} AS later_units
FROM {days} AS d{joined}
WHERE d.first_day <= {last}{more}
GROUP BY d.customer_id""".strip()


def histories_counted(*, histories: str, group: str) -> str:
    """Return customers per group and history, and per group and spend, in one pass.

    Rows with a ``recency_days`` are histories: customers, and sums over them of what they spent, and of what
    they did later. Rows without are distinct sums spent, of customers who bought again.

    Parameters
    ----------
    histories : str
        That statement, or a view of it.
    group : str
        SQL of the group's name.

    Returns
    -------
    str
        Columns: ``grp``, ``frequency``, ``recency_days``, ``age_days``, ``spend_each``, ``customers``,
        ``spend_units``, ``margin_units``, ``later_purchases``, ``later_units``.
    """
    sums = ",\n  ".join(
        f"CAST(sum({name}) AS BIGINT) AS {name}"
        for name in ("spend_units", "margin_units", "later_purchases", "later_units")
    )
    return f"""
SELECT grp, {_KEYS}, spend_each, count(*) AS customers,
  {sums}
FROM (
  SELECT {group} AS grp, {_KEYS}, spend_units AS spend_each, spend_units, margin_units, later_purchases,
    later_units
  FROM (
{histories}
  ) AS h
) AS k
GROUP BY GROUPING SETS ((grp, {_KEYS}), (grp, frequency, spend_each))""".strip()


def purchases_by_day(*, days: str, condition: str = "", segments: bool = False) -> str:
    """Return customers who first bought, and repeat purchases, per day.

    Columns: ``ordered_day``, ``new_customers``, ``repeat_purchases``.
    """
    joined = "\nJOIN segments AS s ON s.customer_id = d.customer_id" if segments else ""
    where = f"\nWHERE {condition}" if condition else ""
    return f"""
SELECT d.ordered_day, count(CASE WHEN d.ordered_day = d.first_day THEN 1 END) AS new_customers,
  count(CASE WHEN d.ordered_day > d.first_day THEN 1 END) AS repeat_purchases
FROM {days} AS d{joined}{where}
GROUP BY d.ordered_day""".strip()


def _net(column: str, known: bool) -> str:
    # As wide as an order's amount: sums are twice as wide, and twice as slow to read.
    return f"CAST({f'sum(o.{column})' if known else 'NULL'} AS DECIMAL(18, 4))"


def _units(column: str, condition: str, known: bool) -> str:
    # Exact in any order of summing: whole units, never floats.
    if not known:
        return "CAST(0 AS BIGINT)"
    total = f"sum(CASE WHEN {condition} THEN d.{column} ELSE 0 END)"
    return f"CAST({total} * {MONEY_UNITS} AS BIGINT)"
