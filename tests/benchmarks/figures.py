"""Measurements in fresh processes, and the table they are printed in."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

__all__ = ["TIMES", "Figure", "fresh", "middle", "printed"]

TIMES = "\N{MULTIPLICATION SIGN}"
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Figure:
    """One line of the table; a target is an upper limit of the figure, in its own unit."""

    name: str
    value: float
    unit: str
    target: float | None = None
    detail: str = ""

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        return "met" if self.value <= self.target else "MISSED"


def fresh(task: str, config: Path, **options: Any) -> dict[str, Any]:
    """Run one task in a process of its own, and return its seconds, peak memory and findings."""
    asked = json.dumps({"task": task, "config": str(config), **options})
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.tasks", asked],
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def middle(runs: Sequence[dict[str, Any]], key: str = "seconds") -> float:
    """The median over runs."""
    return median(run[key] for run in runs)


def printed(figures: Sequence[Figure]) -> str:
    """The table: what, how much, the target, whether it is met."""
    rows = [("", "measured", "target", "", "")]
    for one in figures:
        target = f"≤ {one.target:g} {one.unit}" if one.target is not None else ""
        digits = 0 if one.unit in ("MB", "ms") and one.value >= 10 else 2
        rows.append((one.name, f"{one.value:,.{digits}f} {one.unit}", target, one.verdict, one.detail))
    a, b, c, d = (max(len(row[i]) for row in rows) for i in range(4))
    lines = (f"{row[0]:{a}}  {row[1]:>{b}}  {row[2]:>{c}}  {row[3]:{d}}  {row[4]}".rstrip() for row in rows)
    return "\n".join(lines)
