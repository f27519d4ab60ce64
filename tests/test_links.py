"""A link holds a view exactly, and any address at all opens as something."""

from urllib.parse import parse_qsl, quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from retention_kit.errors import ParameterError
from retention_kit.links import LINK_VERSION, LONGEST, Opening, given_by, link, opened, require_own_day
from retention_kit.notebooks import NOTEBOOKS, CohortParameters
from retention_kit.params import ViewParameters, parameters_cell

NAMES = ("shop", "other")
SHOP = CohortParameters(dataset="shop")
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(
    ["&=#%+;?", "a b", "%41", "v=1&grain=day", "<script>", "été €", "\U0001f6d2", "\x00\r\n", "\"'"]
)
condition = (
    st.tuples(text, text)
    .map("=".join)
    .filter(lambda joined: all(part.strip() for part in joined.split("=", 1)))
)
day = st.just("") | st.dates().map(str)
cohorts = st.builds(
    CohortParameters,
    dataset=text,
    as_of=day,
    grain=st.sampled_from(["day", "week", "month", "quarter", "year"]),
    clock=st.sampled_from(["calendar", "elapsed"]),
    cohort_by=text,
    brackets=st.sampled_from(["1-3,4-6,7-12", "0, 5 - 9"]),
    min_orders=st.integers(1, 100),
    segment=st.just("") | condition,
    breakdown=text,
    cohort_from=day,
    age=st.integers(0, 10_000),
    level=st.floats(0.5, 0.999),
)


class Others(ViewParameters):
    """Parameters of every kind that a notebook may have."""

    horizon: int = Field(12, ge=-5, le=60)
    discount: float = Field(0.1, ge=-1e300, le=1e300)
    smooth: bool = Field(True)
    label: str = Field("all")


others = st.builds(
    Others,
    dataset=text,
    horizon=st.integers(-5, 60),
    discount=st.floats(-1e300, 1e300),
    smooth=st.booleans(),
    label=text,
)


def at(query, *, given=(), names=NAMES, model=CohortParameters, **options):
    return opened(model, dict(given), query, names=names, **options)


@given(cohorts | others)
def test_link_brings_back_every_view_exactly(view):
    for given_there in ({}, {"grain": "year", "horizon": 7, "as_of": "2024-05-31", "age": 3}):
        opening = at(link(view), given=given_there, names=(), model=type(view), own_day=False)
        assert opening.parameters == view
        assert opening.said == ()


@given(cohorts)
def test_link_of_an_app_brings_back_what_the_app_showed(view):
    shown = view.model_copy(update={"dataset": "other", "as_of": ""})
    assert at(link(shown)).parameters == shown


@given(cohorts)
def test_link_is_plain_text_of_an_address(view):
    made = link(view)
    assert made.isascii()
    assert not set(made) & set("#?\"'<> +\\")
    assert quote(made, safe="%=&") == made  # nothing is left for a browser to encode


@given(cohorts)
def test_link_survives_being_taken_apart_and_joined_by_a_server(view):
    joined = urlencode(parse_qsl(link(view), keep_blank_values=True))
    assert at(joined, names=(), own_day=False).parameters == view


def test_link_holds_its_version_the_dataset_and_what_is_not_as_usual_in_a_fixed_order():
    view = CohortParameters(age=2, grain="week", dataset="cdnow", level=0.9)
    assert link(view) == f"v={LINK_VERSION}&dataset=cdnow&grain=week&age=2&level=0.9"
    assert link(CohortParameters()) == f"v={LINK_VERSION}&dataset=cdnow"


def test_text_that_no_address_can_hold_makes_a_link_all_the_same():
    assert link(CohortParameters(dataset="\ud800")).endswith("dataset=%3F")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_parameter_has_a_name_that_addresses_use(name):
    assert not {"v", "token", "reset"} & set(NOTEBOOKS[name].parameters.model_fields)


@given(st.text(max_size=300) | st.text("v=&%+dataset grain<>", max_size=300), st.sampled_from([NAMES, ()]))
def test_any_address_opens_with_allowed_parameters_and_short_sentences(query, names):
    opening = at(query, names=names)
    assert isinstance(opening.parameters, CohortParameters)
    if names:
        assert opening.parameters.dataset in names
    assert all(len(sentence) < 400 for sentence in opening.said)


def test_nothing_asked_is_what_the_notebook_says():
    assert at("", given={"grain": "week"}) == Opening(
        CohortParameters(dataset="shop", grain="week"), (), (SHOP,)
    )


def test_query_typed_by_hand_changes_the_notebooks_own_parameters():
    opening = at("age=2", given={"grain": "week"})
    assert opening.parameters == CohortParameters(dataset="shop", grain="week", age=2)


def test_link_is_complete_whatever_the_notebook_says():
    opening = at("v=1&dataset=other&age=2", given={"grain": "week", "dataset": "shop"})
    assert opening.parameters == CohortParameters(dataset="other", age=2)


def test_link_without_a_dataset_shows_the_notebooks():
    assert at("v=1&age=2", given={"dataset": "other"}).parameters == CohortParameters(dataset="other", age=2)


def test_each_bad_value_is_said_and_the_others_hold():
    opening = at("grain=fortnight&age=2&gain=week&level=x&mode=")
    assert opening.parameters == CohortParameters(dataset="shop", age=2)
    assert opening.said == (
        "grain='fortnight' is not allowed: one of day, week, month, quarter, year.",
        "level='x' is not allowed: a number from 0.5 to 0.999.",
        "mode='' is not allowed: one of bounded, unbounded, range, streak.",
        "Unknown parameter 'gain'. Did you mean 'grain'?",
    )


