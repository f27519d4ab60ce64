"""The stored notebooks: what their readers see on a code host, and that it is what the code gives today."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import store

from retention_kit.notebooks import NOTEBOOKS
from retention_kit.params import parameters_cell

NBVAL = ["--nbval", "--nbval-current-env", "--override-ini", "addopts=", "-p", "no:cacheprovider"]
SILENT = ("controls", "differences", "groups")  # shown on live pages, or with a breakdown, only


def read(notebook):
    return nbformat.read(store.FOLDER / notebook.file, as_version=4)


def code_cells(node):
    return [cell for cell in node.cells if cell.cell_type == "code"]


def shows(cell):
    """Whether the cell ends with an expression whose value a reader sees."""
    if any(f"view.{name}()" in cell.source for name in SILENT):
        return False
    return isinstance(ast.parse(cell.source).body[-1], ast.Expr)


def not_stored(node):
    """What nbval lets pass: cells that were never executed, or whose output is gone."""
    cells = code_cells(node)
    never = [cell.id for cell in cells if cell.execution_count is None]
    empty = [cell.id for cell in cells if shows(cell) and not cell.outputs]
    return never + empty


@pytest.fixture(params=NOTEBOOKS.values(), ids=NOTEBOOKS)
def notebook(request):
    return request.param


@pytest.fixture
def quiet_environment(monkeypatch):
    """Executing sets the surface for the kernels it starts; here it is taken back."""
    monkeypatch.setenv("RETENTION_SURFACE", "report")
    monkeypatch.delenv("RETENTION_RUN_DIR", raising=False)
    return {name: value for name, value in os.environ.items() if not name.startswith("RETENTION_SURFACE")}


def test_parameters_cell_is_the_model(notebook):
    (cell,) = [cell for cell in code_cells(read(notebook)) if "parameters" in cell.metadata.get("tags", [])]
    assert cell.source == parameters_cell(notebook.parameters)


def test_notebook_is_valid_and_its_ids_are_lasting(notebook):
    node = read(notebook)
    nbformat.validate(node)
    assert [cell.id for cell in node.cells] == [
        f"{notebook.name}-{number:02}" for number in range(len(node.cells))
    ]
    assert node.metadata.title == notebook.title
    assert notebook.question.split(",")[0] in node.cells[0].source


def test_cells_are_short_and_define_nothing(notebook):
    cells = [cell for cell in code_cells(read(notebook)) if "parameters" not in cell.metadata.get("tags", [])]
    assert max(len(cell.source.splitlines()) for cell in cells) <= 10
    definitions = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef, ast.Lambda, ast.For, ast.While)
    for cell in cells:
        assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, definitions)]


def test_last_cell_is_the_contract_with_reports(notebook):
    last = code_cells(read(notebook))[-1]
    assert last.metadata.tags == ["record"]
    assert "record(view)" in last.source


def test_notebook_is_stored_executed(notebook):
    node = read(notebook)
    assert not_stored(node) == [], "Store it with: make notebooks"
    assert [cell.execution_count for cell in code_cells(node)] == list(range(1, len(code_cells(node)) + 1))


def test_stored_outputs_are_small_static_and_harmless(notebook):
    assert (store.FOLDER / notebook.file).stat().st_size < 400_000
    allowed = {"text/plain", "text/html", "image/svg+xml"}
    for cell in code_cells(read(notebook)):
        for output in cell.outputs:
            assert output.output_type == "execute_result"
            assert set(output.data) <= allowed
            assert not any("<script" in text for text in output.data.values())


def test_stored_notebook_says_nothing_about_the_machine(notebook):
    text = (store.FOLDER / notebook.file).read_text("utf-8")
    assert str(Path.home()) not in text
    assert str(store.FOLDER.parent) not in text
    assert read(notebook).metadata.language_info == {"name": "python"}


@pytest.mark.usefixtures("quiet_environment")
def test_executing_again_gives_what_is_stored(notebook):
    stored, now = read(notebook), store.executed(store.FOLDER / notebook.file)
    changed = [old.id for old, new in zip(stored.cells, now.cells, strict=True) if old != new]
    assert changed == [], "The stored notebook is stale; store it with: make notebooks"
    assert stored.metadata == now.metadata


def test_guard_tells_a_notebook_that_was_never_executed(notebook):
    node = read(notebook)
    for cell in code_cells(node):
        cell.outputs, cell.execution_count = [], None
    assert not_stored(node)[: len(code_cells(node))] == [cell.id for cell in code_cells(node)]


def test_guard_tells_a_lost_output(notebook):
    node = read(notebook)
    cell = next(cell for cell in code_cells(node) if cell.source.startswith("view.reading"))
    cell.outputs = []
    assert not_stored(node) == [cell.id]


def test_comparison_of_stored_outputs_bites(tmp_path, quiet_environment):
    node = read(NOTEBOOKS["cohorts"])
    (cell,) = [cell for cell in code_cells(node) if cell.source == "view.reading()"]
    cell.outputs[0].data["text/plain"] = cell.outputs[0].data["text/plain"].replace("14.6 %", "14.7 %")
    assert "14.7 %" in cell.outputs[0].data["text/plain"]
    nbformat.write(node, tmp_path / "changed.ipynb")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *NBVAL, "changed.ipynb"],
        cwd=tmp_path, env=quiet_environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 1, ended.stdout
    assert "14.7 %" in ended.stdout
    assert "1 failed" in ended.stdout


def test_plain_papermill_runs_the_notebook(tmp_path, quiet_environment):
    source = store.FOLDER / NOTEBOOKS["cohorts"].file
    ended = subprocess.run(
        [sys.executable, "-m", "papermill", source, "out.ipynb", "-p", "grain", "week", "--no-progress-bar"],
        cwd=tmp_path, env=quiet_environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    done = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    (injected,) = [cell for cell in done.cells if "injected-parameters" in cell.metadata.get("tags", [])]
    assert 'grain = "week"' in injected.source
    (reading,) = [cell for cell in code_cells(done) if cell.source == "view.reading()"]
    assert "counting in weeks." in reading.outputs[0].data["text/plain"]
