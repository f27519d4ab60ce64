"""One look for every chart: ink, lines and colours that colour-blind readers can tell apart."""

from typing import Any

__all__ = ["ACCENT", "CONFIG", "FONT", "GROUPS", "INK", "LINE", "MUTED", "SEQUENTIAL", "WARN"]

INK = "#1f2933"
MUTED = "#5f6b76"
LINE = "#d9dee3"
ACCENT = "#2b5c8a"
WARN = "#b4540a"
# It comes with the renderer, so that pictures are the same on every machine.
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
SEQUENTIAL = ("#f2f6fa", "#c6d9ea", "#8db4d4", "#4f87b5", "#245a8c", "#123a63")  # one hue, rising
GROUPS = ("#2b5c8a", "#d1751f", "#4b8f6f", "#8a5a9e", "#a0403c", "#6b6b6b", "#c2a02b", "#3f9fb5")

CONFIG: dict[str, Any] = {
    "background": "#ffffff",
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "domainColor": LINE,
        "gridColor": "#edf0f3",
        "labelColor": MUTED,
        "labelFontSize": 11,
        "labelLimit": 220,
        "tickColor": LINE,
        "titleColor": MUTED,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "titlePadding": 8,
    },
    "legend": {
        "labelColor": INK,
        "labelFontSize": 11,
        "orient": "bottom",
        "titleColor": MUTED,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
    },
    "title": {
        "anchor": "start",
        "color": INK,
        "fontSize": 14,
        "fontWeight": 600,
        "offset": 12,
        "subtitleColor": MUTED,
        "subtitleFontSize": 11,
        "subtitlePadding": 5,
    },
    "range": {"category": list(GROUPS)},
}
