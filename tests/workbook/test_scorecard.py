"""The scorecard notebook's view: every panel on every surface, and the same number everywhere."""

import html
import re
import shlex
from datetime import timedelta

import pytest
import shops
from IPython.core.interactiveshell import InteractiveShell

from retention_kit import formats
from retention_kit.data.resolve import samples
from retention_kit.definitions import DEFINITIONS
from retention_kit.errors import ColumnError, DataError, ParameterError
from retention_kit.notebooks import ScorecardParameters
from retention_kit.params import assignments, validate
from retention_kit.reports.record import FILE_NAME
from retention_kit.workbook import scorecard as room
from retention_kit.workbook.chart_widget import ChartWidget
from retention_kit.workbook.scorecard import scorecard_view

CHARTS = (
    "target",
    "movements",
    "stickiness",
    "bridge",
    "revenue_retention",
    "mix_or_rate",
    "reasons",
    "loyalty",
)
TEXTS = (
    "facts",
    "changes",
    "tiles",
    "reading_target",
    "reading_movements",
    "reading_revenue",
    "reading_change",
    "reading_reasons",
    "reading_loyalty",
    "claims",
    "stage",
    "card",
)
NASTY = "</script><script>window.pwned=1</script><img src=x onerror=window.pwned=1>"


@pytest.fixture
def report(on):
    def view(dataset="shop", **parameters):
        on("report")
        return scorecard_view({"dataset": str(dataset), **parameters})

    return view


@pytest.fixture
def lab(on):
    def view(dataset="shop", **parameters):
        on("notebook")
        return scorecard_view({"dataset": str(dataset), **parameters})

    return view


@pytest.fixture
def app(on):
    def view(address="", **parameters):
        on("app", datasets={name: samples()[name] for name in ("shop", "cdnow")}, address=address)
        return scorecard_view(parameters)

    return view


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A shop that has orders and nothing else."""
    return shops.write_shop(tmp_path_factory.mktemp("bare"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A shop all of whose texts try to be markup, with subscriptions and complaints."""
    folder = tmp_path_factory.mktemp("hostile")
    people = [row["customer"] for row in shops.orders(customers=12, names=shops.NASTY)]
    rows = shops.orders(customers=12, names=shops.NASTY)
    known = dict.fromkeys(people)
    lines = [
        f'{one},2024-01-05,{"2024-03-05" if n % 2 else ""},10.00,"{_csv(NASTY)} {n % 3}"'
        for n, one in enumerate(known)
    ]
    (folder / "subscriptions.csv").write_text("who,start,end,amount,why\n" + "\n".join(lines))
    lines = [f"{one},2024-01-20,{'2024-01-25' if n % 2 else ''}" for n, one in enumerate(known)]
    (folder / "complaints.csv").write_text("who,opened,resolved\n" + "\n".join(lines))
    dialect = 'date_order = "ymd"\ndecimal = "."\ndelimiter = ","'
    more = f"""
[targets]
retention_rate = 0.9

[subscriptions]
source = "subscriptions.csv"
{dialect}
[subscriptions.columns]
customer_id = "who"
started_at = "start"
ended_at = "end"
monthly_amount = "amount"
reason = "why"

[complaints]
source = "complaints.csv"
{dialect}
[complaints.columns]
customer_id = "who"
opened_at = "opened"
resolved_at = "resolved"
"""
    return shops.write_shop(folder, rows, name="hostile", title=shops.NASTY[0] + shops.NASTY[2], more=more)


def _csv(text):
    return text.replace('"', '""')


def bundle(panel):
    return InteractiveShell.instance().display_formatter.format(panel)[0]


def text(panel):
    return bundle(panel)["text/plain"]


def page(panel):
    return html.unescape(re.sub("<[^>]*>", " ", panel.value))


def drawn(view):
    return {name: getattr(view, name)() for name in CHARTS}


def status(parts, controls):
    (found,) = [
        one.value for one in parts(controls) if type(one).__name__ == "HTML" and 'role="status"' in one.value
    ]
    return html.unescape(re.sub("<[^>]*>", "", found))


