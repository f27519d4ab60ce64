"""Customers who hold contracts as rows that are valued: how long they are expected to pay."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retention_kit.measures.contract_holders import RunningContracts
from retention_kit.planning.chance import stay_variance
from retention_kit.planning.cohort_labels import cohort_labels
from retention_kit.planning.levers import LONGEST_HORIZON, Levers
from retention_kit.planning.subscriber_fitting import subscriber_parameters, subscribers
from retention_kit.planning.worth import Drawn, Worth

if TYPE_CHECKING:
    from retention_kit.models.contract_result import ContractFit

__all__ = ["ResidualRows", "residual_rows"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_DRAWS, _SEED = 96, 3


@dataclass(frozen=True, eq=False)
class ResidualRows:
    """Running contracts with what follows from a fit, whatever the horizon, margin and rate.

    Attributes
    ----------
    fit : ContractFit
        How long contracts last, in months.
    contracts : RunningContracts
        The contracts; amount 1 where money is not known.
    cohorts : tuple of str
        Names.
    cohort_starts : tuple of date
        First day of each.
    cohort : ndarray of int, shape (n,)
        Where each row belongs.
    amount : ndarray, shape (n,)
        What each customer pays a month.
    drawn : Drawn
        Revenue by draw of the parameters.
    """

    fit: "ContractFit"
    contracts: RunningContracts
    cohorts: tuple[str, ...]
    cohort_starts: tuple[date, ...]
    cohort: Ints
    amount: Floats
    drawn: Drawn

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups."""
        return self.contracts.groups

    @property
    def customers(self) -> Ints:
        """Customers of each row."""
        return self.contracts.customers

    def worth(self, discount: Floats) -> Worth:
        """Return expected revenue over as many months as there are discount factors, and its chance."""
        tenures, which = np.unique(self.contracts.renewals, return_inverse=True)
        ahead = np.arange(1, discount.size + 1)
        stay = np.array([self.fit.survival(ahead, tenure=int(tenure)) for tenure in tenures])
        people = self.customers.astype(float)
        each = self.amount * (stay @ discount)[which]
        revenue = people * each
        variance = people * self.amount**2 * stay_variance(stay, discount)[which]
        paid = np.bincount(which, weights=people * self.amount, minlength=tenures.size)
        missing = np.full(people.size, np.nan)

        def by(place: Ints, number: int) -> Floats:
            columns = (people, revenue, missing, variance)
            return np.array([np.bincount(place, weights=column, minlength=number) for column in columns])

        return Worth(
            by_group=by(self.contracts.group, len(self.groups)),
            by_cohort=by(self.cohort, len(self.cohorts)),
            monthly=paid @ stay,
            entry_values=each,
            entry_customers=people,
        )


def residual_rows(
    contracts: RunningContracts, fit: "ContractFit", *, as_of: date, money: bool
) -> ResidualRows:
    """Return contracts ready to be valued.

    Parameters
    ----------
    contracts : RunningContracts
        The contracts, in months.
    fit : ContractFit
        Shifted beta-geometric, or constant churn in its place.
    as_of : date
        Last day counted.
    money : bool
        Whether amounts are known; else every contract counts 1 a month.
    """
    amount = contracts.amount if money else np.ones(contracts.amount.size)
    labels, starts, cohort = cohort_labels(as_of, contracts.began_days)
    parameters = subscriber_parameters(fit, _DRAWS, rng=np.random.default_rng(_SEED))
    parameters = np.column_stack([_first(fit, parameters), parameters])

    def flows(place: Ints, number: int) -> tuple[Floats, Floats]:
        base = subscribers(
            contracts.renewals,
            contracts.customers,
            contracts.customers * amount,
            parameters,
            start=Levers(),
            segment=np.char.zfill(place.astype(str), len(str(number))),
            period_months=1.0,
        )
        found = np.zeros((_DRAWS + 1, number, LONGEST_HORIZON))
        found[:, [int(name) for name in base.segments]] = base.revenue(LONGEST_HORIZON, np.zeros(1), 0.0)
        return found, base.revenue_of_new(LONGEST_HORIZON, np.zeros(1))

    by_cohort, new = flows(cohort, len(labels))
    number = len(contracts.groups)
    by_group = flows(contracts.group, number)[0] if number > 1 else by_cohort.sum(axis=1, keepdims=True)
    return ResidualRows(fit, contracts, labels, starts, cohort, amount, Drawn(by_group, by_cohort, new))


def _first(fit: "ContractFit", drawn: Floats) -> Floats:
    """The estimates, as alpha and beta; the middle of the draws where those are of another model."""
    if fit.model == "shifted_beta_geometric":
        return np.array(list(fit.parameters.values()))
    return np.asarray(np.median(drawn, axis=1))
