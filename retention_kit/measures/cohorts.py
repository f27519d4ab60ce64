"""Cohort tables: who comes back, how often, and what they bring, by the age of the customer."""

from typing import Any

import numpy as np

from retention_kit.data.dataset import Dataset
from retention_kit.data.ledger import Ledger, open_ledger
from retention_kit.data.statements import Clocking
from retention_kit.errors import DataError, ParameterError
from retention_kit.measures.cohort_result import CohortTable
from retention_kit.measures.counting import (
    Amounts,
    Counts,
    Selection,
    Span,
    count_amounts,
    count_customers,
)
from retention_kit.measures.selecting import data_notes, require_few
from retention_kit.notebooks import CohortParameters
from retention_kit.params import brackets, condition, validate

__all__ = ["cohort_table", "selected"]

_MAX_CELLS = 600_000
_MAX_ROWS = 500  # values of an attribute that can be listed as cohorts


def cohort_table(
    dataset: Dataset, parameters: CohortParameters | None = None, /, **changes: Any
) -> CohortTable:
    """Follow customers who started together, and say how many are still there at each age.

    A customer is active in a period with at least ``min_orders`` qualifying orders. *bounded*: active
    in period n. *unbounded*: active in period n or later. *range*: active at least once in ages a..b.
    *streak*: active in every period 1..n. Shares get Wilson's interval; orders and money get the
    delete-a-group jackknife over 100 buckets of customers.

    Parameters
    ----------
    dataset : Dataset
        An open dataset; its as-of date is the last day counted.
    parameters : CohortParameters, optional
        The choices, all with defaults.
    **changes
        Single parameters by name, on top of ``parameters``.

    Returns
    -------
    CohortTable
        Cells, pooled curve, fixed-set curve and simple mean, each a table of its own.

    Raises
    ------
    ParameterError
        When a parameter is unknown or out of range, or choices exclude each other.
    ColumnError
        When an attribute does not exist.
    DataError
        When the measure needs amounts or margins that the dataset lacks, or no customer is selected.

    Examples
    --------
    >>> from retention_kit import cohort_table, open_dataset
    >>> table = cohort_table(open_dataset("cdnow"), grain="quarter")
    >>> [round(rate, 3) for rate in table.pooled["retention_rate"].to_pylist()[:2]]
    [1.0, 0.222]
    """
    chosen = validate(CohortParameters, {**(parameters.model_dump() if parameters else {}), **changes})
    _require_sense(chosen)
    ledger = open_ledger(dataset, condition(chosen.orders))
    clocking = ledger.clocking(chosen.grain, chosen.clock)
    spans = _spans(chosen, clocking)
    selection = selected(chosen, ledger, clocking)
    for name in selection.attributes:
        ledger.require_segment(name)
    cells = (selection.last - selection.first + 1) * len(spans)
    if cells > _MAX_CELLS:
        raise ParameterError(
            f"The table would have {cells:,} cells.",
            todo=f"Up to {_MAX_CELLS:,} are allowed: choose a coarser grain, or set age_to.",
        )
    counts, amounts = _counted(dataset, chosen, ledger, clocking, selection, spans)
    require_few(chosen.breakdown, len(counts.groups))
    if chosen.cohort_by:
        require_few(chosen.cohort_by, len(counts.cohort_keys), most=_MAX_ROWS)
    if not counts.size.sum():
        raise DataError(
            "No customer is left with this selection.",
            todo="Widen segment, orders, cohort_from or cohort_to.",
        )
    return CohortTable(
        parameters=chosen,
        as_of=dataset.as_of,
        currency=dataset.currency,
        notes=tuple(_notes(dataset, chosen, ledger, counts, clocking)),
        spans=spans,
        periods=ledger.calendar.periods(chosen.grain),
        counts=counts,
        amounts=amounts,
    )


def _counted(
    dataset: Dataset,
    chosen: CohortParameters,
    ledger: Ledger,
    clocking: Clocking,
    selection: Selection,
    spans: tuple[Span, ...],
) -> tuple[Counts, Amounts | None]:
    if chosen.measure == "customers":
        mode, least = chosen.mode, chosen.min_orders
        return count_customers(ledger, clocking, selection, spans, mode=mode, min_orders=least), None
    column = _amount_column(dataset, chosen.measure)
    cumulative = chosen.measure == "cumulative_value"
    return count_amounts(ledger, clocking, selection, spans, column=column, cumulative=cumulative)


