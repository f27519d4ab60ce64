"""What charts and texts of the what-if notebook say: levers in their units, titles, readings."""

from retention_kit import formats
from retention_kit.planning.arithmetic import PointsCard
from retention_kit.planning.budget import GUIDES_RATIO, BudgetUse, KeepingCost
from retention_kit.planning.comparison_result import Comparison, Likely
from retention_kit.planning.levers import LEVERS, points_saved
from retention_kit.planning.sensitivity import Swing

__all__ = [
    "CLAIM",
    "budget_reading",
    "budget_title",
    "cash_title",
    "keeping_reading",
    "lever_value",
    "npv_title",
    "payback",
    "points_reading",
    "points_title",
    "probability",
    "saved_in_points",
    "swing_end",
    "tornado_reading",
    "tornado_title",
]

CLAIM = (0.25, 0.95)  # "five points more retention raise profit by 25 to 95 %"


def lever_value(name: str, value: float | str | None, *, currency: str = "") -> str:
    """Return where a lever stands, in its unit.

    >>> lever_value("frequency", 0.1), lever_value("discount_rate", 0.08), lever_value("horizon_months", 12)
    ('+10.0 %', '8.0 % a year', '12 months')
    """
    if value is None:
        return formats.NOTHING
    if isinstance(value, str):
        return value or "all customers"
    unit = LEVERS[name].unit
    if unit == "relative change":
        return f"{'+' if value > 0 else ''}{formats.value(value, 'share')}"
    if name == "acquisition_per_month":
        return f"{formats.number(value, decimals=0 if value == int(value) else 1)} a month"
    if unit == "months":
        return formats.plural(int(value), "month")
    if unit.startswith("money"):
        told = formats.value(value, "money", currency=currency)
        return f"{told} a month" if name == "programme_cost_per_month" else told
    return formats.value(value, "share") + (" a year" if name == "discount_rate" else "")


def swing_end(swing: Swing, value: float, *, currency: str) -> str:
    """Return where an input of a tornado was put."""
    if swing.name == "parameters":
        return "low" if value < 0.5 else "high"
    if swing.name == "back_test":
        return f"{formats.value(value, 'share')} of the forecast"
    return lever_value(swing.name, value, currency=currency)


def saved_in_points(found: Comparison) -> str:
    """Return the saved share with its range, and what it is in points of yearly retention."""
    low, likely, high = found.scenario.uplift
    stay = found.yearly_retention
    points = [points_saved(share, stay) for share in (low, likely, high)]
    between = f" ({low * 100:g} to {high * 100:g} %)" if low != high else ""
    range_ = f" ({formats.interval(points[0], points[2], 'points')})" if low != high else ""
    return (
        f"{likely * 100:g} %{between} of departures saved are {formats.value(points[1], 'points')}{range_} "
        f"of yearly retention, which is {formats.value(stay, 'share')} among those targeted. The programme "
        f"would make it {formats.value(found.retention_saved, 'share')}, since who is kept can leave later "
        "in the year."
    )


def npv_title(found: Comparison, *, currency: str) -> str:
    """Return what the distribution of the net present value says."""
    npv = formats.with_interval(found.npv, "money", currency=currency, sign=True)
    if found.probability is None:
        return f"Net present value: {npv}"
    return f"{formats.begun(probability(found))} of the futures drawn pay; net present value {npv}"


def probability(found: Comparison) -> str:
    """Return the probability that it pays, in percent that claim no certainty."""
    return formats.NOTHING if found.probability is None else formats.probability(found.probability)


def payback(found: Comparison) -> str:
    """Return when what was paid has come back.

    The interval is over the futures drawn; what lies beyond the horizon is not seen.
    """
    back = found.payback
    if back.month is None:
        return f"not within {formats.plural(int(found.scenario.horizon_months), 'month')}"
    if back.month == 0:
        return "from the first day"
    return f"month {back.month}"


def payback_ends(found: Comparison) -> str:
    """Return between which months, over the futures drawn."""
    back, last = found.payback, int(found.scenario.horizon_months)
    if back.low == back.high:
        return ""
    low = f"beyond {last}" if back.low is None else str(back.low)
    return f"month {low} to {f'beyond {last}' if back.high is None else back.high}"


def cash_title(found: Comparison) -> str:
    """Return when the money comes back, as a title."""
    back = found.payback
    if found.cost <= 0 and found.npv.value >= 0:
        return "Nothing is paid in advance, so there is nothing to pay back"
    if back.month is None:
        return f"On average the money does not come back {payback(found).removeprefix('not ')}"
    ends = payback_ends(found)
    at = payback(found).replace("month", "in month", 1)
    return f"On average the money is back {at}{f' ({ends})' if ends else ''}"


def tornado_title(swings: tuple[Swing, ...]) -> str:
    """Return what the answer hinges on, as a title."""
    if not swings:
        return "Nothing moves the net present value"
    turning = [bar.title for bar in swings if bar.turns]
    if turning:
        return f"The answer hinges on {turning[0]}"
    return f"No single input turns the answer; {swings[0].title} matters most"


