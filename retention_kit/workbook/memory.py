"""What was computed lately, so that going back to it, or changing something else, costs nothing."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar, cast

__all__ = ["Memory"]

ResultT = TypeVar("ResultT")


class Memory:
    """The last few results by what they depend on.

    Parameters
    ----------
    most : int
        How many are kept; those not asked for the longest go first.
    """

    def __init__(self, most: int = 60) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, object] = OrderedDict()

    def recall(self, key: Hashable, compute: Callable[[], ResultT]) -> ResultT:
        """Return the result for ``key``, computing it if it is not kept; what fails is not kept."""
        if key not in self._kept:
            self._kept[key] = compute()
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return cast(ResultT, self._kept[key])
