from dataclasses import astuple
from itertools import chain
from typing import get_args

import pytest

from retention_kit.definitions import DEFINITIONS
from retention_kit.notebooks import Measure, Mode


def test_every_mode_and_every_measure_has_a_card():
    # Customers are counted in one of the modes, so the modes stand for that measure.
    assert set(DEFINITIONS) >= {*get_args(Mode), *get_args(Measure)} - {"customers"}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_card_is_complete(name):
    card = DEFINITIONS[name]
    *texts, variants = astuple(card)
    assert all(text.strip() == text != "" for text in (*texts, *chain.from_iterable(variants)))
    assert card.caveat.endswith(".")
    assert "/" in card.formula or "in the period" in card.formula


@pytest.mark.parametrize("name", get_args(Mode))
def test_shares_of_customers_have_wilsons_interval(name):
    assert DEFINITIONS[name].unit == "share of customers"
    assert "Wilson" in DEFINITIONS[name].source


@pytest.mark.parametrize("name", get_args(Measure)[1:])
def test_amounts_have_the_jackknife(name):
    assert "jackknife" in DEFINITIONS[name].source


def test_cards_cannot_be_changed():
    with pytest.raises(TypeError):
        DEFINITIONS["bounded"] = DEFINITIONS["streak"]
