"""The odds of a customer's life, computed and not drawn: who is still there after how many days.

A life is a Markov chain in continuous time. Its six living states are member or not, times no
complaint, resolved, unresolved; whoever leaves keeps the state of that moment. The rates depend on the
customer's satisfaction and leaving rate, over which a grid of Gauss-Hermite nodes integrates.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retention_kit.data.simulation.lives import DAYS_PER_YEAR
from retention_kit.data.simulation.parameters import ShopParameters
from retention_kit.data.simulation.people import gamma_quantile, opposed

__all__ = [
    "MEMBERS",
    "RESOLVED",
    "STATES",
    "UNCOMPLAINING",
    "UNRESOLVED",
    "LifeOdds",
    "life_odds",
    "normal_nodes",
]

Floats = NDArray[np.float64]

STATES = 6  # state = 3 * member + complaint
MEMBERS = [3, 4, 5]
UNCOMPLAINING, RESOLVED, UNRESOLVED = [0, 3], [1, 4], [2, 5]
_SATISFACTIONS, _LEAVINGS = 24, 48  # nodes; survival is then exact to about 1e-5


@dataclass(frozen=True)
class LifeOdds:
    """Lives on a grid of customers.

    Attributes
    ----------
    satisfaction : array of float, shape (nodes,)
    weight : array of float, shape (nodes,)
        Share of customers that a node stands for; adds up to 1.
    step : array of float, shape (nodes, 12, 12)
        Probabilities from state to state over one day; states 6 to 11 have left.
    """

    satisfaction: Floats
    weight: Floats
    step: Floats

    def course(self, state: Floats, days: int) -> Floats:
        """Return the share still there at each node at the start, and after each of so many days.

        ``state`` has the shape (nodes, 6), the course (days + 1, nodes).
        """
        course, alive = np.empty((days + 1, len(state))), np.ascontiguousarray(self.step[:, :STATES, :STATES])
        course[0] = state.sum(axis=1)
        for day in range(days):
            state = np.einsum("ns,nst->nt", state, alive)
            course[day + 1] = state.sum(axis=1)
        return course

    def newcomers_after(self, days: int) -> Floats:
        """Return the state of all customers so many days after they came; shape (nodes, 12)."""
        state = np.zeros((len(self.weight), 2 * STATES))
        state[:, 0] = self.weight
        for _ in range(days):
            state = np.einsum("ns,nst->nt", state, self.step)
        return state


def life_odds(parameters: ShopParameters) -> LifeOdds:
    """Return the odds that follow from the parameters."""
    leaving = parameters.leaving
    (satisfaction, first), (noise, second) = normal_nodes(_SATISFACTIONS), normal_nodes(_LEAVINGS)
    grid, other = (axis.ravel() for axis in np.meshgrid(satisfaction, noise, indexing="ij"))
    score = opposed(grid, leaving.satisfaction_correlation, other)
    rate = gamma_quantile(score, leaving.rate_shape) / leaving.rate_days
    return LifeOdds(grid, np.outer(first, second).ravel(), _one_day(_rates(parameters, grid, rate)))


def normal_nodes(count: int) -> tuple[Floats, Floats]:
    """Return nodes and weights for a mean over a standard normal."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    return nodes, weights / weights.sum()


def _rates(parameters: ShopParameters, satisfaction: Floats, leaving: Floats) -> Floats:
    complaints, programme = parameters.complaints, parameters.programme
    join = programme.joins_per_year / DAYS_PER_YEAR * np.exp(programme.satisfaction_log_rate * satisfaction)
    complain = complaints.per_year / DAYS_PER_YEAR * np.exp(complaints.satisfaction_log_rate * satisfaction)
    ratios = np.array([1.0, complaints.leaving_ratio_resolved, complaints.leaving_ratio_unresolved])
    rates = np.zeros((len(satisfaction), 2 * STATES, 2 * STATES))
    for member in (0, 1):
        none = 3 * member
        rates[:, none, none + 1] = complain * complaints.resolved_share
        rates[:, none, none + 2] = complain * (1 - complaints.resolved_share)
        for complaint in range(3):
            state = none + complaint
            ratio = ratios[complaint] * (programme.leaving_ratio if member else 1.0)
            rates[:, state, state + STATES] = leaving * ratio
            if not member:
                rates[:, state, state + 3] = join
    diagonal = np.arange(STATES)
    rates[:, diagonal, diagonal] = -rates[:, :STATES].sum(axis=2)
    return rates


def _one_day(rates: Floats) -> Floats:
    """Return exp(rates) of each matrix: its series at a small fraction, squared up again."""
    halvings = max(0, int(np.ceil(np.log2(np.abs(rates).max()))) + 4)
    small = rates / 2**halvings
    step = power = np.broadcast_to(np.eye(rates.shape[-1]), rates.shape)
    for order in range(1, 11):
        power = power @ small / order
        step = step + power
    for _ in range(halvings):
        step = step @ step
    return step
