"""Put together the folder of a report: notebook, page, tables and manifest."""

import json
import platform
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from shlex import join
from typing import Any

import retention_kit
from retention_kit.notebooks import Notebook
from retention_kit.reports.execute import EXECUTED
from retention_kit.reports.scrub import Scrub, cleaned

__all__ = ["PDF", "Run", "assemble", "rerun_command"]

PDF = "report.pdf"
PACKAGES = (
    "duckdb",
    "numpy",
    "pyarrow",
    "pandas",
    "altair",
    "vl-convert-python",
    "papermill",
)


@dataclass(frozen=True)
class Run:
    """A run that has come to its end: its folder, its notebook, and when and how long it ran."""

    folder: Path
    notebook: Notebook
    scrub: Scrub
    started_at: datetime
    execute_seconds: float


def assemble(run: Run, result: Mapping[str, Any], *, chromium: str = "") -> tuple[Path, dict[str, Any]]:
    """Return the finished folder, ready to be published by a rename, and its manifest.

    Parameters
    ----------
    run : Run
        The run; its folder holds the executed notebook and what was recorded.
    result : mapping
        What the notebook recorded (``result.json``).
    chromium : str
        The program that prints the page as a PDF; empty: no PDF.
    """
    # nbformat and the page's tools take more than a second to import, and a refused run needs none.
    import nbformat

    from retention_kit.reports.page import chart_tools, page
    from retention_kit.reports.pdf import print_page

    start = time.monotonic()
    scrub = run.scrub.without(run.folder)
    executed: Any = nbformat
    notebook, warnings = cleaned(executed.read(run.folder / EXECUTED, as_version=4), scrub=scrub)
    finished = run.folder / "finished"
    finished.mkdir()
    if (run.folder / "tables").is_dir():
        shutil.move(run.folder / "tables", finished / "tables")
    (finished / "report.ipynb").write_text(executed.writes(notebook) + "\n", encoding="utf-8")
    charts = {
        chart["name"]: json.loads((run.folder / chart["file"]).read_text(encoding="utf-8"))
        for chart in result["charts"]
    }
    manifest: dict[str, Any] = {
        "schema": 1,
        "state": "complete",
        "notebook": run.notebook.name,
        "parameters": dict(run.scrub.published),
        "rerun": rerun_command(run.notebook, run.scrub.published, pdf=bool(chromium)),
        "dataset": scrub.tree(result["dataset"]),
        "row_accounting": scrub.tree(_without_offenders(result["row_accounting"])),
        "headline": result["headline"],
        "tables": result["tables"],
        "pdf": PDF if chromium else None,
        "versions": _versions() | chart_tools(),
        "timings": {"started_at": f"{run.started_at:%Y-%m-%dT%H:%M:%SZ}", "execute": run.execute_seconds},
        "warnings": warnings,
    }
    title, question = run.notebook.title, run.notebook.question
    html, omitted = page(notebook, title=title, question=question, manifest=manifest, charts=charts)
    manifest["warnings"] = warnings + omitted
    (finished / "report.html").write_text(html, encoding="utf-8")
    if chromium:
        print_page(finished / "report.html", finished / PDF, chromium=chromium, room=run.folder)
    manifest["timings"]["publish"] = time.monotonic() - start
    text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False)
    (finished / "manifest.json").write_text(f"{text}\n", encoding="utf-8")
    return finished, manifest


def rerun_command(notebook: Notebook, parameters: Mapping[str, Any], *, pdf: bool = False) -> str:
    """Return the command that makes the same report again, with the parameters that are not defaults."""
    words = ["retention", "report", notebook.name]
    for name, value in parameters.items():
        if name == "dataset":
            words += ["--dataset", str(value)]
        elif value != notebook.parameters.model_fields[name].default:
            words += ["--set", f"{name}={value}"]
    return join([*words, "--pdf"] if pdf else words)


def _without_offenders(accounting: Any) -> Any:
    """Return the counts without the offending rows, which quote the data and are for the analyst."""
    if isinstance(accounting, Mapping):
        kept = {name: value for name, value in accounting.items() if name != "offenders"}
        return {name: _without_offenders(value) for name, value in kept.items()}
    return [_without_offenders(part) for part in accounting] if isinstance(accounting, list) else accounting


def _versions() -> dict[str, str]:
    own = {"retention_kit": retention_kit.__version__, "python": platform.python_version()}
    return own | {package: version(package) for package in PACKAGES}
