"""Counts behind churn curves: how long customers stayed, until when they are seen, and what to tell of it."""

from datetime import date
from functools import partial

import pyarrow.compute as pc

from retention_kit.data.calendar import Grain
from retention_kit.data.spell_statements import order_lives, renewals, subscription_lives
from retention_kit.errors import DataError
from retention_kit.measures.cadence import Choice
from retention_kit.measures.gap_counting import Basis, Counted, Selected, require_some
from retention_kit.measures.spells import Lives, lives_of

__all__ = ["by_end", "by_silence", "told_of", "watched", "when_due"]


def by_silence(chosen: Selected, rule: Choice, as_of: date) -> tuple[Counted, Lives]:
    """Count customers who leave when they have not ordered for so long."""
    silences, starts = chosen.silences(), chosen.starts()
    statement = partial(_order_lives, silences, starts, rule.days or 0, bool(chosen.named))
    found = chosen.counted(statement, silences, starts)
    require_some(found)
    return found, lives_of(found.rows, seen_until=as_of, all_who_began=True)


def by_end(chosen: Selected, rule: Choice, seen_until: date) -> tuple[Counted, Lives]:
    """Count customers who leave when their subscriptions have ended."""
    view = chosen.tenures(rule.days or 0)
    found = chosen.counted(partial(_subscription_lives, view, seen_until), view)
    require_some(found)
    return found, lives_of(found.rows, seen_until=seen_until)


def when_due(chosen: Selected, rule: Choice, lives: Lives, grain: Grain) -> Counted:
    """Count the renewals of subscriptions that came due, and those that were lost."""
    view = chosen.tenures(rule.days or 0)
    return chosen.counted(partial(_renewals, view, lives, grain), view)


def watched(lives: Lives, day: date) -> tuple[Lives, str]:
    """Return customers as if nobody had been watched before a day, and a sentence about who is left out."""
    seen = lives.watched_from(day)
    if not seen.number:
        raise DataError(f"Nobody was still there after {day}.", todo="Choose an earlier observed_from.")
    late = f"{seen.entered_late:,} who began before count from then on only"
    said = f"Customers are watched from {day} on: {late}"
    left = seen.left_before
    return seen, f"{said}, and {left:,} who had left are not counted." if left else f"{said}."


def told_of(how: Basis, rule: Choice, found: Counted, lives: Lives) -> list[str]:
    """Return sentences about what leaving means, and what is not known yet."""
    if how == "orders":
        return [f"{rule.reason} A later return does not undo that a customer left."]
    notes = [rule.reason]
    returned = int(pc.sum(found.rows["returned"]).as_py() or 0)
    if returned:
        gone = int(lives.customers[lives.is_event].sum())
        notes.append(
            f"Of {gone:,} customers who left {returned:,} came back later, which does not undo that they "
            "left."
        )
    if rule.days:
        notes.append(
            f"Customers are followed to {lives.seen_until}: whether a subscription that ended later goes on "
            "cannot be known yet."
        )
    return notes


def _order_lives(
    silences: str, starts: str, threshold_days: int, segmented: bool, group: str, condition: str
) -> str:
    return order_lives(
        silences=silences,
        starts=starts,
        threshold_days=threshold_days,
        segmented=segmented,
        group=group,
        condition=condition,
    )


def _subscription_lives(view: str, seen_until: date, group: str, condition: str) -> str:
    return subscription_lives(tenures=view, seen_until=seen_until, group=group, condition=condition)


def _renewals(view: str, lives: Lives, grain: Grain, _: str, condition: str) -> str:
    return renewals(
        tenures=view,
        seen_until=lives.seen_until,
        seen_from=lives.seen_from,
        grain=grain,
        condition=condition,
    )
