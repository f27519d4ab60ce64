"""What every number means: name, formula, unit, source and caveat, behind cards, tooltips and the README."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["DEFINITIONS", "Definition"]


@dataclass(frozen=True)
class Definition:
    """The definition card of a metric."""

    name: str
    formula: str
    unit: str
    source: str
    caveat: str


_WILSON = "Interval: Wilson (1927)."
_JACKKNIFE = "Interval: delete-a-group jackknife over 100 buckets of customers (Kott 2001)."

DEFINITIONS: Mapping[str, Definition] = MappingProxyType(
    {
        "bounded": Definition(
            "Retention, bounded",
            "customers active in the period / customers of the cohort",
            "share of customers",
            _WILSON,
            "May rise again: who stays away one period can come back in the next.",
        ),
        "unbounded": Definition(
            "Retention, unbounded",
            "customers active in the period or later / customers of the cohort",
            "share of customers",
            _WILSON,
            "Later returns are still to come, so young cohorts look worse than they will be; "
            "each cohort's last cell equals bounded retention.",
        ),
        "range": Definition(
            "Retention, range",
            "customers active at least once in the bracket of periods / customers of the cohort",
            "share of customers",
            _WILSON,
            "Wider brackets give higher rates: compare only brackets of the same width.",
        ),
        "streak": Definition(
            "Retention, streak",
            "customers active in every period since the first / customers of the cohort",
            "share of customers",
            _WILSON,
            "Never rises; one period without an order ends a streak for good.",
        ),
        "orders": Definition(
            "Orders",
            "qualifying orders in the period; average: orders / customers of the cohort",
            "orders",
            _JACKKNIFE,
            "A fully refunded order does not count.",
        ),
        "revenue": Definition(
            "Revenue",
            "amounts less refunds in the period; average: revenue / customers of the cohort",
            "money",
            _JACKKNIFE,
            "Refunds lower the order they belong to, not the period in which they were paid out.",
        ),
        "margin": Definition(
            "Gross margin",
            "margin in the period; average: margin / customers of the cohort",
            "money",
            _JACKKNIFE,
            "Where the dataset states one margin for all orders, it is revenue times that rate.",
        ),
        "revenue_per_customer": Definition(
            "Revenue per customer",
            "revenue in the period / customers of the cohort, whether or not they came back",
            "money per customer",
            _JACKKNIFE,
            "Divided by all who started, so it falls with retention even if orders stay as large.",
        ),
        "cumulative_value": Definition(
            "Cumulative value per original customer",
            "gross margin (or revenue, where there is no margin) up to the age / customers of the cohort",
            "money per customer",
            _JACKKNIFE,
            "Not discounted, and acquisition cost is not taken off.",
        ),
    }
)
