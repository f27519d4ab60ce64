import html
import re
import shlex
import shutil

import pytest
import shops
from IPython.core.interactiveshell import InteractiveShell

from retention_kit import __version__, formats
from retention_kit.data.resolve import samples
from retention_kit.errors import DataError, ParameterError
from retention_kit.notebooks import CohortParameters
from retention_kit.params import assignments, validate
from retention_kit.workbook.chart_widget import ChartWidget
from retention_kit.workbook.cohorts import cohort_view
from retention_kit.workbook.surface import Surface

PANELS = (
    "controls",
    "facts",
    "heat_map",
    "reading",
    "curves",
    "differences",
    "age_over_cohorts",
    "sizes",
    "definitions",
    "reasons",
    "card",
)


def show_all(view):
    """Everything the notebook shows, by panel."""
    return {name: getattr(view, name)() for name in PANELS}


def html_values(widgets):
    """The HTML of the widgets that hold any."""
    return [widget.value for widget in widgets if type(widget).__name__ == "HTML"]


def status(parts, controls):
    (found,) = [text for text in html_values(parts(controls)) if 'role="status"' in text]
    return html.unescape(re.sub("<[^>]*>", "", found))


def command(parts, controls):
    (found,) = [text for text in html_values(parts(controls)) if "<code>" in text]
    return html.unescape(re.search("<code>(.*)</code>", found)[1])


def shown(thing):
    return InteractiveShell.instance().display_formatter.format(thing)[0]


@pytest.mark.parametrize("surface", ["notebook", "app"])
def test_page_shows_every_panel_alive(in_lab, in_app, parts, surface):
    view = {"notebook": in_lab, "app": in_app}[surface]()
    panels = show_all(view)
    charts = {
        name: one for name, panel in panels.items() for one in parts(panel) if isinstance(one, ChartWidget)
    }
    assert set(charts) == {"heat_map", "curves", "differences", "age_over_cohorts", "sizes", "definitions"}
    assert [name for name, chart in charts.items() if chart.spec == {}] == ["differences"]
    assert status(parts, panels["controls"]) == ""


def test_report_shows_every_panel_as_a_picture_or_a_text(in_report):
    panels = show_all(in_report())
    assert [name for name, panel in panels.items() if panel is None] == ["controls", "differences"]
    for name in ("heat_map", "curves", "age_over_cohorts", "sizes", "definitions"):
        assert shown(panels[name])["image/svg+xml"].startswith("<svg")
    for name in ("facts", "reading", "reasons", "card"):
        assert set(shown(panels[name])) == {"text/html", "text/plain"}


def test_change_of_a_parameter_reaches_every_chart(in_lab, parts):
    view = in_lab()
    panels = show_all(view)
    before = {
        name: chart.spec
        for name, panel in panels.items()
        for chart in parts(panel)
        if isinstance(chart, ChartWidget)
    }
    view.state.change(grain="week", breakdown="channel")
    after = {
        name: chart.spec
        for name, panel in panels.items()
        for chart in parts(panel)
        if isinstance(chart, ChartWidget)
    }
    assert all(after[name] != before[name] for name in before)
    assert after["differences"]["title"]["text"].startswith("store and web differ at ")


def test_same_number_stands_in_headline_table_title_reading_and_card(in_report):
    view = in_report()
    (first, *_) = view.headline()
    row = view.tables()["pooled"].slice(1, 1).to_pylist()[0]
    assert first == {
        "name": "Retention rate at age 1",
        "value": row["retention_rate"],
        "ci_low": row["ci_low"],
        "ci_high": row["ci_high"],
        "n": row["customers"],
        "unit": "fraction",
    }
    rate = formats.value(first["value"], "share")
    ends = formats.interval(first["ci_low"], first["ci_high"], "share")
    assert view.charts()["heat_map"]["title"]["text"].startswith(rate)
    assert f"{rate} ({ends})" in shown(view.reading())["text/plain"]
    assert f"{row['numerator']} / {row['customers']} = {rate}" in shown(view.card())["text/plain"]


