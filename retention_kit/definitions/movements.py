"""The cards of what the scorecard notebook shows beside its metrics: movements, comparisons, targets."""

from collections.abc import Mapping

from retention_kit.definitions.definition import JACKKNIFE, WILSON, Definition

__all__ = ["CARDS"]

CARDS: Mapping[str, Definition] = {
    "target_path": Definition(
        "Path to a target",
        "value in the baseline period + (target − that value) × periods since then / periods until it is due",
        "that of the metric",
        "Ahead or behind only where the whole interval of the metric lies on that side of the path.",
        "A straight line is a choice, not a forecast; seasons move a metric around it.",
    ),
    "customer_movements": Definition(
        "Customer movements",
        "customers who ordered in the period = new + retained + resurrected; "
        "those who ordered in the one before = retained + dormant",
        "customers",
        "Exact counts, without an interval.",
        "Who ordered before the data begin counts as new at the first order since.",
        (
            ("New", "the first order is in the period"),
            ("Retained", "ordered in the period and in the one before"),
            ("Resurrected", "ordered in the period, not in the one before, but earlier: came back"),
            ("Dormant", "ordered in the period before, and not in this one: fell silent"),
        ),
    ),
    "stickiness": Definition(
        "Stickiness",
        "customers who ordered in at least k parts of the period / customers who ordered in the period",
        "share of customers",
        WILSON,
        "A part that begins in one period and ends in the next counts in each for the days it has there.",
        (("Exactly k", "customers who ordered in exactly k parts / customers who ordered in the period"),),
    ),
    "revenue_bridge": Definition(
        "Revenue bridge",
        "opening + new + expansion + reactivation − contraction − churn = closing, per period; of each "
        "customer, revenue in the period (subscriptions: per month, at its end; annual amounts / 12) against "
        "the one before",
        "money",
        "Exact sums, without an interval. Of the churn rates: delete-a-group jackknife over 100 buckets of "
        "customers (Kott 2001).",
        "What comes and goes within a period is not seen. Orders are no contract: revenue that is not "
        "ordered again counts as churn, and may be back in the next period.",
        (
            ("Gross churn rate", "(churn + contraction) / opening"),
            ("Net churn rate", "(churn + contraction − expansion) / opening"),
        ),
    ),
    "net_revenue_retention": Definition(
        "Net revenue retention",
        "closing revenue of the customers who had revenue twelve months before / their revenue then",
        "share of revenue",
        JACKKNIFE,
        "A few large customers can carry it: look at it without the ten largest.",
        (
            (
                "With returns",
                "(closing revenue + that of customers who had left by the opening and are back) / opening "
                "revenue: the variant of some vendors",
            ),
        ),
    ),
    "gross_revenue_retention": Definition(
        "Gross revenue retention",
        "sum over the same customers of the smaller of closing and opening revenue / their opening revenue",
        "share of revenue",
        JACKKNIFE,
        "Growth of one customer cannot hide what another took away, so that it is at most 100 %.",
    ),
    "mix_or_rate": Definition(
        "Mix and rate",
        "change = mix + rate; mix = Σ (w₁ − w₀)(r̄ − R̄), rate = Σ (r₁ − r₀) w̄; w: customers with a value / "
        "all, r: their retention rate, R: that of all, bar: mean of the two periods",
        "points",
        f"Kitagawa (1955). {JACKKNIFE}",
        "It says where a change sits, not what caused it, and depends on the attribute that is chosen.",
    ),
    "reasons_for_leaving": Definition(
        "Reasons for leaving",
        "customers who left and gave the reason / customers who left; each once, with the latest departure",
        "share of customers",
        WILSON,
        "What people say is one reason of several, and some say none.",
        (("By revenue", "monthly amounts that ended for the reason / all that ended; interval: jackknife"),),
    ),
    "landmark_comparison": Definition(
        "Comparison by landmark",
        "customers of a group still there at the horizon / customers of the group who were there at the "
        "landmark, by Kaplan and Meier; a group is what was known at the landmark",
        "share of customers",
        "Anderson, Cain & Gelber (1983). Interval: Wilson (1927), with as many customers as give the same "
        "variance without censoring; of a difference: Newcombe (1998). Clear differences: Holm's correction "
        "over all comparisons shown.",
        "Nobody was assigned to a group: what brought customers into it may also be what makes them stay.",
        (("Ordered again", "customers with an order between landmark and horizon / the same customers"),),
    ),
    "stage": Definition(
        "Stage of the business",
        "customers who first ordered within the year up to the period's end / customers of the period, and "
        "likewise of revenue; starting: half or more of both; consolidating: a quarter or less of both; "
        "growing: between",
        "share of customers, and of revenue",
        "Interval of the share of customers: Wilson (1927), of revenue: delete-a-group jackknife (Kott "
        "2001). The limits are a convention of this workbook.",
        "Who ordered before the data begin counts as new at the first order since.",
    ),
}
