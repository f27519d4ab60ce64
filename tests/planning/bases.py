"""Small bases of customers, for what-ifs."""

from functools import cache

import numpy as np

from retention_kit.planning.buyer_fitting import buyers
from retention_kit.planning.buyer_rows import BuyerRows
from retention_kit.planning.levers import Levers
from retention_kit.planning.subscriber_fitting import subscribers

# Fader, Hardie and Lee (2005): BG/NBD on CDNOW, time in weeks
CDNOW = np.array([0.24259, 4.4136, 0.79292, 2.42591])
# Fader and Hardie (2013): Gamma-Gamma on CDNOW
SPEND = np.array([6.2497, 3.7442, 15.443])
START = Levers(margin=0.4, acquisition_cost=12.0, acquisition_per_month=3.0)


def around(values, draws, seed, spread=0.1):
    rng = np.random.default_rng(seed)
    return values[:, None] * np.exp(spread * rng.standard_normal((values.size, draws)))


def rows():
    rng = np.random.default_rng(5)
    number = 60
    frequency = rng.poisson(rng.gamma(0.8, 2.5, number)).astype(float)
    age = rng.uniform(20, 38, number).round(1)
    recency = np.where(frequency > 0, age * rng.uniform(0.2, 1, number), 0.0)
    customers = rng.integers(1, 30, number)
    spent = customers * frequency * rng.gamma(6, 6, number)
    segment = np.array(["north", "south", "west"])[rng.integers(0, 3, number)]
    return BuyerRows.of(frequency, recency, age, customers=customers, repeat_revenue=spent, segment=segment)


@cache
def some_buyers(model="bg_nbd", draws=16):
    return buyers(
        rows(), around(CDNOW, draws, 1), around(SPEND, draws, 2, 0.03), model=model, unit="week", start=START
    )


@cache
def some_subscribers(draws=16):
    tenure = np.arange(30)
    segment = np.array(["basic", "plus"])[tenure % 2]
    customers = 400 - 12 * tenure
    parameters = around(np.array([0.7, 6.0]), draws, 3)
    return subscribers(
        tenure, customers, customers * (9.0 + tenure % 2), parameters, start=START, segment=segment
    )


def every_base():
    return [some_buyers(), some_buyers("mbg_nbd"), some_subscribers()]
