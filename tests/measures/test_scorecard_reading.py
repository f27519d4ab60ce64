"""Readings of sums: published intervals, agreement with the plain jackknife, and coverage."""

from math import comb

import numpy as np
import pytest

from retention_kit.measures.intervals import BUCKETS, jackknife, newcombe, wilson
from retention_kit.measures.scorecard_reading import (
    counted,
    net_share,
    ratio,
    share,
    share_difference,
)
from retention_kit.measures.scorecard_sums import Sums, spread

ONE_BUCKET = np.zeros((BUCKETS, 1), dtype=np.int64)


def alone(count):
    """A count of customers, all in one bucket."""
    counts = ONE_BUCKET.copy()
    counts[7] = count
    return counts


def answers(up, between, down):
    return Sums.of({"up": alone(up), "down": alone(down), "all": alone(up + between + down)})


def ends(reading, level=0.95):
    return [float(end[0]) for end in reading.bounds(level)]


def test_plain_margin_of_the_net_promoter_score_is_the_published_one():
    sums = answers(150, 100, 50)
    plain = net_share(sums["up"], sums["down"], sums["all"], plain=True)
    low, high = ends(plain)
    assert round(100 * plain.values[0, 0], 1) == 33.3
    assert [round(100 * (high - low) / 2, 1), round(50 * (low + high), 1)] == [8.4, 33.3]


def test_adjusted_wald_adds_three_quarters_one_and_a_half_and_three_quarters():
    sums = answers(7, 2, 1)
    low, high = ends(net_share(sums["up"], sums["down"], sums["all"]), level=0.9)
    p, d = 7.75 / 13, 1.75 / 13
    half = 1.6448536269514722 * ((p + d - (p - d) ** 2) / 13) ** 0.5
    assert low == pytest.approx(p - d - half)
    assert high == pytest.approx(p - d + half)
    assert net_share(sums["up"], sums["down"], sums["all"]).values[0, 0] == 0.6


def test_net_share_stays_within_its_ends_and_is_missing_without_answers():
    everybody = answers(4, 0, 0)
    assert ends(net_share(everybody["up"], everybody["down"], everybody["all"]))[1] == 1
    nobody = answers(0, 0, 0)
    for plain in (True, False):
        reading = net_share(nobody["up"], nobody["down"], nobody["all"], plain=plain)
        assert np.isnan([reading.values[0, 0], *ends(reading)]).all()


TRUTHS = ((0.5, 0.17), (0.75, 0.05), (0.6, 0.1), (0.3, 0.3), (0.8, 0.1), (0.9, 0.02))


@pytest.mark.parametrize("plain", [True, False])
def test_in_small_samples_the_plain_margin_covers_too_little_and_the_adjusted_one_what_it_says(plain):
    # Exact: all outcomes of ten answers with their probabilities, under six truths.
    n, covered = 10, []
    outcomes = [(up, down, n - up - down) for up in range(n + 1) for down in range(n + 1 - up)]
    ranges = []
    for up, down, rest in outcomes:
        sums = answers(up, rest, down)
        ranges.append(ends(net_share(sums["up"], sums["down"], sums["all"], plain=plain)))
    for p, d in TRUTHS:
        chances = (
            comb(n, up) * comb(n - up, down) * p**up * d**down * (1 - p - d) ** rest
            for up, down, rest in outcomes
        )
        hits = (low <= p - d <= high for low, high in ranges)
        covered.append(sum(chance for chance, hit in zip(chances, hits, strict=True) if hit))
    mean = sum(covered) / len(covered)
    assert mean < 0.85 if plain else 0.94 < mean < 0.96


def test_a_ratio_has_the_plain_jackknifes_interval():
    rng = np.random.default_rng(1)
    top, bottom = rng.integers(0, 50, (BUCKETS, 3)), rng.integers(0, 3, (BUCKETS, 3))
    sums = Sums.of({"top": top, "bottom": bottom})
    reading = ratio(sums["top"], sums["bottom"])
    wanted = jackknife(top, bottom, level=0.8)
    np.testing.assert_allclose([reading.values[0], *reading.bounds(0.8)], wanted, rtol=1e-12)


