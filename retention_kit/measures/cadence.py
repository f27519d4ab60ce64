"""The purchase cadence: how often customers buy, and after which silence they have probably left."""

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Literal

import numpy as np
import pyarrow as pa

from retention_kit.data.dataset import Dataset
from retention_kit.data.gap_statements import WEIGHT_UNITS
from retention_kit.errors import ParameterError
from retention_kit.formats import plural
from retention_kit.measures.cadence_result import CYCLES_IN_WINDOW, Cadence, GapCounts, read_cadence
from retention_kit.measures.gap_counting import require_some, selected
from retention_kit.measures.intervals import BUCKETS, normal_quantile

__all__ = ["Choice", "PurchaseCadence", "purchase_cadence"]

_AXES = ("is_open", "bucket", "days")


@dataclass(frozen=True)
class Choice:
    """A number of days that results rest on, who chose it, and why.

    Attributes
    ----------
    days : int or None
        The number; None where nobody chose one and the data suggest none.
    chosen_by : {"parameter", "dataset", "data"}
        A parameter, the dataset file, or what the data suggest.
    reason : str
        The same in a sentence, with what the data say.
    """

    days: int | None
    chosen_by: Literal["parameter", "dataset", "data"]
    reason: str


@dataclass(frozen=True, eq=False)
class PurchaseCadence:
    """The cadence of all selected customers, and of each group.

    Attributes
    ----------
    everyone : Cadence
        Over all selected customers.
    groups : tuple of Cadence
        One for each value of the breakdown, the largest first; empty without one.
    window : Choice
        Within how many days a customer should come back: the measuring window.
    threshold : Choice
        The silence after which a customer has left.
    as_of : date
        Last day counted, at which open gaps are cut off.
    notes : tuple of str
        What a reader has to know.
    sql : str
        The statement that produced the counts, over the canonical tables.
    """

    everyone: Cadence
    groups: tuple[Cadence, ...]
    window: Choice
    threshold: Choice
    as_of: date
    notes: tuple[str, ...]
    sql: str


def purchase_cadence(
    dataset: Dataset,
    *,
    horizon_days: int = 0,
    threshold_days: int = 0,
    return_below: float = 0.10,
    breakdown: str = "",
    segment: str = "",
    level: float = 0.95,
) -> PurchaseCadence:
    """Say how often customers buy, how long to watch them, and from which silence on few come back.

    Gaps run between days on which a customer ordered; each customer's last gap is still open, and cut
    off at the as-of date. Kaplan and Meier's product limit S over them, with customers weighted
    equally (each of a customer's n gaps counts 1/n), has a plateau, because some never return. The
    cycle is the median gap of those who do, the first t with (1 - S(t)) / (1 - S(inf)) >= 1/2. The
    measuring window holds three cycles. The churn threshold is the smallest silence s, from one day
    up, with P(return within H | silent for s) = 1 - S(s + H) / S(s) below ``return_below``. Intervals
    are those of the delete-a-group jackknife over 100 buckets of customers.

    Parameters
    ----------
    dataset : Dataset
        An open dataset; its as-of date is the last day counted.
    horizon_days : int
        H, in days; 0: the measuring window of the dataset file, or, for each group its own, that of three
        cycles.
    threshold_days : int
        The silence after which a customer has left, in days; 0: that of the dataset file, or of the data.
    return_below : float
        Share of returning customers below which a silence means that they have left, between 0 and 1.
    breakdown : str
        Attribute whose values are compared; empty for none.
    segment : str
        Count only customers with this at their first order, ``attribute=value``; empty for all.
    level : float
        Confidence level of the intervals.

    Returns
    -------
    PurchaseCadence
        What cannot be told is missing, with the reason in words.

    Raises
    ------
    ParameterError
        When a parameter is out of range, or the breakdown has too many values.
    ColumnError
        When an attribute does not exist.
    DataError
        When no customer is selected.

    Examples
    --------
    >>> from retention_kit import open_dataset
    >>> cadence = purchase_cadence(open_dataset("cdnow")).everyone
    >>> round(cadence.plateau.value, 2), round(cadence.plateau_of_gaps, 2)
    (0.65, 0.31)
    """
    if horizon_days < 0:
        raise ParameterError(
            f"horizon_days={horizon_days} is not allowed.", todo="Choose 1 or more, or 0 for the window."
        )
    if not 0 < return_below < 1:
        raise ParameterError(
            f"return_below={return_below} is not allowed.", todo="Choose a share between 0 and 1."
        )
    if threshold_days < 0:
        raise ParameterError(
            f"threshold_days={threshold_days} is not allowed.",
            todo="Choose 1 or more, or 0 for what the dataset file says or the data suggest.",
        )
    z = normal_quantile(level)
    chosen = selected(
        dataset, basis="orders", breakdown=breakdown, segment=segment, why="the purchase cadence"
    )
    view = chosen.gap_counts()
    found = chosen.counted(partial(_statement, view), view)
    require_some(found)
    of_dataset = dataset.config.measuring_window_days or 0
    horizon = horizon_days or of_dataset
    counts = {name: _gaps(found.of(name)) for name in found.groups}
    everyone = sum(counts.values(), start=GapCounts.none())
    every, *groups = (
        read_cadence(name, gaps, horizon_days=horizon, return_below=return_below, z=z)
        for name, gaps in [("", everyone), *(counts.items() if breakdown else ())]
    )
    groups.sort(key=lambda group: (-group.customers, group.name))
    return PurchaseCadence(
        every,
        tuple(groups),
        _window(every, horizon_days, of_dataset),
        _threshold(every, threshold_days, dataset.config.churn_threshold_days or 0),
        dataset.as_of,
        found.notes,
        found.sql,
    )


