"""Where every row of a source went, and every unit of money."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from retention_kit.errors import LossError

__all__ = ["AFTER_AS_OF", "CANCELLED", "DUPLICATE", "OTHER_CURRENCY", "REFUND", "Accounting", "Dropped"]

AFTER_AS_OF, CANCELLED, DUPLICATE = "after the as-of date", "cancelled", "duplicate"
REFUND, OTHER_CURRENCY = "refund, left out by the policy", "other currency"
# The dataset file asks for these rows to be left out; they are counted, and are no loss.
ON_PURPOSE = (AFTER_AS_OF, CANCELLED, DUPLICATE, OTHER_CURRENCY, REFUND)


@dataclass(frozen=True)
class Dropped:
    """Rows left out for one reason: how many, and the first of them."""

    reason: str
    rows: int
    offenders: tuple[str, ...] = ()

    def __str__(self) -> str:
        first = f" (first: {'; '.join(self.offenders)})" if self.offenders else ""
        return f"{self.counted}{first}"

    @property
    def counted(self) -> str:
        """The reason and the number of rows, without any of them."""
        return f"{self.reason}: {self.rows:,} row{'s' if self.rows != 1 else ''}"


@dataclass(frozen=True)
class Accounting:
    """What became of the rows of the orders' source; ``kept + netted + anonymous + dropped = rows_read``.

    Parameters
    ----------
    rows_read : int
        Rows in the source.
    kept : int
        Rows that are part of a qualifying order.
    netted : int
        Rows that cancel out: refunds, and the orders they refund in full.
    anonymous : int
        Rows without a customer.
    dropped : tuple of Dropped
        Rows left out, by reason.
    orders, customers, fully_refunded : int
        Qualifying orders, their customers, and orders that do not qualify for being refunded in full.
    gross, refunded, net, unmatched : Decimal or None
        Revenue before refunds, the refunds that met an order, what is left of it (the sum over the
        qualifying orders), and refunds beyond what was ordered; in the dataset's currency, ``None``
        without amounts.
    first_day, last_day : date
        Local days of the first and the last qualifying order.
    notes : tuple of str
        What was decided on the way, and what is odd.
    """

    rows_read: int
    kept: int
    netted: int
    anonymous: int
    dropped: tuple[Dropped, ...]
    orders: int
    customers: int
    fully_refunded: int
    gross: Decimal | None
    refunded: Decimal | None
    net: Decimal | None
    unmatched: Decimal | None
    first_day: date
    last_day: date
    notes: tuple[str, ...] = ()

    @property
    def loss(self) -> float:
        """Share of the rows lost, from 0 to 1: dropped ones, but for those left out on purpose."""
        lost = sum(part.rows for part in self.dropped if part.reason not in ON_PURPOSE)
        return lost / self.rows_read if self.rows_read else 0.0

    def require_loss_below(self, max_loss: float) -> None:
        """Raise when more rows are lost than ``max_loss``, a share from 0 to 1, allows.

        Raises
        ------
        LossError
            With the count and the first offenders of each reason.
        """
        if self.loss > max_loss:
            lost = [part for part in self.dropped if part.reason not in ON_PURPOSE]
            said = f"{self.loss:.1%} of {self.rows_read:,} rows would be lost, more than {max_loss:.1%}"
            raise LossError(
                f"{said}: {'; '.join(map(str, lost))}.",
                todo="Mend the file or the settings, or raise max_loss if the loss is right.",
                public=f"{said}: {'; '.join(part.counted for part in lost)}.",
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the accounting as JSON-ready values; money as text, so that no cent is lost."""
        values = asdict(self)
        for name, value in values.items():
            if isinstance(value, Decimal | date):
                values[name] = str(value)
        return values | {"dropped": [asdict(part) for part in self.dropped], "notes": list(self.notes)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Accounting":
        """Return the accounting that `to_dict` wrote."""
        money = {
            name: Decimal(values[name]) if values[name] is not None else None
            for name in ("gross", "refunded", "net", "unmatched")
        }
        dropped = tuple(
            Dropped(part["reason"], part["rows"], tuple(part["offenders"])) for part in values["dropped"]
        )
        days = {name: date.fromisoformat(values[name]) for name in ("first_day", "last_day")}
        return cls(**{**values, **money, **days, "dropped": dropped, "notes": tuple(values["notes"])})

    def lines(self) -> list[str]:
        """Return the accounting as lines of text for people."""
        lines = [
            f"{self.rows_read:,} rows read",
            f"  {self.kept:,} kept in {self.orders:,} orders of {self.customers:,} customers,"
            f" {self.first_day} to {self.last_day}",
        ]
        if self.netted:
            lines.append(
                f"  {self.netted:,} netted by refunds; {self.fully_refunded:,} orders refunded in full"
            )
        if self.anonymous:
            share = self.anonymous / self.rows_read
            lines.append(f"  {self.anonymous:,} anonymous ({share:.1%}): no customer, counted and left out")
        lines += [f"  left out, {part}" for part in self.dropped]
        if self.gross is not None:
            lines.append(
                f"revenue {_money(self.gross)} - refunds {_money(self.refunded)} = {_money(self.net)}"
            )
        if self.unmatched:
            lines.append(f"refunds beyond what was ordered: {_money(self.unmatched)}, not in the revenue")
        return lines + [f"note: {note}" for note in self.notes]


def _money(amount: Decimal | None) -> str:
    return f"{amount or Decimal(0):,.2f}"
