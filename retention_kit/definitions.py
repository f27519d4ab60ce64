"""What every number means: name, formula, unit, source and caveat, behind cards, tooltips and the README."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["DEFINITIONS", "Definition"]


@dataclass(frozen=True)
class Definition:
    """The definition card of a metric; variants are other definitions of it, each by its name and formula."""

    name: str
    formula: str
    unit: str
    source: str
    caveat: str
    variants: tuple[tuple[str, str], ...] = ()


_WILSON = "Interval: Wilson (1927)."
_JACKKNIFE = "Interval: delete-a-group jackknife over 100 buckets of customers (Kott 2001)."
_EXACT = "An exact number; of its change: delete-a-group jackknife over 100 buckets of customers (Kott 2001)."

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
        "retention_rate": Definition(
            "Customer retention rate",
            "customers who ordered in the period and the one before / all who ordered in the one before (S)",
            "share of customers",
            _WILSON,
            "Depends on the length of the period: the shorter, the fewer come back within it.",
            (
                (
                    "(E − N) / S",
                    "customers of the period (E) less new ones (N) / S: resurrected customers count too, "
                    "so that it may exceed 100 %",
                ),
                ("End over start", "E / S: new customers count too, as one guide prints it"),
            ),
        ),
        "churn_rate": Definition(
            "Customer churn rate",
            "customers who ordered in the period before, but not in this one / those who ordered in it",
            "share of customers",
            _WILSON,
            "Who does not order in one period may be back in the next: not ordering is not yet leaving.",
            (("Lost / whole base", "the same customers / all who ever ordered before the period"),),
        ),
        "repeat_rate": Definition(
            "Repeat customer rate",
            "customers with two or more orders / customers with an order, up to the last day counted",
            "share of customers",
            _WILSON,
            "Falls when many are new: they have not had the time to come back.",
            (
                (
                    "Repeat to one-time ratio",
                    "customers with two or more orders / customers with exactly one",
                ),
                (
                    "Within the period",
                    "customers with two or more orders in the period / customers of the period",
                ),
            ),
        ),
        "purchase_frequency": Definition(
            "Purchase frequency",
            "orders in the period / customers who ordered in it",
            "orders per customer",
            _JACKKNIFE,
            "Customers without an order in the period do not count, so that it is never below 1.",
            (
                (
                    "Orders per one-time customer",
                    "orders / customers with exactly one, as one guide prints it",
                ),
            ),
        ),
        "average_order_value": Definition(
            "Average order value",
            "revenue / orders in the period",
            "money per order",
            _JACKKNIFE,
            "A few large orders move it: look at the interval.",
        ),
        "sales_per_customer": Definition(
            "Sales per customer",
            "revenue in the period / customers who ordered in it",
            "money per customer",
            _JACKKNIFE,
            "Average order value times purchase frequency: it says that it changed, those say why.",
        ),
        "simple_clv": Definition(
            "Simple customer lifetime value",
            "revenue per order × orders per customer and year × lifetime in years (1 / yearly churn rate)",
            "money per customer",
            _JACKKNIFE,
            "Revenue, not profit; it takes all customers to be alike and does not discount. Of the year up "
            "to the period's end; churned is who ordered in the year before that one, and not in it.",
            (("Of gross margin", "gross margin per customer and year / yearly churn rate"),),
        ),
        "upsell_ratio": Definition(
            "Upsell ratio",
            "customers with several product types / customers with exactly one, up to the last day counted",
            "ratio",
            _JACKKNIFE,
            "An order has one product type, that of its first row.",
            (
                ("As two guides word it", "customers with exactly one product type / customers with several"),
                (
                    "Share with several",
                    "customers with several product types / all customers with one or more",
                ),
            ),
        ),
        "net_promoter_score": Definition(
            "Net promoter score",
            "(customers who answer 9 or 10 − those who answer 0 to 6) / customers who answer, in the period",
            "points",
            "Interval: adjusted Wald; ¾, 1½ and ¾ are added to promoters, passives, detractors (Rocks 2016).",
            "A customer's last answer in the period counts. Who answers may differ from who does not.",
            (("Plain margin", "z √((p + d − (p − d)²) / n), which is too narrow in small samples"),),
        ),
        "satisfaction": Definition(
            "Customer satisfaction",
            "customers who answer 4 or 5 of 5 / customers who answer, in the period",
            "share of customers",
            _WILSON,
            "A customer's last answer in the period counts. Who answers may differ from who does not.",
            (("Mean score", "sum of the scores / customers who answer; interval by the jackknife"),),
        ),
        "referral_share": Definition(
            "Referral share",
            "new customers whose source is a referral / new customers of the period",
            "share of customers",
            _WILSON,
            'A source is a referral if its name holds "refer"; a customer without a source is none.',
            (
                (
                    "Retention of referred customers",
                    "retention rate of referred customers, beside all others",
                ),
                ("Referred less others", "the difference of these two rates; interval: Newcombe (1998)"),
            ),
        ),
        "existing_revenue_share": Definition(
            "Revenue from existing customers",
            "revenue of customers whose first order was before the period / revenue in the period",
            "share of revenue",
            _JACKKNIFE,
            "Depends on the length of the period: the longer, the more customers are new in it.",
        ),
        "new_customers": Definition(
            "New customers",
            "customers whose first order is in the period",
            "customers",
            _EXACT,
            "Who bought before the data begin counts as new at the first order since.",
        ),
        "active_customers": Definition(
            "Active customers",
            "customers with an order in the period",
            "customers",
            _EXACT,
            "Says nothing of who they are: the same number may be other customers.",
        ),
        "time_to_second_order": Definition(
            "Time to second order",
            "median days from the first to the second order / by Kaplan and Meier over all customers, those "
            "without a second order seen up to the last day counted",
            "days",
            "Interval: Brookmeyer & Crowley (1982).",
            "Missing as long as fewer than half have come back.",
            (("Within 30, 60, 90 days", "share with a second order by then, by Kaplan and Meier"),),
        ),
        "second_order_share": Definition(
            "Second order within 90 days",
            "customers with a second order within 90 days of the first / all customers, by Kaplan and Meier "
            "up to the last day counted",
            "share of customers",
            "Interval: log-log, with Greenwood's variance (Kalbfleisch & Prentice 2002).",
            "Who is too new to be judged counts for as long as he or she was seen.",
            (("Within 30, 60 days", "the same by then"),),
        ),
        "engagement_index": Definition(
            "Engagement index",
            "sum of percentile ranks of last order, orders, revenue and product types / number of them",
            "index from 0 to 100",
            "Weights: the same for each part that the data have.",
            "It ranks customers, so its average is 50 by construction: a distribution, never a trend.",
        ),
        "purchase_cycle": Definition(
            "Purchase cycle",
            "median gap between order days of those who return: the first t with (1 − S(t)) / (1 − S(∞)) ≥ "
            "½; S: product limit over gaps, the open ones censored, customers weighted equally",
            "days",
            "Kaplan & Meier (1958). Interval: delete-a-group jackknife over 100 buckets of customers "
            "(Kott 2001).",
            "S has a plateau, since open gaps include customers who will not return. It reaches as far as "
            "the data.",
            (("Over all gaps", "every gap counts the same: frequent customers weigh more"),),
        ),
        "churn_threshold": Definition(
            "Churn threshold",
            "smallest silence s with P(return within H | silent for s) = 1 − S(s + H) / S(s) below the share "
            "chosen; H: the measuring window, three purchase cycles unless said",
            "days",
            "Intervals of the chances: delete-a-group jackknife over 100 buckets of customers (Kott 2001).",
            "A few still return after it. Where it is never reached, the data do not say when customers have "
            "left.",
        ),
        "churn_curve": Definition(
            "Churn curve",
            "S(t) = product over times up to t of 1 − (customers who leave) / (customers at risk)",
            "share of customers",
            "Kaplan & Meier (1958); band: log-log with Greenwood's variance (Kalbfleisch & Prentice 2002); "
            "median: Brookmeyer & Crowley (1982); groups: log-rank test, pairs with Holm's correction.",
            "Customers who have not left yet count for as long as they were seen. The end rests on few: look "
            "at the numbers at risk.",
        ),
        "hazard": Definition(
            "Risk of leaving",
            "1 − product of 1 − (customers who leave) / (customers at risk) over a period of their own time",
            "share of those still there",
            "Interval: Wilson (1927), with as many customers as give the same variance without censoring.",
            "Falls with time where customers differ, even if the risk of each stays the same.",
        ),
        "calendar_churn": Definition(
            "Churn per calendar period",
            "customers there when the period began who left in it / customers there when it began; "
            "retention: 1 − churn",
            "share of customers",
            _WILSON,
            "Who joined and left within the period is counted apart. A period with many young customers has "
            "more churn.",
        ),
        "contract_projection": Definition(
            "Contractual projection",
            "shifted beta-geometric: S(t) = B(alpha, beta + t) / B(alpha, beta); "
            "beta-Weibull: S(t) = B(alpha, beta + t^c) / B(alpha, beta)",
            "share of contracts",
            "Fader & Hardie (2007); Fader et al. (2018). Band: draws of the parameters in proportion to "
            "their likelihood.",
            "The band is that of the curve; a cohort of few customers scatters around it. What changes for "
            "everybody, such as a price, the model does not know.",
        ),
    }
)
