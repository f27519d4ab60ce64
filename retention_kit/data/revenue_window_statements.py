"""The SQL behind net and gross revenue retention: each customer's revenue at two moments, and their sums.

As the ledger's, the statements name views, never files: ``orders`` and ``calendar``, and whatever
``people`` is, with ``customer_id``, ``bucket`` and the segments asked for.
"""

from collections.abc import Sequence
from itertools import pairwise

from retention_kit.data.statements import segment

__all__ = ["largest", "level_sums", "order_amounts", "window_sums", "windows"]


def order_amounts() -> str:
    """Return what each order brought, by its month: ``customer_id``, ``period_index``, ``amount``."""
    return """SELECT o.customer_id, c.period_index, o.amount
FROM orders AS o JOIN calendar AS c ON c.grain = 'month' AND c.day = o.ordered_day"""


def windows(*, amounts: str, ends: Sequence[int], months: int, rolling: bool) -> str:
    """Return each customer's revenue at the end of a month, and ``months`` earlier.

    Parameters
    ----------
    amounts : str
        Statement of amounts by month.
    ends : sequence of int
        Indices of the months.
    months : int
        How long before they are compared with.
    rolling : bool
        Whether the revenue is that of the last ``months`` (orders), or all so far (changes of a level).

    Returns
    -------
    str
        Columns: ``customer_id``, ``first_index`` (month of the first revenue), and ``opening_`` and
        ``closing_`` followed by the index.
    """
    edges = {edge for end in ends for edge in (end, end - months, *([end - 2 * months] * rolling))}
    # Months between two edges are always wanted together. What a sum does not take is missing, which is
    # several times faster than to add 0.
    parts = list(pairwise([-1, *sorted(edge for edge in edges if edge >= 0)]))
    taken = (
        f"sum(CASE WHEN period_index BETWEEN {after + 1} AND {upto} THEN amount END)" for after, upto in parts
    )
    sums = "".join(
        f",\n    CAST({part} AS DECIMAL(18, 4)) AS upto_{upto}"
        for part, (_, upto) in zip(taken, parts, strict=True)
    )

    def revenue(index: int) -> str:
        first = index - months if rolling else -1
        return " + ".join(f"COALESCE(upto_{upto}, 0)" for _, upto in parts if first < upto <= index)

    columns = "".join(
        f",\n  {revenue(end - months)} AS opening_{end},\n  {revenue(end)} AS closing_{end}" for end in ends
    )
    return f"""
SELECT customer_id, first_index{columns}
FROM (
  SELECT customer_id, min(CASE WHEN amount > 0 THEN period_index END) AS first_index{sums}
  FROM (
{amounts}
  ) AS dated
  GROUP BY customer_id
) AS summed""".strip()


def window_sums(
    *, windows: str, ends: Sequence[int], months: int, people: str, segments: Sequence[str]
) -> str:
    """Return the sums behind net and gross revenue retention, per segment and bucket of customers.

    Parameters
    ----------
    windows : str
        Statement of `windows`.
    ends, months
        As there.
    people, segments
        As for `flows`.

    Returns
    -------
    str
        Columns: the segments, ``bucket``, and for each end ``opening_``, ``closing_`` (of those who opened
        with revenue), ``kept_`` (the smaller of the two), ``back_`` (closing revenue of those who opened
        without, and had some before), ``opened_`` and ``stayed_`` (customers).
    """
    keys = ", ".join([*map(segment, segments), "bucket"])
    columns = ",\n  ".join(
        _summed(f"{name}_{end}", part)
        for end in ends
        for name, part in _parts(f"opening_{end}", f"closing_{end}", f"first_index <= {end - months}").items()
    )
    return f"""
SELECT {keys},
  {columns}
FROM (
{windows}
) AS w JOIN {people} AS p ON p.customer_id = w.customer_id
GROUP BY {keys}""".strip()


