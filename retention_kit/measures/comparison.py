"""Why another tool shows another number: the same customers under other definitions of retention."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from retention_kit.data.dataset import Dataset
from retention_kit.errors import RetentionKitError
from retention_kit.measures.cohort_result import CohortTable
from retention_kit.measures.cohorts import cohort_table
from retention_kit.measures.intervals import wilson
from retention_kit.notebooks import CohortParameters

__all__ = ["definitions_compared"]

_OTHER_CLOCK = {"calendar": "elapsed", "elapsed": "calendar"}


def definitions_compared(dataset: Dataset, parameters: CohortParameters) -> pa.Table:
    """Return retention at one age under the definitions that tools and guides use.

    Parameters
    ----------
    dataset : Dataset
        An open dataset.
    parameters : CohortParameters
        ``age`` says which age; grain, clock, cohorts and conditions are kept. The first row is bounded
        retention pooled over mature cohorts, whatever the mode.

    Returns
    -------
    pyarrow.Table
        ``definition``, ``reason``, ``retention_rate``, ``ci_low``, ``ci_high`` (missing where the
        definition has no interval of its own), ``customers``, ``cohorts``.
    """
    age = parameters.age
    usual = parameters.model_copy(
        update={
            "measure": "customers",
            "mode": "bounded",
            "min_orders": 1,
            "breakdown": "",
            "age_from": age,
            "age_to": max(age, 1),
        }
    )
    table = cohort_table(dataset, usual)
    rows = [_pooled("Pooled over cohorts", _WHY["pooled"], table), *_weighted(table)]
    variants: list[tuple[str, str, dict[str, Any]]] = [
        ("Active then or later", _WHY["unbounded"], {"mode": "unbounded"}),
        ("Active in every period up to then", _WHY["streak"], {"mode": "streak"}),
        ("At least two orders in the period", _WHY["two"], {"min_orders": 2}),
    ]
    other = _OTHER_CLOCK[usual.clock]
    name = "Counted from each first order" if other == "elapsed" else "Counted in calendar periods"
    variants.append((name, _WHY[other], {"clock": other}))
    for label, reason, change in variants:
        try:
            rows.append(_pooled(label, reason, cohort_table(dataset, usual.model_copy(update=change))))
        except RetentionKitError:
            continue  # this definition reaches less far than the age asked for
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


_SCHEMA = pa.schema(
    {
        "definition": pa.string(),
        "reason": pa.string(),
        "retention_rate": pa.float64(),
        "ci_low": pa.float64(),
        "ci_high": pa.float64(),
        "customers": pa.int64(),
        "cohorts": pa.int64(),
    }
)
_WHY = {
    "pooled": "Customers who came back, over all customers who could have: every customer counts the same.",
    "mean": "The mean of the cohorts' rates: a cohort of ten counts as much as one of ten thousand.",
    "squared": "Rates weighted by cohort size squared: the largest cohorts decide almost alone.",
    "unfinished": "Periods that are still running count as if they were over, so new cohorts pull it down.",
    "unbounded": "A later return counts too, so it is never lower; for young cohorts it will still rise.",
    "streak": "One period without an order ends it for good, so it is the lowest of all.",
    "two": "A single order in the period is not enough to count as active.",
    "elapsed": "Every customer gets a full first period; calendar periods cut it short for late joiners.",
    "calendar": "Ages follow the calendar, so who joins on the last day has a first period of one day.",
}


def _pooled(definition: str, reason: str, table: CohortTable) -> dict[str, Any]:
    pooled = table.pooled.slice(0, 1).to_pylist()[0]
    return {"definition": definition, "reason": reason, **{key: pooled[key] for key in _SCHEMA.names[2:]}}


def _weighted(table: CohortTable) -> Iterator[dict[str, Any]]:
    """The same cells, averaged otherwise."""
    mature, size = table.mature[0, :, 0], table.base[0, :, 0]
    hits = table.counts.total[0, :, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(mature, hits / size, 0.0)
    people, cohorts = int(size[mature].sum()), int(mature.sum())
    if not cohorts:
        return
    means = (
        ("Mean of the cohorts' rates", _WHY["mean"], mature.astype(float)),
        ("Weighted by cohort size squared", _WHY["squared"], np.where(mature, size, 0.0) ** 2),
    )
    for definition, reason, weight in means:
        mean = float((weight * rate).sum() / weight.sum())
        yield _row(definition, reason, mean, None, None, people, cohorts)
    if not table.parameters.cohort_by:
        begun = (table.counts.begun[0, :, 0] > 0) & table.shown
        if (begun & ~mature).any():
            total, base = int(hits[begun].sum()), int(size[begun].sum())
            low, high = wilson(total, base, level=table.parameters.level)
            yield _row(
                "Unfinished periods counted in",
                _WHY["unfinished"],
                total / base,
                float(low),
                float(high),
                base,
                int(begun.sum()),
            )


def _row(*values: Any) -> dict[str, Any]:
    return dict(zip(_SCHEMA.names, values, strict=True))
