"""The parts of the simulated shop as the tables that its systems would export."""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from retention_kit.data.simulation.answers import COMMENTS, NPS, responses
from retention_kit.data.simulation.contracts import CHANGED, PAUSED, UNKNOWN, subscription_spans
from retention_kit.data.simulation.lives import Lives
from retention_kit.data.simulation.parameters import ShopParameters
from retention_kit.data.simulation.people import Customers
from retention_kit.data.simulation.purchases import purchases
from retention_kit.data.simulation.streams import stream
from retention_kit.data.simulation.timeline import Timeline

__all__ = [
    "assignments_table",
    "complaints_table",
    "customers_table",
    "life_days",
    "numbered_ids",
    "orders_table",
    "responses_table",
    "subscriptions_table",
]

Codes = NDArray[np.int64]


def orders_table(
    parameters: ShopParameters, timeline: Timeline, people: Customers, life: Lives, seed: int
) -> pa.Table:
    """Return the orders and refunds, one row each, by time."""
    rows, catalogue = purchases(parameters, timeline, people, life, seed=seed), parameters.catalogue
    opening = np.datetime64(timeline.first_day, "s")
    return pa.table(
        {
            "customer_id": numbered_ids("C", rows.customer),
            "ordered_at": pa.array(opening + rows.second.astype("m8[s]"), pa.timestamp("s")),
            "order_id": numbered_ids("R", rows.order),
            "category": _words([product.name for product in catalogue.products], rows.product),
            "channel": _words([channel.name for channel in catalogue.channels], rows.channel),
            "amount": _money(rows.cents),
            "margin": _money(rows.margin_cents),
        }
    )


def customers_table(parameters: ShopParameters, people: Customers, joined: pa.Array) -> pa.Table:
    """Return the customers."""
    values = parameters.people
    return pa.table(
        {
            "customer_id": numbered_ids("C", np.arange(len(people))),
            "country": _words([country.name for country in values.countries], people.country),
            "source": _words([source.name for source in values.sources], people.source),
            "acquisition_cost": _money(people.acquisition_cents),
            "joined_programme_at": joined,
            "consent": pa.array(people.consent),
        }
    )


def subscriptions_table(
    parameters: ShopParameters, timeline: Timeline, people: Customers, seed: int
) -> pa.Table:
    """Return the spans of subscriptions; a change of plan ends one and begins the next."""
    contracts = parameters.contracts
    spans = subscription_spans(contracts, timeline, people, seed=seed)
    cents = np.array([round(plan.amount * 100) for plan in contracts.plans])
    months = np.array([plan.billing_months for plan in contracts.plans])
    reasons = [*(reason.name for reason in contracts.reasons), "paused", "plan changed"]
    numbers = np.where(spans.reason == PAUSED, len(reasons) - 2, spans.reason)
    numbers = np.where(spans.reason == CHANGED, len(reasons) - 1, numbers)
    said = ~np.isnat(spans.ended) & (spans.reason != UNKNOWN)
    return pa.table(
        {
            "customer_id": numbered_ids("C", spans.customer),
            "started_at": _dates(spans.started),
            "ended_at": _dates(spans.ended),
            "plan": _words([plan.name for plan in contracts.plans], spans.plan),
            "amount": _money(cents[spans.plan]),
            "billing_months": pa.array(months[spans.plan]),
            "reason": _words(reasons, np.where(said, numbers, -1)),
        }
    )


def responses_table(
    parameters: ShopParameters, timeline: Timeline, people: Customers, life: Lives, seed: int
) -> pa.Table:
    """Return the answers to both surveys."""
    answers = parameters.answers
    found = responses(answers, timeline, people, life, seed=seed)
    nps = found.question == NPS
    comments = [text for mood in COMMENTS for text in mood]
    return pa.table(
        {
            "customer_id": numbered_ids("C", found.customer),
            "answered_at": _dates(timeline.dates[found.day]),
            "question": _words(["csat", "nps"], nps.astype(np.int64)),
            "score": pa.array(found.score),
            "scale_min": pa.array(np.where(nps, 0, 1)),
            "scale_max": pa.array(np.where(nps, 10, 5)),
            "reason": _words([reason.name for reason in answers.reasons], found.reason),
            "comment": _words(comments, found.comment),
        }
    )


def complaints_table(
    parameters: ShopParameters, timeline: Timeline, people: Customers, life: Lives, seed: int
) -> pa.Table:
    """Return the complaints, with what had come of them on the last day."""
    patience = parameters.complaints.resolved_within_days
    wait = stream(seed, "days to resolution").integers(1, patience + 1, len(people))
    with np.errstate(invalid="ignore"):
        opened = people.first_day + 1 + np.floor(life.complained)
    who = np.flatnonzero(opened < timeline.days)
    opened = opened[who].astype(np.int64)
    who, opened = (values[np.lexsort((who, opened))] for values in (who, opened))
    closed = np.where(life.resolved[who], opened + wait[who], timeline.days)
    resolved = closed < timeline.days
    # One that is not resolved yet and one that never will be look alike until the time is up.
    pending = ~resolved & (opened + patience >= timeline.days)
    ended = np.where(
        resolved, timeline.dates[np.minimum(closed, timeline.days - 1)], np.datetime64("NaT", "D")
    )
    return pa.table(
        {
            "customer_id": numbered_ids("C", who),
            "opened_at": _dates(timeline.dates[opened]),
            "resolved_at": _dates(ended),
            "outcome": _words(["unresolved", "resolved", "open"], np.where(pending, 2, resolved)),
        }
    )


def assignments_table(parameters: ShopParameters, timeline: Timeline, people: Customers) -> pa.Table:
    """Return the variant of each customer in the experiment."""
    who = np.flatnonzero(people.voucher >= 0)
    return pa.table(
        {
            "customer_id": numbered_ids("C", who),
            "assigned_at": _dates(timeline.dates[people.first_day[who]]),
            "variant": _words(parameters.experiment.variants, people.voucher[who]),
        }
    )


def life_days(timeline: Timeline, people: Customers, moments: NDArray[np.float64]) -> pa.Array:
    """Return the dates of moments in customers' lives; missing beyond the last day."""
    days = people.first_day + 1 + np.floor(moments)
    known = days < timeline.days
    dates = timeline.dates[np.where(known, days, 0).astype(np.int64)]
    return _dates(np.where(known, dates, np.datetime64("NaT", "D")))


def numbered_ids(letter: str, numbers: Codes) -> pa.Array:
    """Return ids such as C0000001 for numbers from 0."""
    digits = pc.utf8_lpad(pc.cast(pa.array(numbers + 1), pa.string()), 7, "0")
    return pc.binary_join_element_wise(letter, digits, "")


def _words(words: Sequence[str], codes: Codes) -> pa.Array:
    """Return a word per code; a negative code is a missing value."""
    return pa.array(words, pa.string()).take(pa.array(codes, mask=codes < 0))


def _money(cents: Codes) -> pa.Array:
    amounts = pc.multiply(pa.array(cents).cast(pa.decimal128(19, 0)), pa.scalar(Decimal("0.01")))
    return amounts.cast(pa.decimal128(18, 2))


def _dates(dates: NDArray[np.datetime64]) -> pa.Array:
    return pa.array(dates, pa.date32())
