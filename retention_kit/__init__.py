"""Who stays, who leaves, when, and what that is worth: the engine of the retention workbook.

The names below are loaded when they are first used, so that importing the package costs nothing.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from retention_kit.data.dataset import Dataset, open_dataset
    from retention_kit.measures.bridge import revenue_bridge
    from retention_kit.measures.cadence import purchase_cadence
    from retention_kit.measures.churn import churn_curves
    from retention_kit.measures.cohort_result import CohortTable
    from retention_kit.measures.cohorts import cohort_table
    from retention_kit.measures.landmark import landmark_comparison
    from retention_kit.measures.mix_or_rate import mix_or_rate
    from retention_kit.measures.movements import customer_movements
    from retention_kit.measures.purchase_summary import purchase_summary
    from retention_kit.measures.reasons_for_leaving import reasons_for_leaving
    from retention_kit.measures.revenue_retention import revenue_retention
    from retention_kit.measures.scorecard import scorecard
    from retention_kit.measures.scorecard_claims import guides_claims
    from retention_kit.measures.scorecard_targets import target_path
    from retention_kit.measures.stickiness import stickiness
    from retention_kit.models.contractual import contract_fit
    from retention_kit.models.purchase_fitting import purchase_fit
    from retention_kit.models.spend_fitting import spend_fit
    from retention_kit.notebooks import CohortParameters
    from retention_kit.planning.back_test import back_test
    from retention_kit.planning.lifetime_value import lifetime_value

__all__ = [
    "CohortParameters",
    "CohortTable",
    "Dataset",
    "back_test",
    "churn_curves",
    "cohort_table",
    "contract_fit",
    "customer_movements",
    "guides_claims",
    "landmark_comparison",
    "lifetime_value",
    "mix_or_rate",
    "open_dataset",
    "purchase_cadence",
    "purchase_fit",
    "purchase_summary",
    "reasons_for_leaving",
    "revenue_bridge",
    "revenue_retention",
    "scorecard",
    "spend_fit",
    "stickiness",
    "target_path",
]
__version__ = version("retention-kit")

_HOMES = {
    "CohortParameters": "retention_kit.notebooks",
    "CohortTable": "retention_kit.measures.cohort_result",
    "Dataset": "retention_kit.data.dataset",
    "back_test": "retention_kit.planning.back_test",
    "churn_curves": "retention_kit.measures.churn",
    "cohort_table": "retention_kit.measures.cohorts",
    "contract_fit": "retention_kit.models.contractual",
    "customer_movements": "retention_kit.measures.movements",
    "guides_claims": "retention_kit.measures.scorecard_claims",
    "landmark_comparison": "retention_kit.measures.landmark",
    "lifetime_value": "retention_kit.planning.lifetime_value",
    "mix_or_rate": "retention_kit.measures.mix_or_rate",
    "open_dataset": "retention_kit.data.dataset",
    "purchase_cadence": "retention_kit.measures.cadence",
    "purchase_fit": "retention_kit.models.purchase_fitting",
    "purchase_summary": "retention_kit.measures.purchase_summary",
    "reasons_for_leaving": "retention_kit.measures.reasons_for_leaving",
    "revenue_bridge": "retention_kit.measures.bridge",
    "revenue_retention": "retention_kit.measures.revenue_retention",
    "scorecard": "retention_kit.measures.scorecard",
    "spend_fit": "retention_kit.models.spend_fitting",
    "stickiness": "retention_kit.measures.stickiness",
    "target_path": "retention_kit.measures.scorecard_targets",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
