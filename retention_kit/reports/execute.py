"""The process in which a report's notebook runs; `supervise` starts it and follows it.

It reads ``request.json``, executes the notebook with papermill, and writes ``outcome.json`` last. Its
standard output carries one JSON line per cell; its standard input is a lifeline: when that closes, the
runner is gone, and this process ends itself and its kernel.
"""

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

__all__ = ["EXECUTED", "OUTCOME", "REQUEST", "end_tree", "execute", "hold_on"]

REQUEST, OUTCOME, EXECUTED = "request.json", "outcome.json", "executed.ipynb"


def execute(folder: Path, *, on_cell: Callable[[int, int], None]) -> None:
    """Execute the requested notebook in a run folder, and write down how it ended.

    Parameters
    ----------
    folder : Path
        Holds ``request.json`` with ``notebook`` (path) and ``parameters``.
    on_cell : callable
        Called with the cells done and all cells, before each cell and when all have succeeded.
    """
    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import execute_notebook

    request = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    source = Path(request["notebook"])
    cells = len(json.loads(source.read_text(encoding="utf-8"))["cells"]) + 1  # papermill adds one

    def on_cell_start(cell: Any, cell_index: int) -> None:
        on_cell(cell_index, cells)

    run: Any = execute_notebook
    outcome: dict[str, Any] = {"state": "completed"}
    try:
        run(
            source,
            folder / EXECUTED,
            parameters=request["parameters"],
            kernel_name="python3",
            language="python",
            progress_bar=False,
            cwd=folder,
            on_cell_start=on_cell_start,
            store_widget_state=False,
        )
    except PapermillExecutionError as error:
        outcome = {"state": "failed", "error": error.ename, "message": error.evalue, "cell": error.exec_count}
    except RuntimeError as error:  # the kernel died
        outcome = {"state": "failed", "error": type(error).__name__, "message": str(error), "cell": None}
    else:
        on_cell(cells, cells)
    (folder / OUTCOME).write_text(json.dumps(outcome), encoding="utf-8")


def end_tree(process_id: int, *, itself: bool = True) -> None:
    """End a process and all it has started, kernels in sessions of their own included."""
    try:
        top = psutil.Process(process_id)
        family = [*top.children(recursive=True), *([top] if itself else [])]
    except psutil.NoSuchProcess:
        return
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family, timeout=10)


def hold_on() -> None:
    """Wait until standard input closes, then end everything this process has started, and itself."""
    while os.read(0, 1):  # not sys.stdin: a thread that holds its buffer cannot be ended in order
        pass
    end_tree(os.getpid(), itself=False)
    os._exit(1)


def main() -> None:
    """Run the folder named on the command line."""
    # The kernel inherits file descriptor 1; only this process may speak on the progress channel.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    threading.Thread(target=hold_on, daemon=True).start()

    def on_cell(done: int, cells: int) -> None:
        channel.write(json.dumps({"done": done, "cells": cells}) + "\n")
        channel.flush()

    execute(Path(sys.argv[1]), on_cell=on_cell)
