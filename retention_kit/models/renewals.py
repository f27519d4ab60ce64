"""How many customers could have left in each period of their contract, and how many did."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retention_kit.errors import DataError, listing

__all__ = ["RenewalCounts", "survivor_cohorts"]

Counts = NDArray[np.int64]
_LARGEST = 2**53  # beyond this a float no longer holds every count


@dataclass(frozen=True, eq=False)
class RenewalCounts:
    """Customers at risk and customers lost in every completed period, over all cohorts together.

    These two columns are all that a contractual model learns from: cohorts of any age add up in them,
    and a customer who is still there counts at risk up to its own age and no further.

    Parameters
    ----------
    at_risk : array_like of int, shape (T,)
        Customers who began period 1, 2, ..., T of their contract and have completed it or left in it.
    losses : array_like of int, shape (T,)
        Those of them who left in that period.
    unit : str
        Name of one period in the singular, such as ``"month"``.

    Raises
    ------
    DataError
        A count is negative or no whole number, more left than were there, a later period begins with
        more customers than were left, or no customer has completed a period.

    Examples
    --------
    >>> counts = RenewalCounts.of_survivors([[1000, 869, 743], [400, 350]], unit="year")
    >>> counts.at_risk.tolist(), counts.losses.tolist()
    ([1400, 869], [181, 126])
    """

    at_risk: Counts
    losses: Counts
    unit: str = "period"

    def __post_init__(self) -> None:
        at_risk = whole_numbers(self.at_risk, "at_risk")
        losses = whole_numbers(self.losses, "losses")
        if at_risk.shape != losses.shape:
            raise DataError(
                f"There are {at_risk.size} counts at risk and {losses.size} of losses.",
                todo="Give one of each per completed period.",
            )
        _refuse(losses > at_risk, "{} of {} periods lose more customers than they began with", at_risk.size)
        left = (at_risk - losses)[:-1]
        _refuse(
            at_risk[1:] > left,
            "{} of {} periods begin with more customers than the period before kept",
            at_risk.size,
            first_period=2,
        )
        if not at_risk.any():
            raise DataError(
                "No customer has completed a period.",
                todo="Wait until the first renewal has come due, or use shorter periods.",
            )
        used = int(np.count_nonzero(at_risk))  # empty periods at the end say nothing
        for name, values in (("at_risk", at_risk[:used]), ("losses", losses[:used])):
            values.flags.writeable = False
            object.__setattr__(self, name, values)

    @classmethod
    def of_survivors(cls, cohorts: ArrayLike | Sequence[Any], *, unit: str = "period") -> "RenewalCounts":
        """Count from the customers that each cohort had left after 0, 1, 2, ... completed periods.

        Parameters
        ----------
        cohorts : sequence of int, or sequence of such sequences
            One cohort, or several of different age; each begins with its size.
        unit : str
            Name of one period in the singular.

        Returns
        -------
        RenewalCounts

        Raises
        ------
        DataError
            Counts rise, are negative or no whole numbers, or no customer has completed a period.
        """
        rows = survivor_cohorts(cohorts)
        at_risk = np.zeros(max(2, *(row.size for row in rows)) - 1, dtype=np.int64)
        losses = at_risk.copy()
        for row in rows:
            at_risk[: row.size - 1] += row[:-1]
            losses[: row.size - 1] -= np.diff(row)
        return cls(at_risk, losses, unit)

    @classmethod
    def of_ends(cls, losses: ArrayLike, staying: ArrayLike, *, unit: str = "period") -> "RenewalCounts":
        """Count from how each customer's record ends: lost in a period, or still there after it.

        Parameters
        ----------
        losses : array_like of int, shape (T,)
            Customers who left in period 1, 2, ..., T.
        staying : array_like of int, shape (T,)
            Customers who are still there and have completed exactly 1, 2, ..., T periods.
        unit : str
            Name of one period in the singular.

        Returns
        -------
        RenewalCounts

        Raises
        ------
        DataError
            A count is negative or no whole number, or no customer has completed a period.
        """
        lost, stayed = whole_numbers(losses, "losses"), whole_numbers(staying, "staying")
        if lost.shape != stayed.shape:
            raise DataError(
                f"There are {lost.size} counts of losses and {stayed.size} of customers staying.",
                todo="Give one of each per completed period.",
            )
        return cls(np.cumsum((lost + stayed)[::-1])[::-1], lost, unit)

    @property
    def customers(self) -> int:
        """Customers whose first period is over."""
        return int(self.at_risk[0])

    @property
    def periods(self) -> int:
        """Completed periods of the oldest customers."""
        return int(self.at_risk.size)

    @property
    def renewals(self) -> Counts:
        """Customers who stayed, per period; shape (T,)."""
        return self.at_risk - self.losses


def survivor_cohorts(cohorts: ArrayLike | Sequence[Any]) -> list[Counts]:
    """Return each cohort's survivor counts as an array, checked: whole, not negative, never rising."""
    given: Any = cohorts.tolist() if isinstance(cohorts, np.ndarray) else cohorts
    if not isinstance(given, Sequence) or isinstance(given, str) or not len(given):
        raise DataError("There are no cohorts.", todo="Give the survivors of at least one, its size first.")
    several = isinstance(given[0], (Sequence, np.ndarray)) and not isinstance(given[0], str)
    rows = [
        whole_numbers(row, f"cohort {number}") for number, row in enumerate(given if several else [given], 1)
    ]
    for number, row in enumerate(rows, 1):
        rises = np.flatnonzero(np.diff(row) > 0)
        if rises.size:
            shown = [f"period {at + 1}: {row[at]} to {row[at + 1]}" for at in rises]
            raise DataError(
                f"The survivors of cohort {number} rise {rises.size} times (first: {listing(shown)}).",
                todo="Count each customer as lost when it first leaves; a return begins a new contract.",
            )
    return rows


def whole_numbers(values: ArrayLike, name: str) -> Counts:
    """Return counts as a new one-dimensional array of integers, or say which are none."""
    try:
        numbers = np.array(values, dtype=float)
    except (TypeError, ValueError):
        raise DataError(f"The counts of {name} are no numbers.", todo="Give whole numbers.") from None
    if numbers.ndim != 1 or not numbers.size:
        raise DataError(
            f"The counts of {name} have the shape {numbers.shape}.",
            todo="Give a flat list with at least one count.",
        )
    with np.errstate(invalid="ignore"):
        wrong = ~((numbers >= 0) & (numbers <= _LARGEST) & (numbers == np.round(numbers)))
    if wrong.any():
        shown = [f"{number:g}" for number in numbers[wrong]]
        raise DataError(
            f"{wrong.sum()} of {numbers.size} counts of {name} are no counts of customers "
            f"(first: {listing(shown)}).",
            todo="Give whole numbers from 0; shares have to be multiplied by the cohort's size.",
        )
    return numbers.astype(np.int64)


def _refuse(wrong: NDArray[np.bool_], sentence: str, periods: int, *, first_period: int = 1) -> None:
    found = np.flatnonzero(wrong)
    if found.size:
        raise DataError(
            f"{sentence.format(found.size, periods)} (first: {listing(found + first_period)}).",
            todo="Losses of a period can only come from the customers who began it.",
        )
