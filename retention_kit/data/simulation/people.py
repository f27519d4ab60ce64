"""Who the customers are: when they came, what they are like, and what nobody sees."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retention_kit.data.simulation.parameters import ShopParameters
from retention_kit.data.simulation.streams import choice, stream
from retention_kit.data.simulation.timeline import Timeline

__all__ = ["Customers", "gamma_quantile", "new_customers", "opposed", "tilted_shares"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Customers:
    """One entry per customer, in the order in which they came.

    Attributes
    ----------
    first_day : array of int
        Number of the day of the first order.
    satisfaction : array of float
        Standard normal; nobody sees it.
    purchase_rate, leaving_rate : array of float
        Orders per day of average trade, and departures per day, before anything multiplies them.
    channel : array of int
        Home channel.
    source, country : array of int
        Values of the attributes.
    consent : array of bool
    acquisition_cents : array of int
    voucher : array of int
        1 with a voucher, 0 without, −1 outside the experiment.
    """

    first_day: Codes
    satisfaction: Floats
    purchase_rate: Floats
    leaving_rate: Floats
    channel: Codes
    source: Codes
    country: Codes
    consent: NDArray[np.bool_]
    acquisition_cents: Codes
    voucher: Codes

    def __len__(self) -> int:
        """Return the number of customers."""
        return len(self.first_day)


def new_customers(parameters: ShopParameters, timeline: Timeline, *, customers: int, seed: int) -> Customers:
    """Return the customers who came over the days of the timeline."""
    arrivals = stream(seed, "arrivals").random(customers)
    first_day = np.sort(choice(arrivals, timeline.arrivals.tolist()))
    satisfaction = stream(seed, "satisfaction").standard_normal(customers)
    rate_score = stream(seed, "purchase rate").standard_normal(customers)
    buying, leaving, people = parameters.purchasing, parameters.leaving, parameters.people
    leaving_score = opposed(
        satisfaction,
        leaving.satisfaction_correlation,
        stream(seed, "leaving rate").standard_normal(customers),
    )
    origins, homes = people.sources, parameters.catalogue.channels
    sources = tilted_shares(
        [origin.share for origin in origins],
        [origin.satisfaction_log_odds for origin in origins],
        satisfaction,
    )
    channels = tilted_shares(
        [home.share for home in homes], [home.purchase_rate_log_odds for home in homes], rate_score
    )
    source = _each(stream(seed, "source").random(customers), sources)
    means = np.array([origin.mean_acquisition_cost for origin in origins])
    costs = stream(seed, "acquisition cost").gamma(4.0, 0.25, customers) * means[source]
    return Customers(
        first_day=first_day,
        satisfaction=satisfaction,
        purchase_rate=gamma_quantile(rate_score, buying.rate_shape) / buying.rate_days,
        leaving_rate=gamma_quantile(leaving_score, leaving.rate_shape) / leaving.rate_days,
        channel=_each(stream(seed, "home channel").random(customers), channels),
        source=source,
        country=choice(stream(seed, "country").random(customers), [c.share for c in people.countries]),
        consent=stream(seed, "consent").random(customers) < people.consent_share,
        acquisition_cents=np.rint(costs * 100).astype(np.int64),
        voucher=_vouchers(parameters, timeline, first_day, seed),
    )


def opposed(satisfaction: Floats, correlation: float, noise: Floats) -> Floats:
    """Return standard normal scores with the correlation −``correlation`` with satisfaction."""
    return np.asarray(-correlation * satisfaction + np.sqrt(1 - correlation**2) * noise)


def gamma_quantile(score: Floats, shape: float) -> Floats:
    """Return the value of a gamma law of scale 1 that is as high in it as ``score`` is in the normal law."""
    from scipy.special import gammainccinv, ndtr

    # From above, because only the upper tail has to be exact: there rates are large.
    return np.asarray(gammainccinv(shape, ndtr(-score)))


def tilted_shares(shares: Sequence[float], log_odds: Sequence[float], score: Floats) -> Floats:
    """Return each customer's probabilities of the values of an attribute; shape (n, values).

    >>> tilted_shares([0.5, 0.5], [1.0, 0.0], np.array([0.0, 9.0])).round(3).tolist()
    [[0.5, 0.5], [1.0, 0.0]]
    """
    weights = np.asarray(shares) * np.exp(np.multiply.outer(score, log_odds))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _each(uniform: Floats, shares: Floats) -> Codes:
    return np.asarray((uniform[:, None] >= np.cumsum(shares, axis=1)[:, :-1]).sum(axis=1))


def _vouchers(parameters: ShopParameters, timeline: Timeline, first_day: Codes, seed: int) -> Codes:
    days = timeline.experiment_days
    drawn = stream(seed, "experiment").random(len(first_day)) < parameters.experiment.voucher_share
    return np.where((first_day >= days.start) & (first_day < days.stop), drawn.astype(np.int64), -1)
