"""The notebooks of the workbook: what each asks, and its parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from retention_kit.errors import ParameterError, did_you_mean
from retention_kit.params import MAX_AGE, Brackets, Condition, IsoDate, ViewParameters, echoed

__all__ = [
    "KINDS",
    "NOTEBOOKS",
    "ChurnParameters",
    "CohortParameters",
    "LifetimeParameters",
    "Notebook",
    "ScorecardParameters",
    "WhatIfParameters",
    "notebook",
]

Grain = Literal["day", "week", "month", "quarter", "year"]
Clock = Literal["calendar", "elapsed"]
Mode = Literal["bounded", "unbounded", "range", "streak"]
Measure = Literal["customers", "orders", "revenue", "margin", "revenue_per_customer", "cumulative_value"]
Basis = Literal["auto", "orders", "subscriptions"]

_LEVEL = Field(
    0.95, ge=0.5, le=0.999, title="Interval level", description="confidence level of the intervals"
)
_THRESHOLD = Field(
    0,
    ge=0,
    le=MAX_AGE,
    title="Left after, days",
    description="silence after which a customer has left, in days; 0: as the dataset or the data suggest",
)


class CohortParameters(ViewParameters):
    """Parameters of the cohort notebook."""

    grain: Grain = Field("month", title="Period", description="length of a period")
    clock: Clock = Field(
        "calendar", title="Clock", description="count ages in calendar periods or from the first order"
    )
    cohort_by: str = Field(
        "", title="Cohorts by", description="attribute that forms the cohorts; empty: period of first order"
    )
    mode: Mode = Field("bounded", title="Retained means", description="what counts as retained at an age")
    brackets: Brackets = Field(
        "1-3,4-6,7-12", title="Brackets", description="ages per bracket, for mode range"
    )
    min_orders: int = Field(
        1,
        ge=1,
        le=100,
        title="Orders to be active",
        description="orders in a period that make a customer active",
    )
    measure: Measure = Field("customers", title="Measure", description="what the cells hold")
    segment: Condition = Field(
        "",
        title="Customers with",
        description="attribute and value that customers have at their first order, joined by an equals sign",
    )
    orders: Condition = Field(
        "",
        title="Orders with",
        description="attribute and value of the orders that count, likewise; redefines the first order",
    )
    breakdown: str = Field("", title="Compare by", description="attribute whose values are compared")
    cohort_from: IsoDate = Field(
        "", title="Cohorts from", description="first cohort starts on or after, YYYY-MM-DD"
    )
    cohort_to: IsoDate = Field(
        "", title="Cohorts to", description="last cohort starts on or before, YYYY-MM-DD"
    )
    age_from: int = Field(0, ge=0, le=MAX_AGE, title="Ages from", description="first age shown, in periods")
    age_to: int = Field(
        0, ge=0, le=MAX_AGE, title="Ages to", description="last age shown, in periods; 0: all"
    )
    age: int = Field(
        1, ge=0, le=MAX_AGE, title="Age followed", description="age followed over the cohorts, in periods"
    )
    smallest_cohort: int = Field(
        1,
        ge=1,
        le=1_000_000,
        title="Smallest cohort",
        description="smaller cohorts are left out, in customers",
    )
    level: float = _LEVEL


class ChurnParameters(ViewParameters):
    """Parameters of the churn notebook."""

    dataset: str = Field(
        "shop", title="Dataset", description="sample, registered name, or path of a dataset file"
    )
    basis: Basis = Field(
        "auto",
        title="Leave by",
        description="silence after orders, or the end of subscriptions; auto: orders where there are some",
    )
    breakdown: str = Field("", title="Compare by", description="attribute whose values are compared")
    segment: Condition = Field(
        "",
        title="Customers with",
        description="attribute and value that customers have at first, joined by an equals sign",
    )
    threshold_days: int = _THRESHOLD
    window_days: int = Field(
        0,
        ge=0,
        le=MAX_AGE,
        title="Window, days",
        description="measuring window, in days; 0: as the dataset says, or three purchase cycles",
    )
    return_below: float = Field(
        0.1,
        ge=0.001,
        le=0.999,
        title="Few return below",
        description="share returning within the window below which a silence means that a customer has left",
    )
    grace_days: int = Field(
        -1,
        ge=-1,
        le=MAX_AGE,
        title="Grace, days",
        description="days between two subscriptions that do not end a customer; -1: as the dataset says",
    )
    observed_from: IsoDate = Field(
        "",
        title="Complete from",
        description="day from which the data hold everybody, YYYY-MM-DD; who had left by then is not counted",
    )
    grain: Grain = Field("month", title="Period", description="length of a period of rates and renewals")
    horizon: int = Field(
        12, ge=1, le=120, title="Periods ahead", description="periods that the projection looks ahead"
    )
    level: float = _LEVEL


class ScorecardParameters(ViewParameters):
    """Parameters of the scorecard notebook."""

    dataset: str = Field(
        "shop", title="Dataset", description="sample, registered name, or path of a dataset file"
    )
    grain: Grain = Field("month", title="Period", description="length of a period")
    period: IsoDate = Field(
        "",
        title="Period of",
        description="a day of the period measured, YYYY-MM-DD; empty: the last complete period",
    )
    segment: Condition = Field(
        "",
        title="Customers with",
        description="attribute and value that customers have at first, joined by an equals sign",
    )
    breakdown: str = Field(
        "", title="Compare by", description="attribute by which changes are split and customers compared"
    )
    basis: Basis = Field(
        "auto",
        title="Revenue from",
        description="orders or subscriptions; auto: subscriptions where there are some",
    )
    landmark_days: int = Field(
        90,
        ge=1,
        le=MAX_AGE,
        title="Landmark, days",
        description="days after the first order at which groups are told apart; what follows is compared",
    )
    threshold_days: int = _THRESHOLD
    target: str = Field(
        "",
        title="Target of",
        description="metric whose path to its target is drawn; empty: the first that has one",
    )
    baseline: IsoDate = Field(
        "",
        title="Path from",
        description="a day of the period in which the path begins, YYYY-MM-DD; empty: the year before",
    )
    due: IsoDate = Field(
        "",
        title="Target by",
        description="a day of the period in which it is due, YYYY-MM-DD; empty: the end of the year",
    )
    level: float = _LEVEL


class LifetimeParameters(ViewParameters):
    """Parameters of the lifetime value notebook."""

    dataset: str = Field(
        "shop", title="Dataset", description="sample, registered name, or path of a dataset file"
    )
    basis: Basis = Field(
        "auto",
        title="Customers",
        description="those who order, or those who subscribe; auto: orders where there are some",
    )
    model: Literal["auto", "bg_nbd", "mbg_nbd"] = Field(
        "auto", title="Purchase model", description="model of orders; auto: by likelihood and hold-out"
    )
    horizon: int = Field(
        12, ge=1, le=60, title="Horizon, months", description="months ahead in which margin counts"
    )
    margin: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Margin",
        description="gross margin, as a share of revenue; 0: as the dataset says",
    )
    discount_rate: float = Field(
        -1.0,
        ge=-1,
        le=1,
        title="Discount rate",
        description="what a year takes off the value of money, as a share; -1: as the dataset says, or 0.1",
    )
    segment: Condition = Field(
        "",
        title="Customers with",
        description="attribute and value that customers have at first, joined by an equals sign",
    )
    breakdown: str = Field("", title="Compare by", description="attribute whose values are compared")
    calibration_to: IsoDate = Field(
        "",
        title="Test after",
        description="last day that the tested forecast knows, YYYY-MM-DD; empty: two thirds of the time",
    )
    level: float = _LEVEL


class WhatIfParameters(ViewParameters):
    """Parameters of the what-if notebook; where a lever stands by default, it stands as observed.

    The programme that the notebook opens with is an example, to be changed.
    """

    dataset: str = Field(
        "shop", title="Dataset", description="sample, registered name, or path of a dataset file"
    )
    basis: Basis = Field(
        "auto",
        title="Customers",
        description="those who order, or those who subscribe; auto: orders where there are some",
    )
    model: Literal["auto", "bg_nbd", "mbg_nbd"] = Field(
        "auto", title="Purchase model", description="model of orders; auto: by likelihood and hold-out"
    )
    scenario: str = Field(
        "", max_length=60, title="Scenario", description="name of the scenario; it may be empty"
    )
    saved_share: float = Field(
        0.1,
        ge=0,
        le=0.99,
        title="Saved, likely",
        description="share of departures that the programme prevents, the likely value",
    )
    saved_share_low: float = Field(
        0.05,
        ge=-1,
        le=0.99,
        title="Saved, low",
        description="the least share of departures thought possible; -1: as the likely one",
    )
    saved_share_high: float = Field(
        0.15,
        ge=-1,
        le=0.99,
        title="Saved, high",
        description="the greatest share of departures thought possible; -1: as the likely one",
    )
    frequency: float = Field(
        0.0,
        ge=-0.9,
        le=1,
        title="Frequency, by",
        description="relative change in how often targeted customers buy: 0.1 for 10 % more",
    )
    order_value: float = Field(
        0.0,
        ge=-0.9,
        le=2,
        title="Order value, by",
        description="relative change in what targeted customers pay per order, or per month of a contract",
    )
    segment: Condition = Field(
        "",
        title="Segment targeted",
        description="attribute and value of the customers targeted, joined by an equals sign; empty: all",
    )
    share_targeted: float = Field(
        1.0,
        ge=0,
        le=1,
        title="Share targeted",
        description="share of the segment's customers that the programme reaches, chosen at random",
    )
    programme_cost_per_customer: float = Field(
        0.4,
        ge=0,
        le=1e9,
        title="Cost each, once",
        description="programme cost per targeted customer, in money, once",
    )
    programme_cost_per_month: float = Field(
        0.0,
        ge=0,
        le=1e9,
        title="Cost each, month",
        description="programme cost per targeted customer and month, in money",
    )
    programme_fixed_cost: float = Field(
        0.0,
        ge=0,
        le=1e12,
        title="Fixed cost",
        description="programme cost that does not depend on customers, in money, once",
        json_schema_extra={"step": 100},
    )
    margin: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Margin",
        description="gross margin, as a share of revenue; 0: as the data say",
    )
    discount_rate: float = Field(
        -1.0,
        ge=-1,
        le=1,
        title="Discount rate",
        description="what a year takes off the value of money, as a share; -1: as the dataset says, or 0.1",
    )
    horizon_months: int = Field(
        12, ge=1, le=120, title="Horizon, months", description="months ahead in which margin and costs count"
    )
    acquisition_cost: float = Field(
        0.0,
        ge=0,
        le=1e9,
        title="Acquisition cost",
        description="what a new customer costs, in money; 0: as the data say, as far as they do",
        json_schema_extra={"step": 1},
    )
    acquisition_per_month: float = Field(
        -1.0,
        ge=-1,
        le=1e8,
        title="New per month",
        description="customers acquired in a month; -1: as many as in the last twelve months",
        json_schema_extra={"step": 1},
    )
    breakdown: str = Field(
        "",
        title="Compare by",
        description="attribute by which gains are split; that of the segment targeted first",
    )
    beside: str = Field(
        "",
        max_length=2000,
        title="Beside",
        description="another scenario: its link, or changes: saved_share=0.2&saved_share_high=0.3",
    )
    level: float = _LEVEL


@dataclass(frozen=True)
class Notebook:
    """A notebook of the workbook: its file, its parameters, and the question it answers.

    The controls of the parameters ``in_sight`` are shown at once, those of the others on request.
    ``answers`` holds, for each kind of analysis that the notebook does, what it answers.
    """

    name: str
    file: str
    title: str
    question: str
    parameters: type[ViewParameters]
    in_sight: tuple[str, ...]
    answers: Mapping[str, str]


# The five kinds of analysis, and what each asks.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "descriptive": "What happened?",
        "diagnostic": "Why?",
        "predictive": "What will happen?",
        "prescriptive": "What should we do?",
        "outcome": "Did it work?",
    }
)
NOTEBOOKS: Mapping[str, Notebook] = MappingProxyType(
    {
        "cohorts": Notebook(
            name="cohorts",
            file="01_cohorts.ipynb",
            title="Cohorts",
            question="Who comes back, and is it getting better?",
            parameters=CohortParameters,
            in_sight=("grain", "measure", "mode", "breakdown", "segment", "age"),
            answers={
                "descriptive": "How many of those who started together come back, age after age?",
                "diagnostic": "Which cohorts and segments differ, and does the definition decide?",
            },
        ),
        "scorecard": Notebook(
            name="scorecard",
            file="02_scorecard.ipynb",
            title="Scorecard",
            question="How are we doing, and what changed?",
            parameters=ScorecardParameters,
            in_sight=("grain", "period", "segment", "breakdown", "landmark_days"),
            answers={
                "descriptive": "How did the period go, and who moved where?",
                "diagnostic": "Why do customers leave, who stays longer, and was it mix or rate?",
                "outcome": "Are the targets reached?",
            },
        ),
        "churn": Notebook(
            name="churn",
            file="03_churn_curves.ipynb",
            title="Churn curves",
            question="When do customers leave, and who stays longer?",
            parameters=ChurnParameters,
            in_sight=("basis", "breakdown", "segment", "threshold_days", "grain", "horizon"),
            answers={
                "descriptive": "How long do customers stay, and how many leave a period?",
                "diagnostic": "Who stays longer, and is a dip a matter of age, of cohort, or of the season?",
                "predictive": "From which silence on has a customer left, and how many will renew?",
            },
        ),
        "lifetime": Notebook(
            name="lifetime",
            file="04_lifetime_value.ipynb",
            title="Lifetime value",
            question="What are customers worth, and how far can the forecast be trusted?",
            parameters=LifetimeParameters,
            in_sight=("basis", "horizon", "margin", "discount_rate", "breakdown", "segment"),
            answers={
                "descriptive": "How well would earlier forecasts have done on these data?",
                "predictive": "What will today's customers bring, who holds it, and who is fading?",
            },
        ),
        "what_if": Notebook(
            name="what_if",
            file="05_what_if.ipynb",
            title="What if",
            question="Which measure pays, and how sure is that?",
            parameters=WhatIfParameters,
            in_sight=(
                "saved_share",
                "saved_share_low",
                "saved_share_high",
                "programme_cost_per_customer",
                "segment",
                "share_targeted",
                "margin",
                "horizon_months",
            ),
            answers={
                "predictive": "What will customers bring if more of them stay, or spend more?",
                "prescriptive": "Does a programme pay, when, and what does the answer hinge on?",
            },
        ),
    }
)


def notebook(name: str) -> Notebook:
    """Return the notebook called ``name``.

    Raises
    ------
    ParameterError
        When there is none; the message lists those there are.
    """
    if name not in NOTEBOOKS:
        raise ParameterError(
            f"There is no notebook {echoed(name)}. {did_you_mean(name, NOTEBOOKS)}".strip(),
            todo=f"Choose from: {', '.join(NOTEBOOKS)}.",
        )
    return NOTEBOOKS[name]
