"""Net and gross revenue retention against the worked check, naive oracles and pandas."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from movement_oracle import buyers, leave_one_bucket_out, periods, total
from oracle import wilson
from random_shops import shops, slow
from random_spans import Club, Span, clubs, open_club
from test_movements import a_segment, shop_of

from retention_kit import open_dataset
from retention_kit.errors import DataError, ParameterError
from retention_kit.measures.revenue_retention import revenue_retention


class Payer:
    """What one customer brought at the opening and at the closing, and whether it ever brought anything."""

    def __init__(self, opening, closing, earlier, bucket):
        self.opening, self.closing, self.earlier, self.bucket = opening, closing, earlier, bucket


def agree(row, people, level):
    opened = [one for one in people if one.opening]
    stayed = [one for one in opened if one.closing]
    opening = total(one.opening for one in opened)
    parts = {
        "opening": opening,
        "closing": total(one.closing for one in opened),
        "kept": total(min(one.opening, one.closing) for one in opened),
        "back": total(one.closing for one in people if not one.opening and one.earlier),
    }
    assert {name: row[name] for name in parts} == parts
    assert (row["opened_customers"], row["stayed_customers"]) == (len(opened), len(stayed))
    if not opened:
        assert row["nrr"] is row["grr"] is row["nrr_with_returns"] is row["customer_retention_rate"] is None
        return
    share = wilson(len(stayed), len(opened), level)
    assert [row[f"customer_retention_rate_ci_{end}"] for end in ("low", "high")] == pytest.approx(
        share, abs=1e-9
    )
    tops = {
        "nrr": lambda one: one.closing if one.opening else 0,
        "grr": lambda one: min(one.opening, one.closing),
        "nrr_with_returns": lambda one: one.closing if one.opening or one.earlier else 0,
    }
    buckets = {one.bucket for one in opened}
    for name, top in tops.items():

        def rate(those, top=top):
            return sum(map(top, those)) / total(one.opening for one in those)

        assert row[name] == pytest.approx(float(rate(people)), rel=1e-12)
        half = leave_one_bucket_out(people, rate, level, lambda one: one.bucket in buckets)
        if half is None:
            assert row[f"{name}_ci_low"] is row[f"{name}_ci_high"] is None
            continue
        low, high = row[name] - half, row[name] + half
        low, high = max(low, 0), min(max(high, 0), 1) if name == "grr" else high
        assert row[f"{name}_ci_low"] == pytest.approx(low, rel=1e-6, abs=1e-9)
        assert row[f"{name}_ci_high"] == pytest.approx(high, rel=1e-6, abs=1e-9)


def agree_on_the_largest(found, people):
    opening, closing = (
        total(one.opening for one in people),
        total(one.closing for one in people if one.opening),
    )
    first = sorted((one for one in people if one.opening), key=lambda one: (-one.opening, -one.closing))[:10]
    rows = found.top_ten.to_pylist()
    assert [row["rank"] for row in rows] == list(range(1, len(first) + 1))
    assert [(row["opening"], row["closing"]) for row in rows] == [(one.opening, one.closing) for one in first]
    if first:
        assert found.top_ten_share == pytest.approx(float(total(one.opening for one in first) / opening))
    rest = opening - total(one.opening for one in first)
    expected = float((closing - total(one.closing for one in first)) / rest) if rest else None
    assert found.nrr_without_top_ten == (pytest.approx(expected) if expected is not None else None)


@settings(slow, max_examples=15)
@given(data=st.data())
def test_every_month_end_of_orders_is_the_oracles(open_shop, data):
    shop = data.draw(shops(days=data.draw(st.sampled_from((130, 400, 1095)))))
    months, segment = data.draw(st.sampled_from((1, 3, 12))), a_segment(data.draw, shop)
    customers = buyers(shop, "month", segment)
    chosen = {"basis": "orders", "window_months": months, "segment": segment, "level": 0.9}
    _, over = periods(shop, "month")
    ends = range(2 * months - 1, over)
    if ends and not customers:
        with pytest.raises(DataError, match="No customer is left"):
            revenue_retention(open_shop(shop), **chosen)
        return
    found = revenue_retention(open_shop(shop), **chosen)
    assert found.table["period_index"].to_pylist() == list(ends)
    for t, row in zip(ends, found.table.to_pylist(), strict=True):
        people = []
        for one in customers:
            closing = total(one.revenue[k] for k in range(t - months + 1, t + 1))
            opening = total(one.revenue[k] for k in range(t - 2 * months + 1, t - months + 1))
            earlier = any(one.revenue[k] for k in range(t - months + 1))
            people.append(Payer(opening, closing, earlier, one.bucket))
        agree(row, people, 0.9)
    if ends:
        agree_on_the_largest(found, people)


@settings(slow, max_examples=15)
@given(data=st.data())
def test_every_month_end_of_subscriptions_is_the_oracles(data):
    club = data.draw(clubs())
    months, name = data.draw(st.sampled_from((1, 3, 12))), data.draw(st.sampled_from(("", "town", "plan")))
    values = sorted({club.attribute(one, name) for one in club.customers}) if name else []
    segment = f"{name}={data.draw(st.sampled_from(values))}" if name else ""
    ends = club.period_ends("month")
    over = [day for day in ends if (day + timedelta(days=1)).day == 1]
    chosen = {"window_months": months, "segment": segment, "level": 0.9}
    shown = range(months, len(over))
    paying = any(club.revenue(one, day) for one in club.selected(segment) for day in ends)
    if shown and not paying:
        with pytest.raises(DataError, match="No customer is left"):
            revenue_retention(open_club(club), **chosen)
        return
    found = revenue_retention(open_club(club), **chosen)
    assert found.table["ends_on"].to_pylist() == over[months:]
    for t, row in zip(shown, found.table.to_pylist(), strict=True):
        people = [
            Payer(
                club.revenue(one, over[t - months]),
                club.revenue(one, over[t]),
                any(club.revenue(one, day) for day in over[: t - months + 1]),
                club.bucket(one),
            )
            for one in club.selected(segment)
        ]
        agree(row, people, 0.9)
    if shown:
        agree_on_the_largest(found, people)


def test_the_worked_check_of_the_definitions():
    january, march = date(2024, 1, 1), date(2024, 3, 1)
    spans = (
        Span("stays", january, None, amount=Decimal(70)),
        Span("grows", march, None, amount=Decimal(10)),
        Span("grows", january, march, amount=Decimal(0)),
        Span("stays", march, None, plan="extra", amount=Decimal(10)),
        Span("shrinks", january, march, amount=Decimal(20)),
        Span("shrinks", march, None, amount=Decimal(10)),
        Span("leaves", january, march, amount=Decimal(10)),
    )
    found = revenue_retention(open_club(Club(spans, date(2025, 2, 28)))).table.to_pylist()
    assert [row["period"] for row in found] == ["Jan 2025", "Feb 2025"]
    assert (found[0]["opening"], found[0]["nrr"], found[0]["grr"]) == (100, 0.90, 0.80)
    # New revenue of "grows" is in neither, whatever it paid nothing for before.
    assert (found[0]["closing"], found[0]["back"]) == (90, 0)


def test_who_had_left_and_came_back_counts_in_the_vendors_variant_only():
    spans = (
        Span("stays", date(2023, 1, 1), None, amount=Decimal(10)),
        Span("back", date(2023, 1, 1), date(2023, 6, 1), amount=Decimal(5)),
        Span("back", date(2024, 6, 1), None, amount=Decimal(5)),
    )
    row = revenue_retention(open_club(Club(spans, date(2024, 12, 31)))).table.to_pylist()[-1]
    assert (row["nrr"], row["grr"], row["nrr_with_returns"], row["back"]) == (1.0, 1.0, 1.5, 5)


def test_cdnow_over_nine_months_is_what_pandas_adds_up():
    import pandas as pd

    orders = pd.read_csv("sample_data/cdnow.csv", dtype={"amount": str})
    customer, day = orders[orders.columns[0]], pd.to_datetime(orders[orders.columns[1]])
    cents = orders[orders.columns[-1]].map(lambda text: int(Decimal(text) * 100))
    money = cents.groupby([customer, day >= "1997-10-01"]).sum().unstack(fill_value=0)
    opened = money[money[False] > 0]
    row = revenue_retention(open_dataset("cdnow"), basis="orders", window_months=9).table.to_pylist()[-1]
    assert row["nrr"] == pytest.approx(opened[True].sum() / opened[False].sum(), rel=1e-12)
    assert row["grr"] == pytest.approx(opened.min(axis=1).sum() / opened[False].sum(), rel=1e-12)
    assert row["stayed_customers"] == (opened[True] > 0).sum()


def test_the_ten_largest_customers_and_what_is_left_without_them():
    spans = [Span(f"small {n}", date(2023, 1, 1), None, amount=Decimal(1)) for n in range(20)]
    spans += [Span(f"large {n}", date(2023, 1, 1), date(2024, 1, 15), amount=Decimal(8)) for n in range(10)]
    found = revenue_retention(open_club(Club(tuple(spans), date(2024, 1, 31))))
    assert found.table["nrr"].to_pylist() == [0.2]
    assert (found.top_ten_share, found.nrr_without_top_ten) == (pytest.approx(0.8), 1.0)
    assert "customer_id" not in found.top_ten.column_names


def test_more_month_ends_than_one_statement_holds(open_shop):
    months = [f"{2020 + n // 12}-{n % 12 + 1:02}-15" for n in range(60)]
    shop = shop_of({"a": months, "b": months[::2]}, date(2024, 12, 31))
    found = revenue_retention(open_shop(shop), basis="orders")
    assert found.table["period_index"].to_pylist() == list(range(23, 60))
    assert found.sql.count("WITH firsts") == 2


def test_what_is_too_short_to_tell_is_said_and_not_guessed():
    found = revenue_retention(open_dataset("cdnow"), basis="orders")
    assert found.table.num_rows == found.top_ten.num_rows == 0
    assert (found.top_ten_share, found.nrr_without_top_ten, found.sql) == (None, None, "")
    assert (
        "24 complete months are needed, and there are 18: revenue retention cannot be told yet."
        in found.notes
    )


def test_what_cannot_be_asked_is_refused():
    for months in (0, 61):
        with pytest.raises(ParameterError, match=f"window_months={months} is not allowed"):
            revenue_retention(open_dataset("cdnow"), window_months=months)
    with pytest.raises(DataError, match="has no subscriptions"):
        revenue_retention(open_dataset("cdnow"))
