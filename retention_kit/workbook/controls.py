"""Controls made from a parameter model: each shows a parameter of the state, and asks it to change."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, get_args

import ipywidgets as widgets
from pydantic.fields import FieldInfo

from retention_kit.tables import escape
from retention_kit.workbook.state import State

__all__ = ["controls", "status_line"]

Options = Sequence[tuple[str, str]]
Observed = Callable[[], Mapping[str, tuple[Any, Any]]]


def controls(
    state: State,
    *,
    choices: Callable[[], Mapping[str, Options]],
    days: Iterable[str],
    first: Sequence[str],
    without: Sequence[str] = (),
    beside: Sequence[widgets.Widget] = (),
    observed: Observed = dict,
    reset_to: Mapping[str, Any] = MappingProxyType({}),
) -> widgets.Widget:
    """Return the controls of a notebook, the most used ones in sight and the others folded away.

    Parameters
    ----------
    state : State
        What the controls show and change.
    choices : callable
        Gives the (label, value) pairs to choose from, for parameters that hold a name from the data;
        asked again with each result.
    days : iterable of str
        Parameters that hold a day.
    first : sequence of str
        Parameters in sight.
    without : sequence of str
        Parameters that have no control.
    beside : sequence of widgets
        What stands beside the button that resets them.
    observed : callable
        Gives, by parameter, the value that stands for what the data say, and what they say, which the
        control shows in its place; asked again with each result.
    reset_to : mapping
        Where a reset leads, for parameters whose default is an example.
    """
    fields = type(state.parameters).model_fields
    made = {
        name: _linked(state, name, _control(name, field, choices(), set(days)), choices, observed)
        for name, field in fields.items()
        if name not in without
    }
    reset = widgets.Button(
        description="Reset", tooltip="Back to the defaults of this dataset", layout={"width": "auto"}
    )
    defaults = {name: field.default for name, field in fields.items() if name != "dataset"} | dict(reset_to)
    reset.on_click(lambda _: state.change(**defaults))
    buttons = widgets.Box([reset, *beside], layout=_BUTTONS)
    seen = widgets.Box([*(made[name] for name in first), buttons], layout=_ROW)
    rest = widgets.Box([one for name, one in made.items() if name not in first], layout=_ROW)
    rest.layout.display = "none"
    # A button, not an Accordion, which the keyboard cannot open.
    more = widgets.ToggleButton(description="More choices", tooltip="Show what is chosen less often")
    more.observe(lambda event: rest.layout.set_trait("display", "flex" if event["new"] else "none"), "value")
    box = widgets.VBox([seen, more, rest])
    box.add_class("rk-controls")
    return box


def status_line(state: State) -> widgets.Widget:
    """Return the line that says what went wrong, or that a result is being computed."""
    line = widgets.HTML()
    line.add_class("rk-page")

    def tell(*_: Any) -> None:
        said = escape(state.message)
        if state.busy and not said:
            said = f'<span class="rk-busy">{escape(_computing(state.usual_seconds))}</span>'
        line.value = f'<div class="rk-status" role="status">{said}</div>'

    tell()
    state.observe(tell, ["message", "busy"])
    return line


def _computing(usual_seconds: float | None) -> str:
    if usual_seconds is None:
        return "Computing …"
    if usual_seconds < 90:
        return f"Computing … usually about {max(1, round(usual_seconds))} s"
    return f"Computing … usually about {round(usual_seconds / 60)} min"


_ROW = {"display": "flex", "flex_flow": "row wrap", "grid_gap": "2px 14px", "width": "100%"}
_ONE = {"width": "276px"}
_BUTTONS = {"display": "flex", "flex_flow": "row wrap", "grid_gap": "2px 8px", "min_width": "200px"}
_STYLE = {"description_width": "128px"}


def _control(name: str, field: FieldInfo, choices: Mapping[str, Options], days: set[str]) -> widgets.Widget:
    common: dict[str, Any] = {
        "description": field.title or name,
        "tooltip": field.description,
        "layout": _ONE,
        "style": _STYLE,
    }
    if name in choices:
        return widgets.Dropdown(options=list(choices[name]), value=None, **common)
    if name in days:
        return widgets.DatePicker(**common)
    fixed = get_args(field.annotation)
    if fixed and isinstance(field.default, str) and all(isinstance(value, str) for value in fixed):
        options = [(value.replace("_", " "), value) for value in fixed]
        return widgets.Dropdown(options=options, **common)
    limits = {
        key: getattr(meta, key) for meta in field.metadata for key in ("ge", "le") if hasattr(meta, key)
    }
    if isinstance(field.default, int):
        return widgets.BoundedIntText(min=limits["ge"], max=limits["le"], **common)
    if isinstance(field.default, float):
        return widgets.BoundedFloatText(min=limits["ge"], max=limits["le"], step=_step(field), **common)
    return widgets.Text(continuous_update=False, **common)


def _step(field: FieldInfo) -> float:
    more = field.json_schema_extra
    return float(str(more["step"])) if isinstance(more, dict) and "step" in more else 0.01


def _linked(
    state: State,
    name: str,
    control: widgets.Widget,
    choices: Callable[[], Mapping[str, Options]],
    observed: Observed,
) -> widgets.Widget:
    """Keep a control and its parameter in step; what the page sends is checked by the state."""
    to_control, to_state = _translation(control)
    showing = False

    def show(*_: Any) -> None:
        nonlocal showing
        showing = True
        value = getattr(state.parameters, name)
        mark, seen = observed().get(name, (None, None))
        wanted = to_control(seen if seen is not None and value == mark else value)
        if isinstance(control, widgets.Dropdown):
            options = list(choices().get(name, control.options))
            if wanted not in [value for _, value in options]:
                options.append((str(wanted), wanted))
            if options != list(control.options):
                control.options = options
        if control.value != wanted:
            control.value = wanted
        showing = False

    def ask(event: Any) -> None:
        if showing:
            return  # new options reset a dropdown for a moment; nobody chose that
        value = to_state(event["new"])
        mark, seen = observed().get(name, (None, None))
        state.change(**{name: mark if seen is not None and value == seen else value})
        show()  # a refused value gives way to the one that holds

    show()
    state.observe(show, ["parameters", "result"])
    control.observe(ask, "value")
    return control


def _translation(control: widgets.Widget) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    if isinstance(control, widgets.DatePicker):
        return (
            lambda text: date.fromisoformat(text) if text else None,
            lambda day: day.isoformat() if day else "",
        )
    return (lambda value: value), (lambda value: value)
