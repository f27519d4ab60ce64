"""What a customer will buy, given what it has bought: BG/NBD and MBG/NBD with known parameters."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retention_kit.errors import ParameterError
from retention_kit.models.purchase_quadrature import beta_means
from retention_kit.models.purchase_rows import distinct_pairs, histories

__all__ = ["PurchaseLaw"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class PurchaseLaw:
    """Rates of buying that are gamma over customers, and chances to leave after a purchase that are beta.

    A customer buys at a rate lambda ~ Gamma(r, alpha), that is r / alpha a unit of time on average, and
    leaves after each purchase with a chance p ~ Beta(a, b); both are its own for ever, and independent.

    Parameters
    ----------
    r, alpha : float
        Shape and scale of the rates; ``alpha`` in units of time.
    a, b : float
        Of the chances to leave; with a = 0 nobody leaves.
    first : int
        1 where customers may leave after their first purchase already (MBG/NBD), 0 where only after
        repeat purchases (BG/NBD).
    unit : {"day", "week"}
        Unit of ``alpha`` and of all times.

    References
    ----------
    Fader, Hardie and Lee (2005), "Counting your customers the easy way", Marketing Science 24(2),
    275-284 (BG/NBD). Batislam, Denizel and Filiztekin (2007), International Journal of Research in
    Marketing 24(3), 201-209 (MBG/NBD).
    """

    r: float
    alpha: float
    a: float
    b: float
    first: int = 0
    unit: Literal["day", "week"] = "week"

    def probability_alive(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Floats:
        """Return the chance that a customer is still there.

        1 / (1 + e^D), see `purchase_likelihood`. In the BG/NBD customers without a repeat purchase are
        there for certain: its mean is no share of active customers.

        Parameters
        ----------
        frequency, recency, age : array_like
            Repeat purchase days x, time from the first purchase to the last t_x, and to the end of the
            data T, in the unit of ``alpha``.

        Returns
        -------
        ndarray
            Fractions, of the common shape.

        Raises
        ------
        DataError
            When a history is impossible.
        """
        x, last, total = histories(frequency, recency, age)
        occasions = x + self.first
        spread = np.log1p(total / self.alpha) - np.log1p(last / self.alpha)
        with np.errstate(divide="ignore", over="ignore"):
            odds = np.log(self.a / np.maximum(self.b + occasions - 1, np.finfo(float).tiny))
            gone = 1 / (1 + np.exp(-(odds + (self.r + x) * spread)))
        return np.asarray(np.where(occasions > 0, 1 - gone, 1.0))

    def purchases_while_alive(self, horizon: ArrayLike, frequency: ArrayLike, age: ArrayLike) -> Floats:
        """Return the purchases to expect of a customer who is known to be still there.

        The mean over p of (1 - (1 + p t / (alpha + T))^-(r + x)) / p, with p ~ Beta(a, b + k) and k
        occasions to leave that were survived. Times the chance that it is there: `expected_purchases`.

        Parameters
        ----------
        horizon : float or array_like, shape (h,)
            Time from the end of the data.
        frequency, age : array_like
            As in `probability_alive`. Whatever else is known of a customer does not matter.

        Returns
        -------
        ndarray
            Of the shape of the customers, behind that of ``horizon``.
        """
        ahead = _times(horizon)
        x, ages, place = distinct_pairs(frequency, age)

        def purchases(p: Floats, shape: Floats, ratio: Floats) -> Floats:
            values = np.log1p(p * ratio)
            values *= -shape
            np.expm1(values, out=values)
            values /= -p
            return values

        means = beta_means(
            purchases,
            self.r + x.astype(float),
            ahead.reshape(-1, 1) / (self.alpha + ages),
            a=self.a,
            b=self._beta(x),
        )
        return means[:, place.ravel()].reshape(ahead.shape + place.shape)

    def expected_purchases(
        self, horizon: ArrayLike, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
    ) -> Floats:
        """Return the purchases to expect of a customer within a time from the end of the data.

        E[Y(t) | x, t_x, T] of the papers (BG/NBD: equation 10 of Fader, Hardie and Lee).

        Parameters
        ----------
        horizon : float or array_like, shape (h,)
            Time from the end of the data.
        frequency, recency, age : array_like
            As in `probability_alive`.

        Returns
        -------
        ndarray
            Of the shape of the customers, behind that of ``horizon``.
        """
        alive = self.probability_alive(frequency, recency, age)
        return alive * self.purchases_while_alive(horizon, *np.broadcast_arrays(frequency, age, alive)[:2])

    def expected_purchases_of_new(self, horizon: ArrayLike) -> Floats:
        """Return the repeat purchases to expect of a new customer within a time from its first purchase.

        E[X(t)] of the papers; the first purchase is not counted.
        """
        return self.expected_purchases(horizon, 0, 0.0, 0.0)

    def probability_active(
        self, start: float, end: float, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
    ) -> Floats:
        """Return the chance of a purchase between two times ahead.

        Parameters
        ----------
        start, end : float
            Times from the end of the data, 0 <= start <= end.
        frequency, recency, age : array_like
            As in `probability_alive`.

        Returns
        -------
        ndarray
            Fractions, of the shape of the customers.

        Raises
        ------
        ParameterError
            When the times are not in order.
        """
        if not 0 <= start <= end:
            raise ParameterError(
                f"From {start:g} to {end:g} is no time ahead.", todo="Give 0 <= start <= end."
            )
        alive = self.probability_alive(frequency, recency, age)
        x, ages, place = distinct_pairs(*np.broadcast_arrays(frequency, age, alive)[:2])
        begin, length = start / (self.alpha + ages), (end - start) / (self.alpha + ages)

        def active(p: Floats, shape: Floats, ratio: Floats) -> Floats:
            there = np.log1p(p * ratio[:1])
            silent = np.log1p(p * ratio[:1] + ratio[1:])
            return np.asarray(-np.expm1(-shape * (silent - there)) * np.exp(-shape * there))

        means = beta_means(
            active, self.r + x.astype(float), np.array([begin, length]), a=self.a, b=self._beta(x)
        )
        return np.asarray(alive * means[0, place])

    def expected_cumulative(self, starts: ArrayLike, customers: ArrayLike, times: ArrayLike) -> Floats:
        """Return the repeat purchases to expect of cohorts up to each time: the tracking curve.

        Parameters
        ----------
        starts : array_like, shape (c,)
            When each cohort made its first purchase, in the unit of ``alpha``.
        customers : array_like, shape (c,)
            How many they are.
        times : array_like, shape (h,)
            Up to when to count, on the same clock.

        Returns
        -------
        ndarray, shape (h,)
        """
        lived = np.maximum(np.subtract.outer(_moments(times, "times"), _moments(starts, "starts")), 0.0)
        ages, place = np.unique(lived, return_inverse=True)
        return np.asarray(
            self.expected_purchases_of_new(ages)[place.reshape(lived.shape)] @ np.asarray(customers, float)
        )

    def simulated_purchases(
        self,
        horizon: float,
        frequency: ArrayLike,
        recency: ArrayLike,
        age: ArrayLike,
        *,
        rng: np.random.Generator,
    ) -> Ints:
        """Return a draw of what each customer buys within a time, with all its chance.

        Parameters
        ----------
        horizon : float
            Time from the end of the data.
        frequency, recency, age : array_like
            As in `probability_alive`; one entry per customer.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of int
            Of the shape of the customers.
        """
        ahead = float(_times(horizon))
        there = rng.random(np.broadcast(frequency, recency, age).shape) < self.probability_alive(
            frequency, recency, age
        )
        x, _, total = histories(frequency, recency, age)
        scale = self.alpha + total
        rate = rng.standard_gamma(self.r + x) / scale
        bought = rng.poisson(rate * ahead)
        if self.a > 0:
            leave = np.maximum(rng.beta(self.a, self._beta(x)), np.finfo(float).tiny)
            # The purchase with which a customer leaves; beyond all it could make, where it is far.
            last = np.ceil(np.log1p(-rng.random(x.shape)) / np.log1p(-np.minimum(leave, 1 - 1e-16)))
            bought = np.minimum(bought, np.maximum(last, 1.0)).astype(np.int64)
        return np.asarray(np.where(there, bought, 0))

    def _beta(self, frequency: Ints) -> Floats:
        return np.asarray(self.b + self.first + frequency.astype(float))


def _times(values: ArrayLike) -> Floats:
    times = _moments(values, "horizon")
    if times.ndim > 1 or (times < 0).any():
        raise ParameterError("A horizon is negative, or no list.", todo="Give times from 0.")
    return times


def _moments(values: ArrayLike, name: str) -> Floats:
    times = np.asarray(values, dtype=float)
    if not np.isfinite(times).all():
        raise ParameterError(f"{name} holds times that are no numbers.", todo="Give finite times.")
    return times
