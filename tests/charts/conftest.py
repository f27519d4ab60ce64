"""Shops as opened datasets, and their cohort tables."""

import sys
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

import shops

from retention_kit import cohort_table, open_dataset


def one_customer(folder):
    return shops.write_shop(folder, shops.orders(customers=1, months=(1,)), name="one")


def two_customers(folder):
    return shops.write_shop(folder, shops.orders(customers=2, months=(1,)), name="two")


def just_opened(folder):
    return shops.write_shop(folder, shops.orders(customers=9, months=(6,)), name="new")


def getting_better(folder):
    return shops.write_shop(folder, shops.orders(newer_come_back=True), name="better")


def wholesaler(folder):
    amounts = {0: "12345.00", 1: "2000000.00", 2: "3000000000.00"}
    rows = [
        {**row, "amount": amounts[number % 3]}
        for number, row in enumerate(shops.orders(customers=3, months=(1, 2, 4)))
    ]
    return shops.write_shop(folder, rows, name="rich")


def never_together(folder):
    """Web customers are new in June only, those of the store in January only."""
    rows = shops.orders(customers=10, names=("store",), months=(1,))
    rows += shops.orders(customers=10, names=("web",), months=(6,))
    return shops.write_shop(folder, rows, name="apart")


def getting_worse(folder):
    rows = shops.orders(newer_come_back=True)
    new = {row["customer"]: row["customer"][:2] >= "04" for row in rows}
    rows = [row for row in rows if not new[row["customer"]] or row["day"][5:7] == row["customer"][:2]]
    return shops.write_shop(folder, rows, name="worse")


def one_new_customer_a_day(folder):
    days = [shops.AS_OF - timedelta(days=ago) for ago in range(129, -1, -1)]
    rows = [
        {"customer": f"{first}", "day": day.isoformat(), "amount": "9.50", "channel": f"at {first}"}
        for first in days
        for day in {first, max(first, shops.AS_OF - timedelta(days=3))}
    ]
    return shops.write_shop(folder, rows, name="daily")


def at_a_loss(folder):
    rows = [{**row, "earned": "-3.00"} for row in shops.orders(customers=9)]
    path = shops.write_shop(folder, rows, name="loss")
    path.write_text(
        path.read_text("utf-8").replace('amount = "amount"', 'amount = "amount"\nmargin = "earned"')
    )
    return path


SHOPS = {
    "shop": shops.write_shop,
    "one": one_customer,
    "two": two_customers,
    "new": just_opened,
    "better": getting_better,
    "rich": wholesaler,
    "apart": never_together,
    "worse": getting_worse,
    "loss": at_a_loss,
    "nasty": shops.nasty_shop,
    "daily": one_new_customer_a_day,
}


@pytest.fixture(scope="session")
def opened(tmp_path_factory):
    """A function that opens one of the shops."""

    @cache
    def opened_shop(name):
        return open_dataset(SHOPS[name](tmp_path_factory.mktemp(name)))

    return opened_shop


@pytest.fixture(scope="session")
def table(opened):
    """A function that gives a shop's cohort table."""

    @cache
    def made(name="shop", **changes):
        return cohort_table(opened(name), **changes)

    return made
