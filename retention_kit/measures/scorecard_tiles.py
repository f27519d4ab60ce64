"""From metrics read in every period to the tiles of one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from retention_kit import formats
from retention_kit.data.dataset import Dataset
from retention_kit.errors import ParameterError, did_you_mean
from retention_kit.measures.movement_counting import Periods, known
from retention_kit.measures.scorecard_changes import measured_change
from retention_kit.measures.scorecard_counting import Shoppers, lacking
from retention_kit.measures.scorecard_engagement import Engagement
from retention_kit.measures.scorecard_metrics import METRICS, YEARS, Metric
from retention_kit.measures.scorecard_periods import Compared
from retention_kit.measures.scorecard_reading import Other, Reading
from retention_kit.measures.scorecard_result import Tile, Unit, Variant
from retention_kit.measures.scorecard_second import WITHIN_DAYS, second_orders_of
from retention_kit.measures.scorecard_sums import Sums
from retention_kit.measures.survival_result import Estimate

__all__ = ["KEYS", "SECOND_ORDER_SHARE", "estimate_at", "sparkline", "targets_of", "tiles_of"]

_HORIZON_DAYS = WITHIN_DAYS[-1]
SECOND_ORDER_SHARE = Metric(
    "second_order_share",
    "share",
    (),
    formula="",
    lifetime=True,
    nothing=f"No customer was seen for {_HORIZON_DAYS} days after the first order.",
)
_MEDIAN = Metric(
    "time_to_second_order",
    "days",
    (),
    formula="",
    lifetime=True,
    higher_is_better=False,
    nothing="Fewer than half have come back so far, so that there is no median.",
)
_INDEX = Metric("engagement_index", "index", (), formula="", higher_is_better=None)
KEYS = tuple(metric.key for metric in (*METRICS, _MEDIAN, SECOND_ORDER_SHARE, _INDEX))


def tiles_of(
    shoppers: Shoppers, when: Compared, sums: Sums, engagement: Engagement, *, level: float
) -> dict[str, Tile]:
    """Return every metric of the page in its order; the changes are not corrected for their number yet."""
    data = shoppers.dataset
    year, targets = YEARS[when.all.grain], targets_of(data, when.all.grain)
    tiles = {}
    lacks = lacking(data, sums)
    for metric in METRICS:
        needs = lacks.get(metric.needs, "")
        if needs:
            tiles[metric.key] = _tile(metric, when, Estimate(None, None, None), targets, needs=needs)
            continue
        reading, others = metric.read(sums, year)
        others = tuple(other for other in others if other.needs not in lacks)
        tiles[metric.key] = _read_tile(metric, reading, others, when, targets, level)
    return (
        tiles | _second_order_tiles(shoppers, when, targets, level) | _index_tile(engagement, when, targets)
    )


def _second_order_tiles(
    shoppers: Shoppers, when: Compared, targets: Mapping[str, float], level: float
) -> dict[str, Tile]:
    orders, now = second_orders_of(shoppers), when.lifetime_index
    compared = (now, *(period.index for period in (when.previous, when.last_year) if period))
    days = when.last_days
    shares = orders.within(days, compared)
    others = tuple(Other(f"Within {n} days", "share", shares[n]) for n in WITHIN_DAYS)
    median, customers = orders.median(int(days[now]), level)
    share = _read_tile(SECOND_ORDER_SHARE, shares[_HORIZON_DAYS], others[:-1], when, targets, level)
    time = _tile(
        _MEDIAN,
        when,
        median,
        targets,
        customers=customers,
        variants=_variants(others, now, level),
        notes=(f"How it changed is told by the share within {_HORIZON_DAYS} days.",),
    )
    return {"time_to_second_order": time, "second_order_share": share}


def _index_tile(engagement: Engagement, when: Compared, targets: Mapping[str, float]) -> dict[str, Tile]:
    high, low = engagement.share(from_index=75), engagement.share(to_index=25)
    *others, last = engagement.weights
    weight = formats.value(engagement.weights[last], "share")
    notes = (
        f"{formats.value(high, 'share')} stand at 75 or more, {formats.value(low, 'share')} below 25.",
        f"{formats.begun(', '.join(others))} and {last} count {weight} each.",
        "It ranks customers as they stand at the as-of date, so it is no trend.",
    )
    tile = _tile(_INDEX, when, engagement.mean, targets, customers=engagement.customers, notes=notes)
    return {"engagement_index": tile}


def _read_tile(
    metric: Metric,
    reading: Reading,
    others: Sequence[Other],
    when: Compared,
    targets: Mapping[str, float],
    level: float,
) -> Tile:
    now = when.lifetime_index if metric.lifetime else when.measured.index
    over = when.measured.is_complete
    estimate = estimate_at(reading, now, level)
    terms = () if estimate.value is None else zip(metric.terms, reading.terms, strict=False)
    return _tile(
        metric,
        when,
        estimate,
        targets,
        terms=tuple((name, _number(values[now], unit), unit) for (name, unit), values in terms),
        customers=int(reading.customers[now]),
        changes=[
            measured_change(reading, now, against if over else None, level)
            for against in (when.previous, when.last_year)
        ],
        line=sparkline(reading, when.all, level),
        variants=_variants(others, now, level),
        notes=_last_known(reading, now, when.all),
    )


def _last_known(reading: Reading, now: int, periods: Periods) -> tuple[str, ...]:
    known_before = np.flatnonzero(~np.isnan(reading.values[0, :now]))
    if not len(known_before) or not np.isnan(reading.values[0, now]):
        return ()
    return (f"The last period with a value is {periods.table['label'][int(known_before[-1])]}.",)


def _tile(
    metric: Metric,
    when: Compared,
    estimate: Estimate,
    targets: Mapping[str, float],
    *,
    terms: tuple[tuple[str, float, Unit], ...] = (),
    customers: int = 0,
    changes: Sequence[Any] = (None, None),
    line: pa.Table | None = None,
    variants: tuple[Variant, ...] = (),
    needs: str = "",
    notes: tuple[str, ...] = (),
) -> Tile:
    value, target = estimate.value, targets.get(metric.key)
    return Tile(
        metric=metric.key,
        unit=metric.unit,
        estimate=estimate,
        terms=terms,
        formula=metric.formula,
        customers=customers,
        through=when.as_of if metric is _INDEX else when.through(lifetime=metric.lifetime),
        previous=changes[0],
        last_year=changes[1],
        sparkline=_NO_LINE if line is None else line,
        target=target,
        gap=None if target is None or value is None else value - target,
        higher_is_better=metric.higher_is_better,
        variants=variants,
        needs=needs or (metric.nothing if value is None else ""),
        notes=notes,
    )


def estimate_at(reading: Reading, period: int, level: float) -> Estimate:
    """Return a metric's value in one period, with its interval where it has one."""
    value = reading.values[0, period]
    if np.isnan(value):
        return Estimate(None, None, None)
    low, high = (ends[period] for ends in reading.bounds(level))
    return Estimate(float(value), *(None if np.isnan(end) else float(end) for end in (low, high)))


