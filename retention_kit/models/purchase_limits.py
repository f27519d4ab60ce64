"""Simpler models that BG/NBD and MBG/NBD contain, and what each has for parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from retention_kit.models.purchase_likelihood import PurchaseLikelihood
from retention_kit.models.purchase_peak import Hill

__all__ = ["BOUNDS", "LIMITS", "TITLES", "Limit", "as_law", "hill_of", "log_slopes", "named"]

Floats = NDArray[np.float64]
# Of the coordinates: log mean rate, log r, log odds of leaving, log (a + b).
BOUNDS = np.array([[-30.0, np.log(1e-4), -14.0, np.log(1e-3)], [30.0, np.log(1e6), 14.0, np.log(1e6)]])


@dataclass(frozen=True)
class Limit:
    """A model in which some coordinates lie at the end of their axis.

    Attributes
    ----------
    held : mapping of int to float
        Coordinates that are fixed.
    staying : bool
        Whether nobody leaves.
    parameters : tuple of str
        What is left to estimate.
    finding : str
        What data say that it explains.
    """

    held: Mapping[int, float]
    staying: bool
    parameters: tuple[str, ...]
    finding: str


_SAME_RATE, _SAME_LEAVE, _SPLIT = {1: BOUNDS[1, 1]}, {3: BOUNDS[1, 3]}, {3: BOUNDS[0, 3]}
# The simplest first: of those that explain the data alike, it is taken.
LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        "poisson": Limit(
            _SAME_RATE,
            True,
            ("rate",),
            "the histories show neither differences between customers nor anyone who left",
        ),
        "nbd": Limit({}, True, ("r", "alpha"), "the histories do not show that anyone left"),
        "same_rate_same_dropout": Limit(
            _SAME_RATE | _SAME_LEAVE,
            False,
            ("rate", "p"),
            "the histories show no differences between customers",
        ),
        "same_dropout": Limit(
            _SAME_LEAVE,
            False,
            ("r", "alpha", "p"),
            "the histories show no differences in how easily customers leave",
        ),
        "same_rate": Limit(
            _SAME_RATE,
            False,
            ("rate", "a", "b"),
            "the histories show no differences in how often customers buy",
        ),
        "leave_or_stay": Limit(
            _SPLIT,
            False,
            ("r", "alpha", "p"),
            "by the histories customers leave at the first occasion or never",
        ),
    }
)
TITLES: Mapping[str, str] = MappingProxyType(
    {
        "bg_nbd": "BG/NBD",
        "mbg_nbd": "MBG/NBD",
        "poisson": "one rate for all, and nobody leaves (Poisson)",
        "nbd": "rates differ, and nobody leaves (NBD)",
        "same_rate_same_dropout": "one rate and one chance to leave for all",
        "same_dropout": "rates differ, and one chance to leave for all",
        "same_rate": "one rate for all, and chances to leave differ",
        "leave_or_stay": "rates differ, and some leave at once, the others never",
    }
)


def hill_of(likelihood: PurchaseLikelihood, model: str) -> Hill:
    """Return the log-likelihood that is climbed: over two coordinates where nobody leaves, else four."""
    if model in LIMITS and LIMITS[model].staying:
        return Hill(likelihood.staying_value, likelihood.staying_shape)
    return Hill(likelihood.value, likelihood.shape)


def as_law(model: str, point: Floats, scale: float) -> tuple[float, float, float, float]:
    """Return r, alpha, a and b at a point, with time in the unit of which ``scale`` were taken as 1."""
    r, alpha = np.exp(point[1]), np.exp(point[1] - point[0]) * scale
    if model in LIMITS and LIMITS[model].staying:
        return float(r), float(alpha), 0.0, 1.0
    total = np.exp(point[3])
    return (
        float(r),
        float(alpha),
        float(total / (1 + np.exp(-point[2]))),
        float(total / (1 + np.exp(point[2]))),
    )


def named(model: str, point: Floats, scale: float) -> dict[str, float]:
    """Return the parameters of a model at a point."""
    r, alpha, a, b = as_law(model, point, scale)
    values = {"r": r, "alpha": alpha, "a": a, "b": b, "rate": r / alpha, "p": a / (a + b)}
    return {name: values[name] for name in _parameters(model)}


def log_slopes(model: str, point: Floats) -> Floats:
    """Return the derivatives of the logs of the parameters by the coordinates; shape (parameters, k)."""
    share = 1 / (1 + np.exp(-point[2])) if point.size > 2 else 0.0
    rows: dict[str, list[float]] = {
        "rate": [1, 0, 0, 0],
        "r": [0, 1, 0, 0],
        "alpha": [-1, 1, 0, 0],
        "p": [0, 0, 1 - share, 0],
        "a": [0, 0, 1 - share, 1],
        "b": [0, 0, -share, 1],
    }
    return np.array([rows[name][: point.size] for name in _parameters(model)], dtype=np.float64)


def _parameters(model: str) -> tuple[str, ...]:
    return LIMITS[model].parameters if model in LIMITS else ("r", "alpha", "a", "b")
