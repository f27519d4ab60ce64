"""Run a notebook as a report: check the parameters, execute, check the result, publish."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from retention_kit.data.resolve import resolve
from retention_kit.errors import ParameterError, ReportError
from retention_kit.notebooks import notebook as find
from retention_kit.params import validate
from retention_kit.reports.assemble import Run, assemble
from retention_kit.reports.execute import EXECUTED, REQUEST
from retention_kit.reports.job import Job, slug
from retention_kit.reports.outcome import result_of
from retention_kit.reports.pdf import PRINT_LOG, find_chromium
from retention_kit.reports.scrub import Scrub
from retention_kit.reports.supervise import LOG, outcome_of_run

__all__ = ["Progress", "Published", "run_report"]


@dataclass(frozen=True)
class Progress:
    """How far a run has come: cells done, all cells, and seconds since its start."""

    done: int
    cells: int
    elapsed_seconds: float


@dataclass(frozen=True)
class Published:
    """A published report: its folder, and what its manifest says."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def page(self) -> Path:
        """The page to read."""
        return self.folder / "report.html"

    @property
    def pdf(self) -> Path | None:
        """The same page as a PDF, when one was asked for."""
        return self.folder / self.manifest["pdf"] if self.manifest["pdf"] else None


def run_report(
    notebook: str,
    *,
    parameters: Mapping[str, Any],
    out: Path,
    notebooks: Path,
    name: str = "",
    timeout: float = 1800,
    pdf: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Published:
    """Run a notebook over a dataset and publish the report, as a whole or not at all.

    Parameters
    ----------
    notebook : str
        A name in `retention_kit.notebooks.NOTEBOOKS`.
    parameters : mapping
        Values by parameter name; the others keep their defaults. A relative dataset path starts from
        the current folder.
    out : Path
        Folder of the reports; the report comes into ``<name>/<start of the run>/``, and ``latest`` beside
        it points there.
    notebooks : Path
        Folder of the notebooks.
    name : str
        What the report's folder is called; empty: ``<notebook>-<dataset>``.
    timeout : float
        Limit for the execution, in seconds.
    pdf : bool
        Whether to print the page as a PDF too, with the Chromium of this machine.
    progress : callable, optional
        Called with a `Progress` as cells are done.

    Returns
    -------
    Published
        The folder with ``report.html``, ``report.ipynb``, ``manifest.json`` and ``tables/``, and
        ``report.pdf`` when it was asked for.

    Raises
    ------
    ParameterError
        When a parameter is unknown or its value is not allowed, or the folder holds the reports of
        another dataset; nothing was started.
    DataError
        When there is no such dataset; nothing was started.
    BusyError
        When another run of the same job is going on.
    TimeLimitError
        When the limit is reached.
    ReportError
        When a PDF is asked for and there is no Chromium; nothing was started. When the notebook fails or
        leaves no result, or the PDF cannot be printed; ``code`` and ``exit_code`` are those of the cause when
        that is a known error. The last good report stays, the failed notebook is kept under ``failed``.
    """
    chosen = find(notebook)
    _require_sensible(name, timeout)
    asked = validate(chosen.parameters, parameters)
    source = (Path(notebooks) / chosen.file).resolve()
    if not source.is_file():
        raise ReportError(f"{str(source)!r} is missing.", todo="Name the folder of the notebooks.")
    chromium = find_chromium() if pdf else ""
    scrub = Scrub.of(asked.model_dump(mode="json"), start=Path.cwd())
    resolve(scrub.executed["dataset"], {})
    job = Job(Path(out), name or f"{notebook}-{slug(scrub.dataset)}")
    started_at, start = datetime.now(UTC), time.monotonic()

    def on_cell(done: int, cells: int) -> None:
        if progress:
            progress(Progress(done, cells, time.monotonic() - start))

    with job.run_folder() as folder:
        job.claim(scrub.executed["dataset"])
        request = {"notebook": str(source), "parameters": scrub.executed}
        (folder / REQUEST).write_text(json.dumps(request), encoding="utf-8")
        try:
            outcome = outcome_of_run(folder, timeout=timeout, on_cell=on_cell)
            result = result_of(folder, outcome, asked=scrub.executed)
            run = Run(folder, chosen, scrub, started_at=started_at, execute_seconds=time.monotonic() - start)
            finished, manifest = assemble(run, result, chromium=chromium)
        except ReportError as error:
            raise _kept_aside(job, folder, error, started_at=started_at) from None
        return Published(job.publish(finished, started_at=started_at), manifest)


def _require_sensible(name: str, timeout: float) -> None:
    if not 0 < timeout <= threading.TIMEOUT_MAX:
        raise ParameterError(
            f"timeout = {timeout:g} is no time limit.", todo="Give a number of seconds greater than 0."
        )
    if name and slug(name) != name:
        raise ParameterError(
            f"{name!r} cannot be the name of a report.",
            todo="Use lower-case letters, digits, _ and single -, 50 at most.",
        )


def _kept_aside(job: Job, folder: Path, error: ReportError, *, started_at: datetime) -> ReportError:
    """Keep what is left of a failed run, and return its error with the place to look."""
    told = {"code": error.code, "exit_code": error.exit_code, "message": str(error)}
    (folder / "error.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    files = [folder / name for name in (EXECUTED, "error.json", LOG, PRINT_LOG)]
    place = job.set_aside(files, started_at=started_at)
    full = type(error)(error.message, todo=f"{error.todo} What is left of it: {place}".strip())
    full.code, full.exit_code = error.code, error.exit_code
    return full
