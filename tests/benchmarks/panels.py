"""A change of a control on each notebook's page: until the chart in sight is new, and until all is."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.benchmarks.figures import ROOT, Figure
from tests.benchmarks.pages import _browser, _kernel_memory_mb, _served, _wait_until_ended

__all__ = ["panels"]

# Notebook and dataset; what is changed, to which values in turn, and the question beside the chart looked at.
_CHANGED = (
    ("01_cohorts", "cdnow", "Retained means", ("unbounded", "streak", "bounded"), "How many come back?"),
    ("01_cohorts", "shop", "Customers with", ("channel = web", "channel = app"), "How many come back?"),
    ("02_scorecard", "cdnow", "Period of", ("1998-03-15", "1998-05-15"), "Who moved where?"),
    ("02_scorecard", "shop", "Period of", ("2024-05-15", "2024-08-15"), "Who moved where?"),
    ("03_churn_curves", "cdnow", "Left after, days", ("60", "90", "120"), "How long do customers stay?"),
    ("03_churn_curves", "shop", "Left after, days", ("60", "90", "120"), "How long do customers stay?"),
    ("04_lifetime_value", "cdnow", "Horizon, months", ("6", "24", "36"), "Who holds the value?"),
    ("04_lifetime_value", "shop", "Horizon, months", ("6", "24", "36"), "Who holds the value?"),
    ("05_what_if", "shop", "Saved, high", ("0.2", "0.25", "0.3"), "How sure is that?"),
    ("05_what_if", "shop", "Horizon, months", ("6", "24", "36"), "How sure is that?"),
    ("05_what_if", "large", "Saved, high", ("0.2", "0.25", "0.3"), "How sure is that?"),
    ("05_what_if", "large", "Margin", ("0.3", "0.4", "0.5"), "How sure is that?"),
)
# The question is scrolled to, its control set by its event, and every change of the page is timed until there
# were none for a while.
_CHANGE = """
async ([name, value, question]) => {
  const label = [...document.querySelectorAll("label")].find((one) => one.textContent === name);
  const control = label.parentElement.querySelector("select, input");
  const heading = [...document.querySelectorAll("h2")].find((one) => one.textContent.startsWith(question));
  (heading ?? document.body).scrollIntoView();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const inSight = (node) => {
    const { top, bottom } = node.getBoundingClientRect();
    return top < innerHeight && bottom > 0;
  };
  const start = performance.now();
  let first = 0, last = 0, drawn = 0;
  const observer = new MutationObserver((changes) => {
    last = performance.now() - start;
    for (const { attributeName, target } of changes) {
      if (attributeName !== "data-drawn") continue;
      drawn += 1;
      if (!first && inSight(target)) first = last;
    }
  });
  observer.observe(document.querySelector("#rk-app-cells"), {
    attributes: true, characterData: true, childList: true, subtree: true,
  });
  control.value = [...(control.options ?? [])].find((one) => one.text === value)?.value ?? value;
  control.dispatchEvent(new Event("change", { bubbles: true }));
  while (!last || performance.now() - start < last + 700) {
    if (performance.now() - start > 20000) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  observer.disconnect();
  return [first, last, drawn];
}
"""


def panels(config: Path, cache: Path, *, repeat: int) -> Iterator[Figure]:
    """How long the notebooks take to follow a change of a control, and what their kernels weigh."""
    datasets = {name: ROOT / "sample_data" / f"{name}.toml" for name in ("cdnow", "shop")}
    datasets["large"] = config
    with _served(ROOT / "notebooks", datasets, cache) as (address, server), _browser() as page:
        folder = address.rsplit("/", 1)[0]
        for notebook, dataset, control, values, question in _CHANGED:
            page.goto(f"{folder}/{notebook}.ipynb?dataset={dataset}")
            page.wait_for_function("document.documentElement.dataset.rkState === 'live'", timeout=300_000)
            page.wait_for_timeout(1500)
            before = _kernel_memory_mb(server)
            name = f"{notebook[3:]}, {dataset}, {control}"
            seen: dict[str, list[tuple[float, float, int]]] = {"new": [], "again": []}
            for turn in range(len(values) * (repeat + 1)):
                value = values[turn % len(values)]
                found = page.evaluate(_CHANGE, [control, value, question])
                seen["new" if turn < len(values) else "again"].append(found)
            for kind, found in seen.items():
                first, last, drawn = (median(one[i] for one in found) for i in range(3))
                detail = f"all settled after {last:.0f} ms; {drawn:.0f} charts drawn"
                yield Figure(f"chart in sight, {kind}: {name}", first, "ms", 150, detail)
            after, shared = _kernel_memory_mb(server), _kernel_memory_mb(server, "pss")
            detail = f"{after:.0f} MB after the changes; {shared:.0f} MB with what is shared divided"
            yield Figure(f"viewer's kernel: {name}", before, "MB", None, detail)
            page.goto("about:blank")
            _wait_until_ended(server)
