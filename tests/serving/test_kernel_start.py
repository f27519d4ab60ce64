"""What a viewer's kernel loads, and what it does without until somebody asks."""

import subprocess
import sys

LEAN = """
import sys
from retention_kit.serving.kernel_start import load
load()
for name in ("retention_kit.workbook", "ipywidgets", "duckdb"):
    assert name in sys.modules, f"{name} was not loaded"
for name in ("debugpy", "pandas", "pyarrow._s3fs", "voila", "papermill", "altair", "vl_convert"):
    assert name not in sys.modules, f"{name} was loaded"

import pyarrow as pa
assert pa.array([1, None]).to_pylist() == [1, None]
assert "pandas" not in sys.modules
assert pa.table({"n": [1, 2]}).to_pandas()["n"].sum() == 3
import debugpy
"""


def test_kernel_loads_what_every_page_uses_and_the_rest_when_asked() -> None:
    done = subprocess.run([sys.executable, "-c", LEAN], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
