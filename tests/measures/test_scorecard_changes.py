"""What changed: Holm's correction over the page, directions, and which changes are told."""

from dataclasses import replace
from datetime import date

import pytest

from retention_kit.measures.scorecard_changes import corrected, most_telling
from retention_kit.measures.scorecard_result import Change, Period, Tile
from retention_kit.measures.survival_result import Estimate

MAY = Period(4, "May 2024", date(2024, 5, 1), date(2024, 5, 31), True)
LAST = Period(0, "Jun 2023", date(2023, 6, 1), date(2023, 6, 30), True)


def change(value, p_value, *, against=MAY, error=0.01):
    estimate = Estimate(value, value - 2 * error, value + 2 * error, error)
    return Change(against, 0.5, estimate, p_value, None, "unclear")


def tile(metric, previous=None, last_year=None, unit="share"):
    return Tile(
        metric=metric,
        unit=unit,
        estimate=Estimate(0.5, 0.4, 0.6),
        terms=(),
        formula="",
        customers=100,
        through=date(2024, 6, 30),
        previous=previous,
        last_year=last_year,
        sparkline=None,
        target=None,
        gap=None,
        higher_is_better=True,
        variants=(),
        needs="",
        notes=(),
    )


def page(**changes):
    return {name: tile(name, *pair) for name, pair in changes.items()}


def test_direction_needs_holms_correction_over_both_changes_of_all_tiles():
    tiles = page(
        retention_rate=(change(0.03, 0.011), change(-0.04, 0.0001, against=LAST)),
        repeat_rate=(change(0.02, 0.02), None),
        satisfaction=(change(0.01, None), None),
        referral_share=(change(0.05, 0.3), None),
    )
    found = corrected(tiles, 0.95)
    # Four tests: 4 × .0001, 3 × .011, 2 × .02, 1 × .3; none below its predecessor.
    retention = found["retention_rate"]
    assert retention.last_year.p_adjusted == pytest.approx(0.0004)
    assert retention.previous.p_adjusted == pytest.approx(0.033)
    assert found["repeat_rate"].previous.p_adjusted == pytest.approx(0.04)
    assert [retention.previous.direction, retention.last_year.direction] == ["up", "down"]
    assert found["repeat_rate"].previous.direction == "up"
    assert found["satisfaction"].previous == change(0.01, None)
    assert found["referral_share"].previous.direction == "unclear"
    stricter = corrected(tiles, 0.99)
    assert stricter["retention_rate"].previous.direction == "unclear"


def test_clear_changes_come_first_then_the_larger_for_their_error():
    clear = replace(change(0.03, 0.001), direction="up")
    tiles = page(
        retention_rate=(change(0.02, 0.1), None),
        churn_rate=(change(-0.02, 0.1), None),
        repeat_rate=(change(0.09, 0.2, error=0.02), change(0.01, 0.4, against=LAST)),
        satisfaction=(clear, None),
        referral_share=(change(0.01, 0.3), None),
    )
    told = most_telling(tiles, grain="month", currency="EUR", level=0.95)
    # Churn is retention seen from the other side.
    assert [one.metric for one in told] == ["satisfaction", "repeat_rate", "retention_rate"]
    assert told[0].sentence == (
        "Customer satisfaction rose from 50.0 % in May 2024 to 53.0 % "
        "(+3.0 points; 95 % interval +1.0 to +5.0 points)."
    )
    assert told[1].change.against == MAY
    assert told[2].sentence == (
        "Customer retention rate: 50.0 % in May 2024, 52.0 % now "
        "(+2.0 points; 95 % interval 0.0 to +4.0 points), which may be no more than chance."
    )


def test_of_mirror_images_the_one_that_comes_first_is_told():
    tiles = page(
        retention_rate=(change(0.02, 0.1), None),
        churn_rate=(replace(change(-0.02, 0.01), direction="down"), None),
    )
    told = most_telling(tiles, grain="month", currency="", level=0.9)
    assert [one.metric for one in told] == ["churn_rate"]
    assert told[0].sentence.startswith(
        "Customer churn rate fell from 50.0 % in May 2024 to 48.0 % (−2.0 points; 90 %"
    )


def test_what_did_not_change_or_has_no_error_is_not_told():
    tiles = page(
        retention_rate=(change(0.0, 1.0), None),
        repeat_rate=(change(0.1, None), None),
        satisfaction=(None, None),
    )
    assert most_telling(tiles, grain="month", currency="", level=0.95) == ()


def test_money_and_counts_are_told_in_their_unit():
    change_ = replace(change(12.345, 0.001, error=1), direction="up", before=1234.5)
    told = most_telling(
        {"revenue": tile("revenue", change_, unit="money")}, grain="month", currency="EUR", level=0.95
    )
    assert told[0].sentence == (
        "Revenue rose from 1,234.50 EUR in May 2024 to 1,246.85 EUR "
        "(+12.35 EUR; 95 % interval +10.35 to +14.35 EUR)."
    )
    change_ = replace(change(12, 0.001, error=1), direction="up", before=1234)
    told = most_telling(
        {"orders": tile("orders", change_, unit="orders")}, grain="month", currency="EUR", level=0.95
    )
    assert told[0].sentence.startswith("Orders rose from 1,234 in May 2024 to 1,246 (+12; 95 % interval ")
