"""The tiles of the what-if notebook: each figure with its uncertainty and its definition."""

from dataclasses import dataclass

from retention_kit import formats
from retention_kit.charts import what_if_words as words
from retention_kit.definitions import DEFINITIONS
from retention_kit.planning.comparison_result import Likely
from retention_kit.planning.levers import points_saved
from retention_kit.tables import escape
from retention_kit.workbook.card import definition_terms
from retention_kit.workbook.panels import terms
from retention_kit.workbook.what_if_weighed import Weighed

__all__ = ["Figure", "figure_lines", "figures", "figures_html"]


@dataclass(frozen=True)
class Figure:
    """A figure of a scenario.

    Attributes
    ----------
    name : str
        What it is called.
    value, ends : str
        As it is read, and between which ends; no ends where it is certain or cannot be told.
    asides : tuple of str
        What else is to be said of it.
    card : str
        Name of its definition.
    yours : str
        The formula with the user's numbers.
    """

    name: str
    value: str
    ends: str
    asides: tuple[str, ...]
    card: str
    yours: str


def figures(found: Weighed) -> list[Figure]:
    """Return the figures of a scenario, the answer first."""
    made, money = found.comparison, found.currency
    npv, gain = (formats.value(one.value, "money", currency=money) for one in (made.npv, made.gain))
    cost = formats.value(made.cost, "money", currency=money)
    before, after = (
        formats.value(one.value, "money", currency=money) for one in (made.clv_before, made.clv_after)
    )
    people = formats.plural(round(made.customers), "customer")
    return [
        Figure(
            "Probability that it pays",
            words.probability(made),
            "",
            (made.reason,),
            "probability_pays",
            f"{formats.count((made.npv.values > 0).sum())} / {formats.count(made.npv.values.size)} futures"
            if made.probability is not None
            else "",
        ),
        _money("Net present value", made.npv, "npv", found, yours=f"{gain} − {cost} = {npv}"),
        Figure(
            "Return on investment",
            formats.NOTHING if made.roi is None else formats.value(made.roi.value, "share"),
            "" if made.roi is None else formats.interval(made.roi.ci_low, made.roi.ci_high, "share"),
            ("Nothing is spent.",) if made.roi is None else (f"for a cost of {cost}",),
            "roi",
            "" if made.roi is None else f"{npv} / {cost}",
        ),
        _money(
            "Change in value per customer",
            made.clv_change,
            "clv_change",
            found,
            (f"from {before} to {after}", people),
            yours=f"{after} − {before}",
        ),
        _money("Change in value in total", made.gain, "clv_change", found, (f"before its cost of {cost}",)),
        _uplift(found),
        Figure(
            "Break-even cost",
            formats.value(made.break_even.cost, "money", currency=money),
            _ends(made.gain, money),
            _affordable(found),
            "break_even",
            f"the cost that takes the whole gain: {gain}",
        ),
        _payback(found),
    ]


def figure_lines(found: Weighed) -> list[str]:
    """Return every figure as a line of text."""
    lines = []
    for one in figures(found):
        value = f"{one.value} ({one.ends})" if one.ends else one.value
        lines.append(f"{one.name}: {'; '.join(part.rstrip('.') for part in (value, *one.asides) if part)}.")
    return lines


def figures_html(found: Weighed) -> str:
    """Return the figures as tiles, escaped."""
    return f'<div class="rk-tiles">{"".join(map(_tile, figures(found)))}</div>'


def _tile(one: Figure) -> str:
    card = terms(definition_terms(DEFINITIONS[one.card], yours=one.yours))
    return (
        f'<section class="rk-tile"><h3>{escape(one.name)}</h3>'
        f'<p class="rk-tile-value">{escape(one.value)}</p>'
        + (f"<p>{escape(one.ends)}</p>" if one.ends else "")
        + "".join(f"<p>{escape(said)}</p>" for said in one.asides if said)
        + f'<details class="rk-card"><summary>How is this computed?</summary>{card}</details></section>'
    )


def _money(
    name: str, value: Likely, card: str, found: Weighed, asides: tuple[str, ...] = (), *, yours: str = ""
) -> Figure:
    told = formats.signed(value.value, "money", currency=found.currency)
    return Figure(name, told, _ends(value, found.currency, sign=True), asides, card, yours)


def _ends(value: Likely, currency: str, *, sign: bool = False) -> str:
    if value.ci_low == value.ci_high:
        return ""
    spell = formats.signed_interval if sign else formats.interval
    return spell(value.ci_low, value.ci_high, "money", currency=currency)


def _uplift(found: Weighed) -> Figure:
    made = found.comparison
    share = made.break_even.saved_share
    low, high = found.break_even_range
    name, card = "Break-even uplift", "break_even"
    saved, expected = (
        words.lever_value("saved_share", share)
        for share in (made.scenario.saved_share, made.scenario.expected_saved_share)
    )
    likely = f"the scenario saves {saved}{f', on average {expected}' if expected != saved else ''}"
    if found.is_still:
        return Figure(name, formats.NOTHING, "", ("No lever is moved.",), card, "")
    if share is None:
        return Figure(
            name, formats.NOTHING, "", ("No saved share of departures is enough.", likely), card, ""
        )
    points = made.break_even.points or 0.0
    stay = made.yearly_retention
    lower = points_saved(low or 0.0, stay)
    ends = f"{formats.value(lower, 'points')} to out of reach"
    if high is not None:
        ends = formats.interval(lower, points_saved(high, stay), "points") if low != high else ""
    return Figure(
        name,
        formats.value(points, "points"),
        ends,
        (f"{formats.value(share, 'share')} of departures saved; {likely}",),
        card,
        f"{formats.value(share, 'share')} × (1 − {formats.value(made.yearly_retention, 'share')}) / 1 = "
        f"{formats.value(points, 'points')}",
    )


def _payback(found: Weighed) -> Figure:
    made, name = found.comparison, "Payback age"
    if found.is_still:
        return Figure(name, formats.NOTHING, "", ("No lever is moved.",), "payback", "")
    asides = (
        f"{formats.begun(formats.probability(made.payback.share))} of the futures drawn pay back in time",
    )
    return Figure(name, words.payback(made), words.payback_ends(made), asides, "payback", "")


def _affordable(found: Weighed) -> tuple[str, ...]:
    made = found.comparison
    each = made.break_even.cost_per_customer
    against = f"against {formats.value(made.cost, 'money', currency=found.currency)} as planned"
    if each is None:
        return (against,)
    if each < 0:
        return (against, "the other costs alone are too high")
    told = formats.value(each, "money", currency=found.currency)
    return (against, f"{told} once per targeted customer, the other costs as they are")
