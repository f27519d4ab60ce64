"""Smooth functions of time, kept on a grid and read anywhere."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Curve", "time_grid"]

Floats = NDArray[np.float64]
_NODES = 88


def time_grid(scale: float, longest: float) -> Floats:
    """Return times from 0 to ``longest``, evenly spaced in log(1 + time / scale)."""
    return np.asarray(scale * np.expm1(np.linspace(0.0, np.log1p(longest / scale), _NODES)))


@dataclass(frozen=True, eq=False)
class Curve:
    """A function of time per draw and group, by its values and slopes on a grid (cubic Hermite).

    Attributes
    ----------
    scale : float
        Unit of time in which the grid is even: log(1 + time / scale).
    longest : float
        Where the grid ends.
    values, slopes : ndarray, shape (draws, groups, nodes)
        At the nodes; slopes per unit of time.
    """

    scale: float
    longest: float
    values: Floats
    slopes: Floats

    def at(self, times: Floats) -> Floats:
        """Return the values at times of shape (draws or 1, m), as (draws, groups, m)."""
        step = np.log1p(self.longest / self.scale) / (self.values.shape[-1] - 1)
        place = np.log1p(times / self.scale) / step
        left = np.minimum(place.astype(np.int64), self.values.shape[-1] - 2)
        part = (place - left)[:, None, :]
        node = left[:, None, :]
        # Slopes by the place on the grid: d time / d place = (scale + time) * step.
        width = step * self.scale * np.exp(node * step)
        low, high = (np.take_along_axis(self.values, node + k, axis=2) for k in (0, 1))
        rise = np.take_along_axis(self.slopes, node, axis=2) * width
        fall = np.take_along_axis(self.slopes, node + 1, axis=2) * (width * np.exp(step))
        gap = high - low
        return np.asarray(
            low + part * (rise + part * (3 * gap - 2 * rise - fall + part * (rise + fall - 2 * gap)))
        )

    def mean(self) -> "Curve":
        """Return the mean over the draws, as a curve of one draw."""
        values, slopes = (array.mean(axis=0, keepdims=True) for array in (self.values, self.slopes))
        return Curve(self.scale, self.longest, values, slopes)
