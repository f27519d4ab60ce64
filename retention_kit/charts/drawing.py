"""The charts, written in Altair and kept as templates.

A template names its data and marks what changes with ``@name`` texts. `write_templates` turns the
functions in `drawings` into JSON files, so that a live page can fill a chart in without loading Altair. A
test holds the two in agreement.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import altair as alt
from altair.utils.schemapi import debug_mode

from retention_kit.charts.drawings import churn, cohorts, lifetime, lifetime_tested, scorecard, what_if
from retention_kit.charts.drawings.parts import Drawing
from retention_kit.charts.theme import CONFIG, dark_colours

__all__ = ["DRAWINGS", "template", "write_templates"]

TEMPLATES = Path(__file__).with_name("templates")

DRAWINGS: dict[str, Callable[[], Drawing]] = {
    name: getattr(room, name)
    for room in (churn, cohorts, lifetime, lifetime_tested, scorecard, what_if)
    for name in room.__all__
}


def template(name: str) -> dict[str, Any]:
    """Return a drawing as a Vega-Lite specification with ``@name`` marks to fill in."""
    with debug_mode(False):  # the marks are no valid values until they are filled in
        chart = DRAWINGS[name]().properties(
            title=alt.TitleParams("@title", subtitle="@subtitle"), description="@description"
        )
        spec: dict[str, Any] = chart.to_dict(validate=False)
    spec["config"] = CONFIG
    spec["usermeta"] = {"dark": dark_colours()}
    return spec


def write_templates(folder: Path = TEMPLATES) -> list[Path]:
    """Write every template, and return the files."""
    written = []
    for name in DRAWINGS:
        path = folder / f"{name}.json"
        path.write_text(json.dumps(template(name), indent=1, sort_keys=True) + "\n", encoding="utf-8")
        written.append(path)
    return written
