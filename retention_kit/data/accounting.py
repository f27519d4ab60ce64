"""Where every row of a source went, and every unit of money."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from retention_kit.errors import LossError

__all__ = [
    "AFTER_AS_OF",
    "ASSIGNED_AGAIN",
    "CANCELLED",
    "DUPLICATE",
    "MATCHES_NOBODY",
    "OTHER_CURRENCY",
    "REFUND",
    "REPEATED_ID",
    "Accounting",
    "Dropped",
    "TableAccounting",
]

AFTER_AS_OF, CANCELLED, DUPLICATE = "after the as-of date", "cancelled", "duplicate"
REFUND, OTHER_CURRENCY = "refund, left out by the policy", "other currency"
REPEATED_ID, ASSIGNED_AGAIN = "repeated customer_id, the first row counts", "assigned again, the first counts"
MATCHES_NOBODY = "customer_id of another type, matches nobody"  # loses no attribute of anybody
# The dataset file asks for these rows to be left out, or they say nothing new; they are no loss.
ON_PURPOSE = (
    AFTER_AS_OF,
    ASSIGNED_AGAIN,
    CANCELLED,
    DUPLICATE,
    MATCHES_NOBODY,
    OTHER_CURRENCY,
    REFUND,
    REPEATED_ID,
)


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
        return _loss(self.dropped, self.rows_read)

    def require_loss_below(self, max_loss: float) -> None:
        """Raise when more rows are lost than ``max_loss``, a share from 0 to 1, allows.

        Raises
        ------
        LossError
            With the count and the first offenders of each reason.
        """
        _require_loss_below(max_loss, self.dropped, self.rows_read, "rows")

    def to_dict(self) -> dict[str, Any]:
        """Return the accounting as JSON-ready values; money as text, so that no cent is lost."""
        return _to_json(asdict(self))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Accounting":
        """Return the accounting that `to_dict` wrote."""
        money = {
            name: Decimal(values[name]) if values[name] is not None else None
            for name in ("gross", "refunded", "net", "unmatched")
        }
        return cls(**{**values, **money, **_from_json(values)})

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
            lines.append(_anonymous(self.anonymous, self.rows_read))
        lines += [f"  left out, {part}" for part in self.dropped]
        if self.gross is not None:
            lines.append(
                f"revenue {_money(self.gross)} - refunds {_money(self.refunded)} = {_money(self.net)}"
            )
        if self.unmatched:
            lines.append(f"refunds beyond what was ordered: {_money(self.unmatched)}, not in the revenue")
        return lines + [f"note: {note}" for note in self.notes]


@dataclass(frozen=True)
class TableAccounting:
    """What became of the rows of a table beside the orders; ``kept + anonymous + dropped = rows_read``.

    Parameters
    ----------
    table : str
        Name of the table, such as ``subscriptions``.
    rows_read : int
        Rows in the source.
    kept : int
        Rows of the canonical table.
    anonymous : int
        Rows without a customer.
    dropped : tuple of Dropped
        Rows left out, by reason.
    customers : int
        Customers of the rows kept.
    first_day, last_day : date or None
        First and last local day of the rows kept, by the day on which they start: of subscriptions the
        start, of complaints the opening; ``None`` where a table has no such day, or no row was kept.
    notes : tuple of str
        What was decided on the way, and what is odd.
    """

    table: str
    rows_read: int
    kept: int
    anonymous: int
    dropped: tuple[Dropped, ...]
    customers: int
    first_day: date | None = None
    last_day: date | None = None
    notes: tuple[str, ...] = ()

    @property
    def loss(self) -> float:
        """Share of the rows lost, from 0 to 1: dropped ones, but for those left out on purpose."""
        return _loss(self.dropped, self.rows_read)

    def require_loss_below(self, max_loss: float) -> None:
        """Raise `LossError` when more rows are lost than ``max_loss``, a share from 0 to 1, allows."""
        _require_loss_below(max_loss, self.dropped, self.rows_read, f"rows of {self.table}")

    def to_dict(self) -> dict[str, Any]:
        """Return the accounting as JSON-ready values."""
        return _to_json(asdict(self))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TableAccounting":
        """Return the accounting that `to_dict` wrote."""
        return cls(**{**values, **_from_json(values)})

    def lines(self) -> list[str]:
        """Return the accounting as lines of text for people."""
        span = f", {self.first_day} to {self.last_day}" if self.first_day else ""
        lines = [
            f"{self.table}: {self.rows_read:,} rows read",
            f"  {self.kept:,} kept of {self.customers:,} customers{span}",
        ]
        if self.anonymous:
            lines.append(_anonymous(self.anonymous, self.rows_read))
        lines += [f"  left out, {part}" for part in self.dropped]
        return lines + [f"  note: {note}" for note in self.notes]


def _loss(dropped: Sequence[Dropped], rows_read: int) -> float:
    lost = sum(part.rows for part in dropped if part.reason not in ON_PURPOSE)
    return lost / rows_read if rows_read else 0.0


def _require_loss_below(max_loss: float, dropped: Sequence[Dropped], rows_read: int, rows: str) -> None:
    loss = _loss(dropped, rows_read)
    if loss > max_loss:
        lost = [part for part in dropped if part.reason not in ON_PURPOSE]
        said = f"{loss:.1%} of {rows_read:,} {rows} would be lost, more than {max_loss:.1%}"
        raise LossError(
            f"{said}: {'; '.join(map(str, lost))}.",
            todo="Mend the file or the settings, or raise max_loss if the loss is right.",
            public=f"{said}: {'; '.join(part.counted for part in lost)}.",
        )


def _to_json(values: dict[str, Any]) -> dict[str, Any]:
    plain = {
        name: str(value) if isinstance(value, Decimal | date) else value for name, value in values.items()
    }
    return plain | {"dropped": list(values["dropped"]), "notes": list(values["notes"])}


def _from_json(values: Mapping[str, Any]) -> dict[str, Any]:
    days = {name: values[name] and date.fromisoformat(values[name]) for name in ("first_day", "last_day")}
    dropped = [Dropped(part["reason"], part["rows"], tuple(part["offenders"])) for part in values["dropped"]]
    return {**days, "dropped": tuple(dropped), "notes": tuple(values["notes"])}


def _anonymous(rows: int, rows_read: int) -> str:
    return f"  {rows:,} anonymous ({rows / rows_read:.1%}): no customer, counted and left out"


def _money(amount: Decimal | None) -> str:
    return f"{amount or Decimal(0):,.2f}"
