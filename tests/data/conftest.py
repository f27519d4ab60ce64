"""Files to read, written where a test may write, and a cache of their own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from retention_kit.data.dataset import Dataset, open_dataset


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a file and gives its path."""

    def write_file(name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write_file


@pytest.fixture
def opened(tmp_path: Path, write: Callable[..., Path]) -> Callable[..., Dataset]:
    """Return a function that opens the text of a CSV, with the settings of a dataset file."""

    def open_text(content: str | bytes, name: str = "orders.csv", **settings: Any) -> Dataset:
        settings = {"max_loss": 1.0, **settings}
        return open_dataset(str(write(name, content)), cache=tmp_path / "cache", **settings)

    return open_text


@pytest.fixture
def rows() -> Callable[..., list[dict[str, Any]]]:
    """Return a function that reads a dataset's canonical orders, in a stable order."""

    def read(dataset: Dataset) -> list[dict[str, Any]]:
        with duckdb.connect() as connection:
            found = connection.execute(f"FROM '{dataset.orders}' ORDER BY ALL")
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    return read
