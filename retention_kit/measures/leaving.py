"""When a customer has left: after which silence, or how long after a subscription ended, and who says so."""

from datetime import date, timedelta
from typing import Literal

from retention_kit.data.dataset import Dataset
from retention_kit.errors import DataError
from retention_kit.measures.cadence import Choice, PurchaseCadence, purchase_cadence

__all__ = ["grace", "seen_until", "silence"]


def silence(
    dataset: Dataset,
    *,
    threshold_days: int = 0,
    segment: str = "",
    level: float = 0.95,
    cadence: PurchaseCadence | None = None,
) -> Choice:
    """Return the silence after orders that means leaving: as the caller, else the dataset, else the data say.

    Parameters
    ----------
    dataset : Dataset
        An open dataset with orders.
    threshold_days : int
        What the caller asks for; 0 for nothing.
    segment, level
        As for `purchase_cadence`.
    cadence : PurchaseCadence, optional
        That of the same customers and the same ``threshold_days``, to spare counting it again.

    Raises
    ------
    DataError
        When nobody says, and the data suggest none.
    """
    if cadence is not None:
        choice = cadence.threshold
    elif threshold_days:
        choice = Choice(threshold_days, "parameter", f"A silence of {threshold_days:,} days was chosen.")
    elif of_dataset := dataset.config.churn_threshold_days:
        said = f"The dataset file says that a silence of {of_dataset:,} days means leaving."
        choice = Choice(of_dataset, "dataset", said)
    else:
        choice = purchase_cadence(dataset, segment=segment, level=level).threshold
    if choice.days is None:
        raise DataError(
            f"The data suggest no silence after which customers have left. {choice.reason}",
            todo="Set threshold_days.",
        )
    return choice


def grace(dataset: Dataset, *, grace_days: int = -1) -> Choice:
    """Return the days between two subscriptions that do not end a customer; -1: as the dataset says."""
    days = dataset.config.grace_days if grace_days < 0 else grace_days
    who: Literal["dataset", "parameter"] = "dataset" if grace_days < 0 else "parameter"
    if not days:
        return Choice(0, who, "Customers leave when their subscription ends.")
    begins = "The dataset file says that a" if grace_days < 0 else "A"
    reason = f"{begins} subscription that begins up to {days:,} days after the last one ended continues it."
    return Choice(days, who, reason)


def seen_until(dataset: Dataset, basis: str, rule: Choice) -> date:
    """Return the last day of which it is known who had left: a subscription that just ended may go on."""
    return dataset.as_of - timedelta(days=(rule.days or 0) if basis == "subscriptions" else 0)
