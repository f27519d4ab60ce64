"""The snapshot of the Telco file: what tutorials draw from it, and what its data allow."""

import csv
from pathlib import Path

import numpy as np
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from retention_kit.errors import DataError
from retention_kit.measures.survival_lesson import snapshot_lesson

FILE = Path("sample_data/telco_tenures.csv")


def people():
    """Tenure and whether they left, customer by customer."""
    with FILE.open() as stream:
        for row in csv.DictReader(stream):
            for name, left in (("still_there", False), ("left_this_month", True)):
                yield from [(int(row["tenure_months"]), left)] * int(row[name])


def test_the_file_holds_the_published_counts():
    everyone = list(people())
    assert len(everyone) == 7043
    assert sum(left for _, left in everyone) == 1869
    assert sum(months == 0 for months, _ in everyone) == 11


def test_naively_84_percent_stay_a_year_and_with_late_entry_almost_nobody():
    found = snapshot_lesson(FILE)
    assert round(float(found.naive.survival_at(12)), 2) == 0.84
    assert float(found.late_entry.survival_at(12)) < 0.002
    assert (found.customers, found.left) == (7032, 1869)


def test_both_curves_are_those_of_statsmodels():
    found = snapshot_lesson(FILE)
    months, left = map(np.array, zip(*(one for one in people() if one[0]), strict=True))
    naive = SurvfuncRight(months, left)
    np.testing.assert_allclose(found.naive.survival_at(naive.surv_times), naive.surv_prob, rtol=1e-9)
    late = SurvfuncRight(months, left, entry=months - 1)
    np.testing.assert_allclose(found.late_entry.survival_at(late.surv_times), late.surv_prob, rtol=1e-9)


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "other.csv"
    with pytest.raises(DataError, match=r"other\.csv is not there"):
        snapshot_lesson(path)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="tenure_months, still_there, left_this_month"):
        snapshot_lesson(path)
