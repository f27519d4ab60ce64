"""What tests ask of any chart: its rows, and that nothing in it was left to fill in."""

import json

import vl_convert


def data(chart, name):
    """The rows of one data set of a chart."""
    return chart.spec["datasets"][name]


def marks_left(node):
    """The ``@name`` texts that are still in a specification."""
    if isinstance(node, dict):
        return [mark for child in node.values() for mark in marks_left(child)]
    if isinstance(node, list):
        return [mark for child in node for mark in marks_left(child)]
    return [node] if isinstance(node, str) and node.startswith("@") else []


def require_complete(chart):
    """No mark is left, no number JSON does not know, and Vega-Lite compiles it."""
    json.dumps(chart.spec, allow_nan=False)
    assert marks_left(chart.spec) == []
    vl_convert.vegalite_to_vega(chart.spec)
