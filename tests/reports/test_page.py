import base64
import json
import re
from html.parser import HTMLParser

import nbformat
import pytest
from fake_view import HOSTILE, FakeView
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from retention_kit.charts.theme import dark_colours
from retention_kit.errors import ReportError
from retention_kit.reports import page as page_module
from retention_kit.reports.page import Block, blocks, interval, number, page, script_json
from retention_kit.reports.record import json_ready

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="701.5" height="200"><text>A</text></svg>'
MANIFEST = {
    "parameters": {"dataset": "shop", "level": 0.95},
    "rerun": "retention report cohorts --dataset shop",
    "dataset": {
        "name": "shop",
        "title": HOSTILE,
        "fingerprint": "ab",
        "as_of": "1998-06-30",
        "currency": "USD",
        "time_zone": "UTC",
    },
    "row_accounting": {
        "orders": {
            "rows_read": 120,
            "kept": 100,
            "netted": 4,
            "dropped": [{"reason": "ragged row", "rows": 16}],
            "notes": [],
            "net": None,
        },
    },
    "headline": [
        {"name": HOSTILE, "value": 0.1 + 0.2, "ci_low": 0.2, "ci_high": 0.4, "n": 7, "unit": "fraction"}
    ],
    "tables": [{"name": "cohorts", "file": "tables/cohorts.csv", "rows": 3, "sha256": "ab"}],
    "versions": {"retention_kit": "1", "python": "3"},
    "timings": {"started_at": "2026-01-31T12:00:00Z"},
}


