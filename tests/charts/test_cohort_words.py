import pytest

from retention_kit import formats
from retention_kit.charts import cohort_words as words
from retention_kit.measures.intervals import newcombe


def pooled(table, age, group=""):
    rows = [row for row in table.pooled.to_pylist() if (row["age_periods"], row["group"]) == (age, group)]
    assert len(rows) == 1
    return rows[0]


def newer_and_older(table, age):
    """Active and all customers of the two halves of the cohorts, by hand."""
    rows = [
        row
        for row in table.cells.to_pylist()
        if row["age_periods"] == age and row["status"] == "mature" and row["cohort_size"]
    ]
    half = len(rows) // 2
    return [
        (sum(row["numerator"] for row in part), sum(row["cohort_size"] for row in part))
        for part in (rows[half:], rows[:half])
    ]


@pytest.mark.parametrize("changes", [{}, {"grain": "week"}, {"mode": "unbounded"}, {"level": 0.8}])
def test_first_reading_has_the_numbers_and_intervals_of_the_table(table, changes):
    made = table(**changes)
    first, last = words.first_and_last(made)
    sentence = words.readings(made)[0]
    assert sentence.startswith(f"Of {first['customers']} customers, ")
    for row in (first, last):
        rate = formats.value(row["retention_rate"], "share")
        ends = formats.interval(row["ci_low"], row["ci_high"], "share")
        assert f"{rate} ({ends})" in sentence
        assert row == pooled(made, row["age_periods"])
    assert f"counting in {made.parameters.grain}s." in sentence


def test_last_age_read_is_one_that_half_of_the_customers_have_reached(table):
    made = table()
    first, last = words.first_and_last(made)
    assert (first["age_periods"], last["age_periods"]) == (1, 3)
    assert pooled(made, 3)["customers"] * 2 >= first["customers"] > pooled(made, 4)["customers"] * 2
    assert "(seen in 120 customers)" in words.readings(made)[0]


def test_single_age_is_read_alone(table):
    made = table(age_to=1)
    assert words.readings(made)[0] == (
        "Of 180 customers, 35.0 % (28.4 to 42.2 %) are retained at age 1, counting in months."
    )
    assert words.finding(made) == "35.0 % are retained at age 1 (months)"


def test_one_customer_is_singular(table):
    assert words.readings(table("one"))[0].startswith("Of 1 customer, 0.0 % (0.0 to 79.3 %)")
    assert words.context(table("one")) == "1 customer · as of 2024-06-15"


@pytest.mark.parametrize("shop", ["shop", "better"])
def test_trend_is_newcombes_interval_of_the_two_halves(table, shop):
    made = table(shop)
    (active, people), (active_before, people_before) = newer_and_older(made, 1)
    low, high = newcombe(active, people, active_before, people_before)
    change = active / people - active_before / people_before
    told = words.difference(made, change, float(low), float(high))
    assert told in words.readings(made)[1]
    assert formats.signed(change, "share") in words.trend_title(made)


def test_rise_is_called_so_when_the_interval_leaves_out_zero(table):
    made = table("better", age=1)
    assert "against the older 1: a rise." in words.trend(made)
    assert words.trend_title(made).startswith("Newer cohorts at age 1: a rise (+")


def test_fall_is_called_so(table):
    made = table("worse")
    assert words.trend(made).endswith(": a fall.")
    assert words.trend_title(made).startswith("Newer cohorts at age 1: a fall (−")


def test_change_within_chance_is_not_called_a_change(table):
    assert words.trend(table()).endswith("no change that can be told from chance.")


def test_single_newer_cohort_is_singular(table):
    assert words.trend(table(age=2)).startswith("At age 2 the newer cohort stands ")
    assert words.trend(table(age=1)).startswith("At age 1 the newer 2 cohorts stand ")


def test_trend_is_that_of_all_customers_whatever_the_groups(table):
    for clock in ("calendar", "elapsed"):
        assert words.trend(table("better", breakdown="channel", clock=clock)) == words.trend(
            table("better", clock=clock)
        )


def test_one_finished_cohort_is_no_trend(table):
    assert (
        words.trend(table("one"))
        == "Fewer than two cohorts have finished age 1, so there is no trend to read."
    )
    assert words.trend_title(table("one")) == words.trend(table("one")).removesuffix(".")


