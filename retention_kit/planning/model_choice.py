"""Which purchase model to take: by the likelihood and by what each foresaw of the hold-out."""

from datetime import date
from typing import TYPE_CHECKING, Literal

from retention_kit.errors import DataError, ParameterError, did_you_mean
from retention_kit.planning.back_test import back_test, back_tests, calibration_day, with_origins
from retention_kit.planning.back_test_result import BackTest, off_by

if TYPE_CHECKING:
    from retention_kit.data.dataset import Dataset
    from retention_kit.models.purchase_fitting import PurchaseModel

__all__ = ["ModelAsked", "tested_model"]

ModelAsked = Literal["auto", "bg_nbd", "mbg_nbd"]
_CHOICES = ("auto", "bg_nbd", "mbg_nbd")
_SAME = 0.05  # purchases in which two forecasts do not differ
_CLEAR = 2.0  # of log-likelihood, with equally many parameters


def tested_model(
    dataset: "Dataset", *, model: ModelAsked, calibration_end: date | None, segment: str
) -> tuple["PurchaseModel", BackTest | None, str]:
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
    try:
        end = calibration_end or calibration_day(dataset)
        if model != "auto":
            found = back_test(dataset, model=model, calibration_end=end, segment=segment)
            return model, found, f"{found.title} was asked for."
        tests = back_tests(dataset, models=("bg_nbd", "mbg_nbd"), calibration_end=end, segment=segment)
    except DataError as error:
        taken: PurchaseModel = "bg_nbd" if model == "auto" else model
        return taken, None, f"There is no back-test to choose a model by. {error.message}"
    chosen, why = _chosen(*tests)
    taken_test = next(test for test in tests if test.asked == chosen)
    return chosen, with_origins(dataset, taken_test, segment=segment), why


def _chosen(first: BackTest, second: BackTest) -> tuple["PurchaseModel", str]:
    more = second.log_likelihood - first.log_likelihood
    came = (
        f"BG/NBD was {off_by(first.bias)} and MBG/NBD {off_by(second.bias)}"
        if first.actual
        else "nothing came that they could be held against"
    )
    told = (
        f"BG/NBD and MBG/NBD differ by {abs(more):.1f} in log-likelihood on the days up to "
        f"{first.calibration_end}; on the days after, {came}."
    )
    if abs(more) > _CLEAR:
        name = "MBG/NBD" if more > 0 else "BG/NBD"
        return ("mbg_nbd" if more > 0 else "bg_nbd"), f"{told} {name} is taken, because it is likelier."
    away = [abs(test.expected - test.actual) for test in (first, second)]
    if abs(away[0] - away[1]) < _SAME:
        return "bg_nbd", f"{told} Neither is better, and BG/NBD is taken, as the better known."
    closer: PurchaseModel = "bg_nbd" if away[0] <= away[1] else "mbg_nbd"
    name = "BG/NBD" if closer == "bg_nbd" else "MBG/NBD"
    return closer, f"{told} {name} is taken, because it was closer."
