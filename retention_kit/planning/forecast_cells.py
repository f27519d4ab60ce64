"""Cells of a cohort table that are not over yet, as a purchase model foresees them."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit import formats
from retention_kit.errors import DataError
from retention_kit.measures.intervals import normal_quantile
from retention_kit.measures.purchase_summary import purchase_summary
from retention_kit.models.purchase_fitting import purchase_fit
from retention_kit.planning.cell_periods import CellPeriods, EarlierCells, actual_cells, earlier_cells
from retention_kit.planning.cell_shares import CellShares, cell_shares
from retention_kit.planning.model_choice import ModelAsked

if TYPE_CHECKING:
    from retention_kit.data.dataset import Dataset
    from retention_kit.measures.cohort_result import CohortTable
    from retention_kit.models.purchase_result import PurchaseFit

__all__ = ["ForecastCells", "forecast_cells"]

Floats = NDArray[np.float64]
_ORIGINS = (0.5, 0.67)  # of the periods that are over, where earlier forecasts are made
_KEYS = {"cohort": pa.string(), "cohort_starts_on": pa.date32(), "cohort_size": pa.int64()}
_AGES = {"age_periods": pa.int64(), "age_label": pa.string()}
_AGES |= {"age_starts_on": pa.date32(), "age_ends_on": pa.date32()}
_RATES = {"retention_rate": pa.float64(), "ci_low": pa.float64(), "ci_high": pa.float64()}
_CELLS = pa.schema(list((_KEYS | _AGES | _RATES | {"status": pa.string()}).items()))
_TESTED = {"cohort": pa.string(), "age_periods": pa.int64(), "customers": pa.int64()}
_TESTED |= {"forecast_rate": pa.float64(), "ci_low": pa.float64(), "ci_high": pa.float64()}
_TESTS = pa.schema(list((_TESTED | {"actual_rate": pa.float64()}).items()))


@dataclass(frozen=True, eq=False)
class ForecastCells:
    """Forecasts of the cells that a cohort table cannot show yet, and how earlier ones turned out.

    Attributes
    ----------
    title : str
        What people call the model; empty where there is no forecast.
    cells : pyarrow.Table
        ``cohort``, ``cohort_starts_on``, ``cohort_size``, ``age_periods``, ``age_label``, ``age_starts_on``,
        ``age_ends_on`` (last day), ``retention_rate`` (share of the cohort that buys in the period, as
        foreseen), ``ci_low``, ``ci_high`` (predictive: chance, and errors of earlier forecasts), ``status``
        (``forecast``).
    back_test : pyarrow.Table
        The same made earlier: ``cohort``, ``age_periods``, ``customers``, ``forecast_rate``, ``ci_low``,
        ``ci_high``, ``actual_rate``. Its intervals know only errors seen before it was made.
    origin : date or None
        Last day that forecast knew.
    mean_error, mean_absolute_error : float or None
        Forecast less actual, in points (hundredths of the cohort), mean over cells.
    covered : float or None
        Share of the cells whose actual rate lies inside its interval.
    sentence : str
        The finding in words.
    reason : str
        Why there is no forecast; empty where there is one.
    level : float
        Confidence level.
    notes : tuple of str
        What a reader has to know.
    """

    title: str
    cells: pa.Table = field(repr=False)
    back_test: pa.Table = field(repr=False)
    origin: date | None
    mean_error: float | None
    mean_absolute_error: float | None
    covered: float | None
    sentence: str
    reason: str
    level: float
    notes: tuple[str, ...]


def forecast_cells(
    dataset: "Dataset",
    table: "CohortTable",
    *,
    model: ModelAsked = "auto",
    fit: "PurchaseFit | None" = None,
    level: float | None = None,
) -> ForecastCells:
    """Return what a purchase model foresees for the cells of a table that have not begun.

    A cell is the share of a cohort with at least one purchase in the period: the mean over its histories of
    the chance that they buy between its first and last day.

    Parameters
    ----------
    dataset : Dataset
        The dataset of the table.
    table : CohortTable
        Calendar periods, cohorts by first order, bounded retention of customers.
    model : {"auto", "bg_nbd", "mbg_nbd"}
        The model; auto: that of ``fit``, else BG/NBD.
    fit : PurchaseFit, optional
        A fit to the same customers, to spare another.
    level : float, optional
        Confidence level; the table's by default.

    Returns
    -------
    ForecastCells
        With a ``reason`` and no cells where the table cannot be forecast.
    """
    wanted = table.parameters.level if level is None else level
    score = normal_quantile(wanted)
    reason = _unfit(table)
    if reason:
        return _none(reason, wanted)
    taken = model if model != "auto" else ("mbg_nbd" if fit is not None and fit.first else "bg_nbd")
    view = CellPeriods.of(dataset, table)
    try:
        if fit is None or fit.first != int(taken == "mbg_nbd"):
            summary = purchase_summary(dataset, segment=table.parameters.segment)
            fit = purchase_fit(summary.rows, model=taken)
        else:
            summary = purchase_summary(dataset, segment=table.parameters.segment, unit=fit.unit)
    except DataError as error:
        return _none(error.message, wanted)
    past = [found for part in _ORIGINS if (found := earlier_cells(view, part, taken)) is not None]
    ahead = np.arange(view.begun, view.begun + view.last_age + 1)
    now = cell_shares(fit, summary.rows, dataset.as_of, view.cohort_starts, *view.days(ahead))
    errors = [one.error(view, until=view.complete) for one in past]
    cells = _cells(view, now, ahead, _root_mean([e for e in errors if e is not None]), score)
    tests, summary_of = _tested(view, past, score)
    notes = [] if fit.converged else [fit.reason]
    if not past:
        notes.append("The table is too short to test forecasts of its cells: intervals hold chance only.")
    return ForecastCells(fit.title, cells, tests, *summary_of, "", wanted, tuple(notes))


def _unfit(table: "CohortTable") -> str:
    chosen = table.parameters
    needs = {
        "mode bounded": chosen.mode == "bounded",
        "measure customers": chosen.measure == "customers",
        "the calendar clock": chosen.clock == "calendar",
        "cohorts by the period of the first order": not chosen.cohort_by,
        "no breakdown": not chosen.breakdown,
        "all orders": not chosen.orders,
        "one order to be active": chosen.min_orders == 1,
    }
    missing = [name for name, given in needs.items() if not given]
    if missing:
        return f"Only tables with {', '.join(missing)} can be forecast."
    if not table.spans or not table.cohorts or not table.counts.size.sum():
        return "The table has no cell to forecast."
    return ""


def _none(reason: str, level: float) -> ForecastCells:
    return ForecastCells(
        "", _CELLS.empty_table(), _TESTS.empty_table(), None, None, None, None, "", reason, level, ()
    )


def _root_mean(errors: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(errors)))) if errors else 0.0


def _band(rate: Floats, size: Floats, error: float, score: float) -> tuple[Floats, Floats]:
    spread = np.sqrt(rate * (1 - rate) / np.maximum(size, 1.0) + (error * rate) ** 2)
    return np.clip(rate - score * spread, 0.0, 1.0), np.clip(rate + score * spread, 0.0, 1.0)


def _cells(
    view: CellPeriods, shares: CellShares, ahead: NDArray[np.int64], error: float, score: float
) -> pa.Table:
    table, keys = view.table, view.cohort_keys
    names = iter(table.cohorts)
    rows = []
    size = table.counts.size[0]
    low, high = _band(shares.rate, size[:, None].astype(float), error, score)
    spans = {span.first: span.label for span in table.spans}
    starts, ends = (days.astype(object) for days in view.days(ahead))
    for at, key in enumerate(keys):
        if not table.shown[at]:
            continue
        name = next(names)
        for column, period in enumerate(ahead):
            age = int(period - key)
            if age not in spans or not shares.customers[at]:
                continue
            rows.append(
                {
                    "cohort": name,
                    "cohort_starts_on": view.starts[key].astype(object),
                    "cohort_size": int(size[at]),
                    "age_periods": age,
                    "age_label": spans[age],
                    "age_starts_on": starts[column],
                    "age_ends_on": ends[column] - timedelta(days=1),
                    "retention_rate": float(shares.rate[at, column]),
                    "ci_low": float(low[at, column]),
                    "ci_high": float(high[at, column]),
                    "status": "forecast",
                }
            )
    rows.sort(key=lambda row: (row["cohort_starts_on"], row["age_periods"]))
    return pa.Table.from_pylist(rows, schema=_CELLS)


def _tested(
    view: CellPeriods, past: list[EarlierCells], score: float
) -> tuple[pa.Table, tuple[date | None, float | None, float | None, float | None, str]]:
    nothing = (None, None, None, None, "The table is too short to test forecasts of its cells.")
    if not past:
        return _TESTS.empty_table(), nothing
    last = past[-1]
    before = [one.error(view, until=last.first) for one in past[:-1]]
    actual, size, known = actual_cells(view, last.periods)
    low, high = _band(last.shares.rate, size, _root_mean([e for e in before if e is not None]), score)
    known = known & (last.shares.customers > 0)[:, None]
    if not known.any():
        return _TESTS.empty_table(), nothing
    labels = np.full(known.shape[0], "", dtype=object)
    labels[view.table.shown] = view.table.cohorts
    at, column = np.nonzero(known)
    forecast, came = last.shares.rate[known], actual[known]
    off = 100 * (forecast - came)
    # A rate is a whole number of customers: half of one decides nothing.
    near = 0.5 / size[known]
    inside = (came >= low[known] - near) & (came <= high[known] + near)
    table = pa.table(
        {
            "cohort": labels[at],
            "age_periods": (last.periods[column] - view.cohort_keys[at]),
            "customers": size[known].astype(np.int64),
            "forecast_rate": forecast,
            "ci_low": low[known],
            "ci_high": high[known],
            "actual_rate": came,
        },
        schema=_TESTS,
    )
    mean, distance, covered = float(off.mean()), float(np.abs(off).mean()), float(inside.mean())
    side = "high" if mean > 0 else "low"
    sentence = (
        f"Forecasts of {formats.plural(int(known.sum()), 'cell')} that knew the days up to {last.end} only "
        f"were {distance:.1f} "
        f"points off on average, {abs(mean):.1f} points {side} taken together; {covered * 100:.0f} % of the "
        "cells came inside their intervals."
    )
    return table, (last.end, mean, distance, covered, sentence)
