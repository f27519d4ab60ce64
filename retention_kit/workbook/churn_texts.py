"""What the churn notebook says in words, and in tables on the page."""

import pyarrow as pa

from retention_kit.charts import churn_timing_words as timing_words
from retention_kit.charts import churn_words as words
from retention_kit.measures.diagonals_result import Diagonals
from retention_kit.tables import html_table
from retention_kit.workbook.available import Unavailable
from retention_kit.workbook.churn_followed import Followed
from retention_kit.workbook.churn_published import groups
from retention_kit.workbook.panels import framed, paragraphs

__all__ = [
    "cadence",
    "comparison",
    "comparison_html",
    "dependence",
    "dependence_html",
    "moral",
    "outlook",
    "outlook_html",
    "reading",
    "timing",
]

_MOST_PAIRS = 28  # those of eight groups
_CHOOSE = "Nothing is compared: choose an attribute under Compare by."


def cadence(shown: Followed) -> list[str]:
    """Return cycle, window and threshold."""
    found = shown.cadence
    if isinstance(found, Unavailable):
        return [found.sentence]
    lines = words.cadence_readings(found)
    if shown.basis == "subscriptions":
        lines.append("The curves below do not use it: there customers leave when their subscription ends.")
    return lines


def reading(shown: Followed) -> list[str]:
    """Return the churn curve in words."""
    found = shown.curves
    return [found.sentence] if isinstance(found, Unavailable) else words.curve_reading(found)


def comparison(shown: Followed) -> list[str]:
    """Return whether groups differ, and each pair."""
    found = shown.curves
    if isinstance(found, Unavailable):
        return [found.sentence]
    if found.difference is None:
        return [_CHOOSE if not shown.parameters.breakdown else f"{words.group_title(found)}."]
    tested, more = _pairs(found.difference.pairs)
    pairs = [
        f"{row['group']} and {row['other']}: {words.chance(row['p_value_holm'])}"
        for row in tested.to_pylist()
    ]
    return [*words.group_readings(found, shown.parameters.breakdown), *pairs, *([more] if more else [])]


def comparison_html(shown: Followed) -> str:
    """Return the same with the groups and the pairs as tables."""
    found = shown.curves
    if isinstance(found, Unavailable) or found.difference is None:
        return paragraphs(comparison(shown), "rk-reading")
    said = paragraphs(words.group_readings(found, shown.parameters.breakdown), "rk-reading")
    tested, more = _pairs(found.difference.pairs)
    pairs = html_table(
        _with_chances(tested),
        caption=f"Pairs of groups: log-rank test, corrected for their number. {more}".strip(),
        formats={"statistic": ".2f"},
        labels={"statistic": "chi-square", "p_value": "p", "p_value_holm": "p, Holm"},
    )
    return f"{said}{_table(groups(found))}{framed(pairs, 'Pairs of groups')}"


def timing(shown: Followed) -> list[str]:
    """Return when customers leave, in their own time and in the calendar."""
    curves, hazard, rates = shown.curves, shown.hazard, shown.rates
    if isinstance(curves, Unavailable):
        return [curves.sentence]
    length = timing_words.PERIOD_DAYS[shown.parameters.grain]
    return [
        timing_words.hazard_reading(curves, hazard, length),
        timing_words.rates_reading(rates, shown.parameters.grain),
    ]


def dependence(shown: Followed) -> list[str]:
    """Return what churn depends on, and what cannot be told."""
    found = shown.diagonals
    if isinstance(found, Unavailable):
        return [found.sentence]
    terms = [f"{row['question']} {words.chance(row['p_value_holm'])}" for row in found.terms.to_pylist()]
    return [_depends(shown, found), *terms]


def dependence_html(shown: Followed) -> str:
    """Return the same with the tests as a table."""
    found = shown.diagonals
    if isinstance(found, Unavailable):
        return paragraphs([found.sentence], "rk-reading")
    shown_terms = found.terms.select(["question", "degrees_of_freedom", "chi_square", "p_value_holm"])
    table = html_table(
        _with_chances(shown_terms),
        caption="Tests of what churn depends on, each beyond the others, corrected for their number",
        formats={"chi_square": ".1f"},
        labels={"degrees_of_freedom": "freedom", "chi_square": "chi-square", "p_value_holm": "p, Holm"},
    )
    return f"{paragraphs([_depends(shown, found)], 'rk-reading')}{framed(table, 'Tests')}"


def _depends(shown: Followed, found: Diagonals) -> str:
    asked = shown.parameters.grain
    if found.grain == asked:
        return found.sentence
    return f"There are too many {asked}s to compare, so {found.grain}s are. {found.sentence}"


def outlook(shown: Followed) -> list[str]:
    """Return the projection in words."""
    found = shown.projected
    return [found.sentence] if isinstance(found, Unavailable) else found.reading()


def outlook_html(shown: Followed) -> str:
    """Return the same with the models as a table."""
    said = paragraphs(outlook(shown), "rk-reading")
    if isinstance(shown.projected, Unavailable):
        return said
    table = html_table(
        shown.projected.models,
        caption="The models, fitted to the same renewals",
        formats={"log_likelihood": ".1f", "still_there": ".1%", "error_points": ".1f"},
        labels={"still_there": "still there at the end", "error_points": "back-test error, points"},
    )
    return f"{said}{framed(table, 'Models')}"


def moral(shown: Followed) -> list[str]:
    """Return why a snapshot says nothing of how long customers stay."""
    found = shown.lesson
    return [found.sentence] if isinstance(found, Unavailable) else timing_words.lesson_reading(found)


def _table(table: pa.Table) -> str:
    shares = {name: ".1%" for name in table.column_names if name.startswith("still")}
    ends = {
        f"{what}_ci_{end}": f"{word}"
        for what in ("still_there", "median")
        for end, word in (("low", "from"), ("high", "to"))
    }
    shown = html_table(
        table, caption="The groups", formats={"customers": ",", "left": ",", **shares}, labels=ends
    )
    return framed(shown, "Groups")


def _pairs(pairs: pa.Table) -> tuple[pa.Table, str]:
    """The pairs that are shown, and a sentence about the others: all pairs of many groups nobody reads."""
    if pairs.num_rows <= _MOST_PAIRS:
        return pairs, ""
    kept = pairs.sort_by([("p_value", "ascending")]).slice(0, _MOST_PAIRS)
    return kept, f"Of {pairs.num_rows:,} pairs the {_MOST_PAIRS} with the largest differences."


def _with_chances(table: pa.Table) -> pa.Table:
    """Return a table with its p-values as they are read."""
    for name in ("p_value", "p_value_holm"):
        if name in table.column_names:
            read = [words.chance(p).removeprefix("p = ").removeprefix("p ") for p in table[name].to_pylist()]
            table = table.set_column(table.column_names.index(name), name, pa.array(read, pa.string()))
    return table
