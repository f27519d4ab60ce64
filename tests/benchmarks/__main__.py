"""Measure the product and print one table: ``python -m tests.benchmarks [part ...]``.

Generated data stay in the user's cache folder, or in the folder ``RETENTION_BENCH`` names.
"""

import argparse
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from platformdirs import user_cache_path

from tests.benchmarks import engine, lifetime, orders, pages
from tests.benchmarks.figures import Figure, printed
from tests.benchmarks.panels import panels


def main() -> None:
    """Measure the parts asked for, all by default."""
    folder = Path(os.environ.get("RETENTION_BENCH") or user_cache_path("retention_kit_benchmarks"))
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    engines = ("imports", "tables", "first", "again", "later", "lifetime")
    names = (*engines, "pages", "pictures", "changes", "panels")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"one of {', '.join(names)}; all by default")
    parser.add_argument("--orders", type=int, default=10_000_000, help="orders of the large shop")
    parser.add_argument("--repeat", type=int, default=3, help="rounds, of which the median is shown")
    chosen = parser.parse_args()
    if unknown := set(chosen.parts) - set(names):
        parser.error(f"there is no part {', '.join(unknown)}; choose from {', '.join(names)}")
    config = orders.written(folder, orders=chosen.orders)
    cache = folder / "cache"
    cache.mkdir(exist_ok=True)
    repeat = chosen.repeat
    parts: dict[str, Callable[[], Iterable[Figure]]] = {
        "imports": lambda: engine.imports(config, repeat=repeat),
        "tables": lambda: engine.large_tables(config, cache, repeat=repeat),
        "first": lambda: engine.first_uses(config, cache, repeat=repeat),
        "again": lambda: engine.warm_tables(config, cache, repeat=repeat),
        "later": lambda: engine.later_notebooks(config, cache, repeat=repeat),
        "lifetime": lambda: lifetime.everything(config, cache, repeat=repeat),
        "pages": lambda: pages.openings(cache, repeat=max(5, repeat)),
        "pictures": lambda: pages.pictures(repeat=max(5, repeat)),
        "changes": lambda: pages.changes(config, cache, repeat=20),
        "panels": lambda: panels(config, cache, repeat=max(5, repeat)),
    }
    for name in chosen.parts or names:
        # Part by part: half an answer is better than none when a later part fails.
        print(printed(list(parts[name]())), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
