"""What the what-if notebook says in words, and in tables on the page."""

import pyarrow as pa

from retention_kit import formats
from retention_kit.charts import what_if_words as words
from retention_kit.planning.levers import LEVERS
from retention_kit.tables import html_table
from retention_kit.workbook.available import Unavailable
from retention_kit.workbook.panels import framed, paragraphs
from retention_kit.workbook.what_if_published import figures_beside, levers_beside, segments
from retention_kit.workbook.what_if_tiles import figure_lines, figures_html
from retention_kit.workbook.what_if_weighed import Weighed, WhatIf

__all__ = [
    "assumptions",
    "beside",
    "beside_html",
    "budget",
    "cash",
    "decision",
    "hinges",
    "lever_lines",
    "levers_html",
    "points",
    "scenario",
    "split",
    "split_html",
    "sureness",
    "tile_lines",
    "tiles_html",
]

_STILL = (
    "No lever is moved: the scenario is the status quo. Move one, the saved share of departures for example."
)


def decision(shown: WhatIf) -> list[str]:
    """Return the decision in one sentence, and that of the other scenario."""
    found, other = shown.scenario, shown.laid_beside
    if isinstance(found, Unavailable):
        return [found.sentence]
    lines = [found.sentence if other is None else f"{found.name}: {found.sentence}"]
    return [*lines, f"{other.name}: {other.sentence}"] if other is not None else lines


def scenario(shown: WhatIf) -> list[str]:
    """Return which levers are moved, and what the saved share is in points."""
    found = shown.scenario
    if isinstance(found, Unavailable):
        return []
    if found.is_still:
        return [_STILL]
    made = found.comparison
    moved = [
        name for name in made.scenario.moved(found.observed.base.start) if not name.startswith("saved_share_")
    ]
    told = [f"{_title(name)} {_at(found, name)}" for name in moved]
    reached = (
        f"It reaches {formats.number(made.targeted, decimals=0)} of "
        f"{formats.plural(round(made.customers), 'customer')}."
    )
    said = f"{formats.begun('; '.join(told))}. All else stands as observed. {reached}"
    return [said, words.saved_in_points(made)] if made.scenario.uplift[2] else [said]


def tile_lines(shown: WhatIf) -> list[str]:
    """Return the figures as lines of text."""
    return [] if isinstance(shown.scenario, Unavailable) else figure_lines(shown.scenario)


def tiles_html(shown: WhatIf) -> str:
    """Return the figures as tiles."""
    return "" if isinstance(shown.scenario, Unavailable) else figures_html(shown.scenario)


def sureness(shown: WhatIf) -> list[str]:
    """Return how sure the answer is, and what the spread holds."""
    found = shown.scenario
    if isinstance(found, Unavailable):
        return [found.sentence]
    made = found.comparison
    if found.is_still:
        return [_STILL]
    npv = formats.with_interval(made.npv, "money", currency=found.currency, sign=True)
    share = words.probability(made)
    pays = f"It pays in {share} of the futures drawn. " if made.probability is not None else ""
    return [
        f"{pays}The net present value is {npv}, at {made.level * 100:g} %. {made.reason}",
        f"Back-test: {found.observed.tested}",
    ]


def cash(shown: WhatIf) -> list[str]:
    """Return when the money comes back."""
    found = shown.scenario
    if isinstance(found, Unavailable):
        return [found.sentence]
    if found.is_still:
        return [_STILL]
    made = found.comparison
    share = formats.begun(formats.probability(made.payback.share))
    end = formats.with_interval(made.npv, "money", currency=found.currency, sign=True)
    return [
        f"{words.cash_title(made)}. {share} of the futures drawn pay back within "
        f"{formats.plural(int(made.scenario.horizon_months), 'month')}, at whose end the net gain is {end}."
    ]


def hinges(shown: WhatIf) -> list[str]:
    """Return what the answer hinges on."""
    found = shown.scenario
    if isinstance(found, Unavailable):
        return [found.sentence]
    return words.tornado_reading(found.swings, currency=found.currency)


def budget(shown: WhatIf) -> list[str]:
    """Return keeping against winning customers."""
    found = shown.scenario
    if isinstance(found, Unavailable):
        return [found.sentence]
    used = words.budget_reading(found.budget, currency=found.currency)
    return [*used, words.keeping_reading(found.keeping, currency=found.currency)]


def points(shown: WhatIf) -> list[str]:
    """Return what five points of retention are worth."""
    found = shown.scenario
    if isinstance(found, Unavailable):
        return [found.sentence]
    levers = found.comparison.scenario
    return words.points_reading(found.points, rate=levers.discount_rate, months=int(levers.horizon_months))


