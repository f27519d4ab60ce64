"""The naive oracle of survival: lists of customers, exact fractions, one loop per sentence of the definition.

A life is (entry, time, left): first seen after ``entry`` (None: from the start), and leaving, or last
seen, at ``time``.
"""

from fractions import Fraction
from math import exp, log, sqrt
from statistics import NormalDist


def at_risk(lives, time):
    """How many are there just before a time, and are watched then."""
    return sum(life[1] >= time and (life[0] is None or life[0] < time) for life in lives)


def leaving(lives, time):
    return sum(life[1] == time and life[2] for life in lives)


def survival(lives, time, after=-1):
    """Share of those there after ``after`` who are there after ``time``."""
    share = Fraction(1)
    for t in sorted({life[1] for life in lives if life[2]}):
        if after < t <= time:
            share *= 1 - Fraction(leaving(lives, t), at_risk(lives, t))
    return share


def log_variance(lives, time, after=-1):
    """Greenwood's sum; None where all at risk leave."""
    total = Fraction(0)
    for t in sorted({life[1] for life in lives if life[2]}):
        if after < t <= time:
            n, d = at_risk(lives, t), leaving(lives, t)
            if n == d:
                return None
            total += Fraction(d, n * (n - d))
    return total


def band(share, error, level=0.95):
    """Both ends of the band on the log-log scale."""
    if share in (0, 1):
        return (None, None) if share == 0 else (1.0, 1.0)
    z = NormalDist().inv_cdf((1 + level) / 2)
    centre, half = log(-log(share)), z * error / (float(share) * abs(log(share)))
    return exp(-exp(centre + half)), exp(-exp(centre - half))


def restricted_mean(lives, horizon):
    """Mean and standard error, adding up one period after the other."""
    shares = [survival(lives, t) for t in range(horizon)]
    variance = Fraction(0)
    for t in sorted({life[1] for life in lives if life[2] and life[1] <= horizon}):
        n, d, rest = at_risk(lives, t), leaving(lives, t), sum(shares[t:])
        if rest:
            variance += rest**2 * Fraction(d, n * (n - d))
    return float(sum(shares)), sqrt(variance)


def log_rank_of_two(one, other):
    """The textbook's statistic of two groups: (O - E)^2 / V."""
    both, excess, variance = [*one, *other], Fraction(0), Fraction(0)
    for t in sorted({life[1] for life in both if life[2]}):
        n, d, mine = at_risk(both, t), leaving(both, t), at_risk(one, t)
        excess += leaving(one, t) - Fraction(d * mine, n)
        if n > 1:
            variance += Fraction(mine * (n - mine) * d * (n - d), n * n * (n - 1))
    return float(excess**2 / variance) if variance else None
