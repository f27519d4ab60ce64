"""What the shop's data show on average, from its parameters alone: the figures that estimates must meet."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retention_kit.data.simulation.answers import score_cuts
from retention_kit.data.simulation.kinds import Channel, Renewal, Source
from retention_kit.data.simulation.odds import (
    MEMBERS,
    RESOLVED,
    STATES,
    UNCOMPLAINING,
    UNRESOLVED,
    LifeOdds,
    life_odds,
    normal_nodes,
)
from retention_kit.data.simulation.parameters import Contracts, ShopParameters
from retention_kit.data.simulation.people import tilted_shares
from retention_kit.data.simulation.timeline import Timeline

__all__ = ["expectations"]

Floats = NDArray[np.float64]
Figures = dict[str, Any]

_LANDMARK, _HORIZON = 180, 360  # days after the first order: classified up to the one, measured to the other
_CSAT_LANDMARK, _CSAT_HORIZON = 30, 210
_RENEWALS = {"monthly": 36, "yearly": 3}
_AGES = (30, 90, 180, 365, 730, 1095)
_YEAR = 365


def expectations(parameters: ShopParameters, timeline: Timeline) -> Figures:
    """Return the expected figures by part of the shop, as numbers, lists and mappings of them.

    A figure that the days of the timeline are too few for is missing (None).
    """
    return deepcopy(_expectations(parameters, timeline))


@lru_cache(maxsize=8)  # many shops are drawn from the same parameters
def _expectations(parameters: ShopParameters, timeline: Timeline) -> Figures:
    buying, expected = parameters.purchasing, _Expected(parameters, timeline, life_odds(parameters))
    programme, complaints = expected.groups()
    sources, homes = parameters.people.sources, parameters.catalogue.channels
    return {
        "customers": {
            "share_by_source": _shares(sources, [source.satisfaction_log_odds for source in sources]),
            "share_by_home_channel": _shares(homes, [home.purchase_rate_log_odds for home in homes]),
            "share_still_there_after_days": expected.survival(),
            "share_still_there_on_the_last_day": expected.there_on_the_last_day(),
            "figures_of_orders_are_of_customers_who_came_before": timeline.date_of(
                timeline.experiment_days.start
            ).isoformat(),
        },
        "orders": {
            "mean_value_before_refunds_and_price_change": buying.spend_shape
            * buying.spend_scale
            / (buying.spend_rate_shape - 1),
            "repeat_orders_per_customer_in_first_365_days": expected.repeat_orders(),
        },
        "experiment": expected.experiment(),
        "programme": programme,
        "complaints": complaints,
        "csat": expected.csat(),
        "nps": expected.nps(),
        "subscriptions": _subscriptions(parameters.contracts),
        "leaving_ratio_caused_by": {
            "joining the programme": parameters.programme.leaving_ratio,
            "a complaint that is resolved": parameters.complaints.leaving_ratio_resolved,
            "a complaint that stays unresolved": parameters.complaints.leaving_ratio_unresolved,
            **dict.fromkeys(
                ("country", "source", "home channel", "several channels", "product", "consent"), 1.0
            ),
        },
    }


@dataclass(frozen=True)
class _Expected:
    parameters: ShopParameters
    timeline: Timeline
    odds: LifeOdds

    @cached_property
    def there(self) -> Floats:
        """Share of new customers who are still there after each day, by node; shape (days + 1, nodes)."""
        days = max(self.timeline.days, *_AGES)
        return self.odds.course(self.odds.newcomers_after(0)[:, :STATES], days)

    @cached_property
    def staying(self) -> Floats:
        return np.asarray(self.there.sum(axis=1))

    def survival(self) -> dict[str, float]:
        return {str(age): float(self.staying[age]) for age in _AGES}

    def there_on_the_last_day(self) -> float:
        return float(self.timeline.arrivals @ self.staying[: self.timeline.days][::-1])

    def repeat_orders(self) -> float | None:
        weights = self._arrivals(range(self.timeline.experiment_days.start), _YEAR)
        if weights is None:
            return None
        buying, days = self.parameters.purchasing, np.flatnonzero(weights)
        staying = self.staying[: _YEAR + 1]
        activity = np.array([weights[days] @ self.timeline.activity[days + 1 + age] for age in range(_YEAR)])
        kept = 1 - buying.full_refund_share_of_repeat_orders
        return float(
            buying.rate_shape / buying.rate_days * kept * (activity @ (staying[:-1] + staying[1:]) / 2)
        )

    def experiment(self) -> Figures:
        settings, days = self.parameters.experiment, self.timeline.experiment_days
        staying = self.staying[: settings.voucher_days + 1]
        ratios = dict(zip(settings.variants, (1.0, settings.purchase_rate_ratio), strict=True))
        shares = {name: self._buying(staying, 0, ratio=ratio, days=days) for name, ratio in ratios.items()}
        return {
            "first_order_from": self.timeline.date_of(days.start).isoformat(),
            "first_order_until": self.timeline.date_of(days.stop - 1).isoformat(),
            f"share_who_order_again_within_{settings.voucher_days}_days": shares,
            "difference": _minus(*reversed(shares.values())),
        }

    def groups(self) -> tuple[Figures, Figures]:
        """What membership and complaints on the landmark day go with in the days after it."""
        state = self.odds.newcomers_after(_LANDMARK)
        settings = replace(self.parameters.programme, leaving_ratio=1.0)
        idle = life_odds(replace(self.parameters, programme=settings))
        members, without = self._group(state, MEMBERS), self._group(state, MEMBERS, odds=idle)
        others = self._group(state, [number for number in range(STATES) if number not in MEMBERS])
        programme = {
            "members": members,
            "others": others,
            "members_had_they_left_the_programme": without,
            "caused_by_membership": _minus(members, without),
            "caused_by_who_joins": _minus(without, others),
        }
        outcomes = {"none": UNCOMPLAINING, "resolved": RESOLVED, "unresolved": UNRESOLVED}
        complaints = {name: self._group(state, states) for name, states in outcomes.items()}
        name = f"share_who_order_on_days_{_LANDMARK + 1}_to_{_HORIZON}_by_group_on_day_{_LANDMARK}"
        return {name: programme}, {name: complaints}

    def csat(self) -> Figures:
        answers = self.parameters.answers
        chances = self._score_chances(answers.csat_correlation, answers.csat_shares)
        staying = self.there[_CSAT_LANDMARK : _CSAT_HORIZON + 1] @ chances / (self.odds.weight @ chances)
        name = f"share_who_order_on_days_{_CSAT_LANDMARK + 1}_to_{_CSAT_HORIZON}_by_score"
        return {
            "share_of_scores_4_and_5": float(sum(answers.csat_shares[3:])),
            "mean_score": float(np.arange(1, 6) @ answers.csat_shares),
            name: {str(n): self._buying(group, _CSAT_LANDMARK) for n, group in enumerate(staying.T, 1)},
        }

    def nps(self) -> Figures:
        answers = self.parameters.answers
        chances = self._score_chances(answers.nps_correlation, answers.nps_shares)
        waves = {}
        for day in self.timeline.monthly_days(answers.nps_months):
            if day:
                weight = self.timeline.arrivals[:day] @ self.there[:day][::-1]
                waves[self.timeline.date_of(day).isoformat()] = _net(weight @ chances / weight.sum())
        return {"if_all_new_customers_answered": _net(np.array(answers.nps_shares)), "by_survey_day": waves}

    def _score_chances(self, correlation: float, shares: Sequence[float]) -> Floats:
        from scipy.special import ndtr

        cuts = score_cuts(shares)[None, :] - correlation * self.odds.satisfaction[:, None]
        below = ndtr(cuts / np.sqrt(1 - correlation**2))
        return np.diff(below, axis=1, prepend=0.0, append=1.0)

    def _group(self, state: Floats, states: list[int], *, odds: LifeOdds | None = None) -> float | None:
        share = state[:, [*states, *(STATES + number for number in states)]].sum()
        if not share:
            return None
        chosen = np.zeros((len(state), STATES))
        chosen[:, states] = state[:, states] / share
        return self._buying((odds or self.odds).course(chosen, _HORIZON - _LANDMARK).sum(axis=1), _LANDMARK)

    def _buying(
        self, staying: Floats, after: int, *, ratio: float = 1.0, days: range | None = None
    ) -> float | None:
        """Share of a group that orders after day ``after``, in the days of which ``staying`` tells.

        ``staying`` is the share of the group that is still there on that day, and after each further one.
        With a gamma rate of shape r and scale a, nothing is bought over the exposure e with
        probability (a / (a + e))^r; the end of the exposure is averaged over when customers leave.
        """
        # Without a range of days: those who came before the vouchers, which would disturb what they buy.
        before = range(self.timeline.experiment_days.start)
        weights = self._arrivals(days or before, after + len(staying) - 1)
        if weights is None:
            return None
        starts = np.flatnonzero(weights)
        moments = starts[:, None] + 1 + after + np.arange(len(staying))
        exposure = self.timeline.exposure[moments] - self.timeline.exposure[moments[:, :1]]
        buying = self.parameters.purchasing
        scale = buying.rate_days / ((1 - buying.full_refund_share_of_repeat_orders) * ratio)
        nothing = (scale / (scale + exposure)) ** buying.rate_shape
        leaving = (nothing[:, :-1] + nothing[:, 1:]) / 2 @ -np.diff(staying)
        return float(staying[0] - weights[starts] @ (leaving + staying[-1] * nothing[:, -1]))

    def _arrivals(self, days: range, follow_up: int) -> Floats | None:
        """Share of each day among customers who came on ``days`` and whose follow-up is all on record."""
        end = self.timeline.days - 1 - follow_up - self.parameters.purchasing.refund_within_days
        weights = self.timeline.arrivals.copy()
        weights[: days.start] = 0.0
        weights[max(min(days.stop, end), 0) :] = 0.0
        return weights / weights.sum() if weights.any() else None


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _net(shares: Floats) -> float:
    return float(shares[9:].sum() - shares[:7].sum())


def _shares(values: Sequence[Source | Channel], log_odds: Sequence[float]) -> dict[str, float]:
    nodes, weights = normal_nodes(60)
    shares = weights @ tilted_shares([value.share for value in values], log_odds, nodes)
    return {value.name: float(share) for value, share in zip(values, shares, strict=True)}


def _subscriptions(contracts: Contracts) -> Figures:
    figures: Figures = {}
    for name, renewal in (("monthly", contracts.monthly), ("yearly", contracts.yearly)):
        survival = _survival(renewal, _RENEWALS[name])
        figures[f"{name}_share_left_after_renewals"] = survival.tolist()
        if name == "monthly":
            unbroken = survival * (1 - contracts.long_pause_share) ** np.arange(len(survival))
            figures["monthly_share_left_after_renewals_when_a_long_pause_counts_as_leaving"] = (
                unbroken.tolist()
            )
    figures["reason_share_of_known_reasons"] = {reason.name: reason.share for reason in contracts.reasons}
    figures["unknown_reason_share_of_those_who_left"] = contracts.unknown_reason_share
    figures["monthly_amount_by_plan"] = {
        plan.name: round(plan.amount / plan.billing_months, 4) for plan in contracts.plans
    }
    return figures


def _survival(renewal: Renewal, periods: int) -> Floats:
    """Shifted beta-geometric survival B(alpha, beta + t) / B(alpha, beta); Fader and Hardie (2007)."""
    ages = np.arange(1, periods + 1)
    kept = (renewal.beta + ages - 1) / (renewal.alpha + renewal.beta + ages - 1)
    return np.concatenate([[1.0], np.cumprod(kept)])
