"""Churn curves from orders against the naive oracle, statsmodels, and what must always hold."""

from datetime import date

import numpy as np
import pytest
from gap_oracle import churn, selected
from hypothesis import given, settings
from hypothesis import strategies as st
from random_shops import shops, slow
from statsmodels.duration.survfunc import SurvfuncRight
from test_cadence import ATTRIBUTES, shop_of
from test_survival import curve_of, second_orders

from retention_kit import open_dataset
from retention_kit.errors import DataError, ParameterError
from retention_kit.measures.cadence import purchase_cadence
from retention_kit.measures.churn import churn_curves
from retention_kit.measures.log_rank import log_rank


def lives_of(people, as_of, threshold):
    return [(None, *churn(days, as_of, threshold)) for days, _, _ in people]


@settings(slow, max_examples=25)
@given(data=st.data())
def test_every_curve_is_the_oracles(open_shop, data):
    shop = data.draw(shops())
    breakdown, named = data.draw(ATTRIBUTES), data.draw(ATTRIBUTES)
    values = sorted({getattr(order, named) for order in shop.orders} - {None}) if named else []
    segment = f"{named}={data.draw(st.sampled_from([*values, '(unknown)']))}" if named else ""
    threshold = data.draw(st.sampled_from((1, 2, 9, 30, 200)))
    wanted = selected(shop, breakdown, segment)
    chosen = {"threshold_days": threshold, "breakdown": breakdown, "segment": segment}
    if not wanted:
        with pytest.raises(DataError, match="No customer is left"):
            churn_curves(open_shop(shop), **chosen)
        return
    found = churn_curves(open_shop(shop), **chosen)
    lives = {name: lives_of(people, shop.as_of, threshold) for name, people in wanted.items()}
    every = curve_of([life for group in lives.values() for life in group])
    assert found.everyone.table.equals(every.table)
    assert list(found.groups) == (
        sorted(lives, key=lambda name: (-len(lives[name]), name)) if breakdown else []
    )
    for name, curve in found.groups.items():
        assert curve.table.equals(curve_of(lives[name]).table)
    if len(found.groups) > 1:
        assert found.difference.statistic == log_rank(found.groups).statistic
    else:
        assert found.difference is None


def test_the_curve_of_cdnow_is_that_of_statsmodels_over_its_file():
    found = churn_curves(open_dataset("cdnow"), threshold_days=180).everyone
    days = {}
    with open("sample_data/cdnow.csv") as stream:
        next(stream)
        for line in stream:
            customer, day, *_ = line.split(",")
            days.setdefault(customer, set()).add(date.fromisoformat(day))
    lives = [churn(sorted(mine), date(1998, 6, 30), 180) for mine in days.values()]
    theirs = SurvfuncRight(*map(np.array, zip(*lives, strict=True)))
    np.testing.assert_allclose(found.survival_at(theirs.surv_times), theirs.surv_prob, rtol=1e-9)
    assert len(second_orders()) == found.customers


def test_a_return_on_the_last_day_of_the_threshold_is_in_time(open_shop):
    shop = shop_of({"in time": [0, 30, 40], "late": [0, 31, 40]}, date(2024, 2, 19))
    curve = churn_curves(open_shop(shop), threshold_days=30).everyone
    assert curve.times.tolist() == [30, 49]
    assert curve.events.tolist() == [1, 0]


def test_a_silence_that_reaches_the_threshold_on_the_as_of_date_has_ended_it(open_shop):
    shop = shop_of({"a": [0], "b": [1]}, date(2024, 1, 31))
    curve = churn_curves(open_shop(shop), threshold_days=30).everyone
    assert (curve.times.tolist(), curve.events.tolist()) == ([29, 30], [0, 1])


def test_a_return_does_not_undo_it_and_a_second_silence_does_not_count(open_shop):
    shop = shop_of({"back": [0, 50, 60, 200]}, date(2024, 12, 31))
    curve = churn_curves(open_shop(shop), threshold_days=20).everyone
    assert (curve.times.tolist(), curve.events.tolist(), curve.customers) == ([20], [1], 1)


def test_without_a_threshold_the_cadence_gives_it():
    dataset = open_dataset("cdnow")
    found, cadence = churn_curves(dataset), purchase_cadence(dataset).everyone
    assert found.threshold_days == cadence.threshold_days
    assert found.rule.reason == cadence.reason
    assert found.rule.chosen_by == "data"
    assert found.notes == (f"{cadence.reason} A later return does not undo that a customer left.",)
    assert found.everyone.survival_at(found.threshold_days - 1) == 1


def test_without_a_threshold_that_the_data_suggest_one_must_be_given(open_shop):
    dataset = open_shop(shop_of({"a": [0], "b": [9]}, date(2024, 3, 1)))
    with pytest.raises(DataError, match=r"Nobody has come back yet.*Set threshold_days"):
        churn_curves(dataset)
    assert churn_curves(dataset, threshold_days=10).everyone.events.sum() == 2


def test_what_cannot_be_asked_is_refused():
    dataset = open_dataset("cdnow")
    with pytest.raises(ParameterError, match="threshold_days=-1"):
        churn_curves(dataset, threshold_days=-1)
    with pytest.raises(ParameterError, match=r"level=1\.5"):
        churn_curves(dataset, threshold_days=9, level=1.5)


def test_the_dataset_file_says_when_customers_have_left(open_shop):
    shop = shop_of({"a": [0], "b": [9, 50]}, date(2024, 3, 1))
    dataset = open_shop(shop, churn_threshold_days=40, measuring_window_days=30)
    found = churn_curves(dataset)
    assert (found.threshold_days, found.rule.chosen_by) == (40, "dataset")
    assert found.everyone.events.sum() == 2
    assert churn_curves(dataset, threshold_days=41).rule.days == 41
    cadence = purchase_cadence(dataset)
    assert (cadence.window.days, cadence.threshold.days) == (30, 40)
    assert cadence.everyone.horizon_days == 30
    asked = purchase_cadence(dataset, horizon_days=12, threshold_days=5)
    assert [asked.window.chosen_by, asked.threshold.chosen_by] == ["parameter"] * 2
    assert (asked.window.days, asked.threshold.days) == (12, 5)
    assert churn_curves(dataset, cadence=asked).threshold_days == 5


def test_who_had_left_before_the_watch_began_is_left_out_and_others_enter_late(open_shop):
    # a left on day 20, b orders on; c came later.
    shop = shop_of({"a": [0], "b": [0, 15, 30, 45], "c": [40]}, date(2024, 2, 25))
    found = churn_curves(open_shop(shop), threshold_days=20, observed_from=date(2024, 1, 31))
    assert found.everyone.customers == 2
    assert found.everyone.entered.sum() == 1
    assert found.everyone.at_risk_at([15, 31]).tolist() == [1, 1]
    assert found.lives.left_before == 1
    assert "watched from 2024-01-31 on: 1 who began before" in found.notes[-1]
    assert "1 who had left" in found.notes[-1]
    with pytest.raises(DataError, match="Nobody was still there after 2024-02-26"):
        churn_curves(open_shop(shop), threshold_days=20, observed_from=date(2024, 2, 26))


def test_orders_have_no_renewals(open_shop):
    shop = shop_of({"a": [0, 5]}, date(2024, 3, 1))
    with pytest.raises(DataError, match=r"Orders are not renewed.*\[subscriptions\]"):
        churn_curves(open_shop(shop), threshold_days=9).renewals("month")
