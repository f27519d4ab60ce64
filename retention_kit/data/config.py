"""What a dataset file may say: the schema of the TOML, checked strictly.

A dataset file names its sources, maps their columns to the canonical ones, and states everything
that is a decision rather than a fact: time zone, as-of date, refund policy, tolerated loss.
"""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from retention_kit.errors import DataError, ParameterError, did_you_mean

__all__ = ["CANONICAL", "DatasetConfig", "config_from", "load_config"]

CANONICAL = (
    "customer_id",
    "ordered_at",
    "order_id",
    "amount",
    "quantity",
    "unit_price",
    "margin",
    "currency",
    "status",
    "product",
    "channel",
)
RESERVED = {*CANONICAL, "ordered_day", "ordered_at_utc"} - {"product", "channel"}
CANCELLED = ("cancelled", "canceled", "voided", "failed", "refunded")

DateOrder = Literal["ymd", "dmy", "mdy"]
Refunds = Literal["latest_order", "same_order", "drop"]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError, but folders raise OSError
        raise ValueError("not a time zone; write it as Europe/Rome or UTC") from None
    except KeyError:
        raise ValueError("not a time zone; write it as Europe/Rome or UTC") from None
    return name


def _currency(code: str) -> str:
    if code and not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
        raise ValueError("write a three-letter ISO code such as EUR, or an empty text")
    return code


def _day(value: object) -> object:
    if value == "":
        return None
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError("write a day as YYYY-MM-DD, such as 2024-12-31") from None
    if isinstance(value, datetime):
        raise ValueError("write a day, YYYY-MM-DD, without a time")
    return value


def _rate(value: object) -> object:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


Day = Annotated[date | None, BeforeValidator(_day)]
_Strict = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class _Table(BaseModel):
    model_config = _Strict


class _Source(_Table):
    source: str = ""
    sheet: str = ""
    encoding: str = ""
    delimiter: str = Field("", max_length=1)
    decimal: Literal["", ".", ","] = ""
    date_order: Literal[DateOrder, ""] = ""


class OrderColumns(BaseModel):
    """Names of the source's columns, by canonical name; further names are segment columns."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    customer_id: str = ""
    ordered_at: str = ""
    order_id: str = ""
    amount: str = ""
    quantity: str = ""
    unit_price: str = ""
    margin: str = ""
    currency: str = ""
    status: str = ""
    product: str = ""
    channel: str = ""


class Orders(_Source):
    """The source of the orders."""

    columns: OrderColumns = OrderColumns()
    cancelled_statuses: list[str] = Field(default_factory=lambda: list(CANCELLED))


class CustomerColumns(BaseModel):
    """Names of the source's columns: the customer's id, and attributes by their names."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    customer_id: str = ""


class Customers(_Source):
    """The source of the customers' attributes."""

    columns: CustomerColumns = CustomerColumns()


class EventColumns(_Table):
    """Names of the source's columns: day and label."""

    date: str = "date"
    label: str = "label"


class Mark(_Table):
    """One event written in the dataset file itself."""

    date: Annotated[date, BeforeValidator(_day)]
    label: str


class Events(_Source):
    """What happened: price changes, campaigns, outages."""

    columns: EventColumns = EventColumns()
    marks: list[Mark] = Field(default_factory=list)


