"""Calendar diagonals against statsmodels' logistic regression, and planted effects that must be found."""

from datetime import date, timedelta

import numpy as np
import pytest
import statsmodels.api as sm
from random_spans import Club, Span, open_club
from scipy.linalg import qr

from retention_kit import open_dataset
from retention_kit.measures.churn import churn_curves
from retention_kit.measures.diagonals_fit import dummies, logistic


def months(number, first=date(2021, 1, 1)):
    month = first.year * 12 + first.month - 1 + number
    return date(month // 12, month % 12 + 1, 1)


def club_of(leave, *, periods=30, joining=60, seed=3):
    """A club in which ``leave(cohort, period)`` of those there leave in a month; both count from 0."""
    numbers, spans = np.random.default_rng(seed), []
    for cohort in range(periods):
        there = [f"{cohort}-{n}" for n in range(joining)]
        for period in range(cohort, periods):
            gone = int(numbers.binomial(len(there), leave(cohort, period)))
            there, left = there[gone:], there[:gone]
            spans += [Span(name, months(cohort), months(period) + timedelta(days=9)) for name in left]
        spans += [Span(name, months(cohort), None) for name in there]
    return Club(tuple(spans), months(periods) - timedelta(days=1))


def found_in(leave, **changes):
    return churn_curves(open_club(club_of(leave, **changes))).diagonals("month")


def independent(columns):
    """As many columns as do not depend on others: statsmodels refuses the rest."""
    design = np.column_stack(columns)
    order = qr(design, pivoting=True, mode="r")[1]
    return design[:, sorted(order[: np.linalg.matrix_rank(design)])]


def p_values(found):
    return {row["term"]: row["p_value_holm"] for row in found.terms.to_pylist()}


def test_the_regression_is_that_of_statsmodels():
    numbers = np.random.default_rng(1)
    age, cohort = (part.ravel() for part in np.meshgrid(np.arange(6), np.arange(5)))
    trials = numbers.integers(5, 80, age.size)
    events = numbers.binomial(trials, 0.1 + 0.05 * (age % 3))
    columns = [dummies(age), dummies(cohort), dummies(age + cohort)]
    mine = logistic(columns, events, trials)
    design = independent(columns)
    theirs = sm.GLM(np.column_stack([events, trials - events]), design, family=sm.families.Binomial()).fit()
    assert mine.deviance == pytest.approx(theirs.deviance, rel=1e-7)
    assert mine.pearson == pytest.approx(theirs.pearson_chi2, rel=1e-5)
    assert mine.rank == design.shape[1]
    np.testing.assert_allclose(mine.expected, trials * theirs.fittedvalues, rtol=1e-5)


def test_each_term_is_the_fall_in_deviance_against_the_model_without_it():
    found = churn_curves(open_dataset("shop"), basis="subscriptions").diagonals("month")
    rows = [row for row in found.cells.to_pylist() if row["customers"]]
    frame = {name: np.array([row[name] for row in rows]) for name in ("left", "customers", "age_periods")}
    starts = {name: np.array([row[f"{name}_starts_on"] for row in rows]) for name in ("cohort", "period")}
    kept = np.ones(len(rows), dtype=bool)
    for part in (frame["age_periods"], *starts.values()):
        for value in np.unique(part):
            mine = part == value
            left, there = frame["left"][mine].sum(), frame["customers"][mine].sum()
            if left in (0, there):
                kept[mine] = False
    age, cohort, period = (
        np.equal.outer(part[kept], np.unique(part[kept])).astype(float)
        for part in (frame["age_periods"], starts["cohort"], starts["period"])
    )
    both = np.column_stack([frame["left"], frame["customers"] - frame["left"]])[kept]

    def deviance(*parts):
        return sm.GLM(both, independent(parts), family=sm.families.Binomial()).fit().deviance

    full = deviance(age, cohort, period)
    chi = {row["term"]: row["chi_square"] * found.dispersion for row in found.terms.to_pylist()}
    assert chi["cohort"] == pytest.approx(deviance(age, period) - full, rel=1e-4)
    assert chi["period"] == pytest.approx(deviance(age, cohort) - full, rel=1e-4)


def test_a_bad_month_is_a_matter_of_the_period():
    found = found_in(lambda cohort, period: 0.3 if period == 20 else 0.08)
    assert p_values(found)["period"] < 1e-6
    assert p_values(found)["cohort"] > 0.05
    worst = max(found.periods.to_pylist(), key=lambda row: row["ratio"])
    assert worst["starts_on"] == months(20)
    assert worst["ci_low"] > 1
    assert f"in {worst['name']} {worst['left']:,} left" in found.sentence


def test_a_bad_cohort_is_a_matter_of_the_cohort():
    found = found_in(lambda cohort, period: 0.25 if cohort == 10 else 0.08)
    assert p_values(found)["cohort"] < 0.01
    assert p_values(found)["period"] > 0.05
    worst = max(found.cohorts.to_pylist(), key=lambda row: row["ratio"])
    assert worst["starts_on"] == months(10)
    assert "Single cohorts differ by more than chance" in found.sentence


def test_an_age_at_which_many_leave_is_a_matter_of_age():
    found = found_in(lambda cohort, period: 0.3 if period - cohort == 3 else 0.06)
    assert p_values(found)["age"] < 1e-6
    assert all(p_values(found)[name] > 0.05 for name in ("cohort", "period", "trend"))
    assert found.sentence.startswith("Churn changes with age.")


def test_a_season_is_told_from_single_periods():
    found = found_in(lambda cohort, period: 0.22 if period % 12 in (0, 1) else 0.07, periods=36)
    assert p_values(found)["season"] < 1e-6
    assert "The time of the year matters, beyond age and cohort." in found.sentence


@pytest.mark.parametrize("way", ["cohort", "period"])
def test_a_steady_trend_is_found_and_laid_to_neither(way):
    def leave(cohort, period):
        return 0.25 - 0.006 * (cohort if way == "cohort" else period)

    found = found_in(leave)
    assert p_values(found)["trend"] < 1e-4
    assert found.trend[0] < found.trend[2] < 1
    assert "which of the two cannot be told" in found.sentence
    assert "falls by" in found.sentence


def test_nothing_is_found_where_there_is_nothing():
    found = found_in(lambda cohort, period: 0.1)
    assert min(p_values(found).values()) > 0.05
    assert found.sentence.startswith("Churn does not clearly change with age.")
    assert "there is no clear one" in found.sentence


def test_expected_adds_up_to_those_who_left():
    found = churn_curves(open_dataset("shop"), basis="subscriptions").diagonals("month")
    cells = found.cells.to_pylist()
    assert sum(row["expected"] for row in cells) == pytest.approx(sum(row["left"] for row in cells))
    assert all(row["ratio"] is None for row in cells if not row["expected"])
    for table in (found.periods, found.cohorts):
        rows = table.to_pylist()
        assert sum(row["expected"] for row in rows) == pytest.approx(
            sum(row["left"] for row in rows), rel=1e-6
        )


def test_many_short_periods_are_read_in_longer_ones():
    curves = churn_curves(open_dataset("shop"), basis="subscriptions")
    assert curves.diagonals("day").grain == "month"
    assert curves.diagonals("quarter").grain == "quarter"


def test_too_few_periods_tell_nothing():
    day = date(2024, 1, 1)
    spans = tuple(Span(f"c{n}", day, day + timedelta(days=5 + n)) for n in range(9))
    assert churn_curves(open_club(Club(spans, date(2024, 2, 29)))).diagonals("month") is None
