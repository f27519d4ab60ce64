"""What cadence and churn curves say, in words, is what was measured."""

from datetime import date, datetime, timedelta
from functools import cache

import pyarrow as pa
import pytest
from oracle import Order, Shop

from retention_kit import formats, open_dataset
from retention_kit.charts import churn_timing_words as timing
from retention_kit.charts import churn_words as words
from retention_kit.measures.cadence import purchase_cadence
from retention_kit.measures.churn import churn_curves


@cache
def curves(**changes):
    return churn_curves(open_dataset("shop"), **{"basis": "subscriptions", **changes})


@pytest.fixture
def cadence_of(open_shop):
    def found(buys, as_of, **changes):
        start = datetime(2024, 1, 1, 12)
        orders = [
            Order(name, start + timedelta(days=day), channel=name[0])
            for name, days in buys.items()
            for day in days
        ]
        return purchase_cadence(open_shop(Shop(tuple(orders), as_of)), **changes)

    return found


def test_a_test_that_is_not_possible_is_said():
    assert words.chance(None) == "no test is possible"


def test_cdnows_cadence_in_words():
    found = purchase_cadence(open_dataset("cdnow"))
    first, second = words.cadence_readings(found)
    assert first.startswith("Of 2,357 customers, with each weighing the same, 65.3 % (63.6 to 66.9 %)")
    assert "within 59 days (55 to 64 days)" in first
    assert "3 purchase cycles of 59 days, 177 days" in second
    assert "After 128 days of silence 9.94 % return within 177 days" in second
    assert words.gap_title(found.everyone).endswith("within 59 days; 65.3 % have not so far")
    assert words.return_title(found) == "After 128 days of silence fewer than 10.0 % return within 177 days"


def test_who_never_comes_back_leaves_nothing_to_say(cadence_of):
    found = cadence_of({"a": [0], "b": [3]}, date(2024, 3, 1))
    assert words.gap_title(found.everyone) == "Nobody has come back yet"
    assert "No silence is long enough" in words.return_title(found)
    assert "the data suggest none" in words.cadence_readings(found)[1]


def test_where_everybody_came_back_no_plateau_is_told(cadence_of):
    found = cadence_of({"a": [0, 10, 20]}, date(2024, 1, 22))
    assert words.gap_title(found.everyone) == "Half of the orders that follow come within 10 days"


def test_slowest_and_fastest_group_are_named(cadence_of):
    buys = {f"a{n}": [0, 5, 10, 15] for n in range(5)} | {f"b{n}": [0, 30, 60] for n in range(5)}
    found = cadence_of(buys, date(2024, 6, 1), breakdown="channel")
    assert "Slowest is b with a cycle of 30 days" in words.cadence_readings(found)[-1]
    assert "fastest a with 5 days" in words.cadence_readings(found)[-1]


def test_the_curve_in_words_has_the_numbers_of_the_curve():
    found = curves()
    curve = found.everyone
    share = words.share_at(curve, 365)
    first, second = words.curve_reading(found)
    assert f"Of {curve.customers} customers, {curve.events.sum()} have left" in first
    assert formats.with_interval(share, "share") in first
    assert f"Half have left after {formats.with_interval(curve.median, 'days')}." in second
    assert f"customers stay {curve.restricted_mean(365).value:.0f} days" in second
    assert words.curve_title(found).endswith(f"half have left after {curve.median.value:.0f} days")


def test_without_a_median_none_is_told():
    found = curves(segment="plan=plus yearly")
    assert "there is no median yet" in words.curve_reading(found)[1]
    assert "half" not in words.curve_title(found)


def test_what_leaving_means_is_said():
    assert words.left_means(curves()) == "left: the subscription ended and none began within 21 days"
    assert words.left_means(curves(grace_days=0)) == "left: the subscription ended"
    assert words.left_means(curves(basis="orders", threshold_days=90)) == "left: 90 days without an order"
    assert words.since(curves()) == "days since the first subscription"


def test_groups_in_words():
    found = curves(breakdown="plan")
    lines = words.group_readings(found, "plan")
    assert lines[0].startswith("Customers by plan differ (log-rank test over all times: p < 0.001")
    assert lines[1] == "Pairs that differ, after Holm's correction for their number: 3 of 6."
    assert lines[2].startswith("Median times: plus yearly not reached, pro 274 days")
    assert words.group_title(found).startswith("Customers of plus yearly stay longest")