def test_headline_names_groups_and_money(in_report):
    names = [row["name"] for row in in_report(measure="revenue", breakdown="channel").headline()]
    assert names[:2] == [
        "Revenue per customer at age 1, store",
        "Revenue per customer at age 1, web",
    ]
    assert {row["unit"] for row in in_report(measure="revenue").headline()} == {"EUR"}
    assert {row["unit"] for row in in_report(measure="orders").headline()} == {"orders"}


def test_tables_and_charts_have_names_that_can_be_files(in_report):
    view = in_report(breakdown="channel")
    assert list(view.tables()) == [
        "cells", "pooled", "fixed_set", "simple_mean", "cohort_sizes", "definitions", "differences",
    ]  # fmt: skip
    assert set(view.charts()) == {
        "heat_map", "curves_by_group", "differences", "age_over_cohorts", "cohort_sizes", "definitions",
    }  # fmt: skip
    assert "differences" not in in_report().tables()


def test_facts_say_what_was_read_and_until_when(in_report):
    view = in_report()
    facts = shown(view.facts())["text/plain"].splitlines()
    counted = view.dataset.accounting
    assert facts[0] == (
        f"The corner shop: 300 customers and {counted.orders} orders from 2024-01-01, as of 2024-06-15."
    )
    assert facts[1] == f"Of {counted.rows_read} rows, every row was kept."
    assert facts[2:] == list(view.table.notes)


def test_card_has_the_users_numbers_the_statement_and_a_line_to_cite(in_lab, in_app):
    for view in (in_lab(), in_app()):
        card = html.unescape(view.card().value)
        row = view.table.pooled.slice(1, 1).to_pylist()[0]
        assert f"{row['numerator']} / {row['customers']} = 35.0 %" in card
        assert view.table.sql in card
        assert (
            "Retention, bounded, age 1 (months, calendar clock): 35.0 %, 95 % interval 28.4 to 42.2 %, "
            "n = 180 customers, as of 2024-06-15, The corner shop, "
            f"data {view.dataset.fingerprint[:12]}, retention_kit {__version__}."
        ) in card


def test_card_of_an_amount_has_exact_sums(in_report):
    view = in_report(measure="revenue")
    card = shown(view.card())["text/plain"]
    row = view.table.pooled.slice(1, 1).to_pylist()[0]
    value = formats.value(row["revenue_per_customer"], "money", currency="EUR")
    assert f"{row['numerator'].normalize():f}" in card
    assert f"/ {row['customers']} = {value}" in card


def test_card_without_a_finished_age_has_no_numbers(in_report):
    card = shown(in_report(age=99).card())["text/plain"]
    assert "Retention, bounded" in card
    assert "Yours" not in card


def test_reasons_explain_every_definition(in_lab, in_report):
    compared = in_report().tables()["definitions"].to_pylist()
    live = html.unescape(in_lab().reasons().value)
    still = shown(in_report().reasons())["text/plain"]
    for row in compared:
        assert row["reason"] in live
        assert row["definition"] in still


def test_age_beyond_the_data_is_followed_as_far_as_they_go(in_lab, parts):
    view = in_lab(age=99)
    panels = show_all(view)
    assert status(parts, panels["controls"]) == ""
    assert panels["definitions"].spec["title"]["text"].endswith("no cohort has finished age 5")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"grain": "week", "age": 3, "level": 0.9},
        {"segment": "channel=web", "breakdown": "channel", "as_of": "2024-05-31"},
        {"mode": "range", "brackets": "1-2,3-4", "cohort_from": "2024-02-01"},
        {"measure": "revenue", "smallest_cohort": 10},
    ],
)
def test_command_shown_gives_the_same_parameters(in_lab, parts, changes):
    view = in_lab(**changes)
    words = shlex.split(command(parts, view.controls()))
    assert words[:4] == ["retention", "report", "cohorts", "--dataset"]
    assert words[5::2] == ["--set"] * len(changes)
    values = {"dataset": words[4], **assignments(CohortParameters, words[6::2])}
    assert validate(CohortParameters, values) == view.parameters


