"""A lesson in late entry: a snapshot of customers in which only the last month's leavers appear."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from retention_kit.errors import DataError
from retention_kit.measures.survival import survival_curve
from retention_kit.measures.survival_result import SurvivalCurve

__all__ = ["SnapshotLesson", "snapshot_lesson"]

_COLUMNS = ("tenure_months", "still_there", "left_this_month")


@dataclass(frozen=True, eq=False)
class SnapshotLesson:
    """The same snapshot, read twice; times are months.

    Attributes
    ----------
    naive : SurvivalCurve
        As if everybody had been watched from the start, and all who ever left were in the file.
    late_entry : SurvivalCurve
        Everybody watched from the beginning of the month in which the snapshot was taken.
    customers, left : int
        Customers in the snapshot who were watched, and those of them who left.
    """

    naive: SurvivalCurve
    late_entry: SurvivalCurve
    customers: int
    left: int


def snapshot_lesson(path: Path, *, level: float = 0.95) -> SnapshotLesson:
    """Return a snapshot's curve as tutorials draw it, and as its data allow.

    The file holds, for each whole number of months that customers had been there, how many were still there
    after the month of the snapshot and how many left in it. Whoever left in an earlier month is not in it.
    So a customer of tenure t was watched from t - 1 to t months only: it entered late (left truncation).

    Parameters
    ----------
    path : Path
        CSV with the columns ``tenure_months``, ``still_there``, ``left_this_month``.
    level : float
        Confidence level of the intervals.

    Raises
    ------
    DataError
        When the file is missing or has other columns.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            rows = [[int(row[name]) for name in _COLUMNS] for row in reader]
    except (OSError, KeyError, ValueError):
        raise DataError(
            f"{path.name} is not there, or is no snapshot.", todo=f"Its columns are {', '.join(_COLUMNS)}."
        ) from None
    # Who began in the month of the snapshot has not completed one, and could not have left in it.
    months, stayed, left = np.array([row for row in rows if row[0] > 0], dtype=np.int64).T
    naive = survival_curve(months, left, stayed, level=level)
    none = np.zeros_like(months)
    late = survival_curve(
        np.concatenate([months, months - 1]),
        np.concatenate([left, none]),
        np.concatenate([stayed, none]),
        # Those of the first month were there from their start.
        np.concatenate([none, np.where(months > 1, left + stayed, 0)]),
        level=level,
    )
    return SnapshotLesson(naive, late, int((left + stayed).sum()), int(left.sum()))
