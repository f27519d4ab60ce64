"""The lifetime value notebook's view: every panel says what customers are worth, or what it needs."""

import base64
import csv
import html
import io
import json
import re
import time

import pytest
import shops
from IPython.core.interactiveshell import InteractiveShell

from retention_kit import formats
from retention_kit.data.resolve import samples
from retention_kit.errors import ColumnError, DataError, ParameterError, RetentionKitError
from retention_kit.planning.lifetime_value import valued_customers
from retention_kit.reports.record import FILE_NAME
from retention_kit.workbook.chart_widget import ChartWidget
from retention_kit.workbook.lifetime import LifetimeView, lifetime_view
from retention_kit.workbook.lifetime_list import value_lists

CHARTS = tuple(LifetimeView.drawings)
TEXTS = (
    *("facts", "tiles", "reading", "reading_concentration", "comparison", "reading_cohorts"),
    *("reading_alive", "reading_purchases", "reading_curve", "customers", "reading_foreseen"),
    *("test", "shortcuts", "assumptions", "card"),
)
OF_ORDERS = {"alive_map", "purchases_map", "foreseen_cells"} | {
    f"test_{what}" for what in ("weekly", "cumulative", "by_decile", "by_frequency")
}


@pytest.fixture(scope="module")
def opened():
    """Views of this module by what was asked for: a fit takes a second."""
    return {}


@pytest.fixture(scope="module")
def fitted():
    """Fits of this module, likewise."""
    return {}


@pytest.fixture(autouse=True)
def fit_once(fitted, monkeypatch):
    def recalled(dataset, **asked):
        key = (dataset.fingerprint, *asked.items())
        if key not in fitted:
            fitted[key] = valued_customers(dataset, **asked)
        return fitted[key]

    monkeypatch.setattr("retention_kit.workbook.lifetime.valued_customers", recalled)


@pytest.fixture
def report(on, opened):
    def view(dataset="shop", **parameters):
        on("report")
        key = (dataset, *sorted(parameters.items()))
        if key not in opened:
            opened[key] = lifetime_view({"dataset": dataset, **parameters})
        return opened[key]

    return view


@pytest.fixture
def live(on):
    def view(dataset="shop", **parameters):
        on("notebook")
        return lifetime_view({"dataset": dataset, **parameters})

    return view


def bundle(panel):
    return InteractiveShell.instance().display_formatter.format(panel)[0]


def text(panel):
    return bundle(panel)["text/plain"]


def page(panel):
    return html.unescape(re.sub("<[^>]*>", " ", panel.value))


def small_shop(folder, rows, name="small"):
    return str(shops.write_shop(folder, rows, name=name))


def test_a_report_shows_every_panel(report):
    view = report(breakdown="channel")
    for name in CHARTS:
        assert bundle(getattr(view, name)())["image/svg+xml"].startswith("<svg"), name
    for name in TEXTS:
        assert len(text(getattr(view, name)())) > 40, name
    assert view.controls() is None


def test_value_stands_beside_its_assumptions_and_its_back_test(report):
    view = report()
    value, test = view.shown.value, view.shown.customers.back_test
    first, *_, last = text(view.tiles()).splitlines()
    money = formats.value(value.per_customer.value, "money", currency="EUR")
    ends = formats.interval(value.per_customer.ci_low, value.per_customer.ci_high, "money", currency="EUR")
    assert first.startswith(f"Value per customer: {money}; {ends}; discounted gross margin in 12 months;")
    assert first.endswith(test.sentence.split(":")[0] + ".")
    assert last.startswith("12 months ahead · margin")
    assert last.endswith("a year off, as the dataset says · in EUR.")
    assert test.sentence.split(":")[0] in text(view.reading())


def test_every_chart_names_horizon_rate_currency_and_as_of_date(report):
    for name, spec in report(breakdown="channel").charts().items():
        if name.startswith("value_"):
            context = spec["title"]["subtitle"][0]
            assert "gross margin, EUR, 12 months ahead, margin 42.1 %, 8.0 % a year" in context, name
            assert "2,500 customers · as of 2024-12-31" in context, name


