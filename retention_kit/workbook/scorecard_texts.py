"""What the scorecard notebook says in words, and what a report of it publishes."""

from collections.abc import Mapping, Sequence
from typing import Any

from retention_kit import formats
from retention_kit.charts.movements import on_or_in
from retention_kit.charts.revenue import STEPS, month_of, step_of
from retention_kit.measures.bridge import RevenueBridge
from retention_kit.measures.counting import UNKNOWN
from retention_kit.measures.reasons_for_leaving import OTHER, ReasonsForLeaving
from retention_kit.measures.scorecard_result import Claim
from retention_kit.measures.survival_result import Estimate
from retention_kit.tables import escape
from retention_kit.workbook.available import Unavailable
from retention_kit.workbook.card import citation
from retention_kit.workbook.panels import Term
from retention_kit.workbook.scorecard_measured import Measured

__all__ = [
    "card",
    "change",
    "changes",
    "claims",
    "claims_html",
    "moves",
    "reasons",
    "revenue",
    "stage",
    "target",
]

_VERDICTS = {
    "holds": "Holds here.",
    "does not hold": "Does not hold here.",
    "cannot be told": "Cannot be told here.",
}
_HALF_RIGHT = "The direction holds here, the figure does not."
_STAGES = {
    "starting": "The business is starting.",
    "growing": "The business is growing.",
    "consolidating": "The business is consolidating.",
    "unknown": "The stage cannot be told.",
}


def changes(shown: Measured) -> list[str]:
    """Return the changes that matter most."""
    found = shown.card
    if not found.what_changed:
        when = formats.in_period(found.period.label, found.grain)
        return [f"Nothing {when} can be compared with an earlier period."]
    return [change.sentence for change in found.what_changed]


def target(shown: Measured) -> list[str]:
    """Return where a metric stands on its path, or how to set a target."""
    return [shown.target.sentence]


def moves(shown: Measured) -> list[str]:
    """Return who was active and who moved, and how often customers were active."""
    found, often = shown.movements, shown.stickiness
    row = next(row for row in found.total.to_pylist() if row["period_index"] == shown.index)
    before = row["retained"] + row["dormant"]
    when = formats.in_period(row["period"], found.grain)
    lines = [
        f"Nobody ordered {when}."
        if not row["active"]
        else f"{formats.begun(when)} {formats.plural(row['active'], 'customer')} ordered: "
        f"{formats.count(row['new'])} for the first time, {formats.count(row['retained'])} as in the "
        f"{found.grain} before, and {formats.count(row['resurrected'])} came back after a pause."
    ]
    if before:
        lines.append(
            f"Of {formats.plural(before, 'customer')} in the {found.grain} before, "
            f"{formats.count(row['dormant'])} did not order in this one."
        )
    if isinstance(often, Unavailable):
        return [*lines, often.sentence]
    several = [part for part in often.period(shown.index).to_pylist() if part["active_periods"] == 2]
    lines += [
        f"{_estimate(part, 'at_least_share')} ordered {on_or_in(often.sub_grain)} two or more different "
        f"{often.sub_grain}s."
        for part in several
        if part["customers"]
    ]
    return lines


def revenue(shown: Measured) -> list[str]:
    """Return what became of revenue, and what the customers of a year ago bring."""
    bridge, kept = shown.bridge, shown.revenue_retention
    lines = [bridge.sentence] if isinstance(bridge, Unavailable) else _bridge(bridge, shown.index)
    if isinstance(kept, Unavailable):
        return list(dict.fromkeys([*lines, kept.sentence]))
    row = month_of(kept, shown.card.period.last_day)
    if row is None:
        too_short = f"Nobody had revenue {kept.window_months} months before: there is none to retain."
        return [*lines, too_short if kept.table.num_rows else kept.notes[-1]]
    net, gross = _estimate(row, "nrr"), _estimate(row, "grr")
    people = formats.plural(row["opened_customers"], "customer")
    lines.append(
        f"{people} had revenue {kept.window_months} months before {row['period']}; "
        f"{net} of it is there in {row['period']}, {gross} without growth."
    )
    latest = row["period_index"] == kept.table["period_index"][-1].as_py()
    if latest and kept.top_ten_share is not None and kept.top_ten.num_rows == 10:
        lines.append(
            "The ten customers with the largest opening revenue had "
            f"{formats.value(kept.top_ten_share, 'share')} of it."
        )
    return lines


