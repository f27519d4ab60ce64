from retention_kit.data.check import check_dataset
from retention_kit.data.profile import profile


def test_the_profile_tells_size_span_gap_and_oddities(opened):
    text = "customer,day,amount\na,2024-01-01,0\na,2024-01-10,5\n,2024-01-12,5\nb,2024-01-12,5\n"
    found = profile(opened(text))
    assert found.text.splitlines() == [
        "orders: as of 2024-01-12 (the day of the last order; set as_of to the day the data were exported),"
        " days in UTC",
        "4 rows read",
        "  3 kept in 3 orders of 2 customers, 2024-01-01 to 2024-01-12",
        "  1 anonymous (25.0%): no customer, counted and left out",
        "revenue 10.00 - refunds 0.00 = 10.00",
        "longest time without an order: 8 days, between 2024-01-01 and 2024-01-10",
        "odd: 25.0% of the rows have no customer",
        "odd: orders with an amount of zero: 1; they count as orders",
    ]


def test_one_customer_and_one_day_are_allowed_and_odd(opened):
    found = profile(opened("customer,day\na,2024-01-01\n", as_of="2024-01-31"))
    assert found.oddities == (
        "no column holds amounts: orders and customers are counted, money is not",
        "all orders are of one customer",
        "all orders are of one day",
    )
    assert found.text.startswith("orders: as of 2024-01-31, days in UTC")


def test_a_till_with_a_customer_number_is_odd(opened):
    text = "customer,day\n" + "".join(
        f"{'till' if n % 2 else n},2024-{n // 28 + 1:02d}-{n % 28 + 1:02d}\n" for n in range(60)
    )
    assert "customer 'till' has 50% of all orders; is it a till, or guests?" in profile(opened(text)).oddities


def test_customers_who_never_return_are_odd(opened):
    text = "customer,day\n" + "".join(f"{n},2024-01-{n % 28 + 1:02d}\n" for n in range(25))
    assert any(odd.startswith("no customer has a second order") for odd in profile(opened(text)).oddities)


def test_a_check_tells_where_the_rows_of_every_table_went(write, tmp_path):
    write("orders.csv", "customer,day\na,2024-01-01\nb,2024-01-02\n")
    write("subs.csv", "who,start,end\na,2024-01-01,\nb,2024-01-02,2024-01-01\n")
    write("answers.csv", "who,day,score\nz,2024-01-02,9\n")
    toml = """
schema = 1
max_loss = 1.0
as_of = 2024-01-31
[subscriptions]
source = "subs.csv"
[subscriptions.columns]
customer_id = "who"
started_at = "start"
ended_at = "end"
[responses]
source = "answers.csv"
question = "nps"
[responses.columns]
customer_id = "who"
answered_at = "day"
score = "score"
"""
    orders = (
        '[orders]\nsource = "orders.csv"\n[orders.columns]\ncustomer_id = "customer"\nordered_at = "day"\n'
    )
    found = check_dataset(write("both.toml", toml + orders), cache=tmp_path / "cache")
    assert list(found.accountings) == ["subscriptions", "responses"]
    assert found.text.splitlines()[-6:] == [
        "subscriptions: 2 rows read",
        "  1 kept of 1 customers, 2024-01-01 to 2024-01-01",
        "  left out, end before start: 1 row (first: line 3: '2024-01-01')",
        "responses: 1 rows read",
        "  1 kept of 1 customers, 2024-01-02 to 2024-01-02",
        "  note: customers who have no orders, kept: 1",
    ]
    assert "responses: customers who have no orders, kept: 1" in found.oddities
    alone = check_dataset(
        write("alone.toml", toml.replace("as_of = 2024-01-31", "")), cache=tmp_path / "cache"
    )
    assert alone.accounting is None
    assert alone.text.splitlines()[0] == (
        "alone: as of 2024-01-01 (the day on which the last subscription started;"
        " set as_of to the day the data were exported), days in UTC"
    )


def test_a_check_gives_text_accounting_and_oddities(tmp_path):
    found = check_dataset("cdnow", cache=tmp_path)
    assert "6,919 kept in 6,696 orders of 2,357 customers, 1997-01-01 to 1998-06-30" in found.text
    assert found.accounting.orders == 6696
    assert "orders with an amount of zero: 8; they count as orders" in found.oddities


def test_amounts_and_refunds_that_are_not_used_are_told(opened):
    text = "customer,day,Total,Subtotal,Refunded Amount\na,2024-01-01,12,10,0\na,2024-01-02,12,10,5\n"
    found = profile(opened(text))
    assert "amount is read from 'Total'; 'Subtotal' looks like an amount too" in found.oddities
    assert "column 'Refunded Amount' looks like refunds and is not used" in found.oddities
    assert all(odd in found.text for odd in found.oddities)
    several = profile(opened("customer,day,Total,Net,Subtotal\na,2024-01-01,12,10,9\n"))
    assert "amount is read from 'Total'; 'Net', 'Subtotal' look like amounts too" in several.oddities


def test_statuses_left_out_are_counted_with_or_without_the_shops_prefix(opened):
    statuses = ("wc-cancelled", "wc-completed", "Refunded", "wc-cancelled")
    rows = "".join(f"{n},2024-01-01,{status}\n" for n, status in enumerate(statuses))
    dataset = opened(f"customer,day,status\n{rows}")
    assert dataset.accounting.kept == 1
    assert "rows left out for their status: 'wc-cancelled' 2, 'Refunded' 1" in profile(dataset).oddities
