"""Customers who buy now and then, against published figures, quadrature and simulated lives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import beta as beta_function
from scipy.special import betaln, hyp2f1

from retention_kit.errors import ParameterError
from retention_kit.planning.buyer_fitting import buyers
from retention_kit.planning.buyer_rows import BuyerRows
from retention_kit.planning.levers import Levers
from tests.planning.bases import CDNOW, SPEND, around, rows, some_buyers

MONTH = 365.25 / 12 / 7  # weeks
pure = settings(derandomize=True, deadline=None, max_examples=15)


def one_buyer(x, recency, age, values=CDNOW, model="bg_nbd"):
    columns = np.asarray(values, dtype=float)[:, None]
    base = BuyerRows.of([x], [recency], [age])
    return buyers(base, columns, np.ones((1, 1)), model=model, unit="week", start=Levers())


def mean_over(a, b, function):
    """Mean of a function of p ~ Beta(a, b) by adaptive quadrature."""
    total = quad(function, 0, 1, weight="alg", wvar=(a - 1, b - 1), epsabs=0, epsrel=1e-11, limit=500)[0]
    return total / beta_function(a, b)


def probability_alive(x, recency, age, values, model):
    """P(alive) from the definition: gone after the last purchase, or still there and silent since."""
    r, alpha, a, b = values
    first = model == "mbg_nbd"
    stays = betaln(a, b + x + first) - (r + x) * np.log(alpha + age)
    if not x and not first:
        return 1.0
    leaves = betaln(a + 1, b + x + first - 1) - (r + x) * np.log(alpha + recency)
    return 1 / (1 + np.exp(leaves - stays))


def purchases(x, recency, age, months, values=CDNOW, model="bg_nbd", saved=0.0, faster=0.0):
    r, alpha, a, b = values
    s, rate = r + x, alpha + age
    first = model == "mbg_nbd"

    def each(p):
        q = (1 - saved) * p
        return (
            -np.expm1(-s * np.log1p(q * (1 + faster) * months * MONTH / rate)) / q
            if q
            else (s * (1 + faster) * months * MONTH / rate)
        )

    return probability_alive(x, recency, age, values, model) * mean_over(a, b + x + first, each)


def test_expected_purchases_are_those_published():
    # Fader, Hardie and Lee (2005), CDNOW: E[Y(39) | x=2, t_x=30.43, T=38.86] = 1.226; E[X(t)]
    base = one_buyer(2, 30.43, 38.86)
    assert f"{base.spending.at(np.array([[39.0]])).item():.3f}" == "1.226"
    new = base.new_spending.at(np.array([[1.0, 31.857, 32.0]]))[0, 0]
    assert [f"{value:.4f}" for value in new] == ["0.0532", "1.0405", "1.0437"]


@pytest.mark.parametrize(
    ("x", "recency", "age"), [(0, 0, 5), (1, 20, 38.9), (7, 30, 31), (221, 103.43, 103.57), (500, 500, 520)]
)
def test_nothing_saved_is_the_closed_form(x, recency, age):
    r, alpha, a, b = CDNOW
    for months in (1, 12, 60):
        t = months * MONTH
        gauss = hyp2f1(r + x, b + x, a + b + x - 1, t / (alpha + age + t))
        alone = 1 - ((alpha + age) / (alpha + age + t)) ** (r + x) * gauss
        wanted = (a + b + x - 1) / (a - 1) * alone * probability_alive(x, recency, age, CDNOW, "bg_nbd")
        got = one_buyer(x, recency, age).revenue(months, np.zeros(1), 0.0).sum()
        assert got == pytest.approx(wanted, rel=1e-6)


@pure
@given(
    x=st.integers(0, 40),
    share=st.floats(0, 1),
    age=st.floats(1, 100),
    a=st.floats(0.2, 8),
    b=st.floats(0.3, 8),
    saved=st.floats(0, 0.99),
    faster=st.floats(-0.9, 1),
    months=st.integers(1, 60),
    model=st.sampled_from(["bg_nbd", "mbg_nbd"]),
)
def test_saved_departures_and_more_orders_are_those_of_the_definition(
    x, share, age, a, b, saved, faster, months, model
):
    recency = share * age if x else 0.0
    values = (0.6, 6.0, a, b)
    base = one_buyer(x, recency, age, values, model)
    wanted = purchases(x, recency, age, months, values, model, saved, faster)
    assert base.revenue(months, np.array([saved]), faster).sum() == pytest.approx(wanted, rel=2e-6)


@pytest.mark.parametrize("saved", [0.0, 0.3])
@pytest.mark.parametrize("model", ["bg_nbd", "mbg_nbd"])
def test_a_new_customer_buys_at_once_and_then_as_the_model_says(model, saved):
    r, alpha, a, b = CDNOW
    base = one_buyer(2, 3, 9, model=model)
    got = base.revenue_of_new(24, np.array([saved]))[0]

    def each(p):
        q = (1 - saved) * p
        bought = -np.expm1(-r * np.log1p(q * 24 * MONTH / alpha)) / max(q, 1e-300)
        return bought * (1 - q if model == "mbg_nbd" else 1.0)

    assert got[0] == 1.0
    assert got[1:].sum() == pytest.approx(mean_over(a, b, each), rel=2e-6)


def test_a_saved_share_of_nearly_one_leaves_customers_who_never_leave():
    r, alpha, _, _ = CDNOW
    base = one_buyer(3, 20, 38)
    alive = probability_alive(3, 20, 38, CDNOW, "bg_nbd")
    forever = alive * (r + 3) / (alpha + 38) * 12 * MONTH
    got = base.revenue(12, np.array([1 - 1e-7]), 0.0).sum()
    assert got == pytest.approx(forever, rel=1e-5)
    assert base.kept(12, np.array([1 - 1e-9]), 0.0).item() == pytest.approx(alive, rel=1e-6)


def test_presence_falls_as_the_definition_says():
    r, alpha, a, b = CDNOW
    wanted = mean_over(
        a, b + 3, lambda p: ((alpha + 38) / (alpha + 38 + 0.8 * p * 1.5 * 12 * MONTH)) ** (r + 3)
    )
    base = one_buyer(3, 20, 38)
    share = base.kept(12, np.array([0.2]), 0.5).item() / base.active
    assert share == pytest.approx(wanted, rel=1e-6)
    untouched = mean_over(a, b + 3, lambda p: ((alpha + 38) / (alpha + 38 + p * 12 * MONTH)) ** (r + 3))
    assert base.yearly_retention == pytest.approx(untouched, rel=1e-6)


def test_all_rows_add_up_to_their_segments():
    base, counted = some_buyers(draws=3), rows()
    p, q, v = around(SPEND, 3, 2, 0.03)[:, 2]
    values = around(CDNOW, 3, 1)[:, 2]
    saved, wanted = 0.2, np.zeros(3)
    for k in range(counted.frequency.size):
        x, recency, age, n = (
            float(c[k]) for c in (counted.frequency, counted.recency, counted.age, counted.customers)
        )
        spend = p * (v + counted.repeat_revenue[k] / n) / (p * x + q - 1)
        wanted[counted.member[k]] += (
            n * spend * purchases(x, recency, age, 24, values, saved=saved, faster=0.1)
        )
    got = base.revenue(24, np.full(3, saved), 0.1)[2].sum(axis=1)
    assert got == pytest.approx(wanted, rel=1e-5)
    assert base.customers.sum() == counted.customers.sum()
    assert base.draws == 3
    assert 0 < base.approximation < 1e-5


def test_the_stated_error_is_the_one_made():
    rng = np.random.default_rng(8)
    x = rng.integers(0, 60, 3000).astype(float)
    age = rng.integers(30, 700, 3000).astype(float)
    many = BuyerRows.of(x, np.where(x > 0, age * rng.uniform(0, 1, 3000), 0), age, repeat_revenue=20 * x)
    values = CDNOW * [1, 7, 1, 1]
    base = buyers(many, values[:, None], SPEND[:, None], model="mbg_nbd", unit="day", start=Levers())
    assert base.approximation < 1e-3
    exact = 0.0
    for k in range(0, 3000, 7):  # so few rows are points themselves
        some = [c[k : k + 7] for c in (many.frequency, many.recency, many.age)]
        few = BuyerRows.of(*some, repeat_revenue=many.repeat_revenue[k : k + 7])
        part = buyers(few, values[:, None], SPEND[:, None], model="mbg_nbd", unit="day", start=Levers())
        exact += part.revenue(12, np.zeros(1), 0.0).sum()
    assert base.revenue(12, np.zeros(1), 0.0).sum() == pytest.approx(
        exact, rel=max(2 * base.approximation, 1e-6)
    )


def test_only_the_bg_nbd_is_said_to_hold_one_time_buyers_active():
    assert "without a repeat purchase to be active" in some_buyers().notes[0]
    assert some_buyers("mbg_nbd").notes == ()


def test_customers_who_never_leave_have_no_departures_to_save():
    values = (0.5, 4.0, 0.0, 1.0)
    base = one_buyer(2, 10, 20, values)
    assert base.yearly_retention == pytest.approx(1.0)
    assert base.revenue(12, np.zeros(1), 0.0).sum() == pytest.approx(2.5 / 24 * 12 * MONTH, rel=1e-6)


def test_simulated_lives_agree():
    rng = np.random.default_rng(11)
    number, saved, faster, weeks = 40_000, 0.4, 0.25, 18 * MONTH
    r, alpha, a, b = CDNOW
    rate, p = rng.gamma(r + 4, 1 / (alpha + 30), number) * (1 + faster), rng.beta(a, b + 4, number)
    bought, clock = np.zeros(number), np.zeros(number)
    here = np.ones(number, dtype=bool)
    while here.any():
        clock = clock + rng.exponential(1 / rate)
        here &= clock < weeks
        bought += here
        gone = (rng.random(number) < p) & (rng.random(number) >= saved)
        here &= ~gone
    base = one_buyer(4, 30, 30)
    expected = base.revenue(18, np.array([saved]), faster).sum() / base.active
    assert bought.mean() == pytest.approx(expected, abs=4 * bought.std() / number**0.5)


def test_the_average_is_the_mean_of_the_draws():
    for model in ("bg_nbd", "mbg_nbd"):
        base, saved = some_buyers(model), np.array([0.3])
        one = base.average
        assert one.draws == 1
        assert one.revenue(24, saved, 0.1)[0] == pytest.approx(base.revenue(24, saved, 0.1).mean(axis=0))
        assert one.kept(24, saved, 0.1)[0] == pytest.approx(base.kept(24, saved, 0.1).mean(axis=0))
        assert one.revenue_of_new(24, saved)[0] == pytest.approx(base.revenue_of_new(24, saved).mean(axis=0))


@pytest.mark.parametrize(
    ("parameters", "spend", "message"),
    [
        (np.ones((3, 2)), np.ones((3, 2)), r"shape \(3, 2\) do not fit.*Give 4 rows"),
        (-np.ones((4, 2)), np.ones((3, 2)), "numbers of at least 0"),
        (np.ones((4, 2)), np.ones((2, 2)), "Give 3 rows"),
        (np.ones((4, 2)), np.ones((1, 3)), "2 draws of the purchase model and 3 of the spend"),
        (np.ones((4, 2)), np.full((3, 2), 0.5), "2 of 2 draws of q are at most 1"),
    ],
)
def test_draws_that_do_not_fit_are_refused(parameters, spend, message):
    with pytest.raises(ParameterError, match=message):
        buyers(rows(), parameters, spend, model="bg_nbd", unit="week", start=Levers())


def test_a_fit_of_real_orders_gives_what_its_own_forecasts_give():
    from retention_kit import open_dataset
    from retention_kit.measures.purchase_summary import purchase_summary
    from retention_kit.models.purchase_fitting import purchase_fit
    from retention_kit.models.purchase_value import monthly_purchases
    from retention_kit.models.spend_fitting import spend_fit

    summary = purchase_summary(open_dataset("cdnow"))
    found = summary.rows
    fit, spent = purchase_fit(found, model="mbg_nbd"), spend_fit(summary.spend_rows)
    counted = BuyerRows.of(
        found.frequency, found.recency, found.age, customers=found.customers, repeat_revenue=found.spend
    )
    point, paid = (
        np.array([[fit.r], [fit.alpha], [fit.a], [fit.b]]),
        np.array([[spent.p], [spent.q], [spent.v]]),
    )
    base = buyers(counted, point, paid, model=fit.asked, unit=fit.unit, start=Levers())
    one = found.spend / found.customers / np.maximum(found.frequency, 1)
    spend = spent.expected_spend(found.frequency, one) * found.customers
    wanted = monthly_purchases(fit, 24, found.frequency, found.recency, found.age) @ spend
    assert base.revenue(24, np.zeros(1), 0.0)[0, 0] == pytest.approx(wanted, rel=2e-6)
    assert base.approximation < 2e-6
