"""What the scorecard notebook says in words of who is more loyal."""

from retention_kit import formats
from retention_kit.charts.loyalty import listed, told_apart
from retention_kit.measures.landmark_result import LandmarkComparison, clearly_different
from retention_kit.workbook.available import Unavailable
from retention_kit.workbook.panels import Term, paragraphs, terms
from retention_kit.workbook.scorecard_measured import Measured

__all__ = ["loyalty", "loyalty_html"]

_NO_PROOF = (
    "Nobody was assigned to these groups: what brought customers into one may also be what makes them stay. "
    "No difference here proves a cause."
)


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
    clear = clearly_different(compared)
    lines = [told_apart(found) for found in clear]
    told = [found for found in compared if found not in clear and found.p_value is not None]
    alone = [found.grouping.title for found in told if (found.p_value or 0) < 1 - found.level]
    alike = [found.grouping.title for found in told if found.grouping.title not in alone]
    if alone:
        lines.append(
            f"By {listed(alone)} the difference would be clear alone, but is not among "
            f"{formats.plural(len(compared), 'comparison')}."
        )
    if alike:
        lines.append(f"No difference beyond chance by {listed(alike)}.")
    lines += dict.fromkeys(found.sentence for found in shown.loyalty if isinstance(found, Unavailable))
    if compared:
        return [*lines, _NO_PROOF]
    return lines or [
        f"Nothing in {shown.dataset.title} tells customers apart. Add [responses] or [complaints], or map "
        "channel or product in [orders.columns], or choose an attribute under Compare by."
    ]
