"""Sums per bucket of customers and period, and what leaving out each bucket does to a number made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.measures.intervals import BUCKETS

__all__ = ["Sums", "dense", "earlier", "quotient", "spread", "total"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Sums:
    """Sums by name: of all customers in row 0, without bucket b in row b + 1; periods along the last axis.

    ``first`` is the period in which orders begin, which is not the first of all where something else began
    earlier.
    """

    columns: Mapping[str, Ints]
    first: int = 0

    @classmethod
    def of(cls, counts: Mapping[str, Ints], *, first: int = 0) -> "Sums":
        """Return the sums of counts per bucket and period, shape (bucket, period)."""
        return cls({name: _left_out(values) for name, values in counts.items()}, first)

    def __getitem__(self, name: str) -> Ints:
        return self.columns[name]

    def before(self, name: str, periods: int = 1) -> Ints:
        """Return the sums of so many periods earlier; 0 before the data begin."""
        return earlier(self.columns[name], periods)

    def until(self, name: str) -> Ints:
        """Return the sums up to each period's end."""
        return np.cumsum(self.columns[name], axis=1)

    def over(self, name: str, periods: int) -> Ints:
        """Return the sums over so many periods up to each one's end."""
        total = self.until(name)
        return total - earlier(total, periods)


def earlier(values: Ints, periods: int) -> Ints:
    """Return the values of so many periods earlier; 0 before the data begin."""
    moved = np.zeros_like(values)
    if periods < values.shape[1]:
        moved[:, periods:] = values[:, : values.shape[1] - periods]
    return moved


def dense(rows: pa.Table, names: Sequence[str], periods: int) -> dict[str, Ints]:
    """Return columns of rows with ``bucket`` and ``period_index`` as arrays of shape (bucket, period)."""
    place = _integers(rows, "bucket") * periods + _integers(rows, "period_index")
    counts = {}
    for name in names:
        summed = np.zeros(BUCKETS * periods, dtype=np.int64)
        np.add.at(summed, place, _integers(rows, name))
        counts[name] = summed.reshape(BUCKETS, periods)
    return counts


def spread(without: Floats, used: Mask, *, fewest: int = 2) -> Floats:
    """Return the standard error from the values without each bucket, by the delete-a-group jackknife.

    Parameters
    ----------
    without : ndarray
        Buckets along the first axis.
    used : ndarray of bool
        Which buckets have customers; those that have none say nothing. Of the same shape.
    fewest : int
        Buckets with customers, below which nothing can be said.

    Returns
    -------
    ndarray
        Missing (NaN) below ``fewest`` buckets, or where a value without a bucket is.

    References
    ----------
    Kott (2001), Journal of Official Statistics 17, 521-526.
    """
    groups = used.sum(axis=0)
    enough = groups >= fewest
    number = np.maximum(groups, 1)
    with np.errstate(invalid="ignore", over="ignore"):
        mean = np.where(used, without, 0.0).sum(axis=0) / number
        squares = np.where(used, (without - mean) ** 2, 0.0).sum(axis=0)
        error: Floats = np.where(enough, np.sqrt((number - 1) / number * squares), np.nan)
    return error


def quotient(top: NDArray[np.number], bottom: NDArray[np.number]) -> Floats:
    """Return one array divided by another; missing (NaN) where it is divided by nothing."""
    shape = np.broadcast_shapes(top.shape, bottom.shape)
    found: Floats = np.divide(top, bottom, out=np.full(shape, np.nan), where=bottom != 0)
    return found


def total(values: Ints) -> Floats:
    """Return sums without a bucket scaled up to all of them, so that their spread is that of the total."""
    scaled = values.astype(float)
    scaled[1:] *= BUCKETS / (BUCKETS - 1)
    return scaled


def _left_out(values: Ints) -> Ints:
    every = values.sum(axis=0, keepdims=True)
    return np.concatenate([every, every - values])


def _integers(rows: pa.Table, column: str) -> Ints:
    values: Ints = rows[column].cast(pa.int64()).to_numpy()
    return values
