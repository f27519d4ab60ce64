"""Customers by value and by value at risk, with exports. For the notebook only, never for a served page."""

from typing import Any

import ipywidgets as widgets
import pyarrow as pa

from retention_kit import formats
from retention_kit.charts import lifetime_words as words
from retention_kit.definitions import DEFINITIONS
from retention_kit.errors import RetentionKitError
from retention_kit.tables import escape, html_table
from retention_kit.workbook.card import card_html, definition_terms
from retention_kit.workbook.customer_list import downloads
from retention_kit.workbook.lifetime_valued import Valued
from retention_kit.workbook.panels import framed
from retention_kit.workbook.state import State, guarded
from retention_kit.workbook.surface import Surface, surface

__all__ = ["HINT", "value_lists"]

HINT = "Single customers are listed in JupyterLab only; a list is made when one is asked for."
_ROWS_SHOWN = 100
_ROWS_LISTED = 10_000  # a page has to carry them
_NOBODY = "No customer is fading, as the definition has it."
_LISTS = {
    "top": ("The most valuable", "Customers with the highest value"),
    "fading": ("Fading, by value at risk", "Fading customers with the highest value at risk"),
}


def value_lists(state: State) -> widgets.Widget:
    """Return buttons that list customers by value, or by value at risk.

    Parameters
    ----------
    state : State
        Its result is a `Valued`.
    """
    if surface() is not Surface.NOTEBOOK:
        raise RetentionKitError("Customers are listed in JupyterLab only.")
    shown = widgets.HTML()
    shown.add_class("rk-page")

    def say(sentence: str) -> None:
        shown.value = f'<p class="rk-status">{escape(sentence)}</p>'

    def listed(name: str) -> None:
        with guarded(say):
            shown.value = _listing(state.result, name)

    def forget(_: Any = None) -> None:
        contracts = state.result is not None and state.result.customers.kind == "contracts"
        hint = "Contracts are not listed: a list takes orders." if contracts else HINT
        shown.value = f'<p class="rk-facts">{escape(hint)}</p>'

    buttons = []
    for name, (label, _) in _LISTS.items():
        button = widgets.Button(description=label, layout={"width": "auto"})
        button.on_click(lambda _, name=name: listed(name))
        buttons.append(button)
    forget()
    state.observe(forget, "result")  # the customers of a result that is no longer shown
    row = widgets.Box(buttons, layout={"display": "flex", "flex_flow": "row wrap"})
    row.add_class("rk-controls")
    card = widgets.HTML(card_html(definition_terms(DEFINITIONS["value_at_risk"])))
    card.add_class("rk-page")
    return widgets.VBox([row, card, shown])


def _listing(found: Valued, name: str) -> str:
    if found.customers.kind == "contracts":
        return '<p class="rk-facts">Contracts are not listed: a list takes orders.</p>'
    value = found.value
    table = value.top(_ROWS_LISTED) if name == "top" else value.fading(_ROWS_LISTED)
    if not table.num_rows:
        return f'<p class="rk-facts">{escape(_NOBODY)}</p>'
    # Of those who fade the list holds all, unless it is full.
    people = value.customers if name == "top" or table.num_rows == _ROWS_LISTED else table.num_rows
    title = f"{_LISTS[name][1]}, {words.value_title(value, each=False)}, {_shown_of(table, people)}"
    digits = {
        column: ".2f"
        for column in table.column_names
        if pa.types.is_floating(table.schema.field(column).type)
    }
    digits |= {"probability_alive": ".1%"} | {
        column: ".0f" for column in table.column_names if column.endswith(("_weeks", "_days"))
    }
    shown = html_table(table.slice(0, _ROWS_SHOWN), caption=title, formats=digits)
    return downloads(table, f"{name}_customers") + framed(shown, _LISTS[name][1])


def _shown_of(table: pa.Table, customers: int) -> str:
    rows = min(table.num_rows, _ROWS_SHOWN)
    more = f", the first {table.num_rows:,} to download" if table.num_rows < customers else ""
    return f"the first {rows:,} of {formats.plural(customers, 'customer')} shown{more}"