def _statement(view: str, group: str, condition: str) -> str:
    return (
        f"SELECT {group} AS grp, bucket, days, is_open, CAST(sum(gaps) AS BIGINT) AS gaps,\n"
        f"  CAST(sum(weight) AS DECIMAL(38, 0)) AS weight\nFROM {view}\n{condition}\nGROUP BY ALL"
    )


def _window(found: Cadence, asked: int, of_dataset: int) -> Choice:
    cycle = found.cycle_days.value
    if found.window_days is None or cycle is None:
        suggested = "the data suggest none, since nobody has come back yet."
    else:
        suggested = (
            f"the data suggest {CYCLES_IN_WINDOW} purchase cycles of {plural(int(cycle), 'day')}, "
            f"{plural(found.window_days, 'day')}."
        )
    if asked:
        return Choice(asked, "parameter", f"A window of {plural(asked, 'day')} was chosen; {suggested}")
    if of_dataset:
        said = f"The dataset file sets a window of {plural(of_dataset, 'day')}; {suggested}"
        return Choice(of_dataset, "dataset", said)
    return Choice(found.window_days, "data", f"No window is set; {suggested}")


def _threshold(found: Cadence, asked: int, of_dataset: int) -> Choice:
    if asked:
        return Choice(asked, "parameter", f"A silence of {plural(asked, 'day')} was chosen. {found.reason}")
    if of_dataset:
        said = f"The dataset file says that a silence of {plural(of_dataset, 'day')} means leaving."
        return Choice(of_dataset, "dataset", f"{said} {found.reason}")
    return Choice(found.threshold_days, "data", found.reason)


def _gaps(rows: pa.Table) -> GapCounts:
    index = tuple(rows[name].to_numpy(zero_copy_only=False).astype(int) for name in _AXES)
    shape = (2, BUCKETS, int(index[2].max()) + 1)
    counts, weights = np.zeros(shape, dtype=np.int64), np.zeros(shape)
    counts[index] = rows["gaps"].to_numpy()
    weights[index] = rows["weight"].cast(pa.float64()).to_numpy() / WEIGHT_UNITS
    return GapCounts(counts, weights)
