import base64
import io
import re

import openpyxl
import pytest
import shops

from retention_kit.errors import RetentionKitError
from retention_kit.measures.customers import cell_customers
from retention_kit.workbook.chart_widget import ChartWidget
from retention_kit.workbook.customer_list import customer_list


def listing(view):
    """The heat map with its list: the chart, and the text below it."""
    chart, below = view.heat_map().children
    return chart, below


def click(chart, row, age, at=1):
    chart.set_state({"clicked": {"row": row, "age": age, "group": "", "at": at}})


def linked(html, name):
    """The content of a download."""
    return base64.b64decode(re.search(rf'download="{name}" href="data:[^,]*,([^"]*)"', html)[1])


def test_hint_says_what_to_do(in_lab):
    assert "Click a cell to list its customers." in listing(in_lab())[1].value


def test_click_lists_the_customers_of_the_cell(in_lab):
    view = in_lab()
    chart, below = listing(view)
    click(chart, "Jan 2024", 1)
    expected = cell_customers(view.dataset, view.table, cohort="Jan 2024", age=1)
    cells = {(row["cohort"], row["age_periods"]): row for row in view.table.cells.to_pylist()}
    cell = cells["Jan 2024", 1]
    assert f"Jan 2024, age 1: {cell['numerator']} of {cell['cohort_size']} customers retained" in below.value
    assert below.value.count("<tr>") == 1 + expected.listed.num_rows == 61


def test_one_customer_is_one_customer(on, tmp_path):
    from retention_kit.workbook.cohorts import cohort_view

    on("notebook")
    path = shops.write_shop(tmp_path, shops.orders(customers=1))
    chart, below = listing(cohort_view({"dataset": str(path)}))
    click(chart, "Jan 2024", 1)
    assert re.search("age 1: [01] of 1 customer retained", below.value)


def test_downloads_hold_the_same_customers(in_lab):
    view = in_lab()
    chart, below = listing(view)
    click(chart, "Feb 2024", 2)
    expected = cell_customers(view.dataset, view.table, cohort="Feb 2024", age=2).listed
    lines = linked(below.value, "customers.csv").decode("utf-8-sig").splitlines()
    assert lines[0].split(",") == expected.column_names
    assert [line.split(",")[0] for line in lines[1:]] == expected["customer_id"].to_pylist()
    sheet = openpyxl.load_workbook(io.BytesIO(linked(below.value, "customers.xlsx"))).active
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == expected["customer_id"].to_pylist()


def test_long_list_shows_its_beginning_and_downloads_all(on, tmp_path):
    from retention_kit.workbook.cohorts import cohort_view

    on("notebook")
    path = shops.write_shop(tmp_path, shops.orders(customers=150, months=(1,)))
    chart, below = listing(cohort_view({"dataset": str(path)}))
    click(chart, "Jan 2024", 1)
    assert "150 customers retained, the first 100 shown" in below.value
    assert below.value.count("<tr>") == 101
    assert len(linked(below.value, "customers.csv").splitlines()) == 151


def test_new_result_forgets_the_list(in_lab):
    view = in_lab()
    chart, below = listing(view)
    click(chart, "Jan 2024", 1)
    view.state.change(grain="week")
    assert below.value == listing(view)[1].value
    assert "Jan 2024" not in below.value


@pytest.mark.parametrize("cell", [("Jan 1999", 1), ("Jan 2024", 99), ("Jan 2024", -1)])
def test_cell_that_is_not_there_is_a_sentence(in_lab, cell):
    chart, below = listing(in_lab())
    click(chart, *cell)
    assert "The table has no cell for cohort" in below.value


@pytest.mark.parametrize(
    "sent", [{}, {"row": "Jan 2024"}, {"row": "Jan 2024", "age": "x"}, {"row": None, "age": None}]
)
def test_click_that_makes_no_sense_is_a_sentence(in_lab, sent, caplog):
    chart, below = listing(in_lab())
    chart.set_state({"clicked": {**sent, "at": 2}})
    assert 'class="rk-status"' in below.value
    assert "Traceback" not in below.value


# Thirty customers each month come from the web; January, February and April have finished age 1 by June.
@pytest.mark.parametrize(
    ("chosen", "label", "everyone"),
    [({}, "1", 90), ({"mode": "range", "brackets": "1-2,3"}, "1-2", 60), ({"measure": "revenue"}, "1", 90)],
)
def test_click_on_a_group_lists_its_customers_of_complete_cohorts(in_lab, chosen, label, everyone):
    view = in_lab(breakdown="channel", **chosen)
    chart, below = listing(view)
    click(chart, "web", 1)
    expected = cell_customers(view.dataset, view.table, age=1, group="web")
    said = f"channel = web, age {label}, complete cohorts: {expected.active} of {everyone} customers retained"
    assert said in below.value
    lines = linked(below.value, "customers.csv").decode("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == expected.listed["customer_id"].to_pylist()
    assert {line.split(",")[-1] for line in lines[1:]} == {"web"}


def test_click_on_the_group_that_is_not_known_lists_it(on, tmp_path):
    from retention_kit.workbook.cohorts import cohort_view

    on("notebook")
    path = shops.write_shop(tmp_path, shops.orders(names=("web", "")))
    view = cohort_view({"dataset": str(path), "breakdown": "channel"})
    chart, below = listing(view)
    click(chart, "(unknown)", 1)
    pooled = {(row["group"], row["age_periods"]): row for row in view.table.pooled.to_pylist()}
    row = pooled["(unknown)", 1]
    assert f"complete cohorts: {row['numerator']} of {row['customers']} customers retained" in below.value


def test_group_or_age_that_is_not_there_is_a_sentence(in_lab):
    chart, below = listing(in_lab(breakdown="channel"))
    click(chart, "fax", 1)
    assert "The table has no group" in below.value
    click(chart, "web", 5, at=2)
    assert "The table has no cell for all cohorts at age 5." in below.value


def test_click_on_many_counts_all_and_links_as_many_as_a_page_carries(in_lab, monkeypatch):
    monkeypatch.setattr("retention_kit.workbook.customer_list._ROWS_LISTED", 110)
    chart, below = listing(in_lab(breakdown="channel"))
    click(chart, "web", 0)
    assert "120 of 120 customers retained, the first 100 shown, the first 110 to download" in below.value
    assert len(linked(below.value, "customers.csv").splitlines()) == 111


def test_hostile_customers_are_text_everywhere(on, nasty):
    from retention_kit.workbook.cohorts import cohort_view

    on("notebook")
    chart, below = listing(cohort_view({"dataset": str(nasty)}))
    click(chart, "Jan 2024", 1)
    assert "<script" not in below.value
    assert "<img" not in below.value
    assert "&lt;script&gt;window.pwned" in below.value
    csv = linked(below.value, "customers.csv").decode("utf-8-sig")
    assert not re.search(r'(^|,|\n)"?=HYPERLINK', csv)
    assert "'=HYPERLINK" in csv
    sheet = openpyxl.load_workbook(io.BytesIO(linked(below.value, "customers.xlsx"))).active
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "b", "d"}


@pytest.mark.parametrize("surface", ["app", "report"])
def test_no_other_surface_lists_customers(in_lab, on, surface):
    view = in_lab()
    on(surface)
    with pytest.raises(RetentionKitError, match="in JupyterLab only"):
        customer_list(view.state, ChartWidget())


def test_app_shows_the_bare_chart(in_app):
    view = in_app()
    shown = view.heat_map()
    assert isinstance(shown, ChartWidget)
    click(shown, "Jan 2024", 1)
    assert "01-000" not in str(shown.get_state())
