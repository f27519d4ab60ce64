"""What a dataset does not allow is a sentence; what is broken is an error."""

import pytest

from retention_kit.errors import ColumnError, DataError, ParameterError, ReportError
from retention_kit.workbook.available import Unavailable, available


def failing(error):
    def compute():
        raise error

    return compute


def test_result_is_returned_as_it_is():
    found = object()
    assert available(lambda: found) is found


@pytest.mark.parametrize("kind", [ColumnError, DataError, ParameterError])
def test_what_the_data_do_not_allow_is_a_sentence(kind):
    error = kind("There are no answers.", todo="Add [responses].")
    assert available(failing(error)) == Unavailable("There are no answers. Add [responses].")


def test_sentence_holds_no_rows_of_the_data():
    error = DataError("2 rows are wrong (first: 'secret').", todo="Mend them.")
    assert "secret" in str(error)
    assert available(failing(error)).sentence == "2 rows are wrong. Mend them."


@pytest.mark.parametrize("error", [ReportError("No.", todo="Stop."), ZeroDivisionError()])
def test_other_errors_are_not_taken_for_missing_data(error):
    with pytest.raises(type(error)):
        available(failing(error))
