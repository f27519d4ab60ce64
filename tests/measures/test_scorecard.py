"""The scorecard against the naive oracle, pandas, the published checks, and what must always hold."""

import math
from datetime import date

import pytest
import scorecard_oracle as oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from random_shops import shops, slow

from retention_kit import open_dataset
from retention_kit.errors import ColumnError, DataError, ParameterError
from retention_kit.measures.scorecard import scorecard

LIFETIME = {"repeat_rate", "second_order_share"}
IN_SUMS = (
    "retention_rate",
    "churn_rate",
    "repeat_rate",
    "purchase_frequency",
    "average_order_value",
    "sales_per_customer",
    "simple_clv",
    "existing_revenue_share",
    "new_customers",
    "active_customers",
    "orders",
    "revenue",
)


def close(got, wanted):
    if wanted is None or got is None:
        return got is None and wanted is None
    return math.isclose(got, float(wanted), rel_tol=1e-9, abs_tol=1e-9)


@st.composite
def questions(draw, shop):
    """A grain, a period and a segment that make sense for a shop."""
    first = min(order.at for order in shop.orders).date()
    length = (shop.as_of - first).days
    grains = ["month", "quarter", "year"] + ["week"] * (length <= 450) + ["day"] * (length <= 45)
    chosen = {"grain": draw(st.sampled_from(grains)), "level": draw(st.sampled_from((0.95, 0.8)))}
    if draw(st.booleans()):
        day = date.fromordinal(first.toordinal() + draw(st.integers(0, length)))
        chosen["period"] = day.isoformat()
    name = draw(st.sampled_from(("", "", "channel", "device")))
    if name:
        values = {getattr(order, name) for order in shop.orders} - {None}
        chosen["segment"] = f"{name}={draw(st.sampled_from([*sorted(values), '(unknown)']))}"
    return chosen


@settings(slow, max_examples=20)
@given(data=st.data())
def test_every_value_and_change_is_the_oracles(open_shop, data):
    shop = data.draw(shops())
    dataset = open_shop(shop)
    for _ in range(3):
        chosen = data.draw(questions(shop))
        wanted = oracle.Card(shop, chosen["grain"], chosen.get("segment", ""))
        if not wanted.buckets:
            with pytest.raises(DataError, match="No customer is left"):
                scorecard(dataset, **chosen)
            continue
        agree(scorecard(dataset, **chosen), wanted, chosen)


def agree(card, wanted, chosen):
    """Compare every tile with the oracle's."""
    now = card.period.index
    if chosen.get("period"):
        assert card.period.first_day.isoformat() <= chosen["period"] <= card.period.last_day.isoformat()
    else:
        assert now == max(wanted.complete - 1, 0)
    assert card.period.is_complete == (now < wanted.complete)
    lifetime = now if chosen.get("period") else wanted.last
    for key in IN_SUMS:
        tile, t = card.tiles[key], lifetime if key in LIFETIME else now
        values = wanted.metrics(t)
        assert close(tile.value, values[key][0]), (key, chosen)
        for variant in tile.variants:
            assert close(variant.estimate.value, values[variant.name][0]), (variant.name, chosen)
        line = tile.sparkline["value"].to_pylist()
        assert len(line) == wanted.complete
        assert all(close(value, wanted.metrics(i)[key][0]) for i, value in enumerate(line)), key
        changes_agree(tile, card, lambda p, b, key=key: wanted.metrics(p, b)[key], t, wanted, chosen)
    seconds_agree(card, wanted, lifetime, chosen)


def seconds_agree(card, wanted, t, chosen):
    tile = card.tiles["second_order_share"]
    assert close(tile.value, wanted.second_orders(t, 90))
    shares = {variant.name: variant.estimate.value for variant in card.tiles["time_to_second_order"].variants}
    for horizon in (30, 60, 90):
        assert close(shares.get(f"Within {horizon} days"), wanted.second_orders(t, horizon))
    for i, value in enumerate(tile.sparkline["value"].to_pylist()):
        assert close(value, wanted.second_orders(i, 90))

    def value_of(period, bucket):
        end = wanted.starts[period + 1]
        people = {name for name, _, order in wanted.orders if order.at.date() < end}
        return wanted.second_orders(period, 90, bucket), people

    changes_agree(tile, card, value_of, t, wanted, chosen)


def changes_agree(tile, card, value_of, now, wanted, chosen):
    earlier = {"previous": card.period.index - 1}
    if chosen["grain"] in oracle.LAST_YEAR:
        earlier["last_year"] = card.period.index - oracle.LAST_YEAR[chosen["grain"]]
    for name, then in earlier.items():
        change = getattr(tile, name)
        if then < 0 or not card.period.is_complete:
            assert change is None
            continue
        value, error = wanted.change(value_of, now, then)
        if value is None:
            assert change is None
            continue
        assert change.against.index == then
        assert close(change.estimate.value, value), (tile.metric, chosen)
        assert close(change.before, value_of(then, None)[0])
        assert close(change.estimate.standard_error, error), (tile.metric, chosen)
        if error is not None:
            low, high = oracle.ends(value, error, chosen["level"])
            assert close(change.estimate.ci_low, low)
            assert close(change.estimate.ci_high, high)


def test_cdnow_retention_of_1998_q1_is_the_published_one():
    tile = scorecard(open_dataset("cdnow"), grain="quarter", period="1998-01-01").tiles["retention_rate"]
    assert round(100 * tile.value, 1) == 48.5
    assert [round(100 * variant.estimate.value, 1) for variant in tile.variants] == [95.0, 95.0]
    assert tile.numerator == ("customers who ordered in both periods", 196, "customers")
    assert tile.denominator == ("customers who ordered in the period before", 404, "customers")


def test_a_period_outside_the_data_is_refused():
    dataset = open_dataset("cdnow")
    for period in ("1996-12-31", "1998-07-01"):
        with pytest.raises(
            ParameterError, match=f"period={period} is outside the data.*1997-01-01 to 1998-06-30"
        ):
            scorecard(dataset, period=period)
    with pytest.raises(ParameterError, match="Write it as YYYY-MM-DD"):
        scorecard(dataset, period="June")
    with pytest.raises(ColumnError, match="no segment 'channel'"):
        scorecard(dataset, segment="channel=web")
    with pytest.raises(ParameterError, match=r"level=1\.5"):
        scorecard(dataset, level=1.5)
