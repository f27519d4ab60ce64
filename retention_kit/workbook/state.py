"""The state of a view: validated parameters in, a result or a sentence out. It knows no widget."""

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable
from statistics import median
from typing import Any

import traitlets
from pydantic import BaseModel

from retention_kit.errors import RetentionKitError
from retention_kit.links import Opening
from retention_kit.params import validate
from retention_kit.workbook.surface import Surface, surface

__all__ = ["State", "guarded"]

_log = logging.getLogger("retention_kit")
_PAUSE_SECONDS = 0.03  # changes closer together than this are computed once
_SLOW_SECONDS = 0.5
_REMEMBERED = 20


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
    clock : callable, optional
        Seconds that go by.
    """

    parameters = traitlets.Any()
    result = traitlets.Any(allow_none=True)
    shown = traitlets.Any(allow_none=True, help="The parameters that the result belongs to.")
    message = traitlets.Unicode()
    busy = traitlets.Bool()

    def __init__(
        self,
        parameters: BaseModel,
        compute: Callable[[Any], Any],
        *,
        check: Callable[[Any], None] = lambda _: None,
        otherwise: Callable[[Any], tuple[BaseModel, str] | None] = lambda _: None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(parameters=parameters)
        self._compute, self._check, self._otherwise, self._clock = compute, check, otherwise, clock
        self._slow: deque[float] = deque(maxlen=_REMEMBERED)
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
            elif wanted == self.shown:
                self.message = ""

    def open(self, opening: Opening[Any]) -> None:
        """Show an opening now: the first of its parameters that can be computed, and what was said."""
        told: list[str] = []
        for parameters in (opening.parameters, *opening.otherwise):
            self.message = ""
            self.parameters = parameters
            self.recompute()
            told.append(self.message)
            if self.shown == self.parameters:
                break
        else:
            self.parameters = self.shown or self.parameters
        self.message = " ".join(text for text in (*opening.said, told[0]) if text)

    @property
    def usual_seconds(self) -> float | None:
        """How long computing takes where it takes time, by what has been seen; None before that."""
        return median(self._slow) if self._slow else None

    def recompute(self) -> None:
        """Compute the result now; equal parameters are not computed twice."""
        if self.parameters == self.shown:
            return
        started = self._clock()
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
            took = self._clock() - started
            # The first computation also opens the data, which tells nothing about the next.
            if self.shown is not None and took >= _SLOW_SECONDS:
                self._slow.append(took)
            self.shown = self.parameters
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