def test_unknown_dataset_is_said_with_those_there_are_and_the_rest_holds():
    opening = at("dataset=shp&grain=week")
    assert opening.parameters == CohortParameters(dataset="shop", grain="week")
    (said,) = opening.said
    assert said == (
        "There is no dataset of that name here. Did you mean 'shop'? Choose from: 'shop', 'other'."
    )


@pytest.mark.parametrize("path", ["/etc/passwd", "../shop.toml", "shop.csv", "\\\\host\\share", ""])
def test_address_names_a_dataset_and_never_a_path(path):
    opening = at(f"dataset={quote(path)}")
    assert opening.parameters == SHOP
    assert path == "" or path not in opening.said[0]


@pytest.mark.parametrize("version", ["2", "99999999999", "0", "-1", "1.0", "one", "\u0661"])
def test_link_of_another_version_is_understood_as_far_as_it_can_be(version):
    opening = at(f"v={quote(version)}&dataset=other&grain=week&shape=round")
    assert opening.parameters == CohortParameters(dataset="other", grain="week")
    assert opening.said[0] == (
        "This link was made by another version of the workbook; what is understood is shown."
    )


def test_first_of_two_assignments_holds():
    opening = at("grain=week&age=2&grain=day&age=3&grain=year&v=1&v=2")
    assert opening.parameters == CohortParameters(dataset="shop", grain="week", age=2)
    assert opening.said == ("The address sets 'grain', 'age', 'v' twice; the first holds.",)


def test_address_that_is_too_long_is_not_read():
    opening = at("grain=week&x=" + "y" * LONGEST)
    assert opening.parameters == SHOP
    assert opening.said == (f"The address is longer than {LONGEST} characters; it was not read.",)


def test_many_faults_are_summed_up():
    query = "&".join(f"p{number}=1&p{number}=2" for number in range(500))
    twice, *told, more = at(query).said
    assert [said.split(".")[0] for said in told] == [f"Unknown parameter 'p{number}'" for number in range(5)]
    assert more == "495 more parts of the address mean nothing here."
    assert twice.endswith("'p4' and 495 more twice; the first holds.")


def test_long_values_and_names_are_shortened():
    for query in (f"grain={'x' * 9000}", f"{'x' * 9000}=1", f"as_of={'9' * 9000}", f"age={'9' * 9000}"):
        (said,) = at(query).said
        assert "…" in said
        assert len(said) < 200


def test_as_of_date_of_an_app_is_its_notebooks():
    said = ("The as-of date of an app is its dataset's.",)
    assert at("as_of=2024-05-31&grain=week") == Opening(
        CohortParameters(dataset="shop", grain="week"), said, (SHOP,)
    )
    of_notebook = {"as_of": "2024-05-31"}
    assert at("as_of=2024-04-30", given=of_notebook).said == said
    assert at("as_of=2024-05-31", given=of_notebook).said == ()
    assert at("as_of=", given=of_notebook).parameters.as_of == ""
    assert at("as_of=2024-05-31", own_day=False).parameters.as_of == "2024-05-31"
    require_own_day("", "2024-05-31")
    with pytest.raises(ParameterError, match="as-of date"):
        require_own_day("2024-05-30", "2024-05-31")


def test_first_registered_dataset_takes_the_place_of_one_the_notebook_does_not_name():
    assert at("").parameters.dataset == "shop"
    assert at("", given={"dataset": "cdnow"}).parameters.dataset == "shop"
    assert at("", given={"dataset": "other"}).parameters.dataset == "other"
    assert at("", names=("shop", "cdnow")).parameters.dataset == "cdnow"
    assert at("", names=()).parameters.dataset == "cdnow"


def test_bad_parameter_of_the_notebook_is_said_above_the_defaults():
    opening = at("age=2", given={"grain": "fortnight", "level": 0.9, "view": object()})
    assert opening.parameters == CohortParameters(dataset="shop", age=2)
    assert opening.said == ("grain='fortnight' is not allowed: one of day, week, month, quarter, year.",)


def test_what_cannot_be_computed_gives_way_to_the_defaults_and_then_to_the_notebook():
    opening = at("dataset=other&breakdown=colour", given={"grain": "week"})
    assert opening.otherwise == (
        CohortParameters(dataset="other"), CohortParameters(dataset="shop", grain="week"),
    )  # fmt: skip
    assert at("").otherwise == ()
    assert at("age=2").otherwise == (SHOP,)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_values_of_a_parameters_cell_are_read_without_running_it(name):
    model = NOTEBOOKS[name].parameters
    assert given_by(parameters_cell(model), model) == model().model_dump()


@pytest.mark.parametrize(
    ("source", "values"),
    [
        ('grain = "week"\nage: int = 2\nlevel = -1.5', {"grain": "week", "age": 2, "level": -1.5}),
        ('grain = clock = "week"', {"grain": "week", "clock": "week"}),
        ('age = 1\nage = 3', {"age": 3}),
        ("import os\nother = 1\nage: int\nage += 1\n(age, level) = 1, 2\nprint(age)", {}),
        ('age = 1\nage = int("2")', {}),
        ("%matplotlib inline\nage = 2", {}),
        ("age = (", {}),
        ("age = 1\x00", {}),
        ("", {}),
    ],
)  # fmt: skip
def test_only_literals_are_taken_from_a_cell(source, values):
    assert given_by(source, CohortParameters) == values
