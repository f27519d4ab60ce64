"""The log-rank test: whether groups of customers leave at different rates, by more than chance."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from math import erfc, exp, lgamma, log, sqrt

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.errors import ParameterError
from retention_kit.measures.survival_result import SurvivalCurve

__all__ = ["LogRank", "chi_square_tail", "holm", "log_rank"]

Floats = NDArray[np.float64]
_PAIRS = pa.schema(
    [
        ("group", pa.string()),
        ("other", pa.string()),
        ("statistic", pa.float64()),
        ("p_value", pa.float64()),
        ("p_value_holm", pa.float64()),
    ]
)


@dataclass(frozen=True, eq=False)
class LogRank:
    """A comparison of groups over all times at once.

    Attributes
    ----------
    statistic : float or None
        Chi-square; missing where no two groups were ever at risk together when somebody left.
    degrees_of_freedom : int
        Groups that can be compared, less one.
    p_value : float or None
        Chance of a difference as large, were there none.
    groups : pyarrow.Table
        ``group``, ``customers``, ``events``, and those ``expected`` were there no difference.
    pairs : pyarrow.Table
        ``group``, ``other``, ``statistic``, ``p_value``, ``p_value_holm`` (corrected for all pairs).
    """

    statistic: float | None
    degrees_of_freedom: int
    p_value: float | None
    groups: pa.Table
    pairs: pa.Table


def log_rank(groups: Mapping[str, SurvivalCurve]) -> LogRank:
    """Test whether groups of different customers leave at the same rate.

    At each time at which somebody leaves, those who leave are compared with those expected from the
    share of each group among all at risk; the differences, summed over time, have the hypergeometric
    variance. Late entries count from when they are at risk. Pairs are corrected by Holm's method.

    Parameters
    ----------
    groups : mapping of name to SurvivalCurve
        At least two curves, in the same periods.

    Raises
    ------
    ParameterError
        When there are fewer than two groups.

    References
    ----------
    Klein & Moeschberger (2003), Survival Analysis, section 7.3. Holm (1979), Scandinavian Journal of
    Statistics 6, 65-70.
    """
    if len(groups) < 2:
        raise ParameterError(
            f"{len(groups)} group cannot be compared.", todo="Choose an attribute with two values or more."
        )
    names, curves = list(groups), list(groups.values())
    statistic, freedom, p_value, expected = _tested(curves)
    tested = [
        (one, other, *_tested([groups[one], groups[other]])[0:3:2]) for one, other in combinations(names, 2)
    ]
    corrected = holm([p for *_, p in tested])
    rows = [(*pair, p) for pair, p in zip(tested, corrected, strict=True)]
    return LogRank(
        statistic,
        freedom,
        p_value,
        pa.table(
            {
                "group": pa.array(names, pa.string()),
                "customers": [curve.customers for curve in curves],
                "events": [int(curve.events.sum()) for curve in curves],
                "expected": expected,
            }
        ),
        pa.Table.from_pylist([dict(zip(_PAIRS.names, row, strict=True)) for row in rows], schema=_PAIRS),
    )


def holm(p_values: list[float | None]) -> list[float | None]:
    """Return p-values corrected for their number, in the same order; missing ones do not count.

    >>> holm([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    """
    known = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, place) in enumerate(known):
        largest = max(largest, min((len(known) - rank) * p, 1.0))
        corrected[place] = largest
    return corrected


def _tested(curves: list[SurvivalCurve]) -> tuple[float | None, int, float | None, Floats]:
    times = np.unique(np.concatenate([curve.times[curve.events > 0] for curve in curves]))
    at_risk = np.stack([curve.at_risk_at(times) for curve in curves]).astype(float)
    events = np.zeros_like(at_risk)
    for row, curve in zip(events, curves, strict=True):
        left = curve.events > 0
        row[np.searchsorted(times, curve.times[left])] = curve.events[left]
    n, d = at_risk.sum(axis=0), events.sum(axis=0)
    share = at_risk / n
    expected = share * d
    weight = np.divide(d * (n - d), n - 1, out=np.zeros_like(n), where=n > 1)
    variance = np.diag((share * weight).sum(axis=1)) - (share * weight) @ share.T
    excess = (events - expected).sum(axis=1)
    # Groups that were never at risk together cannot be compared: they lower the rank, not the sense.
    freedom = int(np.linalg.matrix_rank(variance, hermitian=True))
    if not freedom:
        return None, 0, None, expected.sum(axis=1)
    statistic = float(excess @ np.linalg.pinv(variance, rcond=1e-12, hermitian=True) @ excess)
    return statistic, freedom, chi_square_tail(statistic, freedom), expected.sum(axis=1)


def chi_square_tail(value: float, freedom: int) -> float:
    """Return the chance that chi-square exceeds a value, in closed form for whole degrees of freedom.

    >>> round(chi_square_tail(3.841, 1), 3)
    0.05
    """
    half = value / 2
    if half <= 0:
        return 1.0
    start = 1.0 if freedom % 2 == 0 else 0.5
    terms = (exp(k * log(half) - half - lgamma(k + 1)) for k in np.arange(start, freedom / 2))
    return (exp(-half) if start == 1.0 else erfc(sqrt(half))) + float(sum(terms))
