"""Cells that are not over yet: which are foreseen, how likely a purchase is, and how earlier ones came."""

from datetime import date

import numpy as np
import pyarrow.compute as pc
import pytest

from retention_kit import open_dataset
from retention_kit.measures.cohorts import cohort_table
from retention_kit.measures.purchase_summary import purchase_summary
from retention_kit.models.purchase_fitting import purchase_fit
from retention_kit.planning.cell_shares import cell_shares
from retention_kit.planning.forecast_cells import forecast_cells


@pytest.fixture(scope="module")
def cdnow():
    return open_dataset("cdnow")


@pytest.fixture(scope="module")
def table(cdnow):
    return cohort_table(cdnow, grain="month")


@pytest.fixture(scope="module")
def found(cdnow, table):
    return forecast_cells(cdnow, table)


def test_the_cells_foreseen_are_those_not_begun(found, table):
    missing = table.cells.filter(pc.equal(table.cells["status"], "not_yet"))
    names = ("cohort", "age_periods", "cohort_size")
    assert found.cells.select(names).to_pylist() == missing.select(names).to_pylist()
    assert found.cells["age_starts_on"][0].as_py() == date(1998, 7, 1)
    assert found.cells["age_ends_on"][0].as_py() == date(1998, 7, 31)


def test_a_cell_is_the_mean_chance_of_a_purchase_in_the_period(found, cdnow):
    summary = purchase_summary(cdnow)
    fit, rows = purchase_fit(summary.rows), summary.rows
    first = np.datetime64("1998-06-30") - rows.age_days.astype("timedelta64[D]")
    march = first >= np.datetime64("1997-03-01")
    begin, end = 31 / 7, 62 / 7  # August, after June 30
    chance = fit.probability_active(begin, end, rows.frequency, rows.recency, rows.age)
    cell = found.cells.to_pylist()[-1]
    assert (cell["cohort"], cell["age_starts_on"]) == ("Mar 1997", date(1998, 8, 1))
    expected = rows.customers[march] @ chance[march] / rows.customers[march].sum()
    assert cell["retention_rate"] == pytest.approx(expected, rel=1e-9)
    assert 0 <= cell["ci_low"] < cell["retention_rate"] < cell["ci_high"] <= 1


def test_the_back_test_holds_forecasts_against_cells_of_the_table(found, table):
    rates = {
        (row["cohort"], row["age_periods"]): row["retention_rate"]
        for row in table.cells.to_pylist()
        if row["status"] == "mature"
    }
    tests = found.back_test.to_pylist()
    assert tests
    assert all(row["actual_rate"] == rates[row["cohort"], row["age_periods"]] for row in tests)
    off = [100 * (row["forecast_rate"] - row["actual_rate"]) for row in tests]
    assert found.mean_error == pytest.approx(np.mean(off))
    assert found.mean_absolute_error == pytest.approx(np.mean(np.abs(off)))
    assert found.origin == date(1997, 12, 31)
    assert f"{len(tests)} cells" in found.sentence


def test_shares_of_a_past_day_know_only_that_day(cdnow):
    summary = purchase_summary(cdnow, calibration_end=date(1997, 9, 30))
    fit = purchase_fit(summary.rows)
    starts = np.array(["1997-10-01", "1997-11-01"], dtype="datetime64[D]")
    ends = np.array(["1997-11-01", "1997-12-01"], dtype="datetime64[D]")
    cohorts = np.array(["1997-01-01", "1997-04-01"], dtype="datetime64[D]")
    shares = cell_shares(fit, summary.rows, date(1997, 9, 30), cohorts, starts, ends)
    rows = summary.rows
    for column, (begin, end) in enumerate([(0.0, 31 / 7), (31 / 7, 61 / 7)]):
        chance = fit.probability_active(begin, end, rows.frequency, rows.recency, rows.age)
        assert shares.rate[0, column] == pytest.approx(rows.customers @ chance / 2357, rel=1e-9)
    assert shares.customers.tolist() == [2357]


def test_a_fit_that_is_given_is_used(cdnow, table, found):
    fit = purchase_fit(purchase_summary(cdnow).rows)
    assert forecast_cells(cdnow, table, fit=fit).cells.equals(found.cells)
    other = forecast_cells(cdnow, table, model="mbg_nbd")
    assert other.title == "MBG/NBD"
    assert not other.cells.equals(found.cells)


def test_a_wider_level_gives_wider_cells(cdnow, table, found):
    narrow = forecast_cells(cdnow, table, level=0.5)
    assert narrow.level == 0.5
    assert narrow.cells["ci_high"][0].as_py() < found.cells["ci_high"][0].as_py()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"mode": "unbounded"}, "mode bounded"),
        ({"measure": "orders"}, "measure customers"),
        ({"clock": "elapsed"}, "calendar clock"),
        ({"min_orders": 2}, "one order"),
    ],
)
def test_tables_that_cannot_be_foreseen_say_why(cdnow, change, told):
    found = forecast_cells(cdnow, cohort_table(cdnow, **change))
    assert told in found.reason
    assert not found.cells.num_rows
    assert not found.back_test.num_rows


def test_other_grains_are_foreseen_too(cdnow):
    found = forecast_cells(cdnow, cohort_table(cdnow, grain="quarter"))
    assert not found.reason
    quarters = open_dataset("shop")
    table = cohort_table(quarters, grain="quarter", segment="channel=web")
    cells = forecast_cells(quarters, table).cells
    missing = table.cells.filter(pc.equal(table.cells["status"], "not_yet"))
    assert cells.num_rows == missing.num_rows > 0
