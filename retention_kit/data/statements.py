"""The SQL behind the ledger: pure functions from choices to statements.

The statements name views, never files: ``orders`` and ``customers`` (canonical tables), ``calendar``
(grain, day, period_index, word, bit, month_us, last_day_us) and ``ledger``. They stay within what other
engines can run, so that the ledger is the same wherever the data live.

A customer's activity is a row of words, each holding `WORD_BITS` ages: the bit of an age is set when
the customer was active at that age. Every retention mode is a test of such bits against a mask.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from retention_kit.data.engine import literal, quote

__all__ = [
    "WORD_BITS",
    "Clocking",
    "activity",
    "all_of",
    "any_of",
    "cells",
    "hits",
    "ledger",
    "lived",
    "members",
    "segment",
    "segmented",
    "segments",
    "sizes",
]

WORD_BITS = 62  # two bits of a 64-bit integer stay free: sign, and the carry of a negation

_CELL_KEYS = ("cohort", "begun_ages", "finished_ages")
_MICROSECONDS = {"day": 86_400_000_000, "week": 7 * 86_400_000_000}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Clocking:
    """How ages are counted, and up to when.

    Parameters
    ----------
    grain, clock : str
        Length of a period; whether ages count calendar periods or the time since the first order.
    words : int
        Words that hold every age.
    begun_index, finished_index : int
        Index of the first period that has not begun, and of the first that has not finished, at the
        end of the as-of date (calendar clock).
    as_of_end : str
        First moment after the as-of date, ``YYYY-MM-DD HH:MM:SS`` (elapsed clock): local time for
        months and longer; for days and weeks in the frame of ``ordered_at_utc``.
    """

    grain: str
    clock: str
    words: int
    begun_index: int
    finished_index: int
    as_of_end: str


def firsts(*, orders: str) -> str:
    """Return one row per customer: first order in universal and local time, its day, and the bucket."""
    return f"""
SELECT s.customer_id, s.first_at_utc, s.first_at, CAST(s.first_at AS DATE) AS first_day,
  CAST('0x' || substr(md5(CAST(s.customer_id AS VARCHAR)), 1, 8) AS BIGINT) % 100 AS bucket
FROM (
  SELECT o.customer_id, min(o.ordered_at_utc) AS first_at_utc, min(o.ordered_at) AS first_at
  FROM {orders} AS o GROUP BY o.customer_id
) AS s""".strip()


def segments(*, orders: str, at_order: Sequence[str], of_customer: Sequence[str]) -> str:
    """Return one row per customer: its segments.

    A segment of the order is its value at the customer's first order; where several orders share
    that moment, the smallest value, so that the result never depends on the order of rows.
    """
    values = "".join(f", min(o.{quote(name)}) AS {segment(name)}" for name in at_order)
    chosen = "".join(f", a.{segment(name)}" for name in at_order)
    chosen += "".join(f", k.{quote(name)} AS {segment(name)}" for name in of_customer)
    at_first = f"""
JOIN (
  SELECT o.customer_id{values}
  FROM {orders} AS o JOIN firsts AS f ON f.customer_id = o.customer_id AND f.first_at_utc = o.ordered_at_utc
  GROUP BY o.customer_id
) AS a ON a.customer_id = f.customer_id"""
    of_all = "\nLEFT JOIN customers AS k ON k.customer_id = f.customer_id"
    joins = (at_first if at_order else "") + (of_all if of_customer else "")
    return f"SELECT f.customer_id{chosen}\nFROM firsts AS f{joins}"


def ledger(*, orders: str, segments: Sequence[str], money: bool) -> str:
    """Return one row per customer: first and last order in local time, orders, revenue and segments."""
    chosen = "".join(f", s.{segment(name)}" for name in segments)
    joined = "\nJOIN segments AS s ON s.customer_id = f.customer_id" if segments else ""
    return f"""
