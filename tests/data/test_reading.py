from datetime import date, datetime

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from retention_kit.data.dataset import open_dataset
from retention_kit.data.reading import arrow_table, read_source, source_files
from retention_kit.data.source_settings import Orders
from retention_kit.errors import ColumnError, DataError, ParameterError

TEXT = "customer,day,amount\na,2024-01-01,5\nb,2024-01-02,x\n"
MAPPED = {"columns": {"customer_id": "customer", "ordered_at": "day", "amount": "amount"}, "max_loss": 1}


def places(dataset):
    return [offender for part in dataset.accounting.dropped for offender in part.offenders]


@pytest.fixture
def sheet(tmp_path):
    """Return a function that writes rows, and empty rows for None, as a sheet."""

    def write_sheet(*rows, name="Sales", file="orders.xlsx", cover=False):
        book = Workbook()
        active = book.active
        if cover:
            active.append(["Cover"])
            active = book.create_sheet(name)
        active.title = name
        for row in rows:
            active.append(row or [])
        book.save(tmp_path / file)
        return tmp_path / file

    return write_sheet


def test_a_glob_reads_all_files_and_names_the_one_with_the_offender(write, tmp_path):
    write("part1.csv", TEXT.replace("x", "7"))
    write("part2.csv", "amount;day;customer\nx;2024-01-03;c\n8;2024-01-04;d\n")
    write("part3.csv", "customer,day,amount\ne,2024-01-05\n")
    dataset = open_dataset(str(tmp_path / "part*.csv"), cache=tmp_path / "cache", decimal=".", **MAPPED)
    assert dataset.accounting.gross == 20
    assert places(dataset) == ["part3.csv, line 2: 'fields expected: 3 found: 2'", "part2.csv, line 2: 'x'"]


def test_files_of_one_source_need_the_same_columns_and_kind(write, tmp_path):
    write("a1.csv", TEXT)
    write("a2.csv", TEXT.replace("amount", "total"))
    with pytest.raises(
        ColumnError, match=r"a2\.csv has other columns than a1\.csv: missing 'amount', more 'total'"
    ):
        open_dataset(str(tmp_path / "a*.csv"), cache=tmp_path / "cache")
    pq.write_table(pa.table({"x": [1]}), tmp_path / "a3.csv")
    with pytest.raises(DataError, match="different kinds: parquet, text"):
        open_dataset(str(tmp_path / "a*.csv"), cache=tmp_path / "cache")


def test_a_source_that_names_no_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"no file 'x\*\.csv' for \[customers\]"):
        source_files("x*.csv", tmp_path, table="customers")
    with pytest.raises(DataError, match=r"\[orders\] names no source"):
        source_files("", tmp_path)


def test_parquet_files_name_rows_and_their_file(tmp_path):
    frame = {"customer": [1, 2], "day": [date(2024, 1, 1)] * 2, "amount": [float("inf"), 2.0]}
    pq.write_table(pa.table(frame), tmp_path / "one.parquet")
    one = open_dataset(str(tmp_path / "one.parquet"), cache=tmp_path / "cache", **MAPPED)
    assert places(one) == ["row 1: 'inf'"]
    pq.write_table(pa.table(frame).select(["amount", "day", "customer"]), tmp_path / "two.parquet")
    both = open_dataset(str(tmp_path / "*.parquet"), cache=tmp_path / "cache", **MAPPED)
    assert places(both) == ["one.parquet, row 1: 'inf'", "two.parquet, row 1: 'inf'"]
    assert both.accounting.gross == 4


def test_a_damaged_parquet_file_is_named_without_its_folder(write, tmp_path):
    with pytest.raises(DataError, match=r"broken\.parquet is no readable Parquet file") as caught:
        open_dataset(str(write("broken.parquet", b"PAR1 nonsense")), cache=tmp_path / "cache")
    assert str(tmp_path) not in str(caught.value)


