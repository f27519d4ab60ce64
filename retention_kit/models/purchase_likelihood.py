"""The likelihood of purchase histories under BG/NBD and MBG/NBD, with its gradient and Hessian.

Both models in one: a customer who is there buys at a rate of its own, gamma with shape r and scale alpha,
and leaves after a purchase with a chance of its own, beta with a and b. In the BG/NBD one may leave after
each repeat purchase, in the MBG/NBD already after the first one. With k occasions to leave survived,

    log L = sum_{j<x} log((r + j) / alpha) - (r + x) log(1 + T / alpha)
          + sum_{j<k} log((b + j) / (a + b + j)) + log(1 + e^D),
    D = log(a / (b + k - 1)) + (r + x) log((alpha + T) / (alpha + t_x)),   absent where k = 0,

which needs no gamma function, and stays exact where customers hardly differ (r or a + b without bounds).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from retention_kit.models.purchase_rows import PurchaseCounts, PurchaseHistories, checked_rows

__all__ = ["PurchaseLikelihood", "Shape"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_LEAST = float(np.finfo(float).tiny)
# Value, gradient (k,) and Hessian (k, k).
Shape = tuple[float, Floats, Floats]


@dataclass(frozen=True, eq=False)
class PurchaseLikelihood:
    """The log-likelihood of rows of purchase histories.

    Coordinates are the log of the mean rate r / alpha (per `scale` of time), log r, the log odds of the
    mean chance to leave a / (a + b), and log(a + b). In them each limit of the model (nobody leaves, all
    buy alike, all leave alike) is the end of one axis.

    Parameters
    ----------
    rows : PurchaseHistories
        Distinct histories and how many customers have each.
    first : int
        1 where customers may leave after their first purchase (MBG/NBD), else 0.
    scale : float
        Length of time, in the rows' unit, that is taken as 1.
    """

    rows: PurchaseHistories
    first: int
    scale: float

    def thinned(self, most: int) -> "PurchaseLikelihood":
        """Return the likelihood of every n-th row, so that at most so many are left."""
        step = -(-self._x.size // most)
        return self if step <= 1 else PurchaseLikelihood(self.rows.every(step), self.first, self.scale)

    @cached_property
    def unscaled(self) -> float:
        """What the log-likelihood gains when time is counted in the rows' unit."""
        return -float(self._by_x @ np.arange(self._by_x.size)) * float(np.log(self.scale))

    def value(self, point: Floats) -> float:
        """Return the log-likelihood at a point."""
        return self._value(*_natural(point))

    def shape(self, point: Floats) -> Shape:
        """Return the log-likelihood at a point, with gradient and Hessian."""
        return _in_coordinates(point, *self._shape(*_natural(point)))

    def staying_value(self, point: Floats) -> float:
        """Return the log-likelihood if nobody leaves, at a point of the first two coordinates."""
        r, alpha, *_ = _natural(np.append(point, [0.0, 0.0]))
        return float(self._rate_shape(r, alpha)[0])

    def staying_shape(self, point: Floats) -> Shape:
        """Return the same with gradient and Hessian."""
        whole = np.append(point, [0.0, 0.0])
        value, gradient, hessian = self._rate_shape(*_natural(whole)[:2])
        wide = np.zeros(4), np.zeros((4, 4))
        wide[0][:2], wide[1][:2, :2] = gradient, hessian
        value, gradient, hessian = _in_coordinates(whole, value, *wide)
        return value, gradient[:2], hessian[:2, :2]

    # Rows are few numbers of purchases and few lengths of time: what depends on one of them alone is
    # computed once for each, and gathered.

    @cached_property
    def _x(self) -> Ints:
        return self.rows.frequency

    @cached_property
    def _by_x(self) -> Floats:
        return np.bincount(self._x, weights=self.rows.customers).astype(float)

    @cached_property
    def _ages(self) -> tuple[Floats, Ints]:
        times, place = np.unique(self.rows.age / self.scale, return_inverse=True)
        return times, place

    @cached_property
    def _by_age(self) -> tuple[Floats, Floats]:
        """Customers per age, and their repeat purchases."""
        times, place = self._ages
        n = self.rows.customers
        counts = [np.bincount(place, weights=w, minlength=times.size) for w in (n, n * self._x)]
        return counts[0].astype(float), counts[1].astype(float)

    @cached_property
    def _leaving(self) -> tuple[Ints, Floats, Ints, Floats, Ints]:
        """Of the rows whose customers may have left: x, customers, place of age, recencies and place."""
        may = np.flatnonzero(self._x + self.first > 0)
        times, place = np.unique(self.rows.recency[may] / self.scale, return_inverse=True)
        return self._x[may], self.rows.customers[may].astype(float), self._ages[1][may], times, place

    def _odds(self, r: float, alpha: float, a: float, b: float) -> tuple[Floats, Floats, Floats, Floats]:
        """D per row, and of what it consists."""
        x, _, age, times, place = self._leaving
        table = np.log1p(self._ages[0] / alpha)
        spread = table[age] - np.log1p(times / alpha)[place]
        shape = r + np.arange(float(self._by_x.size))
        # Beyond the last occasion: b + k - 1 > 0 because k >= 1 in these rows.
        occasions = np.maximum(b + np.arange(float(self._by_x.size)) + self.first - 1, _LEAST)
        shapes, inverse = shape[x], (1 / occasions)[x]
        odds = (np.log(a) - np.log(occasions))[x] + shapes * spread
        return odds, spread, shapes, inverse

    def _value(self, r: float, alpha: float, a: float, b: float) -> float:
        odds = self._odds(r, alpha, a, b)[0]
        return (
            self._rate_shape(r, alpha)[0]
            + self._staying(a, b)[0]
            + float(self._leaving[1] @ np.logaddexp(0.0, odds))
        )

    def _rate_shape(self, r: float, alpha: float) -> Shape:
        """The part of the rates by (r, alpha)."""
        steps = r + np.arange(float(self._by_x.size))
        times = self._ages[0]
        customers, repeats = self._by_age
        logs, inverse, squares = (
            _before(values) @ self._by_x for values in (np.log(steps / alpha), 1 / steps, steps**-2.0)
        )
        log_ages = np.log1p(times / alpha)
        near, far = 1 / alpha, 1 / (alpha + times)
        weights, total = r * customers + repeats, repeats.sum()
        gradient = [inverse - customers @ log_ages, weights @ (near - far) - total * near]
        cross = customers @ (near - far)
        curve = total * near**2 - weights @ (near**2 - far**2)
        hessian = np.array([[-squares, cross], [cross, curve]])
        return float(logs - weights @ log_ages), np.array(gradient), hessian

    def _staying(self, a: float, b: float) -> Shape:
        """The part of the occasions survived, by (a, b)."""
        counts = np.concatenate([np.zeros(self.first), self._by_x])
        steps = np.arange(float(counts.size))
        logs, lower, upper, lower_squares, upper_squares = (
            _before(values) @ counts
            for values in (
                -np.log1p(a / (b + steps)),
                1 / (b + steps),
                1 / (a + b + steps),
                (b + steps) ** -2.0,
                (a + b + steps) ** -2.0,
            )
        )
        hessian = np.array([[upper_squares, upper_squares], [upper_squares, upper_squares - lower_squares]])
        return float(logs), np.array([-upper, lower - upper]), hessian

    def _shape(self, r: float, alpha: float, a: float, b: float) -> Shape:
        x, n, age, times, place = self._leaving
        odds, spread, shapes, inverse = self._odds(r, alpha, a, b)
        with np.errstate(over="ignore"):
            gone = 1 / (1 + np.exp(-odds))
        weight = n * gone
        curved = weight * (1 - gone)
        far, near = (1 / (alpha + self._ages[0]))[age], (1 / (alpha + times))[place]
        moved = shapes * (far - near)
        slopes = np.array([spread, moved, np.full(x.size, 1 / a), -inverse])
        gradient = slopes @ weight
        hessian = (slopes * curved) @ slopes.T
        hessian[0, 1] += weight @ (far - near)
        hessian[1, 0] = hessian[0, 1]
        hessian[1, 1] += (weight * shapes) @ (near**2 - far**2)
        hessian[2, 2] -= weight.sum() / a**2
        hessian[3, 3] += weight @ inverse**2
        value = float(n @ np.logaddexp(0.0, odds))
        for at, part in ((slice(2), self._rate_shape(r, alpha)), (slice(2, 4), self._staying(a, b))):
            value += part[0]
            gradient[at] += part[1]
            hessian[at, at] += part[2]
        return value, gradient, hessian

    @classmethod
    def of(cls, rows: PurchaseCounts, *, first: int) -> "PurchaseLikelihood":
        """Return the likelihood of rows, with time scaled by their mean age."""
        found = checked_rows(rows)
        total = float(found.customers.sum())
        mean = float(found.customers @ found.age) / total
        return cls(found, first, mean if mean > 0 else 1.0)