def test_command_quotes_what_a_shell_would_read(on, nasty, parts):
    on("notebook")
    value = "</script><script>window.pwned=1</script>"
    view = cohort_view({"dataset": str(nasty), "segment": f"channel={value}"})
    shown_command = command(parts, view.controls())
    assert shlex.split(shown_command)[-1] == f"segment=channel={value}"
    assert "'" in shown_command


def test_command_names_the_file_of_a_dataset_that_is_called_like_a_sample(on, shop, parts):
    on("notebook", datasets={"shop": shop, "cdnow": samples()["cdnow"]})
    for name, meant in (("shop", str(shop)), ("cdnow", "cdnow")):
        assert shlex.split(command(parts, cohort_view({"dataset": name}).controls()))[4] == meant


def test_choices_are_the_datasets_attributes_and_values(in_lab, parts):
    view = in_lab()
    by_name = {one.description: one for one in parts(view.controls()) if hasattr(one, "description")}
    assert [value for _, value in by_name["Compare by"].options] == ["", "channel"]
    assert [value for _, value in by_name["Customers with"].options] == ["", "channel=store", "channel=web"]


def test_choices_follow_the_dataset(in_app, shop, parts):
    view = in_app(datasets={"shop": shop, "cdnow": samples()["cdnow"]})
    controls = view.controls()
    by_name = {one.description: one for one in parts(controls) if hasattr(one, "description")}
    assert [value for _, value in by_name["Dataset"].options] == ["shop", "cdnow"]
    view.state.change(dataset="shop")
    assert [value for _, value in by_name["Compare by"].options] == ["", "channel"]
    view.state.change(dataset="cdnow")
    assert [value for _, value in by_name["Compare by"].options] == [""]
    assert view.dataset.name == "cdnow"


def test_dataset_is_opened_once_for_many_tables(in_lab):
    view = in_lab()
    before = view.dataset
    view.state.change(grain="week")
    assert view.dataset is before
    view.state.change(as_of="2024-05-31")
    assert view.dataset is not before
    assert str(view.table.as_of) == "2024-05-31"


def test_going_back_shows_the_result_that_was_there_and_computes_nothing(in_lab, monkeypatch):
    view = in_lab()
    first, asked = view.shown, []
    compute = view.compute
    monkeypatch.setattr(view, "compute", lambda *given: asked.append(given) or compute(*given))
    view.state.change(mode="streak")
    view.state.change(mode="bounded")
    assert view.shown is first
    assert len(asked) == 1


def test_results_of_other_data_are_forgotten(in_app, shop):
    view = in_app(datasets={"shop": shop, "cdnow": samples()["cdnow"]})
    first = view.shown
    view.state.change(dataset="shop")
    assert view.dataset.title != first.dataset.title
    view.state.change(dataset="cdnow")
    assert view.shown is not first
    assert view.dataset.fingerprint == first.dataset.fingerprint


def test_address_carries_the_view(in_app):
    view = in_app("grain=week&segment=channel%3Dweb&age=2")
    assert (view.parameters.grain, view.parameters.segment, view.parameters.age) == ("week", "channel=web", 2)
    assert view.parameters.dataset == "shop"
    assert view.state.message == ""


def test_address_means_nothing_in_jupyterlab(in_lab, monkeypatch):
    monkeypatch.setenv("QUERY_STRING", "grain=week")
    view = in_lab()
    assert view.parameters.grain == "month"


def test_bad_value_in_the_address_is_said_and_the_others_hold(in_app, parts):
    view = in_app("grain=fortnight&age=2&gain=week&level=x")
    assert view.parameters == CohortParameters(dataset="shop", age=2)
    said = status(parts, view.controls())
    for part in (
        "grain='fortnight' is not allowed",
        "Unknown parameter 'gain'. Did you mean 'grain'?",
        "level='x'",
    ):
        assert part in said
    assert "age" not in said.replace("ages", "").split("Known parameters")[0]


