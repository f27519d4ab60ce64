"""Where a notebook is being shown: explored in JupyterLab, served as an app, or run as a report."""

import os
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

from retention_kit.data.resolve import registered
from retention_kit.links import Opening, opened
from retention_kit.params import ViewParameters, validate

__all__ = ["Surface", "first_view", "surface"]

ModelT = TypeVar("ModelT", bound=ViewParameters)


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


def first_view(model: type[ModelT], namespace: Mapping[str, Any], where: Surface) -> Opening[ModelT]:
    """Return what a notebook shows first, by its own parameters and by the address of an app.

    Parameters
    ----------
    model : type
        The notebook's parameters.
    namespace : mapping
        The notebook's variables; those that are parameters are taken.
    where : Surface
        Where the notebook is shown.

    Raises
    ------
    ParameterError
        In a report, when a parameter is not as it must be. On a page that is a sentence.
    """
    given = {name: namespace[name] for name in model.model_fields if name in namespace}
    if where is Surface.REPORT:
        return Opening(validate(model, given))
    in_app = where is Surface.APP
    query = os.environ.get("QUERY_STRING", "") if in_app else ""
    return opened(model, given, query, names=list(registered()), own_day=in_app)
