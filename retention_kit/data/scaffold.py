"""From a data file to a dataset file: guessed, commented, checked, and only then written."""

import json
import os
import shlex
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from retention_kit.data.config import DatasetConfig
from retention_kit.data.dataset import opened_dataset
from retention_kit.data.mapping import guessed_config
from retention_kit.data.profile import profile
from retention_kit.data.publish import Inputs
from retention_kit.data.reading import source_files
from retention_kit.data.resolve import nested
from retention_kit.data.source_settings import Orders
from retention_kit.errors import ParameterError

__all__ = ["Scaffold", "init_dataset"]

_TEMPLATE = """\
# Dataset file of the retention workbook; every key is explained where it stands.
# Made from {source} by `retention init`: check the columns and the as-of date, then open it.
schema = 1
title = {title}
currency = {currency}  # ISO code; empty: amounts are shown without one
time_zone = {time_zone}  # whose days are counted; times without an offset are read as this zone's
{as_of}
first_weekday = {first_weekday}
fiscal_year_start = {fiscal_year_start}  # month in which the year starts, 1 to 12
max_loss = {max_loss}  # share of rows that may be dropped before opening stops
# What a refund (a negative amount) reduces: its own order, and then
#   latest_order  the customer's earlier orders, the newest first; refunds beyond them are counted
#   same_order    nothing else; a refund without an order of its own is dropped and counted
# drop leaves every refund out. An order refunded in full does not count as an order.
refunds = {refunds}
duplicates = {duplicates}  # rows that repeat another exactly: keep or drop
segments = {segments}  # further columns to compare customers by; see [orders.columns]
{margin}
# churn_threshold_days = 90  # silence after which a customer has left; unset: the data suggest it
# measuring_window_days = 180  # unset: three purchase cycles
# grace_days = 7  # a subscription that starts so soon after the last one ended continues it
# discount_rate = 0.1  # a year, 0 to 1

[orders]
source = {path}  # path or glob, from this file's folder
{reading}cancelled_statuses = {cancelled}  # with a status column: orders that do not count

[orders.columns]  # our name = the file's name
{columns}

# Further tables, each with a source of its own, written and mapped as the orders are. Take the "# " away
# from those you have, name your columns, and leave out what is missing.
#
# [customers]
# source = "customers.csv"
# [customers.columns]  # any further name = ... is an attribute to compare customers by
# customer_id = "customer"
# source = "came from"  # referral, campaign, ...
# acquisition_cost = "cost"
# joined_programme_at = "member since"
# consent = "newsletter"
#
# [subscriptions]  # one row per customer and span; a change of plan ends one and starts the next
# source = "subscriptions.csv"
# billing_months = 12  # with amount: the months that it pays for; or a column (12, year), or monthly_amount
# [subscriptions.columns]
# customer_id = "customer"
# started_at = "start"
# ended_at = "end"  # the first day without it; empty while it runs
# plan = "plan"
# amount = "price"
# reason = "reason for leaving"
#
# [responses]  # answers to surveys
# source = "survey.csv"
# question = "nps"  # for all rows; or a column. The scale of nps is 0 to 10, of csat 1 to 5
# [responses.columns]
# customer_id = "customer"
# answered_at = "date"
# score = "score"
# comment = "comment"
#
# [complaints]
# source = "complaints.csv"
# [complaints.columns]
# customer_id = "customer"
# opened_at = "opened"
# resolved_at = "resolved"
# outcome = "outcome"
#
# [assignments]  # of an experiment
# source = "experiment.csv"
# [assignments.columns]
# customer_id = "customer"
# assigned_at = "date"
# variant = "variant"
#
# [targets]  # metric = number
# retention_rate = 0.4
"""


@dataclass(frozen=True)
class Scaffold:
    """A dataset file written: where, its text, the profile of what it opens, and what to run next."""

    path: Path
    toml: str
    profile: str
    next_command: str


