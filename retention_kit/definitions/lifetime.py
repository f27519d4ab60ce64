"""The cards of the lifetime value notebook: what customers are worth, and how far a forecast reaches."""

from collections.abc import Mapping

from retention_kit.definitions.definition import Definition

__all__ = ["CARDS"]

_PREDICTIVE = (
    "Interval: predictive, from draws of the parameters, from chance, and from the errors that earlier "
    "forecasts made on the same data, where there are some."
)
_MODELS = (
    "Fader, Hardie & Lee (2005), BG/NBD; Batislam, Denizel & Filiztekin (2007), MBG/NBD; "
    "Fader & Hardie (2013), Gamma-Gamma; Fader & Hardie (2007, 2010), contracts."
)

CARDS: Mapping[str, Definition] = {
    "lifetime_value": Definition(
        "Lifetime value",
        "sum over months k = 1 … horizon of expected gross margin in month k / (1 + d)^(k / 12); d: discount "
        "rate per year; orders: chance to be there × purchases while there × spend per purchase × margin; "
        "contracts: chance to be there × amount × margin",
        "money per customer, or of all",
        f"{_MODELS} {_PREDICTIVE}",
        "From the day after the as-of date, today's customers only; what it cost to win them is apart. What "
        "changes for everybody, such as a price, the model does not know.",
        (("Revenue", "the same without a margin, where none is known"),),
    ),
    "value_concentration": Definition(
        "Concentration of value",
        "value of the most valuable customers, taken in order / value of all customers",
        "share of the value",
        "Lorenz (1905), from the top. Values are expectations: what comes is spread wider.",
        "It says who is expected to bring the value, not that an offer to them would bring more.",
    ),
    "probability_alive": Definition(
        "Chance to be a customer still",
        "likelihood of the history with the customer there today / likelihood of the history",
        "share of customers with the same history",
        _MODELS,
        "BG/NBD lets a customer leave only at a purchase, so it holds who never bought again for there with "
        "certainty: its mean is not the share of active customers.",
        (("Silence", "time since the last purchase; age: time since the first"),),
    ),
    "expected_purchases": Definition(
        "Expected purchases",
        "mean number of purchase days over the horizon of customers with the same history: chance to be "
        "there × purchases while there; per year: × 12 / months of the horizon",
        "purchase days per customer",
        _MODELS,
        "A mean: most customers make a whole number below or above it.",
    ),
    "value_curve": Definition(
        "Value over time",
        "lifetime value up to each month / customers; of a new customer with its first purchase in month 0",
        "money per customer",
        _PREDICTIVE,
        "New customers are taken to be like those so far, whatever wins them.",
        (("Payback", "first month in which value of a new customer / acquisition cost is at least 1"),),
    ),
    "value_at_risk": Definition(
        "Value at risk",
        "value if active × (1 − chance to be there); value if active: lifetime value / chance to be there",
        "money per customer",
        "An identity of the two.",
        "It ranks whom to look at first. Whether an offer keeps them, only an experiment tells.",
        (
            (
                "Fading",
                "there with a chance of 20 % or more, after a fall of 10 points or more since the last "
                "purchase; below 20 % most have gone, and value at risk alone would list them first",
            ),
        ),
    ),
    "forecast_cells": Definition(
        "Forecast retention",
        "customers of the cohort expected to be active in a period to come / customers of the cohort",
        "share of customers",
        f"{_MODELS} Interval: chance, and errors of the same forecast made earlier.",
        "Seasons and price changes to come are not in it. The same forecast, made earlier, stands beside it.",
    ),
    "purchase_back_test": Definition(
        "Back-test",
        "bias: purchases foreseen of the hold-out / purchases that came − 1; the model knows only the days "
        "before them",
        "share of what came",
        "Interval of what came per customer: normal. Naive rivals know the same days.",
        "One test of one stretch of time. Forecasts from earlier days give the error that intervals contain.",
        (
            ("Mean absolute error", "mean over customers of |purchases foreseen − purchases that came|"),
            ("Rank correlation", "Spearman (1904), over customers: whether the order is right"),
        ),
    ),
    "value_shortcuts": Definition(
        "Simple formulas",
        "simple formula: order value × orders per year × margin × 1 / yearly churn; constant churn: the same "
        "with discounted years r / (1 + d − r), cut off at the horizon",
        "money per customer",
        "Gupta & Lehmann (2003). Gap: shortcut / model − 1.",
        "Both take customers to be alike. Who stays is not like who leaves: an average does not know that.",
    ),
}