def split(shown: WhatIf) -> list[str]:
    """Return who gains, segment by segment."""
    found = shown.scenario
    if isinstance(found, Unavailable):
        return [found.sentence]
    lines = [
        f"{row['segment']}: gain {_money(row['gain'], found)}, cost {_money(row['cost'], found)}, net "
        f"{_money(row['npv'], found)}"
        for row in segments(found).to_pylist()
    ]
    return [*lines, _summed(found)]


def split_html(shown: WhatIf) -> str:
    """Return the same as a table."""
    found = shown.scenario
    if isinstance(found, Unavailable):
        return paragraphs([found.sentence], "rk-reading")
    money = dict.fromkeys(("gain", "gain_ci_low", "gain_ci_high", "cost", "npv"), ",.2f")
    table = html_table(
        segments(found),
        caption=f"Gain in gross margin, cost and net present value, {found.currency}".rstrip(", "),
        formats={"customers": ",", "targeted": ",.0f", **money},
        labels={"gain_ci_low": "from", "gain_ci_high": "to", "npv": "net"},
    )
    return f"{paragraphs([_summed(found)], 'rk-reading')}{framed(table, 'Segments', whole=True)}"


def lever_lines(shown: WhatIf) -> list[str]:
    """Return where each lever stands."""
    return _lines(levers_beside(shown))


def beside(shown: WhatIf) -> list[str]:
    """Return the scenario beside the status quo and the other one."""
    found = shown.scenario
    if isinstance(found, Unavailable):
        return [found.sentence]
    return [*_asked(shown), *_lines(figures_beside(shown)), *lever_lines(shown)]


def beside_html(shown: WhatIf) -> str:
    """Return the same as tables."""
    found = shown.scenario
    if isinstance(found, Unavailable):
        return paragraphs([found.sentence], "rk-reading")
    made = html_table(figures_beside(shown), caption="What comes of it, against the status quo")
    return (
        f"{paragraphs(_asked(shown), 'rk-reading')}{framed(made, 'Figures', whole=True)}{levers_html(shown)}"
    )


def levers_html(shown: WhatIf) -> str:
    """Return where each lever stands, between which ends it moves and what the status quo is, as tables."""
    found = levers_beside(shown).drop_columns(["unit"])  # the values have theirs
    apart = ["bounds", "observed"]  # all in one table would be too wide for a telephone
    stands = html_table(found.drop_columns(apart), caption="Where each lever stands")
    ends = html_table(
        found.select(["lever", *apart]),
        caption="Between which ends each can stand",
        labels={"observed": "the status quo is"},
    )
    return framed(stands, "Levers", whole=True) + framed(ends, "Bounds of levers", whole=True)


def assumptions(shown: WhatIf) -> list[str]:
    """Return what is taken for granted."""
    found = shown.scenario
    if isinstance(found, Unavailable):
        return [found.sentence]
    base, made = found.observed.base, found.comparison
    exact = f"{base.approximation:.0e}" if base.approximation > 0 else "0"
    return [
        *made.notes,
        found.observed.model,
        f"Instead of every customer, the page weighs a few points that stand for all "
        f"{round(made.customers):,} of them, with {base.draws} draws of the model's "
        "parameters; the expected flows differ from the sum "
        f"over all customers by at most {exact} of their value.",
        "Programmes of competitors, prices, and what the programme does to customers whom it does not keep "
        "are not part of the model.",
    ]


def _asked(shown: WhatIf) -> list[str]:
    if shown.other is None:
        return [
            "One scenario stands beside the status quo. To lay another beside it, copy its link into Beside, "
            "or write what it changes: saved_share=0.2&saved_share_high=0.3"
        ]
    if isinstance(shown.other, Unavailable):
        return [shown.other.sentence]
    return decision(shown)


def _summed(found: Weighed) -> str:
    made = found.comparison
    by = f" by {found.observed.attribute}" if found.observed.attribute else ""
    return (
        f"The parts{by} add up to a gain of {_money(made.gain.value, found)}, a cost of "
        f"{_money(made.cost, found)} and a net present value of {_money(made.npv.value, found)}."
    )


def _lines(table: pa.Table) -> list[str]:
    return [
        f"{first}: {', '.join(f'{name} {value}' for name, value in rest.items() if value)}."
        for first, rest in (
            (next(iter(row.values())), dict(list(row.items())[1:])) for row in table.to_pylist()
        )
    ]


def _title(name: str) -> str:
    return LEVERS[name].title if name in LEVERS else "segment targeted"


def _at(found: Weighed, name: str) -> str:
    return words.lever_value(name, getattr(found.comparison.scenario, name), currency=found.currency)


def _money(amount: float, found: Weighed) -> str:
    return formats.value(amount, "money", currency=found.currency)