def test_groups_that_do_not_differ():
    found = curves(breakdown="country")
    assert "do not differ by more than chance" in words.group_readings(found, "country")[0]
    assert words.group_title(found).startswith("No difference between the groups")


def test_one_group_cannot_be_compared():
    found = curves(breakdown="plan", segment="plan=basic")
    assert words.group_readings(found, "plan") == []
    assert words.group_title(found) == "There is one group only: basic"


def test_the_peak_of_the_risk_is_no_handful_of_customers():
    found = curves(basis="orders", threshold_days=90)
    said = timing.hazard_reading(found, found.everyone.hazard(30), 30)
    assert said.startswith("The risk of leaving is highest from day 61 to 90")
    assert said.endswith("On day 90 all leave who have not ordered again since their first day.")
    assert timing.hazard_title(found, found.everyone.hazard(30), 30) == (
        "The risk of leaving is highest from day 61 to 90"
    )


def test_a_period_longer_than_anybody_was_followed_says_so():
    found = curves()
    assert timing.hazard_reading(found, found.everyone.hazard(5000), 5000) == (
        "Nobody has been followed for 5,000 days yet."
    )


def test_rates_in_words_are_those_of_the_last_complete_period():
    rates = curves().rates("month")
    said = timing.rates_reading(rates, "month")
    assert said.startswith("In Nov 2024, 3.6 % (2.1 to 6.2 %) of 335 customers left and 96.4 %")
    assert "Over 33 months it was" in said
    assert timing.rates_title(rates, "month") == "In Nov 2024, 3.6 % of the customers left"


def test_what_churn_depends_on_is_named():
    assert timing.diagonals_title(curves().diagonals("month")) == "Churn depends on age"
    found = curves(basis="orders").diagonals("month")
    assert timing.diagonals_title(found) == "Churn depends on age and the season"
    assert timing.is_clear(found, "season")
    assert not timing.is_clear(found, "no such term")


def test_where_nobody_has_left_no_time_is_called_risky(open_shop):
    start = datetime(2024, 1, 1, 12)
    orders = tuple(Order(name, start + timedelta(days=20 * at)) for name in "ab" for at in range(4))
    found = churn_curves(open_shop(Shop(orders, date(2024, 3, 2))), threshold_days=30)
    table = found.everyone.hazard(30)
    assert timing.hazard_reading(found, table, 30) == (
        "Nobody has left so far: no 30 days can be told from the others."
    )


def test_a_period_of_ones_own_time_begins_the_day_after_the_one_before():
    table = curves().everyone.hazard(30).to_pylist()
    assert [timing.span(row) for row in table[:2]] == ["from day 0 to 30", "from day 31 to 60"]
    assert timing.span({"from_periods": 6, "to_periods": 7}) == "on day 7"


def test_who_is_left_of_one_customer_is_told_in_the_singular(cadence_of, open_shop):
    shop = Shop((Order("a", datetime(2024, 1, 1, 12)),), date(2024, 3, 1))
    found = churn_curves(open_shop(shop), threshold_days=1)
    assert words.curve_reading(found)[0].startswith("Of 1 customer, 1 has left and 0 were there")
    never = cadence_of({"a": [0], "b": [3]}, date(2024, 2, 1))
    first, _ = words.cadence_readings(never)
    assert first.endswith("100.0 % of the silences have not ended; nobody has come back yet.")
    daily = cadence_of({"a": [0, 1], "b": [0, 1]}, date(2024, 2, 1))
    assert daily.window.reason == "No window is set; the data suggest 3 purchase cycles of 1 day, 3 days."
    assert daily.threshold.reason.startswith("After 1 day of silence 0.00 % return within 3 days")


@pytest.mark.parametrize(("early", "said"), [(1, "the first month"), (2, "the first 2 months")])
def test_what_is_left_out_of_the_calendar_is_counted(early, said):
    statuses = ["too early"] * early + ["complete"]
    rates = pa.table({"status": pa.array(statuses)})
    assert timing.rates_left_out(rates, "month") == f"{said} left out: leaving could not be seen throughout"
