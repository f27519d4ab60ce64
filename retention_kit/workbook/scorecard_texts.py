"""What the scorecard notebook says in words, and what a report of it publishes."""

from collections.abc import Mapping, Sequence
from typing import Any

from retention_kit import formats
from retention_kit.charts.loyalty import differs, listed, told_apart
from retention_kit.charts.movements import on_or_in
from retention_kit.charts.revenue import STEPS, month_of, step_of
from retention_kit.measures.bridge import RevenueBridge
from retention_kit.measures.counting import UNKNOWN
from retention_kit.measures.landmark_result import LandmarkComparison
from retention_kit.measures.reasons_for_leaving import OTHER, ReasonsForLeaving
from retention_kit.measures.survival_result import Estimate
from retention_kit.tables import escape
from retention_kit.workbook.available import Unavailable
from retention_kit.workbook.card import citation
from retention_kit.workbook.panels import Term, paragraphs, terms
from retention_kit.workbook.scorecard_measured import Measured

__all__ = [
    "card",
    "change",
    "changes",
    "claims",
    "claims_html",
    "loyalty",
    "loyalty_html",
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
_STAGES = {
    "starting": "The business is starting.",
    "growing": "The business is growing.",
    "consolidating": "The business is consolidating.",
    "unknown": "The stage cannot be told.",
}
_NO_PROOF = (
    "Nobody was assigned to these groups: what brought customers into one may also be what makes them stay. "
    "No difference here proves a cause."
)


def changes(shown: Measured) -> list[str]:
    """Return the changes that matter most."""
    found = shown.card
    if not found.what_changed:
        return [f"Nothing in {found.period.label} can be compared with an earlier period."]
    return [change.sentence for change in found.what_changed]


def target(shown: Measured) -> list[str]:
    """Return where a metric stands on its path, or how to set a target."""
    return [shown.target.sentence]


def moves(shown: Measured) -> list[str]:
    """Return who was active and who moved, and how often customers were active."""
    found, often = shown.movements, shown.stickiness
    row = next(row for row in found.total.to_pylist() if row["period_index"] == shown.index)
    before = row["retained"] + row["dormant"]
    lines = [
        f"{row['period']}: {formats.plural(row['active'], 'customer')} ordered, "
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
        f"{_estimate(part, 'at_least_share')} ordered {on_or_in(often.sub_grain)} two {often.sub_grain}s or "
        "more."
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
        return [*lines, *kept.notes]
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
    lines = [
        f"{row['period']}: {what} went from {opening} to {closing}"
        + (f": {', '.join(steps)}." if steps else ", without a step between.")
    ]
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


def loyalty(shown: Measured) -> list[str | Term]:
    """Return which groups stay longer, and each comparison in full."""
    return [*_loyalty(shown), *_in_full(shown)]


def loyalty_html(shown: Measured) -> str:
    """Return the same with the comparisons in full folded away."""
    full = _in_full(shown)
    summary = f"<summary>{formats.plural(len(full), 'comparison')} in full</summary>"
    fold = f'<details class="rk-card">{summary}{terms(full)}</details>' if full else ""
    return paragraphs(_loyalty(shown), "rk-reading") + fold


def _in_full(shown: Measured) -> list[Term]:
    return [
        (found.grouping.title, found.sentence)
        for found in shown.loyalty
        if isinstance(found, LandmarkComparison)
    ]


def _loyalty(shown: Measured) -> list[str]:
    compared = [found for found in shown.loyalty if isinstance(found, LandmarkComparison)]
    lines = [told_apart(found) for found in compared if differs(found)]
    alike = [found.grouping.title for found in compared if not differs(found)]
    if alike:
        lines.append(f"No difference beyond chance by {listed(alike)}.")
    lines += dict.fromkeys(found.sentence for found in shown.loyalty if isinstance(found, Unavailable))
    if compared:
        return [*lines, _NO_PROOF]
    return lines or [
        f"Nothing in {shown.dataset.title} tells customers apart. Add [responses] or [complaints], or map "
        "channel or product in [orders.columns], or choose an attribute under Compare by."
    ]


def claims(shown: Measured) -> list[str]:
    """Return each claim of the guides with its verdict and why."""
    return [f"{one.claim} {_VERDICTS[one.verdict]} {one.why}" for one in shown.card.claims]


def claims_html(shown: Measured) -> str:
    """Return the same as HTML, escaped."""
    rows = "".join(
        f"<li><p>{escape(one.claim)}</p><p><strong>{escape(_VERDICTS[one.verdict])}</strong></p>"
        f"<p>{escape(one.why)}</p></li>"
        for one in shown.card.claims
    )
    return f'<ul class="rk-claims">{rows}</ul>'


def stage(shown: Measured) -> list[str]:
    """Return the stage of the business, why, and what the guides advise to look at in it."""
    found = shown.card.stage
    return [line for line in (_STAGES[found.name], found.why, found.advice) if line]


def card(shown: Measured) -> Sequence[Term]:
    """Return how the numbers are made, and a line to cite."""
    found = shown.card
    period = f"{found.period.label} ({found.period.first_day} to {found.period.last_day})"
    compared = [one.label for one in (found.previous, found.last_year) if one is not None]
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
