"""Charts of what-ifs: what is drawn is what was compared, and a lever changes the data alone."""

import sys
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from chart_parts import data, require_complete

from retention_kit.charts import what_if
from retention_kit.charts import what_if_words as words
from retention_kit.charts.chart import picture
from retention_kit.charts.drawings import what_if as room
from retention_kit.planning.arithmetic import points_card
from retention_kit.planning.budget import KeepingCost, budget_use, keeping_cost
from retention_kit.planning.comparison import compare
from retention_kit.planning.comparison_result import likely
from retention_kit.planning.forecast_error import ForecastError
from retention_kit.planning.levers import LEVERS, Levers
from retention_kit.planning.sensitivity import Swing, sensitivity
from tests.planning.bases import some_buyers, some_subscribers

ERROR = ForecastError((12.0,), (0.0,), (0.2,))
PROGRAMME = {"margin": 0.4, "acquisition_cost": 12.0, "acquisition_per_month": 3.0}
SAID = {"currency": "EUR", "asof": "as of today"}
ALONE = {"other": None, "names": ("Letters", ""), **SAID}


@cache
def weighed(base=some_subscribers, back_test=ERROR, **levers):
    asked = {"saved_share": 0.1, "saved_share_low": 0.05, "saved_share_high": 0.15, **PROGRAMME}
    scenario = Levers(**{**asked, "programme_cost_per_customer": 0.5, **levers})
    return compare(base(), scenario, back_test=back_test)


def swings_of(found):
    return sensitivity(some_subscribers(), found, back_test=ERROR)


def all_charts(found):
    return {
        "npv_distribution": what_if.npv_distribution(found, **ALONE),
        "cumulative_cash": what_if.cumulative_cash(found, **ALONE),
        "tornado": what_if.tornado(found, swings_of(found), **SAID),
        "budget_use": what_if.budget_use(budget_use(some_subscribers(), found), level=0.95, **SAID),
        "retention_points": what_if.retention_points(
            points_card(some_subscribers(), found.scenario), level=0.95, asof="as of today"
        ),
    }


def test_every_drawing_is_filled_in_and_can_be_drawn():
    charts = all_charts(weighed())
    assert set(charts) == set(room.__all__)
    for name, chart in charts.items():
        require_complete(chart)
        assert chart.name == name
        assert chart.description.startswith(chart.title)
        assert chart.table.num_rows
        assert picture(chart.spec).startswith("<svg")


def test_a_lever_changes_the_data_and_nothing_that_a_page_would_draw_anew():
    # Longer, dearer, less: not even the axes are made anew.
    moved = weighed(saved_share=0.13, horizon_months=36, programme_cost_per_customer=9.0)
    for one, other in zip(all_charts(weighed()).values(), all_charts(moved).values(), strict=True):
        apart = {"title", "description", "datasets"}
        assert {key: one.spec[key] for key in one.spec if key not in apart | {"layer"}} == {
            key: other.spec[key] for key in other.spec if key not in apart | {"layer"}
        }
        assert one.spec["datasets"] != other.spec["datasets"]


def test_shares_of_futures_add_up_and_bars_part_at_nothing():
    found = weighed(programme_cost_per_customer=2.0)
    bars = data(what_if.npv_distribution(found, **ALONE), "futures")
    assert sum(row["share"] for row in bars) == pytest.approx(1)
    paying = sum(row["share"] for row in bars if row["pays"])
    assert paying == pytest.approx((found.npv.values >= 0).mean())
    assert all(row["low"] >= 0 or row["high"] <= 0 for row in bars)
    assert all(a["high"] == b["low"] for a, b in pairwise(bars))
    assert bars[0]["low"] <= found.npv.values.min() < bars[0]["high"]
    assert 8 <= len(bars) <= 41


def test_futures_that_are_all_alike_make_one_bar():
    found = weighed(saved_share=0.0, saved_share_low=None, saved_share_high=None)
    (bar,) = data(what_if.npv_distribution(found, **ALONE), "futures")
    assert bar["share"] == 1
    assert not bar["pays"]


def test_the_other_scenario_is_drawn_dashed_and_ends_on_the_ground():
    both = {"other": weighed(saved_share=0.14), "names": ("Letters", "Calls"), **SAID}
    chart = what_if.npv_distribution(weighed(), **both)
    steps = data(chart, "other")
    assert steps[-1]["share"] == 0
    assert sum(row["share"] for row in steps) == pytest.approx(1)
    assert "dashed: Calls" in chart.subtitle
    assert set(chart.table["scenario"].to_pylist()) == {"Letters", "Calls"}
    cash = what_if.cumulative_cash(weighed(), **both)
    assert data(cash, "other")[-1]["value"] == pytest.approx(weighed(saved_share=0.14).cumulative[-1])


