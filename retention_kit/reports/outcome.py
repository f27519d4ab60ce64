"""How a run ended: the result that its notebook recorded, or the reason why there is none."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retention_kit import errors
from retention_kit.errors import ReportError, RetentionKitError
from retention_kit.reports.execute import EXECUTED
from retention_kit.reports.record import RESULT

__all__ = ["result_of"]


def result_of(folder: Path, outcome: Mapping[str, Any], *, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the notebook recorded, or say why the run has failed.

    Parameters
    ----------
    folder : Path
        Where the notebook ran.
    outcome : mapping
        How that ended, as `execute` writes it down.
    asked : mapping
        The parameters it was to run with.

    Raises
    ------
    ReportError
        When it failed, left early, left no result, or ran with other parameters; ``code`` and ``exit_code``
        are those of the cause when that is a known error.
    """
    if outcome["state"] != "completed":
        raise _failure(outcome)
    if not (folder / RESULT).is_file():
        raise ReportError(
            "The notebook ended without a result.",
            todo="Its last cell must be retention_kit.reports.record(view), and no cell may leave early.",
        )
    early = _left_early(json.loads((folder / EXECUTED).read_text(encoding="utf-8"))["cells"])
    if early:
        raise ReportError(f"The notebook ended before its end: {early}.", todo="No cell may leave early.")
    result: dict[str, Any] = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    got = result["parameters"]
    wrong = [name for name in {**asked, **got} if asked.get(name) != got.get(name)]
    if wrong:
        name = wrong[0]
        raise ReportError(
            f"The notebook ran with {name}={got.get(name)!r}, asked for was {asked.get(name)!r}"
            + (f", and {len(wrong) - 1} more differ." if len(wrong) > 1 else "."),
            todo="Its parameters must stand in one cell with the tag 'parameters', and reach the view.",
        )
    return result


def _left_early(cells: list[dict[str, Any]]) -> str:
    """Say which cell did not run to its end; papermill takes ``sys.exit(0)`` for success."""
    for number, cell in enumerate((cell for cell in cells if cell["cell_type"] == "code"), start=1):
        if any(output["output_type"] == "error" for output in cell["outputs"]):
            return f"code cell {number} stopped"
    return ""


def _failure(outcome: Mapping[str, Any]) -> ReportError:
    known = getattr(errors, outcome["error"], None)
    where = f" in cell [{outcome['cell']}]" if outcome["cell"] else ""
    if isinstance(known, type) and issubclass(known, RetentionKitError):
        error = ReportError(f"The notebook stopped{where}: {outcome['message']}")
        error.code, error.exit_code = known.code, known.exit_code
        return error
    return ReportError(f"The notebook failed{where} with {outcome['error']}: {outcome['message']}")
