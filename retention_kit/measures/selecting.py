"""What every measure says of its data, and how many values of an attribute it compares."""

from typing import Literal

from retention_kit.data.dataset import Dataset
from retention_kit.errors import ParameterError

__all__ = ["data_notes", "require_few"]

_LONG_SILENCE_DAYS = 31  # between the last order and the as-of date, worth telling
_MOST_GROUPS = 50  # values of an attribute that can be compared


def data_notes(dataset: Dataset, *, basis: Literal["orders", "subscriptions"] = "orders") -> list[str]:
    """Return the sentences that a reader has to know whatever is measured on ``basis``."""
    counted = dataset.accounting
    if dataset.as_of_inferred:
        last = "last order" if counted else "last start of a subscription"
        return [f"The as-of date, {dataset.as_of}, is that of the {last}; set as_of if data run longer."]
    if basis == "subscriptions" or counted is None:  # subscriptions run on while nothing is recorded
        return []
    silent = (dataset.as_of - counted.last_day).days
    if silent <= _LONG_SILENCE_DAYS:
        return []
    return [
        f"The last order is of {counted.last_day}: in the {silent:,} days up to {dataset.as_of} nobody is"
        " active, because nothing was recorded or nothing was sold."
    ]


def require_few(attribute: str, values: int, *, most: int = _MOST_GROUPS) -> None:
    """Refuse an attribute with more values than can be shown.

    Raises
    ------
    ParameterError
        When it has more than ``most``.
    """
    if values > most:
        raise ParameterError(
            f"{attribute} has {values:,} values; up to {most} can be shown.",
            todo="Choose an attribute with fewer values, or some of the customers by segment.",
        )
