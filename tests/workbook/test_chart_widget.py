import pyarrow as pa
import pytest

from retention_kit.charts.chart import Chart
from retention_kit.workbook.chart_widget import ChartWidget, PageScripts

NASTY = '"><img src=x onerror=window.pwned=1>'


def chart_of(table):
    spec = {"title": {"text": "Points", "subtitle": []}, "mark": "point"}
    return Chart("points", "Points", "", "Points.", spec, table)


@pytest.fixture
def widget(monkeypatch):
    """A chart widget that writes down what it sends to the page."""
    made = ChartWidget()
    made.sent = []
    monkeypatch.setattr(made, "send", made.sent.append)
    made.show(chart_of(pa.table({"name": [NASTY, "=1+1"], "rate": [0.25, 0.5]})))
    return made


def ask(widget, message):
    """What a page does when a button is pressed."""
    widget._handle_custom_msg(message, [])


def test_chart_goes_to_the_page_as_data(widget):
    assert widget.get_state(["spec", "name"]) == {
        "spec": {"title": {"text": "Points", "subtitle": []}, "mark": "point"},
        "name": "points",
    }


def test_no_chart_is_an_empty_specification(widget):
    widget.show(None)
    assert widget.spec == {}
    ask(widget, {"kind": "table"})
    assert widget.sent == []


def test_table_is_sent_when_it_is_asked_for_and_escaped(widget):
    ask(widget, {"kind": "table"})
    (answer,) = widget.sent
    assert answer["kind"] == "table"
    assert "<img" not in answer["html"]
    assert "&lt;img" in answer["html"]
    assert "0.25" in answer["html"]


def test_csv_is_sent_without_formulas(widget):
    ask(widget, {"kind": "csv"})
    assert widget.sent == [
        {"kind": "csv", "text": 'name,rate\r\n"""><img src=x onerror=window.pwned=1>",0.25\r\n\'=1+1,0.5\r\n'}
    ]


def test_long_table_says_what_is_left_out(widget):
    widget.show(chart_of(pa.table({"number": list(range(1001))})))
    ask(widget, {"kind": "table"})
    html = widget.sent[0]["html"]
    assert "First 400 of 1,001 rows; CSV holds all." in html
    assert html.count("<tr>") == 401
    ask(widget, {"kind": "csv"})
    assert widget.sent[1]["text"].count("\r\n") == 1002


@pytest.mark.parametrize("message", [{}, {"kind": "secrets"}, "table", None, ["table"], {"kind": {}}])
def test_any_other_message_is_ignored(widget, message):
    ask(widget, message)
    assert widget.sent == []


def test_page_may_send_clicks(widget):
    widget.set_state({"clicked": {"row": "Jan 2024", "age": 1, "group": "", "at": 1}})
    assert widget.clicked["row"] == "Jan 2024"


def test_scripts_come_once_and_from_here(monkeypatch):
    monkeypatch.delenv("RETENTION_CHART_LIBRARY", raising=False)
    script = PageScripts()._esm
    assert "resolveVega" in script
    assert "vegaEmbed" in script
    assert len(ChartWidget()._esm) < 10_000


def test_page_that_brings_the_chart_library_is_not_sent_it(monkeypatch):
    monkeypatch.setenv("RETENTION_CHART_LIBRARY", "page")
    scripts = PageScripts()
    assert len(scripts._esm) < 100
    assert ".rk-page" in scripts._css
