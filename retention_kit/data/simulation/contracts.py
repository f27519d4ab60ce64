"""Subscriptions: from the first to the last renewal, with plan changes and pauses between them."""

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from retention_kit.data.simulation.kinds import Renewal
from retention_kit.data.simulation.parameters import Contracts
from retention_kit.data.simulation.people import Customers, opposed
from retention_kit.data.simulation.streams import choice, stream
from retention_kit.data.simulation.timeline import Timeline, add_months

__all__ = ["CHANGED", "PAUSED", "UNKNOWN", "Spans", "subscription_spans"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Dates = NDArray[np.datetime64]

UNKNOWN, PAUSED, CHANGED = -1, -2, -3  # reasons of an end that are none of the reasons for leaving
_RUNNING = np.datetime64("NaT", "D")


@dataclass(frozen=True)
class Spans:
    """One entry per span of a subscription on one plan.

    Attributes
    ----------
    customer : array of int
    started, ended : array of datetime64[D]
        The end is the first day without it; missing while it runs on.
    plan : array of int
    reason : array of int
        A reason for leaving, or `PAUSED`, `CHANGED` or `UNKNOWN`; what it says of a running span is void.
    """

    customer: Codes
    started: Dates
    ended: Dates
    plan: Codes
    reason: Codes

    def __getitem__(self, rows: NDArray[np.bool_] | Codes) -> "Spans":
        """Return some of the spans."""
        return Spans(**{part.name: getattr(self, part.name)[rows] for part in fields(self)})


@dataclass
class _Book:
    """The subscriptions as they stand, and the spans that are over."""

    began: Dates
    churn: Floats
    plan: Codes
    customer: Codes
    started: Dates
    staying: NDArray[np.bool_]
    back_at: Codes
    done: list[Spans] = field(default_factory=list)

    def close(self, who: NDArray[np.bool_], on: Dates, reason: Codes | int) -> None:
        self.done.append(self._spans(who, on, np.broadcast_to(reason, who.shape)[who]))

    def spans(self) -> Spans:
        running = self.staying & (self.back_at < 0)
        self.close(running, np.full(running.shape, _RUNNING), UNKNOWN)
        return Spans(
            **{
                part.name: np.concatenate([getattr(spans, part.name) for spans in self.done])
                for part in fields(Spans)
            }
        )

    def _spans(self, who: NDArray[np.bool_], on: Dates, reason: Codes) -> Spans:
        return Spans(self.customer[who], self.started[who], on[who], self.plan[who].copy(), reason)


def subscription_spans(contracts: Contracts, timeline: Timeline, customers: Customers, *, seed: int) -> Spans:
    """Return the spans of all subscriptions, as they are known on the last day."""
    book = _beginnings(contracts, timeline, customers, seed)
    numbers = stream(seed, "renewals")
    months = np.array([plan.billing_months for plan in contracts.plans])
    longest = int((timeline.days // 28) + 1)
    for month in range(1, longest + 1):
        due = add_months(book.began, month)
        on_record = book.staying & (due <= timeline.dates[-1])
        returning = on_record & (book.back_at == month)
        book.started = np.where(returning, due, book.started)
        active = on_record & (book.back_at < 0)
        book.back_at = np.where(returning, -1, book.back_at)
        _renew(contracts, book, month, due, active & (month % months[book.plan] == 0), numbers)
    spans = book.spans()
    spans = spans[spans.started <= timeline.dates[-1]]  # a short pause may reach beyond the last day
    return spans[np.lexsort((spans.customer, spans.started))]


def _beginnings(contracts: Contracts, timeline: Timeline, customers: Customers, seed: int) -> _Book:
    count, numbers = len(customers), stream(seed, "subscribers")
    subscribes = numbers.random(count) < contracts.subscriber_share
    wait = (numbers.standard_exponential(count) * contracts.mean_days_to_start).astype(np.int64)
    plan = choice(numbers.random(count), [plan.share for plan in contracts.plans])
    noise = stream(seed, "renewal churn").standard_normal(count)
    day = customers.first_day + wait
    there = subscribes & (day < timeline.days)
    score = opposed(customers.satisfaction, contracts.satisfaction_correlation, noise)[there]
    plan, began = plan[there], timeline.dates[day[there]]
    yearly = np.array([plan.billing_months > 1 for plan in contracts.plans])[plan]
    churn = np.where(yearly, _churn(score, contracts.yearly), _churn(score, contracts.monthly))
    staying = np.ones(len(plan), dtype=bool)
    nowhere = np.full(len(plan), -1)
    return _Book(began, churn, plan, np.flatnonzero(there), began.copy(), staying, nowhere)


def _churn(score: Floats, renewal: Renewal) -> Floats:
    from scipy.special import betaincinv, ndtr

    return np.asarray(betaincinv(renewal.alpha, renewal.beta, ndtr(score)))


def _renew(
    contracts: Contracts,
    book: _Book,
    month: int,
    due: Dates,
    active: NDArray[np.bool_],
    numbers: np.random.Generator,
) -> None:
    """Let those whose renewal is due leave, pause for long or short, change the plan, or go on."""
    count = len(due)
    leaving, event, size, why = (numbers.random(count) for _ in range(4))
    monthly = np.array([plan.billing_months == 1 for plan in contracts.plans])[book.plan]
    edges = np.cumsum([contracts.long_pause_share, contracts.short_pause_share, contracts.plan_change_share])
    leaves = active & (leaving < book.churn)
    stays = active & ~leaves & monthly
    long = stays & (event < edges[0])
    short = stays & (event >= edges[0]) & (event < edges[1])
    changes = stays & (event >= edges[1]) & (event < edges[2])
    book.close(leaves, due, _reasons(contracts, why))
    book.close(long | short, due, PAUSED)
    target = _neighbour(contracts, book.plan, size)
    changes &= target != book.plan
    book.close(changes, due, CHANGED)
    book.staying &= ~leaves
    book.back_at = np.where(long, month + _between(size, contracts.long_pause_months), book.back_at)
    gap = _between(size, contracts.short_pause_days).astype("m8[D]")
    book.started = np.where(short, due + gap, np.where(changes, due, book.started))
    book.plan = np.where(changes, target, book.plan)


def _between(uniform: Floats, ends: tuple[int, int]) -> Codes:
    return ends[0] + (uniform * (ends[1] - ends[0] + 1)).astype(np.int64)


def _neighbour(contracts: Contracts, plan: Codes, uniform: Floats) -> Codes:
    """Return the plan above or below among the monthly ones; at either end there may be none."""
    last = max(i for i, known in enumerate(contracts.plans) if known.billing_months == 1)
    return np.clip(np.where(uniform < contracts.upward_share, plan + 1, plan - 1), 0, last)


def _reasons(contracts: Contracts, uniform: Floats) -> Codes:
    known = [reason.share * (1 - contracts.unknown_reason_share) for reason in contracts.reasons]
    found = choice(uniform, [*known, contracts.unknown_reason_share])
    return np.where(found == len(known), UNKNOWN, found)
