"""Counts behind the scorecard: which customers are selected, and their sums per period and bucket."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

import numpy as np
import pyarrow as pa

from retention_kit.data import scorecard_statements as statements
from retention_kit.data.dataset import Dataset
from retention_kit.data.engine import literal
from retention_kit.data.ledger import Ledger
from retention_kit.errors import DataError
from retention_kit.measures.counting import MONEY_UNITS, key
from retention_kit.measures.movement_counting import Movers, Periods, movers
from retention_kit.measures.scorecard_metrics import YEARS
from retention_kit.measures.scorecard_sums import Sums, dense

__all__ = ["Shoppers", "has_product", "lacking", "orders_begin", "sums_of"]

_MONEY = ("revenue", "new_revenue", "young_revenue", "margin")
_PRODUCTS = ("one_product", "two_products")
_REFERRAL = ("newcomers", "active", "retained")


@dataclass(frozen=True, eq=False)
class Shoppers:
    """The customers that a scorecard counts.

    Views keep apart the attribute by which they are selected, and no other: they stay small.
    """

    movers: Movers

    @classmethod
    def of(cls, dataset: Dataset, segment: str) -> "Shoppers":
        """Select customers by ``attribute=value`` at their first order; empty for all.

        Raises
        ------
        ColumnError
            When the attribute does not exist.
        DataError
            When the dataset has no orders.
        """
        return cls(movers(dataset, basis="orders", segment=segment))

    @property
    def dataset(self) -> Dataset:
        """Where they are from."""
        return self.movers.dataset

    @property
    def ledger(self) -> Ledger:
        """Where the views are."""
        return self.movers.ledger

    @property
    def _attributes(self) -> tuple[str, ...]:
        return (self.movers.wanted[0],) if self.movers.wanted else ()

    def view(self, name: str, statement: Callable[..., str], **options: object) -> str:
        """Declare a view of a statement that takes ``group`` and ``segments``, and return its name."""
        chosen = self._attributes
        group = key(chosen[0] if chosen else "")
        return self.declared(name, statement(group=group, segments=chosen, **options))

    def declared(self, name: str, statement: str) -> str:
        """Declare a view under a name that tells the attribute, and return that name."""
        suffix = "".join(f"_by_{sha256(name.encode()).hexdigest()[:12]}" for name in self._attributes)
        return self.ledger.declare(f"scorecard_{name}{suffix}", statement)

    def rows(self, view: str, columns: Sequence[str], *, money: Sequence[str] = ()) -> tuple[pa.Table, str]:
        """Return columns of a view for the selected customers, and the SQL that gives them.

        Parameters
        ----------
        view : str
            A view with ``grp``.
        columns : sequence of str
            Its columns that are wanted.
        money : sequence of str
            Sums of money, which come as whole numbers of a ten-thousandth.
        """
        scaled = [f"CAST({name} * {MONEY_UNITS} AS BIGINT) AS {name}" for name in money]
        wanted = self.movers.wanted

        def sql(value: str) -> str:
            where = f"\nWHERE grp = {value}" if wanted else ""
            return f"SELECT {', '.join([*columns, *scaled])}\nFROM {view}{where}"

        found = self.ledger.query(sql("?"), [wanted[1]] if wanted else [])
        told = sql(literal(wanted[1]) if wanted else "")
        return found, f"{self.ledger.script([view])}\n{told}"


def sums_of(shoppers: Shoppers, periods: Periods) -> tuple[Sums, str]:
    """Return the sums of everything that is counted per period, and the SQL of those over orders.

    Raises
    ------
    DataError
        When no customer is selected.
    """
    data, grain, count = shoppers.dataset, periods.grain, periods.count
    year = YEARS[grain]
    gaps = shoppers.view(
        f"gaps_{grain}",
        statements.order_gaps,
        grain=grain,
        year=year,
        source=has_source(data),
        money=data.has_amount,
        margin=data.has_margin,
    )
    ordered = shoppers.declared(
        f"sums_{grain}", statements.period_sums(gaps=gaps, year=year, begun_index=count)
    )
    plain = [name for name in statements.PERIOD_COLUMNS if name not in _MONEY]
    keys = ["is_referral", "bucket", "period_index"]
    rows, sql = shoppers.rows(ordered, [*keys, *plain], money=_MONEY)
    if not rows.num_rows:
        raise DataError("No customer is left with this selection.", todo="Widen segment.")
    counts = dense(rows, statements.PERIOD_COLUMNS, count)
    referred = rows.filter(rows["is_referral"])
    counts |= {f"referral_{name}": of for name, of in dense(referred, _REFERRAL, count).items()}
    if has_product(data):
        view = shoppers.view(f"products_{grain}", statements.product_periods, grain=grain)
        rows = shoppers.rows(view, ["bucket", "period_index", *_PRODUCTS])[0]
        counts |= dense(rows, _PRODUCTS, count)
    if data.has("responses"):
        view = shoppers.view(f"answers_{grain}", statements.answers, grain=grain)
        counted = [name for name in statements.ANSWER_COLUMNS if name != "rating"]
        rows = shoppers.rows(view, ["bucket", "period_index", *counted], money=["rating"])[0]
        counts |= dense(rows, statements.ANSWER_COLUMNS, count)
    return Sums.of(counts, first=periods.calendar.index_of(grain, orders_begin(data))), sql


def orders_begin(dataset: Dataset) -> date:
    """Return the day of the first order; subscriptions may begin earlier."""
    return dataset.accounting.first_day if dataset.accounting else dataset.first_day


def has_product(dataset: Dataset) -> bool:
    """Whether orders have a product type."""
    return "product" in dataset.columns("orders")


def has_source(dataset: Dataset) -> bool:
    """Whether customers have a source."""
    return dataset.has("customers") and "source" in dataset.columns("customers")


def lacking(dataset: Dataset, sums: Sums) -> dict[str, str]:
    """Return what the data lack for some metrics: its name, and a sentence."""
    has = {
        "amount": dataset.has_amount,
        "margin": dataset.has_margin,
        "product": has_product(dataset),
        "source": has_source(dataset),
        "nps": _answered(sums, "promoters", "passives", "detractors"),
        "csat": _answered(sums, "rated"),
    }
    return {what: _NEEDS[what] for what, there in has.items() if not there}


def _answered(sums: Sums, *names: str) -> bool:
    return any(name in sums.columns and bool(np.any(sums[name])) for name in names)


_NEEDS = {
    "amount": "Needs the amount of each order: map amount in [orders.columns].",
    "margin": "Needs a gross margin: map margin in [orders.columns], or set margin.",
    "product": "Needs the type of product: map product in [orders.columns].",
    "source": "Needs where customers came from: map source in [customers.columns].",
    "nps": "Needs answers to the question nps on a scale from 0 to 10: add [responses].",
    "csat": "Needs answers to the question csat on a scale from 1 to 5: add [responses].",
}
