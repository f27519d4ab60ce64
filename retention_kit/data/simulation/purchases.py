"""What customers buy while they are there, and what they send back."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from retention_kit.data.simulation.lives import Lives
from retention_kit.data.simulation.parameters import Catalogue, ShopParameters
from retention_kit.data.simulation.people import Customers
from retention_kit.data.simulation.streams import choice, stream
from retention_kit.data.simulation.timeline import Timeline

__all__ = ["Purchases", "purchases"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_OPENS, _HOURS_OPEN = 7 * 3600, 16 * 3600  # seconds; never at an hour that a change of the clocks skips


@dataclass(frozen=True)
class Purchases:
    """Rows of the order file, in the order of time; a refund is a row with a negative amount.

    Attributes
    ----------
    customer, order : array of int
        Numbers of the customer and of the order, from 0.
    second : array of int
        Local wall-clock time, in seconds from the start of day 0.
    product, channel : array of int
    cents, margin_cents : array of int
    """

    customer: Codes
    order: Codes
    second: Codes
    product: Codes
    channel: Codes
    cents: Codes
    margin_cents: Codes

    def __getitem__(self, rows: NDArray[np.bool_] | Codes) -> "Purchases":
        """Return some of the rows."""
        return Purchases(**{part.name: getattr(self, part.name)[rows] for part in fields(self)})


def purchases(
    parameters: ShopParameters, timeline: Timeline, customers: Customers, life: Lives, *, seed: int
) -> Purchases:
    """Return every order and refund up to the last day."""
    customer, day, repeat = _order_days(parameters, timeline, customers, life, seed)
    clock = _OPENS + (_HOURS_OPEN * stream(seed, "clock").beta(2.5, 2.0, len(day))).astype(np.int64)
    second = day * 86400 + clock
    sequence = np.lexsort((customer, second))
    customer, day, repeat, second = customer[sequence], day[sequence], repeat[sequence], second[sequence]
    product = _products(parameters.catalogue, customer, len(customers), seed)
    cents = _values(parameters, timeline, customer, day, len(customers), seed)
    margins = np.array([product.margin_share for product in parameters.catalogue.products])
    bought = Purchases(
        customer=customer,
        order=np.arange(len(customer)),
        second=second,
        product=product,
        channel=_channels(parameters.catalogue, customers.channel, customer, seed),
        cents=cents,
        margin_cents=np.rint(cents * margins[product]).astype(np.int64),
    )
    refunded = _refunds(parameters, timeline, bought, repeat, seed)
    rows = {part.name: [getattr(both, part.name) for both in (bought, refunded)] for part in fields(bought)}
    together = Purchases(**{name: np.concatenate(parts) for name, parts in rows.items()})
    return together[np.argsort(together.second, kind="stable")]


def _order_days(
    parameters: ShopParameters, timeline: Timeline, customers: Customers, life: Lives, seed: int
) -> tuple[Codes, Codes, NDArray[np.bool_]]:
    """Number of the customer, day, and whether it is a repeat order, for each order; first orders first."""
    experiment, everyone = parameters.experiment, np.arange(len(customers))
    begins = customers.first_day.astype(np.float64) + 1
    ends = np.minimum(begins + life.left, timeline.days)
    usual = _repeats(timeline, customers.purchase_rate, begins, ends, stream(seed, "orders"))
    # A raised rate is the usual one and another beside it, so that the voucher moves no other order.
    extra = np.where(customers.voucher == 1, experiment.purchase_rate_ratio - 1, 0.0)
    ends = np.minimum(ends, begins + experiment.voucher_days)
    more = _repeats(timeline, customers.purchase_rate * extra, begins, ends, stream(seed, "voucher orders"))
    customer = np.concatenate([everyone, usual[0], more[0]])
    day = np.concatenate([customers.first_day, usual[1], more[1]])
    return customer, day, np.arange(len(customer)) >= len(customers)


def _repeats(
    timeline: Timeline, rate: Floats, begins: Floats, ends: Floats, numbers: np.random.Generator
) -> tuple[Codes, Codes]:
    low, high = timeline.exposure_at(begins), timeline.exposure_at(ends)
    count = numbers.poisson(rate * (high - low))
    customer = np.repeat(np.arange(len(rate)), count)
    place = low[customer] + numbers.random(len(customer)) * (high - low)[customer]
    return customer, timeline.day_of_exposure(place)


def _values(
    parameters: ShopParameters, timeline: Timeline, customer: Codes, day: Codes, customers: int, seed: int
) -> Codes:
    buying = parameters.purchasing
    rate = stream(seed, "spend level").gamma(buying.spend_rate_shape, 1 / buying.spend_scale, customers)
    value = stream(seed, "spend").standard_gamma(buying.spend_shape, len(customer)) / rate[customer]
    return np.maximum(np.rint(value * timeline.prices[day] * 100), 1).astype(np.int64)


def _products(catalogue: Catalogue, customer: Codes, customers: int, seed: int) -> Codes:
    shares = [product.share for product in catalogue.products]
    numbers = stream(seed, "products")
    explorer = numbers.random(customers) < catalogue.explorer_share
    usual = choice(numbers.random(customers), shares)
    drawn = choice(numbers.random(len(customer)), shares)
    return np.where(explorer[customer], drawn, usual[customer])


def _channels(catalogue: Catalogue, home: Codes, customer: Codes, seed: int) -> Codes:
    numbers = stream(seed, "channels")
    several = numbers.random(len(home)) < catalogue.several_channels_share
    elsewhere = numbers.random(len(customer)) < catalogue.elsewhere_share
    count = len(catalogue.channels)
    other = (home[customer] + 1 + numbers.integers(0, count - 1, len(customer))) % count
    return np.where(several[customer] & elsewhere, other, home[customer])


def _refunds(
    parameters: ShopParameters, timeline: Timeline, bought: Purchases, repeat: NDArray[np.bool_], seed: int
) -> Purchases:
    buying, numbers, count = parameters.purchasing, stream(seed, "refunds"), len(bought.order)
    drawn = numbers.random(count)
    full = repeat & (drawn < buying.full_refund_share_of_repeat_orders)
    partial = drawn >= 1 - buying.partial_refund_share
    spread = buying.partial_refund_to - buying.partial_refund_from
    share = np.where(full, 1.0, buying.partial_refund_from + spread * numbers.random(count))
    later = 86400 * numbers.integers(1, buying.refund_within_days + 1, count)
    back = Purchases(
        customer=bought.customer,
        order=bought.order,
        second=bought.second + later,
        product=bought.product,
        channel=bought.channel,
        cents=-np.where(full, bought.cents, (bought.cents * share).astype(np.int64)),
        margin_cents=-np.where(full, bought.margin_cents, (bought.margin_cents * share).astype(np.int64)),
    )
    return back[(full | partial) & (back.second < timeline.days * 86400) & (back.cents < 0)]
