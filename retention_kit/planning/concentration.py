"""How value is spread over customers: distribution, quantiles, and who holds how much of it."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["Concentration", "concentration", "distribution", "quantiles"]

Floats = NDArray[np.float64]
_BARS = 40
_SHARES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
_POINTS = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True, eq=False)
class Concentration:
    """Who holds the value.

    Attributes
    ----------
    half_held_by : float or None
        Smallest share of the customers who hold half of the value; None where there is none.
    top_1, top_10, top_20 : float or None
        Share of the value that the first 1, 10 and 20 % of the customers hold.
    lorenz : pyarrow.Table
        ``share_of_customers`` (the most valuable first), ``share_of_value``, ``customers``.
    """

    half_held_by: float | None
    top_1: float | None
    top_10: float | None
    top_20: float | None
    lorenz: pa.Table = field(repr=False)


def concentration(values: Floats, customers: Floats) -> Concentration:
    """Return who holds the value.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Value of each customer of an entry, at least 0.
    customers : ndarray, shape (n,)
        How many they are.
    """
    order = np.argsort(-values, kind="stable")
    counts, sums = customers[order], (values * customers)[order]
    people = np.append(0.0, np.cumsum(counts) / max(counts.sum(), 1))
    total = sums.sum()
    held = np.append(0.0, np.cumsum(sums) / total) if total > 0 else np.zeros(people.size)
    shares = np.interp(_POINTS, people, held)
    lorenz = pa.table(
        {
            "share_of_customers": _POINTS,
            "share_of_value": pa.array(shares, mask=np.full(_POINTS.size, not total > 0)),
            "customers": _POINTS * counts.sum(),
        }
    )
    if not total > 0:
        return Concentration(None, None, None, None, lorenz)
    top_1, top_10, top_20 = (float(np.interp(share, people, held)) for share in (0.01, 0.1, 0.2))
    return Concentration(float(np.interp(0.5, held, people)), top_1, top_10, top_20, lorenz)


def quantiles(values: Floats, customers: Floats) -> pa.Table:
    """Return the value that a share of the customers does not exceed.

    Columns: ``share_of_customers``, ``value``.
    """
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(customers[order])
    at = np.searchsorted(reached, np.array(_SHARES) * reached[-1], side="left")
    return pa.table(
        {"share_of_customers": list(_SHARES), "value": values[order][np.minimum(at, order.size - 1)]}
    )


def distribution(values: Floats, customers: Floats) -> pa.Table:
    """Return customers by value, in bars of a round width; the last one holds all that is beyond.

    Columns: ``value_from``, ``value_to`` (missing for the last), ``customers``, ``value`` (sum).
    """
    edge = float(quantiles(values, customers)["value"][-1].as_py())
    width = _round_width(edge / _BARS) if edge > 0 else 1.0
    bars = int(np.ceil(edge / width)) + 1 if edge > 0 else 1
    at = np.minimum((values / width).astype(np.int64), bars - 1)
    edges = width * np.arange(bars + 1)
    return pa.table(
        {
            "value_from": edges[:-1],
            "value_to": pa.array(edges[1:], mask=np.arange(bars) == bars - 1),
            "customers": np.bincount(at, weights=customers, minlength=bars),
            "value": np.bincount(at, weights=customers * values, minlength=bars),
        }
    )


def _round_width(width: float) -> float:
    """The next width of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(width))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= width * (1 - 1e-9)))
