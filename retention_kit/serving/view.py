"""What a page shows: a served notebook, over registered data, with parameters."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import nbformat

from retention_kit.links import Opening, given_by, opened
from retention_kit.notebooks import Notebook
from retention_kit.params import ViewParameters

__all__ = ["ServedNotebook", "View", "first_views", "view_at"]


@dataclass(frozen=True)
class ServedNotebook:
    """A notebook of the workbook, read once when the server starts."""

    entry: Notebook
    node: nbformat.NotebookNode

    @cached_property
    def given(self) -> dict[str, Any]:
        """The values in the notebook's parameters cell."""
        sources = (cell.source for cell in self.node.cells if "parameters" in cell.metadata.get("tags", []))
        return given_by("\n".join(sources), self.entry.parameters)

    @cached_property
    def digest(self) -> str:
        """What tells this text of the notebook from another."""
        text: str = nbformat.writes(self.node)  # type: ignore[no-untyped-call]
        return sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class View:
    """A notebook with parameters."""

    notebook: ServedNotebook
    parameters: ViewParameters

    @property
    def dataset(self) -> str:
        """Registered name of the data."""
        name: str = self.parameters.model_dump()["dataset"]
        return name


def view_at(notebook: ServedNotebook, query: str, names: Iterable[str]) -> View:
    """Return what a notebook shows at an address, of the registered datasets ``names``."""
    opening: Opening[ViewParameters] = opened(
        notebook.entry.parameters, notebook.given, query, names=list(names)
    )
    return View(notebook, opening.parameters)


def first_views(notebooks: Iterable[ServedNotebook], names: Iterable[str]) -> list[View]:
    """Return the views that the landing page leads to."""
    known = list(names)
    return [view_at(one, urlencode({"dataset": name}), known) for one in notebooks for name in known]