def test_attribute_cohorts_have_no_trend(table):
    assert "no trend to read" in words.trend(table(cohort_by="channel"))


def test_amounts_have_no_trend_of_shares(table):
    assert (
        words.trend(table(measure="revenue")) == "3 cohorts have finished age 1, each with its own interval."
    )


@pytest.mark.parametrize("grain", ["month", "quarter"])
def test_nothing_finished_is_said_not_computed(table, grain):
    made = table("new", grain=grain)
    assert words.finding(made) == "Nothing can be said yet: no cohort has finished a period"
    assert words.readings(made) == [
        "No cohort has finished a period after its first: there is nothing to read yet."
    ]
    assert words.key_rows(made) == []


def test_groups_are_compared_by_newcombes_interval(table):
    made = table(breakdown="channel")
    row = made.differences("store", "web").slice(1, 1).to_pylist()[0]
    told = words.difference(made, row["difference"], row["ci_low"], row["ci_high"])
    assert words.readings(made)[1] == f"store stands {told} against web at age 1: a difference."
    assert words.readings(made)[0].startswith("Of 90 customers with channel = store, 20.0 % (13.0 to 29.4 %)")


def test_groups_that_do_not_differ_are_not_told_apart(table):
    reading = words.readings(table("two", breakdown="channel"))[1]
    assert reading.endswith("at age 1: no difference that can be told from chance.")


def test_single_group_has_nothing_to_be_compared_with(table):
    assert words.readings(table("one", breakdown="channel"))[1] == "There is one group only, web."


def test_groups_without_a_finished_age_in_common_say_so(table):
    reading = words.readings(table("apart", breakdown="channel"))
    assert reading[1] == "No cohort of both store and web has finished a period after its first."


def test_amounts_name_measure_currency_and_group(table):
    made = table(measure="revenue", breakdown="channel")
    row = pooled(made, 1, "store")
    value = formats.value(row["revenue_per_customer"], "money", currency="EUR")
    ends = formats.interval(row["ci_low"], row["ci_high"], "money", currency="EUR")
    assert words.readings(made)[0].startswith(
        f"Over 90 customers with channel = store, revenue per customer (EUR) is {value} ({ends}) at age 1"
    )
    assert words.finding(made).startswith("store: ")


def test_interval_that_cannot_be_told_is_not_mentioned(table):
    sentence = words.readings(table("one", measure="orders"))[0]
    assert sentence.startswith("Over 1 customer, orders per customer is 0 at age 1")


def test_value_title_says_what_counts_as_retained(table):
    assert words.value_title(table(min_orders=2)) == "retention (active in the month, 2 or more orders)"
    assert words.value_title(table(mode="streak")) == "retention (active in every month so far)"
    assert words.value_title(table(measure="revenue")) == "revenue (EUR)"
    assert words.value_title(table(measure="revenue"), average=True) == "revenue per customer (EUR)"
    assert words.value_title(table(measure="orders")) == "orders"


def test_age_title_says_where_ages_start(table):
    assert words.age_title(table()) == "age in months"
    assert words.age_title(table(clock="elapsed")) == "age in months since each customer's first order"


def test_context_names_the_selection(table):
    made = table(segment="channel=web")
    assert words.context(made) == "150 customers · as of 2024-06-15 · only channel=web"


@pytest.mark.parametrize(("age", "label"), [(0, "0"), (2, "2"), (99, "5")])
def test_chosen_age_is_a_column_that_is_there(table, age, label):
    assert words.chosen_age(table(age=age)) == label


def test_chosen_age_falls_into_its_bracket(table):
    assert words.chosen_age(table(mode="range", brackets="1-2,3-5", age=4)) == "3-5"


def test_key_rows_are_first_chosen_and_last_for_each_group(table):
    assert [row["age_periods"] for row in words.key_rows(table(age=2))] == [1, 2, 3]
    grouped = [(row["age_periods"], row["group"]) for row in words.key_rows(table(breakdown="channel"))]
    assert grouped == [(1, "store"), (1, "web"), (3, "store"), (3, "web")]
