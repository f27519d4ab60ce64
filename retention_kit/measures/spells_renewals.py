"""Renewals of subscriptions: how many came due in each period of a contract, and how many were lost."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.errors import DataError

__all__ = ["Renewals", "renewals_of"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Renewals:
    """Customers whose contracts came up for renewal, in whole periods from their own first day.

    Attributes
    ----------
    losses : ndarray of int, shape (T,)
        Customers who left in period 1, 2, ..., T of their contract.
    staying : ndarray of int, shape (T,)
        Customers still there whose last decided period is 1, 2, ..., T.
    cohorts : tuple of ndarray of int
        Customers of each cohort left after 0, 1, 2, ... periods, as far as all its members have got.
    unit : str
        Name of one period.
    customers : int
        Customers with at least one period that is over.
    undecided : int
        Customers whose first period is not over yet; they say nothing.
    sql : str
        The statement that produced the counts, over the canonical tables.
    """

    losses: Ints
    staying: Ints
    cohorts: tuple[Ints, ...]
    unit: str
    customers: int
    undecided: int
    sql: str

    @property
    def longest(self) -> int:
        """Periods that the oldest cohort has completed."""
        return max((len(cohort) - 1 for cohort in self.cohorts), default=0)


def renewals_of(rows: pa.Table, *, unit: str, sql: str) -> Renewals:
    """Return renewals from the rows of `data.spell_statements.renewals`.

    Raises
    ------
    DataError
        When no customer has completed a period.
    """
    cohort, due, customers = (
        rows[name].cast(pa.int64()).to_numpy() for name in ("cohort", "due_periods", "customers")
    )
    left_in = rows["left_in"].cast(pa.int64()).fill_null(0).to_numpy()
    begun = due > 0
    longest = int(due.max(initial=0))
    if not longest:
        raise DataError(
            f"No customer has completed a {unit} yet.",
            todo="Wait until the first renewal has come due, or choose a shorter period.",
        )
    lost = begun & (left_in > 0)
    losses, staying = np.zeros(longest + 1, dtype=np.int64), np.zeros(longest + 1, dtype=np.int64)
    np.add.at(losses, left_in[lost], customers[lost])
    np.add.at(staying, due[begun & ~lost], customers[begun & ~lost])
    cohorts = (_survivors(due[mine], left_in[mine], customers[mine]) for mine in _each(cohort))
    return Renewals(
        losses=losses[1:],
        staying=staying[1:],
        cohorts=tuple(one for one in cohorts if len(one) > 1),
        unit=unit,
        customers=int(customers[begun].sum()),
        undecided=int(customers[~begun].sum()),
        sql=sql,
    )


def _each(cohort: Ints) -> list[NDArray[np.bool_]]:
    return [cohort == one for one in np.unique(cohort)]


def _survivors(due: Ints, left_in: Ints, customers: Ints) -> Ints:
    """Customers left after each period that all members of a cohort have completed."""
    complete = int(due.min())
    lost = np.zeros(complete + 1, dtype=np.int64)
    gone = (left_in > 0) & (left_in <= complete)
    np.add.at(lost, left_in[gone], customers[gone])
    survivors: Ints = customers.sum() - np.cumsum(lost)
    return survivors