SELECT f.customer_id, f.first_at, t.last_at, t.orders, t.revenue{chosen}
FROM firsts AS f
JOIN (
  SELECT o.customer_id, max(o.ordered_at) AS last_at, count(*) AS orders,
    {"sum(o.amount)" if money else "NULL"} AS revenue
  FROM {orders} AS o GROUP BY o.customer_id
) AS t ON t.customer_id = f.customer_id{joined}""".strip()


def segment(name: str) -> str:
    """Return the column of a segment in the tables made here, apart from their own columns.

    >>> print(segment("orders"))
    "segment_orders"
    """
    return quote(f"segment_{name}")


def activity(clocking: Clocking, *, min_orders: int, orders: str) -> str:
    """Return one row per customer: cohort and the words of active ages.

    On the elapsed clock the ages begun and finished stand beside them; on the calendar clock they
    follow from the cohort, as `lived` says, and are not written once a customer.

    Parameters
    ----------
    clocking : Clocking
        How ages are counted, and up to when.
    min_orders : int
        Orders in a period that make a customer active.
    orders : str
        What to read the orders from.
    """
    words = clocking.words
    if clocking.clock == "elapsed":
        return _elapsed_activity(clocking, min_orders, orders)
    absolute = [f"w{i}" for i in range(words)]
    first = _lowest([f"a{i}" for i in range(words)] if min_orders > 1 else absolute)
    relative = ", ".join(f"{_shifted(absolute, i)} AS word_{i}" for i in range(words))
    bits = ", ".join(f"bit_or({_word('c.bit', i, words)}) AS w{i}" for i in range(words))
    if min_orders > 1:
        every = ", ".join(f"bit_or({_word('c.bit', i, words)}) AS a{i}" for i in range(words))
        active = ", ".join(
            f"bit_or(CASE WHEN n >= {min_orders} THEN {_word('c.bit', i, words)} ELSE 0 END) AS w{i}"
            for i in range(words)
        )
        seen = f"""
    SELECT customer_id, {every}, {active} FROM (
      SELECT o.customer_id, c.word, c.bit, count(*) AS n
      FROM {orders} AS o JOIN calendar AS c ON c.grain = {literal(clocking.grain)} AND c.day = o.ordered_day
      GROUP BY o.customer_id, c.word, c.bit
    ) AS c GROUP BY customer_id"""
    else:
        seen = f"""
    SELECT o.customer_id, {bits}
    FROM {orders} AS o JOIN calendar AS c ON c.grain = {literal(clocking.grain)} AND c.day = o.ordered_day
    GROUP BY o.customer_id"""
    return f"""
SELECT customer_id, cohort, {relative}
FROM (
  SELECT *, CAST({first} AS INTEGER) AS cohort FROM ({seen}
  ) AS seen
) AS placed""".strip()


def lived(clocking: Clocking) -> str:
    """Return the columns of ages begun and finished that the calendar gives to a customer's cohort."""
    if clocking.clock == "elapsed":
        return ""
    begun, finished = clocking.begun_index, clocking.finished_index
    return f", {begun} - cohort AS begun_ages, {finished} - cohort AS finished_ages"


def _elapsed_activity(clocking: Clocking, min_orders: int, orders: str) -> str:
    age, calendar = _order_age(clocking.grain)
    count, grouping = (
        (", count(*) AS n", f"\n    GROUP BY m.customer_id, {age}") if min_orders > 1 else ("", "")
    )
    enough = [f"n >= {min_orders}"] if min_orders > 1 else []
    bits = ", ".join(
        f"bit_or({_age_bit(i, clocking.words, enough)}) AS word_{i}" for i in range(clocking.words)
    )
    words = ", ".join(f"a.word_{i}" for i in range(clocking.words))
    placed = members(clocking)
    # Cohorts are joined a second time: to group by them as well would cost more.
    return f"""
SELECT m.customer_id, m.cohort, m.begun_ages, m.finished_ages, {words}
FROM (
  SELECT customer_id, {bits}
  FROM (
    SELECT m.customer_id, CAST({age} AS BIGINT) AS age{count}
    FROM {orders} AS o{calendar} JOIN (
    {placed}
    ) AS m ON m.customer_id = o.customer_id{grouping}
  ) AS aged
  GROUP BY customer_id
) AS a JOIN (
    {placed}
) AS m ON m.customer_id = a.customer_id""".strip()


