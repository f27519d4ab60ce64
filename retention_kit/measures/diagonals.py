"""Calendar diagonals: whether a dip is a matter of age, of cohort, or of the calendar, as far as counts can
tell.

A cohort's age is the calendar period less the cohort's own, so a steady trend may be that of newer cohorts
or that of later periods: no data can tell which. What departs from a steady trend can be told apart.
"""

from datetime import date
from math import exp, sqrt
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.data.calendar import Calendar, Grain
from retention_kit.measures.diagonals_cells import Cells, cells_of, cells_table, telling
from retention_kit.measures.diagonals_fit import Fit, dummies, logistic
from retention_kit.measures.diagonals_result import Diagonals, diagonals_sentence
from retention_kit.measures.intervals import normal_quantile
from retention_kit.measures.log_rank import chi_square_tail, holm
from retention_kit.measures.spells import Lives

__all__ = ["Diagonals", "diagonals"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_MOST_PERIODS = 60  # beyond, a coarser grain is read: neither eye nor test gains by more
_SEASONS: dict[Grain, int] = {"month": 12, "quarter": 4}
_COARSER: tuple[Grain, ...] = ("day", "week", "month", "quarter", "year")


def diagonals(
    lives: Lives, calendar: Calendar, *, grain: Grain, known_from: date, level: float
) -> Diagonals | None:
    """Return churn by cohort and calendar period, and what it depends on.

    Logistic regressions of leaving on age, with and without cohort, calendar period and season (the
    month or quarter of the year). Each term is tested against the model without it, by the fall in
    deviance over the dispersion. Periods count that are over and in which leaving could be seen.

    Parameters
    ----------
    lives : Lives
        The customers.
    calendar : Calendar
        The dataset's calendar.
    grain : str
        Length of a period; where there are more than 60 of them, a coarser one is taken.
    known_from : date
        First day on which somebody could be seen to leave.
    level : float
        Confidence level of the intervals.

    Returns
    -------
    Diagonals or None
        None where fewer than three periods, or three cohorts, can be compared.

    References
    ----------
    Clayton & Schifflers (1987), Statistics in Medicine 6, 449-481. Holford (1983), Biometrics 39, 311-324.
    """
    while calendar.index_of(grain, calendar.as_of) >= _MOST_PERIODS and grain != "year":
        grain = _COARSER[_COARSER.index(grain) + 1]
    cells = cells_of(lives, calendar, grain, known_from)
    if len(np.unique(cells.period)) < 3 or len(np.unique(cells.cohort)) < 3 or not cells.left.any():
        return None
    told = telling(cells)
    age, cohort, period = (dummies(part) for part in (told.age, told.cohort, told.period))
    fits = {
        "A": _fit(told, age),
        "AT": _fit(told, age, told.period.astype(float)),
        "AC": _fit(told, age, cohort),
        "AP": _fit(told, age, period),
        "ACP": _fit(told, age, cohort, period),
    }
    full = fits["ACP"]
    freedom = len(told.left) - full.rank
    dispersion = max(1.0, full.pearson / freedom) if freedom > 0 else 1.0
    rows = [
        _term("age", _fit(told, np.ones(len(told.left))), fits["A"], dispersion),
        _term("trend", fits["A"], fits["AT"], dispersion),
        _term("cohort", fits["AP"], full, dispersion),
        _term("period", fits["AC"], full, dispersion),
    ]
    season = _season(told, calendar, grain)
    if season is not None:
        with_season = _fit(told, age, cohort, dummies(season))
        rows.append(_term("season", fits["AC"], with_season, dispersion))
    corrected = holm([row["p_value"] for row in rows])
    terms = [{**row, "p_value_holm": p} for row, p in zip(rows, corrected, strict=True)]
    labels = calendar.periods(grain)
    z = normal_quantile(level)
    made = {
        name: _ratios(told, place, fits[fit].expected, labels, dispersion, z)
        for name, place, fit in (("periods", told.period, "AC"), ("cohorts", told.cohort, "AP"))
    }
    trend = _trend(fits["A"], fits["AT"], dispersion, z)
    return Diagonals(
        cells=cells_table(cells, labels),
        periods=made["periods"],
        cohorts=made["cohorts"],
        terms=pa.Table.from_pylist(terms),
        trend=trend,
        grain=grain,
        dispersion=dispersion,
        sentence=diagonals_sentence(terms, made["periods"], made["cohorts"], trend, grain),
    )


def _fit(cells: Cells, *columns: Floats) -> Fit:
    return logistic(columns, cells.left, cells.at_risk)


def _season(cells: Cells, calendar: Calendar, grain: Grain) -> Ints | None:
    """The time of the year of each cell, where enough are seen in two years to tell it from a period."""
    length = _SEASONS.get(grain)
    if length is None or len(np.unique(cells.period)) < length + length // 2:
        return None
    first = calendar.periods(grain)["starts_on"].to_pylist()[0]
    season: Ints = (cells.period + (first.month - 1) * length // 12) % length
    return season


_QUESTIONS = {
    "age": "Does churn change with age?",
    "trend": "Is there a steady trend, of newer cohorts or of later periods?",
    "cohort": "Do single cohorts differ, beyond age, period and trend?",
    "period": "Do single periods differ, beyond age, cohort and trend?",
    "season": "Does the time of the year matter, beyond age and cohort?",
}


def _term(name: str, without: Fit, with_it: Fit, dispersion: float) -> dict[str, Any]:
    freedom = with_it.rank - without.rank
    fall = max(without.deviance - with_it.deviance, 0.0) / dispersion
    return {
        "term": name,
        "question": _QUESTIONS[name],
        "degrees_of_freedom": freedom,
        "chi_square": fall if freedom > 0 else None,
        "p_value": chi_square_tail(fall, freedom) if freedom > 0 else None,
    }


def _trend(without: Fit, with_it: Fit, dispersion: float, z: float) -> tuple[float, float, float] | None:
    """The factor per period; its error is what the fall in deviance says of it."""
    fall = (without.deviance - with_it.deviance) / dispersion
    if with_it.rank == without.rank or fall <= 0:
        return None
    error = abs(with_it.last) / sqrt(fall)
    return exp(with_it.last), exp(with_it.last - z * error), exp(with_it.last + z * error)


def _ratios(
    cells: Cells, place: Ints, expected: Floats, labels: pa.Table, dispersion: float, z: float
) -> pa.Table:
    """Observed against expected, with an interval on the log scale."""
    found, index = np.unique(place, return_inverse=True)
    left = np.bincount(index, weights=cells.left).astype(np.int64)
    wanted = np.bincount(index, weights=expected)
    spread = np.bincount(index, weights=expected * (1 - expected / cells.at_risk))
    ratio = left / wanted
    half = z * np.sqrt(dispersion * spread) / np.maximum(left, 1)
    names = labels["label"].to_numpy(zero_copy_only=False)[found]
    return pa.table(
        {
            "name": names.astype(object),
            "starts_on": labels["starts_on"].to_numpy().astype("datetime64[D]")[found],
            "left": left,
            "expected": wanted,
            "ratio": ratio,
            "ci_low": ratio * np.exp(-half),
            "ci_high": ratio * np.exp(half),
        }
    )
