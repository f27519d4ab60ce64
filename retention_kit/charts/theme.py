"""One look for charts, tables and controls, in the light and in the dark.

Charts are drawn in the light colours; `dark_colours` says which dark colour stands for each of them.
Pages and controls ask for the same colours by name, as the style sheet of `css` defines them.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from retention_kit.charts import __path__ as _charts

__all__ = ["CONFIG", "DARK", "LIGHT", "Palette", "css", "dark_colours", "dark_script", "in_the_dark"]


@dataclass(frozen=True)
class Palette:
    """The colours of one scheme, by what they are for.

    Attributes
    ----------
    ink, muted, line, grid, surface, raised, accent, on_accent, warn : str
        Text and lesser text, lines and fainter ones, the page and what lies on it, what can be pressed
        and the text on it, what needs care.
    veil : tuple of str
        The surface half seen through, and not at all.
    cohorts : tuple of str
        From the oldest cohort to the newest, behind the line of all together.
    sequential : tuple of str
        One hue, from little to much.
    groups : tuple of str
        What colour-blind readers can tell apart.
    """

    ink: str
    muted: str
    line: str
    grid: str
    surface: str
    raised: str
    accent: str
    on_accent: str
    warn: str
    veil: tuple[str, ...]
    cohorts: tuple[str, ...]
    sequential: tuple[str, ...]
    groups: tuple[str, ...]


LIGHT = Palette(
    ink="#1f2933",
    muted="#5f6b76",
    line="#d9dee3",
    grid="#edf0f3",
    surface="#ffffff",
    raised="#f5f7f9",
    accent="#2b5c8a",
    on_accent="#ffffff",
    warn="#b4540a",
    veil=("rgba(255,255,255,0.75)", "rgba(255,255,255,0)"),
    cohorts=("#c9d3dc", "#d1751f"),
    sequential=("#f2f6fa", "#c6d9ea", "#8db4d4", "#4f87b5", "#245a8c", "#123a63"),
    groups=("#2b5c8a", "#d1751f", "#4b8f6f", "#8a5a9e", "#a0403c", "#6b6b6b", "#a08019", "#3a96ac"),
)
DARK = Palette(
    ink="#e4e9ee",
    muted="#9aa7b4",
    line="#36414d",
    grid="#232b34",
    surface="#14191f",
    raised="#1d242c",
    accent="#86b6e2",
    on_accent="#14191f",
    warn="#f0a06c",
    veil=("rgba(20,25,31,0.75)", "rgba(20,25,31,0)"),
    cohorts=("#46525e", "#f0a25a"),
    sequential=("#1a2530", "#1f3850", "#29557d", "#3a79ae", "#5a97cd", "#82b4e6"),
    groups=("#86b6e2", "#f0a25a", "#7cc4a0", "#c39ad6", "#e0827d", "#a9a9a9", "#d9bc54", "#6cc3d6"),
)
_PAGE = Path(_charts[0]) / "page.css"
# It comes with the renderer, so that pictures are the same on every machine.
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
PAGE_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif'
CODE_FONT = 'ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace'
# What is written in a specification, rather than drawn: a group may be called "#ffffff". Its config has
# parts of the same names, and no words.
WORDS = ("data", "datasets", "description", "domain", "text", "title", "tooltip", "usermeta", "values")

CONFIG: dict[str, Any] = {
    "background": LIGHT.surface,
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "domainColor": LIGHT.line,
        "gridColor": LIGHT.grid,
        "labelColor": LIGHT.muted,
        "labelFontSize": 11,
        "labelLimit": 220,
        "tickColor": LIGHT.line,
        "titleColor": LIGHT.muted,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "titlePadding": 8,
    },
    "legend": {
        "labelColor": LIGHT.ink,
        "labelFontSize": 11,
        "orient": "bottom",
        "titleColor": LIGHT.muted,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
    },
    "title": {
        "anchor": "start",
        "color": LIGHT.ink,
        "fontSize": 14,
        "fontWeight": 600,
        "offset": 12,
        "subtitleColor": LIGHT.muted,
        "subtitleFontSize": 11,
        "subtitlePadding": 5,
    },
    "range": {"category": list(LIGHT.groups)},
}


_RECOLOURED = """
// A specification in other colours: texts and data stay as they are, and a config has none.
function recoloured(node, colours, kept = @words) {
  if (typeof node === "string") return Object.hasOwn(colours, node) ? colours[node] : node;
  if (Array.isArray(node)) return node.map((part) => recoloured(part, colours, kept));
  if (!node || typeof node !== "object") return node;
  const inside = (key) => (key === "config" ? [] : kept);
  const drawn = ([key, part]) => [key, kept.includes(key) ? part : recoloured(part, colours, inside(key))];
  return Object.fromEntries(Object.entries(node).map(drawn));
}
"""


def dark_colours() -> dict[str, str]:
    """Return the dark colour for each colour that a chart is drawn in."""
    return dict(zip(_colours(LIGHT), _colours(DARK), strict=True))


def in_the_dark(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a specification in dark colours; texts and data stay as they are.

    Pages do the same in the browser, with the colours that a specification carries in its ``usermeta``.

    >>> in_the_dark({"mark": {"color": "#2b5c8a"}, "title": "#2b5c8a"})
    {'mark': {'color': '#86b6e2'}, 'title': '#2b5c8a'}
    """
    colours = dark_colours()

    def darkened(node: Any, words: Collection[str] = WORDS) -> Any:
        if isinstance(node, Mapping):
            return {
                key: part if key in words else darkened(part, () if key == "config" else words)
                for key, part in node.items()
            }
        if isinstance(node, list):
            return [darkened(part, words) for part in node]
        return colours.get(node, node) if isinstance(node, str) else node

    made: dict[str, Any] = darkened(spec)
    return made


def dark_script() -> str:
    """Return the function ``recoloured`` for pages: what `in_the_dark` does, in the browser."""
    return _RECOLOURED.replace("@words", json.dumps(WORDS))


def css() -> str:
    """Return the style sheet of every page: its colours and fonts, charts, texts, cards and tables.

    The properties ``--rk-…`` hold a light and a dark colour each; which one is seen follows the
    ``color-scheme`` of the element that asks for it.
    """
    dark = asdict(DARK)
    lines = [
        f"--rk-{name.replace('_', '-')}: light-dark({colour}, {dark[name]});"
        for name, colour in asdict(LIGHT).items()
        if isinstance(colour, str)
    ]
    lines += [f"--rk-font: {PAGE_FONT};", f"--rk-code-font: {CODE_FONT};"]
    return ":root {\n  " + "\n  ".join(lines) + "\n}\n" + _PAGE.read_text(encoding="utf-8")


def _colours(palette: Palette) -> list[str]:
    return [
        colour for part in asdict(palette).values() for colour in ([part] if isinstance(part, str) else part)
    ]
