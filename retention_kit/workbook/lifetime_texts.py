"""What the lifetime value notebook says in words, and in tables on the page."""

import pyarrow as pa

from retention_kit import formats
from retention_kit.charts import lifetime_words as words
from retention_kit.tables import html_table
from retention_kit.workbook.lifetime_tiles import tested
from retention_kit.workbook.lifetime_valued import Valued
from retention_kit.workbook.panels import framed, paragraphs

__all__ = [
    "cohorts",
    "concentration",
    "curve",
    "digits",
    "groups",
    "groups_html",
    "histories",
    "listed",
    "purchases",
    "reading",
    "sources_html",
]

_LARGE = 1000.0  # from which decimals say nothing
_ALIKE = 0.01  # chances that differ by less say the same
_CHOOSE = "Nothing is compared: choose an attribute under Compare by."
_LISTED = (
    "Single customers are listed in JupyterLab only, by value and by value at risk, to be saved as a file: "
    "open the notebook there."
)
_SOURCES = {
    "parameters": "the model's parameters",
    "chance": "chance of single customers",
    "back-test": "errors of earlier forecasts",
}
_LATELY = {
    "purchases": "Of those who began lately fewer have had the time to leave, so newer cohorts tend to be "
    "worth more.",
    "contracts": "Only contracts that still run count: of early cohorts those are left who stay longest.",
}
_STAYING = (
    "The orders so far show nobody leaving, so the model holds all customers there: no silence is read."
)
_CONTRACTS = "These customers have contracts, which tell when they end: no silence has to be read."


def reading(shown: Valued) -> list[str]:
    """Return what customers are worth, how far that can be trusted, and what leaves it open."""
    found = shown.value
    lines = [
        f"{formats.plural(found.customers, 'customer')} {'is' if found.customers == 1 else 'are'} worth "
        f"{words.told_with_interval(found.total, found)} in {formats.plural(found.horizon_months, 'month')}, "
        f"{words.told_with_interval(found.per_customer, found)} each: discounted {words.measured(found)}. "
        f"{tested(shown)}"
    ]
    rows = [row for row in found.sources.to_pylist() if row["relative_sd"]]
    if rows:
        most = max(rows, key=lambda row: row["relative_sd"])
        lines.append(
            f"What leaves most of it open: {most['source']}, ± {formats.value(most['relative_sd'], 'share')} "
            f"({most['says']})."
        )
    return lines


def sources_html(shown: Valued) -> str:
    """Return the same with each source of uncertainty in a table."""
    found, shape = shown.value.sources, digits(shown.value.total.value)
    # Short enough for a phone; what each source means is in the table that a report publishes.
    names = pa.array([_SOURCES[name] for name in found["source"].to_pylist()], pa.string())
    shown_table = html_table(
        found.drop_columns(["says"]).set_column(0, "source", names),
        caption=f"What leaves the total open, each source alone; {words.measured(shown.value)}",
        formats={"relative_sd": ".1%", "ci_low": shape, "ci_high": shape},
        labels={"relative_sd": "spread", "ci_low": "from", "ci_high": "to"},
    )
    said = paragraphs(reading(shown), "rk-reading")
    return said + framed(shown_table, "Sources of uncertainty", whole=True)


def concentration(shown: Valued) -> list[str]:
    """Return how value is spread."""
    return words.concentration_readings(shown.value)


def groups(shown: Valued) -> list[str]:
    """Return which groups are worth more, or how to compare."""
    attribute, found = shown.parameters.breakdown, shown.value
    if not attribute:
        return [_CHOOSE]
    ends = words.differ(found)
    if ends is None:
        return [f"{words.group_title(found, attribute)}."]
    low, high = ends
    apart = low["per_customer_ci_high"] < high["per_customer_ci_low"]  # type: ignore[operator]
    overlap = (
        "Their intervals lie apart." if apart else "Their intervals overlap, so the order may be chance."
    )
    share = formats.value(high["share_of_value"], "share")  # type: ignore[arg-type]
    return [
        f"{words.group_title(found, attribute)}. {overlap} {high['group']} holds {share} of the value.",
        "A group is not the cause: its customers may differ in more than the attribute.",
    ]


