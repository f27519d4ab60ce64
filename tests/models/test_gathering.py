"""Customers with close histories are taken together without a change to what is asked of them."""

import numpy as np
import pytest

from retention_kit.models.gathering import gathered
from retention_kit.models.purchase_fitting import purchase_fit
from retention_kit.models.purchase_rows import PurchaseHistories, checked_rows
from retention_kit.models.spend_fitting import spend_fit
from retention_kit.models.spend_likelihood import SpendLikelihood
from tests.models.purchase_oracle import lived


@pytest.fixture(scope="module")
def shop():
    rng = np.random.default_rng(3)
    ages = rng.integers(30, 700, 20_000) / 7
    x, recency, _ = lived(rng, ages.size, r=0.6, alpha=6.0, a=0.9, b=2.5, first=0, ages=ages, horizon=1.0)
    return PurchaseHistories(x, recency, ages, np.ones(x.size, dtype=np.int64))


def test_all_customers_and_their_purchases_and_times_are_kept(shop):
    few = gathered(shop, most=3000)
    assert 500 < few.frequency.size <= 3000
    assert few.customers.sum() == shop.customers.sum()
    assert few.unit == shop.unit
    for name in ("frequency", "recency", "age"):
        assert few.customers @ getattr(few, name) == pytest.approx(shop.customers @ getattr(shop, name))
    assert ((few.recency == 0) == (few.frequency == 0)).all()
    assert (few.recency <= few.age).all()


def test_few_histories_stay_as_they_are(shop):
    checked = checked_rows(shop)
    one = gathered(shop, most=checked.frequency.size)
    for name in ("frequency", "recency", "age", "customers"):
        assert np.array_equal(getattr(one, name), getattr(checked, name))


def test_histories_of_the_first_day_alone_are_one():
    same = PurchaseHistories(np.zeros(9, dtype=int), np.zeros(9), np.zeros(9), np.ones(9, dtype=int))
    assert gathered(same, most=1).customers.tolist() == [9]


def test_a_fit_stays_within_a_small_part_of_its_standard_errors(shop):
    exact, close = purchase_fit(shop), purchase_fit(gathered(shop, most=6000))
    errors = np.sqrt(np.diag(exact.covariance))
    away = np.log(list(close.parameters.values())) - np.log(list(exact.parameters.values()))
    assert (np.abs(away) < 0.1 * errors).all()
    assert np.sqrt(np.diag(close.covariance)) == pytest.approx(errors, rel=0.05)


def test_sums_spent_are_taken_together_at_their_mean():
    rng = np.random.default_rng(4)
    x = rng.integers(1, 6, 20_000)
    spend = rng.gamma(6.0 * x) / rng.gamma(4.0, 1 / 15.0, x.size)
    counts = type("Counts", (), {"frequency": x, "spend": spend, "customers": np.ones(x.size)})
    whole = SpendLikelihood.of(counts)
    few = whole.gathered(1500)
    assert few.frequency.size <= 1500
    assert few.customers.sum() == x.size
    assert few.customers @ few.spend == pytest.approx(whole.customers @ whole.spend)
    assert few.customers @ few.frequency == whole.customers @ whole.frequency
    fit = spend_fit(counts)
    near = fit.peak.point + 2 * np.sqrt(np.diag(fit.peak.covariance))
    exact = whole.value(fit.peak.point) - whole.value(near)
    assert few.value(fit.peak.point) - few.value(near) == pytest.approx(exact, rel=0.03)
