"""The what-if notebook's view: levers in, a decision out, every figure the same wherever it stands."""

import html
import json
import re
from math import fsum

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from shops import orders, write_shop

from retention_kit.errors import ColumnError, DataError, ParameterError
from retention_kit.links import link, opened
from retention_kit.notebooks import WhatIfParameters
from retention_kit.planning.comparison import compare
from retention_kit.planning.decision import decision
from retention_kit.planning.levers import LEVERS, Levers
from retention_kit.reports.record import FILE_NAME
from retention_kit.workbook import what_if
from retention_kit.workbook.chart_widget import ChartWidget
from retention_kit.workbook.what_if import WhatIfView, what_if_view

CHARTS = ("npv", "cash", "tornado", "budget", "points")
TEXTS = (
    "facts",
    "scenario",
    "decision",
    "tiles",
    "reading_npv",
    "reading_cash",
    "reading_tornado",
    "reading_budget",
    "reading_points",
    "segments",
    "beside",
    "assumptions",
    "card",
)
STILL = {
    "saved_share": 0.0,
    "saved_share_low": -1.0,
    "saved_share_high": -1.0,
    "programme_cost_per_customer": 0.0,
}
SUBSCRIBED = {"basis": "subscriptions"}  # quick to fit
_kept = {}


@pytest.fixture(autouse=True)
def fitted(monkeypatch):
    """Fit the same customers once for all tests, and list what was fitted in this one."""
    asked, fit = [], what_if.observed

    def once(dataset, **options):
        asked.append(options)
        key = dataset.fingerprint, *(options[name] for name in ("basis", "breakdown", "model"))
        if key not in _kept:
            _kept[key] = fit(dataset, **options)
        return _kept[key]

    monkeypatch.setattr(what_if, "observed", once)
    return asked


@pytest.fixture
def report(on):
    def view(dataset="shop", **parameters):
        on("report")
        return what_if_view({"dataset": dataset, **parameters})

    return view


@pytest.fixture
def live(on):
    def view(dataset="shop", **parameters):
        on("notebook")
        return what_if_view({"dataset": dataset, **parameters})

    return view


def text(panel):
    return InteractiveShell.instance().display_formatter.format(panel)[0]["text/plain"]


def page(panel):
    return html.unescape(re.sub("<[^>]*>", " ", panel.value))


def controls_of(view, parts):
    return {one.description: one for one in parts(view.controls()) if getattr(one, "description", "")}


def test_a_report_shows_every_panel(report):
    view = report()
    assert isinstance(view, WhatIfView)
    for name in CHARTS:
        shown = InteractiveShell.instance().display_formatter.format(getattr(view, name)())[0]
        assert shown["image/svg+xml"].startswith("<svg"), name
    for name in TEXTS:
        assert len(text(getattr(view, name)())) > 40, name
    assert view.controls() is None


def test_a_page_shows_every_panel_alive(live):
    view = live(**SUBSCRIBED)
    panels = {name: getattr(view, name)() for name in CHARTS}
    assert all(isinstance(panel, ChartWidget) and panel.spec for panel in panels.values())
    for name in TEXTS:
        assert len(page(getattr(view, name)())) > 40, name


def test_decision_and_figures_are_those_of_the_plan(report):
    view = report()
    found = view.shown.scenario
    made = compare(found.observed.base, found.comparison.scenario, back_test=found.observed.back_test)
    assert text(view.decision()) == decision(made, found.swings, currency="EUR")
    assert made.npv.value == found.comparison.npv.value
    figures = {row["name"]: row for row in view.headline()}
    assert figures["Net present value"]["value"] == made.npv.value
    assert figures["Probability that it pays"]["value"] == made.probability
    tiles = text(view.tiles())
    assert f"Probability that it pays: {made.probability * 100:.0f} %" in tiles
    assert f"+{made.gain.value:,.2f} EUR" in tiles
    low, high = figures["Break-even, saved share of departures"]["ci_low"], made.break_even.saved_share
    assert low < high < figures["Break-even, saved share of departures"]["ci_high"]


