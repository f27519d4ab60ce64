"""Mix or rate against the naive oracle, pandas, and what must always add up."""

from datetime import date, datetime, timedelta
from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from movement_oracle import buyers, leave_one_bucket_out, periods
from oracle import Order, Shop, period_starts, wilson
from random_shops import shops, slow
from test_movements import a_segment, shop_of

from retention_kit import open_dataset
from retention_kit.errors import ColumnError, DataError, ParameterError
from retention_kit.measures.mix_or_rate import FIRST_TIME, KNOWN, mix_or_rate


def value_of(one, t, attribute):
    if attribute:
        return one.attributes[attribute]
    return FIRST_TIME if min(one.revenue) == t - 1 else KNOWN


def split(people, later, earlier, attribute):
    """Mix and rate of every value, and the two rates of all."""
    share, rate, overall = [], [], []
    for t in (earlier, later):
        before = [one for one in people if one.active(t - 1)]
        groups = {}
        for one in before:
            groups.setdefault(value_of(one, t, attribute), []).append(one.active(t))
        share.append({name: len(stay) / len(before) for name, stay in groups.items()})
        rate.append({name: sum(stay) / len(stay) for name, stay in groups.items()})
        overall.append(sum(one.active(t) for one in before) / len(before))
    middle, parts = sum(overall) / 2, {}
    for name in share[0].keys() | share[1].keys():
        w0, w1 = (side.get(name, 0) for side in share)
        r0, r1 = (side.get(name, other.get(name)) for side, other in (rate, rate[::-1]))
        parts[name] = (w1 - w0) * ((r0 + r1) / 2 - middle), (r1 - r0) * (w0 + w1) / 2
    return parts, overall


@settings(slow, max_examples=20)
@given(data=st.data())
def test_every_part_of_every_value_is_the_oracles(open_shop, data):
    shop = data.draw(shops(days=data.draw(st.sampled_from((40, 130)))))
    grain, attribute = (
        data.draw(st.sampled_from(("week", "month"))),
        data.draw(st.sampled_from(("", "channel"))),
    )
    segment = a_segment(data.draw, shop)
    begun, _ = periods(shop, grain)
    assume(begun > 2)
    later, earlier = data.draw(st.permutations(range(1, begun)))[:2]
    people = buyers(shop, grain, segment)
    sides = [[one for one in people if one.active(t - 1)] for t in (earlier, later)]
    starts = [
        max(period_starts(shop, grain)[t], min(o.at.date() for o in shop.orders)) for t in (earlier, later)
    ]
    chosen = {
        "grain": grain,
        "attribute": attribute,
        "segment": segment,
        "against": starts[0].isoformat(),
        "period": starts[1].isoformat(),
    }
    if not all(sides):
        with pytest.raises(DataError, match="Nobody ordered in the"):
            mix_or_rate(open_shop(shop), **chosen)
        return
    found = mix_or_rate(open_shop(shop), **chosen)
    parts, overall = split(people, later, earlier, attribute)
    rows = {row["value"]: row for row in found.values.to_pylist()}
    assert rows.keys() == parts.keys()
    for name, (mix, rate) in parts.items():
        assert rows[name]["mix"] == pytest.approx(mix, abs=1e-12)
        assert rows[name]["rate"] == pytest.approx(rate, abs=1e-12)
        for column, side, t in (("customers_against", sides[0], earlier), ("customers", sides[1], later)):
            assert rows[name][column] == sum(value_of(one, t, attribute) == name for one in side)
    assert found.change.value == pytest.approx(overall[1] - overall[0], abs=1e-12)
    assert found.mix.value + found.rate.value == pytest.approx(found.change.value, abs=1e-12)
    for part in ("mix", "rate", "change"):
        assert sum(row[part] for row in rows.values()) == pytest.approx(getattr(found, part).value, abs=1e-12)
    for estimate, side, t in (
        (found.retention_rate, sides[1], later),
        (found.retention_rate_against, sides[0], earlier),
    ):
        low, high = wilson(sum(one.active(t) for one in side), len(side), 0.95)
        assert (estimate.ci_low, estimate.ci_high) == pytest.approx((low, high), abs=1e-9)


