"""The simulated shop as a whole: the same from the same seed, and possible."""

from dataclasses import FrozenInstanceError, replace
from datetime import date

import duckdb
import pyarrow as pa
import pytest

from retention_kit.data.simulation import ShopParameters, SimulatedShop, simulate
from retention_kit.data.simulation.parameters import Complaints, Programme, Purchasing
from retention_kit.errors import ParameterError

COLUMNS = {
    "orders": ["customer_id", "ordered_at", "order_id", "category", "channel", "amount", "margin"],
    "customers": [
        "customer_id", "country", "source", "acquisition_cost", "joined_programme_at", "consent",
    ],
    "subscriptions": [
        "customer_id", "started_at", "ended_at", "plan", "amount", "billing_months", "reason",
    ],
    "responses": [
        "customer_id", "answered_at", "question", "score", "scale_min", "scale_max", "reason", "comment",
    ],
    "complaints": ["customer_id", "opened_at", "resolved_at", "outcome"],
    "assignments": ["customer_id", "assigned_at", "variant"],
}  # fmt: skip


@pytest.fixture(scope="module")
def shop() -> SimulatedShop:
    return simulate(customers=20_000, seed=7)


@pytest.fixture(scope="module")
def offenders(shop):
    """A function that counts the rows of an SQL query over the shop's tables."""
    with duckdb.connect() as connection:
        for name, table in shop.tables.items():
            connection.register(name, table)
        connection.register("latent", shop.latent)
        yield lambda sql: connection.execute(f"SELECT count(*) FROM ({sql})").fetchone()[0]


def test_every_table_is_there_and_filled(shop):
    assert {name: table.column_names for name, table in shop.tables.items()} == COLUMNS
    assert shop.tables["customers"].num_rows == shop.latent.num_rows == 20_000
    for table in shop.tables.values():
        assert table.num_rows > 500
        assert table["customer_id"].null_count == 0


def test_the_same_seed_gives_the_same_shop_and_another_seed_another():
    one, same, other = (simulate(customers=300, seed=seed) for seed in (5, 5, 6))
    assert all(one.tables[name].equals(same.tables[name]) for name in COLUMNS)
    assert one.latent.equals(same.latent)
    assert one.truth.to_json() == same.truth.to_json()
    assert not any(one.tables[name].equals(other.tables[name]) for name in COLUMNS)


def test_what_a_part_draws_leaves_the_other_parts_alone():
    usual = simulate(customers=1000, seed=2)
    answers = replace(ShopParameters().answers, nps_answer_share=0.5, csat_answer_share=0.9)
    asked = simulate(customers=1000, seed=2, parameters=replace(ShopParameters(), answers=answers))
    unlike = [name for name in COLUMNS if not usual.tables[name].equals(asked.tables[name])]
    assert unlike == ["responses"]


def test_a_shop_in_which_nobody_complains_or_joins_can_be_asked_for():
    parameters = replace(
        ShopParameters(), complaints=Complaints(per_year=0), programme=Programme(joins_per_year=0)
    )
    shop = simulate(customers=1000, parameters=parameters)
    assert shop.tables["complaints"].num_rows == 0
    assert shop.tables["customers"]["joined_programme_at"].null_count == 1000


def test_every_order_lies_within_the_life_of_its_customer(offenders):
    assert offenders("FROM orders SEMI JOIN latent USING (customer_id)") == offenders("FROM orders")
    assert offenders("FROM latent ANTI JOIN orders USING (customer_id)") == 0
    days = "SELECT customer_id, min(ordered_at)::DATE AS day FROM orders GROUP BY customer_id, order_id"
    assert offenders(f"FROM ({days}) JOIN latent USING (customer_id) WHERE day > left_day") == 0
    assert offenders("FROM orders WHERE ordered_at NOT BETWEEN '2022-01-01' AND '2024-12-31 23:59:59'") == 0


def test_what_customers_do_happens_after_their_first_order_and_before_they_leave(offenders):
    lives = (
        "SELECT customer_id, min(ordered_at)::DATE AS first, any_value(left_day) AS left_day"
        " FROM orders JOIN latent USING (customer_id) GROUP BY customer_id"
    )
    for table, day in (("customers", "joined_programme_at"), ("complaints", "opened_at")):
        rows = f"FROM {table} JOIN ({lives}) USING (customer_id)"
        assert offenders(f"{rows} WHERE {day} <= first") == 0
        assert offenders(f"{rows} WHERE {day} > left_day") == 0
        assert offenders(f"{rows} WHERE {day} > DATE '2024-12-31'") == 0
    assert offenders(f"FROM assignments JOIN ({lives}) USING (customer_id) WHERE assigned_at <> first") == 0
    assert offenders(f"FROM responses JOIN ({lives}) USING (customer_id) WHERE answered_at <= first") == 0
    assert offenders(f"FROM subscriptions JOIN ({lives}) USING (customer_id) WHERE started_at < first") == 0


def test_refunds_follow_their_order_and_never_exceed_it(offenders):
    by_order = (
        "SELECT order_id, sum(amount) AS rest, sum(margin) AS margin, count(DISTINCT customer_id) AS owners,"
        " count(*) FILTER (amount > 0) AS bought, count(*) FILTER (amount < 0) AS refunds,"
        " min(ordered_at) FILTER (amount < 0) > min(ordered_at) FILTER (amount > 0) AS later"
        " FROM orders GROUP BY order_id"
    )
    assert offenders(f"FROM ({by_order}) WHERE rest < 0 OR margin < 0 OR bought <> 1 OR owners <> 1") == 0
    assert offenders(f"FROM ({by_order}) WHERE refunds > 1 OR NOT later") == 0
    assert offenders(f"FROM ({by_order}) WHERE refunds = 1 AND rest = 0") > 100
    assert offenders(f"FROM ({by_order}) WHERE refunds = 1 AND rest > 0") > 100


