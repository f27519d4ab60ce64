"""Some histories for all: where a sum over every distinct history would take longer than it is worth."""

from retention_kit.measures.purchase_rows import PurchaseRows
from retention_kit.models.purchase_rows import PurchaseHistories, checked_rows

__all__ = ["thinned"]

_ENOUGH = 20_000  # distinct histories


def thinned(rows: PurchaseRows, *, enough: int = _ENOUGH) -> PurchaseHistories:
    """Return all histories, or where there are more than ``enough`` every k-th, in their fixed order.

    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> days = np.arange(1.0, 9.0)
    >>> eight = SimpleNamespace(frequency=days * 0, recency=days * 0, age=days, customers=days, unit="week")
    >>> thinned(eight, enough=3).age.tolist()
    [2.0, 5.0, 8.0]
    """
    checked = checked_rows(rows)
    step = -(-checked.frequency.size // enough)
    return checked if step <= 1 else checked.every(step)