def init_dataset(
    source: Path | str,
    *,
    out: Path | None = None,
    settings: Mapping[str, str] = MappingProxyType({}),
    overwrite: bool = False,
    cache: Path | None = None,
) -> Scaffold:
    """Write a dataset file for a data file, guessing how it is written and which column is which.

    Parameters
    ----------
    source : Path or str
        CSV, TSV, Excel or Parquet file, or a glob.
    out : Path, optional
        File to write; by default beside the source, with the ending .toml.
    settings : mapping
        Keys of the dataset file that decide what the data leave open, such as
        ``{"date_order": "dmy", "amount": "Total"}``.
    overwrite : bool
        Whether an existing file may be replaced.
    cache : Path, optional
        Folder for derived files.

    Raises
    ------
    ChoiceError
        When the data allow several readings; it names the key and its choices.
    DataError
        When the source cannot be read or used.
    ParameterError
        When a setting is not allowed, or the file to write exists.
    """
    files = source_files(str(source), Path())
    out = out or files[0].with_suffix(".toml")
    if out.exists() and not overwrite:
        raise ParameterError(
            f"{out.name} exists.", todo="Choose another name with --out, or replace it with --overwrite."
        )
    folder = out.parent.resolve()
    named = _relative(str(source), folder)
    config = guessed_config(files, nested(settings), named=named)
    inputs = Inputs(out.stem, config, {"orders": files})
    dataset = opened_dataset(inputs, cache=cache)
    toml = dataset_toml(config, fallback_title=files[0].stem)
    _write_whole(out, toml)
    return Scaffold(out, toml, profile(dataset).text, f"retention lab {shlex.quote(str(out))}")


def dataset_toml(config: DatasetConfig, *, fallback_title: str = "") -> str:
    """Return a configuration as the commented text of a dataset file."""
    orders = config.orders or Orders()
    keys = ("sheet", "encoding", "delimiter", "decimal", "date_order")
    reading = "".join(f"{key} = {_text(getattr(orders, key))}\n" for key in keys if getattr(orders, key))
    columns = {key: str(name) for key, name in orders.columns.model_dump().items() if name}
    if "amount" not in columns and "unit_price" not in columns:
        lines = '# amount = "..."  # no amounts: orders count as use, and money is not shown\n'
    else:
        lines = ""
    lines += "\n".join(f"{_key(key)} = {_text(name)}" for key, name in columns.items())
    as_of = f"as_of = {config.as_of}" if config.as_of else "# as_of = 2024-12-31  # last day that is complete"
    margin = f"margin = {config.margin}" if config.margin else "# margin = 0.4  # gross margin, as a share"
    return _TEMPLATE.format(
        source=_comment(Path(orders.source).name),
        title=_text(config.title or fallback_title),
        currency=_text(config.currency),
        time_zone=_text(config.time_zone),
        as_of=as_of,
        first_weekday=_text(config.first_weekday),
        fiscal_year_start=config.fiscal_year_start,
        max_loss=config.max_loss,
        refunds=_text(config.refunds),
        duplicates=_text(config.duplicates),
        segments=f"[{', '.join(map(_text, config.segments))}]",
        margin=margin,
        path=_text(orders.source),
        reading=reading,
        cancelled=f"[{', '.join(map(_text, orders.cancelled_statuses))}]",
        columns=lines,
    )


def _relative(source: str, folder: Path) -> str:
    path = Path(source).expanduser().absolute()
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # on another drive there is no relative path
        return path.as_posix()


def _text(value: str) -> str:
    # JSON's escapes are TOML's; DEL is the one character that only TOML forbids.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").isalnum() else _text(name)


def _comment(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _write_whole(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A folder of its own, not a private file: the dataset file is to be as readable as any other.
    with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
        fresh = Path(folder) / path.name
        fresh.write_text(text, encoding="utf-8", newline="\n")
        os.replace(fresh, path)