def _before(values: Floats) -> Floats:
    """Sums over all entries before each one."""
    return np.concatenate([[0.0], np.cumsum(values[:-1])])


def _natural(point: Floats) -> tuple[float, float, float, float]:
    log_rate, log_r, log_odds, log_total = (float(value) for value in point)
    r, total = np.exp(log_r), np.exp(log_total)
    return (
        float(r),
        float(np.exp(log_r - log_rate)),
        float(total / (1 + np.exp(-log_odds))),
        float(total / (1 + np.exp(log_odds))),
    )


def _in_coordinates(point: Floats, value: float, gradient: Floats, hessian: Floats) -> Shape:
    """Turn derivatives by (r, alpha, a, b) into derivatives by the coordinates."""
    r, alpha, a, b = _natural(point)
    share = a / (a + b)
    mixed = a * (1 - share)
    slopes = np.array([[0, r, 0, 0], [-alpha, alpha, 0, 0], [0, 0, mixed, a], [0, 0, -mixed, b]])
    turned = slopes.T @ hessian @ slopes
    turned[0, 0] += gradient[1] * alpha
    turned[0, 1] -= gradient[1] * alpha
    turned[1, 0] -= gradient[1] * alpha
    turned[1, 1] += gradient[0] * r + gradient[1] * alpha
    change = gradient[2] - gradient[3]
    turned[2, 2] += change * mixed * (1 - 2 * share)
    turned[2, 3] += change * mixed
    turned[3, 2] += change * mixed
    turned[3, 3] += gradient[2] * a + gradient[3] * b
    return value, slopes.T @ gradient, turned
