"""How a number is computed: its definition, the user's own numbers in it, its SQL, a line to cite."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from retention_kit import __version__
from retention_kit.data.dataset import Dataset
from retention_kit.definitions import Definition
from retention_kit.tables import escape
from retention_kit.workbook.panels import Term, terms

__all__ = ["card_html", "citation", "definition_terms"]


def definition_terms(
    card: Definition, *, yours: str = "", variants: Mapping[str, str] = MappingProxyType({})
) -> list[Term]:
    """Return a definition card as terms, with the user's own numbers put in.

    Parameters
    ----------
    card : Definition
        The card.
    yours : str
        The formula with the user's numbers; empty for none.
    variants : mapping of str to str
        The user's numbers under the variants, by their names, as far as they are known.
    """
    return [
        ("What", card.name),
        ("Formula", card.formula),
        *([("Yours", yours)] if yours else []),
        ("Unit", card.unit),
        ("Source", card.source),
        ("Caveat", card.caveat),
        *((name, f"{variants[name]}: {says}" if name in variants else says) for name, says in card.variants),
    ]


def citation(dataset: Dataset, said: str) -> str:
    """Return a line to cite: what is said, as of when, of which data, by which version."""
    data = f"{dataset.title}, data {dataset.fingerprint[:12]}"
    return f"{said}, as of {dataset.as_of}, {data}, retention_kit {__version__}."


def card_html(card: Sequence[Term], sql: str = "") -> str:
    """Return a card as HTML that opens at a click, with the statement behind the counts, if any."""
    statement = ""
    if sql:
        statement = (
            f'<div class="rk-sql"><p>The statement behind the counts:</p><pre>{escape(sql)}</pre></div>'
        )
    summary = "<summary>How is this computed?</summary>"
    return f'<details class="rk-card">{summary}{terms(card)}{statement}</details>'
