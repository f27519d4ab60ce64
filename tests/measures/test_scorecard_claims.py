"""The claims of the guides: figures against pandas, verdicts, and what cannot be told."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from retention_kit import formats, open_dataset
from retention_kit.formats import with_interval
from retention_kit.measures import scorecard_claims as claims_room
from retention_kit.measures import scorecard_figures as figures
from retention_kit.measures.intervals import wilson
from retention_kit.measures.landmark import landmark_comparison
from retention_kit.measures.reasons_for_leaving import reasons_for_leaving
from retention_kit.measures.scorecard import scorecard
from retention_kit.measures.scorecard_claims import guides_claims
from retention_kit.measures.scorecard_figures import Asked, Measured, profit
from retention_kit.measures.scorecard_sums import Sums
from retention_kit.measures.survival_result import Estimate

KEYS = (
    "existing_customers_bring_most",
    "regulars_spend_more",
    "engaged_buy_more_often",
    "engaged_spend_more_per_order",
    "several_channels_stay",
    "winning_back_is_likelier",
    "leaving_for_lack_of_care",
    "acquiring_costs_five_times",
    "five_points_raise_profit",
)


@pytest.fixture(scope="module")
def shop():
    return open_dataset("shop")


@pytest.fixture(scope="module")
def claims(shop):
    return {claim.key: claim for claim in guides_claims(shop, period="2024-12-31")}


@pytest.fixture(scope="module")
def orders(shop):
    frame = pd.read_parquet(shop.orders)
    day = pd.to_datetime(frame["ordered_day"])
    return frame.assign(amount=frame["amount"].astype(float), day=day, month=day.dt.to_period("M"))


def test_every_claim_has_a_verdict_and_the_card_carries_them(shop, claims):
    assert tuple(claims) == KEYS
    card = scorecard(shop, period="2024-12-31")
    assert card.claims == tuple(claims.values())
    assert card.claims is card.claims
    for claim in claims.values():
        assert claim.verdict in ("holds", "does not hold", "cannot be told")
        assert claim.why.endswith(".")
    assert claims["five_points_raise_profit"].guides_value == 0.25


def test_revenue_of_existing_customers_and_what_they_spend_are_those_of_pandas(orders, claims):
    first = orders.groupby("customer_id")["month"].transform("min")
    year = orders[orders["month"] > pd.Period("2023-12", "M")].assign(is_new=orders["month"] == first)
    revenue = year.groupby("is_new")["amount"].sum()
    claim = claims["existing_customers_bring_most"]
    assert claim.own.value == pytest.approx(revenue[False] / revenue.sum())
    assert claim.customers == year["customer_id"].nunique()
    assert claim.verdict == "holds"
    assert claim.why == (
        "In the 12 months up to Dec 2024, customers acquired before the month of the order brought "
        f"{with_interval(claim.own, 'share')} of the revenue. The guides' 61 % is less than the data allow."
    )
    assert claim.figure_holds is False
    spent = year.groupby(["is_new", "month", "customer_id"])["amount"].sum().groupby("is_new").mean()
    regulars = claims["regulars_spend_more"]
    assert regulars.own.value == pytest.approx(spent[False] / spent[True] - 1)
    ends = formats.interval(regulars.own.ci_low, regulars.own.ci_high, "share")
    assert (
        f"customers known from before spent {formats.value(regulars.own.value, 'share')} more in a month "
        f"with an order than new ones ({ends} more). The guides' 67 % is more than the data allow. "
        in regulars.why
    )


def test_engaged_customers_are_told_apart_before_and_followed_after(shop, orders, claims):
    halfway = pd.Timestamp(shop.first_day) + (pd.Timestamp(shop.as_of) - pd.Timestamp(shop.first_day)) // 2
    before, after = orders[orders["day"] <= halfway], orders[orders["day"] > halfway]
    by = before.groupby("customer_id")
    parts = [by["day"].max(), by.size(), by["amount"].sum().round(4), by["product"].nunique()]
    index = sum((part.rank() - 0.5) / len(part) for part in parts) / 4 * 100
    later = after.groupby("customer_id")["amount"].agg(["size", "sum"]).reindex(index.index, fill_value=0)
    summed = later.groupby(index >= 75 - 1e-9).sum()
    people = (index >= 75 - 1e-9).value_counts()
    often = summed["size"] / people
    per_order = summed["sum"] / summed["size"]
    assert claims["engaged_buy_more_often"].own.value == pytest.approx(often[True] / often[False] - 1)
    per_order_claim = claims["engaged_spend_more_per_order"]
    assert per_order_claim.own.value == pytest.approx(per_order[True] / per_order[False] - 1)
    assert per_order_claim.customers == len(index)
    assert (per_order_claim.verdict, per_order_claim.figure_holds) == ("cannot be told", False)
    assert f"Customers who were engaged on {halfway:%Y-%m-%d} (index of 75 or more)" in per_order_claim.why
    assert "have since spent 1.1 % less per order than the others (14.5 % less to 12.3 % more)." in (
        per_order_claim.why
    )
    assert "more orders each than the others (" in claims["engaged_buy_more_often"].why


def test_channels_are_compared_by_who_orders_again(shop, claims):
    found = landmark_comparison(shop, by="channels", basis="orders").repurchased
    claim = claims["several_channels_stay"]
    assert claim.own == found.difference
    two, one = (formats.value(found.share(group).value, "share") for group in ("2", "1"))
    assert (
        f"{two} of customers of two channels ordered again within 180 days, against {one} of customers of "
        "one channel: " in claim.why
    )
    assert "The guides' 56 points are more than the data allow." in claim.why


@pytest.mark.parametrize(
    ("low", "high", "guides", "guides_to", "fits", "said"),
    [
        (0.1, 0.3, 0.2, None, True, "The guides' 20 % lies within this interval."),
        (0.3, 0.4, 0.2, None, False, "The guides' 20 % is less than the data allow."),
        (0.1, 0.3, 0.25, 0.95, True, "The guides' 25 to 95 % overlap with this interval."),
        (0.96, 1.3, 0.25, 0.95, False, "The guides' 25 to 95 % are less than the data allow."),
        (0.1, 0.2, 0.25, 0.95, False, "The guides' 25 to 95 % are more than the data allow."),
        (None, None, 0.25, None, None, ""),
    ],
)
def test_direction_and_figure_of_a_claim_are_judged_apart(low, high, guides, guides_to, fits, said):
    own = Estimate(0.2, low, high)
    figure = claims_room._Figure(
        "key", "Claim.", guides, "share", 0.0, lambda _: Measured(own, 7, "Told."), guides_to=guides_to
    )
    claim = claims_room._claim(figure, None)
    assert claim.figure_holds is fits
    assert claim.why == f"Told. {said}".strip()
    assert claim.verdict == ("cannot be told" if low is None else "holds")


def test_fewer_and_less_are_said_of_what_falls():
    down = Estimate(-0.2, -0.3, -0.1)
    assert figures._ends(down) == " (10.0 to 30.0 % less)"
    assert figures._apart(-0.2, less="fewer") == "20.0 % fewer"
    assert figures._ends(Estimate(0.1, -0.1, 0.3), "points") == " (10.0 points less to 30.0 points more)"
    assert figures._ends(Estimate(0.1, 0.1, 0.1)) == figures._ends(Estimate(0.1, None, None)) == ""


def test_customers_won_back_are_those_who_were_away(orders, claims):
    def active(label):
        return set(orders[orders["month"] == pd.Period(label, "M")]["customer_id"])

    base = set(orders[orders["month"] < pd.Period("2024-12", "M")]["customer_id"])
    away = base - active("2024-11")
    claim = claims["winning_back_is_likelier"]
    back = len(away & active("2024-12"))
    assert claim.own.value == pytest.approx(back / len(away))
    assert (claim.own.ci_low, claim.own.ci_high) == pytest.approx(tuple(map(float, wilson(back, len(away)))))
    assert claim.customers == len(away)
    assert claim.verdict == "cannot be told"
    assert claim.figure_holds is None
    assert claim.why.startswith(
        f"Of the customers who did not order in the month before, {with_interval(claim.own, 'share')} came "
        "back in Dec 2024. "
    )


def test_reasons_and_acquisition_costs_are_shown_without_a_verdict(shop, claims):
    top = reasons_for_leaving(shop).by_customers.to_pylist()[0]
    reason = claims["leaving_for_lack_of_care"]
    assert reason.own.value == top["customers_share"]
    assert repr(top["reason"]) in reason.why
    costs = pd.read_parquet(shop.customers)["acquisition_cost"].dropna().astype(float)
    cost = claims["acquiring_costs_five_times"]
    assert cost.own.value == pytest.approx(costs.mean())
    assert cost.customers == len(costs)
    assert reason.verdict == cost.verdict == "cannot be told"


@pytest.mark.parametrize(
    ("stay", "discount", "gain"), [(0.9, 0.1, 0.407), (0.9, 0.0, 1.111), (0.8, 0.1, 0.275), (0.6, 0.1, 0.204)]
)
def test_five_points_of_retention_are_worth_the_published_gain(stay, discount, gain):
    # DEFINITIONS.md, section 7.
    found = profit(AskedOf(stay, discount))
    assert round(found.own.value, 3) == gain
    assert f"Yearly retention is {stay * 100:.1f} %" in found.said


class AskedOf(Asked):
    """Somebody with a yearly retention rate and a discount rate."""

    def __init__(self, stay, discount):
        kept = int(1000 * stay)
        steps = np.zeros((100, 2), dtype=np.int64)
        both, steps[0] = steps.copy(), [1000, kept - 1000]
        both[0, 1] = kept
        dataset = SimpleNamespace(config=SimpleNamespace(discount_rate=discount))
        when = SimpleNamespace(all=SimpleNamespace(grain="year"), measured=SimpleNamespace(index=1))
        sums = Sums.of({"year_steps": steps, "both_years_steps": both})
        super().__init__(SimpleNamespace(dataset=dataset), when, sums, "", 0.95)


def test_what_the_data_lack_is_said_and_not_guessed():
    claims = {claim.key: claim for claim in guides_claims(open_dataset("cdnow", columns={"amount": ""}))}
    missing = {key for key, claim in claims.items() if claim.own.value is None}
    assert missing == set(KEYS) - {"engaged_buy_more_often", "winning_back_is_likelier"}
    assert claims["existing_customers_bring_most"].why.startswith("Needs the amount of each order")
    assert claims["engaged_spend_more_per_order"].why.startswith("Needs the amount of each order")
    assert claims["leaving_for_lack_of_care"].why.startswith("Needs why customers left")
    assert claims["acquiring_costs_five_times"].why.startswith("Needs what customers cost")
    assert claims["five_points_raise_profit"].why.startswith("Needs two years of orders")
    assert "channel" in claims["several_channels_stay"].why
    assert all(claims[key].verdict == "cannot be told" and not claims[key].customers for key in missing)


def test_without_new_customers_regulars_are_compared_with_nobody():
    claims = {claim.key: claim for claim in guides_claims(open_dataset("cdnow"))}
    assert claims["regulars_spend_more"].why.startswith("There are not both new and known customers")
    early = guides_claims(open_dataset("cdnow"), grain="quarter", period="1997-05-05")[0]
    assert early.why.startswith("In the 2 quarters up to 1997 Q2, from where the data begin, customers ")
    one = guides_claims(open_dataset("cdnow"), grain="year", period="1997-05-05")[0]
    assert "In 1997, customers acquired before the year of the order brought 0.0 % of" in one.why
    assert one.verdict == "does not hold"


def test_attributes_that_subscribers_lack_leave_the_reasons_untold(shop):
    claims = {claim.key: claim for claim in guides_claims(shop, segment="product=coffee")}
    assert claims["leaving_for_lack_of_care"].own.value is None
    assert "'product'" in claims["leaving_for_lack_of_care"].why
    assert claims["acquiring_costs_five_times"].own.value > 0
