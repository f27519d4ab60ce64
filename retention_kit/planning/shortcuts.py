"""Simple formulas for a customer's value, beside the model's, with the gap they make."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from retention_kit.planning.arithmetic import retention_multiple

if TYPE_CHECKING:
    from retention_kit.measures.purchase_rows import PurchaseRows
    from retention_kit.models.contract_result import ContractFit

__all__ = ["Averages", "averages_of_contracts", "averages_of_orders", "shortcuts"]

_YEAR = 365.25
_SHORTEST = _YEAR / 4  # over which customers must have been kept, to say what that is over a year
_SCHEMA = pa.schema(
    [
        ("name", pa.string()),
        ("value_per_customer", pa.float64()),
        ("gap", pa.float64()),
        ("formula", pa.string()),
    ]
)


@dataclass(frozen=True)
class Averages:
    """What simple formulas know of customers: averages, as if all were alike.

    Attributes
    ----------
    order_value : float
        Revenue per purchase, or per month of a contract.
    orders_per_year : float
        Purchases of a customer in a year, or 12 months.
    retention : float or None
        Share of customers kept over a year; None where half a year is not observed yet.
    what : str
        Where retention comes from, in words.
    """

    order_value: float
    orders_per_year: float
    retention: float | None
    what: str


def averages_of_orders(rows: "PurchaseRows", *, has_amount: bool) -> Averages:
    """Return the averages of customers who buy now and then, of their repeat purchases.

    Retention is the share of those who first bought more than a year ago, or more than half of the time
    observed where that is shorter, who have bought since; as a rate per year. Less than half a year tells
    nothing of one: a share kept over days, raised to a year, is next to nothing.
    """
    people = rows.customers.astype(float)
    exposure, repeats = float(people @ rows.age_days), float(people @ rows.frequency)
    per_year = repeats / exposure * _YEAR if exposure else 0.0
    # Without amounts purchases are counted.
    each = float(rows.spend.sum()) / max(repeats, 1.0) if has_amount else 1.0
    window = min(_YEAR, float(rows.age_days.max()) / 2)
    old = rows.age_days > window
    were = float(people[old].sum())
    if not were or window < _SHORTEST:
        return Averages(each, per_year, None, "")
    still = float(people[old & (rows.age_days - rows.recency_days < window)].sum())
    retention = (still / were) ** (_YEAR / window)
    what = f"{still:,.0f} of {were:,.0f} customers from before bought in the last {window:.0f} days"
    return Averages(each, per_year, retention, what)


def averages_of_contracts(fit: "ContractFit", *, amount: float) -> Averages:
    """Return the averages of customers with contracts: all leave as fast as all have on average."""
    counts = fit.counts
    monthly = 1 - counts.losses.sum() / counts.at_risk.sum()
    what = f"{counts.losses.sum():,} of {counts.at_risk.sum():,} renewals that came due were lost"
    return Averages(amount, 12.0, float(monthly**12), what)


def shortcuts(
    averages: Averages, *, margin_share: float, discount_rate: float, months: int, model_value: float
) -> pa.Table:
    """Return the simple formula and the constant-churn shortcut with their gaps to the model.

    The simple formula is order value x orders per year x lifetime in years x margin, with a lifetime of
    1 / yearly churn: no discounting, no horizon, everybody alike. Constant churn discounts and ends at the
    horizon, yet everybody stays with the same chance for ever.

    Parameters
    ----------
    averages : Averages
        What they know.
    margin_share, discount_rate : float
        As for the model.
    months : int
        Horizon.
    model_value : float
        The model's value per customer.

    Returns
    -------
    pyarrow.Table
        ``name``, ``value_per_customer``, ``gap`` (over the model's, less 1), ``formula``; no rows where
        retention is not known.
    """
    keep = averages.retention
    if keep is None or not np.isfinite(averages.order_value):
        return _SCHEMA.empty_table()
    yearly = averages.order_value * averages.orders_per_year * margin_share
    own = f"{averages.order_value:,.2f} x {averages.orders_per_year:.2f} a year x margin {margin_share:.1%}"
    own = own.replace("%", " %")
    monthly = (1 + discount_rate) ** (1 / 12) - 1
    multiple = float(retention_multiple(keep ** (1 / 12), discount_rate=monthly, periods=months)) / 12
    kept = f"yearly retention {keep:.1%} ({averages.what})".replace("%", " %")
    rows = [
        (
            "simple formula",
            yearly / (1 - keep) if keep < 1 else None,
            f"{own} x 1 / (1 - r) years, with {kept}",
        ),
        (
            "constant churn",
            yearly * multiple,
            f"{own} x {multiple:.2f} discounted years over {months} months, with {kept}",
        ),
    ]
    return pa.Table.from_pylist(
        [
            {
                "name": name,
                "value_per_customer": value,
                "gap": value / model_value - 1 if value is not None and model_value > 0 else None,
                "formula": formula,
            }
            for name, value, formula in rows
        ],
        schema=_SCHEMA,
    )