def groups_html(shown: Valued) -> str:
    """Return the same with the groups as a table."""
    said = paragraphs(groups(shown), "rk-reading")
    if not shown.parameters.breakdown:
        return said
    each, every = digits(shown.value.per_customer.value), digits(shown.value.total.value)
    shapes = dict.fromkeys(("value", "ci_low", "ci_high"), every)
    shapes |= dict.fromkeys(("value_per_customer", "per_customer_ci_low", "per_customer_ci_high"), each)
    table = html_table(
        shown.value.groups,
        caption=f"The groups: {words.value_title(shown.value, each=False)}, discounted",
        formats={**shapes, "customers": ",", "share_of_value": ".1%", "expected_purchases": ",.0f"},
        labels={
            "ci_low": "from",
            "ci_high": "to",
            "value_per_customer": "per customer",
            "per_customer_ci_low": "from ",
            "per_customer_ci_high": "to ",
        },
    )
    return said + framed(table, "Groups")


def cohorts(shown: Valued) -> list[str]:
    """Return which cohorts hold the value, and which customers are worth most each."""
    found = shown.value
    rows = [row for row in found.cohorts.to_pylist() if row["customers"]]
    if len(rows) == 1:
        return [f"{words.held_title(found)}: there are no cohorts to compare."]
    if not found.total.value:
        return [f"{words.held_title(found)}."]
    most = max(rows, key=lambda row: row["value_per_customer"])
    ends = words.told_range(most["per_customer_ci_low"], most["per_customer_ci_high"], found)
    return [
        f"{words.held_title(found)}. A customer is worth most in {most['cohort']}: "
        f"{words.told(most['value_per_customer'], found)} ({ends}).",
        _LATELY[found.kind],
    ]


def histories(shown: Valued) -> list[str]:
    """Return what a silence says of a customer, with what the model cannot say."""
    found = shown.value
    if found.kind == "contracts":
        return [_CONTRACTS]
    if not shown.customers.fit.a:  # type: ignore[union-attr]
        return [_STAYING]
    often = _long_silent(shown)
    lines = [often] if often else []
    if found.probability_alive_mean is None:
        lines.append(
            "BG/NBD holds customers who never bought again for there with certainty, however long ago that "
            "is: its mean is not the share of active customers, and no such share is shown."
        )
    else:
        share = formats.value(found.probability_alive_mean, "share")
        lines.append(f"{share} of the customers are there, on average over their histories.")
    return lines


def _long_silent(shown: Valued) -> str:
    """The same silence after one repeat purchase and after many."""
    rows = [row for row in shown.value.grid.to_pylist() if row["frequency"]]
    if not rows:
        again = (shown.customers.rows.pair_frequency > 0).any()  # type: ignore[union-attr]
        return "" if again else "Nobody bought again, so a silence says nothing yet."
    some = sorted({row["silence_weeks"] for row in rows})
    silence = some[len(some) // 2]
    same = sorted((row for row in rows if row["silence_weeks"] == silence), key=lambda row: row["frequency"])
    few, many = same[0], same[-1]
    if few is many or few["probability_alive"] - many["probability_alive"] < _ALIKE:
        return ""
    return (
        f"After {formats.count(silence)} weeks of silence, a customer with "
        f"{formats.plural(few['frequency'], 'repeat purchase')} is still there with a chance of "
        f"{formats.value(few['probability_alive'], 'share')}, one with {formats.count(many['frequency'])} of "
        f"them with {formats.value(many['probability_alive'], 'share')}."
    )


def purchases(shown: Valued) -> list[str]:
    """Return how many purchases are expected."""
    found = shown.value
    if found.expected_purchases is None:
        return ["Contracts are paid month by month: there are no purchases to expect."]
    months = formats.plural(found.horizon_months, "month")
    each = found.expected_purchases / found.customers
    return [
        f"{formats.count(found.expected_purchases)} purchases are expected in {months}, "
        f"{formats.value(each, 'ratio')} per customer. They are not discounted; the value is."
    ]


def curve(shown: Valued) -> list[str]:
    """Return when value comes in and when a new customer has paid back, or what that needs."""
    found = shown.value
    lines = [f"{words.curve_title(found)}."]
    if found.payback is None:
        return [
            *lines,
            "Payback needs what it cost to win customers: map acquisition_cost in [customers.columns] of the "
            "dataset file.",
        ]
    said = found.payback.sentence
    if found.payback.ratio is not None:
        ratio = formats.value(found.payback.ratio, "ratio")
        said += f" Over the horizon a new customer brings {ratio} times its cost."
    return [*lines, said]


def listed(shown: Valued) -> list[str]:
    """Return where customers are listed, which is not here."""
    return [_LISTED]


def digits(amount: float) -> str:
    """Return the format of a column of values, of which one is given."""
    return ",.0f" if abs(amount) >= _LARGE else ",.2f"
