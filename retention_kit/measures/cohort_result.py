"""What a cohort table is: frozen counts, and the tables that are read from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.errors import ParameterError, did_you_mean
from retention_kit.measures.counting import MONEY_UNITS, Amounts, Counts, Span
from retention_kit.measures.intervals import jackknife, newcombe, wilson
from retention_kit.notebooks import CohortParameters

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["VALUE_COLUMNS", "CohortTable"]

VALUE_COLUMNS: Mapping[str, str] = {
    "customers": "retention_rate",
    "orders": "orders",
    "revenue": "revenue",
    "margin": "margin",
    "revenue_per_customer": "revenue_per_customer",
    "cumulative_value": "cumulative_value_per_customer",
}
_UNITS = {"customers": "share", "orders": "orders"}
_TOTALS = ("orders", "revenue", "margin")
_STATUS = np.array(["empty", "not_yet", "partial", "mature"], dtype=object)

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class CohortTable:
    """A cohort table, its averages, and what is needed to read them.

    Attributes
    ----------
    parameters : CohortParameters
        What was asked for.
    as_of : date
        Last day counted.
    currency : str
        ISO code of money; empty for none.
    notes : tuple of str
        What a reader has to know.
    spans : tuple of Span
        The ages of the columns, in periods.
    periods : pyarrow.Table
        The calendar's periods of the grain.
    counts : Counts
        Customers and totals per group, cohort and age.
    amounts : Amounts, optional
        The same in buckets of customers, for measures other than shares.
    """

    parameters: CohortParameters
    as_of: date
    currency: str
    notes: tuple[str, ...]
    spans: tuple[Span, ...]
    periods: pa.Table = field(repr=False)
    counts: Counts = field(repr=False)
    amounts: Amounts | None = field(repr=False)

    @property
    def unit(self) -> str:
        """What a cell's value is: ``share``, ``orders`` or ``money``."""
        return _UNITS.get(self.parameters.measure, "money")

    @property
    def is_total(self) -> bool:
        """Whether cells are totals; averages are per customer all the same."""
        return self.parameters.measure in _TOTALS

    @property
    def value_column(self) -> str:
        """Name of the column that holds the value."""
        return VALUE_COLUMNS[self.parameters.measure]

    @property
    def average_column(self) -> str:
        """Name of the column that holds an average: totals are averaged per customer."""
        return f"{self.value_column}_per_customer" if self.is_total else self.value_column

    @property
    def groups(self) -> tuple[str, ...]:
        """Values of the breakdown, the largest first; one empty text where there is none."""
        return self.counts.groups

    @property
    def sql(self) -> str:
        """The statement that produced the counts, over the canonical tables."""
        return self.counts.sql

    @cached_property
    def cohorts(self) -> tuple[str, ...]:
        """Name of each cohort that is shown: its period, or the attribute's value."""
        labels = self.periods["label"].to_pylist()
        keys = self.counts.cohort_keys
        return tuple(
            str(labels[key]) if isinstance(key, int) else key
            for key, shown in zip(keys, self.shown, strict=True)
            if shown
        )

    @cached_property
    def cells(self) -> pa.Table:
        """One row per group, cohort and age.

        Columns: ``group``, ``cohort``, ``cohort_starts_on``, ``cohort_size`` (customers),
        ``age_periods``, ``age_label``, ``age_starts_on``, ``age_ends_on`` (last day; calendar clock
        only), ``eligible`` (customers who finished the age), ``numerator`` (exact), the value,
        ``ci_low``, ``ci_high``, ``status``: ``mature``, ``partial`` (members have not finished the
        age; counted so far), ``not_yet`` (nothing to see, values missing), ``empty`` (no customers).
        """
        counts, shown = self.counts, self.shown
        shape = (len(counts.groups), int(shown.sum()), len(self.spans))
        seen = self._status >= 2
        value, low, high = self._cell_values
        starts, ends = self._age_days

        def flat(values: Any) -> Any:
            kept = values if values.shape[1] == shape[1] else values[:, shown]
            return np.broadcast_to(kept, shape).ravel()

        def spread(values: Any, axis: int) -> Any:
            sizes = [1, 1, 1]
            sizes[axis] = len(values)
            return np.broadcast_to(np.asarray(values).reshape(sizes), shape).ravel()

        visible = flat(seen)
        return pa.table(
            {
                "group": spread(np.array(counts.groups, dtype=object), 0),
                "cohort": spread(np.array(self.cohorts, dtype=object), 1),
                "cohort_starts_on": spread(self._cohort_starts[shown], 1),
                "cohort_size": flat(counts.size[:, :, None]),
                "age_periods": spread([span.first for span in self.spans], 2),
                "age_label": spread(np.array([span.label for span in self.spans], dtype=object), 2),
                "age_starts_on": flat(starts[None]),
                "age_ends_on": flat(ends[None]),
                "eligible": flat(counts.eligible),
                "numerator": self._exact(flat(counts.total), visible),
                self.value_column: pa.array(flat(value), mask=~visible),
                "ci_low": pa.array(flat(low), mask=~visible | np.isnan(flat(low))),
                "ci_high": pa.array(flat(high), mask=~visible | np.isnan(flat(high))),
                "status": _STATUS[flat(self._status)],
            }
        )

    @cached_property
    def pooled(self) -> pa.Table:
        """Per group and age, over mature cells only: totals divided by customers.

        Columns: ``group``, ``age_periods``, ``age_label``, ``cohorts`` and ``customers`` behind the
        number, ``numerator`` (exact), the value (per customer), ``ci_low``, ``ci_high``,
        ``composition_changes`` (the cohorts behind it are not those of the age before).
        """
        return self._averages(self.mature)

    @cached_property
    def fixed_set(self) -> pa.Table:
        """As ``pooled``, over one set of cohorts: those mature at the last age that half of them reach.

        Each group has the set of its own.
        """
        ripe: Mask = self.mature.any(axis=0)  # type: ignore[assignment]
        reached = ripe.sum(axis=0)
        ages = np.flatnonzero(reached * 2 >= max(reached[0], 1)) if reached.size else np.array([], dtype=int)
        last = int(ages[-1]) if len(ages) else 0
        mask = self.mature & self.mature[:, :, last, None]
        return self._averages(mask).filter(
            pa.array(np.tile(np.arange(len(self.spans)) <= last, len(self.groups)))
        )

    @cached_property
    def simple_mean(self) -> pa.Table:
        """Per group and age, the unweighted mean over mature cohorts of the value per customer."""
        cohorts = self.mature.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            rates = np.where(self.mature, self.counts.total / self._scale / self.base, 0.0)
            mean = rates.sum(axis=1) / cohorts
        return pa.table(
            {
                **self._average_keys(),
                "cohorts": cohorts.ravel(),
                self.average_column: pa.array(mean.ravel(), mask=cohorts.ravel() == 0),
            }
        )

    def cohort_sizes(self) -> pa.Table:
        """Return one row per cohort that is shown, all groups together.

        Columns: ``cohort``, ``cohort_starts_on``, ``cohort_ends_on`` (first and last day; missing for
        attributes), ``cohort_size`` (customers).
        """
        ends = np.full(len(self.cohorts), np.datetime64("NaT"), dtype="datetime64[D]")
        if not self.parameters.cohort_by:
            over = self.periods["ends_on"].to_numpy().astype("datetime64[D]") - np.timedelta64(1, "D")
            ends = over[np.array(self.counts.cohort_keys, dtype=int)][self.shown]
        return pa.table(
            {
                "cohort": np.array(self.cohorts, dtype=object),
                "cohort_starts_on": self._cohort_starts[self.shown],
                "cohort_ends_on": ends,
                "cohort_size": self.counts.size.sum(axis=0)[self.shown],
            }
        )

    def merged(self) -> "CohortTable":
        """Return the same table with all groups taken together."""
        counts, amounts = self.counts, self.amounts
        summed = {
            name: getattr(counts, name).sum(axis=0, keepdims=True)
            for name in ("size", "begun", "eligible", "total")
        }
        return replace(
            self,
            parameters=self.parameters.model_copy(update={"breakdown": ""}),
            counts=replace(counts, groups=("",), **summed),
            amounts=amounts and amounts.merged(),
        )

    @property
    def data(self) -> "pd.DataFrame":
        """The cells as a pandas frame."""
        frame: pd.DataFrame = self.cells.to_pandas()
        return frame

    def wide(self, group: str | None = None) -> "pd.DataFrame":
        """Return the table as analysts know it: a row per cohort, its size, a column per age.

        Parameters
        ----------
        group : str, optional
            Value of the breakdown; the largest by default.
        """
        frame = self.data
        frame = frame[frame["group"] == (self.groups[0] if group is None else self._known(group))]
        wide = frame.pivot(index="cohort", columns="age_label", values=self.value_column)
        wide = wide.reindex(index=list(self.cohorts), columns=[span.label for span in self.spans])
        wide.insert(0, "cohort_size", frame.groupby("cohort")["cohort_size"].first())
        return wide

    def differences(self, first: str, second: str) -> pa.Table:
        """Return how two groups differ at each age, pooled over cohorts that are mature in both.

        Shares are compared by Newcombe's interval, everything else by the jackknife of each group.

        Parameters
        ----------
        first, second : str
            Values of the breakdown; ``second`` is subtracted.

        Returns
        -------
        pyarrow.Table
            ``age_periods``, ``age_label``, ``first``, ``first_customers``, ``second``,
            ``second_customers``, ``difference``, ``ci_low``, ``ci_high``.
        """
        one, two = (self.groups.index(self._known(name)) for name in (first, second))
        mature = self.mature[[one]] & self.mature[[two]]
        averages = self._averages(np.broadcast_to(mature, self.mature.shape))
        number = len(self.spans)
        left, right = (averages.slice(g * number, number) for g in (one, two))
        value = [_floats(side, self.average_column) for side in (left, right)]
        people = [_floats(side, "customers") for side in (left, right)]
        if self.amounts is None:
            hits = [_floats(side, "numerator") for side in (left, right)]
            low, high = newcombe(hits[0], people[0], hits[1], people[1], level=self.parameters.level)
        else:
            # Different customers: the two errors are independent and add up as squares.
            half = np.hypot(
                *(_floats(side, "ci_high") - _floats(side, self.average_column) for side in (left, right))
            )
            low, high = value[0] - value[1] - half, value[0] - value[1] + half
        return pa.table(
            {
                "age_periods": left["age_periods"],
                "age_label": left["age_label"],
                "first": value[0],
                "first_customers": left["customers"],
                "second": value[1],
                "second_customers": right["customers"],
                "difference": value[0] - value[1],
                "ci_low": low,
                "ci_high": high,
            }
        )

    @cached_property
    def base(self) -> NDArray[np.int64]:
        """Customers by whom a total is divided, shape (group, cohort, age)."""
        counts = self.counts
        size = np.broadcast_to(counts.size[:, :, None], counts.eligible.shape)
        return counts.eligible if self.parameters.cohort_by else size

    @cached_property
    def mature(self) -> Mask:
        """Whether a cell that is shown counts in averages, shape (group, cohort, age)."""
        counted: Mask = (self._status == 3) & self.shown[None, :, None]
        return counted

    @cached_property
    def shown(self) -> Mask:
        """Whether a cohort is shown: smaller ones than wanted are left out, empty ones are kept."""
        size = self.counts.size.sum(axis=0)
        kept: Mask = (size == 0) | (size >= self.parameters.smallest_cohort)
        return kept

    @cached_property
    def _status(self) -> NDArray[np.int64]:
        counts = self.counts
        size = counts.size[:, :, None]
        if self.parameters.cohort_by:
            return np.where(size == 0, 0, np.where(counts.eligible > 0, 3, 1))
        known = np.where(counts.eligible == size, 3, np.where(counts.begun > 0, 2, 1))
        return np.where(size == 0, 0, known)

    @property
    def _scale(self) -> int:
        return MONEY_UNITS if self.unit == "money" else 1

    @cached_property
    def _cell_values(self) -> tuple[Floats, Floats, Floats]:
        counts = self.counts
        level = self.parameters.level
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = counts.total / self._scale / self.base
        if self.amounts is None:
            return rate, *wilson(counts.total, self.base, level=level)
        low, high = (bound / self._scale for bound in self.amounts.cell_intervals(level))
        if not self.is_total:
            return rate, low, high
        return counts.total / self._scale, low * self.base, high * self.base

    def _averages(self, mask: Mask) -> pa.Table:
        total = np.where(mask, self.counts.total, 0).sum(axis=1)
        people = np.where(mask, self.base, 0).sum(axis=1)
        if self.amounts is None:
            with np.errstate(divide="ignore", invalid="ignore"):
                value = total / np.where(people > 0, people, np.nan)
            low, high = wilson(total, people, level=self.parameters.level)
        else:
            sums, customers = self.amounts.pooled(mask)
            # Scaled last: whole numbers add up exactly, whatever bucket a customer is in.
            bounds = jackknife(sums, customers, level=self.parameters.level)
            value, low, high = (bound / self._scale for bound in bounds)
        cohorts = mask.sum(axis=1)
        changes = np.zeros_like(mask)
        changes[:, :, 1:] = mask[:, :, 1:] != mask[:, :, :-1]
        missing = people.ravel() == 0
        return pa.table(
            {
                **self._average_keys(),
                "cohorts": cohorts.ravel(),
                "customers": people.ravel(),
                "numerator": self._exact(total.ravel(), ~missing),
                self.average_column: pa.array(value.ravel(), mask=missing),
                "ci_low": pa.array(low.ravel(), mask=missing | np.isnan(low.ravel())),
                "ci_high": pa.array(high.ravel(), mask=missing | np.isnan(high.ravel())),
                "composition_changes": changes.any(axis=1).ravel(),
            }
        )

    def _average_keys(self) -> dict[str, Any]:
        ages = len(self.spans)
        return {
            "group": np.repeat(np.array(self.groups, dtype=object), ages),
            "age_periods": np.tile([span.first for span in self.spans], len(self.groups)),
            "age_label": np.tile(
                np.array([span.label for span in self.spans], dtype=object), len(self.groups)
            ),
        }

    def _exact(self, total: NDArray[np.int64], visible: Mask) -> pa.Array:
        """Sums as they are: whole numbers, or money in decimals."""
        if self.unit != "money":
            return pa.array(total, mask=~visible)
        parts = np.stack([total, total >> 63], axis=1)  # 128-bit integers, low half first
        money = pa.Array.from_buffers(pa.decimal128(38, 4), len(total), [None, pa.py_buffer(parts.tobytes())])
        return pa.array(np.where(visible, money.to_numpy(zero_copy_only=False), None), pa.decimal128(38, 4))

    @cached_property
    def _cohort_starts(self) -> NDArray[Any]:
        keys = self.counts.cohort_keys
        starts: NDArray[Any] = self.periods["starts_on"].to_numpy().astype("datetime64[D]")
        if self.parameters.cohort_by:
            return np.full(len(keys), np.datetime64("NaT"), dtype="datetime64[D]")
        own: NDArray[Any] = starts[np.array(keys, dtype=int)]
        return own

    @cached_property
    def _age_days(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """First and last day of each age of each cohort, where the calendar decides them."""
        shape = (len(self.counts.cohort_keys), len(self.spans))
        starts = np.full(shape, np.datetime64("NaT"), dtype="datetime64[D]")
        ends = starts.copy()
        if self.parameters.cohort_by or self.parameters.clock == "elapsed":
            return starts, ends
        first = np.array(self.counts.cohort_keys, dtype=int)[:, None] + [s.first for s in self.spans]
        last = np.array(self.counts.cohort_keys, dtype=int)[:, None] + [s.last for s in self.spans]
        count = self.periods.num_rows
        begins = self.periods["starts_on"].to_numpy().astype("datetime64[D]")
        over = self.periods["ends_on"].to_numpy().astype("datetime64[D]") - np.timedelta64(1, "D")
        known = first < count
        starts[known] = begins[first[known]]
        ends[known] = over[np.minimum(last[known], count - 1)]
        return starts, ends

    def _known(self, group: str) -> str:
        if group not in self.groups:
            has = ", ".join(self.groups) if self.groups != ("",) else "one group only; set breakdown"
            message = f"The table has no group {group!r}. {did_you_mean(group, self.groups)}".strip()
            raise ParameterError(message, todo=f"It has: {has}.")
        return group


def _floats(table: pa.Table, column: str) -> Floats:
    values: Floats = table[column].cast(pa.float64()).to_numpy()
    return values