def test_an_excel_sheet_keeps_its_dates_numbers_and_row_numbers(sheet, rows, tmp_path):
    path = sheet(
        None,
        ["customer", "day", "amount", None],
        ["007", datetime(2024, 1, 31, 10), 5],
        None,
        [8, date(2024, 2, 29), 2.5],
        [8, "sometime", 2.5],
        cover=True,
    )
    with pytest.raises(DataError, match="no rows below a header"):
        open_dataset(str(path), cache=tmp_path / "cache")
    with pytest.raises(ParameterError, match=r"no sheet 'Sale'\. Did you mean 'Sales'\?.*'Sheet', 'Sales'"):
        open_dataset(str(path), cache=tmp_path / "cache", sheet="Sale")
    dataset = open_dataset(str(path), cache=tmp_path / "cache", sheet="Sales", **MAPPED)
    assert [(row["customer_id"], row["ordered_at"]) for row in rows(dataset)] == [
        ("007", datetime(2024, 1, 31, 10)),
        ("8", datetime(2024, 2, 29)),
    ]
    assert places(dataset) == ["row 6: 'sometime'"]


def test_excel_columns_of_one_kind_stay_typed(sheet, rows, tmp_path):
    path = sheet(
        ["customer", "day", "amount"],
        [7.0, date(2024, 1, 31), 5],
        [8.0, datetime(2024, 2, 1, 9), None],
        [None, None, 1],
    )
    [row] = rows(open_dataset(str(path), cache=tmp_path / "cache", **MAPPED))
    assert (row["customer_id"], row["ordered_at"], row["amount"]) == (7, datetime(2024, 1, 31), 5)


def test_a_file_that_only_claims_to_be_excel_is_refused(write, tmp_path):
    with pytest.raises(DataError, match=r"orders\.xlsx is no readable Excel file"):
        open_dataset(str(write("orders.xlsx", b"PK\x03\x04 nonsense")), cache=tmp_path / "cache")


@pytest.mark.parametrize("frame_of", [pa.table, pd.DataFrame, pl.DataFrame])
def test_arrow_pandas_and_polars_frames_open_alike(frame_of, rows, tmp_path):
    frame = frame_of(
        {"customer": ["a", "b"], "day": [datetime(2024, 1, 1), datetime(2024, 1, 2)], "amount": [1.5, 2.5]}
    )
    dataset = open_dataset(frame, cache=tmp_path)
    assert [(row["customer_id"], row["amount"]) for row in rows(dataset)] == [("a", 1.5), ("b", 2.5)]
    assert open_dataset(frame, cache=tmp_path).fingerprint == dataset.fingerprint
    dataset.require_unchanged()


def test_a_frame_without_rows_or_with_mixed_values_is_refused(tmp_path):
    with pytest.raises(DataError, match="frame of the orders has no rows"):
        open_dataset(pa.table({"customer": pa.array([], pa.string())}), cache=tmp_path)
    with pytest.raises(DataError, match=r"\.astype\(str\)"):
        arrow_table(pd.DataFrame({"customer": ["a", 1, datetime(2024, 1, 1)]}))
    with pytest.raises(DataError, match="A list is no dataset"):
        open_dataset([1, 2], cache=tmp_path)
    with pytest.raises(ColumnError, match="more than one column named 'a'"):
        open_dataset(pa.table([[1], [2]], names=["a", "a"]), cache=tmp_path)


def test_column_names_of_the_users_never_meet_the_engines(rows, tmp_path):
    frame = pa.table(
        {
            "customer": ["a"],
            "day": [date(2024, 1, 1)],
            "reason": ["r"],
            'wall"; DROP': ["w"],
            "_file": ["f"],
            "zone": ["z"],
            "Customer ": ["c"],
        }
    )
    columns = {"customer_id": "customer", "ordered_at": "day", "odd one": 'wall"; DROP', "place": "_file"}
    dataset = open_dataset(
        frame, cache=tmp_path, columns=columns, segments=["odd one", "reason", "place", "zone"]
    )
    [row] = rows(dataset)
    assert (row["odd one"], row["reason"], row["place"], row["zone"]) == ("w", "r", "f", "z")
    assert dataset.segments == ("odd one", "place", "reason", "zone")


def test_a_source_is_read_through_a_locked_connection(write, tmp_path):
    from retention_kit.data.engine import connect

    path = write("in/orders.csv", TEXT)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with connect(path.parent, scratch=scratch) as connection:
        relation = read_source(connection, Orders(), [path], name="orders", scratch=scratch)
        assert connection.execute(f"SELECT count(*) FROM {relation.plain}").fetchall() == [(2,)]
        with pytest.raises(duckdb.PermissionException):
            connection.execute(f"FROM read_csv('{tmp_path / 'other.csv'}')")
