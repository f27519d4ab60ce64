"""Single customers with what they are worth, the first ones by value or by value at risk."""

from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa

from retention_kit.errors import ParameterError
from retention_kit.measures.purchase_customers import purchase_customers
from retention_kit.models.purchase_rows import distinct_pairs
from retention_kit.models.purchase_value import discount_factors, month_ends

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retention_kit.data.dataset import Dataset
    from retention_kit.models.purchase_result import PurchaseFit
    from retention_kit.models.spend_result import SpendFit

__all__ = ["customer_values"]

# Below it four in five who are asked have gone; less of a fall is no news of a silence.
_STILL_THERE, _FALLEN = 0.2, 0.1


def customer_values(
    dataset: "Dataset",
    n: int,
    *,
    by: Literal["value", "value_at_risk"],
    fit: "PurchaseFit",
    spend: "SpendFit | None",
    months: int,
    annual_rate: float,
    margin_share: float,
    segment: str = "",
    breakdown: str = "",
) -> pa.Table:
    """Return the first ``n`` customers, as `LifetimeValue.top` and `LifetimeValue.fading` say.

    Customers of the same number stand in the order of their ids.

    Raises
    ------
    ParameterError
        When ``n`` is below 1.
    """
    if n < 1:
        raise ParameterError(f"A list of {n!r} customers is none.", todo="Give a whole number from 1.")
    first: Sequence[pa.Table] = []
    ends, discount = month_ends(fit, months), discount_factors(months, annual_rate=annual_rate)
    chunks = purchase_customers(dataset, segment=segment, breakdown=breakdown, unit=fit.unit)
    for chunk in chunks:
        x = chunk["frequency"].to_numpy().astype(np.int64)
        recency, age = (
            chunk[f"{name}_{fit.unit}s"].to_numpy().astype(np.float64) for name in ("recency", "age")
        )
        alive = fit.probability_alive(x, recency, age)
        per_purchase = np.ones(x.size)
        if spend is not None:
            spent = np.maximum(chunk["spend"].cast(pa.float64()).fill_null(0.0).to_numpy(), 0.0)
            per_purchase = spend.expected_spend(x, spent / np.maximum(x, 1))
        pairs = distinct_pairs(x, age)
        sums = fit.purchases_while_alive(ends, *pairs[:2])
        if_active = (discount @ np.diff(sums, axis=0))[pairs[2]] * per_purchase * margin_share
        value = alive * if_active
        risk = if_active * (1 - alive)
        names = ["customer_id", *(["group"] if breakdown else [])]
        columns = {name: chunk[name] for name in names} | {
            "frequency": x,
            f"recency_{fit.unit}s": recency,
            f"age_{fit.unit}s": age,
            "probability_alive": alive,
            "expected_purchases": alive * sums[-1][pairs[2]],
            "expected_spend": pa.array(per_purchase, mask=np.full(x.size, spend is None)),
            "value": value,
            "value_if_active": if_active,
            "value_at_risk": risk,
        }
        order = np.argsort(-(value if by == "value" else risk), kind="stable")
        if by == "value_at_risk":
            fallen = fit.probability_alive(x, recency, recency) - alive
            order = order[((alive >= _STILL_THERE) & (fallen >= _FALLEN))[order]]
        first = [*first, pa.table(columns).take(pa.array(order[:n]))]
        if len(first) > 1:
            first = [_first(pa.concat_tables(first), by, n)]
    return first[0] if len(first) == 1 else _first(pa.concat_tables(first), by, n)


def _first(rows: pa.Table, by: str, n: int) -> pa.Table:
    return rows.sort_by([(by, "descending"), ("customer_id", "ascending")]).slice(0, n)