@pytest.mark.parametrize(
    "address",
    [
        "measure=revenue&mode=streak",
        "breakdown=colour",
        "segment=channel=nobody",
        "smallest_cohort=999",
    ],
)
def test_address_that_cannot_be_computed_is_said_above_the_defaults(in_app, parts, address):
    view = in_app(address)
    assert view.parameters == CohortParameters(dataset="shop")
    assert view.table.parameters == view.parameters
    assert len(status(parts, view.controls())) > 20


@pytest.mark.parametrize("name", ["unknown", "../../etc/passwd", "/etc/passwd", "orders.csv"])
def test_dataset_that_is_not_registered_is_a_sentence_without_a_path(in_app, shop, parts, name):
    view = in_app(f"dataset={name}")
    said = status(parts, view.controls())
    assert said.startswith("There is no dataset of that name here.")
    assert "'shop'" in said
    assert "/" not in said
    assert view.parameters.dataset == "shop"
    assert all(chart.spec for name, chart in show_all(view).items() if name in ("heat_map", "curves"))


def test_viewer_cannot_switch_to_a_path_either(in_app, shop):
    view = in_app()
    before = view.table
    view.state.change(dataset=str(shop))
    assert view.table is before
    assert str(shop.parent) not in view.state.message


def test_file_that_disappeared_is_a_sentence_without_a_path(in_app, shop, parts):
    view = in_app(datasets={"gone": shop.with_name("gone.toml")})
    said = status(parts, view.controls())
    assert "There is no dataset file 'gone.toml'." in said
    assert str(shop.parent) not in said
    assert all(panel is not None for panel in show_all(view).values())
    with pytest.raises(ParameterError, match=r"gone\.toml"):
        _ = view.table


def test_refused_combination_leaves_the_last_charts(in_lab, parts):
    view = in_lab()
    controls, chart = view.controls(), view.curves()
    before = chart.spec
    view.state.change(measure="revenue", mode="streak")
    assert chart.spec == before
    assert "mode='streak' counts customers" in status(parts, controls)
    view.state.change(mode="bounded")
    assert chart.spec != before
    assert status(parts, controls) == ""


def test_cohorts_too_small_to_show_are_a_sentence(in_lab):
    view = in_lab()
    view.state.change(smallest_cohort=61)
    assert view.state.message == "No cohort has 61 customers. Lower smallest_cohort."
    assert view.table.parameters.smallest_cohort == 1


def test_computing_is_said_while_it_goes_on(in_lab, parts):
    view = in_lab()
    controls = view.controls()
    view.state.busy = True
    assert status(parts, controls) == "Computing …"
    view.state.busy = False
    assert status(parts, controls) == ""


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"grain": "fortnight"}, ParameterError),
        ({"measure": "revenue", "mode": "streak"}, ParameterError),
        ({"dataset": "unknown"}, DataError),
        ({"dataset": 5}, ParameterError),
        ({"smallest_cohort": 999}, ParameterError),
    ],
)
def test_report_ends_with_the_error(in_report, parameters, error):
    with pytest.raises(error):
        in_report(**parameters)


def test_bad_parameter_of_the_notebook_is_said_above_the_defaults(on, parts):
    on("notebook")
    view = cohort_view({"dataset": "cdnow", "grain": "fortnight", "other": object()})
    assert view.parameters == CohortParameters()
    assert "grain='fortnight' is not allowed" in status(parts, view.controls())


def test_unknown_dataset_in_jupyterlab_shows_no_other_data(on, parts):
    on("notebook")
    view = cohort_view({"dataset": "unknwon"})
    assert view.state.result is None
    assert "There is no dataset 'unknwon'." in status(parts, view.controls())