def by_label(parts, controls):
    return {one.description: one for one in parts(controls) if getattr(one, "description", "")}


def test_report_shows_every_panel_as_a_picture_or_a_text(report):
    view = report()
    for name, panel in drawn(view).items():
        assert bundle(panel)["image/svg+xml"].startswith("<svg"), name
    for name in TEXTS:
        assert set(bundle(getattr(view, name)())) == {"text/html", "text/plain"}
        assert len(text(getattr(view, name)())) > 40, name
    assert view.controls() is None


@pytest.mark.parametrize("surface", ["lab", "app"])
def test_page_shows_every_panel_alive(request, parts, surface):
    view = request.getfixturevalue(surface)()
    assert view.dataset.name == "shop"
    assert all(isinstance(panel, ChartWidget) and panel.spec for panel in drawn(view).values())
    for name in TEXTS:
        assert len(page(getattr(view, name)())) > 40, name
    controls = view.controls()
    assert status(parts, controls) == ""
    assert ("As of" in by_label(parts, controls)) == (surface == "lab")


def test_same_number_stands_in_headline_tile_table_and_card(report):
    view = report()
    card, table = view.shown.card, {row["metric"]: row for row in view.tables()["scorecard"].to_pylist()}
    figures = {row["name"].removesuffix(", Dec 2024"): row for row in view.headline()}
    assert list(figures) == [
        "Customer retention rate",
        "Repeat customer rate",
        "Average order value",
        "Net promoter score",
    ]
    rate = figures["Customer retention rate"]
    assert rate == {
        "name": "Customer retention rate, Dec 2024",
        "value": table["retention_rate"]["value"],
        "ci_low": table["retention_rate"]["ci_low"],
        "ci_high": table["retention_rate"]["ci_high"],
        "n": table["retention_rate"]["customers"],
        "unit": "fraction",
    }
    shown = formats.value(rate["value"], "share")
    assert f"Customer retention rate: {shown} (" in text(view.tiles())
    (kept, _, _), (over, base, _) = card.tiles["retention_rate"].terms
    assert f"{kept} / {base:,.0f} {over} = {shown}" in html.unescape(bundle(view.tiles())["text/html"])
    assert figures["Average order value"]["unit"] == "EUR"
    score = figures["Net promoter score"]
    assert (score["unit"], score["value"]) == ("points", card.tiles["net_promoter_score"].value)
    assert shown in view.charts()["target_path"]["title"]["text"]
    assert view.shown.mix_or_rate.retention_rate.value == rate["value"]


def test_movements_agree_with_the_tiles_and_their_reading(report):
    view = report(period="2024-06-15")
    tiles = view.shown.card.tiles
    row = next(row for row in view.tables()["movements"].to_pylist() if row["period"] == "Jun 2024")
    assert row["active"] == tiles["active_customers"].value
    assert row["new"] == tiles["new_customers"].value
    base = tiles["retention_rate"].terms[1][1]
    assert row["retained"] + row["dormant"] == base
    assert f"In Jun 2024 {row['active']} customers ordered: {row['new']} for the first time" in text(
        view.reading_movements()
    )
    assert f"Of {base:.0f} customers in the month before, {row['dormant']} did not order" in text(
        view.reading_movements()
    )


def test_revenue_is_read_aloud_with_its_steps_and_intervals(report):
    view = report()
    row = view.tables()["bridge"].to_pylist()[-1]
    said = text(view.reading_revenue())
    assert (
        f"In Dec 2024 monthly revenue went from {row['opening']:,.2f} EUR to {row['closing']:,.2f} EUR"
        in said
    )
    assert f"−{row['churn']:,.2f} EUR churn" in said
    last = view.tables()["revenue_retention"].to_pylist()[-1]
    assert f"{last['opened_customers']} customers had revenue 12 months before Dec 2024" in said
    assert f"{last['nrr'] * 100:.1f} % (" in said
    assert "The ten customers with the largest opening revenue had" in said
    past = text(report(period="2024-06-15").reading_revenue())
    assert "12 months before Jun 2024" in past
    assert "The ten customers" not in past


