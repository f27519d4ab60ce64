"""Charts of revenue and of reasons for leaving: the steps add up, and every mark is a measured number."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache

import pyarrow as pa
import pytest
from chart_parts import data, require_complete

from retention_kit import formats, open_dataset
from retention_kit.charts import revenue as drawn
from retention_kit.measures.bridge import revenue_bridge
from retention_kit.measures.reasons_for_leaving import OTHER, reasons_for_leaving
from retention_kit.measures.revenue_retention import revenue_retention

LONG_AFTER = date(2100, 1, 1)


@cache
def bridge(name="shop", basis="subscriptions", **options):
    return revenue_bridge(open_dataset(name), basis=basis, **options)


@cache
def kept(**options):
    return revenue_retention(open_dataset("shop"), **options)


@cache
def reasons(**options):
    return reasons_for_leaving(open_dataset("shop"), **options)


def rates(found=None, until=LONG_AFTER, events=None):
    return drawn.revenue_retention(found or kept(), until=until, level=0.95, events=events)


@pytest.mark.parametrize(("name", "basis"), [("shop", "subscriptions"), ("cdnow", "orders")])
@pytest.mark.parametrize("at", [0, 3, -1])
def test_steps_lead_from_opening_to_closing_without_a_gap(name, basis, at):
    found = bridge(name, basis)
    row = found.steps.to_pylist()[at]
    chart = drawn.bridge(found, index=row["period_index"])
    require_complete(chart)
    first, *steps, last = data(chart, "steps")
    assert (first["low"], first["high"]) == (0, float(row["opening"]))
    assert (last["low"], last["high"]) == (0, float(row["closing"]))
    level = row["opening"]
    for step in steps:
        moved = drawn.STEPS[step["step"]] * row[step["step"]]
        ends = sorted((float(level), float(level + moved)))
        assert [step["low"], step["high"]] == pytest.approx(ends)
        assert step["kind"] == ("up" if drawn.STEPS[step["step"]] > 0 else "down")
        level += moved
    assert level == row["closing"]
    ties = data(chart, "ties")
    assert [(tie["step"], tie["next"]) for tie in ties] == [
        (one["step"], other["step"]) for one, other in zip([first, *steps], [*steps, last], strict=True)
    ]
    assert ties[-1]["level"] == pytest.approx(float(row["closing"]))
    assert chart.table is found.steps


def test_step_carries_its_amount_its_share_of_the_opening_and_its_customers():
    found = bridge()
    row = found.steps.to_pylist()[-1]
    steps = {one["step"]: one for one in data(drawn.bridge(found, index=row["period_index"]), "steps")}
    assert steps["churn"]["text"] == f"−{row['churn']:.2f} EUR"
    assert steps["churn"]["share"] == formats.value(float(row["churn"] / row["opening"]), "share")
    assert steps["new"]["text"] == f"+{row['new']:.2f} EUR"
    assert steps["new"]["customers"] == formats.count(row["new_customers"])


def test_title_says_from_where_to_where_and_what_weighed_most():
    row = bridge().steps.to_pylist()[-1]
    chart = drawn.bridge(bridge(), index=row["period_index"])
    heaviest = max(drawn.STEPS, key=lambda name: row[name])
    assert chart.title == (
        f"Dec 2024: monthly revenue went from {row['opening']:,.2f} EUR to {row['closing']:,.2f} EUR; "
        f"the largest step is {heaviest}"
    )
    assert chart.subtitle.startswith("monthly amount at the end of the month against the month before · EUR")
    assert drawn.bridge(bridge("cdnow", "orders"), index=3).subtitle.startswith("revenue of the month")


def test_bridge_on_which_nothing_moved_names_no_step():
    found = bridge()
    still = {name: Decimal(0) for name in drawn.STEPS}
    row = found.steps.to_pylist()[-1] | still | {"opening": Decimal(0), "closing": Decimal(0)}
    quiet = replace(found, steps=pa.Table.from_pylist([row], found.steps.schema))
    chart = drawn.bridge(quiet, index=row["period_index"])
    assert "weighed" not in chart.title
    assert {step["share"] for step in data(chart, "steps")} == {formats.NOTHING}
    require_complete(chart)


def test_unfinished_period_is_said_to_be_unfinished():
    dataset = open_dataset("shop", as_of="2024-06-10")
    found = revenue_bridge(dataset)
    at = found.steps["period_index"][-1].as_py()
    assert "not over yet" in drawn.bridge(found, index=at).subtitle
    assert "not over yet" not in drawn.bridge(found, index=at - 1).subtitle


def test_rates_over_time_are_those_of_every_month():
    chart = rates(events=open_dataset("shop").events)
    require_complete(chart)
    points = {(one["series"], one["when"]): one for one in data(chart, "rates")}
    for row in kept().table.to_pylist():
        for series, name in (("net revenue retention", "nrr"), ("gross revenue retention", "grr")):
            if row[name] is None:
                assert (series, row["period"]) not in points
                continue
            point = points[series, row["period"]]
            assert (point["value"], point.get("ci_low"), point.get("ci_high")) == (
                row[name],
                row[f"{name}_ci_low"],
                row[f"{name}_ci_high"],
            )
            assert point["customers"] == formats.count(row["opened_customers"])
    assert len(data(chart, "events")) == 3


def test_legend_of_rates_is_as_dark_as_their_lines():
    areas = [layer for layer in rates().spec["layer"] if layer["mark"]["type"] == "area"]
    assert areas[0]["encoding"]["color"]["legend"] == {"symbolOpacity": 1}


def test_title_of_rates_is_of_the_last_month_up_to_the_end_of_the_period():
    june = next(row for row in kept().table.to_pylist() if row["period"] == "Jun 2024")
    chart = rates(until=date(2024, 7, 15))
    assert chart.title == (
        f"Customers of a year ago bring {formats.value(june['nrr'], 'share')} of their revenue in Jun 2024, "
        f"{formats.value(june['grr'], 'share')} without growth"
    )
    assert f"{june['opened_customers']} customers with revenue 12 months before Jun 2024" in chart.subtitle
    assert "net without the ten largest in Dec 2024: " in chart.subtitle
    assert "in Feb 2023" in rates(until=date(2022, 1, 31)).title + rates(until=date(2023, 2, 28)).title


def test_no_rates_are_no_chart():
    empty = replace(kept(), table=kept().table.slice(0, 0))
    assert rates(empty) is None
    assert drawn.month_of(empty, LONG_AFTER) is None


def test_rate_without_the_ten_largest_is_said_only_where_there_is_one():
    assert "ten largest" not in rates(replace(kept(), nrr_without_top_ten=None)).subtitle


def test_reasons_have_a_bar_for_customers_and_one_for_revenue():
    found = reasons()
    chart = drawn.reasons(found, level=0.95)
    require_complete(chart)
    bars = {(one["row"], one["basis"]): one for one in data(chart, "reasons")}
    of_revenue = {row["reason"]: row for row in found.by_revenue.to_pylist()}
    for row in found.by_customers.to_pylist():
        customers, money = bars[row["reason"], "customers"], bars[row["reason"], "revenue lost"]
        assert (customers["value"], customers["ci_high"]) == (
            row["customers_share"],
            row["customers_share_ci_high"],
        )
        assert customers["up_to"] == formats.value(row["cumulative_share"], "share")
        assert money["value"] == of_revenue[row["reason"]]["revenue_share"]
        assert money["up_to"] == ""
        assert customers["end"] == row["customers_share_ci_high"]
    first = found.by_customers.to_pylist()[0]
    assert chart.title == (
        f"The reason given most is {first['reason']}: {formats.value(first['customers_share'], 'share')} of "
        f"{found.customers} customers who left"
    )


def test_reasons_without_amounts_have_bars_for_customers_only():
    found = replace(reasons(), by_revenue=reasons().by_revenue.slice(0, 0))
    assert {one["basis"] for one in data(drawn.reasons(found, level=0.95), "reasons")} == {"customers"}


def test_rare_reasons_and_unknown_ones_are_not_what_is_given_most():
    rows = reasons().by_customers.to_pylist()
    others = [rows[0] | {"reason": OTHER}, rows[1], rows[2] | {"reason": "(unknown)"}]
    found = replace(reasons(), by_customers=pa.Table.from_pylist(others, reasons().by_customers.schema))
    assert drawn.reasons(found, level=0.95).title.startswith(f"The reason given most is {rows[1]['reason']}")
    nothing = replace(reasons(), by_customers=found.by_customers.slice(2))
    assert drawn.reasons(nothing, level=0.95).title == "Why 281 customers left is not known"


def test_many_reasons_are_cut_and_the_table_holds_all():
    row = reasons().by_customers.to_pylist()[0]
    many = pa.Table.from_pylist([row | {"reason": f"reason {n}"} for n in range(20)])
    chart = drawn.reasons(replace(reasons(), by_customers=many), level=0.95)
    assert chart.subtitle.endswith("12 reasons of 20; the table holds all")
    assert len({one["row"] for one in data(chart, "reasons")}) == 12
    assert chart.table.num_rows == 20
