"""The calendar against the standard library's, day by day."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import WEEKDAYS, Order, Shop, period_starts

from retention_kit.data.calendar import Calendar

GRAINS = ("day", "week", "month", "quarter", "year")
days = st.dates(date(1995, 1, 1), date(2035, 1, 1))


def calendar_of(first, as_of, **settings):
    return Calendar(date.fromisoformat(first), date.fromisoformat(as_of), **settings)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    first=days,
    length=st.integers(0, 900),
    grain=st.sampled_from(GRAINS),
    weekday=st.sampled_from(WEEKDAYS),
    fiscal=st.integers(1, 12),
)
def test_periods_are_those_counted_by_hand(first, length, grain, weekday, fiscal):
    as_of = first + timedelta(days=length)
    shop = Shop((Order("a", datetime(*first.timetuple()[:3])),), as_of, "UTC", weekday, fiscal)
    starts = period_starts(shop, grain)
    calendar = Calendar(first, as_of, "UTC", weekday, fiscal)
    periods = calendar.periods(grain)
    assert periods["starts_on"].to_pylist() == starts[:-1]
    assert periods["ends_on"].to_pylist() == starts[1:]
    assert periods["period_index"].to_pylist() == list(range(len(starts) - 1))
    assert calendar.index_of(grain, as_of) == len(starts) - 2
    for row in calendar.days(grain).to_pylist()[: length + 1 : 7]:
        assert starts[row["period_index"]] <= row["day"] < starts[row["period_index"] + 1]


def test_days_reach_past_the_end_of_the_next_period():
    for grain in GRAINS:
        calendar = calendar_of("2023-12-31", "2024-01-01")
        listed = calendar.days(grain)
        assert listed["day"].to_pylist()[0] == date(2023, 12, 31)
        assert listed["period_index"].to_pylist()[-1] > calendar.index_of(grain, calendar.as_of) + 1


@pytest.mark.parametrize(
    ("grain", "fiscal", "labels"),
    [
        ("day", 1, ["2024-03-30", "2024-03-31", "2024-04-01"]),
        ("week", 1, ["2024-03-25", "2024-04-01"]),
        ("month", 1, ["Mar 2024", "Apr 2024"]),
        ("quarter", 1, ["2024 Q1", "2024 Q2"]),
        ("year", 1, ["2024"]),
        ("quarter", 4, ["FY2024 Q4", "FY2025 Q1"]),
        ("year", 4, ["FY2024", "FY2025"]),
        ("quarter", 2, ["FY2025 Q1"]),
        ("quarter", 12, ["FY2024 Q2"]),
    ],
)
def test_periods_are_named_and_fiscal_years_after_the_year_in_which_they_end(grain, fiscal, labels):
    calendar = calendar_of("2024-03-30", "2024-04-01", fiscal_year_start=fiscal)
    assert calendar.periods(grain)["label"].to_pylist() == labels


def test_a_day_lasts_23_or_25_hours_when_clocks_change():
    for first, hours in (("2024-03-31", 23), ("2024-10-27", 25), ("2024-06-01", 24)):
        period = calendar_of(first, first, time_zone="Europe/Rome").periods("day").to_pylist()[0]
        assert period["ends_at"] - period["starts_at"] == timedelta(hours=hours)


def test_a_local_day_without_midnight_starts_when_the_clocks_jump():
    calendar = calendar_of("2017-10-15", "2017-10-15", time_zone="America/Sao_Paulo")
    start = calendar.instant(date(2017, 10, 15))
    assert start == datetime(2017, 10, 15, 3)
    local = start.replace(tzinfo=UTC).astimezone(ZoneInfo("America/Sao_Paulo"))
    assert local.replace(tzinfo=None) == datetime(2017, 10, 15, 1)


def test_period_bounds_are_local_midnights_in_utc():
    period = (
        calendar_of("2024-07-01", "2024-07-31", time_zone="America/New_York").periods("month").to_pylist()[0]
    )
    assert (period["starts_at"], period["ends_at"]) == (datetime(2024, 7, 1, 4), datetime(2024, 8, 1, 4))


def test_a_leap_day_belongs_to_february():
    calendar = calendar_of("2024-02-29", "2024-03-01")
    assert calendar.index_of("month", date(2024, 2, 29)) == 0
    assert calendar.index_of("month", date(2024, 3, 1)) == 1
    assert calendar.periods("month")["starts_on"].to_pylist()[0] == date(2024, 2, 1)
