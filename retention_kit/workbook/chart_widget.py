"""A chart on a live page, over one bundle of scripts for all charts of the page."""

import os
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from retention_kit.charts.bundle import chart_library
from retention_kit.charts.chart import Chart
from retention_kit.charts.theme import css, dark_script
from retention_kit.tables import csv_text, html_table

__all__ = ["ChartWidget", "PageScripts"]

_HERE = Path(__file__).parent
_ROWS_SHOWN = 400


class PageScripts(anywidget.AnyWidget):
    """The page's scripts and styles; shown once, it is nothing to see."""

    _css = css()

    def __init__(self) -> None:
        # Where the page itself brings the chart library, a megabyte less goes over its websocket.
        library = "" if os.environ.get("RETENTION_CHART_LIBRARY") == "page" else chart_library()
        super().__init__(_esm=library + "export default { render({ el }) { el.hidden = true; } };")


class ChartWidget(anywidget.AnyWidget):
    """A chart whose specification can change; clicks on cells come back as ``clicked``."""

    _esm = (_HERE / "chart_widget.js").read_text(encoding="utf-8") + dark_script()
    spec = traitlets.Dict().tag(sync=True)
    name = traitlets.Unicode("chart").tag(sync=True)
    clicked = traitlets.Dict().tag(sync=True)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._chart: Chart | None = None
        self.add_class("rk-page")
        self.on_msg(self._answer)

    def show(self, chart: Chart | None) -> None:
        """Show a chart, or nothing."""
        self._chart = chart
        if chart is not None:
            self.name = chart.name
        self.spec = chart.spec if chart is not None else {}

    def _answer(self, _: Any, message: Any, __: Any) -> None:
        """Send the numbers behind the chart when the page asks for them."""
        kind = message.get("kind") if isinstance(message, dict) else None
        if self._chart is None or kind not in ("table", "csv"):
            return
        table = self._chart.table
        if kind == "csv":
            self.send({"kind": "csv", "text": csv_text(table)})
            return
        more = table.num_rows > _ROWS_SHOWN
        caption = f"First {_ROWS_SHOWN} of {table.num_rows:,} rows; CSV holds all." if more else ""
        self.send({"kind": "table", "html": html_table(table.slice(0, _ROWS_SHOWN), caption=caption)})
