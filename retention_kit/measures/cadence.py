"""The purchase cadence: how often customers buy, and after which silence they have probably left."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from retention_kit.data.dataset import Dataset
from retention_kit.data.gap_statements import WEIGHT_UNITS, gap_counts
from retention_kit.errors import ParameterError
from retention_kit.measures.cadence_result import Cadence, GapCounts, read_cadence
from retention_kit.measures.gap_counting import counted
from retention_kit.measures.intervals import BUCKETS, normal_quantile

__all__ = ["PurchaseCadence", "purchase_cadence"]

_AXES = ("is_open", "bucket", "days")


@dataclass(frozen=True, eq=False)
class PurchaseCadence:
    """The cadence of all selected customers, and of each group.

    Attributes
    ----------
    everyone : Cadence
        Over all selected customers.
    groups : tuple of Cadence
        One for each value of the breakdown, the largest first; empty without one.
    as_of : date
        Last day counted, at which open gaps are cut off.
    notes : tuple of str
        What a reader has to know.
    sql : str
        The statement that produced the counts, over the canonical tables.
    """

    everyone: Cadence
    groups: tuple[Cadence, ...]
    as_of: date
    notes: tuple[str, ...]
    sql: str


def purchase_cadence(
    dataset: Dataset,
    *,
    horizon_days: int = 0,
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
        H, in days; 0: the measuring window, for each group its own.
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
    z = normal_quantile(level)
    found = counted(dataset, gap_counts, breakdown=breakdown, segment=segment)
    counts = {name: _gaps(found.of(name)) for name in found.groups}
    everyone = sum(counts.values(), start=GapCounts.none())
    every, *groups = (
        read_cadence(name, gaps, horizon_days=horizon_days, return_below=return_below, z=z)
        for name, gaps in [("", everyone), *(counts.items() if breakdown else ())]
    )
    groups.sort(key=lambda group: (-group.customers, group.name))
    return PurchaseCadence(every, tuple(groups), dataset.as_of, found.notes, found.sql)


def _gaps(rows: pa.Table) -> GapCounts:
    index = tuple(rows[name].to_numpy(zero_copy_only=False).astype(int) for name in _AXES)
    shape = (2, BUCKETS, int(index[2].max()) + 1)
    counts, weights = np.zeros(shape, dtype=np.int64), np.zeros(shape)
    counts[index] = rows["gaps"].to_numpy()
    weights[index] = rows["weight"].cast(pa.float64()).to_numpy() / WEIGHT_UNITS
    return GapCounts(counts, weights)
