import pytest

from retention_kit.workbook.surface import Surface, asked_in_address, surface


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


def test_address_is_read_as_assignments():
    asked = asked_in_address({"QUERY_STRING": "grain=week&segment=channel%3Dweb&mode=&age=2"})
    assert asked == ["grain=week", "segment=channel=web", "age=2"]
    assert asked_in_address({}) == []
