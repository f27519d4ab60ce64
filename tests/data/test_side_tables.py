"""The tables beside the orders: each named fault is counted, and each row is somewhere."""

from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retention_kit import cohort_table
from retention_kit.data.dataset import open_dataset
from retention_kit.data.ledger import open_ledger
from retention_kit.errors import ChoiceError, ColumnError, DataError, LossError, ParameterError

ORDERS = pa.table({"customer": ["a", "b", "c"], "day": [date(2024, 1, n) for n in (1, 2, 3)]})
KEYS = {
    "customers": {"customer_id": "who"},
    "subscriptions": {"customer_id": "who", "started_at": "start", "ended_at": "end"},
    "responses": {"customer_id": "who", "answered_at": "day", "question": "asked", "score": "score"},
    "complaints": {"customer_id": "who", "opened_at": "opened", "resolved_at": "resolved"},
    "assignments": {"customer_id": "who", "assigned_at": "day", "variant": "variant"},
}
AS_OF = date(2024, 12, 31)


@pytest.fixture
def beside(tmp_path, write):
    """Return a function that opens one table beside three customers' orders, or alone."""

    def open_table(table, content, *, orders=ORDERS, columns=None, name="", **settings):
        source = content if isinstance(content, pa.Table) else None
        of_table = {"columns": {**KEYS[table], **(columns or {})}}
        of_table |= {key: settings.pop(key) for key in tuple(settings) if key in OF_TABLE}
        if source is None:
            path = write(name or f"{table}.csv", content)
            of_table["source"] = str(path)
        frames = {"orders": orders} if orders is not None else {}
        frames |= {table: source} if source is not None else {}
        wanted = {"as_of": AS_OF, "max_loss": 1.0, **settings}
        return open_dataset(frames, cache=tmp_path / "cache", **{table: of_table}, **wanted)

    return open_table


OF_TABLE = (
    "billing_months",
    "question",
    "scale_min",
    "scale_max",
    "decimal",
    "date_order",
    "sheet",
    "encoding",
)


def rows(dataset, table):
    return pq.read_table(dataset.tables[table]).to_pylist()


def column(dataset, table, name):
    return pq.read_table(dataset.tables[table])[name].to_pylist()


def dropped(dataset, table):
    return {part.reason: part.offenders for part in dataset.accountings[table].dropped}


def balanced(accounting):
    lost = sum(part.rows for part in accounting.dropped)
    return accounting.kept + accounting.anonymous + lost == accounting.rows_read


# Subscriptions


def test_spans_of_one_customer_may_overlap_and_are_told(beside):
    text = (
        "who,start,end\na,2024-01-01,2024-06-01\na,2024-05-31,2024-07-01\na,2024-02-01,\n"
        "b,2024-01-01,2024-02-01\nb,2024-02-01,\nc,2024-01-01,\n"
    )
    dataset = beside("subscriptions", text)
    counted = dataset.accountings["subscriptions"]
    assert (counted.kept, counted.customers, counted.dropped) == (6, 3, ())
    assert counted.notes == ("subscriptions that start while another of their customer runs, kept: 2",)


def test_a_change_of_plan_is_two_spans_that_meet(beside):
    text = "who,start,end,plan\na,2024-01-01,2024-03-01,basic\na,2024-03-01,,pro\n"
    dataset = beside("subscriptions", text, columns={"plan": "plan"})
    assert rows(dataset, "subscriptions") == [
        {
            "customer_id": "a",
            "started_day": date(2024, 1, 1),
            "ended_day": date(2024, 3, 1),
            "plan": "basic",
        },
        {"customer_id": "a", "started_day": date(2024, 3, 1), "ended_day": None, "plan": "pro"},
    ]
    assert dataset.accountings["subscriptions"].notes == ()


def test_spans_that_end_before_or_on_the_day_of_their_start_are_dropped(beside):
    text = "who,start,end\na,2024-02-02,2024-02-01\nb,2024-02-02,2024-02-02\nc,2024-02-02,2024-02-03\n"
    dataset = beside("subscriptions", text)
    assert dropped(dataset, "subscriptions") == {
        "end before start": ("line 2: '2024-02-01'",),
        "end on the day of the start": ("line 3: '2024-02-02'",),
    }
    assert column(dataset, "subscriptions", "customer_id") == ["c"]


def test_negative_missing_unreadable_and_absurd_amounts_are_dropped_and_zero_is_kept(beside):
    amounts = ("-1", "", "abc", "1e15", "0", "12.50")
    text = "who,start,end,fee\n" + "".join(f"a,2024-02-02,,{amount}\n" for amount in amounts)
    dataset = beside("subscriptions", text, columns={"monthly_amount": "fee"}, decimal=".")
    assert dropped(dataset, "subscriptions") == {
        "missing monthly_amount": ("line 3: ''",),
        "infinite or absurd monthly_amount": ("line 5: '1e15'",),
        "unreadable monthly_amount": ("line 4: 'abc'",),
        "negative monthly_amount": ("line 2: '-1'",),
    }
    assert column(dataset, "subscriptions", "monthly_amount") == [Decimal("0.0000"), Decimal("12.5000")]
    assert balanced(dataset.accountings["subscriptions"])


