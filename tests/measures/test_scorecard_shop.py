"""Every metric of the simulated shop and of CDNOW against ten-line formulas in pandas."""

import hashlib
import math

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from retention_kit import open_dataset
from retention_kit.definitions import DEFINITIONS
from retention_kit.errors import ParameterError
from retention_kit.measures.intervals import newcombe, wilson
from retention_kit.measures.scorecard import scorecard

TABLES = ("orders", "customers", "responses")


class Frames:
    """The canonical tables of a dataset as pandas frames, with a month for every row."""

    def __init__(self, name, country=""):
        self.dataset = open_dataset(name)
        frames = {
            table: pd.read_parquet(self.dataset.tables[table]) for table in TABLES if self.dataset.has(table)
        }
        orders = frames["orders"]
        self.customers = frames.get("customers", orders[["customer_id"]].drop_duplicates())
        if country:
            self.customers = self.customers[self.customers["country"] == country]
        mine = self.customers["customer_id"]
        orders = orders[orders["customer_id"].isin(mine)]
        self.orders = orders.assign(
            amount=orders["amount"].astype(float),
            month=pd.to_datetime(orders["ordered_day"]).dt.to_period("M"),
        ).sort_values("ordered_at_utc", kind="stable")
        answers = frames.get("responses", pd.DataFrame({"customer_id": [], "answered_day": []}))
        answers = answers[answers["customer_id"].isin(mine)]
        self.answers = answers.assign(month=pd.to_datetime(answers["answered_day"]).dt.to_period("M"))

    def metrics(self, label):
        """Every metric of a month by its definition."""
        month = pd.Period(label, "M")
        orders, first = self.orders, self.orders.groupby("customer_id")["month"].min()
        now, before = (orders[orders["month"] == m] for m in (month, month - 1))
        so_far = orders[orders["month"] <= month]
        counts = so_far.groupby("customer_id").size()
        e, s, n = set(now["customer_id"]), set(before["customer_id"]), set(first[first == month].index)
        once = (now.groupby("customer_id").size() == 1).sum()
        old = now[~now["customer_id"].isin(n)]["amount"].sum()
        found = {
            "retention_rate": len(e & s) / len(s),
            "(E − N) / S": len(e - n) / len(s),
            "End over start": len(e) / len(s),
            "churn_rate": len(s - e) / len(s),
            "Lost / whole base": len(s - e) / (first < month).sum(),
            "repeat_rate": (counts > 1).mean(),
            "Repeat to one-time ratio": (counts > 1).sum() / (counts == 1).sum(),
            "Within the period": 1 - once / len(e),
            "purchase_frequency": len(now) / len(e),
            "Orders per one-time customer": len(now) / once,
            "average_order_value": now["amount"].mean(),
            "sales_per_customer": now["amount"].sum() / len(e),
            "existing_revenue_share": old / now["amount"].sum(),
            "new_customers": len(n),
            "active_customers": len(e),
            "orders": len(now),
            "revenue": now["amount"].sum(),
        }
        return (
            found
            | self.lifetime_value(month)
            | self.product_mix(so_far)
            | self.said(month)
            | self.referred(e, s, n)
        )

    def lifetime_value(self, month):
        year = self.orders[(self.orders["month"] > month - 12) & (self.orders["month"] <= month)]
        last = self.orders[(self.orders["month"] > month - 24) & (self.orders["month"] <= month - 12)]
        if month - 23 < self.orders["month"].min():
            return {"simple_clv": None}
        churn = 1 - last["customer_id"].drop_duplicates().isin(year["customer_id"]).mean()
        often = len(year) / year["customer_id"].nunique()
        found = {"simple_clv": year["amount"].mean() * often / churn}
        if "margin" in year:
            found["Of gross margin"] = year["margin"].astype(float).mean() * often / churn
        return found

    def product_mix(self, so_far):
        if "product" not in so_far:
            return {}
        kinds = so_far.groupby("customer_id")["product"].nunique()
        several, one = (kinds > 1).sum(), (kinds == 1).sum()
        return {
            "upsell_ratio": several / one,
            "As two guides word it": one / several,
            "Share with several": several / (several + one),
        }

    def said(self, month):
        answers = self.answers[self.answers["month"] == month]
        if not len(answers):
            return {"net_promoter_score": None, "satisfaction": None}
        last = answers.sort_values(["answered_day", "score"], ascending=[True, False], kind="stable")
        last = last.groupby(["customer_id", "question"])["score"].last().unstack()
        found = {"net_promoter_score": None, "satisfaction": None}
        if "nps" in last and last["nps"].notna().any():
            scores = last["nps"].dropna()
            found["net_promoter_score"] = (scores >= 9).mean() - (scores <= 6).mean()
        if "csat" in last and last["csat"].notna().any():
            scores = last["csat"].dropna()
            found |= {"satisfaction": (scores >= 4).mean(), "Mean score": scores.mean()}
        return found

    def referred(self, e, s, n):
        if "source" not in self.customers:
            return {}
        friends = set(self.customers[self.customers["source"] == "referral"]["customer_id"])
        by_friends, by_others = (len(e & s & who) / len(s & who) for who in (friends, s - friends))
        return {
            "referral_share": len(n & friends) / len(n),
            "Retention of referred customers": by_friends,
            "Retention of all others": by_others,
            "Referred less others": by_friends - by_others,
        }


