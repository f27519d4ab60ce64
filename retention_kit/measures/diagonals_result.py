"""What calendar diagonals are: churn by cohort and period, what it depends on, and a sentence about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from retention_kit.data.calendar import Grain
from retention_kit.formats import in_period, period

__all__ = ["CLEAR", "Diagonals", "diagonals_sentence"]

CLEAR = 0.05  # p-value, corrected for the number of tests, below which a term is called clear
Trend = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Diagonals:
    """Churn by cohort and calendar period, against what age leads to expect.

    Attributes
    ----------
    cells : pyarrow.Table
        ``cohort``, ``cohort_starts_on``, ``period``, ``period_starts_on``, ``age_periods``, ``customers`` (at
        risk), ``left``, ``expected`` (by age alone), ``ratio`` (left / expected; missing where none was
        expected).
    periods, cohorts : pyarrow.Table
        ``name``, ``starts_on``, ``left``, ``expected`` and ``ratio`` with ``ci_low`` and ``ci_high``: of each
        calendar period given age and cohort, and of each cohort given age and period. Both leave out the
        steady trend, which belongs to either.
    terms : pyarrow.Table
        ``term``, ``question``, ``degrees_of_freedom``, ``chi_square``, ``p_value``, ``p_value_holm``; a term
        that the data are too few for is missing.
    trend : tuple of float, or None
        Factor by which the odds of leaving change per period, and its interval: newer cohorts or later
        periods, which cannot be told apart.
    grain : str
        Length of a period.
    dispersion : float
        Variance against that of chance alone, at least 1; every test and interval allows for it.
    sentence : str
        The reading, in words.
    """

    cells: pa.Table
    periods: pa.Table
    cohorts: pa.Table
    terms: pa.Table
    trend: Trend | None
    grain: Grain
    dispersion: float
    sentence: str


def diagonals_sentence(
    terms: Sequence[Mapping[str, Any]],
    periods: pa.Table,
    cohorts: pa.Table,
    trend: Trend | None,
    grain: str,
) -> str:
    """Return what churn depends on, what it does not, and what cannot be told."""
    found = {row["term"]: row["p_value_holm"] for row in terms}
    clear = {name for name, p in found.items() if isinstance(p, float) and p < CLEAR}
    says = ["Churn changes with age." if "age" in clear else "Churn does not clearly change with age."]
    for name, table, given in (("period", periods, "age and cohort"), ("cohort", cohorts, "age and period")):
        what = f"{grain}s of the calendar" if name == "period" else "cohorts"
        if name in clear:
            row = max(
                table.to_pylist(), key=lambda row: abs(np.log(max(row["ratio"], 1e-9))) * row["expected"]
            )
            which = in_period(row["name"], grain) if name == "period" else f"of {period(row['name'], grain)}"
            says.append(
                f"Single {what} differ by more than chance: {which} {row['left']:,} left where {given} lead "
                f"to expect {row['expected']:,.0f}."
            )
        else:
            says.append(f"Single {what} do not differ by more than chance.")
    if "season" in clear:
        says.append("The time of the year matters, beyond age and cohort.")
    elif found.get("season") is not None:
        says.append("The time of the year does not clearly matter.")
    if "trend" in clear and trend is not None:
        change = f"{'falls' if trend[0] < 1 else 'rises'} by {abs(trend[0] - 1):.1%} a {grain}".replace(
            "%", " %"
        )
        says.append(
            f"There is a steady trend too: the odds of leaving {change}, for newer cohorts or in later "
            f"{grain}s; which of the two cannot be told, since cohort and age add up to the period."
        )
    else:
        says.append(
            "A steady trend of newer cohorts could not be told from one of later periods, since cohort and "
            "age add up to the period; there is no clear one."
        )
    return " ".join(says)
