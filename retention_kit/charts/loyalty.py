"""The chart of loyalty by group: who stays after the landmark, beside what a naive reading would say."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from retention_kit import formats
from retention_kit.charts.chart import Chart, chart
from retention_kit.measures.landmark_result import LandmarkComparison

__all__ = ["differs", "listed", "loyalty", "told_apart"]


def loyalty(comparisons: Sequence[LandmarkComparison]) -> Chart | None:
    """Return the share of each group that stays, for one grouping after another; None without any."""
    groups = [row for found in comparisons for row in _rows(found, found.retained.shares)]
    if not groups:
        return None
    naive = [
        row for found in comparisons if found.naive is not None for row in _rows(found, found.naive.shares)
    ]
    first = comparisons[0]
    clear = [found.grouping.title for found in comparisons if differs(found)]
    title = (
        f"Loyalty differs by {listed(clear)}"
        if clear
        else "No group stays clearly longer than the one it is compared with"
    )
    start = "first order" if first.basis == "orders" else "first subscription"
    left = f"left: {formats.plural(first.threshold_days, 'day')} without an order · "
    hollow = "\nhollow: groups by their whole history, which credits them with the time it took to qualify"
    return chart(
        "group_shares",
        title=title,
        subtitle=f"share still customers {formats.plural(first.horizon_days, 'day')} after day "
        f"{formats.count(first.landmark_days)} from the {start} · {left if first.basis == 'orders' else ''}"
        f"{first.level * 100:g} % interval · as of {first.as_of}{hollow if naive else ''}",
        description=f"{title}. {formats.plural(len(groups), 'group')} in "
        f"{formats.plural(len(comparisons), 'comparison')}.",
        words={
            "rows": _spaced(groups),
            "value_title": "share still customers",
            "interval_title": f"{first.level * 100:g} % interval",
            "format": ".0%",
        },
        data={"groups": groups, "naive": naive},
        table=pa.Table.from_pylist(
            [
                {"grouping": found.grouping.title, **row}
                for found in comparisons
                for row in found.retained.shares.to_pylist()
            ]
        ),
    )


def differs(found: LandmarkComparison) -> bool:
    """Whether the two groups compared differ by more than chance."""
    low, high = found.retained.difference.ci_low, found.retained.difference.ci_high
    return low is not None and high is not None and (low > 0 or high < 0)


def told_apart(found: LandmarkComparison) -> str:
    """Return how much longer one of the two groups compared stays, in a sentence."""
    (first, one), (second, other) = (
        (found.grouping.words(group), found.retained.share(group)) for group in found.retained.pair
    )
    apart = formats.with_interval(found.retained.difference, "share", sign=True)
    days = formats.plural(found.retained.horizon_days, "day")
    title, rates = found.grouping.title, [formats.value(share.value, "share") for share in (one, other)]
    return (
        f"{title[:1].upper()}{title[1:]}: {rates[0]} of {first} were still there {days} later, against "
        f"{rates[1]} of {second}: {apart}."
    )


def listed(names: Sequence[str]) -> str:
    """Return names as a list within a sentence.

    >>> listed(["one"]), listed(["one", "two", "three"])
    ('one', 'one, two and three')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _rows(found: LandmarkComparison, shares: pa.Table) -> list[dict[str, Any]]:
    rows = []
    for row in shares.to_pylist():
        if row["share"] is None:
            continue
        ends = {key: row[key] for key in ("ci_low", "ci_high") if row[key] is not None}
        rows.append(
            {
                "row": f"{found.grouping.title}: {row['group']}",
                "grouping": found.grouping.by,
                "value": row["share"],
                "text": formats.value(row["share"], "share"),
                "interval": formats.interval(row["ci_low"], row["ci_high"], "share"),
                "customers": formats.count(row["customers"]),
                **ends,
            }
        )
    return rows


def _spaced(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Names of the rows from the top, with an empty one between groupings."""
    names: list[str] = []
    for before, row in zip([None, *rows], rows, strict=False):
        if before is not None and before["grouping"] != row["grouping"]:
            names.append(" " * (1 + sum(not name.strip() for name in names)))
        names.append(row["row"])
    return names