@pytest.mark.parametrize(
    ("amount", "months", "monthly"),
    [("120", "12", "10.0000"), ("100", "3", "33.3333"), ("200", "3", "66.6667"), ("0.0001", "2", "0.0001")],
)
def test_an_amount_for_several_months_is_spread_over_them_half_up(beside, amount, months, monthly):
    text = f"who,start,end,price,months\na,2024-01-01,,{amount},{months}\n"
    mapped = {"amount": "price", "billing_months": "months"}
    by_column = beside("subscriptions", text, columns=mapped, decimal=".")
    assert column(by_column, "subscriptions", "monthly_amount") == [Decimal(monthly)]
    told = beside("subscriptions", text, columns={"amount": "price"}, decimal=".", billing_months=int(months))
    assert column(told, "subscriptions", "monthly_amount") == [Decimal(monthly)]
    assert "amount" not in told.columns("subscriptions")


@settings(max_examples=25, deadline=None, derandomize=True)
@given(cents=st.integers(0, 10**9), months=st.integers(1, 1200))
def test_monthly_amounts_are_exact_to_the_last_place(cents, months):
    from retention_kit.data.side_tables import _monthly

    with duckdb.connect() as connection:
        sql = _monthly(f"{cents / 100:.2f}::DECIMAL(18, 4)", f"{months}::DECIMAL(18, 4)")
        found = connection.execute(f"SELECT {sql}").fetchall()[0][0]
    exact = Decimal(cents) / 100 / months
    assert found == exact.quantize(Decimal("0.0001"), rounding="ROUND_HALF_UP")


def test_billing_months_that_make_no_sense_are_dropped(beside):
    text = "who,start,end,price,months\n" + "".join(
        f"a,2024-01-01,,{price},{months}\n"
        for price, months in (
            (5, 0),
            (5, -1),
            (5, 1201),
            (5, ""),
            (5, "x"),
            (-5, 1),
            ("9e11", 0.0001),
            (5, 1),
        )
    )
    mapped = {"amount": "price", "billing_months": "months"}
    dataset = beside("subscriptions", text, columns=mapped, decimal=".")
    assert dropped(dataset, "subscriptions") == {
        "missing billing_months": ("line 5: ''",),
        "unreadable billing_months": ("line 6: 'x'",),
        "negative amount": ("line 7: '-5'",),
        "billing_months not above 0, or above 1,200": ("line 2: '0'", "line 3: '-1'", "line 4: '1201'"),
        "infinite or absurd amount a month": ("line 8: '9e11'",),
    }
    assert dataset.accountings["subscriptions"].kept == 1


@pytest.mark.parametrize(
    ("columns", "more", "words"),
    [
        ({"amount": "p"}, {}, "amount is mapped without billing_months"),
        ({"billing_months": "p"}, {}, "billing_months is given and no amount is mapped"),
        ({"monthly_amount": "p", "amount": "p"}, {"billing_months": 1}, "keep the one or the others"),
        ({"amount": "p", "billing_months": "p"}, {"billing_months": 1}, "set for all rows, and mapped"),
        ({"currency": "p"}, {}, "currency is mapped and no amount"),
    ],
)
def test_amounts_that_are_mapped_by_halves_or_twice_are_refused(beside, columns, more, words):
    with pytest.raises(ParameterError, match=rf"\[subscriptions\].*{words}"):
        beside("subscriptions", "who,start,end,p\na,2024-01-01,,1\n", columns=columns, **more)


def test_what_lies_after_the_as_of_date_has_not_happened(beside):
    text = (
        "who,start,end\na,2024-01-01,2024-06-30\nb,2024-01-01,2024-07-01\nc,2024-07-01,\nc,2024-06-30,\n"
        "c,2024-08-01,2024-07-01\n"
    )
    dataset = beside("subscriptions", text, as_of="2024-06-30")
    assert rows(dataset, "subscriptions") == [
        {"customer_id": "a", "started_day": date(2024, 1, 1), "ended_day": date(2024, 6, 30)},
        {"customer_id": "b", "started_day": date(2024, 1, 1), "ended_day": None},
        {"customer_id": "c", "started_day": date(2024, 6, 30), "ended_day": None},
    ]
    counted = dataset.accountings["subscriptions"]
    assert [(part.reason, part.rows) for part in counted.dropped] == [("after the as-of date", 2)]
    assert counted.loss == 0
    assert counted.notes == ("ended_at after the as-of date, which is yet to come and left empty: 1",)


def test_several_currencies_ask_and_with_one_chosen_the_others_are_left_out(beside):
    text = "who,start,end,fee,cur\na,2024-01-01,,5,eur\nb,2024-01-01,,6,USD\nc,2024-01-01,,7,\n"
    mapped = {"monthly_amount": "fee", "currency": "cur"}
    with pytest.raises(ChoiceError, match="amounts, subscriptions included, are in 2 currencies") as caught:
        beside("subscriptions", text, columns=mapped)
    assert (caught.value.key, caught.value.choices) == ("currency", ("EUR", "USD"))
    dataset = beside("subscriptions", text, columns=mapped, currency="EUR", max_loss=0.0)
    assert dropped(dataset, "subscriptions") == {"other currency": ("line 3: '6'",)}
    assert column(dataset, "subscriptions", "customer_id") == ["a", "c"]


