"""What makes the simulated shop: every number that the draws follow, with its unit in its name.

The defaults are those of a mid-size shop for coffee and tea. Rates are per day, month or year as they
say; shares are fractions; a *leaving ratio* multiplies the rate at which a customer leaves for good.
"""

from dataclasses import dataclass

from retention_kit.data.simulation.kinds import Channel, Plan, Product, Renewal, Share, Source

__all__ = [
    "Answers",
    "Catalogue",
    "Complaints",
    "Contracts",
    "Experiment",
    "Leaving",
    "People",
    "Programme",
    "Purchasing",
    "ShopParameters",
    "Trade",
]


_MONTHLY, _YEARLY = Renewal(0.9, 9.0), Renewal(0.8, 2.2)


@dataclass(frozen=True)
class Trade:
    """The ups and downs of days: factors on the number of orders and of new customers."""

    growth_per_year: float = 0.3
    month_factors: tuple[float, ...] = (
        0.90, 0.85, 0.92, 0.95, 1.00, 0.95, 0.85, 0.80, 1.00, 1.05, 1.28, 1.45,
    )  # fmt: skip
    weekday_factors: tuple[float, ...] = (1.0, 0.95, 0.95, 1.0, 1.1, 1.1, 0.9)
    campaign_days: int = 14
    campaign_factor: float = 1.5
    outage_days: int = 3
    outage_factor: float = 0.3
    price_change_factor: float = 1.06


@dataclass(frozen=True)
class People:
    """Who the customers are. The country has no effect on anything; consent has none either."""

    countries: tuple[Share, ...] = (
        Share("IT", 0.52), Share("DE", 0.20), Share("FR", 0.13), Share("AT", 0.09), Share("ES", 0.06),
    )  # fmt: skip
    sources: tuple[Source, ...] = (
        Source("search", 0.30, 0.0, 12.0),
        Source("referral", 0.18, 0.5, 6.0),
        Source("campaign", 0.22, -0.4, 18.0),
        Source("social", 0.18, -0.1, 15.0),
        Source("direct", 0.12, 0.2, 2.0),
    )
    consent_share: float = 0.72


@dataclass(frozen=True)
class Purchasing:
    """How often customers buy while they are there, and what an order is worth: gamma over gamma.

    The rate per day of a customer, over a year of average trade, is gamma distributed with mean
    ``rate_shape`` / ``rate_days``. The value of an order is gamma with shape ``spend_shape`` and a
    rate of the customer's own, itself gamma with ``spend_rate_shape`` (q) and ``spend_scale`` (the
    mean over customers is p scale / (q - 1)). Neither depends on how long a customer stays.
    """

    rate_shape: float = 0.8
    rate_days: float = 110.0
    spend_shape: float = 5.0
    spend_rate_shape: float = 4.5
    spend_scale: float = 40.0
    full_refund_share_of_repeat_orders: float = 0.025
    partial_refund_share: float = 0.015
    partial_refund_from: float = 0.2
    partial_refund_to: float = 0.6
    refund_within_days: int = 21


@dataclass(frozen=True)
class Catalogue:
    """What is bought, and where.

    An explorer draws the product of each order anew, everyone else stays with the one of the first
    order. Each customer has a home channel, and the share ``several_channels_share`` of customers
    orders elsewhere with probability ``elsewhere_share``. Neither products nor channels make anybody stay.
    """

    products: tuple[Product, ...] = (
        Product("coffee", 0.42, 0.45),
        Product("tea", 0.22, 0.50),
        Product("cups", 0.14, 0.35),
        Product("machines", 0.10, 0.22),
        Product("sweets", 0.12, 0.40),
    )
    explorer_share: float = 0.45
    channels: tuple[Channel, ...] = (
        Channel("web", 0.50, 0.0),
        Channel("shop", 0.28, 0.0),
        Channel("app", 0.22, 0.5),
    )
    several_channels_share: float = 0.35
    elsewhere_share: float = 0.4


@dataclass(frozen=True)
class Leaving:
    """When customers leave for good: at a rate of their own, gamma over customers.

    The rate per day has mean ``rate_shape`` / ``rate_days``. Its normal score has the correlation
    −``satisfaction_correlation`` with the customer's satisfaction, a standard normal.
    """

    rate_shape: float = 0.8
    rate_days: float = 300.0
    satisfaction_correlation: float = 0.5


