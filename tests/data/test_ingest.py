from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retention_kit.data.dataset import open_dataset
from retention_kit.errors import ChoiceError, ColumnError, DataError, LossError, ParameterError

COLUMNS = {"customer_id": "customer", "ordered_at": "day"}


def counts(dataset):
    return {part.reason: part.rows for part in dataset.accounting.dropped}


def offenders(dataset):
    return {part.reason: part.offenders for part in dataset.accounting.dropped}


def balanced(accounting):
    dropped = sum(part.rows for part in accounting.dropped)
    return accounting.kept + accounting.netted + accounting.anonymous + dropped == accounting.rows_read


def test_rows_of_one_customer_and_day_are_one_order_without_order_ids(opened, rows):
    dataset = opened("customer,day,amount\na,2024-01-01,2\na,2024-01-01,3\na,2024-01-02,4\n")
    assert [(row["ordered_day"], row["amount"]) for row in rows(dataset)] == [
        (date(2024, 1, 1), Decimal(5)),
        (date(2024, 1, 2), Decimal(4)),
    ]
    assert (dataset.accounting.kept, dataset.accounting.orders) == (3, 2)


def test_rows_of_one_order_id_are_one_order_and_keep_the_first_rows_segment(opened, rows):
    text = (
        "customer,day,order_id,amount,channel\n"
        "a,2024-01-02 10:00,7,2,web\na,2024-01-01 09:00,7,3,shop\nb,2024-01-01 09:00,7,1,app\n"
        "a,2024-01-01 11:00,,5,\na,2024-01-01 12:00,,6,till\n"
    )
    found = [
        (row["customer_id"], row["order_id"], row["ordered_at"], row["amount"], row["channel"])
        for row in rows(opened(text))
    ]
    assert found == [
        ("a", "7", datetime(2024, 1, 1, 9), Decimal(5), "web"),
        ("a", None, datetime(2024, 1, 1, 11), Decimal(11), None),
        ("b", "7", datetime(2024, 1, 1, 9), Decimal(1), "app"),
    ]


def test_every_dropped_row_has_a_reason_a_count_and_its_physical_line(opened):
    text = (
        "customer,day,amount,note\n"
        '1,2024-01-01,5,"two\nlines"\n'  # lines 2 and 3
        "2,2024-01-02\n"  # 4
        "\n"
        "3,2024-01-03,5,x,y\n"  # 6
        "4,baddate,5,x\n"  # 7
        "5,,5,x\n"  # 8
        "6,2024-01-06,abc,x\n"  # 9
        "7,2024-01-06,,x\n"  # 10
        "8,2024-01-06,1e15,x\n"  # 11
        "9,2024-01-06,inf,x\n"  # 12
        ",2024-01-06,5,x\n"
        "10,0001-01-01,5,x\n"  # 14
    )
    dataset = opened(text)
    assert offenders(dataset) == {
        "ragged row": ("line 4: 'fields expected: 4 found: 2'", "line 6: 'fields expected: 4 found: 5'"),
        "missing date": ("line 8: ''",),
        "unreadable date": ("line 7: 'baddate'", "line 14: '0001-01-01'"),
        "missing amount": ("line 10: ''",),
        "infinite or absurd amount": ("line 11: '1e15'", "line 12: 'inf'"),
        "unreadable amount": ("line 9: 'abc'",),
    }
    assert (dataset.accounting.rows_read, dataset.accounting.anonymous) == (11, 1)
    assert balanced(dataset.accounting)


def test_only_the_first_five_offenders_are_named(opened):
    text = "customer,day\n" + "x,2024-01-01\n" * 40 + "a,nonsense\n" * 7
    [dropped] = opened(text).accounting.dropped
    assert (dropped.rows, len(dropped.offenders)) == (7, 5)
    assert dropped.offenders[0] == "line 42: 'nonsense'"


def test_a_quotation_mark_never_closed_is_an_error_not_one_lost_row(opened):
    with pytest.raises(DataError, match="quotation mark on line 3 is never closed"):
        opened('customer,day,amount\n1,2024-01-01,5\n2,2024-01-01,"5\n3,2024-01-02,4\n4,2024-01-02,4\n')


def test_a_stray_quotation_mark_costs_its_own_row_only(opened):
    dataset = opened('customer,day,amount\n1,2024-01-01,"5"x\n2,2024-01-01,6\n3,bad,7\n')
    assert offenders(dataset) == {
        "ragged row": ("line 2: 'stray quotation mark'",),
        "unreadable date": ("line 4: 'bad'",),
    }


