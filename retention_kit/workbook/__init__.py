"""The notebooks' views: state, controls and panels."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from retention_kit.workbook.churn import churn_view
    from retention_kit.workbook.cohorts import cohort_view
    from retention_kit.workbook.lifetime import lifetime_view
    from retention_kit.workbook.scorecard import scorecard_view
    from retention_kit.workbook.what_if import what_if_view

__all__ = ["churn_view", "cohort_view", "lifetime_view", "scorecard_view", "what_if_view"]

_HOMES = {
    "churn_view": "churn",
    "cohort_view": "cohorts",
    "lifetime_view": "lifetime",
    "scorecard_view": "scorecard",
    "what_if_view": "what_if",
}


def __getattr__(name: str) -> Any:
    # A notebook loads its own view, and no other.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
