"""How far lifetime values can be trusted, in words and tables: back-tests, forecast cells, formulas."""

from typing import Any

import pyarrow as pa

from retention_kit import formats
from retention_kit.charts import lifetime_words as words
from retention_kit.planning.back_test_result import BackTest
from retention_kit.tables import html_table
from retention_kit.workbook.available import Unavailable
from retention_kit.workbook.lifetime_texts import digits
from retention_kit.workbook.lifetime_tiles import NO_TEST
from retention_kit.workbook.lifetime_valued import Valued
from retention_kit.workbook.panels import framed, paragraphs

__all__ = ["foreseen", "shortcuts", "shortcuts_html", "test", "test_html"]


def foreseen(shown: Valued) -> list[str]:
    """Return how cohorts are expected to go on, and how such forecasts did before."""
    found = shown.foreseen
    if isinstance(found, Unavailable):
        return [found.sentence]
    return [*([found.cells.sentence] if found.cells.sentence else []), *found.cells.notes]


def test(shown: Valued) -> list[str]:
    """Return how far a forecast from earlier would have been off, beside naive ones."""
    found = shown.customers.back_test
    if found is None:
        return [f"{NO_TEST}. {shown.customers.model_reason}".strip()]
    if not isinstance(found, BackTest):
        return [found.sentence]
    lines = [found.sentence]
    if found.revenue is not None:
        lines[0] += f" {found.revenue.sentence}"
    low, high = formats.count(found.ci_low), formats.count(found.ci_high)
    lines.append(
        f"Parameters and chance alone would have allowed {low} to {high}: too narrow, as that trusts the "
        "model. Intervals of values contain the errors of earlier forecasts too"
        + (f", of {formats.plural(len(found.origins), 'such test')}." if found.forecast_error else ".")
    )
    if found.error_reason:
        lines[-1] = found.error_reason
    lines.append(_best(found))
    return [*lines, shown.value.model_reason]


def _best(found: BackTest) -> str:
    model, *rivals = [row for row in found.errors.to_pylist() if row["mean_absolute_error"] is not None]
    best = min(rivals, key=lambda row: row["mean_absolute_error"])
    told, other = (formats.number(row["mean_absolute_error"], decimals=2) for row in (model, best))
    said = f"Per customer it was off by {told} purchases on average"
    if told == other:
        return f"{said}; {best['forecaster']} by as much, so for single customers it is no better."
    if model["mean_absolute_error"] < best["mean_absolute_error"]:
        return f"{said}, the best of the naive forecasts by {other}."
    return f"{said}; {best['forecaster']} by {other} only, so for single customers it is no better."


def test_html(shown: Valued) -> str:
    """Return the same with the errors of all forecasters as a table."""
    said, found = paragraphs(test(shown), "rk-reading"), shown.customers.back_test
    if isinstance(found, BackTest):
        table = html_table(
            found.errors,
            caption="Forecasts of the same days, per customer",
            formats={
                "expected": ",.0f",
                "bias": "+.1%",
                "mean_absolute_error": ".3f",
                "root_mean_squared_error": ".3f",
                "rank_correlation": ".2f",
            },
            labels={"expected": "purchases foreseen"},
        )
        return said + framed(table, "Forecasters", whole=True)
    if found is None:
        return said
    columns = {"months_ahead": found.periods_ahead, "came": found.actual, **found.forecasts}
    shares = [name for name in columns if name != "months_ahead"]
    table = html_table(
        pa.table({name: pa.array(values) for name, values in columns.items()}),
        caption=f"Share of {formats.plural(found.customers, 'customer')} still subscribed",
        formats=dict.fromkeys(shares, ".1%"),
    )
    return said + framed(table, "Forecasters", whole=True)


def shortcuts(shown: Valued) -> list[str]:
    """Return what simple formulas say, and the gap they make."""
    rows = shown.value.shortcuts.to_pylist()
    if not rows:
        return [
            "Simple formulas need the share of customers kept over a year, and less than half a year of "
            "orders does not tell it: wait for more."
        ]
    return [_gap(row, shown) for row in rows]


def _gap(row: dict[str, Any], shown: Valued) -> str:
    value, gap = row["value_per_customer"], row["gap"]
    name = formats.begun(str(row["name"]))
    if value is None:
        return f"{name}: everybody stays, so there is no lifetime to take."
    told = words.told(float(value), shown.value)
    if gap is None:
        return f"{name}: {told} per customer."
    side = "more" if gap > 0 else "less"
    off = formats.value(abs(float(gap)), "share")
    if off == formats.value(0.0, "share"):
        return f"{name}: {told} per customer, as the model has it."
    return f"{name}: {told} per customer, {off} {side} than the model."


def shortcuts_html(shown: Valued) -> str:
    """Return the same with the formulas in full."""
    said = paragraphs(shortcuts(shown), "rk-reading")
    if not shown.value.shortcuts.num_rows:
        return said
    table = html_table(
        shown.value.shortcuts,
        caption="Simple formulas, beside the model",
        formats={"value_per_customer": digits(shown.value.per_customer.value), "gap": "+.1%"},
    )
    return said + framed(table, "Simple formulas", whole=True)