def test_revenue_can_be_that_of_orders(report):
    view = report(basis="orders")
    row = view.tables()["bridge"].to_pylist()[-1]
    assert f"revenue went from {formats.value(float(row['opening']), 'money', currency='EUR')}" in text(
        view.reading_revenue()
    )
    assert float(row["closing"]) == pytest.approx(view.shown.card.tiles["revenue"].value)


def test_reasons_are_told_up_to_the_end_of_the_period(report):
    early, late = report(period="2024-03-15"), report()
    assert early.shown.reasons.customers < late.shown.reasons.customers
    first = late.tables()["reasons"].to_pylist()[0]
    said = text(late.reading_reasons())
    assert f"Given most: {first['reason']}, by {first['customers_share'] * 100:.1f} % (" in said
    assert "of the revenue lost." in said


def test_reasons_that_nobody_gave_are_not_known(report, tmp_path):
    rows = "\n".join(f"{row['customer']},2024-01-05,2024-03-05," for row in shops.orders(months=(1,))[:9])
    (tmp_path / "club.csv").write_text(f"who,start,end,why\n{rows}\n01-059,2024-01-05,2024-03-05,\n")
    more = """
[subscriptions]
source = "club.csv"
date_order = "ymd"
delimiter = ","
[subscriptions.columns]
customer_id = "who"
started_at = "start"
ended_at = "end"
reason = "why"
"""
    view = report(shops.write_shop(tmp_path, more=more))
    left = view.shown.reasons.customers
    assert text(view.reading_reasons()).startswith(f"Why {left} customers left is not known.")
    assert view.charts()["pareto"]["title"]["text"] == f"Why {left} customers left is not known"


def test_loyalty_is_compared_in_the_order_of_the_page_and_by_an_attribute_when_it_is_chosen(report):
    titles = ["satisfaction", "NPS group", "complaint outcome", "number of channels"]
    titles += ["programme membership", "number of product types"]
    assert [found.grouping.title for found in report().shown.loyalty] == titles
    view = report(breakdown="country")
    assert [found.grouping.title for found in view.shown.loyalty] == [*titles, "country"]
    assert set(view.tables()["loyalty"]["grouping"].to_pylist()) == {*titles, "country"}


def test_loyalty_says_what_differs_what_does_not_and_that_nothing_is_proved(report):
    view = report()
    short, full = text(view.reading_loyalty()), view.shown.loyalty
    assert "No difference beyond chance by satisfaction, NPS group and programme membership." in short
    assert (
        "By complaint outcome the difference would be clear alone, but is not among 6 comparisons." in short
    )
    assert "Number of channels: " in short
    assert "No difference here proves a cause." in short
    for found in full:
        assert found.sentence in short
        assert found.sentence in html.unescape(bundle(view.reading_loyalty())["text/html"])
    assert "<summary>6 comparisons in full</summary>" in bundle(view.reading_loyalty())["text/html"]


def test_silence_that_means_leaving_is_the_cadences_or_the_datasets(report, tmp_path):
    found = report().shown.loyalty[0]
    assert found.threshold_days > 100
    path = shops.write_shop(tmp_path, shops.orders(customers=60), name="set", more="")
    path.write_text("churn_threshold_days = 33\n" + path.read_text("utf-8"))
    assert {
        one.threshold_days for one in report(path, breakdown="channel", landmark_days=20).shown.loyalty
    } == {33}


def test_comparisons_that_fail_for_one_reason_say_it_once(report, bare):
    view = report(bare, breakdown="channel")
    assert view.loyalty() is None
    assert len(view.shown.loyalty) == 2
    said = text(view.reading_loyalty())
    assert said.count("The data suggest no silence after which customers have left.") == 1
    assert said.endswith("Set threshold_days.")
    assert report(bare, breakdown="channel", threshold_days=40, landmark_days=20).loyalty() is not None


def test_landmark_that_nobody_has_reached_says_so(report, bare):
    view = report(bare, breakdown="channel", landmark_days=900, threshold_days=40)
    assert view.loyalty() is None
    assert "No customer can be compared by channel" in text(view.reading_loyalty())


