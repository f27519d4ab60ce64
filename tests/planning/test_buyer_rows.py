"""Counted rows and the points that stand for them."""

import numpy as np
import pytest

from retention_kit.errors import DataError
from retention_kit.planning.buyer_rows import BuyerRows, points_of


def test_rows_are_sorted_by_segment_frequency_and_age():
    rows = BuyerRows.of([2, 0, 1], [3, 0, 2], [9, 4, 5], customers=[1, 2, 3], segment=["b", "b", "a"])
    assert rows.segments == ("a", "b")
    assert rows.member.tolist() == [0, 1, 1]
    assert rows.customers.tolist() == [3, 2, 1]
    assert BuyerRows.of(1, 2, 3).segments == ("",)


def test_spend_of_less_than_nothing_counts_as_nothing():
    assert BuyerRows.of([1], [2], [3], repeat_revenue=[-5]).repeat_revenue.tolist() == [0]


def test_rows_that_come_from_nobody_are_refused():
    with pytest.raises(DataError, match="There are no customers"):
        BuyerRows.of([], [], [])
    with pytest.raises(
        DataError, match=r"1 of 2 rows .* \(first: frequency 2, recency 9, age 4, 1 customers\)"
    ):
        BuyerRows.of([1, 2], [1, 9], [4, 4])


def test_few_distinct_rows_are_points_themselves():
    rows = BuyerRows.of([0, 2, 2, 30], [0, 3, 4, 8], [5, 5, 9, 9], segment=["a", "b", "b", "b"])
    points = points_of(rows, 4.0)
    got = points.gathered(np.array([1.0, 2.0, 4.0, 8.0]), 2)
    found = {
        (segment, round(points.frequency[k]), round(points.age[k])): got[segment, k]
        for segment, k in zip(*np.nonzero(np.abs(got) > 1e-12), strict=True)
    }
    assert found == pytest.approx({(0, 0, 5): 1.0, (1, 2, 5): 2.0, (1, 2, 9): 4.0, (1, 30, 9): 8.0})


def test_a_smooth_function_summed_over_points_is_its_sum_over_rows():
    rng = np.random.default_rng(3)
    x, age = rng.integers(0, 200, 5000).astype(float), rng.integers(1, 700, 5000).astype(float)
    rows = BuyerRows.of(x, age / 2, age, segment=rng.integers(0, 3, 5000))
    points = points_of(rows, 30.0)
    weights = rng.uniform(0, 1, (2, 5000))

    def smooth(frequency, age):
        return (0.24 + frequency) / (30 + age)

    got = points.gathered(weights, 3) @ smooth(points.frequency, points.age)
    for segment in range(3):
        inside = rows.member == segment
        wanted = weights[:, inside] @ smooth(rows.frequency[inside], rows.age[inside])
        assert got[:, segment] == pytest.approx(wanted, rel=1e-4)
