"""The stage of the business, from how much of it is new."""

from dataclasses import dataclass

from retention_kit import formats
from retention_kit.data.dataset import Dataset
from retention_kit.measures.scorecard_counting import orders_begin
from retention_kit.measures.scorecard_metrics import YEARS
from retention_kit.measures.scorecard_periods import Compared
from retention_kit.measures.scorecard_reading import ratio, share
from retention_kit.measures.scorecard_result import Stage, StageName
from retention_kit.measures.scorecard_sums import Sums
from retention_kit.measures.scorecard_tiles import estimate_at
from retention_kit.measures.survival_result import Estimate

__all__ = ["stage_of"]

_STARTING = 0.5  # new share of revenue and of customers, from which on both are mostly new
_CONSOLIDATING = 0.25  # up to which both are mostly known
_NOTHING = Estimate(None, None, None)


@dataclass(frozen=True)
class _Advice:
    text: str
    metrics: tuple[str, ...]


_ADVICE = {
    "starting": _Advice(
        "Most customers are new, so look at whether they come back at all: the time to the second order, the "
        "repeat rate, what they say, and how many come by referral.",
        ("time_to_second_order", "second_order_share", "repeat_rate", "net_promoter_score", "referral_share"),
    ),
    "growing": _Advice(
        "New and known customers both count, so look at whether retention keeps up with growth: the "
        "retention and churn rate, and how often customers buy, by cohort too.",
        ("retention_rate", "churn_rate", "purchase_frequency", "new_customers", "satisfaction"),
    ),
    "consolidating": _Advice(
        "Known customers carry the business, so look at what each is worth and who is about to leave: the "
        "churn rate, sales per customer, lifetime value, and several products per customer.",
        ("churn_rate", "sales_per_customer", "simple_clv", "upsell_ratio", "existing_revenue_share"),
    ),
    "unknown": _Advice("Look again when more than a year of orders is there.", ()),
}


def stage_of(dataset: Dataset, when: Compared, sums: Sums, *, level: float) -> Stage:
    """Return the stage of the business in the period measured.

    New are customers who first ordered within the year up to the end of the period. Starting: they are
    half or more of the customers, and bring half or more of the revenue. Consolidating: a quarter or less
    of both. Growing: between. Unknown while the data hold no order from before that year.
    """
    now, year = when.measured.index, YEARS[when.all.grain]
    customers = estimate_at(share(sums["young"], sums["active"]), now, level)
    revenue = _NOTHING
    if dataset.has_amount:
        revenue = estimate_at(ratio(sums["young_revenue"], sums["revenue"], most=1), now, level)
    shares = [of.value for of in (customers, revenue) if of.value is not None]
    if now - sums.first < year or not shares:
        why = "Nobody ordered in the period." if not shares else _TOO_YOUNG.format(day=orders_begin(dataset))
        advised = _ADVICE["unknown"].text if shares else "Choose a period with orders."
        return Stage("unknown", revenue, customers, why, advised, ())
    name: StageName = "growing"
    if min(shares) >= _STARTING:
        name = "starting"
    elif max(shares) <= _CONSOLIDATING:
        name = "consolidating"
    advice = _ADVICE[name]
    both = "both are" if revenue.value is not None else "that is"
    begun = formats.begun(formats.in_period(when.measured.label, when.all.grain))
    told = f"{begun}, {formats.with_interval(customers, 'share')} of the customers had first ordered "
    told += "within the year up to its end"
    if revenue.value is not None:
        told += f"; they brought {formats.with_interval(revenue, 'share')} of the revenue"
    why = (
        f"{told}. A business is starting where {both} half or more, and consolidating where {both} a "
        f"quarter or less. Who bought before {orders_begin(dataset)}, where the data begin, counts as new at "
        "the first order since."
    )
    return Stage(name, revenue, customers, why, advice.text, advice.metrics)


_TOO_YOUNG = (
    "The data begin on {day}, less than a year before the period, so that all customers look new: "
    "the stage cannot be told."
)
