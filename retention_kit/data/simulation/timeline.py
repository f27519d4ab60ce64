"""The days of the shop: season, growth, campaign and outage, and what they do to orders and newcomers."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from retention_kit.data.moments import FIRST_DAY, LAST_DAY
from retention_kit.data.simulation.parameters import Experiment, Trade
from retention_kit.errors import ParameterError

__all__ = ["LONGEST_DAYS", "SHORTEST_DAYS", "Timeline", "add_months"]

Floats = NDArray[np.float64]
Days = NDArray[np.int64]

SHORTEST_DAYS, LONGEST_DAYS = 365, 7305
_SHARES = {"price change": 0.55, "campaign": 0.70, "outage": 0.85, "experiment": 0.55}  # of the days
_FOLLOW_UP = 30  # days after the voucher's that the experiment leaves for refunds to come in
_HALF_YEAR = 184


@dataclass(frozen=True)
class Timeline:
    """The days from the first to the last, numbered from 0.

    Parameters
    ----------
    first_day, last_day : date
        Both included; the last is the as-of date.
    trade : Trade
        What moves the number of orders and of new customers.
    experiment : Experiment
        How long a voucher holds, which decides when the last one can be given.
    """

    first_day: date
    last_day: date
    trade: Trade
    experiment: Experiment

    def __post_init__(self) -> None:
        if not SHORTEST_DAYS <= self.days <= LONGEST_DAYS:
            length = f"{self.days:,} day{'s' if self.days != 1 else ''}" if self.days > 0 else "no day"
            raise ParameterError(
                f"From {self.first_day} to {self.last_day} is {length}.",
                todo=f"A simulated shop lasts {SHORTEST_DAYS} to {LONGEST_DAYS:,} days.",
            )
        if self.first_day < FIRST_DAY or self.last_day > LAST_DAY:
            raise ParameterError(
                f"A shop from {self.first_day} to {self.last_day} could not be opened.",
                todo=f"Choose days from {FIRST_DAY} to {LAST_DAY}.",
            )

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.last_day - self.first_day).days + 1

    @cached_property
    def dates(self) -> NDArray[np.datetime64]:
        """Each day's date."""
        return np.datetime64(self.first_day, "D") + np.arange(self.days)

    @cached_property
    def activity(self) -> Floats:
        """Factor on purchase rates of each day; over a year without events its mean is about 1."""
        months = self.dates.astype("M8[M]").astype(int) % 12
        weekdays = (self.dates.astype(int) + 3) % 7  # 1970-01-01 was a Thursday
        factors = np.array(self.trade.month_factors)[months] * np.array(self.trade.weekday_factors)[weekdays]
        factors[self._spell("campaign", self.trade.campaign_days)] *= self.trade.campaign_factor
        factors[self._spell("outage", self.trade.outage_days)] *= self.trade.outage_factor
        return np.asarray(factors)

    @cached_property
    def exposure(self) -> Floats:
        """Sum of the activity before each day; shape (days + 1,)."""
        return np.concatenate([[0.0], np.cumsum(self.activity)])

    @cached_property
    def arrivals(self) -> Floats:
        """Share of all customers whose first order falls on each day; adds up to 1."""
        growth = (1 + self.trade.growth_per_year) ** (np.arange(self.days) / 365.25)
        weights = self.activity * growth
        return np.asarray(weights / weights.sum())

    @cached_property
    def prices(self) -> Floats:
        """Factor on the value of orders of each day."""
        prices = np.ones(self.days)
        prices[self.event_day("price change") :] *= self.trade.price_change_factor
        return prices

    @property
    def experiment_days(self) -> range:
        """Days whose new customers take part in the experiment."""
        end = self.days - self.experiment.voucher_days - _FOLLOW_UP
        return range(max(self.event_day("experiment"), end - _HALF_YEAR), end)

    @property
    def events(self) -> tuple[tuple[date, str], ...]:
        """Day and label of what happened."""
        percent = round((self.trade.price_change_factor - 1) * 100)
        labels = {
            "price change": f"Prices {percent:+d} %",
            "campaign": f"Campaign, {self.trade.campaign_days} days",
            "outage": f"Outage, {self.trade.outage_days} days",
        }
        return tuple((self.date_of(self.event_day(name)), label) for name, label in labels.items())

    def event_day(self, name: str) -> int:
        """Return the number of the day on which an event begins: the first of a month, or a Monday."""
        day = self.date_of(int(self.days * _SHARES[name]))
        snapped = day.replace(day=1) if name == "price change" else day - timedelta(days=day.weekday())
        return (snapped - self.first_day).days

    def date_of(self, number: int) -> date:
        """Return the date of a day."""
        return self.first_day + timedelta(days=number)

    def monthly_days(self, months: tuple[int, ...]) -> list[int]:
        """Return the numbers of the fifteenth days of the given months of each year."""
        dates = self.dates.astype("M8[D]")
        fifteenth = (dates - dates.astype("M8[M]")).astype(int) == 14
        return np.flatnonzero(
            fifteenth & np.isin(dates.astype("M8[M]").astype(int) % 12 + 1, months)
        ).tolist()

    def exposure_at(self, moments: Floats) -> Floats:
        """Return the exposure up to moments in days from the start of day 0."""
        return np.interp(moments, np.arange(self.days + 1), self.exposure)

    def day_of_exposure(self, exposure: Floats) -> Days:
        """Return the days on which the exposure reaches the given values."""
        return np.clip(np.searchsorted(self.exposure, exposure, side="right") - 1, 0, self.days - 1)

    def _spell(self, name: str, days: int) -> slice:
        return slice(self.event_day(name), self.event_day(name) + days)


def add_months(dates: NDArray[np.datetime64], months: NDArray[np.int64] | int) -> NDArray[np.datetime64]:
    """Return the same day so many months later, or the last of the month where there is none.

    >>> add_months(np.array(["2024-01-31"], "M8[D]"), 1).tolist()
    [datetime.date(2024, 2, 29)]
    """
    starts = dates.astype("M8[M]")
    target = starts + months
    length = (target + 1).astype("M8[D]") - target.astype("M8[D]")
    offset = dates - starts.astype("M8[D]")
    return np.asarray(target.astype("M8[D]") + np.minimum(offset, length - np.timedelta64(1, "D")))
