"""A notebook's outputs as static HTML, and the program that makes them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from retention_kit.notebooks import CohortParameters
from retention_kit.reports.picture import PICTURE, outputs

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_cohorts.ipynb"
HOSTILE = '</div><script>alert("x")</script>'
SPEC = {
    "title": {"text": HOSTILE, "subtitle": ["first", HOSTILE]},
    "description": f'"{HOSTILE}"',
    "mark": "point",
    "data": {"values": [{"a": HOSTILE}]},
    "encoding": {"x": {"field": "a", "type": "nominal"}},
    "width": 300,
}


def shown(data, **metadata):
    return {"output_type": "display_data", "data": data, "metadata": metadata}


def program(folder, **parameters):
    """Run it as a server does."""
    asked = CohortParameters(**parameters).model_dump(mode="json")
    (folder / "request.json").write_text(json.dumps({"notebook": str(NOTEBOOK), "parameters": asked}))
    command = [sys.executable, "-m", "retention_kit.reports.picture", str(folder)]
    return subprocess.run(command, input="", capture_output=True, text=True, check=False)


def run(folder, **parameters):
    """Run it while the lifeline holds."""
    asked = CohortParameters(**parameters).model_dump(mode="json")
    (folder / "request.json").write_text(json.dumps({"notebook": str(NOTEBOOK), "parameters": asked}))
    process = subprocess.Popen(
        [sys.executable, "-m", "retention_kit.reports.picture", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        code = process.wait(timeout=120)
        assert process.stdout is not None
        return code, process.stdout.read()


def test_a_chart_is_a_picture_in_light_and_dark_with_its_words_and_nothing_of_the_data_can_break_out():
    cell = {"id": "c1", "outputs": [shown({"image/svg+xml": "<svg/>"}, retention={"chart": "points"})]}
    html = outputs([cell], {"points": SPEC})["c1"]
    assert "<script" not in html
    assert html.count("data:image/svg+xml,") == 2
    assert "(prefers-color-scheme: dark)" in html
    assert "&lt;/div&gt;&lt;script&gt;" in html.split("rk-chart-subtitle")[0]
    assert html.count("disabled") == 3, "buttons that do nothing yet say so"


def test_words_are_taken_as_they_are_and_cells_that_show_nothing_are_left_out():
    cells = [
        {"id": "words", "outputs": [shown({"text/html": ["<p>a ", "b</p>"], "text/plain": "a b"})]},
        {"id": "plain", "outputs": [shown({"text/plain": "Recorded."})]},
        {"id": "prose"},
    ]
    assert outputs(cells, {}) == {"words": '<div class="rk-page rk-app-words"><p>a b</p></div>'}


def test_the_program_leaves_the_picture_of_the_parameters_asked_for(tmp_path):
    code, said = run(tmp_path, grain="quarter")
    assert code == 0, said
    made = json.loads((tmp_path / PICTURE).read_text())
    html = "".join(made["cells"].values())
    assert "active in the quarter" in html
    assert html.count("<picture>") == 5
    assert str(tmp_path) not in html


def test_what_cannot_be_computed_is_said_and_leaves_no_picture(tmp_path):
    code, said = run(tmp_path, breakdown="colour")
    assert code == 1
    assert "no segment 'colour'" in said
    assert not (tmp_path / PICTURE).exists()


def test_the_program_ends_with_who_has_started_it(tmp_path):
    ended = program(tmp_path)  # its standard input closes at once
    assert ended.returncode == 1
    assert not (tmp_path / PICTURE).exists()


KILLED = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"


@pytest.mark.parametrize("code", ["grain = 'year'", KILLED])
def test_a_notebook_that_does_not_do_as_it_is_told_gives_no_picture(tmp_path, code, monkeypatch):
    import nbformat

    changed = nbformat.read(NOTEBOOK, as_version=4)
    changed.cells.insert(2, nbformat.v4.new_code_cell(code))
    path = tmp_path / "changed.ipynb"
    nbformat.write(changed, path)
    monkeypatch.setattr(sys.modules[__name__], "NOTEBOOK", path)
    status, said = run(tmp_path)
    assert status == 1
    assert said.strip()
    assert not (tmp_path / PICTURE).exists()
