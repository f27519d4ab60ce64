"""Sentences about groups say what the data show, what they do not, and what selection may explain."""

from retention_kit.measures.intervals import newcombe
from retention_kit.measures.landmark_groups import GROUPINGS, grouping_of
from retention_kit.measures.landmark_result import Outcome
from retention_kit.measures.landmark_words import landmark_sentence
from retention_kit.measures.survival import survival_curve


def outcome(shares, *, name="retained", pair=("promoter", "detractor"), last=200, level=0.95):
    """Groups of a thousand, of whom so many stay or order; all are followed for 200 days."""
    curves = {}
    for group, share in shares.items():
        gone = share if name == "repurchased" else 1000 - share
        curves[group] = survival_curve([9, last], [gone, 0], [0, 1000 - gone], level=level)
    return Outcome(name, curves, 180, pair)


def told(retained, *, by="nps", repurchased=None, naive=None, level=0.95, threshold_days=0):
    grouping = GROUPINGS.get(by) or grouping_of(by, attributes=(by,))
    return landmark_sentence(
        grouping,
        start="first order",
        landmark_days=90,
        threshold_days=threshold_days,
        level=level,
        retained=retained,
        repurchased=repurchased,
        naive=naive,
    )


def test_shares_difference_and_chance_are_told_with_their_intervals():
    text = told(outcome({"detractor": 500, "promoter": 700}))
    assert text.startswith(
        "Of those still there 90 days after their first order, 70.0 % (67.1 to 72.8 %) of promoters still "
        "were 180 days later, against 50.0 % (46.9 to 53.1 %) of detractors: 20.0 points more (95 % interval "
        "+15.8 to +24.1 points)."
    )
    text = told(outcome({"detractor": 510, "promoter": 500}, level=0.99), level=0.99)
    low, high = (100 * float(end) for end in newcombe(500, 1000, 510, 1000, level=0.99))
    assert f"1.0 points less (99 % interval −{-low:.1f} to +{high:.1f} points, which may be chance)." in text


def test_every_sentence_ends_with_what_is_not_proved():
    for by, grouping in GROUPINGS.items():
        first, second = grouping.pair
        text = told(outcome({first: 500, second: 500}, pair=grouping.pair), by=by)
        assert f"of {grouping.words(first)} still were" in text
        assert text.endswith(
            f"Nobody was assigned to these groups: {grouping.selection}. "
            f"So this does not prove that {grouping.cause} makes the difference."
        )
    text = told(outcome({"x": 500, "y": 500}, pair=("x", "y")), by="town")
    assert "of customers with town = x still were" in text
    assert text.endswith("does not prove that town makes the difference.")


def test_who_ordered_again_is_told_beside_it():
    ordered = outcome({"detractor": 400, "promoter": 350}, name="repurchased")
    text = told(outcome({"detractor": 500, "promoter": 700}), repurchased=ordered)
    assert "In these 180 days 35.0 % against 40.0 % ordered again: 5.0 points less" in text


def test_the_naive_difference_is_told_where_it_differs():
    retained = outcome({"detractor": 500, "promoter": 520})
    text = told(retained, naive=outcome({"detractor": 400, "promoter": 700}))
    assert "the difference would read +30.0 points instead of +2.0 points" in text
    assert "whole history" not in told(retained, naive=outcome({"detractor": 500, "promoter": 520}))
    assert "whole history" not in told(retained, naive=outcome({"detractor": 500}))


def test_with_more_than_two_groups_the_test_of_all_is_told():
    many = outcome({"detractor": 500, "passive": 600, "promoter": 700})
    assert "the curves differ by more than chance (log-rank, p < 0.001)." in told(many)
    alike = outcome({"detractor": 500, "passive": 510, "promoter": 500})
    assert "the curves do not differ by more than chance (log-rank, p = 0." in told(alike)
    assert "log-rank" not in told(outcome({"detractor": 500, "promoter": 700}))
    nobody_leaves = told(outcome({"detractor": 1000, "passive": 1000, "promoter": 1000}))
    assert "log-rank" not in nobody_leaves
    assert "neither promoters nor detractors were seen to leave within 180 days." in nobody_leaves


def test_what_cannot_be_told_is_said():
    short = outcome({"detractor": 500, "promoter": 700}, last=100)
    assert told(short).startswith(
        "Whether promoters stay longer than detractors cannot be told: of promoters none was followed for "
        "180 days after the landmark."
    )
    alone = outcome({"promoter": 700})
    assert "of detractors none was followed" in told(alone)
    assert told(outcome({"promoter": 700}, pair=())).startswith("There is nothing to compare")
    text = told(
        outcome({"detractor": 500, "promoter": 700}),
        repurchased=outcome({"detractor": 1, "promoter": 1}, name="repurchased", last=100),
    )
    assert "ordered again" not in text


def test_with_orders_who_orders_again_decides_and_the_head_start_of_the_others_is_told():
    ordered = outcome({"detractor": 400, "passive": 300, "promoter": 500}, name="repurchased")
    stayed = outcome({"detractor": 500, "passive": 500, "promoter": 700})
    naive = outcome({"detractor": 300, "promoter": 500}, name="repurchased")
    text = told(stayed, repurchased=ordered, naive=naive, threshold_days=200)
    assert text.startswith(
        "Of those still there 90 days after their first order, 50.0 % (46.9 to 53.1 %) of promoters ordered "
        "again within 180 days, against 40.0 % (37.0 to 43.1 %) of detractors: 10.0 points more "
    )
    assert (
        "Without a silence of 200 days until then were 70.0 % against 50.0 %: 20.0 points more (95 % "
        "interval +15.8 to +24.1 points); but such a silence may have begun before the landmark" in text
    )
    assert "would read +20.0 points instead of +10.0 points" in text
    nobody = outcome({"detractor": 0, "promoter": 0}, name="repurchased")
    text = told(outcome({"detractor": 500, "promoter": 700}), repurchased=nobody, threshold_days=200)
    assert "neither promoters nor detractors ordered again within 180 days." in text
    short = outcome({"detractor": 1, "promoter": 1}, name="repurchased", last=100)
    text = told(outcome({"detractor": 500, "promoter": 700}), repurchased=short, threshold_days=200)
    assert text.startswith("Whether promoters order again more often than detractors cannot be told: ")