def buckets(frames):
    ids = frames.orders["customer_id"].unique()
    return pd.Series({c: int(hashlib.md5(str(c).encode()).hexdigest()[:8], 16) % 100 for c in ids})


@pytest.mark.parametrize(
    ("name", "country", "month"),
    [
        ("shop", "", "2024-06"),
        ("shop", "", "2023-12"),
        ("shop", "IT", "2024-12"),
        ("shop", "", "2022-02"),
        ("cdnow", "", "1997-03"),
        ("cdnow", "", "1998-05"),
    ],
)
def test_every_value_is_that_of_pandas(name, country, month):
    frames = Frames(name, country)
    segment = f"country={country}" if country else ""
    card = scorecard(frames.dataset, period=f"{month}-10", segment=segment)
    wanted = frames.metrics(month)
    told = set()
    for key, tile in card.tiles.items():
        if key in wanted:
            told.add(key)
            same(tile.value, wanted[key], key)
            for variant in tile.variants:
                short = variant.name
                if short in wanted:
                    told.add(short)
                    same(variant.estimate.value, wanted[short], variant.name)
    assert {key for key, value in wanted.items() if value is not None} <= told


def same(got, wanted, what):
    if wanted is None:
        assert got is None, what
    else:
        assert math.isclose(got, wanted, rel_tol=1e-9, abs_tol=1e-12), (what, got, wanted)


def retention(orders, month):
    now, before = (set(orders[orders["month"] == m]["customer_id"]) for m in (month, month - 1))
    return len(now & before) / len(before)


def order_value(orders, month):
    return orders[orders["month"] == month]["amount"].mean()


def upsell(orders, month):
    kinds = orders[orders["month"] <= month].groupby("customer_id")["product"].nunique()
    return (kinds > 1).sum() / (kinds == 1).sum()


@pytest.mark.parametrize(
    ("key", "formula", "months"),
    [
        ("retention_rate", retention, ("2024-04", "2024-05")),
        ("average_order_value", order_value, ("2024-05", "2024-06")),
        ("upsell_ratio", upsell, ("2022-01", "2024-06")),
    ],
)
def test_changes_of_the_shop_are_those_of_leaving_out_each_bucket_in_pandas(key, formula, months):
    frames = Frames("shop")
    month, bucket = pd.Period("2024-06", "M"), frames.orders["customer_id"].map(buckets(frames))
    # Buckets that have nobody by whom the metric is divided say nothing.
    used = bucket[frames.orders["month"].between(*(pd.Period(label, "M") for label in months))].unique()
    rests = []
    for left_out in used:
        kept = frames.orders[bucket != left_out]
        rests.append(formula(kept, month) - formula(kept, month - 1))
    groups, error = len(used), np.std(rests) * np.sqrt(len(used) - 1)
    found = scorecard(frames.dataset, period="2024-06-30").tiles[key].previous.estimate
    assert groups > 90
    assert found.standard_error == pytest.approx(error, rel=1e-9)
    assert found.value == pytest.approx(formula(frames.orders, month) - formula(frames.orders, month - 1))


