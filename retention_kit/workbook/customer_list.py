"""The customers behind a clicked cell, with exports. For the notebook only, never for a served page."""

import base64
from typing import Any

import ipywidgets as widgets
from pyarrow.lib import Table

from retention_kit.errors import RetentionKitError
from retention_kit.formats import plural
from retention_kit.measures.customers import CellCustomers, cell_customers
from retention_kit.tables import csv_text, escape, html_table, xlsx_bytes
from retention_kit.workbook.state import State, guarded
from retention_kit.workbook.surface import Surface, surface

__all__ = ["customer_list", "downloads"]

_HINT = '<p class="rk-facts">Click a cell to list its customers.</p>'
_ROWS_SHOWN = 100
_ROWS_LISTED = 100_000  # a page has to carry them
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def customer_list(state: State, chart: Any) -> widgets.Widget:
    """Return a chart with the customers of the cell that was clicked last below it.

    Parameters
    ----------
    state : State
        Its result has ``dataset`` and ``table``.
    chart : ChartWidget
        Reports clicks as ``clicked``.
    """
    if surface() is not Surface.NOTEBOOK:
        raise RetentionKitError("Customers are listed in JupyterLab only.")
    shown = widgets.HTML(_HINT)
    shown.add_class("rk-page")

    def say(sentence: str) -> None:
        shown.value = f'<p class="rk-status">{escape(sentence)}</p>'

    def show(event: Any) -> None:
        with guarded(say):
            cell = event["new"]
            opened = state.result
            table = opened.table
            row, age = str(cell["row"]), int(cell["age"])
            attribute = table.parameters.breakdown
            # With a breakdown a row is a group, its cohorts pooled.
            found = cell_customers(
                opened.dataset,
                table,
                cohort=None if attribute else row,
                group=row if attribute else "",
                age=age,
                limit=_ROWS_LISTED,
            )
            label = next(span.label for span in table.spans if span.first == age)
            where = f"{row}, age {label}"
            if attribute:
                where = f"{attribute} = {where}, complete cohorts"
            shown.value = _listing(found, where)

    def forget(_: Any) -> None:
        shown.value = _HINT  # the customers of a cell that is no longer shown

    chart.observe(show, "clicked")
    state.observe(forget, "result")
    return widgets.VBox([chart, shown])


def _listing(found: CellCustomers, where: str) -> str:
    listed = found.listed
    title = f"{where}: {found.active:,} of {plural(found.customers, 'customer')} retained"
    if found.customers > _ROWS_SHOWN:
        title += f", the first {_ROWS_SHOWN} shown"
    if found.customers > listed.num_rows:
        title += f", the first {listed.num_rows:,} to download"
    table = html_table(listed.slice(0, _ROWS_SHOWN), caption=title)
    return f'{downloads(listed)}<div class="rk-chart-table">{table}</div>'


def downloads(listed: Table, name: str = "customers") -> str:
    """Return links that save listed customers, as HTML."""
    csv = _link(f"{name}.csv", "text/csv;charset=utf-8", ("\ufeff" + csv_text(listed)).encode())
    xlsx = _link(f"{name}.xlsx", _XLSX, xlsx_bytes(listed))
    return f'<p class="rk-facts">Download: {csv} · {xlsx}</p>'


def _link(name: str, kind: str, content: bytes) -> str:
    data = base64.b64encode(content).decode()
    return f'<a download="{name}" href="data:{kind};base64,{data}">{name}</a>'
