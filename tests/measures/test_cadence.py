"""The purchase cadence against the published plateaus, the naive oracle, and what must always hold."""

from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest
import survival_oracle
from gap_oracle import Gaps, selected
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Order, Shop
from random_shops import shops, slow

from retention_kit import open_dataset
from retention_kit.errors import ColumnError, DataError, ParameterError
from retention_kit.measures.cadence import purchase_cadence

ATTRIBUTES = st.sampled_from(("", "channel", "device"))


def shop_of(buys, as_of, **attributes):
    """A shop from ``{customer: [days since 1 January 2024, ...]}``."""
    start = datetime(2024, 1, 1, 12)
    orders = [
        Order(name, start + timedelta(days=day), **attributes) for name, days in buys.items() for day in days
    ]
    return Shop(tuple(orders), as_of)


def agree(found, people, as_of, horizon, below):
    """Compare a cadence with the oracle's, day by day."""
    wanted = Gaps(people, as_of)
    assert found.customers == len(people)
    assert found.gaps == len(wanted.rows)
    assert found.returns == sum(closed for _, closed, _ in wanted.rows)
    cycle = wanted.cycle()
    assert found.cycle_days.value == cycle
    assert found.window_days == (3 * cycle if cycle else None)
    horizon = horizon or found.window_days
    assert found.horizon_days == horizon
    assert found.plateau.value == pytest.approx(float(wanted.away(wanted.longest)), rel=1e-9, abs=1e-12)
    assert found.plateau_of_gaps == pytest.approx(
        float(wanted.away(wanted.longest, weighted=False)), rel=1e-9, abs=1e-12
    )
    rows = found.curve.to_pylist()
    assert [row["silent_days"] for row in rows] == list(range(wanted.longest + 1))
    changes = {gap for gap, _, _ in wanted.rows}
    for row in rows:
        day = row["silent_days"]
        if day not in changes and day % 7:
            continue
        assert row["gaps_at_risk"] == sum(gap >= day for gap, _, _ in wanted.rows)
        assert row["returns"] == sum(gap == day and closed for gap, closed, _ in wanted.rows)
        assert row["still_away"] == pytest.approx(float(wanted.away(day)), rel=1e-9, abs=1e-12)
        assert row["still_away_of_gaps"] == pytest.approx(
            float(wanted.away(day, weighted=False)), rel=1e-9, abs=1e-12
        )
        chance = wanted.return_probability(day, horizon) if horizon else None
        assert (row["return_probability"] is None) == (chance is None)
        if chance is not None:
            assert row["return_probability"] == pytest.approx(float(chance), rel=1e-9, abs=1e-12)
    if horizon:
        assert found.threshold_days == wanted.threshold(horizon, below)


@settings(slow, max_examples=25)
@given(data=st.data())
def test_every_day_of_every_group_is_the_oracles(open_shop, data):
    shop = data.draw(shops(days=data.draw(st.sampled_from((3, 40, 130)))))
    breakdown, named = data.draw(ATTRIBUTES), data.draw(ATTRIBUTES)
    values = sorted({getattr(order, named) for order in shop.orders} - {None}) if named else []
    segment = f"{named}={data.draw(st.sampled_from([*values, '(unknown)']))}" if named else ""
    horizon, below = data.draw(st.sampled_from((0, 1, 10, 45))), data.draw(st.sampled_from((0.1, 0.33)))
    chosen = {"horizon_days": horizon, "return_below": below, "breakdown": breakdown, "segment": segment}
    wanted = selected(shop, breakdown, segment)
    if not wanted:
        with pytest.raises(DataError, match="No customer is left"):
            purchase_cadence(open_shop(shop), **chosen)
        return
    found = purchase_cadence(open_shop(shop), **chosen)
    below = Fraction(str(below))
    agree(found.everyone, [one for people in wanted.values() for one in people], shop.as_of, horizon, below)
    assert [group.name for group in found.groups] == (
        sorted(wanted, key=lambda name: (-len(wanted[name]), name)) if breakdown else []
    )
    for group in found.groups:
        agree(group, wanted[group.name], shop.as_of, horizon, below)


