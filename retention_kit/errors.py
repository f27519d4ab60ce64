"""The exceptions of the package, and the wording they share.

Every error a user can cause is a `RetentionKitError`. It carries a stable ``code`` that logs and
tests can rely on, and the ``exit_code`` with which the command line ends.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "BusyError",
    "ChoiceError",
    "ColumnError",
    "DataError",
    "LossError",
    "ParameterError",
    "ReportError",
    "RetentionKitError",
    "ServeError",
    "TimeLimitError",
    "did_you_mean",
    "listing",
]

# Up to the last bracket: texts of the data may hold brackets too.
_OFFENDERS = re.compile(r" \(first: .*\)", re.DOTALL)


class RetentionKitError(ValueError):
    """Anything the user can put right; the message says how.

    Parameters
    ----------
    message : str
        What is wrong, how much of it, and the first offenders.
    todo : str
        What is allowed and what to do next; shown behind the message.
    public : str
        The message for readers who may not see rows of the data; without one, the message up to its
        first offenders.
    """

    code = "retention_kit"
    exit_code = 1

    def __init__(self, message: str, *, todo: str = "", public: str = "") -> None:
        self.message = message
        self.todo = todo
        self.public = f"{public or _OFFENDERS.sub('', message)} {todo}".strip()
        super().__init__(f"{message} {todo}".strip())


class ParameterError(RetentionKitError):
    """A parameter is unknown, of the wrong type, or out of its range."""

    code = "parameter"
    exit_code = 2


class ColumnError(RetentionKitError):
    """A column is missing, named twice, or mapped to nothing."""

    code = "column"
    exit_code = 2


class ChoiceError(RetentionKitError):
    """The data allow several readings; ``key`` is the setting that decides, ``choices`` its values."""

    code = "choice"
    exit_code = 2

    def __init__(self, message: str, *, key: str, choices: Iterable[str]) -> None:
        self.key = key
        self.choices = tuple(choices)
        options = " or ".join(f"{key}={choice}" for choice in self.choices)
        super().__init__(message, todo=f"Decide with {options}.")


class DataError(RetentionKitError):
    """The data cannot be read, or cannot be used as they are."""

    code = "data"
    exit_code = 3


class LossError(DataError):
    """More rows would be dropped than the dataset's ``max_loss`` allows."""

    code = "loss"


class ReportError(RetentionKitError):
    """A report run ended without a report."""

    code = "report"
    exit_code = 4


class TimeLimitError(ReportError):
    """A report run exceeded its time limit."""

    code = "time_limit"
    exit_code = 5


class BusyError(RetentionKitError):
    """Another process holds what this one needs."""

    code = "busy"
    exit_code = 6


class ServeError(RetentionKitError):
    """The apps cannot be served, for example because the port is taken."""

    code = "serve"
    exit_code = 7


def listing(items: Iterable[object], *, limit: int = 5) -> str:
    """Return the first ``limit`` items quoted, and how many more there are.

    >>> listing(["a", "b", "c"], limit=2)
    "'a', 'b' and 1 more"
    """
    shown = [repr(str(item)) for item in items]
    rest = len(shown) - limit
    text = ", ".join(shown[:limit])
    return f"{text} and {rest} more" if rest > 0 else text


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """Return a suggestion sentence for a name that is not among ``choices``, or an empty string.

    >>> did_you_mean("gain", ["grain", "clock"])
    "Did you mean 'grain'?"
    """
    folded = {choice.casefold(): choice for choice in choices}
    close = get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return f"Did you mean {folded[close[0]]!r}?" if close else ""
