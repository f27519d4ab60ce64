import pytest

from retention_kit.errors import ParameterError
from retention_kit.links import Opening
from retention_kit.notebooks import CohortParameters
from retention_kit.workbook.surface import Surface, first_view, surface


@pytest.mark.parametrize("one", Surface)
def test_environment_names_the_surface(one):
    assert surface({"RETENTION_SURFACE": one.value}) is one


def test_unknown_surface_is_an_error():
    with pytest.raises(ValueError, match="kiosk"):
        surface({"RETENTION_SURFACE": "kiosk"})


def test_kernel_that_a_person_opened_is_alive():
    assert surface({"JPY_SESSION_NAME": "notebooks/01_cohorts.ipynb"}) is Surface.NOTEBOOK


def test_kernel_that_a_program_runs_is_static():
    assert surface({}) is Surface.REPORT
    assert surface({"RETENTION_SURFACE": ""}) is Surface.REPORT


def test_only_reports_have_no_widgets():
    assert [one for one in Surface if not one.live] == [Surface.REPORT]


@pytest.fixture
def asked(monkeypatch):
    """A notebook that says weeks, at an address that says age 2, on a server of one shop."""
    monkeypatch.setenv("QUERY_STRING", "age=2")
    monkeypatch.setenv("RETENTION_DATASETS", '{"shop": "/srv/shop.toml"}')
    return lambda where, **more: first_view(CohortParameters, {"grain": "week", "_": 1, **more}, where)


def test_app_shows_what_its_address_says(asked):
    shown = CohortParameters(dataset="shop", grain="week", age=2)
    assert asked(Surface.APP).parameters == shown


def test_address_means_nothing_elsewhere(asked):
    assert asked(Surface.NOTEBOOK).parameters == CohortParameters(dataset="shop", grain="week")
    assert asked(Surface.REPORT) == Opening(CohortParameters(grain="week"))


def test_bad_parameter_ends_a_report_and_is_a_sentence_on_a_page(asked):
    with pytest.raises(ParameterError, match="age=-1"):
        asked(Surface.REPORT, age=-1)
    assert len(asked(Surface.NOTEBOOK, age=-1).said) == 1


def test_as_of_date_is_an_analysts_choice_and_no_viewers(asked, monkeypatch):
    monkeypatch.setenv("QUERY_STRING", "as_of=2024-05-31")
    assert asked(Surface.APP).parameters.as_of == ""
    assert asked(Surface.NOTEBOOK, as_of="2024-05-31").parameters.as_of == "2024-05-31"
