"""The customers behind a cell are those that the cell counts."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Expected, NothingToShowError, Order, Shop
from random_shops import choices, shops, slow

from retention_kit import cohort_table, open_dataset
from retention_kit.data.resolve import samples
from retention_kit.errors import ParameterError
from retention_kit.measures.customers import cell_customers

SHOP = Shop(
    (
        Order("a", datetime(2024, 1, 5, 9), Decimal(10), channel="web", device="phone"),
        Order("a", datetime(2024, 2, 5, 10), Decimal(5), channel="shop"),
        Order("b", datetime(2024, 1, 7), Decimal(7), channel="it's ?", device="desk"),
        Order("c", datetime(2024, 1, 9), Decimal(1), channel="web"),
        Order("c", datetime(2024, 3, 9), Decimal(2), channel="web"),
        Order("d", datetime(2024, 3, 2), Decimal(3), channel="web", device="phone"),
        Order("d", datetime(2024, 3, 3), Decimal(4), channel="web", device="phone"),
    ),
    date(2024, 3, 31),
)
CHANNELS = ("web", "store", "")  # the last is not known


@pytest.fixture(scope="module")
def dataset(open_shop):
    return open_shop(SHOP)


@pytest.fixture(scope="module")
def cdnow(tmp_path_factory):
    """The dataset file of CDNOW with a channel for each customer."""
    file = samples()["cdnow"]
    head, *rows = file.with_name("cdnow.csv").read_text("utf-8").splitlines()
    lines = [f"{head},channel", *(f"{row},{CHANNELS[int(row[:5]) % 3]}" for row in rows)]
    path = tmp_path_factory.mktemp("cdnow") / "cdnow.toml"
    path.with_name("cdnow.csv").write_text("\n".join(lines), "utf-8")
    path.write_text(f"segments = ['channel']\n{file.read_text('utf-8')}channel = 'channel'\n", "utf-8")
    return path


def listed(found):
    return {row["customer_id"]: row["active"] for row in found.listed.to_pylist()}


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"mode": "unbounded"},
        {"mode": "range", "brackets": "0-1,2"},
        {"mode": "streak", "clock": "elapsed"},
        {"min_orders": 2, "grain": "quarter"},
        {"breakdown": "channel", "clock": "elapsed"},
        {"segment": "channel=it's ?"},
        {"segment": "channel=web", "breakdown": "device"},
        {"orders": "channel=web"},
        {"cohort_by": "channel"},
        {"cohort_by": "channel", "cohort_from": "2024-02-01"},
        {"cohort_by": "channel", "breakdown": "device", "segment": "device=phone"},
    ],
)
def test_as_many_customers_are_listed_and_active_as_the_cell_counts(dataset, chosen):
    table = cohort_table(dataset, **chosen)
    for cell in table.cells.to_pylist():
        if cell["status"] not in ("mature", "partial"):
            continue
        found = cell_customers(
            dataset, table, cohort=cell["cohort"], age=cell["age_periods"], group=cell["group"]
        )
        everyone = cell["eligible"] if table.parameters.cohort_by else cell["cohort_size"]
        assert found.customers == found.listed.num_rows == everyone
        assert found.active == sum(listed(found).values()) == cell["numerator"]


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"breakdown": "channel"},
        {"breakdown": "channel", "mode": "unbounded", "clock": "elapsed", "grain": "quarter"},
        {"breakdown": "channel", "mode": "range"},
        {"breakdown": "channel", "mode": "streak", "age_to": 5, "min_orders": 2},
        {"breakdown": "channel", "segment": "channel=(unknown)", "cohort_from": "1997-02-01"},
        {"breakdown": "channel", "cohort_by": "channel", "grain": "quarter"},
        {"breakdown": "channel", "smallest_cohort": 800},
    ],
)
def test_as_many_customers_are_listed_and_active_as_a_pooled_value_counts(cdnow, chosen):
    dataset = open_dataset(cdnow, as_of="1998-06-15")
    table = cohort_table(dataset, **chosen)
    pooled = [row for row in table.pooled.to_pylist() if row["customers"]]
    assert {row["group"] for row in pooled} == set(table.groups)
    for row in pooled:
        found = cell_customers(dataset, table, age=row["age_periods"], group=row["group"])
        assert found.customers == found.listed.num_rows == row["customers"]
        assert found.active == sum(listed(found).values()) == row["numerator"]


@settings(slow, max_examples=8)
@given(data=st.data())
def test_customers_behind_cells_and_pooled_values_are_the_oracles(open_shop, data):
    shop = data.draw(shops())
    dataset = open_shop(shop)
    for _ in range(4):
        breakdown = data.draw(st.sampled_from(("channel", "device", "")))
        chosen = data.draw(choices(shop)) | {"measure": "customers", "breakdown": breakdown}
        try:
            expected = Expected(shop, **chosen)
        except NothingToShowError:
            continue
        table = cohort_table(dataset, **chosen)
        for group in expected.groups:
            for span in expected.spans:
                mature = expected.mature(group, span)
                places = {name: [key] for name, key in zip(table.cohorts, expected.shown, strict=True)}
                for cohort, keys in (places | {None: mature}).items():
                    people = [member for key in keys for member in expected.counted(group, key, span)]
                    place = {"cohort": cohort, "age": span[0], "group": group}
                    if cohort is None and not mature:
                        with pytest.raises(ParameterError, match="no cell for all cohorts"):
                            cell_customers(dataset, table, **place)
                        continue
                    found = listed(cell_customers(dataset, table, **place))
                    assert found == {m.name: bool(expected.contribution(m, span)) for m in people}


def test_cohorts_that_have_not_finished_the_age_are_in_no_pooled_value(dataset):
    table = cohort_table(dataset, breakdown="channel", clock="elapsed")
    assert listed(cell_customers(dataset, table, age=1, group="web")) == {"a": True, "c": False}
    found = cell_customers(dataset, table, cohort="Mar 2024", age=0, group="web")
    assert listed(found) == {"d": True}


def test_customers_whose_attribute_is_not_known_are_a_group(dataset):
    table = cohort_table(dataset, breakdown="device")
    assert listed(cell_customers(dataset, table, age=2, group="(unknown)")) == {"c": True}


def test_customers_come_with_orders_revenue_and_segments_those_who_came_back_first(dataset):
    table = cohort_table(dataset)
    found = cell_customers(dataset, table, cohort="Jan 2024", age=2).listed.to_pylist()
    assert [row["customer_id"] for row in found] == ["c", "a", "b"]
    assert found[1] == {
        "customer_id": "a",
        "active": False,
        "first_order_at": datetime(2024, 1, 5, 9),
        "last_order_at": datetime(2024, 2, 5, 10),
        "orders": 2,
        "revenue": Decimal(15),
        "channel": "web",
        "device": "phone",
    }


def test_short_list_counts_those_it_leaves_out(dataset):
    found = cell_customers(dataset, cohort_table(dataset), cohort="Jan 2024", age=0, limit=2)
    assert (found.customers, found.active, found.listed.num_rows) == (3, 3, 2)


@pytest.mark.parametrize(("cohort", "age"), [("Jan 2023", 0), ("Jan 2024", 99), ("'; --", 0)])
def test_a_cell_that_is_not_shown_is_refused(dataset, cohort, age):
    with pytest.raises(ParameterError, match="no cell for cohort"):
        cell_customers(dataset, cohort_table(dataset), cohort=cohort, age=age)


def test_pooled_value_that_no_cohort_is_behind_is_refused(dataset):
    with pytest.raises(ParameterError, match="no cell for all cohorts at age 2"):
        cell_customers(dataset, cohort_table(dataset, clock="elapsed"), age=2)


def test_a_group_that_is_not_shown_is_refused(dataset):
    table = cohort_table(dataset, breakdown="device")
    with pytest.raises(ParameterError, match="no group 'fax'"):
        cell_customers(dataset, table, cohort="Jan 2024", age=0, group="fax")