def two_years_of(*, web, shop, kept_web=(8, 8), kept_shop=(2, 2)):
    """Customers of two channels in January and in March, of whom so many in ten come in the next month."""
    orders, number = [], 0
    for month, side in ((1, 0), (3, 1)):
        for channel, size, kept in (
            ("web", web[side], kept_web[side]),
            ("shop", shop[side], kept_shop[side]),
        ):
            for n in range(size):
                name, number = f"c{number}", number + 1
                orders.append(Order(name, datetime(2024, month, 5), channel=channel))
                if n % 10 < kept:
                    orders.append(Order(name, datetime(2024, month + 1, 5), channel=channel))
    return Shop(tuple(orders), date(2024, 4, 30))


def april_against_february(shop, open_shop, **changes):
    return mix_or_rate(
        open_shop(shop), attribute="channel", period="2024-04-01", against="2024-02-29", **changes
    )


def test_other_customers_with_the_same_rates_are_mix(open_shop):
    found = april_against_february(two_years_of(web=(900, 300), shop=(100, 700)), open_shop)
    assert found.rate.value == pytest.approx(0, abs=1e-12)
    assert found.mix.value == pytest.approx((0.3 * 0.8 + 0.7 * 0.2) - (0.9 * 0.8 + 0.1 * 0.2))
    assert found.verdict == "mix"
    assert found.sentence.startswith(
        "Retention fell from 74.0 % in Feb 2024 to 38.0 % in Apr 2024, by −36.0 points ("
    )
    assert found.sentence.endswith("Mix weighs more.")


def test_the_same_customers_with_other_rates_are_rate(open_shop):
    shop = two_years_of(web=(500, 500), shop=(500, 500), kept_web=(6, 8), kept_shop=(2, 3))
    found = april_against_february(shop, open_shop)
    assert (found.mix.value, found.rate.value) == pytest.approx((0, 0.15), abs=1e-12)
    assert found.verdict == "rate"
    assert "Retention rose from 40.0 %" in found.sentence
    assert found.sentence.endswith("Rate weighs more.")


def test_two_parts_that_weigh_the_same_cannot_be_told_apart(open_shop):
    shop = two_years_of(web=(500, 300), shop=(500, 700), kept_web=(8, 6), kept_shop=(2, 2))
    found = april_against_february(shop, open_shop)
    assert found.mix.value == pytest.approx(-0.1)
    assert found.rate.value == pytest.approx(-0.08)
    assert found.verdict == "unclear"
    assert found.sentence.endswith("Which of the two weighs more cannot be told.")


def test_a_small_difference_may_be_chance(open_shop):
    found = april_against_february(two_years_of(web=(15, 14), shop=(15, 16)), open_shop)
    assert found.verdict == "unclear"
    assert "may be chance." in found.sentence


def test_a_value_that_only_one_period_has_is_mix_alone(open_shop):
    found = april_against_february(two_years_of(web=(50, 0), shop=(50, 100)), open_shop)
    row = {row["value"]: row for row in found.values.to_pylist()}["web"]
    assert (row["customers"], row["retention_rate"], row["rate"]) == (0, None, 0)
    assert row["mix"] < 0


def test_intervals_are_those_of_leaving_out_each_bucket_of_customers(open_shop):
    shop = two_years_of(web=(60, 40), shop=(30, 50), kept_web=(8, 5))
    found = april_against_february(shop, open_shop, level=0.9)
    people = buyers(shop, "month")
    for part, place in (("mix", 0), ("rate", 1)):

        def number(those, place=place):
            return sum(pair[place] for pair in split(those, 3, 1, "channel")[0].values())

        half = leave_one_bucket_out(people, number, 0.9)
        estimate = getattr(found, part)
        assert estimate.ci_high - estimate.value == pytest.approx(half, rel=1e-9)
        assert estimate.value - estimate.ci_low == pytest.approx(half, rel=1e-9)
        for row in found.values.to_pylist():

            def own(those, place=place, name=row["value"]):
                return split(those, 3, 1, "channel")[0][name][place]

            half = leave_one_bucket_out(people, own, 0.9)
            assert row[f"{part}_ci_high"] - row[part] == pytest.approx(half, rel=1e-9)


