"""A dataset described in words: size, span, gaps and oddities."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from retention_kit.data.accounting import Accounting
from retention_kit.data.dataset import Dataset
from retention_kit.data.engine import connect, literal

__all__ = ["Profile", "profile"]

LARGE_SHARE = 0.1  # of all orders, beyond which one customer id is likely no customer


@dataclass(frozen=True)
class Profile:
    """What a dataset holds, as text, and what is odd about it."""

    text: str
    oddities: tuple[str, ...]


def profile(dataset: Dataset) -> Profile:
    """Return a dataset's description: where its rows went, its span, its longest gap, its oddities."""
    accounting, gap, odd = dataset.accounting, "", []
    if dataset.orders and accounting:
        with (
            dataset.store.scratch() as scratch,
            connect(dataset.orders.parent, scratch=scratch) as connection,
        ):
            gap = _longest_gap(connection, dataset.orders)
            odd = _oddities(connection, dataset, dataset.orders, accounting)
    as_of = f"as of {dataset.as_of}"
    if dataset.as_of_inferred:
        day = "day of the last order" if accounting else "day on which the last subscription started"
        as_of += f" (the {day}; set as_of to the day the data were exported)"
    told = accounting.notes if accounting else ()
    lines = [
        f"{dataset.title}: {as_of}, days in {dataset.time_zone}",
        *(accounting.lines() if accounting else []),
        gap,
        *(f"odd: {oddity}" for oddity in odd if oddity not in told),
        *(line for table in dataset.accountings.values() for line in table.lines()),
    ]
    odd += [f"{table.table}: {note}" for table in dataset.accountings.values() for note in table.notes]
    return Profile("\n".join(line for line in lines if line), tuple(odd))


def _longest_gap(connection: duckdb.DuckDBPyConnection, orders: Path) -> str:
    found = connection.execute(
        "SELECT ordered_day, next_day, next_day - ordered_day AS days FROM ("
        " SELECT ordered_day, lead(ordered_day) OVER (ORDER BY ordered_day) AS next_day FROM"
        f" (SELECT DISTINCT ordered_day FROM read_parquet({literal(orders)})))"
        " WHERE next_day IS NOT NULL ORDER BY days DESC, ordered_day LIMIT 1"
    ).fetchall()
    if not found or found[0][2] < 2:
        return ""
    first, last, days = found[0]
    return f"longest time without an order: {days - 1:,} days, between {first} and {last}"


def _oddities(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, path: Path, accounting: Accounting
) -> list[str]:
    orders = f"read_parquet({literal(path)})"
    odd = list(accounting.notes)
    if accounting.anonymous:
        odd.append(f"{accounting.anonymous / accounting.rows_read:.1%} of the rows have no customer")
    if dataset.has_amount:
        free = connection.execute(f"SELECT count(*) FROM {orders} WHERE amount = 0").fetchall()[0][0]
        if free:
            odd.append(f"orders with an amount of zero: {free:,}; they count as orders")
    else:
        odd.append("no column holds amounts: orders and customers are counted, money is not")
    most = connection.execute(
        f"SELECT customer_id::VARCHAR, count(*) FROM {orders} GROUP BY customer_id ORDER BY 2 DESC, 1 LIMIT 1"
    ).fetchall()[0]
    if accounting.customers > 1 and accounting.orders >= 50 and most[1] > LARGE_SHARE * accounting.orders:
        share = most[1] / accounting.orders
        odd.append(f"customer {most[0]!r} has {share:.0%} of all orders; is it a till, or guests?")
    if accounting.customers == 1:
        odd.append("all orders are of one customer")
    elif accounting.customers == accounting.orders and accounting.orders >= 20:
        odd.append("no customer has a second order; is customer_id mapped to the order's number?")
    if accounting.first_day == accounting.last_day:
        odd.append("all orders are of one day")
    return odd
