"""What is timed: one task a process, so that neither memory nor caches are inherited."""

import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

Answer = dict[str, Any]
THREADS = os.cpu_count() or 1
_CANONICAL = ("orders.parquet", "accounting.json")
# Every mode, measure, filter and comparison that is read from what the first table built.
VARIANTS: dict[str, Answer] = {
    "bounded": {},
    "unbounded": {"mode": "unbounded"},
    "range": {"mode": "range"},
    "streak": {"mode": "streak"},
    "orders": {"measure": "orders"},
    "revenue": {"measure": "revenue"},
    "revenue per customer": {"measure": "revenue_per_customer"},
    "cumulative value": {"measure": "cumulative_value"},
    "segment filter": {"segment": "channel=web"},
    "breakdown": {"breakdown": "channel"},
    "breakdown of revenue": {"breakdown": "channel", "measure": "revenue"},
    "cohorts by attribute": {"cohort_by": "channel"},
    "definitions compared": {},
}


def query(config: Path, *, canonical: str = "") -> Answer:
    """The yardstick: DuckDB counts the rows of every customer."""
    import duckdb

    connection = duckdb.connect(config={"threads": THREADS})
    connection.execute("SET enable_progress_bar = false")
    path = canonical or str(config.with_name("orders.parquet"))
    start = time.perf_counter()
    connection.execute(f"CREATE TEMP TABLE t AS SELECT customer_id, count(*) AS n FROM '{path}' GROUP BY 1")
    return {"seconds": time.perf_counter() - start}


def ingest(config: Path, *, cache: str) -> Answer:
    """A source file to its first table, nothing cached."""
    from retention_kit import cohort_table, open_dataset

    shutil.rmtree(cache, ignore_errors=True)
    start = time.perf_counter()
    data = open_dataset(config, cache=Path(cache))
    opened = time.perf_counter() - start
    cohort_table(data, grain="month")
    return {"seconds": time.perf_counter() - start, "open": opened, "orders": str(data.orders)}


def first_table(config: Path, *, cache: str) -> Answer:
    """The monthly table from canonical orders alone."""
    from retention_kit import cohort_table

    data = _bare(config, cache)
    _warm(cache)
    start = time.perf_counter()
    table = cohort_table(data, grain="month")
    seconds = time.perf_counter() - start
    counts = {
        str(day): [int(size), *map(int, hits[hits > 0])]
        for day, size, hits in zip(
            table.periods["starts_on"].to_pylist(), table.counts.size[0], table.counts.total[0], strict=True
        )
    }
    return {"seconds": seconds, "counts": counts}


def first_use(config: Path, *, cache: str, changes: Answer) -> Answer:
    """One change of a monthly table that needs something not built yet."""
    from retention_kit import cohort_table

    data = _bare(config, cache)
    cohort_table(data, grain="month")
    start = time.perf_counter()
    _read(cohort_table(data, **changes))
    return {"seconds": time.perf_counter() - start}


def variants(config: Path, *, cache: str) -> Answer:
    """Every variant, its table and averages read, once everything is built."""
    from retention_kit import cohort_table, open_dataset
    from retention_kit.measures.comparison import definitions_compared
    from retention_kit.notebooks import CohortParameters

    data = open_dataset(config, cache=Path(cache))
    times: dict[str, float] = {}
    for name, changes in VARIANTS.items():
        runs = []
        for _ in range(6):
            start = time.perf_counter()
            if name == "definitions compared":
                definitions_compared(data, CohortParameters())
            else:
                _read(cohort_table(data, **changes))
            runs.append(time.perf_counter() - start)
        times[name] = median(runs[1:])
    return {"seconds": max(times.values()), "times": times}


# What the other notebooks read first, in this order, and what a control changes of it.
LATER: dict[str, dict[str, Answer]] = {
    "cadence": {"": {}, "of a segment": {"segment": "channel=web"}, "by group": {"breakdown": "channel"}},
    "churn": {
        "": {"threshold_days": 180},
        "another threshold": {"threshold_days": 90},
        "of a segment": {"threshold_days": 180, "segment": "channel=web"},
        "by group": {"threshold_days": 180, "breakdown": "channel"},
    },
    "scorecard": {"": {}, "of a segment": {"segment": "channel=web"}},
}


