"""Counts behind a comparison by landmark: who was there, in which group, and what became of them."""

from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from retention_kit.data import landmark_statements as statements
from retention_kit.data.departure_statements import departures
from retention_kit.data.gap_statements import gaps
from retention_kit.data.landmark_group_statements import first_uses
from retention_kit.measures.cadence import Choice
from retention_kit.measures.counting import UNKNOWN
from retention_kit.measures.landmark_groups import Grouping
from retention_kit.measures.landmark_result import Standing
from retention_kit.measures.leaving import seen_until
from retention_kit.measures.movement_counting import Movers
from retention_kit.measures.survival import survival_curve
from retention_kit.measures.survival_result import SurvivalCurve

__all__ = ["curves_of", "landmark_counted", "standing_of"]

_KEPT = 100  # files of counts; any viewer may ask for another landmark


def landmark_counted(
    chosen: Movers, grouping: Grouping, rule: Choice, landmark_days: int
) -> tuple[pa.Table, str]:
    """Count customers by group and by what became of them, and return the SQL with it."""
    ledger, dataset, days = chosen.ledger, chosen.dataset, rule.days or 0
    orders = "orders" if dataset.has("orders") else ""
    if chosen.basis == "orders":
        lives = statements.order_lives(
            gaps=ledger.declare("gaps", gaps(orders=orders, as_of=dataset.as_of)),
            threshold_days=days,
            landmark_days=landmark_days,
        )
    else:
        ends = departures(
            as_of=dataset.as_of,
            grace_days=days,
            people=chosen.people,
            segments=(),
            has_reason=False,
            money=False,
        )
        lives = statements.subscription_lives(
            departures=f"(\n{ends}\n)", orders=orders, landmark_days=landmark_days
        )
    view = ledger.declare(
        f"landmark_lives_{landmark_days}_{days}_{chosen.basis}",
        statements.landmark_lives(
            lives=lives,
            as_of=dataset.as_of,
            seen_until=seen_until(dataset, chosen.basis, rule),
            landmark_days=landmark_days,
        ),
    )
    used = ""
    if grouping.table == "orders":
        statement = first_uses(grouping.column, orders=orders)
        used = ledger.declare(f"first_uses_{grouping.column}", statement)
    groups = grouping.statement(starts=view, landmark_days=landmark_days, first_uses=used)
    counts = statements.landmark_counts(
        lives=view, groups=groups, people=chosen.people, segments=chosen.segments
    )
    by = grouping.by if grouping.table else "attribute"
    counted = chosen.view(f"landmark_counts_{by}_{landmark_days}_{days}", counts)
    columns = "group_then, group_ever, outcome, days, is_event, CAST(sum(customers) AS BIGINT) AS customers"
    found, sql = chosen.rows(counted, columns)
    with suppress(FileNotFoundError):  # another process may trim as well
        dataset.store.used(f"{counted}.parquet")
    dataset.store.trim("landmark_counts_*.parquet", keep=_KEPT)
    dataset.store.trim("landmark_lives_*.parquet", keep=_KEPT // 10)
    if not grouping.table:
        attribute = found["grp"].to_numpy(zero_copy_only=False)
        group = pa.array(attribute, pa.string(), mask=attribute == UNKNOWN)
        found = found.set_column(found.column_names.index("group_then"), "group_then", group)
    return found, sql


def standing_of(rows: pa.Table, grouping: Grouping) -> Standing:
    """Return where all customers stood at the landmark."""
    outcomes = rows["outcome"].to_numpy(zero_copy_only=False)
    customers, groups = rows["customers"].to_numpy(), rows["group_then"].to_pylist()
    there: dict[str | None, int] = {}
    for place in np.flatnonzero(outcomes == "leaving"):
        there[groups[place]] = there.get(groups[place], 0) + int(customers[place])
    unclassified = there.pop(None, 0)
    named = {str(name): size for name, size in there.items()}
    order = grouping.groups or sorted(named, key=lambda name: (-named[name], name))
    return Standing(
        customers=int(customers[outcomes != "ordering"].sum()),
        too_recent=int(customers[outcomes == "too recent"].sum()),
        left_before=int(customers[outcomes == "left"].sum()),
        unclassified=unclassified,
        groups=MappingProxyType({name: named[name] for name in order if name in named}),
    )


def curves_of(
    rows: pa.Table, outcome: str, column: str, grouping: Grouping, level: float
) -> Mapping[str, SurvivalCurve]:
    """Return the curve of each group that has customers, in order, from the rows of one outcome."""
    wanted = rows["outcome"].to_numpy(zero_copy_only=False) == outcome
    groups = rows[column].to_numpy(zero_copy_only=False)[wanted]
    days, customers = rows["days"].to_numpy()[wanted], rows["customers"].to_numpy()[wanted]
    is_event = rows["is_event"].to_numpy(zero_copy_only=False).astype(bool)[wanted]
    curves = {}
    for name in sorted({group for group in groups if group is not None}):
        mine = groups == name
        left = np.where(is_event[mine], customers[mine], 0)
        curves[str(name)] = survival_curve(days[mine], left, customers[mine] - left, level=level)
    order = grouping.groups or sorted(curves, key=lambda name: (-curves[name].customers, name))
    return MappingProxyType({name: curves[name] for name in order if name in curves})
