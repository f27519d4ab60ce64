"""A simulated shop as files: the tables, the dataset file that reads them, and the truth; all or nothing."""

import os
import tempfile
from datetime import date
from pathlib import Path

import duckdb

from retention_kit.data.engine import connect, literal
from retention_kit.data.simulation.shop import SimulatedShop
from retention_kit.errors import ParameterError, listing

__all__ = ["dataset_toml", "require_free", "write_simulation"]

_TOML = """\
# A shop that never was: {customers:,} customers drawn with seed {seed} by
#   retention simulate FOLDER --customers {customers} --seed {seed} --from {first_day} --to {last_day}
# Everything in it is known: shop/truth.json says what the draws follow and what estimates must come to.
schema = 1
title = "Simulated shop"
currency = "EUR"
time_zone = "Europe/Rome"
as_of = {last_day}
segments = ["country", "source"]  # beside product, channel and plan
grace_days = {grace_days}  # a subscription that pauses no longer than this has not ended
discount_rate = 0.08  # a year
target_grain = "month"  # the period that the targets are meant for

[targets]
retention_rate = 0.35
average_order_value = 60
net_promoter_score = 0.25
satisfaction = 0.75

[orders]
source = "shop/orders.csv"
{reading}
[orders.columns]
customer_id = "customer_id"
ordered_at = "ordered_at"
order_id = "order_id"
amount = "amount"
margin = "margin"
product = "category"
channel = "channel"

[customers]
source = "shop/customers.csv"
{reading}
[customers.columns]
customer_id = "customer_id"
source = "source"
acquisition_cost = "acquisition_cost"
joined_programme_at = "joined_programme_at"
consent = "consent"
country = "country"

[subscriptions]
source = "shop/subscriptions.csv"
{reading}
[subscriptions.columns]
customer_id = "customer_id"
started_at = "started_at"
ended_at = "ended_at"
plan = "plan"
amount = "amount"
billing_months = "billing_months"
reason = "reason"

[responses]
source = "shop/responses.csv"
{reading}
[responses.columns]
customer_id = "customer_id"
answered_at = "answered_at"
question = "question"
score = "score"
scale_min = "scale_min"
scale_max = "scale_max"
reason = "reason"
comment = "comment"

[complaints]
source = "shop/complaints.csv"
{reading}
[complaints.columns]
customer_id = "customer_id"
opened_at = "opened_at"
resolved_at = "resolved_at"
outcome = "outcome"

[assignments]
source = "shop/assignments.csv"
{reading}
[assignments.columns]
customer_id = "customer_id"
assigned_at = "assigned_at"
variant = "variant"
"""
_READING = 'delimiter = ","\ndecimal = "."\ndate_order = "ymd"\n'


def write_simulation(shop: SimulatedShop, folder: Path) -> Path:
    """Write ``shop.toml`` and the folder ``shop`` of its files into a folder, and return the former.

    Parameters
    ----------
    shop : SimulatedShop
        What to write.
    folder : Path
        Made when it does not exist.

    Raises
    ------
    ParameterError
        When the folder holds a ``shop`` or ``shop.toml`` already, or cannot be written to; nothing is
        left behind then.
    """
    require_free(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".simulated-", dir=folder) as made:
            fresh = Path(made) / "shop"
            fresh.mkdir()
            _write_tables(shop, fresh)
            (fresh / "truth.json").write_text(shop.truth.to_json(), encoding="utf-8", newline="\n")
            settings = Path(made) / "shop.toml"
            settings.write_text(dataset_toml(shop), encoding="utf-8", newline="\n")
            os.rename(fresh, folder / "shop")
            try:
                os.rename(settings, folder / "shop.toml")
            except OSError:
                os.rename(folder / "shop", fresh)
                raise
    except (OSError, duckdb.IOException) as error:
        # The engine's message is JSON with a path in it; Python's is a word or two.
        reason = f": {error.strerror}." if isinstance(error, OSError) else "; is the disk full?"
        raise ParameterError(
            f"{folder} cannot be written to{reason}", todo="Choose another folder."
        ) from None
    return folder / "shop.toml"


def require_free(folder: Path) -> None:
    """Raise `ParameterError` when ``folder`` holds a ``shop`` or ``shop.toml`` already."""
    taken = [name for name in ("shop", "shop.toml") if os.path.lexists(folder / name)]
    if taken:
        raise ParameterError(
            f"{folder} holds {listing(taken)} already.", todo="Choose another folder, or remove them."
        )


def dataset_toml(shop: SimulatedShop) -> str:
    """Return the text of the dataset file that reads the shop's files."""
    truth = shop.truth
    text = _TOML.format(
        customers=truth.customers,
        seed=truth.seed,
        first_day=truth.first_day,
        last_day=truth.last_day,
        grace_days=truth.parameters.contracts.grace_days,
        reading=_READING,
    )
    return text + "".join(_mark(day, label) for day, label in shop.events)


def _mark(day: date, label: str) -> str:
    return f'\n[[events.marks]]\ndate = {day}\nlabel = "{label}"\n'


def _write_tables(shop: SimulatedShop, folder: Path) -> None:
    # One thread and the order of the rows: the same tables give the same bytes.
    with connect(folder, scratch=folder, threads=1) as connection:
        for name, table in shop.tables.items():
            connection.register("rows", table)
            target = literal(folder / f"{name}.csv")
            connection.execute(f"COPY (FROM rows) TO {target} (FORMAT csv, HEADER, DELIMITER ',')")
            connection.unregister("rows")