def test_horizon_margin_rate_and_level_need_no_new_fit(live, monkeypatch):
    view = live("cdnow")
    tiles, curve = view.tiles(), view.curve()
    before, drawn = view.shown.value.per_customer.value, curve.spec
    monkeypatch.setattr("retention_kit.workbook.lifetime.valued_customers", None)  # a fit would fail now
    view.state.change(margin=0.5, discount_rate=0.0, horizon=6, level=0.8)
    assert view.state.message == ""
    assert view.shown.value.per_customer.value < before / 2
    assert "6 months ahead · margin 50.0 %, as chosen · 0.0 % a year off, as chosen" in page(tiles)
    assert curve.spec != drawn
    assert "80 % interval" in json.dumps(curve.spec)


def test_margin_scales_and_a_horizon_adds_up(live):
    view = live("cdnow")
    whole = view.shown.value
    view.state.change(margin=0.25)
    assert view.shown.value.total.value == pytest.approx(whole.total.value / 4)
    sums = whole.cohorts["value"].to_pylist()
    assert sum(sums) == pytest.approx(whole.total.value)


def test_contracts_show_what_applies_and_say_why_the_rest_does_not(report):
    view = report(basis="subscriptions", breakdown="plan")
    assert not OF_ORDERS & set(view.charts())
    assert "These customers have contracts" in text(view.reading_alive())
    assert "there are no purchases to expect" in text(view.reading_purchases())
    assert "foreseen from orders" in text(view.reading_foreseen())
    assert "shifted beta-geometric model was" in text(view.test())
    assert "months ahead" in bundle(view.test())["text/html"]
    assert "By plan:" in text(view.comparison())
    assert {"alive_map", "histories", "test_weeks"}.isdisjoint(view.tables())


def test_orders_without_costs_and_margins_say_what_is_missing(report):
    view = report("cdnow")
    assert "map acquisition_cost in [customers.columns]" in text(view.reading_curve())
    assert "No margin is known, so values are revenue" in text(view.facts())
    assert "All customers began in 1997 Q1" in text(view.reading_cohorts())
    assert view.cohorts() is None
    assert text(view.comparison()) == "Nothing is compared: choose an attribute under Compare by."
    assert view.groups() is None


def test_mean_chance_to_be_there_is_not_shown_under_bg_nbd(report):
    view = report("cdnow", model="bg_nbd")
    assert view.shown.value.title == "BG/NBD"
    assert "Still customers" not in text(view.tiles())
    assert "no such share is shown" in text(view.reading_alive())
    assert "Still customers" in text(report("cdnow", model="mbg_nbd").tiles())


def test_back_test_stands_beside_naive_forecasts(report):
    view = report("cdnow", calibration_to="1997-09-30", model="bg_nbd")
    said = text(view.test())
    # DEFINITIONS, section 6: 1,653.4 foreseen where 1,882 came.
    assert "this model was 12 % low: it foresaw 1,653 purchases, and 1,882 came." in said
    table = bundle(view.test())["text/html"]
    assert all(name in table for name in ("last period repeated", "simple formula", "BG/NBD"))
    assert view.charts()["test_weekly"]["title"]["text"] == "On your last 39 weeks this model was 12 % low"


def test_simple_formulas_are_told_with_their_gap(report):
    view = report("cdnow")
    value = view.shown.value
    simple = value.shortcuts.to_pylist()[0]
    gap = simple["value_per_customer"] / value.per_customer.value - 1
    assert f"{formats.value(gap, 'share')} more than the model" in text(view.shortcuts())


def test_headline_and_tables_are_what_is_shown(report):
    view = report(breakdown="channel")
    figures = {row["name"]: row for row in view.headline()}
    value = view.shown.value
    assert figures["Value per customer, 12 months"]["value"] == value.per_customer.value
    assert figures["Back-test, bias"]["value"] == view.shown.customers.back_test.bias
    tables = view.tables()
    assert all(FILE_NAME.fullmatch(name) for name in tables)
    assert sum(tables["groups"]["customers"].to_pylist()) == value.customers
    assert not [name for name, table in tables.items() if "customer_id" in table.column_names]


