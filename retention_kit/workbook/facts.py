"""The data behind a page, in sentences."""

from retention_kit import formats
from retention_kit.data.dataset import Dataset

__all__ = ["data_facts"]


def data_facts(dataset: Dataset) -> list[str]:
    """Return what a reader has to know about a dataset: size, span, as-of date, rows left out."""
    counted = dataset.accounting
    if counted is None:
        return [f"{dataset.title}: subscriptions from {dataset.first_day}, as of {dataset.as_of}."]
    people, orders = formats.plural(counted.customers, "customer"), formats.plural(counted.orders, "order")
    left = counted.rows_read - counted.kept
    were = "was" if left == 1 else "were"
    told = "every row was kept" if not left else f"{formats.count(left)} {were} netted, anonymous or left out"
    return [
        f"{dataset.title}: {people} and {orders} from {dataset.first_day}, as of {dataset.as_of}.",
        f"Of {formats.plural(counted.rows_read, 'row')}, {told}.",
    ]
