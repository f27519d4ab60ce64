import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from zipfile import ZipFile

import duckdb
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.errors import ColumnError, DataError
from retention_kit.tables import (
    EXCEL_ROWS,
    csv_text,
    escape,
    html_table,
    plain,
    write_csv,
    write_parquet,
    xlsx_bytes,
)

COHORTS = pa.table(
    {
        "cohort": [date(1997, 1, 1), date(1997, 2, 1)],
        "cohort_size": [1200, 30],
        "retention_rate": [0.1 + 0.2, None],
        "revenue": [Decimal("12.5000"), Decimal("-0.1250")],
        "best_seller": ["<b>CD</b>", None],
    }
)
HOSTILE = ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]


class Tags(HTMLParser):
    """Every tag a browser would see."""

    def __init__(self, page):
        super().__init__()
        self.seen = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def count(self, name):
        return sum(tag == name for tag, _ in self.seen)


def cells(content):
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_numbers_with_a_format_have_a_true_minus_sign():
    page = html_table(pa.table({"what": ["a-b"], "gap": [-0.25]}), formats={"gap": "+.1%"})
    assert "\N{MINUS SIGN}25.0\N{NO-BREAK SPACE}%" in page
    assert "a-b" in page


def test_markup_in_a_value_is_text_on_a_page():
    assert escape("</script><script>x</script>") == "&lt;/script&gt;&lt;script&gt;x&lt;/script&gt;"
    assert escape("as of \N{RIGHT-TO-LEFT OVERRIDE}2024") == "as of \N{REPLACEMENT CHARACTER}2024"
    assert escape("a\x00b'") == "a\N{REPLACEMENT CHARACTER}b&#x27;"


@given(st.text())
def test_no_text_opens_a_tag_or_ends_an_attribute(text):
    tags = Tags(f'<i title="{escape(text)}">{escape(text)}</i>')
    assert [tag for tag, _ in tags.seen] == ["i"]
    assert list(tags.seen[0][1]) == ["title"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("12"), "12"),
        (Decimal("12.0000"), "12.00"),
        (Decimal("12.3450"), "12.345"),
        (Decimal("-0.1"), "-0.10"),
        (Decimal("NaN"), ""),
        (float("nan"), ""),
        (1e-7, "1e-07"),
        (1 / 3, "0.3333333333333333"),
        (datetime(1997, 1, 31, 12, tzinfo=UTC), "1997-01-31T12:00:00+00:00"),
        (False, "false"),
        (7, "7"),
    ],
)
def test_a_value_has_one_spelling(value, text):
    assert plain(value) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_trimming_zeros_never_changes_an_amount(amount):
    assert Decimal(plain(amount)) == amount


def test_html_table_is_captioned_and_names_its_rows_and_columns():
    page = html_table(COHORTS, caption="Who <comes> back")
    tags = Tags(page)
    assert page.startswith('<table class="rk-table"><caption>Who &lt;comes&gt; back</caption>')
    assert [attrs["scope"] for tag, attrs in tags.seen if tag == "th"] == ["col"] * 5 + ["row"] * 2
    assert tags.count("b") == 0
    assert "&lt;b&gt;CD&lt;/b&gt;" in page


def test_html_numbers_are_right_aligned_and_missing_is_a_dash():
    page = html_table(COHORTS)
    assert '<td style="text-align:right">1200</td>' in page
    assert '<td style="text-align:right">—</td>' in page
    assert '<td style="text-align:left">—</td>' in page
    assert '<td style="text-align:right">12.50</td>' in page


def test_formats_and_labels_apply_to_their_columns_only():
    page = html_table(COHORTS, formats={"retention_rate": ".1%"}, labels={"retention_rate": "rate"})
    assert "30.0\N{NO-BREAK SPACE}%" in page
    assert ">rate</th>" in page
    assert ">cohort size</th>" in page
    assert ">1200</td>" in page


def test_a_format_for_an_unknown_column_names_the_likely_one():
    with pytest.raises(ColumnError, match="Did you mean 'retention_rate'"):
        html_table(COHORTS, formats={"retention_rat": ".1%"})


