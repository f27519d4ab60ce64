"""Churn curves from orders: how long customers stay, if a long silence means that they have left."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from retention_kit.data.dataset import Dataset
from retention_kit.data.gap_statements import churn_counts
from retention_kit.errors import DataError, ParameterError
from retention_kit.measures.cadence import purchase_cadence
from retention_kit.measures.gap_counting import counted
from retention_kit.measures.intervals import normal_quantile
from retention_kit.measures.log_rank import LogRank, log_rank
from retention_kit.measures.survival import survival_curve
from retention_kit.measures.survival_result import SurvivalCurve

__all__ = ["ChurnCurves", "churn_curves"]


@dataclass(frozen=True, eq=False)
class ChurnCurves:
    """Churn curves of all selected customers, and of each group; times are days from the first order.

    Attributes
    ----------
    everyone : SurvivalCurve
        Over all selected customers.
    groups : mapping of name to SurvivalCurve
        One for each value of the breakdown, the largest first; empty without one.
    threshold_days : int
        The silence after which a customer has left.
    threshold_reason : str
        Why it is that long.
    as_of : date
        Last day counted; whoever has not left by then is censored.
    notes : tuple of str
        What a reader has to know.
    sql : str
        The statement that produced the counts, over the canonical tables.
    """

    everyone: SurvivalCurve
    groups: Mapping[str, SurvivalCurve]
    threshold_days: int
    threshold_reason: str
    as_of: date
    notes: tuple[str, ...]
    sql: str

    @cached_property
    def difference(self) -> LogRank | None:
        """The log-rank test of the groups, all at once and in pairs; None with fewer than two."""
        return log_rank(self.groups) if len(self.groups) > 1 else None


def churn_curves(
    dataset: Dataset,
    *,
    threshold_days: int = 0,
    breakdown: str = "",
    segment: str = "",
    level: float = 0.95,
) -> ChurnCurves:
    """Follow customers from their first order until a silence says that they have left.

    A customer leaves when a silence first reaches ``threshold_days``: at the end of the last of that many
    days after an order, none of them with an order. A later return does not undo it. Whoever has not
    left by the as-of date is censored there. The same threshold holds for all groups.

    Parameters
    ----------
    dataset : Dataset
        An open dataset; its as-of date is the last day counted.
    threshold_days : int
        The silence, in days; 0: the threshold of `purchase_cadence` over the selected customers.
    breakdown : str
        Attribute at the first order whose values are compared; empty for none.
    segment : str
        Count only customers with this at their first order, ``attribute=value``; empty for all.
    level : float
        Confidence level of the intervals.

    Raises
    ------
    ParameterError
        When a parameter is out of range, or the breakdown has too many values.
    ColumnError
        When an attribute does not exist.
    DataError
        When no customer is selected, or the data suggest no threshold and none is given.

    Examples
    --------
    >>> from retention_kit import open_dataset
    >>> curves = churn_curves(open_dataset("cdnow"), threshold_days=180)
    >>> round(float(curves.everyone.survival_at(365)), 3)
    0.122
    """
    if threshold_days < 0:
        raise ParameterError(
            f"threshold_days={threshold_days} is not allowed.",
            todo="Choose 1 or more, or 0 for the threshold that the data suggest.",
        )
    normal_quantile(level)  # refused before anything is counted
    reason = f"A silence of {threshold_days:,} days was chosen."
    if not threshold_days:
        cadence = purchase_cadence(dataset, segment=segment, level=level).everyone
        if cadence.threshold_days is None:
            raise DataError(
                f"The data suggest no silence after which customers have left. {cadence.reason}",
                todo="Set threshold_days.",
            )
        threshold_days, reason = cadence.threshold_days, cadence.reason
    statement = partial(churn_counts, threshold_days=threshold_days)
    found = counted(dataset, statement, breakdown=breakdown, segment=segment)
    curves = {name: _curve(found.of(name), level) for name in found.groups} if breakdown else {}
    largest = sorted(curves, key=lambda name: (-curves[name].customers, name))
    return ChurnCurves(
        everyone=_curve(found.rows, level),
        groups=MappingProxyType({name: curves[name] for name in largest}),
        threshold_days=threshold_days,
        threshold_reason=reason,
        as_of=dataset.as_of,
        notes=(f"{reason} A later return does not undo that a customer left.", *found.notes),
        sql=found.sql,
    )


def _curve(rows: pa.Table, level: float) -> SurvivalCurve:
    is_event = rows["is_event"].to_numpy(zero_copy_only=False).astype(bool)
    customers = rows["customers"].to_numpy()
    return survival_curve(
        rows["days"].to_numpy(),
        np.where(is_event, customers, 0),
        np.where(is_event, 0, customers),
        level=level,
    )