def _age_bit(index: int, words: int, conditions: Sequence[str]) -> str:
    if words > 1:
        conditions = [*conditions, f"age // {WORD_BITS} = {index}"]
    bit = f"CAST(1 AS BIGINT) << {f'(age % {WORD_BITS})' if words > 1 else 'age'}"
    return f"CASE WHEN {' AND '.join(conditions)} THEN {bit} ELSE 0 END" if conditions else bit


def members(clocking: Clocking, *, segments: Sequence[str] = ()) -> str:
    """Return the customers with their cohort, the ages they have begun and finished, and segments."""
    if clocking.clock == "calendar":
        begun = f"{clocking.begun_index} - c.period_index"
        finished = f"{clocking.finished_index} - c.period_index"
    else:
        end = f"TIMESTAMP {literal(clocking.as_of_end)}"
        last = f"{end} - INTERVAL 1 MICROSECOND"
        begun = f"1 + {_age(clocking.grain, 'l', f'({last})', f'({last})')}"
        finished = _age(clocking.grain, "l", end, end)
    chosen = "".join(f", s.{segment(name)}" for name in segments)
    joined = "\n    JOIN segments AS s ON s.customer_id = l.customer_id" if segments else ""
    placed = months = ""
    if clocking.clock == "elapsed" and clocking.grain in _MONTHS:
        day = "epoch_us(CAST(l.first_day AS TIMESTAMP))"
        placed = f""", f.period_index AS first_month,
      {day} - f.month_us AS day_us, epoch_us(l.first_at) - {day} AS time_us"""
        months = "\n    JOIN calendar AS f ON f.grain = 'month' AND f.day = l.first_day"
    return f"""SELECT l.customer_id, l.bucket, l.first_at, l.first_at_utc{chosen}, c.period_index AS cohort,
      CAST({begun} AS INTEGER) AS begun_ages, CAST({finished} AS INTEGER) AS finished_ages{placed}
    FROM firsts AS l{joined}{months}
    JOIN calendar AS c ON c.grain = {literal(clocking.grain)} AND c.day = l.first_day"""


def hits(*, activity: str, tests: Sequence[str], segments: Sequence[str]) -> str:
    """Return customers, and how many pass each test, per segment, cohort, ages begun and finished."""
    keys = ", ".join([*map(segment, segments), *_CELL_KEYS])
    sums = "".join(
        f",\n  CAST(sum(CAST({test} AS INTEGER)) AS BIGINT) AS hit_{i}" for i, test in enumerate(tests)
    )
    return f"SELECT {keys}, count(*) AS customers{sums}\nFROM {activity}\nGROUP BY {keys}"


def sizes(clocking: Clocking, *, segments: Sequence[str]) -> str:
    """Return the number of customers per segment, cohort, ages begun and finished, and bucket."""
    keys = ", ".join([*map(segment, segments), *_CELL_KEYS, "bucket"])
    return f"""SELECT {keys}, count(*) AS customers
FROM (
    {members(clocking, segments=segments)}
) AS m GROUP BY {keys}"""


def cells(clocking: Clocking, *, segments: Sequence[str], orders: str, money: bool, margin: bool) -> str:
    """Return orders, revenue and margin per segment, cohort, ages begun and finished, age and bucket."""
    keys = ", ".join(f"m.{name}" for name in [*map(segment, segments), *_CELL_KEYS, "bucket"])
    age = "c.period_index - m.cohort"
    calendar = f"\nJOIN calendar AS c ON c.grain = {literal(clocking.grain)} AND c.day = o.ordered_day"
    if clocking.clock == "elapsed":
        age, calendar = _order_age(clocking.grain)
    return f"""
SELECT {keys}, CAST({age} AS INTEGER) AS age, count(*) AS orders,
  {"sum(o.amount)" if money else "NULL"} AS revenue, {"sum(o.margin)" if margin else "NULL"} AS margin
FROM {orders} AS o{calendar}
JOIN (
    {members(clocking, segments=segments)}
) AS m ON m.customer_id = o.customer_id
GROUP BY {keys}, {age}""".strip()


