"""Errors say what is wrong, and the command line ends with their code."""

import pytest

from retention_kit import errors
from retention_kit.data.accounting import Dropped
from retention_kit.errors import (
    ChoiceError,
    DataError,
    LossError,
    ParameterError,
    RetentionKitError,
    did_you_mean,
    listing,
)

KINDS = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, RetentionKitError)
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_is_a_value_error_with_a_code_of_its_own_and_an_exit_code(kind):
    assert issubclass(kind, ValueError)
    assert [other for other in KINDS if other.code == kind.code] == [kind]
    assert 1 <= kind.exit_code <= 7


def test_every_error_is_listed():
    assert {kind.__name__ for kind in KINDS} == {name for name in errors.__all__ if name.endswith("Error")}


def test_a_loss_ends_like_any_fault_of_the_data():
    assert LossError.exit_code == errors.DataError.exit_code


def test_the_message_comes_first_and_what_to_do_behind_it():
    error = ParameterError("3 rows are bad.", todo="Mend them.")
    assert (str(error), error.message, error.todo) == (
        "3 rows are bad. Mend them.",
        "3 rows are bad.",
        "Mend them.",
    )
    assert str(ParameterError("3 rows are bad.")) == "3 rows are bad."


def test_the_public_message_has_no_offenders():
    first = Dropped("unreadable date", 2, ("line 2: 'a) (b'", "line 3: 'c\nd)'"))
    error = DataError(f"No row can be used: {first}; 1 without a customer.", todo="Check the mapping.")
    assert (
        error.public
        == "No row can be used: unreadable date: 2 rows; 1 without a customer. Check the mapping."
    )
    assert DataError("3 rows are bad.", todo="Mend them.").public == "3 rows are bad. Mend them."
    assert (
        DataError("'x' is bad.", todo="Mend it.", public="A row is bad.").public == "A row is bad. Mend it."
    )


def test_an_ambiguity_names_the_key_and_its_choices():
    error = ChoiceError("Dates can be read in two ways.", key="date_order", choices=["dmy", "mdy"])
    assert str(error) == "Dates can be read in two ways. Decide with date_order=dmy or date_order=mdy."
    assert (error.key, error.choices) == ("date_order", ("dmy", "mdy"))


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], ""),
        ([1], "'1'"),
        (range(5), "'0', '1', '2', '3', '4'"),
        (range(7), "'0', '1', '2', '3', '4' and 2 more"),
    ],
)
def test_a_listing_quotes_the_first_few_and_counts_the_rest(items, text):
    assert listing(items) == text


@pytest.mark.parametrize(
    ("name", "says"),
    [("gain", "Did you mean 'grain'?"), ("GRAIN", "Did you mean 'grain'?"), ("xyz", ""), ("", "")],
)
def test_only_a_close_name_is_suggested(name, says):
    assert did_you_mean(name, ["grain", "clock"]) == says
