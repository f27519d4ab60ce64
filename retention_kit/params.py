"""One parameter model per notebook.

The notebook's ``parameters`` cell, the widgets' ranges, papermill and command-line values and the
README's table are all made from these models, and every value from outside is checked by them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticUndefined

from retention_kit.errors import ParameterError, did_you_mean

__all__ = [
    "NOTEBOOKS",
    "CohortParameters",
    "Notebook",
    "ViewParameters",
    "assignments",
    "notebook",
    "typed",
    "validate",
]

ModelT = TypeVar("ModelT", bound=BaseModel)
Grain = Literal["day", "week", "month", "quarter", "year"]
Clock = Literal["calendar", "elapsed"]
Mode = Literal["bounded", "unbounded", "range", "streak"]
Measure = Literal["customers", "orders", "revenue", "margin", "revenue_per_customer", "cumulative_value"]


MAX_AGE = 10_000  # periods; no calendar of days reaches further
_ECHOED = 60  # characters of a refused value


def _iso_date(text: str) -> str:
    if not text:
        return text
    # Python reads 19970101 and 1997-W01-1 as well, which other readers of the text do not.
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError("write the day as YYYY-MM-DD")
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError("there is no such day") from None
    return text


def _condition(text: str) -> str:
    if text and ("=" not in text or not all(part.strip() for part in text.split("=", 1))):
        raise ValueError("write it as attribute=value, for example channel=web")
    return text


def brackets(text: str) -> tuple[tuple[int, int], ...]:
    """Read ``"1-3,4-6"`` as ``((1, 3), (4, 6))``: inclusive, rising ages that do not overlap.

    >>> brackets("1-3,4-6")
    ((1, 3), (4, 6))
    """
    pairs: list[tuple[int, int]] = []
    for part in text.split(","):
        ends = [end.strip() for end in part.split("-")]
        if len(ends) > 2 or not all(re.fullmatch("[0-9]{1,5}", end) for end in ends):
            raise ValueError("write the brackets as ages, for example 1-3,4-6,7-12")
        low, high = int(ends[0]), int(ends[-1])
        if high > MAX_AGE:
            raise ValueError(f"ages go up to {MAX_AGE}")
        if high < low or (pairs and low <= pairs[-1][1]):
            raise ValueError("brackets must rise and not overlap, for example 1-3,4-6,7-12")
        pairs.append((low, high))
    return tuple(pairs)


def _brackets(text: str) -> str:
    brackets(text)
    return text


def condition(text: str) -> tuple[str, str] | None:
    """Read ``"channel=web"`` as ``("channel", "web")``; an empty text is no condition.

    >>> condition("channel = web")
    ('channel', 'web')
    """
    attribute, equals, value = text.partition("=")
    return (attribute.strip(), value.strip()) if equals else None


IsoDate = Annotated[str, AfterValidator(_iso_date)]
Condition = Annotated[str, AfterValidator(_condition)]
Brackets = Annotated[str, AfterValidator(_brackets)]


class ViewParameters(BaseModel):
    """What the parameters of every notebook begin with."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    dataset: str = Field(
        "cdnow", title="Dataset", description="sample, registered name, or path of a dataset file"
    )
    as_of: IsoDate = Field(
        "", title="As of", description="last day counted, YYYY-MM-DD; empty: as the dataset says"
    )


class CohortParameters(ViewParameters):
    """Parameters of the cohort notebook."""

    grain: Grain = Field("month", title="Period", description="length of a period")
    clock: Clock = Field(
        "calendar", title="Clock", description="count ages in calendar periods or from the first order"
    )
    cohort_by: str = Field(
        "", title="Cohorts by", description="attribute that forms the cohorts; empty: period of first order"
    )
    mode: Mode = Field("bounded", title="Retained means", description="what counts as retained at an age")
    brackets: Brackets = Field(
        "1-3,4-6,7-12", title="Brackets", description="ages per bracket, for mode range"
    )
    min_orders: int = Field(
        1,
        ge=1,
        le=100,
        title="Orders to be active",
        description="orders in a period that make a customer active",
    )
    measure: Measure = Field("customers", title="Measure", description="what the cells hold")
    segment: Condition = Field(
        "",
        title="Customers with",
        description="attribute and value that customers have at their first order, joined by an equals sign",
    )
    orders: Condition = Field(
        "",
        title="Orders with",
        description="attribute and value of the orders that count, likewise; redefines the first order",
    )
    breakdown: str = Field("", title="Compare by", description="attribute whose values are compared")
    cohort_from: IsoDate = Field(
        "", title="Cohorts from", description="first cohort starts on or after, YYYY-MM-DD"
    )
    cohort_to: IsoDate = Field(
        "", title="Cohorts to", description="last cohort starts on or before, YYYY-MM-DD"
    )
    age_from: int = Field(0, ge=0, le=MAX_AGE, title="Ages from", description="first age shown, in periods")
    age_to: int = Field(
        0, ge=0, le=MAX_AGE, title="Ages to", description="last age shown, in periods; 0: all"
    )
    age: int = Field(
        1, ge=0, le=MAX_AGE, title="Age followed", description="age followed over the cohorts, in periods"
    )
    smallest_cohort: int = Field(
        1,
        ge=1,
        le=1_000_000,
        title="Smallest cohort",
        description="smaller cohorts are left out, in customers",
    )
    level: float = Field(
        0.95, ge=0.5, le=0.999, title="Interval level", description="confidence level of the intervals"
    )


