"""The chart of a target: the path to it, and how far the actual values follow."""

from retention_kit import formats
from retention_kit.charts.chart import Chart, chart
from retention_kit.charts.time_axis import iso, time_axis
from retention_kit.definitions import DEFINITIONS
from retention_kit.measures.scorecard_targets import TargetPath

__all__ = ["target_path"]

_AXES = {"share": ".0%", "points": ".0%"}


def target_path(found: TargetPath, *, grain: str, currency: str, level: float) -> Chart:
    """Return the path from the baseline to the goal, with the actual values and their intervals."""
    money = {"currency": currency}
    path, actual = [], []
    for row in found.table.to_pylist():
        start = iso(row["starts_on"])
        path.append({"start": start, "value": row["path"]})
        if row["actual"] is None:
            continue
        ends = {key: row[key] for key in ("ci_low", "ci_high") if row[key] is not None}
        actual.append(
            {
                "start": start,
                "when": row["period"],
                "value": row["actual"],
                "text": formats.value(row["actual"], found.unit, **money),
                "interval": formats.interval(row["ci_low"], row["ci_high"], found.unit, **money),
                "path": formats.value(row["path"], found.unit, **money),
                "status": row["status"],
                "behind": row["status"] == "behind",
                **ends,
            }
        )
    name, goal = DEFINITIONS[found.metric].name, formats.value(found.goal, found.unit, **money)
    words = {"ahead": "ahead of the path", "behind": "behind the path"}
    standing = words.get(actual[-1]["status"], actual[-1]["status"])
    return chart(
        "target_path",
        title=f"{name}: {actual[-1]['text']} ({actual[-1]['when']}), {standing} to {goal} by {found.due}",
        subtitle=f"dashed: from {found.baseline} to the target · {level * 100:g} % interval · "
        "orange: clearly behind the path",
        description=found.sentence,
        words={
            "value_title": name.lower(),
            "interval_title": f"{level * 100:g} % interval",
            "format": _AXES.get(found.unit, "~s"),
            **time_axis(path, grain, title=grain),
        },
        data={"path": path, "actual": actual},
        table=found.table,
    )
