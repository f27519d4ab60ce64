"""The SQL behind the value of contracts: which run on a day, since when, and what they pay."""

from datetime import date

from retention_kit.data.engine import literal
from retention_kit.data.spell_statements import whole_periods

__all__ = ["running_contracts"]

_NEVER = "DATE '9999-12-31'"


def running_contracts(
    *, on: date, grace_days: int, grain: str, people: str, money: bool, group: str, condition: str
) -> str:
    """Return customers whose subscriptions run on a day, per group, first day, renewals made and amount.

    A contract begins with the spell of subscriptions that holds the day: those that overlap, or begin at
    most ``grace_days`` after the last one ended. Its amount is that of all subscriptions that run.

    Parameters
    ----------
    on : date
        The day.
    grace_days : int
        Days between two subscriptions that do not end a spell.
    grain : str
        Length of a period between renewals.
    people : str
        What has each customer's segments.
    money : bool
        Whether subscriptions have a monthly amount.
    group, condition : str
        SQL of the group's name and of which customers count (with its ``WHERE``), over the segments.

    Returns
    -------
    str
        Columns: ``grp``, ``began`` (first day of the first spell), ``renewals``, ``amount`` (per month and
        customer; missing where it is not known), ``customers``.
    """
    day = f"DATE {literal(on)}"
    order = "PARTITION BY customer_id ORDER BY started_day, ends"
    runs = f"started_day <= {day} AND ends > {day}"
    amount = f"sum(CASE WHEN {runs} THEN monthly_amount END)" if money else "CAST(NULL AS DECIMAL(38, 4))"
    made = whole_periods(grain, "began_spell", day)
    return f"""
SELECT {group} AS grp, t.began, t.renewals, t.amount, count(*) AS customers
FROM (
  SELECT customer_id, began, {made} AS renewals, amount
  FROM (
    SELECT customer_id, min(started_day) AS began,
      min(CASE WHEN spell = last_spell THEN started_day END) AS began_spell, {amount} AS amount,
      count(CASE WHEN {runs} THEN 1 END) AS running
    FROM (
      SELECT customer_id, started_day, ends, monthly_amount, spell,
        max(spell) OVER (PARTITION BY customer_id) AS last_spell
      FROM (
        SELECT customer_id, started_day, ends, monthly_amount,
          sum(begins) OVER ({order} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS spell
        FROM (
          SELECT customer_id, started_day, ends, monthly_amount,
            CASE WHEN date_diff('day', reach, started_day) <= {int(grace_days)} THEN 0 ELSE 1 END AS begins
          FROM (
            SELECT customer_id, started_day, ends, monthly_amount,
              max(ends) OVER ({order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reach
            FROM (
              SELECT customer_id, started_day, COALESCE(ended_day, {_NEVER}) AS ends,
                {"monthly_amount" if money else "0 AS monthly_amount"}
              FROM subscriptions WHERE started_day <= {day}
            ) AS spans
          ) AS reached
        ) AS marked
      ) AS spelled
    ) AS numbered
    GROUP BY customer_id
  ) AS held
  WHERE running > 0
) AS t JOIN {people} AS p ON p.customer_id = t.customer_id
{condition}
GROUP BY {group}, t.began, t.renewals, t.amount""".strip()