def test_registered_datasets_are_offered_in_the_order_in_which_the_server_was_given_them(in_app, shop, parts):
    controls = in_app(datasets={"z": shop, "a": shop}).controls()
    (datasets,) = [one for one in parts(controls) if getattr(one, "description", "") == "Dataset"]
    assert [value for _, value in datasets.options] == ["z", "a"]


NOT_OF_AN_APP = "The as-of date of an app is its dataset's."


def test_as_of_in_an_apps_address_is_refused_and_the_others_hold(in_app):
    view = in_app("as_of=2024-05-31&grain=week")
    assert view.parameters == CohortParameters(dataset="shop", grain="week")
    assert view.state.message == NOT_OF_AN_APP


def test_as_of_cannot_be_changed_in_an_app(in_app):
    view = in_app()
    before = view.table
    view.state.change(as_of="2024-05-31", grain="week")
    assert view.table is before
    assert view.state.message == NOT_OF_AN_APP


def test_app_offers_no_as_of_and_keeps_that_of_its_notebook(in_app, parts):
    view = in_app(as_of="2024-05-31")
    descriptions = [getattr(one, "description", "") for one in parts(view.controls())]
    assert "As of" not in descriptions
    assert "Cohorts from" in descriptions
    view.state.change(grain="week")
    assert (str(view.table.as_of), view.state.message) == ("2024-05-31", "")
    view.state.change(as_of="")
    assert str(view.table.as_of) == "2024-06-15"


def test_source_that_changed_is_read_anew(in_app, tmp_path):
    view = in_app(datasets={"shop": shops.write_shop(tmp_path)})
    assert view.dataset.accounting.customers == 300
    shops.write_shop(tmp_path, shops.orders(customers=80))
    view.state.change(grain="week")
    assert (view.dataset.accounting.customers, view.state.message) == (400, "")
    assert view.table.parameters.grain == "week"


def test_cleared_cache_is_built_anew(in_app, tmp_path, monkeypatch):
    monkeypatch.setenv("RETENTION_CACHE", str(tmp_path / "cache"))
    view = in_app()
    shutil.rmtree(tmp_path / "cache")
    view.state.change(grain="week")
    assert (view.table.parameters.grain, view.state.message) == ("week", "")
    assert view.dataset.orders.exists()


def test_source_that_went_away_is_a_sentence_and_the_last_table_stays(in_app, tmp_path):
    view = in_app(datasets={"shop": shops.write_shop(tmp_path)})
    before = view.table
    (tmp_path / "shop.csv").unlink()
    view.state.change(grain="week")
    assert view.table is before
    assert "There is no file 'shop.csv' for [orders]." in view.state.message


def test_rows_of_a_source_reach_no_viewer(in_app, on, tmp_path):
    rows = [{**row, "day": "secret"} if at % 2 else row for at, row in enumerate(shops.orders())]
    path = shops.write_shop(tmp_path, rows)
    view = in_app(datasets={"shop": path})
    assert re.search(r"rows would be lost.*unreadable date: \d+ rows\. Mend the file", view.state.message)
    assert "secret" not in view.state.message
    on("notebook")
    assert "secret" in cohort_view({"dataset": str(path)}).state.message


def test_choices_that_another_dataset_does_not_have_are_reset_and_said(in_app, shop, parts):
    view = in_app(datasets={"shop": shop, "cdnow": samples()["cdnow"]}, dataset="shop")
    controls = view.controls()
    by_name = {one.description: one for one in parts(controls) if hasattr(one, "description")}
    view.state.change(breakdown="channel", segment="channel=web", grain="quarter", cohort_from="2024-02-01")
    view.state.change(dataset="cdnow")
    assert view.table.parameters == view.parameters == CohortParameters(dataset="cdnow", grain="quarter")
    assert status(parts, controls) == "Choices that cdnow does not have were reset."
    for name in ("Compare by", "Customers with"):
        assert [value for _, value in by_name[name].options] == [""]
        assert by_name[name].value == ""


