"""The chart of a target: the path to it, and how far the actual values follow."""

from retention_kit import formats
from retention_kit.charts.chart import Chart, chart
from retention_kit.charts.time_axis import iso, time_axis
from retention_kit.definitions import DEFINITIONS
from retention_kit.measures.scorecard_targets import TargetPath

__all__ = ["target_path"]

_AXES = {"share": ".0%", "points": ".0%"}
_STANDING = {
    "ahead": "ahead of the path",
    "behind": "behind the path",
    "on the path": "not clearly off the path",
}


def target_path(found: TargetPath, *, currency: str, level: float) -> Chart:
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
    standing = _STANDING[actual[-1]["status"]] if len(actual) > 1 else "at the beginning of the path"
    last, due, baseline = (
        formats.period(label, found.grain) for label in (actual[-1]["when"], found.due, found.baseline)
    )
    return chart(
        "target_path",
        title=f"{name}: {actual[-1]['text']} ({last}), {standing} to {goal} by {due}",
        subtitle=f"dashed: from {baseline} to the target · {level * 100:g} % interval · "
        f"orange: clearly behind the path · as of {found.as_of}",
        description=found.sentence,
        words={
            "value_title": name.lower(),
            "interval_title": f"{level * 100:g} % interval",
            "format": _AXES.get(found.unit, "~s"),
            **time_axis(path, found.grain, title=found.grain),
        },
        data={"path": path, "actual": actual},
        table=found.table,
    )