def test_a_currency_that_is_not_that_of_the_orders_asks(tmp_path, write):
    write("orders.csv", "customer,day,paid\na,2024-01-01,€5\n")
    write("subs.csv", "who,start,fee\na,2024-01-01,$5\n")
    toml = write(
        "shop.toml",
        "schema = 1\n[orders]\nsource = 'orders.csv'\n[orders.columns]\ncustomer_id = 'customer'\n"
        "ordered_at = 'day'\namount = 'paid'\n[subscriptions]\nsource = 'subs.csv'\n[subscriptions.columns]\n"
        "customer_id = 'who'\nstarted_at = 'start'\nmonthly_amount = 'fee'\n",
    )
    with pytest.raises(ChoiceError, match="currency=EUR or currency=USD"):
        open_dataset(toml, cache=tmp_path / "cache")
    chosen = open_dataset(toml, cache=tmp_path / "cache", currency="EUR", max_loss=1.0)
    assert chosen.accountings["subscriptions"].kept == 0
    assert dropped(chosen, "subscriptions") == {"other currency": ("line 2: '$5'",)}
    write("orders.csv", "customer,day,paid\na,2024-01-01,CAD 5\n")
    same = open_dataset(toml, cache=tmp_path / "cache")  # a dollar sign may be any country's dollar
    assert same.accountings["subscriptions"].kept == 1


def test_a_dataset_may_have_subscriptions_and_no_orders(beside, tmp_path):
    text = "who,start,end\na,2024-01-05,2024-03-01\nb,2024-02-01,2030-01-01\n"
    dataset = beside("subscriptions", text, orders=None, as_of=None)
    assert (dataset.orders, dataset.accounting, dataset.has_amount, dataset.has_margin) == (
        None,
        None,
        False,
        False,
    )
    assert (dataset.first_day, dataset.as_of, dataset.as_of_inferred) == (
        date(2024, 1, 5),
        date(2024, 2, 1),
        True,
    )
    assert column(dataset, "subscriptions", "ended_day") == [None, None]
    assert open_ledger(dataset).query("SELECT count(*) AS n FROM subscriptions").to_pylist() == [{"n": 2}]
    for grain, clock in (("month", "calendar"), ("day", "elapsed")):
        with pytest.raises(DataError, match=r"has no orders, needed for .* \[orders\.columns\]"):
            cohort_table(dataset, grain=grain, clock=clock)


def test_a_dataset_with_neither_orders_nor_subscriptions_is_refused(write, tmp_path):
    toml = write("shop.toml", "schema = 1\n[customers]\nsource = 'people.csv'\n")
    with pytest.raises(DataError, match=r"neither \[orders\] nor \[subscriptions\]"):
        open_dataset(toml, cache=tmp_path)


@pytest.mark.parametrize(
    ("text", "as_of", "words"),
    [
        ("a,2024-01-05,\n", "2023-12-31", "as-of date 2023-12-31 lies before the first subscription"),
        ("a,soon,\n", AS_OF, "No subscription can be used: unreadable started_at"),
        (",2024-01-05,\n", AS_OF, "no row has a customer"),
    ],
)
def test_no_subscription_left_where_there_are_no_orders_is_an_error(beside, text, as_of, words):
    with pytest.raises(DataError, match=words):
        beside("subscriptions", f"who,start,end\n{text}", orders=None, as_of=as_of)


def test_the_first_day_is_that_of_the_first_order_or_subscription(beside):
    early = beside("subscriptions", "who,start,end\na,2023-06-01,\n")
    assert early.first_day == date(2023, 6, 1)
    late = beside("subscriptions", "who,start,end\na,2024-06-01,\n")
    assert late.first_day == date(2024, 1, 1)
    alone = beside("subscriptions", "who,start,end\nz,2023-06-01,\n", as_of="2023-06-02", orders=None)
    assert alone.first_day == date(2023, 6, 1)


def test_an_earlier_subscription_changes_no_cohort(beside):
    plain = cohort_table(open_dataset(ORDERS, as_of=AS_OF, cache=None))
    both = cohort_table(beside("subscriptions", "who,start,end\na,2023-06-01,\n"))
    assert both.counts.size.sum() == plain.counts.size.sum() == 3
    assert both.pooled["retention_rate"].to_pylist()[:12] == plain.pooled["retention_rate"].to_pylist()[:12]


def test_an_interval_in_words_is_so_many_months_and_weeks_are_none(beside):
    words = ("month", "Yearly", "quarter", "12 months", "2 yr", "annual", "6", "week", "2 wk", "7 d")
    text = "who,start,end,price,every\n" + "".join(f"c{n},2024-01-01,,120,{w}\n" for n, w in enumerate(words))
    dataset = beside("subscriptions", text, columns={"amount": "price", "billing_months": "every"})
    monthly = [Decimal(amount) for amount in (120, 10, 40, 10, 5, 10, 20)]
    assert column(dataset, "subscriptions", "monthly_amount") == monthly
    assert dropped(dataset, "subscriptions") == {
        "unreadable billing_months": ("line 9: 'week'", "line 10: '2 wk'", "line 11: '7 d'")
    }


