"""Comparisons by landmark against the naive oracle, statsmodels, simulations, and what must always hold."""

from datetime import date, timedelta

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landmark_oracle import FIRST, Person, World, frames_of, opened, worlds
from random_shops import slow
from statsmodels.duration.survfunc import survdiff
from statsmodels.stats.multitest import multipletests
from test_survival import curve_of

from retention_kit import open_dataset
from retention_kit.data.simulation import simulate
from retention_kit.errors import ColumnError, DataError, ParameterError
from retention_kit.measures.churn import churn_curves
from retention_kit.measures.landmark import landmark_comparison
from retention_kit.measures.landmark_groups import GROUPINGS, landmark_choices

ATTRIBUTES = ("town", "channel", "product")
OUTCOMES = ("retained", "naive", "repurchased", "naive_repurchased")


@settings(slow, max_examples=16)
@given(world=worlds(), data=st.data())
def test_every_group_is_the_oracles(world, data):
    dataset = opened(frames_of(world), world.as_of, grace_days=data.draw(st.sampled_from((0, 7))))
    landmark, threshold = data.draw(st.sampled_from((1, 12, 45))), data.draw(st.sampled_from((5, 21, 60)))
    segment = data.draw(st.sampled_from(("", "", "town=Rome", "town=L'Aquila", "town=(unknown)")))
    basis = data.draw(st.sampled_from(("orders", "subscriptions")))
    rule = threshold if basis == "orders" else dataset.config.grace_days
    asked = {"basis": basis, "landmark_days": landmark, "threshold_days": threshold, "segment": segment}
    for by in (*GROUPINGS, *(ATTRIBUTES if basis == "orders" else ("town",))):
        wanted, stood = world.compared(by, basis, rule, landmark, segment)
        if not wanted["retained"]:
            with pytest.raises(DataError, match="No customer"):
                landmark_comparison(dataset, by=by, **asked)
            continue
        found = landmark_comparison(dataset, by=by, **asked)
        agree(found, wanted, by)
        standing = found.standing
        for name in ("customers", "too_recent", "left_before", "unclassified"):
            assert getattr(standing, name) == stood[name]
        assert dict(standing.groups) == {name: len(lives) for name, lives in wanted["retained"].items()}
        others = standing.too_recent + standing.left_before + standing.unclassified
        assert sum(standing.groups.values()) + others == standing.customers


def agree(found, wanted, by):
    for outcome in OUTCOMES:
        mine = getattr(found, outcome)
        if by in ATTRIBUTES and outcome.startswith("naive"):
            assert mine is None
            continue
        lives = wanted[outcome]
        order = GROUPINGS[by].groups if by in GROUPINGS else sorted(lives, key=lambda n: (-len(lives[n]), n))
        assert list(mine.curves) == [name for name in order if name in lives]
        for name, curve in mine.curves.items():
            assert curve.table.equals(curve_of(lives[name]).table)


def bought(days, channel="web", **known):
    return Person(orders=[(FIRST + timedelta(n), channel, "tea") for n in days], **known)


def test_what_happens_on_the_day_of_the_landmark_counts_and_what_happens_after_does_not():
    people = {
        "in time": bought([0, 5, 40], joined=FIRST + timedelta(10)),
        "late": bought([0, 5, 40], joined=FIRST + timedelta(11)),
    }
    dataset = opened(frames_of(World(people, FIRST + timedelta(60))), FIRST + timedelta(60))
    found = landmark_comparison(dataset, by="programme", landmark_days=10, threshold_days=30)
    assert dict(found.standing.groups) == {"not a member": 1, "member": 1}
    assert list(found.naive.curves) == ["member"]
    assert found.repurchased.curves["member"].times.tolist() == [30]


def test_whoever_leaves_on_the_day_of_the_landmark_is_not_compared():
    people = {"left": bought([0]), "there": bought([1]), "back": bought([0, 40])}
    world = World(people, FIRST + timedelta(80))
    people["there"].orders.append((FIRST + timedelta(31), "web", "tea"))
    found = landmark_comparison(
        opened(frames_of(world), world.as_of), by="channels", landmark_days=30, threshold_days=30
    )
    assert (found.standing.left_before, dict(found.standing.groups)) == (2, {"1": 1})


