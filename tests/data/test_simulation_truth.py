"""What the data show is what the truth says, but for chance: in forty shops of customers apart.

The naive estimates are plain SQL over the tables that the simulation exports. Customers are independent,
so each customer's number, modulo forty, makes forty shops from one drawing.
"""

from dataclasses import replace
from datetime import date, timedelta

import duckdb
import numpy as np
import pytest

from retention_kit.data.simulation import ShopParameters, simulate

SHOPS = 40
Z95 = 1.959964


def opened(customers, **options):
    shop = simulate(customers=customers, seed=11, **options)
    connection = duckdb.connect()
    for name, table in shop.tables.items():
        connection.register(name, table)
    connection.register("latent", shop.latent)
    connection.execute(
        "CREATE TABLE bought AS SELECT customer_id, order_id, min(ordered_at)::DATE AS day,"
        " max(amount) AS gross FROM orders GROUP BY ALL HAVING sum(amount) > 0;"
        "CREATE TABLE firsts AS SELECT customer_id, min(day) AS first, arg_min(gross, order_id) AS value"
        " FROM bought GROUP BY ALL;"
        # The reason of the last span that ended for good; nobody who left for good ever comes back.
        "CREATE TABLE leavers AS SELECT customer_id, reason FROM subscriptions"
        " WHERE ended_at IS NOT NULL AND coalesce(reason, '') NOT IN ('paused', 'plan changed')"
    )
    return shop, connection


@pytest.fixture(scope="module")
def big():
    """200,000 customers as tables of an engine, and the truth."""
    shop, connection = opened(200_000)
    yield shop.truth.expected, connection
    connection.close()


def buying(low, high, group, *, join, before="first < (SELECT min(assigned_at) FROM assignments)"):
    """SQL for who of a group orders on days ``low`` to ``high`` after the first order."""
    return (
        f"SELECT customer_id, (count(*) FILTER (day - first BETWEEN {low} AND {high}) > 0)::DOUBLE AS y"
        f" FROM firsts JOIN bought USING (customer_id) {join}"
        # All days, and the refunds of their orders, are on record.
        f" WHERE {group} AND {before} AND first + {high} + 21 < DATE '2024-12-31' GROUP BY customer_id"
    )


def figures():
    """Name, path to the truth, and SQL for rows ``customer_id, y`` whose mean must come to it."""
    found = {}
    by_arm = ("experiment", "share_who_order_again_within_90_days")
    for arm in ("control", "voucher"):
        sql = buying(1, 90, f"variant = '{arm}'", join="JOIN assignments USING (customer_id)", before="true")
        found[arm] = ((*by_arm, arm), sql)
    landmark = "share_who_order_on_days_181_to_360_by_group_on_day_180"
    member = "coalesce(joined_programme_at - first <= 180, false)"
    for group, where in (("members", member), ("others", f"NOT {member}")):
        sql = buying(181, 360, where, join="JOIN customers USING (customer_id)")
        found[group] = (("programme", landmark, group), sql)
    outcome = "CASE WHEN opened_at - first <= 180 THEN outcome ELSE 'none' END"
    for group in ("none", "resolved", "unresolved"):
        sql = buying(181, 360, f"{outcome} = '{group}'", join="LEFT JOIN complaints USING (customer_id)")
        found[f"complaint {group}"] = (("complaints", landmark, group), sql)
    by_score = ("csat", "share_who_order_on_days_31_to_210_by_score")
    for score in range(1, 6):
        where = f"question = 'csat' AND score = {score}"
        sql = buying(31, 210, where, join="JOIN responses USING (customer_id)")
        found[f"csat {score}"] = ((*by_score, str(score)), sql)
    rated = "FROM responses WHERE question = 'csat'"
    found["satisfied"] = (("csat", "share_of_scores_4_and_5"), f"SELECT customer_id, score >= 4 AS y {rated}")
    found["mean score"] = (("csat", "mean_score"), f"SELECT customer_id, score AS y {rated}")
    for day in ("2022-09-15", "2023-03-15", "2023-09-15", "2024-03-15", "2024-09-15"):
        sql = (
            "SELECT customer_id, (score >= 9)::INT - (score <= 6)::INT AS y FROM responses"
            f" WHERE question = 'nps' AND answered_at BETWEEN DATE '{day}' AND DATE '{day}' + 9"
        )
        found[f"nps {day}"] = (("nps", "by_survey_day", day), sql)
    for source in ("search", "referral", "campaign", "social", "direct"):
        sql = f"SELECT customer_id, source = '{source}' AS y FROM customers"
        found[source] = (("customers", "share_by_source", source), sql)
    found["still there"] = (
        ("customers", "share_still_there_on_the_last_day"),
        "SELECT customer_id, left_day IS NULL AS y FROM latent",
    )
    found["there after a year"] = (
        ("customers", "share_still_there_after_days", "365"),
        "SELECT customer_id, left_day IS NULL OR left_day - first > 365 AS y FROM latent"
        " JOIN firsts USING (customer_id) WHERE first + 365 < DATE '2024-12-31'",
    )
    found["orders in a year"] = (
        ("orders", "repeat_orders_per_customer_in_first_365_days"),
        buying(1, 365, "true", join="").replace(
            "(count(*) FILTER (day - first BETWEEN 1 AND 365) > 0)",
            "count(*) FILTER (day - first BETWEEN 1 AND 365)",
        ),
    )
    found["order value"] = (
        ("orders", "mean_value_before_refunds_and_price_change"),
        "SELECT customer_id, value AS y FROM firsts WHERE first < DATE '2023-08-01'",
    )
    reasons = ("subscriptions", "reason_share_of_known_reasons")
    for reason in ("price", "too little use", "competitor", "service", "quality", "moved away"):
        sql = f"SELECT customer_id, reason = '{reason}' AS y FROM leavers WHERE reason IS NOT NULL"
        found[reason] = ((*reasons, reason), sql)
    found["unknown reason"] = (
        ("subscriptions", "unknown_reason_share_of_those_who_left"),
        "SELECT customer_id, reason IS NULL AS y FROM leavers",
    )
    return found


