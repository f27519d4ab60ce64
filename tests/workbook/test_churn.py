"""The churn notebook's view: every panel says what was measured, or what it needs."""

import html
import re
from datetime import date, timedelta

import pytest
from IPython.core.interactiveshell import InteractiveShell
from shops import write_shop

from retention_kit.data.resolve import samples
from retention_kit.errors import ColumnError, DataError
from retention_kit.reports.record import FILE_NAME
from retention_kit.workbook.chart_widget import ChartWidget
from retention_kit.workbook.churn import ChurnView, churn_view

CHARTS = (
    "gaps",
    "returns",
    "survival",
    "groups",
    "hazard",
    "calendar",
    "diagonals",
    "period_effects",
    "projection",
    "lesson",
)
TEXTS = ("facts", "cadence", "reading", "comparison", "timing", "dependence", "outlook", "moral", "card")


@pytest.fixture
def report(on):
    def view(dataset="shop", **parameters):
        on("report")
        return churn_view({"dataset": dataset, **parameters})

    return view


@pytest.fixture
def live(on):
    def view(dataset="shop", **parameters):
        on("notebook")
        return churn_view({"dataset": dataset, **parameters})

    return view


def text(panel):
    return InteractiveShell.instance().display_formatter.format(panel)[0]["text/plain"]


def page(panel):
    return html.unescape(re.sub("<[^>]*>", " ", panel.value))


def drawn(view):
    return {name: getattr(view, name)() for name in CHARTS}


def test_a_report_shows_every_panel(report):
    view = report(breakdown="channel")
    assert isinstance(view, ChurnView)
    for name, panel in drawn(view).items():
        shown = InteractiveShell.instance().display_formatter.format(panel)[0]
        assert shown["image/svg+xml"].startswith("<svg"), name
    for name in TEXTS:
        assert len(text(getattr(view, name)())) > 40, name
    assert view.controls() is None


def test_a_page_shows_every_panel_alive(live, parts):
    view = live(breakdown="channel")
    panels = drawn(view)
    assert all(isinstance(panel, ChartWidget) and panel.spec for panel in panels.values())
    for name in TEXTS:
        assert len(page(getattr(view, name)())) > 40, name
    controls = {one.description: one for one in parts(view.controls()) if getattr(one, "description", "")}
    offered = [value for _, value in controls["Compare by"].options]
    assert offered == ["", "product", "channel", "source", "country", "plan"]
    assert ("plan = basic", "plan=basic") in controls["Customers with"].options


def test_a_change_of_the_threshold_reaches_the_charts(live):
    view = live()
    survival, gaps = view.survival(), view.gaps()
    before = survival.spec, gaps.spec
    view.state.change(threshold_days=60)
    assert view.state.message == ""
    assert "left: 60 days without an order" in survival.spec["title"]["subtitle"][0]
    assert (survival.spec, gaps.spec) != before
    assert "A silence of 60 days was chosen." in page(view.cadence())


def test_subscriptions_say_that_the_cadence_is_not_used(report):
    view = report(basis="subscriptions", breakdown="plan")
    assert "there customers leave when their subscription ends" in text(view.cadence())
    assert "Customers by plan differ" in text(view.comparison())
    assert text(view.comparison()).count("and ") >= 6
    assert view.gaps() is not None
    assert "left: the subscription ended" in view.charts()["survival"]["title"]["subtitle"][0]


def test_orders_alone_say_what_a_projection_needs(report):
    view = report("cdnow")
    assert view.projection() is None
    assert "A projection needs subscriptions" in text(view.outlook())
    assert "projection" not in view.charts()
    assert "projection" not in view.tables()
    assert text(view.comparison()) == "Nothing is compared: choose an attribute under Compare by."
    assert view.groups() is None


def test_subscriptions_alone_say_what_the_cadence_needs(report, tmp_path):
    path = tmp_path / "club.toml"
    (tmp_path / "club.csv").write_text(
        "who,start,end\n"
        + "\n".join(f"c{n},2024-0{1 + n % 6}-0{1 + n % 9},{'' if n % 3 else '2024-09-10'}" for n in range(60))
    )
    path.write_text(
        'schema = 1\nas_of = 2024-12-31\n[subscriptions]\nsource = "club.csv"\ndate_order = "ymd"\n'
        '[subscriptions.columns]\ncustomer_id = "who"\nstarted_at = "start"\nended_at = "end"\n'
    )
    view = report(str(path))
    assert "has no orders" in text(view.cadence())
    assert view.gaps() is None
    assert view.survival() is not None
    assert "60 customers" in text(view.reading())
    assert "gaps" not in view.tables()


def test_data_that_suggest_no_threshold_say_so_and_take_a_chosen_one(live, tmp_path):
    rows = [
        {"customer": f"c{n}", "day": f"2024-05-{10 + n}", "amount": "1.00", "channel": "web"}
        for n in range(9)
    ]
    view = live(str(write_shop(tmp_path, rows, name="fresh")))
    for name in ("facts", "reading", "comparison", "timing", "dependence"):
        assert "Choose one under Left after" in page(getattr(view, name)()), name
    assert view.survival().spec == {}
    assert view.headline() == []
    assert "Churn curve" not in page(view.card())
    view.state.change(threshold_days=20)
    assert view.survival().spec
    assert "Fewer than three cohorts or months are over" in page(view.dependence())


