"""The likelihood of what repeat buyers spend under the Gamma-Gamma model, with gradient and Hessian.

Each purchase of a customer is gamma with shape p and a scale of its own, gamma itself with q and v. Of x
purchases that sum to S,

    log L = -log B(p x, q) + log x - log S - q log(1 + S / v) - p x log(1 + v / S),

in which nothing cancels, however alike the purchases or the customers are.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retention_kit.errors import DataError, listing
from retention_kit.models.gathering import together
from retention_kit.models.purchase_rows import distinct_rows

__all__ = ["SpendCounts", "SpendLikelihood", "natural"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_FINEST, _COARSEST = 1 / 512, 1.0  # relative steps in which sums are told apart


class SpendCounts(Protocol):
    """What a fit reads: distinct (x, sum spent over repeat days) and how many customers have each."""

    @property
    def frequency(self) -> NDArray[Any]:
        """Repeat purchase days, x, from 1."""

    @property
    def spend(self) -> NDArray[Any]:
        """What a customer spent on all its repeat purchase days together, above 0."""

    @property
    def customers(self) -> NDArray[Any]:
        """Customers with these."""


@dataclass(frozen=True, eq=False)
class SpendLikelihood:
    """The log-likelihood of rows of spend.

    Coordinates are log p, log (q - 1), and the log of the mean p v / (q - 1), money counted in `scale`.

    Parameters
    ----------
    frequency : ndarray of int, shape (n,)
        Repeat purchase days, x.
    spend : ndarray, shape (n,)
        What a customer spent on them together, in ``scale``.
    customers : ndarray, shape (n,)
        How many customers.
    scale : float
        Amount that is taken as 1.
    """

    frequency: Ints
    spend: Floats
    customers: Floats
    scale: float

    @classmethod
    def of(cls, rows: SpendCounts) -> "SpendLikelihood":
        """Return the likelihood of rows, with money scaled by the mean, or say what is wrong with them.

        Raises
        ------
        DataError
            When a row has no repeat purchase, or no spend.
        """
        x, spend, n = (np.asarray(part, float) for part in (rows.frequency, rows.spend, rows.customers))
        if not x.shape == spend.shape == n.shape or x.ndim != 1:
            raise DataError(
                f"Frequency, spend and customers have the shapes {x.shape}, {spend.shape} and {n.shape}.",
                todo="Give one of each per row.",
            )
        with np.errstate(invalid="ignore"):
            right = (x >= 1) & (x == np.round(x)) & (x < 2**53) & (spend > 0) & np.isfinite(spend)
            right &= (n >= 0) & (n == np.round(n)) & (n < 2**53)
        if not right.all():
            shown = [f"x={a:g}, spend={b:g}, customers={c:g}" for a, b, c in zip(x, spend, n, strict=True)]
            wrong = np.flatnonzero(~right)
            raise DataError(
                f"{wrong.size:,} of {x.size:,} rows are no spend of repeat buyers "
                f"(first: {listing([shown[at] for at in wrong[:6]])}).",
                todo="Give whole numbers of repeat purchases and customers, and sums above 0.",
            )
        some = n > 0
        n, x, spend = distinct_rows(n[some], x[some], spend[some])
        scale = float(n @ spend) / float(n @ x) if some.any() else 1.0
        return cls(x.astype(np.int64), spend / scale, n, scale)

    def thinned(self, most: int) -> "SpendLikelihood":
        """Return the likelihood of every n-th row, so that at most so many are left."""
        step = -(-self.frequency.size // most)
        if step <= 1:
            return self
        at = slice(step // 2, None, step)
        return SpendLikelihood(self.frequency[at], self.spend[at], self.customers[at], self.scale)

    def gathered(self, most: int) -> "SpendLikelihood":
        """Return the likelihood with close sums at their mean, where there are more than ``most`` rows."""
        x, spend, people = self.frequency, self.spend, self.customers
        step = _FINEST
        while x.size > most and step < _COARSEST:
            steps = np.floor(np.log(self.spend) / step).astype(np.int64)
            code = self.frequency * (np.ptp(steps) + 1) + steps - steps.min()
            times, spend, people = together(code, self.customers, self.frequency, self.spend)
            x, step = np.rint(times).astype(np.int64), 2 * step
        return SpendLikelihood(x, spend, people, self.scale)

    @property
    def means(self) -> Floats:
        """Mean spend per repeat purchase day of a customer of each row, in ``scale``."""
        return self.spend / self.frequency

    @property
    def unscaled(self) -> float:
        """What the log-likelihood gains when money is counted in its own unit."""
        return -float(self.customers.sum()) * float(np.log(self.scale))

    def value(self, point: Floats) -> float:
        """Return the log-likelihood at a point."""
        from scipy.special import betaln

        p, q, v = natural(point)
        times, customers = self._by_x
        below = self.customers @ np.log1p(self.spend / v)
        above = self._repeats @ np.log1p(v / self.spend)
        return float(-customers @ betaln(p * times, q) + self._constant - q * below - p * above)

    def shape(self, point: Floats) -> tuple[float, Floats, Floats]:
        """Return the log-likelihood at a point, with gradient and Hessian."""
        from scipy.special import betaln, psi, zeta

        p, q, v = natural(point)
        times, customers = self._by_x
        n, repeats, spend = self.customers, self._repeats, self.spend
        parts, total = p * times, p * times + q
        below, above = float(n @ np.log1p(spend / v)), float(repeats @ np.log1p(v / spend))
        value = -customers @ betaln(parts, q) + self._constant - q * below - p * above
        rest = 1 / (v + spend)
        share = spend * rest
        repeated, shared = float(repeats @ rest), float(n @ share)
        gradient = np.array(
            [
                customers @ (times * (psi(total) - psi(parts))) - above,
                customers @ (psi(total) - psi(q)) - below,
                q * shared / v - p * repeated,
            ]
        )
        # zeta(2, .) is the derivative of psi.
        whole, part, one = zeta(2, total), zeta(2, parts), float(zeta(2, q))
        both = float(customers @ (times * whole))
        curve = p * float(repeats @ rest**2) - q * float(n @ (share * (1 + v * rest))) / v**2
        hessian = np.array(
            [
                [customers @ (times**2 * (whole - part)), both, -repeated],
                [both, customers @ (whole - one), shared / v],
                [-repeated, shared / v, curve],
            ]
        )
        rise = np.array([-1.0, 1.0, 1.0])
        slopes = np.array([[p, 0, 0], [0, q - 1, 0], v * rise])
        turned = slopes.T @ hessian @ slopes + gradient[2] * v * np.outer(rise, rise)
        turned[0, 0] += gradient[0] * p
        turned[1, 1] += gradient[1] * (q - 1)
        return float(value), slopes.T @ gradient, turned

    @cached_property
    def _by_x(self) -> tuple[Floats, Floats]:
        """Distinct numbers of purchases, and customers of each."""
        times, place = np.unique(self.frequency, return_inverse=True)
        return times.astype(float), np.bincount(place, weights=self.customers).astype(float)

    @cached_property
    def _repeats(self) -> Floats:
        return self.customers * self.frequency

    @cached_property
    def _constant(self) -> float:
        return float(self.customers @ np.log(self.frequency / self.spend))


def natural(point: Floats) -> tuple[float, float, float]:
    """Return p, q and v at a point."""
    log_p, log_rest, log_mean = (float(value) for value in point)
    return float(np.exp(log_p)), float(1 + np.exp(log_rest)), float(np.exp(log_mean + log_rest - log_p))