def test_levers_begin_where_the_data_have_them(report):
    start = report().shown.scenario.observed.base.start
    assert start.discount_rate == 0.08  # of the dataset file
    assert 0.3 < start.margin < 0.6
    assert start.acquisition_cost == pytest.approx(11.94, abs=0.01)
    rows = {row["lever"]: row for row in report().tables()["levers"].to_pylist()}
    assert set(rows) == {lever.title for lever in LEVERS.values()} | {"segment targeted"}
    assert rows["discount rate"]["status quo"] == "8.0 % a year"
    assert rows["discount rate"]["observed"] == "as the dataset file says"
    assert rows["programme cost per customer"]["The scenario"] == "0.40 EUR"
    assert rows["margin"]["bounds"] == "0.0 % to 100.0 %"


def test_no_lever_moved_changes_exactly_nothing(report):
    view = report(**STILL)
    made = view.shown.scenario.comparison
    assert not made.npv.values.any()
    assert (made.gain.value, made.cost, made.clv_change.value) == (0.0, 0.0, 0.0)
    assert text(view.decision()) == "No lever is moved, so nothing changes."
    assert [name for name in CHARTS if getattr(view, name)() is None] == ["npv", "cash", "tornado", "budget"]
    assert "Move one" in text(view.reading_npv())
    assert "Break-even uplift: –; No lever is moved." in text(view.tiles())
    assert [row["value"] for row in view.headline()] == [0.0, 0.0, 0.0]


def test_parts_add_up_to_the_whole(report):
    view = report(breakdown="product", acquisition_per_month=100.0, programme_fixed_cost=50.0)
    rows = view.tables()["segments"].to_pylist()
    made = view.shown.scenario.comparison
    for name, total in (("gain", made.gain.value), ("cost", made.cost), ("npv", made.npv.value)):
        assert fsum(row[name] for row in rows) == pytest.approx(total, abs=1e-9)
    assert {row["segment"] for row in rows} >= {"tea", "coffee", "new customers", "fixed cost"}
    assert sum(row["customers"] for row in rows) == 2500


def test_a_lever_that_moves_fits_nothing_and_sends_only_data(live, fitted):
    view = live(**SUBSCRIBED)
    npv, tiles = view.npv(), view.tiles()
    before, said = npv.spec, tiles.value
    view.state.change(saved_share=0.2, saved_share_high=0.3)
    assert len(fitted) == 1
    assert npv.spec["datasets"] != before["datasets"]
    assert tiles.value != said
    apart = {"datasets", "title", "description"}
    rest = [{key: part for key, part in spec.items() if key not in apart} for spec in (before, npv.spec)]
    assert rest[0] == rest[1]


def test_controls_show_what_the_data_say_and_a_reset_leads_to_the_status_quo(live, parts):
    view = live(**SUBSCRIBED)
    controls = controls_of(view, parts)
    assert controls["Discount rate"].value == 0.08
    assert controls["Margin"].value == 1.0
    controls["Margin"].value = 0.4
    assert view.parameters.margin == 0.4
    controls["Margin"].value = 1.0
    assert view.parameters.margin == 0.0
    assert "margin" not in link(view.parameters)
    controls["Reset"].click()
    assert view.shown.scenario.is_still
    assert controls["Saved, low"].value == 0.0


def test_bounds_of_controls_are_those_of_the_levers():
    for name, lever in LEVERS.items():
        field = WhatIfParameters.model_fields[name]
        low, high = (
            next(getattr(meta, key) for meta in field.metadata if hasattr(meta, key)) for key in ("ge", "le")
        )
        assert high == lever.high, name
        assert low == (-1 if field.default == -1 or name.startswith("saved_share_") else lever.low), name


def test_saved_share_outside_its_range_widens_it_and_says_so(live):
    view = live(**SUBSCRIBED)
    view.state.change(saved_share=0.4)
    assert view.state.message == ""
    assert view.shown.scenario.comparison.scenario.uplift == (0.05, 0.4, 0.4)
    assert "outside its range" in page(view.facts())


