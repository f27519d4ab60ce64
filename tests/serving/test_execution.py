"""What cells show, and what becomes of those that fail."""

import asyncio
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from retention_kit.serving import execution
from retention_kit.serving.execution import CellFailureError, Shown, _piece, shown_cells
from retention_kit.serving.kernels import ViewerKernels, WorkbookKernelSpecs


def run(*cells: Any, tmp_path: Any) -> list[list[Shown]]:
    async def main() -> list[list[Shown]]:
        kernels = ViewerKernels(root_dir=str(tmp_path), kernel_spec_manager=WorkbookKernelSpecs())
        kernel = await kernels.begin(kernels.admit(), {"IPYTHONDIR": str(tmp_path)})
        try:
            return [shown async for shown in shown_cells(new_notebook(cells=list(cells)), kernel)]
        finally:
            await kernels.shutdown_all(now=True)

    return asyncio.run(main())


def test_cells_show_text_and_markup_in_their_order(tmp_path: Any) -> None:
    shown = run(
        new_markdown_cell("# Title"),
        new_raw_cell("raw"),
        new_code_cell("import sys\nprint('seen')\nprint('hidden', file=sys.stderr)"),
        new_code_cell("from IPython.display import HTML\nHTML('<b>bold</b>')"),
        tmp_path=tmp_path,
    )
    assert shown[0][0].kind == "html"
    assert shown[0][0].content.startswith('<h1 id="Title">Title')
    assert shown[1] == []
    assert shown[2] == [Shown("text", "seen\n")]
    assert shown[3] == [Shown("html", "<b>bold</b>")]


def test_kernel_works_in_its_own_folder(tmp_path: Any) -> None:
    shown = run(new_code_cell("import os\nprint(os.getcwd())"), tmp_path=tmp_path)
    assert shown == [[Shown("text", f"{tmp_path}\n")]]


def test_error_in_a_cell_ends_the_run_with_the_traceback_for_the_log(tmp_path: Any) -> None:
    with pytest.raises(CellFailureError, match=r"(?s)Cell 1: .*KeyError: 'which'") as caught:
        run(new_code_cell("raise KeyError('which')"), new_code_cell("1"), tmp_path=tmp_path)
    assert "\x1b" not in str(caught.value)


def test_tolerated_error_ends_the_run_as_well(tmp_path: Any) -> None:
    cell = new_code_cell("1 / 0", metadata={"tags": ["raises-exception"]})
    with pytest.raises(CellFailureError, match="ZeroDivisionError"):
        run(cell, tmp_path=tmp_path)


def test_kernel_that_ends_itself_is_a_failure(tmp_path: Any) -> None:
    with pytest.raises(CellFailureError, match="Cell 1"):
        run(new_code_cell("import os\nos._exit(1)"), tmp_path=tmp_path)


def test_cell_that_takes_too_long_is_a_failure(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "CELL_TIMEOUT_S", 1)
    with pytest.raises(CellFailureError, match="timed out"):
        run(new_code_cell("while True: pass"), tmp_path=tmp_path)


class MuteLine:
    """A line to a kernel that never answers."""

    def __init__(self, *, alive: bool) -> None:
        self.alive = alive

    def kernel_info(self) -> None:
        pass

    async def get_shell_msg(self, timeout: float) -> None:
        raise execution.Empty

    async def is_alive(self) -> bool:
        return self.alive


def test_kernel_that_never_answers_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "START_TIMEOUT_S", 0.05)
    with pytest.raises(CellFailureError, match=r"did not answer within 0\.05 s"):
        asyncio.run(execution._answering(MuteLine(alive=True)))
    with pytest.raises(CellFailureError, match="ended before it answered"):
        asyncio.run(execution._answering(MuteLine(alive=False)))


WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.mark.parametrize(
    ("data", "kind", "content"),
    [
        ({"text/html": "<i>x</i>", "text/plain": "x"}, "html", "<i>x</i>"),
        ({"text/markdown": "*x*"}, "html", "<p><em>x</em></p>\n"),
        ({"image/svg+xml": "<svg/>", "image/png": "AA"}, "svg", "<svg/>"),
        ({"image/png": "AA", "text/plain": "x"}, "png", "AA"),
        ({"image/jpeg": "AA"}, "jpeg", "AA"),
        ({"text/plain": "\x1b[31mx\x1b[0m"}, "text", "x"),
    ],
)
def test_richest_form_is_shown(data: dict[str, str], kind: str, content: str) -> None:
    assert _piece(new_output("display_data", data=data)) == Shown(kind, content)


def test_widget_goes_to_the_page_as_trusted_output() -> None:
    piece = _piece(new_output("display_data", data={WIDGET: {"model_id": "m"}, "text/plain": "Box()"}))
    assert piece is not None
    assert piece.kind == "widget"
    assert piece.content["trusted"] is True
    assert piece.content["data"][WIDGET] == {"model_id": "m"}


def test_script_output_is_not_shown() -> None:
    assert _piece(new_output("display_data", data={"application/javascript": "alert(1)"})) is None
