"""What the churn notebook says in words and tables, and what a report of it publishes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from retention_kit import formats
from retention_kit.charts import churn_words as words
from retention_kit.definitions import DEFINITIONS
from retention_kit.measures.survival_result import Estimate
from retention_kit.tables import escape, html_table
from retention_kit.workbook.available import Unavailable
from retention_kit.workbook.card import citation
from retention_kit.workbook.panels import Term, paragraphs

if TYPE_CHECKING:
    from retention_kit.workbook.churn import Followed

__all__ = [
    "cadence",
    "card",
    "comparison",
    "comparison_html",
    "dependence",
    "dependence_html",
    "headline",
    "moral",
    "outlook",
    "outlook_html",
    "reading",
    "sql",
    "tables",
    "timing",
]

_CHOOSE = "Nothing is compared: choose an attribute under Compare by."


def cadence(shown: "Followed") -> list[str]:
    """Return cycle, window and threshold."""
    found = shown.cadence
    if isinstance(found, Unavailable):
        return [found.sentence]
    lines = words.cadence_readings(found)
    if shown.basis == "subscriptions":
        lines.append("The curves below do not use it: there customers leave when their subscription ends.")
    return lines


def reading(shown: "Followed") -> list[str]:
    """Return the churn curve in words."""
    found = shown.curves
    return [found.sentence] if isinstance(found, Unavailable) else words.curve_reading(found)


def comparison(shown: "Followed") -> list[str]:
    """Return whether groups differ, and each pair."""
    found = shown.curves
    if isinstance(found, Unavailable):
        return [found.sentence]
    if found.difference is None:
        return [_CHOOSE if not shown.parameters.breakdown else f"{words.group_title(found)}."]
    pairs = [
        f"{row['group']} and {row['other']}: {words.chance(row['p_value_holm'])}"
        for row in found.difference.pairs.to_pylist()
    ]
    return [*words.group_readings(found, shown.parameters.breakdown), *pairs]


def comparison_html(shown: "Followed") -> str:
    """Return the same with the groups and the pairs as tables."""
    found = shown.curves
    if isinstance(found, Unavailable) or found.difference is None:
        return paragraphs(comparison(shown), "rk-reading")
    said = paragraphs(words.group_readings(found, shown.parameters.breakdown), "rk-reading")
    pairs = html_table(
        _with_chances(found.difference.pairs),
        caption="Pairs of groups: log-rank test, corrected for their number",
        formats={"statistic": ".2f"},
        labels={"statistic": "chi-square", "p_value": "p", "p_value_holm": "p, Holm"},
    )
    return f"{said}{_table(_groups(shown))}{_framed(pairs, 'Pairs of groups')}"


def timing(shown: "Followed") -> list[str]:
    """Return when customers leave, in their own time and in the calendar."""
    curves, hazard, rates = shown.curves, shown.hazard, shown.rates
    if isinstance(curves, Unavailable):
        return [curves.sentence]
    length = words.PERIOD_DAYS[shown.parameters.grain]
    return [
        words.hazard_reading(curves, hazard, length),
        words.rates_reading(rates, shown.parameters.grain),
    ]


def dependence(shown: "Followed") -> list[str]:
    """Return what churn depends on, and what cannot be told."""
    found = shown.diagonals
    if isinstance(found, Unavailable):
        return [found.sentence]
    terms = [f"{row['question']} {words.chance(row['p_value_holm'])}" for row in found.terms.to_pylist()]
    return [found.sentence, *terms]


def dependence_html(shown: "Followed") -> str:
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
    return f"{paragraphs([found.sentence], 'rk-reading')}{_framed(table, 'Tests')}"


def outlook(shown: "Followed") -> list[str]:
    """Return the projection in words."""
    found = shown.projected
    return [found.sentence] if isinstance(found, Unavailable) else found.reading()


def outlook_html(shown: "Followed") -> str:
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
    return f"{said}{_framed(table, 'Models')}"


def moral(shown: "Followed") -> list[str]:
    """Return why a snapshot says nothing of how long customers stay."""
    found = shown.lesson
    return [found.sentence] if isinstance(found, Unavailable) else words.lesson_reading(found)


def card(shown: "Followed") -> Sequence[Term]:
    """Return the definitions with the user's own numbers put in."""
    lines: list[Term] = []
    if not isinstance(shown.cadence, Unavailable):
        every = shown.cadence.everyone
        lines += _definition("purchase_cycle", words.with_interval(every.cycle_days, "days"))
        lines += _definition("churn_threshold", shown.cadence.threshold.reason)
    found = shown.curves
    if isinstance(found, Unavailable):
        return lines
    time = words.told_time(found.everyone)
    share = words.with_interval(words.share_at(found.everyone, time), "share")
    lines += _definition("churn_curve", f"S({time:,}) = {share}, {words.left_means(found)}")
    lines += _definition(
        "hazard", words.hazard_reading(found, shown.hazard, words.PERIOD_DAYS[shown.parameters.grain])
    )
    rates = words.complete_rates(shown.rates)
    if rates:
        last = rates[-1]
        rate = formats.value(last["churn_rate"], "share")
        lines += _definition(
            "calendar_churn", f"{last['period']}: {last['left']:,} / {last['customers']:,} = {rate}"
        )
    if not isinstance(shown.projected, Unavailable):
        fit = shown.projected.fits[0]
        values = ", ".join(f"{name} = {value:.4g}" for name, value in fit.parameters.items())
        lines += _definition("contract_projection", f"{fit.title}: {values}. {fit.reason}")
    people = formats.plural(found.lives.number, "customer")
    said = (
        f"{DEFINITIONS['churn_curve'].name} after {words.days(time)} ({words.left_means(found)}): {share}, "
        f"{found.level * 100:g} % interval, n = {people}"
    )
    return [*lines, ("To cite", citation(shown.dataset, said))]


