"""The cards of the metrics of the scorecard."""

from collections.abc import Mapping

from retention_kit.definitions.definition import EXACT, JACKKNIFE, WILSON, Definition

__all__ = ["CARDS"]

CARDS: Mapping[str, Definition] = {
    "retention_rate": Definition(
        "Customer retention rate",
        "customers who ordered in the period and the one before / all who ordered in the one before (S)",
        "share of customers",
        WILSON,
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
        WILSON,
        "Who does not order in one period may be back in the next: not ordering is not yet leaving.",
        (("Lost / whole base", "the same customers / all who ever ordered before the period"),),
    ),
    "repeat_rate": Definition(
        "Repeat customer rate",
        "customers with two or more orders / customers with an order, up to the last day counted",
        "share of customers",
        WILSON,
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
        JACKKNIFE,
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
        JACKKNIFE,
        "A few large orders move it: look at the interval.",
    ),
    "sales_per_customer": Definition(
        "Sales per customer",
        "revenue in the period / customers who ordered in it",
        "money per customer",
        JACKKNIFE,
        "Average order value times purchase frequency: it says that it changed, those say why.",
    ),
    "simple_clv": Definition(
        "Simple customer lifetime value",
        "revenue per order × orders per customer and year × lifetime in years (1 / yearly churn rate)",
        "money per customer",
        JACKKNIFE,
        "Revenue, not profit; it takes all customers to be alike and does not discount. Of the year up "
        "to the period's end; churned is who ordered in the year before that one, and not in it.",
        (("Of gross margin", "gross margin per customer and year / yearly churn rate"),),
    ),
    "upsell_ratio": Definition(
        "Upsell ratio",
        "customers with several product types / customers with exactly one, up to the last day counted",
        "ratio",
        JACKKNIFE,
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
        WILSON,
        "A customer's last answer in the period counts. Who answers may differ from who does not.",
        (("Mean score", "sum of the scores, 1 to 5 / customers who answer; interval by the jackknife"),),
    ),
    "referral_share": Definition(
        "Referral share",
        "new customers whose source is a referral / new customers of the period",
        "share of customers",
        WILSON,
        'A source is a referral if its name holds "refer"; a customer without a source is none.',
        (
            (
                "Retention of referred customers",
                "referred customers who ordered in the period and the one before / all who did in that",
            ),
            ("Retention of all others", "the same of customers who were not referred"),
            ("Referred less others", "the difference of these two rates; interval: Newcombe (1998)"),
        ),
    ),
    "existing_revenue_share": Definition(
        "Revenue from existing customers",
        "revenue of customers whose first order was before the period / revenue in the period",
        "share of revenue",
        JACKKNIFE,
        "Depends on the length of the period: the longer, the more customers are new in it.",
    ),
    "new_customers": Definition(
        "New customers",
        "customers whose first order is in the period",
        "customers",
        EXACT,
        "Who bought before the data begin counts as new at the first order since.",
    ),
    "active_customers": Definition(
        "Active customers",
        "customers with an order in the period",
        "customers",
        EXACT,
        "Says nothing of who they are: the same number may be other customers.",
    ),
    "time_to_second_order": Definition(
        "Time to second order",
        "median days from the first to the second order / by Kaplan and Meier over all customers, those "
        "without a second order seen up to the last day counted",
        "days",
        "Interval: Brookmeyer & Crowley (1982).",
        "Missing as long as fewer than half have come back.",
        (
            ("Within 30 days", "share with a second order by then, by Kaplan and Meier"),
            ("Within 60 days", "the same by then"),
            ("Within 90 days", "the same by then"),
        ),
    ),
    "second_order_share": Definition(
        "Second order within 90 days",
        "customers with a second order within 90 days of the first / all customers, by Kaplan and Meier "
        "up to the last day counted",
        "share of customers",
        "Interval: log-log, with Greenwood's variance (Kalbfleisch & Prentice 2002).",
        "Who is too new to be judged counts for as long as he or she was seen.",
        (("Within 30 days", "the same by then"), ("Within 60 days", "the same by then")),
    ),
    "engagement_index": Definition(
        "Engagement index",
        "sum of percentile ranks of last order, orders, revenue and product types / number of them",
        "index from 0 to 100",
        "Weights: the same for each part that the data have.",
        "It ranks customers, so its average is 50 by construction: a distribution, never a trend.",
    ),
}