def test_time_to_second_order_is_that_of_statsmodels():
    frames = Frames("shop")
    card = scorecard(frames.dataset, period="2023-05-31")
    end = pd.Timestamp("2023-05-31")
    days = pd.to_datetime(frames.orders["ordered_day"])
    rows = frames.orders.assign(day=days)[days <= end]
    first = rows.groupby("customer_id")["day"].min()
    second = rows.groupby("customer_id")["day"].nth(1)
    second.index = rows.loc[second.index, "customer_id"]
    gap = (second.reindex(first.index) - first).dt.days
    theirs = SurvfuncRight(gap.fillna((end - first).dt.days).to_numpy(), gap.notna().to_numpy().astype(int))
    tile = card.tiles["time_to_second_order"]
    assert tile.value == theirs.quantile(0.5)
    assert tile.customers == len(first)
    for variant, horizon in zip(tile.variants, (30, 60, 90), strict=True):
        place = np.searchsorted(theirs.surv_times, horizon, side="right") - 1
        assert variant.estimate.value == pytest.approx(1 - theirs.surv_prob[place], rel=1e-9)
        spread = theirs.surv_prob_se[place] / (theirs.surv_prob[place] * -np.log(theirs.surv_prob[place]))
        low = 1 - theirs.surv_prob[place] ** np.exp(-1.959963984540054 * spread)
        assert variant.estimate.ci_low == pytest.approx(low, rel=1e-9)
    assert card.tiles["second_order_share"].estimate == tile.variants[2].estimate


def test_shares_have_wilsons_interval_and_referrals_newcombes():
    card = scorecard(open_dataset("shop"), period="2024-06-30", level=0.9)
    for key in ("retention_rate", "churn_rate", "repeat_rate", "satisfaction", "referral_share"):
        tile = card.tiles[key]
        (_, top, _), (_, bottom, _) = tile.numerator, tile.denominator
        assert tile.value == pytest.approx(top / bottom)
        low, high = wilson(top, bottom, level=0.9)
        assert [tile.estimate.ci_low, tile.estimate.ci_high] == pytest.approx([float(low), float(high)])
        assert tile.customers == bottom
    variants = {variant.name: variant.estimate for variant in card.tiles["referral_share"].variants}
    difference = variants["Referred less others"]
    assert difference.ci_low < difference.value < difference.ci_high


def test_the_card_can_put_the_users_own_numbers_in():
    card = scorecard(open_dataset("shop"), period="2024-06-30")
    for tile in card.tiles.values():
        values = [value for _, value, _ in tile.terms]
        if tile.formula and tile.value is not None:
            worked = tile.formula.format(*values).replace("×", "*").replace("−", "-")
            assert eval(worked) == pytest.approx(tile.value, rel=1e-9), tile.metric
        assert tile.metric in DEFINITIONS
    assert card.tiles["orders"].numerator is None
    assert card.tiles["net_promoter_score"].denominator is None


def test_targets_of_the_dataset_stand_beside_the_values():
    card = scorecard(open_dataset("shop"), period="2024-06-30")
    tile = card.tiles["retention_rate"]
    assert tile.target == 0.35
    assert tile.gap == pytest.approx(tile.value - 0.35)
    assert card.tiles["orders"].target is card.tiles["orders"].gap is None
    with pytest.raises(
        ParameterError, match=r"'retention_rat', which is no metric. Did you mean 'retention_rate'"
    ):
        scorecard(open_dataset("cdnow", targets={"retention_rat": 0.5}))
    with pytest.raises(ParameterError, match="'churn_curve', which is no metric"):
        scorecard(open_dataset("cdnow", targets={"churn_curve": 0.5}))


def test_targets_are_of_one_length_of_period_and_no_other_is_compared_with_them():
    quarter = scorecard(open_dataset("shop"), grain="quarter")
    assert all(tile.target is tile.gap is None for tile in quarter.tiles.values())
    assert quarter.notes[-1] == "The targets are meant for a month, so no quarter is compared with them."
    dataset = open_dataset("cdnow", targets={"retention_rate": 0.5}, target_grain="quarter")
    assert scorecard(dataset, grain="quarter").tiles["retention_rate"].target == 0.5
    assert scorecard(dataset).tiles["retention_rate"].target is None
    assert not any("targets" in note for note in scorecard(open_dataset("cdnow"), grain="year").notes)


