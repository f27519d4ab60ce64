"""What some datasets allow and others do not: a result, or a sentence that says what it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from retention_kit.errors import ColumnError, DataError, ParameterError

__all__ = ["Unavailable", "available"]

ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Unavailable:
    """Why there is no result, and what would make one."""

    sentence: str


def available(compute: Callable[[], ResultT]) -> ResultT | Unavailable:
    """Return what is computed, or why the data do not allow it.

    For parts of a page whose parameters were checked before: what one part cannot use, another may.
    """
    try:
        return compute()
    except (ColumnError, DataError, ParameterError) as error:
        return Unavailable(error.public)
