"""The notebooks' views: state, controls and panels."""

from retention_kit.workbook.cohorts import CohortView, cohort_view

__all__ = ["CohortView", "cohort_view"]
