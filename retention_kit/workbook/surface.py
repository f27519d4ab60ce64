"""Where a notebook is being shown: explored in JupyterLab, served as an app, or run as a report."""

import os
from collections.abc import Mapping
from enum import Enum
from urllib.parse import parse_qsl

__all__ = ["Surface", "asked_in_address", "surface"]


class Surface(Enum):
    """The three surfaces; only the notebook may list customers, only a report is static."""

    NOTEBOOK = "notebook"
    APP = "app"
    REPORT = "report"

    @property
    def live(self) -> bool:
        """Whether there are widgets on the page."""
        return self is not Surface.REPORT


def surface(environment: Mapping[str, str] = os.environ) -> Surface:
    """Return the surface of this kernel.

    ``RETENTION_SURFACE`` decides. Without it, a kernel that a Jupyter server opened for a person shows
    widgets, and one that a program runs (papermill, nbconvert, nbval) shows pictures.
    """
    named = environment.get("RETENTION_SURFACE")
    if named:
        return Surface(named)
    return Surface.NOTEBOOK if "JPY_SESSION_NAME" in environment else Surface.REPORT


def asked_in_address(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the assignments in the address of a served page, such as ``grain=week``."""
    return [f"{name}={value}" for name, value in parse_qsl(environment.get("QUERY_STRING", ""))]
