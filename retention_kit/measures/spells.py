"""How long customers stayed: from their first day until they left, or were last seen."""

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.measures.survival import survival_curve
from retention_kit.measures.survival_result import SurvivalCurve

__all__ = ["Lives", "lives_of"]

Ints = NDArray[np.int64]
Days = NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class Lives:
    """Customers by their first day, the days they stayed, and whether they then left.

    The arrays have one entry per combination that occurs.

    Attributes
    ----------
    groups : tuple of str
        Names of the groups, the largest first; one without a name where nothing is compared.
    group : ndarray of int
        Place of the group in ``groups``.
    started : ndarray of datetime64[D]
        First day: of the first order, or of the first subscription.
    days : ndarray of int
        Days from then on until they left, or until the last day on which they were seen.
    is_event : ndarray of bool
        Whether they left.
    customers : ndarray of int
        How many.
    seen_until : date
        Last day on which leaving would be known.
    seen_from : date or None
        Day from which they were watched: who had left by then is not among them, and who had begun
        before counts from then on only. None: everybody was watched from the first day.
    left_before : int
        Customers who were left out because they left before ``seen_from``.
    """

    groups: tuple[str, ...]
    group: Ints
    started: Days
    days: Ints
    is_event: NDArray[np.bool_]
    customers: Ints
    seen_until: date
    seen_from: date | None = None
    left_before: int = 0

    @property
    def number(self) -> int:
        """How many customers are followed."""
        return int(self.customers.sum())

    @property
    def entered_late(self) -> int:
        """How many of them had begun before they were watched."""
        return int(self.customers[self.entry >= 0].sum())

    @cached_property
    def entry(self) -> Ints:
        """Days from the first day until they were watched; -1 where that was from the first day on."""
        if self.seen_from is None:
            return np.full(len(self.days), -1)
        waited = (np.datetime64(self.seen_from) - self.started).astype(np.int64)
        return np.where(waited > 0, waited, -1)

    @property
    def last(self) -> Days:
        """Day on which they left, or were last seen."""
        last: Days = self.started + self.days.astype("timedelta64[D]")
        return last

    def of(self, name: str) -> "Lives":
        """Return the customers of one group."""
        return self._where(self.group == self.groups.index(name), groups=(name,))

    def watched_from(self, day: date) -> "Lives":
        """Return the same customers as if nobody had been watched before ``day``."""
        seen = self.last > np.datetime64(day)
        left = int(self.customers[~seen & self.is_event].sum())
        return replace(self._where(seen, groups=self.groups), seen_from=day, left_before=left)

    def curve(self, *, level: float) -> SurvivalCurve:
        """Return the survival curve, in days."""
        late = self.entry >= 0
        longest = int(self.days.max(initial=0)) + 1

        def counted(days: Ints, some: NDArray[np.bool_]) -> Ints:
            # One count per day first: sorting hundreds of thousands of durations would take longer.
            sums = np.bincount(days[some], weights=self.customers[some], minlength=longest)
            return sums.astype(np.int64)

        return survival_curve(
            np.arange(longest),
            counted(self.days, self.is_event),
            counted(self.days, ~self.is_event),
            counted(self.entry, late),
            level=level,
        )

    def _where(self, kept: NDArray[np.bool_], *, groups: tuple[str, ...]) -> "Lives":
        """Return some of the entries; of one group, its place is the only one."""
        group = self.group[kept] if len(groups) == len(self.groups) else np.zeros(kept.sum(), dtype=np.int64)
        return replace(
            self,
            groups=groups,
            group=group,
            started=self.started[kept],
            days=self.days[kept],
            is_event=self.is_event[kept],
            customers=self.customers[kept],
        )


def lives_of(rows: pa.Table, *, seen_until: date, all_who_began: bool = False) -> Lives:
    """Return lives from the rows of a statement of `data.spell_statements`.

    Parameters
    ----------
    rows : pyarrow.Table
        ``grp``, ``started_day``, ``days``, ``is_event``, ``customers``.
    seen_until : date
        Last day on which leaving would be known.
    all_who_began : bool
        Whether rows without the event hold all who began that day, also those who left later.
    """
    coded = rows["grp"].combine_chunks().dictionary_encode()
    names, place = coded.dictionary.to_pylist(), coded.indices.to_numpy().astype(np.int64)
    started = rows["started_day"].to_numpy().astype("datetime64[D]")
    is_event = rows["is_event"].to_numpy(zero_copy_only=False).astype(bool)
    customers = rows["customers"].cast(pa.int64()).to_numpy()
    if all_who_began:
        customers = np.where(is_event, customers, customers - _left(place, started, is_event, customers))
    sizes = np.bincount(place, weights=customers, minlength=len(names))
    order = sorted(range(len(names)), key=lambda at: (-sizes[at], names[at]))
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(len(names))
    some = customers > 0
    return Lives(
        groups=tuple(names[at] for at in order),
        group=rank[place][some],
        started=started[some],
        days=rows["days"].cast(pa.int64()).to_numpy()[some],
        is_event=is_event[some],
        customers=customers[some],
        seen_until=seen_until,
    )


def _left(place: Ints, started: Days, is_event: NDArray[np.bool_], customers: Ints) -> Ints:
    """How many of the same group and first day left, for each row."""
    day = (started - started.min()).astype(np.int64)
    key = place * (day.max() + 1) + day
    left: Ints = np.bincount(key, weights=np.where(is_event, customers, 0))[key].astype(np.int64)
    return left