def _require_sense(chosen: CohortParameters) -> None:
    if chosen.measure != "customers" and chosen.mode in ("unbounded", "streak"):
        raise ParameterError(
            f"mode={chosen.mode!r} counts customers, measure={chosen.measure!r} does not.",
            todo="Choose mode=bounded or mode=range, or measure=customers.",
        )
    if chosen.measure != "customers" and chosen.min_orders > 1:
        raise ParameterError(
            f"min_orders={chosen.min_orders} decides which customers are active; "
            f"measure={chosen.measure!r} sums over all orders.",
            todo="Choose min_orders=1, or measure=customers.",
        )
    if 0 < chosen.age_to < chosen.age_from:
        raise ParameterError(
            f"age_to={chosen.age_to} is before age_from={chosen.age_from}.",
            todo="Raise age_to, or set it to 0.",
        )


def _spans(chosen: CohortParameters, clocking: Clocking) -> tuple[Span, ...]:
    last = clocking.begun_index - 1
    if chosen.mode == "range":
        spans = tuple(Span(low, high) for low, high in brackets(chosen.brackets) if low <= last)
        asked = f"brackets={chosen.brackets!r} start"
    else:
        stop = min(chosen.age_to or last, last)
        spans = tuple(Span(age, age) for age in range(chosen.age_from, stop + 1))
        asked = f"age_from={chosen.age_from} is"
    if not spans:
        raise ParameterError(
            f"{asked} beyond the data, which reach age {last} in {chosen.grain}s.",
            todo="Choose younger ages.",
        )
    return spans


def selected(chosen: CohortParameters, ledger: Ledger, clocking: Clocking) -> Selection:
    """Return which customers the parameters select, and how they are grouped."""
    starts = ledger.calendar.periods(chosen.grain)["starts_on"].to_numpy().astype("datetime64[D]")
    if chosen.cohort_from:
        first = int(np.searchsorted(starts, np.datetime64(chosen.cohort_from)))
    else:  # the calendar begins with the first subscription where that is earlier
        first = int(np.searchsorted(starts, np.datetime64(ledger.dataset.orders_begin), side="right")) - 1
    stop = clocking.begun_index
    if chosen.cohort_to:
        stop = int(np.searchsorted(starts, np.datetime64(chosen.cohort_to), side="right"))
    if first >= stop:
        raise ParameterError(
            f"No {chosen.grain} starts between cohort_from={chosen.cohort_from or 'the first'} "
            f"and cohort_to={chosen.cohort_to or 'the last'}.",
            todo=f"The data run from {starts[0]} to {ledger.dataset.as_of}.",
        )
    return Selection(
        breakdown=chosen.breakdown,
        cohort_by=chosen.cohort_by,
        segment=condition(chosen.segment),
        first=first,
        last=stop - 1,
    )


def _amount_column(dataset: Dataset, measure: str) -> str:
    if measure == "margin" and not dataset.has_margin:
        raise DataError(
            f"The dataset {dataset.name!r} has no margin.",
            todo="Map a margin column, or set the key margin to the gross margin as a share of revenue.",
        )
    if measure != "orders" and not dataset.has_amount:
        raise DataError(
            f"The dataset {dataset.name!r} has no amounts, so there is no {measure.replace('_', ' ')}.",
            todo="Map an amount column; measures of customers and orders work without.",
        )
    if measure == "cumulative_value":
        return "margin" if dataset.has_margin else "revenue"
    return measure if measure in ("orders", "margin") else "revenue"


def _notes(
    dataset: Dataset, chosen: CohortParameters, ledger: Ledger, counts: Counts, clocking: Clocking
) -> list[str]:
    notes = data_notes(dataset)
    if chosen.segment:
        notes.append(
            f"Only customers with {chosen.segment} at their first order; their cohorts are as they were."
        )
    if chosen.orders:
        notes.append(
            f"Only orders with {chosen.orders} count, and the first of them starts the customer's age."
        )
    if clocking.finished_index < clocking.begun_index and chosen.clock == "calendar":
        notes.append(
            f"The {chosen.grain} that holds {dataset.as_of} is not over: its cells show what has been seen "
            "so far, and count in no average."
        )
    if chosen.mode == "unbounded":
        notes.append("Later returns are still to come: each cohort's last cell equals bounded retention.")
    if chosen.measure == "cumulative_value":
        what = "gross margin" if dataset.has_margin else "revenue, since the dataset has no margin"
        notes.append(f"Value is {what}, per original customer.")
    size = counts.size.sum(axis=0)
    small = int(((size > 0) & (size < chosen.smallest_cohort)).sum())
    if small:
        cohorts = "cohort is" if small == 1 else "cohorts are"
        notes.append(
            f"{small} {cohorts} left out for having fewer than {chosen.smallest_cohort:,} customers."
        )
    filled = np.flatnonzero(size)
    if not chosen.cohort_by and len(filled) and filled[-1] < len(size) - 1:
        labels = ledger.calendar.periods(chosen.grain)["label"].to_pylist()
        notes.append(f"No customer was new after {labels[counts.cohort_keys[filled[-1]]]}.")
    return notes
