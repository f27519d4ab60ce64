import tomllib
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.data.config import config_from
from retention_kit.data.dataset import open_dataset
from retention_kit.data.scaffold import dataset_toml, init_dataset
from retention_kit.errors import ChoiceError, DataError, ParameterError

SHAPES = {
    "german": (
        "Kundennummer;Bestelldatum;Bestellnummer;Betrag\n1;01.02.2024;A;1.234,50\n1;13.02.2024;B;12,00 €\n",
        "cp1252",
        ("customer_id", "ordered_at", "order_id", "amount"),
        "1246.5",
    ),
    "italian": (
        "Codice cliente;Data ordine;Importo\nX;31/01/2024;10,50\nY;29/02/2024;1.000,00\n",
        "utf-8-sig",
        ("customer_id", "ordered_at", "amount"),
        "1010.5",
    ),
    "polish": (
        "ID_klienta\tData_zamówienia\tKwota\nŁ1\t2024-01-05\t1 200,50 zł\nŁ1\t2024-02-05\t3,20 zł\n",
        "cp1250",
        ("customer_id", "ordered_at", "amount"),
        "1203.7",
    ),
    "finnish": (
        "asiakasnumero;tilauspäivä;summa\n1;5.1.2024 12.30;1 200,50\n1;6.2.2024 9.05;7,5\n",
        "latin-1",
        ("customer_id", "ordered_at", "amount"),
        "1208.0",
    ),
    "online retail": (
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        '536365,85123A,"WHITE, T",6,12/1/2010 8:26,2.55,17850,United Kingdom\n'
        "C536379,D,Disc,-1,12/15/2010 9:41,2.5,17850,United Kingdom\n",
        "utf-8",
        ("customer_id", "ordered_at", "order_id", "quantity", "unit_price", "product"),
        "12.8",
    ),
    "shopify": (
        "Name,Email,Financial Status,Paid at,Created at,Currency,Subtotal,Total,Lineitem quantity,"
        "Lineitem price\n"
        "#1,a@x.com,paid,2024-01-02 10:00:00 +0100,2024-01-02 09:59:00 +0100,EUR,10.00,12.00,1,5\n"
        "#1,a@x.com,,,2024-01-02 09:59:00 +0100,,,,1,5\n"
        "#2,b@x.com,refunded,2024-01-03 10:00:00 +0100,2024-01-03 09:59:00 +0100,EUR,10.00,12.00,1,9\n",
        "utf-8",
        ("customer_id", "ordered_at", "order_id", "amount", "currency", "status"),
        "12.0",
    ),
    "visits": (
        "user_id|created_at\n1|2024-01-01T10:00:00Z\n2|2024-01-05T00:00:00Z\n",
        "utf-16",
        ("customer_id", "ordered_at"),
        None,
    ),
    "price alone": (
        "buyer,day,price\n1,2024-01-01,10\n",
        "utf-8",
        ("customer_id", "ordered_at", "amount"),
        "10.0",
    ),
    "lone quantity": ("buyer,day,qty\n1,2024-01-01,10\n", "utf-8", ("customer_id", "ordered_at"), None),
    "odd names": (
        'customer,"order ""date""",\x7f\n1,2024-01-01,x\n',
        "utf-8",
        ("customer_id", "ordered_at"),
        None,
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_dataset_file_of_any_shape_opens_at_once(write, tmp_path, shape):
    text, encoding, keys, net = SHAPES[shape]
    source = write(f"{shape}.csv", text, encoding)
    made = init_dataset(source, cache=tmp_path / "cache", settings={"max_loss": "0.5"})
    dataset = open_dataset(made.path, cache=tmp_path / "cache")
    assert dataset.accounting.kept
    assert {key for key, name in dataset.config.orders.columns.model_dump().items() if name} == set(keys)
    assert dataset.accounting.net == (net and Decimal(net))
    assert dataset.title == shape
    direct = open_dataset(str(source), cache=tmp_path / "cache", max_loss=0.5)
    assert direct.fingerprint == dataset.fingerprint


@pytest.mark.parametrize(
    ("text", "key", "choices", "choice"),
    [
        ("customer,date,total\na,01/02/2024,5\nb,03/04/2024,6\n", "date_order", ("dmy", "mdy"), "mdy"),
        ('customer,date,total\na,2024-01-01,"1,234"\n', "decimal", (".", ","), ","),
        ("customer,date,amount,total\na,2024-01-01,5,6\n", "amount", ("amount", "total"), "total"),
        (
            "customer,date,net_x,gross_x\na,2024-01-01,5.50,6\n",
            "amount",
            ("net_x", "gross_x"),
            "gross_x",
        ),
        (
            "customer,date,Netto-Betrag,Brutto-Betrag\na,2024-01-01,5.50,6\n",
            "amount",
            ("Brutto-Betrag", "Netto-Betrag"),
            "Netto-Betrag",
        ),
        (
            "customer,date,Wartość netto,Wartość brutto (PLN)\na,2024-01-01,5.50,6\n",
            "amount",
            ("Wartość brutto (PLN)", "Wartość netto"),
            "Wartość netto",
        ),
        ("customer,date,Betrag (EUR)\na,2024-01-01,5 CHF\n", "currency", ("CHF", "EUR"), "CHF"),
        ("customer,client,date\na,b,2024-01-01\n", "customer_id", ("customer", "client"), "client"),
        ("foo,date\na,2024-01-01\n", "customer_id", ("foo", "date"), "foo"),
        (
            "customer,order_date,invoice_date\na,2024-01-01,2024-01-01\n",
            "ordered_at",
            ("order_date", "invoice_date"),
            "order_date",
        ),
        ("customer,bought,shipped\na,2024-01-01,2024-01-01\n", "ordered_at", ("bought", "shipped"), "bought"),
        (
            "customer,date,total,currency\na,2024-01-01,5,USD\nb,2024-01-01,5,EUR\n",
            "currency",
            ("EUR", "USD"),
            "USD",
        ),
    ],
)
def test_what_cannot_be_decided_is_asked_and_then_goes_on(write, tmp_path, text, key, choices, choice):
    source = write("orders.csv", text)
    with pytest.raises(ChoiceError) as caught:
        init_dataset(source, cache=tmp_path / "cache")
    assert (caught.value.key, caught.value.choices) == (key, choices)
    assert not source.with_suffix(".toml").exists()
    made = init_dataset(source, cache=tmp_path / "cache", settings={key: choice, "max_loss": "1"})
    assert open_dataset(made.path, cache=tmp_path / "cache").accounting.kept
    assert open_dataset(
        str(source), cache=tmp_path / "cache", **{key: choice, "max_loss": "1"}
    ).accounting.kept


def test_a_single_date_column_of_any_name_is_found_and_none_is_an_error(write, tmp_path):
    made = init_dataset(write("a.csv", "customer,whatever\na,2024-01-01\n"), cache=tmp_path / "cache")
    assert 'ordered_at = "whatever"' in made.toml
    with pytest.raises(DataError, match="No column reads as dates; columns found: customer, foo"):
        init_dataset(write("b.csv", "customer,foo\na,1.5\n"), cache=tmp_path / "cache")


def test_parquet_and_excel_columns_that_are_no_dates_are_not_taken_for_some(tmp_path):
    frame = pa.table(
        {"customer": [1.0], "ok": [True], "date": [1.5], "bought": [date(2024, 1, 1)], "total": [True]}
    )
    pq.write_table(frame, tmp_path / "o.parquet")
    made = init_dataset(tmp_path / "o.parquet", cache=tmp_path / "cache", settings={"amount": ""})
    assert tomllib.loads(made.toml)["orders"]["columns"] == {
        "customer_id": "customer",
        "ordered_at": "bought",
    }


def test_rows_in_other_currencies_than_the_chosen_one_are_counted_and_no_loss(write, tmp_path):
    rows = "".join(f"{n},2024-01-{n + 1:02d},5,{'EUR' if n % 2 else 'USD'}\n" for n in range(10))
    source = write("orders.csv", f"customer,date,total,currency\n{rows}")
    made = init_dataset(source, cache=tmp_path / "cache", settings={"currency": "EUR"})
    accounting = open_dataset(made.path, cache=tmp_path / "cache").accounting
    assert [(part.reason, part.rows) for part in accounting.dropped] == [("other currency", 5)]
    assert accounting.loss == 0


def test_whole_numbers_alone_are_not_taken_for_money(write, tmp_path):
    made = init_dataset(write("a.csv", "customer,date,age\na,2024-01-01,50\n"), cache=tmp_path / "cache")
    assert "no column holds amounts" in made.profile


def test_columns_with_few_values_in_many_rows_are_offered_as_segments(write, tmp_path):
    rows = "".join(
        f"{n % 9},2024-01-{n % 28 + 1:02d},{n}.5,{'IT' if n % 3 else 'DE'},note {n},{n % 2}\n"
        for n in range(40)
    )
    source = write("orders.csv", f"customer,date,total,Land,note,flag\n{rows}")
    made = init_dataset(source, cache=tmp_path / "cache")
    assert open_dataset(made.path, cache=tmp_path / "cache").segments == ("Land",)


def test_an_existing_file_is_never_overwritten_unless_asked(write, tmp_path):
    source = write("orders.csv", "customer,day\na,2024-01-01\n")
    existing = write("orders.toml", "mine")
    with pytest.raises(ParameterError, match=r"orders\.toml exists\. .* --out, .* --overwrite"):
        init_dataset(source, cache=tmp_path / "cache")
    assert existing.read_text() == "mine"
    init_dataset(source, cache=tmp_path / "cache", overwrite=True)
    assert "schema = 1" in existing.read_text()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_the_source_is_named_from_the_dataset_files_folder(write, tmp_path):
    source = write("in/orders.csv", "customer,day\na,2024-01-01\n")
    made = init_dataset(source, out=tmp_path / "out" / "my shop.toml", cache=tmp_path / "cache")
    assert tomllib.loads(made.toml)["orders"]["source"] == "../in/orders.csv"
    assert made.next_command == f"retention lab '{tmp_path}/out/my shop.toml'"
    assert open_dataset(made.path, cache=tmp_path / "cache").name == "my shop"


def test_settings_are_texts_and_are_checked(write, tmp_path):
    source = write("orders.csv", "customer,day,total,country\na,2024-01-01,5,IT\n")
    settings = {
        "title": 'A "B" \\ C',
        "margin": "0.4",
        "fiscal_year_start": "7",
        "segments": "country,",
        "as_of": "2024-01-31",
        "currency": "EUR",
        "cancelled_statuses": "void, lost",
    }
    made = init_dataset(source, cache=tmp_path / "cache", settings=settings)
    dataset = open_dataset(made.path, cache=tmp_path / "cache")
    assert (dataset.title, dataset.has_margin, dataset.segments) == ('A "B" \\ C', True, ("country",))
    assert (dataset.as_of, dataset.config.orders.cancelled_statuses) == (date(2024, 1, 31), ["void", "lost"])
    with pytest.raises(ParameterError, match="max_loss = 'much' is no number"):
        init_dataset(source, out=tmp_path / "x.toml", cache=tmp_path / "cache", settings={"max_loss": "much"})
    with pytest.raises(ParameterError, match="Did you mean 'title'"):
        init_dataset(source, out=tmp_path / "x.toml", cache=tmp_path / "cache", settings={"titel": "x"})


@given(title=st.text(), column=st.text(min_size=1), segment=st.text(min_size=1))
def test_any_text_survives_in_a_dataset_file(title, column, segment):
    config = config_from(
        {
            "schema": 1,
            "title": title or "t",
            "segments": [f"s{segment}"],
            "orders": {
                "source": "a\nb.csv",
                "columns": {"customer_id": column, "ordered_at": "d", f"s{segment}": column},
            },
        }
    )
    assert config_from(tomllib.loads(dataset_toml(config))) == config


@pytest.mark.parametrize(
    ("cells", "count", "first"),
    [
        (["12.50 points", "3.00 points"], 2, "'12.50 points', '3.00 points'"),
        ([f"{n} / {n}" for n in range(7)], 7, "'0 / 0', '1 / 1', '2 / 2', '3 / 3', '4 / 4'."),
    ],
)
def test_an_amount_that_does_not_read_as_numbers_is_never_left_out_in_silence(
    write, tmp_path, cells, count, first
):
    rows = "".join(f"{n},2024-01-{n + 1:02d},{cell},5\n" for n, cell in enumerate(cells))
    source = write("orders.csv", f"customer,date,Kwota brutto,netto\n{rows}")
    with pytest.raises(DataError, match=f"'Kwota brutto' is named like an amount, and {count} ") as caught:
        init_dataset(source, cache=tmp_path / "cache")
    assert first in str(caught.value)
    assert "encoding or decimal" in caught.value.todo
    assert "no column holds amounts" in init_dataset(source, cache=tmp_path, settings={"amount": ""}).profile


def test_words_under_an_amounts_name_are_no_amounts(write, tmp_path):
    source = write("orders.csv", "customer,date,payment\na,2024-01-01,card\nb,2024-01-01,\n")
    assert "no column holds amounts" in init_dataset(source, cache=tmp_path / "cache").profile


def test_polish_amounts_in_a_windows_code_page_are_read(write, tmp_path):
    source = write("o.csv", "Klient;Data;Kwota brutto\na;2024-01-05;1 361,03 zł\n", "cp1250")
    made = init_dataset(source, cache=tmp_path / "cache")
    dataset = open_dataset(made.path, cache=tmp_path / "cache")
    assert (dataset.accounting.net, dataset.currency) == (Decimal("1361.03"), "PLN")


@pytest.mark.parametrize(
    ("header", "currency"), [("Betrag (EUR)", "EUR"), ("total_eur", "EUR"), ("Kwota [zł]", "PLN")]
)
def test_the_currency_in_a_header_is_the_amounts(write, tmp_path, header, currency):
    source = write("orders.csv", f"customer,date,{header}\na,2024-01-01,5.50\n")
    made = init_dataset(source, cache=tmp_path / "cache")
    columns = tomllib.loads(made.toml)["orders"]["columns"]
    assert (columns["amount"], tomllib.loads(made.toml)["currency"]) == (header, currency)


def test_of_a_wide_file_only_the_first_columns_are_looked_into(write, tmp_path):
    names = [f"x{n}" for n in range(62)]
    rows = "".join(
        f"{n},2024-01-01,{','.join('note' for _ in range(59))},{'IT' if n % 2 else 'DE'},AB,{n % 2}.5,x\n"
        for n in range(20)
    )
    source = write("orders.csv", f"customer,date,{','.join(names)},x62\n{rows}")
    made = init_dataset(source, cache=tmp_path / "cache")
    assert tomllib.loads(made.toml)["segments"] == ["x59"]
    assert "amount" not in tomllib.loads(made.toml)["orders"]["columns"]


def test_no_more_than_six_segments_are_offered(write, tmp_path):
    rows = "".join(f"{n},2024-01-01,{','.join('AB'[n % 2] for _ in range(8))}\n" for n in range(20))
    source = write("orders.csv", f"customer,date,{','.join('stuvwxyz')}\n{rows}")
    made = init_dataset(source, cache=tmp_path / "cache")
    assert tomllib.loads(made.toml)["segments"] == list("stuvwx")


def test_the_examples_of_further_tables_are_a_dataset_file_once_their_marks_are_away(write, tmp_path):
    source = write("orders.csv", "customer,day,amount\n1,2024-01-01,5\n")
    toml = init_dataset(source, cache=tmp_path / "cache").toml
    lines = [line.removeprefix("# ") for line in toml[toml.index("# [customers]") :].splitlines()]
    made = config_from({**tomllib.loads(toml), **tomllib.loads("\n".join(line.strip("#") for line in lines))})
    assert list(made.sources) == [
        "orders",
        "customers",
        "subscriptions",
        "responses",
        "complaints",
        "assignments",
    ]
    assert made.subscriptions.billing_months == 12
    assert made.targets == {"retention_rate": 0.4}