@pytest.mark.parametrize("scale", [1, 1000])
@pytest.mark.parametrize("kind", ["text", "whole", "float"])
def test_seconds_and_milliseconds_since_1970_are_local_days_of_instants(beside, scale, kind):
    moments = [datetime(2024, 1, 31, 22, 59, 59, tzinfo=UTC), datetime(2024, 1, 31, 23, 0, tzinfo=UTC)]
    told = [int(moment.timestamp()) * scale for moment in moments]
    made = {"text": lambda n: f" {n}", "whole": int, "float": float}[kind]
    starts = pa.array([made(n) for n in told])
    frame = pa.table({"who": ["a", "b"], "start": starts, "end": pa.array([None, None], starts.type)})
    dataset = beside("subscriptions", frame, time_zone="Europe/Rome")
    assert column(dataset, "subscriptions", "started_day") == [date(2024, 1, 31), date(2024, 2, 1)]


def test_seconds_since_1970_stand_beside_dates_and_offsets(beside):
    text = "who,start,end\na,1704067200,2024-03-01\nb,2024-01-31T23:30:00Z ,\nc,2024-02-01,1709251200\n"
    dataset = beside("subscriptions", text, time_zone="Europe/Rome")
    spans = [(row["started_day"], row["ended_day"]) for row in rows(dataset, "subscriptions")]
    assert spans == [
        (date(2024, 1, 1), date(2024, 3, 1)),
        (date(2024, 2, 1), None),
        (date(2024, 2, 1), date(2024, 3, 1)),
    ]


# Responses


def test_a_score_outside_its_scale_is_dropped_and_others_keep_their_decimals(beside):
    text = (
        "who,day,asked,score\na,2024-01-05,NPS,10\na,2024-01-06,nps,10.5\nb,2024-01-06,nps,-1\n"
        "b,2024-01-06,csat,0\nb,2024-01-06,CSAT,4.5\n"
    )
    dataset = beside("responses", text)
    assert dropped(dataset, "responses") == {
        "score outside its scale": ("line 3: '10.5'", "line 4: '-1'", "line 5: '0'")
    }
    assert rows(dataset, "responses") == [
        {
            "customer_id": "a",
            "answered_day": date(2024, 1, 5),
            "question": "nps",
            "score": 10.0,
            "scale_min": 0.0,
            "scale_max": 10.0,
        },
        {
            "customer_id": "b",
            "answered_day": date(2024, 1, 6),
            "question": "csat",
            "score": 4.5,
            "scale_min": 1.0,
            "scale_max": 5.0,
        },
    ]


def test_several_answers_of_one_customer_are_kept(beside):
    text = "who,day,asked,score\n" + "a,2024-01-05,nps,9\n" * 2 + "a,2024-02-05,nps,3\n"
    counted = beside("responses", text).accountings["responses"]
    assert (counted.kept, counted.customers) == (3, 1)
    assert counted.notes == (
        'rows that repeat another exactly: 1, kept; duplicates = "drop" leaves them out',
    )
    strict = beside("responses", text, duplicates="drop").accountings["responses"]
    assert [(part.reason, part.rows) for part in strict.dropped] == [("duplicate", 1)]
    assert (strict.kept, strict.loss, strict.notes) == (2, 0, ())


def test_a_scale_comes_from_columns_settings_or_the_question_and_else_is_missing(beside):
    answers = ("effort,7,1,7", "nps,8,,", "effort,5,,")
    text = "who,day,asked,score,low,high\n" + "".join(f"a,2024-01-05,{answer}\n" for answer in answers)
    mapped = beside("responses", text, columns={"scale_min": "low", "scale_max": "high"})
    assert [(row["scale_min"], row["scale_max"]) for row in rows(mapped, "responses")] == [(1, 7), (0, 10)]
    assert dropped(mapped, "responses") == {"missing scale": ("line 4: 'effort'",)}
    told = beside("responses", text, scale_min=1, scale_max=9)
    assert [(row["scale_min"], row["scale_max"]) for row in rows(told, "responses")] == [(1, 9)] * 3
    nowhere = beside("responses", text)
    assert dropped(nowhere, "responses") == {"missing scale": ("line 2: 'effort'", "line 4: 'effort'")}


def test_unreadable_ends_of_a_scale_and_missing_scores_are_dropped(beside):
    answers = ("nps,7,x", "nps,,0", "nps,n/k,0", ",7,0")
    text = "who,day,asked,score,low\n" + "".join(f"a,2024-01-05,{answer}\n" for answer in answers)
    dataset = beside("responses", text, columns={"scale_min": "low"}, decimal=".")
    assert dropped(dataset, "responses") == {
        "missing question": ("line 5: ''",),
        "missing score": ("line 3: ''",),
        "unreadable score": ("line 4: 'n/k'",),
        "unreadable scale_min": ("line 2: 'x'",),
    }


def test_one_question_may_hold_for_all_rows(beside):
    dataset = beside(
        "responses",
        "who,day,score,why,said\na,2024-01-05,9,price,=fine\nb,2024-01-05,0,,\n",
        columns={"question": "", "reason": "why", "comment": "said"},
        question="NPS",
    )
    assert column(dataset, "responses", "question") == ["nps", "nps"]
    assert column(dataset, "responses", "reason") == ["price", None]
    assert column(dataset, "responses", "comment") == ["=fine", None]