def test_silence_that_means_leaving_is_a_choice(report):
    view = report(threshold_days=100)
    assert {found.threshold_days for found in view.shown.loyalty} == {100}
    assert "left: 100 days without an order" in view.charts()["group_shares"]["title"]["subtitle"][0]


def test_orders_alone_say_in_place_what_each_panel_needs(report, bare):
    view = report(bare)
    empty = [name for name, panel in drawn(view).items() if panel is None]
    assert empty == ["target", "revenue_retention", "reasons", "loyalty"]
    assert "No targets are set for The corner shop." in text(view.reading_target())
    assert "months are needed" in text(view.reading_revenue())
    assert "has no subscriptions, needed for reasons for leaving" in text(view.reading_reasons())
    assert "Set threshold_days." in text(view.reading_loyalty())
    assert "Add [responses] or [complaints]" in text(report("cdnow").reading_loyalty())
    assert "Needs answers to the question nps" in text(view.tiles())
    assert {"target", "reasons", "loyalty"}.isdisjoint(view.tables())
    assert {"group_shares", "pareto"}.isdisjoint(view.charts())
    assert [row["name"].split(",")[0] for row in view.headline()][-1] == "Average order value"


def test_the_same_is_said_on_a_live_page_where_the_chart_would_be(lab, bare):
    view = lab(bare)
    panels = drawn(view)
    assert [name for name, panel in panels.items() if panel.spec == {}] == [
        "target", "revenue_retention", "reasons", "loyalty",
    ]  # fmt: skip
    for name in ("reading_target", "reading_revenue", "reading_reasons", "reading_loyalty"):
        assert len(page(getattr(view, name)()).strip()) > 40


def test_no_panel_has_an_empty_paragraph(report, bare, hostile):
    for view in (report(), report(bare), report(hostile), report("cdnow", grain="day")):
        for name in TEXTS:
            assert not re.search(r"<p[^>]*>\s*</p>|<dd></dd>", bundle(getattr(view, name)())["text/html"]), (
                name
            )


def test_subscriptions_alone_have_no_scorecard_and_it_is_said(report, lab, tmp_path):
    path = tmp_path / "club.toml"
    (tmp_path / "club.csv").write_text(
        "who,start,end\n" + "\n".join(f"c{n},2024-01-0{1 + n},\n" for n in range(9))
    )
    path.write_text(
        'schema = 1\nas_of = 2024-12-31\n[subscriptions]\nsource = "club.csv"\ndate_order = "ymd"\n'
        '[subscriptions.columns]\ncustomer_id = "who"\nstarted_at = "start"\nended_at = "end"\n'
    )
    with pytest.raises(DataError, match="has no orders"):
        report(path)
    view = lab(path)
    assert "has no orders" in view.state.message


@pytest.mark.parametrize("customers", [1, 2])
def test_very_few_customers_are_shown_without_claiming_anything(report, tmp_path, customers):
    path = shops.write_shop(tmp_path, shops.orders(customers=customers, months=(1,)), name="few")
    view = report(path)
    for name in (*CHARTS, *TEXTS):
        getattr(view, name)()
    assert "▲" not in text(view.tiles())
    assert "▼" not in text(view.tiles())
    assert all(FILE_NAME.fullmatch(name) for name in (*view.tables(), *view.charts()))


def test_a_single_period_is_compared_with_none(report, tmp_path):
    rows = [row for row in shops.orders(months=(6,)) if row["day"] >= "2024-06"]
    view = report(shops.write_shop(tmp_path, rows, name="june"), grain="year")
    assert "can be compared with an earlier period" in text(view.changes())
    assert "is not over" in text(view.facts())
    assert "no earlier period" in text(view.card())
    assert " since " not in text(view.tiles())
    for name in (*CHARTS, *TEXTS):
        getattr(view, name)()


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "year"])
def test_every_grain_fills_every_panel(report, grain):
    view = report(grain=grain)
    missing = [name for name, panel in drawn(view).items() if panel is None]
    assert missing == [*(["target"] if grain != "month" else []), *(["stickiness"] if grain == "day" else [])]
    assert ("are meant for a month" in text(view.reading_target())) == (grain != "month")
    assert ("A day has no parts" in text(view.reading_movements())) == (grain == "day")
    for name in TEXTS:
        assert text(getattr(view, name)())