@dataclass(frozen=True)
class Notebook:
    """A notebook of the workbook: its file, its parameters, and the question it answers.

    The controls of the parameters ``in_sight`` are shown at once, those of the others on request.
    """

    name: str
    file: str
    title: str
    question: str
    parameters: type[ViewParameters]
    in_sight: tuple[str, ...]


NOTEBOOKS: Mapping[str, Notebook] = MappingProxyType(
    {
        "cohorts": Notebook(
            name="cohorts",
            file="01_cohorts.ipynb",
            title="Cohorts",
            question="Who comes back, and is it getting better?",
            parameters=CohortParameters,
            in_sight=("grain", "measure", "mode", "breakdown", "segment", "age"),
        ),
    }
)


def notebook(name: str) -> Notebook:
    """Return the notebook called ``name``.

    Raises
    ------
    ParameterError
        When there is none; the message lists those there are.
    """
    if name not in NOTEBOOKS:
        raise ParameterError(
            f"There is no notebook {echoed(name)}. {did_you_mean(name, NOTEBOOKS)}".strip(),
            todo=f"Choose from: {', '.join(NOTEBOOKS)}.",
        )
    return NOTEBOOKS[name]


def assignments(model: type[BaseModel], texts: Iterable[str]) -> dict[str, Any]:
    """Read command-line texts such as ``grain=week`` as typed values of ``model``'s fields.

    Only the type is read here, from the field's default; `validate` checks the value.

    Raises
    ------
    ParameterError
        When a text is no assignment, or a number cannot be read.
    """
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ParameterError(f"{echoed(text)} sets nothing.", todo="Write it as name=value.")
        if name in values:
            raise ParameterError(f"Parameter {echoed(name)} is set twice.", todo="Set it once.")
        values[name] = typed(model, name, value)
    return values


def typed(model: type[BaseModel], name: str, text: str) -> Any:
    """Return a text as the type of the parameter's default; one that cannot be read remains a text.

    >>> typed(CohortParameters, "age", "3")
    3
    """
    kind = type(model.model_fields[name].default) if name in model.model_fields else str
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    try:
        return kind(text)
    except ValueError:
        return text


def echoed(value: object) -> str:
    """Return a value from outside as a sentence repeats it: quoted, and no longer than a line.

    >>> echoed("week")
    "'week'"
    """
    text = repr(value)
    return text if len(text) <= _ECHOED else f"{text[: _ECHOED - 2]}…{text[-1]}"


def validate(model: type[ModelT], values: Mapping[str, Any]) -> ModelT:
    """Return ``model`` filled with ``values``; unknown names and bad values are refused.

    Raises
    ------
    ParameterError
        Naming each bad parameter, what was got and what is allowed.
    """
    for name in values:
        if name not in model.model_fields:
            raise ParameterError(
                f"Unknown parameter {echoed(name)}. {did_you_mean(name, model.model_fields)}".strip(),
                todo=f"Known parameters: {', '.join(model.model_fields)}.",
            )
    try:
        return model(**values)
    except ValidationError as error:
        raise ParameterError("; ".join(_fault(model, one) for one in error.errors()) + ".") from None


def _fault(model: type[BaseModel], found: Mapping[str, Any]) -> str:
    name = str(found["loc"][0])
    why = f" ({found['ctx']['error']})" if "error" in found.get("ctx", {}) else ""
    return f"{name}={echoed(found['input'])} is not allowed: {allowed(model, name)}{why}"


def allowed(model: type[BaseModel], name: str) -> str:
    """Return the values a parameter takes, in words."""
    field = model.model_fields[name]
    choices = get_args(field.annotation)
    if choices and field.annotation is not None and isinstance(field.default, str):
        return "one of " + ", ".join(map(str, choices))
    if isinstance(field.default, str):
        return "text"
    kind = "a whole number" if isinstance(field.default, int) else "a number"
    limits = {
        key: getattr(meta, key) for meta in field.metadata for key in ("ge", "le") if hasattr(meta, key)
    }
    return f"{kind} from {limits['ge']} to {limits['le']}" if len(limits) == 2 else kind


def parameters_cell(model: type[BaseModel]) -> str:
    """Return the source of a notebook's ``parameters`` cell: one literal a line, each with its help."""
    lines = []
    for name, field in model.model_fields.items():
        if field.default is PydanticUndefined:
            raise ParameterError(f"Parameter {name!r} has no default.")
        choices = get_args(field.annotation)
        listed = f" ({', '.join(map(str, choices))})" if choices and isinstance(field.default, str) else ""
        lines.append(f"{name} = {field.default!r}  # {field.description}{listed}".replace("'", '"'))
    return "\n".join(lines)


def parameters_table(model: type[BaseModel]) -> str:
    """Return the parameters as a Markdown table: name, default, allowed values, meaning."""
    rows = ["| parameter | default | allowed | meaning |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        default = f"`{field.default}`" if field.default != "" else "empty"
        rows.append(f"| `{name}` | {default} | {allowed(model, name)} | {field.description} |")
    return "\n".join(rows)
