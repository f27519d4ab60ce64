"""Nodes and weights against moments of beta laws, and means against adaptive integration."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import betaln, poch, roots_jacobi

from retention_kit.models.purchase_quadrature import beta_means, beta_nodes

pure = settings(derandomize=True, deadline=None, max_examples=50)


@pure
@given(
    a=st.floats(0.001, 50) | st.just(1.0), b=st.floats(0.001, 3000) | st.just(1.0), size=st.integers(2, 40)
)
def test_nodes_give_every_moment_that_so_many_can(a, b, size):
    nodes, weights = beta_nodes(a, np.array([b]), size=size)
    for power in range(min(2 * size, 12)):
        wanted = poch(a, power) / poch(a + b, power)
        assert (weights * nodes**power).sum() == pytest.approx(wanted, rel=1e-9, abs=1e-15)


def test_nodes_are_those_of_jacobi_polynomials():
    nodes, weights = beta_nodes(0.8, np.array([2.4, 7.0]), size=15)
    for b, found, shares in zip((2.4, 7.0), nodes, weights, strict=True):
        points, wanted = roots_jacobi(15, b - 1, 0.8 - 1)
        assert found == pytest.approx((1 + points) / 2, rel=1e-10)
        assert shares == pytest.approx(wanted / wanted.sum(), rel=1e-9)


def test_all_weight_lies_at_0_where_nobody_leaves():
    nodes, weights = beta_nodes(0.0, np.array([1.0, 5.0]), size=9)
    assert (nodes < 1e-15).all()
    assert weights.tolist() == [[1.0], [1.0]]


def mean_by_quad(s, u, a, b):
    logs = betaln(a, b)

    def value(p):
        rest = np.exp((b - 1) * np.log1p(-p) - logs) if p < 1 else 0.0
        return rest * -np.expm1(-s * np.log1p(p * u)) / p

    # p = w^(1/a) takes the edge off the density at 0; cuts, because the weight may lie near it.
    cuts = [0.0, *(share**a for share in (1e-3, 0.01, 0.03, 0.1, 0.3)), 1.0]
    parts = [
        quad(
            lambda w: value(max(w ** (1 / a), 1e-300)) / a, low, high, epsabs=1e-12, epsrel=1e-11, limit=300
        )[0]
        for low, high in pairwise(cuts)
    ]
    return sum(parts)


@pytest.mark.parametrize("shape", [0.05, 0.24, 2.2, 30.0, 500.0])
@pytest.mark.parametrize("ratio", [0.01, 0.5, 4.0, 20.0, 150.0])
@pytest.mark.parametrize("a", [0.3, 1.0, 4.0])
def test_means_have_ten_digits_whatever_the_shape_and_the_horizon(shape, ratio, a):
    b = 2.4 + shape

    def function(p, s, u):
        return -np.expm1(-s * np.log1p(p * u)) / p

    found = beta_means(function, np.array([shape]), np.array([[ratio]]), a=a, b=np.array([b]))
    assert found[0, 0] == pytest.approx(mean_by_quad(shape, ratio, a, b), rel=1e-9)