def test_first_orders_are_never_refunded_in_full(offenders):
    firsts = "SELECT arg_min(order_id, ordered_at) AS order_id FROM orders GROUP BY customer_id"
    rest = f"SELECT sum(amount) AS rest FROM orders SEMI JOIN ({firsts}) USING (order_id) GROUP BY order_id"
    assert offenders(f"FROM ({rest}) WHERE rest = 0") == 0


def test_some_customers_order_in_several_channels_and_of_several_products(offenders):
    for column in ("channel", "category"):
        each = f"SELECT count(DISTINCT {column}) AS n FROM orders GROUP BY customer_id HAVING count(*) > 3"
        assert offenders(f"FROM ({each}) WHERE n = 1") > 200
        assert offenders(f"FROM ({each}) WHERE n > 1") > 200


def test_rows_are_sorted_by_time(shop):
    times = {
        "orders": "ordered_at",
        "subscriptions": "started_at",
        "responses": "answered_at",
        "complaints": "opened_at",
        "assignments": "assigned_at",
    }
    for name, column in times.items():
        values = shop.tables[name][column].to_pylist()
        assert values == sorted(values)


def test_answers_lie_on_their_scale_and_some_customers_answer_several_times(offenders):
    assert offenders("FROM responses WHERE score NOT BETWEEN scale_min AND scale_max") == 0
    assert offenders("SELECT DISTINCT question, scale_min, scale_max FROM responses") == 2
    assert (
        offenders("SELECT customer_id FROM responses WHERE question = 'nps' GROUP BY 1 HAVING count(*) > 1")
        > 100
    )
    assert offenders("SELECT DISTINCT score FROM responses WHERE question = 'nps'") == 11
    assert offenders("FROM responses WHERE comment IS NOT NULL") > 500
    assert offenders("FROM responses WHERE question = 'nps' AND reason IS NULL") > 100


def test_what_became_of_a_complaint_agrees_with_when_it_was_resolved(offenders):
    assert offenders("FROM complaints WHERE (outcome = 'resolved') <> (resolved_at IS NOT NULL)") == 0
    assert offenders("FROM complaints WHERE resolved_at <= opened_at OR resolved_at > '2024-12-31'") == 0
    assert offenders("FROM complaints WHERE outcome = 'open' AND opened_at < DATE '2024-12-31' - 14") == 0
    assert offenders("SELECT DISTINCT outcome FROM complaints") == 3


def test_a_customer_is_assigned_once_and_a_complaint_is_the_only_one(offenders):
    for table in ("assignments", "complaints", "customers"):
        assert offenders(f"SELECT customer_id FROM {table} GROUP BY 1 HAVING count(*) > 1") == 0


def test_tables_have_the_types_that_their_values_need(shop):
    orders, customers = shop.tables["orders"].schema, shop.tables["customers"].schema
    assert (orders.field("amount").type, orders.field("ordered_at").type) == (
        pa.decimal128(18, 2),
        pa.timestamp("s"),
    )
    assert (customers.field("consent").type, customers.field("joined_programme_at").type) == (
        pa.bool_(),
        pa.date32(),
    )


def test_a_shop_of_a_year_has_no_figures_that_need_more():
    shop = simulate(customers=500, first_day=date(2023, 3, 15), last_day=date(2024, 3, 13))
    expected = shop.truth.expected
    assert expected["orders"]["repeat_orders_per_customer_in_first_365_days"] is None
    groups = expected["programme"]["share_who_order_on_days_181_to_360_by_group_on_day_180"]
    assert set(groups.values()) == {None}
    assert 0 < expected["experiment"]["difference"] < 0.2
    assert shop.tables["assignments"].num_rows > 10
    assert "2023-03-15" not in expected["nps"]["by_survey_day"]  # nobody was a customer before that day


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"customers": 99}, "customers=99 is not allowed. Choose 100 to 10,000,000."),
        ({"customers": 10_000_001}, "customers=10,000,001 is not allowed."),
        ({"seed": -1}, "seed=-1 is not allowed. Choose 0 or more."),
        ({"first_day": date(2024, 1, 3)}, "is 364 days. A simulated shop lasts 365 to 7,305 days."),
        ({"first_day": date(2004, 12, 31)}, "is 7,306 days."),
        ({"first_day": date(2025, 12, 31)}, "is no day."),
        ({"first_day": date(2024, 12, 31)}, "is 1 day."),
        (
            {"first_day": date(1700, 1, 1), "last_day": date(1705, 1, 1)},
            "could not be opened. Choose days from 1950-01-01 to 2100-12-31.",
        ),
    ],
)
def test_a_shop_that_cannot_be_is_refused(options, said):
    with pytest.raises(ParameterError) as caught:
        simulate(**options)
    assert said in str(caught.value)


def test_truth_cannot_be_changed_by_accident(shop):
    with pytest.raises(FrozenInstanceError):
        shop.truth.seed = 1
    with pytest.raises(FrozenInstanceError):
        shop.truth.parameters.purchasing.rate_days = 1.0
    first = simulate(customers=100).truth
    first.expected["experiment"]["difference"] = 9.0
    assert simulate(customers=100).truth.expected["experiment"]["difference"] < 1


def test_parameters_are_in_the_truth_under_their_names(shop):
    text = shop.truth.to_json()
    for name in (
        "rate_shape",
        "leaving_ratio_unresolved",
        "satisfaction_correlation",
        "alpha",
        "voucher_share",
    ):
        assert f'"{name}"' in text
    assert "NaN" not in text
    assert replace(ShopParameters(), purchasing=Purchasing(rate_days=50.0)) != ShopParameters()
