"""Reasons for leaving against the naive oracle, and case by case."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import wilson
from random_shops import slow
from random_spans import Club, Span, clubs, open_club

from retention_kit import open_dataset
from retention_kit.errors import ColumnError, DataError, ParameterError
from retention_kit.measures.reasons_for_leaving import OTHER, reasons_for_leaving

JANUARY = date(2024, 1, 1)
UNKNOWN = "(unknown)"


def day(n):
    return JANUARY + timedelta(days=n)


def club_of(*spans, as_of=date(2024, 12, 31)):
    """A club of ``(customer, first day, last day or None, monthly amount, reason)``."""
    made = [
        Span(name, day(first), None if last is None else day(last), amount=Decimal(amount), reason=reason)
        for name, first, last, amount, reason in spans
    ]
    return Club(tuple(made), as_of)


def departures(spans, grace):
    """Days on which nothing runs any more and nothing begins within the grace."""
    found = []
    for left in sorted({span.ended for span in spans if span.ended}):
        goes_on = any(
            span.started <= left + timedelta(days=grace) and (span.ended is None or span.ended > left)
            for span in spans
        )
        if not goes_on:
            found.append(left)
    return found


def expected(club, people, grace, first, last):
    """Customer to (reason, revenue lost) of its latest departure, and how many are not decided."""
    gone, undecided = {}, 0
    for name in people:
        mine = club.of(name)
        inside = [left for left in departures(mine, grace) if first <= left <= last]
        decided = [left for left in inside if (club.as_of - left).days >= grace]
        undecided += len(decided) < len(inside)
        if decided:
            ended = [span for span in mine if span.ended == decided[-1]]
            # The dearest; of those with the same amount one with a reason, the first by alphabet.
            main = min(ended, key=lambda span: (-span.amount, span.reason is None, span.reason or ""))
            gone[name] = main.reason or UNKNOWN, sum(span.amount for span in ended)
    return gone, undecided


@settings(slow, max_examples=25)
@given(data=st.data())
def test_every_reason_is_the_oracles(data):
    club, grace = data.draw(clubs()), data.draw(st.sampled_from((0, 0, 3, 30)))
    name = data.draw(st.sampled_from(("", "town", "plan")))
    values = sorted({club.attribute(one, name) for one in club.customers}) if name else []
    segment = f"{name}={data.draw(st.sampled_from(values))}" if name else ""
    first = min(span.started for span in club.spans)
    first, last = (
        first + timedelta(days=data.draw(st.integers(0, 20))),
        club.as_of - timedelta(days=data.draw(st.sampled_from((0, 0, 9)))),
    )
    gone, undecided = expected(club, club.selected(segment), grace, first, last)
    chosen = {"since": first.isoformat(), "until": last.isoformat(), "segment": segment, "grace_days": grace}
    if not gone:
        with pytest.raises(DataError, match="No customer left from"):
            reasons_for_leaving(open_club(club), **chosen)
        return
    found = reasons_for_leaving(open_club(club), **chosen)
    assert (found.customers, found.undecided) == (len(gone), undecided)
    lost = sum(amount for _, amount in gone.values())
    buckets = {}
    for one, (reason, amount) in gone.items():
        buckets.setdefault(club.bucket(one), []).append((reason, amount))
    for table, weight in ((found.by_customers, "customers"), (found.by_revenue, "revenue_lost")):
        rows = table.to_pylist()
        assert {row["reason"] for row in rows} == {reason for reason, _ in gone.values()}
        named = [row for row in rows if row["reason"] != UNKNOWN]
        assert [row[weight] for row in named] == sorted((row[weight] for row in named), reverse=True)
        assert rows[: len(named)] == named
        above = 0
        for row in rows:
            amounts = [amount for reason, amount in gone.values() if reason == row["reason"]]
            assert (row["customers"], row["revenue_lost"]) == (len(amounts), sum(amounts))
            ends = [row[f"customers_share{end}"] for end in ("", "_ci_low", "_ci_high")]
            assert ends == pytest.approx(
                (len(amounts) / len(gone), *wilson(len(amounts), len(gone), 0.95)), abs=1e-9
            )
            above += row[weight]
            whole = len(gone) if weight == "customers" else lost
            assert row["cumulative_share"] == pytest.approx(float(above) / float(whole or 1))
            assert row["revenue_share"] == (
                pytest.approx(float(sum(amounts)) / float(lost)) if lost else None
            )


def test_shares_of_revenue_have_the_jackknifes_interval():
    spans = [(f"c{n}", 0, 30 + n, 10 + n % 3, "price" if n % 4 else "moved") for n in range(40)]
    club = club_of(*spans)
    row = reasons_for_leaving(open_club(club), level=0.9).by_revenue.to_pylist()[0]
    amounts = {name: (amount, amount * (reason == "price")) for name, _, _, amount, reason in spans}

    def share(names):
        return sum(amounts[name][1] for name in names) / sum(amounts[name][0] for name in names)

    buckets = {club.bucket(name) for name in amounts}
    values = [share([name for name in amounts if club.bucket(name) != bucket]) for bucket in buckets]
    mean, groups = sum(values) / len(values), len(values)
    error = ((groups - 1) / groups * sum((value - mean) ** 2 for value in values)) ** 0.5
    assert row["reason"] == "price"
    assert row["revenue_share"] == pytest.approx(share(amounts))
    assert row["revenue_share_ci_high"] - row["revenue_share"] == pytest.approx(1.6448536 * error, rel=1e-6)


def test_a_plan_change_an_overlap_and_a_pause_within_the_grace_are_no_departures():
    spans = (
        ("changes", 0, 30, 10, "upgrade"),
        ("changes", 30, None, 20, None),
        ("overlaps", 0, 90, 10, None),
        ("overlaps", 10, 50, 10, "one was enough"),
        ("pauses", 0, 30, 10, "holidays"),
        ("pauses", 40, None, 10, None),
        ("overlaps", 60, None, 5, None),
    )
    dataset = open_club(club_of(*spans), grace_days=10)
    with pytest.raises(DataError, match="No customer left from the first day to 2024-12-31"):
        reasons_for_leaving(dataset)
    found = reasons_for_leaving(dataset, grace_days=9).by_customers.to_pylist()
    assert [(row["reason"], row["customers"]) for row in found] == [("holidays", 1)]


def test_who_leaves_twice_counts_once_with_the_later_reason():
    dataset = open_club(club_of(("a", 0, 30, 10, "price"), ("a", 90, 120, 8, "moved")))
    found = reasons_for_leaving(dataset)
    assert [(row["reason"], row["revenue_lost"]) for row in found.by_customers.to_pylist()] == [("moved", 8)]
    found = reasons_for_leaving(dataset, until=day(100).isoformat())
    assert found.by_customers["reason"].to_pylist() == ["price"]


def test_an_end_whose_grace_is_not_over_is_left_out_and_counted():
    club = club_of(("a", 0, 30, 10, "price"), ("b", 0, 58, 10, "moved"), as_of=day(60))
    found = reasons_for_leaving(open_club(club), grace_days=7)
    assert (found.customers, found.undecided) == (1, 1)
    assert found.notes[-1].startswith(
        "1 customers whose subscription ended in the last 7 days up to 2024-03-01"
    )
    assert reasons_for_leaving(open_club(club), grace_days=2).customers == 2


def test_a_later_end_that_is_not_decided_does_not_hide_an_earlier_departure():
    club = club_of(("a", 0, 10, 10, "price"), ("a", 40, 59, 10, "moved"), as_of=day(60))
    found = reasons_for_leaving(open_club(club), grace_days=5)
    assert found.by_customers["reason"].to_pylist() == ["price"]


def test_the_dearest_subscription_that_ended_gives_the_reason_and_all_of_them_the_loss():
    spans = (("a", 0, 30, 10, "small"), ("a", 5, 30, 20, "large"), ("a", 7, 20, 99, "earlier"))
    found = reasons_for_leaving(open_club(club_of(*spans))).by_customers.to_pylist()
    assert [(row["reason"], row["revenue_lost"]) for row in found] == [("large", 30)]


def test_rare_reasons_are_taken_together_and_the_unknown_are_last():
    spans = [(f"c{n}", 0, 30, 1, reason) for n, reason in enumerate("aaabbcde")]
    spans += [(f"d{n}", 0, 30, 100, None) for n in range(9)]
    found = reasons_for_leaving(open_club(club_of(*spans)), most=2)
    rows = found.by_customers.to_pylist()
    assert [(row["reason"], row["customers"]) for row in rows] == [
        ("a", 3),
        ("b", 2),
        (OTHER, 3),
        (UNKNOWN, 9),
    ]
    assert rows[-1]["cumulative_share"] == 1
    assert found.notes[:2] == (
        "Of 17 customers who left, 9 gave no reason.",
        "The 3 rarest of 5 reasons are taken together.",
    )
    # One reason more would not be a row less.
    names = reasons_for_leaving(open_club(club_of(*spans)), most=4).by_customers["reason"].to_pylist()
    assert names == ["a", "b", "c", "d", "e", UNKNOWN]


def test_subscriptions_without_reasons_and_amounts_still_count_customers():
    columns = {"customer_id": "who", "started_at": "from", "ended_at": "to"}
    dataset = open_club(club_of(("a", 0, 30, 10, "price")), subscriptions={"columns": columns})
    found = reasons_for_leaving(dataset)
    row = found.by_customers.to_pylist()[0]
    assert (row["reason"], row["customers"], row["revenue_lost"]) == (UNKNOWN, 1, None)
    assert row["revenue_share"] is row["revenue_share_ci_low"] is None
    assert found.by_revenue.num_rows == 0


def test_the_statement_can_be_run_elsewhere():
    import duckdb

    dataset = open_club(club_of(("a", 0, 30, 10, "price")))
    found = reasons_for_leaving(dataset, segment="plan=basic")
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW subscriptions AS FROM '{dataset.tables['subscriptions']}'")
        rows = connection.execute(found.sql).fetchall()
    assert [(row[1], row[3], row[4]) for row in rows] == [("price", 1, 100_000)]


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"grace_days": -2}, ParameterError, "grace_days=-2"),
        ({"most": 0}, ParameterError, "most=0"),
        ({"since": "soon"}, ParameterError, "since='soon' is no day"),
        ({"segment": "town=Rome"}, ColumnError, "no attribute 'town'"),
        ({"until": "2023-01-01"}, DataError, "No customer left from the first day to 2023-01-01"),
    ],
)
def test_what_cannot_be_asked_is_refused(changes, kind, words):
    dataset = open_club(club_of(("a", 0, 30, 10, "price")))
    with pytest.raises(kind, match=words):
        reasons_for_leaving(dataset, **changes)


def test_a_shop_without_subscriptions_says_what_it_needs():
    with pytest.raises(DataError, match="has no subscriptions"):
        reasons_for_leaving(open_dataset("cdnow"))


def test_an_as_of_date_that_is_only_the_last_start_is_told(open_shop):
    club = club_of(("a", 0, 30, 10, "price"), ("b", 60, None, 10, None))
    found = reasons_for_leaving(open_club(club, as_of=None))
    assert found.notes[-1].startswith(
        "The as-of date, 2024-03-01, is that of the last start of a subscription;"
    )
