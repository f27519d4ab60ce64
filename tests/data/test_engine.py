"""The engine is locked down."""

import duckdb
import pytest

from retention_kit.data.engine import connect, literal, quote


@pytest.fixture
def folders(tmp_path):
    for name in ("data", "scratch", "outside"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows.csv").write_text("n\n1\n")
    return tmp_path


@pytest.fixture
def connection(folders):
    with connect(folders / "data", scratch=folders / "scratch") as connection:
        yield connection


def test_files_in_the_given_folders_are_read_and_written(connection, folders):
    assert connection.execute(f"SELECT n FROM {literal(folders / 'data' / 'rows.csv')}").fetchall() == [(1,)]
    connection.execute(f"COPY (SELECT 2 AS n) TO {literal(folders / 'scratch' / 'new.parquet')}")
    assert (folders / "scratch" / "new.parquet").exists()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('{outside}/rows.csv')",
        "SELECT * FROM '{outside}/rows.csv'",
        "SELECT * FROM read_text('{inside}/../outside/rows.csv')",
        "SELECT * FROM glob('{outside}/*')",
        "COPY (SELECT 1) TO '{outside}/stolen.csv'",
        "ATTACH '{outside}/other.db'",
        "SELECT * FROM read_csv('/etc/passwd')",
    ],
)
def test_files_outside_are_refused(connection, folders, statement):
    text = statement.format(outside=folders / "outside", inside=folders / "data")
    with pytest.raises(duckdb.PermissionException):
        connection.execute(text)


def test_a_folder_whose_name_begins_alike_is_outside(connection, folders):
    (folders / "data2").mkdir()
    (folders / "data2" / "rows.csv").write_text("n\n1\n")
    with pytest.raises(duckdb.PermissionException):
        connection.execute(f"SELECT * FROM {literal(folders / 'data2' / 'rows.csv')}")


@pytest.mark.parametrize(
    "statement",
    [
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET allowed_directories = ['/']",
        "SET memory_limit = '1TB'",
        "RESET memory_limit",
        "SET python_enable_replacements = true",
        "PRAGMA threads = 64",
    ],
)
def test_the_configuration_is_locked(connection, statement):
    with pytest.raises(duckdb.Error, match="lock"):
        connection.execute(statement)


@pytest.mark.parametrize("statement", ["INSTALL httpfs", "LOAD 'x.duckdb_extension'", "INSTALL spatial"])
def test_no_extension_is_installed_or_loaded(connection, statement):
    with pytest.raises(duckdb.Error):
        connection.execute(statement)


def test_nothing_is_fetched_from_the_network(connection):
    with pytest.raises(duckdb.Error):
        connection.execute("SELECT * FROM read_csv('https://localhost:1/rows.csv')")


def test_python_variables_are_not_tables(connection):
    import pandas as pd

    secret = pd.DataFrame({"n": [1]})
    with pytest.raises(duckdb.CatalogException, match="secret"):
        connection.execute("SELECT * FROM secret")
    assert len(secret) == 1


def test_limits_are_those_asked_for(folders):
    with connect(scratch=folders / "scratch", memory_limit="100MB", threads=1) as connection:
        names = "current_setting('threads'), current_setting('memory_limit'), current_setting('TimeZone')"
        assert connection.execute(f"SELECT {names}").fetchall() == [(1, "95.3 MiB", "UTC")]


@pytest.mark.parametrize("text", ["it's", 'a "b"', "a\\'b", "?", "x'; DROP TABLE t; --", "", "né\n"])
def test_literals_and_names_come_back_as_they_were(connection, text):
    row = connection.execute(f"SELECT {literal(text)} AS {quote(text or 'n')}")
    assert row.description[0][0] == (text or "n")
    assert row.fetchall() == [(text,)]
