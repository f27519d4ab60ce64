"""The charts of a back-test: what a model that did not know the last weeks foresaw of them, and what came."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from retention_kit import formats
from retention_kit.charts.chart import Chart, chart
from retention_kit.charts.time_axis import iso

if TYPE_CHECKING:
    from retention_kit.planning.back_test_result import BackTest

__all__ = ["by_decile", "by_frequency", "cumulative", "weekly"]

_MOST_WEEKS = 320  # points of a line that an eye can tell apart, twice
Row = dict[str, Any]


def weekly(test: "BackTest") -> Chart:
    """Return repeat purchases week by week."""
    columns = {"came": "actual", "expected": "expected"}
    title = test.sentence.split(":")[0]
    return _tracked(test, "test_weekly", columns, "repeat purchases a week", title=title)


def cumulative(test: "BackTest") -> Chart:
    """Return repeat purchases added up over the weeks."""
    columns = {"came": "cumulative_actual", "expected": "cumulative_expected"}
    came, expected = (formats.count(test.tracking[column][-1].as_py()) for column in columns.values())
    title = f"From the first week on {came} repeat purchases came, and {expected} were expected"
    return _tracked(test, "test_cumulative", columns, "repeat purchases so far", title=title)


def by_decile(test: "BackTest") -> Chart:
    """Return foreseen and actual purchases by tenths of the customers, the lowest forecasts first."""
    return _calibrated(
        test,
        "test_by_decile",
        test.deciles,
        "decile",
        x_title="tenth of the customers, by what was foreseen of them",
        title=_told(test.deciles, "tenths"),
    )


def by_frequency(test: "BackTest") -> Chart:
    """Return foreseen and actual purchases by the purchases before."""
    return _calibrated(
        test,
        "test_by_frequency",
        test.by_frequency,
        "frequency",
        x_title="repeat purchases before",
        title=_told(test.by_frequency, "groups by purchases before"),
    )


def _tracked(test: "BackTest", name: str, columns: dict[str, str], value_title: str, *, title: str) -> Chart:
    every = test.tracking.to_pylist()
    step = -(-len(every) // _MOST_WEEKS)
    rows = [
        {
            "start": iso(row["week_starts_on"]),
            "column": str(row["week_starts_on"]),
            "group": group,
            "value": row[column],
            "text": formats.value(row[column], "orders"),
        }
        for row in every[::step]
        for group, column in columns.items()
    ]
    return chart(
        name,
        title=title,
        subtitle=f"{value_title} of {formats.plural(test.customers, 'customer')} who had begun by "
        f"{test.calibration_end} · {test.title} · as of {test.as_of}",
        description=f"{title}. {test.sentence} {formats.plural(len(every), 'week')}.",
        words={"value_title": value_title, "format": ",~f"},
        data={"weeks": rows, "known": [{"start": iso(test.calibration_end), "label": "known to the model"}]},
        table=test.tracking,
    )


def _calibrated(test: "BackTest", name: str, table: pa.Table, key: str, *, x_title: str, title: str) -> Chart:
    parts: list[Row] = []
    for row in table.to_pylist():
        if not row["customers"]:
            continue
        shared = {"row": str(row[key]), "people": formats.count(row["customers"])}
        ends = {end: row[end] for end in ("ci_low", "ci_high") if row[end] is not None}
        came, foreseen = row["actual_per_customer"], row["expected_per_customer"]
        interval = formats.interval(row["ci_low"], row["ci_high"], "ratio")
        parts.append(
            {
                **shared,
                **ends,
                "group": "came",
                "value": came,
                "text": formats.value(came, "ratio"),
                "interval": interval,
            }
        )
        parts.append(
            {
                **shared,
                "group": "foreseen",
                "value": foreseen,
                "text": formats.value(foreseen, "ratio"),
                "interval": formats.NOTHING,
            }
        )
    return chart(
        name,
        title=title,
        subtitle=f"purchases per customer in the {formats.plural(test.holdout_days, 'day')} after "
        f"{test.calibration_end} · {formats.plural(test.customers, 'customer')} · as of {test.as_of}",
        description=f"{title}. {formats.plural(len(parts) // 2, 'group')}, foreseen beside what came.",
        words={
            "x_title": x_title,
            "value_title": "purchases per customer",
            "interval_title": f"{test.level * 100:g} % interval",
            "format": "~r",
            "rows": list(dict.fromkeys(row["row"] for row in parts)),
        },
        data={"parts": parts},
        table=table,
    )


def _told(table: pa.Table, what: str) -> str:
    rows = [row for row in table.to_pylist() if row["customers"] and row["ci_low"] is not None]
    inside = sum(row["ci_low"] <= row["expected_per_customer"] <= row["ci_high"] for row in rows)
    return f"In {inside} of {len(rows)} {what} the forecast lies within the interval of what came"
