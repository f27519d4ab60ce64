"""No test touches the user's cache; small shops become datasets by the product's own front door."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest

sys.path.insert(0, str(Path(__file__).parent / "measures"))  # for the oracle and its random shops


def pytest_configure(config):
    # Test workers share the folder of the process that started them, as kernels do.
    if not hasattr(config, "workerinput"):
        config.stash[_FOLDER] = tempfile.mkdtemp(prefix="retention-tests-")
        os.environ["RETENTION_CACHE"] = config.stash[_FOLDER]


def pytest_unconfigure(config):
    if _FOLDER in config.stash:
        shutil.rmtree(config.stash[_FOLDER], ignore_errors=True)


_FOLDER = pytest.StashKey[str]()


def frame_of(shop):
    """The orders of a shop as the table that its till would export."""
    orders = shop.orders
    return pa.table(
        {
            "customer": [order.customer for order in orders],
            "bought": pa.array([order.at for order in orders], pa.timestamp("us")),
            "receipt": [f"r{number}" for number in range(len(orders))],
            "paid": pa.array([order.amount for order in orders], pa.decimal128(12, 2)),
            "earned": pa.array([order.margin for order in orders], pa.decimal128(12, 2)),
            "channel": pa.array([order.channel for order in orders], pa.string()),
            "device": pa.array([order.device for order in orders], pa.string()),
        }
    )


def open_shop_at(shop, **changes):
    from retention_kit import open_dataset

    columns = {
        "customer_id": "customer",
        "ordered_at": "bought",
        "order_id": "receipt",
        "amount": "paid",
        "margin": "earned",
        "channel": "channel",
        "device": "device",
    }
    settings = {
        "columns": columns,
        "segments": ["channel", "device"],
        "time_zone": shop.time_zone,
        "first_weekday": shop.first_weekday,
        "fiscal_year_start": shop.fiscal_year_start,
        "as_of": shop.as_of,
    }
    return open_dataset(frame_of(shop), **(settings | changes))


@pytest.fixture(scope="session")
def open_shop():
    """A function that opens a shop of the oracle as a dataset."""
    return open_shop_at


@pytest.fixture
def cohort_notebook(tmp_path):
    """A function that writes the cohort notebook with the given code cells into a folder."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    def write(*codes, tags=()):
        folder = tmp_path / "notebooks"
        folder.mkdir(exist_ok=True)
        made = (new_code_cell(code, metadata={"tags": list(tags)} if tags else {}) for code in codes)
        cells = [new_markdown_cell("# Cohorts"), *made]
        nbformat.write(new_notebook(cells=cells), folder / "01_cohorts.ipynb")
        return folder

    return write
