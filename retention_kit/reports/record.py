"""The contract cell: what a notebook leaves behind when it runs as a report.

``record(view)`` is the last thing a notebook does. Its ``result.json`` is written last of all, so a run
that has one has come to its end.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel

from retention_kit.errors import ReportError
from retention_kit.tables import plain, write_csv, write_parquet

if TYPE_CHECKING:
    from pyarrow.lib import Table

__all__ = ["RESULT", "Accounting", "Recorded", "View", "ViewedDataset", "json_ready", "record"]

RESULT = "result.json"
FILE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


class Accounting(Protocol):
    """What became of every row."""

    def to_dict(self) -> Mapping[str, Any]:
        """Return the counts by name."""


class ViewedDataset(Protocol):
    """The dataset behind a view: enough to say which data a number comes from."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def as_of(self) -> date: ...
    @property
    def currency(self) -> str: ...
    @property
    def time_zone(self) -> str: ...
    @property
    def accounting(self) -> Accounting | None: ...
    @property
    def accountings(self) -> Mapping[str, Accounting]: ...


class View(Protocol):
    """What a notebook shows: its parameters, its data, and the numbers and charts on the page.

    ``charts()`` returns Vega-Lite specifications with their data inline. ``headline()`` returns rows with
    ``name``, ``value``, ``ci_low``, ``ci_high``, ``n`` and ``unit``; the unit ``fraction`` is shown as
    percent, ``points`` (fractions too) in points, any other unit is written behind the number.
    """

    @property
    def parameters(self) -> BaseModel: ...
    @property
    def dataset(self) -> ViewedDataset: ...
    def tables(self) -> Mapping[str, "Table"]: ...
    def charts(self) -> Mapping[str, Mapping[str, Any]]: ...
    def headline(self) -> Sequence[Mapping[str, Any]]: ...


class Recorded(str):
    """The sentence that `record` returns; a notebook shows it without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def record(view: View) -> Recorded:
    """Leave the view's tables, charts and numbers for the report, and say which they are.

    Outside a report run (``RETENTION_RUN_DIR`` unset) nothing is computed or written.

    Parameters
    ----------
    view : View
        The notebook's view, at the end of the notebook.

    Returns
    -------
    Recorded
        One line of text; the same view gives the same line.

    Raises
    ------
    ReportError
        When a table's or chart's name cannot be a file name.
    """
    run_folder = os.environ.get("RETENTION_RUN_DIR")
    if not run_folder:
        return Recorded("Nothing recorded: this is no report run.")
    tables, charts, headline = view.tables(), view.charts(), view.headline()
    for name in (*tables, *charts):
        if not FILE_NAME.fullmatch(name):
            raise ReportError(
                f"{name!r} cannot be the name of a table or chart.",
                todo="Use lower-case letters, digits, _ and -, 60 at most.",
            )
    sizes = ", ".join(f"{name} ({table.num_rows:,} rows)" for name, table in tables.items())
    text = f"tables: {sizes or 'none'}; charts: {', '.join(charts) or 'none'}; numbers: {len(headline)}."
    folder = Path(run_folder)
    (folder / RESULT).unlink(missing_ok=True)  # an older result must not vouch for this one
    result = {
        "schema": 1,
        "parameters": view.parameters.model_dump(mode="json"),
        "dataset": {
            name: json_ready(getattr(view.dataset, name))
            for name in ("name", "title", "fingerprint", "as_of", "currency", "time_zone")
        },
        "row_accounting": _accounted(view.dataset),
        "headline": json_ready(headline),
        "tables": [entry for name, table in tables.items() for entry in _table_files(folder, name, table)],
        "charts": [_chart_file(folder, name, spec) for name, spec in charts.items()],
    }
    unfinished = folder / f"{RESULT}.part"
    unfinished.write_text(json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False), encoding="utf-8")
    unfinished.replace(folder / RESULT)
    return Recorded(f"Recorded {text}")


def _accounted(dataset: ViewedDataset) -> dict[str, Any]:
    """Where each row went, by table, the orders first."""
    tables = {"orders": dataset.accounting, **dataset.accountings}
    return {name: json_ready(found.to_dict()) for name, found in tables.items() if found is not None}


def json_ready(value: object) -> Any:
    """Return a value as JSON can hold it: floats as they are, amounts and dates as their one spelling.

    >>> from decimal import Decimal
    >>> json_ready({"rate": 0.25, "net": Decimal("12.5000"), "day": date(1997, 1, 31), "none": float("nan")})
    {'rate': 0.25, 'net': '12.50', 'day': '1997-01-31', 'none': None}
    """
    if isinstance(value, Mapping):
        return {str(key): json_ready(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value, key=plain) if isinstance(value, (set, frozenset)) else value
        return [json_ready(item) for item in items]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return float(value) if abs(value) < float("inf") else None
    return plain(value)


def _table_files(folder: Path, name: str, table: "Table") -> list[dict[str, Any]]:
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    entries = []
    for file, write in ((f"tables/{name}.csv", write_csv), (f"tables/{name}.parquet", write_parquet)):
        write(table, folder / file)
        digest = hashlib.sha256((folder / file).read_bytes()).hexdigest()
        entries.append({"name": name, "file": file, "rows": table.num_rows, "sha256": digest})
    return entries


def _chart_file(folder: Path, name: str, spec: Mapping[str, Any]) -> dict[str, str]:
    (folder / "charts").mkdir(parents=True, exist_ok=True)
    file = f"charts/{name}.json"
    (folder / file).write_text(json.dumps(json_ready(spec), ensure_ascii=False), encoding="utf-8")
    return {"name": name, "file": file}
