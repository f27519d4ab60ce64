"""The tables beside the orders, declared: their columns by kind, and what is refused in each.

A column's kind says how it is read; beside it stands whether a row can do without it, and what an
unreadable value costs. `ingest_table` does the rest, alike for all of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from retention_kit.data.accounting import ASSIGNED_AGAIN, REPEATED_ID
from retention_kit.data.classify import Reason
from retention_kit.data.config import DatasetConfig
from retention_kit.data.engine import literal
from retention_kit.data.numbers import ABSURD
from retention_kit.data.source_settings import SCALES, Responses, Subscriptions

__all__ = ["LONGEST_BILLING", "Column", "SideTable", "side_table"]

LONGEST_BILLING = 1200  # months, which is a hundred years

Kind = Literal["day", "text", "number", "money", "boolean"]


@dataclass(frozen=True)
class Column:
    """A canonical column beside ``customer_id``.

    Parameters
    ----------
    key : str
        Its name in the dataset file; a day called ``…_at`` becomes ``…_day``.
    kind : str
        How it is read.
    required : bool
        Whether it must be mapped; a row that lacks it is dropped.
    filled : bool
        Whether a row that lacks it is dropped.
    lenient : bool
        Whether an unreadable value is left empty and noted, and its row stays.
    given : str
        SQL of the value where it is not just what the source says; ``read_`` and the name is that.
    helper : bool
        Whether it only serves to compute others.
    place : int, optional
        Number of a column whose name statements cannot use: the user's, or one that they use already.
    """

    key: str
    kind: Kind
    required: bool = False
    filled: bool = False
    lenient: bool = False
    given: str = ""
    helper: bool = False
    place: int | None = None

    @property
    def name(self) -> str:
        """Name of the canonical column."""
        return f"{self.key.removesuffix('_at')}_day" if self.kind == "day" else self.key

    @property
    def inner(self) -> str:
        """What statements call it."""
        return self.name if self.place is None else f"column_{self.place}"


@dataclass(frozen=True)
class SideTable:
    """What a table beside the orders consists of.

    Parameters
    ----------
    name : str
        Name of the table.
    columns : tuple of Column
        In the order in which they are written.
    refused : tuple of Reason
        What is wrong with a row that can be read.
    repeats : tuple of (reason, condition)
        Rows left out for another row of the same customer, by a window ``c`` over its rows in order of
        time; each customer then has one row.
    remarks : tuple of (words, condition)
        Rows that are kept and told, by a window ``c`` as well.
    """

    name: str
    columns: tuple[Column, ...]
    refused: tuple[Reason, ...] = ()
    repeats: tuple[tuple[str, str], ...] = ()
    remarks: tuple[tuple[str, str], ...] = ()

    @property
    def happens(self) -> Column | None:
        """The day on which a row happens, which the as-of date cuts; other days may be yet to come."""
        return next((column for column in self.columns if column.kind == "day" and column.required), None)


def side_table(name: str, config: DatasetConfig) -> SideTable:
    """Return what the table ``name`` of a dataset consists of: the columns mapped, or required."""
    declared = {
        "customers": _customers,
        "subscriptions": _subscriptions,
        "responses": _responses,
        "complaints": _complaints,
        "assignments": _assignments,
    }
    return declared[name](config, config.sources[name].model_dump()["columns"])


def _customers(config: DatasetConfig, mapped: Mapping[str, str]) -> SideTable:
    columns = [
        Column("acquisition_cost", "money", lenient=True),
        Column("joined_programme_at", "day", lenient=True),
        Column("consent", "boolean", lenient=True),
    ]
    attributes = [Column(name, "text", place=n) for n, name in enumerate(config.attribute_columns)]
    repeats = ((REPEATED_ID, "row_number() OVER c > 1"),)
    return SideTable("customers", (*_of(columns, mapped), *attributes), repeats=repeats)


def _subscriptions(config: DatasetConfig, mapped: Mapping[str, str]) -> SideTable:
    settings = config.subscriptions or Subscriptions()
    money = [Column("monthly_amount", "money", filled=True)]
    refused: list[Reason] = []
    if settings.columns.monthly_amount:
        refused.append(("negative monthly_amount", "monthly_amount < 0", "monthly_amount"))
    if settings.columns.amount:
        months, told = "read_billing_months", settings.billing_months
        if told is not None:
            months = f"{literal(str(told))}::DECIMAL(18, 4)"
        money = [
            Column("amount", "money", filled=True, helper=True),
            Column("billing_months", "number", filled=True, helper=True),
            Column("monthly_amount", "money", given=_monthly("read_amount", months)),
        ]
        refused.append(("negative amount", "amount < 0", "amount"))
        if told is None:
            beyond = f"billing_months <= 0 OR billing_months > {LONGEST_BILLING}"
            words = f"billing_months not above 0, or above {LONGEST_BILLING:,}"
            refused.append((words, beyond, "billing_months"))
        absurd = f"monthly_amount IS NULL OR monthly_amount >= {ABSURD}"
        refused.append(("infinite or absurd amount a month", absurd, "amount"))
    refused += [
        ("end before start", "ended_day < started_day", "ended_day"),
        ("end on the day of the start", "ended_day = started_day", "ended_day"),
    ]
    columns = [
        Column("started_at", "day", required=True),
        # Where no end is mapped, all run on.
        Column("ended_at", "day", given="" if mapped["ended_at"] else "CAST(NULL AS DATE)"),
        Column("plan", "text"),
        *money,
        Column("reason", "text", place=0),
    ]
    end = "coalesce(ended_day, DATE '9999-12-31')"
    overlap = f"started_day < max({end}) OVER (c ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    remark = ("subscriptions that start while another of their customer runs, kept", overlap)
    return SideTable("subscriptions", _of(columns, mapped), refused=tuple(refused), remarks=(remark,))


def _responses(config: DatasetConfig, mapped: Mapping[str, str]) -> SideTable:
    settings = config.responses or Responses()
    asked = "read_question" if settings.columns.question else literal(settings.question)
    known = f"lower({asked}) IN ({', '.join(map(literal, SCALES))})"
    columns = [
        Column("answered_at", "day", required=True),
        # With one question for all rows there is nothing to map.
        Column(
            "question",
            "text",
            required=not settings.question,
            given=f"CASE WHEN {known} THEN lower({asked}) ELSE {asked} END",
        ),
        Column("score", "number", required=True),
        Column("scale_min", "number", given=_end_of_scale(settings, "scale_min", asked)),
        Column("scale_max", "number", given=_end_of_scale(settings, "scale_max", asked)),
        Column("reason", "text", place=0),
        Column("comment", "text"),
    ]
    refused = (
        ("missing scale", "scale_min IS NULL OR scale_max IS NULL", "question"),
        ("score outside its scale", "score NOT BETWEEN scale_min AND scale_max", "score"),
    )
    return SideTable("responses", _of(columns, mapped), refused=refused)


def _end_of_scale(settings: Responses, key: Literal["scale_min", "scale_max"], asked: str) -> str:
    """The column's value or the one for all rows, and where neither says anything that of the question."""
    usual = "".join(
        f" WHEN {literal(name)} THEN {low if key == 'scale_min' else high}"
        for name, (low, high) in SCALES.items()
    )
    said = getattr(settings, key)
    if getattr(settings.columns, key):
        said = f"read_{key}"
    return f"coalesce({'NULL' if said is None else said}, CASE lower({asked}){usual} END)"


