"""Which model is taken of two, and what is said of it."""

from types import SimpleNamespace

import pytest

from retention_kit.planning.model_choice import _chosen


def _test(likelihood, expected, actual=100):
    bias = expected / actual - 1 if actual else None
    return SimpleNamespace(
        log_likelihood=likelihood, expected=expected, actual=actual, bias=bias, calibration_end="2024-01-31"
    )


@pytest.mark.parametrize(
    ("first", "second", "model", "told"),
    [
        (_test(-10.0, 90), _test(-20.0, 100), "bg_nbd", "BG/NBD is taken, because it is likelier"),
        (_test(-20.0, 100), _test(-10.0, 90), "mbg_nbd", "MBG/NBD is taken, because it is likelier"),
        (_test(-10.0, 90), _test(-10.5, 99), "mbg_nbd", "MBG/NBD is taken, because it was closer"),
        (_test(-10.0, 98), _test(-9.0, 90), "bg_nbd", "BG/NBD is taken, because it was closer"),
        (_test(-10.0, 3, 0), _test(-10.0, 3, 0), "bg_nbd", "Neither is better"),
    ],
)
def test_the_clearly_likelier_model_is_taken_else_the_closer_one(first, second, model, told):
    chosen, why = _chosen(first, second)
    assert chosen == model
    assert told in why
    assert ("nothing came" in why) == (first.actual == 0)
