"""Purchase models: how long fits and forecasts take, beside clvkit, and how often intervals hold.

clvkit is not among the requirements: ``RETENTION_CLVKIT`` names a Python that has it.
"""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from tests.benchmarks.figures import ROOT, TIMES, Figure

if TYPE_CHECKING:
    import numpy as np

__all__ = ["coverage", "everything", "fits", "summaries"]

_DAYS = 730
_TRUTH = {"r": 0.5, "alpha": 45.0, "a": 0.8, "b": 2.4}  # days
_SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}
_SHOPS, _CUSTOMERS, _LAW_DRAWS = 200, 3000, 200
_CLVKIT = """
import json, sys, time
import numpy as np, pandas as pd
from clvkit import BGNBD, CustomerBase
found = np.load(sys.argv[1])
each = np.repeat(np.arange(len(found["n"])), found["n"])
frame = pd.DataFrame({name: found[name][each].astype(float) for name in ("frequency", "recency", "T")})
frame.index.name = "customer_id"
base = CustomerBase(frame, time_unit=str(found["unit"]), observation_period_end=pd.Timestamp("2025-12-31"),
                    has_monetary=False, on_negative="raise")
start = time.perf_counter()
model = BGNBD().fit(base)
print(json.dumps({"seconds": time.perf_counter() - start, "height": model.log_likelihood_}))
"""


def everything(config: Path, cache: Path, *, repeat: int) -> Iterator[Figure]:
    """All that is measured here."""
    yield from summaries(config, cache, repeat=repeat)
    yield from fits(repeat=repeat)
    yield from coverage()


def fits(*, repeat: int, most: int = 1_000_000) -> Iterator[Figure]:
    """Fits and forecasts of simulated shops from ten thousand customers up, on distinct histories."""
    cost = {}
    for customers in (size for size in (10_000, 100_000, 1_000_000, 10_000_000) if size <= most):
        rows, spend = _shop(customers)
        found = _timed(rows, spend, repeat)
        name = f"{customers:,} customers"
        large = customers == 1_000_000
        detail = f"{rows.frequency.size:,} distinct histories; BG/NBD {found.purchases:.2f} s"
        yield Figure(f"fit both, {name}", found.purchases + found.spend, "s", 2 if large else None, detail)
        detail = f"P(alive) alone {found.alive:.3f} s"
        yield Figure(f"score a year, {name}", found.scored, "s", 1 if large else None, detail)
        cost[customers] = (found.purchases + found.spend + found.scored) / customers * 1e6
        if customers in (10_000, 1_000_000):
            yield from _beside_clvkit(name, rows, found)
    detail = ", ".join(f"{customers:,}: {each:.2f} µs" for customers, each in cost.items())
    yield Figure(
        "cost per customer, largest to smallest", cost[max(cost)] / cost[min(cost)], TIMES, 1, detail
    )
    yield from _beside_clvkit("CDNOW", *_cdnow(repeat))


def summaries(config: Path, cache: Path, *, repeat: int) -> Iterator[Figure]:
    """The summary of the large shop, beside the engine's own count of orders per customer."""
    from retention_kit import open_dataset
    from retention_kit.data.ledger import open_ledger
    from retention_kit.measures.purchase_summary import purchase_summary

    data = open_dataset(config, cache=cache)
    start = time.perf_counter()
    found = purchase_summary(data, unit="day")
    yield Figure("purchase summary, first time or from its file", time.perf_counter() - start, "s")
    ledger = open_ledger(data)
    yardstick = (
        "SELECT count(*) AS n FROM (SELECT customer_id, count(*) AS n FROM orders GROUP BY customer_id)"
    )
    times: list[tuple[float, float]] = []
    for _ in range(repeat):
        marks = [time.perf_counter()]
        ledger.query(yardstick)
        marks.append(time.perf_counter())
        purchase_summary(data, unit="day")
        marks.append(time.perf_counter())
        times.append((marks[1] - marks[0], marks[2] - marks[1]))
    detail = f"{median(ours for _, ours in times):.2f} s, {found.customers:,} customers in "
    detail += f"{found.rows.frequency.size:,} histories"
    ratio = median(ours / theirs for theirs, ours in times)
    yield Figure("purchase summary beside GROUP BY customer", ratio, TIMES, None, detail)


def coverage(*, shops: int = _SHOPS) -> Iterator[Figure]:
    """How often intervals of 95 % hold the truth, where the model is true, and where it is not."""
    for name, live in (("BG/NBD", _lived), ("Pareto/NBD", _pareto_lived), ("BG/NBD with season", _seasonal)):
        held = _held(live, shops, known=live is _lived)
        for what, share in held.items():
            verdict = None if live is not _lived else ("met" if 0.90 <= share <= 0.98 else "MISSED")
            detail = "target 90 to 98 %" + (f": {verdict}" if verdict else "; the model is not true here")
            yield Figure(f"intervals hold, {name}: {what}", 100 * share, "%", None, detail)