def _complaints(config: DatasetConfig, mapped: Mapping[str, str]) -> SideTable:
    columns = [
        Column("opened_at", "day", required=True),
        Column("resolved_at", "day", given="" if mapped["resolved_at"] else "CAST(NULL AS DATE)"),
        Column("outcome", "text"),
    ]
    refused: tuple[Reason, ...] = (("resolved before opened", "resolved_day < opened_day", "resolved_day"),)
    return SideTable("complaints", _of(columns, mapped), refused=refused)


def _assignments(config: DatasetConfig, mapped: Mapping[str, str]) -> SideTable:
    columns = [Column("assigned_at", "day", required=True), Column("variant", "text", required=True)]
    repeats = (
        ("assigned to several variants", "min(variant) OVER a <> max(variant) OVER a"),
        (ASSIGNED_AGAIN, "row_number() OVER c > 1"),
    )
    return SideTable("assignments", _of(columns, mapped), repeats=repeats)


def _of(columns: Iterable[Column], mapped: Mapping[str, str]) -> tuple[Column, ...]:
    """The columns that a table has: mapped ones, required ones, and those computed from others."""
    return tuple(column for column in columns if column.required or column.given or mapped[column.key])


def _monthly(amount: str, months: str) -> str:
    """An amount for so many months as one per month, rounded half up to four places."""
    # In whole ten-thousandths: the engine divides DECIMAL into floating point.
    units, parts = (f"CAST({value} * 10000 AS HUGEINT)" for value in (amount, months))
    whole = f"(2 * {units} * 10000 + {parts}) // (2 * {parts})"
    fits = f"{amount} BETWEEN 0 AND {ABSURD} AND {months} > 0 AND {months} <= {LONGEST_BILLING}"
    return f"CASE WHEN {fits} THEN CAST({whole} AS DECIMAL(22, 0)) * CAST(0.0001 AS DECIMAL(4, 4)) END"