class DatasetConfig(_Table):
    """Everything a dataset file says."""

    schema_: Literal[1] = Field(1, alias="schema")
    title: str = ""
    currency: Annotated[str, AfterValidator(_currency)] = ""
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    as_of: Day = None
    first_weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = (
        "monday"
    )
    fiscal_year_start: int = Field(1, ge=1, le=12)
    max_loss: Annotated[float, BeforeValidator(_rate), Field(ge=0, le=1)] = 0.2
    refunds: Refunds = "latest_order"
    duplicates: Literal["keep", "drop"] = "keep"
    segments: list[str] = Field(default_factory=list)
    margin: Annotated[float, BeforeValidator(_rate), Field(gt=0, le=1)] | None = None
    orders: Orders = Orders()
    customers: Customers | None = None
    events: Events | None = None

    @model_validator(mode="after")
    def _names_agree(self) -> "DatasetConfig":
        attributes = self.attribute_columns
        for name in (*self.segment_columns, *attributes):
            if name in RESERVED:
                raise ValueError(f"segments: {name!r} is not a name for a segment")
        both = [name for name in self.segment_columns if name in attributes]
        if both:
            raise ValueError(f"segments: {both[0]!r} is an order column and a customers attribute")
        return self

    @property
    def segment_columns(self) -> dict[str, str]:
        """Segment columns of the orders: canonical name to the source's name."""
        mapped = self.orders.columns.model_dump()
        extra = [name for name in mapped if name not in CANONICAL]
        names = [*extra, *(name for name in self.segments if name not in self.attribute_columns)]
        named = {name: str(mapped.get(name) or name) for name in ("product", "channel") if mapped[name]}
        return named | {name: str(mapped.get(name) or name) for name in names}

    @property
    def attribute_columns(self) -> dict[str, str]:
        """Attributes of the customers: canonical name to the source's name."""
        if self.customers is None:
            return {}
        columns = self.customers.columns.model_dump()
        return {name: str(column) for name, column in columns.items() if name != "customer_id"}


def load_config(path: Path) -> DatasetConfig:
    """Return what the dataset file at ``path`` says.

    Raises
    ------
    DataError
        When the file is missing or is not TOML.
    ParameterError
        When it holds an unknown key or a value that is not allowed.
    """
    try:
        content = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise DataError(
            f"There is no dataset file {path.name!r}.", todo="Write one with `retention init`."
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(
            f"{path.name} is not a readable dataset file: {error}", todo="Mend the file at that place."
        ) from None
    return config_from(content, where=path.name)


def config_from(content: Mapping[str, Any], *, where: str = "the settings") -> DatasetConfig:
    """Return the checked configuration for nested tables ``content``, read from ``where``.

    Raises
    ------
    ParameterError
        Naming each bad key with its table, what was got and what is allowed.
    """
    try:
        config = DatasetConfig.model_validate(dict(content))
    except ValidationError as error:
        faults = [_fault(dict(fault), content) for fault in error.errors()]
        told = f"{where}: {'; '.join(faults)}"
        raise ParameterError(told if told.endswith("?") else f"{told}.") from None
    known = {*config.segments, *config.attribute_columns}
    extra = [name for name in config.orders.columns.model_extra or {} if name not in known]
    if extra:
        raise ParameterError(
            f"{where}: unknown key {extra[0]!r} in [orders.columns]."
            f" {did_you_mean(extra[0], CANONICAL)}".rstrip(),
            todo=f"If it is a segment, list it: segments = [{', '.join(map(repr, extra))}].",
        )
    return config


def _fault(fault: Mapping[str, Any], content: Mapping[str, Any]) -> str:
    location = [str(part) for part in fault["loc"]]
    if not location:
        return str(fault["ctx"]["error"]) if "ctx" in fault else str(fault["msg"])
    *tables, key = location
    table = f"[{'.'.join(tables)}]" if tables else "the top level"
    if fault["type"] == "extra_forbidden":
        hint = did_you_mean(key, _keys(tables))
        return f"unknown key {key!r} in {table}. {hint or 'Allowed: ' + ', '.join(_keys(tables))}".rstrip(".")
    reason = str(fault.get("ctx", {}).get("error", "")) or str(fault["msg"]).replace(
        "Input should", "it should"
    )
    return f"{key} = {fault['input']!r} in {table} is not allowed: {reason}"


def _keys(tables: list[str]) -> list[str]:
    models: dict[str, type[BaseModel]] = {
        "": DatasetConfig,
        "orders": Orders,
        "customers": Customers,
        "events": Events,
        "events.columns": EventColumns,
        "events.marks": Mark,
    }
    model = models.get(".".join(part for part in tables if not part.isdigit()), DatasetConfig)
    return [field.alias or name for name, field in model.model_fields.items()]
