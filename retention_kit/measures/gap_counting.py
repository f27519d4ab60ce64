"""Counts behind cadence and churn curves: which customers are selected, and how they are grouped."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc

from retention_kit.data.dataset import Dataset
from retention_kit.data.engine import literal
from retention_kit.data.gap_statements import gap_counts, gap_customers, gaps, silences, starts
from retention_kit.data.ledger import open_ledger
from retention_kit.data.spell_statements import tenures
from retention_kit.data.statements import segment
from retention_kit.errors import DataError
from retention_kit.measures.counting import key
from retention_kit.measures.movement_counting import Basis, Movers, movers
from retention_kit.measures.selecting import require_few

__all__ = ["Basis", "Counted", "Selected", "attributes_of", "require_some", "selected"]


@dataclass(frozen=True, eq=False)
class Counted:
    """The rows of a statement, the names of their groups, what to tell about them, and its SQL."""

    rows: pa.Table
    groups: tuple[str, ...]
    notes: tuple[str, ...]
    sql: str

    def of(self, group: str) -> pa.Table:
        """Return the rows of one group."""
        return self.rows.filter(pc.equal(self.rows["grp"], group))


@dataclass(frozen=True, eq=False)
class Selected:
    """Customers who are followed, and the views that hold what is counted of them.

    Views keep only the attributes apart that are asked for: those of all attributes would be as long as
    the orders.
    """

    movers: Movers

    @property
    def named(self) -> tuple[str, ...]:
        """Attributes that are asked for."""
        wanted = self.movers.wanted
        return tuple(sorted({name for name in (self.movers.breakdown, wanted[0] if wanted else "") if name}))

    def gap_counts(self) -> str:
        """Declare the view of gaps per bucket and length, and return its name."""
        statement = gap_counts(gaps=self._gaps(), customers=self._customers(), segments=self.named)
        return self.movers.ledger.declare(f"gap_counts{self._suffix}", statement)

    def silences(self) -> str:
        """Declare the view of each customer's longest silences so far, and return its name."""
        statement = silences(gaps=self._gaps(), customers=self._customers())
        return self.movers.ledger.declare("longest_silences", statement)

    def starts(self) -> str:
        """Declare the view of customers by their first day, and return its name."""
        as_of = self.movers.dataset.as_of
        statement = starts(customers=self._customers(), as_of=as_of, segments=self.named)
        return self.movers.ledger.declare(f"starts{self._suffix}", statement)

    def tenures(self, grace_days: int) -> str:
        """Declare the view of first spells of subscriptions, and return its name."""
        statement = tenures(grace_days=grace_days, people=self.movers.people, segments=self.named)
        return self.movers.ledger.declare(f"tenures_{grace_days}{self._suffix}", statement)

    def counted(self, statement: Callable[[str, str], str], *views: str) -> Counted:
        """Run a statement over views.

        Parameters
        ----------
        statement : callable
            Takes the SQL of the group's name, and of the condition with its ``WHERE``; returns SQL.
        *views : str
            The views that it reads.
        """
        wanted, breakdown = self.movers.wanted, self.movers.breakdown

        def sql(value: str) -> str:
            return statement(key(breakdown), f"WHERE {key(wanted[0])} = {value}" if wanted else "")

        asked = sql("?")
        values = [wanted[1]] * asked.count(f"{key(wanted[0])} = ?") if wanted else []
        rows = self.movers.ledger.query(asked, values)
        groups = tuple(sorted(rows["grp"].unique().to_pylist())) if "grp" in rows.column_names else ()
        require_few(breakdown, len(groups))
        told = sql(literal(wanted[1]) if wanted else "")
        return Counted(rows, groups, self.movers.notes, f"{self.movers.ledger.script(views)}\n{told}")

    def _gaps(self) -> str:
        statement = gaps(orders="orders", as_of=self.movers.dataset.as_of)
        return self.movers.ledger.declare("gaps", statement)

    def _customers(self) -> str:
        return self.movers.ledger.declare("gap_customers", gap_customers(gaps=self._gaps()))

    @property
    def _suffix(self) -> str:
        return f"_by_{sha256(repr(self.named).encode()).hexdigest()[:12]}" if self.named else ""


def selected(dataset: Dataset, *, basis: Basis, breakdown: str, segment: str, why: str) -> Selected:
    """Select the customers to follow, as `movers` does."""
    return Selected(movers(dataset, basis=basis, segment=segment, breakdown=breakdown, why=why))


def attributes_of(dataset: Dataset, *, most: int) -> dict[str, list[str]]:
    """Return what customers can be told apart by on either basis, each with its most frequent values."""
    found: dict[str, list[str]] = {}
    if dataset.has("orders"):
        ledger = open_ledger(dataset)
        found = {name: ledger.segment_values(name, limit=most) for name in ledger.segments}
    if dataset.has("subscriptions"):
        for name in dataset.config.subscription_segments:
            if name not in found:
                found[name] = _values(movers(dataset, basis="subscriptions", breakdown=name), most)
    return found


def _values(chosen: Movers, most: int) -> list[str]:
    column = segment(chosen.breakdown)
    rows = chosen.ledger.query(
        f"SELECT CAST({column} AS VARCHAR) AS value, count(*) AS n FROM {chosen.people} "
        f"WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY n DESC, value LIMIT {most}"
    )
    values: list[str] = rows["value"].to_pylist()
    return values


def require_some(found: Counted) -> None:
    """Refuse a selection in which nobody is left."""
    if not found.rows.num_rows:
        raise DataError("No customer is left with this selection.", todo="Widen segment.")