def test_saved_share_is_told_in_points_too(report):
    view = report(**SUBSCRIBED)
    stay = view.shown.scenario.comparison.yearly_retention
    assert f"{0.1 * (1 - stay) * 100:.1f} points" in text(view.scenario())
    assert f"{stay * 100:.1f} %" in text(view.scenario())


def test_segment_targeted_is_the_only_one_that_gains(report):
    view = report(**SUBSCRIBED, segment="plan=pro", breakdown="country", share_targeted=0.5)
    gains = {row["segment"]: row["gain"] for row in view.tables()["segments"].to_pylist()}
    assert gains.pop("pro") > 0
    assert set(gains.values()) == {0.0}
    assert "not by country" in text(view.facts())
    whole = report(**SUBSCRIBED, segment="plan=pro").shown.scenario.comparison
    assert view.shown.scenario.comparison.gain.value == pytest.approx(whole.gain.value / 2)


def test_a_link_of_one_scenario_lies_beside_another(report):
    letters = report(**SUBSCRIBED, scenario="Letters", saved_share=0.12, margin=0.4)
    copied = f"https://example.org/voila/render/05_what_if.ipynb?{link(letters.parameters)}"
    view = report(**SUBSCRIBED, beside=copied)
    other = view.shown.laid_beside
    assert other.comparison.npv.value == letters.shown.scenario.comparison.npv.value
    assert text(view.decision()).splitlines()[1].startswith("Letters: ")
    figures = view.tables()["figures"]
    assert figures.column_names == ["figure", "The scenario", "Letters"]
    assert figures["Letters"].to_pylist() == letters.tables()["figures"]["Letters"].to_pylist()
    assert len(view.charts()["cumulative_cash"]["datasets"]["other"]) == 13
    assert "dashed: Letters" in view.charts()["npv_distribution"]["title"]["subtitle"][0]


def test_what_is_typed_beside_changes_the_scenario_shown(report):
    view = report(**SUBSCRIBED, saved_share=0.08, beside="margin=0.5&segment=plan=pro")
    other = view.shown.laid_beside.comparison.scenario
    assert (other.saved_share, other.margin, other.segment) == (0.08, 0.5, "pro")
    assert view.shown.scenario.comparison.scenario.margin == 1.0


def test_what_cannot_be_laid_beside_is_said(report):
    view = report(**SUBSCRIBED, beside="saved_shear=1&margin=7&dataset=cdnow")
    said = text(view.facts())
    for part in ("saved_shear", "margin=7.0 is not allowed", "made for other data"):
        assert part in said
    assert view.shown.laid_beside is not None
    refused = report(**SUBSCRIBED, beside="frequency=0.2")
    assert refused.shown.laid_beside is None
    assert "contracts do not have" in text(refused.beside())
    assert "contracts do not have" in text(refused.facts())


def test_a_view_is_shared_as_a_link(report):
    asked = {"saved_share": 0.2, "scenario": "A & B = C", "beside": "margin=0.3&scenario=D", **SUBSCRIBED}
    view = report(**asked)
    again = opened(WhatIfParameters, {}, link(view.parameters), names=["shop"])
    assert again.parameters == view.parameters
    assert again.said == ()


def test_a_lever_out_of_bounds_leaves_the_last_view_in_place(live):
    view = live(**SUBSCRIBED)
    before = view.shown
    view.state.change(frequency=0.1)
    assert "contracts do not have" in view.state.message
    view.state.change(frequency=0.0, discount_rate=-0.5)
    assert "discount_rate: from 0 to 1" in view.state.message
    assert view.shown is before


def test_a_report_of_a_bad_choice_ends_with_its_reason(report):
    with pytest.raises(ColumnError, match="plan"):
        report(basis="orders", breakdown="plan")
    with pytest.raises(DataError, match="has no subscriptions"):
        report("cdnow", basis="subscriptions")
    with pytest.raises(ParameterError, match="nobody"):
        report(**SUBSCRIBED, segment="plan=nobody")