def test_too_much_loss_stops_with_counts_and_leaves_nothing_behind(write, tmp_path):
    path = write("orders.csv", "customer,day,amount\n1,2024-01-01,5\n2,2024-01-02,x\n3,2024-01-02,4\n")
    with pytest.raises(
        LossError, match=r"33\.3% of 3 rows .* unreadable amount: 1 row \(first: line 3: 'x'\)"
    ):
        open_dataset(str(path), cache=tmp_path / "cache", decimal=".")
    assert not list((tmp_path / "cache").rglob("*.parquet"))
    assert open_dataset(str(path), cache=tmp_path / "cache", max_loss=0.4).accounting.kept == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("customer,day,amount\n,2024-01-01,5\n,2024-01-02,5\n", "All 2 rows lack a customer"),
        ("customer,day,amount\n1,2024-01-01,x\n,2024-01-02,5\n", "No row can be used.*1 without a customer"),
        ("customer,day,amount\n1,2024-01-01,5\n1,2024-01-02,-5\n", "Every order was refunded in full"),
    ],
)
def test_nothing_left_is_an_error_that_says_why(opened, text, words):
    with pytest.raises(DataError, match=words):
        opened(text, columns={**COLUMNS, "amount": "amount"}, decimal=".")


def test_unmapped_and_mistyped_columns_are_refused(opened, write, tmp_path):
    with pytest.raises(ColumnError, match=r"no column 'dya' for ordered_at\. Did you mean 'day'\?"):
        opened("customer,day\n1,2024-01-01\n", columns={"customer_id": "customer", "ordered_at": "dya"})
    write("orders.csv", "customer,day\n1,2024-01-01\n")
    toml = write(
        "s.toml", "schema = 1\n[orders]\nsource = 'orders.csv'\n[orders.columns]\nordered_at = 'day'\n"
    )
    with pytest.raises(ColumnError, match="No column is mapped to customer_id"):
        open_dataset(toml, cache=tmp_path / "cache")


@pytest.mark.parametrize("extra", [{"quantity": "n"}, {"margin": "n"}])
def test_half_an_amount_is_refused(opened, extra):
    with pytest.raises(ParameterError, match="amount"):
        opened("customer,day,n\n1,2024-01-01,3\n", columns={**COLUMNS, **extra}, decimal=".")


def test_amount_is_quantity_times_price_to_the_cent(opened, rows):
    dataset = opened("customer,day,qty,price\n1,2024-01-01,3,0.10\n1,2024-01-02,-1,0.10\n1,2024-01-03,2,\n")
    assert [row["amount"] for row in rows(dataset)] == [Decimal("0.2000")]
    assert offenders(dataset) == {"missing amount": ("line 4: '2'",)}


def test_orders_without_amounts_count_as_use(opened, rows):
    dataset = opened("customer,day\n1,2024-01-01\n1,2024-01-01\n2,2024-01-02\n")
    assert not dataset.has_amount
    assert dataset.accounting.net is None
    assert [set(row) for row in rows(dataset)] == [
        {"customer_id", "ordered_day", "ordered_at", "ordered_at_utc"}
    ] * 2


def test_order_lines_without_a_total_of_their_own_belong_to_their_order(opened, rows):
    text = "customer,day,order_id,amount\n1,2024-01-01,7,12\n1,2024-01-01,7,\n2,2024-01-02,8,\n"
    dataset = opened(text)
    assert [(row["order_id"], row["amount"]) for row in rows(dataset)] == [("7", Decimal(12))]
    assert (dataset.accounting.kept, counts(dataset)) == (2, {"missing amount": 1})
    assert "order lines without an amount of their own: 1" in dataset.accounting.notes[0]
    frame = pa.table(
        {"customer": [1, 1], "day": [date(2024, 1, 1)] * 2, "order_id": [7, 7], "amount": [12.0, None]}
    )
    assert open_dataset(frame, cache=dataset.store.root).accounting.kept == 2


def test_cancelled_orders_do_not_count_and_are_no_loss(opened):
    dataset = opened(
        "customer,day,amount,status\n1,2024-01-01,5,Paid\n2,2024-01-01,5,CANCELLED\n3,2024-01-01,5,\n",
        max_loss=0.0,
    )
    assert counts(dataset) == {"cancelled": 1}
    assert opened("customer,day,status\n1,2024-01-01,cancelled\n", cancelled_statuses=[]).accounting.kept == 1


def test_several_currencies_ask_and_the_others_are_dropped(opened):
    text = (
        "customer,day,amount,currency\n"
        "1,2024-01-01,5,eur\n2,2024-01-01,5,USD\n3,2024-01-01,5,EUR\n4,2024-01-01,5,\n"
    )
    with pytest.raises(ChoiceError, match="2 currencies") as caught:
        opened(text)
    assert (caught.value.key, caught.value.choices) == ("currency", ("EUR", "USD"))
    assert offenders(opened(text, currency="EUR")) == {"other currency": ("line 3: 'USD'",)}


