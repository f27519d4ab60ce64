import json
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
from fake_view import FORMULA, FakeView

from retention_kit.errors import ReportError
from retention_kit.reports import record
from retention_kit.reports.record import json_ready


@pytest.fixture
def view():
    return FakeView(dataset="shop", grain="week")


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RETENTION_RUN_DIR", str(tmp_path))
    return tmp_path


def test_outside_a_report_nothing_is_written(view, tmp_path, monkeypatch):
    monkeypatch.delenv("RETENTION_RUN_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    said = record(view)
    assert said == "Nothing recorded: this is no report run."
    assert repr(said) == said
    assert list(tmp_path.iterdir()) == []


def test_in_a_report_tables_charts_and_result_are_written(view, run_folder):
    assert record(view) == "Recorded tables: cohorts (3 rows); charts: curve; numbers: 2."
    result = json.loads((run_folder / "result.json").read_text())
    assert result["parameters"] == view.parameters.model_dump()
    assert result["dataset"]["as_of"] == "1998-06-30"
    assert result["headline"][0]["value"] == 0.1 + 0.2
    assert result["headline"][1]["value"] == "106.08"
    assert result["row_accounting"]["orders"]["net"] == "1060.50"
    assert [table["file"] for table in result["tables"]] == ["tables/cohorts.csv", "tables/cohorts.parquet"]
    assert json.loads((run_folder / "charts/curve.json").read_text()) == view.charts()["curve"]
    assert f"'{FORMULA[:10]}" in (run_folder / "tables/cohorts.csv").read_text()


def test_recording_twice_gives_the_same_files(view, run_folder):
    def contents():
        record(view)
        return {file: file.read_bytes() for file in run_folder.rglob("*") if file.is_file()}

    assert contents() == contents()


def test_an_older_result_does_not_vouch_for_a_recording_that_fails(view, run_folder, monkeypatch):
    record(view)
    monkeypatch.setattr(view.dataset.accounting.__class__, "to_dict", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        record(view)
    assert not (run_folder / "result.json").exists()


@pytest.mark.parametrize("name", ["../x", "A", "", "a b", "x" * 61, "a/b"])
def test_a_name_that_is_no_file_name_is_refused(view, run_folder, monkeypatch, name):
    monkeypatch.setattr(view, "tables", lambda: {name: None})
    with pytest.raises(ReportError, match="cannot be the name"):
        record(view)
    assert list(run_folder.iterdir()) == []


def test_a_view_without_tables_and_charts_says_so(view, run_folder, monkeypatch):
    monkeypatch.setattr(view, "tables", dict)
    monkeypatch.setattr(view, "charts", dict)
    assert record(view) == "Recorded tables: none; charts: none; numbers: 2."


def test_values_become_json_without_losing_a_digit():
    values = {"a": (1 / 3, Decimal("1.10"), date(1997, 1, 1)), "b": {"y", "x"}, "c": [True, None, 3]}
    ready = json_ready(values)
    assert ready == {"a": [1 / 3, "1.10", "1997-01-01"], "b": ["x", "y"], "c": [True, None, 3]}
    assert json_ready([float("nan"), float("inf")]) == [None, None]


def test_rows_are_accounted_for_by_table_also_without_orders(run_folder, view, monkeypatch):
    other = {"table": "subscriptions", "rows_read": 9, "kept": 8}
    monkeypatch.setattr(view.dataset.__class__, "accounting", None)
    monkeypatch.setattr(
        view.dataset.__class__, "accountings", {"subscriptions": SimpleNamespace(to_dict=lambda: other)}
    )
    record(view)
    assert json.loads((run_folder / "result.json").read_text())["row_accounting"] == {"subscriptions": other}
