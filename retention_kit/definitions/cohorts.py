"""The cards of the cohort notebook: retention tables, and what customers of a cohort bring."""

from collections.abc import Mapping

from retention_kit.definitions.definition import JACKKNIFE, WILSON, Definition

__all__ = ["CARDS"]

CARDS: Mapping[str, Definition] = {
    "bounded": Definition(
        "Retention, bounded",
        "customers active in the period / customers of the cohort",
        "share of customers",
        WILSON,
        "May rise again: who stays away one period can come back in the next.",
    ),
    "unbounded": Definition(
        "Retention, unbounded",
        "customers active in the period or later / customers of the cohort",
        "share of customers",
        WILSON,
        "Later returns are still to come, so young cohorts look worse than they will be; "
        "each cohort's last cell equals bounded retention.",
    ),
    "range": Definition(
        "Retention, range",
        "customers active at least once in the bracket of periods / customers of the cohort",
        "share of customers",
        WILSON,
        "Wider brackets give higher rates: compare only brackets of the same width.",
    ),
    "streak": Definition(
        "Retention, streak",
        "customers active in every period since the first / customers of the cohort",
        "share of customers",
        WILSON,
        "Never rises; one period without an order ends a streak for good.",
    ),
    "orders": Definition(
        "Orders",
        "qualifying orders in the period; average: orders / customers of the cohort",
        "orders",
        JACKKNIFE,
        "A fully refunded order does not count.",
    ),
    "revenue": Definition(
        "Revenue",
        "amounts less refunds in the period; average: revenue / customers of the cohort",
        "money",
        JACKKNIFE,
        "Refunds lower the order they belong to, not the period in which they were paid out.",
    ),
    "margin": Definition(
        "Gross margin",
        "margin in the period; average: margin / customers of the cohort",
        "money",
        JACKKNIFE,
        "Where the dataset states one margin for all orders, it is revenue times that rate.",
    ),
    "revenue_per_customer": Definition(
        "Revenue per customer",
        "revenue in the period / customers of the cohort, whether or not they came back",
        "money per customer",
        JACKKNIFE,
        "Divided by all who started, so it falls with retention even if orders stay as large.",
    ),
    "cumulative_value": Definition(
        "Cumulative value per original customer",
        "gross margin (or revenue, where there is no margin) up to the age / customers of the cohort",
        "money per customer",
        JACKKNIFE,
        "Not discounted, and acquisition cost is not taken off.",
    ),
}
