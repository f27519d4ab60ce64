"""Purchase models straight from their stories: one customer at a time, integrated over what is unknown.

A customer buys at a rate, and leaves after a purchase with a chance. Given both, everything is one line;
the rest is numerical integration over their gamma and beta laws. Nothing of the package is imported.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.integrate import quad
from scipy.stats import beta, gamma


@dataclass(frozen=True)
class Story:
    """The parameters, and whether one can leave after the very first purchase."""

    r: float
    alpha: float
    a: float
    b: float
    first: int

    def over_chances(self, function):
        """Mean over the chance to leave, also where its density has no bound at 0."""
        scale = beta(self.a, self.b).pdf(0.5) / (0.5 ** (self.a - 1) * 0.5 ** (self.b - 1))
        found = quad(function, 0, 1, weight="alg", wvar=(self.a - 1, self.b - 1), epsabs=0, epsrel=1e-9)
        return scale * found[0]

    def over_rates(self, function):
        """Mean over the rate, by quantile."""
        law = gamma(self.r, scale=1 / self.alpha)
        cuts = [law.ppf(share) for share in (1e-12, 1e-6, 1e-3, 0.05, 0.3, 0.7, 0.95, 0.999, 1 - 1e-9)]
        cuts = [0.0, *cuts, 3 * cuts[-1]]
        # r < 1: the density has no bound at 0, so integrate over its r-th power.
        parts = [
            quad(
                lambda u: function(u ** (1 / self.r)) * np.exp(-self.alpha * u ** (1 / self.r)),
                low**self.r,
                high**self.r,
                epsabs=0,
                epsrel=1e-9,
                limit=200,
            )[0]
            for low, high in pairwise(cuts)
        ]
        scale = law.pdf(1.0) / np.exp(-self.alpha) / self.r
        return scale * sum(parts)

    def alive_likelihood(self, x, age):
        stayed = self.over_chances(lambda p: (1 - p) ** (x + self.first))
        return stayed * self.over_rates(lambda rate: rate**x * np.exp(-rate * age))

    def likelihood(self, x, recency, age):
        """Of x repeat purchases, the last at ``recency``, and none up to ``age``."""
        found = self.alive_likelihood(x, age)
        if x + self.first:
            left = self.over_chances(lambda p: p * (1 - p) ** (x + self.first - 1))
            found += left * self.over_rates(lambda rate: rate**x * np.exp(-rate * recency))
        return found

    def probability_alive(self, x, recency, age):
        return self.alive_likelihood(x, age) / self.likelihood(x, recency, age)

    def expected_purchases(self, horizon, x, recency, age):
        """Purchases of one who is there and buys at a rate: (1 - exp(-rate p t)) / p."""

        def given(p):
            p = max(p, 1e-13)  # the limit at 0 is the rate times the horizon
            more = self.over_rates(
                lambda rate: rate**x * np.exp(-rate * age) * -np.expm1(-rate * p * horizon) / p
            )
            return (1 - p) ** (x + self.first) * more

        return self.over_chances(given) / self.likelihood(x, recency, age)

    def probability_active(self, start, end, x, recency, age):
        """Not left by ``start``, and a purchase before ``end``."""

        def given(p):
            there = self.over_rates(
                lambda rate: (
                    rate**x
                    * np.exp(-rate * age)
                    * np.exp(-rate * p * start)
                    * -np.expm1(-rate * (end - start))
                )
            )
            return (1 - p) ** (x + self.first) * there

        return self.over_chances(given) / self.likelihood(x, recency, age)


def lived(rng, customers, *, r, alpha, a, b, first, ages, horizon=0.0):
    """Live the lives of customers, one purchase at a time.

    Returns x, recency and age up to ``ages``, and the purchases in the ``horizon`` after it.
    """
    rate, leave = rng.gamma(r, 1 / alpha, customers), rng.beta(a, b, customers)
    x, later = np.zeros(customers, dtype=int), np.zeros(customers, dtype=int)
    recency, now = np.zeros(customers), np.zeros(customers)
    there = np.arange(customers)
    if first:
        there = there[rng.random(customers) >= leave]
    while there.size:
        now[there] += rng.exponential(1 / rate[there])
        there = there[now[there] <= ages[there] + horizon]
        seen = now[there] <= ages[there]
        x[there] += seen
        later[there] += ~seen
        recency[there[seen]] = now[there[seen]]
        there = there[rng.random(there.size) >= leave[there]]
    return x, recency, later
