"""Intervals against published values, statsmodels, and loops."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from retention_kit.errors import ParameterError
from retention_kit.measures.intervals import BUCKETS, jackknife, newcombe, wilson

counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
levels = st.sampled_from((0.8, 0.9, 0.95, 0.99))
pure = settings(derandomize=True, deadline=None, max_examples=100)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high", "digits"),
    [
        (81, 263, 0.2553, 0.3662, 4),  # Newcombe (1998), Statistics in Medicine 17, 857-872, table I
        (15, 148, 0.0624, 0.1605, 4),
        (0, 20, 0.0, 0.1611, 4),
        (1, 29, 0.0061, 0.1718, 4),
        (31, 40, 0.625, 0.877, 3),
    ],
)
def test_wilson_gives_the_published_limits(successes, trials, low, high, digits):
    got = wilson(successes, trials)
    assert (round(float(got[0]), digits), round(float(got[1]), digits)) == (low, high)


def test_newcombe_gives_the_published_limits():
    low, high = newcombe(56, 70, 48, 80)
    assert (round(float(low), 4), round(float(high), 4)) == (0.0524, 0.3339)


@pure
@given(count=counts, level=levels)
def test_wilson_is_that_of_statsmodels(count, level):
    wanted = proportion_confint(*count, alpha=1 - level, method="wilson")
    assert np.allclose(wilson(*count, level=level), wanted, atol=1e-12)


@pure
@given(one=counts, two=counts, level=levels)
def test_newcombe_is_that_of_statsmodels(one, two, level):
    wanted = confint_proportions_2indep(*one, *two, method="newcomb", compare="diff", alpha=1 - level)
    assert np.allclose(newcombe(*one, *two, level=level), wanted, atol=1e-12)


def test_wilson_reaches_0_and_1_exactly_and_never_leaves_them():
    low, high = wilson([0, 7, 3], [7, 7, 7])
    assert (low[0], high[1]) == (0.0, 1.0)
    assert 0 < low[2] < 3 / 7 < high[2] < 1


def test_an_empty_group_has_no_interval():
    assert np.isnan(wilson([0], [0])).all()
    assert np.isnan(newcombe(1, 2, 0, 0)).all()
    assert np.isnan(newcombe(0, 0, 1, 2)).all()


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, -0.5])
def test_a_level_outside_0_and_1_is_refused(level):
    with pytest.raises(ParameterError, match="no confidence level"):
        wilson(1, 2, level=level)


buckets = st.lists(
    st.tuples(st.integers(0, 1000), st.integers(0, 9)).map(lambda pair: (pair[0] * (pair[1] > 0), pair[1])),
    min_size=1,
    max_size=12,
)


@pure
@given(pairs=buckets)
def test_jackknife_leaves_out_each_group_in_turn(pairs):
    ratio, low, high = jackknife([top for top, _ in pairs], [bottom for _, bottom in pairs])
    filled = [pair for pair in pairs if pair[1]]
    if not filled:
        assert np.isnan([ratio, low, high]).all()
        return
    top, bottom = (sum(column) for column in zip(*filled, strict=True))
    assert ratio == pytest.approx(top / bottom)
    if len(filled) == 1:
        assert np.isnan([low, high]).all()
        return
    ratios = [(top - t) / (bottom - b) for t, b in filled]
    mean = sum(ratios) / len(ratios)
    error = math.sqrt((len(ratios) - 1) / len(ratios) * sum((r - mean) ** 2 for r in ratios))
    assert float(high - ratio) == pytest.approx(1.959963984540054 * error, abs=1e-9)
    assert float(ratio - low) == pytest.approx(1.959963984540054 * error, abs=1e-9)


def test_jackknife_of_a_mean_has_the_textbook_error():
    values = np.arange(100.0)
    mean, _, high = jackknife(values, np.ones(100))
    assert mean == 49.5
    assert high - mean == pytest.approx(1.959963984540054 * values.std(ddof=1) / 10)


def test_jackknife_uses_at_least_100_groups():
    assert BUCKETS >= 100
