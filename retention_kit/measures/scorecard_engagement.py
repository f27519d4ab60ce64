"""The engagement index: how recently, often and much customers buy, as ranks among all customers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from retention_kit.data.dataset import Dataset
from retention_kit.data.engagement_statements import engagement, ranks, totals
from retention_kit.measures.intervals import BUCKETS, jackknife
from retention_kit.measures.scorecard_counting import Shoppers, has_product
from retention_kit.measures.survival_result import Estimate

__all__ = ["Engagement", "engagement_of", "ranked_until"]

_CLASSES = 20  # of the distribution
_HIGHEST = 100


@dataclass(frozen=True, eq=False)
class Engagement:
    """The index of the selected customers at the as-of date.

    Attributes
    ----------
    mean : Estimate
        Their mean index, 0 to 100. That of all customers is 50 by construction, and has no interval.
    customers : int
        How many they are.
    distribution : pyarrow.Table
        ``from_index``, ``to_index``, ``customers``, ``share``.
    weights : mapping of name to float
        Weights of the parts; they sum to 1.
    """

    mean: Estimate
    customers: int
    distribution: pa.Table
    weights: Mapping[str, float]

    def share(self, *, from_index: int = 0, to_index: int = _HIGHEST) -> float:
        """Return the share of customers between two edges of the classes."""
        start, end, share = (
            self.distribution[name].to_numpy() for name in ("from_index", "to_index", "share")
        )
        return float(share[(start >= from_index) & (end <= to_index)].sum())


def parts_of(dataset: Dataset) -> tuple[str, ...]:
    """Return what the index is made of, as far as the orders tell it."""
    spend, breadth = ["spend"] * dataset.has_amount, ["breadth"] * has_product(dataset)
    return ("recency", "frequency", *spend, *breadth)


def ranked_until(shoppers: Shoppers, day: date) -> str:
    """Declare the view of all customers' ranks by what they ordered up to a day, and return its name."""
    parts, name = parts_of(shoppers.dataset), f"scorecard_{{}}_{day:%Y%m%d}"
    bought = shoppers.ledger.declare(name.format("totals"), totals(parts=parts, until=day))
    return shoppers.ledger.declare(name.format("ranks"), ranks(totals=bought, parts=parts))


def engagement_of(shoppers: Shoppers, *, level: float) -> Engagement:
    """Return how the selected customers stand among all customers.

    The index of a customer is 100 times the mean of its percentile ranks, each the share of customers with
    less and half of those with as much: of the last order's day, the number of orders, revenue and the
    number of product types, as far as the data have them, with the same weight.
    """
    data = shoppers.dataset
    parts = parts_of(data)
    ranked = ranked_until(shoppers, data.as_of)
    view = shoppers.view("engagement", engagement, ranks=ranked, classes=_CLASSES)
    rows = shoppers.rows(view, ["bucket", "class_index", "customers", "points", "most"])[0]
    place, bucket, customers, points, most = (
        rows[name].cast(pa.int64()).to_numpy()
        for name in ("class_index", "bucket", "customers", "points", "most")
    )
    counts = np.bincount(place, weights=customers, minlength=_CLASSES).astype(np.int64)
    tops, bottoms = (
        np.bincount(bucket, weights=values, minlength=BUCKETS) for values in (points, customers * most[0])
    )
    mean, low, high = (float(_HIGHEST * end) for end in jackknife(tops, bottoms, level=level))
    chosen = bool(shoppers.movers.wanted) and not np.isnan(low)
    edges = np.arange(_CLASSES + 1) * _HIGHEST // _CLASSES
    return Engagement(
        mean=Estimate(mean, *((low, high) if chosen else (None, None))),
        customers=int(counts.sum()),
        distribution=pa.table(
            {
                "from_index": edges[:-1],
                "to_index": edges[1:],
                "customers": counts,
                "share": counts / counts.sum(),
            }
        ),
        weights=MappingProxyType({part: 1 / len(parts) for part in parts}),
    )
