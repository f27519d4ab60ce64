"""The state of a view: validated parameters in, a result or a sentence out. It knows no widget."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from typing import Any

import traitlets
from pydantic import BaseModel

from retention_kit.errors import RetentionKitError
from retention_kit.params import validate
from retention_kit.workbook.surface import Surface, surface

__all__ = ["State", "guarded"]

_log = logging.getLogger("retention_kit")
_PAUSE_SECONDS = 0.03  # changes closer together than this are computed once


class State(traitlets.HasTraits):
    """Parameters and the result that belongs to them.

    A bad parameter or a failed computation leaves parameters' last good result in place and says so
    in ``message``; nothing escapes to the page.

    Parameters
    ----------
    parameters : BaseModel
        The first parameters.
    compute : callable
        Gives the result for parameters.
    check : callable, optional
        Raises what is wrong with parameters, beyond what their model refuses.
    otherwise : callable, optional
        Gives other parameters in place of those that cannot be computed, and a sentence about it; or
        nothing.
    """

    parameters = traitlets.Any()
    result = traitlets.Any(allow_none=True)
    message = traitlets.Unicode()
    busy = traitlets.Bool()

    def __init__(
        self,
        parameters: BaseModel,
        compute: Callable[[Any], Any],
        *,
        check: Callable[[Any], None] = lambda _: None,
        otherwise: Callable[[Any], tuple[BaseModel, str] | None] = lambda _: None,
    ) -> None:
        super().__init__(parameters=parameters)
        self._compute, self._check, self._otherwise = compute, check, otherwise
        self._computed: BaseModel | None = None
        self._waiting: asyncio.TimerHandle | None = None

    def change(self, **values: Any) -> None:
        """Set parameters by name; the result follows once no more changes come."""
        with guarded(self.say):
            wanted = validate(type(self.parameters), {**self.parameters.model_dump(), **values})
            self._check(wanted)
            if wanted != self.parameters:
                self.message = ""
                self.parameters = wanted
                self._soon()
            elif wanted == self._computed:
                self.message = ""

    def recompute(self) -> None:
        """Compute the result now; equal parameters are not computed twice."""
        if self.parameters == self._computed:
            return
        self.busy = True
        with guarded(self.say):
            try:
                result = self._compute(self.parameters)
            except RetentionKitError:
                other = self._otherwise(self.parameters)
                if other is None:
                    raise
                result = self._compute(other[0])
                self.parameters = other[0]
                self.say(other[1])
            self.result = result
            self._computed = self.parameters
        self.busy = False

    def _soon(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.recompute()
            return
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = loop.call_later(_PAUSE_SECONDS, self.recompute)

    def say(self, sentence: str) -> None:
        """Show a sentence to the reader."""
        self.message = sentence


class guarded:  # noqa: N801 - reads as a statement: with guarded(say)
    """Turn what goes wrong inside into a sentence.

    A known error is its own sentence, in an app without rows of the data. An unknown one becomes an id;
    its traceback is in the log under that id, never on the page.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> bool:
        if error is None or not isinstance(error, Exception):
            return False
        if isinstance(error, RetentionKitError):
            self._say(error.public if surface() is Surface.APP else str(error))
        else:
            name = secrets.token_hex(4)
            _log.error("error %s", name, exc_info=error)
            self._say(f"Something went wrong. Its id is {name}; the details are in the log of the server.")
        return True