def tornado_reading(swings: tuple[Swing, ...], *, currency: str) -> list[str]:
    """Return the inputs that matter most, in sentences."""
    if not swings:
        return ["No lever is moved, so there is nothing that an answer could hinge on."]
    lines = []
    for bar in swings[:3]:
        low, high = (swing_end(bar, end, currency=currency) for end in (bar.low, bar.high))
        ends = [formats.signed(npv, "money", currency=currency) for npv in (bar.npv_low, bar.npv_high)]
        turns = ", which decides whether it pays" if bar.turns else ""
        lines.append(
            f"{formats.begun(bar.title)}, from {low} to {high}: the net present value goes from {ends[0]} to "
            f"{ends[1]}{turns}."
        )
    return lines


def budget_title(use: BudgetUse, *, currency: str) -> str:
    """Return which use of the budget brings more, as a title."""
    other = use.by_acquisition
    if other is None:
        return f"The programme brings {_money(use.by_programme, currency)}"
    better, worse = use.by_programme, other
    name = "Keeping"
    if other.value > use.by_programme.value:
        better, worse, name = other, use.by_programme, "Winning"
    clear = better.ci_low > worse.ci_high
    what = "customers brings more" if clear else "customers brings more on average, not for certain"
    return (
        f"{name} {what}: {formats.value(better.value, 'money', currency=currency)} against "
        + formats.value(worse.value, "money", currency=currency)
    )


def budget_reading(use: BudgetUse, *, currency: str) -> list[str]:
    """Return both uses of the budget in words, or why there are not both."""
    spent = formats.value(use.budget, "money", currency=currency)
    if use.by_acquisition is None:
        return [f"Keeping against winning customers: {use.reason[:1].lower()}{use.reason[1:]}"]
    return [
        f"The programme costs {spent} and brings {_money(use.by_programme, currency)} of gross margin. The "
        f"same money would win {formats.number(use.customers or 0.0, decimals=1)} customers, who would bring "
        f"{_money(use.by_acquisition, currency)} over the same horizon, if the next ones cost and bring what "
        "the average one does; more of them rarely do."
    ]


def keeping_reading(found: KeepingCost, *, currency: str) -> str:
    """Return what keeping a customer costs beside winning one, held against the guides' five times."""
    claim = f"Guides say that winning a customer costs {GUIDES_RATIO:g} times as much as keeping one"
    if found.ratio is None:
        kept = _few(found.kept.value, decimals=1)
        more = "" if found.kept.value <= 0 else f" The programme keeps {kept} customers who would have left."
        return f"{claim}: cannot be told here. {found.reason}{more}"
    per_kept, per_new = (
        formats.value(one, "money", currency=currency) for one in (found.per_kept, found.per_new)
    )
    holds = "at least that here" if found.ratio >= GUIDES_RATIO else "not here, with this programme"
    return (
        f"{claim}: {holds}. Keeping one costs {per_kept} (programme / "
        f"{_few(found.kept.value, decimals=1)} customers kept), winning one {per_new}: "
        f"{_few(found.ratio, decimals=2)} times as much."
    )


def points_title(card: PointsCard) -> str:
    """Return what some points of retention are worth, as a title."""
    if card.today is None or card.constant_forever is None:
        return "Five points more retention: not possible here"
    return (
        f"{card.points * 100:g} points more retention: {_change(card.constant_forever)} by constant churn, "
        f"{_change(card.today.value)} for today's customers by the fitted model"
    )


def points_reading(card: PointsCard, *, rate: float, months: int) -> list[str]:
    """Return the claim, the arithmetic behind it and the answer of the fitted model."""
    claim = (
        f"Guides say that {card.points * 100:g} points more retention raise profit by {CLAIM[0] * 100:g} to "
        f"{CLAIM[1] * 100:g} %."
    )
    if card.today is None or card.new is None or card.saved_share is None or card.constant_forever is None:
        return [f"{claim} {card.reason}"]
    now, then = (formats.value(share, "share") for share in (card.retention, card.retention + card.points))
    horizon = formats.plural(months, "month")
    return [
        f"{claim} With your yearly retention of {now} raised to {then} and a discount rate of "
        f"{formats.value(rate, 'share')}, constant churn gives {_change(card.constant_forever)} without end "
        f"and {_change(card.constant_over_horizon or 0.0)} over {horizon}.",
        f"The fitted model, in which customers differ, gives {_with_ends(card.today)} over {horizon} for "
        f"today's customers and {_with_ends(card.new)} for a new one: "
        f"{formats.value(card.saved_share, 'share')} of departures would have to be prevented. "
        "Value of what customers bring, before any cost.",
    ]


def _few(number: float, *, decimals: int) -> str:
    """A positive number, with more decimals where fewer would read as none."""
    return formats.number(number, decimals=decimals if round(number, decimals) else 4)


def _change(share: float) -> str:
    return f"{'+' if share > 0 else ''}{formats.value(share, 'share')}"


def _with_ends(found: Likely) -> str:
    return f"{_change(found.value)} ({formats.interval(found.ci_low, found.ci_high, 'share')})"


def _money(found: Likely, currency: str) -> str:
    return formats.with_interval(found, "money", currency=currency)