def test_cash_is_drawn_month_by_month_and_long_horizons_in_fewer_points():
    found = weighed()
    chart = what_if.cumulative_cash(found, **ALONE)
    assert [row["month"] for row in data(chart, "months")] == list(range(13))
    assert data(chart, "months")[0]["value"] == -found.cost
    assert chart.table.num_rows == 13
    long = what_if.cumulative_cash(weighed(horizon_months=119), **ALONE)
    months = [row["month"] for row in data(long, "months")]
    assert months[-2:] == [118, 119]
    assert len(months) <= 62
    assert long.table.num_rows == 120


def test_payback_is_marked_where_it_is_and_not_where_there_is_none():
    found = weighed()
    (mark,) = data(what_if.cumulative_cash(found, **ALONE), "payback")
    assert mark["month"] == found.payback.month
    assert mark["late"] == (2 * found.payback.month > 13)
    dear = weighed(programme_cost_per_customer=50.0)
    assert data(what_if.cumulative_cash(dear, **ALONE), "payback") == []
    assert words.cash_title(dear) == "On average the money does not come back within 12 months"
    assert words.payback(dear) == "not within 12 months"


def test_bars_of_a_tornado_go_from_the_mean_to_each_end():
    found = weighed()
    swings = swings_of(found)
    ends = data(what_if.tornado(found, swings, **SAID), "ends")
    assert {row["start"] for row in ends} == {found.npv.value}
    assert [row["npv"] for row in ends[:2]] == [swings[0].npv_low, swings[0].npv_high]
    assert [row["rank"] for row in ends] == [rank for rank in range(len(swings)) for _ in range(2)]
    assert what_if.tornado(found, (), **SAID) is None


def test_a_budget_that_buys_nobody_has_no_chart():
    found = weighed(base=some_subscribers, acquisition_cost=None, acquisition_per_month=3.0)
    used = budget_use(some_subscribers(), found)
    assert what_if.budget_use(used, level=0.95, **SAID) is None
    assert words.budget_title(used, currency="EUR").startswith("The programme brings")
    assert "is not known" in words.budget_reading(used, currency="EUR")[0]


def test_points_that_nobody_could_lose_have_no_chart():
    card = points_card(some_buyers(), Levers(margin=0.4), points=0.9)
    assert what_if.retention_points(card, level=0.95, asof="") is None
    assert words.points_title(card) == "Five points more retention: not possible here"
    (said,) = words.points_reading(card, rate=0.1, months=12)
    assert said.endswith(card.reason)


def test_claim_of_the_guides_is_drawn_behind_the_four_answers():
    chart = all_charts(weighed())["retention_points"]
    assert data(chart, "claim") == [{"low": 0.25, "high": 0.95}]
    card = points_card(some_subscribers(), weighed().scenario)
    values = {row["row"]: row["value"] for row in data(chart, "ways")}
    assert values["constant churn, for ever"] == card.constant_forever
    assert values["fitted model, today's customers"] == card.today.value
    assert list(values) == chart.spec["layer"][1]["layer"][0]["encoding"]["y"]["scale"]["domain"]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("saved_share", 0.1, "10.0 %"),
        ("frequency", -0.1, "−10.0 %"),
        ("order_value", 0.2, "+20.0 %"),
        ("discount_rate", 0.08, "8.0 % a year"),
        ("horizon_months", 1, "1 month"),
        ("acquisition_cost", None, "–"),
        ("acquisition_cost", 12.5, "12.50 EUR"),
        ("acquisition_per_month", 89.25, "89.2 a month"),
        ("acquisition_per_month", 1200.0, "1,200 a month"),
        ("programme_cost_per_month", 0.5, "0.50 EUR a month"),
        ("segment", "", "all customers"),
        ("segment", "north", "north"),
    ],
)
def test_a_lever_is_told_in_its_unit(name, value, told):
    assert words.lever_value(name, value, currency="EUR") == told


def test_every_lever_can_be_told_at_both_ends():
    for name, lever in LEVERS.items():
        assert words.lever_value(name, lever.low)
        assert words.lever_value(name, lever.high)


