"""What customers say when asked: whether they are satisfied, and whether they would recommend the shop."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from retention_kit.data.simulation.lives import Lives
from retention_kit.data.simulation.parameters import Answers
from retention_kit.data.simulation.people import Customers
from retention_kit.data.simulation.streams import choice, stream
from retention_kit.data.simulation.timeline import Timeline

__all__ = ["COMMENTS", "CSAT", "NPS", "Responses", "responses", "score_cuts"]

Codes = NDArray[np.int64]

NPS, CSAT = 0, 1
# What people write, by how they judge: badly, neither, well.
COMMENTS = (
    (
        "Arrived late, and nobody answered.",
        'The beans were "fresh" three months ago',
        "Too dear for what it is",
    ),
    ("It is fine.", "Good coffee; slow delivery", "OK"),
    ("Always a pleasure!", "Best espresso in town, really", "Quick, friendly, good"),
)


@dataclass(frozen=True)
class Responses:
    """One entry per answer.

    Attributes
    ----------
    customer, day : array of int
    question : array of int
        `NPS` or `CSAT`.
    score : array of int
    reason : array of int
        −1 where none was given, as for all answers about satisfaction.
    comment : array of int
        Number among all comments, −1 without one.
    """

    customer: Codes
    day: Codes
    question: Codes
    score: Codes
    reason: Codes
    comment: Codes

    def __getitem__(self, rows: NDArray[np.bool_] | Codes) -> "Responses":
        """Return some of the answers."""
        return Responses(**{part.name: getattr(self, part.name)[rows] for part in fields(self)})


def responses(
    answers: Answers, timeline: Timeline, customers: Customers, life: Lives, *, seed: int
) -> Responses:
    """Return every answer up to the last day."""
    asked = [_satisfaction(answers, customers, seed)]
    for day in timeline.monthly_days(answers.nps_months):
        there = (customers.first_day < day) & (customers.first_day + 1 + life.left > day)
        asked.append(_recommendation(answers, customers, there, day, seed))
    together = Responses(
        **{
            part.name: np.concatenate([getattr(one, part.name) for one in asked])
            for part in fields(Responses)
        }
    )
    together = together[together.day < timeline.days]
    return together[np.lexsort((together.customer, together.day))]


def score_cuts(shares: Sequence[float]) -> NDArray[np.float64]:
    """Return where a standard normal is cut so that the scores, from the lowest, have these shares."""
    from scipy.special import ndtri

    return np.asarray(ndtri(np.cumsum(shares)[:-1]))


def _satisfaction(answers: Answers, customers: Customers, seed: int) -> Responses:
    count, numbers = len(customers), stream(seed, "csat")
    who = np.flatnonzero(numbers.random(count) < answers.csat_answer_share)
    later = 1 + (numbers.random(count) * answers.answered_within_days).astype(np.int64)
    noise = numbers.standard_normal(count)
    score = 1 + _score(customers.satisfaction, noise, answers.csat_correlation, answers.csat_shares)
    nothing = np.full(len(who), -1)
    comment = _comment(answers, numbers, np.digitize(score, [3, 4]))
    return Responses(
        who, (customers.first_day + later)[who], np.full(len(who), CSAT), score[who], nothing, comment[who]
    )


def _recommendation(
    answers: Answers, customers: Customers, there: NDArray[np.bool_], day: int, seed: int
) -> Responses:
    count, numbers = len(customers), stream(seed, f"nps of day {day}")
    who = np.flatnonzero(there & (numbers.random(count) < answers.nps_answer_share))
    later = (numbers.random(count) * answers.answered_within_days).astype(np.int64)
    score = _score(
        customers.satisfaction, numbers.standard_normal(count), answers.nps_correlation, answers.nps_shares
    )
    known = [reason.share * (1 - answers.unknown_reason_share) for reason in answers.reasons]
    reason = choice(numbers.random(count), [*known, answers.unknown_reason_share])
    reason = np.where(reason == len(known), -1, reason)
    comment = _comment(answers, numbers, np.digitize(score, [7, 9]))
    return Responses(who, (day + later)[who], np.full(len(who), NPS), score[who], reason[who], comment[who])


def _score(
    satisfaction: NDArray[np.float64], noise: NDArray[np.float64], correlation: float, shares: Sequence[float]
) -> Codes:
    felt = correlation * satisfaction + np.sqrt(1 - correlation**2) * noise
    return np.asarray(np.searchsorted(score_cuts(shares), felt, side="right"))


def _comment(answers: Answers, numbers: np.random.Generator, mood: Codes) -> Codes:
    writes = numbers.random(len(mood)) < answers.comment_share
    which = numbers.integers(0, len(COMMENTS[0]), len(mood))
    return np.where(writes, mood * len(COMMENTS[0]) + which, -1)
