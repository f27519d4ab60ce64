"""What a model that knew only the days up to one foresaw of the days after it."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retention_kit.errors import DataError
from retention_kit.measures.purchase_holdout import (
    PurchaseHoldout,
    PurchaseWeeks,
    purchase_holdout,
    purchase_weeks,
)
from retention_kit.measures.purchase_summary import PurchaseSummary, purchase_summary
from retention_kit.models.gathering import gathered
from retention_kit.models.purchase_fitting import PurchaseModel, purchase_fit

if TYPE_CHECKING:
    from retention_kit.data.dataset import Dataset
    from retention_kit.models.purchase_result import PurchaseFit

__all__ = ["Foreseen", "HeldOut", "calibration_day", "foreseen", "held_out"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Histories up to a day, the purchases after it by history, and all purchases by week."""

    summary: PurchaseSummary
    held: PurchaseHoldout
    weeks: PurchaseWeeks


@dataclass(frozen=True, eq=False)
class Foreseen:
    """A model fitted to the histories, and its forecast of what came after.

    Attributes
    ----------
    data : HeldOut
        What was counted.
    asked : str
        The model that was asked for; the fit is of another where the data cannot tell its parameters.
    fit : PurchaseFit
        The model, with time in weeks.
    forecast : ndarray, shape (n,)
        Purchases foreseen for each customer of an entry of ``data.held``.
    """

    data: HeldOut = field(repr=False)
    asked: PurchaseModel
    fit: "PurchaseFit"
    forecast: Floats = field(repr=False)

    @property
    def horizon(self) -> float:
        """Weeks held out."""
        return self.data.summary.holdout_days / 7

    @cached_property
    def actual(self) -> int:
        """Purchases that came."""
        return int(self.data.held.customers @ self.data.held.later_purchases)

    @cached_property
    def expected(self) -> float:
        """Purchases foreseen."""
        return float(self.data.held.customers.astype(float) @ self.forecast)

    @property
    def bias(self) -> float | None:
        """The forecast over what came, less 1; None where nothing came."""
        return self.expected / self.actual - 1 if self.actual else None


def calibration_day(dataset: "Dataset") -> date:
    """Return the day that ends two thirds of the time observed, whole weeks before the as-of date.

    Raises
    ------
    DataError
        When less than three weeks are observed.
    """
    days = (dataset.as_of - dataset.orders_begin).days + 1
    weeks = days // 21
    if weeks < 1:
        raise DataError(
            f"A back-test needs three weeks of orders, and the data hold {days} day{'s' * (days != 1)}.",
            todo="Wait for more, or give calibration_end.",
        )
    return dataset.as_of - timedelta(days=7 * weeks)


def held_out(dataset: "Dataset", *, calibration_end: date | None, segment: str) -> HeldOut:
    """Count what a model may know up to a day, and what came after it.

    Parameters
    ----------
    dataset : Dataset
        An open dataset with orders.
    calibration_end : date or None
        Last day that may be known; None for that of `calibration_day`.
    segment : str
        Count only customers with this at their first order, ``attribute=value``; empty for all.

    Raises
    ------
    DataError
        When there is no hold-out, no order, or nobody who bought before it.
    ColumnError
        When an attribute does not exist.
    """
    end = calibration_end or calibration_day(dataset)
    days = (dataset.as_of - end).days
    if days < 1:
        raise DataError(
            f"After {end} there is nothing to hold a forecast against: the data end on {dataset.as_of}.",
            todo="Let calibration_end be earlier.",
        )
    return HeldOut(
        purchase_summary(dataset, segment=segment, calibration_end=end, unit="week"),
        purchase_holdout(dataset, calibration_end=end, recent_days=days, segment=segment),
        purchase_weeks(dataset, anchor=end, segment=segment),
    )


def foreseen(data: HeldOut, model: PurchaseModel) -> Foreseen:
    """Fit a model to what was known, and foresee what came after.

    Parameters
    ----------
    data : HeldOut
        What was known, and what came.
    model : {"bg_nbd", "mbg_nbd"}
        As for `purchase_fit`; where histories are many, close ones are taken together, as `gathered` says.

    Raises
    ------
    ParameterError
        When the model is unknown.
    """
    fit, held = purchase_fit(gathered(data.summary.rows), model=model), data.held
    horizon = data.summary.holdout_days / 7
    forecast = fit.expected_purchases(horizon, held.frequency, held.recency_days / 7, held.age_days / 7)
    return Foreseen(data, model, fit, np.asarray(forecast, dtype=float))