def test_several_currency_signs_in_the_amounts_ask_too(opened):
    text = "customer,day,amount\n1,2024-01-01,€5\n2,2024-01-01,$6\n3,2024-01-01,€7\n"
    with pytest.raises(ChoiceError, match="currency=EUR or currency=USD"):
        opened(text)
    assert offenders(opened(text, currency="EUR")) == {"other currency": ("line 3: '$6'",)}
    assert opened("customer,day,amount\n1,2024-01-01,$5\n", currency="CAD").accounting.kept == 1


def test_a_dataset_file_without_a_currency_asks_when_the_rows_have_several(write, tmp_path):
    write("o.csv", "customer,day,amount,cur\n1,2024-01-01,5,EUR\n2,2024-01-01,5,USD\n")
    toml = write(
        "o.toml",
        "schema = 1\n[orders]\nsource = 'o.csv'\n[orders.columns]\n"
        "customer_id = 'customer'\nordered_at = 'day'\namount = 'amount'\ncurrency = 'cur'\n",
    )
    with pytest.raises(ChoiceError, match="2 currencies"):
        open_dataset(toml, cache=tmp_path / "cache")


def test_exact_duplicates_are_kept_with_a_note_or_dropped(opened):
    text = "customer,day,amount\n1,2024-01-01,5\n1,2024-01-01,5\n2,2024-01-01,5\n"
    kept = opened(text)
    assert kept.accounting.gross == 15
    assert "rows that repeat another exactly: 1" in kept.accounting.notes[0]
    dropped = opened(text, duplicates="drop")
    assert dropped.accounting.gross == 10
    assert offenders(dropped) == {"duplicate": ("line 3: '2024-01-01'",)}


def test_margin_comes_from_a_column_or_a_rate(opened, rows):
    text = "customer,day,amount,margin\n1,2024-01-01,10,4\n1,2024-01-01,5,1\n"
    assert [row["margin"] for row in rows(opened(text))] == [Decimal(5)]
    rate = opened("customer,day,amount\n1,2024-01-01,10.01\n", margin=0.35)
    assert [row["margin"] for row in rows(rate)] == [Decimal("3.5035")]
    assert rate.has_margin


def test_zero_amounts_qualify(opened):
    assert opened("customer,day,amount\n1,2024-01-01,0\n").accounting.orders == 1


def test_the_as_of_date_cuts_inclusively_and_is_no_loss(opened):
    moments = ["2024-01-01 10:00", "2024-01-02 23:59", "2024-01-03 00:00", "2024-01-04 00:00"]
    text = "customer,day\n" + "".join(f"1,{moment}\n" for moment in moments)
    dataset = opened(text, as_of="2024-01-02", max_loss=0.0)
    assert (dataset.as_of, dataset.as_of_inferred) == (date(2024, 1, 2), False)
    assert counts(dataset) == {"after the as-of date": 2}
    assert (dataset.accounting.first_day, dataset.accounting.last_day) == (date(2024, 1, 1), date(2024, 1, 2))


def test_an_as_of_before_the_first_order_is_refused(opened):
    with pytest.raises(DataError, match="as-of date 2023-12-31 lies before the first order"):
        opened("customer,day\n1,2024-01-01\n", as_of="2023-12-31")


def test_without_an_as_of_it_is_the_last_orders_local_day(opened):
    dataset = opened("customer,day\n1,2024-01-01T10:00:00Z\n1,2024-01-05T20:00:00Z\n", time_zone="Asia/Tokyo")
    assert (dataset.as_of, dataset.as_of_inferred) == (date(2024, 1, 6), True)


def test_instants_become_local_days_and_walls_become_instants(opened, rows):
    text = (
        "customer,day\n"
        "1,2024-03-31T00:30:00Z\n2,2024-03-31T03:30:00+02:00\n3,2024-03-31 02:30\n4,2024-10-27 02:30\n"
    )
    found = [
        (row["ordered_at"], row["ordered_at_utc"]) for row in rows(opened(text, time_zone="Europe/Rome"))
    ]
    assert found == [
        (datetime(2024, 3, 31, 1, 30), datetime(2024, 3, 31, 0, 30)),
        (datetime(2024, 3, 31, 3, 30), datetime(2024, 3, 31, 1, 30)),
        (datetime(2024, 3, 31, 2, 30), datetime(2024, 3, 31, 1, 30)),  # a time the clocks skipped
        (datetime(2024, 10, 27, 2, 30), datetime(2024, 10, 27, 0, 30)),  # the first of two
    ]


