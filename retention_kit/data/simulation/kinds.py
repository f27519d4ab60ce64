"""Values that things of the simulated shop have: sources, channels, products, plans, with their shares."""

from dataclasses import dataclass

__all__ = ["Channel", "Plan", "Product", "Renewal", "Share", "Source"]


@dataclass(frozen=True)
class Share:
    """One value of an attribute, and the share of it."""

    name: str
    share: float


@dataclass(frozen=True)
class Source:
    """Where customers come from.

    ``share`` is the share among customers of average satisfaction; each unit of satisfaction
    multiplies the odds by exp(``satisfaction_log_odds``): sources differ in whom they bring, and
    change nobody. The cost of a customer varies around its mean by a gamma law of shape 4.
    """

    name: str
    share: float
    satisfaction_log_odds: float
    mean_acquisition_cost: float


@dataclass(frozen=True)
class Channel:
    """Where customers are at home: the share among customers who buy at an average rate.

    Each unit of the normal score of the purchase rate multiplies the odds by
    exp(``purchase_rate_log_odds``): frequent buyers are more often at home in the app.
    """

    name: str
    share: float
    purchase_rate_log_odds: float


@dataclass(frozen=True)
class Product:
    """A type of product: its share of the orders, and the margin on it as a share of the amount."""

    name: str
    share: float
    margin_share: float


@dataclass(frozen=True)
class Plan:
    """A subscription plan: its price, the months it is billed for, and the share of subscribers on it."""

    name: str
    amount: float
    billing_months: int
    share: float


@dataclass(frozen=True)
class Renewal:
    """The beta law of the churn per renewal, one probability for each customer: shifted beta-geometric."""

    alpha: float
    beta: float