def test_ends_of_an_interval_stay_within_what_the_number_can_be(tmp_path):
    rows = [f"old,2022-0{n}-05,10" for n in range(1, 7)] + ["new,2022-06-06,90", "other,2022-06-07,1"]
    (tmp_path / "orders.csv").write_text("\n".join(["customer,day,paid", *rows, ""]))
    (tmp_path / "few.toml").write_text(
        "schema = 1\nas_of = 2022-06-30\n"
        '[orders]\nsource = "orders.csv"\ndate_order = "ymd"\ndecimal = "."\ndelimiter = ","\n'
        '[orders.columns]\ncustomer_id = "customer"\nordered_at = "day"\namount = "paid"\n'
    )
    card = scorecard(open_dataset(tmp_path / "few.toml"), period="2022-06-30")
    share, value = (card.tiles[name].estimate for name in ("existing_revenue_share", "average_order_value"))
    assert share.value == pytest.approx(10 / 101)
    assert share.ci_low == value.ci_low == 0
    assert share.ci_high == 1
    assert value.ci_high > value.value


def test_metrics_whose_data_are_missing_say_what_they_need(open_shop):
    card = scorecard(open_dataset("cdnow"))
    needs = {key: tile.needs for key, tile in card.tiles.items() if tile.needs}
    assert set(needs) == {
        "simple_clv", "upsell_ratio", "net_promoter_score", "satisfaction", "referral_share",
        "time_to_second_order",
    }  # fmt: skip
    assert needs["simple_clv"].startswith("Needs two years of orders")
    assert needs["upsell_ratio"] == "Needs the type of product: map product in [orders.columns]."
    for key in needs:
        tile = card.tiles[key]
        assert tile.value is tile.gap is tile.previous is None
    uses = scorecard(open_dataset("cdnow", columns={"amount": ""}))
    assert {key for key, tile in uses.tiles.items() if tile.needs.startswith("Needs the amount")} == {
        "average_order_value", "sales_per_customer", "simple_clv", "existing_revenue_share", "revenue",
    }  # fmt: skip
    assert uses.tiles["orders"].value == card.tiles["orders"].value


SURVEY = """
schema = 1
as_of = 2024-03-31
[orders]
source = "orders.csv"
[orders.columns]
customer_id = "customer"
ordered_at = "day"
[responses]
source = "answers.csv"
question = "nps"
[responses.columns]
customer_id = "customer"
answered_at = "day"
score = "score"
"""


LATE = """
schema = 1
as_of = 2024-03-31
[orders]
source = "orders.csv"
date_order = "ymd"
[orders.columns]
customer_id = "customer"
ordered_at = "day"
amount = "paid"
[subscriptions]
source = "spans.csv"
date_order = "ymd"
[subscriptions.columns]
customer_id = "customer"
started_at = "from"
ended_at = "to"
"""


def test_an_unanswered_period_says_when_there_were_answers_last(tmp_path):
    (tmp_path / "survey.toml").write_text(SURVEY)
    (tmp_path / "orders.csv").write_text("customer,day\na,2024-01-05\nb,2024-02-20\nb,2024-03-20\n")
    (tmp_path / "answers.csv").write_text(
        "customer,day,score\na,2024-01-06,9\nc,2024-01-09,10\nb,2024-01-31,3\n"
    )
    dataset = open_dataset(tmp_path / "survey.toml")
    tile = scorecard(dataset, period="2024-01-01").tiles["net_promoter_score"]
    # Who answers need not have ordered.
    assert (tile.value, tile.customers, tile.notes) == (pytest.approx(1 / 3), 3, ())
    later = scorecard(dataset)
    silent = later.tiles["net_promoter_score"]
    assert silent.value is None
    assert silent.needs == "Nobody answered the question in the period."
    assert silent.notes == ("The last period with a value is Jan 2024.",)
    assert later.tiles["satisfaction"].needs.startswith("Needs answers to the question csat")


def test_orders_that_begin_after_subscriptions_are_compared_with_nothing_before_them(tmp_path):
    (tmp_path / "late.toml").write_text(LATE)
    days = [f"c{n % 5},{2023 + n // 12}-{n % 12 + 1:02}-03,{10 + n}" for n in range(15)]
    (tmp_path / "orders.csv").write_text("\n".join(["customer,day,paid", *days, ""]))
    (tmp_path / "spans.csv").write_text("customer,from,to\nc9,2022-09-01,2022-12-01\n")
    dataset = open_dataset(tmp_path / "late.toml")
    card = scorecard(dataset, period="2023-02-01")
    assert card.period.index == 5  # the calendar begins with the first subscription
    assert card.tiles["orders"].previous.before == 1
    assert card.tiles["orders"].sparkline["value"].to_pylist()[:6] == [None] * 4 + [1, 1]
    first = scorecard(dataset, period="2023-01-01")
    assert first.tiles["orders"].value == 1
    assert all(tile.previous is tile.last_year is None for tile in first.tiles.values())
    assert first.tiles["existing_revenue_share"].needs.startswith(
        "The period has no revenue, or is the first"
    )
    assert scorecard(dataset, period="2023-12-01").stage.name == "unknown"
    assert scorecard(dataset, period="2024-01-01").stage.name != "unknown"
    assert (
        "In Jan 2023, customers acquired before the month of the order brought 0.0 %" in first.claims[0].why
    )
    assert card.claims[0].why.startswith("In the 2 months up to Feb 2023, from where the data begin, ")