FIGURES = figures()


def truth_of(expected, path):
    for name in path:
        expected = expected[name]
    return expected


def estimate(connection, sql, *, group="left(customer_id, 1)"):
    """Mean and standard error, one of each per group."""
    rows = connection.execute(
        f"SELECT avg(y::DOUBLE), stddev_samp(y::DOUBLE) / sqrt(count(*)) FROM ({sql})"
        f" GROUP BY {group} ORDER BY {group}"
    ).fetchall()
    return np.array(rows).T


@pytest.mark.parametrize("name", FIGURES)
def test_the_truth_lies_within_four_standard_errors_of_the_estimate(big, name):
    expected, connection = big
    path, sql = FIGURES[name]
    [value], [error] = estimate(connection, sql)
    assert abs(value - truth_of(expected, path)) < 4 * error
    assert error < max(0.025, 0.01 * abs(value))  # a wide interval would prove nothing


def test_of_all_95_percent_intervals_of_forty_shops_95_percent_hold_the_truth(big):
    expected, connection = big
    held = []
    for path, sql in FIGURES.values():
        values, errors = estimate(connection, sql, group=f"substr(customer_id, 2)::INT % {SHOPS}")
        held += [abs(values - truth_of(expected, path)) < Z95 * errors]
    assert len(held) >= 34
    # 1,500 intervals, not all independent: 95 % of them, give or take 2.
    assert 0.93 < np.concatenate(held).mean() < 0.97


def test_the_difference_between_the_arms_is_the_stated_effect_of_the_voucher(big):
    expected, connection = big
    (control, its_error), (voucher, other_error) = (
        estimate(connection, FIGURES[arm][1])[:, 0] for arm in ("control", "voucher")
    )
    effect = expected["experiment"]["difference"]
    assert effect > 0.05
    assert abs(voucher - control - effect) < 4 * np.hypot(its_error, other_error)


def test_comparing_members_with_others_overstates_what_membership_does(big):
    figures = truth_of(big[0], FIGURES["members"][0][:2])
    naive = figures["members"] - figures["others"]
    assert naive == pytest.approx(figures["caused_by_membership"] + figures["caused_by_who_joins"])
    assert 0 < figures["caused_by_membership"] < naive / 2


