"""The engine against DuckDB's own GROUP BY, and against pandas and polars, on one large shop."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.figures import TIMES, Figure, fresh, middle

__all__ = ["first_uses", "imports", "large_tables", "later_notebooks", "warm_tables"]

FIRST_USES: dict[str, dict[str, Any]] = {
    "weeks": {"grain": "week"},
    "quarters": {"grain": "quarter"},
    "elapsed clock": {"clock": "elapsed"},
    "revenue": {"measure": "revenue"},
    "breakdown": {"breakdown": "channel"},
    "two orders to be active": {"min_orders": 2},
}


def large_tables(config: Path, cache: Path, *, repeat: int) -> Iterator[Figure]:
    """Ingest and first table, each beside the query it is measured against."""
    runs: dict[str, list[dict[str, Any]]] = {}

    def run(name: str, task: str, **options: Any) -> dict[str, Any]:
        runs.setdefault(name, []).append(fresh(task, config, **options))
        return runs[name][-1]

    for _ in range(repeat):
        run("source", "query")
        with tempfile.TemporaryDirectory(dir=cache) as empty:
            canonical = run("ingest", "ingest", cache=empty)["orders"]
            run("canonical", "query", canonical=canonical)
            ours = run("table", "first_table", cache=empty)
        for library in ("pandas", "polars"):
            theirs = run(library, f"by_{library}")
            if theirs["counts"] != ours["counts"]:
                raise AssertionError(f"{library} counts other customers than we do.")

    def beside(name: str, yardstick: str) -> float:
        # Of each round by itself: what else the machine does then weighs on both.
        return median(a["seconds"] / b["seconds"] for a, b in zip(runs[name], runs[yardstick], strict=True))

    def cost(name: str) -> str:
        return f"{middle(runs[name]):.2f} s, peak {middle(runs[name], 'peak_mb'):.0f} MB"

    yield Figure("GROUP BY customer, source", middle(runs["source"]), "s", None, cost("source"))
    yield Figure("GROUP BY customer, canonical", middle(runs["canonical"]), "s", None, cost("canonical"))
    opened = f", of which opening {middle(runs['ingest'], 'open'):.2f} s"
    yield Figure("source to first table", beside("ingest", "source"), TIMES, 8, cost("ingest") + opened)
    yield Figure("canonical to first table", beside("table", "canonical"), TIMES, 1.5, cost("table"))
    for library in ("polars", "pandas"):
        detail = f"{cost(library)}, equal to ours"
        yield Figure(f"the same by {library}", beside(library, "canonical"), TIMES, None, detail)


def first_uses(config: Path, cache: Path, *, repeat: int) -> Iterator[Figure]:
    """What a viewer waits for who is the first to ask."""
    yardstick: list[dict[str, Any]] = []
    for name, changes in FIRST_USES.items():
        runs = []
        for _ in range(repeat):
            yardstick.append(fresh("query", config))
            runs.append(fresh("first_use", config, cache=str(cache), changes=changes))
        beside = median(a["seconds"] / b["seconds"] for a, b in zip(runs, yardstick[-repeat:], strict=True))
        detail = f"{beside:.1f} {TIMES} GROUP BY customer, peak {middle(runs, 'peak_mb'):.0f} MB"
        yield Figure(f"first use: {name}", middle(runs), "s", 2, detail)


def warm_tables(config: Path, cache: Path, *, repeat: int) -> Iterator[Figure]:
    """What everybody waits for, at every change."""
    runs = [fresh("variants", config, cache=str(cache)) for _ in range(repeat)]
    for name in runs[0]["times"]:
        value = median(run["times"][name] for run in runs)
        # Six tables in one, read when its panel is drawn.
        target = None if name == "definitions compared" else 0.1
        yield Figure(f"again: {name}", value, "s", target)
    yield Figure("again: peak memory", middle(runs, "peak_mb"), "MB")


def later_notebooks(config: Path, cache: Path, *, repeat: int) -> Iterator[Figure]:
    """Cadence, churn and scorecard: what the first viewer waits for, and everybody at a change."""
    yardstick, runs, opened = [], [], []
    for _ in range(repeat):
        yardstick.append(fresh("query", config))
        runs.append(fresh("later_notebooks", config, cache=str(cache), bare=True))
        opened.append(fresh("later_notebooks", config, cache=str(cache), bare=False))
    for name in runs[0]["first"]:
        beside = median(
            run["first"][name] / bare["seconds"] for run, bare in zip(runs, yardstick, strict=True)
        )
        value = median(run["first"][name] for run in runs)
        detail = f"{beside:.1f} {TIMES} GROUP BY customer"
        yield Figure(f"first: {name}", value, "s", 0.5, detail)
        yield Figure(f"opened: {name}", median(run["first"][name] for run in opened), "s", 0.5)
    for name in runs[0]["again"]:
        yield Figure(f"again: {name}", median(run["again"][name] for run in runs), "s", 0.1)
    yield Figure("again: peak memory", middle(runs, "peak_mb"), "MB")


def imports(config: Path, *, repeat: int) -> Iterator[Figure]:
    """What starting costs."""
    modules = {"retention_kit": 0.3, "retention_kit.workbook": None, "retention_kit.cli": None}
    for module, target in modules.items():
        runs = [fresh("imported", config, module=module) for _ in range(max(5, repeat))]
        yield Figure(f"import {module}", middle(runs), "s", target, f"{middle(runs, 'peak_mb'):.0f} MB")