@pytest.mark.parametrize(
    ("more", "error", "words"),
    [
        ({"question": "nps"}, ParameterError, "question is set for all rows, and mapped to column 'asked'"),
        ({"scale_min": 5, "scale_max": 5}, ParameterError, "scale_min = 5 is not below scale_max = 5"),
        ({"columns": {"question": ""}}, ColumnError, r"or set it for all rows in \[responses\]"),
        (
            {"columns": {"score": "scroe"}},
            ColumnError,
            r"'scroe' for responses\.score\. Did you mean 'score'",
        ),
        ({"columns": {"answered_at": ""}}, ColumnError, r"mapped to answered_at in \[responses\.columns\]"),
    ],
)
def test_a_mapping_at_odds_with_itself_or_the_file_is_refused(beside, more, error, words):
    with pytest.raises(error, match=words):
        beside("responses", "who,day,asked,score\na,2024-01-05,nps,9\n", **more)


# Complaints and assignments


def test_complaints_resolved_before_they_were_opened_are_dropped(beside):
    text = (
        "who,opened,resolved,how\na,2024-02-02,2024-02-01,refund\na,2024-02-02,2024-02-02,refund\n"
        "b,2024-02-02,,\nb,2024-02-02,later,\nb,2024-02-02,2025-02-02,x\n"
    )
    dataset = beside("complaints", text, columns={"outcome": "how"})
    assert dropped(dataset, "complaints") == {
        "unreadable resolved_at": ("line 5: 'later'",),
        "resolved before opened": ("line 2: '2024-02-01'",),
    }
    assert [row["resolved_day"] for row in rows(dataset, "complaints")] == [date(2024, 2, 2), None, None]
    assert column(dataset, "complaints", "outcome") == ["refund", None, "x"]


def test_ends_that_are_not_mapped_are_empty_columns(beside):
    complaints = beside("complaints", "who,opened\na,2024-02-02\n", columns={"resolved_at": ""})
    assert complaints.columns("complaints") == ("customer_id", "opened_day", "resolved_day")
    running = beside("subscriptions", "who,start\na,2024-02-02\na,2024-02-03\n", columns={"ended_at": ""})
    assert column(running, "subscriptions", "ended_day") == [None, None]
    assert "another of their customer runs, kept: 1" in running.accountings["subscriptions"].notes[0]


def test_customers_in_two_variants_are_dropped_and_of_repeated_assignments_the_first_counts(beside):
    text = (
        "who,day,variant\na,2024-02-03,new\na,2024-02-01,new\nb,2024-02-01,new\nb,2024-02-05,old\n"
        "c,2024-02-01,old\nd,2024-02-01,\n"
    )
    dataset = beside("assignments", text)
    assert rows(dataset, "assignments") == [
        {"customer_id": "a", "assigned_day": date(2024, 2, 1), "variant": "new"},
        {"customer_id": "c", "assigned_day": date(2024, 2, 1), "variant": "old"},
    ]
    assert dropped(dataset, "assignments") == {
        "missing variant": ("line 7: ''",),
        "assigned to several variants": ("line 4: 'b'", "line 5: 'b'"),
        "assigned again, the first counts": ("line 2: 'a'",),
    }
    assert dataset.accountings["assignments"].loss == 0.5
    then = beside("assignments", text, as_of="2024-02-04")  # b's second assignment was yet to come
    assert column(then, "assignments", "customer_id") == ["a", "b", "c"]


# Customers


def test_typed_columns_of_customers_are_read_and_what_cannot_be_read_is_noted(beside):
    text = (
        "who;from;cost;member;news;town\na;referral;1.234,50;03.02.2024;ja;Rom\n"
        "b;ad;viel;31.12.2025;nein;\nc;;1e99;bald;vielleicht;Wien\nd;ad;;;;\n"
    )
    columns = {
        "source": "from",
        "acquisition_cost": "cost",
        "joined_programme_at": "member",
        "consent": "news",
        "town": "town",
    }
    dataset = beside("customers", text, columns=columns, currency="EUR", decimal=",", date_order="dmy")
    assert rows(dataset, "customers") == [
        {
            "customer_id": "a",
            "acquisition_cost": Decimal("1234.5000"),
            "joined_programme_day": date(2024, 2, 3),
            "consent": True,
            "source": "referral",
            "town": "Rom",
        },
        {
            "customer_id": "b",
            "acquisition_cost": None,
            "joined_programme_day": None,
            "consent": False,
            "source": "ad",
            "town": None,
        },
        {
            "customer_id": "c",
            "acquisition_cost": None,
            "joined_programme_day": None,
            "consent": None,
            "source": None,
            "town": "Wien",
        },
        {
            "customer_id": "d",
            "acquisition_cost": None,
            "joined_programme_day": None,
            "consent": None,
            "source": "ad",
            "town": None,
        },
    ]
    assert dataset.accountings["customers"].notes == (
        "acquisition_cost that is unreadable, negative or of another currency, left empty: 2",
        "joined_programme_at that is unreadable, left empty: 1",
        "consent that is unreadable, left empty: 1",
        "joined_programme_at after the as-of date, which is yet to come and left empty: 1",
        "customers who have no orders, kept: 1",
    )
    assert dataset.segments == ("source", "town")
    assert cohort_table(dataset, breakdown="source").groups == ("(unknown)", "ad", "referral")