@dataclass(frozen=True)
class Complaints:
    """A customer complains at most once, sooner when dissatisfied; what comes of it changes leaving.

    Whether a complaint is resolved does not depend on the customer: resolved against unresolved is a
    fair comparison, complained against never complained is not.
    """

    per_year: float = 0.10
    satisfaction_log_rate: float = -0.4
    resolved_share: float = 0.65
    resolved_within_days: int = 14
    leaving_ratio_resolved: float = 0.9
    leaving_ratio_unresolved: float = 2.5


@dataclass(frozen=True)
class Programme:
    """Customers join at a rate that rises with their satisfaction; joining makes them leave less."""

    joins_per_year: float = 0.3
    satisfaction_log_rate: float = 0.6
    leaving_ratio: float = 0.5


@dataclass(frozen=True)
class Contracts:
    """Subscriptions, renewed month by month or year by year, with plan changes and pauses.

    At each monthly renewal a customer leaves for good with a probability of its own; else pauses for
    some days within the month, for some whole months, changes the plan to a neighbour, or renews. A
    pause never moves the day of the month on which the next renewal is due. The normal score of the
    churn has the correlation −``satisfaction_correlation`` with satisfaction.
    """

    subscriber_share: float = 0.3
    mean_days_to_start: float = 60.0
    plans: tuple[Plan, ...] = (
        Plan("basic", 9.90, 1, 0.40),
        Plan("plus", 19.90, 1, 0.27),
        Plan("pro", 39.90, 1, 0.13),
        Plan("plus yearly", 199.00, 12, 0.20),
    )
    monthly: Renewal = _MONTHLY
    yearly: Renewal = _YEARLY
    satisfaction_correlation: float = 0.4
    short_pause_share: float = 0.015
    short_pause_days: tuple[int, int] = (5, 20)
    long_pause_share: float = 0.008
    long_pause_months: tuple[int, int] = (2, 4)
    plan_change_share: float = 0.02
    upward_share: float = 0.6
    grace_days: int = 21
    reasons: tuple[Share, ...] = (
        Share("price", 0.28),
        Share("too little use", 0.22),
        Share("competitor", 0.15),
        Share("service", 0.13),
        Share("quality", 0.12),
        Share("moved away", 0.10),
    )
    unknown_reason_share: float = 0.12


@dataclass(frozen=True)
class Answers:
    """Surveys. A score is the satisfaction behind a noise of its own, cut into a scale.

    ``nps_shares`` (0 to 10) and ``csat_shares`` (1 to 5) are the shares of each score if all new
    customers answered. Satisfaction is asked after the first order; whether people would recommend
    the shop is asked on the fifteenth of the ``nps_months`` (1 to 12) of those who are still
    customers, so happier ones answer.
    """

    nps_shares: tuple[float, ...] = (0.02, 0.01, 0.02, 0.03, 0.03, 0.07, 0.07, 0.13, 0.22, 0.20, 0.20)
    nps_correlation: float = 0.8
    nps_answer_share: float = 0.06
    nps_months: tuple[int, ...] = tuple(range(1, 13))
    csat_shares: tuple[float, ...] = (0.05, 0.08, 0.17, 0.40, 0.30)
    csat_correlation: float = 0.7
    csat_answer_share: float = 0.25
    answered_within_days: int = 10
    reasons: tuple[Share, ...] = (
        Share("quality", 0.35), Share("price", 0.25), Share("service", 0.22), Share("delivery", 0.18),
    )  # fmt: skip
    unknown_reason_share: float = 0.2
    comment_share: float = 0.3


@dataclass(frozen=True)
class Experiment:
    """A voucher for half of the new customers of some months: they buy more often for its days."""

    variants: tuple[str, str] = ("control", "voucher")
    voucher_share: float = 0.5
    voucher_days: int = 90
    purchase_rate_ratio: float = 1.6


@dataclass(frozen=True)
class ShopParameters:
    """Everything the simulated shop follows; change a part to ask what would be."""

    trade: Trade = Trade()
    people: People = People()
    purchasing: Purchasing = Purchasing()
    catalogue: Catalogue = Catalogue()
    leaving: Leaving = Leaving()
    complaints: Complaints = Complaints()
    programme: Programme = Programme()
    contracts: Contracts = Contracts()
    answers: Answers = Answers()
    experiment: Experiment = Experiment()
