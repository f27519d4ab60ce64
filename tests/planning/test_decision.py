"""The decision in one sentence, in every case."""

import re
from dataclasses import replace

import numpy as np
import pytest

from retention_kit.planning.break_even import BreakEven
from retention_kit.planning.comparison import compare
from retention_kit.planning.decision import decision
from retention_kit.planning.forecast_error import ForecastError
from retention_kit.planning.sensitivity import Swing, sensitivity
from tests.planning.bases import START, every_base, some_buyers

BACK_TEST = ForecastError((12.0,), (0.0,), (0.15,))
PROGRAMME = replace(START, saved_share=0.1, saved_share_high=0.2, programme_fixed_cost=120.0)


def told(scenario, back_test=BACK_TEST):
    base = some_buyers()
    compared = compare(base, scenario, back_test=back_test)
    return decision(compared, sensitivity(base, compared, back_test=back_test), currency="USD")


def test_the_sentence_of_the_definitions():
    compared = replace(
        compare(some_buyers(), PROGRAMME, back_test=BACK_TEST),
        probability=0.87,
        break_even=BreakEven(0.09, 0.018, 100.0, 1.0),
    )
    swings = (
        Swing("saved_share", "saved share", "", 0, 1, 1.0, 9.0),
        Swing("margin", "margin", "", 0, 1, -1.0, 1.0),
    )
    assert decision(compared, swings) == (
        "Pays with 87 % probability; breaks even at 1.8 points of yearly retention; "
        "the answer hinges on margin."
    )
    assert decision(compared) == "Pays with 87 % probability; breaks even at 1.8 points of yearly retention."
    tiny = replace(compared, break_even=BreakEven(0.001, 0.0002, 1.0, 1.0))
    assert "breaks even at less than 0.1 points" in decision(tiny)


def test_what_always_pays():
    found = told(replace(PROGRAMME, programme_fixed_cost=0.01))
    assert found.startswith(
        "Pays almost certainly (more than 99 % probability); breaks even at less than 0.1"
    )
    assert "no single input turns the answer, and saved share of departures matters most" in found


def test_what_never_pays():
    found = told(replace(PROGRAMME, programme_fixed_cost=1e9))
    assert found.startswith(
        "Almost certainly does not pay (less than 1 % probability); no saved share of departures"
    )


def test_what_costs_nothing():
    assert re.fullmatch(
        r"Costs nothing and gains [\d,.]+ USD on average \(.*\); no single .*\.",
        told(replace(PROGRAMME, programme_fixed_cost=0.0)),
    )


def test_what_costs_nothing_and_loses():
    found = told(replace(START, order_value=-0.2))
    assert found.startswith("Almost certainly does not pay")
    assert "breaks even" not in found


def test_without_a_back_test_there_is_no_probability():
    gains, loses = (
        told(replace(PROGRAMME, programme_fixed_cost=0.5), None),
        told(replace(PROGRAMME, programme_fixed_cost=1e6), None),
    )
    assert re.match(
        r"Gains [\d,.]+ USD on average \(.*\); how probable it is that it pays cannot be said", gains
    )
    assert loses.startswith("Loses ")


def test_without_a_saved_share_the_cost_breaks_even():
    assert re.search(
        r"breaks even at a cost of [\d,.]+ USD",
        told(replace(START, order_value=0.1, programme_fixed_cost=9.0)),
    )
    assert "no cost would be low enough" in told(replace(START, order_value=-0.1, programme_fixed_cost=9.0))


def test_other_levers_may_pay_without_saving_anybody():
    assert "breaks even without saving any departure" in told(replace(PROGRAMME, order_value=2.0))


@pytest.mark.parametrize(
    ("scenario", "sentence"),
    [
        (START, "No lever is moved, so nothing changes."),
        (replace(START, saved_share=0.2, share_targeted=0.0), "Nobody is targeted, so nothing changes."),
        (replace(START, segment="west"), "The levers that are moved change nothing."),
        (
            replace(PROGRAMME, share_targeted=0.0),
            "Nobody is targeted, so the cost of 120.00 USD brings nothing.",
        ),
    ],
)
def test_where_nothing_changes_it_says_why(scenario, sentence):
    assert told(scenario) == sentence


def test_every_sentence_reads_as_one():
    rng = np.random.default_rng(1)
    for base in every_base():
        for _ in range(20):
            scenario = replace(
                START,
                saved_share=float(rng.choice([0, 0.05, 0.4])),
                order_value=float(rng.choice([0, -0.1, 0.1])),
                programme_fixed_cost=float(rng.choice([0, 5, 500, 1e6])),
                share_targeted=float(rng.choice([0, 0.5, 1])),
            )
            compared = compare(base, scenario, back_test=BACK_TEST)
            sentence = decision(compared, sensitivity(base, compared, back_test=BACK_TEST), currency="EUR")
            assert re.fullmatch(r"[A-Z][^\n]*[^.;]\.", sentence)
            assert "  " not in sentence
            assert "nan" not in sentence
            assert "None" not in sentence
