"""What customers will buy, against integration over rates and chances, published values, and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

from retention_kit.errors import DataError, ParameterError
from retention_kit.models.purchase_law import PurchaseLaw
from tests.models.purchase_oracle import Story, lived

# Fader, Hardie and Lee (2005); Batislam, Denizel and Filiztekin (2007): CDNOW, weeks.
BG = {"r": 0.24259, "alpha": 4.4136, "a": 0.79292, "b": 2.42591, "first": 0}
MBG = {"r": 0.52484, "alpha": 6.1831, "a": 0.89136, "b": 1.6140, "first": 1}
LAWS = [BG, MBG, {"r": 2.0, "alpha": 9.0, "a": 1.0, "b": 3.0, "first": 0}]
HISTORIES = [(0, 0.0, 38.86), (1, 1.71, 38.86), (2, 30.43, 38.86), (7, 29.43, 38.86), (26, 3.0, 27.86)]
pure = settings(derandomize=True, deadline=None, max_examples=60)


def test_published_expectations_of_new_customers():
    found = PurchaseLaw(**BG).expected_purchases_of_new([1, 31.857, 32])
    assert [f"{value:.4f}" for value in found] == ["0.0532", "1.0405", "1.0437"]


def test_published_expectation_of_one_customer():
    assert f"{PurchaseLaw(**BG).expected_purchases(39, 2, 30.43, 38.86):.3f}" == "1.226"


@pytest.mark.parametrize(
    ("parameters", "history"),
    [*zip([BG, MBG, LAWS[2], BG, MBG], HISTORIES, strict=True), (MBG, HISTORIES[0])],
)
def test_expectations_are_means_over_rates_and_chances(parameters, history):
    law, story = PurchaseLaw(**parameters), Story(**parameters)
    assert law.probability_alive(*history) == pytest.approx(story.probability_alive(*history), rel=1e-8)
    wanted = story.expected_purchases(39.0, *history)
    assert law.expected_purchases(39.0, *history) == pytest.approx(wanted, rel=1e-7)
    wanted = story.probability_active(4.0, 8.0, *history)
    assert law.probability_active(4.0, 8.0, *history) == pytest.approx(wanted, rel=1e-7)


def closed_form(law, horizon, x, age):
    """Equation 10 of Fader, Hardie and Lee without the chance to be alive."""
    r, alpha, a, b = law.r, law.alpha, law.a, law.b + law.first
    shrunk = ((alpha + age) / (alpha + age + horizon)) ** (r + x)
    series = hyp2f1(r + x, b + x, a + b + x - 1, horizon / (alpha + age + horizon))
    return (a + b + x - 1) / (a - 1) * (1 - shrunk * series)


@pure
@given(
    r=st.floats(0.05, 5),
    alpha=st.floats(0.5, 100),
    a=st.floats(0.05, 0.9) | st.floats(1.1, 5),
    b=st.floats(0.3, 9),
    x=st.integers(0, 12),
    age=st.floats(1, 200),
    horizon=st.floats(0.1, 60),
    first=st.integers(0, 1),
)
def test_quadrature_is_the_hypergeometric_formula_where_that_can_be_reckoned(
    r, alpha, a, b, x, age, horizon, first
):
    law = PurchaseLaw(r, alpha, a, b, first)
    wanted = closed_form(law, horizon, x, age)
    assert law.purchases_while_alive(horizon, x, age) == pytest.approx(wanted, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize(
    "history", [(221, 103.43, 103.57), (500, 9990.0, 10_000.0), (500, 1.0, 10_000.0), (5000, 499.0, 500.0)]
)
@pytest.mark.parametrize("parameters", LAWS)
def test_heavy_buyers_stay_finite(parameters, history):
    law = PurchaseLaw(**parameters)
    x, _, age = history
    for horizon in (1.0, 39.0, 1000.0):
        found = law.purchases_while_alive(horizon, x, age)
        assert 0 < found <= (law.r + x) / (law.alpha + age) * horizon
    assert 0 <= law.probability_alive(*history) <= 1


def test_published_heavy_buyer_is_the_hypergeometric_formula():
    law = PurchaseLaw(**BG)
    assert law.purchases_while_alive(39, 221, 103.57) == pytest.approx(
        closed_form(law, 39, 221, 103.57), rel=1e-9
    )


def test_nobody_leaves_where_a_is_0():
    law = PurchaseLaw(0.5, 4.0, 0.0, 1.0)
    assert law.probability_alive([0, 5], [0, 3], [10, 10]).tolist() == [1.0, 1.0]
    assert law.expected_purchases([1, 10], [0, 5], [0, 3], [10, 10]) == pytest.approx(
        np.array([[0.5, 5.5], [5, 55]]) / 14
    )
    silent = (14 / 15) ** 5.5
    assert law.probability_active(3, 4, 5, 3, 10) == pytest.approx(1 - silent, abs=0.02)
    drawn = law.simulated_purchases(10, np.full(4000, 5), 3.0, 10.0, rng=np.random.default_rng(1))
    assert drawn.mean() == pytest.approx(55 / 14, abs=0.2)


def test_customers_without_a_repeat_purchase_are_there_for_certain_under_bg_nbd_alone():
    assert PurchaseLaw(**BG).probability_alive(0, 0, 39) == 1.0
    assert PurchaseLaw(**MBG).probability_alive(0, 0, 0) == pytest.approx(MBG["b"] / (MBG["a"] + MBG["b"]))


@settings(pure, max_examples=20)
@given(x=st.integers(0, 30), recency=st.floats(0.001, 1), age=st.floats(5, 500), first=st.integers(0, 1))
def test_expectations_rise_with_the_horizon_and_end_where_everybody_left(x, recency, age, first):
    law = PurchaseLaw(0.6, 5.0, 0.8, 2.0, first)
    history = x, recency * age * (x > 0), age
    values = law.purchases_while_alive([0.0, 1.0, 5.0, 50.0, 500.0], x, age)
    assert values[0] == 0
    assert (np.diff(values) > 0).all()
    # Rates only fall as customers leave: what is added per time becomes less.
    assert (np.diff(values)[1:] <= np.diff(values)[:-1] * np.array([4, 45 / 4, 10]) * (1 + 1e-9)).all()
    assert 0 <= law.probability_active(5, 6, *history) <= law.probability_alive(*history)


@pytest.mark.parametrize("parameters", [BG, MBG])
def test_draws_have_the_expectations_and_chances_of_the_law(parameters):
    law, rng = PurchaseLaw(**parameters), np.random.default_rng(7)
    count = 200_000
    for history in ((0, 0.0, 20.0), (3, 15.0, 20.0)):
        drawn = law.simulated_purchases(30.0, np.full(count, history[0]), *history[1:], rng=rng)
        error = drawn.std() / np.sqrt(count)
        assert drawn.mean() == pytest.approx(law.expected_purchases(30.0, *history), abs=4 * error)
        chance = law.probability_active(0.0, 30.0, *history)
        assert (drawn > 0).mean() == pytest.approx(chance, abs=4 * np.sqrt(chance / count))


def test_lives_lived_one_purchase_at_a_time_have_the_expectations_of_the_law():
    rng, ages = np.random.default_rng(3), np.full(100_000, 20.0)
    for parameters in (BG, MBG):
        x, recency, later = lived(rng, ages.size, **parameters, ages=ages, horizon=30.0)
        law = PurchaseLaw(**parameters)
        error = x.std() / np.sqrt(x.size)
        assert x.mean() == pytest.approx(law.expected_purchases_of_new(20.0), abs=4 * error)
        wanted = law.expected_purchases(30.0, x, recency, ages)
        for some in (x == 0, x == 1, x > 4):
            error = later[some].std() / np.sqrt(some.sum())
            assert later[some].mean() == pytest.approx(wanted[some].mean(), abs=4 * error)


def test_the_tracking_curve_adds_up_cohorts_by_when_they_began():
    law = PurchaseLaw(**BG)
    found = law.expected_cumulative([0.0, 2.0], [10, 5], [1.0, 2.0, 6.0])
    alone = law.expected_purchases_of_new
    assert found == pytest.approx([10 * alone(1.0), 10 * alone(2.0), 10 * alone(6.0) + 5 * alone(4.0)])


def test_shapes_follow_customers_and_horizons():
    law = PurchaseLaw(**MBG)
    histories = np.array([[0, 1], [2, 3]]), np.array([[0, 3.0], [4, 5]]), 9.0
    assert law.expected_purchases(3.0, *histories).shape == (2, 2)
    assert law.expected_purchases([3.0, 4.0, 5.0], *histories).shape == (3, 2, 2)
    assert law.probability_active(1.0, 2.0, *histories).shape == (2, 2)
    assert law.expected_purchases([3.0], [], [], []).shape == (1, 0)
    many = np.arange(9000) % 7, np.arange(9000) % 7 / 2, 5.0 + np.arange(9000) % 11
    whole = law.expected_purchases(8.0, *many)
    assert whole[[5, 8123]] == pytest.approx(
        [law.expected_purchases(8.0, *(part[i] for part in many)) for i in (5, 8123)]
    )


@pytest.mark.parametrize(
    ("history", "message"),
    [
        ((1.5, 1, 2), "numbers of repeat purchases are no such numbers"),
        ((-1, 1, 2), "from 0 to 1,000,000"),
        ((1, 3, 2), "beyond the age"),
        ((1, np.nan, 2), "missing"),
        ((1, 0, 2), "repeat purchases without recency"),
        ((0, 1, 2), "recency without repeat purchases"),
        (([1, 2], [1, 2, 3], 4), "have the shapes"),
    ],
)
def test_an_impossible_history_is_refused(history, message):
    with pytest.raises(DataError, match=message):
        PurchaseLaw(**BG).probability_alive(*history)


def test_times_that_are_none_are_refused():
    law = PurchaseLaw(**BG)
    for horizon in (-1.0, np.nan, [[1.0]]):
        with pytest.raises(ParameterError, match="horizon"):
            law.expected_purchases(horizon, 0, 0, 1)
    with pytest.raises(ParameterError, match="no time ahead"):
        law.probability_active(3, 2, 0, 0, 1)
