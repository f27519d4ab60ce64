"""Start the process that executes a notebook, follow it, and end it when its time is over."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from retention_kit.errors import TimeLimitError
from retention_kit.reports.execute import OUTCOME, end_tree

__all__ = ["LOG", "outcome_of_run"]

LOG = "log.txt"


def outcome_of_run(folder: Path, *, timeout: float, on_cell: Callable[[int, int], None]) -> dict[str, Any]:
    """Run the request in a run folder to its end, and return how it ended.

    Parameters
    ----------
    folder : Path
        Holds ``request.json``; the executed notebook, the log and the outcome come into it.
    timeout : float
        Limit for the whole run, in seconds.
    on_cell : callable
        Called with the cells done and all cells.

    Returns
    -------
    dict
        ``state`` ``completed`` or ``failed``; when failed, ``error``, ``message`` and ``cell``.

    Raises
    ------
    TimeLimitError
        When the limit is reached; the process and its kernel are gone then.
    """
    deadline = time.monotonic() + timeout
    with (folder / LOG).open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            [sys.executable, "-c", "from retention_kit.reports import execute as e; e.main()", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=folder,
            env={**os.environ, **run_environment(folder)},
            start_new_session=True,  # Ctrl-C reaches the runner, which then ends the run in order
        )
    try:
        _follow(process, deadline, on_cell)
    except (subprocess.TimeoutExpired, queue.Empty):
        raise TimeLimitError(
            f"The run was not finished after {timeout:g} seconds and has been ended.",
            todo="Allow more time, or look at the last cell that was reached.",
        ) from None
    finally:
        if process.poll() is None:
            end_tree(process.pid)
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()
    if (folder / OUTCOME).is_file():
        outcome: dict[str, Any] = json.loads((folder / OUTCOME).read_text(encoding="utf-8"))
        return outcome
    lines = (folder / LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    message = f"the process ended with code {process.returncode}; {lines[-1] if lines else 'it said nothing'}"
    return {"state": "failed", "error": "ProcessError", "message": message, "cell": None}


def _follow(process: "subprocess.Popen[bytes]", deadline: float, on_cell: Callable[[int, int], None]) -> None:
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def read(stream: IO[bytes] | None) -> None:
        for line in stream or ():
            lines.put(line)
        lines.put(b"")

    reader = threading.Thread(target=read, args=(process.stdout,), daemon=True)
    reader.start()
    while line := lines.get(timeout=max(0.0, deadline - time.monotonic())):
        event = json.loads(line)
        on_cell(event["done"], event["cells"])
    process.wait(timeout=max(0.0, deadline - time.monotonic()))
    reader.join()


def run_environment(folder: Path) -> dict[str, str]:
    """Return the variables under which a notebook runs as a report in ``folder``.

    A private IPython profile and runtime folder: no start-up files, no history, nothing left behind; and
    the kernel is this Python, whatever kernels the user has installed.
    """
    return {
        "RETENTION_SURFACE": "report",
        "RETENTION_RUN_DIR": str(folder),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
