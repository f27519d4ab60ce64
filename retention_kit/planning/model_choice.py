"""Which purchase model to take: by the likelihood and by what each foresaw of the hold-out."""

from datetime import date
from typing import TYPE_CHECKING, Literal

from retention_kit.errors import DataError, ParameterError, did_you_mean
from retention_kit.planning.back_test import held_against
from retention_kit.planning.back_test_result import BackTest, off_by
from retention_kit.planning.held_out import Foreseen, foreseen, held_out

if TYPE_CHECKING:
    from retention_kit.data.dataset import Dataset
    from retention_kit.models.purchase_fitting import PurchaseModel

    Tested = tuple[PurchaseModel, BackTest | None, str]

__all__ = ["ModelAsked", "tested_model"]

ModelAsked = Literal["auto", "bg_nbd", "mbg_nbd"]
_CHOICES = ("auto", "bg_nbd", "mbg_nbd")
_SAME = 0.05  # purchases in which two forecasts do not differ
_CLEAR = 2.0  # of log-likelihood, with equally many parameters


def tested_model(
    dataset: "Dataset", *, model: ModelAsked, calibration_end: date | None, segment: str
) -> "Tested":
    """Return the model to take, its back-test (None where there can be none), and why, in words.

    Of two models with equally many parameters the likelier one is taken, where the difference is clear (more
    than 2 in log-likelihood); else the one that was closer to what came in the hold-out.

    Raises
    ------
    ParameterError
        When the model is unknown.
    """
    if model not in _CHOICES:
        raise ParameterError(
            f"There is no model {model!r}.",
            todo=f"{did_you_mean(str(model), _CHOICES)} Choose one of: {', '.join(_CHOICES)}.".strip(),
        )
    asked: tuple[PurchaseModel, ...] = ("bg_nbd", "mbg_nbd") if model == "auto" else (model,)
    try:
        data = held_out(dataset, calibration_end=calibration_end, segment=segment)
        forecasts = [foreseen(data, one) for one in asked]
        found, why = _chosen(*forecasts)
        return found.asked, held_against(dataset, found, segment=segment), why
    except DataError as error:
        return asked[0], None, f"There is no back-test to choose a model by. {error.message}"


def _chosen(first: Foreseen, second: Foreseen | None = None) -> tuple[Foreseen, str]:
    if second is None:
        return first, f"{first.fit.title} was asked for."
    more = second.fit.log_likelihood - first.fit.log_likelihood
    found = off_by(first.bias), off_by(second.bias)
    came = f"BG/NBD was {found[0]} and MBG/NBD {found[1]}"
    if not first.actual:
        came = "nothing came that they could be held against"
    elif found[0] == found[1]:
        came = f"both were {found[0]}"
    told = (
        f"BG/NBD and MBG/NBD differ by {abs(more):.1f} in log-likelihood on the days up to "
        f"{first.data.summary.calibration_end}; on the days after, {came}."
    )
    if abs(more) > _CLEAR:
        name = "MBG/NBD" if more > 0 else "BG/NBD"
        return (second if more > 0 else first), f"{told} {name} is taken, because it is likelier."
    away = [abs(test.expected - test.actual) for test in (first, second)]
    if abs(away[0] - away[1]) < _SAME:
        return first, f"{told} Neither is better, and BG/NBD is taken, as the better known."
    nearly = "a little " if found[0] == found[1] else ""
    closer, name = (first, "BG/NBD") if away[0] <= away[1] else (second, "MBG/NBD")
    return closer, f"{told} {name} is taken, because it was {nearly}closer."
