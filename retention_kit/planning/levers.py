"""The levers of a what-if: what can be moved, in which unit, and between which ends."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from types import MappingProxyType

from retention_kit.errors import ParameterError

__all__ = ["LEVERS", "LONGEST_HORIZON", "MOST_SAVED", "Lever", "Levers", "points_saved", "saved_share_of"]

LONGEST_HORIZON = 120  # months
MOST_SAVED = 0.99  # beyond it nobody leaves, and no programme does that


@dataclass(frozen=True)
class Lever:
    """One lever: its name on screen, its unit, the ends between which it moves, and what it does."""

    title: str
    unit: str
    low: float
    high: float
    meaning: str


_SAVED = "share of departures"
_MOST_MONEY = 1e12

LEVERS: Mapping[str, Lever] = MappingProxyType(
    {
        "saved_share": Lever(
            "saved share of departures", _SAVED, 0.0, MOST_SAVED,
            "Each departure that would have happened is prevented with this chance: the likely value.",
        ),
        "saved_share_low": Lever(
            "saved share, low", _SAVED, 0.0, MOST_SAVED, "The least that is thought possible.",
        ),
        "saved_share_high": Lever(
            "saved share, high", _SAVED, 0.0, MOST_SAVED, "The most that is thought possible.",
        ),
        "frequency": Lever(
            "purchase frequency", "relative change", -0.9, 1.0,
            "Orders of targeted customers per unit of time, against today's; contracts have none.",
        ),
        "order_value": Lever(
            "order value", "relative change", -0.9, 2.0,
            "Revenue per order, or per month of a contract, of targeted customers, against today's.",
        ),
        "margin": Lever("margin", "share of revenue", 0.0, 1.0, "Gross margin of all revenue."),
        "discount_rate": Lever(
            "discount rate", "share per year", 0.0, 1.0, "What a year takes off the value of money.",
        ),
        "horizon_months": Lever(
            "horizon", "months", 1, LONGEST_HORIZON, "How far ahead margin and costs are counted.",
        ),
        "acquisition_cost": Lever(
            "acquisition cost", "money per new customer", 0.0, 1e9, "Paid when a customer is won.",
        ),
        "acquisition_per_month": Lever(
            "acquisition volume", "new customers per month", 0.0, 1e8, "Customers won in every month.",
        ),
        "programme_fixed_cost": Lever(
            "fixed cost of the programme", "money, once", 0.0, _MOST_MONEY, "Paid now.",
        ),
        "programme_cost_per_customer": Lever(
            "programme cost per customer", "money per targeted customer, once", 0.0, 1e9, "Paid now.",
        ),
        "programme_cost_per_month": Lever(
            "programme cost per customer and month", "money per targeted customer and month", 0.0, 1e9,
            "Paid at the end of each month: for every targeted customer, or with contracts for those "
            "who are still there.",
        ),
        "share_targeted": Lever(
            "share targeted", "share of the segment's customers", 0.0, 1.0, "Chosen at random.",
        ),
    }
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Levers:
    """Where each lever stands.

    The programme (saved share, frequency, order value, its costs) reaches the targeted share of today's
    customers. Margin, discount rate and horizon hold for all; new customers come with their own cost, and
    behave as customers have so far.

    Attributes
    ----------
    saved_share : float
        The likely chance that a departure is prevented; from 0 to 0.99.
    saved_share_low, saved_share_high : float or None
        The least and the greatest thought possible; as the likely one if missing. The data do not
        estimate them.
    frequency, order_value : float
        Relative changes: 0.1 for 10 % more.
    margin : float
        Share of revenue.
    discount_rate : float
        Per year.
    horizon_months : int
        From 1 to 120.
    acquisition_cost : float or None
        Money per new customer; None where nobody knows it.
    acquisition_per_month : float
        New customers per month.
    programme_fixed_cost : float
        Money, once, now.
    programme_cost_per_customer : float
        Money per targeted customer, once, now.
    programme_cost_per_month : float
        Money per targeted customer at the end of each month.
    share_targeted : float
        Share of the segment's customers.
    segment : str
        The segment targeted; all customers if empty.

    Raises
    ------
    ParameterError
        Levers are out of their bounds; the message names each, its bounds and its unit.

    Examples
    --------
    >>> Levers(saved_share=0.1, margin=0.4).uplift
    (0.1, 0.1, 0.1)
    """

    saved_share: float = 0.0
    saved_share_low: float | None = None
    saved_share_high: float | None = None
    frequency: float = 0.0
    order_value: float = 0.0
    margin: float = 1.0
    discount_rate: float = 0.1
    horizon_months: int = 12
    acquisition_cost: float | None = None
    acquisition_per_month: float = 0.0
    programme_fixed_cost: float = 0.0
    programme_cost_per_customer: float = 0.0
    programme_cost_per_month: float = 0.0
    share_targeted: float = 1.0
    segment: str = ""

    def __post_init__(self) -> None:
        wrong = [name for name in LEVERS if not self._fits(name)]
        if wrong:
            raise ParameterError(
                f"{len(wrong)} of {len(LEVERS)} levers {'is' if len(wrong) == 1 else 'are'} out of bounds: "
                + "; ".join(f"{name}={getattr(self, name)!r}" for name in wrong)
                + ".",
                todo=" ".join(_allowed(name) for name in wrong),
            )
        low, likely, high = self.uplift
        if not low <= likely <= high:
            raise ParameterError(
                f"The saved share is given as low {low:g}, likely {likely:g}, high {high:g}.",
                todo="Give saved_share_low, saved_share and saved_share_high in rising order "
                "(shares of departures).",
            )

    def _fits(self, name: str) -> bool:
        value, lever = getattr(self, name), LEVERS[name]
        if value is None:
            return name in ("saved_share_low", "saved_share_high", "acquisition_cost")
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            return False
        whole = name != "horizon_months" or value == int(value)
        return whole and lever.low <= value <= lever.high

    @property
    def uplift(self) -> tuple[float, float, float]:
        """Low, likely and high saved share."""
        likely = self.saved_share
        low, high = self.saved_share_low, self.saved_share_high
        return likely if low is None else low, likely, likely if high is None else high

    @property
    def expected_saved_share(self) -> float:
        """Mean of the triangular distribution from low over likely to high."""
        low, likely, high = self.uplift
        return likely if low == high else (low + likely + high) / 3

    def moved(self, start: "Levers") -> tuple[str, ...]:
        """Return the names of the levers that stand elsewhere than in ``start``."""
        here, there = asdict(self), asdict(start)
        here["saved_share_low"], _, here["saved_share_high"] = self.uplift
        there["saved_share_low"], _, there["saved_share_high"] = start.uplift
        return tuple(name for name in here if here[name] != there[name])


def points_saved(saved_share: float, yearly_retention: float) -> float:
    """Return the points of yearly retention that a saved share stands for: u (1 - r).

    Of all active customers, the share that would have left within a year and is kept.

    >>> print(f"{points_saved(0.1, 0.8):.2f}")
    0.02
    """
    return saved_share * (1 - yearly_retention)


def saved_share_of(points: float, yearly_retention: float) -> float | None:
    """Return the saved share that so many points of yearly retention need; None if more than all leave.

    >>> print(f"{saved_share_of(0.05, 0.8):.2f}")
    0.25
    >>> print(saved_share_of(0.05, 0.97))
    None
    """
    lost = 1 - yearly_retention
    return points / lost if 0 <= points < lost else None


def _allowed(name: str) -> str:
    lever = LEVERS[name]
    whole = "a whole number " if name == "horizon_months" else ""
    return f"{name}: {whole}from {lever.low:g} to {lever.high:g} ({lever.unit})."