def test_after_the_landmark_the_curve_is_the_churn_curve_of_those_still_there():
    dataset = open_dataset("shop")
    for basis, days in (("orders", 60), ("subscriptions", 200)):
        churn = churn_curves(dataset, basis=basis, threshold_days=45).everyone
        asked = {"landmark_days": days, "threshold_days": 45, "basis": basis}
        found = landmark_comparison(dataset, by="complaint", **asked)
        everybody = sum(curve.at_risk_at(50) for curve in found.retained.curves.values())
        assert everybody == churn.at_risk_at(days + 50)
        counts = {}
        for curve in found.retained.curves.values():
            for time, events in zip(curve.times.tolist(), curve.events.tolist(), strict=True):
                counts[time + days] = counts.get(time + days, 0) + events
        after = churn.times > days
        theirs = dict(zip(churn.times[after].tolist(), churn.events[after].tolist(), strict=True))
        assert {time: n for time, n in counts.items() if n} == {time: n for time, n in theirs.items() if n}


def test_the_test_of_groups_is_that_of_statsmodels():
    rng = np.random.default_rng(3)
    people = {}
    for number in range(400):
        days = np.cumsum(rng.integers(1, 25, rng.integers(2, 14)))
        offers = ("web", "shop", "phone")[: 1 + number % 3]
        start = FIRST + timedelta(int(rng.integers(0, 60)))
        orders = [(start + timedelta(int(n)), str(rng.choice(offers)), "tea") for n in days if n < 190]
        people[f"c{number}"] = Person(orders=orders)
    world = World({name: one for name, one in people.items() if one.orders}, FIRST + timedelta(250))
    found = landmark_comparison(
        opened(frames_of(world), world.as_of), by="channels", landmark_days=30, threshold_days=20
    )
    lives = world.compared("channels", "orders", 20, 30)[0]["retained"]
    rows = [(time, left, name) for name, mine in lives.items() for _, time, left in mine]
    assert {name for _, _, name in rows} == {"1", "2", "3+"}
    assert survdiff(*map(np.array, zip(*rows, strict=True))) == pytest.approx(
        (found.retained.test.statistic, found.retained.test.p_value), rel=1e-9
    )
    pairs = found.retained.test.pairs.to_pylist()
    values = []
    for pair in pairs:
        two = [row for row in rows if row[2] in (pair["group"], pair["other"])]
        values.append(survdiff(*map(np.array, zip(*two, strict=True)))[1])
        assert pair["p_value"] == pytest.approx(values[-1], rel=1e-9)
    assert [pair["p_value_holm"] for pair in pairs] == pytest.approx(
        list(multipletests(values, method="holm")[1]), rel=1e-9
    )


# Simulations: contracts of many clubs at once, each told by an attribute, in one dataset.

RUNS, MEMBERS, YEAR = 200, 250, 365


@pytest.fixture(scope="module")
def clubs():
    """A function that opens clubs whose customers leave and join a programme at given rates."""

    def made(seed, *, joins, leaving_as_member):
        rng = np.random.default_rng(seed)
        size, mean = RUNS * MEMBERS, 120.0
        start = rng.integers(0, YEAR, size)
        join = joins(rng, size)
        # Days until a customer would leave; from joining on, at another rate.
        leave = rng.exponential(mean, size)
        member = join < leave
        join = np.where(member, join, 0.0)
        leave = np.where(member, join + (leave - join) / leaving_as_member, leave)
        begun = np.datetime64("2024-01-01") + start
        ended = begun + np.ceil(leave).astype(int)
        as_of = np.datetime64("2025-06-30")
        joined = np.where(member, begun + np.floor(join).astype(int), np.datetime64("NaT"))
        who = np.arange(size)
        frames = {
            "customers": pa.table(
                {
                    "who": who,
                    "town": pa.array([f"club {n}" for n in who % RUNS]),
                    "joined": pa.array(joined.astype("datetime64[D]")),
                }
            ),
            "subscriptions": pa.table(
                {
                    "who": who,
                    "start": pa.array(begun.astype("datetime64[D]")),
                    "end": pa.array(np.where(ended <= as_of, ended, np.datetime64("NaT"))),
                }
            ),
        }
        return opened(frames, date(2025, 6, 30)), mean

    return made