def test_card_holds_the_users_numbers_sql_and_a_line_to_cite(report):
    view = report()
    said = text(view.card())
    value = view.shown.value
    assert f"Yours: {formats.value(value.total.value, 'money', currency='EUR')} / 2,500 customers = " in said
    assert "To cite: Lifetime value per customer (12 months ahead" in said
    assert "SELECT" in html.unescape(bundle(view.card())["text/html"])
    assert "Gamma-Gamma: p =" in text(view.assumptions())


def test_customers_are_listed_in_the_notebook_on_request_only(live, parts):
    view = live("cdnow")
    panel = view.customers()
    below = parts(panel)[-1]
    assert "a list is made when one is asked for" in below.value
    top, fading = (part for part in parts(panel) if hasattr(part, "click"))
    top.click()
    assert "Customers with the highest value, revenue, USD" in page(below)
    assert below.value.count("<tr>") == 101
    linked = re.search(r'download="top_customers.csv" href="data:[^,]*,([^"]*)"', below.value)[1]
    rows = list(csv.DictReader(io.StringIO(base64.b64decode(linked).decode("utf-8-sig"))))
    values = [float(row["value"]) for row in rows]
    assert len(rows) == 2357
    assert values == sorted(values, reverse=True)
    assert sum(values) == pytest.approx(view.shown.value.total.value, rel=1e-6)
    fading.click()
    slipping = view.shown.value.fading(2357).num_rows
    assert f"highest value at risk, revenue, USD, the first 100 of {slipping} customers shown" in page(below)
    view.state.change(horizon=6)
    assert "highest value" not in below.value  # the list was of another result


def test_where_nobody_is_slipping_the_list_says_so(live, parts, tmp_path):
    rows = shops.orders(customers=1, months=(1,))
    view = live(small_shop(tmp_path, rows, "steady"))
    panel = view.customers()
    [part for part in parts(panel) if hasattr(part, "click")][1].click()
    assert "No customer is fading" in page(parts(panel)[-1])
    assert "nobody leaving" in text(view.reading_alive())


def test_contracts_are_not_listed(live, parts):
    view = live(basis="subscriptions")
    panel = view.customers()
    next(part for part in parts(panel) if hasattr(part, "click")).click()
    assert "Contracts are not listed" in parts(panel)[-1].value


def test_customers_are_never_listed_on_a_served_page_or_in_a_report(on, report):
    assert "listed in JupyterLab only" in text(report("cdnow").customers())
    on("app", datasets={"cdnow": samples()["cdnow"]})
    view = lifetime_view({"dataset": "cdnow"})
    assert "listed in JupyterLab only" in page(view.customers())
    with pytest.raises(RetentionKitError, match="JupyterLab only"):
        value_lists(view.state)


def test_a_page_shows_every_panel_alive(live, parts):
    view = live(breakdown="channel")
    charts = [getattr(view, name)() for name in CHARTS]
    assert all(isinstance(chart, ChartWidget) and chart.spec for chart in charts)
    for name in TEXTS:
        if name != "customers":
            assert len(page(getattr(view, name)())) > 40, name
    controls = {one.description: one for one in parts(view.controls()) if getattr(one, "description", "")}
    assert ("plan = basic", "plan=basic") in controls["Customers with"].options
    assert [value for _, value in controls["Purchase model"].options] == ["auto", "bg_nbd", "mbg_nbd"]


def test_a_change_of_margin_is_quick(live):
    view = live("cdnow")
    panels = [getattr(view, name)() for name in (*CHARTS, "tiles", "reading", "card")]
    view.foreseen()
    spent = []
    for step in range(5):
        started = time.process_time()
        view.state.change(margin=0.1 + 0.1 * step)
        spent.append(time.process_time() - started)
    assert min(spent) < 0.15
    assert len(panels) == len(CHARTS) + 3