@dataclass(frozen=True)
class _Times:
    purchases: float
    spend: float
    scored: float
    alive: float
    height: float


def _timed(rows: Any, spend: Any, repeat: int) -> _Times:
    from retention_kit.models.purchase_fitting import purchase_fit
    from retention_kit.models.purchase_value import discounted_purchases
    from retention_kit.models.spend_fitting import spend_fit

    runs = []
    for _ in range(repeat):
        marks = [time.perf_counter()]
        fit = purchase_fit(rows)
        marks.append(time.perf_counter())
        spend_fit(spend)
        marks.append(time.perf_counter())
        histories = rows.frequency, rows.recency, rows.age
        discounted_purchases(fit, 12, *histories, annual_rate=0.1)
        marks.append(time.perf_counter())
        fit.probability_alive(*histories)
        marks.append(time.perf_counter())
        runs.append([after - before for before, after in pairwise(marks)])
    return _Times(*(median(run[part] for run in runs) for part in range(4)), fit.log_likelihood)


def _beside_clvkit(name: str, rows: Any, found: _Times) -> Iterator[Figure]:
    import numpy as np

    python = os.environ.get("RETENTION_CLVKIT")
    if not python:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.npz"
        times = {"frequency": rows.frequency, "recency": rows.recency, "T": rows.age, "n": rows.customers}
        np.savez(path, **times, unit=rows.unit[0].upper())
        done = subprocess.run(
            [python, "-c", _CLVKIT, str(path)], stdout=subprocess.PIPE, text=True, check=True
        )
    theirs = json.loads(done.stdout)
    apart = abs(theirs["height"] / found.height - 1)
    detail = f"{theirs['seconds']:.2f} s; log-likelihood {theirs['height']:.3f}, ours {found.height:.3f}"
    yield Figure(f"BG/NBD by clvkit, {name}", theirs["seconds"] / found.purchases, TIMES, None, detail)
    yield Figure(f"log-likelihoods apart, {name}, parts per million", apart * 1e6, "ppm", 1)


def _cdnow(repeat: int) -> tuple[Any, _Times]:
    from retention_kit import open_dataset
    from retention_kit.measures.purchase_summary import purchase_summary

    summary = purchase_summary(
        open_dataset(ROOT / "sample_data" / "cdnow.toml"), calibration_end=date(1997, 9, 30)
    )
    return summary.rows, _timed(summary.rows, summary.spend_rows, repeat)


def _shop(customers: int) -> tuple[Any, Any]:
    """Distinct histories in days, and sums spent, of a shop that lived two years."""
    import numpy as np

    rng = np.random.default_rng(customers)
    ages = rng.integers(1, _DAYS, customers)
    counted = _counted_days(rng, ages)
    x, recency = counted[:, 0], counted[:, 1]
    histories, n = np.unique((x << 32) | (recency << 16) | ages, return_counts=True)
    rows = SimpleNamespace(
        frequency=histories >> 32,
        recency=(histories >> 16 & 0xFFFF).astype(float),
        age=(histories & 0xFFFF).astype(float),
        customers=n,
        unit="day",
    )
    again = x[x > 0]
    rate = rng.gamma(_SPEND["q"], 1 / _SPEND["v"], again.size)
    cents = np.maximum(np.rint(rng.gamma(_SPEND["p"] * again) / rate * 100), 1).astype(np.int64)
    sums, n = np.unique((again << 40) | np.minimum(cents, (1 << 40) - 1), return_counts=True)
    return rows, SimpleNamespace(frequency=sums >> 40, spend=(sums & ((1 << 40) - 1)) / 100, customers=n)


def _counted_days(rng: "np.random.Generator", ages: "np.ndarray") -> "np.ndarray":
    """x and recency in days, purchases of a day merged."""
    import numpy as np

    rate = rng.gamma(_TRUTH["r"], 1 / _TRUTH["alpha"], ages.size)
    leave = rng.beta(_TRUTH["a"], _TRUTH["b"], ages.size)
    now, found = np.zeros(ages.size), np.zeros((ages.size, 2), dtype=np.int64)
    there = np.arange(ages.size)
    while there.size:
        now[there] += rng.exponential(1 / np.maximum(rate[there], 1e-12))
        there = there[now[there] <= ages[there]]
        day = np.ceil(now[there]).astype(np.int64)
        found[there, 0] += day > found[there, 1]
        found[there, 1] = day
        there = there[rng.random(there.size) >= leave[there]]
    return found