def test_a_report_of_a_bad_choice_ends_with_its_reason(report):
    with pytest.raises(ColumnError, match="plan"):
        report(basis="orders", breakdown="plan")
    with pytest.raises(DataError, match="No customer is left"):
        report(segment="channel=nowhere")
    with pytest.raises(DataError, match="has no subscriptions"):
        report("cdnow", basis="subscriptions")


def test_headline_tables_readings_and_card_hold_the_same_numbers(report):
    view = report(basis="subscriptions", segment="plan=basic")
    assert report(breakdown="channel").tables().keys() == {
        "gaps", "survival", "hazard", "calendar_churn", "groups", "pairs", "diagonals", "tests",
        "projection", "models",
    }  # fmt: skip
    figures = {row["name"]: row for row in report().headline()}
    assert list(figures) == [
        "Purchase cycle",
        "Still customers after 365 days",
        "Half have left after",
        "Churn, Dec 2024",
        "Subscribers expected after 45 months",
    ]
    whole = report()
    rate = figures["Churn, Dec 2024"]
    assert whole.tables()["calendar_churn"].to_pylist()[-1]["churn_rate"] == rate["value"]
    assert f"66 / {rate['n']} = {rate['value'] * 100:.1f} %" in text(whole.card())
    assert f"{figures['Still customers after 365 days']['value'] * 100:.1f} %" in text(whole.reading())
    assert all(FILE_NAME.fullmatch(name) for name in (*whole.tables(), *whole.charts()))
    assert view.shown.curves.everyone.customers < 300


def test_projection_has_its_models_its_back_test_and_the_renewals_to_come(report):
    view = report()
    said = text(view.outlook())
    assert "with at least one month of their subscription over" in said
    assert "points off on average, against" in said
    assert "Discounted at 8.0 % a year" in said
    models = view.tables()["models"].to_pylist()
    assert [row["model"] for row in models] == ["shifted beta geometric", "beta weibull"]
    table = view.tables()["projection"]
    assert table.num_rows == 33 + 12 + 1
    assert table["observed"].null_count >= 12
    assert report(horizon=3).tables()["projection"].num_rows == 33 + 3 + 1


def test_a_subscription_too_short_for_a_back_test_says_so(report):
    view = report(as_of="2022-03-31", basis="subscriptions", horizon=2)
    assert "No cohort" in text(view.outlook()) or "completed" in text(view.outlook())


def test_late_entry_is_a_choice(report):
    view = report(basis="subscriptions", observed_from="2023-03-01")
    assert "Customers are watched from 2023-03-01 on" in text(view.facts())
    assert view.shown.curves.everyone.entered.sum() > 0


def test_the_lesson_is_no_dataset(report):
    view = report()
    assert "84.3 %" in view.charts()["snapshot_curves"]["title"]["text"]
    assert "telco_tenures" not in samples()
    assert "set Complete from (observed_from) to that day" in text(view.moral())


def test_texts_of_data_are_escaped(on, nasty):
    on("notebook")
    view = churn_view({"dataset": str(nasty), "threshold_days": 40, "breakdown": "channel"})
    for panel in (view.comparison(), view.facts(), view.card(), view.cadence()):
        assert "<script" not in panel.value
        assert "<img" not in panel.value


def test_of_many_groups_only_the_pairs_that_differ_most_are_listed(report, tmp_path):
    start = date(2024, 1, 1)
    lines = ["customer_id,ordered_at,amount,town"]
    lines += [f"{c},{start + timedelta(days=c % 40 + gap)},5,t{c % 9}" for c in range(90) for gap in (0, 9)]
    (tmp_path / "orders.csv").write_text("\n".join(lines), encoding="utf-8")
    config = 'schema = 1\ncurrency = "EUR"\ntime_zone = "UTC"\nas_of = 2024-05-09\nsegments = ["town"]\n'
    columns = "".join(f'{name} = "{name}"\n' for name in lines[0].split(","))
    path = tmp_path / "towns.toml"
    path.write_text(f'{config}[orders]\nsource = "orders.csv"\n[orders.columns]\n{columns}', encoding="utf-8")
    view = report(str(path), breakdown="town", threshold_days=20)
    said = text(view.comparison()).splitlines()
    assert said[-1] == "Of 36 pairs the 28 with the largest differences."
    assert len(view.tables()["pairs"]) == 36


def test_too_many_short_periods_are_told_to_be_read_by_longer_ones(report):
    said = text(report(grain="week").dependence())
    assert said.startswith("There are too many weeks to compare, so months are. Churn changes with age.")


def test_where_nobody_has_left_nothing_depends(report):
    assert "Nobody has left so far" in text(report(threshold_days=3000).dependence())
