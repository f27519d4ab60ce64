"""The likelihood against integration over rates and chances; slopes against differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_kit.models.purchase_likelihood import PurchaseLikelihood
from retention_kit.models.purchase_rows import PurchaseHistories
from tests.models.purchase_oracle import Story

pure = settings(derandomize=True, deadline=None, max_examples=40)
points = st.tuples(st.floats(-3, 3), st.floats(-2, 4), st.floats(-4, 3), st.floats(-2, 5)).map(np.array)


@st.composite
def histories(draw):
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, 40), st.floats(0.001, 1), st.floats(0.5, 300), st.integers(1, 9)),
            min_size=1,
            max_size=12,
        )
    )
    x, share, age, n = map(np.array, zip(*rows, strict=True))
    return PurchaseHistories(x, np.where(x > 0, share * age, 0.0), age, n)


def coordinates(story, scale):
    return np.log([story.r / story.alpha * scale, story.r, story.a / story.b, story.a + story.b])


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("parameters", [(0.243, 4.41, 0.793, 2.43), (3.0, 20.0, 1.0, 6.0)])
def test_the_likelihood_is_the_story_integrated(first, parameters):
    story = Story(*parameters, first)
    rows = [(0, 0.0, 38.86, 3), (1, 1.71, 38.86, 1), (4, 30.0, 35.0, 2), (26, 20.0, 27.86, 1)]
    x, recency, age, n = map(np.array, zip(*rows, strict=True))
    found = PurchaseLikelihood.of(PurchaseHistories(x, recency, age, n), first=first)
    wanted = sum(count * np.log(story.likelihood(*history)) for *history, count in rows)
    value = found.value(coordinates(story, found.scale)) + found.unscaled
    assert value == pytest.approx(wanted, rel=1e-9)


@pure
@given(rows=histories(), first=st.integers(0, 1), point=points)
def test_slopes_are_the_differences_of_values(rows, first, point):
    hill = PurchaseLikelihood.of(rows, first=first)
    value, gradient, hessian = hill.shape(point)
    assert value == pytest.approx(hill.value(point), rel=1e-12, abs=1e-12)
    steps = 1e-5 * np.eye(4)
    differences = [(hill.value(point + step) - hill.value(point - step)) / 2e-5 for step in steps]
    assert gradient == pytest.approx(np.array(differences), rel=1e-5, abs=1e-5 * (1 + abs(value)))
    bends = [(hill.shape(point + step)[1] - hill.shape(point - step)[1]) / 2e-5 for step in steps]
    assert hessian == pytest.approx(np.array(bends), rel=1e-5, abs=1e-6 * (1 + np.abs(hessian).max()))


@pure
@given(rows=histories(), point=points)
def test_slopes_where_nobody_leaves_are_the_differences_of_values(rows, point):
    hill, at = PurchaseLikelihood.of(rows, first=0), point[:2]
    value, gradient, hessian = hill.staying_shape(at)
    assert value == hill.staying_value(at)
    steps = 1e-5 * np.eye(2)
    differences = [(hill.staying_value(at + s) - hill.staying_value(at - s)) / 2e-5 for s in steps]
    assert gradient == pytest.approx(np.array(differences), rel=1e-5, abs=1e-5 * (1 + abs(value)))
    bends = [(hill.staying_shape(at + s)[1] - hill.staying_shape(at - s)[1]) / 2e-5 for s in steps]
    assert hessian == pytest.approx(np.array(bends), rel=1e-5, abs=1e-6 * (1 + np.abs(hessian).max()))


@pure
@given(rows=histories(), first=st.integers(0, 1), point=points)
def test_simple_models_are_ends_of_the_axes(rows, first, point):
    hill = PurchaseLikelihood.of(rows, first=first)
    rate, shape = point[:2]
    nobody_leaves = hill.value(np.array([rate, shape, -90.0, 5.0]))
    assert nobody_leaves == pytest.approx(hill.staying_value(point[:2]), rel=1e-8, abs=1e-6)
    mean = np.exp(rate) / hill.scale
    poisson = (rows.customers * (rows.frequency * np.log(mean) - mean * rows.age)).sum()
    found = hill.staying_value(np.array([rate, np.log(1e9)])) + hill.unscaled
    assert found == pytest.approx(poisson, rel=1e-5, abs=1e-3)


@pure
@given(rows=histories(), first=st.integers(0, 1), point=points, weeks=st.floats(0.1, 50))
def test_another_unit_of_time_changes_nothing_but_the_unit(rows, first, point, weeks):
    other = PurchaseHistories(rows.frequency, rows.recency * weeks, rows.age * weeks, rows.customers)
    one, two = (PurchaseLikelihood.of(some, first=first) for some in (rows, other))
    assert one.value(point) == pytest.approx(two.value(point), rel=1e-9, abs=1e-9)
    repeats = float(rows.customers @ rows.frequency)
    assert one.unscaled - two.unscaled == pytest.approx(repeats * np.log(weeks), rel=1e-9, abs=1e-9)


def test_thinned_rows_are_every_nth():
    rows = PurchaseHistories(np.arange(100), np.arange(100.0), np.full(100, 200.0), np.ones(100, dtype=int))
    whole = PurchaseLikelihood.of(rows, first=0)
    assert whole.thinned(100) is whole
    few = whole.thinned(30)
    assert few.rows.frequency.tolist() == list(range(2, 100, 4))
    assert few.scale == whole.scale
