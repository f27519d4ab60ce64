import copy
import re

import altair as alt
import pyarrow as pa
import pytest

from retention_kit.charts.chart import chart, picture
from retention_kit.charts.cohorts import heat_map
from retention_kit.charts.theme import DARK, LIGHT

WORDS = {
    "rows": ["one", "two"],
    "value_title": "retention",
    "interval_title": "95 % interval",
    "format": ".0%",
}
ROWS = [
    {"definition": "one", "value": 0.5, "text": "50 %", "interval": "40 to 60 %", "chosen": True},
    {"definition": "two", "value": 0.2, "text": "20 %", "interval": "–", "chosen": False},
]


def drawn(title="A title", **changes):
    options = {
        "title": title,
        "subtitle": "one line\nand another",
        "description": "Two points.",
        "words": WORDS,
        "data": {"definitions": ROWS},
        "table": pa.table({"value": [0.5, 0.2]}),
    } | changes
    return chart("definitions", **options)


def test_marks_are_replaced_by_words():
    spec = drawn().spec
    assert spec["title"] == {"text": "A title", "subtitle": ["one line", "and another"]}
    assert spec["description"] == "Two points."
    assert spec["layer"][0]["encoding"]["y"]["scale"]["domain"] == ["one", "two"]
    assert spec["datasets"]["definitions"] == ROWS


def test_missing_word_is_an_error():
    with pytest.raises(KeyError, match="format"):
        drawn(words={name: word for name, word in WORDS.items() if name != "format"})


def test_words_that_look_like_marks_stay_as_they_are():
    spec = drawn("@rows", words=WORDS | {"rows": ["@title", "two"]}).spec
    assert spec["title"]["text"] == "@rows"
    assert spec["layer"][0]["encoding"]["y"]["scale"]["domain"] == ["@title", "two"]


def test_two_charts_share_nothing():
    first, second = drawn("first"), drawn("second")
    first.spec["config"]["font"] = "changed"
    assert second.spec["config"]["font"] != "changed"
    assert drawn("third").spec["config"]["font"] != "changed"


def test_step_is_the_width_of_a_column():
    assert drawn(step=13).spec["width"] == {"step": 13}


def test_picture_is_the_same_every_time_and_escapes_its_texts():
    nasty = "</text><script>window.pwned=1</script>"
    picture = drawn(nasty).svg
    assert picture == drawn(nasty).svg
    assert "<script" not in picture
    assert "&lt;script&gt;" in picture


def test_places_in_a_picture_are_short_and_its_texts_are_left_alone():
    drawn = picture(
        {
            "data": {"values": [{"x": 1 / 3, "y": 2 / 3, "said": "0.123456"}]},
            "mark": {"type": "text", "description": "0.98765"},
            "encoding": {
                "x": {"field": "x", "type": "quantitative"},
                "y": {"field": "y", "type": "quantitative"},
                "text": {"field": "said", "type": "nominal"},
            },
            "title": "Half of 3.14159",
        },
        titled=True,
    )
    assert all(text in drawn for text in ("3.14159", "0.123456", "0.98765"))
    assert re.findall(r'transform="[^"]*\.\d{3,}', drawn) == []


def test_chart_becomes_an_altair_chart(table):
    made = heat_map(table())
    altered = made.to_altair().properties(height=400)
    assert isinstance(altered, alt.LayerChart)
    assert altered.to_dict()["title"]["text"] == made.title


def size(svg):
    return [float(number) for number in re.search(r'width="([\d.]+)" height="([\d.]+)"', svg).groups()]


def test_picture_for_a_page_is_as_wide_as_the_live_chart_and_leaves_the_title_to_the_page():
    spec = drawn().spec
    svg = picture(spec)
    assert size(svg)[0] == spec["width"] + 60
    assert ">A title<" not in svg
    assert ">A title<" in picture(spec, titled=True)
    assert size(picture(spec, titled=True))[1] > size(svg)[1]


def test_picture_of_a_table_keeps_the_width_of_its_columns(table):
    spec = heat_map(table()).spec
    assert "step" in spec["width"]
    assert size(picture(spec))[0] > 3 * spec["width"]["step"]


def test_picture_in_the_dark_has_the_same_size_and_the_dark_colours():
    spec = drawn().spec
    before = copy.deepcopy(spec)
    light, dark = picture(spec), picture(spec, dark=True)
    assert size(light) == size(dark)
    assert f'fill="{LIGHT.surface}"' in light
    assert f'fill="{DARK.surface}"' in dark
    assert f'fill="{DARK.accent}"' in dark
    assert not [colour for colour in (LIGHT.ink, LIGHT.muted, LIGHT.accent) if colour in dark]
    assert spec == before
