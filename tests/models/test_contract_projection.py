"""Bands of a projection: they hold the truth as often as they say, and nothing strange."""

import math

import numpy as np
import pytest

from retention_kit.errors import ParameterError
from retention_kit.models.contract_projection import contract_projection, residual_lifetime_band
from retention_kit.models.contractual import contract_fit
from retention_kit.models.lifetimes import LIFETIMES
from retention_kit.models.renewals import RenewalCounts
from tests.models.published import HIGH_END, REGULAR, counts_of

AHEAD = 12


def simulated(model, truth, customers, periods, sets):
    """Counts of many simulated cohorts; a fifth of each is seen only for half of the periods."""
    reached = np.exp(LIFETIMES[model].log_stay(0, np.arange(periods + 1.0), np.array(truth)))
    rng, half, young = np.random.default_rng(20071), periods // 2 + 1, customers // 5
    full, part = (
        np.append(-np.diff(reached), reached[-1]),
        np.append(-np.diff(reached[: half + 1]), reached[half]),
    )
    ended = rng.multinomial(customers - young, full, size=sets)
    cut = rng.multinomial(young, part, size=sets)
    losses, staying = ended[:, :-1].copy(), np.zeros((sets, periods), dtype=int)
    losses[:, :half] += cut[:, :-1]
    staying[:, -1] += ended[:, -1]
    staying[:, half - 1] += cut[:, -1]
    return [RenewalCounts.of_ends(*pair) for pair in zip(losses, staying, strict=True)]


def coverage(model, truth, customers, periods, sets):
    """How often parameters, survival and retention lie in their intervals, and how many fits converged."""
    values, ages = np.array(truth), np.arange(1.0, AHEAD + 1)
    survival = np.exp(LIFETIMES[model].log_stay(0, ages, values))
    retention = np.exp(LIFETIMES[model].log_stay(ages - 1, ages, values))
    rng = np.random.default_rng(5)
    inside, held, kept, converged = np.zeros(values.size), np.zeros(AHEAD), np.zeros(AHEAD), 0
    for counts in simulated(model, truth, customers, periods, sets):
        fit = contract_fit(counts, model=model)
        converged += fit.converged
        if fit.converged:
            low, high = np.array(list(fit.parameter_intervals().values())).T
            inside += (low <= values) & (values <= high)
        band = contract_projection(fit, AHEAD, rng=rng, draws=300)
        held += (band.survival_low[1:] <= survival) & (survival <= band.survival_high[1:])
        kept += (band.retention_low[1:] <= retention) & (retention <= band.retention_high[1:])
    return inside / sets, held / sets, kept / sets, converged / sets


@pytest.mark.parametrize(
    ("model", "truth", "customers", "periods"),
    [
        ("shifted_beta_geometric", (0.668, 3.806), 1200, 7),
        ("beta_weibull", (0.7, 3.0, 1.2), 4000, 12),
    ],
)
def test_intervals_hold_the_truth_as_often_as_they_say(model, truth, customers, periods):
    # with 400 sets a share of 95 % has a standard error of 1.1 points, and 90 % is far out
    inside, held, kept, converged = coverage(model, truth, customers, periods, sets=400)
    assert converged == 1.0
    for shares in (inside, held, kept):
        assert ((shares >= 0.90) & (shares <= 0.98)).all(), shares


@pytest.mark.parametrize("total", [45.0, 1e6], ids=["hardly different", "alike"])
def test_bands_hold_the_truth_where_half_the_fits_have_no_peak(total):
    truth = (0.11 * total, 0.89 * total)
    _, held, kept, converged = coverage("shifted_beta_geometric", truth, 800, 6, sets=250)
    assert 0.3 < converged < 0.8
    for shares in (held, kept):
        assert ((shares >= 0.90) & (shares <= 0.99)).all(), shares


def test_a_projection_begins_with_everyone_and_repeats_under_the_same_seed():
    fit = contract_fit(counts_of(HIGH_END))
    one, two = (contract_projection(fit, 12, rng=np.random.default_rng(8)) for _ in range(2))
    assert one.age_periods.tolist() == list(range(13))
    assert (one.survival[0], one.survival_low[0], one.survival_high[0]) == (1.0, 1.0, 1.0)
    assert np.isnan([one.retention[0], one.retention_low[0], one.retention_high[0]]).all()
    assert one.survival[1:] == pytest.approx(fit.survival(range(1, 13)))
    assert one.retention[1:] == pytest.approx(fit.retention(range(1, 13)))
    for name in ("survival_low", "survival_high", "retention_low", "retention_high"):
        assert np.array_equal(getattr(one, name), getattr(two, name), equal_nan=True)
    assert (one.unit, one.level, one.tenure) == ("year", 0.95, 0)


def test_the_published_hold_out_lies_in_the_band_of_the_regular_plan():
    band = contract_projection(contract_fit(counts_of(REGULAR)), 12, rng=np.random.default_rng(8))
    actual = np.array(REGULAR) / 1000
    assert ((band.survival_low <= actual) & (actual <= band.survival_high))[8:].all()


def test_a_projection_may_begin_later():
    fit = contract_fit(counts_of(REGULAR), model="beta_weibull")
    later = contract_projection(fit, 5, tenure=4, rng=np.random.default_rng(8))
    assert later.survival == pytest.approx(fit.survival(range(6), tenure=4))
    assert later.retention[1:] == pytest.approx(fit.retention(range(5, 10)))


def test_one_period_leaves_the_far_future_open():
    fit = contract_fit(RenewalCounts.of_survivors([100, 80]))
    band = contract_projection(fit, 24, rng=np.random.default_rng(8))
    assert (fit.model, fit.drawn_model) == ("constant_churn", "shifted_beta_geometric")
    assert band.survival_high[1] < 0.9
    assert band.survival_high[24] > 0.6  # if they are leavers and stayers, as they may be
    assert band.survival_low[24] < 0.01  # if they are all alike


def test_who_asks_for_constant_churn_gets_its_narrow_band():
    fit = contract_fit(RenewalCounts.of_survivors([100, 80]), model="constant_churn")
    band = contract_projection(fit, 24, rng=np.random.default_rng(8))
    assert fit.drawn_model == "constant_churn"
    assert band.survival_high[24] < 0.1


@pytest.mark.parametrize("model", ["shifted_beta_geometric", "beta_weibull", "discrete_weibull"])
def test_residual_lifetime_lies_in_its_band(model):
    fit = contract_fit(counts_of(HIGH_END), model=model)
    point = fit.residual_lifetime([1, 5], discount_rate=0.1)
    low, high = residual_lifetime_band(fit, [1, 5], discount_rate=0.1, rng=np.random.default_rng(8))
    assert ((low < point) & (point < high)).all()
    assert (high - low < 2).all()


def test_an_endless_residual_lifetime_has_an_endless_band():
    fit = contract_fit(counts_of(HIGH_END))
    low, high = residual_lifetime_band(fit, discount_rate=0.0, rng=np.random.default_rng(8))
    assert (low.shape, float(high)) == ((), math.inf)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"periods": 0}, "periods holds 0"),
        ({"tenure": -1}, "tenure holds -1"),
        ({"level": 1.0}, "no confidence level"),
        ({"draws": 0}, "draws holds 0"),
    ],
)
def test_a_projection_that_makes_no_sense_is_refused(changes, message):
    asked = {"periods": 3, "rng": np.random.default_rng(8)} | changes
    with pytest.raises(ParameterError, match=message):
        contract_projection(contract_fit(counts_of(REGULAR)), **asked)
