"""A what-if begins at the value that the lifetime notebook tells."""

import numpy as np
import pytest

from retention_kit import open_dataset
from retention_kit.planning.flows import discount_factors
from retention_kit.planning.lifetime_value import lifetime_value
from retention_kit.planning.observed import observed


@pytest.mark.parametrize(
    ("name", "basis", "months"),
    [("cdnow", "orders", 12), ("shop", "orders", 36), ("shop", "subscriptions", 12)],
)
def test_the_status_quo_is_worth_what_lifetime_value_says(name, basis, months):
    data = open_dataset(name)
    base = observed(data, basis=basis).base
    assert base.draws > 1
    flows = base.revenue(months, np.zeros(1), 0.0).sum(axis=1).mean(axis=0)
    factors = discount_factors(base.start.discount_rate, months)
    worth = float(flows @ factors[1:]) * base.start.margin
    told = lifetime_value(data, basis=basis, horizon=months, discount_rate=base.start.discount_rate)
    assert worth == pytest.approx(told.total.value, rel=1e-5)
    new = base.revenue_of_new(months, np.zeros(1)).mean(axis=0) @ factors * base.start.margin
    assert new == pytest.approx(told.curve_of_new["value_per_customer"][-1].as_py(), rel=1e-4)


def test_segments_keep_their_own_values():
    data = open_dataset("shop")
    base = observed(data, breakdown="channel").base
    flows = base.revenue(12, np.zeros(1), 0.0).mean(axis=0)
    worth = flows @ discount_factors(base.start.discount_rate, 12)[1:] * base.start.margin
    told = lifetime_value(data, breakdown="channel", discount_rate=base.start.discount_rate)
    groups = dict(zip(told.groups["group"].to_pylist(), told.groups["value"].to_pylist(), strict=True))
    for segment, value in zip(base.segments, worth, strict=True):
        assert value == pytest.approx(groups[segment], rel=1e-5)