class Seen(HTMLParser):
    """The tags of a page, and what stands in its scripts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] == "script" and self.scripts:
            self.scripts[-1] += data

    def of(self, name):
        return [attrs for tag, attrs in self.tags if tag == name]


def notebook(*cells):
    return nbformat.v4.new_notebook(cells=list(cells))


def shown(*outputs, tags=()):
    return nbformat.v4.new_code_cell("secret_source()", outputs=list(outputs), metadata={"tags": list(tags)})


def display(metadata=None, **data):
    named = {kind.replace("_", "/", 1): value for kind, value in data.items()}
    return nbformat.v4.new_output("display_data", data=named, metadata=metadata or {})


def chart(name="curve", svg=SVG):
    data = {"image/svg+xml": svg, "text/plain": "It falls."}
    return nbformat.v4.new_output("display_data", data=data, metadata={"retention": {"chart": name}})


def rendered(*cells, charts=None, manifest=MANIFEST):
    return page(notebook(*cells), title="Cohorts", question="Who?", manifest=manifest, charts=charts or {})


def test_prose_without_its_title_and_outputs_without_their_code():
    prose = nbformat.v4.new_markdown_cell("# Cohorts\n\nWho *comes* back?")
    found = list(blocks(notebook(prose, shown(display(text_plain="All do.")))))
    assert found == [Block("prose", Markup("<p>Who <em>comes</em> back?</p>\n")), Block("text", "All do.")]


def test_only_the_first_heading_is_the_title():
    heading = nbformat.v4.new_markdown_cell("# More")
    found = list(blocks(notebook(nbformat.v4.new_markdown_cell("# Cohorts"), heading)))
    assert [block.content.striptags() for block in found] == ["More"]


def test_parameters_record_errors_and_standard_error_are_not_shown():
    error = nbformat.v4.new_output("error", ename="E", evalue="secret", traceback=["secret"])
    stderr = nbformat.v4.new_output("stream", name="stderr", text="secret")
    result = display(text_plain="secret")
    cells = [shown(result, tags=[tag]) for tag in ("parameters", "injected-parameters", "record")]
    raw = nbformat.v4.new_raw_cell("secret")
    assert list(blocks(notebook(shown(error, stderr), raw, *cells))) == []


def test_an_output_is_a_chart_or_html_or_text_in_this_order():
    stdout = nbformat.v4.new_output("stream", name="stdout", text="printed\n")
    outputs = [chart(), display(text_html="<b>x</b>", text_plain="x"), display(text_plain="x"), stdout]
    kinds = [(block.kind, block.alt, block.width) for block in blocks(notebook(shown(*outputs)))]
    assert kinds == [("chart", "It falls.", "701.5"), ("html", "", ""), ("text", "", ""), ("text", "", "")]


def test_text_is_escaped_and_stays_text():
    html, _ = rendered(shown(display(text_plain=HOSTILE), display(text_plain=f"{HOSTILE}\n2")))
    assert Seen(html).of("script") == []
    assert html.count("&lt;script&gt;window.pwned=1") == 5


def test_a_page_without_charts_allows_no_script_and_loads_nothing():
    html, omitted = rendered(shown(display(text_plain="x")))
    policy = next(attrs["content"] for attrs in Seen(html).of("meta") if "http-equiv" in attrs)
    assert "default-src 'none'; script-src 'none'" in policy
    assert omitted == []
    assert len(html) < 20_000


def test_a_chart_is_a_picture_and_its_data_are_beside_it_once():
    charts = json_ready(FakeView().charts())
    html, _ = rendered(shown(chart(), chart()), charts=charts)
    seen = Seen(html)
    assert [attrs.get("alt") for attrs in seen.of("img")] == ["It falls.", "It falls."]
    assert [attrs.get("id") for attrs in seen.of("script")] == ["chart-curve", None, None]
    assert json.loads(seen.scripts[0]) == {**charts["curve"], "usermeta": {"dark": dark_colours()}}
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", html)
    assert len(html.encode()) < 1_100_000


def test_title_of_a_chart_is_text_of_the_page_and_not_in_its_picture():
    charts = json_ready(FakeView().charts())
    html, _ = rendered(shown(chart()), charts=charts)
    drawn = base64.b64decode(Seen(html).of("img")[0]["src"].partition(",")[2]).decode()
    assert "A third stays" not in drawn
    assert '<h3 class="rk-chart-title">A third stays &lt;/script&gt;' in html
    titled = {**charts["curve"], "title": {"text": ["Two", "lines"], "subtitle": ["first", "second"]}}
    html, _ = rendered(shown(chart()), charts={"curve": titled})
    assert '<h3 class="rk-chart-title">Two lines</h3>' in html
    assert '<p class="rk-chart-subtitle">first\nsecond</p>' in html
    html, _ = rendered(shown(chart()), charts={"curve": {**titled, "title": None}})
    assert "<h3" not in html


def test_tables_can_be_scrolled_by_keyboard_and_texts_need_not():
    html, _ = rendered(
        shown(display(text_html="<table></table>"), display(text_html="<p>A third stays.</p>"))
    )
    assert [attrs["aria-label"] for attrs in Seen(html).of("div") if "tabindex" in attrs] == ["Table 1"]
    assert '<div class="rk-text"><p>A third stays.</p></div>' in html


def test_foot_of_a_printed_page_names_the_report_and_nothing_breaks_out_of_it():
    hostile = {**MANIFEST["dataset"], "title": 'Shop"; } </style><script>\\'}
    html, _ = rendered(manifest={**MANIFEST, "dataset": hostile})
    foot = html.partition("@bottom-left { content: ")[2].partition(";")[0]
    assert re.fullmatch(r'"([A-Za-z0-9]|\\[0-9a-f]+ )*"', foot)
    spelt = re.sub(r"\\([0-9a-f]+) ", lambda sign: chr(int(sign[1], 16)), foot[1:-1])
    assert spelt == f"Cohorts · {hostile['title']} · as of 1998-06-30"
    assert 'counter(page) " / " counter(pages)' in html


def test_a_chart_that_was_not_recorded_stays_a_picture():
    html, omitted = rendered(shown(chart("other")), charts=json_ready(FakeView().charts()))
    assert Seen(html).of("script") == []
    assert omitted == []


def test_past_the_size_limit_the_largest_chart_stays_a_picture_and_the_page_says_so(monkeypatch):
    spec = json_ready(FakeView().charts()["curve"])
    large = {**spec, "description": "x" * 300_000}
    monkeypatch.setattr(page_module, "LARGEST_PAGE", 1_100_000)
    html, omitted = rendered(shown(chart("large"), chart("small")), charts={"large": large, "small": spec})
    assert [attrs.get("id") for attrs in Seen(html).of("script")] == ["chart-small", None, None]
    assert omitted == ["Chart 'large' is a picture only: with its data the page would be too large."]
    assert "Chart &#39;large&#39; is a picture only" in html


def test_past_the_size_limit_with_pictures_alone_the_largest_is_replaced_by_a_sentence(monkeypatch):
    spec = json_ready(FakeView().charts()["curve"])
    huge = SVG.replace("A", "x" * 2_000_000)
    monkeypatch.setattr(page_module, "LARGEST_PAGE", 1_100_000)
    html, omitted = rendered(
        shown(chart("huge", huge), chart("small"), display(text_plain="y" * 2_000_000)),
        charts={"small": spec},
    )
    assert omitted == [
        "Chart 'huge' is left out: with it the page would be too large.",
        "An output is left out: with it the page would be too large.",
    ]
    assert [attrs["data-chart"] for attrs in Seen(html).of("figure")] == ["small"]
    assert html.count("Chart &#39;huge&#39; is left out") == 2
    assert len(html.encode()) <= 1_100_000


def test_a_page_too_large_without_any_output_is_not_published():
    prose = nbformat.v4.new_markdown_cell("x" * page_module.LARGEST_PAGE)
    with pytest.raises(ReportError, match="nothing can be left out"):
        rendered(prose, shown(chart()), charts=json_ready(FakeView().charts()))


def test_header_and_footer_carry_what_a_reader_needs_to_trust_and_repeat_the_numbers():
    html, _ = rendered()
    text = " ".join(re.sub(r"<[^>]*>", " ", html).replace("&nbsp;", " ").split())
    for words in ("As of 1998-06-30", "Rows kept 100", "Rows left out 16", "20.0 % to 40.0 %", "n = 7"):
        assert words in text.replace("\xa0", " "), words
    for words in ("16 ragged row", "retention report cohorts --dataset shop", "95 % intervals", "python 3"):
        assert words in text.replace("\xa0", " "), words
    assert '<html lang="en">' in html
    assert f'<data value="{0.1 + 0.2!r}">' in html


def test_a_report_without_numbers_rows_or_tables_leaves_their_places_out():
    bare = {**MANIFEST, "headline": [], "tables": [], "parameters": {}, "row_accounting": {}}
    html, _ = rendered(manifest={**bare, "dataset": {**MANIFEST["dataset"], "currency": ""}})
    assert "Rows kept" not in html
    assert "Currency" not in html
    assert "Tables beside" not in html


def test_the_same_notebook_gives_the_same_page():
    charts = json_ready(FakeView().charts())
    assert rendered(shown(chart()), charts=charts) == rendered(shown(chart()), charts=charts)


@given(st.text())
def test_no_text_breaks_out_of_a_script(text):
    escaped = script_json({"text": text})
    assert not set("<>&\u2028\u2029") & set(escaped)
    assert json.loads(escaped) == {"text": text}


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(None, "", "—"), (1 / 3, "share", "33.3 %"), (1234, "days", "1,234 days"), (0.5, "", "0.50")],
)
def test_headline_numbers_read_well(value, unit, text):
    assert number(value, unit).replace("\xa0", " ") == text


def test_an_interval_needs_both_ends():
    assert interval({"ci_low": None, "ci_high": 1.0}) == ""
    assert interval({"ci_low": 1, "ci_high": 2}) == "1 to 2"