_HOLDOUT = 20.0  # weeks
_TRUE = {"r": 0.6, "alpha": 6.0, "a": 0.9, "b": 2.5}  # weeks
Lived = Callable[["np.random.Generator", "np.ndarray"], Any]


def _held(live: Lived, shops: int, *, known: bool) -> dict[str, float]:
    """Share of shops in which each interval of 95 % holds what it should."""
    import numpy as np

    from retention_kit.models.purchase_fitting import purchase_fit
    from retention_kit.models.purchase_rows import PurchaseHistories
    from retention_kit.models.spend_fitting import spend_fit

    hits: dict[str, list[bool]] = {}
    for shop in range(shops):
        rng = np.random.default_rng([17, shop])
        ages = rng.integers(100, 273, _CUSTOMERS) / 7
        x, recency, later = live(rng, ages)
        fit = purchase_fit(PurchaseHistories(x, recency, ages, np.ones(x.size, dtype=np.int64)))
        if known:
            for name, (low, high) in fit.parameter_intervals().items():
                hits.setdefault(name, []).append(low <= _TRUE[name] <= high)
        laws = fit.laws(_LAW_DRAWS, rng=rng)
        drawn = [law.simulated_purchases(_HOLDOUT, x, recency, ages, rng=rng).sum() for law in laws]
        low, high = np.quantile(drawn, [0.025, 0.975])
        hits.setdefault("purchases held out", []).append(bool(low <= later.sum() <= high))
        again = x[x > 0]
        rate = rng.gamma(_SPEND["q"], 1 / _SPEND["v"], again.size)
        spent = rng.gamma(_SPEND["p"] * again) / rate
        one = SimpleNamespace(frequency=again, spend=spent, customers=np.ones(again.size, dtype=np.int64))
        low, high = spend_fit(one).mean_interval()
        mean = _SPEND["p"] * _SPEND["v"] / (_SPEND["q"] - 1)
        hits.setdefault("mean spend", []).append(bool(low <= mean <= high))
    return {name: sum(found) / len(found) for name, found in hits.items()}


def _lived(rng: "np.random.Generator", ages: "np.ndarray") -> Any:
    from tests.models.purchase_oracle import lived

    return lived(rng, ages.size, **_TRUE, first=0, ages=ages, horizon=_HOLDOUT)


def _pareto_lived(rng: "np.random.Generator", ages: "np.ndarray") -> Any:
    """Customers leave at a time of their own, whether they buy or not: Pareto/NBD."""
    import numpy as np

    rate, death = rng.gamma(0.6, 1 / 9.0, ages.size), rng.gamma(0.6, 1 / 11.0, ages.size)
    life = rng.exponential(1 / np.maximum(death, 1e-12))
    now, there = np.zeros(ages.size), np.arange(ages.size)
    x, later, recency = np.zeros(ages.size, dtype=int), np.zeros(ages.size, dtype=int), np.zeros(ages.size)
    while there.size:
        now[there] += rng.exponential(1 / np.maximum(rate[there], 1e-12))
        there = there[now[there] <= np.minimum(life, ages + _HOLDOUT)[there]]
        seen = now[there] <= ages[there]
        x[there] += seen
        later[there] += ~seen
        recency[there[seen]] = now[there[seen]]
    return x, recency, later


def _seasonal(rng: "np.random.Generator", ages: "np.ndarray") -> Any:
    """BG/NBD with a year whose last quarter sells double, so that the hold-out is another season."""
    import numpy as np

    from tests.models.purchase_oracle import lived

    # Everybody's clock runs faster in the season; ages are turned into that clock and back.
    weeks = np.linspace(0, 80, 8001)
    pace = 1 + 0.6 * np.sin(2 * np.pi * weeks / 52)
    clock = np.concatenate([[0.0], np.cumsum((pace[1:] + pace[:-1]) / 2 * np.diff(weeks))])
    end = 39.0
    begins = end - ages

    def run(times: "np.ndarray") -> "np.ndarray":
        return np.interp(begins + times, weeks, clock) - np.interp(begins, weeks, clock)

    own = run(ages)
    ahead = float(np.interp(end + _HOLDOUT, weeks, clock) - np.interp(end, weeks, clock))
    x, recency, later = lived(rng, ages.size, **_TRUE, first=0, ages=own, horizon=ahead)
    shown = np.interp(recency + np.interp(begins, weeks, clock), clock, weeks) - begins
    return x, np.where(x > 0, np.clip(shown, 1e-9, ages), 0.0), later