def differences(dataset, **asked):
    for run in range(RUNS):
        found = landmark_comparison(dataset, by="programme", segment=f"town=club {run}", **asked)
        yield found.retained.difference, found.naive.difference


def covered(found, truth):
    return sum(one.ci_low <= truth <= one.ci_high for one in found) / len(found)


def test_without_an_effect_only_the_naive_comparison_shows_one(clubs):
    dataset, _ = clubs(1, joins=lambda rng, size: rng.exponential(200.0, size), leaving_as_member=1.0)
    landmark, naive = zip(*differences(dataset, landmark_days=60, horizon_days=180), strict=True)
    # Three standard errors about 95 % in 200 runs.
    assert 0.904 <= covered(landmark, 0.0) <= 0.996
    assert abs(np.mean([one.value for one in landmark])) < 0.02
    assert covered(naive, 0.0) < 0.2
    assert np.mean([one.value for one in naive]) > 0.1


def test_a_known_effect_is_recovered_at_the_nominal_rate(clubs):
    # Half of those who are there after ten days join, whoever they are, and leave half as often from then on.
    dataset, mean = clubs(
        2, joins=lambda rng, size: np.where(rng.random(size) < 0.5, 10.0, np.inf), leaving_as_member=0.5
    )
    found = [one for one, _ in differences(dataset, landmark_days=30, horizon_days=180)]
    truth = np.exp(-180 / mean * 0.5) - np.exp(-180 / mean)
    assert 0.904 <= covered(found, truth) <= 0.996
    assert np.mean([one.value for one in found]) == pytest.approx(truth, abs=0.02)


def test_what_is_true_of_the_simulated_shop_is_found():
    shop = simulate(customers=30_000, seed=7)
    names = {
        "orders": ("customer_id", "ordered_at", "order_id", "amount"),
        "customers": ("customer_id", "joined_programme_at"),
        "complaints": ("customer_id", "opened_at", "resolved_at"),
    }
    # Its truth is that of customers who came before the vouchers, and whose 360 days are on record.
    firsts = shop.tables["orders"].group_by("customer_id").aggregate([("ordered_at", "min")])
    early = pc.less(firsts["ordered_at_min"], pa.scalar(np.datetime64("2023-12-14", "s")))
    counted = firsts.filter(early)["customer_id"].combine_chunks()
    frames = {
        name: shop.tables[name].filter(pc.is_in(shop.tables[name]["customer_id"], counted)) for name in names
    }
    mapped = {name: {"columns": {column: column for column in columns}} for name, columns in names.items()}
    dataset = open_dataset(frames, as_of=date(2024, 12, 31), time_zone="Europe/Rome", **mapped)
    # The truth knows no silence: nobody is taken to have left.
    asked = {"landmark_days": 180, "horizon_days": 180, "threshold_days": 5_000, "level": 0.99}
    truth = "share_who_order_on_days_181_to_360_by_group_on_day_180"
    for by, told in (("complaint", "complaints"), ("programme", "programme")):
        wanted = shop.truth.expected[told][truth]
        if by == "programme":
            wanted = {"member": wanted["members"], "not a member": wanted["others"]}
        found = landmark_comparison(dataset, by=by, **asked).repurchased
        assert set(found.curves) == set(wanted)
        for name, share in wanted.items():
            mine = found.share(name)
            assert mine.ci_low <= share <= mine.ci_high
        one, other = found.pair
        assert found.difference.ci_low <= wanted[one] - wanted[other] <= found.difference.ci_high
    # Members order more often, mostly because of who joins: what the sentence warns of.
    assert found.difference.ci_low > shop.truth.expected["programme"][truth]["caused_by_membership"]


