"""Notebooks run as reports: validated, limited in time, checked, published as a whole or not at all."""

from retention_kit.reports.record import View, record
from retention_kit.reports.run import Progress, Published, run_report

__all__ = ["Progress", "Published", "View", "record", "run_report"]
