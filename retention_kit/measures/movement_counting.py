"""Counts behind movements: whose orders or subscriptions are followed, and the views that hold them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.data import movement_statements as statements
from retention_kit.data.calendar import Calendar, Grain
from retention_kit.data.dataset import Dataset
from retention_kit.data.engine import literal
from retention_kit.data.ledger import Ledger, open_ledger
from retention_kit.data.statements import Clocking, segment
from retention_kit.errors import ColumnError, DataError, did_you_mean
from retention_kit.measures.counting import key
from retention_kit.measures.selecting import data_notes, require_few
from retention_kit.params import condition

__all__ = [
    "Basis",
    "Movers",
    "Periods",
    "decimals",
    "flows_of",
    "known",
    "movers",
    "periods_of",
    "require_money",
    "units",
]

Basis = Literal["subscriptions", "orders"]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Movers:
    """The customers who are followed, and how their rows are counted.

    Attributes
    ----------
    dataset : Dataset
        An open dataset.
    ledger : Ledger
        Where its views are.
    basis : {"subscriptions", "orders"}
        What makes them customers.
    breakdown : str
        Attribute of the groups; empty for none.
    wanted : tuple of (attribute, value), optional
        Count only these customers.
    segments : tuple of str
        Attributes that are asked for, which views keep apart; to keep all of them apart would leave
        views as long as the orders.
    people : str
        SQL of what has each customer's bucket and segments.
    notes : tuple of str
        What a reader has to know.
    """

    dataset: Dataset
    ledger: Ledger
    basis: Basis
    breakdown: str
    wanted: tuple[str, str] | None
    segments: tuple[str, ...]
    people: str
    notes: tuple[str, ...]

    def view(self, name: str, statement: str) -> str:
        """Declare a view that keeps the attributes apart that are asked for, and return its name."""
        return self.ledger.declare(f"{name}_{self.basis}{_by(self.segments)}", statement)

    def rows(self, view: str, columns: str, *, more: str = "", required: bool = True) -> tuple[pa.Table, str]:
        """Return sums over the selected rows of a view, per group, and the SQL that gives them.

        Parameters
        ----------
        view : str
            A view of this basis.
        columns : str
            SQL of further keys and of the sums.
        more : str
            Another condition.
        required : bool
            Whether no row at all means that no customer is selected.

        Raises
        ------
        DataError
            When rows are required and there are none.
        """

        def sql(value: str) -> str:
            tests = [f"{key(self.wanted[0])} = {value}"] if self.wanted else []
            where = " AND ".join([*tests, *([more] if more else [])])
            return (
                f"SELECT {key(self.breakdown)} AS grp, {columns}\nFROM {view}\n"
                f"{f'WHERE {where}' if where else ''}\nGROUP BY ALL"
            )

        found = self.ledger.query(sql("?"), [self.wanted[1]] if self.wanted else [])
        if required and not found.num_rows:
            raise DataError("No customer is left with this selection.", todo="Widen segment.")
        told = sql(literal(self.wanted[1]) if self.wanted else "")
        return found, f"{self.ledger.script([view])}\n{told}"

    def groups(self, rows: pa.Table, weight: str) -> tuple[tuple[str, ...], Ints]:
        """Return the names of the groups, those with the largest sums first, and which each row is in."""
        coded = rows["grp"].combine_chunks().dictionary_encode()
        names, place = coded.dictionary.to_pylist(), coded.indices.to_numpy().astype(np.int64)
        require_few(self.breakdown, len(names))
        sizes = np.bincount(place, weights=units(rows[weight]), minlength=len(names))
        order = sorted(range(len(names)), key=lambda i: (-sizes[i], names[i]))
        rank = np.empty(len(names), dtype=np.int64)
        rank[order] = np.arange(len(names))
        return tuple(names[i] for i in order), rank[place]


def movers(
    dataset: Dataset, *, basis: Basis, segment: str = "", breakdown: str = "", why: str = "movements"
) -> Movers:
    """Select the customers to follow.

    Parameters
    ----------
    dataset : Dataset
        An open dataset.
    basis : {"subscriptions", "orders"}
        What makes them customers.
    segment, breakdown : str
        ``attribute=value`` of the customers, and attribute of the groups; empty for all and none. The
        attribute is the one at the first order or subscription.
    why : str
        What needs them, for the message that they are missing.

    Raises
    ------
    DataError
        When the dataset has no such table.
    ColumnError
        When an attribute does not exist.
    """
    dataset.require(basis, why=why)
    ledger = open_ledger(dataset)
    wanted = condition(segment)
    named = tuple(sorted({name for name in (breakdown, wanted[0] if wanted else "") if name}))
    notes = data_notes(dataset, basis=basis)
    if basis == "orders":
        ledger.customers()  # declares the views that the statements read
        for name in named:
            ledger.require_segment(name)
        people, at = _joined(named) if named else "firsts", "first order"
    else:
        known = dataset.config.subscription_segments
        _require_known(dataset, named, known)
        plan, attributes = "plan" in named, [name for name in named if name != "plan"]
        people = ledger.declare(
            f"subscribers{_by(named)}",
            statements.subscribers(plan=plan, attributes=attributes),
        )
        at = "first subscription"
    if wanted:
        notes.append(f"Only customers with {segment} at their {at}.")
    return Movers(dataset, ledger, basis, breakdown, wanted, named, people, tuple(notes))


def _by(segments: Sequence[str]) -> str:
    """What tells the view that keeps these attributes apart from others of its kind."""
    return f"_by_{sha256(repr(segments).encode()).hexdigest()[:12]}" if segments else ""


def _joined(segments: Sequence[str]) -> str:
    chosen = "".join(f", s.{segment(name)}" for name in segments)
    joined = "FROM firsts AS f JOIN segments AS s ON s.customer_id = f.customer_id"
    return f"(SELECT f.customer_id, f.bucket{chosen} {joined})"


def _require_known(dataset: Dataset, named: Sequence[str], known: Sequence[str]) -> None:
    for name in named:
        if name not in known:
            has = f"They have: {', '.join(known)}." if known else "Map plan, or attributes of the customers."
            message = f"The subscriptions of {dataset.name!r} have no attribute {name!r}."
            raise ColumnError(f"{message} {did_you_mean(name, known)}".strip(), todo=has)


@dataclass(frozen=True, eq=False)
class Periods:
    """The periods up to the as-of date, and how many of them are over."""

    grain: Grain
    clocking: Clocking
    calendar: Calendar
    table: pa.Table

    @property
    def count(self) -> int:
        """Periods that have begun."""
        return self.clocking.begun_index

    @property
    def complete(self) -> int:
        """Periods that are over."""
        return self.clocking.finished_index

    def columns(self, repeats: int = 1) -> dict[str, Any]:
        """Return what every table over periods begins with, once for each of ``repeats`` groups.

        Columns: ``period_index``, ``period``, ``starts_on``, ``ends_on`` (last day), ``status``
        (``complete`` or ``partial``).
        """
        days = [
            column.to_numpy().astype("datetime64[D]")
            for column in (self.table["starts_on"], self.table["ends_on"])
        ]
        status = np.where(np.arange(self.count) < self.complete, "complete", "partial").astype(object)
        once = {
            "period_index": np.arange(self.count),
            "period": self.table["label"].to_numpy(zero_copy_only=False).astype(object),
            "starts_on": days[0],
            "ends_on": days[1] - np.timedelta64(1, "D"),
            "status": status,
        }
        return {name: np.tile(values, repeats) for name, values in once.items()}

    def notes(self, as_of: date) -> list[str]:
        """Return the sentence about the period that is not over."""
        if self.complete == self.count:
            return []
        return [f"The {self.grain} that holds {as_of} is not over: its numbers are those so far."]


def periods_of(ledger: Ledger, grain: Grain) -> Periods:
    """Return the periods of a ledger's calendar."""
    calendar = ledger.calendar
    return Periods(grain, ledger.clocking(grain, "calendar"), calendar, calendar.periods(grain))