def test_where_all_buy_alike_only_staying_without_a_silence_seems_to_differ():
    # Everybody orders every 120 days on average, in a channel drawn anew each time: nothing keeps anybody.
    rng = np.random.default_rng(3)
    size, orders = 8_000, 12
    gaps = rng.exponential(120.0, (size, orders - 1)).cumsum(axis=1)
    days = rng.integers(0, 200, size)[:, None] + np.hstack([np.zeros((size, 1)), gaps])
    who = np.repeat(np.arange(size), orders)
    day = np.datetime64("2023-01-01") + days.astype(int).ravel()
    table = pa.table(
        {
            "customer": who,
            "day": pa.array(day.astype("datetime64[D]")),
            "channel": pa.array(np.where(rng.random(who.size) < 0.5, "web", "shop")),
        }
    )
    columns = {"customer_id": "customer", "ordered_at": "day", "channel": "channel"}
    kept = table.filter(pc.less(table["day"], pa.scalar(date(2024, 12, 31))))
    dataset = open_dataset({"orders": kept}, as_of=date(2024, 12, 30), orders={"columns": columns})
    found = landmark_comparison(
        dataset, by="channels", landmark_days=90, horizon_days=180, threshold_days=226, level=0.999
    )
    assert found.decisive is found.repurchased
    assert found.decisive.difference.ci_low < 0 < found.decisive.difference.ci_high
    assert found.retained.difference.ci_low > 0.1
    assert "this favours whoever ordered lately then" in found.sentence


# What is told


def test_the_threshold_is_that_of_the_parameter_of_the_dataset_or_of_the_data():
    world = World({"a": bought([0, 9, 30]), "b": bought([0], channel="shop")}, FIRST + timedelta(90))
    frames = frames_of(world, tables=("orders",))
    by = {"by": "channels", "landmark_days": 5}
    assert "was chosen" in landmark_comparison(opened(frames, world.as_of), threshold_days=9, **by).notes[2]
    dataset = opened(frames, world.as_of, churn_threshold_days=12)
    found = landmark_comparison(dataset, **by)
    assert (found.threshold_days, "The dataset" in found.notes[2]) == (12, True)
    shop = open_dataset("shop")
    assert landmark_comparison(shop, by="country").threshold_days == churn_curves(shop).threshold_days
    never = World({"a": bought([0]), "b": bought([9])}, FIRST + timedelta(60))
    with pytest.raises(DataError, match=r"suggest no silence.*Set threshold_days"):
        landmark_comparison(opened(frames_of(never, tables=("orders",)), never.as_of), by="channels")


def test_notes_say_how_customers_are_placed_and_who_is_not_compared():
    found = landmark_comparison(open_dataset("shop"), by="nps", threshold_days=400, horizon_days=180)
    placed, stood, rule, later, blind, *_ = found.notes
    assert "end of day 90 after the first order" in placed
    assert f"{found.standing.unclassified:,} the group is not known" in stood
    assert rule == "A silence of 400 days was chosen."
    assert "after the landmark is still counted in the one" in later
    assert blind.startswith("No silence of 400 days can end within 180 days")


def test_the_statement_can_be_run_elsewhere():
    dataset = open_dataset("shop")
    asked = {"threshold_days": 90, "segment": "country=IT"}
    for by in ("products", "source"):
        found = landmark_comparison(dataset, by=by, **asked)
        assert "?" not in found.sql
        with duckdb.connect() as connection:
            for name, path in dataset.tables.items():
                connection.execute(f"CREATE VIEW {name} AS FROM read_parquet('{path}')")
            rows = connection.sql(found.sql).to_arrow_table().to_pylist()
        there = [row for row in rows if row["outcome"] != "ordering"]
        assert sum(row["customers"] for row in there) == found.standing.customers
    assert found.notes[-1] == "Only customers with country=IT at their first order."


def test_a_shop_that_sells_no_contracts_and_a_club_that_takes_no_orders_have_what_they_have():
    world = World({"a": bought([0, 20, 50]), "b": bought([3, 9])}, FIRST + timedelta(90))
    world.people["a"].spans = [(FIRST, FIRST + timedelta(70))]
    world.people["b"].spans = [(FIRST, None)]
    shop = opened(frames_of(world, tables=("orders",)), world.as_of)
    assert dict(landmark_choices(shop)) == {
        "channels": "number of channels",
        "products": "number of product types",
        "product": "product",
        "channel": "channel",
    }
    club = opened(frames_of(world, tables=("subscriptions", "customers")), world.as_of)
    assert list(landmark_choices(club, basis="subscriptions")) == ["programme", "town"]
    found = landmark_comparison(club, by="programme", landmark_days=30, horizon_days=60)
    assert (found.basis, found.repurchased, found.naive_repurchased) == ("subscriptions", None, None)
    assert found.retained.share("not a member").value == 0.5
    assert "first subscription" in found.sentence


