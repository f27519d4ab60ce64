"""Counts behind a cohort table: from the ledger's rows to arrays of group x cohort x age."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.data.engine import literal
from retention_kit.data.ledger import Ledger
from retention_kit.data.statements import WORD_BITS, Clocking, all_of, any_of, segment
from retention_kit.measures.intervals import BUCKETS, jackknife

__all__ = [
    "MONEY_UNITS",
    "UNKNOWN",
    "Amounts",
    "Counts",
    "Selection",
    "Span",
    "count_amounts",
    "count_customers",
]

MONEY_UNITS = 10_000  # sums of money are whole numbers of these parts of the currency unit
UNKNOWN = "(unknown)"  # customers whose attribute has no value

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Span:
    """One column of the table: the ages from ``first`` to ``last`` periods, both included."""

    first: int
    last: int

    @property
    def label(self) -> str:
        """The ages as text."""
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


@dataclass(frozen=True)
class Selection:
    """Which customers are counted, and how they are grouped.

    Parameters
    ----------
    breakdown, cohort_by : str
        Attributes that form the groups, and the cohorts; empty for none, and for periods.
    segment : tuple of (attribute, value), optional
        Count only these customers.
    first, last : int
        Range of the index of the period of the first order, both included.
    """

    breakdown: str = ""
    cohort_by: str = ""
    segment: tuple[str, str] | None = None
    first: int = 0
    last: int = 0

    @property
    def by_segment(self) -> bool:
        """Whether attributes are needed at all."""
        return bool(self.breakdown or self.cohort_by or self.segment)

    @property
    def attributes(self) -> list[str]:
        """Every attribute that is named."""
        named = [self.breakdown, self.cohort_by, self.segment[0] if self.segment else ""]
        return [name for name in named if name]

    @property
    def columns(self) -> str:
        """The SQL of the keys: group, row (of an attribute cohort), cohort and the ages lived."""
        attributes = f"{key(self.breakdown)} AS grp, {key(self.cohort_by)} AS attribute"
        return f"{attributes}, cohort, begun_ages, finished_ages"

    def where(self) -> tuple[str, list[object]]:
        """The SQL of the condition, and the values it takes."""
        condition = f"WHERE cohort BETWEEN {self.first} AND {self.last}"
        if self.segment is None:
            return condition, []
        return f"{condition} AND {key(self.segment[0])} = ?", [self.segment[1]]


@dataclass(frozen=True)
class Counts:
    """What was counted, per group, cohort and age.

    ``size`` has the shape (group, cohort); ``begun`` (customers who have begun the age), ``eligible``
    (those who have finished it) and ``total`` (customers retained, orders, or parts of the currency
    unit) have the shape (group, cohort, age). ``cohort_keys`` are period indices, or attribute values.
    """

    groups: tuple[str, ...]
    cohort_keys: tuple[int | str, ...]
    size: Ints
    begun: Ints
    eligible: Ints
    total: Ints
    sql: str


@dataclass(frozen=True)
class Amounts:
    """Sums per bucket of customers, kept sparse: one dense slice at a time is small.

    ``rows`` gives group, cohort, age and bucket of each value in ``values``; ``members`` and
    ``people`` likewise for the customers who count at that age.
    """

    shape: tuple[int, int, int]
    rows: tuple[Ints, Ints, Ints, Ints]
    values: Ints
    members: tuple[Ints, Ints, Ints, Ints]
    people: Ints

    def cell_intervals(self, level: float) -> tuple[Floats, Floats]:
        """Return the range of the amount per customer of every cell, shape (group, cohort, age)."""
        low, high = np.full(self.shape, np.nan), np.full(self.shape, np.nan)
        tops, bottoms = (self._of_cohorts(index) for index in (self.rows, self.members))
        for cohort, (top, bottom) in enumerate(zip(tops, bottoms, strict=True)):
            sums = self._sum(self.rows, self.values, top), self._sum(self.members, self.people, bottom)
            _, low[:, cohort], high[:, cohort] = jackknife(*sums, level=level)
        return low, high

    def pooled(self, wanted: NDArray[np.bool_]) -> tuple[Ints, Ints]:
        """Return amounts and customers over the cells ``wanted``, shape (bucket, group, age)."""
        mask = np.broadcast_to(wanted, self.shape)
        rows, members = (np.flatnonzero(mask[index[:3]]) for index in (self.rows, self.members))
        return self._sum(self.rows, self.values, rows), self._sum(self.members, self.people, members)

    def merged(self) -> "Amounts":
        """Return the same sums with all groups taken together."""
        together = [(np.zeros_like(index[0]), *index[1:]) for index in (self.rows, self.members)]
        return Amounts((1, *self.shape[1:]), together[0], self.values, together[1], self.people)

    def _of_cohorts(self, index: tuple[Ints, ...]) -> list[Ints]:
        """Row numbers of each cohort."""
        cohort = index[1].astype(np.uint16)  # short keys are sorted by radix, in a fifth of the time
        order = np.argsort(cohort, kind="stable")
        return np.split(order, np.searchsorted(cohort[order], np.arange(1, self.shape[1])))

    def _sum(self, index: tuple[Ints, ...], values: Ints, kept: Ints) -> Ints:
        groups, _, ages = self.shape
        group, _, age, bucket = (part[kept] for part in index)
        summed = np.zeros(BUCKETS * groups * ages, dtype=np.int64)
        # Adding at one flat index is several times faster than at three.
        np.add.at(summed, (bucket * groups + group) * ages + age, values[kept])
        return summed.reshape(BUCKETS, groups, ages)


def count_customers(
    ledger: Ledger,
    clocking: Clocking,
    selection: Selection,
    spans: Sequence[Span],
    *,
    mode: str,
    min_orders: int,
) -> Counts:
    """Count the customers of each cohort who are retained at each age.

    Parameters
    ----------
    ledger, clocking, selection
        Where activity stands, how ages are counted, who is counted.
    spans : sequence of Span
        The ages wanted, in periods, rising.
    mode : str
        ``bounded``, ``unbounded``, ``range`` or ``streak``.
    min_orders : int
        Orders in a period that make a customer active.
    """
    condition, values = selection.where()
    choice: dict[str, Any] = {"min_orders": min_orders, "by_segment": selection.by_segment}
    ages = clocking.begun_index
    if mode != "range" and (clocking.words == 1 or len(spans) == ages):
        # To count all ages costs little more than one, and serves whoever asks next.
        tests = [hit(Span(age, age), mode, clocking) for age in range(ages)]
        view = ledger.hits(clocking, tests, mode=mode, **choice)
        people, counted = "CAST(sum(customers) AS BIGINT)", [f"hit_{span.first}" for span in spans]
    else:
        view = ledger.activity(clocking, **choice)
        people, counted = "count(*)", [f"CAST({hit(span, mode, clocking)} AS INTEGER)" for span in spans]
    hits = "".join(f",\n  CAST(sum({test}) AS BIGINT) AS hit_{i}" for i, test in enumerate(counted))
    sql = f"SELECT {selection.columns}, {people} AS customers{hits}\nFROM {view}\n{condition}\nGROUP BY ALL"
    rows = ledger.query(sql, values)
    place = _Placement(rows, selection)
    size, begun, eligible = place.sizes(rows, spans)
    total = np.zeros_like(eligible)
    for age, span in enumerate(spans):
        retained = _integers(rows, f"hit_{age}")
        if selection.cohort_by:
            retained = np.where(_integers(rows, "finished_ages") > span.last, retained, 0)
        np.add.at(total[:, :, age], (place.group, place.cohort), retained)
    script = _script(ledger, [view], sql, values)
    return Counts(place.groups, place.cohort_keys, size, begun, eligible, total, script)


def count_amounts(
    ledger: Ledger,
    clocking: Clocking,
    selection: Selection,
    spans: Sequence[Span],
    *,
    column: str,
    cumulative: bool,
) -> tuple[Counts, Amounts]:
    """Sum what each cohort ordered at each age.

    Parameters
    ----------
    ledger, clocking, selection, spans
        As for `count_customers`.
    column : str
        ``orders``, ``revenue`` or ``margin``.
    cumulative : bool
        Whether an age holds everything up to its end.
    """
    condition, values = selection.where()
    by_segment = selection.by_segment
    sizes = ledger.sizes(clocking, by_segment=by_segment)
    cells = ledger.cells(clocking, by_segment=by_segment)
    amount = "orders" if column == "orders" else f"{column} * {MONEY_UNITS}"
    people_sql = f"SELECT {selection.columns}, bucket, sum(customers) AS customers\n"
    people_sql += f"FROM {sizes}\n{condition}\nGROUP BY ALL"
    sql = f"SELECT {selection.columns}, bucket, age, CAST(sum({amount}) AS BIGINT) AS amount\n"
    sql += f"FROM {cells}\n{condition}\nGROUP BY ALL"
    people, rows = ledger.query(people_sql, values), ledger.query(sql, values)
    place = _Placement(people, selection)
    size, begun, eligible = place.sizes(people, spans)
    moved = _Placement(rows, selection, like=place)
    limit = _spans_finished(rows, spans) if selection.cohort_by else np.full(rows.num_rows, len(spans))
    index, amounts = _spread(moved, rows, spans, limit, cumulative)
    counted = _spans_finished(people, spans) if selection.cohort_by else np.full(people.num_rows, len(spans))
    member_rows, member_ages = _ranges(np.zeros_like(counted), counted)
    members = (
        place.group[member_rows],
        place.cohort[member_rows],
        member_ages,
        _integers(people, "bucket")[member_rows],
    )
    sums = Amounts(eligible.shape, index, amounts, members, _integers(people, "customers")[member_rows])
    total = np.zeros_like(eligible)
    np.add.at(total, index[:3], amounts)
    script = _script(ledger, [cells], sql, values)
    return Counts(place.groups, place.cohort_keys, size, begun, eligible, total, script), sums


class _Placement:
    """Where each row belongs in the arrays: groups by size, cohorts by time or by size."""

    def __init__(self, rows: pa.Table, selection: Selection, like: "_Placement | None" = None) -> None:
        group_names, names = _coded(rows["grp"]), _coded(rows["attribute"])
        if like is None:
            weight = _integers(rows, "customers")
            self.groups = _by_size(group_names, weight) if selection.breakdown else ("",)
            self.cohort_keys: tuple[int | str, ...] = (
                _by_size(names, weight)
                if selection.cohort_by
                else tuple(range(selection.first, selection.last + 1))
            )
        else:
            self.groups, self.cohort_keys = like.groups, like.cohort_keys
        self.group = _positions(group_names, self.groups)
        self.cohort = (
            _positions(names, self.cohort_keys)
            if selection.cohort_by
            else _integers(rows, "cohort") - selection.first
        )

    def sizes(self, rows: pa.Table, spans: Sequence[Span]) -> tuple[Ints, Ints, Ints]:
        people = _integers(rows, "customers")
        size = np.zeros((len(self.groups), len(self.cohort_keys)), dtype=np.int64)
        np.add.at(size, (self.group, self.cohort), people)
        begun = np.searchsorted([span.first for span in spans], _integers(rows, "begun_ages"))
        finished = _spans_finished(rows, spans)
        return size, self._upto(begun, people, len(spans)), self._upto(finished, people, len(spans))

    def _upto(self, count: Ints, people: Ints, ages: int) -> Ints:
        """Customers at every age before ``count``: add at the end, then sum from the right."""
        ends = np.zeros((len(self.groups), len(self.cohort_keys), ages + 1), dtype=np.int64)
        np.add.at(ends, (self.group, self.cohort, count), people)
        return np.cumsum(ends[:, :, :0:-1], axis=2)[:, :, ::-1]


def _spread(
    place: _Placement, rows: pa.Table, spans: Sequence[Span], limit: Ints, cumulative: bool
) -> tuple[tuple[Ints, Ints, Ints, Ints], Ints]:
    """Assign each row's amount to the span of its age or, cumulative, to every later span too."""
    age = _integers(rows, "age")
    start = np.searchsorted([span.last for span in spans], age)
    inside = start < len(spans)
    if not cumulative:
        firsts = np.array([span.first for span in spans])
        inside &= age >= firsts[np.minimum(start, len(spans) - 1)]
    stop = np.where(inside, limit if cumulative else np.minimum(start + 1, limit), start)
    row, column = _ranges(start, np.maximum(start, stop))
    bucket, amount = _integers(rows, "bucket"), _integers(rows, "amount")
    return (place.group[row], place.cohort[row], column, bucket[row]), amount[row]


