"""The simulated shop: drawn from a seed, with its tables, its events, and its truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from retention_kit.data.simulation import exports
from retention_kit.data.simulation.expectations import expectations
from retention_kit.data.simulation.lives import lives
from retention_kit.data.simulation.parameters import ShopParameters
from retention_kit.data.simulation.people import new_customers
from retention_kit.data.simulation.timeline import Timeline
from retention_kit.data.simulation.truth import Truth
from retention_kit.errors import ParameterError

__all__ = ["FIRST_DAY", "LAST_DAY", "SimulatedShop", "simulate"]

FIRST_DAY, LAST_DAY = date(2022, 1, 1), date(2024, 12, 31)
_FEWEST, _MOST = 100, 10_000_000


@dataclass(frozen=True)
class SimulatedShop:
    """A shop drawn from a seed.

    Attributes
    ----------
    tables : mapping of str to pyarrow.Table
        ``orders``, ``customers``, ``subscriptions``, ``responses``, ``complaints``, ``assignments``, each
        sorted by time and then by customer; times are local.
    events : tuple of (date, str)
        What happened to the shop as a whole.
    truth : Truth
        What the tables were drawn from.
    latent : pyarrow.Table
        What nobody sees, one row per customer: ``satisfaction`` (standard normal),
        ``purchases_per_day`` (of average trade) and ``left_day``, the day on which the customer left for
        good; missing for those who are still there on the last day.
    """

    tables: Mapping[str, pa.Table]
    events: tuple[tuple[date, str], ...]
    truth: Truth
    latent: pa.Table


def simulate(
    *,
    customers: int = 2500,
    seed: int = 1,
    first_day: date = FIRST_DAY,
    last_day: date = LAST_DAY,
    parameters: ShopParameters | None = None,
) -> SimulatedShop:
    """Return a shop in which what is true is known, drawn from a seed.

    Customers arrive with season and growth, buy at a rate of their own until they leave at a rate of
    their own (Pareto/NBD), and spend gamma over gamma. Their satisfaction, which nobody sees, decides
    how soon they leave, what they answer, whether they complain and join the programme. Complaints and
    the programme change the rate of leaving, a voucher the rate of buying, by stated ratios. Some
    subscribe, with shifted beta-geometric renewals.

    Parameters
    ----------
    customers : int
        Customers who ever order, 100 to 10,000,000.
    seed : int
        0 or more; the same arguments give the same tables.
    first_day, last_day : date
        365 to 7,305 days; the shop opens on the first, and the data end with the last.
    parameters : ShopParameters, optional
        What to draw from, where the defaults will not do.

    Returns
    -------
    SimulatedShop

    Raises
    ------
    ParameterError
        When an argument is out of its range.

    References
    ----------
    Schmittlein, Morrison and Colombo (1987), Management Science 33(1). Fader and Hardie (2007), Journal of
    Interactive Marketing 21(1). Fader, Hardie and Lee (2005), Journal of Marketing Research 42(4).

    Examples
    --------
    >>> shop = simulate(customers=100, seed=1)
    >>> sorted(shop.tables)
    ['assignments', 'complaints', 'customers', 'orders', 'responses', 'subscriptions']
    """
    if not _FEWEST <= customers <= _MOST:
        raise ParameterError(
            f"customers={customers:,} is not allowed.", todo=f"Choose {_FEWEST:,} to {_MOST:,}."
        )
    if seed < 0:
        raise ParameterError(f"seed={seed} is not allowed.", todo="Choose 0 or more.")
    parameters = parameters or ShopParameters()
    timeline = Timeline(first_day, last_day, parameters.trade, parameters.experiment)
    people = new_customers(parameters, timeline, customers=customers, seed=seed)
    life = lives(parameters, people, seed=seed)
    joined, left = (exports.life_days(timeline, people, moments) for moments in (life.joined, life.left))
    tables = {
        "orders": exports.orders_table(parameters, timeline, people, life, seed),
        "customers": exports.customers_table(parameters, people, joined),
        "subscriptions": exports.subscriptions_table(parameters, timeline, people, seed),
        "responses": exports.responses_table(parameters, timeline, people, life, seed),
        "complaints": exports.complaints_table(parameters, timeline, people, life, seed),
        "assignments": exports.assignments_table(parameters, timeline, people),
    }
    latent = {
        "customer_id": exports.numbered_ids("C", np.arange(customers)),
        "satisfaction": people.satisfaction,
        "purchases_per_day": people.purchase_rate,
        "left_day": left,
    }
    truth = Truth(seed, customers, first_day, last_day, parameters, expectations(parameters, timeline))
    return SimulatedShop(MappingProxyType(tables), timeline.events, truth, pa.table(latent))