@pytest.mark.parametrize(
    ("parameters", "error", "said"),
    [
        ({"period": "2010-01-01"}, ParameterError, "outside the data"),
        ({"target": "retention"}, ParameterError, "no metric 'retention'"),
        ({"target": "retention"}, ParameterError, "Choose from: "),
        ({"breakdown": "colour"}, ColumnError, "colour"),
        ({"segment": "country=nowhere"}, DataError, "No customer"),
        ({"grain": "decade"}, ParameterError, "grain='decade'"),
        ({"landmark_days": 0}, ParameterError, "landmark_days"),
    ],
)
def test_bad_parameters_end_a_report_and_leave_a_page_as_it_was(report, lab, parameters, error, said):
    with pytest.raises(error, match=re.escape(said)):
        report(**parameters)
    view = lab()
    before = view.shown
    view.state.change(**parameters)
    assert view.shown is before
    assert said in view.state.message


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"due": "2020-06-01"}, "leave no period between them"),
        ({"target": "time_to_second_order"}, "has no values over time"),
        ({"target": "purchase_frequency"}, "no goal for purchase_frequency"),
    ],
)
def test_target_that_cannot_be_drawn_says_why_and_leaves_the_other_panels(lab, parameters, said):
    view = lab()
    panel, reading, tiles = view.target(), view.reading_target(), view.tiles()
    before = tiles.value
    view.state.change(**parameters)
    assert panel.spec == {}
    assert said in page(reading)
    assert tiles.value == before
    assert view.movements().spec


def test_change_of_the_period_reaches_tiles_charts_and_readings(lab):
    view = lab()
    texts, charts = {name: getattr(view, name)() for name in TEXTS}, drawn(view)
    before = {name: panel.value for name, panel in texts.items()}, {n: c.spec for n, c in charts.items()}
    view.state.change(period="2024-06-15")
    assert view.state.message == ""
    moved = {name for name, panel in texts.items() if panel.value != before[0][name]}
    assert moved == {
        "changes", "tiles", "reading_movements", "reading_revenue", "reading_change", "reading_reasons",
        "claims", "stage", "card",
    }  # fmt: skip
    moved = {name for name, chart in charts.items() if chart.spec != before[1][name]}
    assert moved == {"movements", "stickiness", "bridge", "revenue_retention", "mix_or_rate", "reasons"}
    assert "Jun 2024: " in charts["movements"].spec["title"]["text"]


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ({"landmark_days": 60}, {"loyalty"}),
        ({"target": "satisfaction"}, {"target"}),
        ({"basis": "orders"}, {"bridge", "revenue_retention"}),
        ({"breakdown": "country"}, {"mix_or_rate", "loyalty"}),
    ],
)
def test_only_what_depends_on_a_parameter_is_drawn_anew(lab, change, changed):
    view = lab()
    charts = drawn(view)
    sent = []
    for name, chart in charts.items():
        chart.observe(lambda _, name=name: sent.append(name), "spec")
    view.state.change(**change)
    assert set(sent) == changed
    assert len(sent) == len(changed)


def test_what_a_change_leaves_as_it_is_is_not_measured_again(lab, monkeypatch):
    view = lab()
    before = view.shown.card, view.shown.movements, view.shown.loyalty

    def again(*_, **__):
        raise AssertionError("measured again")

    monkeypatch.setattr(room, "scorecard", again)
    view.state.change(target="satisfaction", breakdown="country")
    assert view.shown.card is before[0]
    assert view.shown.movements is before[1]
    assert view.shown.loyalty[:-1] == before[2]
    view.state.change(target="", breakdown="")
    assert view.shown.loyalty == before[2]


def test_other_data_are_measured_anew_under_the_same_parameters(app):
    view = app()
    tiles = view.tiles()
    view.state.change(dataset="cdnow")
    assert view.dataset.name == "cdnow"
    assert "USD" in page(tiles)
    view.state.change(dataset="shop")
    assert "EUR" in page(tiles)


