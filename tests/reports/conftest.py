"""Small notebooks that behave well or badly, and a view with one table and one chart."""

import sys
from pathlib import Path

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # for shops
sys.path.insert(0, str(Path(__file__).parent))  # for fake_view, which kernels import too

GOOD = {
    "open": "from fake_view import FakeView\nview = FakeView(dataset=dataset, grain=grain)",
    "show": "view.show()",
    "warn": "import warnings\nwarnings.warn(f'few customers in {dataset}')\nprint(dataset)",
}
RECORD = "from retention_kit.reports import record\nrecord(view)"


def write_notebook(folder: Path, *sources: str, tag: str = "parameters", record: str = RECORD) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    cells = [
        nbformat.v4.new_markdown_cell("# Cohorts\n\nWho comes *back*?"),
        nbformat.v4.new_code_cell('dataset = "cdnow"\ngrain = "month"', metadata={"tags": [tag]}),
        *[nbformat.v4.new_code_cell(source) for source in sources],
    ]
    if record:
        cells.append(nbformat.v4.new_code_cell(record, metadata={"tags": ["record"]}))
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "01_cohorts.ipynb")
    return folder


@pytest.fixture(scope="session")
def notebook_of():
    return write_notebook


@pytest.fixture(scope="session", autouse=True)
def fake_view_in_kernels():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        yield


@pytest.fixture(scope="session")
def good_cells():
    return tuple(GOOD.values())
