from datetime import date

import ipywidgets as widgets
import pytest

from retention_kit.notebooks import CohortParameters
from retention_kit.workbook.controls import controls, status_line
from retention_kit.workbook.state import State

FIELDS = CohortParameters.model_fields
NAMES = {field.title: name for name, field in FIELDS.items()}
DAYS = ("as_of", "cohort_from", "cohort_to")
CHANGED = {
    "dataset": "cdnow",
    "as_of": date(2024, 5, 31),
    "grain": "week",
    "clock": "elapsed",
    "cohort_by": "channel",
    "mode": "range",
    "brackets": "1-2,3-4",
    "min_orders": 3,
    "measure": "orders",
    "segment": "channel=web",
    "orders": "channel=web",
    "breakdown": "channel",
    "cohort_from": date(2024, 2, 1),
    "cohort_to": date(2024, 4, 1),
    "age_from": 1,
    "age_to": 3,
    "age": 2,
    "smallest_cohort": 10,
    "level": 0.9,
}


class Panel:
    """The controls over a state that computes nothing."""

    def __init__(self, parts, **parameters):
        self.choices = {
            "dataset": [("shop", "shop"), ("cdnow", "cdnow")],
            **{name: [("–", ""), ("channel", "channel")] for name in ("breakdown", "cohort_by")},
            **{name: [("–", ""), ("channel = web", "channel=web")] for name in ("segment", "orders")},
        }
        self.state = State(CohortParameters(dataset="shop", **parameters), lambda chosen: chosen)
        self.state.recompute()
        first = ("grain", "measure")
        self.widget = controls(self.state, choices=lambda: self.choices, days=DAYS, first=first)
        self.all = parts(self.widget)
        self.by_name = {NAMES[one.description]: one for one in self.all if one.__class__.__name__ in KINDS}

    def value(self, name):
        return getattr(self.state.parameters, name)

    def send(self, name, **state):
        """What a page does: it may set any synced trait."""
        self.by_name[name].set_state(state)


KINDS = {"Dropdown", "DatePicker", "BoundedIntText", "BoundedFloatText", "Text"}


@pytest.fixture
def panel(parts):
    return Panel(parts)


def plain(value):
    return value.isoformat() if isinstance(value, date) else value


def test_every_parameter_has_a_control_with_its_name_and_help(panel):
    assert sorted(panel.by_name) == sorted(FIELDS)
    for name, control in panel.by_name.items():
        assert control.tooltip == FIELDS[name].description


def test_controls_in_sight_are_those_asked_for_and_the_others_are_folded_away(panel):
    seen, more, rest = panel.widget.children
    *shown, buttons = seen.children
    assert [one.description for one in (*shown, *buttons.children)] == ["Period", "Measure", "Reset"]
    assert len(rest.children) == len(FIELDS) - 2
    assert rest.layout.display == "none"
    more.value = True
    assert rest.layout.display == "flex"
    more.value = False
    assert rest.layout.display == "none"


def test_parameter_left_out_has_no_control(panel, parts):
    left = controls(
        panel.state, choices=lambda: panel.choices, days=DAYS, first=("grain",), without=("as_of",)
    )
    made = {NAMES[one.description] for one in parts(left) if one.__class__.__name__ in KINDS}
    assert made == set(FIELDS) - {"as_of"}


@pytest.mark.parametrize("name", FIELDS)
def test_control_changes_the_state(panel, name):
    panel.by_name[name].value = CHANGED[name]
    assert panel.value(name) == plain(CHANGED[name])
    assert panel.state.result == panel.state.parameters
    assert panel.state.message == ""


@pytest.mark.parametrize("name", FIELDS)
def test_state_shows_in_the_control(panel, name):
    panel.state.change(**{name: plain(CHANGED[name])})
    assert panel.by_name[name].value == CHANGED[name]
    assert {other: panel.value(other) for other in FIELDS if other != name} == {
        other: getattr(CohortParameters(dataset="shop"), other) for other in FIELDS if other != name
    }


def test_choices_of_words_are_those_of_the_model(panel):
    assert [value for _, value in panel.by_name["grain"].options] == [
        "day",
        "week",
        "month",
        "quarter",
        "year",
    ]
    assert ("revenue per customer", "revenue_per_customer") in panel.by_name["measure"].options


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("age", {"max": 10**9, "value": 10**8}),
        ("age", {"min": -5, "value": -1}),
        ("min_orders", {"max": 10**9, "value": 101}),
        ("smallest_cohort", {"min": 0, "value": 0}),
        ("level", {"max": 2.0, "value": 1.5}),
    ],
)
def test_value_beyond_a_controls_limits_is_refused_in_the_kernel(panel, name, sent):
    before = panel.state.parameters
    panel.send(name, **sent)
    assert panel.state.parameters == before
    assert panel.by_name[name].value == getattr(before, name)
    assert f"{name}=" in panel.state.message


