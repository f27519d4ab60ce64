"""The charts of the purchase cadence: how long silences last, and who comes back after one."""

from collections.abc import Sequence

from retention_kit import formats
from retention_kit.charts import churn_words as words
from retention_kit.charts.chart import Chart
from retention_kit.charts.own_time import Row, point, some, timed
from retention_kit.measures.cadence import PurchaseCadence
from retention_kit.measures.survival_result import Estimate

__all__ = ["gap_curve", "return_chance"]

_PLACES = 14  # pixels between the names of days


def gap_curve(found: PurchaseCadence, *, level: float) -> Chart:
    """Return how many silences last longer than each number of days."""
    every = found.everyone
    rows = every.curve.to_pylist()
    drawn = some(every.curve["silent_days"].to_pylist(), every.curve["still_away"].to_pylist())
    return timed(
        "gap_curve",
        title=words.gap_title(every),
        subtitle=f"share of silences that last longer, customers weighted equally · "
        f"{formats.plural(every.customers, 'customer')}, {formats.plural(every.gaps, 'silence')} · "
        f"as of {found.as_of}",
        described=f"The curve ends at {formats.value(every.plateau.value, 'share')} after "
        f"{words.days(len(rows) - 1)}.",
        x_title="days of silence since an order",
        value_title="silences not ended",
        customers_title="silences as long",
        level=level,
        longest=len(rows) - 1,
        data={
            "curve": [
                point(
                    row["silent_days"],
                    Estimate(row["still_away"], row["ci_low"], row["ci_high"]),
                    row["gaps_at_risk"],
                )
                for row in (rows[at] for at in drawn)
            ],
            "plateau": [
                {
                    "value": every.plateau.value,
                    "label": f"{formats.value(every.plateau.value, 'share')} not ended as far as the data "
                    "reach",
                }
            ],
            "days": _days_that_matter(found, longest=len(rows) - 1),
        },
        table=every.curve,
    )


def return_chance(found: PurchaseCadence, *, level: float) -> Chart | None:
    """Return the chance that a customer comes back, the longer it has been silent."""
    every = found.everyone
    rows = [row for row in every.curve.to_pylist() if row["return_probability"] is not None]
    if len(rows) < 2:
        return None
    last = rows[-1]["silent_days"]
    drawn = some([row["silent_days"] for row in rows], [row["return_probability"] for row in rows])
    return timed(
        "return_chance",
        title=words.return_title(found),
        subtitle=f"share of the silences as long that end within {words.days(every.horizon_days)} · "
        f"{formats.plural(every.customers, 'customer')} · as of {found.as_of}",
        described=f"It falls to {formats.value(rows[-1]['return_probability'], 'share')} after "
        f"{words.days(last)}.",
        x_title="days of silence since an order",
        value_title=f"return within {words.days(every.horizon_days)}",
        customers_title="silences as long",
        level=level,
        longest=last,
        data={
            "curve": [
                point(
                    row["silent_days"],
                    Estimate(row["return_probability"], row["return_ci_low"], row["return_ci_high"]),
                    row["gaps_at_risk"],
                )
                for row in (rows[at] for at in drawn)
            ],
            "below": [
                {
                    "value": every.return_below,
                    "label": f"fewer than {formats.value(every.return_below, 'share')} return",
                }
            ],
            "days": _days_that_matter(found, longest=last, only=("threshold",)),
        },
        table=every.curve,
    )


def _days_that_matter(
    found: PurchaseCadence, *, longest: int, only: Sequence[str] = ("cycle", "window", "threshold")
) -> list[Row]:
    every = found.everyone
    marks = {
        "cycle": (every.cycle_days.value, f"cycle: {words.days(every.cycle_days.value)}", False),
        "window": (found.window.days, f"window: {words.days(found.window.days)}", False),
        "threshold": (found.threshold.days, f"left after {words.days(found.threshold.days)}", True),
    }
    rows = [
        {"time": time, "label": label, "chosen": chosen}
        for name, (time, label, chosen) in marks.items()
        if name in only and time is not None and time <= longest
    ]
    return [{**row, "place": _PLACES * place} for place, row in enumerate(rows)]
