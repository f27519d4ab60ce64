"""Which customers' purchases are counted, up to when, and the view of their purchase days."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from retention_kit.data.dataset import Dataset
from retention_kit.data.engine import literal
from retention_kit.data.purchase_statements import histories, purchase_days
from retention_kit.errors import ParameterError
from retention_kit.measures.counting import key
from retention_kit.measures.movement_counting import Movers, movers
from retention_kit.measures.purchase_rows import UNIT_DAYS, Unit

__all__ = ["PurchaseSelection"]


@dataclass(frozen=True, eq=False)
class PurchaseSelection:
    """A selection of customers, and the view of their purchase days."""

    chosen: Movers
    until: date
    unit: Unit
    days: str

    @classmethod
    def of(
        cls, dataset: Dataset, segment: str, breakdown: str, calibration_end: date | None, unit: str
    ) -> "PurchaseSelection":
        """Return the selection that was asked for, or say what is wrong with it."""
        if unit not in UNIT_DAYS:
            raise ParameterError(
                f"unit={unit!r} is not allowed.", todo=f"Choose from: {', '.join(UNIT_DAYS)}."
            )
        until = calibration_end or dataset.as_of
        if until > dataset.as_of:
            raise ParameterError(
                f"calibration_end={until} is after the as-of date, {dataset.as_of}.",
                todo="Choose a day up to it.",
            )
        chosen = movers(dataset, basis="orders", segment=segment, breakdown=breakdown, why="purchase models")
        statement = purchase_days(orders="orders", money=dataset.has_amount, margin=dataset.has_margin)
        view = chosen.ledger.declare("purchase_days", statement)
        return cls(chosen, until, "day" if unit == "day" else "week", view)

    @property
    def group(self) -> str:
        """SQL of the group's name."""
        return key(self.chosen.breakdown)

    def condition(self, value: str) -> str:
        """Return the SQL that selects the customers, given that of the attribute's value."""
        return f"{key(self.chosen.wanted[0])} = {value}" if self.chosen.wanted else ""

    def histories(self, value: str, more: str = "") -> str:
        """Return the statement of their histories, given the SQL of the attribute's value."""
        data = self.chosen.dataset
        return histories(
            days=self.days,
            until=self.until,
            money=data.has_amount,
            margin=data.has_margin,
            segments=self.chosen.segments,
            condition=" AND ".join(part for part in (self.condition(value), more) if part),
        )

    def run(self, statement: Callable[[str], str]) -> tuple[pa.Table, str]:
        """Run a statement, made from the SQL of the attribute's value; return its rows and its SQL."""
        wanted, ledger = self.chosen.wanted, self.chosen.ledger
        found = ledger.query(statement("?"), [wanted[1]] if wanted else [])
        told = statement(literal(wanted[1]) if wanted else "")
        views = [self.days, *(["segments"] if self.chosen.segments else [])]
        return found, f"{ledger.script(views)}\n{told}"
