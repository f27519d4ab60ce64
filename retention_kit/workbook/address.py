"""The view in the address of its page: kept in step, copied as a link, restored in JupyterLab."""

import os
from collections.abc import Callable
from pathlib import Path, PureWindowsPath
from typing import Any

import anywidget
import traitlets

from retention_kit.data.resolve import registered, samples
from retention_kit.links import link, opened
from retention_kit.params import ViewParameters
from retention_kit.workbook.state import State, guarded
from retention_kit.workbook.surface import Surface

__all__ = ["Address", "address"]

_HERE = Path(__file__).parent


class Address(anywidget.AnyWidget):
    """A button that copies the link; behind it, the page's address follows ``query``.

    Parameters
    ----------
    query : str
        The view as a link; empty as long as nothing is shown.
    file : str
        Name of the notebook whose page has this address, in JupyterLab, where pages come and go; empty
        where there is one page.
    """

    _esm = _HERE / "address.js"
    _css = _HERE / "address.css"
    query = traitlets.Unicode().tag(sync=True)
    file = traitlets.Unicode().tag(sync=True)

    def __init__(self, restore: Callable[[str], None] | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._restore = restore
        self.on_msg(self._hear)

    def _hear(self, _: Any, message: Any, __: Any) -> None:
        query = message.get("opened") if isinstance(message, dict) else None
        if self._restore is not None and isinstance(query, str):
            self._restore(query)


def address(state: State, where: Surface) -> Address:
    """Return the widget that keeps the address of the page in step with what the state shows."""
    own: ViewParameters = state.parameters

    def restore(query: str) -> None:
        with guarded(state.say):
            # Where a person works, a link may name what is registered, a sample, or the notebook's data.
            names = list(dict.fromkeys([*registered(), *samples(), own.dataset]))
            state.open(opened(type(own), own.model_dump(), query, names=names, own_day=False))

    if where is Surface.NOTEBOOK:
        # What no Jupyter server has opened has no address that could be kept.
        session = os.environ.get("JPY_SESSION_NAME", "unknown")
        made = Address(restore, file=PureWindowsPath(session).name)
    else:
        made = Address()

    def follow(*_: Any) -> None:
        if state.shown is not None:
            made.query = link(state.shown)

    follow()
    state.observe(follow, "shown")
    return made