def test_a_cost_in_another_currency_is_left_empty_or_asks(beside):
    text = "who,cost\na,€5\nb,$6\n"
    with pytest.raises(ChoiceError, match="customers included"):
        beside("customers", text, columns={"acquisition_cost": "cost"})
    dataset = beside("customers", text, columns={"acquisition_cost": "cost"}, currency="EUR")
    assert column(dataset, "customers", "acquisition_cost") == [Decimal(5), None]
    assert dataset.accountings["customers"].notes[0] == (
        "acquisition_cost that is unreadable, negative or of another currency, left empty: 1"
    )


def test_a_negative_cost_is_left_empty_and_told(beside):
    dataset = beside("customers", "who,cost\na,-5.0\nb,0.0\n", columns={"acquisition_cost": "cost"})
    assert column(dataset, "customers", "acquisition_cost") == [None, Decimal(0)]
    assert dataset.accountings["customers"].notes[0].endswith("left empty: 1")


@pytest.mark.parametrize(
    ("values", "truths"),
    [
        (
            ["yes", "No", "TRUE", "f", "Sì", "ei", "1", "0"],
            [True, False, True, False, True, False, True, False],
        ),
        ([True, False, None], [True, False, None]),
        ([1, 0, 2], [True, False, None]),
        ([1.0, 0.0, None], [True, False, None]),
    ],
)
def test_consent_is_read_as_words_numbers_or_truth_values(beside, values, truths):
    frame = pa.table({"who": [f"c{n}" for n in range(len(values))], "ok": values})
    dataset = beside("customers", frame, columns={"consent": "ok"})
    assert column(dataset, "customers", "consent") == truths


def test_a_repeated_customer_is_no_loss_and_a_lost_id_of_orders_neither(beside):
    orders = pa.table({"customer": [7, 8], "day": [date(2024, 1, 1)] * 2})
    dataset = beside("customers", "who\n8\n8\nx\n", orders=orders, max_loss=0.0)
    counted = dataset.accountings["customers"]
    assert column(dataset, "customers", "customer_id") == [8]
    assert dropped(dataset, "customers") == {
        "customer_id of another type, matches nobody": ("line 4: 'x'",),
        "repeated customer_id, the first row counts": ("line 3: '8'",),
    }
    assert counted.loss == 0
    assert dataset.accounting.notes == (
        "rows of customers that repeat an id: 1; the first row of each counts",
        "rows of customers whose id is of another type than the orders': 1",
        "customers with orders who are not among the customers: 1",
    )


# All tables


def test_ids_have_the_type_that_the_orders_give_them_and_others_are_lost(beside):
    orders = pa.table({"customer": [7, 8], "day": [date(2024, 1, 1)] * 2})
    text = "who,opened,resolved\n7,2024-02-01,\nx7,2024-02-01,\n"
    dataset = beside("complaints", text, orders=orders)
    assert column(dataset, "complaints", "customer_id") == [7]
    assert dropped(dataset, "complaints") == {"customer_id of another type": ("line 3: 'x7'",)}
    with pytest.raises(LossError, match=r"50\.0% of 2 rows of complaints would be lost, more than 20\.0%"):
        beside("complaints", text, orders=orders, max_loss=0.2)
    frame = pa.table({"who": [1.0, None], "opened": [date(2024, 2, 1)] * 2})
    typed = beside("complaints", frame, columns={"resolved_at": ""})
    assert column(typed, "complaints", "customer_id") == ["1"]
    assert typed.accountings["complaints"].anonymous == 1


def test_an_id_with_a_fraction_is_not_rounded_to_another_customer(beside):
    orders = pa.table({"customer": [42, 45], "day": [date(2024, 1, 1)] * 2})
    text = "who,opened,resolved\n0042,2024-02-01,\n 45 ,2024-02-01,\n42.0,2024-02-01,\n44.6,2024-02-01,\n"
    dataset = beside("complaints", text, orders=orders)
    assert column(dataset, "complaints", "customer_id") == [42, 42, 45]
    assert dropped(dataset, "complaints") == {"customer_id of another type": ("line 5: '44.6'",)}


def test_ids_that_spreadsheets_spell_otherwise_are_told(beside):
    orders = pa.table({"customer": ["0042", "Ab", "7"], "day": [date(2024, 1, 1)] * 3})
    text = "who,opened,resolved\n42,2024-02-01,\nAB,2024-02-01,\n7.0,2024-02-01,\nz,2024-02-01,\n"
    assert beside("complaints", text, orders=orders).accountings["complaints"].notes == (
        "customers who have no orders, kept: 4; 3 would but for capitals, leading zeros or a final .0 in"
        " customer_id",
    )


def test_all_columns_that_are_not_there_are_named_at_once(beside):
    wrong = {"customer_id": "whom", "started_at": "", "plan": "tier"}
    with pytest.raises(ColumnError) as caught:
        beside("subscriptions", "who,start,end\na,2024-01-01,\n", columns=wrong)
    assert str(caught.value) == (
        "No column is mapped to started_at in [subscriptions.columns]. There is no column 'whom' for"
        " subscriptions.customer_id. Did you mean 'who'? There is no column 'tier' for subscriptions.plan."
        " Columns found: 'who', 'start', 'end'."
    )
    coded = {"monthly_amount": "end", "currency": "code"}
    with pytest.raises(ColumnError, match=r"no column 'code' for subscriptions\.currency"):
        beside("subscriptions", "who,start,end\na,2024-01-01,\n", columns=coded)