def sql(shown: "Followed") -> str:
    """Return the statement behind the counts."""
    found = shown.cadence if isinstance(shown.curves, Unavailable) else shown.curves
    return "" if isinstance(found, Unavailable) else found.sql


def tables(shown: "Followed") -> Mapping[str, pa.Table]:
    """Return the tables that a report publishes, by name."""
    found: dict[str, pa.Table] = {}
    if not isinstance(shown.cadence, Unavailable):
        found["gaps"] = shown.cadence.everyone.curve
    curves = shown.curves
    if not isinstance(curves, Unavailable):
        found |= {"survival": curves.everyone.table, "hazard": shown.hazard, "calendar_churn": shown.rates}
        if curves.difference is not None:
            found |= {"groups": _groups(shown), "pairs": curves.difference.pairs}
    if not isinstance(shown.diagonals, Unavailable):
        found |= {"diagonals": shown.diagonals.cells, "tests": shown.diagonals.terms}
    if not isinstance(shown.projected, Unavailable):
        found |= {"projection": shown.projected.table, "models": shown.projected.models}
    return found


def headline(shown: "Followed") -> list[dict[str, Any]]:
    """Return the figures to know first."""
    rows: list[dict[str, Any]] = []
    if not isinstance(shown.cadence, Unavailable):
        every = shown.cadence.everyone
        rows.append(_figure("Purchase cycle", every.cycle_days, every.customers, "days"))
    curves = shown.curves
    if isinstance(curves, Unavailable):
        return [row for row in rows if row["value"] is not None]
    curve = curves.everyone
    time = words.told_time(curve)
    rows.append(
        _figure(
            f"Still customers after {words.days(time)}",
            words.share_at(curve, time),
            curve.customers,
            "fraction",
        )
    )
    rows.append(_figure("Half have left after", curve.median, curve.customers, "days"))
    for row in words.complete_rates(shown.rates)[-1:]:
        churn = Estimate(row["churn_rate"], row["ci_low"], row["ci_high"])
        rows.append(_figure(f"Churn, {row['period']}", churn, row["customers"], "fraction"))
    projected = shown.projected
    if not isinstance(projected, Unavailable):
        after = formats.plural(int(projected.ahead.age_periods[-1]), projected.grain)
        rows.append(
            _figure(
                f"Subscribers expected after {after}",
                projected.at_end,
                projected.renewals.customers,
                "fraction",
            )
        )
    return [row for row in rows if row["value"] is not None]


def _groups(shown: "Followed") -> pa.Table:
    """Each group with its customers, those who left, the share still there, and its median."""
    curves = shown.curves
    assert not isinstance(curves, Unavailable)  # noqa: S101 - the callers have looked
    rows = []
    for name, curve in curves.groups.items():
        time = words.told_time(curves.everyone)
        share = words.share_at(curve, time) if time <= curve.last_time else Estimate(None, None, None)
        median = curve.median
        rows.append(
            {
                "group": name,
                "customers": curve.customers,
                "left": int(curve.events.sum()),
                "still_there": share.value,
                "still_there_ci_low": share.ci_low,
                "still_there_ci_high": share.ci_high,
                "median_days": median.value,
                "median_ci_low": median.ci_low,
                "median_ci_high": median.ci_high,
            }
        )
    return pa.Table.from_pylist(rows)


def _figure(name: str, found: Estimate, people: int, unit: str) -> dict[str, Any]:
    ends = {"ci_low": found.ci_low, "ci_high": found.ci_high}
    return {"name": name, "value": found.value, **ends, "n": people, "unit": unit}


def _definition(name: str, yours: str) -> list[Term]:
    card = DEFINITIONS[name]
    said = f"{card.formula}. Unit: {card.unit}. {card.source} {card.caveat}"
    return [(card.name, said), ("Yours", yours)]


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
    return _framed(shown, "Groups")


def _with_chances(table: pa.Table) -> pa.Table:
    """Return a table with its p-values as they are read."""
    for name in ("p_value", "p_value_holm"):
        if name in table.column_names:
            read = [words.chance(p).removeprefix("p = ").removeprefix("p ") for p in table[name].to_pylist()]
            table = table.set_column(table.column_names.index(name), name, pa.array(read, pa.string()))
    return table


def _framed(table: str, name: str) -> str:
    # What can be scrolled must be reached by keyboard, and have a name; the grid keeps a wide table from
    # widening the text above it.
    region = (
        f'<div class="rk-chart-table" tabindex="0" role="region" aria-label="{escape(name)}">{table}</div>'
    )
    return f'<div style="display:grid;grid-template-columns:minmax(0,1fr)">{region}</div>'
