"""Counts behind net and gross revenue retention: sums per bucket of customers and month end."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from retention_kit.data.movement_statements import subscription_changes
from retention_kit.data.revenue_window_statements import level_sums, order_amounts, window_sums, windows
from retention_kit.measures.counting import MONEY_UNITS
from retention_kit.measures.intervals import BUCKETS
from retention_kit.measures.movement_counting import Movers, units

__all__ = ["MONEY", "PEOPLE", "summed", "windows_of"]

MONEY = ("opening", "closing", "kept", "back")  # in parts of the currency unit
PEOPLE = ("opened", "stayed")

_BLOCK = 24  # months whose windows one statement holds, so that it stays small

Ints = NDArray[np.int64]


def summed(chosen: Movers, ends: Sequence[int], months: int) -> tuple[dict[str, Ints], str]:
    """Sums per bucket and month end, and the SQL that gives them."""
    return (_summed_levels if chosen.basis == "subscriptions" else _summed_windows)(chosen, ends, months)


def _summed_levels(chosen: Movers, ends: Sequence[int], months: int) -> tuple[dict[str, Ints], str]:
    statement = level_sums(
        changes=subscription_changes(grain="month"),
        months=months,
        people=chosen.people,
        segments=chosen.segments,
    )
    rows, sql = chosen.rows(
        chosen.view(f"levels_{months}", statement), ", ".join(["period_index", "bucket", *_columns("")])
    )
    inside = units(rows["period_index"]) <= ends[-1]
    place = units(rows["bucket"])[inside], units(rows["period_index"])[inside]
    sums = {}
    for name in (*MONEY, *PEOPLE):
        changes = np.zeros((BUCKETS, ends[-1] + 1), dtype=np.int64)
        np.add.at(changes, place, units(rows[name])[inside])
        sums[name] = np.cumsum(changes, axis=1)[:, ends[0] :]
    return sums, sql


def _summed_windows(chosen: Movers, ends: Sequence[int], months: int) -> tuple[dict[str, Ints], str]:
    sums = {name: np.zeros((BUCKETS, len(ends)), dtype=np.int64) for name in (*MONEY, *PEOPLE)}
    scripts = []
    for start in range(0, len(ends), _BLOCK):
        block = ends[start : start + _BLOCK]
        statement = window_sums(
            windows=windows_of(chosen, block, months),
            ends=block,
            months=months,
            people=chosen.people,
            segments=chosen.segments,
        )
        view = chosen.view(f"windows_{months}_{block[0]}", statement)
        columns = [column for end in block for column in _columns(f"_{end}")]
        rows, sql = chosen.rows(view, ", ".join(["bucket", *columns]))
        scripts.append(sql)
        bucket = units(rows["bucket"])
        for name, values in sums.items():
            for place, end in enumerate(block, start):
                np.add.at(values[:, place], bucket, units(rows[f"{name}_{end}"]))
    return sums, ";\n\n".join(scripts)


def _columns(suffix: str) -> Iterator[str]:
    for name in (*MONEY, *PEOPLE):
        scale = f" * {MONEY_UNITS}" if name in MONEY else ""
        yield f"CAST(sum({name}{suffix}){scale} AS BIGINT) AS {name}{suffix}"


def windows_of(chosen: Movers, ends: Sequence[int], months: int) -> str:
    """Return the statement of each customer's opening and closing revenue at some month ends."""
    rolling = chosen.basis == "orders"
    amounts = order_amounts() if rolling else subscription_changes(grain="month")
    return windows(amounts=amounts, ends=ends, months=months, rolling=rolling)