def test_the_pair_may_be_chosen_and_is_else_that_of_the_grouping_or_the_two_largest():
    dataset = open_dataset("shop")
    asked = {"threshold_days": 120}
    assert landmark_comparison(dataset, by="complaint", **asked).retained.pair == ("resolved", "none")
    assert landmark_comparison(dataset, by="country", **asked).retained.pair == ("IT", "DE")
    found = landmark_comparison(dataset, by="country", pair=("ES", "AT"), **asked).retained
    shares = {row["group"]: row["share"] for row in found.shares.to_pylist()}
    assert found.difference.value == shares["ES"] - shares["AT"]
    for pair in (("ES", "ES"), ("ES", "Mars")):
        with pytest.raises(ParameterError, match=r"pair=.*Choose from: IT, DE"):
            landmark_comparison(dataset, by="country", pair=pair, **asked)


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"landmark_days": 0}, ParameterError, "landmark_days=0"),
        ({"horizon_days": 0}, ParameterError, "horizon_days=0"),
        ({"threshold_days": -1}, ParameterError, "threshold_days=-1"),
        ({"landmark_days": 10_001}, ParameterError, "from 1 to 10,000"),
        ({"level": 1.0}, ParameterError, "level=1.0"),
        ({"by": "chanels"}, ColumnError, "Did you mean 'channels'"),
        ({"segment": "town=Rome"}, ColumnError, "no segment 'town'"),
        ({"segment": "channel=fax"}, DataError, "No customer is left"),
        ({"by": "nps"}, DataError, "has no responses, needed for a comparison by NPS group"),
        ({"by": "programme"}, DataError, "has no customers"),
        ({"basis": "subscriptions"}, DataError, "has no subscriptions"),
        ({"landmark_days": 500}, DataError, "of 2, for 2 the landmark had not come"),
    ],
)
def test_what_cannot_be_asked_is_refused(changes, kind, words):
    world = World({"a": bought([0, 20]), "b": bought([3])}, FIRST + timedelta(90))
    dataset = opened(frames_of(world, tables=("orders",)), world.as_of)
    with pytest.raises(kind, match=words):
        landmark_comparison(dataset, **({"by": "channels", "threshold_days": 30} | changes))


def test_a_column_that_is_not_mapped_is_named_with_its_key():
    world = World({"a": bought([0, 20])}, FIRST + timedelta(90))
    frames = frames_of(world, tables=("orders", "customers"))
    dataset = opened(frames, world.as_of, customers={"columns": {"customer_id": "who", "town": "town"}})
    with pytest.raises(DataError, match=r"Map joined_programme_at in \[customers.columns\]"):
        landmark_comparison(dataset, by="programme", threshold_days=30)
    assert "programme" not in landmark_choices(dataset)


def test_too_many_groups_are_refused():
    people = {f"c{n}": bought([0, 20], channel=f"web {n}") for n in range(51)}
    world = World(people, FIRST + timedelta(90))
    with pytest.raises(ParameterError, match="channel has 51 values; up to 50"):
        landmark_comparison(
            opened(frames_of(world, tables=("orders",)), world.as_of), by="channel", threshold_days=99
        )


def test_files_of_many_landmarks_do_not_pile_up():
    world = World({"a": bought([0, 9, 30])}, FIRST + timedelta(200))
    dataset = opened(frames_of(world, tables=("orders",)), world.as_of, title="piled up")
    for days in range(1, 30):
        landmark_comparison(dataset, by="channels", landmark_days=days, threshold_days=150)
    assert len(list(dataset.store.folder.glob("landmark_lives_*.parquet"))) <= 10
    found = landmark_comparison(dataset, by="products", landmark_days=1, threshold_days=150)
    assert found.standing.customers == 1
