"""Columns of numbers as SQL: the value of each row, and why it has none."""

from collections.abc import Sequence

from retention_kit.data.classify import Reason
from retention_kit.data.engine import literal
from retention_kit.data.parsing import amount_of

__all__ = ["missing", "months", "number", "number_reasons"]

_INTERVAL = r"^(\d{1,4})?\s*(mo|month|quarter|year|yr|annual)(s|ly)?$"
ABSURD = 10**12  # an amount this large is a mistake in every currency

Raw = tuple[str, str]  # SQL of what the source says, and its type


def number(column: str, kind: str, *, text: str, decimal: str) -> str:
    """Return the DECIMAL that a column stands for; a column of text is read as its trimmed ``text``."""
    # NaN, infinity and what does not fit come out as nothing, and are told apart by `number_reasons`.
    return amount_of(text, decimal=decimal) if kind == "VARCHAR" else f"try_cast({column} AS DECIMAL(18, 4))"


def months(text: str, *, decimal: str) -> str:
    """Return the DECIMAL months that a text stands for: a number, or words as in billing exports.

    ``month``, ``quarterly``, ``year`` and ``12 months`` are read; weeks and days are no months.
    """
    count, unit = (f"regexp_extract(lower({text}), {literal(_INTERVAL)}, {place})" for place in (1, 2))
    long = f"CASE WHEN {unit} IN ('year', 'yr', 'annual') THEN 12 WHEN {unit} = 'quarter' THEN 3 ELSE 1 END"
    words = f"CASE WHEN {unit} <> '' THEN (coalesce(try_cast({count} AS INTEGER), 1) * {long})"
    plain = number("", "VARCHAR", text=text, decimal=decimal)
    return f"({words}::DECIMAL(18, 4) WHEN NOT regexp_matches({text}, '[[:alpha:]]') THEN {plain} END)"


def number_reasons(name: str, raws: Sequence[Raw], *, shown: str) -> list[Reason]:
    """Return why a row has no value in the column ``name``, which is made from ``raws``."""
    return [
        (f"missing {name}", f"{name} IS NULL AND ({missing(raws)})", shown),
        (
            f"infinite or absurd {name}",
            f"abs({name}) >= {ABSURD} OR {name} IS NULL AND ({_huge(raws)})",
            shown,
        ),
        (f"unreadable {name}", f"{name} IS NULL", shown),
    ]


def missing(raws: Sequence[Raw]) -> str:
    """Return the condition that a source says nothing in one of the columns ``raws``."""
    return " OR ".join(
        f"{raw} IS NULL OR isnan({raw})" if kind in ("DOUBLE", "FLOAT") else f"{raw} IS NULL"
        for raw, kind in raws
    )


def _huge(raws: Sequence[Raw]) -> str:
    # A typed number that is there and yet fits no amount is infinite, or far too large.
    return " OR ".join(
        f"regexp_full_match(lower({raw}), '[+-]?inf(inity)?|[+-]?[0-9., e+]{{13,}}')"
        if kind == "VARCHAR"
        else f"{raw} IS NOT NULL"
        for raw, kind in raws
    )
