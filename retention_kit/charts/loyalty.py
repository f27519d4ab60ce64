"""The chart of loyalty by group: what they did after the landmark, beside what a naive reading would say."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from retention_kit import formats
from retention_kit.charts.chart import Chart, chart
from retention_kit.measures.landmark_result import LandmarkComparison, clearly_different

__all__ = ["listed", "loyalty", "told_apart"]


def loyalty(comparisons: Sequence[LandmarkComparison]) -> Chart | None:
    """Return the share of each group that orders again, or stays, grouping after grouping; None without any.

    All comparisons are of the same basis, landmark and horizon.
    """
    groups = [row for found in comparisons for row in _rows(found, found.decisive.shares)]
    if not groups:
        return None
    naive = [
        row
        for found in comparisons
        if found.decisive_naive is not None
        for row in _rows(found, found.decisive_naive.shares)
    ]
    first = comparisons[0]
    clear = [found.grouping.title for found in clearly_different(comparisons)]
    title = (
        f"Loyalty differs by {listed(clear)}"
        if clear
        else "No group is clearly more loyal than the one it is compared with"
    )
    days = formats.plural(first.horizon_days, "day")
    what, share = f"still customers {days} after", "share still customers"
    start, left = "first subscription", ""
    if first.basis == "orders":
        what, share, start = (
            f"who ordered again in the {days} after",
            "share who ordered again",
            "first order",
        )
        left = f"left: {formats.plural(first.threshold_days, 'day')} without an order · "
    hollow = "\nhollow: groups by their whole history, which credits them with the time it took to qualify"
    return chart(
        "group_shares",
        title=title,
        subtitle=f"share {what} day {formats.count(first.landmark_days)} from the {start}, of those still "
        f"there · {left}{first.level * 100:g} % interval · as of {first.as_of}{hollow if naive else ''}",
        description=f"{title}. {formats.plural(len(groups), 'group')} in "
        f"{formats.plural(len(comparisons), 'comparison')}.",
        words={
            "rows": _spaced(groups),
            "value_title": share,
            "interval_title": f"{first.level * 100:g} % interval",
            "format": ".0%",
        },
        data={"groups": groups, "naive": naive},
        table=pa.Table.from_pylist(
            [
                {"grouping": found.grouping.title, **row}
                for found in comparisons
                for row in found.decisive.shares.to_pylist()
            ]
        ),
    )


def told_apart(found: LandmarkComparison) -> str:
    """Return how much more loyal one of the two groups compared is, in a sentence."""
    what = found.decisive
    (first, one), (second, other) = ((found.grouping.words(group), what.share(group)) for group in what.pair)
    apart = formats.with_interval(what.difference, "share", sign=True)
    days = formats.plural(what.horizon_days, "day")
    did = f"ordered again within {days}" if what.name == "repurchased" else f"were still there {days} later"
    rates = [formats.value(share.value, "share") for share in (one, other)]
    return (
        f"{formats.begun(found.grouping.title)}: {rates[0]} of {first} {did}, against {rates[1]} of "
        f"{second}: {apart}."
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