def test_a_table_without_rows_keeps_its_headings():
    empty = COHORTS.slice(0, 0)
    assert Tags(html_table(empty)).count("th") == 5
    assert csv_text(empty) == "cohort,cohort_size,retention_rate,revenue,best_seller\r\n"


def test_a_table_without_columns_is_empty():
    assert Tags(html_table(pa.table({}))).count("th") == 0


def test_csv_writes_amounts_exactly_and_missing_as_nothing():
    assert csv_text(COHORTS).splitlines()[1:] == [
        "1997-01-01,1200,0.30000000000000004,12.50,<b>CD</b>",
        "1997-02-01,30,,-0.125,",
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_csv_disarms_a_formula_in_cells_and_in_headings(text):
    content = csv_text(pa.table({text: [text]}))
    assert list(csv.reader(io.StringIO(content, newline=""))) == [[f"'{text}"], [f"'{text}"]]


def test_csv_leaves_negative_numbers_alone():
    table = pa.table({"n": [-1], "rate": [-0.5], "money": [Decimal("-2.00")]})
    assert csv_text(table).splitlines()[1] == "-1,-0.5,-2.00"


def test_csv_file_says_it_is_utf_8_and_is_read_back_by_pandas_and_duckdb(tmp_path):
    path = tmp_path / "names.csv"
    write_csv(pa.table({"name": ["Zoë", "a,b\n"]}), path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbfname\r\n")
    assert pd.read_csv(path)["name"].to_list() == ["Zoë", "a,b\n"]
    assert duckdb.sql(f"FROM read_csv('{path}', header = true)").columns == ["name"]


def test_parquet_keeps_types_and_drops_the_writers_metadata(tmp_path):
    table = pa.Table.from_pandas(pd.DataFrame({"n": [1]}))
    write_parquet(table, tmp_path / "n.parquet")
    schema = pq.read_table(tmp_path / "n.parquet").schema
    assert schema.field("n").type == pa.int64()
    assert schema.metadata is None


@pytest.mark.parametrize("text", [*HOSTILE, "http://x", "{=1}"])
def test_xlsx_holds_no_formula_and_no_link(text):
    content = xlsx_bytes(pa.table({text: [text]}))
    with ZipFile(io.BytesIO(content)) as book:
        page = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in page
    assert "hyperlink" not in page
    assert len(cells(content)) == 2


def test_xlsx_cells_are_typed_and_long_numbers_stay_exact():
    table = pa.table(
        {
            "day": [date(1997, 1, 31), date(1899, 1, 1)],
            "at": [datetime(1997, 1, 31, 8), None],
            "zoned": pa.array([datetime(1997, 1, 31, 8, tzinfo=UTC), None]),
            "amount": [Decimal("12.5000"), Decimal("12345678901234.567")],
            "id": [123456789012345, 1234567890123456],
            "rate": [0.1, float("inf")],
            "kept": [True, None],
            "note": ["x" * 40_000, ""],
        }
    )
    first, second = cells(xlsx_bytes(table))[1:]
    assert first[:2] == [datetime(1997, 1, 31), datetime(1997, 1, 31, 8)]
    assert first[2:7] == ["1997-01-31T08:00:00+00:00", 12.5, 123456789012345, 0.1, True]
    assert len(first[7]) == 32_767
    assert first[7].endswith("x…")
    exact = ["12345678901234.567", "1234567890123456"]
    assert second == ["1899-01-01", None, None, *exact, "inf", None, None]


def test_same_table_gives_the_same_workbook():
    first, again = (xlsx_bytes(COHORTS, sheet="Cohorts: 'all' [1/10] and a very long name") for _ in range(2))
    assert first == again
    assert openpyxl.load_workbook(io.BytesIO(again)).sheetnames == ["Cohorts_ _all_ _1_10_ and a very"[:31]]


def test_a_table_too_long_for_a_sheet_is_refused():
    with pytest.raises(DataError, match="CSV"):
        xlsx_bytes(pa.table({"n": pa.array(range(EXCEL_ROWS))}))