def test_a_question_without_a_known_scale_asks_for_one_before_any_row_is_read(beside):
    columns = {"question": ""}
    with pytest.raises(ParameterError, match="no scale is known for question 'effort'; set scale_min"):
        beside("responses", "who,day,score\na,2024-01-01,5\n", columns=columns, question="effort")
    dataset = beside(
        "responses",
        "who,day,score\na,2024-01-05,5\n",
        columns=columns,
        question="effort",
        scale_min=1,
        scale_max=7,
    )
    assert rows(dataset, "responses")[0]["scale_max"] == 7


def test_an_empty_table_says_that_it_may_be_left_out(beside):
    with pytest.raises(DataError, match=r"header and no rows.*left out of the dataset file"):
        beside("complaints", "who,opened,resolved\n")
    empty = pa.table({"who": pa.array([], pa.string()), "opened": pa.array([], pa.date32())})
    with pytest.raises(DataError, match=r"frame of the complaints has no rows.*leave it out"):
        beside("complaints", empty, columns={"resolved_at": ""})


def test_customers_without_orders_are_kept_and_counted(beside):
    text = "who,opened,resolved\na,2024-02-01,\nx,2024-02-01,\nx,2024-02-02,\ny,2024-02-02,\n"
    counted = beside("complaints", text).accountings["complaints"]
    assert (counted.kept, counted.customers) == (4, 3)
    assert counted.notes == ("customers who have no orders, kept: 2",)


@pytest.mark.parametrize("table", ["subscriptions", "responses", "complaints", "assignments"])
def test_a_date_that_may_be_day_or_month_first_asks_for_the_key_of_its_table(beside, table):
    header = {"subscriptions": "start", "complaints": "opened"}.get(table, "day")
    rest = {"responses": ",asked,score\na,03/04/2024,nps,5\n", "assignments": ",variant\na,03/04/2024,x\n"}
    other = {"subscriptions": ",end\na,03/04/2024,\n", "complaints": ",resolved\na,03/04/2024,\n"}
    text = f"who,{header}{(rest | other)[table]}"
    with pytest.raises(ChoiceError, match=rf"\[{table}\] '03/04/2024' may be day first") as caught:
        beside(table, text)
    assert (caught.value.key, caught.value.choices) == (f"{table}.date_order", ("dmy", "mdy"))
    read = {order: beside(table, text, date_order=order) for order in ("dmy", "mdy")}
    days = {order: dataset.accountings[table].first_day for order, dataset in read.items()}
    assert days == {"dmy": date(2024, 4, 3), "mdy": date(2024, 3, 4)}


def test_the_days_of_a_table_decide_their_order_together(beside):
    text = "who,start,end\na,03/04/2024,25/12/2024\n"
    dataset = beside("subscriptions", text)
    assert column(dataset, "subscriptions", "started_day") == [date(2024, 4, 3)]
    with pytest.raises(ChoiceError, match="contradict each other"):
        beside("subscriptions", "who,start,end\na,13/04/2024,12/25/2024\n")


def test_a_number_that_may_group_thousands_asks_for_the_key_of_its_table(beside):
    text = 'who,start,end,fee\na,2024-01-01,,"1,234"\n'
    with pytest.raises(ChoiceError, match=r"subscriptions\.decimal=\. or subscriptions\.decimal=,"):
        beside("subscriptions", text, columns={"monthly_amount": "fee"})
    found = beside("subscriptions", text, columns={"monthly_amount": "fee"}, decimal=",")
    assert column(found, "subscriptions", "monthly_amount") == [Decimal("1.2340")]


def test_files_of_any_encoding_and_delimiter_are_read_with_the_lines_of_their_faults(beside, write, tmp_path):
    text = (
        "Kunde;Beginn;Ende;Tarif;Beitrag;Grund\nMüller;01.02.2024;13.03.2024;Größe;12,50 €;Umzug\n"
        "zu;viele;Felder;in;dieser;Zeile;hier\n;01.02.2024;;x;1;\nJäger;32.02.2024;;x;1;\n"
    )
    write("s.csv", text, "cp1252")
    columns = {
        "customer_id": "Kunde",
        "started_at": "Beginn",
        "ended_at": "Ende",
        "plan": "Tarif",
        "monthly_amount": "Beitrag",
        "reason": "Grund",
    }
    dataset = open_dataset(
        {},
        cache=tmp_path / "cache",
        max_loss=1.0,
        as_of=AS_OF,
        subscriptions={"source": str(tmp_path / "s.csv"), "columns": columns, "encoding": "cp1252"},
    )
    assert rows(dataset, "subscriptions") == [
        {
            "customer_id": "Müller",
            "started_day": date(2024, 2, 1),
            "ended_day": date(2024, 3, 13),
            "plan": "Größe",
            "monthly_amount": Decimal("12.5000"),
            "reason": "Umzug",
        }
    ]
    counted = dataset.accountings["subscriptions"]
    assert (counted.rows_read, counted.anonymous) == (4, 1)
    assert dropped(dataset, "subscriptions") == {
        "ragged row": ("line 3: 'fields expected: 6 found: 7'",),
        "unreadable started_at": ("line 5: '32.02.2024'",),
    }


