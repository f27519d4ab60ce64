"""Pandas stays out of kernels that do not ask for it."""

import json
import subprocess
import sys

SERVED = """
import sys
from retention_kit.workbook import cohort_view
view = cohort_view({"dataset": "shop"})
view.heat_map(), view.definitions(), view.card()
assert "pandas" not in sys.modules, "pandas was loaded"
assert len(view.table.data) == view.table.cells.num_rows
assert "pandas" in sys.modules
"""


def test_served_page_loads_no_pandas_until_a_frame_is_asked_for(tmp_path, shop):
    environment = {
        "RETENTION_SURFACE": "app",
        "RETENTION_DATASETS": json.dumps({"shop": str(shop)}),
        "RETENTION_CACHE": str(tmp_path),
        "PATH": "",
    }
    done = subprocess.run(
        [sys.executable, "-c", SERVED], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_pandas_that_is_loaded_stays_loaded():
    import pandas as pd

    from retention_kit.workbook.arrow_alone import keep_pandas_out

    keep_pandas_out()
    assert sys.modules["pandas"] is pd