def segmented(*, activity: str, segments: Sequence[str]) -> str:
    """Return the activity with each customer's segments beside it."""
    chosen = ", ".join(f"s.{segment(name)}" for name in segments)
    return f"SELECT a.*, {chosen}\nFROM {activity} AS a JOIN segments AS s ON s.customer_id = a.customer_id"


def any_of(ages: Iterable[int], words: int) -> str:
    """Return the condition that a customer was active in at least one of ``ages``."""
    tests = [f"(word_{i} & {mask}) <> 0" for i, mask in _masks(ages, words)]
    return f"({' OR '.join(tests)})" if tests else "FALSE"


def all_of(ages: Iterable[int], words: int) -> str:
    """Return the condition that a customer was active in every one of ``ages``."""
    wanted = list(ages)
    if any(age >= words * WORD_BITS for age in wanted):
        return "FALSE"
    tests = [f"(word_{i} & {mask}) = {mask}" for i, mask in _masks(wanted, words)]
    return f"({' AND '.join(tests)})" if tests else "TRUE"


def _masks(ages: Iterable[int], words: int) -> list[tuple[int, int]]:
    masks = [0] * words
    for age in ages:
        if age < words * WORD_BITS:
            masks[age // WORD_BITS] |= 1 << (age % WORD_BITS)
    return [(i, mask) for i, mask in enumerate(masks) if mask]


def _word(bit: str, index: int, words: int) -> str:
    return bit if words == 1 else f"CASE WHEN c.word = {index} THEN {bit} ELSE 0 END"


def _lowest(words: Sequence[str]) -> str:
    """Position of the lowest bit set in a row of words."""
    arms = " ".join(
        f"WHEN {word} <> 0 THEN {WORD_BITS * i} + CAST(bit_count(({word} & -{word}) - 1) AS INTEGER)"
        for i, word in enumerate(words)
    )
    return f"CASE {arms} END"


def _shifted(words: Sequence[str], index: int) -> str:
    """Word ``index`` of the row of words moved down by ``cohort`` bits."""
    if len(words) == 1:
        return f"{words[0]} >> cohort"
    shift = f"(cohort % {WORD_BITS})"
    arms = []
    for skipped in range(len(words) - index):
        low = f"({words[index + skipped]} >> {shift})"
        if index + skipped + 1 < len(words):
            above = words[index + skipped + 1]
            # Masked before it is moved up: the bits that would overflow are not wanted.
            low += f" | (({above} & ((CAST(1 AS BIGINT) << {shift}) - 1)) << ({WORD_BITS} - {shift}))"
        arms.append(f"WHEN {skipped} THEN {low}")
    return f"CASE cohort // {WORD_BITS} {' '.join(arms)} ELSE 0 END"


def _order_age(grain: str) -> tuple[str, str]:
    """Whole periods between a customer's first order and an order, and the join that this needs."""
    if grain in _MICROSECONDS:
        return _age(grain, "m", "o.ordered_at_utc", "o.ordered_at"), ""
    # As `_age`, in whole numbers: adding intervals to ten million times takes as long as all else.
    place = "epoch_us(o.ordered_at) - c.month_us"
    unfinished = f"CAST({place} < least(m.day_us, c.last_day_us) + m.time_us AS INTEGER)"
    whole = f"(c.period_index - m.first_month - {unfinished})"
    months = "\nJOIN calendar AS c ON c.grain = 'month' AND c.day = o.ordered_day"
    return whole if _MONTHS[grain] == 1 else f"({whole} // {_MONTHS[grain]})", months


def _age(grain: str, customer: str, instant: str, local: str) -> str:
    """Whole periods between a customer's first order and a moment."""
    if grain in _MICROSECONDS:
        elapsed = f"(epoch_us({instant}) - epoch_us({customer}.first_at_utc))"
        return f"({elapsed} // {_MICROSECONDS[grain]})"
    months = f"date_diff('month', {customer}.first_at, {local})"
    # Adding months clips the end of the month: from 31 January, one month is over on 28 February.
    unfinished = f"CASE WHEN {customer}.first_at + {months} * INTERVAL 1 MONTH > {local} THEN 1 ELSE 0 END"
    whole = f"({months} - {unfinished})"
    return whole if _MONTHS[grain] == 1 else f"({whole} // {_MONTHS[grain]})"
