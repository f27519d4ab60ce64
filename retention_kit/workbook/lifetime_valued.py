"""What the lifetime value notebook shows: customers with a model, what they are worth, and its tests."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

from retention_kit.data.dataset import Dataset
from retention_kit.measures.cohorts import cohort_table
from retention_kit.notebooks import LifetimeParameters
from retention_kit.planning.back_test_result import BackTest
from retention_kit.planning.lifetime_result import LifetimeValue
from retention_kit.planning.valued_customers import ValuedCustomers
from retention_kit.workbook.available import Unavailable, available
from retention_kit.workbook.memory import Memory

if TYPE_CHECKING:
    from retention_kit.measures.cohort_result import CohortTable
    from retention_kit.models.contract_backtest import ContractBacktest
    from retention_kit.models.purchase_result import PurchaseFit
    from retention_kit.planning.forecast_cells import ForecastCells

__all__ = ["Foreseen", "Valued"]

_MOST_PERIODS = 26  # rows of a cohort table in which a number fits into each cell
_GRAINS = {"month": 30.4, "quarter": 91.3, "year": 365.25}
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, eq=False)
class Foreseen:
    """A cohort table, and what its cells to come are expected to hold."""

    table: "CohortTable"
    cells: "ForecastCells"


@dataclass(frozen=True, eq=False)
class Valued:
    """Customers, what they are worth, and what is read from it, each when it is asked for.

    Attributes
    ----------
    dataset : Dataset
        The dataset.
    parameters : LifetimeParameters
        The parameters.
    customers : ValuedCustomers
        With the model fitted to them.
    value : LifetimeValue
        What they are worth.
    memory : Memory
        What a change of parameters leaves as it is.
    """

    dataset: Dataset
    parameters: LifetimeParameters
    customers: ValuedCustomers
    value: LifetimeValue
    memory: Memory

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader has to know."""
        return self.value.notes

    @property
    def of_orders(self) -> "BackTest | Unavailable":
        """The test of a model of orders."""
        test = self.customers.back_test
        if isinstance(test, BackTest):
            return test
        if self.customers.kind == "contracts":
            return Unavailable("These customers have contracts: their test is told in words.")
        return Unavailable(f"There is no back-test. {self.customers.model_reason}")

    @property
    def of_contracts(self) -> "ContractBacktest | None":
        """The test of a model of contracts; None for orders, and where the data are too short."""
        test = self.customers.back_test
        return None if isinstance(test, BackTest) else test

    @cached_property
    def foreseen(self) -> "Foreseen | Unavailable":
        """The cohort table with its cells to come."""
        chosen = self.parameters
        if self.customers.kind == "contracts":
            return Unavailable(
                "Cells of a cohort table are foreseen from orders; these customers have contracts. The churn "
                "notebook goes on with their renewals."
            )
        names = ("segment", "model", "level")
        key = (self.dataset.fingerprint, "foreseen", *(getattr(chosen, name) for name in names))
        return self.memory.recall(key, lambda: available(self._foreseen))

    def _foreseen(self) -> "Foreseen | Unavailable":
        from retention_kit.planning.forecast_cells import forecast_cells

        days = (self.dataset.as_of - self.dataset.orders_begin).days
        grain = next((name for name, length in _GRAINS.items() if days / length <= _MOST_PERIODS), "year")
        table = cohort_table(
            self.dataset, grain=grain, segment=self.parameters.segment, level=self.parameters.level
        )
        fit = cast("PurchaseFit", self.customers.fit)  # `foreseen` answers for contracts
        cells = forecast_cells(self.dataset, table, fit=fit)
        return Unavailable(cells.reason) if cells.reason else Foreseen(table, cells)


def of(found: Any, read: Callable[[Any], ResultT]) -> ResultT | None:
    """Return what is read of a result; None where there is none."""
    return None if isinstance(found, Unavailable) else read(found)