def test_days_without_times_are_not_shifted_by_the_zone(opened, rows):
    dataset = opened("customer,day\n1,2024-01-31\n1,2024-02-29\n", time_zone="America/New_York")
    assert [row["ordered_at_utc"] for row in rows(dataset)] == [datetime(2024, 1, 31), datetime(2024, 2, 29)]


def test_typed_columns_are_used_as_they_are(rows, tmp_path):
    moments = [datetime(2024, 1, 1, 5), datetime(2024, 1, 1, 6), None]
    frame = pa.table(
        {
            "customer_id": [2, 1, 3],
            "order_id": [10, 11, 12],
            "ordered_at": pa.array(moments, pa.timestamp("ns", tz="America/New_York")),
            "amount": [0.1, float("nan"), 5.0],
            "wall": ["x", "y", "z"],
        }
    )
    dataset = open_dataset(
        frame,
        cache=tmp_path,
        time_zone="America/New_York",
        segments=["moment"],
        max_loss=1,
        columns={"moment": "wall"},
    )
    assert rows(dataset) == [
        {
            "customer_id": 2,
            "order_id": 10,
            "ordered_day": date(2024, 1, 1),
            "ordered_at": datetime(2024, 1, 1, 0),
            "ordered_at_utc": datetime(2024, 1, 1, 5),
            "amount": Decimal("0.1000"),
            "moment": "x",
        }
    ]
    assert offenders(dataset) == {"missing date": ("row 2: ''",), "missing amount": ("row 1: 'nan'",)}


def test_infinite_and_absurd_typed_amounts_are_told_apart_from_missing_ones(tmp_path):
    frame = pa.table(
        {
            "customer_id": list(range(5)),
            "date": [date(2024, 1, 1)] * 5,
            "amount": [float("inf"), 1e13, 1e300, None, 1.0],
        }
    )
    dataset = open_dataset(frame, cache=tmp_path, max_loss=1)
    assert counts(dataset) == {"missing amount": 1, "infinite or absurd amount": 3}


def test_whole_numbers_as_dates_are_read_as_written(rows, tmp_path):
    frame = pa.table({"customer_id": ["a", "b"], "date": [19970101, 19970231], "amount": [1, 2]})
    columns = {"customer_id": "customer_id", "ordered_at": "date"}
    dataset = open_dataset(frame, cache=tmp_path, max_loss=1, columns=columns)
    assert [row["ordered_day"] for row in rows(dataset)] == [date(1997, 1, 1)]
    assert offenders(dataset) == {"unreadable date": ("row 1: '19970231'",)}


cells = st.sampled_from(["a", "b", "c", "", "NULL"])
days = st.sampled_from(["2024-01-01", "2024-01-02 10:00", "2024-02-29", "2023-02-29", "soon", ""])
amounts = st.sampled_from(["5", "0", "-5", "-2.50", "12.34", "1e14", "x", "", "(3.00)"])
receipts = st.sampled_from(["1", "2", "3", ""])
extras = st.sampled_from(["", ",more"])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=st.lists(st.tuples(cells, days, receipts, amounts, extras), min_size=1, max_size=14),
    policy=st.sampled_from(["latest_order", "same_order", "drop"]),
    duplicates=st.sampled_from(["keep", "drop"]),
    with_ids=st.booleans(),
)
def test_every_row_and_every_cent_of_any_file_is_accounted_for(
    tmp_path, write, rows, table, policy, duplicates, with_ids
):
    lines = [",".join(row[:4]) + row[4] for row in [("z", "2024-01-01", "9", "7", ""), *table]]
    path = write("orders.csv", "customer,day,receipt,amount\n" + "\n".join(lines) + "\n")
    columns = {**COLUMNS, "amount": "amount"} | ({"order_id": "receipt"} if with_ids else {})
    if not with_ids:
        path.write_text(path.read_text().replace("customer,day,receipt,amount", "customer,day,other,amount"))
    dataset = open_dataset(
        str(path),
        cache=tmp_path / "cache",
        columns=columns,
        max_loss=1,
        refunds=policy,
        duplicates=duplicates,
        decimal=".",
        date_order="ymd",
    )
    accounting = dataset.accounting
    assert accounting.rows_read == len(lines)
    assert balanced(accounting)
    found = rows(dataset)
    assert accounting.orders == len(found)
    assert accounting.customers == len({row["customer_id"] for row in found})
    assert accounting.net == sum(row["amount"] for row in found)
    assert accounting.gross - accounting.refunded == accounting.net
    assert accounting.refunded >= 0
    assert accounting.unmatched >= 0
    keys = [(row["customer_id"], row.get("order_id") or row["ordered_day"]) for row in found]
    assert len(set(keys)) == len(keys)
