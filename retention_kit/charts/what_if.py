"""The charts of what-ifs: from a comparison to filled-in templates. No statistics here."""

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import Any

import numpy as np
import pyarrow as pa

from retention_kit import formats
from retention_kit.charts import what_if_words as words
from retention_kit.charts.chart import Chart, chart
from retention_kit.planning.arithmetic import PointsCard
from retention_kit.planning.budget import BudgetUse
from retention_kit.planning.comparison_result import Comparison, Likely
from retention_kit.planning.sensitivity import Swing

__all__ = ["budget_use", "cumulative_cash", "npv_distribution", "retention_points", "tornado"]

_MOST_BARS = 40
_MOST_MONTHS = 60  # of which each is drawn; of more, every second, third, ...
_KEEPING, _WINNING = "keeping customers", "winning new ones"
_WAYS = (
    "constant churn, for ever",
    "constant churn, over the horizon",
    "fitted model, a new customer",
    "fitted model, today's customers",
)
Row = dict[str, Any]


def npv_distribution(
    found: Comparison, *, other: Comparison | None, names: tuple[str, str], currency: str, asof: str
) -> Chart:
    """Return how often each net present value comes up among the futures drawn.

    Parameters
    ----------
    found, other : Comparison
        The scenario, and another one drawn dashed.
    names : tuple of str
        What they are called.
    currency, asof : str
        Of the money; customers and as-of date.
    """
    step = _bar(found.npv.values, other.npv.values if other is not None else found.npv.values)
    rows = _bars(found.npv.values, step, currency)
    beside = _bars(other.npv.values, step, currency) if other is not None else []
    if beside:
        beside.append({**beside[-1], "low": beside[-1]["high"], "share": 0.0})
    mean = [{"value": found.npv.value, "label": f"mean {formats.signed(found.npv.value, 'money')}"}]
    title = words.npv_title(found, currency=currency)
    also = f" · dashed: {names[1]}" if beside else ""
    return chart(
        "npv_distribution",
        title=title,
        subtitle=f"{names[0]} against the status quo, over "
        f"{formats.plural(int(found.scenario.horizon_months), 'month')} · orange: does not pay{also}\n{asof}",
        description=f"{title}. A histogram of {formats.count(found.npv.values.size)} futures drawn.",
        words={"value_title": _titled("net present value", currency)},
        data={"futures": rows, "other": beside, "zero": [{"value": 0}], "mean": mean},
        table=pa.Table.from_pylist(
            [
                {
                    "scenario": name,
                    "npv_from": row["low"],
                    "npv_to": row["high"],
                    "share_of_futures": row["share"],
                }
                for name, some in zip(names, (rows, beside[:-1]), strict=True)
                for row in some
            ]
        ),
    )


def cumulative_cash(
    found: Comparison, *, other: Comparison | None, names: tuple[str, str], currency: str, asof: str
) -> Chart:
    """Return what has come back less what has been paid, month by month."""
    rows, beside = _months(found, names[0], currency), []
    if other is not None:
        beside = _months(other, names[1], currency)
    month = found.payback.month
    late = bool(month) and 2 * (month or 0) > found.cumulative.size
    mark = [{"month": month, "late": late, "label": f"back in month {month}"}] if month else []
    title = words.cash_title(found)
    also = f" · dashed: {names[1]}" if beside else ""
    return chart(
        "cumulative_cash",
        title=title,
        subtitle="discounted gain in gross margin less cost, up to each month · band: "
        f"{found.level * 100:g} % of the futures drawn{also}\n{names[0]} · {asof}",
        description=f"{title}. A line over {formats.plural(int(found.scenario.horizon_months), 'month')}.",
        words={
            "value_title": _titled("cumulative net gain", currency),
            "interval_title": f"{found.level * 100:g} % interval",
        },
        data={"months": rows, "other": beside, "zero": [{"value": 0}], "payback": mark},
        table=pa.table(
            {
                "month": np.arange(found.cumulative.size),
                "net_gain": found.cumulative,
                "ci_low": found.cumulative_low,
                "ci_high": found.cumulative_high,
            }
        ),
    )


def tornado(found: Comparison, swings: Sequence[Swing], *, currency: str, asof: str) -> Chart | None:
    """Return how far each input moves the net present value; None where nothing does."""
    if not swings:
        return None
    ends = [
        {
            "rank": rank,
            "row": formats.begun(bar.title),
            "end": end,
            "at": words.swing_end(bar, value, currency=currency),
            "label": _end_label(bar, end, found.npv.value, currency),
            "start": found.npv.value,
            "npv": npv,
            "text": formats.signed(npv, "money", currency=currency),
        }
        for rank, bar in enumerate(swings)
        for end, value, npv in (("low", bar.low, bar.npv_low), ("high", bar.high, bar.npv_high))
    ]
    title = words.tornado_title(tuple(swings))
    return chart(
        "tornado",
        title=title,
        subtitle="net present value with one input at its low and at its high, the others as they are · "
        f"dashed: as it stands\n{asof}",
        description=f"{title}. {formats.plural(len(swings), 'input')}, the largest swing first.",
        words={"value_title": _titled("net present value", currency)},
        data={
            "ends": ends,
            "names": [{"rank": rank, "row": formats.begun(bar.title)} for rank, bar in enumerate(swings)],
            "zero": [{"value": 0}],
            "mean": [{"value": found.npv.value}],
        },
        table=pa.Table.from_pylist(
            [
                {
                    "input": bar.title,
                    "unit": bar.unit,
                    "low": bar.low,
                    "high": bar.high,
                    "npv_at_low": bar.npv_low,
                    "npv_at_high": bar.npv_high,
                    "swing": bar.swing,
                    "turns_the_answer": bar.turns,
                }
                for bar in swings
            ]
        ),
    )


