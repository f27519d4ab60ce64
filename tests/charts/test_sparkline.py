import math
import re
from xml.etree import ElementTree

import pytest

from retention_kit.charts.sparkline import bars, sparkline


def points(svg):
    """The points of each line, as numbers."""
    lines = ElementTree.fromstring(svg).iter("polyline")
    return [[tuple(map(float, pair.split(","))) for pair in line.get("points").split()] for line in lines]


@pytest.mark.parametrize("values", [[], [1], [None, 2.0, None], [math.nan, math.inf, 3]])
def test_fewer_than_two_known_values_make_no_line(values):
    assert sparkline(values) == ""


def test_line_rises_from_lower_left_to_upper_right():
    ((first, last),) = points(sparkline([1, 2]))
    assert first[0] < last[0]
    assert first[1] > last[1]


def test_gap_is_not_bridged():
    left, right = points(sparkline([1, 2, None, 3, 4]))
    assert [len(left), len(right)] == [2, 2]
    assert left[-1][0] < right[0][0]


def test_known_value_alone_between_gaps_does_not_break_the_picture():
    assert [len(line) for line in points(sparkline([1, None, 2, None, 3, 4]))] == [2]


def test_constant_value_is_a_level_line():
    ((first, *_, last),) = points(sparkline([5, 5, 5]))
    assert first[1] == last[1]


def test_last_known_value_is_dotted():
    svg = sparkline([1, 3, 2, None])
    dot = ElementTree.fromstring(svg).find("circle")
    assert (float(dot.get("cx")), float(dot.get("cy"))) == points(svg)[0][-1]


def test_every_point_lies_within_the_picture():
    svg = sparkline([-1e9, 3, 1e9, 0])
    width, height = map(float, re.search(r'viewBox="0 0 (\d+) (\d+)"', svg).groups())
    assert all(0 <= x <= width and 0 <= y <= height for x, y in points(svg)[0])


def test_bars_are_as_high_as_their_counts_and_stand_side_by_side():
    drawn = re.findall(
        r'<rect x="([\d.]+)" y="([\d.]+)" width="[\d.]+" height="([\d.]+)"', bars([1, 0, 4, 2])
    )
    heights = [float(height) for _, _, height in drawn]
    assert [height / max(heights) for height in heights] == pytest.approx([0.25, 1, 0.5], abs=0.01)
    assert [float(y) + float(height) for _, y, height in drawn] == pytest.approx([27, 27, 27])
    places = [float(x) for x, *_ in drawn]
    assert places[1] - places[0] == pytest.approx(2 * (places[2] - places[1]), abs=0.11)


def test_no_counts_are_no_bars():
    assert bars([]) == bars([0, 0]) == ""
