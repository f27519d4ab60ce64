import json
import subprocess
import sys

import psutil
import pytest

from retention_kit.reports.execute import end_tree, execute


@pytest.fixture
def requested(tmp_path, notebook_of):
    def requested(*sources):
        notebooks = notebook_of(tmp_path / "notebooks", *sources, record="")
        request = {"notebook": str(notebooks / "01_cohorts.ipynb"), "parameters": {"grain": "week"}}
        (tmp_path / "request.json").write_text(json.dumps(request))
        return tmp_path

    return requested


def test_a_failing_cell_is_named_with_its_error_and_is_not_counted_as_done(requested):
    folder, steps = requested("raise KeyError(grain)"), []
    execute(folder, on_cell=lambda done, cells: steps.append((done, cells)))
    outcome = json.loads((folder / "outcome.json").read_text())
    assert outcome == {"state": "failed", "error": "KeyError", "message": "'week'", "cell": 3}
    assert steps == [(0, 4), (1, 4), (2, 4), (3, 4)]


def test_when_the_runner_is_gone_the_run_and_its_kernel_end(requested):
    folder = requested("import os\nopen('pid', 'w').write(str(os.getpid()))", "import time\ntime.sleep(60)")
    child = subprocess.Popen(
        [sys.executable, "-c", "from retention_kit.reports import execute as e; e.main()", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"HOME": str(folder)},
    )
    with child:
        while json.loads(child.stdout.readline())["done"] < 4:
            pass
        kernel = psutil.Process(int((folder / "pid").read_text()))
        child.stdin.close()
        assert child.wait(timeout=30) == 1
        assert psutil.wait_procs([kernel], timeout=10)[1] == []
    assert not (folder / "outcome.json").exists()


def test_ending_a_process_that_is_gone_is_no_error():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    end_tree(child.pid)