def test_excel_sheets_are_read(beside, tmp_path):
    workbook = openpyxl.Workbook()
    workbook.active.title = "other"
    sheet = workbook.create_sheet("answers")
    for row in (
        ["who", "day", "asked", "score"],
        ["a", datetime(2024, 2, 3), "nps", 9],
        ["b", None, "nps", 9],
    ):
        sheet.append(row)
    workbook.save(tmp_path / "survey.xlsx")
    content = (tmp_path / "survey.xlsx").read_bytes()
    dataset = beside("responses", content, name="survey.xlsx", sheet="answers")
    assert column(dataset, "responses", "answered_day") == [date(2024, 2, 3)]
    assert dropped(dataset, "responses") == {"missing answered_at": ("row 3: ''",)}


def test_instants_become_days_of_the_dataset_s_time_zone_in_each_column(beside):
    text = (
        "who,start,end\na,2024-03-30T23:30:00Z,2024-10-26T22:30:00+00:00\n"
        "b,2024-06-30T22:00:00Z,2024-07-01T21:59:59Z\nc,2024-01-31 23:30,2024-02-01 00:00\n"
    )
    dataset = beside("subscriptions", text, time_zone="Europe/Rome")
    assert [(row["started_day"], row["ended_day"]) for row in rows(dataset, "subscriptions")] == [
        (date(2024, 3, 31), date(2024, 10, 27)),
        (date(2024, 1, 31), date(2024, 2, 1)),
    ]
    assert dropped(dataset, "subscriptions") == {
        "end on the day of the start": ("line 3: '2024-07-01T21:59:59Z'",)
    }
    moments = [datetime(2024, 3, 30, 23, 30), datetime(2024, 6, 30, 21)]
    frame = pa.table({"who": ["a", "b"], "opened": pa.array(moments, pa.timestamp("us", tz="UTC"))})
    typed = beside("complaints", frame, columns={"resolved_at": ""}, time_zone="Europe/Rome")
    assert column(typed, "complaints", "opened_day") == [date(2024, 3, 31), date(2024, 6, 30)]


def test_days_out_of_all_time_are_unreadable(beside):
    text = "who,start,end\na,0001-01-01,\nb,2024-01-01,9999-12-31\n"
    dataset = beside("subscriptions", text)
    assert dropped(dataset, "subscriptions") == {
        "unreadable started_at": ("line 2: '0001-01-01'",),
        "unreadable ended_at": ("line 3: '9999-12-31'",),
    }


def test_an_as_of_before_a_table_begins_leaves_it_empty(beside):
    dataset = beside("complaints", "who,opened,resolved\na,2024-02-02,\n", as_of="2024-01-15", max_loss=0.0)
    counted = dataset.accountings["complaints"]
    assert (counted.kept, counted.customers, counted.first_day, counted.last_day) == (0, 0, None, None)
    assert dataset.columns("complaints") == ("customer_id", "opened_day", "resolved_day")


def test_names_of_columns_cannot_collide_with_the_inner_workings(beside):
    text = 'who,raw_customer_id,reason,"it\'s ""x""",_row\na,1,2,3,4\n'
    names = {
        "raw_customer_id": "raw_customer_id",
        "reason": "reason",
        'it\'s "x"': 'it\'s "x"',
        "_row": "_row",
    }
    dataset = beside("customers", text, columns=names)
    assert rows(dataset, "customers") == [
        {"customer_id": "a", "raw_customer_id": "1", "reason": "2", 'it\'s "x"': "3", "_row": "4"}
    ]


ids = st.sampled_from(["a", "b", "z", "", "NULL"])
starts = st.sampled_from(["2024-01-01", "2024-05-05", "2025-01-01", "soon", ""])
ends = st.sampled_from(["2024-01-01", "2024-06-01", "2023-01-01", "2026-01-01", "later", ""])
fees = st.sampled_from(["5", "0", "-5", "12.34", "x", ""])


def fate(row, as_of):
    """What becomes of a subscription, in plain Python."""
    who, start, end, fee, more = row
    if more:
        return "ragged"
    if who in ("", "NULL"):
        return "anonymous"
    if start in ("soon", "") or start > as_of or end == "later" or fee in ("x", "", "-5"):
        return "dropped"
    return "dropped" if end and end <= start else "kept"


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(table=st.lists(st.tuples(ids, starts, ends, fees, st.sampled_from(["", ",more"])), max_size=14))
def test_every_row_of_any_file_is_accounted_for(beside, table):
    table = [("a", "2024-02-01", "", "7", ""), *table]
    text = "who,start,end,fee\n" + "".join(",".join(row[:4]) + row[4] + "\n" for row in table)
    dataset = beside("subscriptions", text, columns={"monthly_amount": "fee"}, decimal=".", date_order="ymd")
    counted = dataset.accountings["subscriptions"]
    fates = [fate(row, str(AS_OF)) for row in table]
    assert (counted.rows_read, counted.kept, counted.anonymous) == (
        len(table),
        fates.count("kept"),
        fates.count("anonymous"),
    )
    assert balanced(counted)
    expected = sorted(
        (who, start, end if end and end <= str(AS_OF) else "", Decimal(fee))
        for (who, start, end, fee, _), became in zip(table, fates, strict=True)
        if became == "kept"
    )
    found = [
        (row["customer_id"], str(row["started_day"]), str(row["ended_day"] or ""), row["monthly_amount"])
        for row in rows(dataset, "subscriptions")
    ]
    assert sorted(found) == expected