def test_choices_that_another_dataset_does_not_have_are_reset_and_said(app, parts):
    view = app()
    controls = view.controls()
    view.state.change(target="satisfaction", breakdown="country", period="2024-06-15", grain="quarter")
    view.state.change(dataset="cdnow")
    assert view.parameters == ScorecardParameters(dataset="cdnow", grain="quarter")
    assert status(parts, controls) == "Choices that cdnow does not have were reset."
    assert [value for _, value in by_label(parts, controls)["Target of"].options] == [""]


def test_targets_are_offered_by_the_name_of_their_metric(lab, parts):
    options = by_label(parts, lab().controls())["Target of"].options
    assert ("Customer retention rate", "retention_rate") in options
    assert ("Net promoter score", "net_promoter_score") in options
    assert options[0][1] == ""


def test_address_carries_the_view(app):
    view = app("grain=month&period=2024-05-01&segment=country%3DIT&target=satisfaction")
    assert view.shown.card.period.label == "May 2024"
    assert view.shown.card.segment == "country=IT"
    assert view.shown.target.metric == "satisfaction"
    assert view.state.message == ""


@pytest.mark.parametrize("changes", [{}, {"grain": "week", "breakdown": "country", "period": "2024-06-15"}])
def test_command_shown_gives_the_same_parameters(lab, parts, changes):
    view = lab(**changes)
    (line,) = [
        one.value for one in parts(view.controls()) if type(one).__name__ == "HTML" and "<code>" in one.value
    ]
    words = shlex.split(html.unescape(re.search("<code>(.*)</code>", line)[1]))
    assert words[:5] == ["retention", "report", "scorecard", "--dataset", "shop"]
    values = {"dataset": words[4], **assignments(ScorecardParameters, words[6::2])}
    assert validate(ScorecardParameters, values) == view.parameters


def test_card_names_the_period_what_it_is_compared_with_and_a_line_to_cite(report):
    view = report(period="2024-06-15", segment="country=IT")
    card = text(view.card())
    assert "Period: Jun 2024 (2024-06-01 to 2024-06-30)" in card
    assert "Compared with: May 2024 and Jun 2023" in card
    assert "customers with country=IT at their first order" in card
    assert f"data {view.dataset.fingerprint[:12]}" in card
    assert view.shown.card.sql in html.unescape(bundle(view.card())["text/html"])


def test_claims_are_sentences_with_a_verdict_and_a_row_each(report):
    view = report()
    lines, rows = text(view.claims()).splitlines(), view.tables()["claims"].to_pylist()
    verdicts = {
        "holds": "Holds here.",
        "does not hold": "Does not hold here.",
        "cannot be told": "Cannot be told here.",
    }
    for line, row in zip(lines, rows, strict=True):
        verdict = verdicts[row["verdict"]]
        if row["verdict"] == "holds" and row["figure_holds"] is False:
            verdict = "The direction holds here, the figure does not."
        assert line == f"{row['claim']} {verdict} {row['why']}"
    assert {row["figure_holds"] for row in rows} == {False, None}
    assert {row["verdict"] for row in rows} == set(verdicts)
    assert bundle(view.claims())["text/html"].count("<li>") == len(rows)


def test_stage_is_named_first(report):
    assert text(report().stage()).startswith("The business is starting.\n")
    assert text(report("cdnow").stage()).startswith("The business is consolidating.\n")
    assert text(report("cdnow", grain="year").stage()).startswith("The stage cannot be told.\n")


def test_names_of_tables_and_charts_can_be_files(report):
    view = report(breakdown="country")
    assert list(view.tables()) == [
        "scorecard", "claims", "engagement", "movements", "target", "bridge", "revenue_retention",
        "mix_or_rate", "reasons", "stickiness", "loyalty",
    ]  # fmt: skip
    assert set(view.charts()) == {
        "target_path", "movements", "bridge", "rates_over_time", "mix_or_rate", "pareto", "group_shares",
        "stickiness",
    }  # fmt: skip


