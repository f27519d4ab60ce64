"""Forecasts against what came, customer by customer: rank correlation, errors, and calibration in bins."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["calibration", "decile_shares", "forecast_errors", "rank_correlation"]

Floats = NDArray[np.float64]


def rank_correlation(first: Floats, second: Floats, customers: Floats) -> float | None:
    """Return Spearman's correlation over customers; ties share their mean rank.

    Parameters
    ----------
    first, second : ndarray, shape (n,)
        Two numbers of each customer of an entry.
    customers : ndarray, shape (n,)
        How many they are.

    Returns
    -------
    float or None
        None where one of the numbers is the same for all.
    """
    total = customers.sum()
    ranks = np.array([_ranks(values, customers) for values in (first, second)])
    away = ranks - (total + 1) / 2
    covariance = (away * customers) @ away.T
    spread = np.sqrt(covariance[0, 0] * covariance[1, 1])
    return float(covariance[0, 1] / spread) if spread > 0 else None


def forecast_errors(forecasts: dict[str, Floats], actual: Floats, customers: Floats) -> pa.Table:
    """Return how far forecasts were off, per customer.

    Parameters
    ----------
    forecasts : dict of str to ndarray, shape (n,)
        Purchases foreseen for each customer of an entry, by forecaster.
    actual, customers : ndarray, shape (n,)
        Purchases that came, and how many customers.

    Returns
    -------
    pyarrow.Table
        ``forecaster``, ``expected`` (sum), ``bias`` (sum over what came, less 1; missing where nothing
        came), ``mean_absolute_error``, ``root_mean_squared_error``, ``rank_correlation`` (missing where all
        are foreseen the same).
    """
    people, came = customers.sum(), float(customers @ actual)
    rows = []
    for name, forecast in forecasts.items():
        off, expected = forecast - actual, float(customers @ forecast)
        rows.append(
            {
                "forecaster": name,
                "expected": expected,
                "bias": expected / came - 1 if came else None,
                "mean_absolute_error": float(customers @ np.abs(off) / people),
                "root_mean_squared_error": float(np.sqrt(customers @ off**2 / people)),
                "rank_correlation": rank_correlation(forecast, actual, customers),
            }
        )
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def decile_shares(forecast: Floats, customers: Floats) -> Floats:
    """Return how each entry is shared out among tenths of the customers, the lowest forecasts first.

    Customers with the same forecast are shared out evenly, so that no order among them matters.

    Returns
    -------
    ndarray, shape (10, n)
        Customers of the entry in each tenth.
    """
    levels, place = np.unique(forecast, return_inverse=True)
    tied = np.bincount(place, weights=customers, minlength=levels.size)
    ends = np.cumsum(tied)
    tenth = ends[-1] / 10
    edges = tenth * np.arange(11)
    edges[-1] = ends[-1]
    inside = np.minimum(ends, edges[1:, None]) - np.maximum(ends - tied, edges[:-1, None])
    return np.asarray(np.maximum(inside, 0.0)[:, place] * (customers / tied[place]))


def calibration(
    shares: Floats, forecast: Floats, actual: Floats, *, labels: pa.Array, name: str, score: float
) -> pa.Table:
    """Return forecasts and what came, per customer, in bins.

    Parameters
    ----------
    shares : ndarray, shape (bins, n)
        Customers of each entry in each bin.
    forecast, actual : ndarray, shape (n,)
        Purchases foreseen and made by each of them.
    labels : pyarrow.Array
        Names of the bins.
    name : str
        Name of their column.
    score : float
        Normal quantile of the interval.

    Returns
    -------
    pyarrow.Table
        The labels, ``customers``, ``expected_per_customer``, ``actual_per_customer``, ``ci_low``, ``ci_high``
        (of what came, from its spread; where nothing came, from the score test of a Poisson rate); missing
        where a bin is empty.
    """
    people = shares.sum(axis=1)
    known = people > 0
    number = np.where(known, people, 1.0)
    expected, came, squares = (shares @ values / number for values in (forecast, actual, actual**2))
    half = score * np.sqrt(np.maximum(squares - came**2, 0.0) / np.maximum(number - 1, 1.0))
    columns = {
        "expected_per_customer": expected,
        "actual_per_customer": came,
        "ci_low": np.maximum(came - half, 0.0),
        # Where nobody bought, the spread is none, and yet a few may have been about to.
        "ci_high": np.where(came > 0, came + half, score**2 / number),
    }
    missing = {column: pa.array(values, mask=~known) for column, values in columns.items()}
    return pa.table({name: labels, "customers": people, **missing})


def _ranks(values: Floats, customers: Floats) -> Floats:
    levels, place = np.unique(values, return_inverse=True)
    tied = np.bincount(place, weights=customers, minlength=levels.size)
    return np.asarray((np.cumsum(tied) - (tied - 1) / 2)[place])


_SCHEMA = pa.schema(
    [
        ("forecaster", pa.string()),
        *(
            (name, pa.float64())
            for name in (
                "expected",
                "bias",
                "mean_absolute_error",
                "root_mean_squared_error",
                "rank_correlation",
            )
        ),
    ]
)
