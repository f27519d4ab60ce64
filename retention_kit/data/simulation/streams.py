"""Random numbers of their own for every part of the shop, so that a new part changes no other."""

from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

__all__ = ["choice", "stream"]


def stream(seed: int, part: str) -> np.random.Generator:
    """Return the generator of one part of the shop.

    Parameters
    ----------
    seed : int
        The shop's seed, 0 or more.
    part : str
        Name of the part; another name gives independent numbers.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(crc32(part.encode()),)))


def choice(uniform: NDArray[np.float64], shares: Sequence[float]) -> NDArray[np.int64]:
    """Return for each uniform number the index of the share that it falls into; shares add up to 1.

    >>> choice(np.array([0.1, 0.5, 0.9]), [0.5, 0.3, 0.2]).tolist()
    [0, 1, 2]
    """
    return np.searchsorted(np.cumsum(shares)[:-1], uniform, side="right")
