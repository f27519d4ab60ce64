import asyncio
import logging
import re

import pytest

from retention_kit.errors import DataError, ParameterError
from retention_kit.links import Opening
from retention_kit.notebooks import CohortParameters
from retention_kit.workbook.state import _PAUSE_SECONDS, State, guarded


class Computing:
    """A computation that counts its calls, and fails for weeks and quarters."""

    def __init__(self):
        self.calls = []

    def __call__(self, parameters):
        self.calls.append(parameters.grain)
        if parameters.grain == "week":
            raise DataError("There are no weeks.", todo="Choose months.")
        if parameters.grain == "quarter":
            raise RuntimeError("secret of /srv/shop.csv")
        return f"{parameters.grain} {parameters.age}"


@pytest.fixture
def computing():
    return Computing()


@pytest.fixture
def state(computing):
    made = State(CohortParameters(), computing)
    made.recompute()
    return made


def test_result_follows_the_parameters(state, computing):
    assert state.result == "month 1"
    state.change(age=2)
    assert (state.result, state.message, state.busy) == ("month 2", "", False)
    assert computing.calls == ["month", "month"]


def test_equal_parameters_are_computed_once(state, computing):
    state.change(grain="month")
    state.change(age=1)
    state.recompute()
    assert computing.calls == ["month"]


@pytest.mark.parametrize("bad", [{"grain": "fortnight"}, {"age": "2"}, {"age": 10**9}, {"gain": "week"}])
def test_bad_value_leaves_everything_and_says_a_sentence(state, computing, bad):
    before = state.parameters
    state.change(**bad)
    assert state.result == "month 1"
    assert state.parameters == before
    assert computing.calls == ["month"]
    assert str(next(iter(bad))) in state.message


def test_refused_combination_keeps_the_last_result_and_says_why(state):
    state.change(grain="week")
    assert state.result == "month 1"
    assert state.message == "There are no weeks. Choose months."
    assert state.busy is False


def test_sentence_stays_while_what_it_is_about_stays(state):
    state.change(grain="week")
    state.change(grain="week")
    assert state.message == "There are no weeks. Choose months."


def test_going_back_clears_the_sentence_without_computing(state, computing):
    state.change(grain="week")
    state.change(grain="month")
    assert (state.result, state.message) == ("month 1", "")
    assert computing.calls == ["month", "week"]


def test_value_as_it_was_clears_the_sentence_about_a_bad_one(state):
    state.change(age=-1)
    assert state.message
    state.change(age=1)
    assert state.message == ""


def test_unknown_error_is_an_id_on_the_page_and_a_traceback_in_the_log(state, caplog):
    with caplog.at_level(logging.ERROR, logger="retention_kit"):
        state.change(grain="quarter")
    assert state.result == "month 1"
    number = re.fullmatch(
        r"Something went wrong\. Its id is ([0-9a-f]{8}); the details are in the log of the server\.",
        state.message,
    )
    assert number
    assert "secret" not in state.message
    (record,) = caplog.records
    assert record.getMessage() == f"error {number[1]}"
    assert "secret of /srv/shop.csv" in str(record.exc_info[1])
    assert "RuntimeError" in caplog.text


def test_two_unknown_errors_have_two_ids(state):
    said = []
    for _ in range(2):
        with guarded(said.append):
            raise KeyError("secret")
    assert said[0] != said[1]


def test_interruption_is_not_swallowed():
    with pytest.raises(KeyboardInterrupt), guarded(print):
        raise KeyboardInterrupt


def test_busy_is_seen_while_computing(computing):
    seen = []
    state = State(CohortParameters(), lambda _: seen.append(state.busy))
    state.recompute()
    assert seen == [True]
    assert state.busy is False


def test_changes_close_together_are_computed_once(state, computing):
    async def move():
        done = asyncio.Event()
        state.observe(lambda _: done.set(), "result")
        for age in (2, 3, 4):
            state.change(age=age)
        assert state.result == "month 1"
        await asyncio.wait_for(done.wait(), 5)

    asyncio.run(move())
    assert state.result == "month 4"
    assert computing.calls == ["month", "month"]