def _bridge(found: RevenueBridge, index: int) -> list[str]:
    row = step_of(found, index)
    money = {"currency": found.currency}
    steps = [
        f"{formats.signed(sign * float(row[name]), 'money', **money)} {name}"
        for name, sign in STEPS.items()
        if row[name]
    ]
    opening, closing = (formats.value(float(row[name]), "money", **money) for name in ("opening", "closing"))
    what = "monthly revenue" if found.basis == "subscriptions" else "revenue"
    went = f"went from {opening} to {closing}: {', '.join(steps)}" if steps else f"was {closing}, as before"
    lines = [f"{formats.begun(formats.in_period(row['period'], found.grain))} {what} {went}."]
    rate = next((one for one in found.rates.to_pylist() if one["period_index"] == index), None)
    if rate is not None and rate["gross_churn_rate"]:
        gross = Estimate(*(rate[f"gross_churn_rate{end}"] for end in ("", "_ci_low", "_ci_high")))
        lines.append(
            f"Churn and contraction took {formats.with_interval(gross, 'share')} of the opening revenue."
        )
    return lines


def change(shown: Measured) -> list[str]:
    """Return whether the customers changed or what they do."""
    return [shown.mix_or_rate.sentence]


def reasons(shown: Measured) -> list[str]:
    """Return the reasons for leaving, or what is missing to tell."""
    found = shown.reasons
    return [found.sentence] if isinstance(found, Unavailable) else [*_most_given(found), *found.notes]


def _most_given(found: ReasonsForLeaving) -> list[str]:
    known = [row for row in found.by_customers.to_pylist() if row["reason"] not in (UNKNOWN, OTHER)]
    if not known:
        return [f"Why {formats.plural(found.customers, 'customer')} left is not known."]
    first = known[0]
    said = f"Given most: {first['reason']}, by {_estimate(first, 'customers_share')} of those who left"
    lost = [row for row in found.by_revenue.to_pylist() if row["reason"] == first["reason"]]
    return [
        said + "".join(f", with {_estimate(row, 'revenue_share')} of the revenue lost" for row in lost) + "."
    ]


def claims(shown: Measured) -> list[str]:
    """Return each claim of the guides with its verdict and why."""
    return [f"{one.claim} {_verdict(one)} {one.why}" for one in shown.card.claims]


def claims_html(shown: Measured) -> str:
    """Return the same as HTML, escaped."""
    rows = "".join(
        f"<li><p>{escape(one.claim)}</p><p><strong>{escape(_verdict(one))}</strong></p>"
        f"<p>{escape(one.why)}</p></li>"
        for one in shown.card.claims
    )
    return f'<ul class="rk-claims">{rows}</ul>'


def _verdict(claim: Claim) -> str:
    if claim.verdict == "holds" and claim.figure_holds is False:
        return _HALF_RIGHT
    return _VERDICTS[claim.verdict]


def stage(shown: Measured) -> list[str]:
    """Return the stage of the business, why, and what the guides advise to look at in it."""
    found = shown.card.stage
    return [line for line in (_STAGES[found.name], found.why, found.advice) if line]


def card(shown: Measured) -> Sequence[Term]:
    """Return how the numbers are made, and a line to cite."""
    found = shown.card
    days = f"({found.period.first_day} to {found.period.last_day})"
    period = f"{formats.period(found.period.label, found.grain)} {days}"
    against = (found.previous, found.last_year)
    compared = [formats.period(one.label, found.grain) for one in against if one is not None]
    people = "all customers" if not found.segment else f"customers with {found.segment} at their first order"
    return [
        ("Period", period),
        ("Compared with", " and ".join(compared) or "no earlier period"),
        ("Customers", people),
        ("Changes", "up or down only where clear after Holm's correction over all changes of the page"),
        ("To cite", citation(shown.dataset, f"Scorecard of {period}, {people}")),
    ]


def _estimate(row: Mapping[str, Any], share: str) -> str:
    """A share of a table with its interval."""
    found = Estimate(*(row[f"{share}{end}"] for end in ("", "_ci_low", "_ci_high")))
    return formats.with_interval(found, "share")
