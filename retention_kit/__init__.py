"""Who stays, who leaves, when, and what that is worth: the engine of the retention workbook.

The names below are loaded when they are first used, so that importing the package costs nothing.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from retention_kit.data.dataset import Dataset, open_dataset
    from retention_kit.measures.cadence import purchase_cadence
    from retention_kit.measures.churn import churn_curves
    from retention_kit.measures.cohort_result import CohortTable
    from retention_kit.measures.cohorts import cohort_table
    from retention_kit.models.contractual import contract_fit
    from retention_kit.notebooks import CohortParameters

__all__ = [
    "CohortParameters",
    "CohortTable",
    "Dataset",
    "churn_curves",
    "cohort_table",
    "contract_fit",
    "open_dataset",
    "purchase_cadence",
]
__version__ = version("retention-kit")

_HOMES = {
    "CohortParameters": "retention_kit.notebooks",
    "CohortTable": "retention_kit.measures.cohort_result",
    "Dataset": "retention_kit.data.dataset",
    "churn_curves": "retention_kit.measures.churn",
    "cohort_table": "retention_kit.measures.cohorts",
    "contract_fit": "retention_kit.models.contractual",
    "open_dataset": "retention_kit.data.dataset",
    "purchase_cadence": "retention_kit.measures.cadence",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