def test_changes_that_come_back_are_not_computed_at_all(state, computing):
    async def move():
        quiet = asyncio.Event()
        state.change(age=2)
        state.change(age=1)
        # Asked for after it and just as long: over after the state's own pause.
        asyncio.get_running_loop().call_later(_PAUSE_SECONDS, quiet.set)
        await asyncio.wait_for(quiet.wait(), 5)

    asyncio.run(move())
    assert computing.calls == ["month"]
    assert (state.result, state.message) == ("month 1", "")


def test_parameters_that_the_check_refuses_change_nothing(computing):
    def no_days(parameters):
        if parameters.grain == "day":
            raise ParameterError("Days are not counted here.")

    state = State(CohortParameters(), computing, check=no_days)
    state.recompute()
    state.change(grain="day")
    assert (state.parameters.grain, state.message) == ("month", "Days are not counted here.")
    assert computing.calls == ["month"]


def test_other_parameters_take_the_place_of_those_that_cannot_be_computed(computing):
    other = CohortParameters(grain="year")
    state = State(CohortParameters(), computing, otherwise=lambda _: (other, "Years instead."))
    state.recompute()
    state.change(grain="week")
    assert (state.parameters, state.result, state.message) == (other, "year 1", "Years instead.")
    assert computing.calls == ["month", "week", "year"]


def test_shown_are_the_parameters_of_the_result(state):
    seen = []
    state.observe(lambda event: seen.append((event["new"].grain, state.result)), "shown")
    assert state.shown == CohortParameters()
    state.change(grain="week")
    assert (state.parameters.grain, state.shown.grain) == ("week", "month")
    state.change(grain="year")
    assert seen == [("year", "year 1")]


MONTHS, WEEKS, YEARS = (CohortParameters(grain=grain) for grain in ("month", "week", "year"))


def test_opening_is_shown_with_what_was_said(state):
    state.open(Opening(YEARS, ("One.", "Two.")))
    assert (state.parameters, state.result, state.message) == (YEARS, "year 1", "One. Two.")


def test_opening_that_cannot_be_computed_gives_way_to_the_first_that_can(computing):
    state = State(WEEKS, computing)
    state.open(Opening(WEEKS, ("One.",), (WEEKS, YEARS, MONTHS)))
    assert (state.parameters, state.shown, state.result) == (YEARS, YEARS, "year 1")
    assert state.message == "One. There are no weeks. Choose months."
    assert "month" not in computing.calls


def test_opening_of_which_nothing_can_be_computed_leaves_what_is_shown(state):
    state.open(Opening(WEEKS, (), (CohortParameters(grain="week", age=2),)))
    assert (state.parameters, state.result) == (MONTHS, "month 1")
    assert state.message == "There are no weeks. Choose months."


def test_opening_of_which_nothing_can_be_computed_shows_nothing_at_first(computing):
    state = State(MONTHS, computing)
    state.open(Opening(WEEKS))
    assert (state.parameters, state.shown, state.result) == (WEEKS, None, None)


def test_usual_time_is_the_median_of_the_slow_computations_after_the_first():
    now = 0.0

    def compute(parameters):
        nonlocal now
        now += parameters.age / 10
        if parameters.grain == "week":
            raise DataError("There are no weeks.")

    state = State(CohortParameters(age=900), compute, clock=lambda: now)
    state.recompute()
    state.change(age=4)
    assert state.usual_seconds is None
    state.change(age=5)
    assert state.usual_seconds == pytest.approx(0.5)
    state.change(age=70)
    state.change(age=20)
    state.change(age=80, grain="week")
    assert state.usual_seconds == pytest.approx(2)
    for age in range(100, 120):
        state.change(age=age, grain="month")
    assert state.usual_seconds == pytest.approx(10.95)


@pytest.mark.parametrize(
    ("where", "told"), [("app", "2 rows are bad."), ("notebook", "2 rows (first: 'x').")]
)
def test_rows_of_the_data_are_told_in_the_notebook_only(monkeypatch, where, told):
    monkeypatch.setenv("RETENTION_SURFACE", where)
    said = []
    with guarded(said.append):
        raise DataError("2 rows (first: 'x').", public="2 rows are bad.")
    assert said == [told]
