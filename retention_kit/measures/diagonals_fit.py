"""Logistic regression on counts, for tables of cohort and age: as small as the question allows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Fit", "dummies", "logistic"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_ROUNDS, _CLOSE = 60, 1e-10
_FARTHEST = 30.0  # log odds beyond which a chance is 0 or 1


@dataclass(frozen=True, eq=False)
class Fit:
    """A fit by maximum likelihood.

    Attributes
    ----------
    expected : ndarray
        Events per cell.
    deviance : float
        Twice the distance to the likelihood of the counts themselves.
    rank : int
        Parameters that the data can tell.
    pearson : float
        Pearson's chi-square.
    last : float
        Coefficient of the last column.
    """

    expected: Floats
    deviance: float
    rank: int
    pearson: float
    last: float


def dummies(values: Ints) -> Floats:
    """Return one column per value, of ones where it stands."""
    return np.equal.outer(values, np.unique(values)).astype(float)


def logistic(columns: Sequence[Floats], events: Ints, trials: Ints) -> Fit:
    """Return the logistic regression of events in trials, by iterated least squares.

    Parameters
    ----------
    columns : sequence of ndarray, shape (n,) or (n, k)
        What the log odds depend on; columns may depend on each other, as age, cohort and period do.
    events, trials : ndarray of int, shape (n,)
        Counts per cell; trials are positive.

    References
    ----------
    McCullagh & Nelder (1989), Generalized Linear Models, section 4.4.
    """
    design = np.column_stack(columns)
    share = (events + 0.5) / (trials + 1)
    logs, deviance, chance, rank, last = np.log(share / (1 - share)), np.inf, share, 0, 0.0
    for _ in range(_ROUNDS):
        weight = np.maximum(trials * chance * (1 - chance), 1e-12)
        aim = logs + (events - trials * chance) / weight
        root = np.sqrt(weight)
        coefficients, _, found, _ = np.linalg.lstsq(design * root[:, None], aim * root, rcond=1e-9)
        rank, last = int(found), float(coefficients[-1])
        logs = np.clip(design @ coefficients, -_FARTHEST, _FARTHEST)
        chance = 1 / (1 + np.exp(-logs))
        before, deviance = deviance, _deviance(events, trials, chance)
        if abs(before - deviance) <= _CLOSE * (abs(deviance) + 0.1):
            break
    expected = trials * chance
    pearson = float(((events - expected) ** 2 / np.maximum(expected * (1 - chance), 1e-12)).sum())
    return Fit(expected, deviance, rank, pearson, last)


def _deviance(events: Ints, trials: Ints, chance: Floats) -> float:
    stayed = trials - events
    with np.errstate(divide="ignore", invalid="ignore"):
        hit = np.where(events > 0, events * np.log(events / (trials * chance)), 0.0)
        miss = np.where(stayed > 0, stayed * np.log(stayed / (trials * (1 - chance))), 0.0)
    return float(2 * (hit + miss).sum())
