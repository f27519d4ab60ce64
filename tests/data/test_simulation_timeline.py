"""Days of the simulated shop: seasons, events, and months that are added."""

from datetime import date

import numpy as np
import pytest

from retention_kit.data.simulation.parameters import Experiment, Trade
from retention_kit.data.simulation.shop import FIRST_DAY, LAST_DAY
from retention_kit.data.simulation.streams import choice, stream
from retention_kit.data.simulation.timeline import Timeline, add_months


@pytest.fixture(scope="module")
def timeline():
    return Timeline(FIRST_DAY, LAST_DAY, Trade(), Experiment())


def test_season_weekday_and_events_multiply(timeline):
    number = {day: index for index, day in enumerate(timeline.dates.tolist())}
    activity = timeline.activity
    assert activity[number[date(2022, 12, 23)]] == pytest.approx(1.45 * 1.1)  # a Friday
    assert activity[number[date(2024, 2, 5)]] == pytest.approx(0.85 * 1.0 * 1.5)  # the campaign's Monday
    assert activity[number[date(2024, 2, 19)]] == pytest.approx(0.85)
    assert activity[number[date(2024, 7, 17)]] == pytest.approx(0.85 * 0.95 * 0.3)  # third day of the outage
    assert activity.mean() == pytest.approx(1.0, abs=0.01)


def test_customers_come_with_growth(timeline):
    years = timeline.dates.astype("M8[Y]").astype(int) + 1970
    shares = [timeline.arrivals[years == year].sum() for year in (2022, 2023, 2024)]
    assert sum(shares) == pytest.approx(1.0)
    assert shares[1] / shares[0] == pytest.approx(1.3, abs=0.02)


def test_prices_rise_once_and_stay(timeline):
    assert set(timeline.prices) == {1.0, 1.06}
    assert timeline.dates[np.flatnonzero(timeline.prices > 1)[0]] == np.datetime64("2023-08-01")


def test_events_are_those_that_the_days_show(timeline):
    assert timeline.events == (
        (date(2023, 8, 1), "Prices +6 %"),
        (date(2024, 2, 5), "Campaign, 14 days"),
        (date(2024, 7, 15), "Outage, 3 days"),
    )


def test_everyone_in_the_experiment_can_be_followed_for_its_days(timeline):
    last = timeline.date_of(timeline.experiment_days.stop - 1)
    assert (LAST_DAY - last).days > 90 + 21
    assert len(timeline.experiment_days) == 184


def test_exposure_and_its_inverse_agree(timeline):
    moments = np.array([0.0, 0.5, 17.25, 1095.9])
    assert timeline.day_of_exposure(timeline.exposure_at(moments)).tolist() == [0, 0, 17, 1095]
    assert timeline.day_of_exposure(timeline.exposure_at(np.array([1096.0]))).tolist() == [1095]


def test_survey_days_are_fifteenths(timeline):
    days = [timeline.date_of(day) for day in timeline.monthly_days((3, 9))]
    assert days == [date(year, month, 15) for year in (2022, 2023, 2024) for month in (3, 9)]


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        ("2024-01-31", 1, "2024-02-29"),
        ("2023-01-31", 1, "2023-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-12-15", 2, "2025-02-15"),
        ("2024-01-31", 2, "2024-03-31"),
    ],
)
def test_a_month_later_is_the_same_day_or_the_last_of_the_month(day, months, later):
    assert add_months(np.array([day], "M8[D]"), months).tolist() == [date.fromisoformat(later)]


def test_streams_of_other_parts_are_other_numbers():
    assert stream(1, "orders").random() == stream(1, "orders").random()
    assert len({stream(seed, part).random() for seed in (1, 2) for part in ("orders", "spend")}) == 4


def test_choice_falls_into_every_share_and_into_nothing_else():
    uniform = np.array([0.0, 0.299, 0.3, 0.999, np.nextafter(1, 0)])
    assert choice(uniform, [0.3, 0.3, 0.2, 0.2]).tolist() == [0, 0, 1, 3, 3]