CHANGED = {
    "voucher": {"experiment": {"purchase_rate_ratio": 1.0}},
    "members": {"programme": {"satisfaction_log_rate": -1.2}},
    "complaint unresolved": {"complaints": {"leaving_ratio_unresolved": 0.3}},
    "csat 5": {"leaving": {"satisfaction_correlation": -0.5}},
    "nps 2024-09-15": {"answers": {"nps_correlation": -0.5}},
    "referral": {"people": {"consent_share": 0.5}, "trade": {"growth_per_year": 0.0}},
    "order value": {"purchasing": {"spend_shape": 4.0}},
    "orders in a year": {"purchasing": {"rate_days": 130.0}},
    "price": {"contracts": {"unknown_reason_share": 0.5}},
}


def changed(changes):
    defaults = ShopParameters()
    return replace(
        defaults, **{part: replace(getattr(defaults, part), **new) for part, new in changes.items()}
    )


@pytest.mark.parametrize("name", [name for name in CHANGED if name not in ("referral", "price")])
def test_the_same_estimates_find_out_a_shop_that_follows_another_truth(big, name):
    shop, connection = opened(30_000, parameters=changed(CHANGED[name]))
    path, sql = FIGURES[name]
    with connection:
        [value], [error] = estimate(connection, sql)
    assert abs(value - truth_of(big[0], path)) > 4 * error
    assert abs(value - truth_of(shop.truth.expected, path)) < 4 * error


@pytest.mark.parametrize("name", ["referral", "price"])
def test_what_a_figure_does_not_depend_on_leaves_it_alone(big, name):
    path, _ = FIGURES[name]
    shop = simulate(customers=100, parameters=changed(CHANGED[name]))
    assert truth_of(shop.truth.expected, path) == truth_of(big[0], path)


def kept(connection, plans, months, grace=21):
    """Kaplan-Meier by completed billing periods of the first plan: survival and Greenwood's error."""
    rows = connection.execute(
        "SELECT customer_id, started_at, ended_at, plan FROM subscriptions ORDER BY customer_id, started_at"
    ).fetchall()
    spells = {}
    for customer, start, end, plan in rows:
        if customer not in spells:
            spells[customer] = [plan, start, end]
        elif spells[customer][2] is not None and (start - spells[customer][2]).days <= grace:
            spells[customer][2] = end
    last = date(2024, 12, 31) - timedelta(days=grace)  # an end after it may be a pause that goes on
    lost, at_risk = np.zeros(40), np.zeros(40)
    for plan, start, end in spells.values():
        if plan not in plans or start > last:
            continue
        over = end is not None and end <= last
        until = end if over else last
        age = (until.year - start.year) * 12 + until.month - start.month
        # Renewals fall on the day of the month on which the subscription began, or the month's last.
        periods = (age if over or until.day >= start.day else age - 1) // months
        at_risk[1 : periods + 1] += 1
        lost[periods] += over
    used = at_risk > 0
    hazard = np.divide(lost, at_risk, out=np.zeros(40), where=used)
    survival = np.cumprod(1 - hazard)
    variance = np.cumsum(
        np.divide(hazard, at_risk * (1 - hazard), out=np.zeros(40), where=used & (hazard < 1))
    )
    return survival, survival * np.sqrt(variance)


def test_monthly_subscriptions_end_as_the_shifted_beta_geometric_law_says(big):
    expected, connection = big
    name = "monthly_share_left_after_renewals_when_a_long_pause_counts_as_leaving"
    truth = np.array(expected["subscriptions"][name])
    survival, error = kept(connection, ("basic", "plus", "pro"), 1)
    ages = np.arange(1, 31)
    z = (survival[ages] - truth[ages]) / error[ages]
    assert np.abs(z).max() < 4
    assert error[24] < 0.005
    without_pauses = np.array(expected["subscriptions"]["monthly_share_left_after_renewals"])
    assert abs(survival[24] - without_pauses[24]) > 5 * error[24]


def test_yearly_subscriptions_end_as_their_own_law_says(big):
    expected, connection = big
    truth = expected["subscriptions"]["yearly_share_left_after_renewals"]
    survival, error = kept(connection, ("plus yearly",), 12)
    for renewal in (1, 2):
        assert abs(survival[renewal] - truth[renewal]) < 4 * error[renewal]
    assert error[2] < 0.02