def test_points_follow_the_arithmetic_of_constant_retention(report):
    view = report(**SUBSCRIBED)
    stay = view.shown.scenario.comparison.yearly_retention
    multiple = [share / (1.08 - share) for share in (stay, stay + 0.05)]
    rows = {row["way"]: row for row in view.tables()["retention_points"].to_pylist()}
    assert rows["constant churn, for ever"]["value"] == pytest.approx(multiple[1] / multiple[0] - 1)
    assert f"+{(multiple[1] / multiple[0] - 1) * 100:.1f} % without end" in text(view.reading_points())


def test_a_margin_that_only_the_reader_knows_is_no_measure(report):
    view = report(**SUBSCRIBED, margin=0.25)  # the data of the subscriptions have none
    whole = report(**SUBSCRIBED).shown.scenario.comparison
    assert view.shown.scenario.comparison.gain.value == pytest.approx(0.25 * whole.gain.value)
    rows = {row["lever"]: row for row in view.tables()["levers"].to_pylist()}
    assert rows["margin"]["status quo"] == rows["margin"]["The scenario"] == "25.0 %"
    assert "the one set holds for the status quo too" in text(view.facts())
    assert "revenue counts" not in text(view.facts())
    assert "No margin is known" in text(report(**SUBSCRIBED).facts())


def test_retention_among_those_targeted_is_told_as_the_model_has_it(report):
    view = report(**SUBSCRIBED, saved_share=0.2, segment="plan=plus")
    made = view.shown.scenario.comparison
    at = view.shown.scenario.observed.base.segments.index("plus")
    kept = [view.shown.scenario.observed.base.kept(12, np.array([u]), 0.0)[:, at].mean() for u in (0.0, 0.2)]
    number = view.shown.scenario.observed.base.customers[at]
    assert (made.yearly_retention, made.retention_saved) == pytest.approx(
        [k / number for k in kept], rel=1e-5
    )
    told = text(view.scenario())
    assert f"{kept[0] / number * 100:.1f} % among those targeted" in told
    assert f"would make it {kept[1] / number * 100:.1f} %" in told


def test_who_pays_back_is_who_pays(report):
    view = report(**SUBSCRIBED, saved_share_low=0.02, saved_share_high=0.4, programme_cost_per_customer=9.0)
    made = view.shown.scenario.comparison
    said = f"{made.probability * 100:.0f} % of the futures drawn"
    assert 0.01 < made.probability < 0.99
    assert f"It pays in {said}" in text(view.reading_npv())
    assert f"{said} pay back within 12 months" in text(view.reading_cash())
    assert f"{said} pay back in time" in text(view.tiles())


def test_a_lopsided_range_is_told_by_its_mean(report):
    view = report(**SUBSCRIBED, saved_share=0.1, saved_share_low=0.05, saved_share_high=0.45)
    assert "the scenario saves 10.0 %, on average 20.0 %" in text(view.tiles())


def test_what_a_new_customer_costs_must_be_known_to_compare_budgets(report):
    view = report("cdnow")
    assert view.budget() is None
    assert "what a new customer costs is not known" in text(view.reading_budget())
    assert "No margin is known" in text(view.facts())
    known = report("cdnow", acquisition_cost=20.0)
    assert known.budget() is not None
    assert "times as much" in text(known.reading_budget())


def test_without_a_back_test_no_probability_is_given(report, tmp_path):
    view = report(str(write_shop(tmp_path, orders(months=(5,)), name="young")))
    assert view.shown.scenario.observed.back_test is None
    assert "Probability that it pays: –; No back-test" in text(view.tiles())
    assert "cannot be said without back-tests" in text(view.decision())
    assert "Probability that it pays" not in {row["name"] for row in view.headline()}


