"""What a what-if needs to know of customers, whether they buy now and then or hold contracts."""

from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from retention_kit.errors import ParameterError, did_you_mean, listing
from retention_kit.planning.levers import Levers

__all__ = ["CustomerBase", "targeted_retention", "targeted_shares"]

Floats = NDArray[np.float64]


class CustomerBase(Protocol):
    """Customers by segment, as expected flows over months, once per draw of the model's parameters.

    Nothing in it is per customer, so a what-if costs the same for a thousand and for a million.
    """

    @property
    def kind(self) -> Literal["purchases", "contracts"]:
        """Whether customers buy now and then, or pay until they cancel."""

    @property
    def segments(self) -> tuple[str, ...]:
        """Names of the segments; one empty name where there are none."""

    @property
    def customers(self) -> Floats:
        """Customers per segment, shape (segments,)."""

    @property
    def active(self) -> float:
        """Customers who are expected to be active today."""

    @property
    def draws(self) -> int:
        """Number of parameter draws."""

    @property
    def start(self) -> Levers:
        """Where the levers stand in the data."""

    @property
    def yearly_retention(self) -> float:
        """Share of today's active customers who will still be active in a year."""

    @property
    def approximation(self) -> float:
        """Greatest relative error of the expected flows, against customer by customer."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader must know of the model behind it."""

    @property
    def average(self) -> "CustomerBase":
        """The mean over the draws, as a base of one draw."""

    def revenue(self, months: int, saved: Floats, frequency: float) -> Floats:
        """Revenue of today's customers in months 1 to ``months``, shape (draws, segments, months).

        ``saved`` is the saved share of departures, shape (draws,) or (1,); ``frequency`` the relative change
        of purchase frequency.
        """

    def paying(self, months: int, saved: Floats) -> Floats:
        """Customers for whom a programme pays by the month, shape (draws or 1, segments, months)."""

    def kept(self, months: int, saved: Floats, frequency: float) -> Floats:
        """Active customers after ``months`` months, shape (draws, segments)."""

    def revenue_of_new(self, months: int, saved: Floats) -> Floats:
        """Revenue of one new customer on the day of acquisition and in each month after it.

        Shape (draws, months + 1).
        """


def targeted_shares(base: CustomerBase, levers: Levers) -> Floats:
    """Return the share of each segment's customers whom the programme reaches.

    Raises
    ------
    ParameterError
        There is no such segment, or contracts are asked for a change of frequency.
    """
    if base.kind == "contracts" and levers.frequency:
        raise ParameterError(
            f"frequency={levers.frequency!r} moves the purchase frequency, which contracts do not have.",
            todo="Leave it at 0 (relative change), and move order_value: it is the amount per month.",
        )
    if levers.segment and levers.segment not in base.segments:
        allowed = f"Choose one of: {listing(base.segments, limit=10)}, or leave it empty for all customers."
        raise ParameterError(
            f"There is no segment {levers.segment!r}.",
            todo=f"{did_you_mean(levers.segment, base.segments)} {allowed}".strip(),
        )
    return np.where(_chosen(base, levers), levers.share_targeted, 0.0)


def targeted_retention(base: CustomerBase, levers: Levers, *, saved_share: float = 0.0) -> float:
    """Return the share of active customers of the segment targeted who will still be active in a year."""
    saved, chosen = np.array([saved_share]), _chosen(base, levers)
    now, then = (base.average.kept(months, saved, 0.0)[0] @ chosen for months in (0, 12))
    return float(then / now)


def _chosen(base: CustomerBase, levers: Levers) -> Floats:
    return np.array([float(levers.segment in ("", name)) for name in base.segments])