def test_a_running_period_is_marked_and_compared_with_none():
    dataset = open_dataset("cdnow", as_of="1998-06-20")
    complete = scorecard(dataset)
    assert (complete.period.label, complete.period.is_complete) == ("May 1998", True)
    # Over the whole life of customers, everything up to the as-of date counts.
    assert str(complete.tiles["repeat_rate"].through) == "1998-06-20"
    assert str(complete.tiles["retention_rate"].through) == "1998-05-31"
    running = scorecard(dataset, period="1998-06-05")
    assert not running.period.is_complete
    assert running.previous is running.last_year is None
    assert running.notes[-1].startswith("Jun 1998 is not over")
    assert running.what_changed == ()
    assert running.tiles["orders"].sparkline.num_rows == complete.tiles["orders"].sparkline.num_rows == 17
    assert running.tiles["repeat_rate"].value == complete.tiles["repeat_rate"].value
    earlier = scorecard(dataset, period="1998-05-05")
    assert str(earlier.tiles["repeat_rate"].through) == "1998-05-31"
    assert earlier.tiles["repeat_rate"].value < complete.tiles["repeat_rate"].value


def test_the_engagement_index_ranks_all_customers_and_averages_50():
    frames = Frames("shop")
    by = frames.orders.groupby("customer_id")
    parts = [by["ordered_day"].max(), by.size(), by["amount"].sum().round(4), by["product"].nunique()]
    ranks = sum((part.rank() - 0.5) / len(part) for part in parts) / 4 * 100
    card = scorecard(frames.dataset)
    assert card.tiles["engagement_index"].estimate.value == 50
    assert card.tiles["engagement_index"].estimate.ci_low is None
    assert dict(card.engagement_weights) == {
        "recency": 0.25,
        "frequency": 0.25,
        "spend": 0.25,
        "breadth": 0.25,
    }
    wanted = np.histogram(ranks, bins=np.arange(0, 101, 5) - 1e-9)[0]
    assert card.engagement["customers"].to_pylist() == wanted.tolist()
    italy = scorecard(frames.dataset, segment="country=IT").tiles["engagement_index"]
    mine = ranks[frames.customers.set_index("customer_id")["country"].reindex(ranks.index) == "IT"]
    assert italy.value == pytest.approx(mine.mean())
    assert italy.estimate.ci_low < italy.value < italy.estimate.ci_high
    assert italy.sparkline.num_rows == 0
    assert italy.previous is None


def test_newcombe_is_that_of_the_counts():
    frames = Frames("shop")
    card = scorecard(frames.dataset, period="2024-06-30")
    orders, month = frames.orders, pd.Period("2024-06", "M")
    e, s = (set(orders[orders["month"] == m]["customer_id"]) for m in (month, month - 1))
    friends = set(frames.customers[frames.customers["source"] == "referral"]["customer_id"])
    others = s - friends
    low, high = newcombe(len(e & s & friends), len(s & friends), len(e & others), len(others))
    found = card.tiles["referral_share"].variants[-1].estimate
    assert [found.ci_low, found.ci_high] == pytest.approx([float(low), float(high)])


def test_the_table_has_a_row_per_tile():
    card = scorecard(open_dataset("shop"), period="2024-06-30")
    rows = card.table.to_pylist()
    assert [row["metric"] for row in rows] == list(card.tiles)
    retention, tile = rows[0], card.tiles["retention_rate"]
    assert retention["value"] == tile.value
    assert retention["change"] == tile.previous.estimate.value
    assert retention["direction_last_year"] == tile.last_year.direction
    assert retention["last_year_ci_low"] == tile.last_year.estimate.ci_low
    assert card.sql.startswith("WITH")
