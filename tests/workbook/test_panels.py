import logging

import pyarrow as pa
import pytest
from IPython.core.interactiveshell import InteractiveShell

from retention_kit.charts.chart import Chart
from retention_kit.notebooks import CohortParameters
from retention_kit.workbook.panels import (
    StaticChart,
    StaticText,
    live_chart,
    live_text,
    paragraphs,
    terms,
)
from retention_kit.workbook.state import State

NASTY = "</script><script>window.pwned=1</script>"


def chart_called(title):
    spec = {
        "title": {"text": title},
        "description": title,
        "mark": "point",
        "data": {"values": [{"a": 1}]},
        "encoding": {"x": {"field": "a", "type": "quantitative", "title": title}},
    }
    return Chart("points", title, "", f"{title}.", spec, pa.table({"a": [1]}))


@pytest.fixture
def state():
    made = State(CohortParameters(), lambda chosen: chosen.grain)
    made.recompute()
    return made


def shown(thing):
    """What a notebook stores of a cell's result: data, and metadata."""
    return InteractiveShell.instance().display_formatter.format(thing)


def test_static_chart_is_a_picture_and_words():
    data, metadata = shown(StaticChart(chart_called("One point")))
    assert data["image/svg+xml"].startswith("<svg")
    assert data["text/plain"] == "One point."
    assert metadata["retention"] == {"chart": "points"}


def test_static_text_has_its_html_and_its_lines():
    data, _ = shown(StaticText("<p>first</p>", ["first", ("term", "what it means")]))
    assert data == {"text/html": "<p>first</p>", "text/plain": "first\nterm: what it means"}


def test_terms_are_escaped():
    assert terms([("a < b", NASTY)]).startswith("<dl><dt>a &lt; b</dt><dd>&lt;/script&gt;")
    assert "<script" not in terms([(NASTY, NASTY)])


def test_paragraphs_are_escaped_in_their_style():
    assert paragraphs(["a < b"], "rk-facts") == '<div class="rk-facts"><p>a &lt; b</p></div>'


def test_live_chart_follows_the_result(state):
    widget = live_chart(state, chart_called)
    assert widget.spec["title"] == {"text": "month"}
    state.change(grain="week")
    assert widget.spec["title"] == {"text": "week"}


def test_live_chart_is_empty_where_there_is_none(state):
    widget = live_chart(state, lambda grain: chart_called(grain) if grain == "week" else None)
    assert widget.spec == {}
    state.change(grain="week")
    assert widget.name == "points"
    state.change(grain="month")
    assert widget.spec == {}


def test_live_text_follows_the_result(state):
    widget = live_text(state, lambda grain: f"<b>{grain}</b>")
    state.change(grain="week")
    assert widget.value == "<b>week</b>"


def test_nothing_is_drawn_before_there_is_a_result():
    state = State(CohortParameters(), lambda chosen: chosen.grain)
    assert live_chart(state, chart_called).spec == {}
    assert live_text(state, str).value == ""


def test_panel_that_fails_keeps_its_last_chart_and_leaves_the_others_alone(state, caplog):
    def only_months(grain):
        if grain != "month":
            raise ZeroDivisionError("secret")
        return chart_called(grain)

    failing, text = live_chart(state, only_months), live_text(state, str)
    with caplog.at_level(logging.ERROR, logger="retention_kit"):
        state.change(grain="week")
    assert failing.spec["title"] == {"text": "month"}
    assert text.value == "week"
    assert state.message.startswith("Something went wrong. Its id is ")
    assert "secret" not in state.message
    assert "ZeroDivisionError: secret" in caplog.text


def test_panel_that_fails_from_the_start_raises_nothing(state, caplog):
    with caplog.at_level(logging.CRITICAL, logger="retention_kit"):
        assert live_text(state, lambda grain: 1 / 0).value == ""
    assert state.message.startswith("Something went wrong.")
