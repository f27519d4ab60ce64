"""Lifetime values: conventions by hand, sums that agree, and words where data are odd."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from retention_kit import open_dataset
from retention_kit.errors import ColumnError, DataError, ParameterError
from retention_kit.planning.forecast_error import ForecastError
from retention_kit.planning.lifetime_value import lifetime_value, valued_customers


@pytest.fixture(scope="module")
def cdnow():
    return valued_customers(open_dataset("cdnow"), model="bg_nbd", calibration_end=date(1997, 9, 30))


@pytest.fixture(scope="module")
def shop():
    return valued_customers(open_dataset("shop"), model="mbg_nbd", breakdown="channel")


@pytest.fixture(scope="module")
def contracts():
    return valued_customers(open_dataset("shop"), basis="subscriptions", breakdown="plan")


@pytest.fixture(scope="module")
def each(cdnow):
    """Every customer of CDNOW by pandas: x, t_x, T in weeks, and what repeat days cost."""
    orders = pd.read_parquet(cdnow.dataset.orders, columns=["customer_id", "ordered_day", "amount"])
    orders["amount"] = orders["amount"].astype(float)
    days = orders.groupby(["customer_id", "ordered_day"])["amount"].sum().reset_index()
    days["ordered_day"] = pd.to_datetime(days["ordered_day"])
    first = days.groupby("customer_id")["ordered_day"].transform("min")
    days["again"] = days["ordered_day"] > first
    people = days.groupby("customer_id").agg(
        first=("ordered_day", "min"), last=("ordered_day", "max"), x=("again", "sum")
    )
    people["spent"] = days[days["again"]].groupby("customer_id")["amount"].sum()
    people["recency"] = (people["last"] - people["first"]).dt.days / 7
    people["age"] = (pd.Timestamp("1998-06-30") - people["first"]).dt.days / 7
    return people.fillna({"spent": 0.0})


@pytest.fixture(scope="module")
def by_hand(cdnow, each):
    """Value of each customer over a year at 10 %: months at their ends, the first discounted once."""
    fit, spend = cdnow.fit, cdnow.spend
    weeks = np.arange(13) * 365.25 / 12 / 7
    columns = (each[name].to_numpy() for name in ("x", "recency", "age"))
    bought = np.diff(fit.expected_purchases(weeks, *columns), axis=0)
    per_purchase = spend.p * (spend.v + each["spent"]) / (spend.p * each["x"] + spend.q - 1)
    return (1.1 ** -(np.arange(1, 13) / 12)) @ bought * per_purchase.to_numpy()


def test_the_total_is_the_sum_over_customers(cdnow, by_hand):
    value = cdnow.value(discount_rate=0.1)
    assert value.customers == 2357
    assert value.total.value == pytest.approx(by_hand.sum(), rel=1e-9)
    assert value.per_customer.value == pytest.approx(by_hand.mean(), rel=1e-9)
    assert value.total.ci_low < value.total.value < value.total.ci_high


def test_the_distribution_is_that_of_customers(cdnow, by_hand):
    value = cdnow.value(discount_rate=0.1, margin=0.5)
    expected = np.quantile(by_hand * 0.5, value.quantiles["share_of_customers"], method="inverted_cdf")
    assert value.quantiles["value"].to_pylist() == pytest.approx(expected, rel=1e-9)
    ranked = np.sort(by_hand)[::-1].cumsum() / by_hand.sum()
    half = np.interp(0.5, ranked, np.arange(1, ranked.size + 1) / ranked.size)
    assert value.concentration.half_held_by == pytest.approx(half, rel=2e-3)


def test_top_and_fading_are_the_first_of_all_customers_and_of_those_slipping(cdnow, each, by_hand):
    value = cdnow.value(discount_rate=0.1)
    alive = cdnow.fit.probability_alive(*(each[name].to_numpy() for name in ("x", "recency", "age")))
    weeks = np.arange(13) * 365.25 / 12 / 7
    bought = np.diff(cdnow.fit.purchases_while_alive(weeks, each["x"], each["age"]), axis=0)
    spend = cdnow.spend
    per_purchase = spend.p * (spend.v + each["spent"]) / (spend.p * each["x"] + spend.q - 1)
    risk = (1.1 ** -(np.arange(1, 13) / 12)) @ bought * per_purchase * (1 - alive)
    fit = cdnow.fit
    # On the day of the last purchase the odds to have left are a / (b + x - 1).
    before = np.where(each["x"] > 0, 1 / (1 + fit.a / (fit.b + np.maximum(each["x"], 1) - 1)), 1.0)
    risk = risk[(alive >= 0.2) & (before - alive >= 0.1)]
    for found, column, expected in (
        (value.top(20), "value", pd.Series(by_hand, index=each.index)),
        (value.fading(20), "value_at_risk", risk),
    ):
        expected = expected.sort_values(ascending=False).head(20)
        assert found["customer_id"].to_pylist() == expected.index.tolist()
        assert found[column].to_pylist() == pytest.approx(expected.tolist(), rel=1e-9)


def test_who_has_gone_and_who_is_there_for_certain_do_not_fade(cdnow, each):
    fading = cdnow.value().fading(2357)
    chances = fading["probability_alive"].to_numpy()
    assert 0.2 <= chances.min() < chances.max() < 0.9
    # Bought 22 times within five weeks, and not for fifteen months.
    assert each["x"]["19339"] == 21
    assert "19339" not in fading["customer_id"].to_pylist()
    assert min(fading["frequency"].to_pylist()) == 1  # BG/NBD holds those of no repeat purchase there


def test_a_breakdown_leaves_the_total_as_it_is(shop):
    whole = valued_customers(open_dataset("shop"), model="mbg_nbd")
    assert dict(whole.fit.parameters) == dict(shop.fit.parameters)
    assert dict(whole.spend.parameters) == dict(shop.spend.parameters)
    one, two = whole.value().total, shop.value().total
    assert two.value == pytest.approx(one.value, rel=1e-13)
    # Chance is that of customers with the same history taken together, or taken apart by group.
    assert (two.ci_low, two.ci_high) == pytest.approx((one.ci_low, one.ci_high), rel=1e-6)


def test_a_model_in_which_nobody_leaves_tells_no_share_of_customers():
    rows = [(f"c{n}", _day(n + 28 * k), 5.0 + n % 3) for n in range(40) for k in range(12)]
    found = valued_customers(_shop(rows), model="mbg_nbd")
    assert "nobody leaves" in found.fit.title
    assert found.value().probability_alive_mean is None


def test_a_test_of_fifty_two_weeks_reaches_a_year(shop):
    tested = replace(shop, forecast_error=ForecastError((364 / (365.25 / 12),), (0.0,), (0.1,)))
    assert not any("ahead; beyond" in note for note in tested.value(horizon=12).notes)
    assert any("up to 12 months ahead; beyond, to 13" in note for note in tested.value(horizon=13).notes)


def test_payback_of_one_month_is_told_as_one(shop):
    first = shop.value().curve_of_new["value_per_customer"]
    paid = replace(shop, cost=((first[0].as_py() + first[1].as_py()) / 2, 9)).value().payback
    assert paid.month == 1
    assert paid.sentence.endswith("after 1 month.")


def test_a_list_of_nobody_is_refused(cdnow):
    with pytest.raises(ParameterError, match="is none"):
        cdnow.value().top(0)


def test_margin_scales_every_value(cdnow):
    whole, part = cdnow.value(), cdnow.value(margin=0.25)
    assert (whole.measures, part.measures) == ("revenue", "margin")
    for name in ("value", "ci_low", "ci_high"):
        assert getattr(part.total, name) == pytest.approx(getattr(whole.total, name) / 4, rel=1e-9)
    assert part.curve_of_new["value_per_customer"][0].as_py() == pytest.approx(
        cdnow.spend.population_mean / 4
    )


def test_value_rises_with_the_horizon_and_falls_with_the_rate(cdnow):
    by_horizon = [cdnow.value(horizon=months).total.value for months in (1, 6, 12, 36)]
    by_rate = [cdnow.value(discount_rate=rate).total.value for rate in (0.0, 0.1, 0.3)]
    assert by_horizon == sorted(by_horizon)
    assert by_rate == sorted(by_rate, reverse=True)


def test_the_curve_ends_at_the_value(cdnow):
    value = cdnow.value(horizon=24)
    curve = value.curve.to_pydict()
    assert curve["month"] == list(range(25))
    assert curve["value_per_customer"][-1] == pytest.approx(value.per_customer.value, rel=1e-9)
    assert curve["ci_high"][-1] == pytest.approx(value.per_customer.ci_high, rel=1e-6)
    assert all(np.diff(curve["value_per_customer"]) > 0)


def test_a_new_customer_brings_the_first_order_and_what_the_model_expects(cdnow):
    found = cdnow.value(discount_rate=0.0).curve_of_new["value_per_customer"].to_pylist()
    repeats = float(cdnow.fit.expected_purchases_of_new(365.25 / 7))
    assert found[-1] == pytest.approx(cdnow.spend.population_mean * (1 + repeats), rel=1e-4)


def test_groups_and_cohorts_add_up_to_the_total(shop):
    value = shop.value()
    assert value.groups["group"].to_pylist() == ["app", "shop", "web"]
    for table in (value.groups, value.cohorts):
        assert sum(table["value"].to_pylist()) == pytest.approx(value.total.value, rel=1e-9)
        assert sum(table["customers"].to_pylist()) == value.customers
        assert sum(table["share_of_value"].to_pylist()) == pytest.approx(1)
        assert sum(table["expected_purchases"].to_pylist()) == pytest.approx(value.expected_purchases)
        rows = table.to_pylist()
        assert all(row["ci_low"] <= row["value"] <= row["ci_high"] for row in rows)


def test_a_group_is_worth_what_it_is_as_a_segment_under_the_same_fit(shop):
    rows = shop.rows
    web = rows.group == shop.groups.index("web")
    value = shop.value()
    row = next(row for row in value.groups.to_pylist() if row["group"] == "web")
    assert row["customers"] == rows.customers[web].sum()


def test_the_dataset_states_margin_rate_and_cost(shop):
    value = shop.value()
    assert (value.margin_source, value.discount_source, value.discount_rate) == ("dataset", "dataset", 0.08)
    assert 0 < value.margin_share < 1
    costs = pd.read_parquet(shop.dataset.customers)["acquisition_cost"].dropna().astype(float)
    assert value.payback.acquisition_cost == pytest.approx(costs.mean())
    assert value.payback.month == next(
        month
        for month, got in enumerate(value.curve_of_new["value_per_customer"].to_pylist())
        if got >= costs.mean()
    )


def test_every_source_of_uncertainty_is_named(shop):
    value = shop.value()
    assert value.sources["source"].to_pylist() == ["parameters", "chance", "back-test"]
    spread = max(value.sources["relative_sd"].to_pylist())
    assert (value.total.ci_high - value.total.ci_low) / value.total.value > 2 * spread


def test_the_grid_counts_customers_and_gives_no_recency_without_repeats(shop):
    grid = shop.value().grid.to_pydict()
    never = int(shop.rows.customers[shop.rows.pair_frequency[shop.rows.pair] == 0].sum())
    assert (grid["frequency"][0], grid["recency_weeks"][0], grid["customers"][0]) == (0, 0.0, never)
    assert all(0 <= chance <= 1 for chance in grid["probability_alive"])
    assert sum(grid["customers"]) >= 0.95 * shop.value().customers


def test_bg_nbd_gives_no_mean_chance_to_be_there(cdnow, shop):
    assert cdnow.value().probability_alive_mean is None
    assert any("no share of active customers" in note for note in cdnow.value().notes)
    assert 0 < shop.value().probability_alive_mean < 1


def test_shortcuts_stand_beside_with_their_gap(cdnow, each):
    value = cdnow.value(discount_rate=0.1)
    rows = {row["name"]: row for row in value.shortcuts.to_pylist()}
    per_year = each["x"].sum() / (each["age"].sum() * 7) * 365.25
    window = min(365.25, each["age"].max() * 7 / 2)
    before = each[each["age"] * 7 > window]
    kept = ((before["age"] - before["recency"]) * 7 < window).mean() ** (365.25 / window)
    order_value = each["spent"].sum() / each["x"].sum()
    simple = order_value * per_year / (1 - kept)
    assert rows["simple formula"]["value_per_customer"] == pytest.approx(simple)
    assert rows["simple formula"]["gap"] == pytest.approx(simple / value.per_customer.value - 1)
    monthly = (kept / 1.1) ** (1 / 12)
    months = sum(monthly**k for k in range(1, 13))
    constant = order_value * per_year * months / 12
    assert rows["constant churn"]["value_per_customer"] == pytest.approx(constant)


def test_contracts_are_worth_survival_times_amount(contracts):
    value = contracts.value(discount_rate=0.1)
    rows, fit = contracts.rows, contracts.fit
    expected = 0.0
    months = np.arange(1, 13)
    for tenure, amount, people in zip(rows.contracts.renewals, rows.amount, rows.customers, strict=True):
        stay = fit.survival(months, tenure=int(tenure))
        expected += people * amount * float(stay @ 1.1 ** (-months / 12))
    assert value.total.value == pytest.approx(expected, rel=1e-9)
    assert value.expected_purchases is None
    assert value.grid.num_rows == 0
    assert value.top(3).num_rows == value.fading(3).num_rows == 0


def test_contracts_that_run_are_those_of_the_table(contracts):
    subscriptions = pd.read_parquet(contracts.dataset.tables["subscriptions"])
    as_of = pd.Timestamp(contracts.dataset.as_of)
    started, ended = (pd.to_datetime(subscriptions[name]) for name in ("started_day", "ended_day"))
    runs = (started <= as_of) & (ended.isna() | (ended > as_of))
    found = contracts.rows.contracts
    assert found.customers.sum() == subscriptions[runs]["customer_id"].nunique()
    paid = subscriptions[runs]["monthly_amount"].astype(float).sum()
    assert float(found.customers @ found.amount) == pytest.approx(paid)


def test_contract_groups_and_cohorts_add_up(contracts):
    value = contracts.value()
    for table in (value.groups, value.cohorts):
        assert sum(table["value"].to_pylist()) == pytest.approx(value.total.value, rel=1e-9)
        assert table["expected_purchases"].null_count == table.num_rows
    assert value.shortcuts["name"].to_pylist() == ["simple formula", "constant churn"]


def test_auto_says_why_a_model_was_taken():
    found = valued_customers(open_dataset("cdnow"), calibration_end=date(1997, 9, 30))
    assert found.model == "bg_nbd"
    assert "12 % low" in found.model_reason
    assert "16 % low" in found.model_reason


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("horizon", 0),
        ("horizon", 121),
        ("margin", 0.0),
        ("margin", 1.1),
        ("discount_rate", -0.1),
        ("level", 1.0),
    ],
)
def test_numbers_out_of_range_are_refused(cdnow, name, number):
    with pytest.raises(ParameterError, match=name):
        cdnow.value(**{name: number})


def test_unknown_models_and_attributes_are_refused():
    with pytest.raises(ParameterError, match="no model 'pareto'"):
        lifetime_value(open_dataset("cdnow"), model="pareto")
    with pytest.raises(ColumnError):
        lifetime_value(open_dataset("cdnow"), breakdown="country")
    with pytest.raises(DataError, match="subscriptions"):
        lifetime_value(open_dataset("cdnow"), basis="subscriptions")


def _shop(rows, **settings):
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"][: len(rows[0])])
    return open_dataset(frame, **settings)


def _day(number):
    return date(2023, 1, 1) + timedelta(days=int(number))


def _random(seed, *, amount):
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(90):
        days = np.unique(customer + np.cumsum(rng.exponential(25, rng.geometric(0.3))).astype(int))
        rows += [(f"c{customer}", _day(day), *amount(rng)) for day in days]
    return rows


_ODD = {
    "one customer": ([("a", _day(0), 5.0)], "Nobody bought again"),
    "no repeats": ([(f"c{i}", _day(i), 5.0) for i in range(100)], "Nobody bought again"),
    "all alike": ([(f"c{i}", _day(30 * k), 10.0) for i in range(40) for k in range(8)], "In place of"),
    "no amounts": (_random(1, amount=lambda rng: ()), "no amounts"),
    "nothing paid": (_random(2, amount=lambda rng: (0.0,)), "cannot be told"),
    "huge amounts": (_random(3, amount=lambda rng: (float(np.exp(rng.normal(0, 4))),)), "No margin is known"),
}


@pytest.mark.parametrize("name", _ODD)
def test_odd_data_are_answered_as_far_as_they_go(name):
    rows, note = _ODD[name]
    value = lifetime_value(_shop(rows, as_of="2024-06-30"))
    assert any(note in told for told in value.notes), value.notes
    ends = (value.total.ci_low, value.total.value, value.total.ci_high)
    assert list(ends) == sorted(ends)
    assert np.isfinite(ends).all()
    assert sum(value.distribution["customers"].to_pylist()) == value.customers
    assert value.quantiles.num_rows == 8
    assert value.top(3).num_rows == min(3, value.customers)


def test_without_repeats_a_rare_purchase_is_not_ruled_out():
    rows, _ = _ODD["no repeats"]
    value = lifetime_value(_shop(rows, as_of="2024-06-30"))
    assert (value.measures, value.total.value) == ("purchases", 0.0)
    assert value.total.ci_high > 0


def test_frequency_that_goes_with_spend_is_told():
    rng = np.random.default_rng(4)
    rows = []
    for customer in range(80):
        rate = rng.gamma(1.0, 1.0)
        days = np.unique(np.cumsum(rng.exponential(30 / (rate + 0.05), 12)).astype(int))
        rows += [(f"c{customer}", _day(day), round(10 * rate + 5, 2)) for day in days[days < 500]]
    value = lifetime_value(_shop(rows, as_of="2024-06-30"))
    assert value.spend_correlation > 0.1
    assert any("correlation" in told for told in value.notes)


def test_the_order_of_rows_does_not_matter():
    rows = _random(5, amount=lambda rng: (round(float(rng.gamma(3.0, 9.0)), 2),))
    turned = [rows[at] for at in np.random.default_rng(6).permutation(len(rows))]
    one, two = (lifetime_value(_shop(some, as_of="2024-03-31"), model="bg_nbd") for some in (rows, turned))
    assert one.total == two.total
    assert one.cohorts.equals(two.cohorts)
    assert one.curve.equals(two.curve)


def test_too_short_a_time_leaves_a_model_without_back_test():
    found = valued_customers(_shop([("a", _day(0), 5.0), ("b", _day(1), 4.0)]))
    assert found.back_test is None
    assert "no back-test to choose a model by" in found.model_reason


def test_many_customers_are_valued_in_bins_that_keep_their_sum(cdnow, monkeypatch):
    from retention_kit.measures.purchase_holdout import purchase_spends
    from retention_kit.planning import value_rows

    monkeypatch.setattr(value_rows, "_MANY", 100)
    few = value_rows.value_rows(cdnow.summary, purchase_spends(cdnow.dataset), cdnow.fit, cdnow.spend)
    assert few.entry_customers.sum() == 2357
    assert few.entry_worth.size < cdnow.rows.entry_worth.size
    discount = np.full(12, 0.9)
    sums = [float(one.entry_values @ one.entry_customers) for one in map(_worth(discount), (few, cdnow.rows))]
    assert sums[0] == pytest.approx(sums[1], rel=1e-12)


def _worth(discount):
    return lambda rows: rows.worth(discount)


def test_a_segment_has_its_own_customers_and_costs():
    found = valued_customers(open_dataset("shop"), model="bg_nbd", segment="channel=web")
    orders = pd.read_parquet(found.dataset.orders, columns=["customer_id", "ordered_at_utc", "channel"])
    first = orders.sort_values(["ordered_at_utc", "channel"]).drop_duplicates("customer_id")
    web = set(first[first["channel"] == "web"]["customer_id"])
    customers = pd.read_parquet(found.dataset.customers)
    costs = customers[customers["customer_id"].isin(web)]["acquisition_cost"].dropna().astype(float)
    assert found.rows.customers.sum() == found.rows.entry_customers.sum() == len(web)
    assert found.cost == (pytest.approx(costs.mean()), len(costs))


def _contract_frame(**columns):
    rng = np.random.default_rng(7)
    rows = []
    for customer in range(200):
        start = int(rng.integers(0, 700))
        end = start + 30 * int(rng.geometric(0.08))
        rows.append((f"c{customer}", _day(start), _day(end) if end < 730 else None))
    return pd.DataFrame(rows, columns=["customer_id", "started_at", "ended_at"]).assign(**columns)


def _contracts_of(frame):
    columns = {name: name for name in frame.columns}
    return open_dataset({"subscriptions": frame}, as_of="2024-12-31", subscriptions={"columns": columns})


def test_contracts_without_amounts_count_months():
    value = lifetime_value(_contracts_of(_contract_frame()))
    assert (value.kind, value.measures, value.currency) == ("contracts", "purchases", "")
    assert any("months of contract are counted" in note for note in value.notes)
    assert value.payback is None
    assert 0 < value.per_customer.value < 12


def test_nobody_with_a_contract_is_said():
    frame = _contract_frame().assign(ended_at=date(2024, 12, 30))
    with pytest.raises(DataError, match="runs on 2024-12-31"):
        lifetime_value(_contracts_of(frame))
