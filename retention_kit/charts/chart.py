"""A chart as data: a template filled in, with its title, its words for those who cannot see it, its table."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from retention_kit.charts import __path__ as _charts
from retention_kit.charts.theme import in_the_dark

if TYPE_CHECKING:
    import altair as alt

__all__ = ["Chart", "chart", "picture"]

Rows = Sequence[Mapping[str, Any]]
_BESIDE = 60  # pixels for the labels of the vertical axis
# Where something is drawn, not what is written there: texts stand between tags, or in ARIA attributes.
_PLACED = re.compile(r"""aria-\w+="[^"]*"|-?\d+\.\d{3,}(?=[^<>]*>)""")
# Points that only carry tooltips, which a picture has none of.
_UNSEEN = re.compile(r"""<path (?:(?!aria-)[^<>])* opacity="0"/>""")
_GRADIENT = re.compile(r"""<linearGradient id="(\w+)"([^<>]*>.*?)</linearGradient>""", re.DOTALL)


@dataclass(frozen=True)
class Chart:
    """A finished chart.

    Attributes
    ----------
    name : str
        Name of the drawing.
    title, subtitle : str
        What the chart says, and what one has to know to read it.
    description : str
        The chart in words, for screen readers.
    spec : dict
        Vega-Lite specification, data inside.
    table : pyarrow.Table
        The numbers behind the chart.
    """

    name: str
    title: str
    subtitle: str
    description: str
    spec: dict[str, Any] = field(repr=False)
    table: pa.Table = field(repr=False)

    @cached_property
    def svg(self) -> str:
        """The chart as a picture that needs no script."""
        return _svg(self.spec)

    def to_altair(self) -> "alt.Chart":
        """The chart as an Altair object, to be changed further."""
        import altair as alt

        return alt.Chart.from_dict(self.spec)


def chart(
    name: str,
    *,
    title: str,
    subtitle: str,
    description: str,
    words: Mapping[str, Any],
    data: Mapping[str, Rows],
    table: pa.Table,
    step: float | None = None,
) -> Chart:
    """Fill a template in.

    Parameters
    ----------
    name : str
        Name of the drawing.
    title, subtitle, description : str
        Texts of the chart; the subtitle may have several lines.
    words : mapping
        Values of the template's other ``@name`` marks.
    data : mapping of str to rows
        Rows of each data set the template names.
    table : pyarrow.Table
        The numbers behind the chart.
    step : float, optional
        Width of a column, in pixels, for charts with one column a value.
    """
    marks = {"title": title, "subtitle": subtitle.split("\n"), "description": description, **words}
    spec = _filled(json.loads(_template(name)), marks)
    spec["datasets"] = {key: list(rows) for key, rows in data.items()}
    # A layer with nothing to draw would still ask for room on the axes.
    layers = spec.get("layer", [])
    drawn = [layer for layer in layers if "data" not in layer or data[layer["data"]["name"]]]
    if drawn:
        spec["layer"] = drawn
    if step is not None:
        spec["width"] = {"step": step}
    return Chart(name, title, subtitle, description, spec, table)


def picture(spec: Mapping[str, Any], *, dark: bool = False, titled: bool = False) -> str:
    """Return a chart as SVG, laid out as a live one on a wide page.

    Parameters
    ----------
    spec : mapping
        Vega-Lite specification, data inside.
    dark : bool
        In dark colours.
    titled : bool
        With its title and subtitle; pages have them as text above the chart.
    """
    laid_out = in_the_dark(spec) if dark else dict(spec)
    if not titled:
        laid_out.pop("title", None)
    if isinstance(spec.get("width"), int | float):
        # As `workbook/chart_widget.js` does: the width is that of the whole picture.
        laid_out |= {"autosize": {"type": "fit-x", "contains": "padding"}, "width": spec["width"] + _BESIDE}
    return _svg(laid_out)


def _svg(spec: Mapping[str, Any]) -> str:
    import vl_convert

    drawn = _PLACED.sub(_rounded, vl_convert.vegalite_to_svg(dict(spec)))
    return _each_gradient_once(_UNSEEN.sub("", drawn))


def _each_gradient_once(svg: str) -> str:
    """The renderer repeats the stripes of a cell for each cell that has them."""
    first: dict[str, str] = {}
    stands_for = {name: first.setdefault(look, name) for name, look in _GRADIENT.findall(svg)}
    kept = _GRADIENT.sub(lambda found: found[0] if stands_for[found[1]] == found[1] else "", svg)
    return re.sub(r"url\(#(\w+)\)", lambda found: f"url(#{stands_for.get(found[1], found[1])})", kept)


def _rounded(found: re.Match[str]) -> str:
    """A hundredth of a pixel no eye can see, and 15 digits are a tenth of a picture's size."""
    told = found[0]
    return told if told.startswith("aria") else f"{float(told):.2f}".rstrip("0").rstrip(".")


@lru_cache
def _template(name: str) -> str:
    return (Path(_charts[0]) / "templates" / f"{name}.json").read_text(encoding="utf-8")


def _filled(node: Any, marks: Mapping[str, Any]) -> Any:
    if isinstance(node, dict):
        return {key: _filled(value, marks) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(value, marks) for value in node]
    if isinstance(node, str) and node.startswith("@"):
        return marks[node[1:]]
    return node
