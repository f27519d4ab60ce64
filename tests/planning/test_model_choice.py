"""Which model is taken of two, and what is said of it."""

from types import SimpleNamespace

import pytest

from retention_kit.planning.model_choice import _chosen


def _foreseen(asked, likelihood, expected, actual=100):
    bias = expected / actual - 1 if actual else None
    data = SimpleNamespace(summary=SimpleNamespace(calibration_end="2024-01-31"))
    fit = SimpleNamespace(log_likelihood=likelihood)
    return SimpleNamespace(asked=asked, fit=fit, data=data, expected=expected, actual=actual, bias=bias)


@pytest.mark.parametrize(
    ("first", "second", "model", "told"),
    [
        (
            _foreseen("bg_nbd", -10.0, 90),
            _foreseen("mbg_nbd", -20.0, 100),
            "bg_nbd",
            "BG/NBD is taken, because it is likelier",
        ),
        (
            _foreseen("bg_nbd", -20.0, 100),
            _foreseen("mbg_nbd", -10.0, 90),
            "mbg_nbd",
            "MBG/NBD is taken, because it is likelier",
        ),
        (
            _foreseen("bg_nbd", -10.0, 90),
            _foreseen("mbg_nbd", -10.5, 99),
            "mbg_nbd",
            "MBG/NBD is taken, because it was closer",
        ),
        (
            _foreseen("bg_nbd", -10.0, 98),
            _foreseen("mbg_nbd", -9.0, 90),
            "bg_nbd",
            "BG/NBD is taken, because it was closer",
        ),
        (_foreseen("bg_nbd", -10.0, 3, 0), _foreseen("mbg_nbd", -10.0, 3, 0), "bg_nbd", "Neither is better"),
    ],
)
def test_the_clearly_likelier_model_is_taken_else_the_closer_one(first, second, model, told):
    chosen, why = _chosen(first, second)
    assert chosen.asked == model
    assert told in why
    assert ("nothing came" in why) == (first.actual == 0)
