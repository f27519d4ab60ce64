"""What a dataset file may say: the schema of the TOML, checked strictly.

A dataset file names its sources, maps their columns to the canonical ones, and states everything
that is a decision rather than a fact: time zone, as-of date, refund policy, tolerated loss.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator

from retention_kit.data.source_settings import (
    CANONICAL,
    TABLES,
    Assignments,
    Complaints,
    Customers,
    Day,
    Events,
    Mark,
    Number,
    Orders,
    Responses,
    Source,
    Subscriptions,
    Table,
)
from retention_kit.errors import DataError, ParameterError, did_you_mean

__all__ = ["ASSUMED_DISCOUNT_RATE", "DatasetConfig", "config_from", "load_config"]

ASSUMED_DISCOUNT_RATE = 0.1  # a year, where the dataset sets none
RESERVED = {*CANONICAL, "ordered_day", "ordered_at_utc", "joined_programme_day"} - {"product", "channel"}

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


class DatasetConfig(Table):
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
    max_loss: Annotated[Number, Field(ge=0, le=1)] = 0.2
    refunds: Refunds = "latest_order"
    duplicates: Literal["keep", "drop"] = "keep"
    segments: list[str] = Field(default_factory=list)
    margin: Annotated[Number, Field(gt=0, le=1)] | None = None
    churn_threshold_days: Annotated[int, Field(ge=1)] | None = None
    measuring_window_days: Annotated[int, Field(ge=1)] | None = None
    grace_days: int = Field(0, ge=0)
    discount_rate: Annotated[Number, Field(ge=0, le=1)] | None = None
    targets: dict[str, Number] = Field(default_factory=dict)
    target_grain: Literal["day", "week", "month", "quarter", "year"] = "month"
    orders: Orders | None = None
    customers: Customers | None = None
    subscriptions: Subscriptions | None = None
    responses: Responses | None = None
    complaints: Complaints | None = None
    assignments: Assignments | None = None
    events: Events | None = None

    @model_validator(mode="after")
    def _names_agree(self) -> "DatasetConfig":
        attributes, of_orders = self.attribute_columns, self.segment_columns
        for name in (*self.segments, *of_orders, *attributes):
            if name in RESERVED:
                raise ValueError(f"segments: {name!r} is not a name for a segment")
        both = [name for name in of_orders if name in attributes]
        if both:
            raise ValueError(f"segments: {both[0]!r} is an order column and a customers attribute")
        spelt = {name.casefold(): name for name in (*RESERVED, "acquisition_cost", "consent")}
        for name in (*of_orders, *attributes, *(["plan"] if self._has_plan else [])):
            other = spelt.setdefault(name.casefold(), name)
            if other != name:
                raise ValueError(f"segments: {name!r} differs from {other!r} in capitals only; rename it")
        if self._has_plan and "plan" in attributes:
            raise ValueError("segments: 'plan' is a subscriptions column and a customers attribute")
        nowhere = [name for name in self.segments if name not in {*of_orders, *self.subscription_segments}]
        if nowhere and self.subscriptions is not None:
            raise ValueError(f"segments: {nowhere[0]!r} is no customers attribute, and there are no [orders]")
        return self

    @property
    def _has_plan(self) -> bool:
        return bool(self.subscriptions and self.subscriptions.columns.plan)

    @property
    def segment_columns(self) -> dict[str, str]:
        """Segment columns of the orders: canonical name to the source's name."""
        if self.orders is None:
            return {}
        mapped = self.orders.columns.model_dump()
        extra = [name for name in mapped if name not in CANONICAL]
        elsewhere = {*self.attribute_columns, *(["plan"] if self._has_plan else [])}
        names = [*extra, *(name for name in self.segments if name not in elsewhere)]
        named = {name: str(mapped.get(name) or name) for name in ("product", "channel") if mapped[name]}
        return named | {name: str(mapped.get(name) or name) for name in names}

    @property
    def attribute_columns(self) -> dict[str, str]:
        """Attributes of the customers: canonical name to the source's name."""
        return self.customers.columns.attributes if self.customers else {}

    @property
    def subscription_segments(self) -> tuple[str, ...]:
        """What subscribers can be told apart by: attributes, and the plan of the first subscription."""
        return (*self.attribute_columns, *(["plan"] if self._has_plan else []))

    @property
    def sources(self) -> dict[str, Source]:
        """The tables that there are, by name."""
        return {name: table for name in TABLES if (table := getattr(self, name)) is not None}


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
    stated = config.orders.columns.model_extra if config.orders else None
    extra = [name for name in stated or {} if name not in known]
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
    reason = str(fault.get("ctx", {}).get("error", ""))
    if reason and isinstance(fault["input"], Mapping):
        return f"[{'.'.join(location)}]: {reason}"
    *tables, key = location
    table = f"[{'.'.join(tables)}]" if tables else "the top level"
    if fault["type"] == "extra_forbidden":
        hint = did_you_mean(key, _keys(tables))
        return f"unknown key {key!r} in {table}. {hint or 'Allowed: ' + ', '.join(_keys(tables))}".rstrip(".")
    reason = reason or str(fault["msg"]).replace("Input should", "it should")
    return f"{key} = {fault['input']!r} in {table} is not allowed: {reason}"


def _keys(tables: list[str]) -> list[str]:
    models: dict[str, type[BaseModel]] = {"": DatasetConfig, "events.marks": Mark, **TABLES}
    for name, source in TABLES.items():
        columns = source.model_fields["columns"].annotation
        if isinstance(columns, type):
            models[f"{name}.columns"] = columns
    model = models.get(".".join(part for part in tables if not part.isdigit()), DatasetConfig)
    return [field.alias or name for name, field in model.model_fields.items()]