def test_intervals_hold_the_truth_at_the_stated_rate(open_shop):
    """A hundred shops drawn alike: web keeps half, shop a fifth; the share of web falls from 60 % to 40 %."""
    import numpy as np

    rng, orders = np.random.default_rng(20240229), []
    truth = (0.4 * 0.5 + 0.6 * 0.2) - (0.6 * 0.5 + 0.4 * 0.2)
    for trial, month in product(range(100), (1, 3)):
        web = rng.random(150) < (0.6 if month == 1 else 0.4)
        comes = rng.random(150) < np.where(web, 0.5, 0.2)
        for n in range(150):
            for day in [datetime(2024, month, 5), datetime(2024, month + 1, 5)][: 1 + comes[n]]:
                channel = "web" if web[n] else "shop"
                orders.append(Order(f"{trial} {month} {n}", day, channel=channel, device=f"trial {trial}"))
    dataset, held = open_shop(Shop(tuple(orders), date(2024, 4, 30))), 0
    for trial in range(100):
        found = mix_or_rate(
            dataset,
            attribute="channel",
            period="2024-04-01",
            against="2024-02-29",
            segment=f"device=trial {trial}",
        )
        held += found.mix.ci_low <= truth <= found.mix.ci_high
    assert 88 <= held <= 100  # of 100 intervals of 95 %, fewer than 88 hold it 15 times in ten thousand


def test_cdnow_is_what_pandas_splits():
    import pandas as pd

    orders = pd.read_csv("sample_data/cdnow.csv")
    month = pd.to_datetime(orders[orders.columns[1]]).dt.to_period("M")
    active = pd.crosstab(orders[orders.columns[0]], month).gt(0)
    first = active.idxmax(axis=1)
    frames = {}
    for name, before, now in (("against", "1997-03", "1997-04"), ("period", "1997-04", "1997-05")):
        base = active[active[before]]
        groups = base[now].groupby(first[base.index] == pd.Period(before, "M")).agg(["mean", "size"])
        frames[name] = groups.rename(index={True: FIRST_TIME, False: KNOWN})
    both = pd.concat(frames, axis=1)
    sizes, means = (both.xs(name, axis=1, level=1)[["against", "period"]] for name in ("size", "mean"))
    share, rate = sizes.fillna(0) / sizes.sum(), means.bfill(axis=1).ffill(axis=1)
    expected = ((rate["period"] - rate["against"]) * share.mean(axis=1)).sum()
    found = mix_or_rate(open_dataset("cdnow"), period="1997-05-31")
    assert found.rate.value == pytest.approx(expected, abs=1e-12)
    assert (found.against, found.period) == ("Apr 1997", "May 1997")


def test_without_days_the_last_complete_period_is_compared_with_the_one_before(open_shop):
    buys = {f"c{n}": ["2024-01-05", "2024-02-05", "2024-03-05"] for n in range(3)}
    found = mix_or_rate(open_shop(shop_of(buys, date(2024, 4, 10))))
    assert (found.against, found.period) == ("Feb 2024", "Mar 2024")
    assert "is not over" not in " ".join(found.notes)
    found = mix_or_rate(open_shop(shop_of(buys, date(2024, 4, 10))), period="2024-04-10")
    assert found.retention_rate.value == 0
    assert "The month that holds 2024-04-10 is not over: its numbers are those so far." in found.notes


def test_a_single_bucket_of_customers_has_no_interval(open_shop):
    found = mix_or_rate(open_shop(shop_of({"a": ["2024-01-05", "2024-02-05"]}, date(2024, 3, 31))))
    assert (found.change.value, found.change.ci_low, found.verdict) == (-1, None, "unclear")
    assert found.values["mix_ci_low"].to_pylist() == [None] * 2
    assert "−100.0 points, may be chance" in found.sentence


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"period": "May 1997"}, ParameterError, "period='May 1997' is no day"),
        ({"against": "1996-12-31"}, ParameterError, "against=1996-12-31 is outside the data.*1997-01-01"),
        ({"period": "1997-01-05"}, ParameterError, "The first month has none before it"),
        ({"period": "1997-05-01", "against": "1997-05-31"}, ParameterError, "are the same month"),
        ({"attribute": "channel"}, ColumnError, "no segment 'channel'"),
        ({"level": 0.0}, ParameterError, "level=0.0"),
    ],
)
def test_what_cannot_be_asked_is_refused(changes, kind, words):
    with pytest.raises(kind, match=words):
        mix_or_rate(open_dataset("cdnow"), **changes)


def test_a_period_before_which_nobody_was_active_is_refused(open_shop):
    start = date(2024, 1, 5)
    shop = shop_of({"a": [start.isoformat(), (start + timedelta(days=90)).isoformat()]}, date(2024, 4, 30))
    with pytest.raises(DataError, match="Nobody ordered in the month before Mar 2024"):
        mix_or_rate(open_shop(shop), period="2024-02-01", against="2024-03-01")
