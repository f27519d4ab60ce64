"""Links: a view as the query of an address, and an address as what to show.

The kernel and the server that shows a picture ahead of it read the same address here, and so come to
the same view.
"""

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

from pydantic import BaseModel

from retention_kit.errors import ParameterError, did_you_mean, listing
from retention_kit.params import ViewParameters, echoed, typed, validate

__all__ = ["LINK_VERSION", "LONGEST", "Opening", "given_by", "link", "opened", "require_own_day"]

ModelT = TypeVar("ModelT", bound=ViewParameters)

LINK_VERSION = 1  # raised when a parameter's name or the meaning of its value changes
LONGEST = 16_000  # characters of a query that is read
_FAULTS_SAID = 5
_NAME = 40  # characters of a name that is repeated


@dataclass(frozen=True)
class Opening(Generic[ModelT]):
    """What to show first.

    Parameters
    ----------
    parameters : ViewParameters
        The parameters that were asked for, as far as they are allowed.
    said : tuple of str
        Sentences about what was not; they hold text from outside, for renderers to escape.
    otherwise : tuple of ViewParameters
        What to show where those parameters cannot be computed: the first that can.
    """

    parameters: ModelT
    said: tuple[str, ...] = ()
    otherwise: tuple[ModelT, ...] = ()


def link(parameters: BaseModel) -> str:
    """Return a view as the query of an address, in which only what differs from the defaults stands.

    >>> from retention_kit.notebooks import CohortParameters
    >>> link(CohortParameters(grain="week", segment="channel=web"))
    'v=1&dataset=cdnow&grain=week&segment=channel%3Dweb'
    """
    pairs = [("v", str(LINK_VERSION))]
    for name, field in type(parameters).model_fields.items():
        value = getattr(parameters, name)
        if name == "dataset" or value != field.default:
            pairs.append((name, str(value).lower() if isinstance(value, bool) else str(value)))
    # Half a surrogate pair has no bytes; no data hold one.
    return urlencode(pairs, quote_via=quote, safe="", errors="replace")


def opened(
    model: type[ModelT],
    given: Mapping[str, Any],
    query: str,
    *,
    names: Sequence[str],
    own_day: bool = True,
) -> Opening[ModelT]:
    """Return what a notebook shows first at an address.

    A link that carries a version is complete: what it leaves out has its default. A query typed by hand
    changes the notebook's own parameters. Each assignment is read on its own: a bad one is said and
    left out, the others hold.

    Parameters
    ----------
    model : type
        The notebook's parameters.
    given : mapping
        Values of the notebook's ``parameters`` cell.
    query : str
        The address behind its question mark, without the token; it may be empty.
    names : sequence of str
        Names of the datasets there are, the one to show first in front; empty: any may be named.
    own_day : bool
        Whether the as-of date must remain the notebook's, as in an app.
    """
    said: list[str] = []
    own = _own(model, given, names, said)
    asked = _asked(query, said)
    parameters = own
    if asked.pop("v", ""):
        parameters = validate(model, {"dataset": own.dataset})
    unknown: list[str] = []
    for name, text in asked.items():
        if name not in model.model_fields:
            unknown.append(name)
            continue
        try:
            wanted = validate(model, {**parameters.model_dump(), name: typed(model, name, text)})
            if name == "dataset" and names and text not in (*names, own.dataset):
                raise _unknown_dataset(text, names)
            if name == "as_of" and own_day:
                require_own_day(text, own.as_of)
            parameters = wanted
        except ParameterError as error:
            said.append(error.public)
    said += _unknown_names(unknown, model)
    # Of a dataset that opens, the defaults; of one that does not, what the notebook says.
    defaults = validate(model, {"dataset": parameters.dataset})
    otherwise = tuple(one for one in dict.fromkeys((defaults, own)) if one != parameters)
    return Opening(parameters, tuple(said), otherwise)


def require_own_day(wanted: str, own: str) -> None:
    """Refuse an as-of date other than the dataset's or the notebook's own.

    Each other day is a dataset of its own in the cache, and any viewer could fill it.
    """
    if wanted not in ("", own):
        raise ParameterError("The as-of date of an app is its dataset's.")


def given_by(source: str, model: type[BaseModel]) -> dict[str, Any]:
    """Return the parameters that a notebook's ``parameters`` cell sets to literals.

    >>> from retention_kit.notebooks import CohortParameters
    >>> given_by("grain = 'week'  # length of a period", CohortParameters)
    {'grain': 'week'}
    """
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return {}
    values: dict[str, Any] = {}
    for statement in body:
        targets: Iterable[ast.expr] = ()
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets = (statement.target,)
        for target in targets:
            if isinstance(target, ast.Name) and target.id in model.model_fields:
                try:
                    values[target.id] = ast.literal_eval(statement.value)  # type: ignore[attr-defined]
                except ValueError:
                    values.pop(target.id, None)
    return values


def _own(model: type[ModelT], given: Mapping[str, Any], names: Sequence[str], said: list[str]) -> ModelT:
    """The notebook's parameters; where they are not allowed, the defaults."""
    default = model.model_fields["dataset"].default
    first = default
    if names and default not in names and given.get("dataset", default) == default:
        # Who started the server said which data to look at, and the notebook names no other.
        first = names[0]
        given = {**given, "dataset": first}
    try:
        return validate(model, {name: value for name, value in given.items() if name in model.model_fields})
    except ParameterError as error:
        said.append(error.public)
        return validate(model, {"dataset": first})


def _asked(query: str, said: list[str]) -> dict[str, str]:
    """The assignments of an address, each name once."""
    if len(query) > LONGEST:
        said.append(f"The address is longer than {LONGEST} characters; it was not read.")
        return {}
    asked: dict[str, str] = {}
    twice: dict[str, None] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        if name in asked:
            twice[name] = None
        else:
            asked[name] = text
    version = asked.get("v")
    if version is not None and not _known(version):
        said.append("This link was made by another version of the workbook; what is understood is shown.")
    if twice:
        named = listing(name[:_NAME] for name in twice)
        said.append(f"The address sets {named} twice; the first holds.")
    return asked


def _known(version: str) -> bool:
    return bool(re.fullmatch("[0-9]{1,6}", version)) and 1 <= int(version) <= LINK_VERSION


def _unknown_names(names: Sequence[str], model: type[BaseModel]) -> list[str]:
    told = [
        f"Unknown parameter {echoed(name)}. {did_you_mean(name, model.model_fields)}".strip()
        for name in names[:_FAULTS_SAID]
    ]
    more = len(names) - len(told)
    return [*told, f"{more} more parts of the address mean nothing here."] if more else told


def _unknown_dataset(name: str, names: Sequence[str]) -> ParameterError:
    hint = did_you_mean(name, names)
    return ParameterError(
        f"There is no dataset of that name here. {hint}".strip(), todo=f"Choose from: {listing(names)}."
    )
