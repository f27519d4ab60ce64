"""One parameter model decides what every surface may ask for."""

import pytest

from retention_kit.errors import ParameterError
from retention_kit.notebooks import NOTEBOOKS, CohortParameters, notebook
from retention_kit.params import (
    ViewParameters,
    allowed,
    assignments,
    brackets,
    condition,
    echoed,
    parameters_cell,
    parameters_table,
    typed,
    validate,
)


def test_defaults_are_valid_and_frozen():
    chosen = validate(CohortParameters, {})
    assert chosen == CohortParameters()
    with pytest.raises(ValueError, match="frozen"):
        chosen.grain = "day"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"gain": "day"}, "Unknown parameter 'gain'. Did you mean 'grain'"),
        ({"xyz": 1}, "Unknown parameter 'xyz'. Known parameters: dataset, as_of"),
        ({"grain": "hour"}, "grain='hour' is not allowed: one of day, week, month, quarter, year"),
        ({"clock": ""}, "clock='' is not allowed: one of calendar, elapsed"),
        ({"min_orders": 0}, "min_orders=0 is not allowed: a whole number from 1 to 100"),
        ({"min_orders": "2"}, "min_orders='2' is not allowed"),
        ({"min_orders": 1.5}, "min_orders=1.5 is not allowed"),
        ({"min_orders": True}, "min_orders=True is not allowed"),
        ({"level": 1.0}, "level=1.0 is not allowed: a number from 0.5 to 0.999"),
        ({"level": float("nan")}, "level=nan is not allowed"),
        ({"age": -1}, "age=-1 is not allowed: a whole number from 0 to 10000"),
        ({"as_of": "2024-02-30"}, "as_of='2024-02-30' is not allowed: text (there is no such day)"),
        ({"as_of": "20240228"}, "write the day as YYYY-MM-DD"),
        ({"as_of": 20240228}, "as_of=20240228 is not allowed"),
        ({"segment": "web"}, "write it as attribute=value"),
        ({"orders": "channel="}, "write it as attribute=value"),
        ({"brackets": "1-3,2-4"}, "brackets must rise and not overlap"),
        ({"brackets": "3-1"}, "brackets must rise and not overlap"),
        ({"brackets": ""}, "write the brackets as ages"),
        ({"brackets": "1-2-3"}, "write the brackets as ages"),
        ({"brackets": "1-99999999999999999999"}, "write the brackets as ages"),
        ({"brackets": "1-10001"}, "ages go up to 10000"),
        ({"brackets": "\u0663-\u0665"}, "write the brackets as ages"),
        ({"brackets": "a-b"}, "write the brackets as ages"),
        ({"dataset": None}, "dataset=None is not allowed: text"),
    ],
)
def test_what_is_not_allowed_is_refused_with_what_is(values, says):
    with pytest.raises(ParameterError) as caught:
        validate(CohortParameters, values)
    assert says in str(caught.value)


def test_all_faults_are_named_at_once():
    with pytest.raises(ParameterError, match=r"grain=.*; age="):
        validate(CohortParameters, {"grain": "hour", "age": -1})


def test_brackets_are_read_as_inclusive_ages():
    assert brackets("0,1-3, 5 - 9") == ((0, 0), (1, 3), (5, 9))


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("", None),
        ("channel=web", ("channel", "web")),
        (" a b = x = y ", ("a b", "x = y")),
        ("n=(unknown)", ("n", "(unknown)")),
    ],
)
def test_a_condition_is_split_at_its_first_equals_sign(text, pair):
    assert condition(text) == pair


def test_command_line_texts_become_typed_values():
    texts = ["grain=week", "min_orders=2", "level=0.9", "segment=channel=web", "as_of=2024-01-31"]
    assert assignments(CohortParameters, texts) == {
        "grain": "week",
        "min_orders": 2,
        "level": 0.9,
        "segment": "channel=web",
        "as_of": "2024-01-31",
    }


def test_texts_that_cannot_be_read_are_left_for_validation_to_refuse():
    values = assignments(CohortParameters, ["min_orders=two", "gain=week"])
    assert values == {"min_orders": "two", "gain": "week"}
    with pytest.raises(ParameterError, match="gain"):
        validate(CohortParameters, values)


@pytest.mark.parametrize(("texts", "says"), [(["grain"], "sets nothing"), (["age=1", "age=2"], "set twice")])
def test_texts_that_set_nothing_or_twice_are_refused(texts, says):
    with pytest.raises(ParameterError, match=says):
        assignments(CohortParameters, texts)


def test_a_notebook_is_found_by_name_and_others_are_suggested():
    assert notebook("cohorts") is NOTEBOOKS["cohorts"]
    with pytest.raises(ParameterError, match=r"Did you mean 'cohorts'.*Choose from: cohorts"):
        notebook("cohort")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_parameters_cell_sets_every_default_with_its_help(name):
    model = NOTEBOOKS[name].parameters
    source = parameters_cell(model)
    values = {}
    exec(source, {}, values)
    assert validate(model, values) == model()
    assert list(values) == list(model.model_fields)
    for line, field in zip(source.splitlines(), model.model_fields.values(), strict=True):
        assert "#" not in line.split("  # ")[0]
        assert field.description.replace("'", '"') in line


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_table_has_a_row_for_every_parameter(name):
    model = NOTEBOOKS[name].parameters
    rows = parameters_table(model).splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == list(model.model_fields)
    assert all(row.count("|") == 5 for row in rows)


def test_a_parameter_needs_a_default():
    from pydantic import BaseModel

    class Bare(BaseModel):
        missing: int

    with pytest.raises(ParameterError, match="has no default"):
        parameters_cell(Bare)


def test_allowed_values_are_told_in_words():
    assert allowed(CohortParameters, "mode") == "one of bounded, unbounded, range, streak"
    assert allowed(CohortParameters, "dataset") == "text"
    assert allowed(CohortParameters, "level") == "a number from 0.5 to 0.999"


def test_truth_is_read_from_its_words_only():
    class Switched(ViewParameters):
        smooth: bool = False

    assert [typed(Switched, "smooth", text) for text in ("true", "False", "yes", "")] == [
        True,
        False,
        "yes",
        "",
    ]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_parameters_in_sight_are_parameters(name):
    one = NOTEBOOKS[name]
    assert set(one.in_sight) <= set(one.parameters.model_fields) - {"dataset", "as_of"}
    assert len(set(one.in_sight)) == len(one.in_sight)


def test_refused_value_is_repeated_in_a_line_at_most():
    assert echoed("web") == "'web'"
    assert echoed("w" * 58) == f"'{'w' * 58}'"
    assert echoed("w" * 59) == f"'{'w' * 57}…'"
    with pytest.raises(ParameterError) as caught:
        validate(CohortParameters, {"grain": "w" * 10**6})
    assert len(str(caught.value)) < 200
