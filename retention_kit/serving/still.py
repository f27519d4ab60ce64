"""The page while its kernel is still starting: prose, the controls' values, and a picture of the rest."""

from collections.abc import Mapping
from typing import Any

from nbconvert.filters.markdown import markdown2html

from retention_kit.serving.view import View

__all__ = ["still"]


def still(view: View, picture: Mapping[str, str], *, datasets: int) -> list[dict[str, Any]]:
    """Return what to show of each cell: ``index``, ``kind`` (prose, controls, output) and ``content``.

    Parameters
    ----------
    view : View
        The notebook and its parameters.
    picture : mapping of str to str
        Outputs as HTML by cell id; empty where there is no picture.
    datasets : int
        Number of datasets to choose from.
    """
    shown: list[dict[str, Any]] = []
    for index, cell in enumerate(view.notebook.node.cells):
        if cell.cell_type == "markdown":
            shown.append({"index": index, "kind": "prose", "content": markdown2html(cell.source)})
        elif "controls" in cell.metadata.get("tags", []):
            shown.append({"index": index, "kind": "controls", "content": _controls(view, datasets)})
        elif cell.id in picture:
            shown.append({"index": index, "kind": "output", "content": picture[cell.id]})
    return shown


def _controls(view: View, datasets: int) -> list[tuple[str, str]]:
    """Title and value of the parameters whose controls are in sight."""
    names = (*(("dataset",) if datasets > 1 else ()), *view.notebook.entry.in_sight)
    fields = type(view.parameters).model_fields
    values = view.parameters.model_dump()
    return [(fields[name].title or name, str(values[name]).replace("_", " ") or "–") for name in names]