def test_choice_of_nothing_is_refused(panel):
    panel.send("grain", index=None)
    assert panel.value("grain") == "month"
    assert panel.by_name["grain"].value == "month"
    assert "grain=None is not allowed" in panel.state.message


def test_malformed_text_is_refused_and_taken_back(panel):
    panel.by_name["brackets"].value = "3-1"
    assert panel.value("brackets") == "1-3,4-6,7-12"
    assert panel.by_name["brackets"].value == "1-3,4-6,7-12"
    assert "brackets must rise" in panel.state.message


def test_name_that_is_not_among_the_choices_is_shown_all_the_same(parts):
    panel = Panel(parts, breakdown="device", age=2)
    assert panel.by_name["breakdown"].value == "device"
    panel.state.change(segment="device=phone")
    assert panel.by_name["segment"].value == "device=phone"
    assert (panel.value("segment"), panel.value("breakdown")) == ("device=phone", "device")


def test_choices_follow_the_data_and_change_nothing_by_themselves(panel):
    asked = []
    panel.state.change(breakdown="channel")
    panel.state.observe(lambda event: asked.append(event["new"].breakdown), "parameters")
    panel.choices = panel.choices | {"breakdown": [("–", ""), ("plan", "plan"), ("channel", "channel")]}
    panel.state.change(age=2)
    assert [value for _, value in panel.by_name["breakdown"].options] == ["", "plan", "channel"]
    assert panel.by_name["breakdown"].value == "channel"
    assert asked == ["channel"]


def test_cleared_day_is_no_day(panel):
    panel.by_name["as_of"].value = date(2024, 5, 31)
    panel.by_name["as_of"].value = None
    assert panel.value("as_of") == ""


def test_reset_goes_back_to_the_defaults_of_the_same_dataset(panel):
    panel.state.change(grain="week", age=3, segment="channel=web", as_of="2024-05-31", level=0.9)
    (reset,) = [one for one in panel.all if isinstance(one, widgets.Button)]
    reset.click()
    assert panel.state.parameters == CohortParameters(dataset="shop")
    assert panel.by_name["grain"].value == "month"
    assert panel.by_name["as_of"].value is None


def test_other_buttons_stand_beside_the_reset(panel, parts):
    other = widgets.Button(description="Other")
    made = controls(panel.state, choices=lambda: panel.choices, days=DAYS, first=(), beside=(other,))
    buttons = [one.description for one in parts(made) if isinstance(one, widgets.Button)]
    assert buttons == ["Reset", "Other"]


class Slow:
    """A state of which somebody says how long it takes."""

    def __init__(self, usual):
        self.state = State(CohortParameters(), lambda _: None, clock=lambda: self.now)
        self.now = 0.0
        self.state.recompute()
        self.state._compute = self.pass_time
        self.usual, self.seen = usual, []
        self.line = status_line(self.state)
        self.line.observe(lambda event: self.seen.append(event["new"]), "value")

    def pass_time(self, _):
        self.now += self.usual


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.1, "Computing …"),
        (0.6, "Computing … usually about 1 s"),
        (12.4, "Computing … usually about 12 s"),
        (200, "Computing … usually about 3 min"),
    ],
)
def test_computing_is_said_with_how_long_it_usually_takes(seconds, told):
    slow = Slow(seconds)
    slow.state.change(age=2)
    slow.state.change(age=3)
    nothing = '<div class="rk-status" role="status"></div>'
    first, *_, second, last = slow.seen
    assert first == nothing.replace("></", '><span class="rk-busy">Computing …</span></')
    assert second == nothing.replace("></", f'><span class="rk-busy">{told}</span></')
    assert last == nothing


def test_sentence_goes_before_computing_and_is_escaped():
    slow = Slow(1)
    slow.state.say("<b> is wrong.")
    slow.state.busy = True
    assert slow.line.value == '<div class="rk-status" role="status">&lt;b&gt; is wrong.</div>'


def observed_panel(parts, **parameters):
    state = State(CohortParameters(dataset="shop", **parameters), lambda chosen: chosen)
    state.recompute()
    widget = controls(
        state,
        choices=lambda: {"dataset": [("shop", "shop")]},
        days=DAYS,
        first=("min_orders",),
        observed=lambda: {"min_orders": (1, 7)},
        reset_to={"min_orders": 4},
    )
    by_name = {one.description: one for one in parts(widget) if getattr(one, "description", "")}
    return state, by_name


def test_control_shows_what_the_data_say_in_place_of_what_stands_for_it(parts):
    state, by_name = observed_panel(parts)
    control = by_name[FIELDS["min_orders"].title]
    assert control.value == 7
    control.value = 9
    assert state.parameters.min_orders == 9
    control.value = 7
    assert state.parameters.min_orders == 1


def test_reset_leads_elsewhere_where_a_default_is_an_example(parts):
    state, by_name = observed_panel(parts, grain="week", min_orders=2)
    by_name["Reset"].click()
    assert state.parameters.min_orders == 4
    assert state.parameters.grain == "month"
