"""Which currencies a source's amounts are in: by a column of codes, or by the signs beside the amounts."""

import duckdb

from retention_kit.data.conventions import currency_marks
from retention_kit.data.parsing import text_of
from retention_kit.data.reading import Relation
from retention_kit.errors import ChoiceError

__all__ = ["code_of", "currencies", "only_currency", "others"]


def code_of(column: str) -> str:
    """Return the SQL of the code in a column of currencies."""
    return f"upper({text_of(f'{column}::VARCHAR')})"


def currencies(
    connection: duckdb.DuckDBPyConnection, relation: Relation, *, currency: str, amounts: str
) -> list[str]:
    """Return the currencies of a source, the most frequent first.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Where ``relation`` lies.
    relation : Relation
        The source's rows.
    currency, amounts : str
        The source's columns of codes and of amounts; without the one the other's signs tell.
    """
    if currency:
        found = connection.execute(
            f"SELECT {code_of(relation.columns[currency])} AS code FROM {relation.plain}"
            " WHERE code IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1"
        ).fetchall()
        return [str(row[0]) for row in found]
    if relation.types.get(amounts) == "VARCHAR":
        return currency_marks(connection, relation.plain, relation.columns[amounts])
    return []


def only_currency(codes: list[str], *, what: str = "orders") -> str:
    """Return the one currency among ``codes``, or an empty text where there is none.

    Raises
    ------
    ChoiceError
        When there are several.
    """
    if len(codes) > 1:
        raise ChoiceError(
            f"The {what} are in {len(codes)} currencies, which cannot be added up.",
            key="currency",
            choices=codes[:10],
        )
    return codes[0] if codes else ""


def others(marks: list[str], currency: str) -> list[str]:
    """Return the signs among ``marks`` that cannot stand for ``currency``.

    >>> others(["EUR", "USD"], "CAD"), others(["EUR", "USD"], "EUR")
    (['EUR'], ['USD'])
    """
    # A dollar sign may be any country's dollar.
    return [mark for mark in marks if mark not in (currency, "USD" if currency.endswith("D") else currency)]
