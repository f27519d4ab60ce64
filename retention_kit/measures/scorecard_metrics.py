"""The metrics of the scorecard that are made of sums: unit, terms, formula, and what each one needs."""

from collections.abc import Callable
from dataclasses import dataclass

from retention_kit.measures import scorecard_formulas as formulas
from retention_kit.measures.counting import MONEY_UNITS
from retention_kit.measures.scorecard_formulas import total_of
from retention_kit.measures.scorecard_result import Unit
from retention_kit.measures.scorecard_sums import Sums

__all__ = ["METRICS", "YEARS", "Metric", "SumMetric"]

YEARS = {"day": 365, "week": 52, "month": 12, "quarter": 4, "year": 1}  # periods in a year


@dataclass(frozen=True)
class Metric:
    """What a metric is made of.

    Attributes
    ----------
    key, unit : str
        Its key, and the unit of its value.
    terms : tuple of (name, unit)
        What it is made of.
    formula : str
        How the terms make the value.
    lifetime : bool
        Whether it counts everything up to the end of the period.
    higher_is_better : bool or None
        None where neither is.
    needs : str
        What the data must have: ``amount``, ``product``, ``source``, ``nps`` or ``csat``; empty for orders.
    nothing : str
        What to say where the data are there, but no value.
    """

    key: str
    unit: Unit
    terms: tuple[tuple[str, Unit], ...]
    formula: str = "{0} / {1}"
    lifetime: bool = False
    higher_is_better: bool | None = True
    needs: str = ""
    nothing: str = "Nobody ordered in the period."


@dataclass(frozen=True, kw_only=True)
class SumMetric(Metric):
    """A metric that is read from sums; ``read`` takes `Sums` and the periods in a year."""

    read: Callable[[Sums, int], formulas.Read]


_NOBODY_BEFORE = "Nobody ordered in the period before."
_ACTIVE: tuple[str, Unit] = ("customers who ordered in the period", "customers")
_BEFORE: tuple[str, Unit] = ("customers who ordered in the period before", "customers")
_ORDERS: tuple[str, Unit] = ("orders in the period", "orders")
_REVENUE: tuple[str, Unit] = ("revenue in the period", "money")

METRICS = (
    SumMetric(
        "retention_rate",
        "share",
        (("customers who ordered in both periods", "customers"), _BEFORE),
        read=formulas.retention,
        nothing=_NOBODY_BEFORE,
    ),
    SumMetric(
        "churn_rate",
        "share",
        (("customers who ordered in the period before, and not in this one", "customers"), _BEFORE),
        read=formulas.churn,
        higher_is_better=False,
        nothing=_NOBODY_BEFORE,
    ),
    SumMetric(
        "repeat_rate",
        "share",
        (("customers with two or more orders", "customers"), ("customers with an order", "customers")),
        read=formulas.repeat_rate,
        lifetime=True,
    ),
    SumMetric("purchase_frequency", "ratio", (_ORDERS, _ACTIVE), read=formulas.frequency),
    SumMetric("average_order_value", "money", (_REVENUE, _ORDERS), read=formulas.order_value, needs="amount"),
    SumMetric(
        "sales_per_customer", "money", (_REVENUE, _ACTIVE), read=formulas.sales_per_customer, needs="amount"
    ),
    SumMetric(
        "simple_clv",
        "money",
        (
            ("revenue per order in the last year", "money"),
            ("orders per customer in the last year", "ratio"),
            ("yearly churn rate", "share"),
        ),
        read=formulas.simple_clv,
        formula="{0} × {1} / {2}",
        needs="amount",
        nothing="Needs two years of orders up to the end of the period, and customers who left between them.",
    ),
    SumMetric(
        "upsell_ratio",
        "ratio",
        (("customers with several product types", "customers"), ("customers with exactly one", "customers")),
        read=formulas.upsell,
        lifetime=True,
        needs="product",
        nothing="No customer has exactly one product type.",
    ),
    SumMetric(
        "net_promoter_score",
        "points",
        (("promoters", "customers"), ("detractors", "customers"), ("customers who answered", "customers")),
        read=formulas.recommendation,
        formula="({0} − {1}) / {2}",
        needs="nps",
        nothing="Nobody answered the question in the period.",
    ),
    SumMetric(
        "satisfaction",
        "share",
        (("customers who gave 4 or 5", "customers"), ("customers who answered", "customers")),
        read=formulas.satisfaction,
        needs="csat",
        nothing="Nobody answered the question in the period.",
    ),
    SumMetric(
        "referral_share",
        "share",
        (("new customers by referral", "customers"), ("new customers", "customers")),
        read=formulas.referrals,
        needs="source",
        nothing="Nobody was new in the period.",
    ),
    SumMetric(
        "existing_revenue_share",
        "share",
        (("revenue of customers acquired before the period", "money"), _REVENUE),
        read=formulas.existing_revenue,
        higher_is_better=None,
        needs="amount",
        nothing="The period has no revenue, or is the first of the data, when all customers are new.",
    ),
    SumMetric(
        "new_customers", "customers", (), read=total_of("newcomers", customers="newcomers"), formula=""
    ),
    SumMetric("active_customers", "customers", (), read=total_of("active"), formula=""),
    SumMetric("orders", "orders", (), read=total_of("orders"), formula=""),
    SumMetric(
        "revenue", "money", (), read=total_of("revenue", scale=MONEY_UNITS), formula="", needs="amount"
    ),
)