def test_nobody_who_bought_again_is_worth_nothing_known(report, tmp_path):
    rows = [
        {"customer": f"c{n}", "day": f"2024-0{1 + n % 6}-1{n % 5}", "amount": "1.00", "channel": "web"}
        for n in range(40)
    ]
    view = report(small_shop(tmp_path, rows, "once"), breakdown="channel")
    assert "Nobody bought again" in text(view.facts())
    assert "bring nothing" in text(view.reading_concentration())
    assert text(view.reading_cohorts()) == "There is no value to be held."
    assert view.concentration() is None
    assert "0.00 purchases" in text(view.tiles())
    assert text(view.comparison()).startswith("All customers are of one channel.")
    json.dumps([view.charts(), view.headline()], allow_nan=False)


def test_a_purchase_again_is_not_denied_where_most_came_on_the_last_day(report, tmp_path):
    days = [("a", "2024-01-01"), ("a", "2024-01-20"), *((f"b{n}", "2024-02-20") for n in range(3))]
    rows = [{"customer": who, "day": day, "amount": "9.00", "channel": "web"} for who, day in days]
    assert "Nobody bought again" not in text(report(small_shop(tmp_path, rows, "late")).reading_alive())


def test_formulas_and_rivals_that_agree_with_the_model_are_said_to(report, tmp_path):
    rows = [
        {
            "customer": f"c{n}",
            "day": f"{2023 + k // 12}-{1 + k % 12:02}-{1 + n:02}",
            "amount": "9.00",
            "channel": "web",
        }
        for n in range(20)
        for k in range(18)
    ]
    view = report(small_shop(tmp_path, rows, "even"))
    assert "per customer, as the model has it." in text(view.shortcuts())
    assert "off by 1.21 purchases on average; last period repeated by as much, so" in text(report().test())


def test_one_customer_is_told_as_one(report, tmp_path):
    view = report(small_shop(tmp_path, shops.orders(customers=1, months=(1,)), "one"))
    assert text(view.reading()).startswith("1 customer is worth")
    assert "a model of so few is little more than a guess" in text(view.facts())
    assert "less than half a year" in text(view.shortcuts())


def test_data_of_a_few_days_have_no_back_test_and_say_so(report, tmp_path):
    rows = [
        {"customer": f"c{n % 6}", "day": f"2024-06-0{1 + n % 8}", "amount": f"{1 + n}.00", "channel": "web"}
        for n in range(24)
    ]
    view = report(small_shop(tmp_path, rows, "fresh"))
    assert view.shown.customers.back_test is None
    assert "No back-test tells how far to trust it" in text(view.test())
    assert "No back-test" in text(view.tiles())
    assert view.weekly() is None
    assert "Back-test, bias" not in {row["name"] for row in view.headline()}


def test_a_report_of_a_bad_choice_ends_with_its_reason(report):
    with pytest.raises(ColumnError, match="colour"):
        report("cdnow", breakdown="colour")
    with pytest.raises(DataError, match="has no subscriptions"):
        report("cdnow", basis="subscriptions")
    with pytest.raises(ParameterError, match="discount_rate"):
        report("cdnow", discount_rate=-0.5)


def test_texts_of_the_data_are_escaped(report, tmp_path):
    view = report(str(shops.nasty_shop(tmp_path)), breakdown="channel")
    for name in TEXTS:
        shown = bundle(getattr(view, name)())["text/html"]
        assert "<script" not in shown, name
        assert "<img" not in shown, name


def test_controls_show_what_the_dataset_says_of_margin_and_rate(report):
    seen = report().observed_values()
    orders = samples()["shop"].parent / "shop"
    with next(orders.glob("orders.csv*")).open(encoding="utf-8", newline="") as file:
        rows = [one for one in csv.DictReader(file) if one["margin"]]
    assert seen["discount_rate"] == (-1.0, 0.08)
    stands_for, margin = seen["margin"]
    assert stands_for == 0.0
    assert margin == pytest.approx(
        sum(float(one["margin"]) for one in rows) / sum(float(one["amount"]) for one in rows), abs=0.02
    )
