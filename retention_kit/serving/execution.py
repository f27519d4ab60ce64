"""Run a notebook cell by cell, and sort what it shows from what only the log may know."""

import logging
import re
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty
from typing import Any, cast

import nbformat
import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbconvert.filters.markdown import markdown2html

__all__ = ["CellFailureError", "Shown", "shown_cells"]

WIDGET = "application/vnd.jupyter.widget-view+json"
ANSI = re.compile(r"\x1b\[[0-9;]*m")
CELL_TIMEOUT_S = 120
START_TIMEOUT_S = 60
RETRY_MS = 10
# Every failure is raised here and logged once, with its number, by whoever shows the page.
SILENT = logging.getLogger("retention_kit.serving.nbclient")
SILENT.setLevel(logging.CRITICAL + 1)


class CellFailureError(Exception):
    """A cell ended in an error; the text is for the log and never for the viewer."""


@dataclass(frozen=True)
class Shown:
    """One thing a cell shows: ``kind`` is html, svg, png, jpeg, text or widget."""

    kind: str
    content: Any


async def shown_cells(notebook: nbformat.NotebookNode, kernel: Any) -> AsyncIterator[list[Shown]]:
    """Run the notebook's cells in ``kernel`` and yield what each shows, as soon as it is done.

    Parameters
    ----------
    notebook : NotebookNode
        Changed in place: pass a copy.
    kernel : KernelManager
        A started kernel.

    Raises
    ------
    CellFailureError
        When the kernel does not answer, or a cell fails, takes too long, or ends the kernel.
    """
    client = NotebookClient(notebook, km=kernel, timeout=CELL_TIMEOUT_S, log=SILENT)
    client.kc = kernel.client()
    # A kernel is there within 0.05 s: trying to reach it ten times a second would double that.
    client.kc.context.setsockopt(zmq.RECONNECT_IVL, RETRY_MS)
    client.kc.start_channels()
    client.kc.allow_stdin = False
    try:
        await _answering(cast("AsyncKernelClient", client.kc))
        for index, cell in enumerate(notebook.cells):
            yield await _shown(client, cell, index)
    finally:
        client.kc.stop_channels()


async def _answering(line: AsyncKernelClient) -> None:
    # The stock wait for a kernel ends with a fifth of a second of silence, which a viewer would
    # wait through as well. A reply and an echo are enough: older messages belong to no cell.
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        line.kernel_info()
        with suppress(Empty):
            await line.get_shell_msg(timeout=1)
            # A kernel that is there at once may answer before it is heard on this line: ask again.
            await line.get_iopub_msg(timeout=0.1)
            return
        if not await line.is_alive():
            raise CellFailureError("The kernel ended before it answered.")
    raise CellFailureError(f"The kernel did not answer within {START_TIMEOUT_S} s.")


async def _shown(client: NotebookClient, cell: nbformat.NotebookNode, index: int) -> list[Shown]:
    if cell.cell_type == "markdown":
        return [Shown("html", markdown2html(cell.source))]
    if cell.cell_type != "code":
        return []
    try:
        await client.async_execute_cell(cell, index, store_history=False)
    except (CellExecutionError, DeadKernelError, TimeoutError) as error:
        raise CellFailureError(f"Cell {index + 1}: {ANSI.sub('', str(error))}") from None
    errors = [output for output in cell.outputs if output.output_type == "error"]
    if errors:
        text = "\n".join(ANSI.sub("", line) for output in errors for line in output.traceback)
        raise CellFailureError(f"Cell {index + 1}:\n{text}")
    return [piece for output in cell.outputs if (piece := _piece(output)) is not None]


def _piece(output: nbformat.NotebookNode) -> Shown | None:
    if output.output_type == "stream":
        # What goes to standard error is a matter for the log: the kernel's is the server's own.
        return Shown("text", ANSI.sub("", output.text)) if output.name == "stdout" else None
    data = output.data
    if WIDGET in data:
        return Shown("widget", {**output, "trusted": True})
    if "text/html" in data:
        return Shown("html", data["text/html"])
    if "text/markdown" in data:
        return Shown("html", markdown2html(data["text/markdown"]))
    for kind, mime in (("svg", "image/svg+xml"), ("png", "image/png"), ("jpeg", "image/jpeg")):
        if mime in data:
            return Shown(kind, data[mime])
    return Shown("text", ANSI.sub("", data["text/plain"])) if "text/plain" in data else None
