"""Shops with known parameters: intervals hold them as often as they say."""

import numpy as np
import pytest
from scipy.stats import binom

from retention_kit.models.purchase_fitting import purchase_fit
from retention_kit.models.purchase_rows import PurchaseHistories
from tests.models.purchase_oracle import lived

SHOPS, CUSTOMERS, DRAWS = 40, 3000, 60
# Fewer than these of 40 would be seen once in a thousand times if the chance were 95 %.
LEAST = int(binom.ppf(0.001, SHOPS, 0.95))


@pytest.mark.parametrize(("model", "first"), [("bg_nbd", 0), ("mbg_nbd", 1)])
def test_parameters_and_purchases_to_come_lie_in_their_intervals(model, first):
    truth = {"r": 0.6, "alpha": 6.0, "a": 0.9, "b": 2.5}
    inside, outcomes = dict.fromkeys(truth, 0), 0
    for shop in range(SHOPS):
        rng = np.random.default_rng([11, first, shop])
        ages = rng.integers(100, 273, CUSTOMERS) / 7
        x, recency, later = lived(rng, CUSTOMERS, **truth, first=first, ages=ages, horizon=20.0)
        fit = purchase_fit(PurchaseHistories(x, recency, ages, np.ones(CUSTOMERS, dtype=int)), model=model)
        for name, (low, high) in fit.parameter_intervals().items():
            inside[name] += low <= truth[name] <= high
        totals = [
            law.simulated_purchases(20.0, x, recency, ages, rng=rng).sum()
            for law in (fit.laws(DRAWS, rng=rng) if fit.quadratic else [fit] * DRAWS)
        ]
        low, high = np.quantile(totals, [0.025, 0.975])
        outcomes += low <= later.sum() <= high
    assert min(inside.values()) >= LEAST
    # 60 draws leave out a little more than the 5 % of a perfect interval.
    assert outcomes >= int(binom.ppf(0.001, SHOPS, 0.93))
