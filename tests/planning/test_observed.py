"""From a dataset to a base: levers stand where plain counting has them."""

import csv
from collections import defaultdict
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from retention_kit import open_dataset
from retention_kit.errors import ColumnError, DataError
from retention_kit.planning.levers import Levers
from retention_kit.planning.observed import observed
from tests.shops import orders, write_shop

SHOP = Path(__file__).parents[2] / "sample_data" / "shop"
AS_OF = date(2024, 12, 31)


@cache
def of_shop(**options):
    return observed(open_dataset("shop"), **options)


def rows_of(name):
    with (SHOP / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_margin_cost_and_acquisition_are_those_of_plain_counting():
    found = of_shop()
    start, firsts = found.base.start, {}
    spent = defaultdict(lambda: [0.0, 0.0])
    for row in rows_of("orders"):
        if row["customer_id"]:
            day = row["ordered_at"][:10]
            firsts[row["customer_id"]] = min(firsts.get(row["customer_id"], day), day)
            for place, name in enumerate(("amount", "margin")):
                spent[row["customer_id"], day][place] += float(row[name] or 0)
    again = [sums for (who, day), sums in spent.items() if day > firsts[who]]
    # Refunds are netted by rules of their own, which move the ratio by little.
    assert start.margin == pytest.approx(sum(m for _, m in again) / sum(a for a, _ in again), rel=0.02)
    since = (AS_OF - timedelta(days=365)).isoformat()
    assert start.acquisition_per_month == pytest.approx(
        sum(day > since for day in firsts.values()) / 12, rel=0.01
    )
    costs = [float(row["acquisition_cost"]) for row in rows_of("customers") if row["acquisition_cost"]]
    assert start.acquisition_cost == pytest.approx(sum(costs) / len(costs))
    assert (start.discount_rate, start.horizon_months, start.saved_share) == (0.08, 12, 0.0)
    assert found.base.customers.sum() == len(firsts)


def test_segments_part_the_same_customers():
    whole, parts = of_shop().base, of_shop(breakdown="product").base
    assert parts.customers.sum() == whole.customers.sum()
    assert parts.average.revenue(12, np.zeros(1), 0.0).sum() == pytest.approx(
        whole.average.revenue(12, np.zeros(1), 0.0).sum(), rel=1e-4
    )


def test_subscribers_who_run_today_are_those_of_plain_counting():
    found = of_shop(basis="subscriptions", breakdown="plan")
    running = {
        row["customer_id"]
        for row in rows_of("subscriptions")
        if row["started_at"] <= AS_OF.isoformat() and not ("" < row["ended_at"] <= AS_OF.isoformat())
    }
    assert found.base.customers.sum() == len(running)
    assert set(found.base.segments) == {row["plan"] for row in rows_of("subscriptions")}
    assert found.base.start.margin == 1.0
    assert not found.knows_margin
    assert found.status_quo(Levers(margin=0.4)).margin == 0.4
    assert found.back_test is not None
    assert found.tested.startswith("Of forecasts made at earlier days")


def test_forecasts_are_held_against_what_came():
    found = of_shop()
    assert found.back_test is not None
    assert "this model was" in found.tested
    assert "give or take" in found.tested
    assert "Gamma-Gamma" in found.model


def test_a_dataset_states_its_margin(tmp_path):
    path = write_shop(tmp_path, orders(customers=20, months=(4, 5)), name="stated")
    path.write_text(path.read_text("utf-8").replace("schema = 1\n", "schema = 1\nmargin = 0.3\n"))
    found = observed(open_dataset(path))
    assert found.base.start.margin == 0.3
    assert found.status_quo(Levers(margin=0.4)).margin == 0.3
    assert found.sources["margin"] == "as the dataset file says"
    assert found.sources["discount_rate"] == "a convention"
    assert found.base.start.acquisition_cost is None
    assert found.base.start.discount_rate == 0.1


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(DataError, match="has no subscriptions"):
        observed(open_dataset("cdnow"), basis="subscriptions")
    with pytest.raises(ColumnError, match="colour"):
        observed(open_dataset("shop"), breakdown="colour")
    path = tmp_path / "club.toml"
    (tmp_path / "club.csv").write_text(
        "who,start,end\n" + "\n".join(f"c{n},2024-0{1 + n % 6}-01,2024-09-10" for n in range(30))
    )
    text = (
        'schema = 1\nas_of = {}\n[subscriptions]\nsource = "club.csv"\ndate_order = "ymd"\n'
        '[subscriptions.columns]\ncustomer_id = "who"\nstarted_at = "start"\nended_at = "end"\n'
    )
    path.write_text(text.format("2024-12-31"))
    with pytest.raises(DataError, match="nobody is left whom a programme could keep"):
        observed(open_dataset(path))
    path.write_text(text.format("2024-08-31"))
    with pytest.raises(DataError, match="the subscriptions have no amounts"):
        observed(open_dataset(path))


def test_a_model_of_a_few_customers_says_so(tmp_path):
    days = [f"{who},2024-0{month}-1{who},9.5" for who in range(4) for month in range(1, 7 if who else 2)]
    (tmp_path / "few.csv").write_text("who,day,paid\n" + "\n".join(days))
    path = tmp_path / "few.toml"
    path.write_text(
        'schema = 1\nas_of = 2024-06-30\n[orders]\nsource = "few.csv"\ndate_order = "ymd"\n'
        '[orders.columns]\ncustomer_id = "who"\nordered_at = "day"\namount = "paid"\n'
    )
    found = observed(open_dataset(path))
    assert "Only 3 customers have bought again: too few to rely on these figures." in found.notes
    assert not any("too few" in note for note in of_shop().notes)
