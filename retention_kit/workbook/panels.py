"""What a cell of a notebook shows: a chart, a text or a table, alive on a page or still in a report."""

from collections.abc import Callable, Sequence
from typing import Any

from retention_kit.charts.chart import Chart
from retention_kit.tables import escape
from retention_kit.workbook.state import State, guarded

__all__ = ["StaticChart", "StaticText", "Term", "framed", "live_chart", "live_text", "paragraphs", "terms"]

Bundle = dict[str, str]
Term = tuple[str, str]


class StaticChart:
    """A chart as a picture, with its words for readers and programs that see no picture."""

    def __init__(self, chart: Chart) -> None:
        self._chart = chart

    def _repr_mimebundle_(self, **_: Any) -> tuple[Bundle, dict[str, Any]]:
        shown = {"image/svg+xml": self._chart.svg, "text/plain": self._chart.description}
        return shown, {"retention": {"chart": self._chart.name}}


class StaticText:
    """Words that stand still: as HTML, escaped, and as text for readers who see none."""

    def __init__(self, html: str, content: Sequence[str | Term]) -> None:
        lines = [part if isinstance(part, str) else ": ".join(part) for part in content]
        self._html, self._text = html, "\n".join(lines)

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        return {"text/html": self._html, "text/plain": self._text}


def paragraphs(lines: Sequence[str], style: str) -> str:
    """Return sentences as HTML paragraphs, escaped."""
    return f'<div class="{style}">' + "".join(f"<p>{escape(line)}</p>" for line in lines) + "</div>"


def terms(pairs: Sequence[Term]) -> str:
    """Return terms, with what is said of each, as an HTML list, escaped."""
    rows = (f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in pairs)
    return f"<dl>{''.join(rows)}</dl>"


def framed(table: str, name: str, *, whole: bool = False) -> str:
    """Return a table as HTML that scrolls by itself where it is wide, and unless ``whole`` if it is long."""
    # What can be scrolled must be reached by keyboard, and have a name; the grid keeps a wide table from
    # widening the text above it.
    style = ' style="max-height:none"' if whole else ""
    region = (
        f'<div class="rk-chart-table" tabindex="0" role="region" aria-label="{escape(name)}"{style}>'
        f"{table}</div>"
    )
    return f'<div style="display:grid;grid-template-columns:minmax(0,1fr)">{region}</div>'


def live_chart(state: State, draw: Callable[[Any], Chart | None]) -> Any:
    """Return a chart widget that follows the state's result; ``draw`` gives no chart where none applies."""
    from retention_kit.workbook.chart_widget import ChartWidget

    widget = ChartWidget()
    _follow(state, lambda result: widget.show(draw(result)))
    return widget


def live_text(state: State, html_of: Callable[[Any], str]) -> Any:
    """Return a widget with HTML that follows the state's result; ``html_of`` escapes what it is given."""
    import ipywidgets as widgets

    widget = widgets.HTML()
    widget.add_class("rk-page")

    def show(result: Any) -> None:
        widget.value = html_of(result)

    _follow(state, show)
    return widget


def _follow(state: State, show: Callable[[Any], None]) -> None:
    def show_guarded(result: Any) -> None:
        # One panel that fails leaves the others alone.
        with guarded(state.say):
            show(result)

    if state.result is not None:
        show_guarded(state.result)
    state.observe(lambda event: show_guarded(event["new"]), "result")