HOSTILE_VIEWS = [{}, {"breakdown": "channel"}, {"segment": f"channel={shops.NASTY[0]}"}]


@pytest.mark.parametrize("changes", HOSTILE_VIEWS)
def test_hostile_texts_are_escaped_in_every_widget(lab, hostile, parts, changes):
    view = lab(hostile, **changes)
    panels = [view.controls(), *drawn(view).values(), *(getattr(view, name)() for name in TEXTS)]
    sent = []
    for panel in panels:
        for widget in parts(panel):
            if isinstance(widget, ChartWidget):
                widget.send = sent.append
                widget._handle_custom_msg({"kind": "table"}, [])
            elif type(widget).__name__ == "HTML":
                assert not re.search(r"<(script|img)", widget.value)
    assert bool(view.reasons().spec) != ("segment" in changes)  # subscriptions have no channel
    assert sent
    for message in sent:
        assert not re.search(r"<(script|img)", message["html"])


@pytest.mark.parametrize("changes", HOSTILE_VIEWS)
def test_hostile_texts_are_escaped_in_every_static_output(report, hostile, changes):
    view = report(hostile, **changes)
    panels = [*drawn(view).values(), *(getattr(view, name)() for name in TEXTS)]
    for panel in panels:
        for kind, shown in bundle(panel).items() if panel is not None else ():
            if kind != "text/plain":
                assert not re.search(r"<(script|img)", shown)
    assert "&lt;script" in bundle(view.tiles())["text/html"] + bundle(view.facts())["text/html"]
    if "segment" not in changes:
        assert "&lt;script" in bundle(view.reading_reasons())["text/html"]
        assert "&lt;script" in bundle(view.reasons())["image/svg+xml"]


def test_period_that_is_not_over_is_shown_as_far_as_it_goes(report):
    view = report(as_of="2024-06-10", period="2024-06-10")
    assert "Jun 2024 is not over" in text(view.facts())
    assert "can be compared with an earlier period" in text(view.changes())
    assert "not over yet" in view.charts()["bridge"]["title"]["subtitle"][0]
    assert view.shown.card.period.last_day - view.dataset.as_of == timedelta(days=20)


CARDS = {
    "reading_target": ("target_path",),
    "reading_movements": ("customer_movements", "stickiness"),
    "reading_revenue": ("revenue_bridge", "net_revenue_retention", "gross_revenue_retention"),
    "reading_change": ("mix_or_rate",),
    "reading_reasons": ("reasons_for_leaving",),
    "reading_loyalty": ("landmark_comparison",),
    "stage": ("stage",),
}


def test_every_reading_carries_the_cards_of_what_it_tells(report):
    view = report()
    for name, keys in CARDS.items():
        page_ = html.unescape(bundle(getattr(view, name)())["text/html"])
        for key in keys:
            card = DEFINITIONS[key]
            for part in (
                card.name,
                card.formula,
                card.source,
                card.caveat,
                *(says for _, says in card.variants),
            ):
                assert part in page_, (name, key)
    assert view.shown.movements.sql in html.unescape(bundle(view.reading_movements())["text/html"])


def test_card_is_left_out_where_there_is_nothing_to_explain(report):
    view = report("cdnow")
    for name in ("reading_target", "reading_reasons", "reading_loyalty"):
        assert "<details" not in bundle(getattr(view, name)())["text/html"]


def test_period_in_which_nobody_ordered_is_told_in_words(report, tmp_path):
    rows = [row for row in shops.orders(customers=6, months=(1,)) if row["day"] < "2024-02"]
    view = report(shops.write_shop(tmp_path, rows, name="quiet"))
    assert text(view.reading_movements()).startswith("Nobody ordered in May 2024.")
    assert view.charts()["stickiness"]["title"]["text"] == "May 2024: nobody ordered"
    assert "In May 2024 revenue was 0.00 EUR, as before." in text(view.reading_revenue())
    assert "24 complete months are needed" in text(view.reading_revenue())
    assert "Nobody ordered in the month before Apr 2024" in text(view.reading_change())
    assert text(view.stage()).endswith("Choose a period with orders.")
