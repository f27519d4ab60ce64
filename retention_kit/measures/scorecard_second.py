"""Time to the second order: how long customers take to come back at first, and how many do in time."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from retention_kit.data.ledger import Ledger
from retention_kit.data.scorecard_statements import second_orders
from retention_kit.measures.intervals import BUCKETS, normal_quantile, wilson
from retention_kit.measures.product_limit import greenwood_steps, log_log_band, product_limit
from retention_kit.measures.scorecard_counting import Shoppers
from retention_kit.measures.scorecard_reading import Reading
from retention_kit.measures.survival import survival_curve
from retention_kit.measures.survival_result import Estimate

__all__ = ["WITHIN_DAYS", "SecondOrders", "second_orders_of"]

WITHIN_DAYS = (30, 60, 90)
_NEVER = 1 << 14  # days, longer than any

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SecondOrders:
    """Customers by the day of their first order, the days from it to the second, and bucket.

    Attributes
    ----------
    first : ndarray
        Days from 1970 to the first order.
    days : ndarray
        Days from it to the second; a number beyond all where there is none.
    bucket, customers : ndarray
        Bucket of customers, and how many they are.
    """

    first: NDArray[np.int32]
    days: NDArray[np.int32]
    bucket: NDArray[np.int32]
    customers: Ints

    def median(self, last_day: int, level: float) -> tuple[Estimate, int]:
        """Return the median days to the second order as seen at the end of a day, and the customers seen."""
        begun = self.first <= last_day
        seen = last_day - self.first[begun]
        days, weights = self.days[begun], self.customers[begun]
        came = days <= seen
        length = int(seen.max(initial=0)) + 1
        events, open_ = (
            np.bincount(times, weights=count, minlength=length).astype(np.int64)
            for times, count in ((days[came], weights[came]), (seen[~came], weights[~came]))
        )
        curve = survival_curve(np.arange(length), events, open_, level=level)
        return curve.median, curve.customers

    def within(self, last_days: Ints, compared: tuple[int, ...]) -> dict[int, Reading]:
        """Return the share with a second order within `WITHIN_DAYS` of the first, by the product limit.

        Parameters
        ----------
        last_days : ndarray of int
            Last day of each period; customers are seen up to it.
        compared : tuple of int
            The periods for which the share within the longest time is wanted without each bucket too;
            elsewhere, and for the shorter times, these are missing.

        Returns
        -------
        dict of int to Reading
            By days. Missing where no customer was seen for so long.
        """
        events, at_risk = self._counts(WITHIN_DAYS[-1], last_days)
        readings = {days: _reading(events[:, : days + 1], at_risk[:, : days + 1]) for days in WITHIN_DAYS}
        longest = readings[WITHIN_DAYS[-1]]
        for period in set(compared):
            left, risk = self._bucket_counts(WITHIN_DAYS[-1], int(last_days[period]))
            longest.used[:, period] = risk[:, 0] > 0
            without = _returned(left.sum(axis=0) - left, risk.sum(axis=0) - risk)
            longest.values[1:, period] = without
        return readings

    def _counts(self, horizon: int, last_days: Ints) -> tuple[Ints, Ints]:
        """Second orders and customers at risk, per period and day after the first order."""
        start = int(self.first.min())
        width, length = horizon + 2, int(self.first.max()) - start + 1
        place = (self.first - start).astype(np.int64) * width + np.minimum(self.days, horizon + 1)
        counts = np.bincount(place, weights=self.customers, minlength=length * width).astype(np.int64)
        # One row before all: nobody had ordered yet.
        came = np.zeros((length + 1, width), dtype=np.int64)
        np.cumsum(counts.reshape(length, width), axis=0, out=came[1:])
        at_risk = np.cumsum(came[:, ::-1], axis=1)[:, ::-1]
        day = np.arange(horizon + 1)
        row = np.clip(last_days[:, None] - day - start + 1, 0, length)
        return came[row, day], at_risk[row, day]

    def _bucket_counts(self, horizon: int, last_day: int) -> tuple[Ints, Ints]:
        """The same for one period, per bucket."""
        width = horizon + 2
        seen = last_day - self.first
        base = self.bucket * width
        came = (self.days <= seen) & (self.days <= horizon)
        until = np.minimum(np.minimum(self.days, seen), horizon + 1)
        begun = seen >= 0

        def summed(kept: NDArray[np.bool_]) -> Ints:
            sums = np.bincount((base + until)[kept], weights=self.customers[kept], minlength=BUCKETS * width)
            return sums.astype(np.int64).reshape(BUCKETS, width)

        at_risk = np.cumsum(summed(begun)[:, ::-1], axis=1)[:, ::-1]
        return summed(came & begun)[:, : horizon + 1], at_risk[:, : horizon + 1]


def _reading(events: Ints, at_risk: Ints) -> Reading:
    """The share that came back until the last of the days, per period, without the shares of buckets."""
    returned = _returned(events, at_risk)
    stay, came, seen = 1 - returned, events.sum(axis=1), at_risk[:, -1]

    def bounds(level: float) -> tuple[Floats, Floats]:
        with np.errstate(invalid="ignore"):  # where all came back no error is known
            error = stay * np.sqrt(np.sum(greenwood_steps(events, at_risk), axis=1))
        low, high = log_log_band(stay, error, normal_quantile(level))
        # Where nobody came back the band has no width: as many as were seen so long tell it.
        nobody = wilson(0 * came, seen, level=level)
        ends = (np.where(came > 0, 1 - high, nobody[0]), np.where(came > 0, 1 - low, nobody[1]))
        return np.where(np.isnan(returned), np.nan, ends[0]), np.where(np.isnan(returned), np.nan, ends[1])

    values = np.full((1 + BUCKETS, len(returned)), np.nan)
    values[0] = returned
    used = np.zeros((BUCKETS, len(returned)), dtype=bool)
    return Reading(values, used, (came, at_risk[:, 0]), at_risk[:, 0], bounds)


def _returned(events: Ints, at_risk: Ints) -> Floats:
    """Share that came back, along the last axis; missing where nobody was seen to its end."""
    stay = product_limit(events, at_risk)[:, -1]
    return np.where((at_risk[:, -1] > 0) | (stay == 0), 1 - stay, np.nan)


def second_orders_of(shoppers: Shoppers) -> SecondOrders:
    """Return when the selected customers came back for the first time."""
    view = shoppers.view("second_orders", second_orders)
    wanted = shoppers.movers.wanted
    return _read(shoppers.ledger, view, wanted[1] if wanted else None)


@lru_cache(maxsize=4)  # the same for every period, and a megabyte per 50,000 customers
def _read(ledger: Ledger, view: str, value: str | None) -> SecondOrders:
    where = "" if value is None else " WHERE grp = ?"
    rows = ledger.query(
        f"SELECT date_diff('day', DATE '1970-01-01', first_day) AS first, "
        f"COALESCE(days, {_NEVER}) AS days, bucket, customers FROM {view}{where}",
        [] if value is None else [value],
    )
    first, days, bucket = (rows[name].to_numpy().astype(np.int32) for name in ("first", "days", "bucket"))
    return SecondOrders(first, days, bucket, rows["customers"].to_numpy().astype(np.int64))