def test_shares_have_wilsons_interval_and_their_difference_newcombes():
    sums = Sums.of({"a": alone(56), "n": alone(70), "b": alone(48), "m": alone(80)})
    assert ends(share(sums["a"], sums["n"])) == pytest.approx(list(map(float, wilson(56, 70))))
    difference = share_difference(sums["a"], sums["n"], sums["b"], sums["m"])
    assert ends(difference) == pytest.approx(list(map(float, newcombe(56, 70, 48, 80))))
    assert difference.values[0, 0] == pytest.approx(0.2)


def test_a_total_is_exact_and_its_change_spreads_as_totals_of_buckets_do():
    rng = np.random.default_rng(2)
    counts = rng.poisson(4, (BUCKETS, 2))
    sums = Sums.of({"orders": counts})["orders"]
    reading = counted(sums, sums)
    assert np.isnan(reading.bounds(0.95)).all()
    value, error, buckets = reading.difference(1, 0)
    moves = counts[:, 1] - counts[:, 0]
    assert (value, buckets) == (moves.sum(), BUCKETS)
    assert error == pytest.approx(np.sqrt(BUCKETS * moves.var(ddof=1)))


def test_below_two_buckets_nothing_is_said():
    used = np.zeros((BUCKETS, 1), dtype=bool)
    used[3] = True
    assert np.isnan(spread(np.ones((BUCKETS, 1)), used)).all()


@pytest.mark.parametrize("metric", ["retention", "order value", "orders"])
def test_intervals_of_changes_cover_the_truth_as_often_as_they_say(metric):
    # A panel of customers with rates of their own, in two periods in a row: the same stand on both sides,
    # so that their orders go together. Three periods, since retention needs the one before.
    rng = np.random.default_rng(3)
    customers, draws, trend = 1200, 400, np.array([0.5, 0.5, 0.6])
    rates = rng.gamma(0.8, 1 / 0.8, 200_000)
    active = 1 - np.exp(-np.outer(rates, trend))
    truth = {
        "retention": (active[:, 1] * active[:, 2]).mean() / active[:, 1].mean()
        - (active[:, 0] * active[:, 1]).mean() / active[:, 0].mean(),
        # Order values fall with the rate, so that the mean per order shifts as all buy more.
        "order value": 0.0,
        "orders": customers * (trend[2] - trend[1]),
    }[metric]
    covered = 0
    for _ in range(draws):
        rate = rng.gamma(0.8, 1 / 0.8, customers)
        bucket = rng.integers(0, BUCKETS, customers)
        orders = rng.poisson(np.outer(rate, trend))
        spent = orders * np.round(rng.lognormal(3, 0.6, customers) * 100).astype(int)[:, None]

        def summed(values, bucket=bucket):
            counts = np.zeros((BUCKETS, values.shape[1]), dtype=np.int64)
            np.add.at(counts, bucket, values)
            return counts

        here = (orders > 0).astype(int)
        kept = np.concatenate([0 * here[:, :1], here[:, 1:] * here[:, :-1]], axis=1)
        sums = Sums.of(
            {
                "active": summed(here),
                "retained": summed(kept),
                "orders": summed(orders),
                "spent": summed(spent),
            }
        )
        reading = {
            "retention": lambda sums=sums: share(sums["retained"], sums.before("active")),
            "order value": lambda sums=sums: ratio(sums["spent"], sums["orders"]),
            "orders": lambda sums=sums: counted(sums["orders"], sums["active"]),
        }[metric]()
        value, error, _ = reading.difference(2, 1)
        covered += abs(value - truth) <= 1.959964 * error
    # Three standard errors of a share of 95 % in 400 draws are 3.3 points.
    assert 0.917 <= covered / draws <= 0.983
