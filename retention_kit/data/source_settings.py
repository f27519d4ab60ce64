"""What a dataset file says of each source: how it is written, and which of its columns is which.

In every ``[table.columns]`` our name stands on the left and the source's on the right; an empty name
leaves the column out.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

__all__ = [
    "CANONICAL",
    "SCALES",
    "TABLES",
    "Assignments",
    "Complaints",
    "Customers",
    "DateOrder",
    "Day",
    "Events",
    "Number",
    "Orders",
    "Responses",
    "Source",
    "Subscriptions",
    "Table",
]

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
CANCELLED = ("cancelled", "canceled", "voided", "failed", "refunded")
SCALES = {"nps": (0, 10), "csat": (1, 5)}  # lowest and highest answer, where nothing else is said

DateOrder = Literal["ymd", "dmy", "mdy"]


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


def _number(value: object) -> object:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


Day = Annotated[date | None, BeforeValidator(_day)]
Number = Annotated[float, BeforeValidator(_number)]
_Strict = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Table(BaseModel):
    """A table of the dataset file; unknown keys are refused."""

    model_config = _Strict


class Source(Table):
    """How a source is written; what is left empty is told from its rows."""

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


class Orders(Source):
    """The source of the orders."""

    columns: OrderColumns = OrderColumns()
    cancelled_statuses: list[str] = Field(default_factory=lambda: list(CANCELLED))


class CustomerColumns(BaseModel):
    """Names of the source's columns: the id, four with a meaning, and attributes by their names."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    __pydantic_extra__: dict[str, str]

    customer_id: str = ""
    source: str = ""
    acquisition_cost: str = ""
    joined_programme_at: str = ""
    consent: str = ""

    @property
    def attributes(self) -> dict[str, str]:
        """Columns by which customers can be told apart: canonical name to the source's name.

        Where a customer came from is one; consent and membership change with time, and are none.
        """
        named = {"source": self.source, **self.__pydantic_extra__}
        return {name: column for name, column in named.items() if column}


class Customers(Source):
    """The source of what is known of each customer."""

    columns: CustomerColumns = CustomerColumns()


class SubscriptionColumns(Table):
    """Names of the source's columns; money is a monthly amount, or an amount for so many months."""

    customer_id: str = ""
    started_at: str = ""
    ended_at: str = ""
    plan: str = ""
    monthly_amount: str = ""
    amount: str = ""
    billing_months: str = ""
    currency: str = ""
    reason: str = ""


class Subscriptions(Source):
    """The source of the subscriptions: one row per customer, plan and span of time."""

    columns: SubscriptionColumns = SubscriptionColumns()
    billing_months: Annotated[Number, Field(gt=0, le=1200)] | None = None

    @model_validator(mode="after")
    def _one_amount(self) -> "Subscriptions":
        months = _one_of(self, "billing_months")
        if self.columns.monthly_amount and (self.columns.amount or months):
            raise ValueError(
                "monthly_amount is mapped, and so is amount or billing_months; keep the one or the others"
            )
        if self.columns.amount and not months:
            raise ValueError(
                "amount is mapped without billing_months; map that too, or set billing_months = 1"
                " (12 where a year is paid at once)"
            )
        if months and not self.columns.amount:
            raise ValueError("billing_months is given and no amount is mapped; map amount")
        if self.columns.currency and not (self.columns.monthly_amount or self.columns.amount):
            raise ValueError("currency is mapped and no amount; map monthly_amount, or amount")
        return self


class ResponseColumns(Table):
    """Names of the source's columns."""

    customer_id: str = ""
    answered_at: str = ""
    question: str = ""
    score: str = ""
    scale_min: str = ""
    scale_max: str = ""
    reason: str = ""
    comment: str = ""


class Responses(Source):
    """The source of survey answers: one row per customer, question and answer."""

    columns: ResponseColumns = ResponseColumns()
    question: str = ""
    scale_min: Number | None = None
    scale_max: Number | None = None

    @model_validator(mode="after")
    def _one_scale(self) -> "Responses":
        for key in ("question", "scale_min", "scale_max"):
            _one_of(self, key)
        if self.scale_min is not None and self.scale_max is not None and self.scale_min >= self.scale_max:
            raise ValueError(f"scale_min = {self.scale_min:g} is not below scale_max = {self.scale_max:g}")
        stated = all(_one_of(self, key) for key in ("scale_min", "scale_max"))
        if self.question and self.question.lower() not in SCALES and not stated:
            raise ValueError(
                f"no scale is known for question {self.question!r}; set scale_min and scale_max"
                f" (known without: {', '.join(SCALES)})"
            )
        return self


class ComplaintColumns(Table):
    """Names of the source's columns."""

    customer_id: str = ""
    opened_at: str = ""
    resolved_at: str = ""
    outcome: str = ""


class Complaints(Source):
    """The source of complaints."""

    columns: ComplaintColumns = ComplaintColumns()


class AssignmentColumns(Table):
    """Names of the source's columns."""

    customer_id: str = ""
    assigned_at: str = ""
    variant: str = ""


class Assignments(Source):
    """The source of an experiment's assignments: who was given which variant, and when."""

    columns: AssignmentColumns = AssignmentColumns()


class EventColumns(Table):
    """Names of the source's columns: day and label."""

    date: str = "date"
    label: str = "label"


class Mark(Table):
    """One event written in the dataset file itself."""

    date: Annotated[date, BeforeValidator(_day)]
    label: str


class Events(Source):
    """What happened: price changes, campaigns, outages."""

    columns: EventColumns = EventColumns()
    marks: list[Mark] = Field(default_factory=list)


# The tables of a dataset file that have a source.
TABLES: dict[str, type[Source]] = {
    "orders": Orders,
    "customers": Customers,
    "subscriptions": Subscriptions,
    "responses": Responses,
    "complaints": Complaints,
    "assignments": Assignments,
    "events": Events,
}


def _one_of(settings: Any, key: str) -> bool:
    """Whether ``key`` is given, as a column or for all rows; as both it would be a contradiction."""
    setting, column = getattr(settings, key), getattr(settings.columns, key)
    if setting not in ("", None) and column:
        raise ValueError(f"{key} is set for all rows, and mapped to column {column!r}; keep one of them")
    return setting not in ("", None) or bool(column)
