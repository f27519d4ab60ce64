import pytest
import shops

from retention_kit.data.resolve import samples
from retention_kit.links import link
from retention_kit.notebooks import CohortParameters
from retention_kit.workbook.address import Address, address
from retention_kit.workbook.state import State
from retention_kit.workbook.surface import Surface


@pytest.fixture
def of(parts, monkeypatch):
    """A function that finds the address among the controls of a view."""
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/ana/notebooks/01_cohorts.ipynb")

    def find(view):
        (found,) = [one for one in parts(view.controls()) if isinstance(one, Address)]
        return found

    return find


def arrive(widget, query):
    """What a page in JupyterLab says about the address it was opened with."""
    widget._handle_custom_msg({"opened": query}, [])


def test_address_holds_what_is_shown(in_app, of):
    view = in_app("grain=week")
    found = of(view)
    assert found.query == "v=1&dataset=shop&grain=week"
    view.state.change(breakdown="channel")
    assert found.query == link(view.parameters) == "v=1&dataset=shop&grain=week&breakdown=channel"


def test_address_of_a_refused_combination_is_that_of_the_last_charts(in_app, of):
    view = in_app("mode=streak")
    found = of(view)
    view.state.change(measure="revenue")
    assert view.parameters.measure == "revenue"
    assert found.query == "v=1&dataset=shop&mode=streak"


def test_nothing_shown_leaves_the_address_alone(in_app, of, shop):
    assert of(in_app("grain=week", datasets={"gone": shop.with_name("gone.toml")})).query == ""


def test_link_of_the_app_restores_its_view_in_jupyterlab(in_app, in_lab, of, shop, monkeypatch):
    sent = of(in_app("grain=week&segment=channel%3Dweb")).query
    monkeypatch.setenv("RETENTION_DATASETS", f'{{"shop": "{shop}"}}')
    view = in_lab(age=3)
    found = of(view)
    arrive(found, sent)
    assert view.parameters == CohortParameters(dataset="shop", grain="week", segment="channel=web")
    assert view.table.parameters == view.parameters
    assert found.query == sent
    assert view.state.message == ""


def test_link_of_a_notebook_over_a_file_restores_its_view_there(in_lab, of):
    view = in_lab(as_of="2024-05-31", grain="week")
    sent = of(view).query
    other = in_lab()
    arrive(of(other), sent)
    assert other.parameters == view.parameters


def test_link_in_jupyterlab_names_no_file(in_lab, of, tmp_path):
    view = in_lab()
    before = view.table
    secret = shops.write_shop(tmp_path)
    arrive(of(view), link(CohortParameters(dataset=str(secret))))
    assert view.table is before
    assert view.state.message.startswith("There is no dataset of that name here.")
    arrive(of(view), "v=1&dataset=cdnow")
    assert view.dataset.name in samples()


def test_link_that_cannot_be_shown_in_jupyterlab_is_said(in_lab, of):
    view = in_lab(age=2)
    found = of(view)
    before = found.query
    arrive(found, "v=1&grain=fortnight&breakdown=colour")
    assert "grain='fortnight' is not allowed" in view.state.message
    assert "colour" in view.state.message
    assert view.parameters == view.table.parameters == CohortParameters(dataset=view.parameters.dataset)
    assert found.query != before


def test_page_of_an_app_restores_nothing(in_app, of):
    view = in_app()
    arrive(of(view), "v=1&dataset=shop&grain=week&as_of=2024-05-31")
    assert view.parameters == CohortParameters(dataset="shop")


@pytest.mark.parametrize("message", [None, [], {}, {"opened": 1}, {"other": "v=1"}, "v=1"])
def test_other_messages_mean_nothing(in_lab, of, message):
    view = in_lab()
    found = of(view)
    found._handle_custom_msg(message, [])
    assert view.state.message == ""


def test_failure_while_restoring_is_a_sentence(in_lab, of, monkeypatch):
    view = in_lab()
    found = of(view)
    monkeypatch.setenv("RETENTION_DATASETS", "no JSON")
    arrive(found, "v=1&grain=week")
    assert "RETENTION_DATASETS is not a JSON object" in view.state.message


@pytest.mark.parametrize(
    ("session", "file"),
    [
        ("/home/ana/notebooks/01_cohorts.ipynb", "01_cohorts.ipynb"),
        ("C:\\Users\\ana\\01_cohorts.ipynb", "01_cohorts.ipynb"),
        (None, "unknown"),
    ],
)
def test_page_in_jupyterlab_is_known_by_its_notebooks_name(monkeypatch, session, file):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    if session:
        monkeypatch.setenv("JPY_SESSION_NAME", session)
    state = State(CohortParameters(), lambda _: None)
    assert address(state, Surface.NOTEBOOK).file == file
    assert address(state, Surface.APP).file == ""