def later_notebooks(config: Path, *, cache: str, bare: bool) -> Answer:
    """Cadence, churn curves and scorecard, then each change once more.

    First from canonical orders alone, or from what an earlier process counted.
    """
    from retention_kit import open_dataset
    from retention_kit.measures.cadence import purchase_cadence
    from retention_kit.measures.churn import churn_curves
    from retention_kit.measures.scorecard import scorecard

    measures: dict[str, Callable[..., Any]] = {
        "cadence": purchase_cadence,
        "churn": churn_curves,
        "scorecard": scorecard,
    }
    data = _bare(config, cache) if bare else open_dataset(config, cache=Path(cache))
    _warm(cache)
    first: dict[str, float] = {}
    again: dict[str, float] = {}
    for name, changes in LATER.items():
        for change, options in changes.items():
            runs = []
            for _ in range(6):
                start = time.perf_counter()
                measures[name](data, **options)
                runs.append(time.perf_counter() - start)
            title = f"{name} {change}".strip()
            first[title], again[title] = runs[0], median(runs[1:])
    return {"seconds": sum(first.values()), "first": first, "again": again}


def by_pandas(config: Path) -> Answer:
    """The same table as an analyst writes it in pandas."""
    import pandas as pd

    start = time.perf_counter()
    orders = pd.read_parquet(config.with_name("orders.parquet"), columns=["customer_id", "ordered_at"])
    orders["month"] = orders["ordered_at"].dt.year * 12 + orders["ordered_at"].dt.month - 1
    active = orders[["customer_id", "month"]].drop_duplicates()
    active["cohort"] = active.groupby("customer_id")["month"].transform("min")
    active["age"] = active["month"] - active["cohort"]
    table = active.pivot_table(index="cohort", columns="age", values="customer_id", aggfunc="count")
    seconds = time.perf_counter() - start
    rows = {int(month): row.dropna().astype(int).tolist() for month, row in table.iterrows()}
    return {"seconds": seconds, "counts": _by_day(rows)}


def by_polars(config: Path) -> Answer:
    """The same table as an analyst writes it in polars."""
    import polars as pl

    start = time.perf_counter()
    month = pl.col("ordered_at").dt.year().cast(pl.Int32) * 12 + pl.col("ordered_at").dt.month() - 1
    active = (
        pl.scan_parquet(config.with_name("orders.parquet"))
        .select("customer_id", month.alias("month"))
        .unique()
        .with_columns(pl.col("month").min().over("customer_id").alias("cohort"))
        .group_by("cohort", (pl.col("month") - pl.col("cohort")).alias("age"))
        .agg(pl.len().alias("customers"))
        .sort("cohort", "age")
        .collect()
    )
    seconds = time.perf_counter() - start
    rows: dict[int, list[int]] = {}
    for row in active.iter_rows(named=True):
        rows.setdefault(row["cohort"], []).append(row["customers"])
    return {"seconds": seconds, "counts": _by_day(rows)}


def imported(config: Path, *, module: str) -> Answer:
    """Importing a module into a fresh interpreter."""
    from importlib import import_module

    start = time.perf_counter()
    import_module(module)
    return {"seconds": time.perf_counter() - start}


def _bare(config: Path, cache: str) -> Any:
    """The dataset open, with nothing but its canonical files in the cache."""
    from retention_kit import open_dataset

    data = open_dataset(config, cache=Path(cache))
    for path in data.store.folder.iterdir():
        if not path.name.startswith(_CANONICAL):
            path.unlink()
    return data


def _warm(cache: str) -> None:
    """Load what a first table loads, as the rivals' imports are loaded before their time is taken."""
    from retention_kit import cohort_table, open_dataset

    cohort_table(open_dataset("cdnow", cache=Path(cache).with_name("warm")))


def _read(table: Any) -> None:
    _ = table.cells, table.pooled


def _by_day(rows: dict[int, list[int]]) -> Answer:
    return {f"{month // 12}-{month % 12 + 1:02}-01": [row[0], *row] for month, row in rows.items()}


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    task: Callable[..., Answer] = globals()[asked.pop("task")]
    answer = task(Path(asked.pop("config")), **asked)
    answer["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(answer))
