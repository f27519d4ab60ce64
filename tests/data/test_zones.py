from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_kit.data.zones import instant_offsets, wall_offsets

YEAR = {"first_day": date(2024, 1, 1), "last_day": date(2024, 12, 31)}
ZONES = ["Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Santiago", "UTC"]


def shifted(table, moment):
    [row] = [row for row in table.to_pylist() if row["day"] == moment.date()]
    late = row["switch"] is not None and moment >= row["switch"]
    return timedelta(microseconds=row["after_us"] if late else row["before_us"])


def test_the_clocks_change_twice_a_year_in_rome():
    changes = [row for row in wall_offsets("Europe/Rome", **YEAR).to_pylist() if row["switch"]]
    assert [row["switch"] for row in changes] == [datetime(2024, 3, 31, 3), datetime(2024, 10, 27, 3)]


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_offsets_agree_with_zoneinfo_at_any_moment(zone, data):
    moment = data.draw(st.datetimes(datetime(2024, 1, 1), datetime(2024, 12, 31)))
    rules = ZoneInfo(zone)
    wall = shifted(wall_offsets(zone, **YEAR), moment)
    assert wall == moment.replace(tzinfo=rules).utcoffset()
    instant = shifted(instant_offsets(zone, **YEAR), moment)
    assert instant == moment.replace(tzinfo=UTC).astimezone(rules).utcoffset()


def test_a_skipped_time_keeps_the_offset_from_before_and_a_doubled_one_its_first_pass():
    table = wall_offsets("Europe/Rome", **YEAR)
    assert shifted(table, datetime(2024, 3, 31, 2, 30)) == timedelta(hours=1)
    assert shifted(table, datetime(2024, 10, 27, 2, 30)) == timedelta(hours=2)