def require_money(chosen: Movers, what: str) -> None:
    """Raise `DataError` unless the orders or subscriptions have amounts."""
    data = chosen.dataset
    subscribed = chosen.basis == "subscriptions"
    if not ("monthly_amount" in data.columns("subscriptions") if subscribed else data.has_amount):
        mapped = "monthly_amount, or amount and billing_months" if subscribed else "an amount column"
        raise DataError(
            f"The {chosen.basis} of the dataset {data.name!r} have no amounts, so there is no {what}.",
            todo=f"Map {mapped} in [{chosen.basis}.columns].",
        )


def flows_of(chosen: Movers, periods: Periods) -> str:
    """Declare the view of the moves of customers, in number and in money, and return its name."""
    if chosen.basis == "orders":
        money = chosen.dataset.has_amount
        moves = statements.order_moves(grain=periods.grain, begun_index=periods.count, money=money)
    else:
        moves = statements.subscription_moves(grain=periods.grain)
    statement = statements.flows(moves=moves, people=chosen.people, segments=chosen.segments)
    return chosen.view(f"flows_{periods.grain}", statement)


def units(column: pa.ChunkedArray) -> Ints:
    """Return whole numbers as they are."""
    values: Ints = column.cast(pa.int64()).to_numpy()
    return values


def decimals(values: Ints) -> pa.Array:
    """Return money, given in its ten-thousandth parts, as decimals."""
    flat = np.ascontiguousarray(values, dtype=np.int64).ravel()
    parts = np.stack([flat, flat >> 63], axis=1)  # 128-bit integers, low half first
    return pa.Array.from_buffers(pa.decimal128(38, 4), len(flat), [None, pa.py_buffer(parts.tobytes())])


def known(values: NDArray[np.float64]) -> pa.Array:
    """Return numbers with those that are not known (NaN) missing."""
    return pa.array(values, mask=np.isnan(values))
