import json
import re
from dataclasses import asdict
from itertools import product
from pathlib import Path

import pytest

import retention_kit
from retention_kit.charts.chart import chart
from retention_kit.charts.drawing import DRAWINGS, template
from retention_kit.charts.theme import DARK, LIGHT, css, dark_colours, in_the_dark

HOUSE = Path(retention_kit.__file__).parent
STYLES = (
    "charts/page.css",
    "reports/templates/page.css",
    "serving/templates/retention/retention.css",
)
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|rgba?\([^)]*\)|\bwhite\b|\bblack\b")
SCHEMES = pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])


def luminance(code):
    parts = [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@SCHEMES
def test_texts_can_be_read_on_the_page_and_on_what_lies_on_it(colours):
    for text, ground in product(("ink", "muted", "accent", "warn"), ("surface", "raised")):
        assert contrast(getattr(colours, text), getattr(colours, ground)) >= 4.5, (text, ground)
    assert contrast(colours.on_accent, colours.accent) >= 4.5


@SCHEMES
def test_marks_stand_out_from_the_page(colours):
    for colour in (*colours.groups, colours.sequential[3]):
        assert contrast(colour, colours.surface) >= 3, colour


@SCHEMES
def test_much_stands_out_more_than_little(colours):
    steps = [contrast(colour, colours.surface) for colour in colours.sequential]
    assert steps == sorted(steps)


def test_a_light_colour_has_one_dark_colour_whatever_it_is_used_for():
    pairs = set()
    for name, light in asdict(LIGHT).items():
        dark = asdict(DARK)[name]
        pairs |= {(light, dark)} if isinstance(light, str) else set(zip(light, dark, strict=True))
    assert len(dict(pairs)) == len(pairs)
    assert dict(pairs) == dark_colours()


@pytest.mark.parametrize("name", DRAWINGS)
def test_charts_are_drawn_in_colours_of_the_theme_and_carry_the_dark_ones(name):
    spec = template(name)
    assert spec.pop("usermeta") == {"dark": dark_colours()}
    used = set(COLOUR.findall(json.dumps(spec)))
    assert used
    assert used <= set(dark_colours())
    assert set(COLOUR.findall(json.dumps(in_the_dark(spec)))) <= set(dark_colours().values())


@pytest.mark.parametrize("name", STYLES)
def test_style_sheets_ask_for_colours_by_name(name):
    text = re.sub(r"/\*.*?\*/", "", (HOUSE / name).read_text("utf-8"), flags=re.DOTALL)
    # Shadows are no part of a scheme, and paper is white.
    spelt = [colour for colour in COLOUR.findall(text) if not colour.startswith("rgba(0, 0, 0")]
    assert set(spelt) <= {"white"}
    asked = set(re.findall(r"var\((--rk-[a-z-]+)", text))
    assert asked
    assert asked - {"--rk-width"} <= set(re.findall(r"(--rk-[a-z-]+):", css()))


def test_the_page_follows_the_scheme():
    assert f"--rk-ink: light-dark({LIGHT.ink}, {DARK.ink});" in css()
    assert f"--rk-on-accent: light-dark({LIGHT.on_accent}, {DARK.on_accent});" in css()


def test_words_and_data_that_look_like_colours_stay_as_they_are():
    rows = [{"group": LIGHT.surface, "age": 1, "value": 0.5}]
    words = {"group_title": LIGHT.ink, "x_title": LIGHT.muted, "value_title": LIGHT.ink, "format": ".0%"}
    words["interval_title"] = LIGHT.ink
    made = chart(
        "curves_by_group",
        title=LIGHT.ink,
        subtitle=LIGHT.muted,
        description=LIGHT.ink,
        words=words,
        data={"pooled": rows},
        table=None,
    )
    light, dark = made.spec, in_the_dark(made.spec)
    assert dark["datasets"] == {"pooled": rows}
    assert dark["title"] == light["title"]
    assert dark["description"] == LIGHT.ink
    for before, after in zip(light["layer"], dark["layer"], strict=True):
        assert before["encoding"]["color"]["title"] == after["encoding"]["color"]["title"] == LIGHT.ink
        assert before["encoding"].get("tooltip") == after["encoding"].get("tooltip")
    assert dark["config"]["range"]["category"] == list(DARK.groups)
    assert light["config"]["range"]["category"] == list(LIGHT.groups)


def test_jupyterlab_gets_the_style_sheet_of_every_page():
    from retention_kit.workbook.chart_widget import PageScripts

    assert css() in PageScripts._css