def test_the_published_plateaus_of_cdnow():
    found = purchase_cadence(open_dataset("cdnow")).everyone
    assert found.plateau.ci_low < found.plateau.value < found.plateau.ci_high
    assert round(found.plateau.value, 2) == 0.65
    assert round(found.plateau_of_gaps, 2) == 0.31
    assert (found.customers, found.gaps) == (2357, 6696)
    assert found.window_days == 3 * found.cycle_days.value
    assert found.cycle_days.ci_low < found.cycle_days.value < found.cycle_days.ci_high


def test_intervals_are_those_of_leaving_out_each_bucket_of_customers(open_shop):
    buys = {f"c{n}": [n % 5, n % 5 + 3 + n % 11, *([60 + n] if n % 3 else [])] for n in range(30)}
    shop = shop_of(buys, date(2024, 6, 30))
    (people,) = selected(shop).values()
    buckets = {bucket for _, _, bucket in people}
    found = purchase_cadence(open_shop(shop), horizon_days=20, level=0.9).everyone

    def error(number):
        rest = [Gaps([one for one in people if one[2] != bucket], shop.as_of) for bucket in buckets]
        values = [float(number(gaps)) for gaps in rest]
        mean, count = sum(values) / len(values), len(values)
        return ((count - 1) / count * sum((value - mean) ** 2 for value in values)) ** 0.5

    every = Gaps(people, shop.as_of)
    plateau = every.away(every.longest)
    low, high = survival_oracle.band(plateau, error(lambda gaps: gaps.away(gaps.longest)), 0.9)
    assert (found.plateau.ci_low, found.plateau.ci_high) == pytest.approx((low, high), rel=1e-9)
    for day in (1, 5, 40, 55):
        row = found.curve.to_pylist()[day]
        low, high = survival_oracle.band(every.away(day), error(lambda gaps, day=day: gaps.away(day)), 0.9)
        assert (row["ci_low"], row["ci_high"]) == pytest.approx((low, high), rel=1e-9)
        stay = 1 - every.return_probability(day, 20)
        spread = error(lambda gaps, day=day: 1 - gaps.return_probability(day, 20))
        low, high = survival_oracle.band(stay, spread, 0.9)
        assert (row["return_ci_low"], row["return_ci_high"]) == pytest.approx((1 - high, 1 - low), rel=1e-9)
    assert found.cycle_days.ci_low <= found.cycle_days.value <= found.cycle_days.ci_high


def test_a_customer_with_many_gaps_weighs_as_much_as_one_with_a_single_gap(open_shop):
    often = {"often": list(range(0, 100, 2))}
    once = {f"once {n}": [0] for n in range(3)}
    found = purchase_cadence(open_shop(shop_of(often | once, date(2024, 4, 8)))).everyone
    # Fifty gaps of one customer, of which 49 are closed; three customers with one open gap each.
    assert found.plateau.value == pytest.approx(1 - 0.98 / 3.98)
    assert found.plateau_of_gaps == pytest.approx(1 - 49 / 52)


def test_more_gaps_than_a_weight_divides_into_still_add_up_to_one_customer(open_shop):
    found = purchase_cadence(open_shop(shop_of({"a": list(range(83)), "b": [0]}, date(2024, 3, 24)))).everyone
    assert found.plateau.value == pytest.approx(float(1 - Fraction(82, 83) / 2), rel=1e-12)


def test_several_orders_on_a_day_are_one(open_shop):
    shop = shop_of({"a": [0, 0.2, 0.4, 7, 7.3], "b": [1]}, date(2024, 1, 31))
    found = purchase_cadence(open_shop(shop)).everyone
    assert (found.gaps, found.returns, found.cycle_days.value) == (3, 1, 7)


def test_an_earlier_as_of_date_cuts_gaps_off(open_shop):
    shop = shop_of({"a": [0, 10, 50], "b": [5]}, date(2024, 1, 31))
    found = purchase_cadence(open_shop(shop)).everyone
    assert (found.gaps, found.returns) == (3, 1)
    assert found.curve.num_rows == 26
    assert found.notes == ()


