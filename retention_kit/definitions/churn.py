"""The cards of the churn notebook: cadence, churn curves and their projection."""

from collections.abc import Mapping

from retention_kit.definitions.definition import WILSON, Definition

__all__ = ["CARDS"]

CARDS: Mapping[str, Definition] = {
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
        WILSON,
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
