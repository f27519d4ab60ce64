"""How far a report has come: a bar on a terminal, plain lines anywhere else."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from retention_kit.reports import Progress

__all__ = ["shown_progress"]


@contextmanager
def shown_progress(title: str) -> Iterator[Callable[[Progress], None]]:
    """Give a function that shows progress, on standard error.

    Parameters
    ----------
    title : str
        What is being run.
    """
    if not sys.stderr.isatty():
        yield lambda p: print(
            f"{title}: {p.done} of {p.cells} cells, {p.elapsed_seconds:.0f} s", file=sys.stderr
        )
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda p: bar.update(task, completed=p.done, total=p.cells)
