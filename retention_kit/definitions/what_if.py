"""The cards of the what-if notebook: what a programme changes, and how sure that is."""

from collections.abc import Mapping

from retention_kit.definitions.definition import Definition

__all__ = ["CARDS"]

_SPREAD = (
    "Interval: draws of the model's parameters, of the saved share between its low and high (triangular), "
    "and of the errors that forecasts made in the back-test, where there is one."
)

CARDS: Mapping[str, Definition] = {
    "saved_share": Definition(
        "Saved share of departures",
        "u: each departure that would have happened is prevented with chance u; in points of yearly "
        "retention u (1 − r̄), r̄: customers of the segment targeted who are active today and in a year / "
        "those active today",
        "share of departures",
        "Low, likely and high are yours: the data do not estimate them.",
        "Points depend on how many would leave: the same share is few points where most stay.",
    ),
    "clv_change": Definition(
        "Change in lifetime value",
        "(discounted gross margin of today's customers with the scenario − without) / today's customers",
        "money per customer",
        _SPREAD,
        "Gross margin, at the end of each month, over the horizon; programme and acquisition cost apart.",
        (("Gain", "the same of all today's and new customers together, not divided"),),
    ),
    "npv": Definition(
        "Net present value",
        "gain in discounted gross margin − change in cost of programme and acquisition; month k counts "
        "1 / (1 + d)^(k / 12), d: yearly discount rate",
        "money of today",
        _SPREAD,
        "Over the horizon: what a kept customer brings after it does not count.",
    ),
    "roi": Definition(
        "Return on investment",
        "net present value / cost",
        "share of the cost",
        _SPREAD,
        "A small programme with a high return may still gain less than a large one.",
    ),
    "probability_pays": Definition(
        "Probability that it pays",
        "futures drawn with a net present value above 0 / all futures drawn",
        "share of futures",
        "Draws of the parameters and of the saved share, crossed with 32 outcomes around the forecast that "
        "the back-test's errors make likely (lognormal).",
        "As good as the range of the saved share that you gave. Without a back-test there is none.",
    ),
    "break_even": Definition(
        "Break-even",
        "saved share, or cost, at which gain − cost = 0 on average; in points: saved share × (1 − r̄) / 1",
        "share of departures, points of yearly retention, money",
        "Range of the saved share: what comes is as low, or as high, as the ends of the interval.",
        "All other levers stay where the scenario has them.",
    ),
    "payback": Definition(
        "Payback age",
        "first month from which on cumulative discounted gain / cumulative discounted cost stays 1 or more",
        "months",
        f"{_SPREAD} Each future drawn pays back in a month of its own, or not within the horizon.",
        "Beyond the horizon nothing is counted.",
    ),
    "tornado": Definition(
        "What the answer hinges on",
        "net present value with one input at its low / the same with it at its high, the others as they are",
        "money of today",
        "Saved share: its low and high; costs 20 %, margin 10 %, discount rate 5 points either way; changes "
        "of frequency and order value half less and half more; parameters and back-test: their interval.",
        "One input at a time: together they can turn an answer that none turns alone.",
    ),
    "budget_use": Definition(
        "Keeping or winning customers",
        "gain of the programme, beside budget / acquisition cost × value of a new customer over the horizon",
        "money of today",
        "Interval: parameters and back-test. Acquired customers count with their first purchase.",
        "It takes the next customer to cost, and to bring, what the average one does; more rarely do.",
        (
            (
                "Cost of keeping one",
                "cost of the programme / customers active at the horizon who would not be without it",
            ),
        ),
    ),
    "retention_points": Definition(
        "Five points of retention",
        "change of r / (1 + d − r) when r rises by 0.05, beside the change in lifetime value that the fitted "
        "model gives when as many more stay",
        "relative change",
        "Constant retention: Gupta & Lehmann (2003). Fitted model: interval of its parameters.",
        "Constant retention takes all customers to be alike, and each to stay with the same chance for ever.",
    ),
}