def test_saved_share_of_subscribers_in_points():
    found = weighed()
    lost = 1 - found.yearly_retention
    said = words.saved_in_points(found)
    assert said.startswith("10 % (5 to 15 %) of departures saved are ")
    assert f"{10 * lost:.1f} points ({5 * lost:.1f} to {15 * lost:.1f} points)" in said


def test_probability_never_claims_certainty():
    assert words.probability(weighed(programme_cost_per_customer=50.0)) == "less than 1 %"
    assert words.probability(weighed(programme_cost_per_customer=0.01)) == "more than 99 %"
    assert words.probability(weighed(back_test=None)) == "–"
    some = weighed(programme_cost_per_customer=float(weighed().break_even.cost_per_customer))
    assert words.probability(some) == f"{some.probability * 100:.0f} %"


def test_titles_say_what_decides():
    turning = Swing("margin", "margin", "share of revenue", 0.3, 0.5, -10.0, 10.0)
    calm = Swing("margin", "margin", "share of revenue", 0.3, 0.5, 10.0, 30.0)
    assert words.tornado_title((turning,)) == "The answer hinges on margin"
    assert words.tornado_title((calm,)) == "No single input turns the answer; margin matters most"
    assert words.tornado_title(()) == "Nothing moves the net present value"
    assert words.tornado_reading((turning,), currency="EUR") == [
        "Margin, from 30.0 % to 50.0 %: the net present value goes from −10.00 EUR to +10.00 EUR, which "
        "decides whether it pays."
    ]
    spread = Swing("parameters", "what the model forecasts", "share", 0.025, 0.975, 1.0, 2.0)
    assert [words.swing_end(spread, end, currency="") for end in (0.025, 0.975)] == ["low", "high"]


def test_money_that_comes_at_once_is_back_from_the_first_day():
    found = weighed(programme_cost_per_customer=0.0)
    assert words.payback(found) == "from the first day"
    assert words.cash_title(found) == "Nothing is paid in advance, so there is nothing to pay back"


def test_keeping_is_held_against_the_guides_five_times():
    cheap, dear = (weighed(programme_cost_per_customer=cost) for cost in (0.05, 5.0))
    for found, verdict in ((cheap, "at least that here"), (dear, "not here, with this programme")):
        kept = keeping_cost(some_subscribers(), found)
        assert verdict in words.keeping_reading(kept, currency="EUR")
        assert f"{kept.ratio:.2f} times as much" in words.keeping_reading(kept, currency="EUR")
    tiny = KeepingCost(likely(np.array([0.0061]), level=0.95), 11472.0, 15.0, 0.0013, "")
    told = words.keeping_reading(tiny, currency="EUR")
    assert "programme / 0.0061 customers kept" in told
    assert "0.0013 times as much" in told
    unknown = keeping_cost(some_subscribers(), weighed(acquisition_cost=None))
    assert "cannot be told here" in words.keeping_reading(unknown, currency="EUR")
    assert "keeps" in words.keeping_reading(unknown, currency="EUR")


def test_a_budget_says_whether_the_difference_is_certain():
    used = budget_use(some_subscribers(), weighed())
    title = words.budget_title(used, currency="EUR")
    better, worse = sorted((used.by_programme, used.by_acquisition), key=lambda one: -one.value)
    assert ("not for certain" in title) == (better.ci_low <= worse.ci_high)
    assert title.startswith("Keeping" if better is used.by_programme else "Winning")


def test_bars_have_round_widths():
    values = np.linspace(-1234.0, 987.0, 512)
    width = what_if._bar(values)
    assert width in (100.0, 200.0, 250.0, 500.0)
    assert what_if._bar(np.zeros(3)) == 1.0


def test_two_ends_on_one_side_of_where_it_stands_do_not_overprint():
    found, start = weighed(), weighed().npv.value
    margin = Swing("margin", "margin", "share of revenue", 0.9, 1.0, start - 40.0, start - 0.01)
    rate = Swing("discount_rate", "discount rate", "share per year", 0.05, 0.15, start + 5.0, start - 5.0)
    error = Swing("back_test", "how far forecasts are off", "ratio", 0.7, 1.3, start - 3.0, start + 3.0)
    ends = data(what_if.tornado(found, (margin, rate, error), currency="EUR", asof=""), "ends")
    assert [end["label"] for end in ends] == ["90.0 %", "", "5.0 %", "15.0 %", "70.0 %", "130.0 %"]
    assert [end["at"] for end in ends][4] == "70.0 % of the forecast"