@pytest.mark.parametrize("amounts", [True, False])
def test_data_that_allow_no_plan_say_what_they_need(live, tmp_path, amounts):
    rows = [
        {"customer": f"c{n}", "day": f"2024-05-{10 + n}", "amount": "1.00", "channel": "web"}
        for n in range(9)
    ]
    path = write_shop(tmp_path, rows, name="fresh")
    if not amounts:
        path.write_text(path.read_text("utf-8").replace('amount = "amount"\n', ""))
    view = live(str(path))
    said = "Nobody has paid for a second purchase yet" if amounts else "the orders have no amounts"
    for name in TEXTS:
        told = page(getattr(view, name)())
        assert (said in told) != (name in ("scenario", "tiles", "card")), name
    assert all(not getattr(view, name)().spec for name in CHARTS)
    assert (view.headline(), view.tables()) == ([], {})


def test_names_of_tables_and_charts_can_be_files(report):
    view = report(**SUBSCRIBED)
    assert all(FILE_NAME.fullmatch(name) for name in (*view.tables(), *view.charts()))
    json.dumps(view.charts(), allow_nan=False)


def test_error_of_the_base_and_its_draws_are_on_the_page(report):
    said = text(report().assumptions())
    assert "2,500 of them" in said
    assert "64 draws" in said
    assert re.search(r"at most \de-\d\d of their value", said)


def test_texts_from_outside_are_escaped(live):
    evil = "<img src=x onerror=alert(1)>"
    view = live(**SUBSCRIBED, scenario=evil, beside=f"margin={evil}&scenario={evil}")
    for name in TEXTS:
        assert "<img" not in getattr(view, name)().value, name
    assert evil in html.unescape(view.decision().value)


def test_values_of_segments_are_escaped(live, nasty):
    view = live(str(nasty), breakdown="channel")
    for name in TEXTS:
        assert "<script" not in getattr(view, name)().value, name
    assert "pwned" in page(view.segments())


def test_status_quo_is_kept_as_the_scenario_is_valued(report):
    near, far = (report(**SUBSCRIBED, horizon_months=months).shown.scenario for months in (12, 36))
    assert far.comparison.status_quo == Levers(**{**vars(near.comparison.status_quo), "horizon_months": 36})
    assert far.comparison.gain.value > near.comparison.gain.value


def test_a_programme_too_dear_has_no_payback_and_one_out_of_reach_no_break_even(report):
    dear = report(**SUBSCRIBED, programme_cost_per_customer=60.0)
    assert "Payback age" not in {row["name"] for row in dear.headline()}
    all_saved = report(**SUBSCRIBED, saved_share=0.99, saved_share_low=0.99).shown.scenario.comparison
    most = all_saved.break_even.cost_per_customer
    assert "out of reach" in text(report(**SUBSCRIBED, programme_cost_per_customer=0.99 * most).tiles())
    never = report(**SUBSCRIBED, programme_cost_per_customer=5000.0)
    assert "No saved share of departures is enough" in text(never.tiles())
    fixed = report(**SUBSCRIBED, programme_fixed_cost=1e6, share_targeted=0.5)
    assert "the other costs alone are too high" in text(fixed.tiles())


def test_a_programme_that_costs_nothing_has_no_return_on_its_cost(report):
    view = report(**SUBSCRIBED, programme_cost_per_customer=0.0, share_targeted=1.0)
    assert "Return on investment: –; Nothing is spent." in text(view.tiles())
    assert "Return on investment" not in {row["name"] for row in view.headline()}
    assert view.budget() is None


def test_scenarios_of_one_name_stand_in_columns_of_their_own(report):
    view = report(**SUBSCRIBED, scenario="Letters", beside="saved_share=0.12&scenario=Letters")
    assert view.tables()["figures"].column_names == ["figure", "Letters", "Letters (beside)"]
    assert "Letters (beside)" in view.tables()["levers"].column_names
    assert "Nobody is targeted" in text(report(**SUBSCRIBED, share_targeted=0.0).decision())
