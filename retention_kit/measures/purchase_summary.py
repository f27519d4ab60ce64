"""Purchase histories of customers, counted in the engine."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit.data.dataset import Dataset
from retention_kit.data.purchase_statements import MONEY_UNITS, histories_counted
from retention_kit.errors import DataError
from retention_kit.measures.purchase_rows import PurchaseRows, SpendRows, Unit, chosen_rows, row_order
from retention_kit.measures.purchase_selection import PurchaseSelection
from retention_kit.measures.selecting import require_few

__all__ = ["PurchaseSummary", "purchase_summary"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PurchaseSummary:
    """Purchase histories up to a day, and what came after.

    Attributes
    ----------
    rows : PurchaseRows
        Distinct histories and their customers.
    spend_rows : SpendRows
        Distinct sums spent by repeat buyers; none without amounts.
    without_spend : int
        Repeat buyers whose repeat purchases sum to zero or less; they are not in ``spend_rows``.
    groups : tuple of str
        Values of the breakdown, in order; one empty name without.
    calibration_end, as_of : date
        Last day of the histories, and last day counted.
    unit : {"day", "week"}
        Unit of time of the rows.
    has_amount, has_margin : bool
        Whether spend and margin are known; else they are 0.
    notes : tuple of str
        What a reader has to know.
    sql : str
        The statement that produced it, over the canonical tables.
    """

    rows: PurchaseRows
    spend_rows: SpendRows
    without_spend: int
    groups: tuple[str, ...]
    calibration_end: date
    as_of: date
    unit: Unit
    has_amount: bool
    has_margin: bool
    notes: tuple[str, ...]
    sql: str = field(repr=False)

    @property
    def customers(self) -> int:
        """Customers who first bought up to the end of the calibration."""
        return int(self.rows.customers.sum())

    @property
    def holdout_days(self) -> int:
        """Days after the calibration that are counted."""
        return (self.as_of - self.calibration_end).days


def purchase_summary(
    dataset: Dataset,
    *,
    segment: str = "",
    breakdown: str = "",
    calibration_end: date | None = None,
    unit: Unit = "week",
) -> PurchaseSummary:
    """Return how often, how lately and for how long customers have bought, counted by distinct history.

    Orders of one local day are one purchase. A customer's history is x, its purchase days after the first;
    t_x, from the first to the last; and T, from the first to the end of the calibration. Spend is that of
    the repeat days alone, because first purchases are often unlike later ones.

    Parameters
    ----------
    dataset : Dataset
        An open dataset with orders; its as-of date is the last day counted.
    segment : str
        Count only customers with this at their first order, ``attribute=value``; empty for all.
    breakdown : str
        Attribute whose values are kept apart; empty for none.
    calibration_end : date, optional
        Last day of the histories; purchases after it are held out. Without one, the as-of date.
    unit : {"day", "week"}
        Unit of recency and age.

    Returns
    -------
    PurchaseSummary

    Raises
    ------
    ParameterError
        When the calibration ends after the as-of date, the unit is unknown, or the breakdown has too many
        values.
    ColumnError
        When an attribute does not exist.
    DataError
        When there are no orders, or no customer is selected.

    References
    ----------
    Fader, Hardie and Lee (2005), Marketing Science 24(2), 275-284.

    Examples
    --------
    >>> from retention_kit import open_dataset
    >>> summary = purchase_summary(open_dataset("cdnow"), calibration_end=date(1997, 9, 30))
    >>> summary.customers, int(summary.rows.customers @ summary.rows.frequency)
    (2357, 2457)
    """
    asked = PurchaseSelection.of(dataset, segment, breakdown, calibration_end, unit)
    found, sql = asked.run(
        lambda value: histories_counted(histories=asked.histories(value), group=asked.group)
    )
    if not found.num_rows:
        raise DataError(
            f"No customer of this selection had bought by {asked.until}.",
            todo="Widen segment, or let calibration_end be later.",
        )
    # Few columns leave the engine: groups as positions, and everything else as whole numbers.
    coded = found["grp"].combine_chunks().dictionary_encode()
    names = coded.dictionary.to_pylist()
    require_few(breakdown, len(names))
    rank = np.argsort(np.argsort(names, kind="stable"), kind="stable")
    group = rank[coded.indices.to_numpy()].astype(np.int64)
    is_history = ~found["recency_days"].is_null().combine_chunks().to_numpy(zero_copy_only=False)
    rows, spent = _histories(found, group, is_history, unit), _spent(found, group, ~is_history)
    silent = (spent.spend <= 0) & (spent.frequency > 0)
    without = int(spent.customers[silent].sum()) if dataset.has_amount else 0
    notes = list(asked.chosen.notes)
    if without:
        who = "1 repeat buyer" if without == 1 else f"{without:,} repeat buyers"
        notes.append(f"{who} paid nothing for later purchases: counted as buying, left out of spend.")
    return PurchaseSummary(
        rows=rows,
        spend_rows=chosen_rows(spent, (spent.spend > 0) & (spent.frequency > 0)),
        without_spend=without,
        groups=tuple(sorted(names)),
        calibration_end=asked.until,
        as_of=dataset.as_of,
        unit=unit,
        has_amount=dataset.has_amount,
        has_margin=dataset.has_margin,
        notes=tuple(notes),
        sql=sql,
    )


def _histories(found: pa.Table, group: Ints, which: NDArray[np.bool_], unit: Unit) -> PurchaseRows:
    def column(name: str) -> Ints:
        return np.asarray(found[name].to_numpy()[which]).astype(np.int64)

    rows = PurchaseRows(
        group=group[which],
        frequency=column("frequency"),
        recency_days=column("recency_days"),
        age_days=column("age_days"),
        customers=column("customers"),
        spend=column("spend_units") / MONEY_UNITS,
        margin=column("margin_units") / MONEY_UNITS,
        later_purchases=column("later_purchases"),
        later_spend=column("later_units") / MONEY_UNITS,
        unit=unit,
    )
    return chosen_rows(rows, row_order(rows.group, rows.frequency, rows.recency_days, rows.age_days))


def _spent(found: pa.Table, group: Ints, which: NDArray[np.bool_]) -> SpendRows:
    x, units, customers = (
        found[name].to_numpy()[which].astype(np.int64) for name in ("frequency", "spend_each", "customers")
    )
    rows = SpendRows(group[which], x, units / MONEY_UNITS, customers)
    return chosen_rows(rows, row_order(rows.group, x, units))