def test_choices_that_the_other_dataset_has_are_kept(in_app, shop, tmp_path):
    view = in_app("breakdown=channel", datasets={"shop": shop, "other": shops.write_shop(tmp_path)})
    view.state.change(dataset="other")
    assert (view.table.parameters.breakdown, view.state.message) == ("channel", "")


def test_combination_refused_within_a_dataset_resets_nothing(in_lab):
    view = in_lab(breakdown="channel")
    view.state.change(segment="channel=nobody")
    assert view.parameters.breakdown == "channel"
    assert "were reset" not in view.state.message


def test_dataset_that_does_not_open_resets_nothing(in_app, shop):
    view = in_app("breakdown=channel", datasets={"shop": shop, "gone": shop.with_name("gone.toml")})
    before = view.table
    view.state.change(dataset="gone")
    assert view.table is before
    assert view.parameters.breakdown == "channel"
    assert "There is no dataset file 'gone.toml'." in view.state.message


def test_one_is_one_customer_one_row_and_one_order(on, tmp_path):
    on("report")
    rows = [row for row in shops.orders(months=(1,)) if row["customer"] == "01-000"][:1]
    again = {**rows[0], "day": "2024-02-20"}
    lost = {**rows[0], "customer": ""}
    view = cohort_view({"dataset": str(shops.write_shop(tmp_path, [*rows, again, lost]))})
    facts = shown(view.facts())["text/plain"]
    assert "The corner shop: 1 customer and 2 orders" in facts
    assert "Of 3 rows, 1 was netted, anonymous or left out." in facts
    assert "n = 1 customer, as of" in shown(view.card())["text/plain"]


def test_app_without_the_notebooks_dataset_takes_the_first_registered(in_app, shop):
    assert in_app(datasets={"a": shop, "b": shop}).parameters.dataset == "a"
    assert cohort_view({}).parameters.dataset == "a"
    assert in_app(datasets={"a": shop, "b": shop}, dataset="b").parameters.dataset == "b"


def test_surface_is_that_of_the_environment(in_lab, in_app, in_report):
    assert [make().surface for make in (in_lab, in_app, in_report)] == [
        Surface.NOTEBOOK, Surface.APP, Surface.REPORT,
    ]  # fmt: skip


NASTY_VIEWS = [
    {},
    {"breakdown": "channel"},
    {"cohort_by": "channel"},
    {"segment": 'channel==HYPERLINK("http://x")'},
]


@pytest.mark.parametrize("changes", NASTY_VIEWS)
def test_hostile_texts_are_escaped_in_every_widget(on, nasty, parts, changes):
    on("notebook")
    view = cohort_view({"dataset": str(nasty), **changes})
    sent = []
    for panel in show_all(view).values():
        for widget in parts(panel):
            if isinstance(widget, ChartWidget):
                widget.send = sent.append
                widget._handle_custom_msg({"kind": "table"}, [])
        for text in html_values(parts(panel)):
            assert not re.search(r"<(script|img)", text)
    assert sent
    for message in sent:
        assert not re.search(r"<(script|img)", message["html"])


@pytest.mark.parametrize("changes", NASTY_VIEWS)
def test_hostile_texts_are_escaped_in_every_static_output(on, nasty, changes):
    on("report")
    view = cohort_view({"dataset": str(nasty), **changes})
    for panel in show_all(view).values():
        for kind, text in shown(panel).items() if panel is not None else ():
            if kind != "text/plain":
                assert not re.search(r"<(script|img)", text)


def test_hostile_address_is_escaped(in_app, parts):
    view = in_app(
        "%3Cscript%3Ewindow.pwned%3D1%3C%2Fscript%3E=1&grain=%3Cimg%20src%3Dx%3E&breakdown=%3Cimg%3E"
    )
    for text in html_values(parts(view.controls())):
        assert not re.search(r"<(script|img)", text)