def _ranges(start: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """Return row numbers and values of the ranges ``start[i]..stop[i] - 1``, one after the other."""
    length = stop - start
    row = np.repeat(np.arange(len(start)), length)
    offset = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    return row, start[row] + offset


def _spans_finished(rows: pa.Table, spans: Sequence[Span]) -> Ints:
    return np.searchsorted([span.last for span in spans], _integers(rows, "finished_ages"))


def hit(span: Span, mode: str, clocking: Clocking) -> str:
    """Return the SQL test of a customer's activity that says whether it is retained at an age."""
    tests: dict[str, Callable[[], str]] = {
        "bounded": lambda: any_of([span.first], clocking.words),
        "unbounded": lambda: any_of(range(span.first, clocking.words * WORD_BITS), clocking.words),
        "range": lambda: any_of(range(span.first, span.last + 1), clocking.words),
        "streak": lambda: all_of(range(1, span.last + 1), clocking.words),
    }
    return tests[mode]()


def key(attribute: str) -> str:
    """Return the SQL of an attribute's value, with a name for those who have none."""
    return f"COALESCE(CAST({segment(attribute)} AS VARCHAR), {literal(UNKNOWN)})" if attribute else "''"


def _integers(rows: pa.Table, column: str) -> Ints:
    values: Ints = rows[column].cast(pa.int64()).to_numpy()
    return values


def _coded(column: pa.ChunkedArray) -> tuple[list[str], Ints]:
    """The distinct values of a column, and which of them stands in each row."""
    coded = column.combine_chunks().dictionary_encode()
    return coded.dictionary.to_pylist(), coded.indices.to_numpy().astype(np.int64)


def _by_size(names: tuple[list[str], Ints], weight: Ints) -> tuple[str, ...]:
    found, place = names
    sizes = np.bincount(place, weights=weight, minlength=len(found))
    return tuple(sorted(found, key=lambda name: (-sizes[found.index(name)], name)))


def _positions(names: tuple[list[str], Ints], order: Sequence[object]) -> Ints:
    position = {name: i for i, name in enumerate(order)}
    found, place = names
    return np.array([position[name] for name in found], dtype=np.int64)[place]


def _script(ledger: Ledger, views: Sequence[str], sql: str, values: Sequence[object]) -> str:
    """The statement with its values and the views it reads, to be run elsewhere."""
    for value in values:  # at most one, of the condition, which comes last
        before, _, after = sql.rpartition("?")
        sql = f"{before}{literal(value)}{after}"
    return f"{ledger.script(views)}\n{sql}"
