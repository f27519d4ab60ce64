from pathlib import Path

import nbformat
import pytest

from retention_kit.reports.scrub import Scrub, cleaned


@pytest.fixture
def start(tmp_path):
    (tmp_path / "shop.toml").touch()
    (tmp_path / "shop").touch()
    return tmp_path


def executed(*outputs, **metadata):
    cell = nbformat.v4.new_code_cell("x", outputs=list(outputs), metadata=metadata)
    return nbformat.v4.new_notebook(cells=[cell], metadata={"papermill": {"input_path": "/srv/x"}})


@pytest.mark.parametrize("name", ["cdnow", "shop", "shop.eu", ""])
def test_a_name_is_executed_and_published_as_it_is(start, name):
    scrub = Scrub.of({"dataset": name}, start=start)
    assert scrub.executed == scrub.published == {"dataset": name}
    assert scrub.dataset == name


@pytest.mark.parametrize("given", ["shop.toml", "./shop.toml", "data/*.csv"])
def test_a_relative_path_is_executed_absolute_and_published_as_given(start, given):
    scrub = Scrub.of({"dataset": given, "grain": "week"}, start=start)
    assert scrub.executed == {"dataset": str(start / Path(given)), "grain": "week"}
    assert scrub.published == {"dataset": given, "grain": "week"}


def test_an_absolute_path_is_published_by_file_name(start):
    scrub = Scrub.of({"dataset": str(start / "shop.toml")}, start=Path("/"))
    assert scrub.published == {"dataset": "shop.toml"}
    assert scrub.dataset == "shop"


def test_folders_are_taken_out_of_texts_but_not_out_of_longer_names(start):
    scrub = Scrub.of({"dataset": "shop.toml"}, start=start).without(Path("/srv/run"))
    text = f"{start}/shop.toml {start}/orders.csv /srv/run/x /srv/runner {Path.home()}/y"
    assert scrub.text(text) == "shop.toml ./orders.csv ./x /srv/runner ~/y"
    assert scrub.tree({"a": [f"{start}/b", 1, None]}) == {"a": ["./b", 1, None]}


def test_without_a_home_folder_paths_stay(monkeypatch, start):
    monkeypatch.setattr(Path, "home", lambda: Path("/"))
    assert Scrub.of({"dataset": "cdnow"}, start=start).text("/srv/x") == "/srv/x"


def test_standard_error_is_taken_out_and_its_warnings_are_kept(start):
    lines = f"{start}/cell.py:3: UserWarning: few in {start}\n  warn()\nloading…\n"
    shown = nbformat.v4.new_output("stream", name="stdout", text="shown")
    notebook = executed(nbformat.v4.new_output("stream", name="stderr", text=lines), shown)
    clean, warnings = cleaned(notebook, scrub=Scrub.of({"dataset": "cdnow"}, start=start))
    assert [output["text"] for output in clean.cells[0].outputs] == ["shown"]
    assert warnings == ["UserWarning: few in ."]
    assert len(notebook.cells[0].outputs) == 2


def test_run_metadata_is_taken_out_and_known_tags_are_kept(start):
    notebook = executed(papermill={"start_time": "now"}, tags=["record", "private"])
    clean, _ = cleaned(notebook, scrub=Scrub.of({"dataset": "cdnow"}, start=start))
    nbformat.validate(clean)
    assert clean.cells[0].metadata == {"tags": ["record"]}
    assert set(clean.metadata) == {"kernelspec", "language_info"}
