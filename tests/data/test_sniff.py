import gzip

import pytest

from retention_kit.data.sniff import file_kind, read_text, records
from retention_kit.errors import ColumnError, DataError, ParameterError

TEXT = "id;Bestelldatum;Betrag\n1;2024-01-02;3,50\n2;2024-01-03;4,50\n"


def text_of_file(path, tmp_path, **stated):
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    return read_text(path, scratch=scratch, **stated)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty"),
        (b" \n \n", "is empty"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"\xef\xbb\xbf  <html>", "a web page"),
        (b'[{"id": 1}]', "JSON"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel file"),
        (bytes(range(256)) * 4, "a binary file"),
    ],
)
def test_what_is_no_table_is_called_by_its_name(write, content, what):
    with pytest.raises(DataError, match=what):
        file_kind(write("orders.csv", content))


def test_kinds_are_told_by_content_not_by_name(write):
    assert file_kind(write("a.csv", b"PAR1....")) == "parquet"
    assert file_kind(write("b.txt", b"PK\x03\x04....")) == "excel"
    assert file_kind(write("c.xlsx", TEXT)) == "text"


def test_a_missing_file_and_a_damaged_archive_are_named(write, tmp_path):
    with pytest.raises(DataError, match=r"no file 'none\.csv'"):
        file_kind(tmp_path / "none.csv")
    with pytest.raises(DataError, match=r"orders\.csv\.gz cannot be read"):
        file_kind(write("orders.csv.gz", b"no gzip"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_splits_rows_evenly(write, tmp_path, delimiter):
    text = (
        delimiter.join(["id", "day", "total"]) + "\n" + delimiter.join(["1", "2024-01-02", '"a;b,c"']) + "\n"
    )
    found = text_of_file(write("o.csv", text), tmp_path)
    assert (found.delimiter, found.header) == (delimiter, ("id", "day", "total"))


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_the_encoding_is_told_and_the_letters_survive(write, tmp_path, encoding, told):
    path = write("o.csv", "Kundennummer;Größe;Ort\n1;ä;Köln\n2;ß;Zürich\n", encoding)
    found = text_of_file(path, tmp_path)
    assert found.encoding == told
    assert found.header == ("Kundennummer", "Größe", "Ort")
    assert [record for _, record in records(found)][1] == ["2", "ß", "Zürich"]


def test_polish_letters_are_told_from_western_ones(write, tmp_path):
    text = "klient;miasto\n1;Łódź\n2;Święta Katarzyna\n3;Żywiec i Częstochowa\n"
    found = text_of_file(write("o.csv", text, "cp1250"), tmp_path)
    assert [record[1] for _, record in records(found)] == ["Łódź", "Święta Katarzyna", "Żywiec i Częstochowa"]


def test_a_stated_encoding_that_does_not_fit_names_line_and_guess(write, tmp_path):
    path = write("o.csv", "id;ort\n1;x\n2;Köln\n", "cp1252")
    with pytest.raises(DataError, match=r"not encoded in utf-8: byte 0xf6 on line 3 .* looks like cp1252"):
        text_of_file(path, tmp_path, encoding="utf-8")
    with pytest.raises(ParameterError, match="encoding = 'utf8x' is not known"):
        text_of_file(path, tmp_path, encoding="utf8x")
    assert text_of_file(path, tmp_path, encoding="latin-1").encoding == "iso8859-1"


def test_compressed_text_is_read(write, tmp_path):
    path = write("o.csv.gz", gzip.compress(TEXT.encode()))
    assert file_kind(path) == "text"
    assert len(list(records(text_of_file(path, tmp_path)))) == 2


def test_blank_lines_and_a_separator_line_before_the_header_are_skipped(write, tmp_path):
    found = text_of_file(write("o.csv", "\n\nsep=|\nid|day\n\n1|2\n"), tmp_path)
    assert (found.skipped_lines, found.delimiter, found.header) == (3, "|", ("id", "day"))
    assert list(records(found)) == [(6, ["1", "2"])]


def test_records_start_on_the_line_where_they_stand(write, tmp_path):
    found = text_of_file(write("o.csv", 'id,note\n1,"a\nb"\n\n2,c\n'), tmp_path)
    assert list(records(found)) == [(2, ["1", "a\nb"]), (5, ["2", "c"])]


def test_a_field_too_long_for_the_locator_ends_it_quietly(write, tmp_path):
    found = text_of_file(write("o.csv", f"id,note\n1,x\n2,{'y' * 200_000}\n"), tmp_path)
    assert list(records(found)) == [(2, ["1", "x"])]


def test_a_header_without_rows_and_twin_columns_are_refused(write, tmp_path):
    with pytest.raises(DataError, match="a header and no rows"):
        text_of_file(write("o.csv", "id,day\n"), tmp_path)
    with pytest.raises(ColumnError, match="more than one column named 'day'"):
        text_of_file(write("p.csv", "id,day, day\n1,2,3\n"), tmp_path)


def test_a_blank_header_gets_its_place_as_a_name(write, tmp_path):
    assert text_of_file(write("o.csv", ",day\n1,2\n"), tmp_path).header == ("column 1", "day")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("id;kwota\n1;3,20 zł\n", "cp1250"),
        ("id;kwota zł\n1;3,20\n", "cp1250"),
        ("id;opis\n1;zapłata za książkę\n", "cp1250"),
        ("id;Größe\n1;Käse, klein\n", "cp1252"),
        ("id;nota\n1;¿Qué año?\n", "cp1252"),
    ],
)
def test_polish_is_told_from_western_text_in_few_bytes(write, tmp_path, text, encoding):
    assert read_text(write("a.csv", text, encoding), scratch=tmp_path).encoding == encoding


def test_a_short_western_file_is_not_taken_for_mac_roman(tmp_path):
    text = "Nummer;Eröffnet;Gelöst\n1;01.02.2024;\n2;13.02.2024;\n"
    path = tmp_path / "faelle.csv"
    path.write_bytes(text.encode("cp1252"))
    assert read_text(path, scratch=tmp_path).header == ("Nummer", "Eröffnet", "Gelöst")
    prose = "Größe;Straße;Käse\n" + "für schöne Grüße, über Äpfel und Öl;groß;süß\n" * 20
    path.write_bytes(prose.encode("mac_roman"))
    assert read_text(path, scratch=tmp_path).header == ("Größe", "Straße", "Käse")


def test_a_file_of_a_byte_order_mark_alone_is_empty(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_bytes("".encode("utf-8-sig"))
    with pytest.raises(DataError, match=r"orders\.csv is empty"):
        file_kind(path)
    path.write_bytes("".encode("utf-16"))
    with pytest.raises(DataError, match=r"orders\.csv is empty"):
        read_text(path, scratch=tmp_path)
