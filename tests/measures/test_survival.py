"""Survival curves against textbooks, statsmodels on real data, and the naive oracle."""

import csv
from collections import Counter
from datetime import date
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import statsmodels.duration
import survival_oracle as oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.datasets import heart
from statsmodels.duration.survfunc import SurvfuncRight

from retention_kit.errors import DataError, ParameterError
from retention_kit.measures.intervals import wilson
from retention_kit.measures.survival import survival_curve

exact = settings(derandomize=True, deadline=None, max_examples=80)

# Weeks in remission under 6-MP, Freireich et al. (1963), as in Klein & Moeschberger, table 1.1.
SIX_MP = [(None, t, True) for t in (6, 6, 6, 7, 10, 13, 16, 22, 23)] + [
    (None, t, False) for t in (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
]


def curve_of(lives, **options):
    """The curve of single customers, counted."""
    counts = Counter()
    for entry, time, left in lives:
        counts[time, "left" if left else "seen"] += 1
        if entry is not None:
            counts[entry, "entered"] += 1
    times = sorted({time for time, _ in counts})
    columns = ([counts[time, what] for time in times] for what in ("left", "seen", "entered"))
    return survival_curve(times, *columns, **options)


def lives_of(times, left, entry=None):
    entries = [None] * len(times) if entry is None else entry
    return list(zip(entries, map(int, times), map(bool, left), strict=True))


def bone_marrow():
    """Days without relapse after a transplant, per disease: Klein & Moeschberger, section 1.3."""
    path = Path(statsmodels.duration.__file__).parent / "tests" / "results" / "bmt.csv"
    with path.open() as stream:
        rows = list(csv.DictReader(stream))
    names = sorted({row["Group"] for row in rows})
    return {
        name: [(None, int(row["T"]), row["Status"] == "1") for row in rows if row["Group"] == name]
        for name in names
    }


def transplants():
    """Days after a heart transplant at Stanford: Miller (1976)."""
    data = heart.load_pandas().data
    return lives_of(data["survival"], data["censors"])


def second_orders(watched_from=None):
    """Days from the first to the second order day in CDNOW; before a day, nobody is watched."""
    days = {}
    with Path("sample_data/cdnow.csv").open() as stream:
        for row in csv.DictReader(stream):
            days.setdefault(row["customer_id"], set()).add(date.fromisoformat(row["date"]))
    lives = []
    for first, *later in map(sorted, days.values()):
        time = ((later[0] if later else date(1998, 6, 30)) - first).days
        entry = None if watched_from is None else max((watched_from - first).days, 0)
        if entry is None or entry < time:
            lives.append((entry, time, bool(later)))
    return lives


def test_the_textbooks_curve_error_median_and_mean():
    curve = curve_of(SIX_MP)
    assert curve.survival_at([6, 7, 10, 13, 16, 22, 23]).round(3).tolist() == [
        0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448,
    ]  # fmt: skip
    assert curve.at_risk_at([6, 7, 10, 13, 16, 22, 23]).tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert curve.median.value == 23
    # By hand: the steps of the curve, each as wide as it lasts, and Greenwood's sum over what is left.
    at_risk, left, ends = (21, 17, 15, 12, 11, 7, 6), (3, 1, 1, 1, 1, 1, 1), (6, 7, 10, 13, 16, 22, 23, 35)
    share, areas = Fraction(1), [Fraction(6)]
    for n, gone, start, end in zip(at_risk, left, ends, ends[1:], strict=False):
        share *= 1 - Fraction(gone, n)
        areas.append(share * (end - start))
    rest = [sum(areas[i + 1 :]) for i in range(len(at_risk))]
    variance = sum(a**2 * Fraction(d, n * (n - d)) for a, d, n in zip(rest, left, at_risk, strict=True))
    mean = curve.restricted_mean(35)
    assert mean.value == pytest.approx(float(sum(areas)), rel=1e-12)
    assert mean.standard_error == pytest.approx(float(variance) ** 0.5, rel=1e-12)
    assert (curve.customers, curve.last_time, curve.notes) == (21, 35, ())


REAL = {
    "heart": transplants,
    **{f"marrow {name}": lambda name=name: bone_marrow()[name] for name in bone_marrow()},
    "cdnow": second_orders,
    "cdnow, watched from April": lambda: second_orders(date(1997, 4, 1)),
    "cdnow, watched from June": lambda: second_orders(date(1997, 6, 1)),
}


@pytest.mark.parametrize("lives", [pytest.param(load(), id=name) for name, load in REAL.items()])
def test_the_curve_of_real_data_is_that_of_statsmodels(lives):
    entry, time, left = map(list, zip(*lives, strict=True))
    theirs = SurvfuncRight(time, left, entry=None if entry[0] is None else np.array(entry))
    ours = curve_of(lives)
    events = ours.events > 0
    np.testing.assert_array_equal(ours.times[events], theirs.surv_times)
    np.testing.assert_array_equal(ours.at_risk[events], theirs.n_risk)
    np.testing.assert_array_equal(ours.events[events], theirs.n_events)
    np.testing.assert_allclose(ours.survival[events], theirs.surv_prob, rtol=1e-9, atol=1e-15)
    bands = [
        oracle.band(share, error) for share, error in zip(theirs.surv_prob, theirs.surv_prob_se, strict=True)
    ]
    low, high = (np.array(side, dtype=float) for side in zip(*bands, strict=True))
    np.testing.assert_allclose(ours.ci_low[events], low, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.ci_high[events], high, rtol=1e-9, atol=1e-12)
    median = ours.median
    assert median.value == (None if np.isnan(theirs.quantile(0.5)) else theirs.quantile(0.5))
    if median.value is not None:
        ends = theirs.quantile_ci(0.5)
        assert (median.ci_low, median.ci_high or np.inf) == ends


@st.composite
def populations(draw, late=True):
    lives = []
    for _ in range(draw(st.integers(1, 14))):
        entry = draw(st.none() | st.integers(0, 9)) if late else None
        first = 0 if entry is None else entry + 1
        lives.append(
            (entry, draw(st.integers(first, first + draw(st.sampled_from((0, 3, 12))))), draw(st.booleans()))
        )
    return lives


@exact
@given(lives=populations(), level=st.sampled_from((0.95, 0.8)))
def test_every_number_of_the_curve_is_the_oracles(lives, level):
    curve = curve_of(lives, level=level)
    for row in curve.table.to_pylist():
        time = row["time_periods"]
        share, variance = oracle.survival(lives, time), oracle.log_variance(lives, time)
        assert row["at_risk"] == oracle.at_risk(lives, time)
        assert row["events"] == oracle.leaving(lives, time)
        assert row["survival"] == pytest.approx(float(share), rel=1e-9, abs=1e-12)
        error = None if variance is None else float(share) * float(variance) ** 0.5
        low, high = oracle.band(share, error, level)
        assert (row["ci_low"] is None) == (low is None) == (row["ci_high"] is None)
        if low is not None:
            assert (row["ci_low"], row["ci_high"]) == pytest.approx((low, high), rel=1e-9, abs=1e-12)
    halves = [time for time in curve.times.tolist() if oracle.survival(lives, time) <= 0.5]
    assert curve.median.value == (halves[0] if halves else None)
    asked = np.arange(curve.last_time + 1)
    assert curve.at_risk_at(asked).tolist() == [oracle.at_risk(lives, time) for time in asked]
    expected = [float(oracle.survival(lives, time)) for time in asked]
    np.testing.assert_allclose(curve.survival_at(asked), expected, rtol=1e-9, atol=1e-12)


@exact
@given(lives=populations(), data=st.data())
def test_the_restricted_mean_is_the_oracles(lives, data):
    curve = curve_of(lives)
    if curve.last_time == 0:
        return
    horizon = data.draw(st.integers(1, curve.last_time))
    mean, error = oracle.restricted_mean(lives, horizon)
    found = curve.restricted_mean(horizon)
    assert found.value == pytest.approx(mean, rel=1e-9, abs=1e-12)
    assert found.standard_error == pytest.approx(error, rel=1e-9, abs=1e-12)
    assert 0 <= found.ci_low <= found.value <= found.ci_high <= horizon


@exact
@given(lives=populations(), length=st.integers(1, 7))
def test_the_hazard_of_each_period_is_the_oracles(lives, length):
    curve = curve_of(lives)
    for row in curve.hazard(length).to_pylist():
        start, end = row["from_periods"], row["to_periods"]
        after = start if start else -1
        watched = [oracle.at_risk(lives, time) for time in range(after + 1, end + 1)]
        assert row["events"] == sum(after < life[1] <= end and life[2] for life in lives)
        assert row["at_risk"] == watched[0]
        if not max(watched):
            assert row["hazard"] is row["ci_low"] is None
            continue
        stay, variance = oracle.survival(lives, end, after), oracle.log_variance(lives, end, after)
        assert row["hazard"] == pytest.approx(float(1 - stay), rel=1e-9, abs=1e-12)
        if not row["events"]:
            trials = min(watched)
        else:
            trials = max(watched) if stay == 0 else float((1 - stay) / (stay * variance))
        if trials:
            low, high = wilson(float(1 - stay) * trials, trials)
            assert row["ci_low"] == pytest.approx(float(low), rel=1e-6, abs=1e-9)
            assert row["ci_high"] == pytest.approx(float(high), rel=1e-6, abs=1e-9)


@exact
@given(lives=populations(), seed=st.randoms(use_true_random=False))
def test_order_splitting_and_doubling_change_no_share(lives, seed):
    curve = curve_of(lives)
    rows = [(t, left, not left, 0) for _, t, left in lives]
    rows += [(entry, 0, 0, 1) for entry, _, _ in lives if entry is not None]
    rows += [(99, 0, 0, 0)]
    seed.shuffle(rows)
    split = survival_curve(*zip(*rows, strict=True))
    np.testing.assert_array_equal(split.survival, curve.survival)
    np.testing.assert_array_equal(split.times, curve.times)
    doubled = curve_of([*lives, *lives])
    np.testing.assert_allclose(doubled.survival, curve.survival, rtol=1e-12)
    assert (np.diff(curve.survival) <= 0).all()
    assert ((curve.survival >= 0) & (curve.survival <= 1)).all()


def test_without_censoring_a_days_hazard_has_wilsons_interval_of_the_plain_share():
    curve = survival_curve([1, 2, 3], [10, 20, 70], [0, 0, 0])
    row = curve.hazard(1).to_pylist()[1]
    low, high = wilson(20, 90)
    assert row["hazard"] == pytest.approx(20 / 90)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((float(low), float(high)))


def test_a_period_that_was_not_seen_to_its_end_has_no_hazard():
    seen = survival_curve([10, 65], [5, 0], [0, 5])
    assert seen.hazard(30)["to_periods"].to_pylist() == [30, 60]
    over = survival_curve([10, 65], [5, 5], [0, 0])
    assert over.hazard(30)["to_periods"].to_pylist() == [30, 60, 90]


def test_nobody_gives_an_empty_curve():
    for curve in (survival_curve([], [], []), survival_curve([3], [0], [0])):
        assert (curve.customers, curve.table.num_rows, curve.last_time) == (0, 0, 0)
        assert curve.median.value is None
        assert curve.hazard(30).num_rows == 0
        assert curve.survival_at([0]).tolist() == [1.0]
        with pytest.raises(ParameterError, match="Wait until time has passed"):
            curve.restricted_mean(1)


def test_if_nobody_leaves_the_curve_stays_at_one_and_has_no_median():
    curve = survival_curve([5, 9], [0, 0], [3, 4])
    assert curve.survival.tolist() == curve.ci_low.tolist() == curve.ci_high.tolist() == [1.0, 1.0]
    assert (curve.median.value, curve.median.ci_low) == (None, None)
    assert curve.restricted_mean(9).value == 9
    assert curve.restricted_mean(9).standard_error == 0
    hazard = curve.hazard(5).to_pylist()[0]
    assert hazard["hazard"] == 0
    assert hazard["ci_high"] == pytest.approx(float(wilson(0, 7)[1]))


def test_if_all_leave_at_once_the_curve_is_zero_without_a_band():
    curve = survival_curve([4], [6], [0])
    assert curve.survival.tolist() == [0.0]
    assert np.isnan(curve.ci_low).all()
    assert curve.table["ci_high"].to_pylist() == [None]
    assert (curve.median.value, curve.median.ci_high) == (4, None)
    assert (curve.restricted_mean(10).value, curve.restricted_mean(10).standard_error) == (4, 0)
    assert curve.survival_at([3, 4, 100]).tolist() == [1, 0, 0]


def test_beyond_the_last_one_seen_nothing_is_known():
    curve = survival_curve([2, 5], [1, 0], [0, 3])
    assert np.isnan(curve.survival_at([6])).all()
    with pytest.raises(ParameterError, match=r"reach 5 periods.*from 1 to 5"):
        curve.restricted_mean(6)
    with pytest.raises(ParameterError, match="horizon=0"):
        curve.restricted_mean(0)


def test_a_late_entry_is_at_risk_only_from_the_next_time_on():
    curve = survival_curve([3, 3, 4], [1, 0, 1], [0, 0, 0], [0, 1, 0])
    assert curve.at_risk.tolist() == [1, 1]
    assert "stays at 0" in curve.notes[0]


def test_a_gap_in_observation_leaves_the_curve_as_it_was():
    curve = survival_curve([2, 4, 9, 11], [1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 2, 0])
    assert curve.at_risk.tolist() == [2, 1, 0, 2]
    assert curve.survival.tolist() == [0.5, 0.5, 0.5, 0.25]


def test_a_curve_that_starts_late_says_so():
    curve = survival_curve([20, 30], [0, 1], [0, 3], [4, 0])
    assert curve.notes == (
        "Nobody was under observation before 20 periods: the curve is that of customers who got that far.",
    )


def test_the_arrays_of_a_curve_cannot_be_written_to():
    curve = curve_of(SIX_MP)
    for array in (curve.times, curve.at_risk, curve.events, curve.survival, curve.ci_low):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_a_million_customers_are_counts():
    times = np.arange(1, 731)
    curve = survival_curve(times, np.full(730, 1_000), np.full(730, 400), level=0.99)
    assert curve.customers == 1_022_000
    assert 0 < curve.ci_low[-2] < curve.survival[-2] < curve.ci_high[-2]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (([1, 2], [1], [0, 0]), r"events has the shape \(1,\)"),
        (([[1]], [[1]], [[0]]), r"durations have \(1, 1\)"),
        (([1, -2], [1, 1], [0, 0]), r"durations has 1 values .*first: '-2.0'"),
        (([1], [0.5], [0]), "events has 1 values"),
        (([1], [np.nan], [0]), "events has 1 values"),
        (([1], [1], [0], [2]), "More customers leave or are last seen than were there"),
        (([1, 5], [1, 1], [0, 0], [0, 2]), "first: after '1', '5'"),
    ],
)
def test_counts_that_cannot_be_are_refused(columns, words):
    with pytest.raises(DataError, match=words):
        survival_curve(*columns)


def test_levels_and_periods_out_of_range_are_refused():
    with pytest.raises(ParameterError, match="level=1"):
        survival_curve([1], [1], [0], level=1)
    with pytest.raises(ParameterError, match="length=0"):
        curve_of(SIX_MP).hazard(0)