def test_if_nobody_has_come_back_there_is_no_cycle_no_window_and_no_threshold(open_shop):
    found = purchase_cadence(open_shop(shop_of({"a": [0], "b": [9]}, date(2024, 3, 1)))).everyone
    assert (found.cycle_days.value, found.window_days, found.threshold_days) == (None, None, None)
    assert found.reason == "Nobody has come back yet, so there is no cycle to measure by."
    assert found.plateau.value == 1


def test_if_the_data_are_shorter_than_the_horizon_there_is_no_threshold(open_shop):
    shop = shop_of({"a": [0, 10], "b": [0]}, date(2024, 1, 31))
    found = purchase_cadence(open_shop(shop), horizon_days=30).everyone
    assert found.threshold_days is None
    assert found.reason.startswith("The longest gap seen is 30 days: too short to see who returns within 30")


def test_if_everybody_keeps_coming_back_there_is_no_threshold(open_shop):
    buys = {f"c{n}": [n, n + 30, n + 60, n + 90] for n in range(5)}
    found = purchase_cadence(open_shop(shop_of(buys, date(2024, 4, 4))), horizon_days=15).everyone
    assert found.threshold_days == 1
    buys = {f"c{n}": [0, 10 * n, 100] for n in range(1, 10)}
    found = purchase_cadence(open_shop(shop_of(buys, date(2024, 4, 10))), horizon_days=40).everyone
    assert found.threshold_days is None
    assert found.reason.startswith("Even after 50 days of silence")
    assert "return within 40 days" in found.reason
    assert found.notes[0].startswith("The longest gap seen ended with an order")


def test_a_threshold_after_which_many_return_is_told_as_a_season(open_shop):
    buys = {f"yearly {n}": [n, n + 365, n + 730] for n in range(40)} | {f"lost {n}": [n] for n in range(10)}
    found = purchase_cadence(open_shop(shop_of(buys, date(2026, 6, 30))), horizon_days=30).everyone
    assert found.threshold_days == 1
    assert "After 335 days it is" in found.reason
    row = found.curve.to_pylist()[1]
    assert (row["return_probability"], row["return_ci_low"], row["return_ci_high"]) == (0, None, None)
    assert "seasonal" in found.reason


def test_the_statement_can_be_run_elsewhere(open_shop):
    shop = shop_of({"a": [0, 10], "b": [0]}, date(2024, 1, 31), channel="o'clock?")
    dataset = open_shop(shop)
    found = purchase_cadence(dataset, segment="channel=o'clock?", breakdown="channel")
    assert "?" not in found.sql.replace("o''clock?", "")
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW orders AS FROM read_parquet('{dataset.orders}')")
        rows = connection.execute(found.sql).fetchall()
    assert sum(row[4] for row in rows) == 3
    assert found.notes == ("Only customers with channel=o'clock? at their first order.",)


def test_an_inferred_as_of_date_is_told(open_shop):
    dataset = open_shop(shop_of({"a": [0, 10]}, date(2024, 1, 11)), as_of=None)
    assert "is that of the last order" in purchase_cadence(dataset).notes[0]


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"horizon_days": -1}, ParameterError, "horizon_days=-1"),
        ({"return_below": 1.0}, ParameterError, "return_below=1.0"),
        ({"level": 0.0}, ParameterError, "level=0.0"),
        ({"breakdown": "chanel"}, ColumnError, "Did you mean 'channel'"),
        ({"segment": "town=Rome"}, ColumnError, "no segment 'town'"),
        ({"segment": "channel=fax"}, DataError, "No customer is left"),
    ],
)
def test_what_cannot_be_asked_is_refused(open_shop, changes, kind, words):
    dataset = open_shop(shop_of({"a": [0, 10]}, date(2024, 1, 31), channel="web"))
    with pytest.raises(kind, match=words):
        purchase_cadence(dataset, **changes)


def test_too_many_groups_are_refused(open_shop):
    orders = tuple(Order(f"c{n}", datetime(2024, 1, 1), channel=f"web {n}") for n in range(51))
    with pytest.raises(ParameterError, match="channel has 51 values; up to 50"):
        purchase_cadence(open_shop(Shop(orders, date(2024, 1, 31))), breakdown="channel")
