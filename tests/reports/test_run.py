import hashlib
import json
import sys
from pathlib import Path

import nbformat
import pandas as pd
import psutil
import pytest
import shops
from filelock import FileLock
from nbclient import NotebookClient

from retention_kit.errors import BusyError, DataError, ParameterError, ReportError, TimeLimitError
from retention_kit.reports import run_report

DATA_ERROR = (
    "from retention_kit.errors import DataError\nraise DataError('orders.csv is empty.', todo='Fill it.')"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The folder from which reports are run; it holds a dataset file."""
    folder = tmp_path_factory.mktemp("home")
    shops.write_shop(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


@pytest.fixture(scope="module")
def steps():
    return []


@pytest.fixture(scope="module")
def published(home, steps, notebook_of, good_cells):
    notebooks = notebook_of(home / "good", *good_cells)
    return run_report(
        "cohorts",
        parameters={"dataset": "shop.toml", "grain": "week"},
        out=Path("out"),
        notebooks=notebooks,
        progress=steps.append,
    )


@pytest.fixture
def run(home, notebook_of):
    def run(*sources, name, dataset="shop.toml", job="", timeout=60, progress=None, **notebook):
        folder = notebook_of(home / name, *sources, **notebook)
        parameters = {"dataset": dataset, "grain": "week"}
        return run_report(
            "cohorts",
            parameters=parameters,
            out=home / "out",
            notebooks=folder,
            name=job,
            timeout=timeout,
            progress=progress,
        )

    return run


def test_a_report_is_a_page_a_notebook_tables_and_a_manifest(published):
    files = {
        str(file.relative_to(published.folder)) for file in published.folder.rglob("*") if file.is_file()
    }
    tables = {"tables/cohorts.csv", "tables/cohorts.parquet"}
    assert files == {"report.html", "report.ipynb", "manifest.json"} | tables
    assert published.page.is_file()


def test_latest_points_at_the_newest_report_and_the_run_folder_is_gone(published):
    job = published.folder.parent
    assert job.name == "cohorts-shop"
    assert (job / "latest").resolve() == published.folder.resolve()
    assert {path.name for path in (job.parent / ".runs").iterdir()} == {
        "cohorts-shop.lock",
        "cohorts-shop.dataset",
    }


def test_the_manifest_says_what_was_run_on_which_data(published):
    manifest = json.loads((published.folder / "manifest.json").read_text())
    assert manifest == published.manifest
    assert manifest["state"] == "complete"
    assert manifest["parameters"]["dataset"] == "shop.toml"
    assert manifest["parameters"]["grain"] == "week"
    assert manifest["rerun"] == "retention report cohorts --dataset shop.toml --set grain=week"
    assert manifest["dataset"]["as_of"] == "1998-06-30"
    assert manifest["row_accounting"]["orders"]["dropped"] == [{"reason": "ragged row", "rows": 10}]
    assert manifest["warnings"] == ["UserWarning: few customers in shop.toml"]
    assert manifest["versions"]["duckdb"]
    assert manifest["timings"]["execute"] > 0
    assert manifest["pdf"] is None
    assert published.pdf is None


def test_table_digests_match_the_files(published):
    for table in published.manifest["tables"]:
        content = (published.folder / table["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == table["sha256"]
        assert table["rows"] == 3


def test_the_same_number_stands_in_page_csv_parquet_and_manifest(published):
    number = "0.30000000000000004"
    assert f'<data value="{number}">' in published.page.read_text()
    assert number in (published.folder / "tables/cohorts.csv").read_text()
    assert number in (published.folder / "manifest.json").read_text()
    assert pd.read_parquet(published.folder / "tables/cohorts.parquet")["retention_rate"][0] == float(number)


def test_no_published_file_names_a_folder_of_this_machine(published, home):
    names = [str(home), str(Path.home()), "ipykernel_"]
    for file in published.folder.rglob("*"):
        if file.is_file():
            content = file.read_text(errors="replace")
            assert [name for name in names if len(name) > 5 and name in content] == [], file.name


def test_the_published_notebook_is_valid_and_holds_the_parameters_asked_for(published):
    notebook = nbformat.read(published.folder / "report.ipynb", as_version=4)
    nbformat.validate(notebook)
    injected = next(cell for cell in notebook.cells if cell.id == "injected-parameters")
    assert "dataset = 'shop.toml'" in injected.source
    assert "papermill" not in notebook.metadata
    assert notebook.cells[-1].outputs[0].data["text/plain"].startswith("Recorded tables: cohorts (3 rows)")


def test_progress_goes_from_the_first_cell_to_the_last(published, steps):
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert steps[-1].done == steps[-1].cells == 7
    assert steps[0].elapsed_seconds <= steps[-1].elapsed_seconds


def test_a_known_error_keeps_its_sentence_and_exit_code_and_the_last_good_report(published, run):
    with pytest.raises(ReportError, match=r"orders\.csv is empty\. Fill it\.") as caught:
        run(DATA_ERROR, name="data-error")
    assert (caught.value.code, caught.value.exit_code) == ("data", 3)
    job = published.folder.parent
    assert (job / "latest").resolve() == published.folder.resolve()
    (failed,) = (job / "failed").iterdir()
    assert str(failed.name) in str(caught.value)
    assert json.loads((failed / "error.json").read_text())["exit_code"] == 3
    assert "DataError" in (failed / "executed.ipynb").read_text()


def test_an_unknown_error_names_its_cell_and_kind(run):
    with pytest.raises(ReportError, match=r"failed in cell \[3\] with ZeroDivisionError: division") as caught:
        run("1 / 0", name="bug")
    assert caught.value.exit_code == 4


def test_leaving_with_success_before_the_end_is_a_failure(run):
    with pytest.raises(ReportError, match="without a result"):
        run("import sys\nsys.exit(0)", name="early")


def test_leaving_with_success_after_the_result_is_a_failure(run):
    source = "from fake_view import FakeView\nview = FakeView(dataset=dataset, grain=grain)"
    record = "from retention_kit.reports import record\nrecord(view)\nimport sys\nsys.exit(0)"
    with pytest.raises(ReportError, match="code cell 4 stopped"):
        run(source, name="late", record=record)


def test_a_notebook_that_records_nothing_has_failed(run):
    with pytest.raises(ReportError, match=r"last cell must be retention_kit\.reports\.record"):
        run("1", name="forgetful", record="")


def test_a_notebook_that_ignores_its_parameters_has_failed(run):
    source = "from fake_view import FakeView\nview = FakeView(dataset=dataset, grain='year')"
    with pytest.raises(ReportError, match="ran with grain='year', asked for was 'week'"):
        run(source, name="stubborn")


def test_a_kernel_that_dies_is_a_failure(run):
    with pytest.raises(ReportError, match="DeadKernelError"):
        run("import os\nos._exit(1)", name="dead")


def test_a_file_that_is_no_notebook_is_a_failure(home):
    (home / "broken").mkdir()
    (home / "broken" / "01_cohorts.ipynb").write_text("not json")
    with pytest.raises(ReportError, match=r"ended with code 1; json\.decoder\.JSONDecodeError"):
        run_report("cohorts", parameters={}, out=home / "out", notebooks=home / "broken")


def test_a_run_past_its_limit_is_ended_and_nothing_is_published(run, home):
    with pytest.raises(TimeLimitError, match=r"after 0\.2 seconds") as caught:
        run("1", name="slow", timeout=0.2)
    assert caught.value.exit_code == 5
    assert not [child for child in psutil.Process().children(recursive=True) if child.is_running()]


def test_an_interrupted_run_takes_its_kernel_with_it(run, home):
    pid_file = home / "kernel.pid"
    tell = f"import os, pathlib\npathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()))"

    def interrupt(progress):
        if pid_file.exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tell, "import time\ntime.sleep(60)", name="interrupted", progress=interrupt)
    assert not psutil.pid_exists(int(pid_file.read_text()))


def test_two_runs_of_one_job_do_not_meet(run, home):
    (home / "out" / ".runs").mkdir(parents=True, exist_ok=True)
    with (
        FileLock(home / "out" / ".runs" / "cohorts-shop.lock"),
        pytest.raises(BusyError, match="'cohorts-shop' is going on"),
    ):
        run("1", name="busy")


def test_a_pdf_without_chromium_starts_nothing(tmp_path, notebook_of, monkeypatch):
    monkeypatch.setenv("RETENTION_CHROMIUM", str(tmp_path / "chromium"))
    notebooks = notebook_of(tmp_path / "notebooks", "1")
    with pytest.raises(ReportError, match="A PDF needs Chromium"):
        run_report("cohorts", parameters={}, out=tmp_path / "out", notebooks=notebooks, pdf=True)
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a script with a first line")
def test_a_pdf_that_cannot_be_printed_leaves_the_last_good_report(
    published, home, notebook_of, good_cells, monkeypatch, tmp_path
):
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\necho No usable sandbox! >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("RETENTION_CHROMIUM", str(program))
    notebooks = notebook_of(tmp_path / "notebooks", *good_cells)
    parameters = {"dataset": "shop.toml", "grain": "week"}
    with pytest.raises(ReportError, match=r"'chromium' ended with code 1.*What is left of it: ") as caught:
        run_report("cohorts", parameters=parameters, out=home / "out", notebooks=notebooks, pdf=True)
    job = published.folder.parent
    assert (job / "latest").resolve() == published.folder.resolve()
    left = max((job / "failed").iterdir())
    assert str(left.name) in str(caught.value)
    assert (left / "chromium.log").read_text() == "No usable sandbox!\n"
    assert not list(job.rglob("*.pdf"))


def test_a_bad_parameter_starts_nothing(tmp_path):
    with pytest.raises(ParameterError, match="Did you mean 'grain'"):
        run_report("cohorts", parameters={"gran": "week"}, out=tmp_path / "out", notebooks=tmp_path)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf")])
def test_a_time_limit_that_is_none_starts_nothing(tmp_path, timeout):
    with pytest.raises(ParameterError, match=r"timeout = .* greater than 0"):
        run_report("cohorts", parameters={}, out=tmp_path / "out", notebooks=tmp_path, timeout=timeout)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["../shop", "Weekly", ".runs", "x" * 51])
def test_a_name_that_is_no_folder_starts_nothing(tmp_path, name):
    with pytest.raises(ParameterError, match="cannot be the name of a report"):
        run_report("cohorts", parameters={}, out=tmp_path / "out", notebooks=tmp_path, name=name)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("dataset", ["cdnw", "shoop.toml", "nowhere/orders.csv"])
def test_a_dataset_that_is_not_there_starts_nothing(home, notebook_of, tmp_path, dataset):
    notebooks = notebook_of(tmp_path / "notebooks", "1")
    with pytest.raises(DataError) as caught:
        run_report("cohorts", parameters={"dataset": dataset}, out=tmp_path / "out", notebooks=notebooks)
    assert caught.value.exit_code == 3
    assert not (tmp_path / "out").exists()


def test_another_dataset_of_the_same_name_is_refused_and_published_under_a_name(
    published, run, home, good_cells
):
    (home / "north").mkdir()
    other = shops.write_shop(home / "north")
    with pytest.raises(ParameterError, match=r"of another dataset.*--name"):
        run(*good_cells, name="north-notebooks", dataset=str(other))
    job = published.folder.parent
    assert (job / "latest").resolve() == published.folder.resolve()
    named = run(*good_cells, name="north-notebooks", dataset=str(other), job="north-weekly")
    assert named.folder.parent == home / "out" / "north-weekly"


def test_a_missing_notebook_is_named(tmp_path):
    with pytest.raises(ReportError, match=r"01_cohorts\.ipynb' is missing"):
        run_report("cohorts", parameters={}, out=tmp_path / "out", notebooks=tmp_path)


def test_a_notebook_runs_by_itself_and_records_nothing(tmp_path, notebook_of, good_cells, monkeypatch):
    monkeypatch.delenv("RETENTION_RUN_DIR", raising=False)
    file = notebook_of(tmp_path, good_cells[0]) / "01_cohorts.ipynb"
    notebook = nbformat.read(file, as_version=4)
    NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert notebook.cells[-1].outputs[0].data["text/plain"].startswith("Nothing recorded")
    assert [path.name for path in tmp_path.iterdir()] == ["01_cohorts.ipynb"]