def sparkline(reading: Reading, periods: Periods, level: float) -> pa.Table:
    """Return complete periods as rows: ``period``, ``starts_on``, ``value``, ``ci_low``, ``ci_high``."""
    low, high = reading.bounds(level)
    over = slice(0, periods.complete)
    return pa.table(
        {
            "period": periods.table["label"].slice(0, periods.complete),
            "starts_on": periods.table["starts_on"].slice(0, periods.complete),
            "value": known(reading.values[0, over]),
            "ci_low": known(low[over]),
            "ci_high": known(high[over]),
        }
    )


_NO_LINE = pa.table(
    {
        "period": pa.array([], pa.string()),
        "starts_on": pa.array([], pa.date32()),
        **{name: pa.array([], pa.float64()) for name in ("value", "ci_low", "ci_high")},
    }
)


def targets_of(dataset: Dataset, grain: str) -> Mapping[str, float]:
    """Return the targets that the dataset sets for periods of a length, by metric.

    Raises
    ------
    ParameterError
        When there is no metric of that name.
    """
    targets: Mapping[str, float] = dataset.config.targets
    for name in targets:
        if name not in KEYS:
            raise ParameterError(
                f"[targets] names {name!r}, which is no metric. {did_you_mean(name, KEYS)}".strip(),
                todo=f"Choose from: {', '.join(KEYS)}.",
            )
    return targets if grain == dataset.config.target_grain else {}


def _variants(others: Sequence[Other], period: int, level: float) -> tuple[Variant, ...]:
    found = (Variant(other.name, estimate_at(other.reading, period, level), other.unit) for other in others)
    return tuple(variant for variant in found if variant.estimate.value is not None)


def _number(value: np.number, unit: Unit) -> float:
    return int(value) if unit in ("customers", "orders") else float(value)
