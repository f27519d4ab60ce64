"""Customers who buy now and then, as counted rows and as the few points that stand for them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retention_kit.errors import DataError

__all__ = ["BuyerRows", "Points", "points_of", "runs_of"]

Floats = NDArray[np.float64]
_COUNTED = 10  # repeat purchases up to which each number has points of its own
_AGES, _FREQUENCIES = 7, 6  # points on either axis


@dataclass(frozen=True, eq=False)
class BuyerRows:
    """Distinct recency-frequency rows, each with the customers who share it.

    Attributes
    ----------
    frequency : ndarray, shape (n,)
        Repeat purchases x.
    recency, age : ndarray, shape (n,)
        From the first purchase to the last one and to the as-of date, in the model's unit of time.
    customers : ndarray, shape (n,)
        Customers of the row.
    repeat_revenue : ndarray, shape (n,)
        Revenue of all their repeat purchases together; less than nothing counts as nothing.
    segments : tuple of str
        Names of the segments.
    member : ndarray of int, shape (n,)
        Which segment the row belongs to.
    """

    frequency: Floats
    recency: Floats
    age: Floats
    customers: Floats
    repeat_revenue: Floats
    segments: tuple[str, ...]
    member: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        frequency: ArrayLike,
        recency: ArrayLike,
        age: ArrayLike,
        *,
        customers: ArrayLike = 1.0,
        repeat_revenue: ArrayLike = 0.0,
        segment: ArrayLike | None = None,
    ) -> "BuyerRows":
        """Check the rows and sort them by segment, frequency and age.

        Raises
        ------
        DataError
            There are no rows, or some could not come from a customer.
        """
        columns = [
            np.atleast_1d(np.asarray(c, dtype=float))
            for c in (frequency, recency, age, customers, repeat_revenue)
        ]
        names = np.zeros(1, dtype="U1") if segment is None else np.asarray(segment).astype(str)
        *columns, names = np.broadcast_arrays(*columns, names)
        x, recent, old, count, revenue = columns
        if not x.size:
            raise DataError("There are no customers.", todo="Choose a segment or a period that has some.")
        wrong = ~(
            (x >= 0) & (recent >= 0) & (recent <= old) & (count > 0) & np.isfinite(old * count + x + revenue)
        )
        if wrong.any():
            first = np.flatnonzero(wrong)[0]
            raise DataError(
                f"{wrong.sum()} of {x.size} rows could not come from a customer (first: frequency "
                f"{x[first]:g}, recency {recent[first]:g}, age {old[first]:g}, {count[first]:g} customers).",
                todo="Recency lies between 0 and age; counts are positive.",
            )
        found, member = np.unique(names, return_inverse=True)
        order = np.lexsort((old, x, member))
        x, recent, old, count, revenue = (column[order] for column in columns)
        return cls(x, recent, old, count, np.maximum(revenue, 0.0), tuple(found.tolist()), member[order])


@dataclass(frozen=True, eq=False)
class Points:
    """Points (x, T) that stand for all rows: a smooth function summed over rows is a sum over points.

    A customer's future, given that he is still active, depends on x and T alone, and smoothly. So each row's
    weight is shared out among neighbouring points as in polynomial interpolation, which is exact where
    there are few distinct rows.

    Attributes
    ----------
    frequency, age : ndarray, shape (k,)
        The points.
    starts : ndarray of int, shape (cells,)
        Where runs of rows of the same segment, x and T begin.
    blocks : ndarray of int, shape (blocks + 1,)
        Where runs of cells of the same segment and x begin, and the end of the last.
    member : ndarray of int, shape (blocks,)
        The segment of each block.
    by_number : ndarray, shape (blocks, numbers)
        How each block is shared out among the numbers of purchases that have points; rows sum to 1.
    by_age : ndarray, shape (cells, ages)
        How each cell is shared out among the ages that have points; rows sum to 1.
    """

    frequency: Floats
    age: Floats
    starts: NDArray[np.int64]
    blocks: NDArray[np.int64]
    member: NDArray[np.int64]
    by_number: Floats
    by_age: Floats

    def gathered(self, weights: Floats, segments: int) -> Floats:
        """Return weights of rows, shape (..., rows), summed to the points, shape (..., segments, k)."""
        cells = np.add.reduceat(weights.reshape(-1, weights.shape[-1]), self.starts, axis=1)
        ends = zip(self.blocks, self.blocks[1:], strict=False)
        blocks = np.array([cells[:, a:b] @ self.by_age[a:b] for a, b in ends])  # (blocks, weights, ages)
        inside = [self.member == segment for segment in range(segments)]
        parts = [np.einsum("bwa,bn->wna", blocks[one], self.by_number[one]) for one in inside]
        return np.stack(parts, axis=1).reshape(*weights.shape[:-1], segments, -1)


def runs_of(rows: BuyerRows) -> NDArray[np.int64]:
    """Return where rows of the same segment, frequency and age begin."""
    return _runs(rows.member, rows.frequency, rows.age)


def points_of(rows: BuyerRows, scale: float) -> Points:
    """Return the points that stand for the rows; ``scale`` is the unit of age in which futures change."""
    starts = runs_of(rows)
    stretched = np.log(rows.age[starts] + scale)
    member, number = rows.member[starts], rows.frequency[starts]
    blocks = _runs(member, number)
    x = number[blocks]
    few, many = np.unique(x[x <= _COUNTED]), np.unique(x[x > _COUNTED])
    several = _axis(np.log(many), _FREQUENCIES) if many.size else many
    by_number = (x[:, None] == few).astype(float)
    if many.size:
        large = np.where(x > _COUNTED, np.log(np.maximum(x, 1.0)), several[0])
        by_number = np.hstack([by_number, _interpolation(several, large) * (x > _COUNTED)[:, None]])
    ages = _axis(stretched, _AGES)
    frequency = np.concatenate([few, np.exp(several)])
    return Points(
        np.repeat(frequency, ages.size),
        np.tile(np.exp(ages) - scale, frequency.size),
        starts,
        np.append(blocks, starts.size),
        member[blocks],
        by_number,
        _interpolation(ages, stretched),
    )


def _runs(*columns: NDArray[np.generic]) -> NDArray[np.int64]:
    changed = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return np.flatnonzero(np.append(True, changed))


def _axis(values: Floats, most: int) -> Floats:
    """The distinct values where they are few, else Chebyshev's points between their ends."""
    distinct = np.unique(values)
    if distinct.size <= most:
        return distinct
    unit = -np.cos(np.pi * np.arange(most) / (most - 1))
    return np.asarray((distinct[0] + distinct[-1]) / 2 + (distinct[-1] - distinct[0]) / 2 * unit)


def _interpolation(points: Floats, at: Floats) -> Floats:
    """Lagrange's polynomials of the points, shape (len(at), len(points))."""
    gaps = points[:, None] - points + np.eye(points.size)
    return np.stack(
        [
            np.prod([(at - p) / gaps[k, i] for i, p in enumerate(points) if i != k], axis=0)
            * np.ones(at.size)
            for k in range(points.size)
        ],
        axis=1,
    )