def _end_label(bar: Swing, end: str, start: float, currency: str) -> str:
    """What stands at the end of a bar, short for a telephone; of two ends on one side, the farther has it."""
    npv, other = (bar.npv_low, bar.npv_high) if end == "low" else (bar.npv_high, bar.npv_low)
    if (npv >= start) == (other >= start) and abs(npv - start) < abs(other - start):
        return ""
    told = words.swing_end(bar, bar.low if end == "low" else bar.high, currency=currency)
    return told.removesuffix(" of the forecast").removesuffix(" a year").removesuffix(" a month")


def budget_use(use: BudgetUse, *, level: float, currency: str, asof: str) -> Chart | None:
    """Return what the same budget brings, kept or won; None where both cannot be told."""
    if use.by_acquisition is None:
        return None
    rows = [
        _dot(name, likely, formats.value(likely.value, "money", currency=currency), "money", currency)
        for name, likely in ((_KEEPING, use.by_programme), (_WINNING, use.by_acquisition))
    ]
    title = words.budget_title(use, currency=currency)
    spent = formats.value(use.budget, "money", currency=currency)
    return chart(
        "budget_use",
        title=title,
        subtitle=f"gross margin that {spent} bring, spent on the programme or on acquisition · "
        f"dashed: the budget\n{asof}",
        description=f"{title}. Two values with their {level * 100:g} % intervals, and the budget.",
        words={
            "value_title": _titled("gross margin", currency),
            "interval_title": f"{level * 100:g} % interval",
            "rows": [_KEEPING, _WINNING],
        },
        data={"uses": rows, "budget": [{"value": use.budget, "label": spent}]},
        table=_told(rows, "budget spent on"),
    )


def retention_points(card: PointsCard, *, level: float, asof: str) -> Chart | None:
    """Return what some points of retention are worth, four ways; None where so many do not leave."""
    if card.today is None or card.new is None or card.constant_forever is None:
        return None
    exact = [card.constant_forever, card.constant_over_horizon or 0.0]
    rows = [
        _dot(name, Likely(value, value, value, np.array([value])), formats.value(value, "share"), "share", "")
        for name, value in zip(_WAYS[:2], exact, strict=True)
    ]
    rows += [
        _dot(name, found, formats.value(found.value, "share"), "share", "")
        for name, found in zip(_WAYS[2:], (card.new, card.today), strict=True)
    ]
    title = words.points_title(card)
    low, high = words.CLAIM
    return chart(
        "retention_points",
        title=title,
        subtitle="change in the value of what customers bring · grey: the "
        f"{low * 100:g} to {high * 100:g} % of the guides\n{asof}",
        description=f"{title}. Four values, two with {level * 100:g} % intervals.",
        words={
            "value_title": "change in value",
            "interval_title": f"{level * 100:g} % interval",
            "rows": list(_WAYS),
        },
        data={"ways": rows, "claim": [{"low": low, "high": high}]},
        table=_told(rows, "way"),
    )


def _titled(name: str, currency: str) -> str:
    return f"{name}, {currency}" if currency else name


def _bar(*some: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    """A round width of bars: enough of them, not too many; nothing is an end of one, not inside it."""
    low, high = min(float(one.min()) for one in some), max(float(one.max()) for one in some)
    most = min(_MOST_BARS, max(8, round(2 * some[0].size ** (1 / 3))))
    if high <= low:
        return abs(high) or 1.0
    least = (high - low) / most
    power = 10.0 ** floor(log10(least))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= least)


def _bars(values: np.ndarray[Any, np.dtype[np.float64]], step: float, currency: str) -> list[Row]:
    first, last = floor(float(values.min()) / step), ceil(float(values.max()) / step)
    edges = np.arange(first, max(last, first + 1) + 1) * step
    counts, _ = np.histogram(values, bins=edges)
    return [
        {
            "low": float(low),
            "high": float(high),
            "share": int(count) / values.size,
            "pays": bool(low >= 0),
            "between": formats.signed_interval(float(low), float(high), "money", currency=currency),
            "text": formats.value(int(count) / values.size, "share"),
        }
        for low, high, count in zip(edges, edges[1:], counts, strict=False)
    ]


def _months(found: Comparison, name: str, currency: str) -> list[Row]:
    last = found.cumulative.size - 1
    step = max(1, ceil(last / _MOST_MONTHS))
    shown = sorted({*range(0, last + 1, step), last})
    return [
        {
            "month": month,
            "series": name,
            "value": float(found.cumulative[month]),
            "ci_low": float(found.cumulative_low[month]),
            "ci_high": float(found.cumulative_high[month]),
            "text": formats.signed(float(found.cumulative[month]), "money", currency=currency),
            "interval": formats.signed_interval(
                float(found.cumulative_low[month]),
                float(found.cumulative_high[month]),
                "money",
                currency=currency,
            ),
        }
        for month in shown
    ]


def _dot(name: str, found: Likely, text: str, unit: str, currency: str) -> Row:
    return {
        "row": name,
        "value": found.value,
        "ci_low": found.ci_low,
        "ci_high": found.ci_high,
        "text": text,
        "interval": formats.interval(found.ci_low, found.ci_high, unit, currency=currency),
    }


def _told(rows: Sequence[Row], name: str) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {name.replace(" ", "_"): row["row"], **{key: row[key] for key in ("value", "ci_low", "ci_high")}}
            for row in rows
        ]
    )
