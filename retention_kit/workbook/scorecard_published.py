"""What a report of the scorecard notebook publishes: its tables, and the figures to know first."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from retention_kit.definitions import DEFINITIONS
from retention_kit.measures.scorecard_result import Claim
from retention_kit.workbook.available import Unavailable
from retention_kit.workbook.scorecard_measured import Measured

__all__ = ["headline", "tables"]

_HEADLINE = ("retention_rate", "repeat_rate", "average_order_value", "net_promoter_score")


def headline(shown: Measured) -> list[dict[str, Any]]:
    """Return the figures to know first: name, value, ends of the interval, n and unit."""
    units = {"share": "fraction", "money": shown.card.currency or "money"}
    rows = []
    for name in _HEADLINE:
        tile = shown.card.tiles[name]
        if tile.value is None:
            continue
        rows.append(
            {
                "name": f"{DEFINITIONS[name].name}, {shown.card.period.label}",
                "value": tile.value,
                "ci_low": tile.estimate.ci_low,
                "ci_high": tile.estimate.ci_high,
                "n": tile.customers,
                "unit": units.get(tile.unit, tile.unit),
            }
        )
    return rows


def tables(shown: Measured) -> Mapping[str, pa.Table]:
    """Return the tables a report publishes, by name."""
    found = {
        "scorecard": shown.card.table,
        "claims": pa.Table.from_pylist([_claim_row(claim) for claim in shown.card.claims]),
        "engagement": shown.card.engagement,
        "movements": shown.movements.total,
    }
    for name, result, table in (
        ("target", shown.target, "table"),
        ("bridge", shown.bridge, "steps"),
        ("revenue_retention", shown.revenue_retention, "table"),
        ("mix_or_rate", shown.mix_or_rate, "values"),
        ("reasons", shown.reasons, "by_customers"),
        ("stickiness", shown.stickiness, "table"),
    ):
        if not isinstance(result, Unavailable):
            found[name] = getattr(result, table)
    return found


def _claim_row(claim: Claim) -> dict[str, Any]:
    return {
        "claim": claim.claim,
        "guides_value": claim.guides_value,
        "own_value": claim.own.value,
        "ci_low": claim.own.ci_low,
        "ci_high": claim.own.ci_high,
        "unit": claim.unit,
        "customers": claim.customers,
        "verdict": claim.verdict,
        "figure_holds": claim.figure_holds,
        "why": claim.why,
    }