def level_sums(*, changes: str, months: int, people: str, segments: Sequence[str]) -> str:
    """Return by how much the sums of `window_sums` differ at each month end from the one before.

    The level of few customers changes in a month, so that this costs far less than all levels.

    Parameters
    ----------
    changes : str
        Statement of the changes of a level, by month.
    months, people, segments
        As for `window_sums`.

    Returns
    -------
    str
        Columns: the segments, ``bucket``, ``period_index``, and the differences of ``opening``, ``closing``,
        ``kept``, ``back``, ``opened`` and ``stayed``.
    """
    keys = ", ".join([*map(segment, segments), "bucket", "period_index"])
    rows = "OVER (PARTITION BY customer_id ORDER BY period_index, opened ROWS UNBOUNDED PRECEDING)"
    now = _parts("opening", "closing", "ever > 0")
    before = _parts("(opening - opens)", "(closing - closes)", "ever > opened")
    columns = ",\n  ".join(_summed(name, f"({now[name]}) - ({before[name]})") for name in now)
    return f"""
SELECT {keys},
  {columns}
FROM (
  SELECT customer_id, period_index, opens, closes, opened, sum(opened) {rows} AS ever,
    CAST(sum(opens) {rows} AS DECIMAL(18, 4)) AS opening,
    CAST(sum(closes) {rows} AS DECIMAL(18, 4)) AS closing
  FROM (
    SELECT customer_id, period_index + step * {months} AS period_index, step AS opened,
      CASE WHEN step = 1 THEN amount ELSE 0 END AS opens, CASE WHEN step = 0 THEN amount ELSE 0 END AS closes
    FROM (
{changes}
    ) AS turns CROSS JOIN (SELECT 0 AS step UNION ALL SELECT 1 AS step) AS steps
  ) AS doubled
) AS w JOIN {people} AS p ON p.customer_id = w.customer_id
GROUP BY {keys}""".strip()


def _parts(opening: str, closing: str, earlier: str) -> dict[str, str]:
    """What a customer counts for, by its opening and closing revenue and whether it had some earlier."""
    opened = f"{opening} > 0"
    return {
        "opening": f"CASE WHEN {opened} THEN {opening} ELSE 0 END",
        "closing": f"CASE WHEN {opened} THEN {closing} ELSE 0 END",
        "kept": f"CASE WHEN {opened} THEN least({opening}, {closing}) ELSE 0 END",
        "back": f"CASE WHEN {opening} = 0 AND {earlier} THEN {closing} ELSE 0 END",
        "opened": f"CASE WHEN {opened} THEN 1 ELSE 0 END",
        "stayed": f"CASE WHEN {opened} AND {closing} > 0 THEN 1 ELSE 0 END",
    }


def _summed(name: str, part: str) -> str:
    kind = "BIGINT" if name.startswith(("opened", "stayed")) else "DECIMAL(38, 4)"
    return f"CAST(sum({part}) AS {kind}) AS {name}"


def largest(*, windows: str, end: int, people: str, segments: Sequence[str], most: int) -> str:
    """Return the customers with the largest opening revenue in each segment and bucket.

    The largest of all, or of any segments together, are among them.

    Parameters
    ----------
    windows, people, segments
        As for `window_sums`.
    end : int
        Index of the month.
    most : int
        How many of each segment and bucket.

    Returns
    -------
    str
        Columns: the segments, ``bucket``, ``place`` (from 1), ``opening``, ``closing``.
    """
    keys = ", ".join([*map(segment, segments), "bucket"])
    return f"""
SELECT {keys}, place, opening, closing
FROM (
  SELECT {keys}, opening_{end} AS opening, closing_{end} AS closing,
    row_number() OVER (
      PARTITION BY {keys} ORDER BY opening_{end} DESC, closing_{end} DESC, w.customer_id
    ) AS place
  FROM (
{windows}
  ) AS w JOIN {people} AS p ON p.customer_id = w.customer_id
  WHERE opening_{end} > 0
) AS ranked
WHERE place <= {most}""".strip()
