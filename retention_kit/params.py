"""Parameters of notebooks: how they are declared, read, checked and listed.

A notebook's ``parameters`` cell, the widgets' ranges, papermill and command-line values and the
README's table are all made from its model, and every value from outside is checked by it.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticUndefined

from retention_kit.errors import ParameterError, did_you_mean

__all__ = [
    "ViewParameters",
    "assignments",
    "typed",
    "validate",
]

ModelT = TypeVar("ModelT", bound=BaseModel)
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

    >>> from retention_kit.notebooks import CohortParameters
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
