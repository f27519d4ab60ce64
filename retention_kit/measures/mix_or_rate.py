"""Mix or rate: did customers stay less, or were they other customers?"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit import formats
from retention_kit.data.calendar import Grain
from retention_kit.data.dataset import Dataset
from retention_kit.errors import DataError, ParameterError
from retention_kit.measures.intervals import BUCKETS, normal_quantile, wilson
from retention_kit.measures.mix_or_rate_split import Split, sentence, values_table
from retention_kit.measures.movement_counting import (
    Periods,
    flows_of,
    movers,
    periods_of,
    units,
)
from retention_kit.measures.survival_result import Estimate

__all__ = ["FIRST_TIME", "KNOWN", "MixOrRate", "mix_or_rate"]

FIRST_TIME, KNOWN = "new in the period before", "known for longer"  # values where no attribute is named
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MixOrRate:
    """The change of the retention rate between two periods, split into mix and rate.

    Attributes
    ----------
    retention_rate, retention_rate_against : Estimate
        Customers active in the period and in the one before / customers active in the one before.
    change, mix, rate : Estimate
        The difference of the two, and its parts, in fractions: change = mix + rate.
    values : pyarrow.Table
        One row per ``value`` of the attribute, the largest first: ``customers`` and ``customers_against``
        (active in the period before), ``share`` and ``share_against`` (of all those), ``retention_rate`` and
        ``retention_rate_against`` (missing where there were none), and its parts of the change, ``mix``,
        ``rate`` and ``change`` (their sum), each with ``_ci_low`` and ``_ci_high``. The rows add up to the
        totals.
    verdict : {"mix", "rate", "unclear"}
        Which part is the larger one beyond chance.
    sentence : str
        The verdict in words, with the numbers.
    attribute : str
        What was told apart; empty: customers who were new in the period before, and all others.
    period, against : str
        Names of the two periods.
    grain : str
        Length of a period.
    as_of : date
        Last day counted.
    notes : tuple of str
        What a reader has to know.
    sql : str
        The statement that produced the counts, over the canonical tables.
    """

    retention_rate: Estimate
    retention_rate_against: Estimate
    change: Estimate
    mix: Estimate
    rate: Estimate
    values: pa.Table
    verdict: str
    sentence: str
    attribute: str
    period: str
    against: str
    grain: Grain
    as_of: date
    notes: tuple[str, ...]
    sql: str


def mix_or_rate(
    dataset: Dataset,
    *,
    attribute: str = "",
    period: str = "",
    against: str = "",
    grain: Grain = "month",
    segment: str = "",
    level: float = 0.95,
) -> MixOrRate:
    """Split the change of the retention rate between two periods into mix and rate.

    The rate is the scorecard's: of the customers active in the period before, the share active in the
    period, so that the parts add up to the change that its tile shows. With w the share of a value's
    customers among all of them, r their rate, R the rate of all, and a bar for the mean of the two
    periods (the symmetric decomposition; Kitagawa 1955):
    mix = sum of (w1 - w0) * (r̄ - R̄), rate = sum of (r1 - r0) * w̄. A value that only one period has is
    mix alone. The same customers may stand on both sides, so the intervals are those of the delete-a-group
    jackknife.

    Parameters
    ----------
    dataset : Dataset
        An open dataset.
    attribute : str
        Attribute at the first order whose values are told apart; empty: customers who were new in the
        period before, and those known for longer.
    period, against : str
        A day in each period, YYYY-MM-DD; empty: the last complete period, and the one before ``period``.
    grain : str
        Length of a period.
    segment : str
        Count only customers with this at their first order, ``attribute=value``; empty for all.
    level : float
        Confidence level of the intervals.

    Raises
    ------
    ParameterError
        When a day is outside the data, the periods are the same, or the attribute has too many values.
    ColumnError
        When an attribute does not exist.
    DataError
        When there are no orders, no customer is selected, or nobody was active before one of the periods.

    References
    ----------
    Kitagawa (1955), Journal of the American Statistical Association 50, 1168-1194.

    Examples
    --------
    >>> from retention_kit import open_dataset
    >>> found = mix_or_rate(open_dataset("cdnow"), period="1997-04-30")
    >>> round(found.change.value, 3), round(found.mix.value, 3), round(found.rate.value, 3)
    (0.009, 0.021, -0.012)
    """
    z = normal_quantile(level)
    chosen = movers(dataset, basis="orders", segment=segment, breakdown=attribute, why="mix and rate")
    periods = periods_of(chosen.ledger, grain)
    pair = _pair(dataset, periods, period, against)
    columns = (
        "was_new, period_index, bucket, CAST(sum(kept_customers) AS BIGINT) AS kept, "
        "CAST(sum(kept_customers + churn_customers) AS BIGINT) AS customers"
    )
    wanted = f"period_index IN ({pair[0]}, {pair[1]})"
    rows, sql = chosen.rows(flows_of(chosen, periods), columns, more=wanted, required=False)
    labels = periods.table["label"].to_pylist()
    named = [formats.period(labels[index], grain) for index in reversed(pair)]
    if not rows.num_rows:
        raise _nobody(named[0], grain)
    if attribute:
        names, group = chosen.groups(rows, "customers")
    else:
        names, group = (KNOWN, FIRST_TIME), rows["was_new"].to_numpy(zero_copy_only=False).astype(int)
    place = ((units(rows["period_index"]) == pair[0]).astype(int), units(rows["bucket"]), group)
    base, kept = np.zeros((2, 2, BUCKETS, len(names)), dtype=np.int64)
    np.add.at(base, place, units(rows["customers"]))
    np.add.at(kept, place, units(rows["kept"]))
    for people, label in zip(base.sum(axis=(1, 2)), named, strict=True):
        if not people:
            raise _nobody(label, grain)
    split = Split(base, kept, z)
    filled = np.flatnonzero(base.sum(axis=(0, 1)))
    verdict = split.verdict()
    notes = [*_notes(periods, pair[0], dataset.as_of), *chosen.notes]
    return MixOrRate(
        retention_rate=_share(kept[1], base[1], level),
        retention_rate_against=_share(kept[0], base[0], level),
        change=split.estimate("change"),
        mix=split.estimate("mix"),
        rate=split.estimate("rate"),
        values=values_table(split, [names[i] for i in filled], filled),
        verdict=verdict,
        sentence=sentence(
            split,
            verdict,
            attribute=attribute,
            grain=grain,
            period=labels[pair[0]],
            against=labels[pair[1]],
        ),
        attribute=attribute,
        period=labels[pair[0]],
        against=labels[pair[1]],
        grain=grain,
        as_of=dataset.as_of,
        notes=tuple(notes),
        sql=sql,
    )


def _pair(dataset: Dataset, periods: Periods, period: str, against: str) -> tuple[int, int]:
    """Indices of the two periods."""

    def index(name: str, day: str, default: int) -> int:
        if not day:
            return default
        try:
            at = date.fromisoformat(day)
        except ValueError:
            raise ParameterError(f"{name}={day!r} is no day.", todo="Write it as YYYY-MM-DD.") from None
        if not dataset.first_day <= at <= dataset.as_of:
            raise ParameterError(
                f"{name}={day} is outside the data.",
                todo=f"They run from {dataset.first_day} to {dataset.as_of}.",
            )
        return calendar.index_of(periods.grain, at)

    calendar = periods.calendar
    later = index("period", period, periods.complete - 1)
    earlier = index("against", against, later - 1)
    if min(later, earlier) < 1:
        raise ParameterError(
            f"The first {periods.grain} has none before it, so nobody can be retained in it.",
            todo=f"Choose later periods: a {periods.grain} after the first for each of the two.",
        )
    if later == earlier:
        raise ParameterError(
            f"period and against are the same {periods.grain}.", todo="Choose two different ones."
        )
    return later, earlier


def _nobody(period: str, grain: Grain) -> DataError:
    return DataError(
        f"Nobody ordered in the {grain} before {period}, so nobody can be retained in it.",
        todo="Choose another period, or widen segment.",
    )


def _share(kept: Ints, base: Ints, level: float) -> Estimate:
    stayed, people = int(kept.sum()), int(base.sum())
    low, high = wilson(stayed, people, level=level)
    return Estimate(stayed / people, float(low), float(high))


def _notes(periods: Periods, later: int, as_of: date) -> list[str]:
    notes = ["The customers are those active in the period before, by what they were at their first order."]
    return notes + (periods.notes(as_of) if later >= periods.complete else [])
